/* exhaust_memory.c - the last frame of RAM is handed out, the next refused, and all come back
 * zeroed */
/* SPDX-License-Identifier: MIT */
/* mem: 48M */
/* timeout: 90 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

int main(void) {
    struct census before;
    uint64_t total = 0, frames[16], domain, step = 1 << 16;
    int64_t error = 0;

    open_test();
    census_take(&before);
    domain = (uint64_t)call(DOMAIN_CREATE, 0);
    must((int64_t)domain > 0);
    while (step) {
        while (call(DOMAIN_GRANT, domain, EXO_FRAMES, step) == 0)
            ;
        step /= 2;
    }
    for (;;) {
        for (int i = 0; i < 16; i++)
            frames[i] = EXO_ANY;
        error = call(FRAME_ALLOC, domain, frames, 16);
        if (error <= 0)
            break;
        total += (uint64_t)error;
    }
    ok(error == EXO_E_FULL || error == EXO_E_QUOTA, "after %lu frames: %ld", total, error);
    ok(total > 1000, "that was most of the memory");
    ok(window.facts->free_frames + total + 64 > before.free_frames,
       "none went astray: %lu free left", window.facts->free_frames);
    for (int i = 0; i < 100; i++) {
        frames[0] = EXO_ANY;
        check(call(FRAME_ALLOC, domain, frames, 1) < 0, "one more");
    }
    ok_all("refused a hundred times");
    is(domain_end(domain), 0, "killing the hoarder");
    census_same(&before);
    return done();
}
