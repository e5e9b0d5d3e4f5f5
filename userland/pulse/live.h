/* live.h - the page that pulse shows to those who agree to see it, and how the two meet */
/* SPDX-License-Identifier: MIT */
/*
 * How they meet. No message is sent: both read the kernel's exported books.
 *
 * 1. The watcher calls exo_domain_accept with the handle of pulse's domain. Without that consent
 * only an ancestor could give it anything. It knows the domain because it spawned pulse, or from
 * its user, who sees the number in `ps`.
 * 2. At each PULSE_CARES-th period pulse looks for domains whose `accept` is its own handle, and
 *    shares its page with them, read-only (exo_hold_share). That costs the watcher one hold.
 * 3. The watcher looks in the hold table for a hold of its own, with EXO_R alone, on a frame whose
 *    first holder is pulse's domain. It binds that frame.
 * 4. It reads with pulse_live_read. A binding for writing is refused by the kernel: EXO_E_HOLD.
 * 5. To leave, it unbinds and drops its hold, and may accept somebody else. If pulse ends first,
 * the page stays the watcher's, and stands still. It also stands still when pulse has lost the
 * frame by force: then pulse goes on in another one, which step 2 shares anew.
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
    uint64_t records;       /* of the log, ever written */
    uint64_t kept, damaged; /* found good and bad at the last look */
};

/* A whole copy, of one moment: 1. 0: its slot has ended while it was writing; sleep, and read
 * again. */
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
