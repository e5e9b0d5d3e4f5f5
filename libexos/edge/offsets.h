/* offsets.h - the numbers that the assembler needs of the u-area; upcall.c checks them */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_OFFSETS_H
#define LIBEXOS_EDGE_OFFSETS_H
#include "libexos/edge/layout.h"

#define UAREA_USER 920
#define UAREA_SAVE 2048
#define SAVE_CAUSE 256
#define SAVE_ADDRESS 264
#define SAVE_STACK 272
#define SAVE_USER 280
#define UAREA_WORD(n) (UAREA_USER + 8 * (n))
/* The top of a handler's stack keeps what the kernel may clobber, the frame and the u-area, and
 * where exo_watch stands. */
#define STACK_FRAME 0
#define STACK_UAREA 8
#define STACK_WATCH 16
#define STACK_HEAD 32
/* struct exo_watch, struct exo_watched */
#define WATCH_WORDS 0
#define WATCH_PAGER 8
#define WATCH_NESTED 16
#define WATCH_OPEN 24
#define WATCH_CALL 32
#define WATCH_CONTEXT 40
#define WATCH_NOW 0
#define WATCH_PLAIN 1
#define WATCH_BYTE 2
#endif
