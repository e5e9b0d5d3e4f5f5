/* volume_torn.c - of two changes cut in the middle no third is made: not of the catalogue, nor of a
 * hostile owner's roots whose sums agree */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/volume/catalogue.c libexos/volume/root.c libexos/volume/owns.c */
/* sources: libexos/volume/keeper.c libexos/volume/scan.c libexos/volume/map.c */
/* sources: libexos/edge/crc32c.c kernel/ebpf/run.c kernel/ebpf/verify.c */
/* cflags: -DEBPF_LOOPS */
#include "tests/host/tap.h"
#include "tests/host/volume_disk.h"

/* Entries of volumes v stand in sector v / 8 of the catalogue. */
enum { VOLUMES = 23, LAST = 23 /* sector 2 */, KEPT = 9 /* sector 1 */, FIRST = 5 /* sector 0 */ };
enum { UNIT = 40, LIMIT = 8 };
enum { HALF = VOLUME_PAYLOAD / 2 /* four sectors */, WORDS = HALF / 8 };

static struct volume_keeper keeper;
static uint8_t owner[DISK_UNITS];

/* The power fails, and of what was not flushed these sectors are there. */
static void cut(uint32_t sectors) {
    for (uint32_t i = 0; i < disk.pendings; i++)
        for (uint32_t k = 0; k < VOLUME_SECTORS; k++)
            if (sectors >> k & 1)
                memcpy(disk.block[disk.pending[i].block] + k * 512, disk.pending[i].bytes + k * 512,
                       512);
    disk.pendings = 0;
    disk_back();
}

static int install(uint32_t volume, const uint8_t *payload) {
    int error = volume_ask(&keeper, volume, payload);

    fill(volume);
    return error ? error : volume_install(&keeper, volume, payload);
}

static void catalogues(void) {
    struct volume_map map;
    int bad;

    disk_back();
    bad = volume_format(&keeper, &device, (const uint8_t *)"0123456789abcdef") ||
          volume_scan(&keeper, &device, owner);
    for (uint32_t i = 1; i <= VOLUMES; i++) {
        char name[] = {(char)('a' + i), 0};

        bad |= create(&keeper, name, i, LIMIT) != (int)i;
    }
    volume_map_make(&map);
    volume_map_grow(&map, UNIT, 2);
    ok(!bad && !install(KEPT, (uint8_t *)&map), "many volumes, one with units");
    ok(!volume_destroy(&keeper, LAST), "one ends: the copy of before still has it");
    disk.left = 2;
    ok(volume_destroy(&keeper, KEPT) == VOLUME_IO, "another ends, and the power fails");
    cut(1 << 0 | 1 << 1);
    ok(!volume_scan(&keeper, &device, owner) && owner[UNIT] == KEPT,
       "with all of that written but the end before, it is there");
    disk.left = 2;
    ok(volume_destroy(&keeper, FIRST) == VOLUME_IO, "a third ends, and the power fails again");
    cut(1 << 2);
    ok(!volume_scan(&keeper, &device, owner) && owner[UNIT] == KEPT && owner[UNIT + 1] == KEPT &&
           volume_catalogue_entry(&keeper.catalogue, KEPT),
       "with what the first write lacked: it is there, and has its units");
    ok(volume_catalogue_entry(&keeper.catalogue, FIRST) &&
           !volume_catalogue_entry(&keeper.catalogue, LAST) && !keeper.frozen,
       "and so are the others as they were");
}

/* root.c's sum goes from word to word by steps that can be gone back. */
static const uint64_t factor = 0x9e3779b97f4a7c15ull;

static uint64_t fold(uint64_t sum) { return sum ^ sum >> 32; }

static uint64_t sum_over(uint64_t sum, const uint8_t *half) {
    uint64_t word;

    for (uint32_t i = 0; i < WORDS; i++) {
        memcpy(&word, half + i * sizeof(word), sizeof(word));
        sum = fold((sum ^ word) * factor);
    }
    return sum;
}

/* Makes the half's last word such that it leads from `sum` to `aim`. */
static void lead(uint8_t *half, uint64_t sum, uint64_t aim) {
    uint64_t inverse = factor, word, zero = 0;

    for (int i = 0; i < 6; i++)
        inverse *= 2 - factor * inverse;
    memcpy(half + HALF - sizeof(zero), &zero, sizeof(zero));
    /* The last step of sum_over, with a word of zero, undone: the state before it. */
    word = fold(sum_over(sum, half)) * inverse ^ fold(aim) * inverse;
    memcpy(half + HALF - sizeof(word), &word, sizeof(word));
}

/* Extents in the first half, their order in the second: no order fits the other's extents. */
static void roots(void) {
    union {
        struct volume_map map;
        uint8_t bytes[VOLUME_PAYLOAD];
    } rising, falling, mixed;
    struct volume_root *root = (void *)disk.block[volume_code_block(1) + 2];
    struct volume_root both;
    uint64_t sum, sequence, id = 11;
    int bad;

    disk_back();
    bad = volume_format(&keeper, &device, (const uint8_t *)"0123456789abcdef") ||
          volume_scan(&keeper, &device, owner);
    ok(!bad && create(&keeper, "hostile", id, LIMIT) == 1 && create(&keeper, "b", 12, LIMIT) == 2,
       "a hostile volume, and another");
    volume_map_make(&rising.map);
    volume_map_grow(&rising.map, 10, 1);
    volume_map_grow(&rising.map, 20, 1);
    volume_map_make(&falling.map);
    volume_map_grow(&falling.map, 20, 1);
    volume_map_grow(&falling.map, 10, 1);
    /* The root that a crash cuts is the volume's second: its first has number 1. */
    sequence = 2;
    sum = sum_over(id ^ sequence, rising.bytes);
    lead(falling.bytes, id ^ sequence, sum);
    lead(falling.bytes + HALF, sum, sum_over(sum, rising.bytes + HALF));
    mixed = rising;
    memcpy(mixed.bytes + HALF, falling.bytes + HALF, HALF);
    volume_root_seal(&both, rising.bytes, id, sequence);
    sum = both.sector[0].sum;
    volume_root_seal(&both, falling.bytes, id, sequence);
    bad = both.sector[0].sum != sum;
    volume_root_seal(&both, mixed.bytes, id, sequence);
    ok(!bad && both.sector[0].sum == sum, "two roots and their mix that have one sum");
    ok(volume_map_sound(&rising.map) && volume_map_sound(&falling.map) &&
           !volume_map_sound(&mixed.map),
       "the two are sound, and the mix is not");
    bad = volume_ask(&keeper, 1, rising.bytes);
    fill(1);
    disk.left = 3;
    ok(!bad && volume_install(&keeper, 1, rising.bytes) == VOLUME_IO, "one is cut by a crash");
    cut(0x0f);
    ok(root->sector[3].sequence == sequence && root->sector[4].sequence != sequence &&
           !volume_scan(&keeper, &device, owner) && !owner[10],
       "half of it is there: the first root holds");
    bad = volume_ask(&keeper, 1, falling.bytes);
    fill(1);
    disk.left = 3;
    ok(!bad && volume_install(&keeper, 1, falling.bytes) == VOLUME_IO, "so is the other");
    cut(0xf0);
    ok(root->sector[4].sequence > sequence && root->sector[3].sequence == sequence,
       "its half has another number");
    ok(!volume_scan(&keeper, &device, owner) && !disk.quarantines && !keeper.frozen,
       "so nobody is set aside");
    ok(!install(1, rising.bytes) && owner[10] == 1 && owner[20] == 1 &&
           root->sector[0].sequence == sequence + 2,
       "and the next root holds, with a number of its own");
}

int main(void) {
    catalogues();
    roots();
    return done();
}
