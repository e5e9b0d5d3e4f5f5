/* mkdisk.c - mkdisk.aspis: makes a disk of volumes, each empty or with the bytes of a file */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/disk.h"

static const char usage[] =
    "usage: mkdisk.aspis IMAGE SIZE [--uuid HEX] [--force] NAME=SIZE | NAME@FILE ...\n"
    "       mkdisk.aspis IMAGE --update NAME@FILE ...\n"
    "  SIZE         bytes, or with K, M, G behind; whole MiB, 2M at least\n"
    "  NAME=SIZE    a volume of zeros: mkfs.logfs IMAGE:NAME makes a file system in it\n"
    "  NAME@FILE    a volume with the bytes of a file\n"
    "  --uuid HEX   the disk's number, 32 digits, else drawn; with it the image repeats\n"
    "  --force      IMAGE may be there already; what it holds is lost\n"
    "  --update     IMAGE is a disk: its volumes get the bytes of the files\n";

enum { MIB = 1 << 20, DIGITS = 32 };

/* A file that was not there before: half a disk is not left behind. */
static const char *unfinished;

static void unfinished_remove(void) {
    if (unfinished)
        unlink(unfinished);
}

static void uuid_read(uint8_t uuid[16], const char *digits) {
    if (strlen(digits) != DIGITS || strspn(digits, "0123456789abcdefABCDEF") != DIGITS)
        image_fail(EXIT_USAGE, "%s: not %d hexadecimal digits", digits, DIGITS);
    for (unsigned i = 0; i < 16; i++)
        sscanf(digits + 2 * i, "%2hhx", &uuid[i]);
}

/* The file's bytes, from the first unit of the volume on. */
static void fill(struct disk *disk, uint32_t volume, const char *path) {
    static uint8_t bytes[MIB];
    FILE *file = fopen(path, "rb");
    struct volume_map map;
    uint32_t run;
    size_t got;

    if (!file)
        image_fail(EXIT_OPERATION, "%s: %s", path, strerror(errno));
    if (volume_root_read(&disk->keeper, volume, (uint8_t *)&map) || !volume_map_sound(&map))
        image_fail(EXIT_OPERATION, "%s: the volume for %s has no sound map", disk->image->path,
                   path);
    for (uint32_t i = 0; (got = fread(bytes, 1, sizeof(bytes), file)) > 0; i++) {
        uint64_t unit = volume_map_find(&map, i, &run);

        memset(bytes + got, 0, sizeof(bytes) - got);
        if (!unit ||
            image_write(disk->image, unit * VOLUME_UNIT_SECTORS, bytes, VOLUME_UNIT_SECTORS))
            image_fail(EXIT_OPERATION, "%s: cannot be written", path);
    }
    if (ferror(file))
        image_fail(EXIT_OPERATION, "%s: cannot be read", path);
    fclose(file);
}

static void add(struct disk *disk, char *words, int update) {
    size_t name = strcspn(words, "=@");
    const char *content = words + name + 1;
    struct stat about;
    uint64_t size;
    uint32_t volume;
    char kind = words[name];

    if (!kind || !name || (update && kind == '='))
        image_fail(EXIT_USAGE, "%s: not NAME@FILE%s", words, update ? "" : " nor NAME=SIZE");
    words[name] = 0;
    if (kind == '@' && stat(content, &about) < 0)
        image_fail(EXIT_OPERATION, "%s: %s", content, strerror(errno));
    size = kind == '@' ? ((uint64_t)about.st_size + MIB - 1) / MIB * MIB : image_size(content);
    if (!size || size % MIB || size / MIB > VOLUME_UNITS)
        image_fail(EXIT_USAGE, "%s: %s: no size in whole MiB", words, content);
    volume = update ? disk_volume(disk, words) : disk_add(disk, words, (uint32_t)(size / MIB));
    if (!volume)
        image_fail(EXIT_OPERATION, "%s: there is no volume %s", disk->image->path, words);
    if (size / MIB > disk->keeper.volume[volume].units)
        image_fail(EXIT_OPERATION, "%s: larger than the volume", content);
    if (kind == '@')
        fill(disk, volume, content);
}

int main(int count, char **words) {
    static const struct option options[] = {
        {"uuid", 1, NULL, 'u'}, {"force", 0, NULL, 'F'}, {"update", 0, NULL, 'U'},
        {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0},
    };
    static struct disk disk;
    struct image image;
    struct stat about;
    uint8_t uuid[16];
    uint64_t size;
    int option, force = 0, update = 0;

    if (getrandom(uuid, sizeof(uuid), 0) != sizeof(uuid))
        image_fail(EXIT_OPERATION, "no random number: %s", strerror(errno));
    while ((option = getopt_long(count, words, "", options, NULL)) >= 0) {
        if (option == 'u') {
            uuid_read(uuid, optarg);
        } else if (option == 'F') {
            force = 1;
        } else if (option == 'U') {
            update = 1;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : EXIT_USAGE;
        }
    }
    if (count - optind < 2) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (update) {
        image_open(&image, words[optind], 1);
        disk_scan(&disk, &image);
    } else {
        size = image_size(words[optind + 1]);
        if (size % MIB || size < 2 * MIB)
            image_fail(EXIT_USAGE, "%s: whole MiB, 2M at least", words[optind + 1]);
        if (!force && stat(words[optind], &about) == 0 && about.st_size)
            image_fail(EXIT_OPERATION, "%s: is there already; --force overwrites it",
                       words[optind]);
        if (stat(words[optind], &about) < 0)
            unfinished = words[optind];
        atexit(unfinished_remove);
        image_create(&image, words[optind], size);
        disk_make(&disk, &image, uuid);
    }
    for (int i = optind + 2 - update; i < count; i++)
        add(&disk, words[i], update);
    if (image_flush(&image))
        return EXIT_OPERATION;
    unfinished = NULL;
    return 0;
}
