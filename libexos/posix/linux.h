/* linux.h - the numbers and structures of the Linux riscv64 call ABI that the door speaks */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_POSIX_LINUX_H
#define LIBEXOS_POSIX_LINUX_H
#include <stddef.h>
#include <stdint.h>

enum linux_call {
    LINUX_FCNTL = 25,
    LINUX_IOCTL = 29,
    LINUX_CLOSE = 57,
    LINUX_LSEEK = 62,
    LINUX_READ = 63,
    LINUX_WRITE = 64,
    LINUX_READV = 65,
    LINUX_WRITEV = 66,
    LINUX_PPOLL = 73,
    LINUX_FSTAT = 80,
    LINUX_EXIT = 93,
    LINUX_EXIT_GROUP = 94,
    LINUX_SET_TID_ADDRESS = 96,
    LINUX_FUTEX = 98,
    LINUX_SET_ROBUST_LIST = 99,
    LINUX_NANOSLEEP = 101,
    LINUX_CLOCK_GETTIME = 113,
    LINUX_CLOCK_GETRES = 114,
    LINUX_CLOCK_NANOSLEEP = 115,
    LINUX_SCHED_YIELD = 124,
    LINUX_KILL = 129,
    LINUX_TKILL = 130,
    LINUX_TGKILL = 131,
    LINUX_SIGPROCMASK = 135,
    LINUX_UNAME = 160,
    LINUX_GETTIMEOFDAY = 169,
    LINUX_GETPID = 172,
    LINUX_GETPPID = 173,
    LINUX_GETUID = 174,
    LINUX_GETEUID = 175,
    LINUX_GETGID = 176,
    LINUX_GETEGID = 177,
    LINUX_GETTID = 178,
    LINUX_BRK = 214,
    LINUX_MUNMAP = 215,
    LINUX_MMAP = 222,
    LINUX_MPROTECT = 226,
    LINUX_MADVISE = 233,
    LINUX_GETRANDOM = 278,
    LINUX_CALLS = 512,
};

enum linux_error {
    LINUX_EPERM = 1,
    LINUX_EINTR = 4,
    LINUX_EIO = 5,
    LINUX_EBADF = 9,
    LINUX_EAGAIN = 11,
    LINUX_ENOMEM = 12,
    LINUX_EACCES = 13,
    LINUX_EFAULT = 14,
    LINUX_EBUSY = 16,
    LINUX_ENODEV = 19,
    LINUX_EINVAL = 22,
    LINUX_ENOTTY = 25,
    LINUX_ESPIPE = 29,
    LINUX_ENOSYS = 38,
};

struct linux_timespec {
    int64_t seconds, nanoseconds;
};
struct linux_iovec {
    void *base;
    size_t length;
};
struct linux_stat {
    uint64_t device, inode;
    uint32_t mode, links, user, group;
    uint64_t special, pad1;
    int64_t size;
    int32_t block_size, pad2;
    int64_t blocks, times[6];
    uint32_t unused[2];
};
struct linux_winsize {
    uint16_t rows, columns, x, y;
};
struct linux_termios {
    uint32_t input, output, control, local;
    uint8_t line, characters[19];
};
struct linux_utsname {
    char system[65], node[65], release[65], version[65], machine[65], domain[65];
};
struct linux_pollfd {
    int32_t fd;
    int16_t events, revents;
};

/* A call: its number, then its arguments. What it answers is the result or -errno. */
typedef long linux_call_t(long n, long a, long b, long c, long d, long e, long f);
#define LINUX_ARGUMENTS                                                                            \
    __attribute__((unused)) long n, __attribute__((unused)) long a,                                \
        __attribute__((unused)) long b, __attribute__((unused)) long c,                            \
        __attribute__((unused)) long d, __attribute__((unused)) long e,                            \
        __attribute__((unused)) long f

/* stream.c */
linux_call_t posix_read, posix_write, posix_readv, posix_writev, posix_close, posix_fstat,
    posix_ioctl, posix_lseek, posix_fcntl, posix_ppoll;
/* space.c */
linux_call_t posix_mmap, posix_munmap, posix_mprotect, posix_brk, posix_madvise;
/* when.c */
linux_call_t posix_clock_gettime, posix_clock_getres, posix_gettimeofday, posix_nanosleep,
    posix_clock_nanosleep;
/* process.c */
linux_call_t posix_exit, posix_kill, posix_getpid, posix_getppid, posix_zero, posix_uname,
    posix_getrandom, posix_futex, posix_sched_yield, posix_sigprocmask;

extern long posix_parent;

/* -errno for an enum exo_error; other values as they are. */
long posix_error(long error);
#endif
