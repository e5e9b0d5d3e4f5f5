/* kernel.c - what the kernel tells of itself after a load: boot, longest lock, longest time without interrupts */
/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench.h"

/* Calls with the largest batches that there are. */
static CHILD void
load(volatile struct exo_uarea *u, volatile uint64_t *data)
{
    (void)u;
    while (!data[500]) {
        for (int i = 64; i < 128; i++)
            data[i] = EXO_ANY;
        for (int i = 0; i < 4; i++)
            call(FRAME_ALLOC, 0, CHILD_DATA + 512 + i * 128, 16);
        for (int i = 0; i < 64; i++) {
            data[128 + 2 * i] = (CHILD_FREE + (uint64_t)i * PAGE) | EXO_R | EXO_W;
            data[129 + 2 * i] = data[64 + i];
        }
        call(VSPACE_BINDV, 0, CHILD_DATA + 1024, 64);
        call(VSPACE_PROTECT, 0, CHILD_FREE, 256, EXO_R);
        call(VSPACE_PROTECT, 0, CHILD_FREE, 256, EXO_R | EXO_W);
        call(VSPACE_UNBIND, 0, CHILD_FREE, 64);
        call(HOLD_DROP, 0, CHILD_DATA + 512, 64);
        data[0]++;
    }
}

int
main(void)
{
    struct child c;
    struct child_limits limits = child_plenty;
    const char *failed_at;

    open_test();
    bench_row("boot_insns", window.facts->boot_instructions, 1, "instructions");
    limits.of[EXO_FRAMES] = 200;
    for (int round = 0; round < 10; round++) {
        must(child_try(&c, load, &limits, &failed_at) == 0);
        child_start(&c, 0, 16);
        nap(window.facts->slot_ticks * 20);
        /* Shares, requests, aborts, death. */
        {
            uint64_t frames[EXO_BATCH];
            int64_t error = EXO_E_AGAIN;

            must(frames_any(c.domain, frames, EXO_BATCH) == EXO_BATCH);
            call(HOLD_SHARE, c.domain, 0, frames, EXO_BATCH, EXO_R);
            call(HOLD_DROP, 0, frames, EXO_BATCH);
            if (call(REVOKE_ASK, c.domain, EXO_FRAMES, EXO_BATCH, 0) == 0)
                for (int i = 0; i < 1000 && error == EXO_E_AGAIN; i++)
                    error = call(REVOKE_BREAK, c.domain, EXO_FRAMES, frames, EXO_BATCH);
        }
        slots_back();
        child_end(&c);
    }
    bench_row("longest_lock", window.facts->longest_lock, 1, "cycles");
    bench_row("longest_irqoff", window.facts->longest_irqoff, 1, "cycles");
    bench_row("asid_flushes", window.facts->asid_flushes, 1, "flushes");
    return 0;
}
