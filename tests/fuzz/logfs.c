/* logfs.c - volumes damaged behind their checksums: whatever stands in them, nothing breaks */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/logfs/[a-z]*.c libexos/edge/crc32c.c tests/files/hostile.c */
/* cflags: -D_GNU_SOURCE -fno-sanitize-recover=undefined */
#include <stdio.h>
#include "tests/files/hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

__attribute__((destructor)) static void tell(void) {
    fprintf(stderr, "stat::programs_run: %lu volumes, %lu mounts, %lu sound, %lu changes\n",
            (unsigned long)hostile_counts.volumes, (unsigned long)hostile_counts.mounted,
            (unsigned long)hostile_counts.sound, (unsigned long)hostile_counts.worked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hostile_run(data, size);
    return 0;
}
