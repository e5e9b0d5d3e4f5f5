/* plugin.h - what QEMU offers a -plugin, as far as ours ask for it: versions 1 and 2 alike */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef uint64_t plugin_id;
struct plugin_tb;
struct plugin_insn;
struct plugin_hwaddr;
typedef void on_translation(plugin_id, struct plugin_tb *);
typedef void on_execution(unsigned, void *);
typedef void on_access(unsigned, uint32_t, uint64_t, void *);
typedef void on_exit_of(plugin_id, void *);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, on_translation *);
void qemu_plugin_register_vcpu_insn_exec_cb(struct plugin_insn *, on_execution *, int, void *);
void qemu_plugin_register_vcpu_mem_cb(struct plugin_insn *, on_access *, int, int, void *);
void qemu_plugin_register_atexit_cb(plugin_id, on_exit_of *, void *);
size_t qemu_plugin_tb_n_insns(const struct plugin_tb *);
struct plugin_insn *qemu_plugin_tb_get_insn(const struct plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct plugin_insn *);
size_t qemu_plugin_insn_size(const struct plugin_insn *);
void *qemu_plugin_insn_haddr(const struct plugin_insn *); /* where it lies here, or null */
struct plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t, uint64_t);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct plugin_hwaddr *);
int qemu_plugin_install(plugin_id, const void *, int, char **);

__attribute__((visibility("default"))) int qemu_plugin_version = PLUGIN_VERSION;
