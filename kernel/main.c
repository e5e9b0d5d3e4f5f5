/* main.c - boot, in order: what the machine has, the tables, the other harts, init */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/print.h"
#include "kernel/base/string.h"
#include "kernel/bind/birth.h"
#include "kernel/bind/extent.h"
#include "kernel/bind/frame.h"
#include "kernel/bind/irq.h"
#include "kernel/dev/fdt.h"
#include "kernel/dev/plic.h"

enum { TREE_MOST = 256 << 10, INIT_TABLES = 32, INIT_STACK = 16, SBI_LEAST = 2 /* 0.2 */ };

/* Where init finds itself; libexos/edge/layout.h has the same numbers. */
#define INIT_BASE 0x1000000000ull
#define INIT_STACK_TOP 0x3ffe000000ull
#define INIT_UAREA 0x3fff000000ull
#define INIT_MAGIC 0x3154494e494f5845ull /* "EXOINIT1" */

struct init_header {
    uint64_t magic, text_pages, data_pages, bss_pages, entry;
};

extern const char init_image[], init_image_end[];

static struct machine machine;
static uint64_t main_cursor; /* physical: the first byte after what boot took */

static uint64_t main_round(uint64_t size) { return (size + ARCH_PAGE - 1) & -(uint64_t)ARCH_PAGE; }

/* Takes zeroed pages for a table that lives as long as the kernel, where nothing is reserved. */
static void *main_take(uint64_t size) {
    uint64_t base = main_cursor;

    size = main_round(size);
    for (uint32_t i = 0; i < machine.reserved_count; i++) {
        const struct machine_range *range = &machine.reserved[i];

        if (base < range->base + range->size && range->base < base + size) {
            base = main_round(range->base + range->size);
            i = UINT32_MAX; /* from the first again: they stand in no order */
        }
    }
    if (base + size > machine.memory.base + machine.memory.size)
        panic("too little memory: the kernel's tables do not fit");
    main_cursor = base + size;
    for (uint64_t at = base; at < main_cursor; at += ARCH_PAGE)
        arch_zero_page(arch_direct(at));
    return arch_direct(base);
}

static uint32_t main_clamp(uint64_t value, uint32_t least, uint32_t most) {
    return value < least ? least : value > most ? most : (uint32_t)value;
}

/* What of a range is memory, and free still, is the kernel's, in frames of that kind. */
static void main_keep(uint64_t base, uint64_t size, enum exo_frame_kind kind) {
    uint64_t at = base < machine.memory.base ? machine.memory.base : base, end = base + size;

    if (end > machine.memory.base + machine.memory.size)
        end = machine.memory.base + machine.memory.size;
    for (at &= -(uint64_t)ARCH_PAGE; at < end; at += ARCH_PAGE)
        frame_keep(frame_of(at), kind);
}

/* A table of `count` entries in [base, base + size), for all to read: where it is. */
static struct exo_table main_export(uint64_t base, uint64_t size, uint64_t count) {
    main_keep(base, size, EXO_FRAME_EXPORT);
    return (struct exo_table){size ? frame_of(base) : 0, (uint32_t)count};
}

/* A zeroed table for all to read, of `count` entries. */
static void *main_table(struct exo_table *where, uint64_t size, uint32_t count) {
    void *table = main_take(size * count);

    *where = main_export(arch_physical(table), size * count, count);
    return table;
}

/* What the kernel keeps is a window that nobody has a frame of. */
static void main_windows(void) {
    for (uint32_t i = 0; i < machine.kept_count; i++) {
        const struct machine_range *kept = &machine.kept[i];

        facts.window[i].page = kept->base / ARCH_PAGE;
        facts.window[i].pages = main_round(kept->base % ARCH_PAGE + kept->size) / ARCH_PAGE;
    }
    for (uint32_t i = 0; i < EXO_WINDOW_PAGES; i++)
        frame_table[facts.frames + i].kind = EXO_FRAME_KERNEL; /* till a window is opened */
}

/* Sizes the tables by the machine (together at most 1% of its memory). */
static void main_tables(void) {
    uint32_t frames = (uint32_t)(machine.memory.size / ARCH_PAGE);
    uint32_t holds = main_clamp(frames / 4, 1024, 1 << 16);
    uint32_t buckets = 1024;
    uint64_t size = (frames + EXO_WINDOW_PAGES) * sizeof *frame_table;

    while (buckets * 2 <= holds)
        buckets *= 2;
    facts.memory_frame = machine.memory.base / ARCH_PAGE;
    facts.frames = frames;
    frame_table = main_take(size);
    frame_init();
    facts.frame_table = main_export(arch_physical(frame_table), size, frames + EXO_WINDOW_PAGES);
    hold_table = main_table(&facts.hold_table, sizeof *hold_table, holds);
    hold_init(main_take(buckets * sizeof(uint32_t)), buckets, arch_cycles() ^ arch_time() << 20);
    vspace_count = main_clamp(frames / 64, 32, 512); /* and as many domains */
    vspace_table = main_take(vspace_count * sizeof *vspace_table);
    domain_table = main_table(&facts.domain_table, sizeof *domain_table, vspace_count);
    env_table = main_table(&facts.env_table, sizeof *env_table, main_clamp(frames / 32, 64, 1024));
    /* Generation 0 never lives: no handle is 0, and no stored word of 0 matches. */
    for (struct exo_env *entry = env_table + facts.env_table.count; entry-- > env_table;)
        entry->state_word = 1ull << ENV_STATE_BITS;
    line_table = main_table(&facts.line_table, sizeof *line_table,
                            main_clamp(machine.plic_lines + 1, 1, EXO_LINES));
    for (uint32_t i = 1; i < facts.line_table.count; i++) {
        line_table[i].domain = DOMAIN_FIRST;
        line_table[i].masked = 1;
    }
    volume_table = main_table(&facts.volume_table, sizeof *volume_table, EXO_VOLUMES);
    trace_ring = main_table(&facts.trace_ring, sizeof *trace_ring, EXO_TRACE);
    hart_table[0].slots =
        main_table(&facts.slot_table, sizeof(struct exo_slot), EXO_HARTS * EXO_SLOTS_PER_HART);
    for (uint32_t i = 0; i < EXO_HARTS; i++) {
        struct hart *hart = &hart_table[i];

        hart->slots = hart_table[0].slots + i * EXO_SLOTS_PER_HART;
        hart->idle = (struct env *)((char *)main_take(2 * ARCH_PAGE) + ARCH_PAGE);
        hart->idle->hart = hart;
        hart->idle->entry = &env_none;
        hart->idle->lender = &env_none;
        hart->idle->stack = (uint64_t)main_take(ARCH_STACK) + ARCH_STACK;
    }
    facts.device_tree = main_export(machine.tree.base, machine.tree.size, machine.tree.size);
    facts.initrd = main_export(machine.initrd.base, machine.initrd.size, machine.initrd.size);
    main_export(arch_physical(&facts), sizeof facts, 1);
    main_windows();
    facts.first_free = frame_of(main_cursor);
    main_keep(machine.memory.base, main_cursor - machine.memory.base, EXO_FRAME_KERNEL);
    for (uint32_t i = 0; i < machine.reserved_count; i++)
        main_keep(machine.reserved[i].base, machine.reserved[i].size, EXO_FRAME_KERNEL);
}

/* The next hart of our own numbering. */
static struct hart *main_hart(uint64_t id) {
    struct hart *hart = &hart_table[facts.harts];

    hart->mask = 1ull << id;
    hart->idle->elsewhere = ~hart->mask;
    hart->idle->satp = page_satp(arch_physical(arch_kernel_root), 0);
    facts.hart_id[facts.harts++] = (uint32_t)id;
    facts.slot_table.count = facts.harts * EXO_SLOTS_PER_HART;
    domain_table[DOMAIN_FIRST].limit[EXO_SLOTS] += EXO_SLOTS_PER_HART;
    return hart;
}

/* The first domain begins with all that the machine has. */
static void main_domain(void) {
    struct exo_domain *first = &domain_table[DOMAIN_FIRST];

    first->generation = 1;
    first->depth = 1;
    first->limit[EXO_FRAMES] = (uint32_t)facts.free_frames;
    first->limit[EXO_HOLDS] = facts.hold_table.count - 1;
    first->limit[EXO_VSPACES] = vspace_count;
    first->limit[EXO_ENVS] = facts.env_table.count;
    first->limit[EXO_PROGRAMS] = facts.env_table.count;
    /* It holds every line, and must have as much again to grant. */
    first->used[EXO_IRQS] = facts.line_table.count - 1;
    first->limit[EXO_IRQS] = 2 * first->used[EXO_IRQS];
}

/* What must not fail while init is made. */
static uint32_t main_must(long result) {
    if (result < 0)
        panic("too little memory: init does not fit");
    return (uint32_t)result;
}

/* A zeroed frame of the first domain's. */
static uint32_t main_frame(void) {
    uint32_t frame = main_must(frame_take(&domain_table[DOMAIN_FIRST], EXO_ANY, EXO_FRAME_RAM));

    frame_zero(frame);
    return frame;
}

/* Maps fresh pages for init; bytes of `from` (NULL: none) are copied in. */
static void main_map(struct vspace *space, uint64_t address, uint64_t pages, const char *from,
                     uint64_t rights) {
    for (uint64_t i = 0; i < pages; i++) {
        uint32_t frame = main_frame();

        if (from)
            memcpy(frame_memory(frame), from + i * ARCH_PAGE, ARCH_PAGE);
        main_must(vspace_bind(space, address + i * ARCH_PAGE, NULL, frame, rights));
    }
}

/* The first environment: init.bin in the first domain, with a stack, a u-area and one slot. */
static void main_init(void) {
    const struct init_header *header = (const void *)init_image;
    struct exo_domain *first = &domain_table[DOMAIN_FIRST];
    uint64_t text = header->text_pages, data = header->data_pages;
    uint64_t size = (uint64_t)(init_image_end - init_image);
    struct vspace *space;
    struct exo_env *entry;
    uint32_t pair, crash;

    if (header->magic != INIT_MAGIC || (text + data) * ARCH_PAGE > size + ARCH_PAGE - 1)
        panic("init.bin is corrupt: build it again");
    crash = main_frame();
    frame_table[crash].uses = 1;
    frame_table[crash].rights = EXO_R;
    facts.crash_ring = (struct exo_table){crash, EXO_CRASHES};
    pair = main_frame();
    main_must(frame_take(first, pair + 1, EXO_FRAME_RAM));
    space = vspace_make(first, main_frame(), main_frame());
    for (unsigned i = 0; i < INIT_TABLES; i++)
        vspace_pool(space, main_frame());
    main_map(space, INIT_BASE, text, init_image, EXO_R | EXO_X);
    main_map(space, INIT_BASE + text * ARCH_PAGE, data, init_image + text * ARCH_PAGE,
             EXO_R | EXO_W);
    main_map(space, INIT_BASE + (text + data) * ARCH_PAGE, header->bss_pages, NULL, EXO_R | EXO_W);
    main_map(space, INIT_STACK_TOP - INIT_STACK * ARCH_PAGE, INIT_STACK, NULL, EXO_R | EXO_W);
    main_must(vspace_bind(space, INIT_UAREA, NULL, pair, EXO_R | EXO_W | EXO_PIN));
    entry = birth_make(space, pair, INIT_UAREA);
    env_private(entry)->x[0] = header->entry;
    env_set(entry, EXO_ENV_READY);
    hart_table[0].slots[0] =
        (struct exo_slot){DOMAIN_FIRST, (uint16_t)env_slot(entry), (uint32_t)env_generation(entry)};
    domain_charge(first, EXO_SLOTS, 1);
}

/* The calling hart is ready to run environments. */
static void main_join(struct hart *hart) {
    while (!arch_hart_init(hart == hart_table, hart->idle))
        arch_wait();
    current = hart->idle;
    __atomic_fetch_add(&facts.harts_ready, 1, __ATOMIC_RELEASE);
}

/* From boot.S: every hart but the first, with the index given to arch_hart_start. */
_Noreturn void main_secondary(uint64_t index) {
    main_join(&hart_table[index]);
    arch_enter();
}

long sys_hart_start(uint64_t id, uint64_t context) {
    struct hart *hart = hart_table;

    if (domain_slot(domain_current()) != DOMAIN_FIRST)
        return EXO_E_RIGHT;
    if (id > 63 || !plic_has(context))
        return EXO_E_ARG;
    while (hart < hart_table + facts.harts && hart->mask != 1ull << id)
        hart++;
    if (hart == hart_table + EXO_HARTS)
        return EXO_E_FULL;
    /* commit */
    hart->claim = plic_hart_init(context);
    if (hart < hart_table + facts.harts)
        return hart - hart_table;
    /* It waits for the lock. One that never comes costs its slots; harts_ready does not count it.
     */
    if (arch_hart_start(id, (uint64_t)(hart - hart_table), hart->idle->stack))
        return EXO_E_DEAD;
    return main_hart(id) - hart_table;
}

/* From boot.S: the first hart, MMU on, on its boot stack, with the tree's physical address. */
_Noreturn void main_boot(uint64_t hart_id, uint64_t tree) {
    const char *wrong;

    arch_firmware(facts.firmware);
    if (facts.firmware[0] < SBI_LEAST)
        panic("firmware: SBI 0.2 or later is needed");
    wrong = tree ? fdt_read(arch_direct(tree), TREE_MOST, arch_image_physical, &machine)
                 : "device tree: none given in a1";
    if (wrong)
        panic(wrong);
    machine.tree.base = tree;
    if (!fdt_in_memory(&machine, &machine.tree) || !fdt_in_memory(&machine, &machine.initrd))
        panic("device tree or initrd: not in the memory that holds the kernel");
    machine.reserved[machine.reserved_count++] = machine.tree;
    machine.reserved[machine.reserved_count++] = machine.initrd; /* empty if there is none */
    arch_map_direct(machine.memory.base, machine.memory.size);
    arch_map_direct(machine.plic.base, machine.plic.size);
    main_cursor = arch_image_physical + (uint64_t)(image_end - image_start);
    main_tables();
    main_domain();
    plic_init(arch_direct(machine.plic.base), machine.plic.size, facts.line_table.count - 1);
    main_join(main_hart(hart_id));
    facts.timebase = machine.timebase;
    facts.slot_ticks = machine.timebase / 500;
    facts.grace_ticks = facts.slot_ticks / 2;
    facts.device_tree_offset = machine.tree.base % ARCH_PAGE;
    facts.initrd_offset = machine.initrd.base % ARCH_PAGE;
    facts.image = arch_image_physical;
    facts.has_asid = arch_has_asid;
    facts.has_stimecmp = arch_has_stimecmp;
    main_init();
#ifdef KERNEL_MEASURE
    facts.boot_instructions = arch_instructions() - arch_boot_instret;
#endif
    arch_enter();
}
