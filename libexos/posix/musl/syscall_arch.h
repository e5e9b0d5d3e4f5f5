/* syscall_arch.h - musl's system calls as plain calls into the library, in place of its own file */
/* SPDX-License-Identifier: MIT */

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

/* The call door: a Linux riscv64 call number and its arguments, a Linux result (-errno). */
long exo_posix_syscall(long n, long a, long b, long c, long d, long e, long f);

static inline long __syscall0(long n) { return exo_posix_syscall(n, 0, 0, 0, 0, 0, 0); }

static inline long __syscall1(long n, long a) { return exo_posix_syscall(n, a, 0, 0, 0, 0, 0); }

static inline long __syscall2(long n, long a, long b) {
    return exo_posix_syscall(n, a, b, 0, 0, 0, 0);
}

static inline long __syscall3(long n, long a, long b, long c) {
    return exo_posix_syscall(n, a, b, c, 0, 0, 0);
}

static inline long __syscall4(long n, long a, long b, long c, long d) {
    return exo_posix_syscall(n, a, b, c, d, 0, 0);
}

static inline long __syscall5(long n, long a, long b, long c, long d, long e) {
    return exo_posix_syscall(n, a, b, c, d, e, 0);
}

static inline long __syscall6(long n, long a, long b, long c, long d, long e, long f) {
    return exo_posix_syscall(n, a, b, c, d, e, f);
}

#define IPC_64 0
