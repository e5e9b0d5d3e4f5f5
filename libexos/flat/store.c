/* store.c - a flat store is opened, its objects are put, read and deleted, each change at once */
/* SPDX-License-Identifier: MIT */
#include "libexos/flat/internal.h"
#include "libexos/volume/catalogue.h"
#include "libexos/edge/crc32c.h"
#include "libexos/edge/string.h"
int flat_key(char to[FLAT_KEY], const char *key) {
    size_t length = exo_strlen(key);

    if (!length || length > FLAT_KEY)
        return FLAT_NONSENSE;
    memset(to, 0, FLAT_KEY);
    memcpy(to, key, length);
    return 0;
}

static int is_entry(const struct flat_entry *entry, const struct flat_root *root) {
    uint32_t length = 0;

    while (length < FLAT_KEY && entry->key[length])
        length++;
    for (uint32_t i = length; i < FLAT_KEY; i++)
        if (entry->key[i])
            return 0;
    if (!length)
        return !entry->size && !entry->sequence && !entry->time && !entry->block && !entry->sum;
    if (!entry->sequence || entry->sequence > root->sequence)
        return 0;
    if (entry->size == FLAT_GONE ? !(root->flags & FLAT_KEEPS) : entry->size > FLAT_MOST)
        return 0;
    return !entry->block == !flat_blocks(entry->size);
}

static int is_root(const struct flat_root *root) {
    static const uint64_t zero[sizeof(root->zero) / 8];

    return flat_root_sound(root) && root->directories <= FLAT_DIRECTORIES &&
           root->sequence < FLAT_SEQUENCE_END &&
           !(root->flags & ~(uint32_t)(FLAT_WIPES | FLAT_KEEPS | FLAT_DIRTY)) &&
           !memcmp(root->zero, zero, sizeof(zero));
}

static int read_directories(struct flat *store) {
    const struct flat_device *device = store->device;
    uint32_t used = store->root.directories * FLAT_ENTRIES;

    for (uint32_t i = 0; i < store->root.directories; i++) {
        struct flat_entry *to = store->room.entry + i * FLAT_ENTRIES;

        if (device->read(device->context, store->root.directory[i].block, to, 1))
            return FLAT_IO;
        if (exo_crc32c(0, to, 4096) != store->root.directory[i].sum)
            return FLAT_DAMAGED;
    }
    for (uint32_t i = 0; i < used; i++)
        if (!is_entry(&store->room.entry[i], &store->root))
            return FLAT_DAMAGED;
    return 0;
}

int flat_open(struct flat *store, const struct flat_device *device, const struct flat_room *room) {
    int error;

    memset(store, 0, sizeof(*store));
    store->device = device;
    store->room = *room;
    store->broken = 1;
    if (device->root(device->context, &store->root))
        return FLAT_IO;
    if (!is_root(&store->root))
        return FLAT_DAMAGED;
    if (flat_root_units(&store->root) > room->units ||
        store->root.directories * FLAT_ENTRIES > flat_capacity(store))
        return FLAT_ROOM;
    store->used = room->map;
    store->stale = room->map + (uint64_t)room->units * FLAT_MAP_WORDS / 2;
    memset(room->entry, 0, flat_capacity(store) * sizeof(*room->entry));
    /* Without entries first: whether the directories stand in the store's units. */
    error = flat_map_anew(store);
    if (!error)
        error = read_directories(store);
    if (!error)
        error = flat_map_anew(store);
    /* flat_reserve keeps them. */
    if (!error && store->free < store->root.directories)
        error = FLAT_DAMAGED;
    if (error)
        return error;
    store->broken = 0;
    if (!(store->root.flags & FLAT_DIRTY))
        return 0;
    /* What a crash left anywhere. The root first: another one, of a change that failed, may be the
     * one found after the next crash, and names what is wiped now. */
    memset(store->stale, 0xff, (uint64_t)store->units * FLAT_MAP_WORDS / 2 * 8);
    return flat_install(store);
}

static int install(struct flat *store) {
    int error = store->device->install(store->device->context, &store->root);

    if (error == VOLUME_MOVE)
        error = 0; /* it holds; what left leaves later */
    if (!error)
        store->settled = 1;
    return error ? FLAT_IO : 0;
}

int flat_close(struct flat *store) {
    if (!(store->root.flags & FLAT_DIRTY))
        return 0;
    if (store->broken)
        return FLAT_BROKEN;
    store->root.flags &= ~(uint32_t)FLAT_DIRTY;
    store->broken = 1;
    return install(store);
}

int flat_install(struct flat *store) {
    int error = install(store);

    if (!error)
        error = flat_map(store);
    /* Once more, as the older root too says something of what was: its directory's sums. */
    if (!error && store->root.flags & FLAT_WIPES && !(error = flat_wipe(store)))
        error = install(store);
    if (error)
        store->broken = 1;
    return error;
}

int flat_begin(struct flat *store) {
    if (store->broken)
        return FLAT_BROKEN;
    if (store->root.sequence + 1 >= FLAT_SEQUENCE_END)
        return FLAT_SPACE;
    if (store->settled)
        return 0;
    if (store->root.flags & FLAT_WIPES)
        store->root.flags |= FLAT_DIRTY;
    return flat_install(store);
}

int flat_commit(struct flat *store) {
    const struct flat_device *device = store->device;

    for (uint32_t i = 0; i < FLAT_DIRECTORIES; i++) {
        const struct flat_entry *from = store->room.entry + i * FLAT_ENTRIES;
        uint32_t block;

        if (!store->changed[i])
            continue;
        store->changed[i] = 0;
        block = flat_take(store, 1);
        if (!block || device->write(device->context, block, from, 1)) {
            store->broken = 1;
            return FLAT_IO;
        }
        store->root.directory[i] = (struct flat_directory){block, exo_crc32c(0, from, 4096)};
        if (i >= store->root.directories)
            store->root.directories = i + 1;
    }
    return flat_install(store);
}

int32_t flat_find(const struct flat *store, const char key[FLAT_KEY], uint64_t when) {
    const struct flat_entry *entry = store->room.entry;
    int32_t found = -1;

    for (uint32_t i = 0; i < store->root.directories * FLAT_ENTRIES; i++)
        if (entry[i].sequence && entry[i].sequence <= when &&
            !memcmp(entry[i].key, key, FLAT_KEY) &&
            (found < 0 || entry[i].sequence > entry[found].sequence))
            found = (int32_t)i;
    return found;
}

int flat_look(const struct flat *store, const char *key, uint64_t when, struct flat_entry *to) {
    char padded[FLAT_KEY];
    int32_t found;

    if (flat_key(padded, key))
        return FLAT_NONSENSE;
    found = flat_find(store, padded, when);
    if (found < 0 || store->room.entry[found].size == FLAT_GONE)
        return FLAT_NONE;
    *to = store->room.entry[found];
    return 0;
}

static int read_content(struct flat *store, const struct flat_entry *entry, uint8_t *to,
                        uint64_t offset, uint64_t length) {
    const struct flat_device *device = store->device;

    while (length) {
        uint32_t block = entry->block + (uint32_t)(offset / 4096), within = offset % 4096;
        uint32_t step = length < 4096 - within ? (uint32_t)length : 4096 - within;

        if (!within && length >= 4096) {
            step = (uint32_t)length & ~4095u;
            if (device->read(device->context, block, to, step / 4096))
                return FLAT_IO;
        } else {
            if (device->read(device->context, block, store->block, 1))
                return FLAT_IO;
            memcpy(to, (uint8_t *)store->block + within, step);
        }
        to += step;
        offset += step;
        length -= step;
    }
    return 0;
}

int64_t flat_get(struct flat *store, const char *key, uint64_t when, void *to, uint64_t offset,
                 uint64_t length) {
    struct flat_entry entry;
    int error = store->broken ? FLAT_BROKEN : flat_look(store, key, when, &entry);

    if (error)
        return error;
    if (offset >= entry.size)
        return 0;
    if (length > entry.size - offset)
        length = entry.size - offset;
    error = read_content(store, &entry, to, offset, length);
    if (!error && length == entry.size && exo_crc32c(0, to, length) != entry.sum)
        error = FLAT_DAMAGED;
    return error ? error : (int64_t)length;
}

int flat_check(struct flat *store) {
    const struct flat_device *device = store->device;
    int faults = 0;

    if (store->broken)
        return FLAT_BROKEN;
    for (uint32_t i = 0; i < store->root.directories * FLAT_ENTRIES; i++) {
        const struct flat_entry *entry = &store->room.entry[i];
        uint32_t blocks = flat_blocks(entry->size), sum = 0;

        for (uint32_t k = 0; k < blocks; k++) {
            uint64_t left = entry->size - k * 4096ull;

            if (device->read(device->context, entry->block + k, store->block, 1))
                return FLAT_IO;
            sum = exo_crc32c(sum, store->block, left < 4096 ? (uint32_t)left : 4096);
        }
        faults += sum != entry->sum;
    }
    return faults;
}

static int write_content(struct flat *store, const struct flat_entry *entry, const uint8_t *bytes) {
    const struct flat_device *device = store->device;
    uint32_t whole = (uint32_t)(entry->size / 4096), rest = entry->size % 4096;

    if (whole && device->write(device->context, entry->block, bytes, whole))
        return FLAT_IO;
    if (!rest)
        return 0;
    memset(store->block, 0, sizeof(store->block));
    memcpy(store->block, bytes + (uint64_t)whole * 4096, rest);
    return device->write(device->context, entry->block + whole, store->block, 1) ? FLAT_IO : 0;
}

/* The key's next version, with its content. */
static int add(struct flat *store, struct flat_entry *entry, const void *bytes) {
    uint32_t blocks = flat_blocks(entry->size), directories = store->root.directories;
    uint32_t capacity = flat_capacity(store), slot = capacity;
    int error;

    if (!(store->root.flags & FLAT_KEEPS)) {
        int32_t old = flat_find(store, entry->key, FLAT_NOW);

        slot = old < 0 ? capacity : (uint32_t)old;
    }
    for (uint32_t i = 0; i < capacity && slot == capacity; i++)
        if (!store->room.entry[i].sequence)
            slot = i;
    if (slot == capacity)
        return FLAT_SPACE;
    if (slot / FLAT_ENTRIES >= directories)
        directories = slot / FLAT_ENTRIES + 1;
    error = flat_reserve(store, blocks, directories, &entry->block);
    if (error)
        return error;
    if (blocks) {
        entry->sum = exo_crc32c(0, bytes, entry->size);
        error = write_content(store, entry, bytes);
    }
    if (!error)
        error = flat_fill(store, entry->block, blocks);
    if (error) {
        store->broken = 1;
        return error;
    }
    entry->sequence = ++store->root.sequence;
    store->room.entry[slot] = *entry;
    store->changed[slot / FLAT_ENTRIES] = 1;
    return flat_commit(store);
}

int flat_put(struct flat *store, const char *key, const void *bytes, uint64_t size, uint64_t time) {
    struct flat_entry entry = {.size = size, .time = time};
    int error = flat_key(entry.key, key) || size > FLAT_MOST ? FLAT_NONSENSE : flat_begin(store);

    return error ? error : add(store, &entry, bytes);
}

int flat_delete(struct flat *store, const char *key, uint64_t time) {
    struct flat_entry entry = {.size = FLAT_GONE, .time = time};
    int error = flat_key(entry.key, key) ? FLAT_NONSENSE : flat_begin(store);
    int32_t slot;

    if (error)
        return error;
    slot = flat_find(store, entry.key, FLAT_NOW);
    if (slot < 0 || store->room.entry[slot].size == FLAT_GONE)
        return FLAT_NONE;
    if (store->root.flags & FLAT_KEEPS)
        return add(store, &entry, NULL);
    memset(&store->room.entry[slot], 0, sizeof(entry));
    store->changed[(uint32_t)slot / FLAT_ENTRIES] = 1;
    store->root.sequence++;
    return flat_commit(store);
}
