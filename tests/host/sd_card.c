/* sd_card.c - the SD protocol against a card that is modelled byte by byte: kinds, faults, limits
 */
/* SPDX-License-Identifier: MIT */
/* sources: userland/sd/card.c userland/sd/mode_spi.c userland/sd/mode_native.c */
#include "sd_model.h"
#include "tap.h"

enum { MANY = 128, ROUNDS = 4000 };

static struct model m;
static struct card card;
static uint8_t data[MANY * 512], back[MANY * 512];

static void begin(enum model_kind kind) {
    free(m.bytes);
    model_make(&m, kind);
    card = (struct card){.bus = model_bus(&m)};
}

static void fill(uint8_t *to, uint32_t sectors, uint32_t seed) {
    for (uint32_t i = 0; i < sectors * 512; i++)
        to[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
}

static int behaved(void) { return !m.said_busy && !m.said_asleep && !m.said_fast; }

/* Milliseconds that the last call took. */
static uint64_t since;
static uint64_t took(void) { return m.now_ns / 1000000 - since; }
static void start(void) { since = m.now_ns / 1000000; }

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

static void places(void) {
    begin(MODEL_HIGH);
    card_open(&card);
    ok(card_read(&card, MODEL_SECTORS, 1, back) == CARD_PLACE &&
           card_write(&card, MODEL_SECTORS - 1, 2, data) == CARD_PLACE &&
           card_read(&card, UINT64_MAX, 2, back) == CARD_PLACE && !m.commands[17] &&
           !m.commands[25],
       "beyond the end: refused, the card hears nothing");
    ok(card_read(&card, 5, 0, back) == 0 && !m.commands[17], "nothing is no request");
    m.protected = 1;
    card_open(&card);
    ok(card_write(&card, 0, 1, data) == CARD_PROTECTED && !m.commands[24] &&
           card_read(&card, 0, 1, back) == 0,
       "a card that may only be read");
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
    begin(MODEL_HIGH);
    m.start_us = UINT32_MAX;
    start();
    ok(card_open(&card) == CARD_LATE && took() < 4000, "one that never starts");
    begin(MODEL_HIGH);
    m.start_us = 900000;
    ok(card_open(&card) == 0, "one that takes as long as it may");
}

static void slow(void) {
    begin(MODEL_HIGH);
    m.busy_us = 400000;
    m.read_us = 200000;
    card_open(&card);
    fill(data, 2, 2);
    ok(card_write(&card, 9, 2, data) == 0 && card_read(&card, 9, 2, back) == 0 &&
           !memcmp(data, back, 1024) && !card.retries && behaved(),
       "a slow card is waited for");
    m.busy_us = 0;
    m.read_us = UINT32_MAX;
    start();
    ok(card_read(&card, 9, 1, back) == CARD_LATE && took() < 3500 && card.retries,
       "data that never come");
    m.read_us = 100;
    ok(card_read(&card, 9, 2, back) == 0 && !memcmp(data, back, 1024), "and the next that do");
    m.busy_us = 3000000000u;
    start();
    ok(card_write(&card, 9, 1, data) == CARD_LATE && took() < 9000, "a write that never ends");
}

static void bad_sector(void) {
    begin(MODEL_SMALL);
    card_open(&card);
    m.bad_sector = 50;
    ok(card_read(&card, 48, 8, back) == CARD_REFUSED &&
           card_write(&card, 48, 8, data) == CARD_REFUSED,
       "a bad sector is told of, read or written");
    ok(card_read(&card, 48, 2, back) == 0 && card_write(&card, 51, 8, data) == 0 &&
           card_read(&card, 51, 8, back) == 0 && !memcmp(data, back, 8 * 512),
       "those beside it are well");
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

/* It is taken out, and another put in; or the same. */
static void changed(void) {
    begin(MODEL_HIGH);
    card_open(&card);
    fill(data, 4, 4);
    card_write(&card, 0, 4, data);
    m.fault = FAULT_GONE;
    m.fault_at = m.bytes_moved + 700;
    m.fault_us = 300000;
    start();
    ok(card_read(&card, 0, 4, back) == CARD_NONE && took() < 250 && !card.open,
       "a card that is taken out in a transfer");
    ok(card_write(&card, 0, 4, data) == CARD_NONE, "none is there");
    m.now_ns += 400000000;
    ok(card_read(&card, 0, 4, back) == 0 && !memcmp(back, data, 4 * 512) && card.open,
       "put back it is the disk again");
    model_power(&m);
    m.id[3]++;
    ok(card_read(&card, 0, 4, back) == CARD_OTHER && card_write(&card, 0, 4, data) == CARD_OTHER,
       "another card is not");
    m.id[3]--;
    model_power(&m);
    ok(card_write(&card, 0, 4, data) == 0, "the first one again");
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

/* One fault anywhere, in work on a part that a shadow knows. */
static void faults(void) {
    static uint8_t shadow[256 * 512];
    uint32_t seed = 1, lies = 0, unsound = 0, late = 0, failed = 0, lost = 0;

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count, sector, op;
        enum model_fault struck;
        int error;

        if (round % 500 == 0) {
            begin(round / 500 % 2 ? MODEL_HIGH : MODEL_SMALL);
            m.start_us = 2000;
            card_open(&card);
            memset(shadow, 0, sizeof shadow);
        }
        seed = seed * 1664525 + 1013904223;
        count = 1 + (seed >> 8) % 6;
        sector = (seed >> 16) % (256 - count);
        op = seed >> 30;
        struck = (enum model_fault)(1 + (seed >> 4) % 4);
        m.fault = struck;
        seed = seed * 1664525 + 1013904223;
        m.fault_at = m.bytes_moved + (seed >> 8) % (600 + 520 * count);
        m.fault_us = m.fault < FAULT_GONE ? seed >> 29 : (seed >> 20) * 500ull;
        if (op % 4 == 3) /* the card has to be brought up */
            card.open = false;
        fill(data, count, seed);
        start();
        error =
            op & 1 ? card_write(&card, sector, count, data) : card_read(&card, sector, count, back);
        late += took() > 8000;
        failed += error != 0;
        if (struck < FAULT_GONE && error)
            lost++; /* one bit in one byte is never the end */
        if (!error && op & 1)
            memcpy(shadow + sector * 512, data, count * 512);
        /* A wire that is low for just a block reads as zeros whose sum is right: nobody can tell.
         */
        for (uint32_t i = 0; !error && !(op & 1) && i < count; i++)
            lies += memcmp(back + i * 512, shadow + (sector + i) * 512, 512) != 0 &&
                    !(struck == FAULT_HUNG && !back[i * 512] &&
                      !memcmp(back + i * 512, back + i * 512 + 1, 511));
        /* A write that failed left each sector old or new, and nothing else was touched. */
        for (uint32_t i = 0; i < 256; i++) {
            const uint8_t *is = m.bytes + i * 512;

            if (!memcmp(is, shadow + i * 512, 512))
                continue;
            unsound += !(error && op & 1 && i >= sector && i < sector + count &&
                         !memcmp(is, data + (i - sector) * 512, 512));
            memcpy(shadow + i * 512, is, 512);
        }
        m.fault = FAULT_NONE;
        m.now_ns += 2000000000;
    }
    ok(!lies, "one fault anywhere: what is read well is what was written");
    ok(!unsound,
       "what is written well stands there, what failed is old or new, all else as it was");
    ok(!lost, "a flipped bit is mended by trying again");
    ok(!late, "each ends in time");
    ok(failed > 50 && failed < ROUNDS / 2, "and some failed");
    ok(card_read(&card, 0, 8, back) == 0 && !memcmp(back, shadow, 8 * 512), "then all is well");
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
    changed();
    left();
    faults();
    free(m.bytes);
    return done();
}
