/* show.c - commands that print the kernel's books */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "shell.h"
#include "tables.h"

enum { SHOW_ENVS = 1024, SHOW_DOMAINS = 1024 };

static const char *const resource_names[EXO_RESOURCES] = {
    [EXO_FRAMES] = "frames",     [EXO_HOLDS] = "holds", [EXO_VSPACES] = "vspaces",
    [EXO_ENVS] = "envs",         [EXO_SLOTS] = "slots", [EXO_IRQS] = "lines",
    [EXO_PROGRAMS] = "programs", [EXO_RINGS] = "rings", [EXO_DISK] = "disk",
};

static const char *const kind_names[] = {
    [EXO_FRAME_FREE] = "free",     [EXO_FRAME_RAM] = "ram",       [EXO_FRAME_TABLE] = "table",
    [EXO_FRAME_PRIVATE] = "env",   [EXO_FRAME_MMIO] = "mmio",     [EXO_FRAME_EXPORT] = "export",
    [EXO_FRAME_KERNEL] = "kernel", [EXO_FRAME_FRESH] = "zeroing",
};
enum { KINDS = sizeof kind_names / sizeof *kind_names };

static uint32_t slots_of_env(uint32_t env) {
    uint32_t count = 0;

    for (uint32_t i = 0; i < tables.facts->harts * EXO_SLOTS_PER_HART; i++)
        count += tables.slots[i].domain && tables.slots[i].env == env &&
                 tables.slots[i].generation == env_generation(env);
    return count;
}

static uint32_t ticks_to_ms(uint64_t ticks) {
    return (uint32_t)(ticks * 1000 / tables.facts->timebase);
}

int show_ps(int count, char **words) {
    (void)words;
    if (count != 1)
        return shell_usage("ps");
    printf("ENV DOMAIN NAME         STATE    HART SLOTS    TIME ms  FRAMES OVERRUNS\n");
    for (uint32_t i = 0; i < tables.facts->env_table.count; i++) {
        const volatile struct exo_env *env = &tables.envs[i];

        if (env_state(i) == EXO_ENV_FREE)
            continue;
        printf("%3u %6u %-12s %-8s %4u %5u %10u %7u %8u\n", i, env->domain,
               domain_name(env->domain), state_name(env_state(i)), env_hart(i), slots_of_env(i),
               ticks_to_ms(env->runtime), tables.domains[env->domain].used[EXO_FRAMES],
               env->overruns);
    }
    return 0;
}

/* One screen of `top`: who ran how much since the last one. */
int show_top_screen(void) {
    static uint64_t before[SHOW_ENVS], last;
    uint64_t now = time_now(), passed = last ? now - last : 1, busy = 0;
    uint32_t order[20], rows = 0, count = tables.facts->env_table.count;
    uint64_t spent[20];

    if (count > SHOW_ENVS)
        count = SHOW_ENVS;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t runtime = tables.envs[i].runtime;
        uint64_t delta = last && runtime >= before[i] ? runtime - before[i] : 0;
        uint32_t at;

        before[i] = runtime;
        if (env_state(i) == EXO_ENV_FREE)
            continue;
        busy += delta;
        for (at = rows < 20 ? rows : 19; at && spent[at - 1] < delta; at--) {
            spent[at] = spent[at - 1];
            order[at] = order[at - 1];
        }
        if (at < 20 && (rows < 20 || spent[19] <= delta || at < 19)) {
            spent[at] = delta;
            order[at] = i;
        }
        rows += rows < 20;
    }
    busy = busy * 1000 / passed / tables.facts->harts;
    printf("\033[H%.24s: %u harts, %u.%u %% busy, %u of %u frames free, up %u s\033[K\n",
           tables.board, tables.facts->harts, (uint32_t)busy / 10, (uint32_t)busy % 10,
           (uint32_t)tables.facts->free_frames, tables.facts->frames,
           (uint32_t)(now / tables.facts->timebase));
    printf("q leaves\033[K\n\n ENV DOMAIN NAME         STATE    HART SLOTS  HART%%    TIME "
           "ms\033[K\n");
    for (uint32_t row = 0; row < rows; row++) {
        uint32_t i = order[row], share = (uint32_t)(spent[row] * 1000 / passed);

        printf("%4u %6u %-12s %-8s %4u %5u %4u.%u %10u\033[K\n", i, tables.envs[i].domain,
               domain_name(tables.envs[i].domain), state_name(env_state(i)), env_hart(i),
               slots_of_env(i), share / 10, share % 10, ticks_to_ms(tables.envs[i].runtime));
    }
    printf("\033[J");
    fflush(stdout);
    last = now;
    return 0;
}

/* The frame map: 64 cells a line, each the letter of what most of its frames are. */
static void show_frame_map(void) {
    static const char letters[KINDS + 1] = ".rtpMxKz";
    uint32_t cells = 64 * 16, frames = tables.facts->frames, each = (frames + cells - 1) / cells;

    printf(
        "%u frames a letter: . free, r memory, t page table, p environment, x exported, K kernel\n",
        each);
    for (uint32_t cell = 0; cell * each < frames; cell++) {
        uint32_t counts[KINDS] = {0}, most = 0;

        for (uint32_t i = cell * each; i < frames && i < (cell + 1) * each; i++)
            counts[tables.frames[i].kind % KINDS]++;
        for (uint32_t kind = 0; kind < KINDS; kind++)
            if (counts[kind] > counts[most])
                most = kind;
        printf("%s%c", cell && cell % 64 == 0 ? "\n" : "", letters[most]);
    }
    printf("\n");
}

int show_frames(int count, char **words) {
    static uint32_t by[SHOW_DOMAINS][KINDS];
    uint32_t total[KINDS] = {0};

    if (count == 2 && !strcmp(words[1], "map")) {
        show_frame_map();
        return 0;
    }
    if (count != 1)
        return shell_usage("frames [map]");
    memset(by, 0, sizeof by);
    for (uint32_t i = 0; i < tables.facts->frames; i++) {
        uint32_t kind = tables.frames[i].kind % KINDS, domain = tables.frames[i].domain;

        total[kind]++;
        if (domain && domain < SHOW_DOMAINS)
            by[domain][kind]++;
    }
    printf("DOMAIN NAME             RAM   TABLE     ENV    LIMIT    USED GRANTED\n");
    for (uint32_t i = 1; i < domain_count() && i < SHOW_DOMAINS; i++)
        if (domain_is_live(i))
            printf("%6u %-12s %7u %7u %7u %8u %7u %7u\n", i, domain_name(i), by[i][EXO_FRAME_RAM],
                   by[i][EXO_FRAME_TABLE], by[i][EXO_FRAME_PRIVATE],
                   tables.domains[i].limit[EXO_FRAMES], tables.domains[i].used[EXO_FRAMES],
                   tables.domains[i].granted[EXO_FRAMES]);
    for (uint32_t kind = 0; kind < KINDS; kind++)
        if (total[kind])
            printf("%s%u %s", kind ? ", " : "", total[kind], kind_names[kind]);
    printf("; %u in all\n", tables.facts->frames);
    return 0;
}

int show_slices(int count, char **words) {
    (void)words;
    if (count != 1)
        return shell_usage("slices");
    for (uint32_t hart = 0; hart < tables.facts->harts; hart++) {
        printf("hart %u (id %u), slots by environment, . free:\n", hart,
               tables.facts->hart_id[hart]);
        for (uint32_t i = 0; i < EXO_SLOTS_PER_HART; i++) {
            const volatile struct exo_slot *slot = &tables.slots[hart * EXO_SLOTS_PER_HART + i];

            if (slot->domain)
                printf("%4u", slot->env);
            else
                printf("   .");
            if (i % 16 == 15)
                printf("\n");
        }
    }
    return 0;
}

static void show_rights(uint32_t frame, uint32_t domain, uint32_t rights, uint32_t uses) {
    printf("%7u %6u %-12s %c%c%c %5u%s\n", frame, domain, domain_name(domain),
           rights & EXO_R ? 'r' : '-', rights & EXO_W ? 'w' : '-', rights & EXO_X ? 'x' : '-', uses,
           rights ? "" : " doomed");
}

static int show_holds_of(uint32_t frame, uint32_t domain) {
    uint32_t shown = 0, frames = tables.facts->frame_table.count;

    printf("  FRAME DOMAIN NAME         RWX  USES\n");
    for (uint32_t i = 0; i < frames; i++) {
        const volatile struct exo_frame *f = &tables.frames[i];

        if (f->domain && (domain ? f->domain == domain : i == frame)) {
            show_rights(i, f->domain, f->rights, f->uses);
            shown++;
        }
    }
    for (uint32_t i = 0; i < tables.facts->hold_table.count; i++) {
        const volatile struct exo_hold *h = &tables.holds[i];

        if (h->domain && (domain ? h->domain == domain : h->frame == frame)) {
            show_rights(h->frame, h->domain, h->rights, h->uses);
            shown++;
        }
    }
    printf("%u hold%s\n", shown, shown == 1 ? "" : "s");
    return 0;
}

int show_holds(int count, char **words) {
    uint32_t number, domain;

    if (count == 3 && !strcmp(words[1], "frame") && shell_number(words[2], &number)) {
        if (number >= tables.facts->frame_table.count)
            return shell_fail("holds", words[2], "no such frame");
        return show_holds_of(number, 0);
    }
    if (count == 2) {
        if (!(domain = domain_find(words[1])))
            return shell_fail("holds", words[1], "no such domain");
        return show_holds_of(0, domain);
    }
    if (count != 1)
        return shell_usage("holds [DOMAIN | frame NUMBER]");
    printf("DOMAIN NAME        ");
    for (int i = 0; i < EXO_PROGRAMS; i++)
        printf(" %9s", resource_names[i]);
    printf("\n");
    for (uint32_t i = 1; i < domain_count(); i++) {
        if (!domain_is_live(i))
            continue;
        printf("%6u %-12s", i, domain_name(i));
        for (int r = 0; r < EXO_PROGRAMS; r++) {
            char text[24];

            snprintf(text, sizeof text, "%u/%u", tables.domains[i].used[r],
                     tables.domains[i].limit[r]);
            printf(" %9s", text);
        }
        printf("\n");
    }
    return 0;
}

int show_irqs(int count, char **words) {
    (void)words;
    if (count != 1)
        return shell_usage("irqs");
    printf("LINE DOMAIN NAME          ENV      COUNT STATE\n");
    for (uint32_t i = 1; i < tables.facts->line_table.count; i++) {
        const volatile struct exo_line *line = &tables.lines[i];

        if (line->domain > 1 || line->count || line->env)
            printf("%4u %6u %-12s %4u %10llu %s\n", i, line->domain, domain_name(line->domain),
                   line->env, (unsigned long long)line->count, line->masked ? "masked" : "open");
    }
    return 0;
}

int show_trace(int count, char **words) {
    static const char *const events[] = {
        [EXO_TRACE_BORN] = "born",           [EXO_TRACE_KILLED] = "killed",
        [EXO_TRACE_CRASHED] = "crashed",     [EXO_TRACE_OVERRUN] = "overrun",
        [EXO_TRACE_ASKED] = "asked",         [EXO_TRACE_BROKEN] = "broken",
        [EXO_TRACE_INTERRUPT] = "interrupt", [EXO_TRACE_DOMAIN] = "domain",
    };
    uint64_t next = tables.facts->trace_next, ring = tables.facts->trace_ring.count, from;
    uint32_t wanted = 20;

    if (count > 2 || (count == 2 && !shell_number(words[1], &wanted)))
        return shell_usage("trace [COUNT]");
    if (wanted > ring)
        wanted = (uint32_t)ring;
    from = next > wanted ? next - wanted : 0;
    printf("   NUMBER     TIME ms  ENV EVENT         DETAIL\n");
    for (uint64_t i = from; i < next; i++) {
        const volatile struct exo_trace *entry = &tables.trace[i % ring];
        uint32_t event = entry->event;

        printf("%9llu %11u %4u %-12s %#8x\n", (unsigned long long)i, ticks_to_ms(entry->time),
               entry->env, event < sizeof events / sizeof *events ? events[event] : "?",
               entry->detail);
    }
    return 0;
}

int show_devices(int count, char **words) {
    (void)words;
    if (count != 1)
        return shell_usage("devices");
    printf("NAME                     COMPATIBLE                     BASE  PAGES  FRAME LINE\n");
    for (uint32_t i = 0; tables.devices && i < STEWARD_DEVICES; i++) {
        const volatile struct steward_device *device = &tables.devices[i];

        if (device->pages)
            printf("%-24.31s %-24.31s %10llx %6u %6u %4u\n", (const char *)device->name,
                   (const char *)device->compatible, (unsigned long long)device->base,
                   device->pages, device->frame, device->line);
    }
    return 0;
}

int show_version(int count, char **words) {
    const volatile struct exo_facts *facts = tables.facts;

    (void)words;
    if (count != 1)
        return shell_usage("version");
    printf("Aspis on %s: %u harts, %u MiB, time base %u Hz, slots of %u us, %s, timer by %s\n",
           tables.board, facts->harts, facts->frames / 256, (uint32_t)facts->timebase,
           (uint32_t)(facts->slot_ticks * 1000000 / facts->timebase),
           facts->has_asid ? "with ASIDs" : "no ASIDs", facts->has_stimecmp ? "stimecmp" : "SBI");
    if (facts->boot_instructions) /* the kernel measures itself */
        printf(
            "boot: %llu instructions; longest lock %llu cycles, longest without interrupts %llu\n",
            (unsigned long long)facts->boot_instructions, (unsigned long long)facts->longest_lock,
            (unsigned long long)facts->longest_irqoff);
    return 0;
}
