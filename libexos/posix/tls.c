/* tls.c - thread pointers for threads of libexos/sched: musl's thread structure and its TLS block
 */
/* SPDX-License-Identifier: MIT */
#include "libexos/posix/tls.h"
#include "libexos/vm/vm.h"
#include "pthread_impl.h"

/* The block is mapped, not taken from malloc, which knows nothing of our threads. */
static uint64_t block_size(void) { return (libc.tls_size + EXO_PAGE - 1) & ~(EXO_PAGE - 1); }

uint64_t posix_tp_get(void) {
    long at = vm_map(0, block_size(), EXO_R | EXO_W, 0);
    struct pthread *thread;

    if (at < 0)
        return 0;
    thread = __copy_tls((unsigned char *)at);
    thread->self = thread->prev = thread->next = thread;
    thread->map_base = (unsigned char *)at;
    thread->tid = __pthread_self()->tid;
    thread->detach_state = DT_DETACHED;
    thread->locale = &libc.global_locale;
    thread->robust_list.head = &thread->robust_list.head;
    thread->sysinfo = __sysinfo;
    return (uint64_t)TP_ADJ(thread);
}

void posix_tp_put(uint64_t tp) {
    struct pthread *thread = (struct pthread *)(tp - sizeof(struct pthread));

    vm_unmap((uint64_t)thread->map_base, block_size());
}
