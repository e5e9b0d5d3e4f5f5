/* stream.c - descriptors 0, 1 and 2: the console, or the kernel's log */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/console.h"
#include "libexos/edge/string.h"
#include "libexos/posix/linux.h"

enum { STREAMS = 3, CHARACTER_DEVICE = 0020620, CONSOLE_DEVICE = 0x501, BLOCK = 1024 };
enum { TCGETS = 0x5401, TCSETS = 0x5402, TCSETSF = 0x5404, TIOCGWINSZ = 0x5413 };
enum {
    ICANON = 2,
    ECHO = 8,
    OPOST = 1,
    ONLCR = 4,
    ICRNL = 0400,
    F_GETFD = 1,
    F_SETFD = 2,
    F_GETFL = 3
};
enum { POLLIN = 1, POLLOUT = 4, POLLNVAL = 32 };

static uint8_t closed[STREAMS];
static uint64_t mode = EXO_CONSOLE_COOKED | EXO_CONSOLE_ECHO | EXO_CONSOLE_CRNL;

static int is_open(long fd) { return fd >= 0 && fd < STREAMS && !closed[fd]; }

long posix_write(LINUX_ARGUMENTS) {
    return is_open(a) ? posix_error(exo_console_write((const void *)b, (size_t)c)) : -LINUX_EBADF;
}

long posix_read(LINUX_ARGUMENTS) {
    if (!is_open(a))
        return -LINUX_EBADF;
    if (!exo_console_bound() || !c)
        return 0;
    return posix_error(exo_console_read((void *)b, (size_t)c));
}

/* Small pieces go out as one line, so that lines of several programs do not mix. */
long posix_writev(LINUX_ARGUMENTS) {
    const struct linux_iovec *vector = (const struct linux_iovec *)b;
    char block[BLOCK];
    size_t fill = 0;
    long total = 0, done;

    if (!is_open(a) || c < 0)
        return is_open(a) ? -LINUX_EINVAL : -LINUX_EBADF;
    for (long i = 0; i < c; i++) {
        size_t length = vector[i].length;

        if (fill && length > sizeof(block) - fill) {
            if ((done = exo_console_write(block, fill)) < 0)
                return total ? total : posix_error(done);
            total += done;
            fill = 0;
        }
        if (length <= sizeof(block)) {
            memcpy(block + fill, vector[i].base, length);
            fill += length;
        } else {
            if ((done = exo_console_write(vector[i].base, length)) < 0)
                return total ? total : posix_error(done);
            total += done;
        }
    }
    if (fill) {
        if ((done = exo_console_write(block, fill)) < 0)
            return total ? total : posix_error(done);
        total += done;
    }
    return total;
}

long posix_readv(LINUX_ARGUMENTS) {
    const struct linux_iovec *vector = (const struct linux_iovec *)b;
    long total = 0;

    if (!is_open(a) || c < 0)
        return is_open(a) ? -LINUX_EINVAL : -LINUX_EBADF;
    for (long i = 0; i < c; i++) {
        long got;

        if (!vector[i].length)
            continue;
        if (!exo_console_bound())
            return 0;
        /* Only the first piece waits. */
        got = total ? exo_console_poll(vector[i].base, vector[i].length)
                    : exo_console_read(vector[i].base, vector[i].length);
        if (got <= 0)
            return total ? total : posix_error(got);
        total += got;
        if ((size_t)got < vector[i].length)
            break;
    }
    return total;
}

long posix_close(LINUX_ARGUMENTS) {
    if (!is_open(a))
        return -LINUX_EBADF;
    closed[a] = 1;
    return 0;
}

long posix_fstat(LINUX_ARGUMENTS) {
    struct linux_stat *stat = (struct linux_stat *)b;

    if (!is_open(a))
        return -LINUX_EBADF;
    memset(stat, 0, sizeof(*stat));
    stat->mode = CHARACTER_DEVICE;
    stat->links = 1;
    stat->special = CONSOLE_DEVICE;
    stat->block_size = BLOCK;
    return 0;
}

long posix_lseek(LINUX_ARGUMENTS) { return is_open(a) ? -LINUX_ESPIPE : -LINUX_EBADF; }

long posix_fcntl(LINUX_ARGUMENTS) {
    if (!is_open(a))
        return -LINUX_EBADF;
    return b == F_GETFL ? 2 : b == F_GETFD || b == F_SETFD ? 0 : -LINUX_EINVAL;
}

/* Output is always possible; whether there is input only a read can tell, so it is promised too. */
long posix_ppoll(LINUX_ARGUMENTS) {
    struct linux_pollfd *fds = (struct linux_pollfd *)a;
    long ready = 0;

    for (long i = 0; i < b; i++) {
        fds[i].revents = fds[i].fd < 0        ? 0
                         : is_open(fds[i].fd) ? fds[i].events & (POLLIN | POLLOUT)
                                              : POLLNVAL;
        ready += fds[i].revents != 0;
    }
    return ready ? ready : -LINUX_ENOSYS;
}

static long window_size(struct linux_winsize *size) {
    struct exo_message message = {{EXO_CONSOLE_SIZE}};

    *size = (struct linux_winsize){24, 80, 0, 0};
    if (exo_console_bound() && exo_gate_call_patient(EXO_GATE_CONSOLE, &message, EXO_NEVER) == 0 &&
        message.word[0] == 0 && message.word[1] && message.word[2]) {
        size->columns = (uint16_t)message.word[1];
        size->rows = (uint16_t)message.word[2];
    }
    return 0;
}

static long get_termios(struct linux_termios *termios) {
    memset(termios, 0, sizeof(*termios));
    termios->input = ICRNL;
    termios->output = mode & EXO_CONSOLE_CRNL ? OPOST | ONLCR : 0;
    termios->control = 0xbf; /* 38400 baud, 8 bits, receiver on */
    termios->local =
        (mode & EXO_CONSOLE_COOKED ? ICANON : 0) | (mode & EXO_CONSOLE_ECHO ? ECHO : 0);
    return 0;
}

static long set_termios(const struct linux_termios *termios) {
    long error;

    mode = (termios->local & ICANON ? EXO_CONSOLE_COOKED : 0) |
           (termios->local & ECHO ? EXO_CONSOLE_ECHO : 0) |
           (termios->output & OPOST ? EXO_CONSOLE_CRNL : 0);
    error = exo_console_bound() ? exo_console_mode(mode) : 0;
    return error < 0 ? posix_error(error) : 0;
}

long posix_ioctl(LINUX_ARGUMENTS) {
    if (!is_open(a))
        return -LINUX_EBADF;
    if (b == TIOCGWINSZ)
        return window_size((struct linux_winsize *)c);
    if (b == TCGETS)
        return get_termios((struct linux_termios *)c);
    if (b >= TCSETS && b <= TCSETSF)
        return set_termios((const struct linux_termios *)c);
    return -LINUX_ENOTTY;
}
