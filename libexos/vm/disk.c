/* disk.c - a store in a volume of a disk: pages go between their frames and the disk itself */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/disk.h"
#include "libexos/edge/export.h"
#include "libexos/edge/string.h"
#include "libexos/edge/time.h"
#include "libexos/vm/page.h"

/* The kernel lets a unit be filled only from its start on, but pages come in any order, and several
 * are in the disk at once. So a unit is filled with zeros where its first pages are to be written,
 * as many at once as a request takes: that doubles what is written, once in the life of the unit.
 * To hand slots out in ascending order instead would spare swap that, but not files, and each write
 * would have to wait for the one before. */
enum { SECTORS = EXO_PAGE / 512, GATHER = 16 /* pages in a request, also on a RAM disk */ };
enum { LATE_KICKS = 256 /* a second */ };

static uint64_t sector_of(const struct vm_disk *disk, uint64_t slot) {
    const struct vm_extent *extent = disk->extents;

    for (; extent < disk->extents + disk->count; slot -= extent++->slots)
        if (slot < extent->slots)
            return extent->sector + slot * SECTORS;
    return EXO_NEVER;
}

static unsigned next_place(const struct vm_disk *disk) {
    return disk->queue.queue->tail % EXO_REQUESTS;
}

/* Statuses are noted before their places in the queue are used again. */
static void collect(struct vm_disk *disk) {
    for (struct vm_disk_operation *o = disk->operation; o < disk->operation + disk->flying; o++)
        if (o->status == EXO_DISK_PENDING)
            o->status = exo_disk_status(&disk->queue, o->place);
}

/* A volume that was taken away has another queue, or none: then the device has nothing of ours, and
 * what stands in this one will never be done. */
static void kick(struct vm_disk *disk) {
    exo_disk_kick(disk->queue.volume, 0, 0);
    disk->kicked = exo_time();
    if (disk->volume->frame == disk->frame)
        return;
    for (unsigned i = 0; i < EXO_REQUESTS; i++)
        if (exo_disk_status(&disk->queue, i) == EXO_DISK_PENDING)
            disk->queue.queue->request[i].status = EXO_E_IO;
}

static void put(struct vm_disk *disk) {
    exo_disk_put(&disk->queue, &disk->queue.queue->request[next_place(disk)]);
    disk->gathered = 0;
    disk->requests++;
    kick(disk);
}

/* The answer that a request gives: *token is told of its end. */
static long wait_for(struct vm_disk *disk, unsigned place, const void **token) {
    __atomic_store_n(&disk->waits[place], 1, __ATOMIC_SEQ_CST);
    *token = &disk->waits[place];
    if (exo_block_calls.wake)
        __atomic_fetch_or(&exo_self->notify, EXO_EVENT_STORE, __ATOMIC_RELAXED);
    return VM_LATER;
}

static struct vm_disk_operation *find(struct vm_disk *disk, uint8_t what, uint64_t slot,
                                      uint64_t frame) {
    for (struct vm_disk_operation *o = disk->operation; o < disk->operation + disk->flying; o++)
        if (o->slot == slot && o->frame == frame && o->what == what)
            return o;
    return NULL;
}

static long ask(struct vm_disk *disk, struct vm_disk_operation *operation, const void **token) {
    long status;

    if (disk->gathered && operation->place == next_place(disk))
        put(disk);
    wait_for(disk, operation->place, token); /* before its status is looked at */
    collect(disk);
    if (operation->status == EXO_DISK_PENDING &&
        exo_time() - disk->kicked > exo_time_base() / LATE_KICKS) {
        kick(disk); /* by which the kernel notices a device that sleeps; or the volume is gone */
        collect(disk);
    }
    status = operation->status;
    if (status == EXO_DISK_PENDING)
        return VM_LATER;
    *operation = disk->operation[--disk->flying];
    return status;
}

/* Begins a request, to be put; null: the answer is VM_LATER. */
static struct exo_request *request(struct vm_disk *disk, uint8_t what, uint64_t sector,
                                   uint64_t sectors, const void **token) {
    struct exo_request *next;

    if (disk->gathered)
        put(disk);
    wait_for(disk, next_place(disk), token);
    collect(disk);
    next = exo_disk_next(&disk->queue);
    if (!next || disk->flying == sizeof disk->operation / sizeof disk->operation[0])
        return NULL;
    next->op = what;
    next->offset = 0;
    next->sectors = (uint16_t)sectors;
    next->sector = sector;
    next->status = EXO_DISK_PENDING;
    return next;
}

static void note(struct vm_disk *disk, uint8_t what, uint64_t slot, uint64_t frame) {
    disk->operation[disk->flying++] = (struct vm_disk_operation){
        slot, (uint32_t)frame, EXO_DISK_PENDING, what, (uint8_t)next_place(disk)};
}

/* An operation on no page, with a request of its own. `slot` tells it apart. */
static long apart(struct vm_disk *disk, uint8_t what, uint64_t slot, uint64_t sector,
                  uint64_t sectors, const void **token) {
    struct vm_disk_operation *operation = find(disk, what, slot, 0);

    if (operation)
        return ask(disk, operation, token);
    if (request(disk, what, sector, sectors, token)) {
        note(disk, what, slot, 0);
        put(disk);
        operation = find(disk, what, slot, 0);
        return ask(disk, operation, token);
    }
    return VM_LATER;
}

/* Zeros up to a page of a unit. */
static long fill(struct vm_disk *disk, uint64_t sector, const void **token) {
    uint64_t base = sector - sector % EXO_UNIT, end = sector - base + SECTORS, written, count;
    long answer = 0;

    while (!answer && (written = disk->units[base / EXO_UNIT].written) < end) {
        count = EXO_UNIT - written < disk->most ? EXO_UNIT - written : disk->most;
        answer =
            apart(disk, EXO_DISK_ZERO, EXO_NEVER - base / EXO_UNIT, base + written, count, token);
    }
    return answer;
}

/* Is the slot being written, or is to be and is being read? Then the one behind it waits. */
static struct vm_disk_operation *before(struct vm_disk *disk, uint8_t what, uint64_t slot) {
    collect(disk);
    for (struct vm_disk_operation *o = disk->operation; o < disk->operation + disk->flying; o++)
        if (o->slot == slot && o->status == EXO_DISK_PENDING && (o->what | what) == EXO_DISK_WRITE)
            return o;
    return NULL;
}

/* Appends to what is gathered, if the page stands just behind it. */
static int gather(struct vm_disk *disk, uint64_t sector, uint64_t frame) {
    struct exo_request *last = &disk->queue.queue->request[next_place(disk)];

    if (!disk->gathered || disk->gathered == GATHER || last->sector + last->sectors != sector)
        return 0;
    last->frame[disk->gathered++] = (uint32_t)frame;
    last->sectors += SECTORS;
    return 1;
}

static long begin(struct vm_disk *disk, uint8_t what, uint64_t slot, uint64_t frame,
                  const void **token) {
    uint64_t sector = sector_of(disk, slot);
    struct vm_disk_operation *other = before(disk, what, slot);
    const volatile struct exo_unit *unit;
    struct exo_request *next;
    long error;

    if (sector == EXO_NEVER)
        return EXO_E_ARG;
    unit = &disk->units[sector / EXO_UNIT];
    if (disk->volume->frame != disk->frame || unit->volume != disk->queue.volume)
        return EXO_E_IO;
    if (other) {
        if (disk->gathered && other->place == next_place(disk))
            put(disk);
        return wait_for(disk, other->place, token);
    }
    if (what == EXO_DISK_READ && sector % EXO_UNIT >= unit->written)
        return 0; /* frames come zeroed */
    if (what == EXO_DISK_WRITE) {
        error = fill(disk, sector, token);
        if (error)
            return error;
    }
    if (what != EXO_DISK_WRITE || !gather(disk, sector, frame)) {
        next = request(disk, what, sector, SECTORS, token);
        if (!next)
            return VM_LATER;
        next->frame[0] = (uint32_t)frame;
        disk->gathered = 1;
    }
    note(disk, what, slot, frame);
    if (what == EXO_DISK_READ)
        return ask(disk, find(disk, what, slot, frame), token);
    return wait_for(disk, next_place(disk), token);
}

static long operate(struct vm_store *store, uint8_t what, uint64_t slot, uint64_t frame,
                    const void **token) {
    struct vm_disk *disk = (struct vm_disk *)store;
    struct vm_disk_operation *operation = find(disk, what, slot, frame);

    return operation ? ask(disk, operation, token) : begin(disk, what, slot, frame, token);
}

static long disk_read(struct vm_store *store, uint64_t slot, uint64_t frame, const void **token) {
    return operate(store, EXO_DISK_READ, slot, frame, token);
}

static long disk_write(struct vm_store *store, uint64_t slot, uint64_t frame, const void **token) {
    return operate(store, EXO_DISK_WRITE, slot, frame, token);
}

/* In an upcall, perhaps while another hart is in here. */
static void hear(struct exo_listener *listener) {
    struct vm_disk *disk =
        (struct vm_disk *)((char *)listener - offsetof(struct vm_disk, listener));

    for (unsigned i = 0; i < EXO_REQUESTS && exo_block_calls.wake; i++)
        if (disk->waits[i] && exo_disk_status(&disk->queue, i) != EXO_DISK_PENDING &&
            __atomic_exchange_n(&disk->waits[i], 0, __ATOMIC_SEQ_CST))
            exo_block_calls.wake(&disk->waits[i]);
}

static long is_sound(const struct vm_disk *disk, uint64_t units) {
    for (unsigned i = 0; i < disk->count; i++) {
        const struct vm_extent *extent = &disk->extents[i];

        if (extent->sector % SECTORS || extent->sector > units * EXO_UNIT ||
            extent->slots > (units * EXO_UNIT - extent->sector) / SECTORS)
            return 0;
    }
    return 1;
}

long vm_disk_begin(struct vm_disk *disk, uint64_t volume, const struct vm_extent *extents,
                   unsigned count) {
    const volatile struct exo_volume *volumes = exo_volumes();
    const volatile struct exo_facts *facts = exo_facts();
    unsigned number;
    long at, error;

    if (!volumes || !facts || volume >= EXO_VOLUMES)
        return EXO_E_ARG;
    number = volumes[volume].disk;
    *disk = (struct vm_disk){.extents = extents,
                             .count = count,
                             .most = facts->disk[number].most * (unsigned)SECTORS,
                             .volume = &volumes[volume],
                             .units = exo_units(number),
                             .listener.hear = hear};
    disk->store = (struct vm_store){"disk", 0, disk_read, disk_write, NULL};
    if (!disk->units || !is_sound(disk, facts->disk[number].units.count))
        return EXO_E_ARG;
    for (unsigned i = 0; i < count; i++)
        disk->store.slots += extents[i].slots;
    at = vm_map(0, EXO_PAGE, EXO_R | EXO_W, VM_EAGER | VM_KEEP);
    if (at < 0)
        return at;
    error = vm_frame((uint64_t)at);
    disk->frame = (uint32_t)error;
    if (error >= 0)
        error = exo_disk_attach(&disk->queue, volume, disk->frame, (void *)at, EXO_EVENT_STORE);
    if (error < 0)
        vm_unmap((uint64_t)at, EXO_PAGE);
    else
        exo_listen(&disk->listener);
    return error < 0 ? error : 0;
}

long vm_disk_end(struct vm_disk *disk) {
    long error =
        disk->volume->frame == disk->frame ? exo_volume_bind(disk->queue.volume, EXO_ANY, 0, 0) : 0;

    if (error < 0)
        return error;
    exo_unlisten(&disk->listener);
    return vm_unmap((uint64_t)disk->queue.queue, EXO_PAGE);
}

static long flush_step(void *what) {
    return apart(what, EXO_DISK_FLUSH, EXO_NEVER, 0, 0, &page_token);
}

long vm_disk_flush(struct vm_disk *disk) { return vm_patiently(flush_step, disk); }

unsigned vm_disk_extents(uint64_t volume, struct vm_extent *extents, unsigned most) {
    const volatile struct exo_volume *volumes = exo_volumes();
    const volatile struct exo_unit *units = volumes ? exo_units(volumes[volume].disk) : NULL;
    uint64_t count = units ? exo_facts()->disk[volumes[volume].disk].units.count : 0;
    unsigned n = 0;

    for (uint64_t i = 0; i < count; i++) {
        if (units[i].volume != volume)
            continue;
        if (i && n && units[i - 1].volume == volume)
            extents[n - 1].slots += EXO_UNIT / SECTORS;
        else if (n == most)
            break;
        else
            extents[n++] = (struct vm_extent){i * EXO_UNIT, EXO_UNIT / SECTORS};
    }
    return n;
}
