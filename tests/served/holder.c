/* holder.c - a holder of a volume that writes over the frame of its root, and one that looks there
 */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "libexos/edge/start.h"
#include "libexos/volume/map.h"
#include "libexos/vm/vm.h"

int main(int argc, char **argv) {
    struct exo_parent *mine = exo_parent_page();
    long page = mine && mine->volume ? vm_map_frames(0, &mine->root, 1, EXO_R | EXO_W, VM_BORROW)
                                     : EXO_E_HANDLE;

    if (page < 0 || argc < 2) {
        printf("usage: run -v VOLUME holder write | look\n");
        return 1;
    }
    if (!strcmp(argv[1], "write")) {
        memset((void *)page, 0x5a, EXO_PAGE);
        return 0;
    }
    if (!volume_map_sound((const struct volume_map *)page)) {
        printf("no sound map\n");
        return 1;
    }
    printf("%u units\n", (unsigned)volume_map_units((const struct volume_map *)page));
    return 0;
}
