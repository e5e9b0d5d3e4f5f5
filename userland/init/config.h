/* config.h - what etc/init.conf may say; the parser is pure and runs on the host as well */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_INIT_CONFIG_H
#define USERLAND_INIT_CONFIG_H
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/exo.h"

enum {
    CONFIG_PROGRAMS = 16,
    CONFIG_NAME = 16,
    CONFIG_PATH = 48,
    CONFIG_ARGUMENTS = 96,
    CONFIG_DEVICES = 4,
    CONFIG_CLOCKS = 4,
    CONFIG_DEADLINE_MS = 50, /* unless the file says otherwise */
    CONFIG_DEADLINE_MOST = 10000,
    CONFIG_KEEP = 128,
};

/* A quantity: a number, a share in percent of what is left, or all that is left (100 %). */
struct config_amount {
    uint32_t value;
    bool percent;
};

struct config_program {
    char name[CONFIG_NAME];
    char path[CONFIG_PATH];
    char arguments[CONFIG_ARGUMENTS];
    struct config_amount limit[EXO_RESOURCES];
    uint32_t slots[EXO_HARTS]; /* to take at once on each hart */
    char devices[CONFIG_DEVICES][32];
    uint32_t device_count;
    uint32_t reserve_budget, reserve_period; /* microseconds; 0 = none */
    bool later;                              /* not at boot, but when it is asked for */
    bool restart;
    uint32_t restart_most, restart_seconds; /* so many starts in that time, then give up */
    char volume[32];                        /* that it holds; empty: none */
    bool offers_console, offers_steward;    /* gates: the program's own, or init's given to it */
    bool offers_files;
    bool serves_disk;
    bool trusted; /* it may have devices that reach memory by themselves */
    bool has_keep;
    uint32_t keep; /* frames that it is never asked below */
    uint32_t line; /* where its block begins */
};

struct config {
    struct config_program programs[CONFIG_PROGRAMS];
    uint32_t count;
    uint32_t slots[EXO_HARTS]; /* init's own */
    /* Below so many free frames init asks for some, until so many are free; within milliseconds. */
    uint32_t free_low, free_high, deadline_ms;
    uint32_t keep;                  /* for programs of which no block says it */
    char clocks[CONFIG_CLOCKS][32]; /* devices that may tell the time: the first that does */
    uint32_t clock_count;
};

struct config_error {
    uint32_t line; /* from 1 */
    const char *message;
    char word[32]; /* what it is about, may be empty */
};

/* False and *error at the first mistake. */
bool config_parse(struct config *config, const char *text, uint64_t length,
                  struct config_error *error);
#endif
