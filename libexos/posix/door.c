/* door.c - the call door: from a Linux call number to the function that answers it */
/* SPDX-License-Identifier: MIT */
#include "libexos/posix/door.h"
#include "libexos/edge/edge.h"
#include "libexos/posix/linux.h"

static linux_call_t *const calls[LINUX_CALLS] = {
    [LINUX_FCNTL] = posix_fcntl,
    [LINUX_IOCTL] = posix_ioctl,
    [LINUX_CLOSE] = posix_close,
    [LINUX_LSEEK] = posix_lseek,
    [LINUX_READ] = posix_read,
    [LINUX_WRITE] = posix_write,
    [LINUX_READV] = posix_readv,
    [LINUX_WRITEV] = posix_writev,
    [LINUX_PPOLL] = posix_ppoll,
    [LINUX_FSTAT] = posix_fstat,
    [LINUX_EXIT] = posix_exit,
    [LINUX_EXIT_GROUP] = posix_exit,
    [LINUX_SET_TID_ADDRESS] = posix_getpid,
    [LINUX_FUTEX] = posix_futex,
    [LINUX_SET_ROBUST_LIST] = posix_zero,
    [LINUX_NANOSLEEP] = posix_nanosleep,
    [LINUX_CLOCK_GETTIME] = posix_clock_gettime,
    [LINUX_CLOCK_GETRES] = posix_clock_getres,
    [LINUX_CLOCK_NANOSLEEP] = posix_clock_nanosleep,
    [LINUX_SCHED_YIELD] = posix_sched_yield,
    [LINUX_KILL] = posix_kill,
    [LINUX_TKILL] = posix_kill,
    [LINUX_TGKILL] = posix_kill,
    [LINUX_SIGPROCMASK] = posix_sigprocmask,
    [LINUX_UNAME] = posix_uname,
    [LINUX_GETTIMEOFDAY] = posix_gettimeofday,
    [LINUX_GETPID] = posix_getpid,
    [LINUX_GETPPID] = posix_getppid,
    [LINUX_GETUID] = posix_zero,
    [LINUX_GETEUID] = posix_zero,
    [LINUX_GETGID] = posix_zero,
    [LINUX_GETEGID] = posix_zero,
    [LINUX_GETTID] = posix_getpid,
    [LINUX_BRK] = posix_brk,
    [LINUX_MUNMAP] = posix_munmap,
    [LINUX_MMAP] = posix_mmap,
    [LINUX_MPROTECT] = posix_mprotect,
    [LINUX_MADVISE] = posix_madvise,
    [LINUX_GETRANDOM] = posix_getrandom,
};

long exo_posix_syscall(long n, long a, long b, long c, long d, long e, long f) {
    linux_call_t *call = (unsigned long)n < LINUX_CALLS ? calls[n] : NULL;

    return call ? call(n, a, b, c, d, e, f) : -LINUX_ENOSYS;
}

long posix_error(long error) {
    switch (error) {
    case EXO_E_HANDLE:
    case EXO_E_DEAD:
        return -LINUX_EIO;
    case EXO_E_RIGHT:
    case EXO_E_HOLD:
        return -LINUX_EPERM;
    case EXO_E_ARG:
        return -LINUX_EINVAL;
    case EXO_E_FAULT:
        return -LINUX_EFAULT;
    case EXO_E_QUOTA:
    case EXO_E_FULL:
    case EXO_E_TABLES:
        return -LINUX_ENOMEM;
    case EXO_E_BUSY:
        return -LINUX_EBUSY;
    case EXO_E_WX:
        return -LINUX_EACCES;
    case EXO_E_AGAIN:
    case EXO_E_EARLY:
        return -LINUX_EAGAIN;
    case EXO_E_CALL:
        return -LINUX_ENOSYS;
    default:
        return error;
    }
}
