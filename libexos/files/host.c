/* host.c - memory for logfs: pages come from vm many at a time, and go round; so do small pieces */
/* SPDX-License-Identifier: MIT */
#include "libexos/files/host.h"
#include "libexos/edge/export.h"
#include "libexos/edge/string.h"
#include "libexos/edge/time.h"
#include "libexos/vm/vm.h"

enum { POOL = 64, CACHE_LEAST = 256, CACHE_MOST = 16384 };
/* Pieces of 16 to 4096 bytes, powers of two, so that they are aligned to their size. */
enum { PIECE = 4, PIECES = 9, PAGE_PIECE = PIECES - 1 };

static void *free_pieces[PIECES];
static uint64_t began; /* what the clock showed at the counter's zero, as far as is known */

static void piece_give(unsigned class, void *piece) {
    *(void **)piece = free_pieces[class];
    free_pieces[class] = piece;
}

static void *piece_new(unsigned class);

static inline void *piece_take(unsigned class) {
    void **piece = free_pieces[class];

    if (!piece)
        return piece_new(class);
    free_pieces[class] = *piece;
    return piece;
}

/* Cuts what is larger, keeping the rest; pages come from vm. */
static __attribute__((noinline)) void *piece_new(unsigned class) {
    uint64_t size = 1ull << (PIECE + class), length = EXO_PAGE;
    char *at;

    if (class == PAGE_PIECE) {
        long address = vm_map(0, POOL * EXO_PAGE, EXO_R | EXO_W, VM_JOIN);

        length = POOL * EXO_PAGE;
        at = address < 0 ? NULL : (char *)address;
    } else {
        at = piece_take(PAGE_PIECE);
    }
    for (uint64_t done = size; at && done < length; done += size)
        piece_give(class, at + done);
    return at;
}

static void *page_take(struct logfs_host *host) {
    (void)host;
    return piece_take(PAGE_PIECE);
}

static void page_free(struct logfs_host *host, void *page) {
    (void)host;
    piece_give(PAGE_PIECE, page);
}

/* By how many bits size - 1 has above those of the least piece; no instruction counts them. */
static inline unsigned class_of(size_t size) {
    static const uint8_t bits[16] = {0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4};
    size_t above = size ? (size - 1) >> PIECE : 0;

    return above < 16 ? bits[above] : 4u + bits[above >> 4];
}

static void *memory_take(size_t size) {
    long at;

    if (size <= EXO_PAGE)
        return piece_take(class_of(size));
    at = vm_map(0, size, EXO_R | EXO_W, VM_JOIN);
    return at < 0 ? NULL : (void *)at;
}

static void memory_give(void *memory, size_t size) {
    if (size <= EXO_PAGE)
        piece_give(class_of(size), memory);
    else
        vm_unmap((uint64_t)memory, size);
}

/* To another size: in its own piece, if that is as large. */
static __attribute__((noinline)) void *memory_change(void *memory, size_t old, size_t size) {
    void *fresh;

    if (old <= EXO_PAGE && size <= EXO_PAGE && class_of(old) == class_of(size))
        return memory;
    fresh = memory_take(size);
    if (!fresh)
        return NULL;
    memcpy(fresh, memory, old < size ? old : size);
    memory_give(memory, old);
    return fresh;
}

static void *resize(struct logfs_host *host, void *memory, size_t old, size_t size) {
    (void)host;
    if (memory && size)
        return memory_change(memory, old, size);
    if (size)
        return memory_take(size);
    if (memory)
        memory_give(memory, old);
    return NULL;
}

static uint64_t now(struct logfs_host *host) {
    (void)host;
    return began + exo_time_ns();
}

void files_host_make(struct logfs_host *host) {
    const volatile struct exo_domain *mine = &exo_domains()[exo_slot_of(exo_uarea()->domain)];
    uint32_t left = mine->limit[EXO_FRAMES] - mine->used[EXO_FRAMES];

    if (began < exo_epoch())
        began = exo_epoch();
    *host = (struct logfs_host){page_take, page_free, resize, now, left / 2};
    if (host->cache_pages < CACHE_LEAST)
        host->cache_pages = CACHE_LEAST;
    if (host->cache_pages > CACHE_MOST)
        host->cache_pages = CACHE_MOST;
}

int files_host_clock(struct logfs *fs) {
    struct logfs_attributes about;
    int error = logfs_getattr(fs, LOGFS_ROOT, &about);
    uint64_t newest = about.changed > about.modified ? about.changed : about.modified;

    if (!error && newest > began)
        began = newest;
    return error;
}
