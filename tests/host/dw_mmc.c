/* dw_mmc.c - the native SD protocol over a modelled controller and card: kinds, faults, limits */
/* SPDX-License-Identifier: MIT */
/* sources: userland/sd/card.c userland/sd/mode_spi.c userland/sd/mode_native.c */
/* sources: userland/sd/dw_mmc.c */
#include "dw_mmc_model.h"
#include "sd_cases.h"

static struct dw_mmc mmc;

static int take_over(uint32_t hz, uint32_t depth) {
    const struct dw_mmc_port port = model_port(&m);
    int good = dw_mmc_open(&mmc, &port, hz, depth);

    card = (struct card){.bus = dw_mmc_bus(&mmc)};
    return good;
}

static void begin(enum model_kind kind) {
    free(m.bytes);
    model_make(&m, kind);
    take_over(m.input_hz, m.depth);
}

static int behaved(void) { return !m.crimes; }

static void kind(enum model_kind what, const char *name, int by_sector) {
    char text[80];

    begin(what);
    snprintf(text, sizeof text, "%s: comes up, and its size is right", name);
    ok(card_open(&card) == 0 && card.sectors == MODEL_SECTORS && card.by_sector == by_sector &&
           !memcmp(card.id, m.id, 16),
       text);
    snprintf(text, sizeof text, "%s: many sectors, one, and the last, written and read", name);
    ok(round_trip(100, MANY) && round_trip(7, 1) && round_trip(MODEL_SECTORS - 3, 3), text);
    snprintf(text, sizeof text, "%s: over four wires, by commands for many, none twice", name);
    ok(m.four && m.commands[18] == 2 && m.commands[25] == 2 && m.commands[17] == 2 &&
           m.commands[24] == 1 && m.commands[12] == 4 && !card.retries && !m.crimes,
       text);
    fill(m.bytes + 100 * 512, 8, 9);
    snprintf(text, sizeof text, "%s: zeros", name);
    ok(card_write(&card, 101, 3, NULL) == 0 && !m.bytes[101 * 512] && !m.bytes[104 * 512 - 1] &&
           m.bytes[104 * 512 + 1],
       text);
}

/* FIFOs of all depths, known or not; both places of it; clocks from the tree or by measuring. */
static void controllers(void) {
    static const uint32_t depths[] = {2, 3, 16, 32, 127, 128, 129, 256, 4096};
    static const uint32_t clocks[] = {25000000, 26400000, 49500000, 50000000, 100000000, 198000000};
    int bad = 0;

    for (uint32_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        begin(MODEL_HIGH);
        m.depth = depths[i];
        bad += !take_over(m.input_hz, m.depth) || card_open(&card) || !round_trip(50, 9) ||
               !round_trip(3, 1) || m.crimes;
    }
    ok(!bad, "a FIFO of any depth");
    begin(MODEL_HIGH);
    ok(take_over(m.input_hz, 0) && mmc.depth == 16 && !card_open(&card) && round_trip(50, 9) &&
           !m.crimes,
       "one whose depth nobody says: what firmware left is less, and does");
    begin(MODEL_HIGH);
    m.data = 0x100;
    m.reg[0x6c / 4] = 0x5342230a;
    ok(take_over(m.input_hz, 32) && !card_open(&card) && round_trip(50, 9) && !m.crimes,
       "an old controller has its FIFO elsewhere");
    begin(MODEL_HIGH);
    m.reg[0x70 / 4] = 2 << 7;
    ok(!take_over(m.input_hz, 32), "a FIFO of 64 bits is none that we know");
    bad = 0;
    for (uint32_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        begin(MODEL_HIGH);
        m.input_hz = clocks[i];
        bad += !take_over(0, 32) || card_open(&card) || !round_trip(50, 9) || m.crimes ||
               mmc.input_hz < clocks[i] / 100 * 98 || mmc.input_hz > clocks[i] / 100 * 102 ||
               model_hz(&m) < 11000000;
    }
    ok(!bad, "a clock that nobody says is measured, and no card is driven too fast");
    begin(MODEL_HIGH);
    m.fault = FAULT_DEAF;
    start();
    ok(!take_over(0, 32) && took() < 3000, "a controller that takes no command");
}

static void no_card(void) {
    begin(MODEL_HIGH);
    m.fault = FAULT_GONE;
    m.events = 1;
    m.fault_us = UINT32_MAX;
    start();
    ok(card_open(&card) == CARD_NONE && took() < 200, "an empty slot is known at once");
    begin(MODEL_HIGH);
    m.fault = FAULT_HUNG;
    m.events = 1;
    m.fault_us = UINT32_MAX;
    start();
    ok(card_open(&card) == CARD_LATE && took() < 6000, "a wire that is low for ever");
    starts_late();
}

/* A block that is garbled in the middle, while the FIFO runs full: the transfer is ended and done
 * again, no more. */
static void garbled(void) {
    int bad = 0;

    for (uint32_t at = 1; at <= 8; at++) {
        begin(MODEL_HIGH);
        card_open(&card);
        fill(m.bytes, 8, at);
        m.read_us = 0;
        m.fault = FAULT_ANSWER;
        m.fault_at = m.events + at;
        start();
        bad += card_read(&card, 0, 8, back) != 0 || memcmp(m.bytes, back, 8 * 512) ||
               card.retries != 1 || took() > 50 || m.commands[2] != 1 || m.crimes;
    }
    ok(!bad, "a garbled block is read again, without more ado");
}

static void wires_cut(void) {
    begin(MODEL_HIGH);
    card_open(&card);
    m.fault = FAULT_BLOCKS;
    ok(round_trip(5, 8) && !m.four && card.slow, "three wires that do nothing: the first alone");
}

/* Who drove it died in the middle: the next finds controller and card as they stand. */
static uint64_t accesses, dies_at;
static uint32_t dying_get(void *context, uint32_t offset) {
    return accesses++ < dies_at || offset == 0x44 ? model_get(context, offset) : 0;
}
static void dying_set(void *context, uint32_t offset, uint32_t value) {
    if (accesses++ < dies_at)
        model_set(context, offset, value);
}

static void left(void) {
    int bad = 0;

    begin(MODEL_HIGH);
    fill(data, 8, 5);
    for (uint64_t at = 0; at < 6000; at += 37) {
        const struct dw_mmc_port port = {&m, dying_get, dying_set, model_now, model_rest};

        accesses = 0;
        dies_at = UINT64_MAX;
        dw_mmc_open(&mmc, &port, m.input_hz, m.depth);
        card = (struct card){.bus = dw_mmc_bus(&mmc)};
        card_open(&card);
        accesses = 0;
        dies_at = at;
        if (at & 1)
            card_write(&card, 64, 8, data);
        else
            card_read(&card, 64, 8, back);
        bad += !take_over(m.input_hz, m.depth) || card_open(&card) || !round_trip(64, 8);
    }
    ok(!bad, "left anywhere in a transfer it comes up for the next driver");
}

/* One fault anywhere. */
static void faults(void) {
    uint32_t seed = 1;

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count, sector, op;
        int error;

        if (round % 500 == 0) {
            begin(round / 500 % 2 ? MODEL_HIGH : MODEL_SMALL);
            m.start_us = 2000;
            m.depth = 8 << round / 500;
            take_over(m.input_hz, m.depth);
            card_open(&card);
            memset(shadow.bytes, 0, sizeof shadow.bytes);
        }
        seed = seed * 1664525 + 1013904223;
        count = 1 + (seed >> 8) % 6;
        sector = (seed >> 16) % (SHADOWED - count);
        op = seed >> 30;
        m.fault = (enum model_fault)(1 + (seed >> 4) % 4);
        seed = seed * 1664525 + 1013904223;
        m.fault_at = m.events + (seed >> 8) % (3 + count);
        m.fault_us = (seed >> 20) * 500ull;
        if (op == 3) { /* the card has to be brought up */
            card.open = false;
            m.fault_at += (seed >> 12) % 12;
        }
        error = shadow_step(op, sector, count, seed);
        shadow.lies +=
            !error && !(op & 1) && memcmp(back, shadow.bytes + sector * 512, count * 512);
        m.now_ns += 3000000000;
    }
    shadow_tell("a lost command or a flipped bit is mended by trying again");
    ok(behaved(), "nothing was done that the controller or the card does not bear");
    if (shadow.lost || shadow.failed <= 50 || shadow.failed >= ROUNDS / 2 || m.crimes)
        printf("# failed %u, lost %u, crimes %u\n", shadow.failed, shadow.lost, m.crimes);
}

int main(void) {
    kind(MODEL_OLD, "SDSC 1.x", 0);
    kind(MODEL_SMALL, "SDSC 2", 0);
    kind(MODEL_HIGH, "SDHC", 1);
    controllers();
    places();
    no_card();
    slow();
    bad_sector();
    garbled();
    wires_cut();
    changed(&m.events, 1, 3000000, 1000);
    left();
    faults();
    free(m.bytes);
    return done();
}
