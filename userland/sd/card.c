/* card.c - the SD protocol in SPI mode, with sums on commands and data */
/* SPDX-License-Identifier: MIT */
#include "card.h"
#include <string.h>
#include "crc.h"

enum { /* commands; ACMD41 follows CMD55 */
       GO_IDLE = 0,
       SEND_IF_COND = 8,
       SEND_CSD = 9,
       SEND_CID = 10,
       STOP_TRANSMISSION = 12,
       SEND_STATUS = 13,
       SET_BLOCK_LENGTH = 16,
       READ_ONE = 17,
       READ_MANY = 18,
       WRITE_ONE = 24,
       WRITE_MANY = 25,
       APP_OP_COND = 41,
       APP_COMMAND = 55,
       READ_OCR = 58,
       CRC_ON_OFF = 59,
};

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

/* A default card bears 25 MHz, the boards' slots 20; a bad wire perhaps a quarter of that. */
enum { HZ_FIRST = 400000, HZ_FAST = 20000000, HZ_SLOW = HZ_FAST / 4 };
enum { TRIES = 3, ANSWER_BYTES = 9, WAKE_BYTES = 10, LOOK_BYTES = 16, REGISTER = 16 };
/* Microseconds. The standard has 100 ms for a read, 250 (SDXC: 500) for a write, and a second to
 * start. */
enum { READ_US = 300000, BUSY_US = 600000, START_US = 1000000, RESET_US = 1000000 };
enum { AGAIN_US = 1500000 };
enum { TRIES_US = 3000000, SPIN_US = 100, REST_US = 1000 };
enum { VOLTS = 0x30 /* 3.2 to 3.4 V */, IF_COND = 0x1aa, HIGH_CAPACITY = 1 << 30 };

static uint8_t byte(const struct card *card) {
    uint8_t in;

    card->bus.transfer(card->bus.context, NULL, &in, 1);
    return in;
}

static void send(const struct card *card, const uint8_t *out, uint32_t count) {
    card->bus.transfer(card->bus.context, out, NULL, count);
}

static void speed(struct card *card, uint32_t hz) {
    card->hz = hz;
    card->bus.speed(card->bus.context, hz);
}

/* Bytes till one is all ones (or, for a token, is not): that one, or CARD_LATE. The clock is dear:
 * it is looked at now and then. */
static int await(const struct card *card, bool token, uint32_t limit) {
    const struct card_bus *bus = &card->bus;
    uint64_t begin = 0, spent = 0;
    uint8_t got;

    for (uint32_t count = 1; ((got = byte(card)) == 0xff) == token; count++) {
        if (count % LOOK_BYTES)
            continue;
        if (spent > limit)
            return CARD_LATE;
        begin = begin ? begin : bus->now(bus->context);
        spent = bus->now(bus->context) - begin;
        if (spent > SPIN_US)
            bus->rest(bus->context, spent / 4 < REST_US ? (uint32_t)spent / 4 : REST_US);
    }
    return got;
}

/* The card hears, and has nothing to do: 0 or CARD_LATE. */
static int select(const struct card *card) {
    card->bus.select(card->bus.context, true);
    return await(card, false, BUSY_US) < 0 ? CARD_LATE : 0;
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
    int token = await(card, true, READ_US);
    uint8_t sum[2];

    if (token != TOKEN_BLOCK)
        return token < 0 ? token : CARD_REFUSED;
    card->bus.transfer(card->bus.context, NULL, to, count);
    card->bus.transfer(card->bus.context, NULL, sum, sizeof sum);
    return crc16(to, count) == (sum[0] << 8 | sum[1]) ? 0 : CARD_SUM;
}

static int read_register(const struct card *card, uint8_t number, uint8_t to[REGISTER]) {
    int answer = command(card, number, 0);
    int error = answer < 0 ? answer : error_of_answer((uint8_t)answer);

    if (!error)
        error = receive(card, to, REGISTER);
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
    await(card, false, BUSY_US);
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
        if (silent == TRIES || bus->now(bus->context) - begin > RESET_US)
            return answer < 0 ? answer : CARD_NONE;
        settle(card);
    }
}

/* Voltage and version are agreed on, and the card wakes up. */
static int start(struct card *card) {
    uint64_t begin = card->bus.now(card->bus.context);
    uint8_t more[4];
    int answer = ask(card, SEND_IF_COND, IF_COND, more, sizeof more), error;
    bool second = answer >= 0 && !(answer & R1_ILLEGAL);

    if (answer < 0 || answer == R1_NONE)
        return answer < 0 ? answer : CARD_NONE;
    if (second && ((more[2] & 15) << 8 | more[3]) != IF_COND)
        return answer & R1_SUM ? CARD_SUM : CARD_KIND;
    do {
        if (card->bus.now(card->bus.context) - begin > START_US)
            return CARD_LATE;
        card->bus.rest(card->bus.context, REST_US);
        answer = ask(card, APP_COMMAND, 0, NULL, 0);
        if (answer >= 0 && !(answer & ~R1_IDLE))
            answer = ask(card, APP_OP_COND, second ? HIGH_CAPACITY : 0, NULL, 0);
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
    card->by_sector = second && more[0] & HIGH_CAPACITY >> 24;
    return more[1] & VOLTS ? 0 : CARD_KIND;
}

/* Bits [low, low + count) of a register, whose first byte has the highest. */
static uint32_t bits(const uint8_t reg[REGISTER], unsigned low, unsigned count) {
    uint32_t value = 0;

    for (unsigned i = count; i--;)
        value = value << 1 | (reg[REGISTER - 1 - (low + i) / 8] >> (low + i) % 8 & 1u);
    return value;
}

static int read_size(struct card *card) {
    uint8_t csd[REGISTER];
    uint32_t length;
    int error = read_register(card, SEND_CSD, csd);

    if (error)
        return error;
    length = bits(csd, 80, 4); /* of a block: a power of two bytes */
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

static int identify(struct card *card) {
    uint8_t id[CARD_ID];
    int error = start(card);

    speed(card, card->slow ? HZ_SLOW : HZ_FAST);
    if (error || (error = read_register(card, SEND_CID, id)) || (error = read_size(card)))
        return error;
    if (card->known && memcmp(id, card->id, CARD_ID))
        return CARD_OTHER;
    memcpy(card->id, id, CARD_ID);
    card->known = true;
    return card->by_sector ? 0 : demand(card, SET_BLOCK_LENGTH, CARD_SECTOR);
}

static int bring_up(struct card *card) {
    int error;

    speed(card, HZ_FIRST);
    card->bus.select(card->bus.context, false);
    if ((error = reset(card)))
        return error;
    error = identify(card);
    return error == CARD_NONE ? CARD_LATE : error; /* one is there */
}

int card_open(struct card *card) {
    uint64_t begin = card->bus.now(card->bus.context);
    int error = bring_up(card);

    /* Not all that is said at first is guarded by sums: a bit may have been garbled, or many. */
    for (int i = 1; i < TRIES && error && error != CARD_NONE && error != CARD_OTHER &&
                    card->bus.now(card->bus.context) - begin < AGAIN_US;
         i++) {
        card->slow = card->slow || i == TRIES - 1;
        error = bring_up(card);
    }
    card->open = !error;
    return error;
}

static uint32_t address(const struct card *card, uint64_t sector) {
    return (uint32_t)(card->by_sector ? sector : sector * CARD_SECTOR);
}

static int read_once(struct card *card, uint64_t sector, uint32_t count, uint8_t *to) {
    bool many = count > 1;
    int answer = command(card, many ? READ_MANY : READ_ONE, address(card, sector));
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
        late = await(card, false, BUSY_US);
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
    if (await(card, false, BUSY_US) < 0)
        return CARD_LATE;
    answer &= DATA_MASK;
    return answer == DATA_ACCEPTED ? 0
           : answer == DATA_SUM    ? CARD_SUM
           : answer == DATA_MASK   ? CARD_NONE
                                   : CARD_REFUSED;
}

static int write_once(const struct card *card, uint64_t sector, uint32_t count,
                      const uint8_t *from) {
    const uint8_t stop[2] = {TOKEN_STOP, 0xff};
    bool many = count > 1;
    int answer = command(card, many ? WRITE_MANY : WRITE_ONE, address(card, sector));
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
        if (await(card, false, BUSY_US) < 0)
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
        error = to ? read_once(card, sector, count, to) : write_once(card, sector, count, from);
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
