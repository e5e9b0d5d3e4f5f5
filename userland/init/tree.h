/* tree.h - the devices and harts that a device tree names; pure, and runs on the host as well */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_INIT_TREE_H
#define USERLAND_INIT_TREE_H
#include <stdbool.h>
#include "kernel/abi/exo.h"
#include "steward.h"

/* Fills `devices` (at most `most`) with what stands at an address of the processor's, is okay, and
 * shares no page with another or with what the kernel keeps (facts->window); a line is one of the
 * kernel's (facts->line_table), else 0. Frames are 0. How many; 0 too if the tree, of `length`
 * bytes, is corrupt. Of large registers the first 16
 * pages count. */
uint32_t tree_devices(const void *blob, uint64_t length, const volatile struct exo_facts *facts,
                      struct steward_device *devices, uint32_t most);

/* Where the registers are of the first controller of that kind with such a device on its bus, which
 * is okay: as `base` of tree_devices; 0: there is none, or the tree is corrupt. */
uint64_t tree_bus(const void *blob, uint64_t length, const char *controller, const char *device);

/* The same of the controller that the slot for SD cards is on: on SPI, or one of DesignWare's that
 * is for SD and whose card can be taken out. */
uint64_t tree_card(const void *blob, uint64_t length);

struct tree_transport { /* of virtio: a device may be behind it */
    uint64_t base;
    uint32_t line;
};

/* Fills `transports` (at most `most`) in the order of their addresses. How many; 0 too if the tree
 * is corrupt. */
uint32_t tree_transports(const void *blob, uint64_t length, struct tree_transport *transports,
                         uint32_t most);

struct tree_hart {
    uint64_t id;         /* mhartid, as SBI names it */
    uint32_t context;    /* S-mode context of the PLIC */
    const char *refusal; /* why the kernel could not run there, or 0 */
    uint64_t features;   /* libexos/edge/feature.h: enum exo_feature */
};

/* Fills `harts` (at most `most`) in the tree's order. How many; 0 too if the tree is corrupt. */
uint32_t tree_harts(const void *blob, uint64_t length, struct tree_hart *harts, uint32_t most);
/* What all of them have that are not refused. */
uint64_t tree_features(const struct tree_hart *harts, uint32_t count);
#endif
