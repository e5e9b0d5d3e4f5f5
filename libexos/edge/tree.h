/* tree.h - texts of the device tree: what machine this is, and how it was started */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_TREE_H
#define LIBEXOS_EDGE_TREE_H
#include <stddef.h>

/* Copies a property of the root (node "") or of a node right below it, cut to size - 1 bytes and
 * ended; "" if there is none. The tree is the one that the kernel read at boot (exo_device_tree),
 * so it is well formed; NULL has no properties. */
void exo_tree_text(const void *tree, const char *node, const char *property, char *to, size_t size);

/* The same, of the tree that the kernel exports. */
void exo_board(char *to, size_t size);    /* the root's model */
void exo_bootargs(char *to, size_t size); /* /chosen's bootargs */
#endif
