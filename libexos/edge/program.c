/* program.c - downloaded code: programs of one's own in the kernel */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/program.h"

long exo_program_new(enum exo_profile profile, const uint64_t *code, uint64_t count) {
    uint64_t frame = EXO_ANY;
    long error = exo_frame_alloc(0, &frame, 1);

    if (error < 0)
        return error;
    error = exo_program_load(0, profile, frame, code, count);
    if (error < 0)
        exo_hold_drop(0, &frame, 1);
    return error < 0 ? error : (long)frame;
}
