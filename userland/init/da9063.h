/* da9063.h - the clock of the HiFive Unmatched: in its power chip, on SiFive's I2C controller */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_INIT_DA9063_H
#define USERLAND_INIT_DA9063_H
#include <stdbool.h>
#include <stdint.h>

/* Reads the chip's clock; `i2c` are the controller's registers, as firmware left them. *seconds
 * since 1970, or 0 if the clock was never set or stands; false if no such chip answers. Only reads:
 * the same chip makes the board's voltages. Bounded by 16 bytes on the wire, each of at most
 * 100000 looks at the controller. */
bool da9063_read(volatile void *i2c, uint64_t *seconds);
#endif
