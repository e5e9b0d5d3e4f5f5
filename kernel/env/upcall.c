/* upcall.c - delivery of faults beyond the first, and of news, into the save frames of the u-area
 */
/* SPDX-License-Identifier: MIT */
#include "kernel/env/env.h"
#include "kernel/base/string.h"

int upcall_fault(struct env *env, uint64_t cause, uint64_t address) {
    struct exo_uarea *uarea = env_uarea(env);
    uint32_t i = 0;

    while (i < EXO_SAVES && upcall_read(&uarea->save[i].x[0]))
        i++;
    if (i == EXO_SAVES)
        return 0;
    uarea->save[i].x[0] = env->x[0] | 1;
    uarea->save[i].x[3] = env->x[3];
    uarea->save[i].cause = cause;
    uarea->save[i].address = address;
    env->x[0] = upcall_read(&uarea->entry[cause % EXO_CAUSES]);
    env->x[3] = env->save_address + i * sizeof uarea->save[0];
    return 1;
}

void upcall_news(struct env *env) {
    struct exo_uarea *uarea = env_uarea(env);
    struct exo_save *save = &uarea->save[EXO_SAVE_ASYNC];

    if (!upcall_read(&uarea->pending) || !upcall_listens(env))
        return;
    if (env->kind == ENV_CALL) {
        /* In a call: what the ABI lets a call clobber is scrubbed now, as the return would. */
        memset(&env->x[5], 0, 3 * sizeof env->x[0]);
        memset(&env->x[11], 0, 7 * sizeof env->x[0]);
        memset(&env->x[28], 0, 4 * sizeof env->x[0]);
        env->x[3] = 0;
    }
    memcpy(save->x, env->x, sizeof save->x);
    save->x[0] |= 1;
    memset(env->x, 0, sizeof env->x);
    env->kind = ENV_FULL;
    env->x[0] = upcall_read(&uarea->entry_async);
    env->x[3] = env->save_address + EXO_SAVE_ASYNC * sizeof *save;
    env->x[10] = env->save_address - offsetof(struct exo_uarea, save);
}
