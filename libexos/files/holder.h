/* holder.h - what the holder of a volume asks of whoever keeps the disk's volumes */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_FILES_HOLDER_H
#define LIBEXOS_FILES_HOLDER_H
#include "libexos/edge/edge.h"
#include "libexos/edge/start.h"
#include "kernel/ebpf/ebpf.h"

/* Words of gate messages: the call, the volume's number; the answer in word 0. They are about the
 * root that stands in the volume's root frame when they are made. */
enum holder_call {
    HOLDER_ASK = 64, /* the free units that it names become the volume's, to be written */
    HOLDER_INSTALL,  /* it holds from now on: all units named are written; others become free */
    /* Of a volume without units: the frame shows a struct holder_code, its owns program to be. Then
     * RENEW: it is, and the root in the frame the first with it; roots of before are forgotten. */
    HOLDER_CODE,
    HOLDER_RENEW,
    HOLDER_OUTCOME, /* of the caller's last call that waited for the disk */
};

struct holder_code {
    uint32_t count, zero;
    struct ebpf_instruction code[EBPF_MOST];
};

/* Makes the call of a volume that this program was given before it started. 0, or an error:
 * EXO_E_ARG: the owns program refuses the root, or a unit is not written; EXO_E_FULL, EXO_E_BUSY:
 * units are not to be had; EXO_E_IO. */
long holder_propose(enum holder_call call, const struct exo_parent *given);
/* Makes a call through a gate bound to init; if the gate falls asleep over it (it waits for the
 * disk) the outcome is asked for till it is there. */
long holder_call(uint64_t gate, struct exo_message *message);
#endif
