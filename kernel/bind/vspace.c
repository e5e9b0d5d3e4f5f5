/* vspace.c - bindings: checked once, then used by the hardware alone */
/* SPDX-License-Identifier: MIT */
#include "kernel/bind/vspace.h"
#include "kernel/abi/binding.h"
#include "kernel/base/string.h"
#include "kernel/base/trace.h"
#include "kernel/bind/frame.h"
#include "kernel/bind/slice.h"
#include "kernel/env/env.h"
#include "kernel/env/umem.h"

#define VSPACE_PAGES (ARCH_USER_END / ARCH_PAGE)

enum {
    VSPACE_STEP = 64,       /* entries that one step of a sweep looks at */
    VSPACE_TABLES_STEP = 8, /* tables that one step of the end zeroes */
    VSPACE_DONATION = 16,   /* frames that one donation zeroes */
    VSPACE_RIGHTS = 0x7f
};

struct vspace *vspace_table;
uint32_t vspace_count;

void vspace_init(struct vspace *table, uint32_t count) {
    vspace_table = table;
    vspace_count = count;
}

void vspace_enter(void) {
    struct hart *hart = current->hart;

    vspace_table[current->entry->vspace].harts |= 1ull << hart->id;
    facts.asid_flushes += (uint64_t)arch_vspace_set(current->satp);
    if (hart->stale) {
        hart->stale = 0;
        arch_fence_all();
    }
}

void vspace_leave(void) { arch_vspace_set(arch_kernel_satp()); }

struct vspace *vspace_mine(exo_vspace_t handle, long *error) {
    uint64_t slot = handle ? handle & 0xffff : current->entry->vspace;
    struct vspace *space = &vspace_table[slot];

    if (slot >= vspace_count || space->state != VSPACE_LIVE ||
        (handle && handle >> 16 != space->generation)) {
        *error = EXO_E_HANDLE;
        return NULL;
    }
    if (!domain_above(domain_current(), &domain_table[space->domain])) {
        *error = EXO_E_RIGHT;
        return NULL;
    }
    return space;
}

/* The entry of a bound or bindable address in the main tree: the last leaf table is remembered. */
static page_t *vspace_find(struct vspace *space, uint64_t address) {
    if (space->leaf_base != address >> 21 || !space->leaf) {
        page_t *leaf = page_leaves(space->root, address);

        if (!leaf)
            return NULL;
        space->leaf = leaf;
        space->leaf_base = address >> 21;
    }
    return &space->leaf[page_index(address, 0)];
}

/* How many tables an address lacks in a tree. */
static uint32_t vspace_lacks(const page_t *root, uint64_t address) {
    page_t middle = root[page_index(address, 2)];
    const page_t *table = arch_direct(page_physical(middle));

    return !middle ? 2 : !table[page_index(address, 1)];
}

/* The entry of an address, with tables from the pool, which was seen to have enough. */
static page_t *vspace_make_slot(struct vspace *space, page_t *root, uint64_t address) {
    for (unsigned level = 2; level > 0; level--) {
        page_t *page = &root[page_index(address, level)];

        if (!*page) {
            uint64_t *frame = arch_direct(space->pool);

            *page = page_table(space->pool);
            space->pool = *frame;
            *frame = 0;
            space->pooled--;
        }
        root = arch_direct(page_physical(*page));
    }
    return &root[page_index(address, 0)];
}

/* The harts besides this one that must be told now that bindings of the space changed. One that
 * idles is told when it wakes: nobody runs there till then, and to wake it only for this is dear.
 */
static uint64_t vspace_others(const struct vspace *space) {
    uint64_t others = space->harts & ~(1ull << current->hart->id);

    for (uint32_t i = 0; i < facts.harts && others; i++)
        if (hart_table[i].sleeping && others & 1ull << hart_table[i].id) {
            hart_table[i].stale = 1;
            others &= ~(1ull << hart_table[i].id);
        }
    return others;
}

/* Every change that takes something away must be seen by all harts that may have cached it. */
static void vspace_fence(struct vspace *space, uint64_t address, uint64_t pages) {
    uint64_t others = vspace_others(space);

    if (pages == 1)
        arch_fence_page(address, space->asid);
    else
        arch_fence_asid(space->asid);
    if (others)
        arch_fence_remote(others, space->asid);
}

/* What a binding counts for in its frame's W^X balance. */
static int32_t vspace_balance(uint64_t most) { return most & EXO_W ? 1 : most & EXO_X ? -1 : 0; }

/* A binding is gone: its hold has a use less. */
static void vspace_release(struct vspace *space, page_t page) {
    uint32_t frame = frame_of(page_physical(page));

    if (frame_table[frame].kind == EXO_FRAME_EXPORT)
        return;
    frame_table[frame].wx -= vspace_balance(page_most(page));
    hold_unuse(frame, &domain_table[space->domain]);
}

static void vspace_forget_pin(struct vspace *space, uint64_t address, page_t page) {
    for (uint32_t i = 0; i < space->pins; i++)
        if (space->pin[i] == address / ARCH_PAGE) {
            space->pin[i] = space->pin[--space->pins];
            break;
        }
    frame_table[frame_of(page_physical(page))].pins--;
}

/* Takes whatever stands at an address out of both trees; true if the main one had it. `keep`: the
 * main entry will be overwritten by the caller. */
static int vspace_clear(struct vspace *space, uint64_t address, page_t *page) {
    page_t *spare = page_find(space->spare, address);
    page_t old = page ? *page : 0, other = spare ? *spare : 0;

    if (other)
        *spare = 0;
    if (old)
        *page = 0;
    if (old && other)
        vspace_forget_pin(space, address, other);
    if (old || other)
        vspace_release(space, old ? old : other);
    return old != 0;
}

long vspace_bind(struct vspace *space, uint64_t address, uint64_t frame, uint64_t rights) {
    uint64_t now = rights & 7, most = rights >> 4 ? rights >> 4 : now, old_most = 0;
    struct exo_frame *entry;
    page_t *page, made;
    struct hold hold;
    uint32_t lacks;
    int32_t wx;
    int replaced;

    if (rights > VSPACE_RIGHTS || address % ARCH_PAGE || address >= ARCH_USER_END || now & ~most ||
        !(most & EXO_R) || (now & EXO_W && !(now & EXO_R)))
        return EXO_E_ARG;
    if ((most & (EXO_W | EXO_X)) == (EXO_W | EXO_X))
        return EXO_E_WX;
    if (!frame_exists(frame))
        return EXO_E_HOLD;
    entry = &frame_table[frame];
    if (entry->kind == EXO_FRAME_EXPORT) {
        if (most != EXO_R || rights & EXO_PIN)
            return EXO_E_HOLD;
    } else if ((entry->kind != EXO_FRAME_RAM && entry->kind != EXO_FRAME_MMIO) ||
               !hold_find((uint32_t)frame, &domain_table[space->domain], &hold) ||
               most & ~*hold.rights || *hold.uses == UINT32_MAX) {
        return EXO_E_HOLD;
    }
    if (entry->kind == EXO_FRAME_MMIO && most & EXO_X)
        return EXO_E_ARG;
    page = vspace_find(space, address);
    if (page && *page && frame_of(page_physical(*page)) == frame)
        old_most = page_most(*page);
    wx = entry->wx - vspace_balance(old_most);
    if ((most & EXO_W && wx < 0) || (most & EXO_X && wx > 0))
        return EXO_E_WX;
    if (rights & EXO_PIN && (space->pins == EXO_PINS || entry->pins == UINT8_MAX))
        return EXO_E_FULL;
    if (!page || rights & EXO_PIN) {
        lacks = vspace_lacks(space->root, address);
        if (rights & EXO_PIN)
            lacks += vspace_lacks(space->spare, address);
        if (lacks > space->pooled)
            return EXO_E_TABLES;
    }
    /* commit */
    made = page_leaf(frame_address((uint32_t)frame), now, most);
    if (entry->kind != EXO_FRAME_EXPORT) {
        ++*hold.uses;
        entry->wx += vspace_balance(most);
    }
    replaced =
        (page && *page) || space->cursor < VSPACE_PAGES ? vspace_clear(space, address, page) : 0;
    if (!page)
        page = vspace_make_slot(space, space->root, address);
    *page = made;
    if (rights & EXO_PIN) {
        *vspace_make_slot(space, space->spare, address) = made;
        space->pin[space->pins++] = (uint32_t)(address / ARCH_PAGE);
        entry->pins++;
    }
    if (replaced)
        vspace_fence(space, address, 1);
    else
        arch_fence_page(address, space->asid);
    if (most & EXO_X) {
        uint64_t others = vspace_others(space);

        arch_fence_instructions();
        if (others)
            arch_fence_instructions_remote(others);
    }
    return 0;
}

long sys_vspace_bind(exo_vspace_t handle, uint64_t address, uint64_t frame, uint64_t rights) {
    long error = 0;
    struct vspace *space = vspace_mine(handle, &error);

    return space ? vspace_bind(space, address, frame, rights) : error;
}

long sys_vspace_bindv(exo_vspace_t handle, uint64_t user, uint64_t count) {
    struct exo_binding bindings[EXO_BATCH];
    long error = 0;
    struct vspace *space = vspace_mine(handle, &error);
    uint64_t done = 0;

    if (!space)
        return error;
    if (!count || count > EXO_BATCH)
        return EXO_E_ARG;
    if (!umem_in(bindings, user, count * sizeof bindings[0]))
        return EXO_E_FAULT;
    for (; done < count && !error; done += !error)
        error = vspace_bind(space, bindings[done].address & ~(uint64_t)(ARCH_PAGE - 1),
                            bindings[done].frame, bindings[done].address % ARCH_PAGE);
    return done ? (long)done : error;
}

/* Checks a range of at most `most` pages. */
static int vspace_range(uint64_t address, uint64_t pages, uint64_t most) {
    return address % ARCH_PAGE == 0 && address < ARCH_USER_END && pages && pages <= most &&
           pages <= (ARCH_USER_END - address) / ARCH_PAGE;
}

long sys_vspace_unbind(exo_vspace_t handle, uint64_t address, uint64_t pages) {
    long error = 0;
    struct vspace *space = vspace_mine(handle, &error);
    int any = 0;

    if (!space)
        return error;
    if (!vspace_range(address, pages, EXO_BATCH))
        return EXO_E_ARG;
    /* commit */
    for (uint64_t i = 0; i < pages; i++)
        any |= vspace_clear(space, address + i * ARCH_PAGE,
                            vspace_find(space, address + i * ARCH_PAGE));
    if (any)
        vspace_fence(space, address, pages);
    return (long)pages;
}

long sys_vspace_protect(exo_vspace_t handle, uint64_t address, uint64_t pages, uint64_t rights) {
    long error = 0;
    struct vspace *space = vspace_mine(handle, &error);
    page_t need = (rights & (EXO_W | EXO_X)) << 7, bits = page_with_rights(0, rights);
    uint64_t done = 0;

    if (!space)
        return error;
    if (!vspace_range(address, pages, EXO_PROTECT_BATCH) || rights > 7 ||
        (rights & EXO_W && !(rights & EXO_R)))
        return EXO_E_ARG;
    while (done < pages) {
        page_t *page = vspace_find(space, address + done * ARCH_PAGE), *end;
        uint64_t part = PAGE_ENTRIES - page_index(address + done * ARCH_PAGE, 0);

        if (!page)
            break;
        end = page + (part < pages - done ? part : pages - done);
        for (; page < end && *page && (*page & need) == need; page++, done++)
            *page = (*page & ~(page_t)15) | bits;
        if (page < end)
            break;
    }
    if (!done)
        return EXO_E_HOLD;
    vspace_fence(space, address, done);
    return (long)done;
}

int vspace_pins(const struct vspace *space, uint32_t frame) {
    for (uint32_t i = 0; i < space->pins; i++) {
        page_t *page = page_find(space->spare, (uint64_t)space->pin[i] * ARCH_PAGE);

        if (page && *page && frame_of(page_physical(*page)) == frame)
            return 1;
    }
    return 0;
}

int vspace_flip(struct vspace *space) {
    if (space->cursor < VSPACE_PAGES)
        return 0;
    for (unsigned i = 0; i < PAGE_USER_ENTRIES; i++) {
        page_t page = space->root[i];

        space->root[i] = space->spare[i];
        space->spare[i] = page;
    }
    space->cursor = 0;
    space->leaf = NULL;
    vspace_fence(space, 0, VSPACE_PAGES);
    return 1;
}

int vspace_sweep(struct vspace *space) {
    for (unsigned i = 0; i < VSPACE_STEP && space->cursor < VSPACE_PAGES; i++) {
        uint64_t address = space->cursor * ARCH_PAGE;
        uint32_t lacks = vspace_lacks(space->spare, address);
        page_t *page, *spare;

        if (lacks) {
            /* Nothing for 2 MiB, or for 1 GiB. */
            uint64_t step = lacks == 2 ? PAGE_ENTRIES * PAGE_ENTRIES : PAGE_ENTRIES;

            space->cursor = (space->cursor / step + 1) * step;
            continue;
        }
        spare = page_find(space->spare, address);
        page = page_find(space->root, address);
        if (*spare && !(page && *page))
            vspace_clear(space, address, page);
        space->cursor++;
    }
    return space->cursor >= VSPACE_PAGES;
}

void vspace_unpin(struct vspace *space) {
    while (space->pins) {
        uint64_t address = (uint64_t)space->pin[0] * ARCH_PAGE;
        page_t *spare = page_find(space->spare, address);

        vspace_forget_pin(space, address, *spare);
        *spare = 0;
    }
}

/* Gives up to VSPACE_TABLES_STEP tables of a swept tree back; true when only the root is left. */
static int vspace_free_tables(struct vspace *space, page_t *root) {
    struct exo_domain *domain = &domain_table[space->domain];
    unsigned freed = 0;

    for (unsigned i = 0; i < PAGE_USER_ENTRIES; i++) {
        page_t *middle = root[i] ? arch_direct(page_physical(root[i])) : NULL;

        for (unsigned k = 0; middle && k < PAGE_ENTRIES; k++)
            if (middle[k]) {
                frame_return(frame_of(page_physical(middle[k])), domain);
                middle[k] = 0;
                if (++freed == VSPACE_TABLES_STEP)
                    return 0;
            }
        if (middle) {
            frame_return(frame_of(page_physical(root[i])), domain);
            root[i] = 0;
            if (++freed == VSPACE_TABLES_STEP)
                return 0;
        }
    }
    return 1;
}

int vspace_end(struct vspace *space) {
    struct exo_domain *domain = &domain_table[space->domain];
    uint32_t generation = space->generation;

    if (space->state == VSPACE_LIVE) {
        if (!vspace_sweep(space))
            return 0;
        vspace_unpin(space);
        vspace_flip(space);
        space->state = VSPACE_DYING;
    }
    if (!vspace_sweep(space) || !vspace_free_tables(space, space->root) ||
        !vspace_free_tables(space, space->spare))
        return 0;
    for (unsigned i = 0; i < VSPACE_TABLES_STEP && space->pool; i++) {
        uint32_t frame = frame_of(space->pool);

        space->pool = *(uint64_t *)arch_direct(space->pool);
        frame_return(frame, domain);
    }
    if (space->pool)
        return 0;
    frame_return(frame_of(arch_physical(space->root)), domain);
    frame_return(frame_of(arch_physical(space->spare)), domain);
    memset(space, 0, sizeof *space);
    space->generation = generation;
    domain_credit(domain, EXO_VSPACES);
    return 1;
}

struct vspace *vspace_make(struct exo_domain *domain, uint32_t root, uint32_t spare) {
    uint32_t slot = 0;
    struct vspace *space;

    while (slot < vspace_count && vspace_table[slot].state != VSPACE_FREE)
        slot++;
    if (slot == vspace_count)
        return NULL;
    space = &vspace_table[slot];
    space->generation++;
    space->domain = (uint16_t)domain_slot(domain);
    space->state = VSPACE_LIVE;
    space->asid = slot + 1;
    space->cursor = VSPACE_PAGES;
    frame_donate(root, EXO_FRAME_TABLE, slot);
    frame_donate(spare, EXO_FRAME_TABLE, slot);
    space->root = frame_memory(root);
    space->spare = frame_memory(spare);
    for (unsigned i = PAGE_USER_ENTRIES; i < PAGE_ENTRIES; i++)
        space->root[i] = arch_kernel_root[i];
    domain_charge(domain, EXO_VSPACES);
    return space;
}

long sys_vspace_create(exo_domain_t owner, uint64_t root, uint64_t spare) {
    long error = 0;
    struct exo_domain *domain = domain_mine(owner, &error);
    struct vspace *space;

    if (!domain)
        return error;
    if (!frame_is_spare(root, domain) || !frame_is_spare(spare, domain) || root == spare)
        return EXO_E_HOLD;
    /* An abort flips them all at once: that must stay bounded. */
    if (!domain_may(domain, EXO_VSPACES, 1) || domain->used[EXO_VSPACES] >= EXO_VSPACES_PER_DOMAIN)
        return EXO_E_QUOTA;
    space = vspace_make(domain, (uint32_t)root, (uint32_t)spare);
    return space ? (long)((uint64_t)space->generation << 16 | (uint64_t)(space - vspace_table))
                 : EXO_E_FULL;
}

void vspace_pool(struct vspace *space, uint32_t frame) {
    frame_donate(frame, EXO_FRAME_TABLE, (uint32_t)(space - vspace_table));
    *(uint64_t *)frame_memory(frame) = space->pool;
    space->pool = frame_address(frame);
    space->pooled++;
}

long sys_vspace_donate(exo_vspace_t handle, uint64_t user, uint64_t count) {
    uint64_t frames[EXO_BATCH], done = 0;
    long error = 0;
    struct vspace *space = vspace_mine(handle, &error);

    if (!space)
        return error;
    if (!count || count > EXO_BATCH)
        return EXO_E_ARG;
    if (!umem_in(frames, user, count * sizeof frames[0]))
        return EXO_E_FAULT;
    if (count > VSPACE_DONATION)
        count = VSPACE_DONATION;
    for (; done < count && frame_is_spare(frames[done], &domain_table[space->domain]); done++)
        vspace_pool(space, (uint32_t)frames[done]);
    return done ? (long)done : EXO_E_HOLD;
}

long sys_vspace_destroy(exo_vspace_t handle) {
    long error = 0;
    uint64_t slot = handle & 0xffff;
    struct vspace *space;

    /* A dying one answers to its handle still: the caller comes again until it is gone. */
    if (slot < vspace_count && vspace_table[slot].state == VSPACE_DYING &&
        handle >> 16 == vspace_table[slot].generation &&
        domain_above(domain_current(), &domain_table[vspace_table[slot].domain]))
        return vspace_end(&vspace_table[slot]) ? 0 : EXO_E_AGAIN;
    space = vspace_mine(handle, &error);
    if (!space)
        return error;
    if (space->environments)
        return EXO_E_BUSY;
    /* commit */
    return vspace_end(space) ? 0 : EXO_E_AGAIN;
}
