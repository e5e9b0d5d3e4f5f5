/* volume.c - the volumes of the disks: found at boot, given out, made, grown and ended */
/* SPDX-License-Identifier: MIT */
#include "kept.h"

enum { BLOCK_SECTORS = VOLUME_BLOCK / 512, SHARE_MOST = 1000 /* the kernel's */ };
#define VOLUME_LIST (EXO_HEAP + 2 * EXO_PAGE) /* behind the list of devices */
#define VOLUME_PAGES (VOLUME_LIST + 2 * EXO_PAGE)

struct kept kept_disks[EXO_DISKS];

static uint64_t numbers = 1; /* bit n: the kernel's volume n is taken */
static uint64_t list_frame = EXO_ANY;
static struct steward_volume *list;

/* The kernel knows volumes of all disks by one row of numbers. */
uint32_t kept_number(struct kept *kept, uint32_t owner) {
    if (owner != VOLUME_FREE && !kept->number[owner] && ~numbers) {
        kept->number[owner] = (uint8_t)__builtin_ctzl(~numbers);
        numbers |= 1ull << kept->number[owner];
    }
    return kept->number[owner];
}

void kept_number_free(struct kept *kept, uint32_t owner) {
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
long kept_do(struct kept *kept, struct exo_disk_queue *queue, uint8_t op, uint64_t sector,
             uint32_t sectors) {
    struct exo_request *request = exo_disk_next(queue);

    if (!request)
        return EXO_E_BUSY;
    request->op = op;
    request->offset = 0;
    request->sector = sector;
    request->sectors = (uint16_t)sectors;
    request->frame[0] = (uint32_t)kept->frame[PAGE_DATA];
    return exo_disk_do(queue, request);
}

static int block_read(void *context, uint32_t block, void *to) {
    struct kept *kept = context;
    long error =
        kept_do(kept, &kept->queue, EXO_DISK_READ, (uint64_t)block * BLOCK_SECTORS, BLOCK_SECTORS);

    memcpy(to, kept->page[PAGE_DATA], VOLUME_BLOCK);
    return error != 0;
}

static int block_write(void *context, uint32_t block, const void *from) {
    struct kept *kept = context;

    memcpy(kept->page[PAGE_DATA], from, VOLUME_BLOCK);
    return kept_do(kept, &kept->queue, EXO_DISK_WRITE, (uint64_t)block * BLOCK_SECTORS,
                   BLOCK_SECTORS) != 0;
}

static int disk_flush(void *context) {
    struct kept *kept = context;

    return kept_do(kept, &kept->queue, EXO_DISK_FLUSH, 0, 0) != 0;
}

int kept_move(void *context, uint32_t first, uint32_t count, uint32_t from, uint32_t to,
              int written) {
    struct kept *kept = context;
    uint32_t giver = kept_number(kept, from), taker = kept_number(kept, to);
    long error;

    if ((from && !giver) || (to && !taker))
        return EXO_E_FULL;
    do
        error = exo_extent_move(kept_disk(kept), first, count, giver, taker, (uint64_t)written);
    while (again(error));
    return (int)error;
}

static uint32_t unit_written(void *context, uint32_t unit) {
    return ((const struct kept *)context)->units[unit].written;
}

static void set_aside(void *context, uint32_t volume, int error) {
    const struct kept *kept = context;

    exo_printf("disk %u: volume %s is set aside: %s\n", kept_disk(kept),
               kept->keeper.catalogue.entry[volume - 1].name, volume_words(error));
}

long volumes_bind(exo_env_t env) {
    long error = 0;

    for (struct kept *kept = kept_disks; kept < kept_disks + EXO_DISKS && !error; kept++)
        if (kept->live)
            error = exo_volume_bind(kept->queue.volume, kept->frame[PAGE_QUEUE], env, INIT_DISK);
    return error;
}

uint32_t kept_units(const struct kept *kept, uint32_t owner) {
    uint32_t units = 0;

    for (uint32_t i = 0; i < kept->device.units; i++)
        units += kept->owner[i] == owner;
    return units;
}

void kept_list(void) {
    struct steward_volume *row = list;

    if (!list)
        return;
    memset(list, 0, EXO_PAGE);
    for (struct kept *kept = kept_disks; kept < kept_disks + EXO_DISKS; kept++) {
        for (uint32_t i = 1; kept->live && i <= VOLUME_MOST; i++) {
            const struct volume_entry *entry = volume_catalogue_entry(&kept->keeper.catalogue, i);

            if (!entry || row >= list + STEWARD_VOLUMES_MOST - 1)
                continue;
            *row = (struct steward_volume){.kind = STEWARD_VOLUME,
                                           .units = kept->keeper.volume[i].units,
                                           .limit = entry->limit,
                                           .share = (uint16_t)entry->share,
                                           .disk = (uint8_t)kept_disk(kept),
                                           .set_aside = kept->keeper.volume[i].set_aside != 0,
                                           .number = kept->number[i]};
            exo_strlcpy(row++->name, entry->name, sizeof row->name);
        }
        if (kept->live && row < list + STEWARD_VOLUMES_MOST)
            *row++ = (struct steward_volume){.kind = STEWARD_VOLUME_FREE,
                                             .units = kept_units(kept, VOLUME_FREE),
                                             .disk = (uint8_t)kept_disk(kept)};
    }
}

uint64_t volumes_frame(void) { return list_frame; }

static long pages_open(struct kept *kept) {
    uint64_t address = VOLUME_PAGES + kept_disk(kept) * PAGES * EXO_PAGE;
    long error = exo_alloc(0, kept->frame, PAGES);

    if (!error)
        error = exo_bind_frames(address, kept->frame, PAGES, VOLUME_RIGHTS);
    for (int i = 0; i < PAGES; i++)
        kept->page[i] = (uint8_t *)(address + (uint64_t)i * EXO_PAGE);
    return error;
}

uint64_t kept_rights(const struct kept *kept) {
    return exo_facts()->disk[kept_disk(kept)].read_only ? EXO_R : EXO_R | EXO_W;
}

static long keeper_open(struct kept *kept, uint32_t disk) {
    const volatile struct exo_disk *books = &exo_facts()->disk[disk];
    uint32_t units = books->units.count < KEPT_UNITS ? books->units.count : KEPT_UNITS;
    uint32_t number = kept_number(kept, VOLUME_KEEPER);
    long error = number ? pages_open(kept) : EXO_E_FULL;

    kept->units = exo_units(disk);
    kept->device = (struct volume_device){kept,       units,     block_read,   block_write,
                                          disk_flush, kept_move, unit_written, set_aside};
    if (!error && !kept->units)
        error = EXO_E_TABLES;
    if (!error)
        error = exo_volume_grant(number, disk, exo_uarea()->domain, kept_rights(kept), SHARE_MOST);
    if (!error)
        error = exo_extent_move(disk, 0, 1, 0, number, 1);
    if (!error)
        error = exo_disk_attach(&kept->queue, number, kept->frame[PAGE_QUEUE],
                                kept->page[PAGE_QUEUE], INIT_DISK);
    return error;
}

/* All as it was: a disk without volumes belongs to nobody. */
static void keeper_close(struct kept *kept) {
    uint32_t number = kept_number(kept, VOLUME_KEEPER);

    exo_volume_bind(number, EXO_ANY, 0, 0);
    exo_extent_move(kept_disk(kept), 0, 1, number, 0, 0);
    exo_volume_grant(number, kept_disk(kept), 0, 0, 0);
    exo_unbind((uint64_t)kept->page[0], PAGES);
    exo_drop(0, kept->frame, PAGES);
    kept_number_free(kept, VOLUME_KEEPER);
}

/* The frame with the volume's root is filled anew. */
void kept_show(struct kept *kept, uint32_t volume) {
    if (!kept->root[volume] && exo_alloc(0, &kept->root[volume], 1) < 0)
        kept->root[volume] = 0;
    if (kept->root[volume] && exo_bind(VOLUME_WINDOW, kept->root[volume], VOLUME_RIGHTS) >= 0) {
        memset((void *)VOLUME_WINDOW, 0, EXO_PAGE);
        volume_root_read(&kept->keeper, volume, (uint8_t *)VOLUME_WINDOW);
        exo_unbind(VOLUME_WINDOW, 1);
    }
}

void volumes_open(uint32_t disk, bool memory) {
    struct kept *kept = &kept_disks[disk];
    long error = keeper_open(kept, disk);
    int fault = error ? VOLUME_IO : volume_scan(&kept->keeper, &kept->device, kept->owner);

    if (error)
        exo_printf("disk %u: %s\n", disk, exo_error_name(error));
    else if (fault && fault != VOLUME_MAGIC)
        exo_printf("disk %u: no volumes: %s\n", disk, volume_words(fault));
    kept->memory = memory;
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
            kept_show(kept, i);
    kept_list();
}

struct kept *kept_ranked(uint32_t rank) {
    uint32_t lasting = 0;

    for (uint32_t i = 0; i < EXO_DISKS; i++)
        lasting += !kept_disks[i].memory;
    for (uint32_t i = 0, before = rank < lasting ? rank : rank - lasting;; i++)
        if (kept_disks[i].memory == (rank >= lasting) && !before--)
            return &kept_disks[i];
}

/* By its name, on whichever disk: then *disk is that; or 0. */
uint32_t kept_find(const char *name, struct kept **disk) {
    for (uint32_t rank = 0; rank < EXO_DISKS; rank++) {
        *disk = kept_ranked(rank);
        for (uint32_t i = 1; (*disk)->live && i <= VOLUME_MOST; i++) {
            const struct volume_entry *entry =
                volume_catalogue_entry(&(*disk)->keeper.catalogue, i);

            if (entry && !exo_strcmp(entry->name, name))
                return i;
        }
    }
    return 0;
}

static long kept_grant(struct kept *kept, uint32_t volume, exo_domain_t to, uint64_t rights) {
    uint32_t share = kept->keeper.catalogue.entry[volume - 1].share, number;
    long error;

    if (!(number = kept_number(kept, volume)))
        return EXO_E_FULL;
    do
        error = exo_volume_grant(number, kept_disk(kept), to, rights,
                                 share < SHARE_MOST ? share : SHARE_MOST);
    while (again(error));
    return error;
}

/* The main environment gives volumes out, and the gate's does that and changes them: not both at
 * once. */
static uint32_t changing;

void kept_begin(void) {
    while (__atomic_exchange_n(&changing, 1, __ATOMIC_ACQUIRE))
        exo_sleep_ns(1000000);
}

void kept_end(void) {
    kept_list();
    __atomic_store_n(&changing, 0, __ATOMIC_RELEASE);
}

long kept_copy(uint64_t frame, void *to, const void *from) {
    long error = exo_bind(VOLUME_WINDOW, frame, VOLUME_RIGHTS);

    if (error < 0)
        return error;
    memcpy(to ? to : (void *)VOLUME_WINDOW, from ? from : (void *)VOLUME_WINDOW, VOLUME_PAYLOAD);
    exo_unbind(VOLUME_WINDOW, 1);
    return 0;
}

/* Each holder gets a frame of his own: what those before him may still see shows him nothing. */
static long root_give(struct kept *kept, uint32_t volume, exo_domain_t to) {
    static uint8_t payload[VOLUME_PAYLOAD]; /* on its way from frame to frame */
    uint64_t *shown = &kept->shown[volume];
    long error;

    if (*shown)
        exo_drop(0, shown, 1);
    *shown = EXO_ANY;
    error = exo_alloc(0, shown, 1);
    if (error) {
        *shown = 0;
        return error;
    }
    error = kept_copy(kept->root[volume], payload, NULL);
    if (!error)
        error = kept_copy(*shown, NULL, payload);
    return error ? error : exo_hold_share(0, to, shown, 1, EXO_R | EXO_W);
}

bool volume_is_there(const char *name) {
    struct kept *kept;
    uint32_t volume = kept_find(name, &kept);

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

static long give(const char *name, exo_domain_t to, uint64_t *root) {
    struct kept *kept;
    uint32_t volume;
    long error;

    if (!volume_is_there(name))
        return EXO_E_HANDLE;
    volume = kept_find(name, &kept);
    if (exo_volumes()[kept_number(kept, volume)].domain)
        return EXO_E_BUSY;
    error = quota(to, kept->keeper.volume[volume].units);
    if (!error)
        error = kept_grant(kept, volume, to, kept_rights(kept));
    if (!error)
        error = root_give(kept, volume, to);
    *root = kept->shown[volume];
    return error < 0 ? error : kept->number[volume];
}

long volume_give(const char *name, exo_domain_t to, uint64_t *root) {
    long number;

    kept_begin();
    number = give(name, to, root);
    kept_end();
    return number;
}

void volumes_add(uint32_t disk) {
    if (kept_disks[disk].live)
        return;
    kept_begin();
    volumes_open(disk, false);
    if (kept_disks[disk].live)
        volumes_bind(gate_env());
    kept_end();
}
