/* mode_native.c - the native SD protocol, over a controller that sends commands and moves blocks */
/* SPDX-License-Identifier: MIT */
#include "mode.h"

enum { /* commands of this mode alone; APP_BUS_WIDTH follows APP_COMMAND */
       ALL_SEND_CID = 2,
       SEND_RELATIVE_ADDRESS = 3,
       APP_BUS_WIDTH = 6,
       SELECT_CARD = 7,
};

enum {
    STATE = 15 << 9,   /* of R1 */
    TRANSFER = 4 << 9, /* the card waits for a command */
    WIDTH_FOUR = 2,
};
/* Of R1: all that went wrong, but what was wrong with the command before: that was noticed then. */
#define R1_ERRORS 0xfd390008u
#define OCR_READY 0x80000000u

/* A card bears 25 MHz without being asked. */
enum { HZ_FAST = 25000000, HZ_SLOW = HZ_FAST / 4 };

static int command(const struct card *card, struct card_command *command) {
    return card->bus.command(card->bus.context, command);
}

static int ask(const struct card *card, uint8_t number, uint32_t argument, enum card_answer kind,
               uint32_t *answer) {
    struct card_command what = {.number = number, .kind = kind, .argument = argument};
    int error = command(card, &what);

    *answer = what.answer[0];
    return error;
}

/* One that is answered by R1, without errors. */
static int demand(const struct card *card, uint8_t number, uint32_t argument) {
    uint32_t status;
    int error = ask(card, number, argument, CARD_ANSWER_SHORT, &status);

    return error ? error : status & R1_ERRORS ? CARD_REFUSED : 0;
}

static uint32_t address(const struct card *card) { return (uint32_t)card->relative << 16; }

/* Voltage and version are agreed on, and the card wakes up. */
static int start(struct card *card) {
    struct card_command reset = {.number = GO_IDLE, .first = true};
    struct card_wait wait = {.limit = CARD_START_US};
    uint32_t echo, ocr = 0;
    bool second;
    int error = command(card, &reset);

    if (error)
        return error;
    error = ask(card, SEND_IF_COND, CARD_IF_COND, CARD_ANSWER_SHORT, &echo);
    second = !error;
    if (error && error != CARD_NONE)
        return error;
    if (second && (echo & 0xfff) != CARD_IF_COND)
        return CARD_KIND;
    for (;;) {
        error = ask(card, APP_COMMAND, 0, CARD_ANSWER_SHORT, &echo);
        if (!error)
            error = ask(card, APP_OP_COND, CARD_VOLTS | (second ? CARD_HIGH_CAPACITY : 0),
                        CARD_ANSWER_OCR, &ocr);
        if (error)
            return error == CARD_NONE && second ? CARD_LATE : error;
        if (ocr & OCR_READY)
            break;
        if (!card_patient(&card->bus, &wait))
            return CARD_LATE;
    }
    card->by_sector = second && ocr & CARD_HIGH_CAPACITY;
    return ocr & CARD_VOLTS ? 0 : CARD_KIND;
}

/* The highest bit first. */
static void to_bytes(uint8_t bytes[CARD_REGISTER], const uint32_t words[4]) {
    for (int i = 0; i < CARD_REGISTER; i++)
        bytes[i] = (uint8_t)(words[i / 4] >> (24 - i % 4 * 8));
}

static int identify(struct card *card) {
    struct card_command send_id = {.number = ALL_SEND_CID, .kind = CARD_ANSWER_LONG};
    struct card_command send_csd = {.number = SEND_CSD, .kind = CARD_ANSWER_LONG};
    uint8_t id[CARD_ID], csd[CARD_REGISTER];
    uint32_t answer;
    int error;

    if ((error = command(card, &send_id)) ||
        (error = ask(card, SEND_RELATIVE_ADDRESS, 0, CARD_ANSWER_SHORT, &answer)))
        return error;
    card->relative = (uint16_t)(answer >> 16);
    send_csd.argument = address(card);
    if ((error = command(card, &send_csd)))
        return error;
    to_bytes(id, send_id.answer);
    to_bytes(csd, send_csd.answer);
    return card_is(card, id, csd);
}

/* The slot has four wires; where one of them does not do, the slow card gets along with the first.
 */
static int widen(struct card *card) {
    int error = demand(card, APP_COMMAND, address(card));

    if (!error)
        error = demand(card, APP_BUS_WIDTH, WIDTH_FOUR);
    if (!error)
        card->bus.wires(card->bus.context, 4);
    return error;
}

static int bring_up(struct card *card) {
    int error;

    card->bus.wires(card->bus.context, 1);
    card_speed(card, CARD_HZ_FIRST);
    /* One that did not hear that it shall begin anew answers nothing of what follows. */
    if ((error = start(card)) == CARD_NONE)
        error = start(card);
    if (error)
        return error;
    if (!(error = identify(card)) && !(error = demand(card, SELECT_CARD, address(card)))) {
        card_speed(card, card->slow ? HZ_SLOW : HZ_FAST);
        if (!card->by_sector)
            error = demand(card, SET_BLOCK_LENGTH, CARD_SECTOR);
        if (!error && !card->slow)
            error = widen(card);
    }
    return error == CARD_NONE ? CARD_LATE : error; /* one is there */
}

static int transfer(const struct card *card, struct card_command *what) {
    int error, stopped = 0;

    what->kind = CARD_ANSWER_SHORT;
    what->length = CARD_SECTOR;
    error = command(card, what);
    if (!error && what->answer[0] & R1_ERRORS)
        error = CARD_REFUSED;
    if (what->count > 1) {
        struct card_command stop = {
            .number = STOP_TRANSMISSION, .kind = CARD_ANSWER_SHORT, .stop = true};

        stopped = command(card, &stop);
        if (!stopped && stop.answer[0] & R1_ERRORS)
            stopped = CARD_REFUSED;
    } else if (error == CARD_LATE) {
        stopped = demand(card, SEND_STATUS, address(card));
    }
    /* What the card says itself tells more than that no data came. */
    return error == CARD_LATE && stopped == CARD_REFUSED ? stopped : error ? error : stopped;
}

static int read_once(struct card *card, uint64_t sector, uint32_t count, uint8_t *to) {
    struct card_command what = {.number = count > 1 ? READ_MANY : READ_ONE,
                                .argument = card_address(card, sector),
                                .count = count,
                                .in = to};

    return transfer(card, &what);
}

static int write_once(struct card *card, uint64_t sector, uint32_t count, const uint8_t *from) {
    struct card_command what = {.number = count > 1 ? WRITE_MANY : WRITE_ONE,
                                .argument = card_address(card, sector),
                                .write = true,
                                .count = count,
                                .out = from};
    struct card_wait wait = {.limit = CARD_BUSY_US};
    int error = transfer(card, &what), late;
    uint32_t status = 0;

    /* What went wrong after the last block was taken is told here; and that all is written. */
    while ((!error || error == CARD_SUM) && (status & STATE) != TRANSFER) {
        late = ask(card, SEND_STATUS, address(card), CARD_ANSWER_SHORT, &status);
        if (!late && !card_patient(&card->bus, &wait))
            late = CARD_LATE;
        if (late)
            return late;
        if (status & R1_ERRORS)
            error = CARD_REFUSED;
    }
    return error;
}

const struct card_mode card_mode_native = {bring_up, read_once, write_once};
