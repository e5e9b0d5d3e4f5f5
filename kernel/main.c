/* main.c - boot, in order: what the machine has, the tables, the other harts, init */
/* SPDX-License-Identifier: MIT */
#include "arch/riscv64/arch.h"
#include "kernel/base/lock.h"
#include "kernel/base/print.h"
#include "kernel/base/string.h"
#include "kernel/base/trace.h"
#include "kernel/bind/birth.h"
#include "kernel/bind/frame.h"
#include "kernel/bind/irq.h"
#include "kernel/dev/fdt.h"
#include "kernel/dev/plic.h"
#include "kernel/entry.h"
#include "kernel/env/domain.h"
#include "kernel/reclaim/reclaim.h"

enum { TREE_MOST = 256 << 10, INIT_TABLES = 32, INIT_STACK = 16 };

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
static uint32_t main_ready;  /* harts that joined */

/* The ranges of memory that are not ours: 0 the initrd, 1 the tree, then what the tree reserves. */
static const struct machine_range *main_reserved(uint32_t i) {
    return i == 0 ? &machine.initrd : i == 1 ? &machine.tree : &machine.reserved[i - 2];
}

/* Whether [base, base + size) meets a range that is not ours; then *end is where that ends. */
static int main_meets(uint64_t base, uint64_t size, uint64_t *end) {
    for (uint32_t i = 0; i < machine.reserved_count + 2; i++) {
        const struct machine_range *range = main_reserved(i);

        if (range->size && base < range->base + range->size && range->base < base + size) {
            *end = range->base + range->size;
            return 1;
        }
    }
    return 0;
}

/* Takes zeroed pages for a table that lives as long as the kernel. */
static void *main_take(uint64_t size) {
    uint64_t base = main_cursor;

    size = (size + ARCH_PAGE - 1) & -(uint64_t)ARCH_PAGE;
    while (main_meets(base, size, &base))
        base = (base + ARCH_PAGE - 1) & -(uint64_t)ARCH_PAGE;
    if (base + size > machine.memory.base + machine.memory.size)
        panic("too little memory: the kernel's tables do not fit into %lu KiB",
              machine.memory.size >> 10);
    main_cursor = base + size;
    for (uint64_t at = base; at < main_cursor; at += ARCH_PAGE)
        arch_zero_page(arch_direct(at));
    return arch_direct(base);
}

static uint32_t main_clamp(uint64_t value, uint32_t least, uint32_t most) {
    return value < least ? least : value > most ? most : (uint32_t)value;
}

/* Marks the frames of [base, base + size) as readable by all, and says where they are. */
static struct exo_table main_export(const void *table, uint64_t size, uint32_t count) {
    uint64_t physical = (uint64_t)table >= ARCH_IMAGE
                            ? (uint64_t)table - ARCH_IMAGE + arch_image_physical
                            : arch_physical(table);
    uint32_t first = size ? frame_of(physical & -(uint64_t)ARCH_PAGE) : 0;

    for (uint32_t i = first; size && i <= frame_of(physical + size - 1); i++)
        frame_table[i].kind = EXO_FRAME_EXPORT;
    return (struct exo_table){first, count};
}

/* What the kernel keeps is a window that nobody has a frame of. */
static void main_windows(void) {
    for (uint32_t i = 0; i < machine.kept_count; i++) {
        const struct machine_range *kept = &machine.kept[i];

        facts.window[i].page = kept->base / ARCH_PAGE;
        facts.window[i].pages = (kept->base % ARCH_PAGE + kept->size + ARCH_PAGE - 1) / ARCH_PAGE;
    }
    for (uint32_t i = 0; i < EXO_WINDOW_PAGES; i++)
        frame_table[facts.frames + i].kind = EXO_FRAME_KERNEL; /* till a window is opened */
}

static void main_keep_frames(uint64_t base, uint64_t end) {
    for (uint64_t at = base; at < end; at += ARCH_PAGE)
        frame_table[frame_of(at)].kind = EXO_FRAME_KERNEL;
}

/* What was not taken at boot is free. */
static void main_free_frames(void) {
    uint64_t at = main_cursor, end = machine.memory.base + machine.memory.size, next;

    facts.first_free = frame_of(at);
    main_keep_frames(machine.memory.base, at);
    while (at < end) {
        uint64_t stop = end;

        if (main_meets(at, ARCH_PAGE, &next)) {
            next = (next + ARCH_PAGE - 1) & -(uint64_t)ARCH_PAGE;
            main_keep_frames(at, next < end ? next : end);
            at = next;
            continue;
        }
        for (uint32_t i = 0; i < machine.reserved_count + 2; i++) {
            const struct machine_range *range = main_reserved(i);

            if (range->size && range->base >= at && range->base < stop)
                stop = range->base & -(uint64_t)ARCH_PAGE;
        }
        frame_free_range(frame_of(at), frame_of(stop - 1) + 1);
        at = stop;
    }
}

/* Sizes the tables by the machine (together at most 1% of its memory), and exports them. */
static void main_tables(void) {
    uint32_t frames = (uint32_t)(machine.memory.size / ARCH_PAGE), holds;
    uint32_t entries = frames + EXO_WINDOW_PAGES;
    struct exo_frame *table;
    struct exo_hold *hold_table;
    struct exo_slot *slots;
    struct exo_trace *ring;
    struct exo_domain *first;

    holds = main_clamp(frames / 4, 1024, 1 << 16);
    facts.timebase = machine.timebase;
    facts.slot_ticks = machine.timebase / 500;
    facts.grace_ticks = facts.slot_ticks / 2;
    facts.memory_frame = machine.memory.base / ARCH_PAGE;
    facts.frames = frames;
    table = main_take(entries * sizeof *table);
    hold_table = main_take(holds * sizeof *hold_table);
    frame_init(table, hold_table, holds, main_take(holds * sizeof(uint32_t)),
               1u << (31 - __builtin_clz(holds)), arch_cycles() ^ arch_time() << 20);
    domain_init(main_take(main_clamp(frames / 128, 32, 256) * sizeof *first),
                main_clamp(frames / 128, 32, 256));
    env_init(main_take(main_clamp(frames / 32, 64, 1024) * sizeof *env_table),
             main_clamp(frames / 32, 64, 1024));
    vspace_init(main_take(main_clamp(frames / 64, 32, 512) * sizeof *vspace_table),
                main_clamp(frames / 64, 32, 512));
    irq_init(main_take(EXO_LINES * sizeof *line_table),
             main_clamp(machine.plic_lines + 1, 1, EXO_LINES));
    slots = main_take(EXO_HARTS * EXO_SLOTS_PER_HART * sizeof *slots);
    ring = main_take(EXO_TRACE * sizeof *ring);
    trace_init(ring);
    for (uint32_t i = 0; i < machine.harts; i++) {
        struct hart *hart = &hart_table[i];
        char *pair = main_take(2 * ARCH_PAGE);

        hart->index = i;
        hart->id = machine.hart[i].id;
        hart->mask = 1ull << hart->id;
        hart->plic_context = machine.hart[i].plic_context;
        hart->slots = &slots[i * EXO_SLOTS_PER_HART];
        hart->idle = (struct env *)(pair + ARCH_PAGE);
        hart->idle->hart = hart;
        hart->idle->elsewhere = ~hart->mask;
        hart->idle->entry = &env_none;
        hart->idle->lender = &env_none;
        hart->idle->stack = (uint64_t)main_take(ARCH_STACK) + ARCH_STACK;
        facts.hart_id[i] = (uint32_t)hart->id;
    }
    facts.harts = machine.harts;
    first = &domain_table[DOMAIN_FIRST];
    main_free_frames();
    first->depth = 1;
    first->limit[EXO_FRAMES] = (uint32_t)facts.free_frames;
    first->limit[EXO_HOLDS] = holds - 1;
    first->limit[EXO_VSPACES] = vspace_count;
    first->limit[EXO_ENVS] = env_count;
    first->limit[EXO_SLOTS] = facts.harts * EXO_SLOTS_PER_HART;
    /* It holds every line, and must have as much again to grant. */
    first->limit[EXO_IRQS] = 2 * (line_count - 1);
    first->used[EXO_IRQS] = line_count - 1;
    main_windows();
    facts.frame_table = main_export(table, entries * sizeof *table, entries);
    facts.hold_table = main_export(hold_table, holds * sizeof *hold_table, holds);
    facts.domain_table = main_export(domain_table, domain_count * sizeof *first, domain_count);
    facts.env_table = main_export(env_table, env_count * sizeof *env_table, env_count);
    facts.slot_table = main_export(slots, EXO_HARTS * EXO_SLOTS_PER_HART * sizeof *slots,
                                   facts.harts * EXO_SLOTS_PER_HART);
    facts.line_table = main_export(line_table, EXO_LINES * sizeof *line_table, line_count);
    facts.trace_ring = main_export(ring, EXO_TRACE * sizeof *ring, EXO_TRACE);
    facts.device_tree =
        main_export(arch_direct(machine.tree.base), machine.tree.size, (uint32_t)machine.tree.size);
    facts.device_tree_offset = machine.tree.base % ARCH_PAGE;
    facts.initrd = main_export(arch_direct(machine.initrd.base), machine.initrd.size,
                               (uint32_t)machine.initrd.size);
    facts.initrd_offset = machine.initrd.base % ARCH_PAGE;
    main_export(&facts, sizeof facts, 1);
}

/* Maps fresh pages for init; bytes of `from` (NULL: none) are copied in. */
static void main_map(struct vspace *space, uint64_t address, uint64_t pages, const char *from,
                     uint64_t rights) {
    for (uint64_t i = 0; i < pages; i++) {
        long frame = frame_take(&domain_table[DOMAIN_FIRST], EXO_ANY, EXO_FRAME_RAM);

        if (frame < 0)
            panic("too little memory: init does not fit");
        frame_zero((uint32_t)frame);
        if (from)
            memcpy(frame_memory((uint32_t)frame), from + i * ARCH_PAGE, ARCH_PAGE);
        if (vspace_bind(space, address + i * ARCH_PAGE, (uint64_t)frame, rights))
            panic("init: a page could not be bound");
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
    if (facts.free_frames < text + data + header->bss_pages + INIT_TABLES + INIT_STACK + 16)
        panic("too little memory: init does not fit");
    crash = (uint32_t)frame_take(first, EXO_ANY, EXO_FRAME_RAM);
    frame_zero(crash);
    frame_table[crash].uses = 1;
    frame_table[crash].rights = EXO_R;
    facts.crash_ring = (struct exo_table){crash, EXO_CRASHES};
    death_init(frame_memory(crash));
    pair = (uint32_t)frame_take(first, EXO_ANY, EXO_FRAME_RAM);
    if (frame_take(first, pair + 1, EXO_FRAME_RAM) < 0)
        panic("too little memory: no two adjacent frames for init");
    frame_zero(pair);
    space = vspace_make(first, (uint32_t)frame_take(first, EXO_ANY, EXO_FRAME_RAM),
                        (uint32_t)frame_take(first, EXO_ANY, EXO_FRAME_RAM));
    for (unsigned i = 0; i < INIT_TABLES; i++)
        vspace_pool(space, (uint32_t)frame_take(first, EXO_ANY, EXO_FRAME_RAM));
    main_map(space, INIT_BASE, text, init_image, EXO_R | EXO_X);
    main_map(space, INIT_BASE + text * ARCH_PAGE, data, init_image + text * ARCH_PAGE,
             EXO_R | EXO_W);
    main_map(space, INIT_BASE + (text + data) * ARCH_PAGE, header->bss_pages, NULL, EXO_R | EXO_W);
    main_map(space, INIT_STACK_TOP - INIT_STACK * ARCH_PAGE, INIT_STACK, NULL, EXO_R | EXO_W);
    if (vspace_bind(space, INIT_UAREA, pair, EXO_R | EXO_W | EXO_PIN))
        panic("init: its u-area could not be bound");
    entry = birth_make(first, space, pair, INIT_UAREA);
    env_uarea(env_private(entry))->entry_start = header->entry;
    birth_start(entry);
    hart_table[0].slots[0] = (struct exo_slot){.domain = DOMAIN_FIRST,
                                               .env = (uint16_t)env_slot(entry),
                                               .generation = (uint32_t)env_generation(entry)};
    domain_charge(first, EXO_SLOTS);
}

static void main_banner(void) {
    uint64_t spec, implementation, version;

    arch_firmware(&spec, &implementation, &version);
    print("\nAspis on %s\n", machine.board);
    print("firmware: SBI %lu.%lu, implementation %lu, version 0x%lx\n", spec >> 24, spec & 0xffffff,
          implementation, version);
    print("memory: %lu MiB at 0x%lx, kernel at 0x%lx\n", machine.memory.size >> 20,
          machine.memory.base, arch_image_physical);
    print("harts: %u at %lu Hz%s%s\n", machine.harts, machine.timebase,
          arch_has_stimecmp ? "" : ", timers by firmware", arch_has_asid ? "" : ", no ASIDs");
    for (uint32_t i = 0; i < machine.skipped_count; i++)
        print("hart %lu skipped: %s\n", machine.skipped[i], machine.skipped_why[i]);
    print("interrupt lines: %u\n", line_count - 1);
}

/* The calling hart is ready to run environments. */
static void main_join(struct hart *hart) {
    arch_hart_init(machine.sstc);
    current = hart->idle;
    arch_traps_on(hart->idle);
    plic_hart_init(hart->plic_context);
    __atomic_fetch_add(&main_ready, 1, __ATOMIC_RELEASE);
}

/* Starts the other harts, and gives each a second: one that firmware never lets come is told and
 * left out. */
static void main_harts(void) {
    for (uint32_t i = 1; i < facts.harts; i++) {
        struct hart *hart = &hart_table[i];
        uint32_t before = __atomic_load_n(&main_ready, __ATOMIC_ACQUIRE);
        uint64_t end = arch_time() + facts.timebase;
        long error = arch_hart_start(hart->id, i, (void *)hart->idle->stack);

        while (!error && __atomic_load_n(&main_ready, __ATOMIC_ACQUIRE) == before)
            if (arch_time() > end)
                error = 1;
        if (error)
            print("hart %lu did not start (%ld)\n", hart->id, error);
    }
}

void main_secondary(uint64_t index) {
    main_join(&hart_table[index]);
    entry_start();
}

void main_boot(uint64_t hart_id, uint64_t tree) {
    const uint32_t *blob = arch_direct(tree);
    const char *wrong;

    wrong = tree && tree % 4 == 0 ? fdt_read(blob, TREE_MOST, arch_image_physical, &machine)
                                  : "device tree: none given in a1";
    if (wrong)
        panic("%s", wrong);
    machine.tree.base = tree;
    if (!fdt_in_memory(&machine, &machine.tree) || !fdt_in_memory(&machine, &machine.initrd))
        panic("device tree or initrd: not in the memory that holds the kernel");
    arch_map_direct(machine.memory.base, machine.memory.size);
    arch_map_direct(machine.plic.base, machine.plic.size);
    arch_map_direct(machine.initrd.base, machine.initrd.size);
    if (machine.exit_device) {
        arch_map_direct(machine.exit_device, ARCH_PAGE);
        panic_exit_device = arch_direct(machine.exit_device);
    }
    /* The boot hart is hart 0 of our own numbering. */
    for (uint32_t i = 0; i < machine.harts; i++)
        if (machine.hart[i].id == hart_id) {
            struct machine_hart boot = machine.hart[i];

            machine.hart[i] = machine.hart[0];
            machine.hart[0] = boot;
        }
    main_cursor = arch_image_physical + (uint64_t)(image_end - image_start);
    main_tables();
    memcpy(facts.board, machine.board, sizeof facts.board);
    memcpy(facts.bootargs, machine.bootargs, sizeof facts.bootargs);
    facts.has_exit_code = machine.exit_device != 0;
    plic_init(arch_direct(machine.plic.base), line_count - 1);
    main_join(&hart_table[0]);
    facts.has_asid = arch_has_asid;
    facts.has_stimecmp = arch_has_stimecmp;
    main_banner();
    main_init();
    main_harts();
    facts.boot_instructions = arch_instructions() - arch_boot_instret;
    entry_start();
}
