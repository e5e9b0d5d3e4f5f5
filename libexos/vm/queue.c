/* queue.c - page numbers in order, in pages of vm's own */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/queue.h"
#include "libexos/vm/own.h"
#include "libexos/vm/table.h"

enum { ENTRIES = 1020 };
struct queue_page {
    struct queue_page *next;
    uint32_t first, end;
    uint32_t entry[ENTRIES];
};

/* Takes out of what vm knows nothing any more, and moves the rest to the front. */
static void sift(struct queue_page *page, int runs) {
    uint32_t end = 0;

    for (uint32_t i = page->first; i < page->end; i++) {
        uint64_t address = queue_address(page->entry[i]), behind = address;
        const uint64_t *word = table_find(address);

        if (runs)
            behind += (page->entry[i] >> QUEUE_PAGE_BITS) * EXO_PAGE;
        if ((word && *word) ||
            (behind > address && table_format.next(address, behind + EXO_PAGE) <= behind))
            page->entry[end++] = page->entry[i];
    }
    page->first = 0;
    page->end = end;
}

/* One page for each that fills: it is sifted, and what follows is put behind the rest if it fits.
 * So stale entries never make up more than half for long. */
static void tidy(struct queue *queue) {
    struct queue_page *page = queue->tidy ? queue->tidy : queue->head, *next;

    sift(page, queue->runs);
    next = page->next;
    if (next && next != queue->tail && page->end + next->end - next->first <= ENTRIES) {
        for (uint32_t i = next->first; i < next->end; i++)
            page->entry[page->end++] = next->entry[i];
        page->next = next->next;
        own_free(next);
    } else {
        queue->tidy = next;
    }
}

static int add_page(struct queue *queue) {
    struct queue_page *page;

    if (queue->tail)
        tidy(queue);
    if (queue->tail && queue->tail->end < ENTRIES)
        return 1;
    page = own_page();
    if (!page)
        return 0;
    if (queue->tail)
        queue->tail->next = page;
    else
        queue->head = page;
    queue->tail = page;
    return 1;
}

static __attribute__((noinline)) void push_slow(struct queue *queue, uint32_t entry) {
    if (add_page(queue))
        queue->tail->entry[queue->tail->end++] = entry;
}

void queue_push(struct queue *queue, uint32_t entry) {
    struct queue_page *tail = queue->tail;

    if (tail && tail->end < ENTRIES)
        tail->entry[tail->end++] = entry;
    else
        push_slow(queue, entry);
}

void queue_push_run(struct queue *queue, uint64_t address, uint64_t count) {
    for (; count > QUEUE_RUN; count -= QUEUE_RUN, address += QUEUE_RUN * EXO_PAGE)
        queue_push(queue, queue_entry(address) | (QUEUE_RUN - 1u) << QUEUE_PAGE_BITS);
    queue_push(queue, queue_entry(address) | (uint32_t)(count - 1) << QUEUE_PAGE_BITS);
}

int queue_pop(struct queue *queue, uint32_t *entry) {
    struct queue_page *page = queue->head;

    while (page && page->first == page->end) {
        if (page == queue->tail) {
            page->first = page->end = 0;
            return 0;
        }
        queue->head = page->next;
        if (queue->tidy == page)
            queue->tidy = NULL;
        own_free(page);
        page = queue->head;
    }
    if (!page)
        return 0;
    *entry = page->entry[page->first];
    if (queue->runs && *entry >> QUEUE_PAGE_BITS) {
        page->entry[page->first] = *entry + 1 - (1u << QUEUE_PAGE_BITS);
        *entry = queue_entry(queue_address(*entry));
    } else {
        page->first++;
    }
    return 1;
}

void queue_clear(struct queue *queue) {
    while (queue->head) {
        struct queue_page *page = queue->head;

        queue->head = page->next;
        own_free(page);
    }
    queue->tail = queue->tidy = NULL;
}
