/* memory.c - memcpy, memmove and memset of programs against loops over bytes */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#define memcpy our_memcpy
#define memmove our_memmove
#define memset our_memset
#define memcmp our_memcmp
#include "libexos/edge/memory.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp

enum { ROOM = 640, START = 64, LONGEST = 300, PHASES = 16 };

static unsigned char ours[ROOM] __attribute__((aligned(8))), want[ROOM];
static unsigned long wrong, tried;

static void fill(void) {
    for (int i = 0; i < ROOM; i++)
        ours[i] = want[i] = (unsigned char)(i * 37 + i / 251);
}

static void look(void) {
    tried++;
    for (int i = 0; i < ROOM; i++)
        if (ours[i] != want[i]) {
            wrong++;
            return;
        }
}

static void move_bytes(int to, int from, int length) {
    if (to < from)
        for (int i = 0; i < length; i++)
            want[to + i] = want[from + i];
    else
        for (int i = length - 1; i >= 0; i--)
            want[to + i] = want[from + i];
}

int main(void) {
    for (int from = START; from < START + PHASES; from++)
        for (int to = 0; to < ROOM - LONGEST; to += to == START + 40 ? 200 : 1)
            for (int length = 0; length < LONGEST; length += length < 40 ? 1 : 13) {
                fill();
                our_memmove(ours + to, ours + from, (size_t)length);
                move_bytes(to, from, length);
                look();
            }
    printf("%s 1 - memmove, %lu times, also over itself\n", wrong ? "not ok" : "ok", tried);
    tried = 0;
    for (int from = START; from < START + PHASES; from++)
        for (int to = ROOM / 2; to < ROOM / 2 + PHASES; to++)
            for (int length = 0; length < ROOM / 2 - START - PHASES; length++) {
                fill();
                our_memcpy(ours + to, ours + from, (size_t)length);
                move_bytes(to, from, length);
                look();
                our_memset(ours + to, length, (size_t)length);
                for (int i = 0; i < length; i++)
                    want[to + i] = (unsigned char)length;
                look();
            }
    printf("%s 2 - memcpy and memset, %lu times\n1..2\n", wrong ? "not ok" : "ok", tried);
    return wrong != 0;
}
