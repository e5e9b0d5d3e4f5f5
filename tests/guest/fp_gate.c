/* fp_gate.c - FP registers do not pass through a gate call or a yield, nor are the caller's lost in
 * it */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/census.h"
#include "tests/guest/gate.h"

enum { ROUNDS = 50 };

/* Notes what the registers held (u[40]: nothing yet, or mine), then fills them with a value of
 * mine. */
#define SERVER_VALUE 0x5555000055550000ull
#define CALLER_VALUE 0x3333000033330000ull

INLINE uint64_t fp_differs(uint64_t want) {
    uint64_t a, b, c, d;

    asm volatile("fmv.x.d %0, f0\n fmv.x.d %1, f9\n fmv.x.d %2, f18\n fmv.x.d %3, f31"
                 : "=r"(a), "=r"(b), "=r"(c), "=r"(d));
    return (a ^ want) | (b ^ want) | (c ^ want) | (d ^ want);
}

INLINE void fp_fill(uint64_t value) {
    asm volatile(
        "fmv.d.x f0, %0\n fmv.d.x f9, %0\n fmv.d.x f18, %0\n fmv.d.x f31, %0" ::"r"(value));
}

static CHILD void serve(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    (void)message;
    (void)caller;
    u->user[42] |= fp_differs(u->user[41]);
    u->user[41] = SERVER_VALUE;
    fp_fill(SERVER_VALUE);
    u->user[40]++;
}

static CHILD void lent(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)data;
    for (;;) {
        u->user[42] |= fp_differs(u->user[41]);
        u->user[41] = SERVER_VALUE;
        fp_fill(SERVER_VALUE);
        u->user[40]++;
        raw_yield_back();
    }
}

int main(void) {
    struct census before;
    struct child server, borrower;
    uint64_t lost = 0;

    open_test();
    census_take(&before);
    gate_child(&server, serve, 0);
    is(call(GATE_BIND, 7, server.env), 0, "bind a server");
    child_make(&borrower, lent);
    is(call(ENV_START, borrower.env), 0, "start a borrower");
    is(call(GATE_BIND, 8, borrower.env), 0, "bind it");
    for (int i = 0; i < ROUNDS; i++) {
        struct message m = {.a = {0}};

        fp_fill(CALLER_VALUE + (uint64_t)i);
        raw_gate_call(&m, 7, EXO_NEVER);
        lost |= fp_differs(CALLER_VALUE + (uint64_t)i);
        raw_yield_to(8);
        lost |= fp_differs(CALLER_VALUE + (uint64_t)i);
    }
    is((int64_t)lost, 0, "the caller keeps its registers");
    is((int64_t)server.u->user[40], ROUNDS, "the server was called each time");
    is((int64_t)server.u->user[42], 0, "and saw its own alone");
    ok(borrower.u->user[40] > ROUNDS / 2, "the borrower ran %lu times", borrower.u->user[40]);
    is((int64_t)borrower.u->user[42], 0, "and saw its own alone");
    is(call(GATE_BIND, 7, 0), 0, "clear");
    is(call(GATE_BIND, 8, 0), 0, "clear");
    child_end(&borrower);
    child_end(&server);
    census_same(&before);
    return done();
}
