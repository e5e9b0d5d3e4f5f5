/* tables.c - maps the kernel's books and init's names; looks things up in them */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "libexos/edge/export.h"
#include "libexos/edge/time.h"
#include "libexos/edge/tree.h"
#include "libexos/vm/vm.h"
#include "shell.h"
#include "tables.h"

struct tables tables;

long tables_open(void) {
    tables.facts = exo_facts();
    exo_board(tables.board, sizeof tables.board);
    tables.frames = exo_frames();
    tables.holds = exo_holds();
    tables.domains = exo_domains();
    tables.envs = exo_envs();
    tables.slots = exo_slots();
    tables.lines = exo_lines();
    tables.trace = exo_trace();
    tables.volumes = exo_volumes();
    return tables.facts && tables.frames && tables.holds && tables.domains && tables.envs &&
                   tables.slots && tables.lines && tables.trace && tables.volumes
               ? 0
               : EXO_E_TABLES;
}

static const volatile void *tables_page(uint64_t frame) {
    long address = vm_map_frames(0, &frame, 1, EXO_R, VM_BORROW | VM_KEEP);

    return address > 0 ? (const volatile void *)address : NULL;
}

void tables_names(uint64_t frame) { tables.names = tables_page(frame); }

void tables_devices(uint64_t frame) { tables.devices = tables_page(frame); }

uint32_t env_generation(uint32_t slot) { return (uint32_t)(tables.envs[slot].state_word >> 16); }

exo_env_t env_handle(uint32_t slot) { return slot | (uint64_t)env_generation(slot) << 16; }

exo_domain_t domain_handle(uint32_t slot) {
    return slot | (uint64_t)tables.domains[slot].generation << 16;
}

uint32_t domain_count(void) { return tables.facts->domain_table.count; }

bool domain_is_live(uint32_t slot) {
    return slot && slot < domain_count() && tables.domains[slot].depth;
}

static bool is_named(uint32_t slot) {
    return tables.names && slot && slot < STEWARD_NAMED && tables.names[slot].text[0] &&
           tables.names[slot].generation == tables.domains[slot].generation;
}

const char *domain_name(uint32_t slot) {
    static char text[STEWARD_NAME_LENGTH + 2];
    uint32_t named = slot, length = 0;

    /* One that nobody named is a descendant of one that has a name: shown as name+. */
    for (int i = 0; i < EXO_DEPTH && named && !is_named(named); i++)
        named = tables.domains[named].parent;
    if (!is_named(named))
        return "-";
    for (; length < STEWARD_NAME_LENGTH - 1 && tables.names[named].text[length]; length++)
        text[length] = tables.names[named].text[length];
    if (named != slot)
        text[length++] = '+';
    text[length] = 0;
    return text;
}

uint32_t domain_find(const char *word) {
    uint32_t slot;

    if (shell_number(word, &slot))
        return domain_is_live(slot) ? slot : 0;
    for (slot = domain_count() - 1; slot; slot--)
        if (domain_is_live(slot) && !strcmp(domain_name(slot), word))
            return slot;
    return 0;
}

const char *state_name(uint32_t state) {
    static const char *const names[] = {
        [EXO_ENV_FREE] = "free",        [EXO_ENV_EMBRYO] = "embryo",   [EXO_ENV_READY] = "ready",
        [EXO_ENV_READY_CALL] = "ready", [EXO_ENV_RUNNING] = "running", [EXO_ENV_ASLEEP] = "asleep",
        [EXO_ENV_OFFERED] = "offered",  [EXO_ENV_LENDING] = "lending", [EXO_ENV_DEAD] = "dead",
    };

    return state < sizeof names / sizeof *names ? names[state] : "?";
}

uint64_t time_now(void) { return exo_time(); }
