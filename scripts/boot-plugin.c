/* boot-plugin.c - counts what a boot executes: for QEMU's -plugin */
/* SPDX-License-Identifier: MIT */
/* -plugin FILE,entry=0x80200000,user=0x1000000000,uart=0x10000000,to=FILE: `entry` is where the
 * kernel's first instruction lies, below it (and above the RAM's beginning) is firmware, whose
 * instructions do not count; from `user` to 2^38 lie programs. When the emulator ends, FILE gets
 * two numbers: instructions from the first of the kernel's to the first of a program's, and to the
 * last store to `uart`. Every instruction is counted when it begins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "scripts/plugin.h"

enum { STORES = 2, FIRMWARE_MOST = 0x200000 };
#define USER_END (1ull << 38)

static uint64_t entry, user, uart, count, first_user, last_store;
static const char *to;

static void executed(unsigned hart, void *address) {
    uint64_t at = (uint64_t)address;

    (void)hart;
    if (at == entry && !count)
        count = 1;
    else if (count)
        count++;
    if (!first_user && at >= user && at < USER_END)
        first_user = count - 1;
}

static void stored(unsigned hart, uint32_t access, uint64_t address, void *unused) {
    struct plugin_hwaddr *where = qemu_plugin_get_hwaddr(access, address);

    (void)hart, (void)unused;
    if (where && qemu_plugin_hwaddr_phys_addr(where) == uart)
        last_store = count;
}

static void translated(plugin_id id, struct plugin_tb *block) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        uint64_t at = qemu_plugin_insn_vaddr(insn);

        if (at < entry && at >= entry - FIRMWARE_MOST)
            continue;
        qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, 0, (void *)at);
        qemu_plugin_register_vcpu_mem_cb(insn, stored, 0, STORES, NULL);
    }
}

static void ended(plugin_id id, void *unused) {
    FILE *file = fopen(to, "w");

    (void)id, (void)unused;
    if (file) {
        fprintf(file, "%llu %llu\n", (unsigned long long)first_user,
                (unsigned long long)last_store);
        fclose(file);
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info,
                                                               int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        uint64_t number = value ? strtoull(value + 1, NULL, 0) : 0;

        if (!value)
            return -1;
        if (!strncmp(argv[i], "entry=", 6))
            entry = number;
        else if (!strncmp(argv[i], "user=", 5))
            user = number;
        else if (!strncmp(argv[i], "uart=", 5))
            uart = number;
        else if (!strncmp(argv[i], "to=", 3))
            to = strdup(value + 1);
    }
    if (!entry || !user || !uart || !to)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
