/* disk.c - a volume's queue from the program's side */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/disk.h"
#include "libexos/edge/export.h"
#include "libexos/edge/string.h"
#include "libexos/edge/time.h"

/* A RAM disk does eight requests a kick, all at once. Where there are more harts one of them may
 * take the interrupt before the kicker slept. */
long exo_disk_attach(struct exo_disk_queue *disk, uint64_t volume, uint64_t frame, void *page,
                     uint64_t bits) {
    const volatile struct exo_facts *facts = exo_facts();

    *disk = (struct exo_disk_queue){.queue = page, .volume = volume, .bits = bits};
    disk->eager =
        facts->disk[exo_volumes()[volume].disk].line ? facts->harts > 1 : EXO_REQUESTS / 8;
    memset(page, 0, sizeof *disk->queue);
    return exo_volume_bind(volume, frame, exo_uarea()->env, bits);
}

struct exo_request *exo_disk_next(struct exo_disk_queue *disk) {
    unsigned place = disk->queue->tail % EXO_REQUESTS;

    return exo_disk_status(disk, place) == EXO_DISK_PENDING ? NULL : &disk->queue->request[place];
}

unsigned exo_disk_put(struct exo_disk_queue *disk) {
    uint32_t tail = disk->queue->tail;

    disk->queue->request[tail % EXO_REQUESTS].status = EXO_DISK_PENDING;
    __atomic_store_n(&disk->queue->tail, tail + 1, __ATOMIC_RELEASE);
    return tail % EXO_REQUESTS;
}

int32_t exo_disk_status(const struct exo_disk_queue *disk, unsigned place) {
    return __atomic_load_n(&disk->queue->request[place].status, __ATOMIC_ACQUIRE);
}

long exo_disk_wait(struct exo_disk_queue *disk, unsigned place) {
    long error = 0;

    /* Of a second at most: the kernel looks at its patience in kicks. Events may be those of
     * requests that ended before they were waited for. */
    for (unsigned kicks = 0; exo_disk_status(disk, place) == EXO_DISK_PENDING && error >= 0;
         kicks++)
        error = exo_disk_kick(disk->volume, disk->bits,
                              kicks < disk->eager ? 0 : exo_time() + exo_time_base());
    return error < 0 ? error : exo_disk_status(disk, place);
}
