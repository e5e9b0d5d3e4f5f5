/* da9063.c - reads the date from a DA9063 over I2C; pure, and runs on the host as well */
/* SPDX-License-Identifier: MIT */
#include "da9063.h"
#include "libexos/edge/registers.h"

/* The controller is OpenCores' (OpenSBI, fdt_i2c_sifive.c; Linux, i2c-ocores.c). */
enum { I2C_CONTROL = 8, I2C_DATA = 12, I2C_COMMAND = 16 /* read: status */, I2C_ON = 1 << 7 };
enum { I2C_START = 1 << 7, I2C_STOP = 1 << 6, I2C_READ = 1 << 5, I2C_WRITE = 1 << 4 };
enum { I2C_LAST = 1 << 3, I2C_CLEAR = 1 << 0 };
enum { I2C_REFUSED = 1 << 7, I2C_LOST = 1 << 5, I2C_MOVING = 1 << 1, LOOKS = 100000 };

/* The chip (Linux, rtc-da9063.c and mfd/da9063): seconds to years stand in a row. */
enum { CHIP = 0x58, CHIP_PAGE = 0, CHIP_COUNT = 0x40, CHIP_READY = 0x80 };
enum { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, FIELDS };
enum { DAYS_TO_2000 = 10957, DAY_SECONDS = 86400 };

static uint32_t get(volatile void *i2c, uint32_t offset) {
    return exo_register_get((volatile uint8_t *)i2c + offset, 4);
}

static void set(volatile void *i2c, uint32_t offset, uint32_t value) {
    exo_register_set((volatile uint8_t *)i2c + offset, 4, value);
}

/* One byte goes over the wire: did it, and was it taken? */
static bool move(volatile void *i2c, uint32_t command) {
    uint32_t status = I2C_MOVING;

    set(i2c, I2C_COMMAND, command | I2C_CLEAR);
    for (uint32_t i = 0; i < LOOKS && status & I2C_MOVING; i++)
        status = get(i2c, I2C_COMMAND);
    return !(status & (I2C_MOVING | I2C_LOST)) && (command & I2C_READ || !(status & I2C_REFUSED));
}

static bool write(volatile void *i2c, uint8_t byte, uint32_t command) {
    set(i2c, I2C_DATA, byte);
    return move(i2c, command | I2C_WRITE);
}

/* Registers of the chip, from one on. */
static bool read_chip(volatile void *i2c, uint8_t from, uint8_t *to, uint32_t count) {
    bool good = write(i2c, CHIP << 1, I2C_START) && write(i2c, from, 0) &&
                write(i2c, CHIP << 1 | 1, I2C_START);

    for (uint32_t i = 0; good && i < count; i++) {
        good = move(i2c, I2C_READ | (i + 1 == count ? I2C_LAST : 0));
        to[i] = (uint8_t)get(i2c, I2C_DATA);
    }
    set(i2c, I2C_COMMAND, I2C_STOP | I2C_CLEAR);
    return good;
}

/* Its calendar goes from 2000 to 2063: each fourth year is a leap year. */
static uint64_t seconds_of(const uint8_t *field) {
    static const uint8_t most[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint32_t second = field[SECOND] & 63, minute = field[MINUTE] & 63, hour = field[HOUR] & 31;
    uint32_t day = field[DAY] & 31, month = field[MONTH] & 15, year = field[YEAR] & 63;
    uint64_t days = DAYS_TO_2000 + year * 365 + (year + 3) / 4;

    if (!(field[SECOND] & CHIP_READY) || second > 59 || minute > 59 || hour > 23 || !day ||
        !month || month > 12 || day > most[month - 1] + (uint32_t)(month == 2 && year % 4 == 0))
        return 0;
    for (uint32_t i = 1; i < month; i++)
        days += most[i - 1] + (uint32_t)(i == 2 && year % 4 == 0);
    return (days + day - 1) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
}

bool da9063_read(volatile void *i2c, uint64_t *seconds) {
    uint8_t page, field[FIELDS];

    /* How fast the wire may be only firmware knows: it has set that, and switched the controller
     * on. */
    if (!(get(i2c, I2C_CONTROL) & I2C_ON) || !read_chip(i2c, CHIP_PAGE, &page, 1) || page & 6 ||
        !read_chip(i2c, CHIP_COUNT, field, FIELDS))
        return false;
    *seconds = seconds_of(field);
    return true;
}
