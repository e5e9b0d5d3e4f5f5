/* pins.c - each driver of pins changes the bits of its pin and no others */
/* SPDX-License-Identifier: MIT */
/* sources: userland/blink/pins.c */
/* cflags: -DEXO_REGISTERS_MODELLED */
#include "userland/blink/pins.h"
#include <string.h>
#include "libexos/edge/registers.h"
#include "tests/host/tap.h"

/* Registers that keep what is written. What the levels of the pins were is seen at each write. */
enum { WORDS = 0x10000 / 4, STEPS = 64 };
static uint32_t words[WORDS], before[WORDS];
static uint32_t wrong, steps;
static int level[STEPS];
static int (*watched)(void); /* the level of the pin that is watched: -1: it is no output */

uint32_t exo_register_get(const volatile void *at, uint32_t width) {
    wrong += width != 4;
    return *(const volatile uint32_t *)at;
}

void exo_register_set(volatile void *at, uint32_t width, uint32_t value) {
    wrong += width != 4;
    *(volatile uint32_t *)at = value;
    if (watched && steps < STEPS && (!steps || level[steps - 1] != watched()))
        level[steps++] = watched();
}

static struct pins begin(const char *compatible, int (*watch)(void)) {
    for (uint32_t i = 0; i < WORDS; i++) /* what firmware left there */
        words[i] = before[i] = i * 2654435761u;
    steps = 0;
    watched = watch;
    return (struct pins){(volatile uint8_t *)words, pins_kind_of(compatible)};
}

/* How many bits changed, without those of `mask` in word `at`. */
static uint32_t changed_else(const uint32_t at[], const uint32_t mask[], int count) {
    uint32_t bits = 0;

    for (uint32_t i = 0; i < WORDS; i++) {
        uint32_t other = words[i] ^ before[i];

        for (int j = 0; j < count; j++)
            if (at[j] / 4 == i)
                other &= ~mask[j];
        bits += (uint32_t)__builtin_popcount(other);
    }
    return bits;
}

static int gpio_level(void) {
    uint32_t pin = 1 << 3;

    return words[2] & pin ? !!((words[3] ^ words[16]) & pin) : -1;
}

static int jh_level(void) {
    uint8_t enable = ((uint8_t *)words)[44] & 0x3f, out = ((uint8_t *)words)[0x40 + 44] & 0x7f;

    return enable ? -1 : out > 1 ? -2 : out;
}

/* Opened, on, dim, off: out with it at low, then up and down once. */
static int went_well(const struct pins *pins, uint32_t pin, int (*watch)(void), int first) {
    static const int wanted[] = {0, 1, 0};
    uint32_t i = 0;

    pins_open(pins, pin);
    pins_set(pins, pin, PINS_FULL);
    if (pins_get(pins, pin) != PINS_FULL)
        return 0;
    pins_set(pins, pin, PINS_FULL / 8);
    pins_set(pins, pin, 0);
    if (pins_get(pins, pin) != 0 || watch() != 0)
        return 0;
    while (i < steps && level[i] == first)
        i++; /* before it was an output */
    return steps - i == 3 && !memcmp(level + i, wanted, sizeof wanted);
}

static void test_gpio(void) {
    struct pins pins = begin("sifive,gpio0", gpio_level);

    words[2] = before[2] = 1 << 10; /* another pin is an output; this one not yet */
    ok(pins_count(&pins) == 16, "gpio0 has 16 pins");
    ok(went_well(&pins, 3, gpio_level, -1), "gpio0: an output, low; high; low");
    ok(!changed_else((uint32_t[]){0x08, 0x0c, 0x40}, (uint32_t[]){8, 8, 8}, 3),
       "gpio0: no other pin changed");
}

static void test_jh7110(void) {
    struct pins pins = begin("starfive,jh7110-sys-pinctrl", jh_level);

    ((uint8_t *)words)[44] = ((uint8_t *)before)[44] = 1; /* no output yet */
    ok(pins_count(&pins) == 64, "jh7110 has 64 pins");
    ok(went_well(&pins, 44, jh_level, -1), "jh7110: an output, low; high; low");
    ok(!(words[(0x120 + 4 * 44) / 4] & 0x59), "jh7110: no pull-up or pull-down, no input");
    ok(!changed_else((uint32_t[]){44, 0x40 + 44, 0x120 + 4 * 44}, (uint32_t[]){0x3f, 0x7f, 0x59},
                     3),
       "jh7110: no other pin changed");
}

static void test_pwm(void) {
    struct pins pins = begin("sifive,pwm0", 0);
    static const uint32_t levels[] = {0, 1, 31, 128, 255};
    uint32_t last = 0, rises = 1;

    ok(pins_count(&pins) == 4, "pwm0 has 4 channels");
    pins_open(&pins, 2);
    ok(words[0] == 0x1006 && words[10] == 0, "pwm0: it runs, the channel is dark");
    for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++) {
        pins_set(&pins, 2, levels[i]);
        rises &= pins_get(&pins, 2) == levels[i] && (!i || words[10] > last) && words[10] <= 0xffff;
        last = words[10];
    }
    ok(rises && last == 0xffff, "pwm0: from dark to full");
    ok(!changed_else((uint32_t[]){0, 0x28}, (uint32_t[]){~0u, ~0u}, 2),
       "pwm0: no other channel changed");
}

int main(void) {
    test_gpio();
    test_jh7110();
    test_pwm();
    ok(pins_kind_of("sifive,uart0") == PINS_NONE, "a UART has no pins");
    ok(!wrong, "all accesses were of 4 bytes");
    return done();
}
