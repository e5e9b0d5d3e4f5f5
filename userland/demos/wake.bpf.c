/* wake.bpf.c - a predicate: the word in the page is no longer what the sleeper saw */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/ebpf.h"
#include "userland/demos/wake.h"

/* The kernel runs this when it looks for somebody to run. `seen` is the word as it was when the
 * sleeper last looked, handed over with the call: a change that comes between that look and the
 * sleep is not missed, for then the two differ already. */
EXO_PROGRAM(wake) uint64_t wake_changed(uint64_t now, uint64_t posted, uint64_t seen) {
    const volatile struct wake_page *page = EXO_REGION(0, const volatile struct wake_page);

    (void)now;
    (void)posted;
    return page->word != seen;
}
