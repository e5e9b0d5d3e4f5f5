/* clock.c - what time it is: read once from the clock that init.conf names, and passed on to all */
/* SPDX-License-Identifier: MIT */
#include "init.h"
#include "libexos/edge/bind.h"
#include "libexos/edge/registers.h"

#define CLOCK_ADDRESS (EXO_HEAP + 511 * EXO_PAGE) /* far behind the windows of disks */

enum { GOLDFISH_LOW = 0, GOLDFISH_HIGH = 4 }; /* nanoseconds since 1970; reading LOW holds HIGH */

void clock_read(const char *name) {
    uint32_t index = device_find(name);
    const struct steward_device *device = device_at(index);
    uint64_t low, high;
    long error;

    if (!device)
        return; /* this machine has no such clock: time counts from its start */
    if (exo_strcmp(device->compatible, "google,goldfish-rtc")) {
        exo_printf("init: clock %s: no driver for %s\n", name, device->compatible);
        return;
    }
    error = device_open(index);
    if (error >= 0)
        error = exo_bind(CLOCK_ADDRESS, (uint64_t)error, EXO_RIGHTS(EXO_R, EXO_R));
    if (error < 0) {
        exo_printf("init: clock %s: %s\n", name, exo_error_name(error));
        return;
    }
    low = exo_register_get((const void *)(CLOCK_ADDRESS + GOLDFISH_LOW), 4);
    high = exo_register_get((const void *)(CLOCK_ADDRESS + GOLDFISH_HIGH), 4);
    exo_epoch_set((high << 32 | low) - exo_time_ns());
    exo_unbind(CLOCK_ADDRESS, 1);
}
