/* sd_cases.h - what an SD card has to bear in either mode; behind a model of it and of its bus */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_SD_CASES_H
#define TESTS_HOST_SD_CASES_H
#include <stdio.h>
#include "tap.h"

enum { MANY = 128, ROUNDS = 4000, SHADOWED = 256 };

static struct model m;
static struct card card;
static uint8_t data[MANY * 512], back[MANY * 512];

/* The test's own: a new model and its driver; whether the driver did nothing that is not borne. */
static void begin(enum model_kind kind);
static int behaved(void);

static void fill(uint8_t *to, uint32_t sectors, uint32_t seed) {
    for (uint32_t i = 0; i < sectors * 512; i++)
        to[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
}

/* Milliseconds that the last call took. */
static uint64_t since;
static uint64_t took(void) { return m.now_ns / 1000000 - since; }
static void start(void) { since = m.now_ns / 1000000; }

static int round_trip(uint64_t sector, uint32_t count) {
    fill(data, count, (uint32_t)sector + count);
    return card_write(&card, sector, count, data) == 0 &&
           card_read(&card, sector, count, back) == 0 && !memcmp(data, back, count * 512) &&
           !memcmp(m.bytes + sector * 512, data, count * 512);
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

static void starts_late(void) {
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
    ok(round_trip(9, 2) && !card.retries && behaved(), "a slow card is waited for");
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
           card_read(&card, 50, 1, back) == CARD_REFUSED &&
           card_write(&card, 48, 8, data) == CARD_REFUSED &&
           card_write(&card, 50, 1, data) == CARD_REFUSED,
       "a bad sector is told of, read or written");
    ok(card_read(&card, 48, 2, back) == 0 && round_trip(51, 8), "those beside it are well");
}

/* It is taken out, at that place of a transfer and for so long, and another put in; or the same. */
static void changed(const uint64_t *moved, uint32_t place, uint32_t away_us, uint32_t most_ms) {
    begin(MODEL_HIGH);
    card_open(&card);
    fill(data, 4, 4);
    card_write(&card, 0, 4, data);
    m.fault = FAULT_GONE;
    m.fault_at = *moved + place;
    m.fault_us = away_us;
    start();
    ok(card_read(&card, 0, 4, back) == CARD_NONE && took() < most_ms && !card.open,
       "a card that is taken out in a transfer");
    ok(card_write(&card, 0, 4, data) == CARD_NONE, "none is there");
    m.now_ns += away_us * 1000ull + 100000000;
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

/* Faults anywhere, in work on a part that a shadow knows: what went wrong in all rounds. */
static struct {
    uint8_t bytes[SHADOWED * 512];
    uint32_t lies, unsound, late, failed, lost;
} shadow;

/* One transfer, with the fault that the model has; op: bit 0 writes. The error. */
static int shadow_step(uint32_t op, uint32_t sector, uint32_t count, uint32_t seed) {
    enum model_fault struck = m.fault;
    int error;

    fill(data, count, seed);
    start();
    error = op & 1 ? card_write(&card, sector, count, data) : card_read(&card, sector, count, back);
    shadow.late += took() > 8000;
    shadow.failed += error != 0;
    shadow.lost += error && struck < FAULT_GONE; /* trying again mends that */
    if (!error && op & 1)
        memcpy(shadow.bytes + sector * 512, data, count * 512);
    /* A write that failed left each sector old or new, and nothing else was touched. */
    for (uint32_t i = 0; i < SHADOWED; i++) {
        const uint8_t *is = m.bytes + i * 512;

        if (!memcmp(is, shadow.bytes + i * 512, 512))
            continue;
        shadow.unsound += !(error && op & 1 && i >= sector && i < sector + count &&
                            !memcmp(is, data + (i - sector) * 512, 512));
        memcpy(shadow.bytes + i * 512, is, 512);
    }
    m.fault = FAULT_NONE;
    return error;
}

static void shadow_tell(const char *mended) {
    ok(!shadow.lies, "one fault anywhere: what is read well is what was written");
    ok(!shadow.unsound,
       "what is written well stands there, what failed is old or new, all else as it was");
    ok(!shadow.lost, mended);
    ok(!shadow.late, "each ends in time");
    ok(shadow.failed > 50 && shadow.failed < ROUNDS / 2, "and some failed");
    ok(card_read(&card, 0, 8, back) == 0 && !memcmp(back, shadow.bytes, 8 * 512),
       "then all is well");
}
#endif
