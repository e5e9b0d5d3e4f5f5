/* disk.h - a volume's queue from the program's side: fill a slot, kick, wait */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_DISK_H
#define LIBEXOS_EDGE_DISK_H
#include "libexos/edge/edge.h"

/* One environment uses a queue at a time. */
struct exo_disk_queue {
    struct exo_queue *queue; /* the frame, bound readable and writable */
    uint64_t volume, bits;   /* events of completions, to the environment that attached it */
    uint64_t second;         /* in ticks */
    unsigned eager;          /* kicks before the first that sleeps */
};

/* A held frame, seen at `page`, becomes the queue of a volume; `bits` come when requests end. 0 or
 * an error of volume_bind. */
long exo_disk_attach(struct exo_disk_queue *disk, uint64_t volume, uint64_t frame, void *page,
                     uint64_t bits);
/* EXO_DISK_PENDING, 0, or why it failed. */
static inline int32_t exo_disk_status(const struct exo_disk_queue *disk, unsigned place) {
    return __atomic_load_n(&disk->queue->request[place].status, __ATOMIC_ACQUIRE);
}

/* The next request to be filled in, in place, or null while that place is in use: op, offset,
 * sectors, sector and frames. */
static inline struct exo_request *exo_disk_next(struct exo_disk_queue *disk) {
    unsigned place = disk->queue->tail % EXO_REQUESTS;

    return exo_disk_status(disk, place) == EXO_DISK_PENDING ? NULL : &disk->queue->request[place];
}

/* It, the next one, is filled in: the kernel may have it. */
static inline void exo_disk_put(struct exo_disk_queue *disk, struct exo_request *request) {
    request->status = EXO_DISK_PENDING;
    __atomic_store_n(&disk->queue->tail, disk->queue->tail + 1, __ATOMIC_RELEASE);
}

/* Kicks, and sleeps till the request ends: its status. A device that keeps it for longer than the
 * kernel is patient fails it with EXO_E_IO. */
long exo_disk_wait(struct exo_disk_queue *disk, const struct exo_request *request);

/* Both. */
static inline long exo_disk_do(struct exo_disk_queue *disk, struct exo_request *request) {
    exo_disk_put(disk, request);
    return exo_disk_wait(disk, request);
}
#endif
