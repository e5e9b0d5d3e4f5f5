/* lithe_stack.h - stacks for the contexts of parallel libraries */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_SCHED_LITHE_STACK_H
#define LIBEXOS_SCHED_LITHE_STACK_H

enum { LITHE_STACKS = 64 };

/* One of LITHE_STACKS stacks of LITHE_STACK bytes, touched first when used; null: all are in use.
 * Anywhere. */
void *lithe_stack_get(void);
void lithe_stack_put(void *stack);
#endif
