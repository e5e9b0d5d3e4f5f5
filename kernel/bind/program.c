/* program.c - downloaded code: verified programs in frames, predicates of sleepers */
/* SPDX-License-Identifier: MIT */
#include "kernel/bind/slice.h"
#include "kernel/base/lock.h"
#include "kernel/bind/frame.h"
#include "kernel/ebpf/ebpf.h"

/* What a frame of kind PROGRAM holds: nobody can bind it. */
struct program {
    uint64_t profile; /* the code is copied in words */
    struct ebpf_instruction code[EBPF_MOST];
    uint16_t scratch[EBPF_MOST];
};
_Static_assert(sizeof(struct program) <= ARCH_PAGE && (int)EXO_INSTRUCTIONS == (int)EBPF_MOST &&
                   (int)EXO_WATCH == (int)EBPF_REGIONS &&
                   (int)EXO_PROFILE_FILTER == (int)EBPF_FILTER,
               "a program is one frame, and exo.h says what ebpf.h says");

long sys_program_load(exo_domain_t handle, uint64_t profile, uint64_t frame, uint64_t code,
                      uint64_t count) {
    struct exo_domain *domain = domain_mine(handle);
    struct program *program = frame_memory((uint32_t)frame);
    long error = error_of(domain);

    if (error)
        return error;
    if (profile >= EBPF_PROFILES || !count || count > EBPF_MOST)
        return EXO_E_ARG;
    if (!frame_is_spare(frame, domain))
        return EXO_E_HOLD;
    if (!domain_may(domain, EXO_PROGRAMS, 1))
        return EXO_E_QUOTA;
    if (!umem_in(program->code, code, count * sizeof program->code[0], 0))
        return EXO_E_FAULT;
    /* commit: others may have the lock meanwhile, as while a frame is zeroed. */
    domain_charge(domain, EXO_PROGRAMS, 1);
    frame_table[frame].kind = EXO_FRAME_FRESH;
    lock_release(&kernel_lock);
    program->profile = profile;
    error =
        ebpf_verify(program->code, (uint32_t)count, (enum ebpf_profile)profile, program->scratch);
    if (error)
        frame_zero((uint32_t)frame);
    lock_acquire(&kernel_lock);
    frame_table[frame].kind = error ? EXO_FRAME_RAM : EXO_FRAME_PROGRAM;
    if (!error)
        return 0;
    domain_credit(domain, EXO_PROGRAMS, 1);
    return EXO_E_REFUSED + error;
}

int64_t program_answer(struct exo_env *entry, uint32_t number) {
    const struct exo_domain *domain = &domain_table[entry->domain];
    const struct program *program = frame_memory(number);
    struct env *env = env_private(entry);
    uint64_t now = arch_time(), answer;
    struct ebpf_machine machine = {
        .argument = {now, __atomic_load_n(&env_uarea(env)->events, __ATOMIC_ACQUIRE), env->word},
        .steps = EBPF_MOST};
    int stopped;

    if (number >= facts.frames || frame_table[number].kind != EXO_FRAME_PROGRAM ||
        frame_table[number].domain != entry->domain || program->profile != EBPF_WAKE)
        return EXO_E_HOLD;
    for (uint32_t i = 0; i < env->watched; i++) {
        uint32_t frame = env->watch[i];

        if (frame >= facts.frames ||
            (frame_table[frame].kind != EXO_FRAME_EXPORT && !hold_uses(frame, domain, EXO_R)))
            return EXO_E_HOLD;
        machine.region[i] = (struct ebpf_region){.base = frame_memory(frame), .length = ARCH_PAGE};
    }
    stopped = ebpf_run(program->code, &machine, &answer);
    entry->runtime += arch_time() - now;
    if (stopped)
        return EXO_E_FAULT;
    return (int64_t)answer > 0 ? (int64_t)answer : 0;
}
