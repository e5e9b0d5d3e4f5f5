/* clock.c - a policy: in turn, but who was used since his last turn is passed over */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/queue.h"
#include "libexos/vm/vm.h"

enum { LOOKS = 64, USES = 16 };

static struct queue queue = {.runs = 1};

static void clock_begin(void) { queue_clear(&queue); }

static void clock_mapped(uint64_t address, uint64_t count) {
    queue_push_run(&queue, address, count);
}

static uint64_t clock_victim(void) {
    uint32_t entry, used = 0;

    for (unsigned looks = 0; looks < LOOKS && queue_pop(&queue, &entry); looks++) {
        uint64_t address = queue_address(entry);

        if (!vm_may_go(address))
            continue;
        /* After so many that were used the next goes as it is: each costs a call. */
        if (used == USES || !vm_was_used(address))
            return address;
        used++;
        queue_push(&queue, entry);
    }
    return 0;
}

const struct vm_policy vm_clock = {"clock", clock_begin, clock_mapped, clock_victim};
