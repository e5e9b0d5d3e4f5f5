/* da9063.c - the date is read from a modelled chip on a modelled I2C controller, and nothing is
 * written */
/* SPDX-License-Identifier: MIT */
/* sources: userland/init/da9063.c */
/* cflags: -DEXO_REGISTERS_MODELLED */
#include "userland/init/da9063.h"
#include <string.h>
#include <time.h>
#include "libexos/edge/registers.h"
#include "tests/host/tap.h"

/* The controller moves a byte between two looks at its status, or never. Commands and status of
 * OpenCores' I2C master: START 80, STOP 40, READ 20, WRITE 10, NACK 8; NACK seen 80, moving 2. */
static uint8_t window[64] __attribute__((aligned(4096)));
static uint32_t control, data, status, wrong;
static int hangs, moving;

/* On the wire: a chip with 256 registers, which counts what is written to it beyond its pointer. */
static uint8_t chip[256], pointer;
static int address, stage, written, stops, absent; /* stage 0: idle, 1: pointer next, 2: reads */

static void wire(uint32_t command) {
    status = 0;
    if (command & 0x80) { /* an address */
        address = (int)data >> 1;
        stage = absent || address != 0x58 ? 0 : data & 1 ? 2 : 1;
        status = stage ? 0 : 0x80;
    } else if (command & 0x10) {
        if (stage == 1)
            pointer = (uint8_t)data;
        written += stage == 3;
        wrong += stage != 1;
        stage = 3;
    } else if (command & 0x20) {
        wrong += stage != 2;
        data = chip[pointer++];
        if (command & 8)
            stage = 4; /* the last: the wire is free for a stop */
        status = command & 8 ? 0x80 : 0;
    }
    if (command & 0x40) {
        stops++;
        wrong += stage == 2; /* the chip would still hold the wire */
        stage = 0;
    }
}

uint32_t exo_register_get(const volatile void *at, uint32_t width) {
    uint64_t offset = (uint64_t)((const volatile uint8_t *)at - window);

    wrong += width != 4;
    if (offset == 8)
        return control;
    if (offset == 12)
        return data;
    if (moving && !hangs)
        moving--;
    return status | (moving ? 2 : 0);
}

void exo_register_set(volatile void *at, uint32_t width, uint32_t value) {
    uint64_t offset = (uint64_t)((volatile uint8_t *)at - window);

    wrong += width != 4 || (offset != 12 && offset != 16);
    if (offset == 12) {
        data = value;
    } else {
        wire(value);
        moving = 3;
    }
}

static void begin(int year, int month, int day, int hour, int minute, int second) {
    const uint8_t fields[] = {(uint8_t)(0x80 | second), (uint8_t)minute,
                              (uint8_t)(0xe0 | hour),   (uint8_t)day,
                              (uint8_t)month,           (uint8_t)(0x80 | (year - 2000))};

    memset(chip, 0xa5, sizeof chip);
    memcpy(chip + 0x40, fields, sizeof fields); /* bits beyond a field mean other things */
    chip[0] = 0;
    control = 0x80;
    absent = hangs = stops = written = stage = moving = 0;
}

/* What the C library says of that date. */
static uint64_t wanted(int year, int month, int day, int hour, int minute, int second) {
    struct tm date = {.tm_year = year - 1900,
                      .tm_mon = month - 1,
                      .tm_mday = day,
                      .tm_hour = hour,
                      .tm_min = minute,
                      .tm_sec = second};

    return (uint64_t)timegm(&date);
}

static int reads(int year, int month, int day, int hour, int minute, int second) {
    uint64_t got = 1;

    begin(year, month, day, hour, minute, second);
    return da9063_read(window, &got) && got == wanted(year, month, day, hour, minute, second);
}

/* No date, or no chip, and the wire is let go in the end. */
static int refused(int answers) {
    uint64_t got = 1;

    return da9063_read(window, &got) == answers && (!answers || got == 0);
}

int main(void) {
    int days = 0;

    ok(reads(2026, 11, 21, 13, 5, 59), "a day");
    ok(stops == 2 && !written && !wrong,
       "two messages, each with its end, and no register written");
    ok(reads(2024, 2, 29, 23, 59, 59) && reads(2000, 1, 1, 0, 0, 0) &&
           reads(2063, 12, 31, 23, 59, 59),
       "a leap day, the first day and the last");
    for (int i = 0; i < 64 * 12; i++)
        days += !reads(2000 + i / 12, i % 12 + 1, 28, i % 24, i % 60, i * 7 % 60);
    ok(!days, "each month of 64 years");
    begin(2026, 2, 29, 0, 0, 0);
    ok(refused(1), "a day that is none");
    begin(2026, 13, 1, 0, 0, 0);
    ok(refused(1), "a month that is none");
    begin(2026, 11, 21, 13, 5, 59);
    chip[0x40] &= 0x7f;
    ok(refused(1), "a clock that does not run");
    begin(2026, 11, 21, 13, 5, 59);
    chip[0] = 2;
    ok(refused(0), "other registers are shown: left alone");
    begin(2026, 11, 21, 13, 5, 59);
    absent = 1;
    ok(refused(0) && stops == 1, "no chip, as on the Unleashed");
    begin(2026, 11, 21, 13, 5, 59);
    control = 0;
    ok(refused(0) && !stops, "a controller that is off stays off");
    begin(2026, 11, 21, 13, 5, 59);
    hangs = 1;
    ok(refused(0), "a wire that hangs is given up");
    ok(!wrong, "all accesses were of 4 bytes, at registers that exist");
    return done();
}
