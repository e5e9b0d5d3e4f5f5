/* flat_model.c - random work on a flat store against a model, cut short anywhere */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/files/flat_model.h"

enum { KEYS = 10 /* at a time */, ENTRIES = 4 * FLAT_ENTRIES, VOLUMES = 5 };

static const char key_mark[] = "kEy!";
#define CONTENT_MARK 0x215479614c50734full

static uint8_t content[MODEL_CONTENT], read_back[MODEL_CONTENT];
static uint32_t keys, contents; /* numbers given so far */

const char *model_key(uint32_t key) {
    static char text[64];

    snprintf(text, sizeof(text), "%s%08x", key_mark, key);
    if (key % 3 == 0)
        strncat(text, "-which-is-as-long-as-may-be", FLAT_KEY - strlen(text));
    return text;
}

void model_content(uint8_t *to, uint64_t size, uint32_t number) {
    for (uint64_t i = 0; i < size; i += 32) {
        uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15ull ^ i;
        uint64_t word[4] = {CONTENT_MARK, number, mixed, mixed * 0xd6e8feb86659fd93ull};

        memcpy(to + i, word, size - i < 32 ? size - i : 32);
    }
}

const struct model_version *model_find(const struct model *model, uint32_t key, uint64_t when) {
    const struct model_version *found = NULL;

    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_version *version = &model->version[i];

        if (version->key == key && version->sequence <= when &&
            (!found || version->sequence > found->sequence))
            found = version;
    }
    return found;
}

static void drop(struct model *model, const struct model_version *version) {
    uint32_t i = (uint32_t)(version - model->version);

    model->version[i] = model->version[--model->count];
}

static void change_one(struct model *model, const struct model_change *change, uint64_t size) {
    const struct model_version *old = model_find(model, change->key, FLAT_NOW);

    if (old && !(model->flags & FLAT_KEEPS))
        drop(model, old);
    model->sequence++;
    if (size == FLAT_GONE && !(model->flags & FLAT_KEEPS))
        return;
    model->version[model->count++] =
        (struct model_version){change->key, change->content, size, model->sequence, change->time};
}

static void forget(struct model *model, uint64_t before) {
    struct model was = *model;

    model->count = 0;
    for (uint32_t i = 0; i < was.count; i++) {
        const struct model_version *version = &was.version[i];

        if (version->sequence > before ||
            (model_find(&was, version->key, before) == version && version->size != FLAT_GONE))
            model->version[model->count++] = *version;
    }
}

/* A key that is there, if any. */
static const struct model_version *any(const struct model *model) {
    const struct model_version *version;

    if (!model->count)
        return NULL;
    version = model_find(model, model->version[chance(model->count)].key, FLAT_NOW);
    return version->size == FLAT_GONE ? NULL : version;
}

void model_choose(const struct model *model, struct model_change *change) {
    const struct model_version *old = any(model);
    uint32_t kind = chance(16), live = 0;

    for (uint32_t i = 0; i < model->count; i++)
        live += model_find(model, model->version[i].key, FLAT_NOW) == &model->version[i] &&
                model->version[i].size != FLAT_GONE;
    memset(change, 0, offsetof(struct model_change, after));
    change->after = *model;
    change->time = (model->sequence + 1) * 10;
    if (model->flags & FLAT_KEEPS && (kind == 0 || model->count > MODEL_MOST / 2)) {
        change->kind = MODEL_FORGET;
        change->before = model->sequence - (model->sequence ? chance(8) % model->sequence : 0);
        forget(&change->after, change->before);
    } else if (kind == 1) {
        change->kind = MODEL_TRIM;
    } else if (old && (kind < 6 || live > KEYS)) {
        change->kind = MODEL_DELETE;
        change->key = old->key;
        change_one(&change->after, change, FLAT_GONE);
    } else {
        change->kind = MODEL_PUT;
        change->key = old && chance(2) ? old->key : ++keys;
        change->content = ++contents;
        change->size = chance(8) ? 16 + chance(1 + (model->most >> chance(8))) : 0;
        /* The number of a content stands behind its mark, or neither does. */
        if (change->size % 32 >= 8 && change->size % 32 < 12)
            change->size += 4;
        change_one(&change->after, change, change->size);
    }
}

int model_do(struct flat *store, const struct model_change *change) {
    switch (change->kind) {
    case MODEL_PUT:
        model_content(content, change->size, change->content);
        return flat_put(store, model_key(change->key), content, change->size, change->time);
    case MODEL_DELETE:
        return flat_delete(store, model_key(change->key), change->time);
    case MODEL_FORGET:
        return flat_forget(store, change->before);
    default:
        return flat_trim(store);
    }
}

static const char *differs_at(const struct model *model, struct flat *store, uint64_t when) {
    struct flat_entry entry;
    uint32_t cookie = 0, listed = 0, live = 0;

    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_version *version = model_find(model, model->version[i].key, when);
        const char *key = model_key(model->version[i].key);
        uint64_t from, length;

        if (version && version->sequence != model->version[i].sequence)
            continue;
        if (!version || version->size == FLAT_GONE) {
            if (flat_look(store, key, when, &entry) != FLAT_NONE)
                return "an object that is not there";
            continue;
        }
        live++;
        if (flat_look(store, key, when, &entry) || entry.size != version->size ||
            entry.sequence != version->sequence || entry.time != version->time)
            return "an object is not there, or another";
        model_content(content, version->size, version->content);
        if (flat_get(store, key, when, read_back, 0, MODEL_CONTENT) != (int64_t)version->size ||
            memcmp(content, read_back, version->size))
            return "another content";
        from = chance((uint32_t)version->size + 1);
        length = chance(9000);
        if (length > version->size - from)
            length = version->size - from;
        if (flat_get(store, key, when, read_back, from, length) != (int64_t)length ||
            memcmp(content + from, read_back, length))
            return "another content in the middle";
    }
    while (flat_list(store, when, &cookie, &entry) == 1)
        listed++;
    return listed == live ? NULL : "another number of objects";
}

const char *model_differs(const struct model *model, struct flat *store) {
    const char *wrong = differs_at(model, store, FLAT_NOW);
    uint32_t units = 0;

    for (uint32_t i = 0; i < unit_disk.units; i++)
        units += unit_disk.owner[i] == (uintptr_t)store->device->context;
    if (!wrong && units != store->units)
        wrong = "it has other units than its root names";
    if (!wrong && !chance(4) && flat_check(store))
        wrong = "the check finds something";
    if (wrong || !(model->flags & FLAT_KEEPS))
        return wrong;
    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_version *version = &model->version[i];
        uint64_t after = version->sequence - 1;
        struct flat_entry entry;

        if (flat_versions(store, model_key(version->key), after, &entry) != 1 ||
            entry.sequence != version->sequence || entry.size != version->size)
            return "a version is not there";
        if (flat_sequence_at(store, version->time + chance(9)) < version->sequence)
            return "a time is not found";
    }
    if (model->sequence)
        wrong = differs_at(model, store, 1 + chance((uint32_t)model->sequence));
    return wrong;
}

static int has_key(const struct model *model, uint32_t key) {
    for (uint32_t i = 0; i < model->count; i++)
        if (model->version[i].key == key)
            return 1;
    return 0;
}

static int has_content(const struct model *model, uint32_t number) {
    for (uint32_t i = 0; i < model->count; i++)
        if (model->version[i].content == number && model->version[i].size != FLAT_GONE)
            return 1;
    return 0;
}

const char *model_traces(const struct model *model) {
    static const uint8_t zero[VOLUME_BLOCK];

    for (uint32_t i = 0; i < unit_disk.units * VOLUME_UNIT_BLOCKS; i++) {
        const uint8_t *block = unit_disk.block[i];

        if (!memcmp(block, zero, VOLUME_BLOCK))
            continue;
        /* Contents begin with blocks, and their marks stand every 32 bytes. */
        for (uint32_t k = 0; k < VOLUME_BLOCK; k += 32) {
            uint64_t word[2];

            memcpy(word, block + k, sizeof(word));
            if (word[0] == CONTENT_MARK && !has_content(model, (uint32_t)word[1]))
                return "old content is on the disk";
        }
        for (const uint8_t *at = block;
             (at = memmem(at, (size_t)(block + VOLUME_BLOCK - at), key_mark, sizeof(key_mark) - 1));
             at++) {
            char digits[9] = {0};

            if (at + 12 > block + VOLUME_BLOCK)
                return "a key over the end of a block";
            memcpy(digits, at + 4, 8);
            if (!has_key(model, (uint32_t)strtoul(digits, NULL, 16)))
                return "an old key is on the disk";
        }
    }
    return NULL;
}

int model_open(struct flat *store, uint32_t volume) {
    static struct {
        struct flat_device device;
        struct flat_entry entry[ENTRIES];
        uint64_t map[UNIT_DISK_MOST * FLAT_MAP_WORDS];
    } place[VOLUMES];
    struct flat_room room = {place[volume].entry, place[volume].map, ENTRIES, UNIT_DISK_MOST};

    place[volume].device = unit_disk_flat(volume);
    return flat_open(store, &place[volume].device, &room);
}

/* The power comes back, and may fail again while the store recovers. */
static const char *boot(struct flat *store, enum unit_disk_layout layout,
                        struct model_counts *counts) {
    if (unit_disk_boot(layout) || unit_disk.quarantines)
        return "the keeper found no sound disk";
    if (!chance(3)) {
        unit_disk.left = 1 + chance(40);
        if (model_open(store, 1) && unit_disk.left)
            return "it does not open";
        if (!unit_disk.left) {
            counts->recoveries++;
            if (unit_disk_boot((enum unit_disk_layout)chance(LAYOUTS)) || unit_disk.quarantines)
                return "the keeper found no sound disk after recovery";
        }
        unit_disk.left = UNIT_DISK_LASTS;
    }
    return model_open(store, 1) ? "it does not open" : NULL;
}

/* Both roots of a store that wipes say the same: the older one would know old directories' sums. */
static const char *older_root(const struct flat *store) {
    struct flat_root root[2];
    const struct volume_entry *entry = &unit_disk.keeper.catalogue.entry[0];

    if (!(store->root.flags & FLAT_WIPES) || !store->settled)
        return NULL;
    for (uint32_t i = 0; i < 2; i++)
        if (!volume_root_open((struct volume_root *)unit_disk.block[volume_code_block(1) + 1 + i],
                              (uint8_t *)&root[i], entry->id))
            return "a root is torn";
    return memcmp(&root[0], &root[1], sizeof(root[0])) ? "the older root knows what was" : NULL;
}

/* After a crash: the store shows the old or the new, and no trace of the other. *after: which. */
static const char *look(const struct model *before, const struct model_change *change,
                        struct flat *store, int *after, struct model_counts *counts) {
    const char *wrong = model_differs(before, store);
    const struct model *is = before;

    *after = 0;
    if (wrong) {
        wrong = model_differs(&change->after, store);
        is = &change->after;
        *after = 1;
    }
    counts->states++;
    counts->olds += !*after;
    counts->news += *after;
    if (!wrong && before->flags & FLAT_WIPES)
        wrong = model_traces(is);
    return wrong ? wrong : older_root(store);
}

/* The change, cut short at each step and laid out in each way. */
static const char *every_state(const struct model *model, const struct model_change *change,
                               struct flat *store, struct model_counts *counts) {
    const char *wrong = NULL;
    int after;

    unit_disk_mark();
    for (uint32_t step = 1, done = 0; !done; step++)
        for (int layout = 0; layout < LAYOUTS && !done; layout++) {
            unit_disk.left = step;
            model_do(store, change);
            done = unit_disk.left != 0;
            unit_disk.left = 0;
            if (!done)
                wrong = boot(store, (enum unit_disk_layout)layout, counts);
            if (!done && !wrong)
                wrong = look(model, change, store, &after, counts);
            if (wrong)
                return wrong;
            unit_disk_return();
            if (unit_disk_boot(LAYOUT_NONE) || model_open(store, 1))
                return "the disk did not come back";
        }
    return NULL;
}

const char *model_work(struct model *model, uint32_t rounds, uint32_t every, uint32_t units,
                       struct model_counts *counts) {
    static struct model_change change;
    static struct flat store;
    struct flat_root root;
    const char *wrong = NULL;
    int after = 1;

    unit_disk_make(units);
    flat_root_make(&root, model->flags);
    if (unit_disk_create("flat", 77, units - 2, NULL, 0, &root) != 1 || model_open(&store, 1))
        return "no store";
    for (uint32_t i = 0; i < rounds && !wrong; i++) {
        int answer, cut = !chance(4);

        model_choose(model, &change);
        /* The first ones too: then units are asked for. */
        if (every && (i < 3 || !chance(every)))
            wrong = every_state(model, &change, &store, counts);
        if (wrong)
            break;
        unit_disk.left = cut ? 1 + chance(20) : UNIT_DISK_LASTS;
        answer = model_do(&store, &change);
        counts->changes++;
        if (answer == FLAT_SPACE) {
            counts->refused++;
            wrong = store.broken ? "a refusal broke it" : model_differs(model, &store);
        } else if (!unit_disk.left) {
            /* Or it was no crash: the device failed, and what was written is still on its way. */
            unit_disk.left = UNIT_DISK_LASTS;
            if (chance(2))
                wrong = boot(&store, (enum unit_disk_layout)chance(LAYOUTS), counts);
            else if (model_open(&store, 1))
                wrong = "it does not open after a failure";
            if (!wrong && answer >= 0)
                wrong = model_differs(&change.after, &store);
            if (!wrong)
                wrong = look(model, &change, &store, &after, counts);
            if (!wrong && after)
                *model = change.after;
            /* The next change settles which of the two it is, for later crashes too. */
            if (!wrong && flat_trim(&store) < 0)
                wrong = "it does not go on";
        } else {
            *model = change.after;
            wrong = answer < 0 ? "it failed" : model_differs(model, &store);
            if (!wrong && unit_disk.pendings)
                wrong = "something is not durable";
            if (!wrong && model->flags & FLAT_WIPES)
                wrong = model_traces(model);
            if (!wrong)
                wrong = older_root(&store);
        }
        unit_disk.left = UNIT_DISK_LASTS;
        if (!wrong && !chance(10)) {
            wrong = flat_close(&store) ? "it does not close" : boot(&store, LAYOUT_NONE, counts);
            if (!wrong)
                wrong = model_differs(model, &store);
        }
        if (!wrong && unit_disk.crimes)
            wrong = "it did what the kernel refuses";
    }
    return wrong;
}
