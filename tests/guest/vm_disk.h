/* vm_disk.h - what tests of pages on a disk share: a volume as a store, pages all of whose words
 * count */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "libexos/vm/disk.h"
#include "tests/guest/child.h"
#include "tests/guest/vm_test.h"

static struct vm_extent disk_extents[4];

/* The whole volume. */
static inline void disk_open(struct vm_disk *disk, uint64_t volume) {
    unsigned count = vm_disk_extents(volume, disk_extents, 4);

    must(count > 0 && vm_disk_begin(disk, volume, disk_extents, count) == 0);
}

/* Starts this program again with a volume of mine, and slots to sleep and wake in. */
static inline void spawn_with(const char *path, const char *word, uint64_t volume, uint64_t units,
                              struct exo_child *child) {
    spawn_self(path, word, 1024, child);
    must(exo_domain_grant(child->domain, EXO_DISK, (int64_t)units) == 0);
    must(exo_volume_grant(volume, 0, child->domain, EXO_R | EXO_W, 100) == 0);
    must(slots_give(child->env, 0, 16) > 0);
}

static inline void reap_with(struct exo_child *child) {
    is(exo_reap(child), 0, "reap");
    slots_back();
}

static inline uint64_t next_random(uint64_t *random) {
    return (*random = *random * 6364136223846793005ull + 1442695040888963407ull) >> 33;
}
