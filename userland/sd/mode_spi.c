/* mode_spi.c - the SD protocol in SPI mode, with sums on commands and data */
/* SPDX-License-Identifier: MIT */
#include "crc.h"
#include "mode.h"

/* Commands of this mode alone. */
enum { SEND_CID = 10, READ_OCR = 58, CRC_ON_OFF = 59 };

enum { /* answers */
       R1_READY = 0,
       R1_IDLE = 0x01,
       R1_ILLEGAL = 0x04,
       R1_SUM = 0x08,
       R1_NONE = 0x80,
       DATA_MASK = 0x1f,
       DATA_ACCEPTED = 0x05,
       DATA_SUM = 0x0b,
};

enum { /* tokens before data */
       TOKEN_BLOCK = 0xfe,
       TOKEN_MANY = 0xfc,
       TOKEN_STOP = 0xfd,
};

/* The boards' slots bear 20 MHz; a bad wire perhaps a quarter of that. */
enum { HZ_FAST = 20000000, HZ_SLOW = HZ_FAST / 4 };
enum { RESETS = 3, ANSWER_BYTES = 9, WAKE_BYTES = 10, LOOK_BYTES = 16 };
enum { RESET_US = 1000000 };

static uint8_t byte(const struct card *card) {
    uint8_t in;

    card->bus.transfer(card->bus.context, NULL, &in, 1);
    return in;
}

static void send(const struct card *card, const uint8_t *out, uint32_t count) {
    card->bus.transfer(card->bus.context, out, NULL, count);
}

/* Bytes till one is all ones (or, for a token, is not): that one, or CARD_LATE. The clock is dear:
 * it is looked at now and then. */
static int await(const struct card *card, bool token, uint32_t limit) {
    struct card_wait wait = {.limit = limit};
    uint8_t got;

    for (uint32_t count = 1; ((got = byte(card)) == 0xff) == token; count++)
        if (count % LOOK_BYTES == 0 && !card_patient(&card->bus, &wait))
            return CARD_LATE;
    return got;
}

/* The card hears, and has nothing to do: 0 or CARD_LATE. */
static int select(const struct card *card) {
    card->bus.select(card->bus.context, true);
    return await(card, false, CARD_BUSY_US) < 0 ? CARD_LATE : 0;
}

/* It lets go of the wire at the clock after it is deselected. */
static void deselect(const struct card *card) {
    card->bus.select(card->bus.context, false);
    byte(card);
}

/* R1, or R1_NONE. */
static uint8_t command_now(const struct card *card, uint8_t number, uint32_t argument) {
    uint8_t out[6] = {0x40 | number, (uint8_t)(argument >> 24), (uint8_t)(argument >> 16),
                      (uint8_t)(argument >> 8), (uint8_t)argument};
    uint8_t answer = R1_NONE;

    out[5] = crc7(out, 5);
    send(card, out, sizeof out);
    if (number == STOP_TRANSMISSION)
        byte(card); /* of the data that it stops */
    for (int i = 0; i < ANSWER_BYTES && answer & R1_NONE; i++)
        answer = byte(card);
    return answer & R1_NONE ? R1_NONE : answer;
}

static int error_of_answer(uint8_t answer) {
    return answer == R1_NONE ? CARD_NONE : answer & R1_SUM ? CARD_SUM : answer ? CARD_REFUSED : 0;
}

/* Leaves the card selected. R1, R1_NONE or CARD_LATE. */
static int command(const struct card *card, uint8_t number, uint32_t argument) {
    return select(card) ? CARD_LATE : command_now(card, number, argument);
}

/* A command that does nothing else than to answer: R1, and what follows it. */
static int ask(const struct card *card, uint8_t number, uint32_t argument, uint8_t *more,
               uint32_t count) {
    int answer = command(card, number, argument);

    if (count && answer >= 0 && answer != R1_NONE)
        card->bus.transfer(card->bus.context, NULL, more, count);
    deselect(card);
    return answer;
}

/* The same of one that must be answered so: 0 or an error. */
static int demand(const struct card *card, uint8_t number, uint32_t argument) {
    int answer = ask(card, number, argument, NULL, 0);

    return answer < 0 ? answer : error_of_answer((uint8_t)answer);
}

/* A block of data with its sum. */
static int receive(const struct card *card, uint8_t *to, uint32_t count) {
    int token = await(card, true, CARD_READ_US);
    uint8_t sum[2];

    if (token != TOKEN_BLOCK)
        return token < 0 ? token : CARD_REFUSED;
    card->bus.transfer(card->bus.context, NULL, to, count);
    card->bus.transfer(card->bus.context, NULL, sum, sizeof sum);
    return crc16(to, count) == (sum[0] << 8 | sum[1]) ? 0 : CARD_SUM;
}

static int read_register(const struct card *card, uint8_t number, uint8_t to[CARD_REGISTER]) {
    int answer = command(card, number, 0);
    int error = answer < 0 ? answer : error_of_answer((uint8_t)answer);

    if (!error)
        error = receive(card, to, CARD_REGISTER);
    deselect(card);
    return error;
}

/* What a driver before left may be the middle of a block that is read or written: that is ended. A
 * block cut short has a wrong sum, and is dropped by the card. */
static void settle(const struct card *card) {
    const uint8_t stop = TOKEN_STOP;

    card->bus.select(card->bus.context, true);
    card->bus.transfer(card->bus.context, NULL, NULL, CARD_SECTOR + 8);
    send(card, &stop, 1);
    byte(card);
    await(card, false, CARD_BUSY_US);
    command_now(card, STOP_TRANSMISSION, 0);
    deselect(card);
}

/* It is told to begin anew, and in SPI mode. One that was in the middle of something, and the one
 * of an emulator, hear that at the second time only. */
static int reset(const struct card *card) {
    const struct card_bus *bus = &card->bus;
    uint64_t begin = bus->now(bus->context);
    int answer, silent = 0;

    for (;;) {
        bus->transfer(bus->context, NULL, NULL, WAKE_BYTES);
        answer = ask(card, GO_IDLE, 0, NULL, 0);
        silent += answer == R1_NONE || (answer >= 0 && answer & R1_ILLEGAL); /* to no card */
        if (answer == R1_IDLE)
            return 0;
        if (silent == RESETS || bus->now(bus->context) - begin > RESET_US)
            return answer < 0 ? answer : CARD_NONE;
        settle(card);
    }
}

/* Voltage and version are agreed on, and the card wakes up. */
static int start(struct card *card) {
    uint64_t begin = card->bus.now(card->bus.context);
    uint8_t more[4];
    int answer = ask(card, SEND_IF_COND, CARD_IF_COND, more, sizeof more), error;
    bool second = answer >= 0 && !(answer & R1_ILLEGAL);

    if (answer < 0 || answer == R1_NONE)
        return answer < 0 ? answer : CARD_NONE;
    if (second && ((more[2] & 15) << 8 | more[3]) != CARD_IF_COND)
        return answer & R1_SUM ? CARD_SUM : CARD_KIND;
    do {
        if (card->bus.now(card->bus.context) - begin > CARD_START_US)
            return CARD_LATE;
        card->bus.rest(card->bus.context, CARD_REST_US);
        answer = ask(card, APP_COMMAND, 0, NULL, 0);
        if (answer >= 0 && !(answer & ~R1_IDLE))
            answer = ask(card, APP_OP_COND, second ? CARD_HIGH_CAPACITY : 0, NULL, 0);
    } while (answer == R1_IDLE);
    if (answer != R1_READY)
        return answer < 0          ? answer
               : answer == R1_NONE ? CARD_NONE
               : answer & R1_SUM   ? CARD_SUM
                                   : CARD_KIND;
    if ((error = demand(card, CRC_ON_OFF, 1)))
        return error;
    answer = ask(card, READ_OCR, 0, more, sizeof more);
    if (answer & ~R1_IDLE) /* an emulator says idle here */
        return answer < 0 ? answer : error_of_answer((uint8_t)answer);
    card->by_sector = second && more[0] & CARD_HIGH_CAPACITY >> 24;
    return more[1] & CARD_VOLTS >> 16 ? 0 : CARD_KIND;
}

static int identify(struct card *card) {
    uint8_t id[CARD_ID], csd[CARD_REGISTER];
    int error = start(card);

    card_speed(card, card->slow ? HZ_SLOW : HZ_FAST);
    if (error || (error = read_register(card, SEND_CID, id)) ||
        (error = read_register(card, SEND_CSD, csd)) || (error = card_is(card, id, csd)))
        return error;
    return card->by_sector ? 0 : demand(card, SET_BLOCK_LENGTH, CARD_SECTOR);
}

static int bring_up(struct card *card) {
    int error;

    card_speed(card, CARD_HZ_FIRST);
    card->bus.select(card->bus.context, false);
    if ((error = reset(card)))
        return error;
    error = identify(card);
    return error == CARD_NONE ? CARD_LATE : error; /* one is there */
}

static int read_once(struct card *card, uint64_t sector, uint32_t count, uint8_t *to) {
    bool many = count > 1;
    int answer = command(card, many ? READ_MANY : READ_ONE, card_address(card, sector));
    int error = answer < 0 ? answer : error_of_answer((uint8_t)answer), late = 0;

    if (error) {
        deselect(card);
        return error;
    }
    for (; count && !error; count--, to += CARD_SECTOR)
        error = receive(card, to, CARD_SECTOR);
    if (many) {
        /* One that did not hear it sends on; what was read is good, but it must begin anew. */
        card->open = command_now(card, STOP_TRANSMISSION, 0) == R1_READY;
        late = await(card, false, CARD_BUSY_US);
    }
    deselect(card);
    return error ? error : late < 0 ? late : 0;
}

/* One block behind its token, till the card has taken it. */
static int write_block(const struct card *card, uint8_t token, const uint8_t *from) {
    static const uint8_t zeros[CARD_SECTOR];
    uint16_t sum = crc16(from ? from : zeros, CARD_SECTOR);
    const uint8_t head[2] = {0xff, token}, tail[2] = {(uint8_t)(sum >> 8), (uint8_t)sum};
    uint8_t answer = 0xff;

    send(card, head, sizeof head);
    send(card, from ? from : zeros, CARD_SECTOR);
    send(card, tail, sizeof tail);
    for (int i = 0; i < ANSWER_BYTES && answer == 0xff; i++)
        answer = byte(card);
    if (await(card, false, CARD_BUSY_US) < 0)
        return CARD_LATE;
    answer &= DATA_MASK;
    return answer == DATA_ACCEPTED ? 0
           : answer == DATA_SUM    ? CARD_SUM
           : answer == DATA_MASK   ? CARD_NONE
                                   : CARD_REFUSED;
}

static int write_once(struct card *card, uint64_t sector, uint32_t count, const uint8_t *from) {
    const uint8_t stop[2] = {TOKEN_STOP, 0xff};
    bool many = count > 1;
    int answer = command(card, many ? WRITE_MANY : WRITE_ONE, card_address(card, sector));
    int error = answer < 0 ? answer : error_of_answer((uint8_t)answer);
    uint8_t status;

    if (error) {
        deselect(card);
        return error;
    }
    for (; count && !error; count--, from += from ? CARD_SECTOR : 0)
        error = write_block(card, many ? TOKEN_MANY : TOKEN_BLOCK, from);
    if (many) {
        send(card, stop, sizeof stop);
        if (await(card, false, CARD_BUSY_US) < 0)
            error = error ? error : CARD_LATE;
    }
    deselect(card);
    if (error)
        return error;
    /* What went wrong after the last block was taken is told here. */
    answer = ask(card, SEND_STATUS, 0, &status, 1);
    error = answer < 0 ? answer : error_of_answer((uint8_t)answer);
    return error ? error : status ? CARD_REFUSED : 0;
}

const struct card_mode card_mode_spi = {bring_up, read_once, write_once};
