/* queue.h - page numbers in order, for policies: it grows with use, and forgets who lost their
 * frame */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_QUEUE_H
#define LIBEXOS_VM_QUEUE_H
#include <stdint.h>

/* An entry: a page's number, and six bits that are the policy's own, or, in a queue of runs, how
 * many pages follow it. */
enum { QUEUE_PAGE_BITS = 26, QUEUE_RUN = 64 };
static inline uint64_t queue_address(uint32_t entry) {
    return (uint64_t)(entry & ((1u << QUEUE_PAGE_BITS) - 1)) << 12;
}
static inline uint32_t queue_entry(uint64_t address) { return (uint32_t)(address >> 12); }

struct queue_page;
struct queue {
    struct queue_page *head, *tail, *tidy;
    int runs;
};

/* Without memory the entry is forgotten: its page stays till it is mapped anew. */
void queue_push(struct queue *queue, uint32_t entry);
/* Of `count` pages from address on, in a queue of runs. */
void queue_push_run(struct queue *queue, uint64_t address, uint64_t count);
/* The oldest, of a run its first page; 0 if there is none. */
int queue_pop(struct queue *queue, uint32_t *entry);
void queue_clear(struct queue *queue);
#endif
