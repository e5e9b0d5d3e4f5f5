/* files_cached.c - files whose pages are in memory: by the library, and through the server's gate
 */
/* SPDX-License-Identifier: MIT */
/* disk: 64M,cache=unsafe */
/* bootargs: volumes=1*24 */
#include "libexos/edge/bind.h"
#include "libexos/edge/cpio.h"
#include "libexos/edge/spawn.h"
#include "libexos/files/files.h"
#include "tests/bench/bench.h"
#include "tests/guest/logfs_guest.h"

/* A file of 16 pages in a directory below the root. The library's open is what a program does that
 * has a volume of its own: each name of the path is looked up, the file's kind is asked for, and
 * the file is held; close lets it go. Through the gate a session's call does all that, and the data
 * are copied into and out of the pages that both sides see. */
enum { PAGES = 16, OPENS = 200, READS = 200, GATED = 100, SERVER_SLOTS = 2 };

static uint64_t directory, file, frames[PAGES], handle;
static uint64_t data[EXO_PAGE / 8];
static struct files files;

static __attribute__((noinline)) void open_close(uint64_t count) {
    struct logfs_attributes about;
    uint64_t below, inode;

    for (uint64_t i = 0; i < count; i++) {
        must(logfs_lookup(guest.fs, LOGFS_ROOT, "directory", 9, &below) == 0 &&
             logfs_lookup(guest.fs, below, "file", 4, &inode) == 0 &&
             logfs_getattr(guest.fs, inode, &about) == 0 && about.mode == GUEST_FILE &&
             logfs_hold(guest.fs, inode) == 0);
        logfs_release(guest.fs, inode);
    }
}

static __attribute__((noinline)) void read_4k(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        must(logfs_read(guest.fs, file, data, EXO_PAGE, i % PAGES * EXO_PAGE) == EXO_PAGE);
}

static __attribute__((noinline)) void write_4k(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        must(logfs_write(guest.fs, file, data, EXO_PAGE, i % PAGES * EXO_PAGE) == EXO_PAGE);
}

/* The page as it stands in the cache; the program reads it there. */
static __attribute__((noinline)) void map_4k(uint64_t count) {
    const void *page;

    for (uint64_t i = 0; i < count; i++) {
        must(logfs_page_get(guest.fs, file, i % PAGES, &page) == 0);
        logfs_page_put(guest.fs, file, i % PAGES);
    }
}

/* And bound once more, read-only, at an address of the program's choice. */
static __attribute__((noinline)) void map_bind_4k(uint64_t count) {
    const void *page;

    for (uint64_t i = 0; i < count; i++) {
        must(logfs_page_get(guest.fs, file, i % PAGES, &page) == 0);
        exo_vspace_bind(0, WINDOW, frames[i % PAGES], EXO_R);
        logfs_page_put(guest.fs, file, i % PAGES);
    }
}

static __attribute__((noinline)) void open_close_gate(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        long opened = files_path(&files, FILES_OPEN, "/directory/file", 0);

        must(opened >= 0);
        files.page->word[0] = (uint64_t)opened;
        must(files_call(&files, FILES_CLOSE) == 0);
    }
}

static __attribute__((noinline)) void read_4k_gate(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        must(files_read(&files, handle, data, EXO_PAGE, i % PAGES * EXO_PAGE) == EXO_PAGE);
}

static __attribute__((noinline)) void write_4k_gate(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        must(files_write(&files, handle, data, EXO_PAGE, i % PAGES * EXO_PAGE) == EXO_PAGE);
}

/* The volume goes to a file server below this program. */
static void server_start(struct exo_child *child) {
    const volatile struct exo_domain *mine = &exo_domains()[exo_slot_of(exo_uarea()->domain)];
    long map = vm_map(0, EXO_PAGE, EXO_R | EXO_W, VM_EAGER | VM_KEEP);
    uint64_t root = (uint64_t)vm_frame((uint64_t)map);
    struct exo_spawn what = {.name = "files", .stopped = 1};
    struct exo_file image;

    memcpy((void *)map, &guest.map, sizeof guest.map);
    must(exo_initrd_find("bin/files", &image));
    what.image = image.data;
    what.length = image.length;
    for (uint64_t i = EXO_SLOTS_PER_HART - 4 * SERVER_SLOTS; i < EXO_SLOTS_PER_HART; i++)
        if (window.slots[i].domain == my_domain_slot())
            must(exo_slice_free(0, 0, i) == 0);
    for (int i = 0; i < EXO_RESOURCES; i++)
        what.limits[i] = (mine->limit[i] - mine->used[i]) / 2;
    what.limits[EXO_DISK] = exo_volumes()[GUEST_VOLUME].units;
    must(exo_volume_bind(GUEST_VOLUME, EXO_ANY, 0, 0) == 0);
    must(exo_spawn(&what, child) == 0 && child->page);
    child->page->volume = GUEST_VOLUME;
    child->page->root = root;
    must(exo_hold_share(0, child->domain, &root, 1, EXO_R) == 1);
    must(exo_volume_grant(GUEST_VOLUME, 0, child->domain, EXO_R | EXO_W, 100) == 0);
    must(exo_slots_take(child->domain, 0, 1, child->env) == 1);
    must(exo_env_start(child->env) == 0);
}

int main(void) {
    struct logfs_attributes about = {.mode = GUEST_DIRECTORY};
    struct exo_child child;
    const void *page;

    open_test();
    guest_open(1);
    guest_format(0);
    must(guest_mount() == 0);
    must(logfs_create(guest.fs, LOGFS_ROOT, "directory", 9, &about, &directory) == 0);
    about.mode = GUEST_FILE;
    must(logfs_create(guest.fs, directory, "file", 4, &about, &file) == 0);
    guest_fill(data, EXO_PAGE, 1, 0, 0);
    write_4k(PAGES);
    must(logfs_sync(guest.fs) == 0);
    for (uint64_t i = 0; i < PAGES; i++) {
        must(logfs_page_get(guest.fs, file, i, &page) == 0);
        must(guest_differs(page, EXO_PAGE, 1, 0, 0) == 0);
        frames[i] = (uint64_t)vm_frame((uint64_t)page);
        logfs_page_put(guest.fs, file, i);
    }
    bench_row("open_close", open_close, bench_empty, NULL, OPENS);
    bench_row("read_4k_cached", read_4k, bench_empty, NULL, READS);
    bench_row("map_4k_cached", map_4k, bench_empty, NULL, BENCH_COUNT);
    bench_row("map_bind_4k_cached", map_bind_4k, bench_empty, NULL, BENCH_COUNT);
    must(guest_differs((const void *)WINDOW, EXO_PAGE, 1, 0, 0) == 0);
    must(call(VSPACE_UNBIND, 0, WINDOW, 1) == 1);
    bench_row("write_4k_cached", write_4k, bench_empty, NULL, READS);
    must(logfs_unmount(guest.fs) == 0);

    server_start(&child);
    must(files_begin(&files, child.env) == 0);
    handle = (uint64_t)files_path(&files, FILES_OPEN, "/directory/file", FILES_WRITES);
    read_4k_gate(PAGES);
    must((int64_t)handle >= 0 && guest_differs(data, EXO_PAGE, 1, 0, 0) == 0);
    bench_row("open_close_gate", open_close_gate, bench_empty, NULL, GATED);
    bench_row("read_4k_cached_gate", read_4k_gate, bench_empty, NULL, GATED);
    bench_row("write_4k_cached_gate", write_4k_gate, bench_empty, NULL, GATED);
    files_end(&files);
    exo_reap(&child);
    return 0;
}
