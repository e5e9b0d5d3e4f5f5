/* fault.c - page faults: bind again, fill, ask the region's handler, or die */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "libexos/edge/block.h"
#include "libexos/edge/export.h"
#include "libexos/edge/time.h"
#include "libexos/vm/own.h"
#include "libexos/vm/page.h"

EXO_PINNED_BSS struct vm_counts vm_counts;
static struct exo_watcher last_handler;

void vm_fault_default(vm_handler_t *handler, void *context) {
    last_handler.call = handler;
    last_handler.context = context;
}

static inline unsigned need_of(uint64_t cause) {
    return cause == EXO_CAUSE_STORE_PAGE ? EXO_W : cause == EXO_CAUSE_LOAD_PAGE ? EXO_R : EXO_X;
}

/* With the lock held. 0: served; VM_LATER; else the page has no such right, or there is no memory.
 */
static __attribute__((noinline)) long serve(uint64_t address, uint64_t *word, unsigned need) {
    struct region *region;
    uint64_t rights;

    if (word && *word & PAGE_HELD)
        return *word & need ? page_write(word, address) : EXO_E_RIGHT;
    region = region_at(address);
    if (!region)
        return EXO_E_RIGHT;
    rights = word && *word & (PAGE_SET | PAGE_TRANSIT) ? *word & PAGE_NOW : region->rights;
    if (!(rights & need))
        return EXO_E_RIGHT;
    return page_fill(region, address, word, need);
}

/* A page that has its frame but no binding is bound again. With the lock held, perhaps by whom this
 * fault interrupted; this, and all that it calls, stands in pinned pages, so that it also brings
 * back the rest of the library. */
static inline int rebind(uint64_t address, uint64_t *word, unsigned need, int mine) {
    if (!word || !(*word & PAGE_HELD) || !(*word & need) ||
        (need == EXO_W && *word & (PAGE_CLEAN | PAGE_SHARED)) ||
        exo_bind(address, page_number(*word), page_binding(*word)) < 0)
        return 0;
    if (mine && *word & PAGE_IDLE)
        page_put(word, page_awake(*word, address));
    vm_counts.rebound++;
    return 1;
}

static long open_page(uint64_t address, struct exo_uarea *uarea) {
    const uint64_t *word = table_find(address);

    return word ? page_protect(uarea, address, EXO_PAGE, (unsigned)page_most(*word & PAGE_NOW))
                : EXO_E_ARG;
}

static int ask(const struct exo_watcher *handler, struct exo_save *frame) {
    return handler->call ? handler->call(frame, page_of(frame->address), handler->context)
                         : VM_PASS;
}

/* A page never touched has no word yet that says whose it is: its handler was not asked. */
static __attribute__((noinline)) void fault_refused(struct exo_save *frame, struct exo_uarea *uarea,
                                                    long error) {
    struct exo_watcher handler = {0};
    const struct region *region;
    const uint64_t *word;
    int answer;

    if (frame->address < EXO_USER_END && vm_lock(uarea)) {
        word = table_find(frame->address);
        region = region_at(frame->address);
        if (region && !(word && *word & PAGE_HANDLER))
            handler = exo_watch.watcher[region->handler];
        vm_unlock(uarea);
    }
    answer = ask(&handler, frame);
    if (answer == VM_PASS)
        answer = ask(&last_handler, frame);
    if (answer == VM_PASS || (answer == VM_OPEN && open_page(page_of(frame->address), uarea) < 0)) {
        exo_crash_error = error == EXO_E_RIGHT ? 0 : error;
        exo_crash(frame);
    }
}

/* The thread gives the hart to others till asking the store again is worth while. */
static __attribute__((noinline)) void fault_waits(struct exo_save *frame, struct exo_uarea *uarea,
                                                  const void *token) {
    if (!token)
        return; /* the access is tried again */
    if (exo_block_calls.park)
        exo_block_calls.park(frame, uarea, token);
    /* Stores without events are asked once a slot. */
    exo_sleep(uarea == exo_self ? EXO_EVENT_STORE : 0, exo_time() + exo_facts()->slot_ticks);
}

/* A thread that is not in a fault waits by one: this load goes on behind itself. */
static void wait_outside(const void *token) {
    register const void *a0 asm("a0") = token;

    asm volatile(".option push\n.option norvc\nlw zero, 0(%1)\n.option pop" ::"r"(a0), "r"(OWN_WAIT)
                 : "memory");
}

long vm_patiently(long (*step)(void *), void *what) {
    struct exo_uarea *uarea = exo_uarea();
    struct page_call call = {.failures = page_failures};
    const void *token;
    long answer;

    for (;;) {
        vm_touch_stack();
        if (!vm_lock(uarea))
            return EXO_E_BUSY;
        page_token = NULL;
        page_call = &call;
        answer = step(what);
        token = page_token;
        vm_unlock(uarea);
        if (answer != VM_LATER)
            return answer;
        if (token)
            wait_outside(token);
    }
}

/* Faults at addresses that are not the program's. */
static EXO_PINNED_TEXT int own_fault(struct exo_save *frame, struct exo_uarea *uarea,
                                     uint64_t address) {
    if (address == OWN_WAIT) {
        frame->x[0] += 4;
        fault_waits(frame, uarea, (const void *)frame->x[10]);
        return 1;
    }
    if (address - EXO_TABLES < EXO_VM_TABLES - EXO_TABLES)
        return exo_export_fault(address) >= 0;
    return own_rebind(address) >= 0 || exo_watch_absent(frame);
}

EXO_PINNED_TEXT void vm_fault_unwatched(struct exo_save *frame, struct exo_uarea *uarea) {
    uint64_t address = page_of(frame->address), *word;
    unsigned need = need_of(frame->cause);
    const void *token = NULL;
    long error = EXO_E_RIGHT;
    int mine;

    vm_counts.faults++;
    if (address - EXO_TABLES < EXO_START - EXO_TABLES && own_fault(frame, uarea, address))
        return;
    mine = vm_lock(uarea);
    word = table_find(address);
    if (rebind(address, word, need, mine)) {
        error = 0;
    } else if (mine) {
        page_token = NULL;
        error = serve(address, word, need);
        token = page_token;
    }
    if (mine)
        vm_unlock(uarea);
    if (error == VM_LATER)
        fault_waits(frame, uarea, token);
    else if (error < 0)
        fault_refused(frame, uarea, error);
}

/* A watcher said VM_OPEN of a page that is shared, clean, executable... */
void vm_fault_open(struct exo_save *frame, struct exo_uarea *uarea) {
    if (open_page(page_of(frame->address), uarea) < 0)
        fault_refused(frame, uarea, EXO_E_RIGHT);
}

/* The entry when there is none in assembler, and for a fault in a handler. */
EXO_PINNED_TEXT void vm_fault(struct exo_save *frame, struct exo_uarea *uarea) {
    uint64_t *word = table_find(frame->address);
    unsigned number = word ? *word >> PAGE_HANDLER_SHIFT & (EXO_WATCHERS - 1) : 0;
    const struct exo_watcher *watcher = &exo_watch.watcher[number];
    int answer = VM_PASS;

    frame->user = (uint64_t)word;
    if (number)
        answer = watcher->call(frame, page_of(frame->address), watcher->context);
    if (answer == VM_PASS)
        vm_fault_unwatched(frame, uarea);
    else if (answer != VM_AGAIN)
        vm_fault_open(frame, uarea);
}
