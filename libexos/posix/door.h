/* door.h - the call door: Linux riscv64 system calls as a plain function */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_POSIX_DOOR_H
#define LIBEXOS_POSIX_DOOR_H

/* The result, or -errno. What musl calls (posix/musl/syscall_arch.h). Calls that are not there yet
 * answer -ENOSYS. */
long exo_posix_syscall(long n, long a, long b, long c, long d, long e, long f);
#endif
