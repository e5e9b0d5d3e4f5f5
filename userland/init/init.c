/* init.c - the first program, the steward: it holds everything and hands it out */
/* SPDX-License-Identifier: MIT */
#include "init.h"
#include "libexos/edge/cpio.h"
#include "libexos/edge/tree.h"

enum { INIT_LOOK_MS = 100, BOOTARGS = 512 };
#define INIT_CONFIG "etc/init.conf"

static struct config config;
static char bootargs[BOOTARGS];

void machine_end(bool restart, int status) {
    exo_printf("exit status: %d\n", status);
    exo_machine_end(restart, (uint64_t)status);
    for (;;)
        exo_sleep(0, EXO_NEVER);
}

_Noreturn static void init_fail(const char *what, long error) {
    exo_printf("init: %s: %s\n", what, exo_error_name(error));
    machine_end(false, 1);
}

/* At the start of a word, up to the next blank or, for whole, to the end. */
const char *bootarg(const char *key, bool whole) {
    size_t length = exo_strlen(key);
    static char value[BOOTARGS];

    for (const char *at = bootargs; *at; at++) {
        if ((at != bootargs && at[-1] != ' ') || exo_strncmp(at, key, length) || at[length] != '=')
            continue;
        exo_strlcpy(value, at + length + 1, sizeof value);
        for (char *end = value; !whole && *end; end++)
            if (*end == ' ')
                end[0] = end[1] = 0;
        return value;
    }
    return 0;
}

static void config_read(void) {
    struct config_error error;
    struct exo_file file;

    if (!exo_initrd_find(INIT_CONFIG, &file)) {
        exo_printf("init: no " INIT_CONFIG " in the initrd\n");
        machine_end(false, 1);
    }
    if (config_parse(&config, file.data, file.length, &error))
        return;
    exo_printf(INIT_CONFIG ":%u: %s%s%s\n", error.line, error.word, error.word[0] ? ": " : "",
               error.message);
    machine_end(false, 1);
}

void exo_start(struct exo_uarea *uarea) {
    const char *test, *command;
    uint64_t next = 0;
    long error;

    (void)uarea;
    if (!exo_facts() || !exo_frames() || !exo_domains() || !exo_envs() || !exo_slots() ||
        !exo_lines())
        init_fail("the kernel's tables", EXO_E_TABLES);
    exo_bootargs(bootargs, sizeof bootargs);
    if ((error = harts_start()) < 0)
        init_fail("harts with sv39, f and d, and interrupts", error);
    if ((error = names_open()) < 0)
        init_fail("the name page", error);
    if ((error = devices_open()) < 0)
        init_fail("the list of devices", error);
    disks_open();
    crash_open();
    if ((test = bootarg("test", false)))
        test_run(test);
    command = bootarg("cmd", true);
    config_read();
    for (uint32_t i = 0; i < config.clock_count && !clock_read(config.clocks[i]); i++)
        ;
    slots_settle(config.slots);
    if ((error = gate_open()) < 0)
        init_fail("the gate", error);
    service_open(&config, command);
    memory_open(&config);
    service_start_all();
    for (;;) {
        exo_sleep(INIT_CRASH | INIT_BELL | EXO_EVENT_CHILD, next);
        crash_report();
        service_look();
        next = memory_look(exo_time() + exo_time_base() * INIT_LOOK_MS / 1000);
    }
}
