/* cpio.c - files in the initrd (cpio "newc"), bounds-checked */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/cpio.h"
#include "libexos/edge/export.h"
#include "libexos/edge/string.h"

/* "070701" or "070702", then 13 fields of 8 hex digits. */
enum { UNIT = 1 << 20, HEADER = 110, FIELD_MODE = 1, FIELD_SIZE = 6, FIELD_NAME = 11 };

static int field(const char *header, unsigned number, uint64_t *value) {
    const char *digits = header + 6 + number * 8;

    *value = 0;
    for (unsigned i = 0; i < 8; i++) {
        char c = digits[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 16;

        if (digit == 16)
            return 0;
        *value = *value << 4 | digit;
    }
    return 1;
}

static size_t round4(size_t n) { return (n + 3) & ~(size_t)3; }

int exo_cpio_next(const void *archive, size_t length, size_t *position, struct exo_file *file) {
    size_t at = *position;
    const char *header = (const char *)archive + at;
    uint64_t mode, size, name;
    size_t data;

    if (at > length || length - at < HEADER)
        return -1;
    if (memcmp(header, "07070", 5) || (header[5] != '1' && header[5] != '2'))
        return -1;
    if (!field(header, FIELD_MODE, &mode) || !field(header, FIELD_SIZE, &size) ||
        !field(header, FIELD_NAME, &name))
        return -1;
    if (name == 0 || name > length - at - HEADER || header[HEADER + name - 1] != 0)
        return -1;
    if (!exo_strcmp(header + HEADER, "TRAILER!!!"))
        return 0;
    data = round4(at + HEADER + name);
    if (data > length || size > length - data)
        return -1;
    file->name = header + HEADER;
    file->data = (const char *)archive + data;
    file->length = size;
    file->mode = (uint32_t)mode;
    *position = round4(data + size);
    return 1;
}

static const char *bare(const char *name) {
    for (;;) {
        if (*name == '/')
            name++;
        else if (name[0] == '.' && name[1] == '/')
            name += 2;
        else
            return name;
    }
}

int exo_cpio_find(const void *archive, size_t length, const char *name, struct exo_file *file) {
    size_t position = 0;

    while (exo_cpio_next(archive, length, &position, file) > 0)
        if (!exo_strcmp(bare(file->name), bare(name)))
            return 1;
    return 0;
}

const void *exo_archive(size_t *length) {
    const char *archive = exo_initrd(length);

    if (archive && *length > UNIT && memcmp(archive, "07070", 5)) {
        *length -= UNIT;
        archive += UNIT;
    }
    return archive;
}

int exo_initrd_find(const char *name, struct exo_file *file) {
    size_t length;
    const void *archive = exo_archive(&length);

    return archive ? exo_cpio_find(archive, length, name, file) : 0;
}
