/* revoke_ignored.c - who ignores a request, or binds, shares and touches against it, loses the
 * frame all the same */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { FRAME, STOP, ROUNDS, GOT, SECOND, MODE, OTHER };

/* Clings to a frame: binds it again and again, at other addresses, pinned, shared, donated. */
static CHILD void clinger(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t frame = data[FRAME], i = 0;

    while (!data[STOP]) {
        uint64_t address = CHILD_FREE + (i++ % 32) * PAGE;
        int64_t error = call(VSPACE_BIND, 0, address, frame,
                             EXO_R | EXO_W | (data[MODE] == 1 && i % 7 == 0 ? EXO_PIN : 0));

        if (error == 0) {
            volatile uint64_t *page = (volatile uint64_t *)address;

            page[0] = 0x5ec4e7;
            page[1] = page[0];
        } else {
            data[GOT] = (uint64_t)error;
        }
        if (data[MODE] == 2) {
            data[32] = frame;
            call(HOLD_SHARE, 0, data[OTHER], CHILD_DATA + 256, 1, EXO_R | EXO_W);
            call(VSPACE_DONATE, 0, CHILD_DATA + 256, 1);
        }
        data[ROUNDS]++;
    }
    (void)u;
}

static int64_t breaking(uint64_t domain, uint64_t *frames, uint64_t count) {
    int64_t error = EXO_E_AGAIN;

    for (int i = 0; i < 4000 && error == EXO_E_AGAIN; i++) {
        error = call(REVOKE_BREAK, domain, EXO_FRAMES, frames, count);
        if (error == EXO_E_AGAIN && i % 8 == 7)
            nap(window.facts->slot_ticks / 2);
    }
    return error;
}

int main(void) {
    struct census before;

    open_test();
    census_take(&before);
    for (uint64_t mode = 0; mode < 3; mode++) {
        struct child c;
        uint64_t frame, other, taken;
        volatile uint64_t *page;

        child_make(&c, clinger);
        other = (uint64_t)call(DOMAIN_CREATE, c.domain);
        must(call(DOMAIN_GRANT, other, EXO_HOLDS, 4) == 0);
        must(call(DOMAIN_GRANT, other, EXO_FRAMES, 4) == 0);
        frame = frame_new(c.domain);
        c.data[FRAME] = frame;
        c.data[MODE] = mode;
        c.data[OTHER] = other;
        child_start(&c, other_hart(), 16);
        check(data_wait(&c, ROUNDS, 0, 200), "it clings");
        check_is(call(REVOKE_ASK, c.domain, EXO_FRAMES, 1, window.facts->slot_ticks * 2), 0, "ask");
        nap(window.facts->slot_ticks * 8);
        check(window.frames[frame].domain == slot_of(c.domain), "it was to be kept till now");
        check_is(breaking(c.domain, &frame, 1), 1, "break");
        /* Mine from here: whatever the clinger does, my bytes stay. */
        if (window.frames[frame].kind == EXO_FRAME_RAM) {
            /* it had shared it before: its own child keeps its hold */
            check(mode == 2, "the frame is not free");
            must(domain_end(other) == 0);
            other = 0;
        }
        taken = frame;
        check_is(call(FRAME_ALLOC, 0, &taken, 1), 1, "take the frame");
        page = see(frame, EXO_R | EXO_W);
        for (int i = 0; i < 512; i++)
            check(page[i] == 0, "word %d is %lx", i, page[i]);
        page[0] = 0xca4a47;
        nap(window.facts->slot_ticks * 16);
        check(page[0] == 0xca4a47 && page[1] == 0, "mode %lu: it wrote %lx, %lx after the abort",
              mode, page[0], page[1]);
        if (!is_dead(c.env))
            check((int64_t)c.data[GOT] == EXO_E_HOLD, "mode %lu: binding it now: %ld", mode,
                  (int64_t)c.data[GOT]);
        c.data[STOP] = 1;
        nap(window.facts->slot_ticks * 4);
        slots_back();
        if (other)
            must(domain_end(other) == 0);
        child_end(&c);
        unsee(page);
        must(frame_drop(0, frame) == 1);
        census_check(&before, "a broken clinger");
        ok_all(mode == 0   ? "binding against it"
               : mode == 1 ? "pinning against it"
                           : "sharing and donating against it");
    }
    census_same(&before);
    return done();
}
