/* console.h - the words between a program and the console server, over gate EXO_GATE_CONSOLE */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_CONSOLE_H
#define LIBEXOS_EDGE_CONSOLE_H
#include "libexos/edge/edge.h"

/* message.word[0] = operation; reply.word[0] = result, or an exo_error < 0.
 *
 * WRITE: word[1] = length <= 40, the bytes in word[2..6] (little endian, as they lie in memory).
 *        The count taken; EXO_E_AGAIN if the server's buffer is full.
 * READ:  word[1] = most bytes <= 40, word[2] = the reader's environment. The count, bytes in
 *        word[2..6]; 0 = end of input; EXO_E_AGAIN: nothing yet, and EXO_EVENT_CONSOLE will be
 * posted to that environment when there is (whoever cannot be told polls: sleep a while and ask
 * again). MODE:  word[1] = new mode, or EXO_ANY to ask only. The mode until now. SIZE:  word[1] =
 * columns, word[2] = rows of the reply. 0. */
enum exo_console_op {
    EXO_CONSOLE_WRITE = 1,
    EXO_CONSOLE_READ,
    EXO_CONSOLE_MODE,
    EXO_CONSOLE_SIZE,
};
enum { EXO_CONSOLE_BYTES = 40 };

/* COOKED: a line at a time, with erase; else every byte at once. ECHO: as typed. CRNL: \n is shown
 * as \r\n. */
enum exo_console_mode { EXO_CONSOLE_COOKED = 1, EXO_CONSOLE_ECHO = 2, EXO_CONSOLE_CRNL = 4 };

/* The client side. Whether a console gate is bound (at start-up, from the start block). */
int exo_console_bound(void);
/* Binds the gate to a server. 0 or an error. */
long exo_console_bind(exo_env_t server);
/* Writes all of it to the console, or without one to the kernel's log; the count or an error. */
long exo_console_write(const void *bytes, size_t length);
/* Reads at most length bytes, waiting; 0 = end of input, an error without a console. */
long exo_console_read(void *bytes, size_t length);
/* The same, without waiting: EXO_E_AGAIN. */
long exo_console_poll(void *bytes, size_t length);
long exo_console_mode(uint64_t mode);
#endif
