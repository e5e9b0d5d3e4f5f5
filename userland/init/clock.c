/* clock.c - what time it is: read once from the clock that init.conf names, and passed on to all */
/* SPDX-License-Identifier: MIT */
#include "da9063.h"
#include "init.h"
#include "libexos/edge/bind.h"
#include "libexos/edge/registers.h"

#define CLOCK_ADDRESS (EXO_HEAP + 511 * EXO_PAGE) /* far behind the windows of disks */
#define CLOCK_SECOND 1000000000ull

enum { GOLDFISH_LOW = 0, GOLDFISH_HIGH = 4 }; /* nanoseconds since 1970; reading LOW holds HIGH */

static uint64_t goldfish_read(volatile void *registers) {
    uint64_t low = exo_register_get((volatile uint8_t *)registers + GOLDFISH_LOW, 4);

    return (uint64_t)exo_register_get((volatile uint8_t *)registers + GOLDFISH_HIGH, 4) << 32 | low;
}

/* Nanoseconds since 1970, 0 if the clock does not know. False: there is none, or no driver. */
static bool device_time(const struct steward_device *device, uint64_t *ns) {
    void *registers = (void *)CLOCK_ADDRESS;

    if (!exo_strcmp(device->compatible, "google,goldfish-rtc"))
        *ns = goldfish_read(registers);
    else if (exo_strcmp(device->compatible, "sifive,i2c0") || !da9063_read(registers, ns))
        return false;
    else
        *ns *= CLOCK_SECOND;
    return true;
}

bool clock_read(const char *name) {
    uint32_t index = device_find(name);
    const struct steward_device *device = device_at(index);
    uint64_t ns = 0;
    bool there;
    long error;

    if (!device)
        return false;
    error = device_open(index);
    if (error >= 0)
        error = exo_bind(CLOCK_ADDRESS, (uint64_t)error, EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W));
    if (error < 0) {
        exo_printf("init: clock %s: %s\n", name, exo_error_name(error));
        return false;
    }
    there = device_time(device, &ns);
    exo_unbind(CLOCK_ADDRESS, 1);
    if (there && ns)
        exo_epoch_set(ns - exo_time_ns());
    else if (there)
        exo_printf("init: clock %s: not set\n", name);
    return there && ns;
}
