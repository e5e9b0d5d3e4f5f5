/* exercise.c - random work on files, each answer compared with a model in memory */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/files/exercise.h"

enum { DIRS = 4, NAMES = 24, FILES = NAMES, LIMIT = 1 << 20 };

struct file {
    uint8_t *bytes; /* LIMIT of them; zero from `size` on */
    uint64_t size;
    unsigned links;
};
static struct file files[FILES];
static struct file *named[NAMES]; /* NULL: nothing has this name */
static const struct exercise_place *place;
static uint64_t state;
static unsigned step;
static const char *doing;

static uint64_t draw(uint64_t bound) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state % bound;
}

static const char *path_of(unsigned name) {
    static char paths[2][32];
    static unsigned turn;
    char *path = paths[turn++ % 2];

    snprintf(path, sizeof(paths[0]), "d%u/f%u", name % DIRS, name / DIRS);
    return path;
}

static int differs(const char *path, const char *what, long answer) {
    printf("# step %u, %s %s: %s (%ld)\n", step, doing, path, what, answer);
    return 1;
}

/* A place in a file and a length there: small and large, at edges and anywhere. */
static void draw_range(const struct file *file, uint64_t *offset, uint64_t *length) {
    static const uint32_t grain[] = {1, 512, 4096};
    uint64_t unit = grain[draw(3)], most = draw(4) ? 16384 : 262144;

    *offset = draw(3) ? draw(file->size + 1) : draw(LIMIT);
    *offset -= *offset % unit;
    *length = 1 + draw(draw(3) ? most : 600);
    if (unit > 1)
        *length += unit - *length % unit;
    if (*offset >= LIMIT)
        *offset = LIMIT - 1;
    if (*length > LIMIT - *offset)
        *length = LIMIT - *offset;
}

static int content_differs(unsigned name, uint64_t offset, uint64_t length) {
    static uint8_t got[LIMIT];
    const struct file *file = named[name];
    uint64_t due = offset >= file->size ? 0 : file->size - offset;
    long answer = place->read(path_of(name), got, length, offset);

    if (due > length)
        due = length;
    if (answer < 0 || (uint64_t)answer != due)
        return differs(path_of(name), "wrong count of bytes read", answer);
    for (uint64_t i = 0; i < due; i++)
        if (got[i] != file->bytes[offset + i])
            return differs(path_of(name), "wrong byte at", (long)(offset + i));
    return 0;
}

static int attributes_differ(unsigned name) {
    unsigned links = 0;
    long size = place->size(path_of(name), &links);

    if (!named[name])
        return size != -ENOENT ? differs(path_of(name), "is there but should not be", size) : 0;
    if (size < 0 || (uint64_t)size != named[name]->size)
        return differs(path_of(name), "wrong size", size);
    return links != named[name]->links ? differs(path_of(name), "wrong count of links", links) : 0;
}

static int all_differs(void) {
    for (unsigned name = 0; name < NAMES; name++)
        if (attributes_differ(name) || (named[name] && content_differs(name, 0, LIMIT)))
            return 1;
    for (unsigned dir = 0; dir < DIRS; dir++) {
        char path[8];
        long due = 0, answer;

        snprintf(path, sizeof(path), "d%u", dir);
        for (unsigned name = dir; name < NAMES; name += DIRS)
            due += named[name] != NULL;
        answer = place->entries(path);
        if (answer != due)
            return differs(path, "wrong count of entries", answer);
    }
    return 0;
}

static void forget(unsigned name) {
    if (named[name])
        named[name]->links--;
    named[name] = NULL;
}

static struct file *fresh(void) {
    struct file *file = files;

    while (file->links)
        file++;
    memset(file->bytes, 0, LIMIT);
    file->size = 0;
    return file;
}

static int write_some(unsigned name) {
    static uint8_t bytes[LIMIT];
    struct file *file = named[name];
    uint64_t offset, length;
    long answer;

    draw_range(file, &offset, &length);
    for (uint64_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(step * 31 + i + (i >> 8));
    answer = place->write(path_of(name), bytes, length, offset);
    if (answer == -ENOSPC)
        return -ENOSPC;
    if (answer <= 0 || (uint64_t)answer > length)
        return differs(path_of(name), "wrong answer", answer);
    memcpy(file->bytes + offset, bytes, (size_t)answer);
    if (offset + (uint64_t)answer > file->size)
        file->size = offset + (uint64_t)answer;
    return content_differs(name, offset ? offset - 1 : 0, (uint64_t)answer + 2);
}

static int truncate_to(unsigned name) {
    struct file *file = named[name];
    uint64_t size = draw(3) ? draw(file->size + 1) : draw(LIMIT);
    long answer = place->truncate(path_of(name), size);

    if (answer)
        return answer == -ENOSPC ? -ENOSPC : differs(path_of(name), "wrong answer", answer);
    if (size < file->size)
        memset(file->bytes + size, 0, file->size - size);
    file->size = size;
    return attributes_differ(name) || content_differs(name, size > 5000 ? size - 5000 : 0, 6000);
}

static int rename_to(unsigned from, unsigned to) {
    long answer = place->rename(path_of(from), path_of(to));
    struct file *file = named[from];

    if (answer)
        return answer == -ENOSPC ? -ENOSPC : differs(path_of(from), "wrong answer", answer);
    if (file != named[to]) { /* two names of one file: nothing happens */
        forget(to);
        named[to] = file;
        named[from] = NULL;
    }
    return attributes_differ(from) || attributes_differ(to);
}

static int link_to(unsigned from, unsigned to) {
    long answer = place->link(path_of(from), path_of(to));

    if (named[to])
        return answer != -EEXIST ? differs(path_of(to), "should be in the way", answer) : 0;
    if (answer)
        return answer == -ENOSPC ? -ENOSPC : differs(path_of(to), "wrong answer", answer);
    named[to] = named[from];
    named[to]->links++;
    return attributes_differ(to);
}

static int create_one(unsigned name) {
    long answer = place->create(path_of(name));

    if (answer)
        return answer == -ENOSPC ? -ENOSPC : differs(path_of(name), "wrong answer", answer);
    named[name] = fresh();
    named[name]->links = 1;
    return attributes_differ(name);
}

static int unlink_one(unsigned name) {
    long answer = place->unlink(path_of(name));

    forget(name);
    return answer ? differs(path_of(name), "wrong answer", answer) : attributes_differ(name);
}

/* One operation: 0 right, -ENOSPC refused for want of room, else it differs. */
static int one(void) {
    unsigned name = (unsigned)draw(NAMES), other = (unsigned)draw(NAMES),
             kind = (unsigned)draw(100);

    if (!named[name])
        return doing = "create", create_one(name);
    if (kind < 40)
        return doing = "write", write_some(name);
    if (kind < 60) {
        uint64_t offset, length;

        doing = "read";
        draw_range(named[name], &offset, &length);
        return content_differs(name, offset, length);
    }
    if (kind < 72)
        return doing = "truncate", truncate_to(name);
    if (kind < 78)
        return doing = "rename", rename_to(name, other);
    if (kind < 82)
        return doing = "link", link_to(name, other);
    if (kind < 89)
        return doing = "unlink", unlink_one(name);
    if (kind < 95)
        return doing = "fsync", (int)place->fsync(path_of(name));
    if (kind < 97)
        return doing = "sync", (int)place->sync();
    if (kind < 99 && place->remount) {
        doing = "remount";
        return place->remount() ? differs("", "no mount", 0) : all_differs();
    }
    return doing = "look at all", all_differs();
}

static int begin_and_end(int end) {
    for (unsigned dir = 0; dir < DIRS; dir++) {
        char path[8];
        long answer;

        snprintf(path, sizeof(path), "d%u", dir);
        doing = end ? "rmdir" : "mkdir";
        answer = end ? place->rmdir(path) : place->mkdir(path);
        if (answer)
            return differs(path, "wrong answer", answer);
    }
    return 0;
}

int exercise(const struct exercise_place *chosen, uint64_t seed, unsigned rounds, int may_fill) {
    int bad;

    place = chosen;
    state = seed * 0x9e3779b97f4a7c15u + 1;
    for (unsigned i = 0; i < FILES; i++)
        files[i].bytes = files[i].bytes ? files[i].bytes : malloc(LIMIT);
    bad = begin_and_end(0);
    for (step = 1; step <= rounds && !bad; step++) {
        bad = one();
        if (bad == -ENOSPC)
            bad = may_fill ? 0 : differs("", "no room", bad);
        else if (bad < 0)
            bad = differs("", "refused", bad);
    }
    bad = bad || all_differs();
    for (unsigned name = 0; name < NAMES && !bad; name++)
        bad = named[name] ? unlink_one(name) : 0;
    for (unsigned name = 0; name < NAMES; name++)
        forget(name);
    bad = bad || begin_and_end(1);
    for (unsigned i = 0; i < FILES; i++) {
        free(files[i].bytes);
        files[i].bytes = NULL;
    }
    return bad != 0;
}
