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

    *disk = (struct exo_disk_queue){
        .queue = page, .volume = volume, .bits = bits, .second = exo_time_base()};
    disk->eager =
        facts->disk[exo_volumes()[volume].disk].line ? facts->harts > 1 : EXO_REQUESTS / 8;
    memset(page, 0, sizeof *disk->queue);
    return exo_volume_bind(volume, frame, exo_uarea()->env, bits);
}

long exo_disk_wait(struct exo_disk_queue *disk, const struct exo_request *request) {
    int32_t status = __atomic_load_n(&request->status, __ATOMIC_ACQUIRE);

    /* Of a second at most: the kernel looks at its patience in kicks. Events may be those of
     * requests that ended before they were waited for. */
    for (unsigned kicks = 0; status == EXO_DISK_PENDING; kicks++) {
        long error = exo_disk_kick(disk->volume, disk->bits,
                                   kicks < disk->eager ? 0 : exo_time() + disk->second);

        if (error < 0)
            return error;
        status = __atomic_load_n(&request->status, __ATOMIC_ACQUIRE);
    }
    return status;
}
