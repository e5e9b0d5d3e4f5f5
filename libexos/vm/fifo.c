/* fifo.c - a policy: who got a frame first loses it first */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/queue.h"
#include "libexos/vm/vm.h"

enum { LOOKS = 64 };

static struct queue queue = {.runs = 1};

static void fifo_begin(void) { queue_clear(&queue); }

static void fifo_mapped(uint64_t address, uint64_t count) {
    queue_push_run(&queue, address, count);
}

static uint64_t fifo_victim(void) {
    uint32_t entry;

    for (unsigned looks = 0; looks < LOOKS && queue_pop(&queue, &entry); looks++)
        if (vm_may_go(queue_address(entry)))
            return queue_address(entry);
    return 0;
}

const struct vm_policy vm_fifo = {"fifo", fifo_begin, fifo_mapped, fifo_victim};
