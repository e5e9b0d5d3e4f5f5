/* sd_model.h - an SD card in SPI mode, byte by byte, with faults, for tests of who talks to it */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_SD_MODEL_H
#define TESTS_HOST_SD_MODEL_H
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "userland/sd/card.h"

enum model_kind { MODEL_OLD, MODEL_SMALL, MODEL_HIGH, MODEL_MMC }; /* SDSC 1.x, SDSC 2, SDHC */
enum { MODEL_SECTORS = 32768 /* of 512 bytes */, MODEL_QUEUE = 2048 };

/* Faults strike at a byte of the bus, counted from model_power. */
enum model_fault {
    FAULT_NONE,
    FAULT_FLIP_OUT, /* a bit of what the card says */
    FAULT_FLIP_IN,  /* a bit of what it hears */
    FAULT_GONE,     /* it is taken out, and put back `fault_us` later */
    FAULT_HUNG,     /* busy for `fault_us`, and deaf meanwhile */
    FAULT_FLIPS,    /* a bit of each byte that it says, while SCK is faster than 6 MHz */
};

struct model {
    enum model_kind kind;
    uint8_t *bytes;
    uint8_t id[16];
    uint64_t now_ns, power_ns;
    uint32_t hz, fastest; /* fastest: before the card was ready */
    uint32_t fastest_ready;
    /* Faults. */
    enum model_fault fault;
    uint64_t fault_at, fault_us, bytes_moved;
    uint32_t busy_us, start_us, read_us; /* how long it takes to write, to start, to find data */
    int64_t bad_sector;                  /* neither read nor written; -1: none */
    int protected;
    /* What it does. */
    int selected, ready, idle, sums, application, wakes;
    uint8_t command[6], block[514];
    uint32_t command_fill, block_fill;
    uint8_t queue[MODEL_QUEUE]; /* to be said */
    uint32_t queue_head, queue_tail;
    enum { DOES_NOTHING, DOES_READ, DOES_WRITE, DOES_BLOCK } does;
    int many, refused;
    uint64_t sector, busy_till, data_at;
    uint32_t status; /* R2's second byte, till it is asked for */
    /* What was counted, and what nobody may do. */
    uint32_t commands[64], blocks_read, blocks_written, said_busy, said_asleep, said_fast;
};

/* Written from the standard alone, apart from userland/sd/crc.h. */
static uint32_t model_divide(const uint8_t *bytes, uint32_t count, uint32_t width, uint32_t poly) {
    uint32_t rest = 0;

    for (uint32_t bit = 0; bit < count * 8 + width; bit++) {
        uint32_t in = bit < count * 8 ? bytes[bit / 8] >> (7 - bit % 8) & 1 : 0;

        rest = rest << 1 | in;
        if (rest >> width)
            rest ^= 1u << width | poly;
    }
    return rest;
}

static void model_say(struct model *m, uint8_t byte) {
    m->queue[m->queue_tail++ % MODEL_QUEUE] = byte;
}

static void model_say_block(struct model *m, const uint8_t *bytes, uint32_t count) {
    uint32_t sum = model_divide(bytes, count, 16, 0x1021);

    model_say(m, 0xfe);
    for (uint32_t i = 0; i < count; i++)
        model_say(m, bytes[i]);
    model_say(m, (uint8_t)(sum >> 8));
    model_say(m, (uint8_t)sum);
}

static void model_power(struct model *m) {
    m->ready = m->sums = m->application = m->wakes = 0;
    m->idle = 1;
    m->command_fill = m->block_fill = 0;
    m->queue_head = m->queue_tail = 0;
    m->does = DOES_NOTHING;
    m->busy_till = 0;
    m->power_ns = 0;
    m->status = 0;
}

static void model_make(struct model *m, enum model_kind kind) {
    memset(m, 0, sizeof *m);
    m->kind = kind;
    m->bytes = calloc(MODEL_SECTORS, 512);
    m->bad_sector = -1;
    m->busy_us = 300;
    m->read_us = 100;
    m->start_us = 30000;
    m->hz = 50000000;
    memcpy(m->id, "model card 0001", 16);
    model_power(m);
}

static void model_bits(uint8_t reg[16], unsigned low, unsigned count, uint32_t value) {
    for (unsigned i = 0; i < count; i++)
        if (value >> i & 1)
            reg[15 - (low + i) / 8] |= (uint8_t)(1 << (low + i) % 8);
}

static void model_csd(const struct model *m, uint8_t csd[16]) {
    memset(csd, 0, 16);
    model_bits(csd, 126, 2, m->kind == MODEL_HIGH);
    model_bits(csd, 80, 4, m->kind == MODEL_SMALL ? 10 : 9);
    if (m->kind == MODEL_HIGH) {
        model_bits(csd, 48, 22, MODEL_SECTORS / 1024 - 1);
    } else { /* 2 KiB blocks need half of what those of 1 KiB need */
        model_bits(csd, 62, 12, 1023);
        model_bits(csd, 47, 3, m->kind == MODEL_SMALL ? 2 : 3);
    }
    model_bits(csd, 12, 1, m->protected);
    csd[15] = (uint8_t)(model_divide(csd, 15, 7, 0x09) << 1 | 1);
}

/* The sector that an argument names; -1: beyond, or not at a sector's start. */
static int64_t model_place(const struct model *m, uint32_t argument) {
    uint64_t sector = m->kind == MODEL_HIGH ? argument : argument / 512;

    return (m->kind != MODEL_HIGH && argument % 512) || sector >= MODEL_SECTORS ? -1
                                                                                : (int64_t)sector;
}

static void model_next_block(struct model *m) {
    if (m->now_ns < m->data_at)
        return;
    if (m->sector >= MODEL_SECTORS) {
        m->status |= 0x80; /* out of range */
        m->does = DOES_NOTHING;
    } else if ((int64_t)m->sector == m->bad_sector) {
        model_say(m, 0x04); /* the sums on the medium do not help any more */
        m->does = DOES_NOTHING;
    } else {
        model_say_block(m, m->bytes + m->sector++ * 512, 512);
        m->blocks_read++;
        if (!m->many)
            m->does = DOES_NOTHING;
        m->data_at = m->now_ns + m->read_us * 1000ull / 4;
    }
}

static void model_do(struct model *m) {
    uint8_t number = m->command[0] & 63, more[4] = {0}, reg[16];
    uint32_t argument = (uint32_t)m->command[1] << 24 | (uint32_t)m->command[2] << 16 |
                        (uint32_t)m->command[3] << 8 | m->command[4];
    int good = (model_divide(m->command, 5, 7, 0x09) << 1 | 1) == m->command[5];
    int application = m->application, extra = 0, block = 0;
    uint8_t answer;

    m->application = 0;
    if (m->does != DOES_NOTHING) { /* only the end of it is understood */
        if (number != 12 || !good)
            return;
        m->queue_head = m->queue_tail;
        m->does = DOES_NOTHING;
        m->commands[12]++;
        for (int i = 0; i < 3; i++)
            model_say(m, i ? 0xff : 0x3a); /* a stuff byte may be anything */
        model_say(m, 0);
        m->busy_till = m->now_ns + 50000;
        return;
    }
    if (!m->wakes && number)
        return; /* not in SPI mode yet */
    model_say(m, 0xff);
    if (!good && (m->sums || number == 0 || number == 8)) {
        model_say(m, m->idle | 0x08);
        return;
    }
    m->commands[number]++;
    answer = m->idle ? 1 : 0;
    if (number == 0) {
        if (m->power_ns < 74ull * 1000000000 / 400000 * 9 / 10)
            m->said_asleep++;
        model_power(m);
        m->power_ns = UINT64_MAX / 2;
        m->wakes = 1;
        model_say(m, 0xff);
        model_say(m, 1);
        return;
    }
    if (application && number == 41 && m->kind != MODEL_MMC) {
        if (m->kind == MODEL_HIGH && !(argument >> 30 & 1))
            ; /* the host does not know such cards */
        else if (!m->busy_till)
            m->busy_till = m->now_ns + m->start_us * 1000ull;
        else if (m->now_ns >= m->busy_till)
            m->idle = 0, m->ready = 1;
        answer = m->idle ? 1 : 0;
    } else if (number == 8 && m->kind != MODEL_OLD && m->kind != MODEL_MMC) {
        more[2] = (uint8_t)(argument >> 8 & 15);
        more[3] = (uint8_t)argument;
        extra = 4;
    } else if (number == 58) {
        more[0] = m->ready ? 0x80 | (m->kind == MODEL_HIGH ? 0x40 : 0) : 0;
        more[1] = 0xff;
        more[2] = 0x80;
        extra = 4;
    } else if (number == 59) {
        m->sums = argument & 1;
    } else if (number == 55 && m->kind != MODEL_MMC) {
        m->application = 1;
    } else if (m->idle) {
        answer |= 4;
    } else if (number == 9) {
        model_csd(m, reg);
        block = 1;
    } else if (number == 10) {
        memcpy(reg, m->id, 16);
        block = 1;
    } else if (number == 13) {
        more[0] = (uint8_t)m->status;
        m->status = 0;
        extra = 1;
    } else if (number == 16) {
        answer |= argument == 512 ? 0 : 0x40;
    } else if (number == 17 || number == 18 || number == 24 || number == 25) {
        if (model_place(m, argument) < 0) {
            answer |= 0x40;
        } else {
            m->sector = (uint64_t)model_place(m, argument);
            m->many = number == 18 || number == 25;
            m->does = number < 24 ? DOES_READ : DOES_WRITE;
            m->data_at = m->now_ns + m->read_us * 1000ull;
            m->refused = 0;
        }
    } else {
        answer |= 4;
    }
    model_say(m, answer);
    for (int i = 0; i < extra; i++)
        model_say(m, more[i]);
    if (block) {
        model_say(m, 0xff);
        model_say_block(m, reg, 16);
    }
}

static void model_block(struct model *m) {
    int good =
        model_divide(m->block, 512, 16, 0x1021) == (uint32_t)(m->block[512] << 8 | m->block[513]);

    m->block_fill = 0;
    m->does = m->many ? DOES_WRITE : DOES_NOTHING;
    if (m->sums && !good) {
        model_say(m, 0xeb);
        m->refused = 1;
    } else if (m->refused || m->protected || m->sector >= MODEL_SECTORS ||
               (int64_t)m->sector == m->bad_sector) {
        model_say(m, 0xed);
        m->refused = 1;
    } else {
        model_say(m, 0xe5);
        memcpy(m->bytes + m->sector++ * 512, m->block, 512);
        m->blocks_written++;
        m->busy_till = m->now_ns + m->busy_us * 1000ull;
    }
}

static void model_hear(struct model *m, uint8_t in) {
    if (m->does == DOES_BLOCK) {
        m->block[m->block_fill++] = in;
        if (m->block_fill == sizeof m->block)
            model_block(m);
        return;
    }
    if (m->does == DOES_WRITE && !m->command_fill) {
        if (in == (m->many ? 0xfc : 0xfe)) {
            m->does = DOES_BLOCK;
            return;
        }
        if (m->many && in == 0xfd) {
            m->does = DOES_NOTHING;
            m->busy_till = m->now_ns + m->busy_us * 1000ull;
            model_say(m, 0xff);
            return;
        }
    }
    if (!m->command_fill && (in & 0xc0) != 0x40)
        return;
    m->command[m->command_fill++] = in;
    if (m->command_fill == sizeof m->command) {
        m->command_fill = 0;
        model_do(m);
    }
}

static uint8_t model_exchange(struct model *m, uint8_t in) {
    uint8_t out = 0xff;

    if (!m->selected) {
        m->command_fill = 0;
        return out;
    }
    if (m->queue_head != m->queue_tail)
        out = m->queue[m->queue_head++ % MODEL_QUEUE];
    else if (m->ready && m->now_ns < m->busy_till) {
        m->said_busy += !m->command_fill && (in & 0xc0) == 0x40;
        return 0;
    } else if (m->does == DOES_READ)
        model_next_block(m);
    if (m->ready ? m->hz > m->fastest_ready : m->hz > 400000)
        m->said_fast++;
    model_hear(m, in);
    return out;
}

static void model_transfer(void *context, const uint8_t *out, uint8_t *in, uint32_t count) {
    struct model *m = context;

    for (uint32_t i = 0; i < count; i++) {
        uint8_t heard = out ? out[i] : 0xff, said;
        uint64_t since = m->bytes_moved++ - m->fault_at;
        int strikes = m->fault && m->bytes_moved > m->fault_at;

        m->now_ns += 8000000000ull / m->hz;
        if (!m->selected && m->power_ns < UINT64_MAX / 4)
            m->power_ns += 8000000000ull / m->hz;
        if (strikes && (m->fault == FAULT_GONE || m->fault == FAULT_HUNG)) {
            if (!since)
                m->fault_us = m->now_ns / 1000 + m->fault_us; /* now: till when */
            if (m->now_ns / 1000 < m->fault_us) {
                if (in)
                    in[i] = m->fault == FAULT_GONE || !m->selected ? 0xff : 0;
                if (m->fault == FAULT_GONE)
                    model_power(m);
                continue;
            }
            m->fault = FAULT_NONE;
        }
        if (strikes && m->fault == FAULT_FLIP_IN && !since)
            heard ^= (uint8_t)(1 << m->fault_us % 8);
        said = model_exchange(m, heard);
        if (strikes && m->fault == FAULT_FLIP_OUT && !since)
            said ^= (uint8_t)(1 << m->fault_us % 8);
        if (strikes && m->fault == FAULT_FLIPS && m->hz > 6000000 && since % 64 == 0)
            said ^= 0x10;
        if (in)
            in[i] = said;
    }
}

static void model_select(void *context, bool on) {
    struct model *m = context;

    m->selected = on;
}

static void model_speed(void *context, uint32_t hz) { ((struct model *)context)->hz = hz; }
static uint64_t model_now(void *context) { return ((struct model *)context)->now_ns / 1000; }
static void model_rest(void *context, uint32_t us) {
    ((struct model *)context)->now_ns += us * 1000ull;
}

static struct card_bus model_bus(struct model *m) {
    m->fastest_ready = 25000000;
    return (struct card_bus){.context = m,
                             .transfer = model_transfer,
                             .select = model_select,
                             .speed = model_speed,
                             .now = model_now,
                             .rest = model_rest};
}
#endif
