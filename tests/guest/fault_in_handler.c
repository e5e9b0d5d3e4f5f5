/* fault_in_handler.c - four faults nest; the fifth ends that environment, and it alone */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* user[32]: how deep to go; user[33]: how deep it is; user[34]: how many came back */
extern char nest_fault[];
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    "nest_fault:\n"
    "    sd t0, 40(gp)\n"
    "    sd t1, 48(gp)\n"
    "    sd t2, 56(gp)\n"
    "    mv t2, gp\n" /* the frame, over the fault */
    "    srli t0, gp, 12\n"
    "    slli t0, t0, 12\n"
    "    li t1, 920 + 8*32\n"
    "    add t0, t0, t1\n"
    "    ld t1, 8(t0)\n"
    "    addi t1, t1, 1\n"
    "    sd t1, 8(t0)\n"
    "    ld t0, 0(t0)\n"
    "    bge t1, t0, 1f\n"
    "    .4byte 0x00100073\n" /* ebreak in the handler */
    "1:  mv t0, t2\n"
    "    srli t0, t0, 12\n"
    "    slli t0, t0, 12\n"
    "    li t1, 920 + 8*32\n"
    "    add t0, t0, t1\n"
    "    ld t1, 16(t0)\n"
    "    addi t1, t1, 1\n"
    "    sd t1, 16(t0)\n"
    "    mv gp, t2\n"
    "    ld t0, 40(gp)\n"
    "    ld t1, 48(gp)\n"
    "    ld t2, 56(gp)\n"
    "    amoswap.d gp, zero, (gp)\n"
    "    jr 4(gp)\n"
    ".popsection\n");

static CHILD void nest(volatile struct exo_uarea *u, volatile uint64_t *data) {
    for (uint64_t depth = 1; depth <= data[0]; depth++) {
        u->user[32] = depth;
        u->user[33] = 0;
        u->user[34] = 0;
        asm volatile(".4byte 0x00100073" ::: "memory");
        data[depth] = u->user[34];
        data[8] = u->save[0].x[0] | u->save[1].x[0] | u->save[2].x[0] | u->save[3].x[0];
    }
    data[9] = 1;
}

/* Jumps to nowhere with a handler that is nowhere: recursion without end. */
static CHILD void abyss(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)data;
    for (int i = 0; i < EXO_CAUSES; i++)
        u->entry[i] = 0x3000;
    asm volatile("sd zero, 16(zero)" ::: "memory");
}

/* A bystander that counts. */
static CHILD void count(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

int main(void) {
    struct census before;
    struct child c, other;

    open_test();
    census_take(&before);
    child_make(&other, count);
    child_start(&other, 0, 4);
    /* Up to four. */
    child_make(&c, nest);
    c.u->entry[3] = child_address(nest_fault);
    c.data[0] = EXO_SAVES;
    child_start(&c, 0, 4);
    ok(data_wait(&c, 9, 0, 200), "it came through");
    for (uint64_t depth = 1; depth <= EXO_SAVES; depth++)
        check(c.data[depth] == depth, "nested %lu deep: %lu handlers came back", depth,
              c.data[depth]);
    check_is((int64_t)c.data[8], 0, "busy frames at the end");
    ok_all("four faults nest and unwind");
    ok(!is_dead(c.env), "it lives");
    slots_back();
    child_end(&c);
    /* The fifth. */
    child_make(&c, nest);
    c.u->entry[3] = child_address(nest_fault);
    c.data[0] = EXO_SAVES + 1;
    slots_give(other.env, 0, 4);
    child_start(&c, 0, 4);
    for (int i = 0; i < 400 && !is_dead(c.env); i++)
        nap(window.facts->slot_ticks / 4);
    ok(is_dead(c.env), "a fifth fault ends it");
    is((int64_t)c.data[9], 0, "it did not go on");
    slots_back();
    child_end(&c);
    /* A handler that cannot be fetched. */
    child_make(&c, abyss);
    child_start(&c, 0, 4);
    slots_give(other.env, 0, 4);
    for (int i = 0; i < 400 && !is_dead(c.env); i++)
        nap(window.facts->slot_ticks / 4);
    ok(is_dead(c.env), "a handler that is nowhere ends it");
    {
        uint64_t seen = other.data[0];

        nap(window.facts->slot_ticks * 40);
        ok(other.data[0] > seen, "the bystander counts on");
        ok(!is_dead(other.env), "and lives");
    }
    slots_back();
    child_end(&c);
    child_end(&other);
    census_same(&before);
    return done();
}
