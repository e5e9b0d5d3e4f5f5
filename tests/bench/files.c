/* files.c - work on files that goes to a virtio disk, and the disk itself */
/* SPDX-License-Identifier: MIT */
/* disk: 64M,cache=unsafe */
/* bootargs: volumes=1*64 */
/* counted: yes */
/* A transfer that ends before its program sleeps saves the way to sleep and back: how often, the
 * emulator's host decides. */
#define FILES_SUFFIX ""
#include "tests/bench/files.h"

int main(void) {
    files_rows(1);
    return 0;
}
