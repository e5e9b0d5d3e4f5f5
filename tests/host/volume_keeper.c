/* volume_keeper.c - whenever the power fails, the scan finds the old or the new owners, all of them
 * sound; refusals change nothing */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/volume/catalogue.c libexos/volume/root.c libexos/volume/owns.c */
/* sources: libexos/volume/keeper.c libexos/volume/scan.c libexos/volume/map.c */
/* sources: libexos/edge/crc32c.c kernel/ebpf/run.c kernel/ebpf/verify.c */
/* cflags: -DEBPF_LOOPS */
#include "tests/host/tap.h"
#include "tests/host/volume_disk.h"

enum { ROUNDS = 30000, LIMIT = 30 };
/* More than have their entries in the sector of the catalogue's sum. */
enum { VOLUMES = 14 };

static struct volume_keeper keeper;
static uint8_t owner[DISK_UNITS];
static uint32_t changes, crashes, olds, news, lives, deaths;

/* Which units the roots name, by the keeper's table right after a scan. */
static const char *rescan(uint8_t *found) {
    disk_back();
    /* The power may fail again while the scan mends. */
    disk.left = 1 + chance(2);
    if (volume_scan(&keeper, &device, owner)) {
        disk_back();
        if (volume_scan(&keeper, &device, owner))
            return "the scan failed";
    }
    disk.left = DISK_LASTS;
    if (disk.quarantines || keeper.frozen)
        return "a volume was set aside";
    memcpy(found, owner, DISK_UNITS);
    return memcmp(owner + 1, disk.owner + 1, DISK_UNITS - 1) ? "the kernel knows other owners"
                                                             : NULL;
}

/* The map, grown and shrunk at random. */
static void change(struct volume_map *map) {
    uint64_t units = volume_map_units(map);

    if (chance(2) && units)
        volume_map_shrink(map, 1 + chance((uint32_t)units));
    for (uint32_t i = chance(6); i; i--)
        volume_map_grow(map, 1 + chance(DISK_UNITS), 1 + chance(4));
}

static void named(uint8_t *set, const struct volume_map *map, uint32_t volume) {
    for (uint32_t i = 0; i < DISK_UNITS; i++)
        if (set[i] == volume)
            set[i] = 0;
    for (uint32_t i = 0; i < map->count; i++)
        memset(set + map->extent[i].start, (int)volume, map->extent[i].length);
}

/* One change, perhaps cut short; `before` is what roots name, and becomes what they name. */
static const char *one(uint8_t *before) {
    uint8_t after[DISK_UNITS], found[DISK_UNITS], was[DISK_UNITS], refused[DISK_UNITS];
    uint32_t volume = 1 + chance(VOLUMES), written[DISK_UNITS];
    const struct volume_entry *entry = volume_catalogue_entry(&keeper.catalogue, volume);
    struct volume_map map;
    const char *wrong;
    int answer;

    memcpy(after, before, DISK_UNITS);
    disk.left = chance(2) ? 1 + chance(8) : DISK_LASTS;
    if (!entry) {
        char name[2] = {(char)('a' + volume)};

        answer = create(&keeper, name, chance(1 << 30) + 1ull, LIMIT);
        lives++;
    } else if (!chance(20)) {
        for (uint32_t i = 0; i < DISK_UNITS; i++)
            if (after[i] == volume)
                after[i] = 0;
        answer = volume_destroy(&keeper, volume);
        deaths++;
    } else {
        if (volume_root_read(&keeper, volume, (uint8_t *)&map))
            return "the root is not readable";
        change(&map);
        memcpy(refused, owner, DISK_UNITS);
        answer = volume_ask(&keeper, volume, (const uint8_t *)&map);
        if (answer && answer != VOLUME_MOVE && memcmp(refused, owner, DISK_UNITS))
            return "a refusal changed an owner";
        if (!answer) {
            memcpy(refused, owner, DISK_UNITS);
            fill(volume);
            if (map.count && !chance(8)) {
                disk.written[map.extent[0].start]--;
                if (volume_install(&keeper, volume, (const uint8_t *)&map) != VOLUME_UNWRITTEN ||
                    memcmp(refused, owner, DISK_UNITS))
                    return "a root was installed that names what was not written";
                fill(volume);
            }
            named(after, &map, volume);
            answer = volume_install(&keeper, volume, (const uint8_t *)&map);
        }
    }
    changes++;
    if (disk.wrong)
        return "units were moved from who does not have them";
    for (uint32_t i = 1; i < DISK_UNITS; i++)
        if (owner[i] & VOLUME_NAMED || owner[i] != disk.owner[i])
            return "the kernel and the keeper differ";
    if (disk.left && chance(4)) {
        if (answer >= 0)
            memcpy(before, after, DISK_UNITS);
        return NULL;
    }
    crashes++;
    memcpy(was, disk.owner, DISK_UNITS);
    memcpy(written, disk.written, sizeof(written));
    wrong = rescan(found);
    if (wrong)
        return wrong;
    for (uint32_t i = 1; i < DISK_UNITS; i++)
        if (found[i] && (found[i] != was[i] || written[i] != VOLUME_UNIT_SECTORS))
            return "the disk named a unit that was free, another's or not written";
    found[0] = 0;
    if (!memcmp(found, after, DISK_UNITS))
        news++;
    else if (!memcmp(found, before, DISK_UNITS) && answer)
        olds++;
    else
        return "neither the old owners nor the new";
    memcpy(before, found, DISK_UNITS);
    return NULL;
}

static void model(void) {
    uint8_t before[DISK_UNITS] = {0};
    const char *wrong = NULL;

    for (int i = 0; i < ROUNDS && !wrong; i++)
        wrong = one(before);
    printf("# %u changes, %u cut short: %u old, %u new; %u created, %u destroyed\n", changes,
           crashes, olds, news, lives, deaths);
    ok(!wrong, wrong ? wrong : "after each crash the owners are the old or the new ones");
    ok(olds > 100 && news > 100 && deaths > 100, "crashes fell on both sides");
}

static void refusals(void) {
    struct volume_map map, other;
    uint8_t found[DISK_UNITS];
    int a, b;

    disk_back();
    ok(!volume_format(&keeper, &device, (const uint8_t *)"0123456789abcdef") && !rescan(found),
       "a new disk is empty");
    a = create(&keeper, "a", 11, 4);
    b = create(&keeper, "b", 12, 4);
    ok(a == 1 && b == 2, "two volumes");
    ok(create(&keeper, "a", 13, 4) == VOLUME_TAKEN && create(&keeper, "c", 11, 4) == VOLUME_TAKEN,
       "names and ids are nobody else's");
    ok(create(&keeper, "a b", 13, 4) == VOLUME_NONSENSE, "a name is one word");
    volume_map_make(&map);
    volume_map_grow(&map, 5, 4);
    ok(volume_install(&keeper, 1, (uint8_t *)&map) == VOLUME_UNASKED, "units must be asked for");
    ok(!volume_ask(&keeper, 1, (uint8_t *)&map), "four units");
    other = map;
    ok(volume_ask(&keeper, 2, (uint8_t *)&other) == VOLUME_CONFLICT, "another's are refused");
    fill(1);
    ok(!volume_install(&keeper, 1, (uint8_t *)&map), "the root holds");
    volume_map_grow(&map, 20, 1);
    ok(volume_ask(&keeper, 1, (uint8_t *)&map) == VOLUME_LIMIT, "not beyond the limit");
    other.count = 500;
    ok(volume_ask(&keeper, 2, (uint8_t *)&other) == VOLUME_CODE_FAILED, "a root must be sound");
    volume_map_make(&other);
    volume_map_grow(&other, DISK_UNITS - 1, 2);
    ok(volume_ask(&keeper, 2, (uint8_t *)&other) == VOLUME_EXTENT, "the disk has an end");
    ok(volume_ask(&keeper, 3, (uint8_t *)&map) == VOLUME_NUMBER, "there is no third");
    ok(volume_ask(&keeper, 64, (uint8_t *)&map) == VOLUME_NUMBER, "nor a 64th");
}

/* The root of a volume becomes a copy of what the other's says: both are set aside. */
static void contention(void) {
    struct volume_map map;
    uint8_t found[DISK_UNITS];
    struct volume_root root;

    volume_root_read(&keeper, 1, (uint8_t *)&map);
    volume_root_seal(&root, (const uint8_t *)&map, 12, 9);
    memcpy(disk.block[volume_code_block(2) + 2], &root, VOLUME_BLOCK);
    ok(rescan(found) && disk.quarantines == 2 && disk.last == VOLUME_CONFLICT,
       "who contends is set aside");
    ok(volume_ask(&keeper, 1, (uint8_t *)&map) == VOLUME_QUARANTINED, "and answered so");
    ok(create(&keeper, "c", 14, 4) == 3, "others may still come");
    volume_map_make(&map);
    volume_map_grow(&map, 30, 1);
    ok(volume_ask(&keeper, 3, (uint8_t *)&map) == VOLUME_FROZEN, "but nobody gets a unit");
    ok(!volume_destroy(&keeper, 2) && !rescan(found), "without the one all is well again");
    ok(found[5] == 1 && !volume_ask(&keeper, 3, (uint8_t *)&map), "and units are given again");
    /* Both roots gone, then the program. */
    memset(disk.block[volume_code_block(1) + 1], 0, 2 * VOLUME_BLOCK);
    ok(rescan(found) && disk.last == VOLUME_DAMAGED, "no root is sound");
    ok(!volume_destroy(&keeper, 1) && !rescan(found), "that volume ends");
    disk.block[volume_code_block(3)][8] ^= 1;
    ok(rescan(found) && disk.last == VOLUME_DAMAGED, "a changed program does not run");
}

int main(void) {
    refusals();
    contention();
    disk_back();
    volume_format(&keeper, &device, (const uint8_t *)"0123456789abcdef");
    volume_scan(&keeper, &device, owner);
    model();
    return done();
}
