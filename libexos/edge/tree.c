/* tree.c - texts of the device tree: what machine this is, and how it was started */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/tree.h"
#include "libexos/edge/export.h"
#include "libexos/edge/string.h"

/* Devicetree Specification, chapter 5. */
enum { STRUCTURE = 8, STRINGS = 12, STRINGS_SIZE = 32 };
enum { BEGIN_NODE = 1, END_NODE, PROPERTY, NOP };

static uint32_t cell(const char *at) {
    const uint8_t *byte = (const uint8_t *)at;

    return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

/* The last name of the block may lack its end. */
static int is_name(const char *strings, uint32_t size, uint32_t offset, const char *name) {
    return exo_strlen(name) < size - offset &&
           !exo_strncmp(strings + offset, name, exo_strlen(name) + 1);
}

void exo_tree_text(const void *tree, const char *node, const char *property, char *to,
                   size_t size) {
    const char *at, *strings;
    int depth = 0, inside = 0;
    uint32_t strings_size;

    *to = 0;
    if (!tree)
        return;
    at = (const char *)tree + cell((const char *)tree + STRUCTURE);
    strings = (const char *)tree + cell((const char *)tree + STRINGS);
    strings_size = cell((const char *)tree + STRINGS_SIZE);
    for (size_t length;; at += (length + 3) & -(size_t)4) {
        uint32_t token = cell(at);

        at += 4;
        length = 0;
        if (token == BEGIN_NODE) {
            depth++;
            inside = depth == (*node ? 2 : 1) && !exo_strcmp(at, node);
            length = exo_strlen(at) + 1;
        } else if (token == END_NODE) {
            depth--;
            inside = 0;
        } else if (token == PROPERTY) {
            length = cell(at);
            at += 8;
            if (!inside || !is_name(strings, strings_size, cell(at - 4), property))
                continue;
            for (; length && size > 1 && *at; length--, size--)
                *to++ = *at++;
            *to = 0;
            return;
        } else if (token != NOP) {
            return;
        }
    }
}

void exo_board(char *to, size_t size) {
    size_t length;

    exo_tree_text(exo_device_tree(&length), "", "model", to, size);
}

void exo_bootargs(char *to, size_t size) {
    size_t length;

    exo_tree_text(exo_device_tree(&length), "chosen", "bootargs", to, size);
}
