/* lithe_stack.c - stacks for the contexts of parallel libraries */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/lithe_stack.h"
#include "libexos/sched/lithe.h"

static union stack {
    union stack *next; /* of a free one */
    char bytes[LITHE_STACK];
} stacks[LITHE_STACKS] __attribute__((aligned(LITHE_STACK)));
static union stack *free_ones;
static unsigned used; /* stacks[used ..] were never given out */
static struct lithe_lock lock;

void *lithe_stack_get(void) {
    union stack *stack;

    lithe_lock(&lock);
    if ((stack = free_ones))
        free_ones = stack->next;
    else if (used < LITHE_STACKS)
        stack = &stacks[used++];
    lithe_unlock(&lock);
    return stack;
}

void lithe_stack_put(void *stack) {
    union stack *top = stack;

    lithe_lock(&lock);
    top->next = free_ones;
    free_ones = top;
    lithe_unlock(&lock);
}
