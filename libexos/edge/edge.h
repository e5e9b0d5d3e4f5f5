/* edge.h - the library's edge to the kernel: calls, gates, upcalls, critical sections */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_EDGE_H
#define LIBEXOS_EDGE_EDGE_H
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/exo.h"
#include "kernel/abi/uarea.h"
#include "libexos/edge/layout.h"
#include "exo_stubs.h" /* generated: long exo_<call>(...), one for each line of syscalls.def */

/* Code and data that a fault handler needs stand in pinned pages. Such code has no jump tables (no
 * dense switch) and no string constants: those stand elsewhere. */
#define EXO_PINNED_TEXT __attribute__((section(".text.exo_pinned"), noinline))
#define EXO_PINNED_BSS __attribute__((section(".bss.exo_pinned")))

/* The u-area of the vspace's first environment. */
extern struct exo_uarea *exo_self;
/* Set by a scheduler that runs threads on several environments: finds the caller's. Handlers get
 * theirs as an argument. */
extern struct exo_uarea *(*exo_uarea_find)(void);

/* The first environment's, or where the scheduler says that the caller is: which holds as long as
 * preemption is held back. */
static inline struct exo_uarea *exo_uarea(void) {
    return exo_uarea_find ? exo_uarea_find() : exo_self;
}

/* A program's first C function. Programs without libc define it; it does not return (exo_exit). The
 * library's own (posix/start.c) sets up vm and calls musl's __libc_start_main. */
void exo_start(struct exo_uarea *uarea);

/* Ends this environment, telling the spawner (edge/start.h) if there is one. */
_Noreturn void exo_exit(int status);
/* The same for a fault that nobody serves: prints it, tells cause, pc and address to the spawner.
 */
_Noreturn void exo_crash(const struct exo_save *frame);
extern long exo_crash_error; /* printed too if it is not 0: why the page could not be had */

/* The special calls. */

struct exo_message {
    uint64_t word[7];
};

/* Calls a bound gate and waits for its reply, which replaces *message. 0; an error < 0 (EXO_E_BUSY:
 * the server is not parked); or an exo_reason > 0: it slept, died, or the deadline passed. */
long exo_gate_call(uint64_t gate, struct exo_message *message, uint64_t deadline);
/* For servers in assembler: replies and parks; the next call comes in at entry_gate. */
_Noreturn void exo_gate_reply(const struct exo_message *message);
/* Serves gate calls for ever on stack_top: serve() changes the message into the reply. `who` may
 * bind (a domain, EXO_ANY, 0 = relatives). Returns only on error. */
typedef void exo_serve_t(struct exo_message *message, exo_domain_t caller);
long exo_serve(exo_serve_t *serve, uint64_t who, void *stack_top);
/* Calls again while the server is busy, yielding and then sleeping for moments, till deadline. */
long exo_gate_call_patient(uint64_t gate, struct exo_message *message, uint64_t deadline);

/* Lends the slice through a bound gate; an exo_reason or an error. */
long exo_yield_to(uint64_t gate);
long exo_yield_back(void);
/* Restores all registers from save frame 0..4 and goes on there. */
_Noreturn void exo_resume(uint64_t save);

/* Upcalls. A handler runs on the frame's own stack with asynchronous upcalls possible; it may fault
 * itself (four frames nest). It may change frame->x[0] (the pc; keep bit 0 set) and ra, sp, t0-t6,
 * a0-a7 in the frame; s0-s11 and tp are live in the processor. It must not use FP instructions:
 * exo_handle_fp saves the caller-saved FP registers around it. Causes: kernel/abi (RISC-V scause).
 */
typedef void exo_handler_t(struct exo_save *frame, struct exo_uarea *uarea);
void exo_handle(unsigned cause, exo_handler_t *handler); /* null: the kernel's answer, death */
void exo_handle_fp(unsigned cause, exo_handler_t *handler);
/* Assembler: entered with gp = the frame and every other register untouched; returns with
 * amoswap.d gp, zero, (gp); jr gp. */
void exo_handle_raw(unsigned cause, void (*entry)(void));
/* A handler in C with an entry of its own in assembler, which calls it when it must. */
void exo_handle_entry(unsigned cause, exo_handler_t *handler, void (*entry)(void));
exo_handler_t *exo_handler(unsigned cause); /* the C handler now in place, or null */
/* From now on handlers of page faults find all registers of the interrupted program in frame->x[],
 * for a scheduler that sets it aside (edge/block.h). 14 instructions more a fault. */
void exo_handle_whole(void);
int exo_is_whole(const struct exo_uarea *uarea, unsigned cause); /* is that so there? */

/* Readies another environment's u-area (mapped here at uarea): handler stacks from `stacks`
 * (EXO_HANDLER_STACKS bytes, pinned, or null for the first environment's own) and this program's
 * handlers. */
#define EXO_HANDLER_STACKS (7 * 4096)
void exo_uarea_init(struct exo_uarea *uarea, void *stacks);

/* What asynchronous upcalls do; each may be replaced, null restores the default. They run on
 * frame 4's stack; frame->x[] is the interrupted context, resumed when they return. frame is null
 * when what came in a critical section is done at its end, on the stack of whoever left it. */
struct exo_async {
    void (*slice)(struct exo_save *frame, struct exo_uarea *uarea);  /* default: yield(0) */
    void (*revoke)(struct exo_save *frame, struct exo_uarea *uarea); /* default: exo_giveback */
    void (*taken)(struct exo_save *frame, struct exo_uarea *uarea);  /* default: nothing */
    void (*event)(struct exo_save *frame, struct exo_uarea *uarea);  /* default: nothing */
};
extern struct exo_async exo_async_calls;

/* Critical sections nest; asynchronous upcalls are held back inside. Keep them short: the kernel
 * ends an environment that overruns its slices. Leaving the last one does what came in between. */
static inline void exo_critical_enter(struct exo_uarea *uarea) {
    *(volatile uint64_t *)&uarea->critical += 1;
    asm volatile("" ::: "memory");
}

void exo_async_late(struct exo_uarea *uarea);

static inline void exo_critical_leave(struct exo_uarea *uarea) {
    volatile struct exo_uarea *u = uarea;

    asm volatile("" ::: "memory");
    if ((u->critical -= 1) == 0 && u->pending)
        exo_async_late(uarea);
}

static inline int
exo_is_nested(const volatile struct exo_uarea *uarea) /* is a synchronous handler under way? */
{
    return (uarea->save[0].x[0] | uarea->save[1].x[0] | uarea->save[2].x[0] |
            uarea->save[3].x[0]) != 0;
}

/* Scause values that user code meets. */
enum exo_cause {
    EXO_CAUSE_FETCH_ALIGN = 0,
    EXO_CAUSE_FETCH_ACCESS = 1,
    EXO_CAUSE_ILLEGAL = 2,
    EXO_CAUSE_BREAK = 3,
    EXO_CAUSE_LOAD_ALIGN = 4,
    EXO_CAUSE_LOAD_ACCESS = 5,
    EXO_CAUSE_STORE_ALIGN = 6,
    EXO_CAUSE_STORE_ACCESS = 7,
    EXO_CAUSE_ECALL = 8,
    EXO_CAUSE_FETCH_PAGE = 12,
    EXO_CAUSE_LOAD_PAGE = 13,
    EXO_CAUSE_STORE_PAGE = 15,
};
#endif
