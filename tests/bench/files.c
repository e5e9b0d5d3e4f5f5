/* files.c - work on files that goes to a virtio disk, and the disk itself */
/* SPDX-License-Identifier: MIT */
/* disk: 64M,cache=unsafe */
/* bootargs: volumes=1*64 */
/* Waits do not count: see spin.h. A transfer that ends before its program sleeps saves the way to
 * sleep and back, some 800 instructions with the switches to the companion: how often, the
 * emulator's host decides, and on a busy one it is never. */
#define FILES_SUFFIX ""
#include "tests/bench/files.h"

int main(void) {
    files_rows(1);
    return 0;
}
