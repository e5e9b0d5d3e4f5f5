/* line.h - editing one line of input, with history; pure, runs on the host as well */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_CONSOLE_LINE_H
#define USERLAND_CONSOLE_LINE_H
#include <stdint.h>

enum { LINE_MOST = 256, LINE_HISTORY = 16, LINE_COLUMNS = 80 };

enum line_result {
    LINE_MORE,
    LINE_DONE,      /* text and length hold the line, without its newline */
    LINE_INTERRUPT, /* Ctrl-C: the line was dropped */
    LINE_END,       /* Ctrl-D on an empty line */
};

struct line {
    char text[LINE_MOST];
    uint32_t length, cursor;
    uint32_t width;  /* columns from where the line begins to the edge of the screen */
    uint32_t offset; /* first character shown: a long line scrolls sideways */
    uint32_t shown;  /* column of the cursor, counted from where the line begins */
    uint32_t escape; /* how far into an escape sequence, and its number */
    uint32_t number;
    char history[LINE_HISTORY][LINE_MOST];
    uint32_t kept, browsed; /* lines ever kept; how many back we look, 0 = at none */
    char draft[LINE_MOST];  /* the unfinished line while browsing */
    void (*put)(void *context, char character);
    void *context;
};

/* Begins a new line at that screen column (0..79). */
void line_begin(struct line *line, uint32_t column);
enum line_result line_key(struct line *line, uint8_t key);
/* Shows the line again, the cursor standing where line_begin was told. */
void line_redraw(struct line *line);
#endif
