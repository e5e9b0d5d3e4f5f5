/* dw_mmc_model.h - the DesignWare controller by its registers, and an SD card behind it, with
 * faults */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_DW_MMC_MODEL_H
#define TESTS_HOST_DW_MMC_MODEL_H
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "userland/sd/dw_mmc.h"

enum model_kind { MODEL_OLD, MODEL_SMALL, MODEL_HIGH }; /* SDSC 1.x, SDSC 2, SDHC */
enum { MODEL_SECTORS = 32768 /* of 512 bytes */, MODEL_DEPTH_MOST = 4096, MODEL_RCA = 0xb368 };
enum model_state { IDLE, READY, IDENTIFIED, STANDBY, TRANSFER, SENDS, RECEIVES, PROGRAMS };

/* Faults strike at a command or a block, counted together. */
enum model_fault {
    FAULT_NONE,
    FAULT_ANSWER, /* a bit of an answer, or of a block, either way */
    FAULT_LOST,   /* the card does not hear a command; a block never comes */
    FAULT_GONE,   /* it is taken out, and put back `fault_us` later */
    FAULT_HUNG,   /* busy for `fault_us`, and deaf meanwhile */
    FAULT_BLOCKS, /* a bit of each block while there are four wires */
    FAULT_DEAF,   /* the controller takes no command */
};

struct model {
    enum model_kind kind;
    uint8_t *bytes;
    uint8_t id[16];
    uint64_t now_ns;
    uint32_t input_hz, depth, data; /* of the controller */
    /* Faults, and how long things take. */
    enum model_fault fault;
    uint64_t fault_at, fault_us, events;
    uint32_t busy_us, start_us, read_us;
    int64_t bad_sector;
    int protected;
    /* The controller. */
    uint32_t reg[64], divider, enabled, raw, response[4];
    uint64_t reset_till, done_at, taken_at;
    int sending; /* a command */
    uint32_t fifo[MODEL_DEPTH_MOST], head, filled;
    enum { NO_TRANSFER, READS, WRITES_OUT } transfer;
    uint32_t bytes_left; /* that the host wants, or gives */
    uint64_t word_at, data_deadline;
    int jammed; /* by an error in data, till it is reset */
    /* The card. */
    enum model_state state;
    int application, four, many, woken;
    uint64_t sector, busy_till, programs_till, ready_at;
    uint32_t status, word;
    uint8_t block[512];
    /* What was counted, and what nobody may do. */
    uint32_t commands[64], crimes;
};

static uint32_t model_hz(const struct model *m) {
    return m->divider ? m->input_hz / (2 * m->divider) : m->input_hz;
}

static void model_power(struct model *m) {
    m->state = IDLE;
    m->application = m->four = m->woken = 0;
    m->busy_till = m->programs_till = m->ready_at = 0;
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
    m->input_hz = 50000000;
    m->depth = 32;
    m->data = 0x200;
    m->reg[0x6c / 4] = 0x5342270a;
    m->reg[0x70 / 4] = 1 << 7;
    m->reg[0x4c / 4] = 15 << 16 | 16; /* as firmware leaves it: half of the depth */
    m->reg[0x24 / 4] = ~0u;
    m->reg[0x18 / 4] = 1;
    m->reg[0x74 / 4] = 1 << 16;
    memcpy(m->id, "model card 0001", 16);
    model_power(m);
}

/* Does the fault strike at this command or block? */
static int model_strikes(struct model *m) { return m->events++ == m->fault_at && m->fault; }

/* It is out of the slot, or hangs. */
static int model_away(struct model *m, enum model_fault how) {
    if (m->fault != how || m->events <= m->fault_at)
        return 0;
    if (m->fault_us < UINT64_MAX / 2) /* from now on: till when */
        m->fault_us = (m->now_ns / 1000 + m->fault_us) | 1ull << 63;
    if (m->now_ns / 1000 < (m->fault_us & ~(1ull << 63))) {
        if (how == FAULT_GONE)
            model_power(m);
        return 1;
    }
    m->fault = FAULT_NONE;
    return 0;
}

static int model_busy(struct model *m) {
    return model_away(m, FAULT_HUNG) || (!model_away(m, FAULT_GONE) && m->now_ns < m->busy_till);
}

static void model_bits(uint32_t reg[4], unsigned low, unsigned count, uint32_t value) {
    for (unsigned i = 0; i < count; i++)
        if (value >> i & 1)
            reg[(low + i) / 32] |= 1u << (low + i) % 32;
}

static void model_csd(const struct model *m, uint32_t csd[4]) {
    memset(csd, 0, 16);
    model_bits(csd, 126, 2, m->kind == MODEL_HIGH);
    model_bits(csd, 80, 4, m->kind == MODEL_SMALL ? 10 : 9);
    if (m->kind == MODEL_HIGH) {
        model_bits(csd, 48, 22, MODEL_SECTORS / 1024 - 1);
    } else {
        model_bits(csd, 62, 12, 1023);
        model_bits(csd, 47, 3, m->kind == MODEL_SMALL ? 2 : 3);
    }
    model_bits(csd, 12, 1, (uint32_t)m->protected);
    csd[0] |= 1;
}

enum model_answer { SILENT, ANSWER_R1, ANSWER_R1B, ANSWER_R2, ANSWER_R3, ANSWER_R6, ANSWER_R7 };

static enum model_answer model_r1(struct model *m, enum model_answer kind) {
    uint32_t state = m->state == TRANSFER && m->now_ns < m->programs_till ? PROGRAMS : m->state;

    m->response[0] = m->status | state << 9 | 1 << 8 | (uint32_t)m->application << 5;
    m->status = 0;
    return kind;
}

static enum model_answer model_transfer(struct model *m, uint32_t number, uint32_t argument) {
    uint64_t sector = m->kind == MODEL_HIGH ? argument : argument / 512;
    enum model_answer answer;

    if ((m->kind != MODEL_HIGH && argument % 512) || sector >= MODEL_SECTORS) {
        m->status |= 1u << 31;
        return model_r1(m, ANSWER_R1);
    }
    m->sector = sector;
    m->many = number == 18 || number == 25;
    m->word = 0;
    m->ready_at = m->now_ns + m->read_us * 1000ull;
    answer = model_r1(m, ANSWER_R1);
    m->state = number < 24 ? SENDS : RECEIVES;
    return answer;
}

/* What the card does on a command, and how it answers. */
static enum model_answer model_card(struct model *m, uint32_t number, uint32_t argument) {
    int application = m->application, mine = argument >> 16 == MODEL_RCA;
    enum model_state state = m->state;
    enum model_answer answer;

    m->application = 0;
    m->commands[number]++;
    if (number == 0) {
        m->crimes += !(m->reg[0x2c / 4] >> 15 & 1) && !m->woken;
        m->woken = 1;
        m->four = 0;
        m->state = IDLE;
        m->status = 0;
        m->ready_at = 0;
        return SILENT;
    }
    if (!m->woken)
        return SILENT;
    if (number == 8 && state == IDLE && m->kind != MODEL_OLD) {
        m->response[0] = argument & 0xfff;
        return ANSWER_R7;
    }
    if (number == 55 && (state == IDLE || (state >= STANDBY && mine))) {
        m->application = 1;
        return model_r1(m, ANSWER_R1);
    }
    if (application && number == 41 && state == IDLE) {
        if (!m->ready_at)
            m->ready_at = m->now_ns + m->start_us * 1000ull;
        m->response[0] = 0xff8000;
        if (m->now_ns >= m->ready_at && (m->kind != MODEL_HIGH || argument >> 30 & 1)) {
            m->state = READY;
            m->response[0] |= 1u << 31 | (m->kind == MODEL_HIGH ? 1u << 30 : 0);
        }
        return ANSWER_R3;
    }
    if (application && number == 6 && state == TRANSFER && (argument == 0 || argument == 2)) {
        m->four = argument == 2;
        return model_r1(m, ANSWER_R1);
    }
    if (number == 2 && state == READY) {
        for (int i = 0; i < 16; i++)
            m->response[3 - i / 4] = m->response[3 - i / 4] << 8 | m->id[i];
        m->state = IDENTIFIED;
        return ANSWER_R2;
    }
    if (number == 3 && (state == IDENTIFIED || state == STANDBY)) {
        m->response[0] = (uint32_t)MODEL_RCA << 16 | (uint32_t)state << 9 | 1 << 8;
        m->state = STANDBY;
        return ANSWER_R6;
    }
    if (number == 9 && state == STANDBY && mine) {
        model_csd(m, m->response);
        return ANSWER_R2;
    }
    if (number == 7 && state == STANDBY && mine) {
        answer = model_r1(m, ANSWER_R1B);
        m->state = TRANSFER;
        return answer;
    }
    if (number == 13 && state >= STANDBY && mine)
        return model_r1(m, ANSWER_R1);
    if (number == 16 && state == TRANSFER && argument == 512)
        return model_r1(m, ANSWER_R1);
    if (number == 12 && (state == SENDS || state == RECEIVES)) {
        answer = model_r1(m, ANSWER_R1B);
        m->state = TRANSFER;
        m->busy_till = m->now_ns + 50000;
        if (state == RECEIVES) {
            m->busy_till = m->now_ns + m->busy_us * 1000ull;
            m->programs_till = m->busy_till + 200000;
        }
        return answer;
    }
    if (state == TRANSFER && m->now_ns >= m->programs_till &&
        (number == 17 || number == 18 || number == 24 || number == 25))
        return model_transfer(m, number, argument);
    m->commands[number]--;
    m->status |= 1 << 22; /* it does not understand */
    return SILENT;
}

/* The command that is on the wire is through. */
static void model_command(struct model *m) {
    uint32_t flags = m->reg[0x2c / 4], number = flags & 63;
    int strikes = model_strikes(m), wants = flags >> 6 & 1;
    enum model_answer answer = SILENT;

    m->sending = 0;
    m->raw |= 1 << 2;
    if (!model_away(m, FAULT_GONE) && !model_away(m, FAULT_HUNG) &&
        !(strikes && m->fault == FAULT_LOST)) {
        m->crimes += number && number != 13 && number != 12 && m->now_ns < m->busy_till;
        /* One that was put in just now is not known of. */
        m->crimes += m->woken && model_hz(m) > (m->state < STANDBY ? 400000 : 25000000);
        answer = model_card(m, number, m->reg[0x28 / 4]);
    }
    m->crimes += answer != SILENT && !wants;
    m->crimes += answer == ANSWER_R2 && !(flags >> 7 & 1);
    m->crimes += answer != ANSWER_R3 && answer != SILENT && !(flags >> 8 & 1);
    if (wants && answer == SILENT)
        m->raw |= 1 << 8;
    if (answer == ANSWER_R3 && flags >> 8 & 1)
        m->raw |= 1 << 6;
    if (strikes && m->fault == FAULT_ANSWER && answer != SILENT) {
        if (answer == ANSWER_R3)
            m->response[0] ^= 1; /* no sum guards it */
        else
            m->raw |= 1 << 6;
    }
    if (flags >> 14 & 1) { /* the transfer ends as well */
        m->transfer = NO_TRANSFER;
        m->raw |= 1 << 3;
    }
    if (flags >> 9 & 1 && answer != SILENT && !(m->raw & 1 << 6)) {
        m->transfer = flags >> 10 & 1 ? WRITES_OUT : READS;
        m->bytes_left = m->reg[0x20 / 4];
        m->crimes += m->reg[0x1c / 4] != 512 || m->bytes_left % 512 || m->filled != 0;
        m->word_at = m->transfer == READS ? m->ready_at : m->now_ns;
        m->data_deadline = m->now_ns + (m->reg[0x14 / 4] >> 8) * 1000000000ull / model_hz(m);
    }
}

static uint64_t model_word_ns(const struct model *m) {
    return 32ull * 1000000000 / model_hz(m) / (m->reg[0x18 / 4] & 1 ? 4 : 1);
}

/* The wires that one uses the other must use, too. */
static int model_garbled(struct model *m, int strikes) {
    return m->four != (int)(m->reg[0x18 / 4] & 1) || (strikes && m->fault == FAULT_ANSWER) ||
           (m->fault == FAULT_BLOCKS && m->four);
}

/* In data: the controller works on only after a reset. */
static void model_error(struct model *m, uint32_t bit) {
    m->raw |= bit;
    m->jammed = 1;
}

static void model_read_word(struct model *m) {
    const uint8_t *from = m->bytes + m->sector * 512 + m->word * 4;

    m->fifo[(m->head + m->filled++) % m->depth] = (uint32_t)from[0] | (uint32_t)from[1] << 8 |
                                                  (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
    m->word_at += model_word_ns(m);
    m->bytes_left -= 4;
    if (++m->word == 128) {
        m->word = 0;
        m->sector++;
        m->ready_at = m->word_at += m->read_us * 1000ull / 4;
        if (!m->many)
            m->state = TRANSFER;
        if (model_garbled(m, model_strikes(m)))
            model_error(m, 1 << 7);
        m->data_deadline = m->now_ns + (m->reg[0x14 / 4] >> 8) * 1000000000ull / model_hz(m);
    }
    if (!m->bytes_left) {
        m->raw |= 1 << 3;
        m->transfer = NO_TRANSFER;
    }
}

static void model_reads(struct model *m) {
    while (m->transfer == READS) {
        int there = m->state == SENDS && !model_away(m, FAULT_HUNG) && !model_away(m, FAULT_GONE);

        if (there && m->sector >= MODEL_SECTORS)
            m->status |= 1u << 31, there = 0;
        if (there && (int64_t)m->sector == m->bad_sector)
            m->status |= 1u << 21, there = 0;
        if (m->fault == FAULT_LOST && m->events == m->fault_at)
            there = 0;
        if (there && m->now_ns >= m->word_at) {
            if (m->filled == m->depth) { /* the clock stands still */
                m->word_at = m->now_ns + 1;
                return;
            }
            model_read_word(m);
        } else if (!there && m->now_ns >= m->data_deadline) {
            model_error(m, 1 << 9);
            m->transfer = NO_TRANSFER;
            if (!m->many && m->state == SENDS)
                m->state = TRANSFER;
            m->events++;
        } else {
            return;
        }
    }
}

static void model_block(struct model *m) {
    int strikes = model_strikes(m);

    m->word = 0;
    if (model_away(m, FAULT_GONE) || model_away(m, FAULT_HUNG) || m->state != RECEIVES ||
        (strikes && m->fault == FAULT_LOST)) {
        model_error(m, 1 << 15); /* nobody says how he liked it */
        m->transfer = NO_TRANSFER;
        return;
    }
    if (model_garbled(m, strikes)) {
        model_error(m, 1 << 7);
        m->transfer = NO_TRANSFER;
    } else if (m->status) {
        ; /* what follows an error is dropped */
    } else if (m->sector >= MODEL_SECTORS) {
        m->status |= 1u << 31;
    } else if ((int64_t)m->sector == m->bad_sector || m->protected) {
        m->status |= 1 << 19;
    } else {
        memcpy(m->bytes + m->sector++ * 512, m->block, 512);
    }
    m->busy_till = m->now_ns + m->busy_us * 1000ull;
    m->programs_till = m->busy_till + 200000; /* busy no more, but not done */
    if (!m->many)
        m->state = TRANSFER;
}

static void model_writes(struct model *m) {
    while (m->transfer == WRITES_OUT && m->now_ns >= m->word_at && m->now_ns >= m->busy_till) {
        if (!m->filled) { /* the clock stands still */
            m->word_at = m->now_ns;
            return;
        }
        for (int i = 0; i < 4; i++)
            m->block[m->word * 4 + i] = (uint8_t)(m->fifo[m->head] >> i * 8);
        m->head = (m->head + 1) % m->depth;
        m->filled--;
        m->word_at += model_word_ns(m);
        m->bytes_left -= 4;
        if (++m->word == 128)
            model_block(m);
        if (!m->bytes_left && m->transfer) {
            m->raw |= 1 << 3;
            m->transfer = NO_TRANSFER;
        }
    }
}

static void model_step(struct model *m) {
    m->now_ns += 100;
    /* The end of a transfer has no clock while the FIFO is full. */
    if (m->sending && m->transfer == READS && m->filled == m->depth)
        m->done_at += 100;
    if (m->sending && m->now_ns >= m->done_at)
        model_command(m);
    model_reads(m);
    model_writes(m);
}

static void model_start(struct model *m, uint32_t flags) {
    uint64_t clocks = 48 + (flags >> 15 & 1) * 80 + (flags >> 6 & 1) * (flags >> 7 & 1 ? 140 : 56);

    if (m->sending || m->now_ns < m->taken_at) {
        m->raw |= 1 << 12;
        return;
    }
    m->reg[0x2c / 4] = flags;
    m->taken_at = m->fault == FAULT_DEAF ? UINT64_MAX : m->now_ns + 1000;
    if (m->fault == FAULT_DEAF)
        return;
    if (flags >> 21 & 1) {
        m->crimes += m->enabled && m->reg[0x10 / 4] && m->divider != m->reg[8 / 4];
        m->divider = m->reg[8 / 4];
        m->enabled = m->reg[0x10 / 4];
        return;
    }
    m->crimes += !m->enabled || !(flags >> 29 & 1) || m->reg[0x24 / 4] != 0 ||
                 m->reg[0x80 / 4] >> 7 & 1 || m->reg[0] & (1u << 25 | 1u << 5) ||
                 m->reg[0x74 / 4] >> 16 & 1;
    m->crimes += (m->transfer || m->jammed) && !(flags >> 14 & 1);
    m->sending = 1;
    m->done_at = m->now_ns + clocks * 1000000000 / model_hz(m);
}

static uint32_t model_get(void *context, uint32_t offset) {
    struct model *m = context;
    uint32_t word;

    model_step(m);
    if (offset == m->data) {
        if (!m->filled) {
            m->crimes++;
            return 0xdeadbeef;
        }
        word = m->fifo[m->head];
        m->head = (m->head + 1) % m->depth;
        m->filled--;
        return word;
    }
    switch (offset) {
    case 0x00:
        return m->now_ns < m->reset_till ? m->reg[0] : m->reg[0] & ~7u;
    case 0x2c:
        return (m->now_ns < m->taken_at || (m->reg[0x2c / 4] >> 21 & 1 && model_busy(m)))
                   ? m->reg[0x2c / 4]
                   : m->reg[0x2c / 4] & 0x7fffffff;
    case 0x30:
    case 0x34:
    case 0x38:
    case 0x3c:
        return m->response[(offset - 0x30) / 4];
    case 0x44:
        return m->raw;
    case 0x48:
        return m->filled << 17 | (uint32_t)model_busy(m) << 9;
    }
    m->crimes += offset % 4 || offset >= 0x100;
    return m->reg[offset / 4 % 64];
}

static void model_set(void *context, uint32_t offset, uint32_t value) {
    struct model *m = context;

    model_step(m);
    if (offset == m->data) {
        /* A transfer that just failed is not known of. */
        m->crimes +=
            m->filled == m->depth || (m->transfer == WRITES_OUT ? m->filled * 4 >= m->bytes_left
                                                                : !(m->raw & (1 << 7 | 1 << 15)));
        if (m->filled < m->depth)
            m->fifo[(m->head + m->filled++) % m->depth] = value;
        model_writes(m);
        return;
    }
    m->crimes += offset % 4 || offset >= 0x100;
    if (offset == 0x2c) {
        model_start(m, value);
        return;
    }
    if (offset == 0x44) {
        m->raw &= ~value;
        return;
    }
    if (offset == 0x00) {
        m->reset_till = m->now_ns + 500;
        if (value & 2)
            m->filled = m->head = 0;
        if (value & 1) {
            m->jammed = 0;
            m->transfer = NO_TRANSFER;
            m->sending = 0;
            m->taken_at = 0;
        }
    }
    m->reg[offset / 4 % 64] = value;
}

static uint64_t model_now(void *context) { return ((struct model *)context)->now_ns / 1000; }
static void model_rest(void *context, uint32_t us) {
    ((struct model *)context)->now_ns += us * 1000ull;
}

static struct dw_mmc_port model_port(struct model *m) {
    return (struct dw_mmc_port){m, model_get, model_set, model_now, model_rest};
}
#endif
