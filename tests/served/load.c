/* load.c - load SEED COUNT: works on files of /load; each operation is told when it is durable */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "client.h"
#include "load.h"

static struct load load;
static uint64_t bytes[LOAD_BLOCKS * LOAD_BLOCK / 8];

static void must(long result, const char *what) {
    if (result >= 0)
        return;
    printf("load: operation %llu: %s: %s\n", (unsigned long long)load.done + 1, what,
           strerror((int)-result));
    exit(1);
}

static const char *path_of(uint32_t file) {
    static char path[32];

    snprintf(path, sizeof path, file == LOAD_NOTE ? "/load/note" : "/load/file%u", (unsigned)file);
    return path;
}

/* Writes blocks that bear n. The handle. */
static uint64_t put(const char *path, uint64_t flags, uint64_t n, uint32_t first, uint32_t count) {
    uint64_t length = (uint64_t)count * LOAD_BLOCK;
    long handle = client_open(path, FILES_WRITES | flags), put;

    must(handle, path);
    for (uint32_t i = 0; i < count; i++)
        load_block(bytes + i * LOAD_BLOCK / 8, n, first + i);
    put = files_write(&files, (uint64_t)handle, bytes, length, (uint64_t)first * LOAD_BLOCK);
    must(put == (long)length || put < 0 ? put : LOGFS_ENOSPC, "write");
    return (uint64_t)handle;
}

static void operate(struct load_operation is, uint64_t n) {
    const char *path = is.kind == LOAD_REPLACE  ? "/load/new"
                       : is.kind == LOAD_UNLINK ? path_of(LOAD_NOTE)
                                                : path_of(is.file);
    uint64_t handle = put(path, FILES_CREATE, n, is.first, is.count);

    if (is.kind == LOAD_REPLACE) {
        must(client_call(FILES_FSYNC, handle, 0, 0), "fsync");
        must(client_two(FILES_RENAME, path, path_of(is.file)), "rename");
    }
    if (is.kind == LOAD_UNLINK)
        must(files_path(&files, FILES_REMOVE, path_of(is.file), 0), "unlink");
    must(client_call(FILES_FSYNC, handle, 0, 0), "fsync");
    must(client_call(FILES_CLOSE, handle, 0, 0), "close");
}

int main(int argc, char **argv) {
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;

    if (!count || !client_begin()) {
        printf(count ? "load: no file server\n" : "usage: load SEED COUNT\n");
        return 1;
    }
    load_begin(&load, strtoull(argv[1], NULL, 0));
    must(client_mkdir("/load"), "mkdir");
    client_call(FILES_CLOSE, put(path_of(LOAD_NOTE), FILES_CREATE, 0, 0, 1), 0, 0);
    must(client_call(FILES_SYNC, 0, 0, 0), "sync");
    printf("ACK 0\n");
    while (load.done < count) {
        struct load_operation is = load_next(&load);

        operate(is, load.done + 1);
        load_do(&load, is);
        printf("ACK %llu\n", (unsigned long long)load.done);
        fflush(stdout);
    }
    return 0;
}
