/* libc_start.c - the way into a program that has a libc */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/export.h"
#include "libexos/edge/print.h"
#include "libexos/edge/start.h"
#include "libexos/posix/linux.h"
#include "libexos/vm/vm.h"

int main(int argc, char **argv, char **envp);
int __libc_start_main(int (*entry)(int, char **, char **), int argc, char **argv,
                      void (*init)(void), void (*fini)(void), void (*dynamic)(void));

/* A program that brings its own exo_start never sees this file. */
void exo_start(struct exo_uarea *uarea) {
    const struct exo_start *start = exo_start_block();
    long error = vm_init(uarea);

    if (error < 0 || !start) {
        exo_printf("no start: %s\n", start ? exo_error_name(error) : "no start block");
        exo_exit(127);
    }
    posix_parent = (long)exo_slot_of(start->parent_env) + 1;
    __libc_start_main(main, (int)*(uint64_t *)start->stack, (char **)start->stack + 1, NULL, NULL,
                      NULL);
}
