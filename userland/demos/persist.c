/* persist.c - objects that outlive their program: paged in when touched, committed by dirty pages
 */
/* SPDX-License-Identifier: MIT */
/*
 * The parent keeps the store: more slots than pages, and two maps of which slot holds which page. A
 * worker's first touch of a page faults it in, its first store marks it dirty. A commit copies
 * dirty pages to free slots, writes the map that does not count, and makes it count by one store.
 * Workers are killed in a transaction and in a commit: the next one finds the last commit, and
 * nothing else.
 */
#include <stdlib.h>
#include <string.h>
#include "demo.h"
#include "libexos/edge/bind.h"
#include "libexos/vm/vm.h"

enum { PAGES = 16, FRAMES = 1 + 2 * PAGES, ROW = EXO_PAGE / 8, STORES = 6, COMMITS = 3 };
enum { WORD_GO, WORD_STUCK, WORD_HASH, WORD_FRAMES }; /* of the parent page; hash: last commit's */
enum { ABSENT, CLEAN, DIRTY };

static struct store {
    uint64_t commits; /* the word that makes a commit: map[commits % 2] counts */
    uint8_t map[2][PAGES];
    uint8_t slot[][EXO_PAGE] __attribute__((aligned(EXO_PAGE)));
} * store;
static uint64_t (*heap)[ROW], state[PAGES]; /* a page a row */

static int page_in(struct exo_save *frame, uint64_t address, void *context) {
    uint64_t page = (address - (uint64_t)heap) / EXO_PAGE;

    (void)context;
    vm_protect((uint64_t)heap[page], EXO_PAGE, EXO_R | EXO_W);
    if (state[page] == ABSENT)
        memcpy(heap[page], store->slot[store->map[store->commits % 2][page]], EXO_PAGE);
    state[page] = frame->cause == EXO_CAUSE_STORE_PAGE ? DIRTY : CLEAN;
    return state[page] == DIRTY || vm_protect((uint64_t)heap[page], EXO_PAGE, EXO_R) >= 0;
}

static int stuck(void) { /* here a worker is killed */
    exo_parent_page()->word[WORD_STUCK] = 1;
    return (int)exo_sleep(0, EXO_NEVER);
}

static uint64_t hash(void) {
    uint64_t value = 0;

    for (int i = 0; i < PAGES * ROW; i++)
        value = value * 31 + heap[0][i];
    return value;
}

static void commit(int die) {
    uint8_t *old = store->map[store->commits % 2], *new = store->map[(store->commits + 1) % 2];
    unsigned copied = 0;

    memcpy(new, old, PAGES);
    for (int page = 0; page < PAGES; page++) {
        if (state[page] != DIRTY)
            continue;
        for (new[page] = 0; memchr(old, new[page], PAGES) || memchr(new, new[page], page);)
            new[page]++;
        memcpy(store->slot[new[page]], heap[page], EXO_PAGE);
        vm_protect((uint64_t)heap[page], EXO_PAGE, EXO_R);
        state[page] = CLEAN;
        if (++copied == 2 && die)
            stuck();
    }
    __atomic_store_n(&store->commits, store->commits + 1, __ATOMIC_RELEASE);
    printf("worker: commit %d wrote %u of %u pages\n", (int)store->commits, copied, PAGES);
}

static int worker(struct exo_parent *page, char how) {
    long at = vm_map(0, PAGES * EXO_PAGE, 0, 0);

    setvbuf(stdout, NULL, _IOLBF, 0); /* what it said before it is killed is heard */
    while (!__atomic_load_n(&page->word[WORD_GO], __ATOMIC_ACQUIRE))
        exo_sleep_ns(1000000);
    heap = (uint64_t(*)[ROW])at;
    at = vm_map_frames(0, &page->word[WORD_FRAMES], FRAMES, EXO_R | EXO_W, VM_BORROW);
    store = (struct store *)at;
    if (at < 0 || vm_region_handler((uint64_t)heap, page_in, NULL) < 0 ||
        hash() != page->word[WORD_HASH])
        return 1;
    printf("worker: all is as in commit %d\n", (int)store->commits);
    for (int i = 1; i <= COMMITS; i++) {
        for (int k = 0; k < STORES; k++)
            heap[rand() % PAGES][rand() % ROW] += (uint64_t)rand();
        commit(how == 'c' && i == COMMITS);
        page->word[WORD_HASH] = hash();
    }
    heap[rand() % PAGES][0]++;
    return how == 't' ? stuck() : 0;
}

int main(int argc, char **argv) {
    static const char *const hows[] = {"transaction", "commit", "end"};
    uint64_t frames[FRAMES], last = 0;
    int64_t status = 0;

    if (argc > 1)
        return worker(exo_parent_page(), argv[1][0]);
    if (exo_alloc(0, frames, FRAMES) < 0)
        return demo_fail("the store", EXO_E_QUOTA);
    for (int i = 0; i < 3 && !status; i++) {
        struct exo_child child;
        long how = demo_spawn("demo/persist", hows[i], &child);

        if (how < 0 || exo_hold_share(0, child.domain, frames, FRAMES, EXO_R | EXO_W) != FRAMES)
            return demo_fail("a worker", how);
        memcpy(&child.page->word[WORD_FRAMES], frames, sizeof(frames));
        child.page->word[WORD_HASH] = last;
        __atomic_store_n(&child.page->word[WORD_GO], 1, __ATOMIC_RELEASE);
        do
            how = exo_wait(&child, &status, demo_ms(10));
        while (how == EXO_E_AGAIN && !child.page->word[WORD_STUCK]);
        status |= how != (i < 2 ? EXO_E_AGAIN : EXO_CHILD_EXITED);
        last = child.page->word[WORD_HASH];
        exo_reap(&child);
        printf("%s%s\n", how == EXO_E_AGAIN ? "killed in the middle of a " : "it came to its ",
               hows[i]);
    }
    return (int)status;
}
