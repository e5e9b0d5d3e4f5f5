/* version.c - a flat store at any time that it has kept: what there was, and letting go of it */
/* SPDX-License-Identifier: MIT */
#include "libexos/flat/internal.h"
#include "libexos/edge/string.h"

int flat_list(const struct flat *store, uint64_t when, uint32_t *cookie, struct flat_entry *to) {
    const struct flat_entry *entry = store->room.entry;

    for (uint32_t i = *cookie; i < store->root.directories * FLAT_ENTRIES; i++)
        if (entry[i].sequence && entry[i].size != FLAT_GONE &&
            flat_find(store, entry[i].key, when) == (int32_t)i) {
            *to = entry[i];
            *cookie = i + 1;
            return 1;
        }
    return 0;
}

int flat_versions(const struct flat *store, const char *key, uint64_t after,
                  struct flat_entry *to) {
    const struct flat_entry *entry = store->room.entry, *found = NULL;
    char padded[FLAT_KEY];

    if (flat_key(padded, key))
        return FLAT_NONSENSE;
    for (uint32_t i = 0; i < store->root.directories * FLAT_ENTRIES; i++)
        if (entry[i].sequence > after && !memcmp(entry[i].key, padded, FLAT_KEY) &&
            (!found || entry[i].sequence < found->sequence))
            found = &entry[i];
    if (found)
        *to = *found;
    return found != NULL;
}

uint64_t flat_sequence_at(const struct flat *store, uint64_t time) {
    const struct flat_entry *entry = store->room.entry;
    uint64_t last = 0;

    for (uint32_t i = 0; i < store->root.directories * FLAT_ENTRIES; i++)
        if (entry[i].time <= time && entry[i].sequence > last)
            last = entry[i].sequence;
    return last;
}

static void drop(struct flat *store, uint32_t i) {
    memset(&store->room.entry[i], 0, sizeof(struct flat_entry));
    store->changed[i / FLAT_ENTRIES] = 1;
}

int flat_forget(struct flat *store, uint64_t before) {
    const struct flat_entry *entry = store->room.entry;
    uint32_t count = store->root.directories * FLAT_ENTRIES, dropped = 0;
    int error = flat_begin(store);

    if (error)
        return error;
    for (uint32_t i = 0; i < count; i++)
        if (entry[i].sequence && entry[i].sequence <= before &&
            flat_find(store, entry[i].key, before) != (int32_t)i) {
            drop(store, i);
            dropped++;
        }
    /* Only now: a deletion hides what is older. */
    for (uint32_t i = 0; i < count; i++)
        if (entry[i].sequence && entry[i].sequence <= before && entry[i].size == FLAT_GONE) {
            drop(store, i);
            dropped++;
        }
    return dropped ? flat_commit(store) : 0;
}
