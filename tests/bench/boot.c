/* boot.c - how long the machine takes from the kernel's first instruction to the first user's */
/* SPDX-License-Identifier: MIT */
/* kernel: measure */
#include "tests/bench/bench.h"

int main(void) {
    open_test();
    bench_print("boot_insns", window.facts->boot_instructions, 1, "instructions");
    return 0;
}
