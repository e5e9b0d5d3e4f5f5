/* barrier.c - a generational garbage collector whose write barrier is a page fault */
/* SPDX-License-Identifier: MIT */
/*
 * Survivors of a collection move to the old generation. A minor collection must know every old
 * object that points to a young one: the old generation is write-protected, the first store to a
 * page of it faults into write_barrier, which notes the page and lets the store go on. Only noted
 * pages are looked through; the mutator's stores are plain stores.
 */
#include <stdlib.h>
#include <string.h>
#include "demo.h"
#include "libexos/vm/vm.h"

enum { OLD_PAGES = 256, YOUNG = 4096, ROUNDS = 6, ROOTS = 192, STORES = 5, CHAIN = 32 };

static struct object {
    struct object *edge, *side, *moved; /* moved: its copy in the old generation */
    uint64_t key;
} young[YOUNG], *old, *roots[ROOTS];
enum { PER_PAGE = EXO_PAGE / sizeof(struct object), KEYS = ROUNDS * YOUNG + 1 };

static uint8_t dirty[OLD_PAGES]; /* the remembered set */
static uint32_t old_used, faults, keys;
static uint32_t edge_of[KEYS], side_of[KEYS]; /* what the graph ought to be, by keys */

static int write_barrier(struct exo_save *frame, uint64_t address, void *context) {
    (void)frame, (void)context;
    faults++;
    dirty[(address - (uint64_t)old) / EXO_PAGE] = 1;
    return vm_protect(address & ~(EXO_PAGE - 1), EXO_PAGE, EXO_R | EXO_W) >= 0;
}

static struct object *promote(struct object *object) {
    if (!object || object < young || object >= young + YOUNG)
        return object;
    if (!object->moved)
        *(object->moved = &old[old_used++]) = *object;
    return object->moved;
}

/* Goes through old objects; copies what they point to, and so on. */
static void scan(uint32_t first, uint32_t count) {
    for (struct object *object = &old[first]; count--; object++) {
        object->edge = promote(object->edge);
        object->side = promote(object->side);
    }
}

/* A minor collection: how many pages it looked through. Survivors begin on a page of their own. */
static uint32_t collect(void) {
    uint32_t pages = 0, next = old_used = (old_used + PER_PAGE - 1) / PER_PAGE * PER_PAGE;

    for (int i = 0; i < ROOTS; i++)
        roots[i] = promote(roots[i]);
    for (uint32_t page = 0; page < next / PER_PAGE; pages += dirty[page++])
        scan(page * PER_PAGE, dirty[page] ? PER_PAGE : 0);
    for (; next < old_used; next++)
        scan(next, 1);
    memset(young, 0, sizeof(young));
    memset(dirty, 0, sizeof(dirty));
    return vm_protect((uint64_t)old, old_used * sizeof(*old), EXO_R) < 0 ? OLD_PAGES : pages;
}

/* How many objects the old generation has, 0 if one is not as it ought to be. */
static uint32_t verify(void) {
    uint32_t count = 0;

    for (struct object *object = old; object < old + old_used; object++) {
        count += object->key != 0;
        if ((object->edge ? object->edge->key : 0) != edge_of[object->key] ||
            (object->side ? object->side->key : 0) != side_of[object->key])
            return 0;
    }
    return count;
}

/* Chains of young objects. The roots point to some in the first round, old objects later. */
static void mutate(int round) {
    for (int i = 0; i < YOUNG; i++) {
        young[i].key = ++keys;
        young[i].edge = i % CHAIN ? &young[i - 1] : NULL;
        edge_of[keys] = i % CHAIN ? keys - 1 : 0;
    }
    for (int i = 0; i < (round ? STORES : ROOTS); i++) {
        struct object *to = &young[rand() % YOUNG], *from = &old[rand() % (int)(old_used + 1)];

        if (!round)
            roots[i] = to;
        else if (from->key) /* what the barrier is for: a plain store */
            side_of[from->key] = (uint32_t)(from->side = to)->key;
    }
}

int main(void) {
    long at = vm_map(0, OLD_PAGES * EXO_PAGE, EXO_R | EXO_W, VM_EAGER);

    if (at < 0 || vm_region_handler((uint64_t)at, write_barrier, NULL) < 0)
        return demo_fail("the old generation", at);
    old = (struct object *)at;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t all = (old_used + PER_PAGE - 1) / PER_PAGE, had = verify(), before = faults, pages;

        mutate(round);
        pages = collect();
        printf("collection %d: %u faults, %u of %u old pages looked through, %u objects survive\n",
               round + 1, faults - before, pages, all, verify() - had);
        if (!verify() || pages != faults - before || pages > STORES || (round && !pages))
            return demo_fail("the graph is not what it was", EXO_E_FAULT);
    }
    printf("each of %u old objects points where it should\n", verify());
    return 0;
}
