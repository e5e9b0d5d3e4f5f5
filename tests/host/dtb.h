/* dtb.h - the boards' compiled device trees, for the tests that read them */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_DTB_H
#define TESTS_HOST_DTB_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/host/tap.h"

/* A tree in a buffer of its exact size, so that the sanitizer sees every byte too far. */
static void *load(const char *board, size_t *size) {
    const char *directory = getenv("DTB_DIR");
    char path[256];
    void *blob = malloc(1 << 20);
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s.dtb", directory ? directory : "build/dts", board);
    file = fopen(path, "rb");
    if (!file) {
        printf("Bail out! cannot open %s\n", path);
        exit(1);
    }
    *size = fread(blob, 1, 1 << 20, file);
    fclose(file);
    return realloc(blob, *size);
}
#endif
