/* blocks.c - secure bindings of a disk: ten units by number, bound, used, given back when asked */
/* SPDX-License-Identifier: MIT */
/*
 * The disk's half of bindings.c; `run -v VOLUME blocks`, with a volume of no units (`volume make
 * VOLUME 0`). A block is a unit, 1 MiB. "Process 1" is a child that gets the volume from us; it
 * asks for the ten units by their numbers, fills them, and gives each back when it is asked to.
 * Each line is printed after the kernel's books say so.
 */
#include <string.h>
#include "demo.h"
#include "libexos/files/device.h"
#include "libexos/files/holder.h"
#include "libexos/vm/vm.h"

enum { FIRST = 500, BLOCKS = 10, FILL = 512 /* sectors */, EVENT = 1, DISK = 2 };
enum { WORD_BOUND, WORD_WRITTEN, WORD_GIVEN };

static struct volume_map *map; /* the root that the child proposes */

static long propose(enum holder_call call, uint32_t first, uint32_t count) {
    volume_map_make(map);
    if (count)
        volume_map_grow(map, first, count);
    return holder_propose(call, exo_parent_page());
}

/* What is written can be read, and what is not cannot: so each unit is filled before it counts. */
static long write_all(void) {
    long page = vm_map(0, EXO_PAGE, EXO_R | EXO_W, VM_EAGER | VM_KEEP), error;
    struct exo_disk_queue queue;

    error = exo_disk_attach(&queue, exo_parent_page()->volume, vm_frame(page), (void *)page, DISK);
    for (uint64_t at = FIRST * EXO_UNIT; !error && at < (FIRST + BLOCKS) * EXO_UNIT; at += FILL) {
        struct exo_request *request = exo_disk_next(&queue);

        request->op = EXO_DISK_ZERO;
        request->sector = at;
        request->sectors = FILL;
        error = exo_disk_do(&queue, request);
    }
    return error;
}

/* Asked for a unit, in an upcall: the work is done outside. */
static void asked(struct exo_save *save, struct exo_uarea *uarea) {
    (void)save;
    if (uarea->revoke[EXO_DISK].count)
        exo_event_post(uarea->env, EVENT);
}

_Noreturn static void process(struct exo_parent *parent) {
    long page;

    while (!*(volatile uint64_t *)&parent->volume)
        exo_sleep_ns(1000000);
    page = vm_map_frames(0, &parent->root, 1, EXO_R | EXO_W, VM_KEEP);
    map = (struct volume_map *)page;
    exo_async_calls.revoke = asked;
    if (!propose(HOLDER_ASK, FIRST, BLOCKS))
        parent->word[WORD_BOUND] = BLOCKS;
    parent->word[WORD_WRITTEN] = !write_all() && !propose(HOLDER_INSTALL, FIRST, BLOCKS);
    for (uint32_t left = BLOCKS;;) {
        const volatile struct exo_domain *me = &exo_domains()[exo_slot_of(exo_uarea()->domain)];

        exo_sleep(EVENT, EXO_NEVER);
        if (left && me->ask[EXO_DISK].count) { /* what is still asked for */
            long error = propose(HOLDER_INSTALL, FIRST + BLOCKS + 1 - left, left - 1);

            if (error < 0)
                printf("giving back: %s\n", exo_error_name(error));
            left -= error == 0;
            parent->word[WORD_GIVEN] = BLOCKS - left;
        }
    }
}

static int await(const volatile uint64_t *word, uint64_t value) {
    for (uint64_t until = demo_ms(30000); *word < value && exo_time() < until;)
        exo_sleep_ns(1000000);
    return *word >= value ? 0 : demo_fail("process 1 does not answer", EXO_E_AGAIN);
}

/* The child has the volume, with room for ten units, and sees its root. */
static long give(struct exo_child *child, struct exo_parent *mine) {
    uint8_t disk = exo_volumes()[mine->volume].disk;
    long error = exo_domain_grant(child->domain, EXO_DISK, BLOCKS);

    if (!error)
        error = exo_volume_grant(mine->volume, disk, child->domain, EXO_R | EXO_W, 1);
    if (!error && exo_hold_share(0, child->domain, &mine->root, 1, EXO_R | EXO_W) != 1)
        error = EXO_E_HOLD;
    child->page->root = mine->root;
    child->page->keeper = mine->keeper;
    if (error >= 0)
        __atomic_store_n(&child->page->volume, mine->volume, __ATOMIC_RELEASE);
    return error;
}

/* Are all units from that one on the volume's, and those before it nobody's? */
static int units_are(const struct exo_parent *mine, uint32_t first) {
    const volatile struct exo_unit *units = exo_units(exo_volumes()[mine->volume].disk);

    for (uint32_t unit = FIRST; units && unit < FIRST + BLOCKS; unit++)
        if (units[unit].volume != (unit < first ? 0 : mine->volume))
            return 0;
    return units != NULL;
}

int main(int argc, char **argv) {
    struct exo_parent *mine = exo_parent_page();
    struct exo_child child;
    long error;

    if (argc > 1 && !strcmp(argv[1], "process"))
        process(mine);
    if (!mine || !mine->volume)
        return demo_fail("run -v VOLUME blocks, after volume make VOLUME 0", EXO_E_HANDLE);
    error = demo_spawn("demo/blocks", "process", &child);
    if (error < 0 || (error = give(&child, mine)) < 0)
        return demo_fail("process 1", error);
    if (await(&child.page->word[WORD_BOUND], BLOCKS) || !units_are(mine, FIRST))
        return demo_fail("binding", EXO_E_HOLD);
    for (int block = FIRST; block < FIRST + BLOCKS; block++)
        printf("Mapping block %d for process 1\n", block);
    printf("Successfully bound %d blocks starting at block %d for process 1\n", BLOCKS, FIRST);
    if (await(&child.page->word[WORD_WRITTEN], 1))
        return demo_fail("access refused", EXO_E_RIGHT);
    printf("Access granted for resource %d (requested permission: %d)\n", FIRST, EXO_W);
    printf("Revoking all resources for process 1\n");
    for (uint32_t block = FIRST; block < FIRST + BLOCKS; block++) {
        if ((error = exo_revoke_ask(child.domain, EXO_DISK, 1, 10 * exo_time_base())) < 0)
            return demo_fail("asking", error);
        printf("Notifying process 1 about revocation of resource %u\n", block);
        if (await(&child.page->word[WORD_GIVEN], block - FIRST + 1) || !units_are(mine, block + 1))
            return demo_fail("process 1 still has it", EXO_E_HOLD);
    }
    return exo_reap(&child) < 0;
}
