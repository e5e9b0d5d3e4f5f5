/* birth.c - a new environment: two donated frames bound to a domain and a vspace */
/* SPDX-License-Identifier: MIT */
#include "kernel/bind/birth.h"
#include "kernel/bind/frame.h"

struct exo_env *birth_make(struct vspace *space, uint32_t frame, uint64_t address) {
    struct exo_domain *domain = &domain_table[space->domain];
    struct exo_env *entry = env_table;
    struct exo_uarea *uarea = frame_memory(frame);
    struct env *env = frame_memory(frame + 1);
    uint64_t word;

    while (entry < env_table + facts.env_table.count && env_state(entry) != EXO_ENV_FREE)
        entry++;
    if (entry == env_table + facts.env_table.count)
        return NULL;
    /* commit */
    frame_donate(frame + 1, EXO_FRAME_PRIVATE, (uint32_t)(space - vspace_table));
    frame_table[frame].uses++;
    frame_table[frame].pins++;
    frame_table[frame].wx++; /* never executable */
    word = env_generation(entry) << ENV_STATE_BITS;
    *entry = (struct exo_env){.state_word = word | EXO_ENV_EMBRYO,
                              .kernel = (uint64_t)env,
                              .frame = frame,
                              .domain = space->domain,
                              .vspace = (uint16_t)(space - vspace_table)};
    env->entry = entry;
    env->space = space;
    env->satp = page_satp(arch_physical(space->root), arch_has_asid ? space->asid : 0);
    env->save_address = address + offsetof(struct exo_uarea, save);
    env->window = (uint64_t)-ENV_CALLS;
    env->lender = &env_none;
    env->kind = ENV_FULL;
    env->x[3] = env->save_address;
    env->x[10] = address;
    env->domain_handle = domain_handle(domain);
    env->handle = env_handle(entry);
    for (unsigned i = 0; i < ENV_CALLS; i++)
        env->table[ENV_CALLS - 1 - i] = trap_doors[i];
    for (unsigned i = 0; i < EXO_GATES; i++)
        env->gate[i].entry = &env_none;
    uarea->self = address;
    uarea->env = env->handle;
    uarea->domain = env->domain_handle;
    uarea->vspace = (uint64_t)space->generation << 16 | entry->vspace;
    uarea->facts_frame = frame_of(arch_physical(&facts));
    space->environments++;
    domain_charge(domain, EXO_ENVS, 1);
    if (!domain->speaker)
        domain->speaker = env->handle;
    trace_event(EXO_TRACE_BORN, (uint16_t)env_slot(entry), space->domain);
    return entry;
}

long sys_env_create(exo_domain_t owner, exo_vspace_t where, uint64_t frame, uint64_t address) {
    struct exo_domain *domain = domain_mine(owner);
    struct vspace *space = vspace_mine(where);
    struct exo_env *entry;

    if (error_of(domain) || error_of(space))
        return error_of(domain) ? error_of(domain) : error_of(space);
    if (space->domain != domain_slot(domain))
        return EXO_E_RIGHT;
    if (address % ARCH_PAGE || address >= ARCH_USER_END)
        return EXO_E_ARG;
    /* The u-area may be bound already, but must be the domain's own, writable and never executable.
     */
    if (frame >= facts.frames - 1 || frame_table[frame].kind != EXO_FRAME_RAM ||
        frame_table[frame].domain != domain_slot(domain) || frame_table[frame].others ||
        frame_table[frame].wx < 0 || frame_table[frame].pins == UINT8_MAX ||
        !(frame_table[frame].rights & EXO_W) || !frame_is_spare(frame + 1, domain))
        return EXO_E_HOLD;
    if (!domain_may(domain, EXO_ENVS, 1))
        return EXO_E_QUOTA;
    entry = birth_make(space, (uint32_t)frame, address);
    return entry ? (long)env_handle(entry) : EXO_E_FULL;
}

long sys_env_start(exo_env_t handle) {
    struct exo_env *entry = env_mine(handle);

    if (error_of(entry))
        return error_of(entry);
    if (!env_change(entry, EXO_ENV_EMBRYO, EXO_ENV_READY))
        return EXO_E_BUSY;
    /* commit */
    env_changes += ENV_OTHERS;
    env_private(entry)->x[0] = env_uarea(env_private(entry))->entry_start;
    slice_hurry(entry);
    return 0;
}

long sys_env_foreign(uint64_t start, uint64_t end) {
    if (end > ARCH_USER_END || start > end)
        return EXO_E_ARG;
    /* commit */
    current->foreign_start = start;
    current->foreign_end = end;
    /* With the window shut every call is looked at closer; FP in use shuts it too. */
    current->window = end || current->fp_on ? UINT64_MAX : (uint64_t)-ENV_CALLS;
    return 0;
}
