/* vspace.h - page <-> address: Sv39 trees as a cache of approved bindings */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "arch/riscv64/page.h"
#include "kernel/env/domain.h"

enum vspace_state { VSPACE_FREE, VSPACE_LIVE, VSPACE_DYING };

/* Two trees: bindings live in `root`; `spare` holds the pinned ones, and during a sweep also stale
 * ones. So everywhere: an address bound in both trees is pinned, one bound in the spare alone is
 * stale. */
struct vspace {
    uint32_t generation;
    uint32_t head; /* of a frame of RAM that the domain holds first, but for the rights */
    uint16_t domain;
    uint8_t state;
    page_t *root, *spare;
    uint64_t asid;
    uint64_t harts;     /* mask of hart ids whose TLBs may know it */
    uint64_t cursor;    /* of the sweep: a page number; done at the end of user space */
    uint64_t pool;      /* donated frames, linked through their first word: physical, 0 ends */
    uint64_t leaf_base; /* the last leaf table used: address >> 21, ~0 for none */
    page_t *leaf;
    uint32_t pooled, environments, pins;
    uint32_t pin[EXO_PINS]; /* page numbers of pinned addresses */
};

extern struct vspace *vspace_table;
extern uint32_t vspace_count;

/* The lock is held for all of these. */
/* The current environment's address space is switched to on this hart. */
void vspace_enter(void);
/* A vspace that the caller may act on (0 = its own), or an error dressed as a pointer. */
struct vspace *vspace_mine(exo_vspace_t handle);

/* Binds one page, wherever; all is checked first. See sys_vspace_bind. Where other harts must be
 * told *replaced grows, or (NULL) they are told. */
long vspace_bind(struct vspace *space, uint64_t address, uint64_t *replaced, uint64_t frame,
                 uint64_t rights);
/* An abort: only the pinned set stays, on every hart, when it returns. An earlier sweep must be
 * over. Swaps 256 root entries. */
void vspace_flip(struct vspace *space);
/* Clears up to 64 stale entries; true when nothing stale is left. */
int vspace_sweep(struct vspace *space);
/* Whether a pinned page of the space is this frame. At most EXO_PINS steps. */
int vspace_pins(const struct vspace *space, uint32_t frame);
/* One bounded step of the end; true when the slot is free. */
int vspace_end(struct vspace *space);
/* Makes a slot live; roots are donated frames. The kernel's own use and sys_vspace_create's. */
struct vspace *vspace_make(struct exo_domain *domain, uint32_t root, uint32_t spare);
void vspace_pool(struct vspace *space, uint32_t frame);
