/* child.h - a second environment by raw calls: a twin in my address space, or a child in its own */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_CHILD_H
#define TESTS_GUEST_CHILD_H
#include "tests/guest/window.h"

/* Where things stand in a child's address space: all in one 2 MiB region. */
enum {
    CHILD_TEXT = 0x40000000,
    CHILD_DATA = 0x40080000,
    CHILD_STACK = 0x400a0000,
    CHILD_UAREA = 0x400c0000,
    CHILD_FREE = 0x40100000, /* for the test */
    CHILD_TABLES = 6,
    CHILD_TEXT_PAGES = 8,
};

/* What the u-area's user words are for, in a child or twin. */
enum {
    USER_STACK,
    USER_FUNCTION,
    USER_DATA,
    USER_DONE, /* 1: the function came back; 2: it cannot go on */
    USER_FAULTS = 16,
    USER_CAUSE,
    USER_ADDRESS,
    USER_PC,
    USER_RECOVER, /* where the next fault goes on, once; 0: behind the instruction (a fetch: at ra)
                   */
    USER_FREE = 32,
    USER_ASYNC_STACK = 44, /* child_async: its stack, its function (u-area) */
    USER_ASYNC = 45,
    USER_ASYNC_COUNT = 46,
    USER_ASYNC_SEEN = 47, /* all pending bits that came */
};

#define EXO_UAREA_USER 920 /* offset, for the assembler */
_Static_assert(offsetof(struct exo_uarea, user) == EXO_UAREA_USER, "user words have moved");
#define EXO_UAREA_PENDING 3648
_Static_assert(offsetof(struct exo_uarea, pending) == EXO_UAREA_PENDING, "pending has moved");
#define CHILD_TEXT_OF(x) #x
#define CHILD_NUMBER(x) CHILD_TEXT_OF(x)

extern char __start_childtext[], __stop_childtext[];

/* a0 = the u-area */
extern char child_enter[], child_fault[], child_over[], child_async[];
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    ".globl child_enter, child_fault, child_over\n"
    "child_enter:\n"
    "    li t0, " CHILD_NUMBER(
        EXO_UAREA_USER) "\n"
                        "    add t0, t0, a0\n"
                        "    ld sp, 0(t0)\n"
                        "    ld a1, 16(t0)\n"
                        "    ld t1, 8(t0)\n"
                        "    mv s0, t0\n"
                        "    jalr t1\n"
                        "    li t1, 1\n"
                        "1:  sd t1, 24(s0)\n"
                        "2:  li a0, 0\n"
                        "    li a1, -1\n"
                        "    li a7, " CHILD_NUMBER(
                            EXO_SYS_SLEEP) "\n"
                                           "    ecall\n"
                                           "    j 2b\n"
                                           "child_over:\n"
                                           "    li t1, 2\n"
                                           "    j 1b\n"
                                           /* any fault: note it, and go on behind it */
                                           "child_fault:\n"
                                           "    sd t0, 40(gp)\n"
                                           "    sd t1, 48(gp)\n"
                                           "    sd t2, 56(gp)\n"
                                           "    srli t0, gp, 12\n"
                                           "    slli t0, t0, 12\n"
                                           "    li t1, " CHILD_NUMBER(
                                               EXO_UAREA_USER) "\n"
                                                               "    add t0, t0, t1\n"
                                                               "    ld t1, 8*16(t0)\n"
                                                               "    addi t1, t1, 1\n"
                                                               "    sd t1, 8*16(t0)\n"
                                                               "    ld t1, 264(gp)\n"
                                                               "    sd t1, 8*18(t0)\n"
                                                               "    ld t1, 256(gp)\n"
                                                               "    sd t1, 8*17(t0)\n"
                                                               "    ld t2, 0(gp)\n"
                                                               "    andi t2, t2, -2\n"
                                                               "    sd t2, 8*19(t0)\n"
                                                               "    ld t2, 8*20(t0)\n"
                                                               "    sd zero, 8*20(t0)\n"
                                                               "    bnez t2, 4f\n"
                                                               "    mv t2, ra\n"
                                                               "    beqz t1, 4f\n"
                                                               "    addi t1, t1, -1\n"
                                                               "    beqz t1, 4f\n"
                                                               "    addi t1, t1, -11\n"
                                                               "    beqz t1, 4f\n"
                                                               "    ld t2, 8*19(t0)\n"
                                                               "    lhu t1, 0(t2)\n"
                                                               "    andi t1, t1, 3\n"
                                                               "    addi t1, t1, -3\n"
                                                               "    addi t2, t2, 2\n"
                                                               "    bnez t1, 4f\n"
                                                               "    addi t2, t2, 2\n"
                                                               "4:  ori t2, t2, 1\n"
                                                               "    sd t2, 0(gp)\n"
                                                               "    ld t0, 40(gp)\n"
                                                               "    ld t1, 48(gp)\n"
                                                               "    ld t2, 56(gp)\n"
                                                               "    amoswap.d gp, zero, (gp)\n"
                                                               "    jr gp\n"
                                                               /* news: count, take pending, call
                                                                  the function, yield if the slice
                                                                  ends, go on */
                                                               "child_async:\n"
                                                               "    mv s0, a0\n"
                                                               "    li s1, " CHILD_NUMBER(
                                                                   EXO_UAREA_USER) "\n"
                                                                                   "    add s1, "
                                                                                   "s1, a0\n"
                                                                                   "    ld sp, "
                                                                                   "8*44(s1)\n"
                                                                                   "    li "
                                                                                   "t1,"
                                                                                   " " CHILD_NUMBER(
                                                                                       EXO_UAREA_PENDING) "\n"
                                                                                                          "    add t1, t1, s0\n"
                                                                                                          "    amoswap.d s2, zero, (t1)\n"
                                                                                                          "    ld t0, 8*46(s1)\n"
                                                                                                          "    addi t0, t0, 1\n"
                                                                                                          "    sd t0, 8*46(s1)\n"
                                                                                                          "    ld t0, 8*47(s1)\n"
                                                                                                          "    or t0, t0, s2\n"
                                                                                                          "    sd t0, 8*47(s1)\n"
                                                                                                          "    ld t0, 8*45(s1)\n"
                                                                                                          "    beqz t0, 5f\n"
                                                                                                          "    mv a0, s0\n"
                                                                                                          "    mv a1, s2\n"
                                                                                                          "    jalr t0\n"
                                                                                                          "5:  andi t0, s2, 1\n"
                                                                                                          "    beqz t0, 6f\n"
                                                                                                          "    li a0, 0\n"
                                                                                                          "    li a7, -41\n"
                                                                                                          "    ecall\n"
                                                                                                          "6:  li a0, 4\n"
                                                                                                          "    li a7, -3\n"
                                                                                                          "    ecall\n"
                                                                                                          ".popsection\n");

typedef void child_function(volatile struct exo_uarea *, volatile uint64_t *);
typedef void child_news(volatile struct exo_uarea *, uint64_t pending);

struct child {
    uint64_t domain, vspace, env;
    uint64_t root, spare, tables[CHILD_TABLES], pair, stack_frame, data_frame;
    volatile struct exo_uarea *u; /* as I see it */
    volatile uint64_t *data;      /* as I see it */
    void *stack;                  /* a twin's */
};

static struct {
    uint64_t frames[CHILD_TEXT_PAGES];
    uint64_t pages, start;
} child_text;

/* The copy of the childtext section, in frames of mine. */
static inline void child_text_copy(void) {
    if (child_text.pages)
        return;
    child_text.start = (uint64_t)__start_childtext & ~(uint64_t)(PAGE - 1);
    child_text.pages = ((uint64_t)__stop_childtext - child_text.start + PAGE - 1) / PAGE;
    must(child_text.pages <= CHILD_TEXT_PAGES);
    for (uint64_t i = 0; i < child_text.pages; i++) {
        uint64_t from = child_text.start + i * PAGE, skip = 0, count = PAGE;
        char *page;

        if (from < (uint64_t)__start_childtext) {
            skip = (uint64_t)__start_childtext - from;
            count -= skip;
        }
        if (from + skip + count > (uint64_t)__stop_childtext)
            count = (uint64_t)__stop_childtext - from - skip;
        child_text.frames[i] = frame_new(0);
        page = see(child_text.frames[i], EXO_R | EXO_W);
        copy_bytes(page + skip, (const void *)(from + skip), count);
        unsee(page);
    }
}

/* Where a childtext function stands in a child. */
static inline uint64_t child_address(const void *function) {
    return CHILD_TEXT + ((uint64_t)function - child_text.start);
}

struct child_limits {
    int64_t of[EXO_RESOURCES];
};

static const struct child_limits child_plenty = {
    .of = {[EXO_FRAMES] = 120, [EXO_HOLDS] = 80, [EXO_VSPACES] = 8, [EXO_ENVS] = 4}};

static inline void child_uarea_fill(volatile struct exo_uarea *u, uint64_t enter, uint64_t fault,
                                    uint64_t function, uint64_t stack_top, uint64_t data) {
    for (int i = 0; i < EXO_CAUSES; i++)
        u->entry[i] = fault;
    for (int i = 0; i < EXO_SAVES + 1; i++)
        u->save[i].stack = stack_top;
    u->entry_start = enter;
    u->user[USER_STACK] = stack_top;
    u->user[USER_FUNCTION] = function;
    u->user[USER_DATA] = data;
}

/* Waits for a domain to be gone. */
static inline int64_t domain_end(uint64_t domain) {
    for (int i = 0; i < 10000; i++) {
        int64_t error = call(DOMAIN_KILL, domain);

        if (error != EXO_E_AGAIN)
            return error;
    }
    return EXO_E_AGAIN;
}

static inline void child_end(struct child *c) {
    if (c->u)
        unsee(c->u);
    if (c->pair != EXO_ANY && c->u)
        frame_drop(0, c->pair);
    if (c->domain) {
        int64_t error = domain_end(c->domain);

        if (error < 0) {
            note("killing domain %lx: %ld", c->domain, error);
            must(error >= 0);
        }
    }
    if (c->data)
        unsee((void *)c->data);
    if (c->data_frame != EXO_ANY)
        must(frame_drop(0, c->data_frame) == 1);
    if (c->stack_frame != EXO_ANY)
        must(frame_drop(0, c->stack_frame) == 1);
    c->domain = 0;
}

/* From now on news interrupt the child; function may be 0. */
static inline void child_listen(struct child *c, child_news *function) {
    uint64_t moved = c->domain ? child_address(child_async) : (uint64_t)child_async;

    c->u->user[USER_ASYNC_STACK] = c->domain ? CHILD_STACK + 1536 : (uint64_t)c->stack + 1536;
    c->u->user[USER_ASYNC] = !function   ? 0
                             : c->domain ? child_address(function)
                                         : (uint64_t)function;
    c->u->entry_async = moved;
}

#define CHILD_STEP(expression)                                                                     \
    do {                                                                                           \
        int64_t step = (expression);                                                               \
        if (step < 0) {                                                                            \
            if (failed_at)                                                                         \
                *failed_at = #expression;                                                          \
            return step;                                                                           \
        }                                                                                          \
    } while (0)

/* What a child is made of, under limits; a negative result and nothing undone: child_end undoes it.
 */
static inline int64_t child_try(struct child *c, child_function *function,
                                const struct child_limits *limits, const char **failed_at) {
    uint64_t frames[EXO_BATCH];
    uint64_t count = 2 + CHILD_TABLES;

    child_text_copy();
    zero_words(c, sizeof(*c));
    c->pair = c->data_frame = c->stack_frame = EXO_ANY;
    CHILD_STEP(c->domain = (uint64_t)call(DOMAIN_CREATE, 0));
    for (int r = 0; r < EXO_RESOURCES; r++)
        if (limits->of[r])
            CHILD_STEP(call(DOMAIN_GRANT, c->domain, r, limits->of[r]));
    c->data_frame = frame_new(0);
    c->stack_frame = frame_new(0);
    c->data = see(c->data_frame, EXO_R | EXO_W);
    for (uint64_t i = 0; i < count; i++)
        frames[i] = EXO_ANY;
    CHILD_STEP(frames_new(c->domain, frames, count));
    c->root = frames[0];
    c->spare = frames[1];
    for (int i = 0; i < CHILD_TABLES; i++)
        c->tables[i] = frames[2 + i];
    if (used(c->domain, EXO_FRAMES) + 2 > limit(c->domain, EXO_FRAMES))
        CHILD_STEP(EXO_E_QUOTA);
    if (used(c->domain, EXO_HOLDS) + 2 > limit(c->domain, EXO_HOLDS))
        CHILD_STEP(EXO_E_QUOTA);
    c->pair = pair_new(c->domain);
    CHILD_STEP(c->vspace = (uint64_t)call(VSPACE_CREATE, c->domain, c->root, c->spare));
    CHILD_STEP(tables_give(c->vspace, c->tables, CHILD_TABLES));
    CHILD_STEP(c->env = (uint64_t)call(ENV_CREATE, c->domain, c->vspace, c->pair, CHILD_UAREA));
    CHILD_STEP(call(VSPACE_BIND, c->vspace, CHILD_UAREA, c->pair, EXO_R | EXO_W | EXO_PIN));
    CHILD_STEP(call(HOLD_SHARE, 0, c->domain, child_text.frames, child_text.pages, EXO_R | EXO_X) ==
                       (int64_t)child_text.pages
                   ? 0
                   : EXO_E_QUOTA);
    for (uint64_t i = 0; i < child_text.pages; i++)
        CHILD_STEP(call(VSPACE_BIND, c->vspace, CHILD_TEXT + i * PAGE, child_text.frames[i],
                        EXO_R | EXO_X | EXO_PIN));
    CHILD_STEP(call(HOLD_SHARE, 0, c->domain, &c->data_frame, 1, EXO_R | EXO_W));
    CHILD_STEP(call(VSPACE_BIND, c->vspace, CHILD_DATA, c->data_frame, EXO_R | EXO_W | EXO_PIN));
    CHILD_STEP(call(HOLD_SHARE, 0, c->domain, &c->stack_frame, 1, EXO_R | EXO_W));
    CHILD_STEP(call(VSPACE_BIND, c->vspace, CHILD_STACK, c->stack_frame, EXO_R | EXO_W | EXO_PIN));
    CHILD_STEP(call(HOLD_SHARE, c->domain, 0, &c->pair, 1, EXO_R | EXO_W));
    c->u = see(c->pair, EXO_R | EXO_W);
    child_uarea_fill(c->u, child_address(child_enter), child_address(child_fault),
                     child_address(function), CHILD_STACK + PAGE, CHILD_DATA);
    return 0;
}

static inline void child_make(struct child *c, child_function *function) {
    const char *failed_at = "?";
    int64_t error = child_try(c, function, &child_plenty, &failed_at);

    if (error < 0) {
        note("making a child: %s: %ld", failed_at, error);
        must(error >= 0);
    }
}

/* A second environment of mine, here. */
static inline void twin_make(struct child *c, child_function *function) {
    int64_t error;
    uint64_t address = 0;

    zero_words(c, sizeof(*c));
    c->pair = pair_new(0);
    for (uint64_t i = 0; i < WINDOW_PAGES && !address; i++)
        if (!window.taken[i])
            address = WINDOW + i * PAGE;
    error = call(ENV_CREATE, 0, 0, c->pair, address);
    if (error < 0)
        note("making a twin: env_create: %ld", error);
    must(error >= 0);
    c->env = (uint64_t)error;
    c->u = see(c->pair, EXO_R | EXO_W | EXO_PIN);
    must((uint64_t)c->u == address);
    c->stack_frame = frame_new(0);
    c->stack = see(c->stack_frame, EXO_R | EXO_W);
    c->data_frame = frame_new(0);
    c->data = see(c->data_frame, EXO_R | EXO_W);
    child_uarea_fill(c->u, (uint64_t)child_enter, (uint64_t)child_fault, (uint64_t)function,
                     (uint64_t)c->stack + PAGE, (uint64_t)c->data);
}

static inline void twin_end(struct child *c) {
    int64_t error = EXO_E_AGAIN;

    for (int i = 0; i < 10000 && error == EXO_E_AGAIN; i++)
        error = call(ENV_KILL, c->env);
    if (error < 0 && error != EXO_E_HANDLE)
        note("killing a twin: %ld", error);
    for (int i = 0; i < 10000 && window.frames[c->pair + 1].kind == EXO_FRAME_PRIVATE; i++)
        call(SLEEP, 0, now() + window.facts->slot_ticks / 4);
    unsee(c->u);
    unsee(c->stack);
    unsee((void *)c->data);
    must(frame_drop(0, c->pair) == 1);
    must(frame_drop(0, c->pair + 1) == 1);
    must(frame_drop(0, c->stack_frame) == 1);
    must(frame_drop(0, c->data_frame) == 1);
}

static inline int is_dead(uint64_t env) {
    uint64_t word = window.envs[slot_of(env)].state_word;

    return word >> 16 != generation_of(env) || (word & 255) == EXO_ENV_DEAD ||
           (word & 255) == EXO_ENV_FREE;
}

/* Hart time: slots of my own vector, re-bound to others and back. */
static struct {
    uint8_t mine[EXO_HARTS * EXO_SLOTS_PER_HART];
    uint8_t given[EXO_HARTS * EXO_SLOTS_PER_HART];
    int noted;
} slots;

static inline void slots_note(void) {
    if (slots.noted)
        return;
    slots.noted = 1;
    /* The test itself stays on the first hart; what it has on others is free till it is given away.
     */
    for (uint64_t i = 0; i < window.facts->slot_table.count; i++)
        if (window.slots[i].domain == my_domain_slot()) {
            slots.mine[i] = 1;
            if (i >= EXO_SLOTS_PER_HART)
                must(call(SLICE_FREE, 0, i / EXO_SLOTS_PER_HART, i % EXO_SLOTS_PER_HART) == 0);
        }
    call(YIELD, 0);
}

/* Binds `count` of my slots on a hart to env; how many. */
static inline uint64_t slots_give(uint64_t env, uint64_t hart, uint64_t count) {
    uint64_t given = 0;

    slots_note();
    for (uint64_t step = 0; step < 2 && given < count; step++)
        for (uint64_t p = 1 - step; p < EXO_SLOTS_PER_HART && given < count; p += 2) {
            uint64_t i = hart * EXO_SLOTS_PER_HART + p;

            if (!slots.mine[i] || slots.given[i])
                continue;
            int64_t error = call(SLICE_BIND, 0, hart, p, env);

            if (given && error == EXO_E_HANDLE)
                return count; /* it ran in the first of them, and died there */
            if (error < 0) {
                note("slice_bind %ld.%ld: %ld", hart, p, error);
                must(error >= 0);
            }
            slots.given[i] = 1;
            given++;
        }
    return given;
}

/* All given slots are the first environment's again. */
static inline void slots_back(void) {
    for (uint64_t i = 0; i < EXO_HARTS * EXO_SLOTS_PER_HART; i++)
        if (slots.given[i]) {
            if (i < EXO_SLOTS_PER_HART)
                call(SLICE_BIND, 0, 0, i, window.mine->env);
            else
                call(SLICE_FREE, 0, i / EXO_SLOTS_PER_HART, i % EXO_SLOTS_PER_HART);
            slots.given[i] = 0;
        }
}

/* What every test does first. */
static inline void open_test(void) {
    window_open();
    child_text_copy();
    slots_note();
}

/* A hart that is not the first, or the first if there is no other. */
static inline uint64_t other_hart(void) { return window.facts->harts > 1 ? 1 : 0; }

static inline void nap(uint64_t ticks) { call(SLEEP, 0, now() + ticks); }

/* Waits till word `index` of the child's user words is not `value`; whether it came. */
static inline int user_wait(const struct child *c, int index, uint64_t value, uint64_t slices) {
    volatile uint64_t *word = &c->u->user[index];

    for (uint64_t i = 0; i < slices * 4; i++) {
        if (*word != value)
            return 1;
        nap(window.facts->slot_ticks / 4);
    }
    return *word != value;
}

static inline int data_wait(const struct child *c, int index, uint64_t value, uint64_t slices) {
    for (uint64_t i = 0; i < slices * 4; i++) {
        if (c->data[index] != value)
            return 1;
        nap(window.facts->slot_ticks / 4);
    }
    return c->data[index] != value;
}

static inline void child_start(struct child *c, uint64_t hart, uint64_t count) {
    int64_t error = call(ENV_START, c->env);

    if (error < 0)
        note("env_start: %ld", error);
    must(error >= 0);
    must(slots_give(c->env, hart, count) == count);
}

/* Lends my slice till it is told what became of it: ends of my slots in between do not count. */
static inline int64_t lend(uint64_t env) {
    int64_t reason = EXO_BUDGET;

    for (int i = 0; i < 50 && reason == EXO_BUDGET; i++)
        reason = call(YIELD, env);
    return reason;
}

/* Runs the function to its end; whether it came back in time. */
static inline int child_run(struct child *c, uint64_t hart) {
    child_start(c, hart, 8);
    user_wait(c, USER_DONE, 0, 500);
    slots_back();
    return c->u->user[USER_DONE] == 1;
}
#endif
