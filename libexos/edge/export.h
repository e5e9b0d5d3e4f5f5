/* export.h - the kernel's books, mapped read-only when first asked for */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_EXPORT_H
#define LIBEXOS_EDGE_EXPORT_H
#include "libexos/edge/edge.h"

/* Each maps its table once and answers null if it cannot (no page-table frames left). The number of
 * entries stands in facts. The kernel writes them while you read. */
const volatile struct exo_facts *exo_facts(void);
const volatile struct exo_frame *exo_frames(void); /* facts->frames RAM frames, then MMIO pages */
const volatile struct exo_hold *exo_holds(void);
const volatile struct exo_domain *exo_domains(void);
const volatile struct exo_env *exo_envs(void);
const volatile struct exo_slot *exo_slots(void); /* [hart * EXO_SLOTS_PER_HART + position] */
const volatile struct exo_line *exo_lines(void);
const volatile struct exo_volume *exo_volumes(void);      /* EXO_VOLUMES, by number */
const volatile struct exo_unit *exo_units(unsigned disk); /* null too if there is no such disk */
const volatile struct exo_trace *exo_trace(void);
const struct exo_crash *exo_crashes(void); /* the first domain alone */
const void *exo_device_tree(size_t *length);
const void *exo_initrd(size_t *length);

static inline unsigned exo_slot_of(uint64_t handle) { return handle & 0xffff; }

/* State of the environment or domain that a handle names; EXO_ENV_DEAD / 0 if the handle is stale.
 */
enum exo_env_state exo_env_state_of(exo_env_t env);

/* Binds pages [first, first + count) of frames read-only in the tables' window; the address or
 * null. */
const void *exo_map_export(uint64_t first, uint64_t count);
/* Tells bindings that went missing apart: rebinds an exported page if `address` is one. 0 or an
 * error. */
long exo_export_fault(uint64_t address);
#endif
