/* process.c - who I am, ending, and what has no better place yet */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/export.h"
#include "libexos/edge/string.h"
#include "libexos/edge/time.h"
#include "libexos/posix/linux.h"

enum { SIGNAL_STATUS = 128, FUTEX_WAKE = 1, FUTEX_COMMAND = 127, SET_BYTES = 8 };

long posix_exit(LINUX_ARGUMENTS) { exo_exit((int)(a & 0xff)); }

/* kill, tkill (both: id, signal) and tgkill: without signals yet, any but 0 to oneself ends the
 * program. */
long posix_kill(LINUX_ARGUMENTS) {
    long signal = n == LINUX_TGKILL ? c : b;

    if (a != posix_getpid(0, 0, 0, 0, 0, 0, 0))
        return -LINUX_EPERM;
    if (signal)
        exo_exit((int)(SIGNAL_STATUS + (signal & 63)));
    return 0;
}

long posix_getpid(LINUX_ARGUMENTS) { return (long)exo_slot_of(exo_uarea()->env) + 1; }

long posix_parent; /* libc_start.c */

long posix_getppid(LINUX_ARGUMENTS) { return posix_parent; }

long posix_zero(LINUX_ARGUMENTS) { return 0; }

long posix_uname(LINUX_ARGUMENTS) {
    struct linux_utsname *name = (struct linux_utsname *)a;

    memset(name, 0, sizeof(*name));
    exo_strlcpy(name->system, "Aspis", sizeof(name->system));
    exo_strlcpy(name->node, "aspis", sizeof(name->node));
    exo_strlcpy(name->release, "6.1.0",
                sizeof(name->release)); /* the Linux whose calls are spoken */
    exo_strlcpy(name->version, "libexos", sizeof(name->version));
    exo_strlcpy(name->machine, "riscv64", sizeof(name->machine));
    return 0;
}

/* Weak: a generator seeded from the clock. There is no entropy source yet; not for keys. */
long posix_getrandom(LINUX_ARGUMENTS) {
    static uint64_t state;
    uint8_t *to = (uint8_t *)a;

    state ^= exo_time() ^ exo_uarea()->env << 32;
    for (long i = 0; i < b; i++) {
        uint64_t z = state += 0x9e3779b97f4a7c15ull;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ z >> 27) * 0x94d049bb133111ebull;
        to[i] = (uint8_t)(z >> 31);
    }
    return b;
}

/* One thread: nobody else can wake it, so waiting answers as if the word had changed. */
long posix_futex(LINUX_ARGUMENTS) { return (b & FUTEX_COMMAND) == FUTEX_WAKE ? 0 : -LINUX_EAGAIN; }

long posix_sched_yield(LINUX_ARGUMENTS) {
    exo_yield(0);
    return 0;
}

/* No signals, so none is blocked. */
long posix_sigprocmask(LINUX_ARGUMENTS) {
    if (c)
        memset((void *)c, 0, d == SET_BYTES ? SET_BYTES : 0);
    return 0;
}

/* What musl's assembly files call (posix/musl/trapping.S). No second thread yet. */
long exo_posix_clone(void);
_Noreturn void exo_posix_unmapself(void *base, size_t size);

long exo_posix_clone(void) { return -LINUX_ENOSYS; }

void exo_posix_unmapself(void *base, size_t size) {
    (void)base;
    (void)size;
    exo_exit(0);
}
