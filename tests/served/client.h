/* client.h - what tests of the file server share: results in words, calls in a line */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SERVED_CLIENT_H
#define TESTS_SERVED_CLIENT_H
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "libexos/edge/start.h"
#include "libexos/files/files.h"

static struct files files;

static inline bool client_begin(void) {
    const struct exo_start *start = exo_start_block();

    return start && start->files && files_begin(&files, start->files) == 0;
}

static inline long client_open(const char *path, uint64_t flags) {
    files.page->attributes.mode = 0644;
    return files_path(&files, FILES_OPEN, path, flags);
}

static inline long client_call(enum files_op op, uint64_t a, uint64_t b, uint64_t c) {
    files.page->word[0] = a;
    files.page->word[1] = b;
    files.page->word[2] = c;
    return files_call(&files, op);
}

static inline long client_two(enum files_op op, const char *first, const char *second) {
    snprintf(files.page->path[1], FILES_PATH, "%s", second);
    return files_path(&files, op, first, 0);
}

static inline long client_mkdir(const char *path) {
    files.page->attributes.mode = 0755;
    return files_path(&files, FILES_MKDIR, path, 0);
}

static inline long client_let(exo_domain_t domain, const char *path, unsigned rights) {
    files.page->word[1] = rights;
    return files_path(&files, FILES_GRANT, path, domain);
}

/* A file of those bytes. 0 or an error. */
static inline long client_put(const char *path, const void *bytes, uint64_t length) {
    long handle = client_open(path, FILES_WRITES | FILES_CREATE | FILES_TRUNCATE), put = handle;

    if (handle >= 0) {
        put = files_write(&files, (uint64_t)handle, bytes, length, 0);
        client_call(FILES_CLOSE, (uint64_t)handle, 0, 0);
    }
    return put < 0 ? put : put == (long)length || handle < 0 ? 0 : LOGFS_ENOSPC;
}
#endif
