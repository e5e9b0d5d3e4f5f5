/* offsets.h - the numbers that the assembler needs of the u-area; upcall.c checks them */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_OFFSETS_H
#define LIBEXOS_EDGE_OFFSETS_H
#include "libexos/edge/layout.h"

#define UAREA_USER 920
#define UAREA_SAVE 2048
#define SAVE_CAUSE 256
#define SAVE_STACK 272
#define UAREA_WORD(n) (UAREA_USER + 8 * (n))
/* The top of a handler's stack keeps what the kernel may clobber: the frame, the u-area. */
#define STACK_FRAME 0
#define STACK_UAREA 8
#define STACK_HEAD 16
#endif
