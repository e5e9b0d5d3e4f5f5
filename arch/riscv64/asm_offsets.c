/* asm_offsets.c - the numbers that the assembler needs of the C structures */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "kernel/abi/uarea.h"
#include "kernel/env/env.h"

#define DEFINE(name, value) asm volatile("\n.ascii \"->" #name " %0\"" ::"i"(value))
#define ENV(name, member) DEFINE(name, offsetof(struct env, member))
#define UAREA(name, member) DEFINE(name, (long)offsetof(struct exo_uarea, member) - 4096)

void asm_offsets(void) {
    ENV(ENV_X, x);
    ENV(ENV_SCRATCH, scratch);
    ENV(ENV_SATP, satp);
    ENV(ENV_SAVE_ADDRESS, save_address);
    ENV(ENV_STACK, stack);
    ENV(ENV_WINDOW, window);
    ENV(ENV_ENTRY, entry);
    ENV(ENV_LENDING_WORD, lending_word);
    ENV(ENV_OFFERED_WORD, offered_word);
    ENV(ENV_LENDER, lender);
    ENV(ENV_CALLER_WORD, caller_word);
    ENV(ENV_YIELDER_WORD, yielder_word);
    ENV(ENV_LENT, lent);
    ENV(ENV_DOMAIN, domain_handle);
    ENV(ENV_KIND, kind);
    ENV(ENV_FOREIGN_START, foreign_start);
    ENV(ENV_FOREIGN_END, foreign_end);
    ENV(ENV_FP_ON, fp_on);
    ENV(ENV_FCSR, fcsr);
    ENV(ENV_FP, fp);
    ENV(ENV_TABLE, table);
    ENV(ENV_GATE, gate);
    DEFINE(GATE_ENTRY, offsetof(struct env_gate, entry));
    DEFINE(GATE_WORD, offsetof(struct env_gate, word));
    DEFINE(ENTRY_KERNEL, offsetof(struct exo_env, kernel));
    DEFINE(ENTRY_BUDGET, offsetof(struct exo_env, budget));
    UAREA(UAREA_SAVE, save);
    DEFINE(SAVE_CAUSE, offsetof(struct exo_save, cause));
    DEFINE(SAVE_ADDRESS, offsetof(struct exo_save, address));
    DEFINE(SAVE_STACK, offsetof(struct exo_save, stack));
    DEFINE(SAVE_SIZE, sizeof(struct exo_save));
    UAREA(UAREA_ENTRY, entry);
    UAREA(UAREA_ENTRY_GATE, entry_gate);
    DEFINE(STATE_RUNNING, EXO_ENV_RUNNING);
    DEFINE(STATE_OFFERED, EXO_ENV_OFFERED);
    DEFINE(STATE_LENDING, EXO_ENV_LENDING);
    DEFINE(STATE_READY_CALL, EXO_ENV_READY_CALL);
    DEFINE(KIND_FULL, ENV_FULL);
    DEFINE(KIND_CALL, ENV_CALL);
    DEFINE(ERROR_ARG, EXO_E_ARG);
    DEFINE(ERROR_CALL, EXO_E_CALL);
}
