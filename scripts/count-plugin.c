/* count-plugin.c - counts what is executed between two marks: for QEMU's -plugin */
/* SPDX-License-Identifier: MIT */
/* -plugin FILE,to=FILE: a program executes the hints `slti zero, zero, 1` and `slti zero, zero, 2`
 * (tests/bench/counted.h), and FILE gets a line with the number of instructions between them: of
 * the program, the kernel and the firmware, each counted when it begins. A hart that waits in wfi
 * executes none. For one hart. */
#include <stdio.h>
#include <string.h>
#include "scripts/plugin.h"

enum { MARK_BEGIN = 0x00102013, MARK_END = 0x00202013 };

static uint64_t count;
static FILE *to;

static void executed(unsigned hart, void *unused) {
    (void)hart, (void)unused;
    count++;
}

static void begun(unsigned hart, void *unused) {
    (void)hart, (void)unused;
    count = 0;
}

static void over(unsigned hart, void *unused) {
    (void)hart, (void)unused;
    fprintf(to, "%llu\n", (unsigned long long)count);
}

static void translated(plugin_id id, struct plugin_tb *block) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        uint32_t word = 0;

        if (qemu_plugin_insn_size(insn) == sizeof word && qemu_plugin_insn_haddr(insn))
            memcpy(&word, qemu_plugin_insn_haddr(insn), sizeof word);
        qemu_plugin_register_vcpu_insn_exec_cb(insn,
                                               word == MARK_BEGIN ? begun
                                               : word == MARK_END ? over
                                                                  : executed,
                                               0, NULL);
    }
}

static void ended(plugin_id id, void *unused) {
    (void)id, (void)unused;
    fclose(to);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info,
                                                               int argc, char **argv) {
    (void)info;
    if (argc != 1 || strncmp(argv[0], "to=", 3) || !(to = fopen(argv[0] + 3, "w")))
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
