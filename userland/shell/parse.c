/* parse.c - a command line cut into words */
/* SPDX-License-Identifier: MIT */
#include "parse.h"

static bool parse_is_blank(char character) {
    return character == ' ' || character == '\t' || character == '\n' || character == '\r';
}

static bool parse_ends(char character) {
    return !character || character == ';' || character == '&';
}

char *parse_command(struct parse *parse, char *text) {
    char *to = text, end;

    *parse = (struct parse){.count = 0};
    for (;;) {
        char quote = 0, *word;

        while (parse_is_blank(*text))
            text++;
        if (parse_ends(*text) || *text == '#')
            break;
        for (word = to; quote ? *text : !parse_is_blank(*text) && !parse_ends(*text); text++) {
            if (quote ? *text == quote : *text == '\'' || *text == '"')
                quote = quote ? 0 : *text;
            else
                *to++ = *text;
        }
        if (quote)
            parse->error = "a quote is not closed";
        if (parse->count < PARSE_WORDS)
            parse->words[parse->count++] = word;
        else
            parse->error = "too many words";
        if (to == text) { /* room for the end of this word, without losing what follows */
            end = *text;
            *to++ = 0;
            if (end)
                text++;
            if (parse_ends(end))
                goto ended;
            continue;
        }
        *to++ = 0;
    }
    if (*text == '#')
        return 0;
    end = *text++;
ended:
    parse->background = end == '&';
    return end ? text : 0;
}
