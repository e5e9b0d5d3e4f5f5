/* disk.c - disks are taken up at boot; a test gets volumes of the first */
/* SPDX-License-Identifier: MIT */
#include "init.h"
#include "libexos/edge/cpio.h"
#include "libexos/edge/export.h"
#include "tree.h"

enum { DISK_FRAMES = EXO_DISK_FRAMES + 36 /* GiB */, TRANSPORTS = 32 };

/* So many free frames in a row become mine: the first, or 0. */
static uint64_t frames_in_a_row(uint64_t count) {
    uint64_t first = exo_facts()->first_free;

    for (uint64_t at = first; at < exo_facts()->frames; at++) {
        if (exo_frames()[at].kind != EXO_FRAME_FREE)
            first = at + 1;
        if (at + 1 < first + count)
            continue;
        for (uint64_t i = first; i < first + count; i++) {
            uint64_t frame = i;

            if (exo_frame_alloc(0, &frame, 1) != 1)
                return 0;
        }
        return first;
    }
    return 0;
}

/* What volumes= asks for: volumes 1 to `count` of a disk, each of so many units, in order. */
static struct volumes { uint64_t count, units, disk; } volumes;

static bool volumes_read(const char *text) {
    volumes.count = number_at(&text);
    text += *text == '*';
    volumes.units = number_at(&text);
    return !exo_strncmp(text, "@ram", 4);
}

/* Takes up a virtio disk, or (page 0) the initrd, with the frames that are left for it. Its number,
 * or an error. */
static long disk_open(uint64_t page, uint32_t line, uint64_t *frame, uint64_t *left) {
    long disk = *left > EXO_DISK_FRAMES ? exo_disk_open(page, line, *frame, *left) : EXO_E_FULL;
    uint32_t units = disk < 0 ? 0 : exo_facts()->disk[disk].units.count;
    uint64_t took = EXO_DISK_FRAMES + (units + 1023) / 1024;

    if (disk < 0)
        return disk;
    exo_printf("disk %ld: %u MiB\n", disk, units);
    *frame += took;
    *left -= took;
    volumes_open((uint32_t)disk, !page && !line);
    return disk;
}

void disks_open(void) {
    struct tree_transport transport[TRANSPORTS];
    size_t length;
    const void *tree = exo_device_tree(&length);
    const char *wanted = bootarg("volumes", false);
    bool tested = wanted && volumes_read(wanted); /* the initrd itself, as a disk */
    uint32_t count = tree ? tree_transports(tree, length, transport, TRANSPORTS) : 0;
    const char *served = bootarg("served", false); /* so many units, by the test itself */
    bool ram = tested || exo_initrd(&length) != exo_archive(&length);
    uint64_t frame = count || ram || served ? frames_in_a_row(DISK_FRAMES) : 0;
    uint64_t left = frame ? DISK_FRAMES : 0;

    for (uint32_t i = 0; i < count; i++)
        disk_open(transport[i].base / EXO_PAGE, transport[i].line, &frame, &left);
    if (ram) {
        long disk = disk_open(0, 0, &frame, &left);

        volumes.disk = tested && disk > 0 ? (uint64_t)disk : 0;
    }
    if (served)
        disk_open(0, (uint32_t)number_at(&served), &frame, &left);
    for (; left; frame++, left--)
        exo_hold_drop(0, &frame, 1);
}

/* A disk of so many units that is nobody's yet. Its number, or an error. */
static long disk_make(uint64_t units) {
    uint64_t most = (DISK_FRAMES - EXO_DISK_FRAMES) * 1024, count, frame;
    long disk;

    units = units < most ? units : most;
    count = EXO_DISK_FRAMES + (units + 1023) / 1024;
    frame = frames_in_a_row(count);
    disk = frame ? exo_disk_open(0, units, frame, count) : EXO_E_FULL;
    for (; frame && disk < 0 && count; frame++, count--)
        exo_hold_drop(0, &frame, 1);
    return disk;
}

void disk_serve(struct service *service) {
    uint64_t *word = service->child.page ? service->child.page->word : NULL, id[2];
    const char *name = service->program->name;
    uint64_t units = word ? __atomic_load_n(&word[SERVES_UNITS], __ATOMIC_ACQUIRE) : 0;
    long disk = (long)service->disk - 1, error;

    if (service->serving || !units)
        return;
    service->serving = true;
    if (units == SERVES_NONE)
        return;
    memcpy(id, &word[SERVES_ID], sizeof id);
    if (disk < 0 && (disk = disk_make(units)) >= 0) {
        service->disk = (uint32_t)disk + 1;
        memcpy(service->disk_id, id, sizeof id);
    }
    /* What stands in the kernel's books is true of the disk that it was made for. */
    if (disk >= 0 &&
        (memcmp(id, service->disk_id, sizeof id) || units < exo_facts()->disk[disk].units.count)) {
        exo_printf("init: %s: another disk than before is not served\n", name);
        return;
    }
    error = disk < 0 ? disk : exo_disk_serve((uint64_t)disk, service->child.env, SERVES_EVENT);
    if (error < 0) {
        exo_printf("init: %s: its disk: %s\n", name, exo_error_name(error));
        return;
    }
    __atomic_store_n(&word[SERVES_DISK], (uint64_t)disk + 1, __ATOMIC_RELEASE);
    exo_event_post(service->child.env, SERVES_EVENT);
    volumes_add((uint32_t)disk);
}

long volumes_give(exo_domain_t to) {
    const volatile struct exo_disk *disk = &exo_facts()->disk[volumes.disk];
    bool served = !disk->line && disk->dead;                  /* nobody serves it yet */
    bool there = (!disk->line && !served) || disk->read_only; /* what is on it can be read */
    uint64_t rights = disk->read_only ? EXO_R : EXO_R | EXO_W;
    long error = 0;

    if (served)
        error = exo_disk_serve(volumes.disk, exo_domains()[exo_slot_of(to)].speaker, 0);
    for (uint64_t i = 0; i < volumes.count && !error; i++) {
        error = exo_volume_grant(i + 1, volumes.disk, to, rights, 100);
        if (!error)
            error =
                exo_extent_move(volumes.disk, i * volumes.units, volumes.units, 0, i + 1, there);
    }
    return error;
}

void volumes_take(void) {
    /* They may have been moved: whose a unit is, is found by asking. */
    for (uint64_t unit = 0; unit < volumes.count * volumes.units; unit++)
        for (uint64_t i = 1; i <= volumes.count; i++)
            exo_extent_move(volumes.disk, unit, 1, i, 0, 0);
}

void volumes_serve(struct exo_parent *page) {
    uint64_t *word = page->word, *with = word + TEST_WITH;

    if (__atomic_load_n(&word[TEST_ASKED], __ATOMIC_ACQUIRE) == word[TEST_SERVED])
        return;
    if (word[TEST_GRANTS])
        word[TEST_ANSWER] =
            (uint64_t)exo_volume_grant(with[0], volumes.disk, with[1], with[2], with[3]);
    else
        word[TEST_ANSWER] =
            (uint64_t)exo_extent_move(volumes.disk, with[0], with[1], with[2], with[3], with[4]);
    __atomic_store_n(&word[TEST_SERVED], word[TEST_SERVED] + 1, __ATOMIC_RELEASE);
}
