/* host.c - what logfs needs of its surroundings, from this machine's memory */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "tools/host.h"

static void *page(struct logfs_host *host) {
    (void)host;
    return aligned_alloc(LOGFS_PAGE, LOGFS_PAGE);
}

static void page_free(struct logfs_host *host, void *page) {
    (void)host;
    free(page);
}

static void *resize(struct logfs_host *host, void *memory, size_t old, size_t size) {
    (void)host, (void)old;
    if (size)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

struct logfs_host host_make(uint32_t cache_pages, uint64_t (*now)(struct logfs_host *host)) {
    return (struct logfs_host){.page = page,
                               .page_free = page_free,
                               .resize = resize,
                               .now = now,
                               .cache_pages = cache_pages};
}
