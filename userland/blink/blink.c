/* blink.c - a light that runs along the pins that its arguments name; init gave it their registers
 */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include "libexos/edge/time.h"
#include "pins.h"
#include "userland/init/given.h"

enum { ROUNDS = 2, STEP_MS = 100 };

static struct pins pins;
static uint32_t wrong;

static void show(uint32_t pin, uint32_t level) {
    pins_set(&pins, pin, level);
    wrong += (pins_get(&pins, pin) > PINS_FULL / 2) != (level > PINS_FULL / 2);
}

/* A pin: up, and down in two steps. */
static void flash(uint32_t pin) {
    static const uint32_t levels[] = {PINS_FULL, PINS_FULL / 8, 0};

    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        show(pin, levels[i]);
        exo_sleep_ns(STEP_MS * 1000000ull);
    }
}

int main(int count, char **words) {
    const volatile struct steward_device *device;
    uint32_t chosen[PINS_MOST];
    long error = given_device(&device);

    if (error < 0) {
        printf("blink: no pins were given: error %ld\n", error);
        return 1;
    }
    pins.base = (volatile uint8_t *)error;
    pins.kind = pins_kind_of((const char *)device->compatible);
    if (count < 2 || count > PINS_MOST) {
        printf("usage: blink PIN ...\n");
        return 2;
    }
    for (int i = 1; i < count; i++) {
        char *end;
        unsigned long pin = strtoul(words[i], &end, 10);

        if (*end || pin >= pins_count(&pins)) {
            printf("blink: %s: %s has no such pin\n", words[i], (const char *)device->name);
            return 2;
        }
        chosen[i] = (uint32_t)pin;
    }
    for (int i = 1; i < count; i++)
        pins_open(&pins, chosen[i]);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 1; i < count; i++)
            flash(chosen[i]);
    printf("blink: %s: %d pins, %d flashes, %u levels not as written\n", (const char *)device->name,
           count - 1, ROUNDS * (count - 1), wrong);
    return wrong != 0;
}
