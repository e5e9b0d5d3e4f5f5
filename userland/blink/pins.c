/* pins.c - registers of SiFive's GPIO and PWM, and of the JH7110's pins */
/* SPDX-License-Identifier: MIT */
#include "pins.h"
#include "libexos/edge/registers.h"

enum { /* of the GPIO: a bit a pin */
       GPIO_OUTPUT_ENABLE = 0x08,
       GPIO_OUTPUT = 0x0c,
       GPIO_INVERT = 0x40,
       GPIO_PINS = 16,
};

enum { /* of the PWM */
       PWM_CONFIG = 0x00,
       PWM_COMPARE = 0x20, /* of channel n at + 4 n; the output is low while the counter is below */
       PWM_CHANNELS = 4,
       PWM_ALWAYS = 1 << 12,
       PWM_SCALE = 6, /* 2^22 ticks of the bus's clock a period: some 8 ms at 500 MHz */
};

enum { /* of the JH7110: a byte a pin, which chooses a signal; these two are constant */
       JH_ENABLE = 0x00,    /* 0: always */
       JH_OUTPUT = 0x40,    /* 0: low, 1: high */
       JH_PAD = 0x120,      /* a word a pin */
       JH_PAD_INPUT = 0x59, /* input, pull-up, pull-down, Schmitt trigger */
       JH_ENABLE_MASK = 0x3f,
       JH_OUTPUT_MASK = 0x7f,
       JH_PINS = 64,
};

static bool text_same(const char *a, const char *b) {
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

enum pins_kind pins_kind_of(const char *compatible) {
    return text_same(compatible, "sifive,gpio0")                  ? PINS_GPIO
           : text_same(compatible, "sifive,pwm0")                 ? PINS_PWM
           : text_same(compatible, "starfive,jh7110-sys-pinctrl") ? PINS_JH7110
                                                                  : PINS_NONE;
}

uint32_t pins_count(const struct pins *pins) {
    return pins->kind == PINS_GPIO     ? GPIO_PINS
           : pins->kind == PINS_PWM    ? PWM_CHANNELS
           : pins->kind == PINS_JH7110 ? JH_PINS
                                       : 0;
}

static uint32_t get(const struct pins *pins, uint32_t offset) {
    return exo_register_get(pins->base + offset, 4);
}

static void set(const struct pins *pins, uint32_t offset, uint32_t value) {
    exo_register_set(pins->base + offset, 4, value);
}

/* `mask` of a register becomes `bits`. */
static void change(const struct pins *pins, uint32_t offset, uint32_t mask, uint32_t bits) {
    set(pins, offset, (get(pins, offset) & ~mask) | bits);
}

/* `mask` of a pin's byte among those from `offset` on. */
static void change_byte(const struct pins *pins, uint32_t offset, uint32_t pin, uint32_t mask,
                        uint32_t value) {
    uint32_t shift = 8 * (pin % 4);

    change(pins, offset + pin / 4 * 4, mask << shift, value << shift);
}

void pins_open(const struct pins *pins, uint32_t pin) {
    pins_set(pins, pin, 0); /* first the level, then out with it */
    if (pins->kind == PINS_GPIO) {
        change(pins, GPIO_INVERT, 1u << pin, 0);
        change(pins, GPIO_OUTPUT_ENABLE, 0, 1u << pin);
    } else if (pins->kind == PINS_PWM) {
        set(pins, PWM_CONFIG, PWM_ALWAYS | PWM_SCALE);
    } else {
        change(pins, JH_PAD + 4 * pin, JH_PAD_INPUT, 0);
        change_byte(pins, JH_ENABLE, pin, JH_ENABLE_MASK, 0);
    }
}

void pins_set(const struct pins *pins, uint32_t pin, uint32_t level) {
    uint32_t on = level > PINS_FULL / 2;

    if (pins->kind == PINS_GPIO)
        change(pins, GPIO_OUTPUT, 1u << pin, on << pin);
    else if (pins->kind == PINS_PWM)
        set(pins, PWM_COMPARE + 4 * pin, level << 8 | level);
    else
        change_byte(pins, JH_OUTPUT, pin, JH_OUTPUT_MASK, on);
}

uint32_t pins_get(const struct pins *pins, uint32_t pin) {
    if (pins->kind == PINS_GPIO)
        return get(pins, GPIO_OUTPUT) >> pin & 1 ? PINS_FULL : 0;
    if (pins->kind == PINS_PWM)
        return get(pins, PWM_COMPARE + 4 * pin) >> 8;
    return get(pins, JH_OUTPUT + pin / 4 * 4) >> 8 * (pin % 4) & 1 ? PINS_FULL : 0;
}
