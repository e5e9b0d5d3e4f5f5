/* change.c - volumes are made, grown and ended, and their holders change roots */
/* SPDX-License-Identifier: MIT */
#include "kept.h"
#include "libexos/files/holder.h"
#include "libexos/volume/map.h"
#include "map.bpf.h"

enum { SHARE = 100 };
#define MAP_CODE ((const struct ebpf_instruction *)volume_map_owns)

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

/* All sectors of the map's units from that logical one on are written. Each belongs to the keeper
 * meanwhile, so that init needs no more units than one of its own. */
static long fill(struct kept *kept, uint32_t volume, const struct volume_map *map, uint64_t from) {
    uint32_t step = exo_facts()->disk[kept_disk(kept)].most * (EXO_PAGE / 512), run = 1, unit;
    long error = 0, back;

    for (; !error && (unit = volume_map_find(map, from, &run)) != 0; from++) {
        if ((error = kept_move(kept, unit, 1, volume, VOLUME_KEEPER, 0)))
            break;
        for (uint32_t at = 0; at < EXO_UNIT && !error; at += step)
            error =
                kept_do(kept, &kept->queue, EXO_DISK_ZERO, (uint64_t)unit * EXO_UNIT + at, step);
        back = kept_move(kept, unit, 1, VOLUME_KEEPER, volume, !error);
        error = error ? error : back;
    }
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
    uint32_t volume = kept_find(name, &kept), number = volume ? kept_number(kept, volume) : 0;
    uint64_t old;
    long error;

    if (!volume)
        return EXO_E_HANDLE;
    if (!number)
        return EXO_E_FULL;
    if (!(kept_rights(kept) & EXO_W))
        return EXO_E_RIGHT;
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
    error = fill(kept, volume, &map, old);
    if (!error)
        error = answer_of(volume_install(&kept->keeper, volume, (const uint8_t *)&map));
    kept_show(kept, volume);
    return error;
}

static long volume_end(const char *name) {
    struct kept *kept;
    uint32_t volume = kept_find(name, &kept);
    long error;

    if (!volume)
        return EXO_E_HANDLE;
    if (!(kept_rights(kept) & EXO_W))
        return EXO_E_RIGHT;
    if (kept->number[volume] && exo_volumes()[kept->number[volume]].domain)
        return EXO_E_BUSY;
    error = answer_of(volume_destroy(&kept->keeper, volume));
    if (!error && kept->number[volume])
        kept_number_free(kept, volume);
    return error;
}

static long volume_make(const char *name, uint64_t units) {
    struct volume_entry entry = {.share = SHARE, .code_length = volume_map_owns_count};
    struct volume_map map;
    struct kept *kept = NULL;
    long error;

    for (uint32_t rank = 0; rank < EXO_DISKS && !kept; rank++) {
        kept = kept_ranked(rank);
        if (!kept->live || !(kept_rights(kept) & EXO_W) || kept_units(kept, VOLUME_FREE) < units)
            kept = NULL;
    }
    if (kept_find(name, &(struct kept *){NULL}))
        return EXO_E_BUSY;
    if (!kept)
        return EXO_E_FULL;
    entry.limit = kept->device.units - 1;
    /* One that this disk did not have before: no two volumes begin at one count of its catalogue.
     */
    memcpy(&entry.id, kept->keeper.catalogue.uuid, sizeof entry.id);
    entry.id ^= kept->keeper.catalogue.sequence << 20 ^ exo_time();
    exo_strlcpy(entry.name, name, sizeof entry.name);
    volume_map_make(&map);
    error = volume_create(&kept->keeper, &entry, MAP_CODE, (const uint8_t *)&map);
    if (error < 0)
        return answer_of((int)error);
    error = volume_grow(name, units);
    if (error)
        volume_end(name);
    return error;
}

/* Another program and the root that goes with it, of a volume that has no units: it ends, and there
 * is one of its name anew. */
static int volume_renew(struct kept *kept, uint32_t volume, const struct holder_code *code,
                        const uint8_t *payload) {
    struct volume_entry entry = kept->keeper.catalogue.entry[volume - 1];
    uint8_t number = kept->number[volume];
    uint64_t root = kept->root[volume], shown = kept->shown[volume];
    int error =
        kept->keeper.volume[volume].units ? VOLUME_UNASKED : volume_destroy(&kept->keeper, volume);

    if (error)
        return error;
    kept->number[volume] = 0;
    kept->root[volume] = kept->shown[volume] = 0;
    entry.code_length = code->count;
    entry.id++; /* roots of the one before are not this one's */
    error = volume_create(&kept->keeper, &entry, code->code, payload);
    if (error < 0) { /* nobody asked for its end alone */
        struct volume_map map;

        volume_map_make(&map);
        entry.code_length = volume_map_owns_count;
        volume = (uint32_t)volume_create(&kept->keeper, &entry, MAP_CODE, (const uint8_t *)&map);
    } else {
        volume = (uint32_t)error;
    }
    if (volume > VOLUME_MOST)
        return VOLUME_IO;
    kept->number[volume] = number;
    kept->root[volume] = root;
    kept->shown[volume] = shown;
    return error < 0 ? error : 0;
}

/* By the kernel's number, of one that this domain slot holds; or 0. */
static uint32_t volume_held(uint64_t number, uint32_t holder, struct kept **disk) {
    if (!number || number >= EXO_VOLUMES || exo_volumes()[number].domain != holder)
        return 0;
    *disk = &kept_disks[exo_volumes()[number].disk];
    for (uint32_t i = 1; i <= VOLUME_MOST; i++)
        if ((*disk)->number[i] == number)
            return i;
    return 0;
}

static long propose(uint64_t call, uint64_t number, uint32_t holder) {
    static union {
        struct holder_code code;
        uint8_t payload[VOLUME_PAYLOAD];
    } seen;
    static struct holder_code code; /* of the last who proposed one */
    static uint32_t coder;
    struct kept *kept;
    uint32_t volume = volume_held(number, holder, &kept);
    int error = 0;

    if (!volume || kept_copy(kept->shown[volume], &seen, NULL) < 0)
        return volume ? EXO_E_TABLES : EXO_E_RIGHT;
    if (call == HOLDER_CODE) {
        code = seen.code;
        coder = holder;
    } else if (call == HOLDER_RENEW) {
        error = coder == holder ? volume_renew(kept, volume, &code, seen.payload) : VOLUME_NONSENSE;
    } else {
        error = call == HOLDER_ASK ? volume_ask(&kept->keeper, volume, seen.payload)
                                   : volume_install(&kept->keeper, volume, seen.payload);
    }
    if (!error && (call == HOLDER_INSTALL || call == HOLDER_RENEW))
        kept_copy(kept->root[volume_held(number, holder, &kept)], NULL, seen.payload);
    return answer_of(error);
}

long volume_propose(uint64_t call, uint64_t number, uint32_t holder) {
    long error;

    kept_begin();
    error = propose(call, number, holder);
    kept_end();
    return error;
}

long volume_change(uint64_t call, const char *name, uint64_t units) {
    long error;

    kept_begin();
    error = call == STEWARD_VOLUME_MAKE   ? volume_make(name, units)
            : call == STEWARD_VOLUME_GROW ? volume_grow(name, units)
                                          : volume_end(name);
    kept_end();
    return error;
}
