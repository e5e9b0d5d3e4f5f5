/* device.c - devices: listed on a page for all, opened when the first program is to have them */
/* SPDX-License-Identifier: MIT */
#include "init.h"
#include "libexos/edge/bind.h"
#include "tree.h"

#define DEVICE_ADDRESS (EXO_HEAP + EXO_PAGE) /* behind the page of names */

static struct steward_device *devices;
static uint64_t frame = EXO_ANY;

/* Controllers that are named by what is on their bus: where their registers are, or 0. */
enum { CARD, DA9063, BUSES };
static struct {
    const char *name;
    uint64_t base;
} buses[BUSES] = {{"card", 0}, {"da9063", 0}};

long devices_open(void) {
    size_t length;
    const void *tree = exo_device_tree(&length);
    long error = exo_frame_alloc(0, &frame, 1);

    if (error < 0)
        return error;
    error = exo_bind(DEVICE_ADDRESS, frame, EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W));
    if (error < 0)
        return error;
    devices = (struct steward_device *)DEVICE_ADDRESS;
    if (tree) {
        tree_devices(tree, length, exo_facts(), devices, STEWARD_DEVICES);
        buses[CARD].base = tree_card(tree, length);
        buses[DA9063].base = tree_bus(tree, length, "sifive,i2c0", "dlg,da9063");
    }
    return 0;
}

uint64_t devices_frame(void) { return frame; }

static bool text_has(const char *text, const char *part) {
    for (; *text; text++)
        if (!exo_strncmp(text, part, exo_strlen(part)))
            return true;
    return false;
}

static bool device_is(const struct steward_device *device, const char *name) {
    if (!exo_strcmp(name, "serial"))
        return text_has(device->compatible, "16550") ||
               text_has(device->compatible, "dw-apb-uart") ||
               text_has(device->compatible, "sifive,uart0");
    for (uint32_t i = 0; i < BUSES; i++)
        if (!exo_strcmp(name, buses[i].name))
            return buses[i].base && device->base == buses[i].base;
    return !exo_strcmp(device->name, name);
}

uint32_t device_find(const char *name) {
    for (uint32_t i = 0; i < STEWARD_DEVICES && devices[i].pages; i++)
        if (device_is(&devices[i], name))
            return i;
    return STEWARD_DEVICES;
}

const struct steward_device *device_at(uint32_t index) {
    return index < STEWARD_DEVICES ? &devices[index] : 0;
}

long device_open(uint32_t index) {
    struct steward_device *device = &devices[index];
    long first = device->frame;

    if (!first && (first = exo_window_open(device->base / EXO_PAGE, device->pages)) > 0)
        device->frame = (uint32_t)first;
    return first;
}

const char *device_give(uint32_t index, exo_domain_t to, long *error) {
    const struct steward_device *device = &devices[index];

    if ((*error = device_open(index)) < 0)
        return "opening registers";
    for (uint32_t page = 0; page < device->pages; page++) {
        uint64_t registers = device->frame + page;

        if ((*error = exo_hold_share(0, to, &registers, 1, EXO_R | EXO_W)) != 1)
            return "sharing registers";
    }
    if (device->line && (*error = exo_irq_grant(device->line, to)) < 0)
        return "granting the interrupt line";
    if ((*error = exo_hold_share(0, to, &frame, 1, EXO_R)) != 1)
        return "sharing the list of devices";
    return 0;
}
