/* pulse.h - the rooms of pulse: memory, the loop, the log, the control; start-up and end */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_PULSE_PULSE_H
#define USERLAND_PULSE_PULSE_H
#include <stdint.h>
#include "kernel/abi/exo.h"
#include "kernel/abi/uarea.h"
#include "libexos/edge/layout.h"
#include "exo_stubs.h"
#include "userland/pulse/live.h"

/* memory.c: one window of addresses, a word a page. Each page is found by its place. */
#define MEMORY 0x2000000000ul
enum {
    MEMORY_LOG = 0, /* the ring: pages that come when touched and go when asked for */
    MEMORY_LOG_PAGES = 32,
    MEMORY_LIVE = MEMORY_LOG + MEMORY_LOG_PAGES,
    MEMORY_PARENT, /* the parent page, from the spawner */
    MEMORY_FACTS,  /* the kernel's books, read-only */
    MEMORY_SLOTS,
    MEMORY_DOMAINS,
    MEMORY_DOMAIN_PAGES = 18,
    MEMORY_PAGES = MEMORY_DOMAINS + MEMORY_DOMAIN_PAGES,
};
#define MEMORY_AT(page) ((void *)(MEMORY + (uint64_t)(page)*EXO_PAGE))

struct memory_counts {
    uint64_t pages, faults, given, taken;
};
extern struct memory_counts memory_counts;
void memory_start(struct exo_uarea *uarea, uint64_t parent_frame);
int memory_is_there(unsigned page);   /* has it a frame? */
uint64_t memory_frame(unsigned page); /* 0 = none */
uint64_t memory_taken(void);          /* memory_counts.taken, as it is just now */
/* Gives up to count of the log's oldest pages back to the kernel; how many. */
uint32_t memory_give(uint32_t count);
void memory_fault(struct exo_save *frame); /* from entry.S */

/* loop.c: runs each job to its end, the one with the earliest deadline first. */
struct job {
    void (*run)(uint64_t now);
    uint64_t period; /* ticks; also its deadline, counted from its release */
    uint64_t release;
};
struct loop_counts {
    uint64_t missed, slowest, slots_given;
};
extern struct loop_counts loop_counts;
void loop_run(struct exo_uarea *uarea, struct job *jobs, unsigned count, uint64_t end);

/* log.c: a ring of records. */
struct log_record {
    uint64_t sequence, time; /* from 1; ticks */
    int64_t filtered, power;
    int32_t raw[22];
    uint64_t sum;
};
extern uint64_t log_records, log_kept, log_damaged;
unsigned log_page(void);                    /* the page that is written now */
void log_append(struct log_record *record); /* fills its sequence and sum in */
void log_check(void);                       /* goes through what is there: log_kept, log_damaged */

/* control.c: the jobs. */
void control_sample(uint64_t now);
void control_record(uint64_t now);
void control_care(uint64_t now);
void control_publish(void); /* the live page */
void control_start(struct exo_uarea *uarea, uint64_t timebase);

/* start.c */
_Noreturn void pulse_start(struct exo_uarea *uarea);
_Noreturn void pulse_end(uint64_t state, int64_t status, uint64_t pc, uint64_t address);

static inline uint64_t pulse_time(void) {
    uint64_t ticks;

    asm volatile("rdtime %0" : "=r"(ticks));
    return ticks;
}
#endif
