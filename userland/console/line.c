/* line.c - editing one line of input, with history */
/* SPDX-License-Identifier: MIT */
#include "line.h"

enum {
    KEY_CTRL_A = 1,
    KEY_CTRL_B = 2,
    KEY_CTRL_C = 3,
    KEY_CTRL_D = 4,
    KEY_CTRL_E = 5,
    KEY_CTRL_F = 6,
    KEY_BACKSPACE = 8,
    KEY_NEWLINE = 10,
    KEY_CTRL_K = 11,
    KEY_CTRL_L = 12,
    KEY_RETURN = 13,
    KEY_CTRL_N = 14,
    KEY_CTRL_P = 16,
    KEY_CTRL_U = 21,
    KEY_CTRL_W = 23,
    KEY_ESCAPE = 27,
    KEY_DELETE = 127,
};

enum { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_BRACKET, ESCAPE_LETTER };

static void line_puts(struct line *line, const char *text) {
    while (*text)
        line->put(line->context, *text++);
}

/* Draws what is visible and leaves the cursor in its place. */
static void line_draw(struct line *line) {
    uint32_t end;

    if (line->cursor < line->offset)
        line->offset = line->cursor;
    if (line->cursor - line->offset >= line->width)
        line->offset = line->cursor - line->width + 1;
    end = line->length - line->offset > line->width ? line->offset + line->width : line->length;
    for (; line->shown; line->shown--)
        line->put(line->context, '\b');
    for (uint32_t i = line->offset; i < end; i++)
        line->put(line->context, line->text[i]);
    line_puts(line, "\033[K");
    for (uint32_t i = end; i > line->cursor; i--)
        line->put(line->context, '\b');
    line->shown = line->cursor - line->offset;
}

void line_redraw(struct line *line) {
    line->shown = 0;
    line_draw(line);
}

void line_begin(struct line *line, uint32_t column) {
    line->length = line->cursor = line->offset = line->shown = 0;
    line->escape = ESCAPE_NONE;
    line->browsed = 0;
    line->width = column + 8 < LINE_COLUMNS ? LINE_COLUMNS - 1 - column : 8;
}

static void line_insert(struct line *line, char character) {
    if (line->length + 1 >= LINE_MOST)
        return;
    for (uint32_t i = line->length; i > line->cursor; i--)
        line->text[i] = line->text[i - 1];
    line->text[line->cursor++] = character;
    line->length++;
    if (line->cursor == line->length && line->shown + 1 < line->width) {
        line->put(line->context, character); /* the common case: one byte on the wire */
        line->shown++;
        return;
    }
    line_draw(line);
}

/* Removes the characters from `from` up to `to`. */
static void line_cut(struct line *line, uint32_t from, uint32_t to) {
    if (from == to)
        return;
    for (uint32_t i = to; i < line->length; i++)
        line->text[from + i - to] = line->text[i];
    line->length -= to - from;
    line->cursor = from;
    line_draw(line);
}

static void line_move(struct line *line, uint32_t to) {
    line->cursor = to > line->length ? line->length : to;
    line_draw(line);
}

static void line_copy(char *to, const char *from) {
    uint32_t i = 0;

    for (; from[i] && i < LINE_MOST - 1; i++)
        to[i] = from[i];
    to[i] = 0;
}

static void line_browse(struct line *line, int32_t step) {
    uint32_t most = line->kept < LINE_HISTORY ? line->kept : LINE_HISTORY;
    uint32_t to = line->browsed + (uint32_t)step;

    if (to > most)
        return;
    line->text[line->length] = 0;
    if (!line->browsed)
        line_copy(line->draft, line->text);
    line->browsed = to;
    line_copy(line->text, to ? line->history[(line->kept - to) % LINE_HISTORY] : line->draft);
    for (line->length = 0; line->text[line->length];)
        line->length++;
    line->cursor = line->length;
    line_draw(line);
}

static void line_keep(struct line *line) {
    const char *last = line->history[(line->kept + LINE_HISTORY - 1) % LINE_HISTORY];
    uint32_t i = 0;

    if (!line->length)
        return;
    while (line->kept && line->text[i] && line->text[i] == last[i])
        i++;
    if (line->kept && line->text[i] == last[i])
        return; /* the same as the one before */
    line_copy(line->history[line->kept++ % LINE_HISTORY], line->text);
}

/* The last byte of an escape sequence. */
static void line_special(struct line *line, uint8_t key) {
    if (key == '~')
        key = line->number == 1 || line->number == 7   ? 'H'
              : line->number == 4 || line->number == 8 ? 'F'
              : line->number == 3                      ? 'x'
                                                       : 0;
    switch (key) {
    case 'A':
        line_browse(line, 1);
        break;
    case 'B':
        line_browse(line, -1);
        break;
    case 'C':
        line_move(line, line->cursor + 1);
        break;
    case 'D':
        line_move(line, line->cursor ? line->cursor - 1 : 0);
        break;
    case 'H':
        line_move(line, 0);
        break;
    case 'F':
        line_move(line, line->length);
        break;
    case 'x':
        if (line->cursor < line->length)
            line_cut(line, line->cursor, line->cursor + 1);
        break;
    default:
        break;
    }
}

static enum line_result line_escape(struct line *line, uint8_t key) {
    if (line->escape == ESCAPE_BEGUN) {
        line->number = 0;
        line->escape = key == '[' ? ESCAPE_BRACKET : key == 'O' ? ESCAPE_LETTER : ESCAPE_NONE;
    } else if (line->escape == ESCAPE_BRACKET && key >= '0' && key <= '9') {
        line->number = line->number * 10 % 1000 + key - '0';
    } else if (line->escape == ESCAPE_BRACKET && key < 0x40) {
        line->number = 0; /* ';' and others: only the last number counts */
    } else {
        line->escape = ESCAPE_NONE;
        line_special(line, key);
    }
    return LINE_MORE;
}

static uint32_t line_word_start(const struct line *line) {
    uint32_t at = line->cursor;

    while (at && line->text[at - 1] == ' ')
        at--;
    while (at && line->text[at - 1] != ' ')
        at--;
    return at;
}

static enum line_result line_finish(struct line *line, enum line_result result, const char *shown) {
    line_move(line, line->length);
    line_puts(line, shown);
    line->put(line->context, '\n');
    line->text[line->length] = 0;
    if (result == LINE_DONE)
        line_keep(line);
    else
        line->length = 0;
    return result;
}

enum line_result line_key(struct line *line, uint8_t key) {
    if (line->escape)
        return line_escape(line, key);
    switch (key) {
    case KEY_ESCAPE:
        line->escape = ESCAPE_BEGUN;
        break;
    case KEY_RETURN:
    case KEY_NEWLINE:
        return line_finish(line, LINE_DONE, "");
    case KEY_CTRL_C:
        return line_finish(line, LINE_INTERRUPT, "^C");
    case KEY_CTRL_D:
        if (!line->length)
            return line_finish(line, LINE_END, "");
        line_special(line, 'x');
        break;
    case KEY_BACKSPACE:
    case KEY_DELETE:
        if (line->cursor)
            line_cut(line, line->cursor - 1, line->cursor);
        break;
    case KEY_CTRL_A:
        line_move(line, 0);
        break;
    case KEY_CTRL_E:
        line_move(line, line->length);
        break;
    case KEY_CTRL_B:
        line_special(line, 'D');
        break;
    case KEY_CTRL_F:
        line_special(line, 'C');
        break;
    case KEY_CTRL_P:
        line_browse(line, 1);
        break;
    case KEY_CTRL_N:
        line_browse(line, -1);
        break;
    case KEY_CTRL_U:
        line_cut(line, 0, line->cursor);
        break;
    case KEY_CTRL_K:
        line_cut(line, line->cursor, line->length);
        break;
    case KEY_CTRL_W:
        line_cut(line, line_word_start(line), line->cursor);
        break;
    default:
        if (key >= ' ')
            line_insert(line, (char)key);
    }
    return LINE_MORE;
}
