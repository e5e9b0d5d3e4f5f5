/* hash.c - words by key, in vm's own pages */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/hash.h"
#include "libexos/vm/own.h"

enum { MOST = HASH_HEADS * HASH_PAGES };

/* The highest power of two that is not above n. */
static inline uint64_t power_of(uint64_t n) { return 1ull << (63 - __builtin_clzll(n)); }

/* As many low bits as are sure to count, and one more where the split has passed. */
static inline uint64_t bucket_of(uint64_t key, uint64_t buckets) {
    uint64_t mixed = key * 0x9e3779b97f4a7c15ull, low = power_of(buckets), bucket;

    mixed ^= mixed >> 32;
    bucket = mixed & (2 * low - 1);
    return bucket < buckets ? bucket : bucket - low;
}

static inline struct hash_node **head(const struct hash *hash, uint64_t bucket) {
    return &hash->heads[bucket / HASH_HEADS][bucket % HASH_HEADS];
}

EXO_PINNED_TEXT uint64_t *hash_find(const struct hash *hash, uint64_t key) {
    uint64_t buckets = hash->buckets;
    struct hash_node *node = NULL;

    if (buckets)
        node = *head(hash, bucket_of(key, buckets));
    while (node && node->key != key)
        node = node->next;
    return node ? node->word : NULL;
}

/* In pinned text and with all it touches pinned or vm's own, so that nobody looks meanwhile: there
 * is no miss to serve by a look-up, and other environments wait for the lock. */
static EXO_PINNED_TEXT void split(struct hash *hash) {
    uint64_t to = hash->buckets, from = to - power_of(to);
    struct hash_node **stays = head(hash, from), **goes = head(hash, to);

    for (struct hash_node *node = *stays, *next; node; node = next) {
        struct hash_node ***end = bucket_of(node->key, to + 1) == to ? &goes : &stays;

        next = node->next;
        **end = node;
        *end = &node->next;
    }
    *stays = *goes = NULL;
    hash->buckets = to + 1;
}

/* Room for one more key: a node, and a bucket more when there are as many keys as buckets. */
static int make_room(struct hash *hash) {
    uint64_t size = sizeof(struct hash_node) + hash->words * sizeof(uint64_t);
    uint64_t buckets = hash->buckets;

    if (!hash->unused) {
        char *page = own_page();

        for (uint64_t at = 0; page && at + size <= EXO_PAGE; at += size) {
            struct hash_node *node = (struct hash_node *)(page + at);

            node->next = hash->unused;
            hash->unused = node;
        }
    }
    if (hash->unused && hash->keys >= buckets && buckets < MOST) {
        if (buckets % HASH_HEADS == 0)
            hash->heads[buckets / HASH_HEADS] = own_page();
        if (!buckets && hash->heads[0])
            hash->buckets = HASH_HEADS;
        else if (buckets && hash->heads[buckets / HASH_HEADS])
            split(hash);
    }
    return hash->unused && hash->buckets;
}

uint64_t *hash_make(struct hash *hash, uint64_t key) {
    uint64_t *word = hash_find(hash, key);
    struct hash_node *node, **at;

    if (word)
        return word;
    if (!make_room(hash))
        return NULL;
    at = head(hash, bucket_of(key, hash->buckets));
    node = hash->unused;
    hash->unused = node->next;
    node->next = *at;
    node->key = key;
    for (uint64_t i = 0; i < hash->words; i++)
        node->word[i] = 0;
    *(struct hash_node *volatile *)at = node;
    hash->keys++;
    return node->word;
}

void hash_remove(struct hash *hash, uint64_t key) {
    struct hash_node **at, *node;

    if (!hash_find(hash, key))
        return;
    at = head(hash, bucket_of(key, hash->buckets));
    while ((*at)->key != key)
        at = &(*at)->next;
    node = *at;
    *(struct hash_node *volatile *)at = node->next;
    node->next = hash->unused;
    hash->unused = node;
    hash->keys--;
}
