/* card.c - what is the same for an SD card in either mode: its size, who it is, tries and errors */
/* SPDX-License-Identifier: MIT */
#include "card.h"
#include <string.h>
#include "mode.h"

enum { TRIES = 3, AGAIN_US = 1500000, TRIES_US = 3000000, SPIN_US = 100 };

static const struct card_mode *mode(const struct card *card) {
    return card->bus.command ? &card_mode_native : &card_mode_spi;
}

void card_speed(struct card *card, uint32_t hz) {
    card->hz = hz;
    card->bus.speed(card->bus.context, hz);
}

bool card_patient(const struct card_bus *bus, struct card_wait *wait) {
    uint64_t spent;

    wait->begin = wait->begin ? wait->begin : bus->now(bus->context);
    spent = bus->now(bus->context) - wait->begin;
    if (spent > SPIN_US && !wait->awake)
        bus->rest(bus->context, spent / 4 < CARD_REST_US ? (uint32_t)spent / 4 : CARD_REST_US);
    return spent <= wait->limit;
}

/* Bits [low, low + count) of a register, whose first byte has the highest. */
static uint32_t bits(const uint8_t reg[CARD_REGISTER], unsigned low, unsigned count) {
    uint32_t value = 0;

    for (unsigned i = count; i--;)
        value = value << 1 | (reg[CARD_REGISTER - 1 - (low + i) / 8] >> (low + i) % 8 & 1u);
    return value;
}

static int read_size(struct card *card, const uint8_t csd[CARD_REGISTER]) {
    uint32_t length = bits(csd, 80, 4); /* of a block: a power of two bytes */

    if (card->by_sector != (bits(csd, 126, 2) == 1))
        return CARD_SUM; /* no sum guards the OCR, that one it does */
    if (bits(csd, 126, 2) == 1)
        card->sectors = (uint64_t)(bits(csd, 48, 22) + 1) << 10;
    else if (bits(csd, 126, 2) == 0 && length >= 9 && length <= 11)
        card->sectors = (uint64_t)(bits(csd, 62, 12) + 1) << (bits(csd, 47, 3) + 2 + length - 9);
    else
        return CARD_KIND;
    card->read_only = bits(csd, 12, 2) != 0;
    return 0;
}

int card_is(struct card *card, const uint8_t id[CARD_ID], const uint8_t csd[CARD_REGISTER]) {
    int error = read_size(card, csd);

    if (error)
        return error;
    if (card->known && memcmp(id, card->id, CARD_ID))
        return CARD_OTHER;
    memcpy(card->id, id, CARD_ID);
    card->known = true;
    return 0;
}

int card_open(struct card *card) {
    uint64_t begin = card->bus.now(card->bus.context);
    int error = mode(card)->bring_up(card);

    /* Not all that is said at first is guarded by sums: a bit may have been garbled, or many. */
    for (int i = 1; i < TRIES && error && error != CARD_NONE && error != CARD_OTHER &&
                    card->bus.now(card->bus.context) - begin < AGAIN_US;
         i++) {
        card->slow = card->slow || i == TRIES - 1;
        error = mode(card)->bring_up(card);
    }
    card->open = !error;
    return error;
}

uint32_t card_address(const struct card *card, uint64_t sector) {
    return (uint32_t)(card->by_sector ? sector : sector * CARD_SECTOR);
}

/* Either of them: reads if `to` is there. */
static int move(struct card *card, uint64_t sector, uint32_t count, uint8_t *to,
                const uint8_t *from) {
    uint64_t begin = card->bus.now(card->bus.context);
    int error = 0;

    for (int i = 0; i < TRIES; i++) {
        if (card->bus.now(card->bus.context) - begin > TRIES_US)
            break;
        card->retries += i > 0;
        card->slow = card->slow || (i == TRIES - 1 && error == CARD_SUM);
        if (!card->open && (error = card_open(card)))
            return error;
        error = to ? mode(card)->read(card, sector, count, to)
                   : mode(card)->write(card, sector, count, from);
        if (!error)
            return 0;
        card->open = error == CARD_SUM && !i;
    }
    card->open = false;
    return error;
}

int card_read(struct card *card, uint64_t sector, uint32_t count, uint8_t *to) {
    int error = 0;

    if (sector > card->sectors || count > card->sectors - sector)
        return CARD_PLACE;
    /* A card that reads on would run over its end, and say so. */
    if (count > 1 && sector + count == card->sectors) {
        error = card_read(card, sector, count - 1, to);
        sector += count - 1;
        to += (size_t)(count - 1) * CARD_SECTOR;
        count = 1;
    }
    return error || !count ? error : move(card, sector, count, to, NULL);
}

int card_write(struct card *card, uint64_t sector, uint32_t count, const uint8_t *from) {
    if (sector > card->sectors || count > card->sectors - sector)
        return CARD_PLACE;
    if (card->read_only)
        return CARD_PROTECTED;
    return count ? move(card, sector, count, NULL, from) : 0;
}

const char *card_words(int error) {
    static const char *const words[] = {"",
                                        "no card answers",
                                        "no SD card for 3.3 V",
                                        "the card stays busy",
                                        "sums are wrong",
                                        "the card refuses",
                                        "another card is in the slot",
                                        "beyond the card's end",
                                        "the card is write-protected"};

    return -error < (int)(sizeof words / sizeof *words) && error <= 0 ? words[-error] : "unknown";
}
