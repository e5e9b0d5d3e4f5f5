/* watch.h - page faults led to a function by what stands in the page's own word, without C between
 */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_WATCH_H
#define LIBEXOS_EDGE_WATCH_H
#include "libexos/edge/edge.h"
#include "syscall_numbers.h"

enum { EXO_WATCHERS = 16, EXO_WATCH_STEP = 16 };

/* The lowest bytes of the word that a pager keeps for each page; the rest is the pager's own. */
struct exo_watched {
    uint8_t now;     /* rights now */
    uint8_t plain;   /* rights that vspace_protect may give it without a look at anything else */
    uint8_t watcher; /* EXO_WATCH_STEP * number of the watcher that its faults go to, 0 = none */
    uint8_t rest[5];
};

/* What a watcher answers. */
enum exo_watch_answer {
    EXO_WATCH_PASS = 0,  /* not mine: the pager is called */
    EXO_WATCH_AGAIN = 1, /* the access is tried again */
    EXO_WATCH_OPEN = 2   /* the page gets what it may have, and the access is tried again */
};

/* A pager may keep its words in an array over all of the address space, not all of which needs to
 * be there (exo_watch_absent). A page's faults go to its watcher; the word is in frame->user then.
 */
struct exo_watch {
    uint64_t words;
    exo_handler_t *pager;  /* pages that nobody watches, and what a watcher passes on */
    exo_handler_t *nested; /* any fault in the handler of another */
    exo_handler_t *open;   /* EXO_WATCH_OPEN, but it is not plain for read and write */
    struct exo_watcher {
        int (*call)(struct exo_save *frame, uint64_t page, void *context);
        void *context;
    } watcher[EXO_WATCHERS]; /* number 0 is not used */
};
extern struct exo_watch exo_watch;

/* The entry, for exo_handle_entry. */
void exo_watch_entry(void);
/* Was it a fault of exo_watch_entry's own, when it read the word of a page? Then that goes on
 * without, to the pager. */
int exo_watch_absent(struct exo_save *frame);

/* vspace_protect of one page of mine, inlined: for handlers that count instructions. The ecall then
 * stands in the caller's text. 1, or an error. */
static inline __attribute__((always_inline)) long exo_protect_inline(uint64_t address,
                                                                     uint64_t rights) {
    register long a0 asm("a0") = 0;
    register uint64_t a1 asm("a1") = address, a2 asm("a2") = 1, a3 asm("a3") = rights;
    register long a7 asm("a7") = EXO_SYS_VSPACE_PROTECT;

    asm volatile("ecall"
                 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a7)
                 :
                 : "a4", "a5", "a6", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "memory");
    return a0;
}
#endif
