/* files_ram.c - the same work as in files.c on a disk in memory, copied by the kernel: no waits */
/* SPDX-License-Identifier: MIT */
/* initrd: 60M */
/* bootargs: volumes=1*60@ram */
/* counted: yes */
#define FILES_SUFFIX "_ram"
#include "tests/bench/files.h"

enum { ARCHIVE_UNITS = 20 /* the initrd's own files lie in the first */ };

int main(void) {
    files_rows(ARCHIVE_UNITS);
    return 0;
}
