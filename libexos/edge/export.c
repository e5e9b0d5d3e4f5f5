/* export.c - the kernel's books, mapped read-only when first asked for */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/export.h"
#include "libexos/edge/bind.h"

/* What is mapped where in the tables' window, so that lost bindings can be made again. */
enum { MAPS = 24 };
static EXO_PINNED_BSS struct map { uint64_t address, first, count; } maps[MAPS];
static EXO_PINNED_BSS uint64_t used, next;

const void *exo_map_export(uint64_t first, uint64_t count) {
    uint64_t address = EXO_TABLES + next;

    for (uint64_t i = 0; i < used; i++)
        if (maps[i].first == first && maps[i].count >= count)
            return (const void *)maps[i].address;
    if (used == MAPS || count == 0 || count > (EXO_VM_TABLES - address) / EXO_PAGE)
        return NULL;
    if (exo_bind_range(address, first, count, EXO_RIGHTS(EXO_R, EXO_R)) < 0)
        return NULL;
    maps[used].address = address;
    maps[used].first = first;
    maps[used].count = count;
    used++;
    next += count * EXO_PAGE;
    return (const void *)address;
}

EXO_PINNED_TEXT long exo_export_fault(uint64_t address) {
    for (uint64_t i = 0; i < used; i++) {
        uint64_t page = (address - maps[i].address) / EXO_PAGE;

        if (address >= maps[i].address && page < maps[i].count)
            return exo_bind(address & ~(EXO_PAGE - 1), maps[i].first + page, EXO_R | EXO_R << 4);
    }
    return EXO_E_ARG;
}

const volatile struct exo_facts *exo_facts(void) {
    static const volatile struct exo_facts *facts;

    if (!facts)
        facts = exo_map_export(exo_uarea()->facts_frame, 1);
    return facts;
}

static const void *table(const volatile struct exo_table *table, uint64_t size, uint64_t offset) {
    uint64_t bytes = table->count * size + offset;

    return exo_map_export(table->frame, (bytes + EXO_PAGE - 1) / EXO_PAGE);
}

#define TABLE(function, type, member)                                                              \
    type *function(void) {                                                                         \
        static type *at;                                                                           \
        const volatile struct exo_facts *facts = exo_facts();                                      \
                                                                                                   \
        if (!at && facts) {                                                                        \
            struct exo_table whole = {facts->member.frame, facts->member.count};                   \
                                                                                                   \
            at = table(&whole, sizeof(type), 0);                                                   \
        }                                                                                          \
        return at;                                                                                 \
    }

TABLE(exo_frames, const volatile struct exo_frame, frame_table)
TABLE(exo_holds, const volatile struct exo_hold, hold_table)
TABLE(exo_domains, const volatile struct exo_domain, domain_table)
TABLE(exo_envs, const volatile struct exo_env, env_table)
TABLE(exo_slots, const volatile struct exo_slot, slot_table)
TABLE(exo_lines, const volatile struct exo_line, line_table)
TABLE(exo_volumes, const volatile struct exo_volume, volume_table)
TABLE(exo_trace, const volatile struct exo_trace, trace_ring)
TABLE(exo_crashes, const struct exo_crash, crash_ring)

const volatile struct exo_unit *exo_units(unsigned disk) {
    const volatile struct exo_facts *facts = exo_facts();

    return facts && disk < EXO_DISKS ? table(&facts->disk[disk].units, sizeof(struct exo_unit), 0)
                                     : NULL;
}

static const void *blob(const volatile struct exo_table *where, uint32_t offset, size_t *length) {
    const char *at = where->count ? table(where, 1, offset) : NULL;

    *length = at ? where->count : 0;
    return at ? at + offset : NULL;
}

const void *exo_device_tree(size_t *length) {
    const volatile struct exo_facts *facts = exo_facts();

    *length = 0;
    return facts ? blob(&facts->device_tree, facts->device_tree_offset, length) : NULL;
}

const void *exo_initrd(size_t *length) {
    const volatile struct exo_facts *facts = exo_facts();

    *length = 0;
    return facts ? blob(&facts->initrd, facts->initrd_offset, length) : NULL;
}

enum exo_env_state exo_env_state_of(exo_env_t env) {
    const volatile struct exo_env *envs = exo_envs();
    const volatile struct exo_facts *facts = exo_facts();
    uint64_t word;

    if (!envs || exo_slot_of(env) >= facts->env_table.count)
        return EXO_ENV_DEAD;
    word = envs[exo_slot_of(env)].state_word;
    if (word >> 16 != env >> 16)
        return EXO_ENV_DEAD;
    return (enum exo_env_state)(word & 0xff);
}
