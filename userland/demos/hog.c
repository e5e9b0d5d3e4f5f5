/* hog.c - a program that will not yield: counted, made to pay, and in the end killed */
/* SPDX-License-Identifier: MIT */
/*
 * At the end of a slot its owner is told and gets a short grace to save what it likes; well-behaved
 * programs yield. This child enters a critical section for ever and spins. Each time the grace runs
 * out the kernel saves it by force, counts an overrun, and takes a later slot of its as the price;
 * 32 overruns that are not made good end it. Other programs' slots were never touched. The parent
 * only looks: everything it prints stands in the exported environment table.
 */
#include <string.h>
#include "demo.h"

_Noreturn static void spin(void) {
    exo_critical_enter(exo_uarea());
    for (;;)
        asm volatile("nop");
}

int main(int argc, char **argv) {
    const volatile struct exo_env *env;
    struct exo_child child;
    uint64_t until = demo_ms(20000), began = exo_time();
    uint32_t shown = 0, most = 0;
    int64_t status;
    long how;

    if (argc > 1 && !strcmp(argv[1], "spin"))
        spin();
    how = demo_spawn("demo/hog", "spin", &child);
    if (how < 0)
        return demo_fail("the hog", how);
    env = &exo_envs()[exo_slot_of(child.env)];
    printf("the hog is environment %u on hart %u\n", exo_slot_of(child.env),
           (unsigned)(env->state_word >> 8 & 0xff));
    while ((how = exo_wait(&child, &status, demo_ms(1))) == EXO_E_AGAIN && exo_time() < until) {
        uint32_t overruns = env->overruns, penalty = env->penalty;

        if (overruns > most)
            most = overruns;
        if (overruns < shown + 4)
            continue;
        shown = overruns;
        printf("%6llu ms: %2u overruns, %u slots to lose, ran %llu ms in all\n",
               (unsigned long long)(exo_ns_of_ticks(exo_time() - began) / 1000000), overruns,
               penalty, (unsigned long long)(exo_ns_of_ticks(env->runtime) / 1000000));
    }
    if (how == EXO_E_DEAD)
        printf("%6llu ms: the kernel ended it after at least %u overruns\n",
               (unsigned long long)(exo_ns_of_ticks(exo_time() - began) / 1000000), most);
    else
        demo_fail("the hog still lives", how);
    exo_reap(&child);
    return how == EXO_E_DEAD && most ? 0 : 1;
}
