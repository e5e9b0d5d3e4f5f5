/* disk_price.c - what a request of 4 KiB costs in instructions, the program's and the kernel's */
/* SPDX-License-Identifier: MIT */
/* icount */
/* kernel: release */
/* disk: 16M */
/* bootargs: volumes=1*4 */
#include "tests/guest/disk.h"

enum { ROUNDS = 32, MOST = 3000 };

int main(void) {
    struct volume volume;
    uint64_t frame, price[2] = {UINT64_MAX, UINT64_MAX};

    open_disk_test();
    frame = frame_new(0);
    volume_open(&volume, 1);
    for (int i = 0; i < 2 * ROUNDS; i++) {
        uint8_t op = i % 2 ? EXO_DISK_READ : EXO_DISK_WRITE;
        uint64_t start = instructions();

        must(disk_do(&volume, op, 0, 8, frame) == 0);
        start = instructions() - start;
        price[i % 2] = start < price[i % 2] ? start : price[i % 2];
    }
    note("write %lu, read %lu instructions", price[0], price[1]);
    ok(price[0] < MOST && price[1] < MOST, "from the request to its end, at most %d instructions",
       MOST);
    volume_close(&volume);
    return done();
}
