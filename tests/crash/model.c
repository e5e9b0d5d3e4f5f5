/* model.c - what a volume must hold: every version of every name and page, and what was promised */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"

static void *must(void *memory) {
    if (!memory)
        abort();
    return memory;
}

static void history_add(struct history *history, uint32_t operation, uint64_t value) {
    /* What counts is how an operation left it. */
    if (history->count && history->version[history->count - 1].operation == operation)
        free(history->version[--history->count].page);
    if (history->count == history->room) {
        history->room = history->room ? 2 * history->room : 4;
        history->version =
            must(realloc(history->version, history->room * sizeof(*history->version)));
    }
    history->version[history->count++] = (struct version){operation, value, NULL};
}

/* Was it so at `from`, or at any time after it up to `to`? */
static int history_allows(const struct history *history, uint64_t before, uint32_t from,
                          uint32_t to, uint64_t value) {
    for (uint32_t i = history->count; i-- > 0;) {
        const struct version *version = &history->version[i];

        if (version->operation > to)
            continue;
        if (version->value == value)
            return 1;
        if (version->operation <= from)
            return 0;
    }
    return value == before;
}

/* A long write grows a file in steps of pages. */
static int history_allows_step(const struct history *history, uint32_t from, uint32_t to,
                               uint64_t value) {
    for (uint32_t i = history->count; i-- > 1 && value % LOGFS_PAGE == 0;) {
        const struct version *version = &history->version[i];

        if (version->operation > from && version->operation <= to && version->value > value &&
            history->version[i - 1].value < value)
            return 1;
    }
    return 0;
}

/* A page that a file ends in: its bytes may be those of one version, and the end of another. */
static int history_allows_cut(const struct history *history, uint32_t from, uint32_t to,
                              uint64_t size, uint64_t value) {
    for (uint32_t i = history->count; i-- > 0;) {
        const struct version *version = &history->version[i];

        if (version->operation > to)
            continue;
        if (sum_page(version->page, size) == value)
            return 1;
        if (version->operation <= from)
            return 0;
    }
    return 0;
}

/* The newest promise that was kept when so many events had been. */
static uint32_t history_promise(const struct history *history, uint32_t events) {
    for (uint32_t i = history->count; i-- > 0;)
        if (history->version[i].value <= events)
            return history->version[i].operation;
    return 0;
}

static uint64_t sum_zeros(void) {
    static uint64_t sum;

    if (!sum)
        sum = sum_page("", 0);
    return sum;
}

void model_begin(struct model *model, uint32_t events) {
    if (++model->operation == OPERATIONS)
        abort();
    model->begin[model->operation] = events;
}

void model_end(struct model *model, uint32_t events) {
    model->end[model->operation] = events;
    model->sum[model->operation] = model->name_sum + model->kept_sum;
}

static struct object *object_new(struct model *model, uint64_t inode, uint32_t mode) {
    struct object *object = must(calloc(1, sizeof(*object)));

    if (inode >= INODES || model->object[inode])
        abort();
    model->object[inode] = object;
    object->inode = inode;
    object->mode = mode;
    history_add(&object->modes, model->operation, mode);
    history_add(&object->sizes, model->operation, 0);
    if ((mode & TYPE_MASK) != TYPE_DIRECTORY)
        object->bytes = must(calloc(1, FILE_MOST));
    return object;
}

static uint64_t name_sum(const struct name *name) {
    return sum_name(name->directory, name->name, name->length, name->inode, name->type);
}

void model_link(struct model *model, uint64_t directory, const char *name, size_t length,
                uint64_t inode, uint32_t type) {
    struct name *new = &model->name[model->names++];

    if (model->names > ENTRIES)
        abort();
    *new = (struct name){directory, inode, type, (uint32_t)length, {0}};
    memcpy(new->name, name, length);
    model->object[inode]->names++;
    model->name_sum += name_sum(new);
}

struct object *model_create(struct model *model, uint64_t directory, const char *name,
                            size_t length, uint64_t inode, uint32_t mode) {
    struct object *object = object_new(model, inode, mode);

    model_link(model, directory, name, length, inode, mode & TYPE_MASK);
    return object;
}

void model_unlink(struct model *model, unsigned which) {
    struct name *name = &model->name[which];

    model->name_sum -= name_sum(name);
    model->object[name->inode]->names--;
    *name = model->name[--model->names];
}

void model_move(struct model *model, unsigned which, uint64_t directory, const char *name,
                size_t length) {
    struct name was = model->name[which];
    int other = model_find(model, directory, name, length);

    /* Two names of one file: Linux does nothing. */
    if (other >= 0 && model->name[other].inode == was.inode)
        return;
    if (other >= 0)
        model_unlink(model, (unsigned)other);
    model_unlink(model, (unsigned)model_find(model, was.directory, was.name, was.length));
    model_link(model, directory, name, length, was.inode, was.type);
}

void model_exchange(struct model *model, unsigned one, unsigned other) {
    struct name *a = &model->name[one], *b = &model->name[other], was = *a;

    model->name_sum -= name_sum(a) + name_sum(b);
    a->inode = b->inode;
    a->type = b->type;
    b->inode = was.inode;
    b->type = was.type;
    model->name_sum += name_sum(a) + name_sum(b);
}

int model_find(const struct model *model, uint64_t directory, const char *name, size_t length) {
    for (unsigned i = 0; i < model->names; i++) {
        const struct name *at = &model->name[i];

        if (at->directory == directory && at->length == length && !memcmp(at->name, name, length))
            return (int)i;
    }
    return -1;
}

static void pages_changed(struct model *model, struct object *object, uint64_t from, uint64_t end) {
    for (uint64_t i = from / LOGFS_PAGE; i * LOGFS_PAGE < end; i++) {
        struct history *page = &object->pages[i];
        uint64_t was = page->count ? page->version[page->count - 1].value : sum_zeros();
        uint64_t is = sum_bytes(object->bytes + i * LOGFS_PAGE, LOGFS_PAGE);

        if (is == was)
            continue;
        history_add(page, model->operation, is);
        page->version[page->count - 1].page = must(malloc(LOGFS_PAGE));
        memcpy(page->version[page->count - 1].page, object->bytes + i * LOGFS_PAGE, LOGFS_PAGE);
    }
}

void model_bytes(struct model *model, struct object *object, const void *bytes, uint64_t length,
                 uint64_t offset) {
    if (bytes)
        memcpy(object->bytes + offset, bytes, length);
    else
        memset(object->bytes + offset, 0, length);
    pages_changed(model, object, offset, offset + length);
    if (bytes && length && offset + length > object->size)
        model_size(model, object, offset + length);
}

void model_size(struct model *model, struct object *object, uint64_t size) {
    if (size < object->size) {
        memset(object->bytes + size, 0, object->size - size);
        pages_changed(model, object, size, object->size);
    }
    object->size = size;
    history_add(&object->sizes, model->operation, size);
}

void model_mode(struct model *model, struct object *object, uint32_t mode) {
    object->mode = mode;
    history_add(&object->modes, model->operation, mode);
}

void model_look_again(struct model *model, struct object *object, struct logfs *fs) {
    int is_link = (object->mode & TYPE_MASK) == TYPE_LINK;
    uint64_t was = object->size;
    struct logfs_attributes about;

    if (logfs_getattr(fs, object->inode, &about) || about.size > FILE_MOST ||
        (is_link
             ? logfs_readlink(fs, object->inode, (char *)object->bytes, FILE_MOST)
             : logfs_read(fs, object->inode, object->bytes, FILE_MOST, 0)) != (long)about.size) {
        object->unknown = 1;
        return;
    }
    if (about.size < was)
        memset(object->bytes + about.size, 0, was - about.size);
    model_size(model, object, about.size);
    pages_changed(model, object, 0, about.size > was ? about.size : was);
}

static void object_sum(const struct object *object, uint64_t *contents) {
    uint64_t pages[FILE_PAGES];

    for (uint64_t i = 0; i * LOGFS_PAGE < object->size; i++)
        pages[i] = sum_bytes(object->bytes + i * LOGFS_PAGE, LOGFS_PAGE);
    *contents += sum_file(object->inode, object->size, object->mode, pages);
}

void model_keep(struct model *model, const char *name) {
    struct kept *kept = &model->kept[model->kepts++];

    if (model->kepts > SNAPSHOTS)
        abort();
    *kept = (struct kept){.names = model->name_sum, .live = 1};
    snprintf(kept->name, sizeof(kept->name), "%s", name);
    for (unsigned i = 0; i < INODES; i++) {
        const struct object *object = model->object[i];

        if (!object || !object->names || i == LOGFS_ROOT)
            continue;
        object_sum(object, &kept->contents);
        kept->unknown |= object->unknown;
    }
    model->kept_sum += sum_snapshot(kept->name, strlen(kept->name));
}

void model_unkeep(struct model *model, unsigned which) {
    struct kept *kept = &model->kept[which];

    kept->live = 0;
    model->kept_sum -= sum_snapshot(kept->name, strlen(kept->name));
}

void model_promise(struct model *model, struct object *object, uint32_t events) {
    history_add(&model->promised, model->operation, events);
    history_add(object ? &object->promised : &model->promised_all, model->operation, events);
}

static int object_check(const struct model *model, const struct object *object,
                        const struct seen *seen, uint32_t events, uint32_t current,
                        char fault[FAULT_ROOM]) {
    uint32_t since = current, all;

    if (model->damage) {
        since = 0;
    } else if (events != MODEL_NOW) {
        since = history_promise(&object->promised, events);
        all = history_promise(&model->promised_all, events);
        since = all > since ? all : since;
    }
    if (!history_allows(&object->modes, 0, since, current, seen->mode))
        return snprintf(fault, FAULT_ROOM, "inode %llu: mode %o, not one since operation %u",
                        (unsigned long long)object->inode, seen->mode, since);
    if ((object->mode & TYPE_MASK) == TYPE_DIRECTORY || object->unknown)
        return 0;
    if (!history_allows(&object->sizes, 0, since, current, seen->size) &&
        !history_allows_step(&object->sizes, since, current, seen->size))
        return snprintf(
            fault, FAULT_ROOM, "inode %llu: %llu bytes, not a size since operation %u (now %u)",
            (unsigned long long)object->inode, (unsigned long long)seen->size, since, current);
    for (uint64_t i = 0; i * LOGFS_PAGE < seen->size && model->damage != MODEL_BLIND; i++) {
        const struct history *page = &object->pages[i];
        uint64_t left = seen->size - i * LOGFS_PAGE, sum = seen->pages[i];

        if (!history_allows(page, sum_zeros(), since, current, sum) &&
            (left >= LOGFS_PAGE || !history_allows_cut(page, since, current, left, sum)))
            return snprintf(fault, FAULT_ROOM,
                            "inode %llu of %llu bytes: page %llu%s is no version since operation "
                            "%u (now %u)",
                            (unsigned long long)object->inode, (unsigned long long)seen->size,
                            (unsigned long long)i, sum == sum_zeros() ? " (zeros)" : "", since,
                            current);
    }
    return 0;
}

struct kept_check {
    const struct model *model;
    char *fault;
};

static int kept_check(void *context, const char *name, size_t length, const struct survey *survey) {
    struct kept_check *check = context;

    for (unsigned i = 0; i < check->model->kepts; i++) {
        const struct kept *kept = &check->model->kept[i];

        if (strlen(kept->name) != length || memcmp(kept->name, name, length) || kept->unknown)
            continue;
        if (kept->names != survey->names)
            return snprintf(check->fault, FAULT_ROOM, "snapshot %s: its names have changed",
                            kept->name);
        if (kept->contents != survey->contents && check->model->damage != MODEL_BLIND)
            return snprintf(check->fault, FAULT_ROOM, "snapshot %s: its contents have changed",
                            kept->name);
    }
    return 0;
}

int model_check(const struct model *model, struct logfs *fs, uint32_t events, struct survey *survey,
                uint64_t *kept_sum, char fault[FAULT_ROOM]) {
    struct kept_check check = {model, fault};
    uint32_t current = model->operation, since = current, at;
    int status = survey_take(survey, fs);

    *kept_sum = 0;
    if (status)
        memcpy(fault, survey->fault, FAULT_ROOM);
    else
        status = survey_snapshots(fs, kept_sum, kept_check, &check, fault);
    if (status)
        return status;
    if (events != MODEL_NOW) {
        while (current && model->begin[current] >= events)
            current--;
        since = model->damage ? 0 : history_promise(&model->promised, events);
        current = current > since ? current : since;
    }
    for (at = current; at > since && model->sum[at] != survey->names + *kept_sum;)
        at--;
    if (model->sum[at] != survey->names + *kept_sum) {
        snprintf(fault, FAULT_ROOM, "the names are as at no time from operation %u to %u", since,
                 current);
        return SURVEY_CONTRADICTS;
    }
    for (uint32_t i = 0; i < survey->files; i++) {
        const struct seen *seen = &survey->file[i];

        if (!model->object[seen->inode]) {
            snprintf(fault, FAULT_ROOM, "inode %llu never was", (unsigned long long)seen->inode);
            return SURVEY_CONTRADICTS;
        }
        if (object_check(model, model->object[seen->inode], seen, events, current, fault))
            return SURVEY_CONTRADICTS;
    }
    return 0;
}

static int kept_scan(void *context, const char *name, size_t length, const struct survey *survey) {
    struct model *model = context;
    struct kept *kept = &model->kept[model->kepts++];

    *kept = (struct kept){.names = survey->names, .contents = survey->contents, .live = 1};
    snprintf(kept->name, sizeof(kept->name), "%.*s", (int)length, name);
    return 0;
}

static void scan_directory(struct model *model, struct logfs *fs, const struct survey *survey,
                           uint64_t directory) {
    struct logfs_entry entry;
    uint64_t cookie = 0;

    while (logfs_readdir(fs, directory, &cookie, &entry) == 1) {
        const struct seen *seen = &survey->file[survey->at[entry.inode] - 1];
        struct object *object = model->object[entry.inode];

        if (!object) {
            object = object_new(model, entry.inode, seen->mode);
            if (entry.type != TYPE_DIRECTORY)
                model_look_again(model, object, fs);
        }
        model_link(model, directory, entry.name, entry.length, entry.inode, entry.type);
        if (entry.type == TYPE_DIRECTORY)
            scan_directory(model, fs, survey, entry.inode);
    }
}

struct model *model_of(struct logfs *fs, char fault[FAULT_ROOM]) {
    static struct survey survey;
    struct model *model = must(calloc(1, sizeof(*model)));

    if (survey_take(&survey, fs)) {
        memcpy(fault, survey.fault, FAULT_ROOM);
        model_free(model);
        return NULL;
    }
    if (survey_snapshots(fs, &model->kept_sum, kept_scan, model, fault)) {
        model_free(model);
        return NULL;
    }
    object_new(model, LOGFS_ROOT, TYPE_DIRECTORY | 0755)->names = 1;
    scan_directory(model, fs, &survey, LOGFS_ROOT);
    model->sum[0] = model->name_sum + model->kept_sum;
    return model;
}

static void history_free(struct history *history) {
    for (uint32_t i = 0; i < history->count; i++)
        free(history->version[i].page);
    free(history->version);
}

void model_free(struct model *model) {
    for (unsigned i = 0; i < INODES; i++) {
        struct object *object = model->object[i];

        if (!object)
            continue;
        for (unsigned page = 0; page < FILE_PAGES; page++)
            history_free(&object->pages[page]);
        history_free(&object->sizes);
        history_free(&object->modes);
        history_free(&object->promised);
        free(object->bytes);
        free(object);
    }
    history_free(&model->promised);
    history_free(&model->promised_all);
    free(model);
}
