/* fsck.c - fsck.logfs: checks a volume without writing to it */
/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/volume.h"

static const char usage[] =
    "usage: fsck.logfs IMAGE [--quiet] [--data]\n"
    "  checks the volume and writes nothing: 0 clean, 4 errors, 8 not to be read, 16 usage\n"
    "  --quiet   errors only\n"
    "  --data    reads the content of every file, too\n";

static unsigned long faults;

static void tell(void *context, const char *line) {
    printf("%s: %s\n", (const char *)context, line);
}

/* Each file once for each of its names; directories are trees, so this ends. */
static void read_below(struct logfs *fs, const char *image, uint64_t directory) {
    static uint8_t bytes[LOGFS_SEGMENT];
    struct logfs_entry entry;
    uint64_t cookie = 0;
    int more;

    while ((more = logfs_readdir(fs, directory, &cookie, &entry)) == 1) {
        if (entry.type == 0040000) {
            read_below(fs, image, entry.inode);
        } else if (entry.type == 0100000) {
            uint64_t offset = 0;
            long got;

            while ((got = logfs_read(fs, entry.inode, bytes, sizeof(bytes), offset)) > 0)
                offset += (uint64_t)got;
            if (got < 0) {
                printf("%s: inode %llu (%.*s): content from byte %llu: %s\n", image,
                       (unsigned long long)entry.inode, (int)entry.length, entry.name,
                       (unsigned long long)offset, volume_error((int)got));
                faults++;
            }
        }
    }
    if (more < 0) {
        printf("%s: directory %llu: %s\n", image, (unsigned long long)directory,
               volume_error(more));
        faults++;
    }
}

int main(int count, char **words) {
    static const struct option options[] = {{"quiet", 0, NULL, 'q'},
                                            {"data", 0, NULL, 'd'},
                                            {"help", 0, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct logfs_statfs about;
    struct volume volume;
    int option, quiet = 0, data = 0;
    long found;

    while ((option = getopt_long(count, words, "", options, NULL)) >= 0) {
        switch (option) {
        case 'q':
            quiet = 1;
            break;
        case 'd':
            data = 1;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (count - optind != 1) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    volume_open(&volume, words[optind], 0);
    found = logfs_check(volume.fs, tell, (void *)volume.image.path);
    if (found < 0)
        image_fail(EXIT_OPERATION, "%s: %s", volume.image.path, volume_error((int)found));
    faults += (unsigned long)found;
    if (data)
        read_below(volume.fs, volume.image.path, LOGFS_ROOT);
    if (logfs_statfs(volume.fs, &about))
        image_fail(EXIT_OPERATION, "%s: its sums cannot be read", volume.image.path);
    if (faults)
        printf("%s: %lu errors\n", volume.image.path, faults);
    else if (!quiet)
        printf("%s: clean: %llu files and directories, %llu of %llu KiB free\n", volume.image.path,
               (unsigned long long)about.inodes, (unsigned long long)about.free / 2,
               (unsigned long long)about.sectors / 2);
    logfs_abandon(volume.fs);
    return faults ? EXIT_ERRORS_LEFT : 0;
}
