/* hash.h - words by key, in vm's own pages: it grows by one bucket at a time, and no word ever
 * moves */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_HASH_H
#define LIBEXOS_VM_HASH_H
#include <stdint.h>

/* Linear hashing: when there are more keys than buckets, the next bucket in order is split in two.
 * hash_find is right at every instruction of the others, and stands in pinned text. */
struct hash_node {
    struct hash_node *next;
    uint64_t key, word[];
};
enum { HASH_HEADS = 512, HASH_PAGES = 128 }; /* heads on a page; pages of heads at most */
struct hash {
    struct hash_node **heads[HASH_PAGES];
    struct hash_node *unused;
    uint64_t buckets, keys, words; /* words: of a node, set by whom it is for */
};

/* A key's words, or null. */
uint64_t *hash_find(const struct hash *hash, uint64_t key);
/* The same, made zero if there are none; null without memory. */
uint64_t *hash_make(struct hash *hash, uint64_t key);
void hash_remove(struct hash *hash, uint64_t key);
#endif
