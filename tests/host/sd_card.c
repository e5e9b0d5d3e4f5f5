/* sd_card.c - the SD protocol against a card that is modelled byte by byte: kinds, faults, limits
 */
/* SPDX-License-Identifier: MIT */
/* sources: userland/sd/card.c userland/sd/mode_spi.c userland/sd/mode_native.c */
#include "sd_model.h"
#include "sd_cases.h"

static void begin(enum model_kind kind) {
    free(m.bytes);
    model_make(&m, kind);
    card = (struct card){.bus = model_bus(&m)};
}

static int behaved(void) { return !m.said_busy && !m.said_asleep && !m.said_fast; }

static void kind(enum model_kind what, const char *name, int by_sector) {
    char text[80];

    begin(what);
    snprintf(text, sizeof text, "%s: comes up, and its size is right", name);
    ok(card_open(&card) == 0 && card.sectors == MODEL_SECTORS && card.by_sector == by_sector, text);
    fill(data, MANY, 1);
    snprintf(text, sizeof text, "%s: many sectors, one, and the last, written and read", name);
    ok(card_write(&card, 100, MANY, data) == 0 && card_read(&card, 100, MANY, back) == 0 &&
           !memcmp(data, back, sizeof data) && !memcmp(m.bytes + 100 * 512, data, sizeof data) &&
           card_write(&card, 7, 1, data + 512) == 0 && card_read(&card, 7, 1, back) == 0 &&
           !memcmp(m.bytes + 7 * 512, data + 512, 512) && !memcmp(back, data + 512, 512) &&
           card_write(&card, MODEL_SECTORS - 3, 3, data) == 0 &&
           card_read(&card, MODEL_SECTORS - 3, 3, back) == 0 && !memcmp(back, data, 3 * 512),
       text);
    snprintf(text, sizeof text, "%s: by commands for many, with sums, none tried twice", name);
    ok(m.commands[18] == 2 && m.commands[25] == 2 && m.commands[17] == 2 && m.commands[24] == 1 &&
           m.sums && !card.retries && behaved(),
       text);
    snprintf(text, sizeof text, "%s: zeros", name);
    ok(card_write(&card, 101, 3, NULL) == 0 && !m.bytes[101 * 512] && !m.bytes[104 * 512 - 1] &&
           m.bytes[104 * 512] == data[4 * 512],
       text);
}

static void no_card(void) {
    begin(MODEL_HIGH);
    m.fault = FAULT_GONE;
    m.fault_us = UINT32_MAX;
    start();
    ok(card_open(&card) == CARD_NONE && took() < 200, "an empty slot is known at once");
    begin(MODEL_HIGH);
    m.fault = FAULT_HUNG;
    m.fault_us = UINT32_MAX;
    start();
    ok(card_open(&card) == CARD_LATE && took() < 6000, "a wire that is low for ever");
    begin(MODEL_MMC);
    start();
    ok(card_open(&card) == CARD_KIND && took() < 200, "an MMC is none that we know");
    starts_late();
}

static void noise(void) {
    begin(MODEL_HIGH);
    card_open(&card);
    fill(data, 8, 3);
    m.fault = FAULT_FLIPS;
    m.fault_at = 0;
    ok(card_write(&card, 0, 8, data) == 0 || card.hz < 20000000, "noise at full speed: slower");
    ok(card_read(&card, 0, 8, back) == 0 && !memcmp(m.bytes, back, 8 * 512) && card.hz == 5000000,
       "and then it works");
}

/* Who drove it died in the middle: all that is left to the next is the card. */
static void left(void) {
    int bad = 0;

    begin(MODEL_HIGH);
    fill(data, 8, 5);
    for (uint64_t at = 0; at < 9000; at += 13) {
        struct card first = {.bus = model_bus(&m)};

        card_open(&first);
        m.bytes_moved = 0;
        m.fault = FAULT_HUNG; /* what it hears from then on never came */
        m.fault_at = at;
        m.fault_us = UINT32_MAX;
        if (at & 1)
            card_write(&first, 64, 8, data);
        else
            card_read(&first, 64, 8, back);
        m.fault = FAULT_NONE;
        m.now_ns += 1000000000;
        first = (struct card){.bus = model_bus(&m)};
        bad += card_open(&first) != 0 || card_write(&first, 64, 8, data) != 0 ||
               card_read(&first, 64, 8, back) != 0 || memcmp(data, back, 8 * 512);
    }
    ok(!bad, "a card left anywhere in a transfer comes up for the next driver");
}

/* One fault anywhere. */
static void faults(void) {
    uint32_t seed = 1;

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count, sector, op;
        enum model_fault struck;
        int error;

        if (round % 500 == 0) {
            begin(round / 500 % 2 ? MODEL_HIGH : MODEL_SMALL);
            m.start_us = 2000;
            card_open(&card);
            memset(shadow.bytes, 0, sizeof shadow.bytes);
        }
        seed = seed * 1664525 + 1013904223;
        count = 1 + (seed >> 8) % 6;
        sector = (seed >> 16) % (SHADOWED - count);
        op = seed >> 30;
        struck = m.fault = (enum model_fault)(1 + (seed >> 4) % 4);
        seed = seed * 1664525 + 1013904223;
        m.fault_at = m.bytes_moved + (seed >> 8) % (600 + 520 * count);
        m.fault_us = m.fault < FAULT_GONE ? seed >> 29 : (seed >> 20) * 500ull;
        if (op % 4 == 3) /* the card has to be brought up */
            card.open = false;
        error = shadow_step(op, sector, count, seed);
        /* A wire that is low for just a block reads as zeros whose sum is right: nobody can tell.
         */
        for (uint32_t i = 0; !error && !(op & 1) && i < count; i++)
            shadow.lies += memcmp(back + i * 512, shadow.bytes + (sector + i) * 512, 512) != 0 &&
                           !(struck == FAULT_HUNG && !back[i * 512] &&
                             !memcmp(back + i * 512, back + i * 512 + 1, 511));
        m.now_ns += 2000000000;
    }
    shadow_tell("a flipped bit is mended by trying again");
}

int main(void) {
    kind(MODEL_OLD, "SDSC 1.x", 0);
    kind(MODEL_SMALL, "SDSC 2", 0);
    kind(MODEL_HIGH, "SDHC", 1);
    places();
    no_card();
    slow();
    bad_sector();
    noise();
    changed(&m.bytes_moved, 700, 300000, 250);
    left();
    faults();
    free(m.bytes);
    return done();
}
