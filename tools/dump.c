/* dump.c - dump.logfs: what a volume says of itself, and its segments, in words or as a drawing */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/volume.h"

static const char usage[] = "usage: dump.logfs IMAGE [--segments] [--svg FILE]\n"
                            "  --segments   each segment's state and live sectors\n"
                            "  --svg FILE   draws them\n";

static const char *const states[] = {"free", "used", "log", "waits", "fixed"};
static const char *const colours[] = {"#ffffff", "#4878a8", "#d1682f", "#c9b458", "#777777"};

struct segment {
    uint32_t live, state;
};

static void head(struct logfs *fs, const struct logfs_statfs *about) {
    struct logfs_counts counts;

    logfs_count(fs, &counts);
    printf("label             %s\n", *about->label ? about->label : "-");
    printf("id                %016llx\n", (unsigned long long)about->id);
    printf("data checksums    %s\n", about->features & LOGFS_DATA_CHECKSUMS ? "yes" : "no");
    printf("sectors           %llu\n", (unsigned long long)about->sectors);
    printf("free              %llu\n", (unsigned long long)about->free);
    printf("inodes            %llu\n", (unsigned long long)about->inodes);
    printf("segments          %llu, %llu free\n", (unsigned long long)about->segments,
           (unsigned long long)about->free_segments);
    printf("batches replayed  %llu\n", (unsigned long long)counts.replayed);
}

static void snapshots(struct logfs *fs) {
    struct logfs_entry entry;
    uint64_t cookie = 0;

    while (logfs_snapshot_next(fs, &cookie, &entry) == 1) {
        time_t made = (time_t)(entry.inode / 1000000000u);
        char words[32];

        strftime(words, sizeof(words), "%F %T", gmtime(&made));
        printf("snapshot          %.*s, of %s\n", (int)entry.length, entry.name, words);
    }
}

/* How full the used segments are, in tenths: what a cleaner sees. */
static void fullness(const struct segment *segments, unsigned count) {
    unsigned tenths[11] = {0}, by_state[5] = {0};

    for (unsigned i = 0; i < count; i++) {
        by_state[segments[i].state]++;
        if (segments[i].state == LOGFS_SEGMENT_USED)
            tenths[segments[i].live * 10 / 2048]++;
    }
    printf("by state         ");
    for (unsigned state = 0; state < 5; state++)
        printf(" %s %u", states[state], by_state[state]);
    printf("\nby tenths full   ");
    for (unsigned tenth = 0; tenth <= 10; tenth++)
        printf(" %u", tenths[tenth]);
    printf("\n");
}

/* A square a segment, filled from below as far as it is live. */
static void draw(const char *path, const char *name, const struct segment *segments,
                 unsigned count) {
    enum { SIDE = 14, GAP = 2, TOP = 44 };
    unsigned columns = 32, rows;
    FILE *file = fopen(path, "w");

    while (columns * columns < 2 * count)
        columns *= 2;
    rows = (count + columns - 1) / columns;
    if (!file)
        image_fail(EXIT_OPERATION, "%s: %s", path, strerror(errno));
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" "
            "fill=\"#f4f4f4\"/>\n<text x=\"8\" y=\"16\">%s: %u segments of 1 MiB</text>\n",
            columns * (SIDE + GAP) + 16, rows * (SIDE + GAP) + TOP + 8, name, count);
    for (unsigned state = 0, x = 8; state < 5; state++, x += 90)
        fprintf(file,
                "<rect x=\"%u\" y=\"24\" width=\"10\" height=\"10\" fill=\"%s\" stroke=\"#999\"/>"
                "<text x=\"%u\" y=\"33\">%s</text>\n",
                x, colours[state], x + 14, states[state]);
    for (unsigned i = 0; i < count; i++) {
        unsigned x = 8 + i % columns * (SIDE + GAP), y = TOP + i / columns * (SIDE + GAP);
        unsigned live = segments[i].state == LOGFS_SEGMENT_FREE    ? 0
                        : segments[i].state == LOGFS_SEGMENT_FIXED ? SIDE
                                                                   : segments[i].live * SIDE / 2048;

        fprintf(file,
                "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"#fff\" stroke=\"%s\">"
                "<title>segment %u: %s, %u of 2048 sectors live</title></rect>\n",
                x, y, SIDE, SIDE,
                colours[segments[i].state ? segments[i].state : LOGFS_SEGMENT_FIXED], i,
                states[segments[i].state], segments[i].live);
        if (live)
            fprintf(file, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"%s\"/>\n", x,
                    y + SIDE - live, SIDE, live, colours[segments[i].state]);
    }
    fputs("</svg>\n", file);
    if (fclose(file))
        image_fail(EXIT_OPERATION, "%s: %s", path, strerror(errno));
}

int main(int count, char **words) {
    static const struct option options[] = {{"segments", 0, NULL, 's'},
                                            {"svg", 1, NULL, 'v'},
                                            {"help", 0, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *svg = NULL;
    struct logfs_statfs about;
    struct segment *segments;
    struct volume volume;
    int option, each = 0, status;

    while ((option = getopt_long(count, words, "", options, NULL)) >= 0) {
        switch (option) {
        case 's':
            each = 1;
            break;
        case 'v':
            svg = optarg;
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
    status = logfs_statfs(volume.fs, &about);
    segments = calloc(about.segments + 1, sizeof(*segments));
    for (uint32_t i = 0; !status && i < about.segments; i++) {
        status = logfs_segment(volume.fs, i, &segments[i].live, &segments[i].state);
        if (!status && segments[i].state > LOGFS_SEGMENT_FIXED)
            status = LOGFS_EUCLEAN;
    }
    if (status)
        image_fail(EXIT_OPERATION, "%s: %s", words[optind], volume_error(status));
    head(volume.fs, &about);
    snapshots(volume.fs);
    fullness(segments, (unsigned)about.segments);
    for (uint32_t i = 0; each && i < about.segments; i++)
        printf("segment %-9u %-5s %4u live\n", i, states[segments[i].state], segments[i].live);
    if (svg)
        draw(svg, *about.label ? about.label : "volume", segments, (unsigned)about.segments);
    free(segments);
    logfs_abandon(volume.fs);
    return 0;
}
