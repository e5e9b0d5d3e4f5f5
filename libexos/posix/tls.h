/* tls.h - thread pointers for threads of libexos/sched in programs with our libc */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_POSIX_TLS_H
#define LIBEXOS_POSIX_TLS_H
#include <stdint.h>

/* For sched_thread_pointers. Each thread then has its own errno and _Thread_local variables, the
 * initial locale, and no pthread keys. It is no pthread: pthread_* calls are not for it, nor are
 * functions of the C library that two threads may be inside at a time (malloc, stdio): those need a
 * lock of the program's. get answers 0 without memory. */
uint64_t posix_tp_get(void);
void posix_tp_put(uint64_t tp);
#endif
