/* parse.h - a command line cut into words; pure */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_SHELL_PARSE_H
#define USERLAND_SHELL_PARSE_H
#include <stdbool.h>

enum { PARSE_WORDS = 24 };

struct parse {
    char *words[PARSE_WORDS + 1]; /* a null pointer ends them */
    int count;
    bool background; /* ended with & */
    const char *error;
};

/* Cuts the first command off text, in place: up to `;`, `&` or the end. Quotes ' and " keep
 * blanks. Returns where the next command begins, or 0. */
char *parse_command(struct parse *parse, char *text);
#endif
