/* server.h - what the console's driver and its gate share, and its calls beyond the library's */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_CONSOLE_SERVER_H
#define USERLAND_CONSOLE_SERVER_H
#include "libexos/edge/console.h"

/* Besides libexos/edge/console.h:
 * OWNER: word[1] = environment, word[2] = events: whom Ctrl-C is told to while nobody reads. The
 *        environment's domain must have accepted the console's. 0, or EXO_E_RIGHT: it is another's.
 * FLUSH: 0 when every byte has left the device, else EXO_E_AGAIN. */
enum { CONSOLE_OWNER = 16, CONSOLE_FLUSH = 17 };

/* The parent page's first word: the environment that serves the gate, once it does. */
enum { CONSOLE_PAGE_GATE = 0 };
#endif
