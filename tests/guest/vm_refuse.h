/* vm_refuse.h - an access that vm cannot serve goes back to where the test was ready for it */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <setjmp.h>
#include "tests/guest/vm_test.h"

static volatile uint64_t refused, at_fault; /* how often, and the last page */
static jmp_buf back;

static void go_back(void) { longjmp(back, 1); }

/* For vm_fault_default. */
static int refuse(struct exo_save *frame, uint64_t page, void *context) {
    (void)context;
    refused++;
    at_fault = page;
    frame->x[0] = (uint64_t)go_back | 1;
    frame->x[2] &= ~15ull;
    return VM_AGAIN;
}
