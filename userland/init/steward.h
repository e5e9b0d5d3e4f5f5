/* steward.h - what init's gate offers: authority stays with init, others ask */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_INIT_STEWARD_H
#define USERLAND_INIT_STEWARD_H
#include <stdint.h>

/* Words of the start block (libexos/edge/start.h) of programs that init starts. */
enum {
    START_DEVICE,  /* the first device's index in the list of devices */
    START_STEWARD, /* the gate's environment, or 0 */
    START_DEVICES, /* frame of the list of devices, readable; 0 = no device was given */
};

/* Words of the parent page of a program that serves a disk (`serves disk` in init.conf). It writes
 * SERVES_ID, then SERVES_UNITS, and posts EXO_EVENT_CHILD; when the kernel knows it as the driver,
 * SERVES_DISK is there. Its requests come with SERVES_EVENT. */
enum {
    SERVES_UNITS,                /* MiB, or SERVES_NONE: it found none */
    SERVES_ID,                   /* two words: which disk it is */
    SERVES_DISK = SERVES_ID + 2, /* number + 1 */
    SERVES_EVENT = 2
};
#define SERVES_NONE UINT64_MAX

/* Words of a test's parent page, for what only init may do with its volumes: it writes all from
 * TEST_GRANTS on and counts TEST_ASKED up; TEST_SERVED follows when the answer is there. */
enum {
    TEST_ASKED,
    TEST_SERVED,
    TEST_ANSWER,
    TEST_GRANTS, /* 0: with first, count, from, to, written; else with volume, domain, rights, share
                  */
    TEST_WITH,
};

/* The call stands in a0, its arguments in a1-a4; the answer in a0, an enum exo_error if negative.
 */
enum steward_call {
    STEWARD_NAMES,   /* share the name page with the caller, readable: its frame */
    STEWARD_NAME,    /* domain, 16 bytes of name in two registers: a descendant of the caller */
    STEWARD_START,   /* 16 bytes of name in two registers: start that program of init.conf again */
    STEWARD_KILL,    /* domain; not init's own. EXO_E_AGAIN: call again */
    STEWARD_ASK,     /* domain, resource, count, ticks */
    STEWARD_BREAK,   /* domain, resource, number: take that one. EXO_E_AGAIN: call again */
    STEWARD_END,     /* restart, status: end the machine */
    STEWARD_LIST,    /* share the list of devices with the caller, readable: its frame */
    STEWARD_MEMORY,  /* 0, then a0-a6 are struct steward_memory */
    STEWARD_ACCOUNT, /* index: 0, then a struct steward_account; EXO_E_ARG past the last */
    STEWARD_VOLUMES, /* share the list of volumes with the caller, readable: its frame */
    /* A mebibyte count, then 32 bytes of name in four registers. These wait for the disk: a caller
     * that was told that the gate sleeps asks for the outcome (files/holder.h). */
    STEWARD_VOLUME_MAKE,
    STEWARD_VOLUME_GROW,
    STEWARD_VOLUME_END,
    STEWARD_VOLUME_GIVE, /* a domain below the caller's, then the name: its number; word 1: the
                            frame of its root. What its holder may ask: files/holder.h */
    STEWARD_FILES,       /* the file server's environment, or 0 */
};

/* How init keeps frames free. */
struct steward_memory {
    uint32_t low, high;   /* below low it asks, till high are free */
    uint32_t deadline_ms; /* to answer */
    uint32_t open;        /* requests now */
    uint32_t rounds;      /* of asking, so far */
    uint32_t forced;      /* requests that ended in force */
    uint32_t nameless;    /* programs that no block of init.conf names */
};

/* What one program was asked for, gave and lost, in frames. */
struct steward_account {
    uint64_t domain; /* 0: the row is nobody's */
    uint32_t requests, forced;
    uint32_t asked, gave, taken;
    uint32_t lowered; /* of its limit, for having been forced */
    uint32_t keep;    /* it is never asked below */
};

/* The list of volumes, one page. */
enum steward_volume_kind { STEWARD_VOLUMES_END, STEWARD_VOLUME, STEWARD_VOLUME_FREE };
struct steward_volume {
    char name[32];
    uint32_t units, limit; /* MiB */
    uint16_t share;        /* weight of disk time */
    uint8_t kind, disk;
    uint8_t number; /* the kernel's, 0 = nobody had it yet */
    uint8_t set_aside;
    uint8_t spare[2];
};
enum { STEWARD_VOLUMES_MOST = 85 };

enum { STEWARD_NAME_LENGTH = 12, STEWARD_NAMED = 256, STEWARD_DEVICES = 42 };

/* The name page: the kernel knows no names, init keeps them by domain slot. A name counts while
 * the generation is that of the domain's table entry. */
struct steward_name {
    uint32_t generation;
    char text[STEWARD_NAME_LENGTH];
};

/* The list of devices, one page: what the device tree names and the kernel does not keep. */
struct steward_device {
    char name[32];
    char compatible[32];
    uint64_t base;        /* physical address of its registers */
    uint32_t frame;       /* number of their first page; 0 = not opened yet */
    uint32_t pages;       /* 0 = the list ends */
    uint32_t line;        /* interrupt line; 0 = none */
    uint32_t clock;       /* Hz, 0 = not said */
    uint8_t shift, width; /* of registers, 0 = not said */
    uint16_t masters;     /* 1: it reaches memory by itself (DMA) */
    uint32_t fifo;        /* words, 0 = not said */
};
#endif
