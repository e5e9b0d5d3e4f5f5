/* partition.c - reads a card's GPT, and believes nothing of it but what its sums confirm */
/* SPDX-License-Identifier: MIT */
#include "partition.h"
#include <string.h>
#include "libexos/volume/catalogue.h"

enum { SECTOR = 512, MAGIC = 8, HEADER_LEAST = 92, ENTRIES_MOST = 1024, ENTRY_LEAST = 128 };
enum { /* bytes of the header */
       HEADER_SIZE = 12,
       HEADER_SUM = 16,
       HEADER_HERE = 24,
       HEADER_ENTRIES = 72,
       HEADER_COUNT = 80,
       HEADER_ENTRY = 84,
       HEADER_ENTRIES_SUM = 88
};
enum { /* and of an entry */
       ENTRY_TYPE = 0,
       ENTRY_FIRST = 32,
       ENTRY_LAST = 40,
       ENTRY_USED = 48
};

struct card_reader {
    int (*read)(void *context, uint64_t sector, uint8_t *to);
    void *context;
    uint64_t sectors;
};

static uint64_t number(const uint8_t *at, unsigned bytes) {
    uint64_t value = 0;

    while (bytes--)
        value = value << 8 | at[bytes];
    return value;
}

/* CRC-32 as zip has it, continued from `crc`; 0 at first. */
static uint32_t sum(uint32_t crc, const uint8_t *bytes, uint32_t count) {
    crc = ~crc;
    for (uint32_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* An entry inside a sector, if it is one of ours and lies on the card. */
static int entry_is(const uint8_t *entry, uint64_t sectors, struct partition *found) {
    static const uint8_t type[16] = PARTITION_TYPE;
    uint64_t first = number(entry + ENTRY_FIRST, 8), last = number(entry + ENTRY_LAST, 8), units;

    if (memcmp(entry + ENTRY_TYPE, type, sizeof type) || first > last || last >= sectors)
        return 0;
    units = (last - first + 1) / VOLUME_UNIT_SECTORS;
    found->first = first;
    found->units = (uint32_t)(units < VOLUME_UNITS ? units : VOLUME_UNITS);
    return units != 0;
}

/* 1: there is a sound table, and *found is filled, with 0 units if none of it is ours; 0: no sound
 * table; or what `read` said. */
static int table_look(const struct card_reader *card, uint64_t at, struct partition *found) {
    uint8_t block[SECTOR];
    uint32_t size, header_sum, entries_sum, entry, crc = 0;
    uint64_t entries, count;
    int error = card->read(card->context, at, block);

    if (error)
        return error;
    size = (uint32_t)number(block + HEADER_SIZE, 4);
    header_sum = (uint32_t)number(block + HEADER_SUM, 4);
    memset(block + HEADER_SUM, 0, 4);
    if (memcmp(block, "EFI PART", MAGIC) || size < HEADER_LEAST || size > SECTOR ||
        sum(0, block, size) != header_sum || number(block + HEADER_HERE, 8) != at)
        return 0;
    entries = number(block + HEADER_ENTRIES, 8);
    count = number(block + HEADER_COUNT, 4);
    entry = (uint32_t)number(block + HEADER_ENTRY, 4);
    entries_sum = (uint32_t)number(block + HEADER_ENTRIES_SUM, 4);
    if (count > ENTRIES_MOST || (entry != ENTRY_LEAST && entry != 256 && entry != SECTOR))
        return 0;
    found->units = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t inside = (uint32_t)(i * entry % SECTOR);

        if (!inside && (error = card->read(card->context, entries + i * entry / SECTOR, block)))
            return error;
        crc = sum(crc, block + inside, entry);
        if (!found->units && entry_is(block + inside, card->sectors, found))
            found->number = (uint32_t)i + 1;
    }
    return crc == entries_sum;
}

int partition_find(struct partition *found, uint64_t sectors,
                   int (*read)(void *context, uint64_t sector, uint8_t *to), void *context) {
    const struct card_reader card = {read, context, sectors};
    uint8_t block[SECTOR];
    int table = sectors > 2 ? table_look(&card, 1, found) : PARTITION_NONE;

    if (!table)
        table = table_look(&card, sectors - 1, found);
    if (table)
        return table < 0 ? table : found->units ? 0 : PARTITION_NONE;
    for (uint32_t copy = 0; copy < 2; copy++) {
        uint64_t at = (uint64_t)(VOLUME_CATALOGUE + copy) * (VOLUME_BLOCK / SECTOR);
        int error = at < sectors ? read(context, at, block) : 0;

        if (error)
            return error;
        if (at >= sectors || memcmp(block, "AspisVol", MAGIC))
            continue;
        sectors /= VOLUME_UNIT_SECTORS;
        *found = (struct partition){
            .units = (uint32_t)(sectors < VOLUME_UNITS ? sectors : VOLUME_UNITS)};
        return found->units ? 0 : PARTITION_NONE;
    }
    return PARTITION_NONE;
}
