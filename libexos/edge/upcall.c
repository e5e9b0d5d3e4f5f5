/* upcall.c - handlers for what the kernel reports: faults, slice ends, revocation, events */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/block.h"
#include "libexos/edge/giveback.h"
#include "libexos/edge/offsets.h"
#include "libexos/edge/watch.h"

_Static_assert(offsetof(struct exo_uarea, user) == UAREA_USER, "offsets.h");
_Static_assert(offsetof(struct exo_uarea, save) == UAREA_SAVE, "offsets.h");
_Static_assert(offsetof(struct exo_save, cause) == SAVE_CAUSE, "offsets.h");
_Static_assert(offsetof(struct exo_save, address) == SAVE_ADDRESS, "offsets.h");
_Static_assert(offsetof(struct exo_save, stack) == SAVE_STACK, "offsets.h");
_Static_assert(offsetof(struct exo_save, user) == SAVE_USER, "offsets.h");
_Static_assert(sizeof((struct exo_uarea *)0)->user >= 8 * EXO_USER_FREE, "layout.h");

extern const uint64_t exo_entries[EXO_CAUSES], exo_entries_whole[EXO_CAUSES];
void exo_entry_async(void);
void exo_entry_gate(void);
void exo_fp_handler(struct exo_save *frame, struct exo_uarea *uarea);
void exo_async(struct exo_save *frame, struct exo_uarea *uarea);

EXO_PINNED_BSS struct exo_uarea *exo_self;
EXO_PINNED_BSS struct exo_uarea *(*exo_uarea_find)(void);

static const uint64_t *entries = exo_entries;

/* Frame 0 has two pages, frames 1 to 3 one each, frame 4 (asynchronous) two. */
static EXO_PINNED_BSS char first_stacks[EXO_HANDLER_STACKS] __attribute__((aligned(4096)));
static const uint8_t stack_end[EXO_SAVES + 1] = {2, 3, 4, 5, 7};

void exo_uarea_init(struct exo_uarea *uarea, void *stacks) {
    char *base = stacks ? stacks : first_stacks;

    for (unsigned i = 0; i <= EXO_SAVES; i++) {
        uint64_t *head = (uint64_t *)(base + stack_end[i] * EXO_PAGE - STACK_HEAD);

        head[0] = (uint64_t)&uarea->save[i];
        head[1] = (uint64_t)uarea;
        head[2] = i ? 0 : (uint64_t)&exo_watch; /* see watch.S */
        uarea->save[i].stack = (uint64_t)head;
    }
    if (exo_self && exo_self != uarea) {
        for (unsigned i = 0; i < EXO_CAUSES; i++) {
            uarea->user[EXO_USER_HANDLER + i] = exo_self->user[EXO_USER_HANDLER + i];
            uarea->user[EXO_USER_FP_HANDLER + i] = exo_self->user[EXO_USER_FP_HANDLER + i];
            uarea->entry[i] = exo_self->entry[i];
        }
    }
    uarea->entry_gate = (uint64_t)exo_entry_gate;
    uarea->entry_async = (uint64_t)exo_entry_async;
}

void exo_handle(unsigned cause, exo_handler_t *handler) {
    if (cause >= EXO_CAUSES || !entries[cause])
        return;
    exo_self->user[EXO_USER_HANDLER + cause] = (uint64_t)handler;
    exo_self->entry[cause] = handler ? entries[cause] : 0;
}

void exo_handle_whole(void) {
    entries = exo_entries_whole;
    for (unsigned i = 0; i < EXO_CAUSES; i++)
        if (exo_self->entry[i] && (exo_self->entry[i] == exo_entries[i] ||
                                   exo_self->entry[i] == (uint64_t)exo_watch_entry))
            exo_self->entry[i] = entries[i];
}

int exo_is_whole(const struct exo_uarea *uarea, unsigned cause) {
    return cause < EXO_CAUSES && exo_entries_whole[cause] != exo_entries[cause] &&
           uarea->entry[cause] == exo_entries_whole[cause];
}

void exo_handle_fp(unsigned cause, exo_handler_t *handler) {
    if (cause >= EXO_CAUSES)
        return;
    exo_self->user[EXO_USER_FP_HANDLER + cause] = (uint64_t)handler;
    exo_handle(cause, handler ? exo_fp_handler : NULL);
}

void exo_handle_raw(unsigned cause, void (*entry)(void)) {
    if (cause >= EXO_CAUSES)
        return;
    exo_self->user[EXO_USER_HANDLER + cause] = 0;
    exo_self->entry[cause] = (uint64_t)entry;
}

void exo_handle_entry(unsigned cause, exo_handler_t *handler, void (*entry)(void)) {
    if (cause >= EXO_CAUSES)
        return;
    exo_self->user[EXO_USER_HANDLER + cause] = (uint64_t)handler;
    /* Entries of others leave registers where they are: who needs all of them has the handler. */
    exo_self->entry[cause] = entries == exo_entries ? (uint64_t)entry : entries[cause];
}

exo_handler_t *exo_handler(unsigned cause) {
    return cause < EXO_CAUSES ? (exo_handler_t *)exo_self->user[EXO_USER_HANDLER + cause] : NULL;
}

static void slice_end(struct exo_save *frame, struct exo_uarea *uarea) {
    (void)frame;
    (void)uarea;
    exo_yield(0);
}

static void revoked(struct exo_save *frame, struct exo_uarea *uarea) {
    (void)frame;
    exo_giveback(uarea);
}

EXO_PINNED_BSS struct exo_async exo_async_calls;

static void act(struct exo_save *frame, struct exo_uarea *uarea, uint64_t pending) {
    const struct exo_async *calls = &exo_async_calls;

    if (pending & EXO_PENDING_TAKEN && calls->taken)
        calls->taken(frame, uarea);
    if (pending & EXO_PENDING_REVOKE)
        (calls->revoke ? calls->revoke : revoked)(frame, uarea);
    if (pending & EXO_PENDING_EVENT && uarea == exo_self)
        exo_block_event();
    if (pending & EXO_PENDING_EVENT && calls->event)
        calls->event(frame, uarea);
    if (pending & EXO_PENDING_SLICE) /* last: it may run another thread */
        (calls->slice ? calls->slice : slice_end)(frame, uarea);
}

/* Frame 4 holds the interrupted context; upcall.S resumes it when we return. What comes meanwhile
 * would wait for the next trap: for the end of a slot, that is the end of its grace. */
void exo_async(struct exo_save *frame, struct exo_uarea *uarea) {
    uint64_t pending;

    while ((pending = __atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQ_REL)))
        act(frame, uarea, pending);
}

void exo_async_late(struct exo_uarea *uarea) {
    uint64_t pending = __atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQ_REL);

    act(NULL, uarea, pending);
}
