/* disk.h - a store of pages in a volume of a disk: swap, and files that are mapped */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_DISK_H
#define LIBEXOS_VM_DISK_H
#include "libexos/edge/block.h"
#include "libexos/edge/disk.h"
#include "libexos/vm/vm.h"

/* Slots, one page each, from this sector of the disk on, which is a whole page from its unit's
 * start. */
struct vm_extent {
    uint64_t sector, slots;
};

/* An operation that vm has begun and not heard the end of. */
struct vm_disk_operation {
    uint64_t slot;
    uint32_t frame;
    int32_t status;
    uint8_t what, place; /* enum exo_disk_op; in the queue */
};

/* Pages go between their frames and the disk itself. What was never written reads as zeros. This
 * and the extents are memory that is always there: static, or VM_EAGER | VM_KEEP. */
struct vm_disk {
    struct vm_store store;
    struct exo_disk_queue queue;
    struct exo_listener listener;
    const struct vm_extent *extents;
    unsigned count;
    unsigned most;     /* sectors that a request may have */
    unsigned gathered; /* pages written in the request at the queue's end, which is not put yet */
    unsigned flying;   /* of operation[], those in use */
    uint32_t frame;    /* of the queue */
    const volatile struct exo_volume *volume;
    const volatile struct exo_unit *units;
    uint64_t kicked;
    struct vm_disk_operation operation[2 * VM_TRANSITS + 2];
    uint32_t waits[EXO_REQUESTS]; /* somebody was told to wait for the request at this place */
    uint64_t requests;            /* so far: pages are vm_counts' */
};

/* Opens a volume of my domain as a store; its queue, a page, is made here. 0, or an error. */
long vm_disk_begin(struct vm_disk *disk, uint64_t volume, const struct vm_extent *extents,
                   unsigned count);
/* Nobody uses it any more: no mapping, not vm_set_swap. */
long vm_disk_end(struct vm_disk *disk);
/* What was written before is kept if the power fails. 0 or an error. */
long vm_disk_flush(struct vm_disk *disk);
/* Where the units of a volume lie, in order: how many extents, at most `most`. */
unsigned vm_disk_extents(uint64_t volume, struct vm_extent *extents, unsigned most);
#endif
