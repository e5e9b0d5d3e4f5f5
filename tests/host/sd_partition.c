/* sd_partition.c - which part of a card is the disk: by its GPT, sound, spoilt or hostile */
/* SPDX-License-Identifier: MIT */
/* sources: userland/sd/partition.c */
#include "userland/sd/partition.h"
#include <stdint.h>
#include <string.h>
#include "tap.h"

enum { SECTORS = 600000, SECTOR = 512, HEAD = 34, COUNT = 128, ENTRY = 128, FLIPS = 2000 };

static uint8_t head[HEAD * SECTOR], tail[33 * SECTOR]; /* of the card; all else is zeros */
static uint8_t catalogue[SECTOR];
static uint32_t reads, fails_at;
static uint64_t beyond;
static struct partition found;

static int read(void *context, uint64_t sector, uint8_t *to) {
    (void)context;
    memset(to, 0, SECTOR);
    reads++;
    if (fails_at && reads == fails_at)
        return -4;
    if (sector >= SECTORS) {
        beyond++;
        return -7;
    }
    if (sector < HEAD)
        memcpy(to, head + sector * SECTOR, SECTOR);
    else if (sector >= SECTORS - 33)
        memcpy(to, tail + (sector - (SECTORS - 33)) * SECTOR, SECTOR);
    else if (sector == 16 * 8)
        memcpy(to, catalogue, SECTOR);
    return 0;
}

static int look(void) {
    found = (struct partition){.number = 0};
    reads = 0;
    return partition_find(&found, SECTORS, read, NULL);
}

static void put(uint8_t *at, uint64_t value, unsigned bytes) {
    for (; bytes--; value >>= 8)
        *at++ = (uint8_t)value;
}

/* As the standard has it: reflected, all ones before and behind. */
static uint32_t sum(const uint8_t *bytes, uint32_t count) {
    uint64_t crc = 0xffffffff;

    for (uint32_t i = 0; i < count * 8; i++) {
        crc ^= bytes[i / 8] >> i % 8 & 1;
        crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return (uint32_t)~crc;
}

static void seal(uint8_t *header, const uint8_t *entries, uint64_t here, uint64_t entries_at,
                 uint32_t count, uint32_t size) {
    memset(header, 0, SECTOR);
    memcpy(header, "EFI PART\0\0\1\0\x5c\0\0", 16);
    put(header + 24, here, 8);
    put(header + 72, entries_at, 8);
    put(header + 80, count, 4);
    put(header + 84, size, 4);
    put(header + 88, sum(entries, count * size), 4);
    put(header + 16, sum(header, 92), 4);
}

static void entry(uint32_t number, const char *type, uint64_t first, uint64_t last) {
    uint8_t *at = head + 2 * SECTOR + (number - 1) * ENTRY;

    memcpy(at, type, 16);
    put(at + 32, first, 8);
    put(at + 40, last, 8);
}

static void table(uint64_t first, uint64_t last) {
    static const char ours[] = PARTITION_TYPE;
    static const char fat[] = "\xa2\xa0\xd0\xeb\xe5\xb9\x33\x44\x87\xc0\x68\xb6\xb7\x26\x99\xc7";

    memset(head, 0, sizeof head);
    memset(catalogue, 0, sizeof catalogue);
    entry(1, "0123456789abcdef", 34, 2081);
    entry(3, fat, 16384, 147455);
    entry(4, ours, first, last);
    entry(6, ours, 500000, 510000);
    seal(head + SECTOR, head + 2 * SECTOR, 1, 2, COUNT, ENTRY);
    memcpy(tail, head + 2 * SECTOR, 32 * SECTOR);
    seal(tail + 32 * SECTOR, tail, SECTORS - 1, SECTORS - 33, COUNT, ENTRY);
}

static int is(uint64_t first, uint32_t units, uint32_t number) {
    return look() == 0 && found.first == first && found.units == units && found.number == number;
}

static void sound(void) {
    table(147456, 450000);
    ok(is(147456, 147, 4), "the first of our type, in whole MiB");
    head[SECTOR + 20] ^= 1;
    ok(is(147456, 147, 4), "its header is spoilt: by the table at the end");
    table(147456, 450000);
    head[2 * SECTOR + 5 * ENTRY] ^= 1;
    ok(is(147456, 147, 4), "so are the entries");
    tail[40] ^= 1;
    ok(look() == PARTITION_NONE, "both: none");
    table(147456, SECTORS);
    ok(is(500000, 4, 6), "one that leaves the card does not count");
    table(147456, UINT64_MAX);
    ok(is(500000, 4, 6), "by far");
    table(450000, 147456);
    ok(is(500000, 4, 6), "nor one that ends before it begins");
    table(147456, 147456 + 2046);
    ok(is(500000, 4, 6), "nor one of less than a MiB");
    table(147456, 147456 + 2047);
    ok(is(147456, 1, 4), "of just that");
    table(147456, 450000);
    put(head + 2 * SECTOR + 3 * ENTRY, 1, 1);
    put(head + 2 * SECTOR + 5 * ENTRY, 1, 1);
    seal(head + SECTOR, head + 2 * SECTOR, 1, 2, COUNT, ENTRY);
    memcpy(catalogue, "AspisVol", 8);
    ok(look() == PARTITION_NONE, "a table without ours: none, whatever else stands there");
}

static void whole(void) {
    memset(head, 0, sizeof head);
    memset(tail, 0, sizeof tail);
    memset(catalogue, 0, sizeof catalogue);
    ok(look() == PARTITION_NONE, "an empty card");
    memcpy(catalogue, "AspisVol", 8);
    ok(is(0, SECTORS / 2048, 0), "no table, and a catalogue: all of it");
    ok(partition_find(&found, 1, read, NULL) == PARTITION_NONE &&
           partition_find(&found, 0, read, NULL) == PARTITION_NONE,
       "a card without room");
}

/* Sums that are right, and fields that mean harm. */
static void hostile(void) {
    struct {
        uint64_t at, count, size;
    } cases[] = {{2, 0xffffffff, 128}, {2, 1025, 128},          {2, 128, 0},
                 {2, 128, 129},        {2, 128, 0x80000000},    {2, 128, 1024},
                 {SECTORS, 4, 128},    {UINT64_MAX, 1024, 512}, {UINT64_MAX / 2, 128, 128}};
    int bad = 0;

    table(147456, 450000);
    memset(tail, 0, sizeof tail);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t *header = head + SECTOR;

        put(header + 72, cases[i].at, 8);
        put(header + 80, cases[i].count, 4);
        put(header + 84, cases[i].size, 4);
        put(header + 16, 0, 4);
        put(header + 16, sum(header, 92), 4);
        bad += look() == 0 || reads > 1100;
    }
    ok(!bad, "tables that are endless, beyond the card, or of odd entries");
    bad = 0;
    table(147456, 450000);
    for (uint32_t i = 1; i < 34; i++) {
        fails_at = i;
        bad += look() != -4;
    }
    fails_at = 0;
    ok(!bad, "a card that cannot be read is told of");
    beyond = 0;
    for (uint32_t i = 0, seed = 1; i < FLIPS; i++) {
        uint32_t at;

        seed = seed * 1664525 + 1013904223;
        at = (seed >> 8) % (i & 1 ? SECTOR : 33 * SECTOR);
        head[SECTOR + at] ^= (uint8_t)(1 << (seed & 7));
        /* The sum spares reserved bytes of the header's sector alone. */
        bad += look() || found.first != 147456 || found.number != 4;
        head[SECTOR + at] ^= (uint8_t)(1 << (seed & 7));
    }
    ok(!bad && !beyond, "a bit flipped anywhere in the first: still by the second");
}

int main(void) {
    sound();
    whole();
    hostile();
    return done();
}
