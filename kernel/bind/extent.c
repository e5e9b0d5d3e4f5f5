/* extent.c - who owns which part of a disk, and transfers between it and their frames */
/* SPDX-License-Identifier: MIT */
#include "kernel/bind/extent.h"
#include "kernel/base/string.h"
#include "kernel/bind/frame.h"
#include "kernel/bind/irq.h"
#include "kernel/bind/slice.h"
#include "kernel/dev/plic.h"
#include "kernel/dev/virtio_blk.h"

enum { COPIED_FRAMES = 16, MOVE_MOST = 512, SHARE_MOST = 1000, UNITS_IN_FRAME = 1024 };
enum { SECTOR = 512, PAGE_SECTORS = 8, SEEK = 32 /* what a request costs besides its sectors */ };
enum { PUSH_MOST = 8, PATIENCE = 8 /* seconds */ };
/* The operations that there are, and those that have frames, a bit each. */
enum { OPERATIONS = 0x37, WITH_FRAMES = 0x23 };

typedef uint64_t __attribute__((may_alias)) word_t;

struct flight {                /* a request that the device has, or the driver */
    struct exo_volume *volume; /* NULL: the slot is free */
    uint64_t since;
    uint32_t count;            /* frames in use */
    uint8_t taken;             /* the driver was told */
    struct exo_request *asked; /* where it stands in the queue, which stays as long */
    struct exo_request request;
};

static struct disk {
    struct exo_disk *books;
    struct exo_unit *units;
    char *ram;            /* a RAM disk's memory */
    uint64_t ready, pass; /* volumes that may have requests; time so far */
    struct virtio_blk device;
    exo_env_t driver;   /* of a disk without a line: whom events tell of requests */
    exo_domain_t owner; /* the driver's domain, as the first domain named it */
    uint64_t bits;
    struct flight flight[VIRTIO_BLK_SLOTS];
} disk_table[EXO_DISKS];

struct exo_volume *volume_table;

/* The disk of that number, or NULL. */
static struct disk *disk_named(uint64_t number) {
    return number < EXO_DISKS && disk_table[number].books ? &disk_table[number] : NULL;
}

/* The unit of a sector, and how many sectors of it stand before `end`. */
static struct exo_unit *disk_unit(const struct disk *disk, uint64_t at, uint64_t end,
                                  uint64_t *stop) {
    uint64_t base = at - at % EXO_UNIT;

    *stop = end - base < EXO_UNIT ? end - base : EXO_UNIT;
    return &disk->units[at / EXO_UNIT];
}

static struct exo_queue *volume_queue(const struct exo_volume *volume) {
    return frame_memory(volume->frame);
}

/* How many requests wait in its queue. */
static uint32_t volume_waits(const struct exo_volume *volume) {
    uint32_t waiting = 0;

    if (volume->frame && !volume->held)
        waiting = __atomic_load_n(&volume_queue(volume)->tail, __ATOMIC_ACQUIRE) - volume->head;
    return waiting <= EXO_REQUESTS ? waiting : 0;
}

/* Does the volume own these sectors, and what is in them, if they are to be read? */
static long request_place(const struct disk *disk, const struct exo_volume *volume,
                          const struct exo_request *request) {
    uint64_t at = request->sector, end = at + request->sectors, stop;

    if (end < at || end > (uint64_t)disk->books->units.count * EXO_UNIT)
        return EXO_E_ARG;
    for (; at < end; at += EXO_UNIT - at % EXO_UNIT) {
        const struct exo_unit *unit = disk_unit(disk, at, end, &stop);

        if (&volume_table[unit->volume] != volume)
            return EXO_E_RIGHT;
        if ((request->op == EXO_DISK_READ ? stop : at % EXO_UNIT) > unit->written)
            return EXO_E_EARLY;
    }
    return 0;
}

/* What was written may be read. */
static void flight_written(struct disk *disk, const struct exo_request *request) {
    uint64_t at = request->sector, end = at + request->sectors, stop;

    for (; at < end; at += EXO_UNIT - at % EXO_UNIT) {
        struct exo_unit *unit = disk_unit(disk, at, end, &stop);

        unit->written = unit->written < stop ? (uint16_t)stop : unit->written;
    }
}

/* The request is over: its frames are free of it, its owner hears. */
static void flight_end(struct disk *disk, struct flight *flight, long status) {
    struct exo_volume *volume = flight->volume;
    struct exo_env *entry;
    int reads = flight->request.op == EXO_DISK_READ;

    for (uint32_t i = 0; i < flight->count; i++) {
        frame_table[flight->request.frame[i]].wx -= reads;
        hold_unuse_of(flight->request.frame[i], volume->domain);
    }
    if (!status && !reads)
        flight_written(disk, &flight->request);
    volume->flying--;
    flight->volume = NULL;
    flight->asked->status = (int32_t)status;
    entry = env_find(volume->env);
    if (entry)
        slice_post(entry, volume->bits);
}

/* The device, or driver, is not believed any more; what it had failed. */
ARCH_COLD static void disk_fail(struct disk *disk) {
    if (disk->books->line)
        virtio_blk_stop(&disk->device);
    disk->books->dead = 1;
    for (unsigned i = 0; i < VIRTIO_BLK_SLOTS; i++)
        if (disk->flight[i].volume)
            flight_end(disk, &disk->flight[i], EXO_E_IO);
}

/* So it is too if it keeps a request too long, or is a driver that died. */
static void disk_watch(struct disk *disk) {
    int gone = !disk->books->line && !disk->ram && !env_find(disk->driver);

    for (unsigned i = 0; i < VIRTIO_BLK_SLOTS; i++)
        gone |= disk->flight[i].volume &&
                arch_time() - disk->flight[i].since > PATIENCE * facts.timebase;
    if (gone)
        disk_fail(disk);
}

/* The data of a request, between its frames and a RAM disk, or (NULL) the driver's memory. True if
 * that is all there. */
static int flight_copy(const struct flight *flight, char *ram, uint64_t data) {
    const struct exo_request *request = &flight->request;
    uint32_t bytes = request->sectors * SECTOR, offset = request->offset * SECTOR, part;
    int reads = request->op == EXO_DISK_READ;

    for (uint32_t i = 0; i < flight->count; i++, bytes -= part, offset = 0) {
        char *page = (char *)frame_memory(request->frame[i]) + offset;

        part = ARCH_PAGE - offset < bytes ? ARCH_PAGE - offset : bytes;
        if (ram)
            memcpy(reads ? page : ram, reads ? ram : page, part);
        else if (reads ? !umem_in(page, data, part, 0) : !umem_out(data, page, part))
            return 0;
        ram += ram ? part : 0;
        data += part;
    }
    return 1;
}

/* What the device is not asked for ends here, or is the driver's. */
static void request_settle(struct disk *disk, struct flight *flight, long status) {
    const struct exo_request *request = &flight->request;
    struct exo_env *driver = env_find(disk->driver);

    if (disk->ram && !status) {
        char *at = disk->ram + request->sector * SECTOR;

        if (request->op == EXO_DISK_ZERO)
            memset(at, 0, request->sectors * SECTOR);
        flight_copy(flight, at, 0);
    }
    if (status || disk->ram || disk->books->line)
        flight_end(disk, flight, status);
    else if (driver)
        slice_post(driver, disk->bits);
}

/* How many frames the request needs, or why it cannot be. */
static long request_frames(const struct disk *disk, const struct exo_volume *volume,
                           const struct exo_request *request) {
    uint32_t count = (request->offset + request->sectors + PAGE_SECTORS - 1u) / PAGE_SECTORS;
    long status;

    if (request->op > EXO_DISK_WRITE_FLUSH || !(OPERATIONS >> request->op & 1) ||
        request->offset >= PAGE_SECTORS || count > disk->books->most ||
        (request->op != EXO_DISK_FLUSH && !request->sectors))
        return EXO_E_ARG;
    if (!(volume->rights & (request->op == EXO_DISK_READ ? EXO_R : EXO_W)))
        return EXO_E_RIGHT;
    if (disk->books->dead)
        return EXO_E_IO;
    status = request_place(disk, volume, request);
    return status ? status : WITH_FRAMES >> request->op & 1 ? count : 0;
}

/* Each frame is used as soon as it is found good: what there is before an error is given back as
 * the request ends. */
static __attribute__((noinline)) long flight_use(struct flight *flight, uint32_t domain,
                                                 long count) {
    int reads = flight->request.op == EXO_DISK_READ;

    for (; flight->count < count; flight->count++) {
        uint32_t frame = __atomic_load_n(&flight->asked->frame[flight->count], __ATOMIC_RELAXED);
        uint32_t *uses = hold_uses(frame, &domain_table[domain], reads ? EXO_W : EXO_R);

        if (!uses)
            return EXO_E_HOLD;
        if (reads && frame_table[frame].wx < 0)
            return EXO_E_WX;
        ++*uses;
        frame_table[frame].wx += reads;
        flight->request.frame[flight->count] = frame;
    }
    return 0;
}

/* The same; who is the first to hold them is served shortly. */
static long flight_use_first(struct flight *flight, uint32_t domain, long count) {
    int reads = flight->request.op == EXO_DISK_READ;
    const uint32_t *asked = flight->asked->frame, frames = facts.frames;
    struct exo_frame *table = frame_table;

    for (long i = 0; i < count; flight->count = (uint32_t)++i) {
        uint32_t frame = __atomic_load_n(&asked[i], __ATOMIC_RELAXED);
        struct exo_frame *entry = &table[frame];

        if (frame >= frames || entry->kind != EXO_FRAME_RAM || entry->domain != domain ||
            (reads && entry->wx < 0) || !(entry->rights & (reads ? EXO_W : EXO_R)))
            return flight_use(flight, domain, count);
        entry->uses++;
        entry->wx += reads;
        flight->request.frame[i] = frame;
    }
    return 0;
}

/* Takes a volume's next request, looks at all of it, and starts it in a free slot. */
static __attribute__((noinline)) void request_start(struct disk *disk, struct exo_volume *volume,
                                                    struct flight *flight) {
    struct exo_request *request = &flight->request;
    struct exo_request *asked = &volume_queue(volume)->request[volume->head++ % EXO_REQUESTS];
    long status;

    /* Read once: it may change meanwhile. */
    ((word_t *)request)[0] = ((const volatile word_t *)asked)[0];
    ((word_t *)request)[1] = ((const volatile word_t *)asked)[1];
    if (request->op == EXO_DISK_FLUSH)
        request->offset = request->sectors = request->sector = 0;
    flight->count = 0;
    flight->asked = asked;
    status = request_frames(disk, volume, request);
    if (status > 0)
        status = flight_use_first(flight, volume->domain, status);
    /* commit */
    if (status)
        request->sectors = 0;
    flight->volume = volume;
    flight->since = arch_time();
    flight->taken = 0;
    volume->flying++;
    disk->pass = volume->pass;
    volume->pass += ((uint64_t)request->sectors + SEEK) * SHARE_MOST / volume->share;
    if (!(disk->device.flags & VIRTIO_BLK_FLUSHES))
        request->op &= (uint8_t)~EXO_DISK_FLUSH; /* of nothing else, or alone: nothing is left */
    if (!status && disk->books->line && (request->op == EXO_DISK_FLUSH || request->sectors))
        virtio_blk_start(&disk->device, (unsigned)(flight - disk->flight), request);
    else
        request_settle(disk, flight, status);
}

/* A free slot, or the table's end. */
static struct flight *disk_slot(struct disk *disk) {
    struct flight *flight = disk->flight;

    while (flight < disk->flight + VIRTIO_BLK_SLOTS && flight->volume)
        flight++;
    return flight;
}

/* Starts what waits, as far as there are free slots: who has had least of its share is next. How
 * many were started. */
static unsigned disk_push(struct disk *disk) {
    struct flight *flight, *end = disk->flight + VIRTIO_BLK_SLOTS;
    unsigned started = 0;

    while (started < PUSH_MOST && disk->ready) {
        struct exo_volume *next = NULL, *volume = volume_table;

        if ((flight = disk_slot(disk)) == end)
            break;
        for (uint64_t left = disk->ready, bit = 1; left; left >>= 1, bit <<= 1, volume++) {
            uint32_t waiting = left & 1 ? volume_waits(volume) : 0;

            if (!waiting)
                disk->ready &= ~bit;
            else if (!next || (int64_t)(volume->pass - next->pass) < 0)
                next = volume;
        }
        if (next) {
            request_start(disk, next, flight);
            started++;
        }
    }
    return started;
}

static unsigned volume_ready(struct disk *disk, struct exo_volume *volume) {
    struct flight *flight = disk_slot(disk);
    uint64_t bit = 1ull << (volume - volume_table);

    /* Who slept has saved no time up. */
    if (!(disk->ready & bit) && (int64_t)(volume->pass - disk->pass) < 0)
        volume->pass = disk->pass;
    /* Mostly it is the only one, with one request. */
    if (disk->ready || volume_waits(volume) != 1 || flight == disk->flight + VIRTIO_BLK_SLOTS) {
        disk->ready |= bit;
        return disk_push(disk);
    }
    request_start(disk, volume, flight);
    return 1;
}

int disk_interrupt(uint32_t line) {
    struct disk *disk = disk_table, *end = disk_table + EXO_DISKS;
    int64_t ended;

    while (disk < end && (!disk->books || disk->books->line != line))
        disk++;
    if (disk == end)
        return 0;
    virtio_blk_acknowledge(&disk->device);
    /* Who names a request twice is dead: so there are not more than slots. */
    while (!disk->books->dead && (ended = virtio_blk_ended(&disk->device)) >= 0) {
        uint32_t slot = (uint32_t)ended;
        struct flight *flight = &disk->flight[slot % VIRTIO_BLK_SLOTS];

        if (slot >= VIRTIO_BLK_SLOTS || !flight->volume) {
            disk_fail(disk);
        } else if (!(ended & VIRTIO_BLK_BADLY) && flight->request.op == EXO_DISK_WRITE_FLUSH) {
            flight->request.op = EXO_DISK_FLUSH;
            virtio_blk_start(&disk->device, slot, &flight->request);
        } else {
            flight_end(disk, flight, ended & VIRTIO_BLK_BADLY ? EXO_E_IO : 0);
        }
    }
    if (disk->ready)
        disk_push(disk);
    return 1;
}

/* Its frame is an ordinary one of the holder's again. */
static void volume_unqueue(struct exo_volume *volume) {
    uint32_t frame = volume->frame;

    volume->frame = 0;
    if (!frame)
        return;
    frame_table[frame].wx--;
    hold_unuse_of(frame, volume->domain);
}

/* Whether nothing of the volume is in the device; else no more is started, till it is asked again.
 */
static int volume_rests(struct exo_volume *volume) {
    if (volume->flying)
        disk_watch(&disk_table[volume->disk]);
    volume->held = volume->flying > 0;
    return !volume->flying;
}

ARCH_COLD int volume_end(struct exo_volume *volume) {
    if (!volume_rests(volume))
        return 0;
    volume_unqueue(volume);
    domain_credit(&domain_table[volume->domain], EXO_DISK, volume->units);
    volume->domain = 0;
    return 1;
}

ARCH_COLD void volume_lose_queue(const struct exo_domain *domain, uint32_t frame) {
    for (uint32_t i = 1; i < EXO_VOLUMES; i++)
        if (volume_table[i].frame == frame && volume_table[i].domain == domain_slot(domain) &&
            !volume_table[i].flying)
            volume_unqueue(&volume_table[i]);
}

/* The volume, if the caller's domain or one below has it; else an error dressed as a pointer. */
static struct exo_volume *volume_mine(uint64_t number) {
    struct exo_volume *volume = &volume_table[number < EXO_VOLUMES ? number : 0];

    if (!volume->domain || !domain_above(domain_current(), &domain_table[volume->domain]))
        return error_pointer(EXO_E_RIGHT);
    return volume;
}

ARCH_COLD long sys_disk_open(uint64_t page, uint64_t line, uint64_t frame, uint64_t count) {
    struct disk *disk = disk_table[0].books ? &disk_table[1] : disk_table;
    struct exo_domain *first = domain_current();
    char *memory = frame_memory((uint32_t)frame);
    uint64_t units = line, most = (count - EXO_DISK_FRAMES) * UNITS_IN_FRAME;
    int ram = !page && !line;

    if (domain_slot(first) != DOMAIN_FIRST)
        return EXO_E_RIGHT;
    if (disk->books || (ram && disk_table[0].ram))
        return EXO_E_FULL;
    /* Of the gibibyte that has the PLIC all is mapped. */
    if (page >= 1 << 18 || count <= EXO_DISK_FRAMES || count > EXO_BATCH ||
        (page && (line >= facts.line_table.count || line_table[line].domain != DOMAIN_FIRST)))
        return EXO_E_ARG;
    for (uint64_t i = 0; i < count; i++)
        if (!frame_is_spare(frame + i, first))
            return EXO_E_HOLD;
    disk->device.flags = VIRTIO_BLK_FLUSHES; /* what a driver is asked for */
    if (page)
        units = virtio_blk_open(&disk->device, arch_direct(page << 12), memory) / EXO_UNIT;
    if (ram)
        units = facts.initrd.count / SECTOR / EXO_UNIT;
    if (!units)
        return EXO_E_DEAD;
    /* commit */
    units = units < most ? units : most;
    count = EXO_DISK_FRAMES + (units + UNITS_IN_FRAME - 1) / UNITS_IN_FRAME;
    for (uint64_t i = 0; i < count; i++)
        frame_table[frame + i] =
            (struct exo_frame){.kind = i < EXO_DISK_FRAMES ? EXO_FRAME_KERNEL : EXO_FRAME_EXPORT};
    for (uint64_t i = EXO_DISK_FRAMES; i < count; i++)
        frame_zero((uint32_t)(frame + i));
    domain_credit(first, EXO_FRAMES, (uint32_t)count);
    first->limit[EXO_FRAMES] -= (uint32_t)count;
    first->limit[EXO_DISK] += (uint32_t)units;
    disk->books = &facts.disk[disk - disk_table];
    *disk->books = (struct exo_disk){.units = {(uint32_t)frame + EXO_DISK_FRAMES, (uint32_t)units},
                                     .line = page ? (uint32_t)line : 0,
                                     .most = page ? EXO_REQUEST_FRAMES : COPIED_FRAMES,
                                     .read_only = !!(disk->device.flags & VIRTIO_BLK_READONLY),
                                     .dead = !page && !ram};
    disk->units = frame_memory(disk->books->units.frame);
    disk->ram = ram ? (char *)frame_memory(facts.initrd.frame) + facts.initrd_offset : NULL;
    if (page) {
        domain_credit(first, EXO_IRQS, 1);
        line_table[line].domain = 0;
        plic_open((uint32_t)line, 1);
    }
    return disk - disk_table;
}

/* The first domain makes bindings, their holders pass them down with no more rights than they have.
 */
ARCH_COLD long sys_volume_grant(uint64_t number, uint64_t disk, exo_domain_t handle,
                                uint64_t rights, uint64_t share) {
    struct exo_volume *volume = &volume_table[number < EXO_VOLUMES ? number : 0];
    struct exo_domain *domain = domain_mine(handle);
    int first = domain_slot(domain_current()) == DOMAIN_FIRST;

    if (!number || number >= EXO_VOLUMES || !disk_named(disk) ||
        rights & ~(uint64_t)(EXO_R | EXO_W) || share > SHARE_MOST || (rights && !share))
        return EXO_E_ARG;
    if (!first && (error_of(volume_mine(number)) || rights & ~(uint64_t)volume->rights ||
                   share > volume->share))
        return EXO_E_RIGHT;
    if (rights && error_of(domain))
        return error_of(domain);
    if (volume->units && volume->disk != disk)
        return EXO_E_ARG;
    if (facts.disk[disk].read_only && rights & EXO_W)
        return EXO_E_RIGHT;
    if (rights && volume->domain != domain_slot(domain) &&
        !domain_may(domain, EXO_DISK, volume->units))
        return EXO_E_QUOTA;
    if (volume->domain && !volume_end(volume))
        return EXO_E_AGAIN;
    /* commit */
    if (!rights)
        return 0;
    *volume = (struct exo_volume){.units = volume->units,
                                  .domain = (uint16_t)domain_slot(domain),
                                  .disk = (uint8_t)disk,
                                  .rights = (uint8_t)rights,
                                  .share = (uint16_t)share,
                                  .pass = disk_table[disk].pass};
    domain_charge(domain, EXO_DISK, volume->units);
    return 0;
}

ARCH_COLD long sys_extent_move(uint64_t number, uint64_t first, uint64_t count, uint64_t from,
                               uint64_t to, uint64_t written) {
    struct disk *disk = disk_named(number);
    struct exo_volume *giver = &volume_table[from < EXO_VOLUMES ? from : 0];
    struct exo_volume *taker = &volume_table[to < EXO_VOLUMES ? to : 0];

    if (domain_slot(domain_current()) != DOMAIN_FIRST)
        return EXO_E_RIGHT;
    if (!disk || count > MOVE_MOST || from >= EXO_VOLUMES || to >= EXO_VOLUMES || from == to ||
        first > disk->books->units.count || count > disk->books->units.count - first ||
        (to && (taker->units || taker->domain) && taker->disk != number))
        return EXO_E_ARG;
    for (uint64_t i = first; i < first + count; i++)
        if (disk->units[i].volume != from)
            return EXO_E_RIGHT;
    if (taker->domain && !domain_may(&domain_table[taker->domain], EXO_DISK, (uint32_t)count))
        return EXO_E_QUOTA;
    if (count && !volume_rests(giver))
        return EXO_E_AGAIN;
    /* commit */
    giver->held = 0;
    for (uint64_t i = first; i < first + count; i++)
        disk->units[i] = (struct exo_unit){(uint16_t)to, written ? EXO_UNIT : 0};
    giver->units -= (uint32_t)count;
    taker->units += (uint32_t)count;
    taker->disk = (uint8_t)number;
    if (taker->domain)
        domain_charge(&domain_table[taker->domain], EXO_DISK, (uint32_t)count);
    if (giver->domain) {
        domain_credit(&domain_table[giver->domain], EXO_DISK, (uint32_t)count);
        volume_ready(disk, giver);
    }
    return 0;
}

ARCH_COLD long sys_volume_bind(uint64_t number, uint64_t frame, exo_env_t handle, uint64_t bits) {
    struct exo_volume *volume = volume_mine(number);
    struct exo_env *entry = env_mine(handle);
    uint32_t *uses;

    if (error_of(volume) || error_of(entry))
        return error_of(volume) ? error_of(volume) : error_of(entry);
    uses = hold_uses(frame, &domain_table[volume->domain], EXO_R | EXO_W);
    if (frame != EXO_ANY && !uses)
        return EXO_E_HOLD;
    if (uses && frame_table[frame].wx < 0)
        return EXO_E_WX;
    if (volume->flying)
        return EXO_E_BUSY;
    /* commit */
    volume_unqueue(volume);
    if (!uses)
        return 0;
    ++*uses;
    frame_table[frame].wx++; /* the kernel writes there */
    volume->frame = (uint32_t)frame;
    volume->head = volume_queue(volume)->tail;
    volume->env = env_handle(entry);
    volume->bits = bits;
    return 0;
}

long sys_disk_kick(uint64_t number, uint64_t mask, uint64_t deadline) {
    struct exo_volume *volume = volume_mine(number);
    struct disk *disk;

    if (error_of(volume))
        return error_of(volume);
    disk = &disk_table[volume->disk];
    if (!volume_ready(disk, volume))
        disk_watch(disk);
    return slice_sleep(mask, deadline, 0);
}

/* The first domain names who serves. That one's domain, and who is above it, may name another. */
ARCH_COLD long sys_disk_serve(uint64_t number, exo_env_t handle, uint64_t bits) {
    struct disk *disk = disk_named(number);
    struct exo_env *entry = env_mine(handle);
    struct exo_domain *owner = disk ? domain_find(disk->owner) : NULL;
    int first = domain_slot(domain_current()) == DOMAIN_FIRST;

    if (!first && (!owner || !domain_above(domain_current(), owner)))
        return EXO_E_RIGHT;
    if (error_of(entry) || !disk || disk->books->line || disk->ram)
        return error_of(entry) ? error_of(entry) : EXO_E_ARG;
    /* commit */
    disk_fail(disk); /* what the one before has */
    if (first)
        disk->owner = domain_handle(&domain_table[entry->domain]);
    disk->driver = env_handle(entry);
    disk->bits = bits;
    disk->books->dead = 0;
    return 0;
}

/* The disk, if the caller drives it; else an error dressed as a pointer. `data` is where the data
 * of a request is in its memory. */
static struct disk *disk_served(uint64_t number, uint64_t data) {
    struct disk *disk = disk_named(number);

    if (!disk || disk->driver != current->handle)
        return error_pointer(EXO_E_RIGHT);
    return data % SECTOR ? error_pointer(EXO_E_ARG) : disk;
}

long sys_disk_take(uint64_t number, uint64_t data) {
    struct disk *disk = disk_served(number, data);
    struct flight *next = NULL;

    if (error_of(disk))
        return error_of(disk);
    for (struct flight *at = disk->flight; at < disk->flight + VIRTIO_BLK_SLOTS; at++)
        if (at->volume && !at->taken && (!next || at->since < next->since))
            next = at;
    if (!next)
        return EXO_E_EARLY;
    if (next->request.op != EXO_DISK_READ && !flight_copy(next, NULL, data))
        return EXO_E_FAULT;
    /* commit */
    next->taken = 1;
    return (long)(next->request.sector << 24 | (uint64_t)next->request.sectors << 8 |
                  next->request.op << 4) |
           (next - disk->flight);
}

long sys_disk_done(uint64_t number, uint64_t id, uint64_t failed, uint64_t data) {
    struct disk *disk = disk_served(number, data);
    struct flight *flight;

    if (error_of(disk))
        return error_of(disk);
    flight = &disk->flight[id % VIRTIO_BLK_SLOTS];
    if (id >= VIRTIO_BLK_SLOTS || !flight->volume || !flight->taken)
        return EXO_E_ARG;
    if (flight->request.op == EXO_DISK_READ && !failed && !flight_copy(flight, NULL, data))
        return EXO_E_FAULT;
    /* commit */
    flight_end(disk, flight, failed ? EXO_E_IO : 0);
    disk_push(disk);
    return 0;
}
