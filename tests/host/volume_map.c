/* volume_map.c - a map's program emits exactly what the map names, and refuses what is none;
 * hostile catalogues and roots are refused or sound */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/volume/catalogue.c libexos/volume/root.c libexos/volume/owns.c */
/* sources: libexos/volume/keeper.c libexos/volume/scan.c libexos/volume/map.c */
/* sources: libexos/edge/crc32c.c kernel/ebpf/run.c kernel/ebpf/verify.c */
/* cflags: -DEBPF_LOOPS */
#include "libexos/edge/crc32c.h"
#include "tests/host/tap.h"
#include "tests/host/volume_disk.h"

enum { SPACE = 4096, MAPS = 3000, HOSTILE = 4000 };

static uint8_t emitted[SPACE];
static uint64_t emits, past;

static int emit(void *context, uint64_t start, uint64_t length) {
    (void)context;
    emits++;
    past |= start + length > SPACE || start + length < start;
    for (uint64_t i = start; !past && i < start + length; i++)
        emitted[i]++;
    return past != 0;
}

/* 0: the program holds it for sound; *steps: what it took. */
static int owns(const struct volume_map *map, uint64_t *steps) {
    struct ebpf_machine machine = {.region = {{(void *)(uintptr_t)map, sizeof(*map), 0}},
                                   .argument = {1ull << 32, sizeof(*map)},
                                   .steps = VOLUME_STEPS,
                                   .emit = emit};
    uint64_t result = 0;
    int ends;

    memset(emitted, 0, sizeof(emitted));
    emits = past = 0;
    ends = ebpf_run(map_code, &machine, &result);
    *steps = VOLUME_STEPS - machine.steps;
    return ends || result;
}

/* A map and the units of its flat row, as an array. */
static const char *one_map(uint64_t *most) {
    struct volume_map map;
    uint32_t row[SPACE], units = 0, run;
    uint8_t has[SPACE] = {0};
    uint64_t steps;

    volume_map_make(&map);
    for (uint32_t i = chance(1500); i; i--) {
        uint32_t start = chance(SPACE), length = chance(4), taken = !start || !length;

        if (!chance(30)) {
            uint32_t less = chance(8);

            if (volume_map_shrink(&map, less) != (less > units ? -1 : 0))
                return "it shrank wrongly";
            for (; less <= units && less; less--)
                has[row[--units]] = 0;
            continue;
        }
        if (start + length > SPACE)
            continue;
        for (uint32_t k = start; k < start + length; k++)
            taken |= has[k];
        if (volume_map_grow(&map, start, length)) {
            if (!taken && map.count < VOLUME_MAP_EXTENTS)
                return "it did not grow";
            continue;
        }
        if (taken)
            return "it has a unit twice";
        for (uint32_t k = start; k < start + length; k++, units++) {
            has[k] = 1;
            row[units] = k;
        }
    }
    if (!volume_map_sound(&map) || volume_map_units(&map) != units)
        return "another number of units";
    for (uint32_t i = 0; i < units; i++)
        if (volume_map_find(&map, i, &run) != row[i] || (run > 1 && row[i + 1] != row[i] + 1))
            return "a logical unit stands elsewhere";
    if (volume_map_find(&map, units, &run))
        return "a unit beyond the end";
    if (owns(&map, &steps) || memcmp(has, emitted, SPACE) || emits != map.count)
        return "the program emits something else";
    *most = steps > *most ? steps : *most;
    /* Spoilt anywhere in what counts, it is refused, or still sound and emitted once. */
    for (int i = 0; i < 20; i++) {
        struct volume_map bad = map;
        uint32_t bytes = chance(2) || !map.count ? 16 + 8 * map.count : sizeof(bad);
        int twice = 0, refused;

        ((uint8_t *)&bad)[chance(bytes)] ^= (uint8_t)(1 << chance(8));
        refused = owns(&bad, &steps);
        for (uint32_t k = 0; k < SPACE; k++)
            twice |= emitted[k] > 1;
        if (twice)
            return "a unit was emitted twice";
        if (!past && refused == volume_map_sound(&bad))
            return "map and program differ about what is sound";
    }
    return NULL;
}

static void maps(void) {
    const char *wrong = NULL;
    uint64_t most = 0, steps;
    struct volume_map map;

    for (int i = 0; i < MAPS && !wrong; i++)
        wrong = one_map(&most);
    ok(!wrong, wrong ? wrong : "programs emit what random maps name, and refuse spoilt ones");
    volume_map_make(&map);
    for (uint32_t i = 0; i < VOLUME_MAP_EXTENTS; i++)
        volume_map_grow(&map, SPACE - 2 - 2 * i, 1);
    ok(map.count == VOLUME_MAP_EXTENTS && volume_map_grow(&map, 1, 1), "a map may be full");
    ok(!owns(&map, &steps) && emits == VOLUME_MAP_EXTENTS && steps < VOLUME_STEPS,
       "the fullest map is within the steps");
    printf("# %llu steps of %d\n", (unsigned long long)steps, VOLUME_STEPS);
}

/* A catalogue with changed bytes, its sum mended more often than not. */
static void hostile(void) {
    static struct volume_keeper keeper;
    static uint8_t owner[DISK_UNITS], before[DISK_BLOCKS][VOLUME_BLOCK];
    struct volume_catalogue catalogue;
    struct volume_map map;
    uint32_t scans = 0, refused = 0, aside = 0, bad = 0;

    disk_back();
    volume_format(&keeper, &device, (const uint8_t *)"0123456789abcdef");
    volume_scan(&keeper, &device, owner);
    for (uint32_t i = 1; i < 8; i++) {
        char name[] = {(char)('a' + i), 0};

        create(&keeper, name, i, 10);
        volume_map_make(&map);
        volume_map_grow(&map, 10 * i, 5);
        volume_map_grow(&map, 10 * i + 6, 3);
        bad |= volume_ask(&keeper, i, (uint8_t *)&map) != 0;
        fill(i);
        bad |= volume_install(&keeper, i, (uint8_t *)&map) != 0;
    }
    ok(!bad, "seven volumes");
    memcpy(before, disk.block, sizeof(before));
    for (int i = 0; i < HOSTILE && !bad; i++) {
        uint32_t volume = 1 + chance(7), at = volume_code_block(volume), n = 1 + chance(4);

        memcpy(disk.block, before, sizeof(before));
        disk_back();
        memcpy(&catalogue, disk.block[VOLUME_CATALOGUE + chance(2)], VOLUME_BLOCK);
        switch (chance(3)) {
        case 0: /* the catalogue, sealed again */
            while (n--)
                ((uint8_t *)&catalogue)[chance(64 + 64 * 8)] ^= (uint8_t)(1 << chance(8));
            if (chance(8))
                volume_catalogue_seal(&catalogue);
            memcpy(disk.block[VOLUME_CATALOGUE], &catalogue, VOLUME_BLOCK);
            memcpy(disk.block[VOLUME_CATALOGUE + 1], &catalogue, VOLUME_BLOCK);
            break;
        case 1: { /* a root that its owner never installed, but with a stamp */
            struct volume_root root;
            uint32_t slot = chance(2);

            volume_map_make(&map);
            volume_map_grow(&map, 10 * volume, 5);
            while (n--)
                ((uint8_t *)&map)[chance(40)] ^= (uint8_t)(1 << chance(8));
            volume_root_seal(&root, (uint8_t *)&map, volume, 5 + chance(20));
            memcpy(disk.block[at + 1 + slot], &root, VOLUME_BLOCK);
            break;
        }
        default: { /* a program with another sum; what the verifier lets pass then runs */
            while (n--)
                disk.block[at][chance(8 * (uint32_t)volume_map_owns_count)] ^=
                    (uint8_t)(1 << chance(8));
            for (uint32_t k = 0; k < 2; k++) {
                struct volume_catalogue *copy = (void *)disk.block[VOLUME_CATALOGUE + k];

                copy->entry[volume - 1].code_crc =
                    exo_crc32c(0, disk.block[at], 8 * (uint32_t)volume_map_owns_count);
                volume_catalogue_seal(copy);
            }
        }
        }
        scans++;
        if (volume_scan(&keeper, &device, owner)) {
            refused++;
            continue;
        }
        aside += disk.quarantines != 0;
        bad |= (disk.quarantines != 0) != keeper.frozen;
        bad |= disk.wrong || memcmp(owner + 1, disk.owner + 1, DISK_UNITS - 1);
        /* What is sound goes on, and takes from nobody. */
        volume_map_make(&map);
        volume_map_grow(&map, 10 * volume, 5);
        volume_map_grow(&map, 85, 1);
        if (!volume_ask(&keeper, volume, (uint8_t *)&map)) {
            fill(volume);
            bad |= keeper.frozen && disk.owner[85] == volume;
            bad |= volume_install(&keeper, volume, (uint8_t *)&map) != 0;
        }
        bad |= disk.wrong || memcmp(owner + 1, disk.owner + 1, DISK_UNITS - 1);
    }
    printf("# %u hostile disks: %u refused, %u with volumes set aside\n", scans, refused, aside);
    ok(!bad, "hostile disks do no harm");
    ok(refused > 100 && aside > 100 && scans - refused - aside > 100, "all three ends were seen");
}

int main(void) {
    ok(exo_crc32c(0, "123456789", 9) == 0xe3069283, "CRC32C has its known value");
    maps();
    hostile();
    return done();
}
