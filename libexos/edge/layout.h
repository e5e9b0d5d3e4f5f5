/* layout.h - where things stand in a program's address space */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_LAYOUT_H
#define LIBEXOS_EDGE_LAYOUT_H

/*
 *  0x4000000000  end of user addresses
 *  0x3fff800000  handler stacks of further environments that run threads
 *  0x3fff000000  u-areas: environment n of the vspace at + n * 0x2000
 *  0x3ffe800000  handler stacks of further harts (sched/lithe.h)
 *  0x3ffe000000  top of the main stack, growing down
 *  0x3f80000000  the spawner's copy window
 *  0x3f40000000  the start block (edge/start.h), then the parent page
 *  0x3f00000000  vm: its page tables, queues and windows
 *  0x3e00000000  exported tables of the kernel, mapped when asked for
 *  0x1800000000  heap and mappings, from here up to 0x3e00000000
 *  0x1000000000  the program: text, read-only data, data
 *  0             never mapped by the library; static Linux programs live here
 */
#define EXO_PAGE 4096ull
#define EXO_PAGE_SHIFT 12
#define EXO_PROGRAM 0x1000000000ull
#define EXO_HEAP 0x1800000000ull
#define EXO_HEAP_END 0x3e00000000ull
#define EXO_TABLES 0x3e00000000ull
#define EXO_VM_TABLES 0x3f00000000ull
#define EXO_START 0x3f40000000ull
#define EXO_PARENT 0x3f7ffff000ull
#define EXO_WINDOW 0x3f80000000ull
#define EXO_STACK_TOP 0x3ffe000000ull
#define EXO_HANDLER_AREA 0x3ffe800000ull
#define EXO_UAREA 0x3fff000000ull
#define EXO_UAREA_STEP 0x2000ull
#define EXO_HANDLERS 0x3fff800000ull
#define EXO_USER_END 0x4000000000ull

/* The library's words in uarea->user[]; those from EXO_USER_FREE on are the program's. */
#define EXO_USER_STACK 0       /* top of the first stack; 0: EXO_STACK_TOP */
#define EXO_USER_START 1       /* address of the start block; 0: none (init) */
#define EXO_USER_GATE_STACK 2  /* stack that gate calls are served on */
#define EXO_USER_GATE_TP 3     /* tp while serving */
#define EXO_USER_GATE 4        /* C function that serves gate calls */
#define EXO_USER_HANDLER 8     /* 16 words: C handler of each cause */
#define EXO_USER_FP_HANDLER 24 /* 16 words: those that save FP registers */
#define EXO_USER_SCHED 40      /* a scheduler's own */
#define EXO_USER_FREE 48
#define EXO_USER_WORDS 138

/* Gate numbers that the library binds itself; programs use those from EXO_GATE_FREE on. */
#define EXO_GATE_CONSOLE 31
#define EXO_GATE_INSTANCE 30
#define EXO_GATE_FILES 29
#define EXO_GATE_KEEPER 28
#define EXO_GATE_FREE 0 /* 0 .. 27 */

/* Event bits that the library uses; the low 32 are the program's. */
#define EXO_EVENT_CHILD (1ull << 32)   /* a child that I spawned ended */
#define EXO_EVENT_CONSOLE (1ull << 33) /* input, ask again */
#define EXO_EVENT_STORE (1ull << 35)   /* a store of pages has news: edge/block.h */
#define EXO_EVENT_SCHED (1ull << 40)   /* an idle environment has a thread to run */
#define EXO_EVENT_TURN (1ull << 41)    /* a busy one has a more urgent thread */
#define EXO_EVENT_FREE 32              /* bits 0 .. 31 */
#endif
