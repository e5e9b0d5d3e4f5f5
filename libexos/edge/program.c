/* program.c - downloaded code: programs of one's own in the kernel */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/program.h"

/* By rule (EXO_REFUSED_RULE). */
static const char *const words[] = {
    [1] = "too few or too many instructions for the profile",
    [2] = "no such opcode",
    [3] = "no such register",
    [4] = "a field that means nothing here is not 0",
    [5] = "a shift by the width or more",
    [6] = "r10 is read-only",
    [7] = "a register is read that was not written on every way there",
    [8] = "half a wide load",
    [9] = "a jump out of the program, or into a wide load",
    [10] = "a jump backward, which the profile does not allow",
    [11] = "a loop that does not bring all registers its start relied on",
    [12] = "a helper that the profile does not have",
    [13] = "the program can run over its end",
};

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

const char *exo_program_refused(long result) {
    if (result >= EXO_E_REFUSED || EXO_REFUSED_RULE(result) >= sizeof words / sizeof words[0])
        return NULL;
    return words[EXO_REFUSED_RULE(result)];
}
