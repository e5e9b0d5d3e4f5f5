/* live.h - the page that pulse shows to whoever agrees to see it, and how the two find each other
 */
/* SPDX-License-Identifier: MIT */
/*
 * The agreement, in steps. No message is sent: the kernel's exported books are read.
 *  1. The watcher calls exo_domain_accept(handle of pulse's domain): a consent, without which
 * nobody but an ancestor may give it anything. It knows the domain because it spawned pulse, or
 * because its user saw the number in `ps`.
 *  2. pulse looks, each PULSE_CARES-th period, for domains whose `accept` is its own handle, and
 *     shares its page with each (exo_hold_share), read-only. That costs the watcher one hold.
 *  3. The watcher finds the frame in the hold table: a hold of its own domain, with EXO_R alone, on
 * a frame whose first holder is pulse's domain. It binds it and looks for PULSE_MAGIC.
 *  4. It reads with pulse_live_read. A binding that writes is refused by the kernel (EXO_E_HOLD).
 *  5. It leaves by unbinding and dropping its hold; before, it may accept(0) again. If pulse ends
 *     first, the page stays the watcher's, and stands still. If pulse loses the frame by force it
 * goes on in another one, which step 2 shares anew: a page that stands still is looked for again.
 */
#ifndef USERLAND_PULSE_LIVE_H
#define USERLAND_PULSE_LIVE_H
#include <stdint.h>

#define PULSE_MAGIC 0x3145534c5550ull /* "PULSE1" */
enum { PULSE_CARES = 8 };

struct pulse_live {
    uint64_t magic;
    uint64_t sequence;                    /* odd while pulse writes */
    int64_t wanted, measured, filtered;   /* thousandths of a degree */
    int64_t power;                        /* of the heater, 0 .. 1000 */
    uint64_t samples, missed, slowest_us; /* jobs beyond their deadline; the longest from release */
    uint64_t pages, faults;               /* this one and the log's, now; page faults served */
    uint64_t given, taken;                /* pages given back when asked, lost by force */
    uint64_t slots_given;
    uint64_t records, kept,
        damaged; /* of the log: ever written; found good, bad at the last look */
};

/* A whole copy, of one moment: 1, or 0 if pulse was writing all the time. */
static inline int pulse_live_read(const volatile struct pulse_live *live, struct pulse_live *copy) {
    enum { WORDS = sizeof(struct pulse_live) / 8, TRIES = 1000 };

    for (int i = 0; i < TRIES; i++) {
        uint64_t before = __atomic_load_n(&live->sequence, __ATOMIC_ACQUIRE);

        for (int word = 0; word < WORDS; word++)
            ((uint64_t *)copy)[word] = ((const volatile uint64_t *)live)[word];
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (!(before & 1) && live->sequence == before)
            return live->magic == PULSE_MAGIC;
    }
    return 0;
}
#endif
