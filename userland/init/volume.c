/* volume.c - the volumes of the disks: found at boot, given out, made, grown and ended */
/* SPDX-License-Identifier: MIT */
#include "init.h"
#include "libexos/edge/bind.h"
#include "libexos/edge/disk.h"
#include "libexos/files/holder.h"
#include "libexos/volume/keeper.h"
#include "libexos/volume/map.h"
#include "map.bpf.h"

enum { BLOCK_SECTORS = VOLUME_BLOCK / 512, DISK_UNITS = 36 * 1024, FILL_SECTORS = 512 };
enum { SHARE = 100, SHARE_MOST = 1000 /* the kernel's */ };
enum { PAGE_QUEUE, PAGE_FILL, PAGE_DATA, PAGES }; /* of each disk */
#define VOLUME_LIST (EXO_HEAP + 2 * EXO_PAGE)     /* behind the list of devices */
#define VOLUME_WINDOW (VOLUME_LIST + EXO_PAGE)
#define VOLUME_PAGES (VOLUME_WINDOW + EXO_PAGE)
#define VOLUME_RIGHTS EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W)

static struct kept {
    bool live;
    struct volume_device device;
    struct volume_keeper keeper;
    struct exo_disk_queue queue, fill; /* unit 0's, and that of a volume which is being filled */
    const volatile struct exo_unit *units;
    uint64_t frame[PAGES];
    uint8_t *page[PAGES];
    uint64_t root[VOLUME_MOST + 1];    /* frames that holders see their root in */
    uint8_t number[VOLUME_KEEPER + 1]; /* the kernel's, of each owner; 0: none yet */
    uint8_t owner[DISK_UNITS];
} disks[EXO_DISKS];

static uint64_t numbers = 1; /* bit n: the kernel's volume n is taken */
static uint64_t list_frame = EXO_ANY;
static struct steward_volume *list;

static uint32_t disk_of(const struct kept *kept) { return (uint32_t)(kept - disks); }

/* The kernel knows volumes of all disks by one row of numbers. */
static uint32_t number_of(struct kept *kept, uint32_t owner) {
    if (owner != VOLUME_FREE && !kept->number[owner] && ~numbers) {
        kept->number[owner] = (uint8_t)__builtin_ctzl(~numbers);
        numbers |= 1ull << kept->number[owner];
    }
    return kept->number[owner];
}

static void number_free(struct kept *kept, uint32_t owner) {
    numbers &= ~(1ull << kept->number[owner]) | 1;
    kept->number[owner] = 0;
}

/* What must wait for requests in the device is asked again: a device that keeps them is given up
 * by the kernel. */
static bool again(long error) {
    if (error == EXO_E_AGAIN)
        exo_sleep_ns(1000000);
    return error == EXO_E_AGAIN;
}

/* One request, from start to end; the data stand in the disk's page. */
static long disk_do(struct kept *kept, struct exo_disk_queue *queue, uint8_t op, uint64_t sector,
                    uint32_t sectors) {
    struct exo_request *request = exo_disk_next(queue);

    if (!request)
        return EXO_E_BUSY;
    request->op = op;
    request->offset = 0;
    request->sector = sector;
    request->sectors = (uint16_t)sectors;
    request->frame[0] = (uint32_t)kept->frame[PAGE_DATA];
    return exo_disk_wait(queue, exo_disk_put(queue));
}

static int block_read(void *context, uint32_t block, void *to) {
    struct kept *kept = context;
    long error =
        disk_do(kept, &kept->queue, EXO_DISK_READ, (uint64_t)block * BLOCK_SECTORS, BLOCK_SECTORS);

    memcpy(to, kept->page[PAGE_DATA], VOLUME_BLOCK);
    return error != 0;
}

static int block_write(void *context, uint32_t block, const void *from) {
    struct kept *kept = context;

    memcpy(kept->page[PAGE_DATA], from, VOLUME_BLOCK);
    return disk_do(kept, &kept->queue, EXO_DISK_WRITE, (uint64_t)block * BLOCK_SECTORS,
                   BLOCK_SECTORS) != 0;
}

static int disk_flush(void *context) {
    struct kept *kept = context;

    return disk_do(kept, &kept->queue, EXO_DISK_FLUSH, 0, 0) != 0;
}

static int unit_move(void *context, uint32_t first, uint32_t count, uint32_t from, uint32_t to,
                     int written) {
    struct kept *kept = context;
    uint32_t giver = number_of(kept, from), taker = number_of(kept, to);
    long error;

    if ((from && !giver) || (to && !taker))
        return EXO_E_FULL;
    do
        error = exo_extent_move(disk_of(kept), first, count, giver, taker, (uint64_t)written);
    while (again(error));
    return (int)error;
}

static uint32_t unit_written(void *context, uint32_t unit) {
    return ((const struct kept *)context)->units[unit].written;
}

static void set_aside(void *context, uint32_t volume, int error) {
    const struct kept *kept = context;

    exo_printf("disk %u: volume %s is set aside: %s\n", disk_of(kept),
               kept->keeper.catalogue.entry[volume - 1].name, volume_words(error));
}

/* Whom the kernel tells of requests' ends: whoever calls the keeper. */
static exo_env_t caller;

long volumes_bind(exo_env_t env) {
    long error = 0;

    caller = env;
    for (struct kept *kept = disks; kept < disks + EXO_DISKS && !error; kept++)
        if (kept->live)
            error = exo_volume_bind(kept->queue.volume, kept->frame[PAGE_QUEUE], env, INIT_DISK);
    return error;
}

static uint32_t units_of(const struct kept *kept, uint32_t owner) {
    uint32_t units = 0;

    for (uint32_t i = 0; i < kept->device.units; i++)
        units += kept->owner[i] == owner;
    return units;
}

static void list_update(void) {
    struct steward_volume *row = list;

    if (!list)
        return;
    memset(list, 0, EXO_PAGE);
    for (struct kept *kept = disks; kept < disks + EXO_DISKS; kept++) {
        for (uint32_t i = 1; kept->live && i <= VOLUME_MOST; i++) {
            const struct volume_entry *entry = volume_catalogue_entry(&kept->keeper.catalogue, i);

            if (!entry || row >= list + STEWARD_VOLUMES_MOST - 1)
                continue;
            *row = (struct steward_volume){.kind = STEWARD_VOLUME,
                                           .units = kept->keeper.volume[i].units,
                                           .limit = entry->limit,
                                           .share = (uint16_t)entry->share,
                                           .disk = (uint8_t)disk_of(kept),
                                           .set_aside = kept->keeper.volume[i].set_aside != 0,
                                           .number = kept->number[i]};
            exo_strlcpy(row++->name, entry->name, sizeof row->name);
        }
        if (kept->live && row < list + STEWARD_VOLUMES_MOST)
            *row++ = (struct steward_volume){.kind = STEWARD_VOLUME_FREE,
                                             .units = units_of(kept, VOLUME_FREE),
                                             .disk = (uint8_t)disk_of(kept)};
    }
}

uint64_t volumes_frame(void) { return list_frame; }

static long pages_open(struct kept *kept) {
    uint64_t address = VOLUME_PAGES + disk_of(kept) * PAGES * EXO_PAGE;
    long error = exo_alloc(0, kept->frame, PAGES);

    if (!error)
        error = exo_bind_frames(address, kept->frame, PAGES, VOLUME_RIGHTS);
    for (int i = 0; i < PAGES; i++)
        kept->page[i] = (uint8_t *)(address + (uint64_t)i * EXO_PAGE);
    return error;
}

static uint64_t rights_of(const struct kept *kept) {
    return exo_facts()->disk[disk_of(kept)].read_only ? EXO_R : EXO_R | EXO_W;
}

static long keeper_open(struct kept *kept, uint32_t disk) {
    const volatile struct exo_disk *books = &exo_facts()->disk[disk];
    uint32_t units = books->units.count < DISK_UNITS ? books->units.count : DISK_UNITS;
    uint32_t number = number_of(kept, VOLUME_KEEPER);
    long error = number ? pages_open(kept) : EXO_E_FULL;

    kept->units =
        exo_map_export(books->units.frame, (units * sizeof *kept->units + EXO_PAGE - 1) / EXO_PAGE);
    kept->device = (struct volume_device){kept,       units,     block_read,   block_write,
                                          disk_flush, unit_move, unit_written, set_aside};
    if (!error && !kept->units)
        error = EXO_E_TABLES;
    if (!error)
        error = exo_volume_grant(number, disk, exo_uarea()->domain, rights_of(kept), SHARE_MOST);
    if (!error)
        error = exo_extent_move(disk, 0, 1, 0, number, 1);
    if (!error)
        error = exo_disk_attach(&kept->queue, number, kept->frame[PAGE_QUEUE],
                                kept->page[PAGE_QUEUE], INIT_DISK);
    return error;
}

/* All as it was: a disk without volumes belongs to nobody. */
static void keeper_close(struct kept *kept) {
    uint32_t number = number_of(kept, VOLUME_KEEPER);

    exo_volume_bind(number, EXO_ANY, 0, 0);
    exo_extent_move(disk_of(kept), 0, 1, number, 0, 0);
    exo_volume_grant(number, disk_of(kept), 0, 0, 0);
    exo_unbind((uint64_t)kept->page[0], PAGES);
    exo_drop(0, kept->frame, PAGES);
    number_free(kept, VOLUME_KEEPER);
}

/* The frame that shows the volume's root to its holder is filled anew. */
static void root_show(struct kept *kept, uint32_t volume) {
    if (!kept->root[volume] && exo_alloc(0, &kept->root[volume], 1) < 0)
        kept->root[volume] = 0;
    if (kept->root[volume] && exo_bind(VOLUME_WINDOW, kept->root[volume], VOLUME_RIGHTS) >= 0) {
        memset((void *)VOLUME_WINDOW, 0, EXO_PAGE);
        volume_root_read(&kept->keeper, volume, (uint8_t *)VOLUME_WINDOW);
        exo_unbind(VOLUME_WINDOW, 1);
    }
}

void volumes_open(uint32_t disk) {
    struct kept *kept = &disks[disk];
    long error = keeper_open(kept, disk);
    int fault = error ? VOLUME_IO : volume_scan(&kept->keeper, &kept->device, kept->owner);

    if (error)
        exo_printf("disk %u: %s\n", disk, exo_error_name(error));
    else if (fault && fault != VOLUME_MAGIC)
        exo_printf("disk %u: no volumes: %s\n", disk, volume_words(fault));
    kept->live = !error && !fault;
    if (!kept->live) {
        keeper_close(kept);
        return;
    }
    if (!list && exo_alloc(0, &list_frame, 1) == 0 &&
        exo_bind(VOLUME_LIST, list_frame, VOLUME_RIGHTS) >= 0)
        list = (struct steward_volume *)VOLUME_LIST;
    for (uint32_t i = 1; i <= VOLUME_MOST; i++)
        if (volume_catalogue_entry(&kept->keeper.catalogue, i))
            root_show(kept, i);
    list_update();
}

/* By its name, on whichever disk: then *disk is that; or 0. */
static uint32_t volume_find(const char *name, struct kept **disk) {
    for (*disk = disks; *disk < disks + EXO_DISKS; ++*disk)
        for (uint32_t i = 1; (*disk)->live && i <= VOLUME_MOST; i++) {
            const struct volume_entry *entry =
                volume_catalogue_entry(&(*disk)->keeper.catalogue, i);

            if (entry && !exo_strcmp(entry->name, name))
                return i;
        }
    return 0;
}

/* What the keeper says, as a kernel's error. */
static long answer_of(int error) {
    switch (error) {
    case VOLUME_IO:
    case VOLUME_DAMAGED:
        return EXO_E_IO;
    case VOLUME_FULL:
    case VOLUME_LIMIT:
    case VOLUME_FROZEN:
        return EXO_E_FULL;
    case VOLUME_TAKEN:
    case VOLUME_CONFLICT:
    case VOLUME_MOVE:
        return EXO_E_BUSY;
    case VOLUME_NUMBER:
        return EXO_E_HANDLE;
    default:
        return error < 0 ? EXO_E_ARG : error;
    }
}

static long grant(struct kept *kept, uint32_t volume, exo_domain_t to, uint64_t rights) {
    uint32_t share = kept->keeper.catalogue.entry[volume - 1].share, number;
    long error;

    if (!(number = number_of(kept, volume)))
        return EXO_E_FULL;
    do
        error = exo_volume_grant(number, disk_of(kept), to, rights,
                                 share < SHARE_MOST ? share : SHARE_MOST);
    while (again(error));
    return error;
}

/* The main environment gives volumes out, and the gate's changes them: not both at once. */
static uint32_t changing;

bool volume_is_there(const char *name) {
    struct kept *kept;
    uint32_t volume = volume_find(name, &kept);

    return volume && !kept->keeper.volume[volume].set_aside && kept->root[volume];
}

/* Units count against its limit, which init fills up for children of its own. */
static long quota(exo_domain_t to, uint32_t units) {
    const volatile struct exo_domain *books = &exo_domains()[exo_slot_of(to)];
    uint32_t left = books->limit[EXO_DISK] - books->used[EXO_DISK];

    return left >= units                  ? 0
           : books->parent != INIT_DOMAIN ? EXO_E_QUOTA
                                          : exo_domain_grant(to, EXO_DISK, (int64_t)units - left);
}

long volume_give(const char *name, exo_domain_t to, uint64_t *root) {
    struct kept *kept;
    uint32_t volume;
    long error;

    while (__atomic_load_n(&changing, __ATOMIC_ACQUIRE))
        exo_sleep_ns(1000000);
    if (!volume_is_there(name))
        return EXO_E_HANDLE;
    volume = volume_find(name, &kept);
    if (exo_volumes()[number_of(kept, volume)].domain)
        return EXO_E_BUSY;
    error = quota(to, kept->keeper.volume[volume].units);
    if (!error)
        error = grant(kept, volume, to, rights_of(kept));
    if (!error)
        error = exo_hold_share(0, to, &kept->root[volume], 1, EXO_R | EXO_W);
    *root = kept->root[volume];
    list_update();
    return error < 0 ? error : kept->number[volume];
}

/* All sectors of the map's units from that logical one on are written, by init as its holder. */
static long fill(struct kept *kept, uint32_t volume, const struct volume_map *map, uint64_t from) {
    uint32_t number = number_of(kept, volume), run = 1, unit;
    long error = exo_disk_attach(&kept->fill, number, kept->frame[PAGE_FILL], kept->page[PAGE_FILL],
                                 INIT_DISK);

    if (!error) /* attach tells the main environment; it may be the gate that waits */
        error = exo_volume_bind(number, kept->frame[PAGE_FILL], caller, INIT_DISK);
    for (; !error && (unit = volume_map_find(map, from, &run)) != 0; from++)
        for (uint32_t at = 0; at < EXO_UNIT && !error; at += FILL_SECTORS)
            error = disk_do(kept, &kept->fill, EXO_DISK_ZERO, (uint64_t)unit * EXO_UNIT + at,
                            FILL_SECTORS);
    exo_volume_bind(number, EXO_ANY, 0, 0);
    return error;
}

/* Free units in as few runs as first fit finds, behind the map's last. */
static int map_extend(const struct kept *kept, struct volume_map *map, uint64_t units) {
    for (uint32_t i = 1, first = 1; units && i <= kept->device.units; i++) {
        bool free = i < kept->device.units && kept->owner[i] == VOLUME_FREE;

        if (free && i + 1 - first < units)
            continue;
        if (i + free > first) {
            if (volume_map_grow(map, first, i + free - first))
                return VOLUME_FULL;
            units -= i + free - first;
        }
        first = i + 1;
    }
    return units ? VOLUME_FULL : 0;
}

static long volume_grow(const char *name, uint64_t units) {
    static struct volume_map map;
    struct kept *kept;
    uint32_t volume = volume_find(name, &kept), number = volume ? number_of(kept, volume) : 0;
    uint64_t old;
    long error;

    if (!volume)
        return EXO_E_HANDLE;
    if (!number)
        return EXO_E_FULL;
    if (exo_volumes()[number].domain)
        return EXO_E_BUSY; /* who holds it asks for units himself, and fills them */
    error = volume_root_read(&kept->keeper, volume, (uint8_t *)&map);
    if (!error && !volume_map_sound(&map))
        error = VOLUME_NONSENSE;
    old = error ? 0 : volume_map_units(&map);
    if (!error)
        error = map_extend(kept, &map, units);
    if (!error)
        error = volume_ask(&kept->keeper, volume, (const uint8_t *)&map);
    if (error)
        return answer_of((int)error);
    error = grant(kept, volume, exo_uarea()->domain, EXO_R | EXO_W);
    if (!error)
        error = fill(kept, volume, &map, old);
    if (!error)
        error = answer_of(volume_install(&kept->keeper, volume, (const uint8_t *)&map));
    grant(kept, volume, 0, 0);
    root_show(kept, volume);
    return error;
}

static long volume_end(const char *name) {
    struct kept *kept;
    uint32_t volume = volume_find(name, &kept);
    long error;

    if (!volume)
        return EXO_E_HANDLE;
    if (kept->number[volume] && exo_volumes()[kept->number[volume]].domain)
        return EXO_E_BUSY;
    error = answer_of(volume_destroy(&kept->keeper, volume));
    if (!error && kept->number[volume])
        number_free(kept, volume);
    return error;
}

static long volume_make(const char *name, uint64_t units) {
    struct volume_entry entry = {.share = SHARE, .code_length = volume_map_owns_count};
    struct volume_map map;
    struct kept *kept = disks;
    long error;

    while (kept < disks + EXO_DISKS && !(kept->live && units_of(kept, VOLUME_FREE) >= units))
        kept++;
    if (volume_find(name, &(struct kept *){NULL}))
        return EXO_E_BUSY;
    if (kept == disks + EXO_DISKS)
        return EXO_E_FULL;
    entry.limit = kept->device.units - 1;
    /* One that this disk did not have before: no two volumes begin at one count of its catalogue.
     */
    memcpy(&entry.id, kept->keeper.catalogue.uuid, sizeof entry.id);
    entry.id ^= kept->keeper.catalogue.sequence << 20 ^ exo_time();
    exo_strlcpy(entry.name, name, sizeof entry.name);
    volume_map_make(&map);
    error = volume_create(&kept->keeper, &entry, (const struct ebpf_instruction *)volume_map_owns,
                          (const uint8_t *)&map);
    if (error < 0)
        return answer_of((int)error);
    error = volume_grow(name, units);
    if (error)
        volume_end(name);
    return error;
}

long volume_propose(uint64_t call, uint64_t number, uint32_t holder) {
    static uint8_t payload[VOLUME_PAYLOAD];
    uint32_t volume = 1;
    struct kept *kept;
    int error;

    if (!number || number >= EXO_VOLUMES || exo_volumes()[number].domain != holder)
        return EXO_E_RIGHT;
    kept = &disks[exo_volumes()[number].disk];
    while (volume <= VOLUME_MOST && kept->number[volume] != number)
        volume++;
    if (volume > VOLUME_MOST || exo_bind(VOLUME_WINDOW, kept->root[volume], VOLUME_RIGHTS) < 0)
        return EXO_E_HANDLE;
    memcpy(payload, (const void *)VOLUME_WINDOW, sizeof payload);
    exo_unbind(VOLUME_WINDOW, 1);
    __atomic_store_n(&changing, 1, __ATOMIC_RELEASE);
    error = call == HOLDER_ASK ? volume_ask(&kept->keeper, volume, payload)
                               : volume_install(&kept->keeper, volume, payload);
    list_update();
    __atomic_store_n(&changing, 0, __ATOMIC_RELEASE);
    return answer_of(error);
}

long volume_change(uint64_t call, const char *name, uint64_t units) {
    long error;

    __atomic_store_n(&changing, 1, __ATOMIC_RELEASE);
    error = call == STEWARD_VOLUME_MAKE   ? volume_make(name, units)
            : call == STEWARD_VOLUME_GROW ? volume_grow(name, units)
                                          : volume_end(name);
    list_update();
    __atomic_store_n(&changing, 0, __ATOMIC_RELEASE);
    return error;
}
