/* test.c - runs one test with nearly the whole machine, then counts everything again */
/* SPDX-License-Identifier: MIT */
#include "init.h"
#include "libexos/edge/cpio.h"

enum { CENSUS_WAIT_MS = 2000 };

/* Everything that a program could have kept. */
struct census {
    uint64_t free_frames, holds, domains, envs, slots, lines;
    uint32_t limit[EXO_RESOURCES], used[EXO_RESOURCES];
};

static void census_take(struct census *census) {
    const volatile struct exo_facts *facts = exo_facts();
    const volatile struct exo_domain *mine = &exo_domains()[INIT_DOMAIN];

    *census = (struct census){.free_frames = facts->free_frames};
    for (uint32_t i = 0; i < facts->frame_table.count; i++)
        census->holds += (exo_frames()[i].domain != 0) + exo_frames()[i].others;
    for (uint32_t i = 0; i < facts->domain_table.count; i++)
        census->domains += exo_domains()[i].depth != 0;
    for (uint32_t i = 0; i < facts->env_table.count; i++)
        census->envs += (exo_envs()[i].state_word & 0xff) != EXO_ENV_FREE;
    for (uint32_t i = 0; i < facts->harts * EXO_SLOTS_PER_HART; i++)
        census->slots += exo_slots()[i].domain != 0;
    for (uint32_t i = 0; i < facts->line_table.count; i++)
        census->lines += exo_lines()[i].domain == INIT_DOMAIN;
    for (int i = 0; i < EXO_RESOURCES; i++) {
        census->limit[i] = mine->limit[i];
        census->used[i] = mine->used[i];
    }
}

static bool census_line(const char *what, uint64_t before, uint64_t after, bool print) {
    if (before != after && print)
        exo_printf("# census differs: %s %lu before, %lu after\n", what, before, after);
    return before == after;
}

static bool census_same(const struct census *a, const struct census *b, bool print) {
    static const char *const resources[EXO_RESOURCES] = {
        "frames", "holds", "vspaces", "environments", "slots", "lines", "programs", "rings", "disk",
    };
    bool same = census_line("free frames", a->free_frames, b->free_frames, print);
    char text[40];

    same &= census_line("holds", a->holds, b->holds, print);
    same &= census_line("domains", a->domains, b->domains, print);
    same &= census_line("environments", a->envs, b->envs, print);
    same &= census_line("slots", a->slots, b->slots, print);
    same &= census_line("interrupt lines", a->lines, b->lines, print);
    for (int i = 0; i < EXO_RESOURCES; i++) {
        exo_snprintf(text, sizeof text, "limit of %s", resources[i]);
        same &= census_line(text, a->limit[i], b->limit[i], print);
        exo_snprintf(text, sizeof text, "use of %s", resources[i]);
        same &= census_line(text, a->used[i], b->used[i], print);
    }
    return same;
}

uint64_t number_at(const char **text) {
    uint64_t value = 0;

    for (; **text >= '0' && **text <= '9'; ++*text)
        value = value * 10 + (uint64_t)(**text - '0');
    return value;
}

/* What only init can give, if the boot arguments ask for it: device=NAME, and reserve=BUDGET/PERIOD
 * on hart 0 in microseconds; volumes. */
static long test_equip(struct exo_child *child) {
    const char *text = bootarg("device", false);
    uint64_t base = exo_time_base(), budget, period;
    long error = 0;

    if (text && (child->step = device_give(device_find(text), child->domain, &error)))
        return error;
    if ((child->step = "volumes", error = volumes_give(child->domain)))
        return error;
    text = bootarg("reserve", false);
    if (!text)
        return 0;
    child->step = "reserving time";
    budget = number_at(&text);
    text += *text == '/';
    period = number_at(&text);
    return exo_slice_reserve(child->env, 0, base * budget / 1000000, base * period / 1000000);
}

static void test_spawn(const char *name, const struct exo_file *file, bool stopped,
                       struct exo_child *child) {
    const volatile struct exo_domain *mine = &exo_domains()[INIT_DOMAIN];
    struct exo_spawn what = {
        .name = name, .image = file->data, .length = file->length, .stopped = 1};
    const char *device = bootarg("device", false);
    long error;

    for (int i = 0; i < EXO_RESOURCES; i++) {
        uint32_t left = mine->limit[i] - mine->used[i];
        uint32_t keep = i == EXO_FRAMES || i == EXO_HOLDS ? INIT_KEEP_FRAMES
                                                          : i == EXO_ENVS || i == EXO_VSPACES;

        what.limits[i] = left > keep ? left - keep : 0;
    }
    if (device) {
        what.word[START_DEVICE] = device_find(device);
        what.word[START_DEVICES] = devices_frame();
    }
    error = exo_spawn(&what, child);
    for (uint32_t hart = 0; error >= 0 && hart < exo_facts()->harts; hart++)
        exo_slots_take(child->domain, hart, EXO_SLOTS_PER_HART, child->env);
    if (error >= 0 && !stopped)
        error = test_equip(child);
    if (error >= 0 && !stopped) {
        names_set(child->domain, "test");
        error = exo_env_start(child->env);
    }
    if (error < 0) {
        exo_printf("# %s did not start: %s: %s\n", name, child->step ? child->step : "start",
                   exo_error_name(error));
        machine_end(false, 1);
    }
}

static int test_wait(struct exo_child *child) {
    int64_t status = 0;
    long how;

    do {
        how = exo_wait(child, &status, exo_time() + exo_time_base() / 50);
        volumes_serve(child->page);
        crash_report();
    } while (how == EXO_E_AGAIN);
    if (how == EXO_CHILD_EXITED)
        return (int)(status & 0xff);
    exo_printf("# the test %s\n", how == EXO_CHILD_CRASHED ? "crashed" : "was killed");
    return 1;
}

void test_run(const char *asked) {
    static const uint32_t keep[EXO_HARTS] = {2};
    struct census before, after;
    struct exo_child child;
    struct exo_file file;
    char name[64], path[80];
    const char *device;
    uint64_t deadline;
    int status;

    exo_strlcpy(name, asked, sizeof name);
    exo_snprintf(path, sizeof path, "test/%s", name);
    if (!exo_initrd_find(path, &file) && !exo_initrd_find(name, &file)) {
        exo_printf("# init: %s is not in the initrd\n", name);
        machine_end(false, 127);
    }
    slots_settle(keep);
    /* An open device stays open: before anything is counted. */
    device = bootarg("device", false);
    if (device &&
        (device_find(device) == STEWARD_DEVICES || device_open(device_find(device)) < 0)) {
        exo_printf("# init: no device %s\n", device);
        machine_end(false, 1);
    }
    /* What spawning keeps for the next time (its window's page tables) is not the test's. */
    test_spawn(name, &file, true, &child);
    exo_reap(&child);
    census_take(&before);
    test_spawn(name, &file, false, &child);
    status = test_wait(&child);
    exo_reap(&child);
    volumes_take();
    deadline = exo_time() + exo_time_base() * CENSUS_WAIT_MS / 1000;
    for (census_take(&after); !census_same(&before, &after, false) && exo_time() < deadline;
         census_take(&after))
        exo_sleep_ns(10000000);
    if (!census_same(&before, &after, true) && !status)
        status = 1;
    crash_report();
    machine_end(false, status);
}
