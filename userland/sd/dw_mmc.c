/* dw_mmc.c - registers of the DesignWare controller: its clock, commands, blocks through its FIFO
 */
/* SPDX-License-Identifier: MIT */
#include "dw_mmc.h"
#include "mode.h"

/*
 * Polled, and without its DMA. The controller stops the card's clock while the FIFO is full, or
 * empty in a write, so who is preempted in a transfer loses nothing but time.
 */
enum { /* registers */
       CONTROL = 0x00,
       POWER = 0x04,
       CLOCK_DIVIDER = 0x08,
       CLOCK_SOURCE = 0x0c,
       CLOCK_ENABLE = 0x10,
       TIME_OUT = 0x14,
       CARD_TYPE = 0x18,
       BLOCK_SIZE = 0x1c,
       BYTE_COUNT = 0x20,
       INTERRUPT_MASK = 0x24,
       ARGUMENT = 0x28,
       COMMAND = 0x2c,
       RESPONSE = 0x30, /* four words, the lowest first */
       RAW_INTERRUPTS = 0x44,
       STATUS = 0x48,
       FIFO_THRESHOLD = 0x4c,
       VERSION = 0x6c,
       HARDWARE = 0x70,
       UHS = 0x74,
       BUS_MODE = 0x80,
       DMA_INTERRUPTS = 0x90,
       DATA_OLD = 0x100, /* before version 2.40a */
       DATA = 0x200,
};
enum {
    VERSION_240A = 0x240a,
    HARDWARE_WIDTH = 7 << 7,
    HARDWARE_32 = 1 << 7,
    DOUBLE_RATE = 1 << 16
};
enum { RESET = 1, RESET_FIFO = 2, RESET_DMA = 4, BUS_RESET = 1 };
enum { /* COMMAND */
       WITH_ANSWER = 1 << 6,
       ANSWER_LONG = 1 << 7,
       ANSWER_SUM = 1 << 8,
       WITH_DATA = 1 << 9,
       WRITES = 1 << 10,
       AFTER_DATA = 1 << 13, /* waits for those before */
       STOPS = 1 << 14,
       WAKES = 1 << 15, /* 80 clocks before it */
       UPDATE_CLOCK = 1 << 21,
       HOLD = 1 << 29,
};
#define START 0x80000000u
enum { /* RAW_INTERRUPTS; a one that is written clears it */
       ANSWER_ERROR = 1 << 1,
       COMMAND_DONE = 1 << 2,
       DATA_OVER = 1 << 3,
       ANSWER_CRC = 1 << 6,
       DATA_CRC = 1 << 7,
       NO_ANSWER = 1 << 8,
       NO_DATA = 1 << 9,
       STARVED = 1 << 10,
       OVERRUN = 1 << 11,
       LOCKED = 1 << 12, /* a register was written while it was in use */
       START_BIT = 1 << 13,
       END_BIT = 1 << 15, /* of data; or the card did not say how it liked a block */
       DATA_ERRORS = DATA_CRC | NO_DATA | STARVED | OVERRUN | LOCKED | START_BIT | END_BIT,
};
enum { STATUS_BUSY = 1 << 9, STATUS_FILLED = 17, STATUS_FILLED_MASK = 0x1fff };
enum { DIVIDER_MOST = 255, ANSWER_CLOCKS = 255, DATA_CLOCKS_MOST = 0xffffff, LOOKS = 64 };
enum { DEPTH_LEAST = 2, DEPTH_MOST = 4096 };

/* Microseconds. */
enum { RESET_US = 10000, COMMAND_US = 100000 };
/* With the largest divider this is 400 kHz. */
enum { INPUT_MOST = 2 * DIVIDER_MOST * 400000, INPUT_LEAST = 400000 };
enum { ROUNDS = 4, WAKE_CLOCKS = 80 };

static uint32_t get(const struct dw_mmc *mmc, uint32_t offset) {
    return mmc->port.get(mmc->port.context, offset);
}

static void set(const struct dw_mmc *mmc, uint32_t offset, uint32_t value) {
    mmc->port.set(mmc->port.context, offset, value);
}

static bool patient(const struct dw_mmc *mmc, struct card_wait *wait) {
    const struct card_bus bus = {
        .context = mmc->port.context, .now = mmc->port.now, .rest = mmc->port.rest};

    return card_patient(&bus, wait);
}

/* Till none of these bits is set: false if they stay. */
static bool cleared(const struct dw_mmc *mmc, uint32_t offset, uint32_t bits, uint32_t limit) {
    struct card_wait wait = {.limit = limit};

    for (uint32_t looks = 1; get(mmc, offset) & bits; looks++)
        if (looks % LOOKS == 0 && !patient(mmc, &wait))
            return false;
    return true;
}

static bool reset(struct dw_mmc *mmc, uint32_t what) {
    set(mmc, CONTROL, what);
    return cleared(mmc, CONTROL, what, RESET_US);
}

/* The part that makes the card's clock takes over what its registers say, once the card is not
 * busy. */
static void update_clock(struct dw_mmc *mmc) {
    if (!mmc->stuck)
        set(mmc, COMMAND, START | UPDATE_CLOCK | AFTER_DATA);
    mmc->stuck = mmc->stuck || !cleared(mmc, COMMAND, START, CARD_BUSY_US);
}

/* After an error nothing of the command is left in it; and it takes the clock over anew. */
static void recover(struct dw_mmc *mmc) {
    mmc->spoilt = false;
    mmc->stuck = !reset(mmc, RESET | RESET_FIFO | RESET_DMA);
    update_clock(mmc);
}

static void set_divider(struct dw_mmc *mmc, uint32_t divider) {
    set(mmc, CLOCK_ENABLE, 0);
    update_clock(mmc);
    if (mmc->stuck) /* the clock still runs, and must not change then */
        return;
    set(mmc, CLOCK_DIVIDER, divider);
    set(mmc, CLOCK_SOURCE, 0);
    update_clock(mmc);
    set(mmc, CLOCK_ENABLE, 1);
    update_clock(mmc);
}

/* The input divided by 2 dividers; by none if that is 0. */
static void speed(void *context, uint32_t hz) {
    struct dw_mmc *mmc = context;
    uint32_t parts = mmc->input_hz <= hz ? 0 : (mmc->input_hz + 2 * hz - 1) / (2 * hz);
    uint64_t clocks = (uint64_t)hz * CARD_READ_US / 1000000;

    recover(mmc);
    set_divider(mmc, parts < DIVIDER_MOST ? parts : DIVIDER_MOST);
    clocks = clocks < DATA_CLOCKS_MOST ? clocks : DATA_CLOCKS_MOST;
    set(mmc, TIME_OUT, (uint32_t)clocks << 8 | ANSWER_CLOCKS);
}

static void wires(void *context, uint32_t count) { set(context, CARD_TYPE, count == 4); }

static uint32_t flags_of(const struct card_command *command) {
    return START | HOLD | command->number | (command->kind != CARD_ANSWER_NONE ? WITH_ANSWER : 0) |
           (command->kind == CARD_ANSWER_LONG ? ANSWER_LONG : 0) |
           (command->kind != CARD_ANSWER_NONE && command->kind != CARD_ANSWER_OCR ? ANSWER_SUM
                                                                                  : 0) |
           (command->count ? WITH_DATA : 0) | (command->write ? WRITES : 0) |
           (command->first ? WAKES : 0) | (command->stop ? STOPS : AFTER_DATA);
}

/* The command is out, and its answer is there: 0 or an error. */
static int send(struct dw_mmc *mmc, struct card_command *command) {
    struct card_wait wait = {.limit = COMMAND_US, .awake = true};
    uint32_t raw, looks = 1;

    set(mmc, RAW_INTERRUPTS, ~0u);
    set(mmc, ARGUMENT, command->argument);
    set(mmc, COMMAND, flags_of(command));
    while (!((raw = get(mmc, RAW_INTERRUPTS)) & (COMMAND_DONE | LOCKED)))
        if (looks++ % LOOKS == 0 && !patient(mmc, &wait))
            return CARD_LATE;
    if (raw & LOCKED)
        return CARD_LATE;
    if (raw & NO_ANSWER)
        return CARD_NONE;
    if (raw & (ANSWER_CRC | ANSWER_ERROR) && command->kind != CARD_ANSWER_NONE)
        return CARD_SUM;
    for (uint32_t i = 0; i < 4; i++)
        command->answer[i] =
            get(mmc, RESPONSE + (command->kind == CARD_ANSWER_LONG ? 3 - i : i) * 4);
    return 0;
}

/* As many words as the FIFO has, or has room for. */
static uint32_t move_words(const struct dw_mmc *mmc, struct card_command *command, uint32_t left) {
    uint32_t filled = get(mmc, STATUS) >> STATUS_FILLED & STATUS_FILLED_MASK;
    uint32_t room = filled < mmc->depth ? mmc->depth - filled : 0;
    uint32_t count = command->write ? room : filled;

    count = count < left ? count : left;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t word = 0;

        if (command->write) {
            for (int byte = 0; command->out && byte < 4; byte++)
                word |= (uint32_t)*command->out++ << byte * 8;
            set(mmc, mmc->data, word);
        } else {
            word = get(mmc, mmc->data);
            for (int byte = 0; byte < 4; byte++)
                *command->in++ = (uint8_t)(word >> byte * 8);
        }
    }
    return count;
}

static int move_data(const struct dw_mmc *mmc, struct card_command *command) {
    struct card_wait wait = {.limit = CARD_BUSY_US};
    uint32_t left = command->length * command->count / 4;

    for (uint32_t looks = 1;; looks++) {
        uint32_t raw = get(mmc, RAW_INTERRUPTS); /* before the FIFO: what is over is all in it */
        uint32_t moved = left ? move_words(mmc, command, left) : 0;

        left -= moved;
        if (raw & DATA_ERRORS)
            return raw & (NO_DATA | STARVED | LOCKED) ? CARD_LATE : CARD_SUM;
        if (raw & DATA_OVER)
            return left ? CARD_SUM : 0;
        if (moved)
            wait.begin = 0;
        else if (looks % LOOKS == 0 && !patient(mmc, &wait))
            return CARD_LATE;
    }
}

static int command(void *context, struct card_command *command) {
    struct dw_mmc *mmc = context;
    int error = 0;

    /* A full FIFO stops the clock, which the end of a transfer needs; 32 words last till it is out.
     */
    if (mmc->spoilt && command->stop)
        reset(mmc, RESET_FIFO);
    else if (mmc->spoilt)
        recover(mmc);
    if (mmc->stuck || (!command->stop && !cleared(mmc, STATUS, STATUS_BUSY, CARD_BUSY_US)))
        return CARD_LATE;
    if (command->count) {
        set(mmc, BLOCK_SIZE, command->length);
        set(mmc, BYTE_COUNT, command->length * command->count);
        error = reset(mmc, RESET_FIFO) ? 0 : CARD_LATE;
    }
    if (!error)
        error = send(mmc, command);
    if (!error && command->count)
        error = move_data(mmc, command);
    mmc->spoilt = mmc->spoilt || error;
    return error;
}

/* The shortest time that such a command takes, which no card answers. */
static uint64_t time_of(struct dw_mmc *mmc, bool first) {
    struct card_command idle = {.first = first};
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < ROUNDS; i++) {
        uint64_t begin = mmc->port.now(mmc->port.context), took;

        if (send(mmc, &idle))
            return 0;
        took = mmc->port.now(mmc->port.context) - begin;
        least = took < least ? took : least;
    }
    return least;
}

/* The clock behind it, by how much longer a command takes with the 80 clocks before it. The most
 * that it may be, if that is nothing sensible: then all is slower. */
static uint32_t measure(struct dw_mmc *mmc) {
    uint64_t with, without, hz;

    set_divider(mmc, DIVIDER_MOST);
    with = time_of(mmc, true);
    without = time_of(mmc, false);
    if (!without || with <= without)
        return INPUT_MOST;
    hz = 2000000ull * DIVIDER_MOST * WAKE_CLOCKS / (with - without);
    return (uint32_t)(hz < INPUT_LEAST || hz > INPUT_MOST ? INPUT_MOST : hz);
}

bool dw_mmc_open(struct dw_mmc *mmc, const struct dw_mmc_port *port, uint32_t input_hz,
                 uint32_t depth) {
    *mmc = (struct dw_mmc){.port = *port, .input_hz = input_hz, .depth = depth};
    mmc->data = (get(mmc, VERSION) & 0xffff) < VERSION_240A ? DATA_OLD : DATA;
    if ((get(mmc, HARDWARE) & HARDWARE_WIDTH) != HARDWARE_32)
        return false;
    /* Out of reset this is the depth less one. Firmware may have left half of it: that does, too.
     */
    if (!depth)
        mmc->depth = (get(mmc, FIFO_THRESHOLD) >> 16 & 0xfff) + 1;
    if (mmc->depth < DEPTH_LEAST || mmc->depth > DEPTH_MOST)
        return false;
    set(mmc, POWER, 1);
    set(mmc, BUS_MODE, BUS_RESET); /* its DMA stands still, and is not used */
    set(mmc, DMA_INTERRUPTS, 0);
    set(mmc, INTERRUPT_MASK, 0);
    recover(mmc);
    set(mmc, UHS, get(mmc, UHS) & ~(uint32_t)DOUBLE_RATE);
    set(mmc, CARD_TYPE, 0);
    set(mmc, TIME_OUT, ~0u);
    if (!input_hz && !mmc->stuck)
        mmc->input_hz = measure(mmc);
    return !mmc->stuck;
}

static uint64_t now(void *context) {
    const struct dw_mmc_port *port = &((struct dw_mmc *)context)->port;

    return port->now(port->context);
}

static void rest(void *context, uint32_t microseconds) {
    const struct dw_mmc_port *port = &((struct dw_mmc *)context)->port;

    port->rest(port->context, microseconds);
}

struct card_bus dw_mmc_bus(struct dw_mmc *mmc) {
    return (struct card_bus){.context = mmc,
                             .command = command,
                             .wires = wires,
                             .speed = speed,
                             .now = now,
                             .rest = rest};
}
