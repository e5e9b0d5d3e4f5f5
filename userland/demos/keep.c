/* keep.c - a volume in a format of its own: named objects, old versions kept, or wiped */
/* SPDX-License-Identifier: MIT */
/*
 * `volume make V 0; run -v V keep make keeps; run -v V keep put NAME WORDS`. The kernel and init
 * know nothing of this format: they ask its owns program (libexos/flat/flat.bpf.c), which is
 * downloaded here, which units a root names. A store that was made with `wipes` leaves no old
 * content on the disk; one made with `keeps` can be read as it was after any change.
 */
#include <stdlib.h>
#include <string.h>
#include "demo.h"
#include "flat.bpf.h"
#include "libexos/edge/disk.h"
#include "libexos/files/holder.h"
#include "libexos/flat/flat.h"
#include "libexos/vm/vm.h"

enum { ENTRIES = 16 * FLAT_ENTRIES, UNITS = 256, PAGES = 16, DONE = 1, BLOCK_SECTORS = 8 };

static struct exo_disk_queue queue;
static uint32_t frames[PAGES];
static char *bounce;               /* pages of those frames */
static struct flat_root *proposed; /* the frame that init reads roots from */
static const volatile struct exo_disk *disk;
static struct flat store;

static int transfer(uint8_t op, uint32_t block, uint32_t count) {
    struct exo_request *request = exo_disk_next(&queue);

    request->op = op;
    request->offset = 0;
    request->sector = (uint64_t)block * BLOCK_SECTORS;
    request->sectors = (uint16_t)(count * BLOCK_SECTORS);
    memcpy(request->frame, frames, count * sizeof *frames);
    return exo_disk_do(&queue, request) != 0;
}

static int blocks_read(void *unused, uint32_t block, void *to, uint32_t count) {
    char *at = to;
    int failed = 0;

    (void)unused;
    for (uint32_t part; count && !failed; block += part, at += part * EXO_PAGE, count -= part) {
        part = count < PAGES ? count : PAGES;
        failed = transfer(EXO_DISK_READ, block, part);
        memcpy(at, bounce, part * EXO_PAGE);
    }
    return failed;
}

static int blocks_write(void *unused, uint32_t block, const void *from, uint32_t count) {
    const char *at = from;
    int failed = 0;

    (void)unused;
    for (uint32_t part; count && !failed; block += part, count -= part) {
        part = count < PAGES ? count : PAGES;
        if (at)
            memcpy(bounce, at, part * EXO_PAGE);
        failed = transfer(at ? EXO_DISK_WRITE : EXO_DISK_ZERO, block, part);
        at = at ? at + part * EXO_PAGE : NULL;
    }
    return failed;
}

static int root_read(void *unused, struct flat_root *to) {
    (void)unused;
    memcpy(to, proposed, sizeof *to); /* at first it shows the one that holds */
    return 0;
}

static int root_ask(void *unused, const struct flat_root *root) {
    (void)unused;
    memcpy(proposed, root, sizeof *root);
    return holder_propose(HOLDER_ASK, exo_parent_page()) != 0;
}

static int root_install(void *unused, const struct flat_root *root) {
    (void)unused;
    memcpy(proposed, root, sizeof *root);
    return holder_propose(HOLDER_INSTALL, exo_parent_page()) != 0;
}

static uint32_t units_find(void *unused, uint32_t count) {
    const volatile struct exo_unit *units =
        exo_units(exo_volumes()[exo_parent_page()->volume].disk);
    uint32_t run = 0;

    (void)unused;
    for (uint32_t unit = 1; units && unit < disk->units.count; unit++)
        if ((run = units[unit].volume ? 0 : run + 1) == count)
            return unit - count + 1;
    return 0;
}

static const struct flat_device device = {NULL,     blocks_read,  blocks_write, root_read,
                                          root_ask, root_install, units_find};

static long begin(const struct exo_parent *given) {
    long page = vm_map_frames(0, &given->root, 1, EXO_R | EXO_W, VM_KEEP), frame = page;

    proposed = (struct flat_root *)page;
    bounce = (char *)vm_map(0, (PAGES + 1) * EXO_PAGE, EXO_R | EXO_W, VM_EAGER | VM_KEEP);
    for (uint64_t i = 0; i < PAGES && frame >= 0; i++)
        frames[i] = (uint32_t)(frame = vm_frame((uint64_t)bounce + i * EXO_PAGE));
    disk = &exo_facts()->disk[exo_volumes()[given->volume].disk];
    page = (long)bounce + PAGES * (long)EXO_PAGE;
    return frame < 0 ? frame
                     : exo_disk_attach(&queue, given->volume, (uint64_t)vm_frame((uint64_t)page),
                                       (void *)page, DONE);
}

/* Another owns program, and the first root that it takes. */
static long make(int count, char **words) {
    struct holder_code *code = (struct holder_code *)proposed;
    uint32_t flags = 0;
    long error;

    for (int i = 0; i < count; i++)
        flags |= !strcmp(words[i], "wipes")   ? FLAT_WIPES
                 : !strcmp(words[i], "keeps") ? FLAT_KEEPS
                                              : 0;
    code->count = flat_owns_count;
    memcpy(code->code, flat_owns, sizeof flat_owns);
    error = holder_propose(HOLDER_CODE, exo_parent_page());
    flat_root_make(proposed, flags);
    return error < 0 ? error : holder_propose(HOLDER_RENEW, exo_parent_page());
}

static int get(const char *key, uint64_t when) {
    static char bytes[EXO_PAGE];
    int64_t got = 0;

    for (uint64_t at = 0; (got = flat_get(&store, key, when, bytes, at, sizeof bytes)) > 0;
         at += (uint64_t)got)
        fwrite(bytes, 1, (size_t)got, stdout);
    printf("\n");
    return (int)got;
}

static int list(const char *key, uint64_t when) {
    struct flat_entry entry;
    uint32_t cookie = 0;
    uint64_t after = 0;

    while (key ? flat_versions(&store, key, after, &entry)
               : flat_list(&store, when, &cookie, &entry)) {
        if (entry.size == FLAT_GONE)
            printf("%6d  deleted    %.32s\n", (int)entry.sequence, entry.key);
        else
            printf("%6d %8d B %.32s\n", (int)entry.sequence, (int)entry.size, entry.key);
        after = entry.sequence;
    }
    return 0;
}

static int put(const char *key, int count, char **words) {
    char text[512] = "";

    for (int i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "", words[i]);
    return flat_put(&store, key, text, strlen(text), exo_time_ns());
}

static int work(int count, char **words) {
    const char *what = words[1], *key = count > 2 ? words[2] : NULL;
    uint64_t when = count > 3 ? strtoull(words[3], NULL, 10) : FLAT_NOW;

    if (!strcmp(what, "put") && count > 3)
        return put(key, count - 3, words + 3);
    if (!strcmp(what, "get") && key)
        return get(key, when);
    if (!strcmp(what, "delete") && key)
        return flat_delete(&store, key, exo_time_ns());
    if (!strcmp(what, "list"))
        return list(NULL, FLAT_NOW);
    if (!strcmp(what, "versions") && key)
        return list(key, FLAT_NOW);
    if (!strcmp(what, "forget") && key)
        return flat_forget(&store, strtoull(key, NULL, 10));
    if (!strcmp(what, "check"))
        return flat_check(&store);
    return FLAT_NONSENSE;
}

int main(int argc, char **argv) {
    static struct flat_entry entries[ENTRIES];
    static uint64_t map[UNITS * FLAT_MAP_WORDS];
    const struct flat_room room = {entries, map, ENTRIES, UNITS};
    const struct exo_parent *given = exo_parent_page();
    long error;
    int status;

    if (argc < 2 || !given || !given->volume) {
        printf("usage: run -v VOLUME keep make [wipes] [keeps] | put NAME WORDS | get NAME "
               "[CHANGE] |\n"
               "       delete NAME | list | versions NAME | forget CHANGE | check\n");
        return 2;
    }
    error = begin(given);
    if (error >= 0 && !strcmp(argv[1], "make"))
        error = make(argc - 2, argv + 2);
    else if (error >= 0 && (status = flat_open(&store, &device, &room)) == 0) {
        status = work(argc, argv);
        if (flat_close(&store) && !status)
            status = FLAT_IO;
        if (status)
            printf("keep: error %d\n", status);
        return status != 0;
    } else if (error >= 0) {
        printf("keep: no store: error %d\n", status);
        return 1;
    }
    return error < 0 ? demo_fail("keep", error) : 0;
}
