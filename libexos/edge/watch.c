/* watch.c - who watches pages */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/watch.h"
#include "libexos/edge/offsets.h"

_Static_assert(offsetof(struct exo_watch, pager) == WATCH_PAGER, "offsets.h");
_Static_assert(offsetof(struct exo_watch, watcher) == WATCH_CALL, "offsets.h");
_Static_assert(sizeof(struct exo_watcher) == EXO_WATCH_STEP, "a page's byte is an offset");
_Static_assert(offsetof(struct exo_watch, nested) == WATCH_NESTED, "offsets.h");
_Static_assert(offsetof(struct exo_watch, open) == WATCH_OPEN, "offsets.h");
_Static_assert(offsetof(struct exo_watched, watcher) == WATCH_BYTE, "offsets.h");
_Static_assert(offsetof(struct exo_watched, plain) == WATCH_PLAIN, "offsets.h");

extern const char exo_watch_load[], exo_watch_pager[];

EXO_PINNED_BSS struct exo_watch exo_watch;

EXO_PINNED_TEXT int exo_watch_absent(struct exo_save *frame) {
    if ((frame->x[0] & ~1ull) != (uint64_t)exo_watch_load)
        return 0;
    frame->x[0] = (uint64_t)exo_watch_pager | 1;
    return 1;
}
