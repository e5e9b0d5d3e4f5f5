/* pins.h - the three ways in which boards switch a pin, behind one face */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_BLINK_PINS_H
#define USERLAND_BLINK_PINS_H
#include <stdbool.h>
#include <stdint.h>

enum pins_kind {
    PINS_NONE,
    PINS_GPIO,   /* sifive,gpio0: 16 pins (FU540-C000 manual, chapter GPIO) */
    PINS_PWM,    /* sifive,pwm0: 4 channels, whose LEDs on SiFive's boards light while low */
    PINS_JH7110, /* starfive,jh7110-sys-pinctrl: 64 pins (Linux, pinctrl-starfive-jh7110-sys.c) */
};

enum { PINS_FULL = 255, PINS_MOST = 64 };

struct pins {
    volatile uint8_t *base;
    enum pins_kind kind;
};

/* Which driver serves a device of that compatible string. */
enum pins_kind pins_kind_of(const char *compatible);
/* How many pins there are: 0 to 64. */
uint32_t pins_count(const struct pins *pins);
/* Makes an output of a pin, dark; no other pin changes. */
void pins_open(const struct pins *pins, uint32_t pin);
/* From 0, dark, to PINS_FULL. Pins without brightness are on from the middle on. */
void pins_set(const struct pins *pins, uint32_t pin, uint32_t level);
/* What the register says that was written, as a level. */
uint32_t pins_get(const struct pins *pins, uint32_t pin);
#endif
