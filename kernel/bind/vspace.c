/* vspace.c - bindings: checked once, then used by the hardware alone */
/* SPDX-License-Identifier: MIT */
#include "kernel/bind/vspace.h"
#include "kernel/bind/frame.h"
#include "kernel/bind/slice.h"

#define VSPACE_PAGES (ARCH_USER_END / ARCH_PAGE)

/* Entries that one step of a sweep looks at; tables that one of the end zeroes, and frames that a
 * donation does. */
enum { VSPACE_STEP = 64, VSPACE_TABLES_STEP = 8, VSPACE_DONATION = 16, VSPACE_RIGHTS = 0x7f };

struct vspace *vspace_table;
uint32_t vspace_count;

void vspace_enter(void) {
    struct hart *hart = current->hart;

    arch_vspace_set(current->satp);
    if (hart->stale) {
        hart->stale = 0;
        arch_fence_all();
    }
}

/* A vspace that the caller may act on, dying or not, or an error dressed as a
 * pointer. */
static struct vspace *vspace_named(exo_vspace_t handle) {
    uint64_t slot = handle & 0xffff;
    struct vspace *space = &vspace_table[slot];

    if (slot >= vspace_count || space->state == VSPACE_FREE || handle >> 16 != space->generation)
        return error_pointer(EXO_E_HANDLE);
    if (!domain_above(domain_current(), &domain_table[space->domain]))
        return error_pointer(EXO_E_RIGHT);
    return space;
}

struct vspace *vspace_mine(exo_vspace_t handle) {
    struct vspace *space = handle ? vspace_named(handle) : current->space;

    return !error_of(space) && space->state != VSPACE_LIVE ? error_pointer(EXO_E_HANDLE) : space;
}

/* The entry of a bound or bindable address in the main tree, or NULL. The last leaf table is
 * remembered, if nothing in its 2 MiB is pinned or stale: what is found through it needs no look at
 * the spare tree. */
static inline page_t *vspace_find(struct vspace *space, uint64_t address) {
    page_t *leaf = space->leaf;

    if (space->leaf_base != address >> 21) {
        leaf = page_leaves(space->root, address);
        if (!leaf)
            return NULL;
        if (!page_leaves(space->spare, address)) {
            space->leaf = leaf;
            space->leaf_base = address >> 21;
        }
    }
    return &leaf[page_index(address, 0)];
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
    uint64_t others = space->harts & current->elsewhere;

    for (uint32_t i = 0; i < facts.harts && others; i++)
        if (hart_table[i].sleeping && others & hart_table[i].mask) {
            hart_table[i].stale = 1;
            others &= ~hart_table[i].mask;
        }
    return others;
}

/* Other harts must hear of it, and `done` is the answer. */
static __attribute__((noinline)) long vspace_tell(const struct vspace *space, uint64_t done) {
    uint64_t others = vspace_others(space);

    if (others)
        arch_fence_remote(others, space->asid);
    return (long)done;
}

/* Every change that takes something away must be seen by all harts that may have cached it. How
 * many pages. */
static inline long vspace_fence(const struct vspace *space, uint64_t address, uint64_t pages) {
    if (pages == 1)
        arch_fence_page(address, space->asid);
    else
        arch_fence_asid(space->asid);
    return space->harts & current->elsewhere ? vspace_tell(space, pages) : (long)pages;
}

/* What a binding counts for in its frame's W^X balance. */
static inline int32_t vspace_balance(uint64_t most) {
    return (int32_t)(most >> 1 & 1) - (int32_t)(most >> 2 & 1);
}

/* A binding is gone: its hold has a use less. */
static inline void vspace_release(struct vspace *space, page_t page) {
    uint32_t frame = frame_of(page_physical(page));
    struct exo_frame *entry = &frame_table[frame];

    if (entry->kind == EXO_FRAME_EXPORT)
        return;
    entry->wx -= vspace_balance(page_most(page));
    hold_unuse_of(frame, space->domain);
}

static void vspace_forget_pin(struct vspace *space, uint64_t address, page_t page) {
    for (uint32_t i = 0; i < space->pins; i++)
        if (space->pin[i] == address / ARCH_PAGE) {
            space->pin[i] = space->pin[--space->pins];
            break;
        }
    frame_table[frame_of(page_physical(page))].pins--;
}

/* Takes whatever stands at an address out of both trees; true if the main one had it. */
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

/* Which rights now go with which most: bit most * 8 + now. None, read, read and write go with their
 * supersets; to execute needs no right to read. */
#define VSPACE_LEGAL 0x33000b000300ull

long vspace_bind(struct vspace *space, uint64_t address, uint64_t *replaced, uint64_t frame,
                 uint64_t rights) {
    uint64_t now = rights & 7, most = rights >> 4 ? rights >> 4 : now, physical, others;
    page_t *page, *other = NULL, old = 0;
    struct hold hold = {0};
    struct exo_frame *entry;
    int32_t balance, wx;

    if (rights > VSPACE_RIGHTS || address % ARCH_PAGE || address >= ARCH_USER_END)
        return EXO_E_ARG;
    if (!(VSPACE_LEGAL >> (most * 8 + now) & 1))
        return (most & (EXO_W | EXO_X)) == (EXO_W | EXO_X) ? EXO_E_WX : EXO_E_ARG;
    if (!frame_exists(frame))
        return EXO_E_HOLD;
    entry = &frame_table[frame];
    if (entry->kind == EXO_FRAME_EXPORT
            ? most != EXO_R || rights & EXO_PIN
            : (entry->kind != EXO_FRAME_RAM && entry->kind != EXO_FRAME_MMIO) ||
                  !hold_find((uint32_t)frame, &domain_table[space->domain], &hold) ||
                  most & ~(uint64_t)*hold.rights)
        return EXO_E_HOLD;
    page = vspace_find(space, address);
    if (page) {
        old = *page;
        other = space->leaf_base == address >> 21 ? NULL : page_find(space->spare, address);
    }
    physical = frame_address((uint32_t)frame);
    balance = vspace_balance(most);
    wx = entry->wx;
    if (old && page_physical(old) == physical)
        wx -= vspace_balance(page_most(old));
    if (balance * (int64_t)wx < 0)
        return EXO_E_WX;
    if (!page || rights & EXO_PIN) {
        uint32_t lacks = vspace_lacks(space->root, address);

        if (rights & EXO_PIN && (space->pins == EXO_PINS || entry->pins == UINT8_MAX))
            return EXO_E_FULL;
        if (rights & EXO_PIN)
            lacks += vspace_lacks(space->spare, address);
        if (lacks > space->pooled)
            return EXO_E_TABLES;
    }
    /* commit */
    if (hold.uses) {
        ++*hold.uses;
        entry->wx += balance;
    }
    if (!page || (other && *other))
        vspace_clear(space, address, page);
    else if (old)
        vspace_release(space, old);
    if (!page)
        page = vspace_make_slot(space, space->root, address);
    *page = page_leaf(physical >> 12, now, most);
    if (rights & EXO_PIN) {
        *vspace_make_slot(space, space->spare, address) = *page;
        space->leaf_base = UINT64_MAX; /* the spare tree may have a new leaf table */
        space->pin[space->pins++] = (uint32_t)(address / ARCH_PAGE);
        entry->pins++;
    }
    arch_fence_page(address, space->asid);
    if (most & EXO_X) {
        /* New code must be fetched, not what a cache held before. */
        arch_fence_instructions();
        others = vspace_others(space);
        if (others)
            arch_fence_instructions_remote(others);
    }
    if (replaced)
        *replaced += old != 0;
    else if (old)
        return vspace_tell(space, 0);
    return 0;
}

/* Rights that the short way takes, one bit each: none, read, read and write, with most rights of
 * read or read and write. */
#define VSPACE_SHORT 0xb00000003000aull

/* Whether a frame of RAM (by number) is one that the domain of the space holds first, with these
 * rights: one comparison. */
static inline int vspace_first(const struct vspace *space, const struct exo_frame *entry,
                               uint32_t rights) {
    uint32_t differs = entry->head ^ space->head;

    return !(differs << 8 | (rights & ~(differs >> 24)));
}

/* The short way is a leaf function: a frame of RAM that the domain holds first, not to be executed
 * or pinned, at an unpinned address in the table used last, where nothing is bound or such a frame
 * is. All else goes the long way. */
static inline __attribute__((always_inline)) long vspace_bind_short(struct vspace *space,
                                                                    uint64_t address,
                                                                    uint64_t frame, uint64_t rights,
                                                                    uint64_t *replaced) {
    uint64_t most = rights >> 4 ? rights >> 4 : rights, index = page_index(address, 0), was;
    struct exo_frame *entry;
    page_t *page, old;

    if (address >> 21 != space->leaf_base || address % ARCH_PAGE || frame >= facts.frames ||
        rights > 63 || !(VSPACE_SHORT >> rights & 1))
        return vspace_bind(space, address, replaced, frame, rights);
    entry = &frame_table[frame];
    page = &space->leaf[index];
    old = *page;
    was = (page_physical(old) >> 12) - facts.memory_frame;
    if (!vspace_first(space, entry, (uint32_t)most) || entry->wx < 0 ||
        (old && (was >= facts.frames || !vspace_first(space, &frame_table[was], EXO_R))))
        return vspace_bind(space, address, replaced, frame, rights);
    /* commit; no count overflows: all page tables of a machine have fewer entries than 2^31 */
    if (old) {
        frame_table[was].wx -= vspace_balance(page_most(old));
        frame_table[was].uses--;
    }
    entry->uses++;
    entry->wx += (int32_t)(most >> 1);
    *page = page_leaf(facts.memory_frame + frame, rights & 7, most);
    arch_fence_page(address, space->asid);
    if (replaced)
        *replaced += old != 0;
    else if (old && space->harts & current->elsewhere)
        return vspace_tell(space, 0);
    return 0;
}

static __attribute__((noinline)) long vspace_bind_of(exo_vspace_t handle, uint64_t address,
                                                     uint64_t frame, uint64_t rights) {
    struct vspace *space = vspace_mine(handle);

    return error_of(space) ? error_of(space) : vspace_bind(space, address, NULL, frame, rights);
}

long sys_vspace_bind(exo_vspace_t handle, uint64_t address, uint64_t frame, uint64_t rights) {
    return handle ? vspace_bind_of(handle, address, frame, rights)
                  : vspace_bind_short(current->space, address, frame, rights, NULL);
}

long sys_vspace_bindv(exo_vspace_t handle, uint64_t user, uint64_t count) {
    struct exo_binding bindings[EXO_BATCH];
    struct vspace *space = vspace_mine(handle);
    uint64_t done = 0, replaced = 0;
    long error = domain_batch(space, bindings, user, count, sizeof bindings[0], 0);

    for (; done < count && !error; done += !error)
        error =
            vspace_bind_short(space, bindings[done].address & -(uint64_t)ARCH_PAGE,
                              bindings[done].frame, bindings[done].address % ARCH_PAGE, &replaced);
    /* Other harts hear once of all. */
    if (replaced && space->harts & current->elsewhere)
        vspace_tell(space, 0);
    return done ? (long)done : error;
}

/* Checks a range of at most `most` pages. */
static int vspace_range(uint64_t address, uint64_t pages, uint64_t most) {
    return address % ARCH_PAGE == 0 && address < ARCH_USER_END && pages && pages <= most &&
           pages <= (ARCH_USER_END - address) / ARCH_PAGE;
}

long sys_vspace_unbind(exo_vspace_t handle, uint64_t address, uint64_t pages) {
    struct vspace *space = vspace_mine(handle);
    int any = 0;

    if (error_of(space))
        return error_of(space);
    if (!vspace_range(address, pages, EXO_BATCH))
        return EXO_E_ARG;
    /* commit */
    for (uint64_t at = address; at < address + pages * ARCH_PAGE; at += ARCH_PAGE)
        any |= vspace_clear(space, at, vspace_find(space, at));
    return any ? vspace_fence(space, address, pages) : (long)pages;
}

/* Ten instructions a page: what each binding may have at most stands in its entry. */
static __attribute__((noinline)) long vspace_protect_of(exo_vspace_t handle, uint64_t address,
                                                        uint64_t pages, uint64_t rights) {
    page_t need = (rights & (EXO_W | EXO_X)) << 7, bits = page_with_rights(0, rights);
    struct vspace *space = vspace_mine(handle);
    uint64_t done = 0;

    if (error_of(space))
        return error_of(space);
    if (!vspace_range(address, pages, EXO_PROTECT_BATCH) || rights > 7 ||
        (rights & (EXO_R | EXO_W)) == EXO_W)
        return EXO_E_ARG;
    while (done < pages) {
        page_t *page = vspace_find(space, address + done * ARCH_PAGE), *first = page, *end;
        uint64_t part = PAGE_ENTRIES - page_index(address + done * ARCH_PAGE, 0);

        if (!page)
            break;
        end = page + (part < pages - done ? part : pages - done);
        for (; page < end; page++) {
            page_t old = *page;

            if (!old || (old & need) != need)
                break;
            *page = (old & ~(page_t)15) | bits;
        }
        done += (uint64_t)(page - first);
        if (page < end)
            break;
    }
    if (!done)
        return EXO_E_HOLD;
    return vspace_fence(space, address, done);
}

long sys_vspace_protect(exo_vspace_t handle, uint64_t address, uint64_t pages, uint64_t rights) {
    struct vspace *space = current->space;
    page_t *page, old, need = (rights & (EXO_W | EXO_X)) << 7;

    /* One page of one's own, in the table used last, is what barriers and pagers do all day: a leaf
     * function. */
    if (handle || pages != 1 || address >> 21 != space->leaf_base || address % ARCH_PAGE ||
        rights > 7 || (rights & (EXO_R | EXO_W)) == EXO_W)
        return vspace_protect_of(handle, address, pages, rights);
    page = &space->leaf[page_index(address, 0)];
    old = *page;
    if (!old || (old & need) != need)
        return EXO_E_HOLD;
    /* commit */
    *page = page_with_rights(old, rights);
    arch_fence_page(address, space->asid);
    return space->harts & current->elsewhere ? vspace_tell(space, 1) : 1;
}

int vspace_pins(const struct vspace *space, uint32_t frame) {
    for (uint32_t i = 0; i < space->pins; i++) {
        page_t *page = page_find(space->spare, (uint64_t)space->pin[i] * ARCH_PAGE);

        if (page && *page && frame_of(page_physical(*page)) == frame)
            return 1;
    }
    return 0;
}

void vspace_flip(struct vspace *space) {
    for (unsigned i = 0; i < PAGE_USER_ENTRIES; i++) {
        page_t page = space->root[i];

        space->root[i] = space->spare[i];
        space->spare[i] = page;
    }
    space->cursor = 0;
    space->leaf_base = UINT64_MAX;
    vspace_fence(space, 0, VSPACE_PAGES);
}

int vspace_sweep(struct vspace *space) {
    for (unsigned i = 0; i < VSPACE_STEP && space->cursor < VSPACE_PAGES; i++) {
        uint64_t address = space->cursor * ARCH_PAGE;
        page_t *spare = page_find(space->spare, address);
        page_t *page = spare && *spare ? page_find(space->root, address) : NULL;

        if (spare && *spare && !(page && *page))
            vspace_clear(space, address, page);
        /* Where a table is missing there is nothing for 2 MiB, or for 1 GiB. */
        space->cursor |= (1ull << 9 * vspace_lacks(space->spare, address)) - 1;
        space->cursor++;
    }
    return space->cursor >= VSPACE_PAGES;
}

/* What follows runs seldom. */
#pragma GCC optimize("Os")

/* Gives up to VSPACE_TABLES_STEP tables of a swept tree back; true when only the root is left. */
static int vspace_free_tables(struct vspace *space, page_t *root) {
    struct exo_domain *domain = &domain_table[space->domain];
    unsigned freed = 0;

    for (unsigned i = 0; i < PAGE_USER_ENTRIES; i++) {
        page_t *middle = root[i] ? arch_direct(page_physical(root[i])) : NULL;

        for (unsigned k = 0; middle && k <= PAGE_ENTRIES; k++) {
            page_t *page = k < PAGE_ENTRIES ? &middle[k] : &root[i]; /* itself last */

            if (!*page)
                continue;
            frame_return(frame_of(page_physical(*page)), domain);
            *page = 0;
            if (++freed == VSPACE_TABLES_STEP)
                return 0;
        }
    }
    return 1;
}

int vspace_end(struct vspace *space) {
    struct exo_domain *domain = &domain_table[space->domain];

    if (space->state == VSPACE_LIVE) {
        if (!vspace_sweep(space))
            return 0;
        /* The pages become ordinary bindings. */
        while (space->pins) {
            page_t *spare = page_find(space->spare, (uint64_t)space->pin[0] * ARCH_PAGE);

            vspace_forget_pin(space, (uint64_t)space->pin[0] * ARCH_PAGE, *spare);
            *spare = 0;
        }
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
    *space = (struct vspace){.generation = space->generation};
    domain_credit(domain, EXO_VSPACES, 1);
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
    space->head = (struct exo_frame){.domain = space->domain, .kind = EXO_FRAME_RAM}.head;
    space->state = VSPACE_LIVE;
    space->asid = slot + 1;
    space->cursor = VSPACE_PAGES;
    space->leaf_base = UINT64_MAX;
    frame_donate(root, EXO_FRAME_TABLE, slot);
    frame_donate(spare, EXO_FRAME_TABLE, slot);
    space->root = frame_memory(root);
    space->spare = frame_memory(spare);
    for (unsigned i = PAGE_USER_ENTRIES; i < PAGE_ENTRIES; i++)
        space->root[i] = arch_kernel_root[i];
    domain_charge(domain, EXO_VSPACES, 1);
    return space;
}

long sys_vspace_create(exo_domain_t owner, uint64_t root, uint64_t spare) {
    struct exo_domain *domain = domain_mine(owner);
    struct vspace *space;

    if (error_of(domain))
        return error_of(domain);
    if (!frame_is_spare(root, domain) || !frame_is_spare(spare, domain) || root == spare)
        return EXO_E_HOLD;
    /* An abort flips them all at once: that must stay bounded. */
    if (!domain_may(domain, EXO_VSPACES, 1) ||
        domain->used[EXO_VSPACES] - domain->children >= EXO_VSPACES_PER_DOMAIN)
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
    struct vspace *space = vspace_mine(handle);
    long error = domain_batch(space, frames, user, count, sizeof frames[0], 0);

    if (count > VSPACE_DONATION)
        count = VSPACE_DONATION;
    while (!error && done < count && frame_is_spare(frames[done], &domain_table[space->domain]))
        vspace_pool(space, (uint32_t)frames[done++]);
    return done ? (long)done : error ? error : EXO_E_HOLD;
}

long sys_vspace_destroy(exo_vspace_t handle) {
    /* A dying one answers to its handle still: the caller comes again until it is gone. */
    struct vspace *space = handle ? vspace_named(handle) : current->space;

    if (error_of(space))
        return error_of(space);
    if (space->environments)
        return EXO_E_BUSY;
    /* commit */
    return vspace_end(space) ? 0 : EXO_E_AGAIN;
}
