/* revoke_evaded.c - what is asked for cannot be answered with nothing, put off, or held up; and who
 * shared a page with the one struck loses nothing */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { MODE, DONE, RESULT, ARGUMENT, VECTOR = 16 };
enum { CHURN = 1, POSTPONE, SPACES };

/* Takes and gives back; asks its own child anew, with a far deadline; or makes and ends spaces. */
static CHILD void evader(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t vector = CHILD_DATA + 8 * VECTOR;

    (void)u;
    for (;;) {
        if (data[MODE] == CHURN) {
            for (int i = 0; i < 10; i++) {
                data[VECTOR] = EXO_ANY;
                call(FRAME_ALLOC, 0, vector, 1);
                data[RESULT] = (uint64_t)call(HOLD_DROP, 0, vector, 1);
            }
        } else if (data[MODE] == POSTPONE) {
            data[RESULT] =
                (uint64_t)call(REVOKE_ASK, data[ARGUMENT], EXO_FRAMES, 1, wide(0x10000000, 0));
        } else if (data[MODE] == SPACES) {
            uint64_t frames[2] = {data[VECTOR], data[VECTOR + 1]};

            while (data[MODE] == SPACES) {
                int64_t space = call(VSPACE_CREATE, 0, frames[0], frames[1]);

                if (space > 0)
                    call(VSPACE_DESTROY, space);
                frames[0] = data[VECTOR + 2] ^ frames[0];
                frames[1] = data[VECTOR + 3] ^ frames[1];
                data[RESULT]++;
            }
        } else {
            call(YIELD, 0);
            continue;
        }
        data[MODE] = 0;
        data[DONE] = 1;
    }
}

static uint64_t asked(uint64_t domain) {
    return window.domains[slot_of(domain)].ask[EXO_FRAMES].count;
}

static void order(struct child *c, uint64_t mode) {
    c->data[DONE] = 0;
    c->data[MODE] = mode;
    must(data_wait(c, DONE, 0, 5000));
}

/* Breaks one frame; how many calls it took. */
static uint64_t break_one(uint64_t domain, uint64_t frame) {
    uint64_t calls = 0;
    int64_t got = EXO_E_AGAIN;

    while (got == EXO_E_AGAIN && calls++ < 3000)
        got = call(REVOKE_BREAK, domain, EXO_FRAMES, &frame, 1);
    check_is(got, 1, "broken");
    return calls;
}

int main(void) {
    struct census before;
    struct child c, other;
    uint64_t frame, grandchild, frames[4];
    int64_t got;

    open_test();
    census_take(&before);
    child_make(&c, evader);
    child_make(&other, evader);
    frame = frame_new(c.domain);
    child_start(&c, other_hart(), 16);

    must(call(REVOKE_ASK, c.domain, EXO_FRAMES, 2, 0) == 0);
    order(&c, CHURN);
    is((int64_t)c.data[RESULT], 1, "it takes and gives back");
    is((int64_t)asked(c.domain), 2, "which is no answer");
    must(frame_drop(c.domain, frame) == 1);
    is((int64_t)asked(c.domain), 1, "giving back is");

    grandchild = (uint64_t)call(DOMAIN_CREATE, c.domain);
    must(call(DOMAIN_GRANT, grandchild, EXO_FRAMES, 1) == 0);
    frame = frame_new(grandchild);
    must(call(REVOKE_ASK, grandchild, EXO_FRAMES, 1, 0) == 0);
    c.data[ARGUMENT] = grandchild;
    order(&c, POSTPONE);
    is((int64_t)c.data[RESULT], EXO_E_BUSY, "what I ask for, one in between cannot put off");
    got = call(REVOKE_BREAK, grandchild, EXO_FRAMES, &frame, 1);
    is(got, 1, "I take it");

    /* The other's u-area, shared with it and bound there. */
    must(call(HOLD_SHARE, other.domain, c.domain, &other.pair, 1, EXO_R) == 1);
    must(call(VSPACE_BIND, c.vspace, CHILD_FREE, other.pair, EXO_R) == 0);
    must(call(REVOKE_ASK, c.domain, EXO_FRAMES, 1, 0) == 0);
    break_one(c.domain, other.pair);
    ok(!is_dead(other.env), "the one whose u-area it was lives");
    ok(!is_dead(c.env), "and so does the one struck");

    /* Spaces that come and go do not hold it up. */
    for (int i = 0; i < 4; i++)
        frames[i] = frame_new(c.domain);
    c.data[VECTOR] = frames[0];
    c.data[VECTOR + 1] = frames[1];
    c.data[VECTOR + 2] = frames[0] ^ frames[2];
    c.data[VECTOR + 3] = frames[1] ^ frames[3];
    c.data[RESULT] = 0;
    c.data[MODE] = SPACES;
    must(data_wait(&c, RESULT, 0, 100));
    frame = frame_new(c.domain);
    must(call(VSPACE_BIND, c.vspace, CHILD_FREE, frame, EXO_R) == 0);
    must(call(REVOKE_ASK, c.domain, EXO_FRAMES, 1, 0) == 0);
    note("%lu calls, %lu spaces", break_one(c.domain, frame), c.data[RESULT]);
    ok_all("taken from one that makes and ends spaces");
    c.data[MODE] = 0;
    slots_back();
    child_end(&c);
    child_end(&other);
    census_same(&before);
    return done();
}
