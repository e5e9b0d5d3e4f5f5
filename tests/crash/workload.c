/* workload.c - random operations on a volume, and the model of what they promise */
/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "workload.h"

enum {
    NAMES_MOST = 90,
    BYTES_MOST = 1800 << 10,
    CHURN_MOST = 2500 << 10,
    ANY = 0,
    PROFILES = 6,
    CHURN = 4,
    OVERWRITES = 5
};

static int64_t emptiest(uint32_t live, uint64_t age) {
    (void)age;
    return 2048 - (int64_t)live;
}

/* Small volumes would come to it late. */
static const struct logfs_policy always_holes = {"always holes", emptiest, 100, 32};

struct manner manner_of(uint64_t seed) {
    static const struct logfs_policy *const policies[] = {&logfs_cost_benefit, &logfs_greedy,
                                                          &always_holes};
    static const unsigned few[] = {0, 1, 4, 16};
    struct dice dice = dice_of(seed, 1);
    struct manner manner = {.seed = seed};

    manner.sectors = (roll(&dice, 4) ? 8u : 12u) << 11;
    manner.features = roll(&dice, 2) ? LOGFS_DATA_CHECKSUMS : 0;
    manner.cache_pages = roll(&dice, 2) ? 256 : 1024;
    manner.operations = 150 + (uint32_t)roll(&dice, 650);
    manner.profile = (uint32_t)roll(&dice, PROFILES);
    if (manner.profile == CHURN) { /* the log comes round soon, or is long between checkpoints */
        manner.sectors = (roll(&dice, 2) ? 8u : 20u) << 11;
        manner.cache_pages = 256;
    }
    if (manner.profile == OVERWRITES) /* what moved is soon more than is kept, or not */
        manner.sectors = (roll(&dice, 2) ? 8u : 24u) << 11;
    manner.policy = *policies[roll(&dice, 3)];
    if (roll(&dice, 2))
        manner.policy.summed_pages = few[roll(&dice, 4)];
    return manner;
}

static void say(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct run *run, const char *format, ...) {
    va_list words;

    if (!run->trace)
        return;
    va_start(words, format);
    fprintf(run->trace, "# %4u: ", run->model->operation);
    vfprintf(run->trace, format, words);
    fprintf(run->trace, " (events %u to %u)\n", run->model->begin[run->model->operation],
            run->record.count);
    va_end(words);
}

/* What an operation answered: may it, and did it happen? */
static int went(struct run *run, const char *what, long status, int may_lack_space) {
    if (status >= 0)
        return 1;
    if (status == LOGFS_ENOSPC && may_lack_space)
        run->pressed = 3;
    else if (!run->disk.failed && !run->fault[0])
        snprintf(run->fault, sizeof(run->fault), "operation %u: %s failed: %ld",
                 run->model->operation, what, status);
    return 0;
}

/* An entry of a type (ANY), or -1. */
static int pick(struct run *run, uint32_t type) {
    const struct model *model = run->model;
    unsigned start = model->names ? (unsigned)roll(&run->dice, model->names) : 0;

    for (unsigned i = 0; i < model->names; i++) {
        unsigned at = (start + i) % model->names;

        if (!type || model->name[at].type == type)
            return (int)at;
    }
    return -1;
}

static struct object *pick_file(struct run *run) {
    int at = pick(run, TYPE_FILE);

    return at < 0 ? NULL : run->model->object[run->model->name[at].inode];
}

static uint64_t pick_directory(struct run *run) {
    int at = roll(&run->dice, 3) ? pick(run, TYPE_DIRECTORY) : -1;

    return at < 0 ? LOGFS_ROOT : run->model->name[at].inode;
}

/* Is `inode` the directory `above`, or in it? */
static int is_below(const struct model *model, uint64_t inode, uint64_t above) {
    while (inode != above && inode != LOGFS_ROOT) {
        unsigned i = 0;

        while (i < model->names && model->name[i].inode != inode)
            i++;
        if (i == model->names)
            return 1;
        inode = model->name[i].directory;
    }
    return inode == above;
}

static int is_empty(const struct model *model, uint64_t directory) {
    for (unsigned i = 0; i < model->names; i++)
        if (model->name[i].directory == directory)
            return 0;
    return 1;
}

/* Few different ones, so that they meet; some are as long as can be. */
static size_t make_name(struct run *run, char *name) {
    unsigned number = (unsigned)roll(&run->dice, run->manner.profile == 2 ? 60 : 24);
    int length = snprintf(name, LOGFS_NAME_MOST + 1, "f%02u", number);

    if (number % 8 == 7) {
        memset(name + length, 'a' + (int)number % 26, LOGFS_NAME_MOST - (size_t)length);
        length = LOGFS_NAME_MOST - (int)(number / 8);
    }
    return (size_t)length;
}

static uint64_t bytes_in_all(const struct model *model) {
    uint64_t bytes = 0;

    for (unsigned i = 0; i < INODES; i++)
        if (model->object[i] && (model->object[i]->names || model->object[i]->holds))
            bytes += model->object[i]->size;
    return bytes;
}

static uint64_t some_length(struct run *run) {
    switch (roll(&run->dice, 8)) {
    case 0:
        return 1 + roll(&run->dice, 400);
    case 1:
        return 1 + roll(&run->dice, 1000);
    case 2:
        return LOGFS_PAGE;
    case 3:
        return 1 + roll(&run->dice, 6000);
    case 4:
        return LOGFS_PAGE * (1 + roll(&run->dice, 4));
    case 5:
        return 1 + roll(&run->dice, run->manner.profile ? 40000 : 8000);
    case 6:
        return 1 + roll(&run->dice, run->manner.profile == 1 ? 100000 : 20000);
    default:
        return LOGFS_PAGE * (1 + roll(&run->dice, run->manner.profile == 1 ? 40 : 10));
    }
}

static void write_at(struct run *run, struct object *object, uint64_t offset, uint64_t length) {
    static uint64_t bytes[FILE_MOST / 8 + 1];
    uint64_t word = mix(run->manner.seed ^ ++run->bytes_made);
    long wrote;

    if (offset >= FILE_MOST)
        return;
    length = length < FILE_MOST - offset ? length : FILE_MOST - offset;
    for (uint64_t i = 0; i * 8 < length; i++)
        bytes[i] = run->bytes_made % 16 ? word + i * 0x9e3779b97f4a7c15u : 0;
    wrote = logfs_write(run->fs, object->inode, bytes, length, offset);
    say(run, "write inode %llu, %llu bytes at %llu: %ld", (unsigned long long)object->inode,
        (unsigned long long)length, (unsigned long long)offset, wrote);
    if (went(run, "write", wrote, 1) && wrote > 0)
        model_bytes(run->model, object, bytes, (uint64_t)wrote, offset);
    else
        model_look_again(run->model, object, run->fs);
}

static void next_operation(struct run *run) {
    model_end(run->model, run->record.count);
    model_begin(run->model, run->record.count);
}

static void do_create(struct run *run) {
    struct logfs_attributes about = {.mode = TYPE_FILE | 0600, .uid = 1000};
    uint64_t directory = pick_directory(run), inode;
    char name[LOGFS_NAME_MOST + 1];
    size_t length = make_name(run, name);
    int there = model_find(run->model, directory, name, length);
    int status = logfs_create(run->fs, directory, name, length, &about, &inode);

    say(run, "create %.8s in %llu: %d, inode %llu", name, (unsigned long long)directory, status,
        (unsigned long long)(status ? 0 : inode));
    if (there >= 0 && status == LOGFS_EEXIST)
        return;
    if (went(run, "create", there >= 0 && !status ? LOGFS_EEXIST : status, 1)) {
        struct object *object =
            model_create(run->model, directory, name, length, inode, about.mode);

        if (roll(&run->dice, 3)) {
            next_operation(run);
            write_at(run, object, 0, some_length(run));
        }
    }
}

static void do_mkdir(struct run *run) {
    struct logfs_attributes about = {.mode = TYPE_DIRECTORY | 0755};
    uint64_t directory = pick_directory(run), inode;
    char name[LOGFS_NAME_MOST + 1];
    size_t length = make_name(run, name);
    int status;

    if (model_find(run->model, directory, name, length) >= 0)
        return;
    status = logfs_create(run->fs, directory, name, length, &about, &inode);
    say(run, "mkdir %.8s in %llu: %d, inode %llu", name, (unsigned long long)directory, status,
        (unsigned long long)(status ? 0 : inode));
    if (went(run, "mkdir", status, 1))
        model_create(run->model, directory, name, length, inode, about.mode);
}

static void do_symlink(struct run *run) {
    struct logfs_attributes about = {.mode = 0777};
    uint64_t directory = pick_directory(run), inode;
    char name[LOGFS_NAME_MOST + 1], target[900];
    size_t length = make_name(run, name), target_length = 1 + roll(&run->dice, sizeof(target));
    int status;

    if (model_find(run->model, directory, name, length) >= 0)
        return;
    memset(target, 'a' + (int)roll(&run->dice, 26), target_length);
    status = logfs_symlink(run->fs, directory, name, length, target, target_length, &about, &inode);
    say(run, "symlink %.8s in %llu: %d", name, (unsigned long long)directory, status);
    if (!went(run, "symlink", status, 1))
        return;
    struct object *object =
        model_create(run->model, directory, name, length, inode, TYPE_LINK | 0777);
    model_bytes(run->model, object, target, target_length, 0);
}

static void do_write(struct run *run) {
    struct object *object = pick_file(run);

    if (object)
        write_at(run, object, roll(&run->dice, object->size + 1), some_length(run));
}

static void do_overwrite(struct run *run) {
    struct object *object = pick_file(run);
    uint64_t pages = object ? object->size / LOGFS_PAGE : 0;

    if (pages)
        write_at(run, object, roll(&run->dice, pages) * LOGFS_PAGE, LOGFS_PAGE);
}

static void do_rewrite(struct run *run) {
    struct object *object = pick_file(run);

    if (object)
        write_at(run, object, 0, 100000 + roll(&run->dice, FILE_MOST - 100000));
}

static void do_append(struct run *run) {
    struct object *object = pick_file(run);

    if (object)
        write_at(run, object, object->size + (roll(&run->dice, 8) ? 0 : roll(&run->dice, 30000)),
                 some_length(run));
}

static void do_truncate(struct run *run) {
    struct object *object = pick_file(run);
    struct logfs_attributes to = {0};
    int status, shrinks;

    if (!object)
        return;
    to.size = roll(&run->dice, 3) ? roll(&run->dice, object->size + 1)
                                  : object->size + roll(&run->dice, 20000);
    to.size = to.size < FILE_MOST ? to.size : FILE_MOST;
    shrinks = to.size <= object->size;
    status = logfs_setattr(run->fs, object->inode, LOGFS_SET_SIZE, &to);
    say(run, "truncate inode %llu to %llu: %d", (unsigned long long)object->inode,
        (unsigned long long)to.size, status);
    if (went(run, "truncate", status, !shrinks))
        model_size(run->model, object, to.size);
    else
        model_look_again(run->model, object, run->fs);
}

static void do_punch(struct run *run) {
    struct object *object = pick_file(run);
    uint64_t from, length;
    int status;

    if (!object || !object->size)
        return;
    from = roll(&run->dice, object->size);
    length = 1 + roll(&run->dice, object->size - from);
    status = logfs_punch(run->fs, object->inode, from, length);
    say(run, "punch inode %llu, %llu bytes at %llu: %d", (unsigned long long)object->inode,
        (unsigned long long)length, (unsigned long long)from, status);
    if (went(run, "punch", status, 1))
        model_bytes(run->model, object, NULL, length, from);
    else
        model_look_again(run->model, object, run->fs);
}

static void do_chmod(struct run *run) {
    int at = pick(run, ANY);
    struct logfs_attributes to = {0};
    struct object *object;
    int status;

    if (at < 0 || run->model->name[at].type == TYPE_LINK)
        return;
    object = run->model->object[run->model->name[at].inode];
    to.mode = (object->mode & TYPE_MASK) | (uint32_t)roll(&run->dice, 01000);
    status = logfs_setattr(run->fs, object->inode, LOGFS_SET_MODE, &to);
    say(run, "chmod inode %llu to %o: %d", (unsigned long long)object->inode, to.mode, status);
    if (went(run, "chmod", status, 1))
        model_mode(run->model, object, to.mode);
}

static void do_rename(struct run *run) {
    struct model *model = run->model;
    int from = pick(run, ANY), to = roll(&run->dice, 2) ? pick(run, ANY) : -1, status;
    char name[LOGFS_NAME_MOST + 1];
    uint64_t directory;
    size_t length;

    if (from < 0)
        return;
    struct name was = model->name[from];
    if (to >= 0) { /* replaces it */
        directory = model->name[to].directory;
        length = model->name[to].length;
        memcpy(name, model->name[to].name, length);
    } else {
        directory = pick_directory(run);
        length = make_name(run, name);
        to = model_find(model, directory, name, length);
    }
    if (was.type == TYPE_DIRECTORY && is_below(model, directory, was.inode))
        return;
    if (to >= 0 && ((model->name[to].type == TYPE_DIRECTORY) != (was.type == TYPE_DIRECTORY) ||
                    !is_empty(model, model->name[to].inode)))
        return;
    if (to >= 0 && to != from && model->name[to].inode == was.inode)
        return;
    status = logfs_rename(run->fs, was.directory, was.name, was.length, directory, name, length, 0);
    say(run, "rename %.8s in %llu to %.*s in %llu%s: %d", was.name,
        (unsigned long long)was.directory, (int)(length < 8 ? length : 8), name,
        (unsigned long long)directory, to >= 0 ? ", replacing" : "", status);
    if (went(run, "rename", status, 1))
        model_move(model, (unsigned)from, directory, name, length);
}

static void do_exchange(struct run *run) {
    struct model *model = run->model;
    int one = pick(run, ANY), other = pick(run, ANY), status;

    if (one < 0 || one == other)
        return;
    struct name *a = &model->name[one], *b = &model->name[other];
    if (is_below(model, a->directory, b->inode) || is_below(model, b->directory, a->inode))
        return;
    status = logfs_rename(run->fs, a->directory, a->name, a->length, b->directory, b->name,
                          b->length, LOGFS_EXCHANGE);
    say(run, "exchange inodes %llu and %llu: %d", (unsigned long long)a->inode,
        (unsigned long long)b->inode, status);
    if (went(run, "exchange", status, 1))
        model_exchange(model, (unsigned)one, (unsigned)other);
}

static void do_link(struct run *run) {
    struct object *object = pick_file(run);
    uint64_t directory = pick_directory(run);
    char name[LOGFS_NAME_MOST + 1];
    size_t length = make_name(run, name);
    int status;

    if (!object || model_find(run->model, directory, name, length) >= 0)
        return;
    status = logfs_link(run->fs, object->inode, directory, name, length);
    say(run, "link inode %llu as %.8s in %llu: %d", (unsigned long long)object->inode, name,
        (unsigned long long)directory, status);
    if (went(run, "link", status, 1))
        model_link(run->model, directory, name, length, object->inode, TYPE_FILE);
}

static void do_unlink(struct run *run) {
    int at = pick(run, TYPE_FILE), status;

    if (at < 0 || !roll(&run->dice, 8))
        at = pick(run, TYPE_LINK);
    if (at < 0)
        return;
    const struct name *name = &run->model->name[at];
    struct object *object = run->model->object[name->inode];
    unsigned slot = (unsigned)roll(&run->dice, 16);

    if (slot < 4 && !run->held[slot] && !logfs_hold(run->fs, object->inode)) {
        run->held[slot] = object->inode;
        object->holds++;
    }
    status = logfs_unlink(run->fs, name->directory, name->name, name->length);
    say(run, "unlink %.8s in %llu, inode %llu: %d", name->name, (unsigned long long)name->directory,
        (unsigned long long)name->inode, status);
    if (went(run, "unlink", status, 0))
        model_unlink(run->model, (unsigned)at);
}

static void let_go(struct run *run, unsigned slot) {
    if (!run->held[slot])
        return;
    logfs_release(run->fs, run->held[slot]);
    say(run, "release inode %llu", (unsigned long long)run->held[slot]);
    run->model->object[run->held[slot]]->holds--;
    run->held[slot] = 0;
}

static void do_release(struct run *run) { let_go(run, (unsigned)roll(&run->dice, 4)); }

static void do_rmdir(struct run *run) {
    int at = pick(run, TYPE_DIRECTORY), status;

    if (at < 0 || !is_empty(run->model, run->model->name[at].inode))
        return;
    const struct name *name = &run->model->name[at];

    status = logfs_rmdir(run->fs, name->directory, name->name, name->length);
    say(run, "rmdir %.8s in %llu, inode %llu: %d", name->name, (unsigned long long)name->directory,
        (unsigned long long)name->inode, status);
    if (went(run, "rmdir", status, 0))
        model_unlink(run->model, (unsigned)at);
}

static void do_fsync(struct run *run) {
    int at = roll(&run->dice, 8) ? pick(run, TYPE_FILE) : pick(run, ANY);
    uint64_t inode = at < 0 ? LOGFS_ROOT : run->model->name[at].inode;
    int data = !roll(&run->dice, 4);
    int status = data ? logfs_fdatasync(run->fs, inode) : logfs_fsync(run->fs, inode);

    say(run, "%s inode %llu: %d", data ? "fdatasync" : "fsync", (unsigned long long)inode, status);
    if (went(run, "fsync", status, 0))
        model_promise(run->model, run->model->object[inode], run->record.count);
}

/* Some pages here and there, each durable before the next. */
static void do_overwrites(struct run *run) {
    struct object *object = pick_file(run);
    uint64_t pages = object ? object->size / LOGFS_PAGE : 0;

    for (uint64_t left = pages ? 1 + roll(&run->dice, 12) : 0; left && !run->pressed; left--) {
        int status;

        write_at(run, object, roll(&run->dice, pages) * LOGFS_PAGE,
                 LOGFS_PAGE * (1 + (roll(&run->dice, 4) ? 0 : roll(&run->dice, 3))));
        next_operation(run);
        status = logfs_fsync(run->fs, object->inode);
        say(run, "fsync inode %llu: %d", (unsigned long long)object->inode, status);
        if (went(run, "fsync", status, 0))
            model_promise(run->model, object, run->record.count);
        if (left > 1)
            next_operation(run);
    }
}

static void do_sync(struct run *run) {
    int whole = !roll(&run->dice, 3);
    int status = whole ? logfs_checkpoint(run->fs) : logfs_sync(run->fs);

    say(run, "%s: %d", whole ? "checkpoint" : "sync", status);
    if (went(run, "sync", status, 0))
        model_promise(run->model, NULL, run->record.count);
}

/* Making and deleting snapshots may fail at the end, when it is done but not yet durable. */
static int is_kept(struct run *run, const char *name) {
    struct logfs_entry entry;
    uint64_t cookie = 0;

    while (logfs_snapshot_next(run->fs, &cookie, &entry) == 1)
        if (entry.length == strlen(name) && !memcmp(entry.name, name, entry.length))
            return 1;
    return 0;
}

static void do_keep(struct run *run) {
    char name[16];
    int length = snprintf(name, sizeof(name), "k%llx.%u",
                          (unsigned long long)run->manner.seed & 0xffffff, ++run->kept_made);
    int status = logfs_snapshot_create(run->fs, name, (size_t)length);

    say(run, "snapshot %s: %d", name, status);
    if (went(run, "snapshot", status, 1) || is_kept(run, name))
        model_keep(run->model, name);
}

static void do_unkeep(struct run *run) {
    for (unsigned i = 0; i < run->model->kepts; i++) {
        struct kept *kept = &run->model->kept[i];
        int status;

        if (!kept->live)
            continue;
        status = logfs_snapshot_delete(run->fs, kept->name, strlen(kept->name));
        say(run, "delete snapshot %s: %d", kept->name, status);
        if (went(run, "deleting a snapshot", status, 0) || !is_kept(run, kept->name))
            model_unkeep(run->model, i);
        return;
    }
}

static void do_clean(struct run *run) {
    int status = logfs_clean(run->fs, 1 + (unsigned)roll(&run->dice, 2));

    say(run, "clean: %d", status);
    went(run, "clean", status, 1);
}

/* How often, by profile: small files, large ones, names, snapshots and cleaning, the same large
 * files again and again, single pages of a few files. */
static const struct {
    void (*call)(struct run *run);
    uint8_t often[PROFILES];
} operations[] = {
    {do_create, {12, 6, 14, 8, 4, 5}},  {do_mkdir, {2, 1, 8, 2, 1, 1}},
    {do_symlink, {2, 1, 4, 1, 1, 0}},   {do_write, {14, 16, 4, 12, 2, 4}},
    {do_overwrite, {6, 8, 1, 8, 8, 6}}, {do_rewrite, {0, 1, 0, 1, 30, 3}},
    {do_append, {10, 12, 3, 8, 0, 6}},  {do_truncate, {5, 4, 2, 4, 1, 7}},
    {do_punch, {2, 2, 1, 2, 1, 5}},     {do_chmod, {3, 1, 4, 1, 6, 1}},
    {do_rename, {8, 3, 16, 4, 2, 1}},   {do_exchange, {2, 1, 5, 1, 1, 1}},
    {do_link, {4, 1, 8, 2, 1, 1}},      {do_unlink, {7, 4, 9, 5, 2, 2}},
    {do_release, {3, 2, 3, 2, 2, 1}},   {do_rmdir, {2, 1, 6, 1, 0, 0}},
    {do_fsync, {24, 10, 12, 8, 4, 6}},  {do_overwrites, {0, 0, 0, 0, 0, 20}},
    {do_sync, {4, 3, 4, 3, 1, 2}},      {do_keep, {1, 1, 1, 6, 0, 3}},
    {do_unkeep, {1, 1, 1, 6, 0, 3}},    {do_clean, {1, 2, 1, 8, 1, 4}},
};
enum { KINDS = sizeof(operations) / sizeof(operations[0]) };

static void one_operation(struct run *run) {
    unsigned total = 0, at = 0;
    uint64_t rolled;

    if (run->pressed || bytes_in_all(run->model) > run->bytes_most ||
        run->model->names > NAMES_MOST) {
        run->pressed -= run->pressed > 0;
        if (run->pressed == 2)
            do_unkeep(run);
        else
            do_unlink(run);
        return;
    }
    for (unsigned i = 0; i < KINDS; i++)
        total += operations[i].often[run->manner.profile];
    rolled = roll(&run->dice, total);
    while (rolled >= operations[at].often[run->manner.profile])
        rolled -= operations[at++].often[run->manner.profile];
    operations[at].call(run);
}

int run_format(const struct manner *manner, struct image *blank, char fault[FAULT_ROOM]) {
    struct logfs_format format = {
        .label = "crash", .id = mix(manner->seed) | 1, .features = manner->features};
    struct memory memory;
    struct disk disk;
    int status;

    memory_init(&memory, manner->cache_pages);
    disk_init(&disk, manner->sectors, NULL, NULL);
    status = logfs_format(&disk.device, &memory.host, &format);
    if (status || disk.unflushed || memory.pages || memory.bytes)
        snprintf(fault, FAULT_ROOM, "formatting: %d, %llu writes not flushed, %ld pages kept",
                 status, (unsigned long long)disk.unflushed, memory.pages);
    image_sink(&disk.durable, blank);
    image_sink(&disk.now, blank);
    disk_free(&disk);
    return status;
}

int run_start(struct run *run, const struct manner *manner, const struct image *below,
              struct trouble trouble, FILE *trace) {
    int status;

    *run = (struct run){.manner = *manner, .trace = trace, .dice = dice_of(manner->seed, 2)};
    memory_init(&run->memory, manner->cache_pages);
    disk_init(&run->disk, manner->sectors, below, &run->record);
    status = logfs_mount(&run->disk.device, &run->memory.host, 0, &run->fs);
    if (status) {
        run->fs = NULL;
        snprintf(run->fault, sizeof(run->fault), "mounting for a workload: %d", status);
        return -1;
    }
    run->bytes_most = manner->profile == CHURN ? CHURN_MOST : BYTES_MOST;
    if (trace)
        fprintf(trace, "# %llu MiB, %spages in cache %u, profile %u, policy %s, %u pages summed\n",
                (unsigned long long)manner->sectors >> 11,
                manner->features ? "checksums of data, " : "", manner->cache_pages, manner->profile,
                manner->policy.name, manner->policy.summed_pages);
    run->watch = trace && getenv("WATCH");
    logfs_set_policy(run->fs, &run->manner.policy);
    run->model = model_of(run->fs, run->fault);
    run->disk.trouble = trouble;
    return run->model ? 0 : -1;
}

/* For those who look for the reason: where the content is not as it should be. */
static void say_difference(struct run *run) {
    static uint8_t bytes[FILE_MOST];

    for (unsigned i = 0; run->trace && i < INODES; i++) {
        const struct object *object = run->model->object[i];
        uint64_t at = 0;

        if (!object || !object->names || (object->mode & TYPE_MASK) != TYPE_FILE)
            continue;
        memset(bytes, 0, sizeof(bytes));
        (void)logfs_read(run->fs, i, bytes, sizeof(bytes), 0);
        while (at < object->size && bytes[at] == object->bytes[at])
            at++;
        if (at < object->size)
            fprintf(run->trace, "# inode %u differs from byte %llu: %02x instead of %02x\n", i,
                    (unsigned long long)at, bytes[at], object->bytes[at]);
    }
}

static void tell(void *context, const char *line) { fprintf(context, "# check: %s\n", line); }

static void look(struct run *run) {
    uint64_t kept;
    char fault[FAULT_ROOM];

    if (run->watch)
        (void)logfs_check(run->fs, tell, run->trace);

    if (!run->disk.failed && !run->fault[0] &&
        model_check(run->model, run->fs, MODEL_NOW, &run->survey, &kept, fault)) {
        say_difference(run);
        snprintf(run->fault, sizeof(run->fault), "before any crash, after operation %u: %.200s",
                 run->model->operation, fault);
    }
}

static void say_counts(struct run *run) {
    struct logfs_counts counts;
    struct logfs_statfs space;

    logfs_count(run->fs, &counts);
    if (run->trace && !logfs_statfs(run->fs, &space))
        fprintf(run->trace,
                "# %llu KiB written in %llu batches and %llu checkpoints; %llu segments cleaned; "
                "%llu of %llu sectors free\n",
                (unsigned long long)counts.written_sectors / 2, (unsigned long long)counts.batches,
                (unsigned long long)counts.checkpoints, (unsigned long long)counts.cleaned,
                (unsigned long long)space.free, (unsigned long long)space.sectors);
    for (uint32_t i = 0, live, state; run->trace && i < space.segments; i++)
        if (!logfs_segment(run->fs, i, &live, &state))
            fprintf(run->trace, "# segment %u: %.5s, %u live\n", i,
                    "free\0used\0log\0\0waits\0fixed" + 5 * state, live);
}

int run_operations(struct run *run, unsigned count) {
    int status;

    for (unsigned i = 0; i < count && !run->fault[0]; i++) {
        model_begin(run->model, run->record.count);
        one_operation(run);
        model_end(run->model, run->record.count);
        if (i % 64 == 63 || run->watch)
            look(run);
    }
    look(run);
    say_counts(run);
    model_begin(run->model, run->record.count);
    for (unsigned slot = 0; slot < 4; slot++)
        let_go(run, slot);
    status = logfs_unmount(run->fs);
    run->fs = NULL;
    say(run, "unmount: %d", status);
    if (went(run, "unmount", status, 0))
        model_promise(run->model, NULL, run->record.count);
    model_end(run->model, run->record.count);
    if (!run->fault[0] && (run->memory.pages || run->memory.bytes))
        snprintf(run->fault, sizeof(run->fault), "%ld pages and %ld bytes were not given back",
                 run->memory.pages, run->memory.bytes);
    return run->fault[0] ? -1 : 0;
}

void run_free(struct run *run) {
    if (run->fs)
        logfs_abandon(run->fs);
    if (run->model)
        model_free(run->model);
    survey_free(&run->survey);
    disk_free(&run->disk);
    record_free(&run->record);
}
