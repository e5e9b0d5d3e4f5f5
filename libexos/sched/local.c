/* local.c - what each thread keeps for itself: keys with destructors */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/core.h"

enum { ROUNDS = 4 };

static struct {
    void (*destructor)(void *value);
    uint8_t taken;
} keys[SCHED_LOCALS];

/* A key used anew means nothing yet to those who live. */
static void forget(unsigned key) {
    for (struct sched_thread *t = core_eldest; t; t = t->younger)
        t->locals[key] = NULL;
}

long sched_local_create(void (*destructor)(void *value)) {
    struct sched_thread *self = core_lock();
    long key = EXO_E_FULL;

    for (unsigned i = 0; key < 0 && i < SCHED_LOCALS; i++)
        if (!keys[i].taken) {
            keys[i].taken = 1;
            keys[i].destructor = destructor;
            forget(i);
            key = i;
        }
    core_unlock(self);
    return key;
}

void sched_local_delete(unsigned key) {
    struct sched_thread *self = core_lock();

    if (key < SCHED_LOCALS) {
        keys[key].taken = 0;
        keys[key].destructor = NULL;
    }
    core_unlock(self);
}

void sched_local_set(unsigned key, void *value) {
    if (key < SCHED_LOCALS)
        core_self()->locals[key] = value;
}

void *sched_local_get(unsigned key) { return key < SCHED_LOCALS ? core_self()->locals[key] : NULL; }

void core_locals_end(struct sched_thread *self) {
    int again = 1;

    for (int round = 0; again && round < ROUNDS; round++) {
        again = 0;
        for (unsigned i = 0; i < SCHED_LOCALS; i++) {
            void *value = self->locals[i], (*destructor)(void *) = keys[i].destructor;

            self->locals[i] = NULL;
            if (value && destructor) {
                destructor(value);
                again = 1;
            }
        }
    }
}
