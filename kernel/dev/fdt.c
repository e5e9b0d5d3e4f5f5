/* fdt.c - reads the device tree into struct machine, and believes nothing unchecked */
/* SPDX-License-Identifier: MIT */
#include "kernel/dev/fdt.h"
#include <libfdt.h>

#define TREE_MOST (256 << 10)
#define DEPTH_MOST 8
#define PAGE 4096ull
#define DEVICE_MOST (16 * PAGE)
#define KEPT 64
#define WHOLE (-1)
#define number_of(blob, node, name) number_at(blob, node, name, 0, WHOLE)
#define SUPERVISOR_EXTERNAL 9
#define ADDRESS_END (1ull << 56) /* of Sv39's physical addresses */

struct level { /* of the walk */
    int node;
    int address, size;   /* cells of each in the reg of a child */
    int addressable;     /* by the processor: the buses above translate nothing */
    uint32_t controller; /* phandle of the interrupt parent */
};

struct reader {
    const void *blob;
    struct machine *machine;
    int plic, reserved;                             /* nodes */
    struct machine_range taken[KEPT + EXO_DEVICES]; /* whose pages no further device may have */
    uint32_t takens;
    struct level level[DEPTH_MOST];
};

/* Interrupts, timers and the end of the machine are the kernel's; the registers of the last three
 * reach any memory by DMA. */
static const char *const kept[] = {
    "sifive,plic-1.0.0", "riscv,plic0",       "sifive,clint0",       "riscv,clint0",
    "thead,c900-clint",  "riscv,aclint-mswi", "riscv,aclint-mtimer", "sifive,test0",
    "riscv,iommu",       "qemu,fw-cfg-mmio",  "virtio,mmio",
};

/* `count` cells of a property, from cell `first` on, as one number; 0 where there are none. */
static uint64_t number_at(const void *blob, int node, const char *name, int first, int count) {
    int length = 0;
    const fdt32_t *cell = node < 0 ? NULL : fdt_getprop(blob, node, name, &length);
    uint64_t value = 0;

    if (count == WHOLE)
        count = length <= 8 ? length / 4 : 0;
    if (cell && first + count <= length / 4)
        for (cell += first; count > 0; count--)
            value = value << 32 | fdt32_ld(cell++);
    return value;
}

static int has_text(const void *blob, int node, const char *name, const char *text) {
    return node >= 0 && fdt_stringlist_search(blob, node, name, text) >= 0;
}

static void copy_text(char *to, size_t size, const char *from) {
    memcpy(to, from ? from : "", from ? strnlen(from, size - 1) : 0);
}

static int is_okay(const void *blob, int node) {
    return !fdt_getprop(blob, node, "status", NULL) || has_text(blob, node, "status", "okay") ||
           has_text(blob, node, "status", "ok");
}

/* Of a bus, when its first child is met. */
static void read_cells(const void *blob, struct level *bus) {
    if (bus->address)
        return;
    bus->address = (int)number_of(blob, bus->node, "#address-cells");
    bus->size = (int)number_of(blob, bus->node, "#size-cells");
}

/* Entry `index` of a node's reg. */
static int read_reg(const void *blob, const struct level *bus, int node, int index,
                    struct machine_range *range) {
    int first = index * (bus->address + bus->size), length;

    if (bus->address < 1 || bus->address > 2 || bus->size < 0 || bus->size > 2 ||
        !fdt_getprop(blob, node, "reg", &length) || length / 4 < first + bus->address + bus->size)
        return 0;
    range->base = number_at(blob, node, "reg", first, bus->address);
    range->size = number_at(blob, node, "reg", first + bus->address, bus->size);
    return range->base < ADDRESS_END && range->size <= ADDRESS_END - range->base;
}

/* Appends all of a node's reg; 0 if the list, of `most`, is full. */
static int append_reg(const void *blob, const struct level *bus, int node,
                      struct machine_range *list, uint32_t *count, uint32_t most) {
    struct machine_range range;

    for (int i = 0; read_reg(blob, bus, node, i, &range); i++) {
        if (!range.size)
            continue;
        if (*count == most)
            return 0;
        list[(*count)++] = range;
    }
    return 1;
}

/* Which output of the PLIC is the S-mode external interrupt of this cpu? */
static int read_context(struct reader *reader, int cpu, uint32_t *context) {
    int length, controller = fdt_subnode_offset(reader->blob, cpu, "interrupt-controller");
    uint64_t phandle = controller < 0 ? 0 : fdt_get_phandle(reader->blob, controller);

    fdt_getprop(reader->blob, reader->plic, "interrupts-extended", &length);
    for (int i = 0; phandle && i < length / 8; i++)
        if (number_at(reader->blob, reader->plic, "interrupts-extended", 2 * i, 2) ==
            (phandle << 32 | SUPERVISOR_EXTERNAL)) {
            *context = (uint32_t)i;
            return 0x201000 + (uint64_t)i * 0x1000 <= reader->machine->plic.size;
        }
    return 0;
}

/* In a list of names, or in a string such as "rv64imafdc_zba_sstc": single letters stand before
 * the first underline, longer names behind one. */
static int has_extension(const void *blob, int cpu, const char *name) {
    int length, size = (int)strlen(name);
    const char *isa = fdt_stringlist_get(blob, cpu, "riscv,isa", 0, &length);

    for (int at = 4; at + size <= length && (size > 1 || !memchr("_szx", isa[at], 4)); at++)
        if (size == 1 ? isa[at] == *name || isa[at] == 'g'
                      : isa[at - 1] == '_' && memcmp(isa + at, name, (size_t)size) == 0)
            return 1;
    return has_text(blob, cpu, "riscv,isa-extensions", name);
}

/* No single test tells: some trees call the monitor hart okay, some give it an MMU. */
static void add_hart(struct reader *reader, int cpu, uint64_t id) {
    const void *blob = reader->blob;
    struct machine *machine = reader->machine;
    uint32_t context = 0;
    int mmu =
        fdt_getprop(blob, cpu, "mmu-type", NULL) && !has_text(blob, cpu, "mmu-type", "riscv,none");
    int floats = has_extension(blob, cpu, "f") && has_extension(blob, cpu, "d");
    const char *refusal = !is_okay(blob, cpu)                    ? "disabled"
                          : !mmu                                 ? "no sv39"
                          : !floats                              ? "no f and d"
                          : id > 63                              ? "its id is above 63"
                          : !read_context(reader, cpu, &context) ? "no interrupts"
                          : machine->harts == EXO_HARTS          ? "more than 8"
                                                                 : NULL;

    if (!machine->timebase)
        machine->timebase = number_of(blob, cpu, "timebase-frequency");
    if (!refusal) {
        machine->hart[machine->harts++] = (struct machine_hart){id, context};
        machine->sstc &= (uint8_t)has_extension(blob, cpu, "sstc");
    } else if (machine->skipped_count < MACHINE_SKIPPED) {
        machine->skipped[machine->skipped_count] = id;
        machine->skipped_why[machine->skipped_count++] = refusal;
    }
}

static int is_kept(const void *blob, int node) {
    int length;
    const char *names = fdt_getprop(blob, node, "compatible", &length);

    for (size_t i = 0; names && i < sizeof(kept) / sizeof(kept[0]); i++)
        if (fdt_stringlist_contains(names, length, kept[i]))
            return 1;
    return has_text(blob, node, "device_type", "memory") ||
           has_text(blob, node, "device_type", "pci");
}

static void add_device(struct reader *reader, int node, uint32_t controller,
                       struct machine_range range) {
    const void *blob = reader->blob;
    struct machine *machine = reader->machine;
    struct exo_device *device = &machine->device[machine->devices];
    int clock = fdt_node_offset_by_phandle(blob, (uint32_t)number_at(blob, node, "clocks", 0, 1));
    uint64_t line = number_at(blob, node, "interrupts", 0, 1);

    if (machine->devices == EXO_DEVICES || !range.size || !is_okay(blob, node))
        return;
    if (range.size > DEVICE_MOST - range.base % PAGE)
        range.size = DEVICE_MOST - range.base % PAGE;
    /* A page has one number: it goes with the first device that has registers in it. */
    for (struct machine_range *other = reader->taken; other < reader->taken + reader->takens;
         other++)
        if (range.base / PAGE <= (other->base + other->size - 1) / PAGE &&
            other->base / PAGE <= (range.base + range.size - 1) / PAGE)
            return;
    reader->taken[reader->takens++] = range;
    copy_text(device->name, sizeof(device->name), fdt_get_name(blob, node, NULL));
    copy_text(device->compatible, sizeof(device->compatible),
              fdt_stringlist_get(blob, node, "compatible", 0, NULL));
    device->base = range.base;
    device->pages = (uint32_t)((range.base % PAGE + range.size + PAGE - 1) / PAGE);
    if (controller == fdt_get_phandle(blob, reader->plic) && line < EXO_LINES &&
        line <= machine->plic_lines)
        device->line = (uint32_t)line;
    if (!has_text(blob, clock, "compatible", "fixed-clock"))
        clock = node;
    device->clock = (uint32_t)number_of(blob, clock, "clock-frequency");
    device->shift = (uint32_t)number_of(blob, node, "reg-shift");
    device->width = (uint32_t)number_of(blob, node, "reg-io-width");
    machine->devices++;
}

/* Takes in one node; devices in a second round, when all that they must not touch is known.
 * Returns 0 if a list is full. */
static int read_node(struct reader *reader, int node, int depth, int devices) {
    const void *blob = reader->blob;
    struct machine *machine = reader->machine;
    struct level *up = &reader->level[depth - 1], *own = &reader->level[depth];
    struct machine_range range;
    int length;

    *own = (struct level){.node = node, .controller = up->controller};
    if (fdt_getprop(blob, node, "interrupt-parent", NULL))
        own->controller = (uint32_t)number_of(blob, node, "interrupt-parent");
    own->addressable = up->addressable && has_text(blob, node, "compatible", "simple-bus") &&
                       fdt_getprop(blob, node, "ranges", &length) && length == 0;
    read_cells(blob, up);
    if ((devices && !up->addressable) || !read_reg(blob, up, node, 0, &range))
        return 1;
    if (!devices && has_text(blob, node, "device_type", "cpu"))
        add_hart(reader, node, range.base);
    if (!devices && up->node == reader->reserved)
        return append_reg(blob, up, node, machine->reserved, &machine->reserved_count,
                          MACHINE_RANGES);
    if (!devices && up->addressable && is_kept(blob, node))
        return append_reg(blob, up, node, reader->taken, &reader->takens, KEPT);
    if (devices && up->addressable && !is_kept(blob, node))
        add_device(reader, node, own->controller, range);
    return 1;
}

static void read_chosen(const void *blob, int chosen, struct machine *machine) {
    uint64_t start = number_of(blob, chosen, "linux,initrd-start");
    uint64_t end = number_of(blob, chosen, "linux,initrd-end");

    if (start < end)
        machine->initrd = (struct machine_range){start, end - start};
    copy_text(machine->bootargs, sizeof(machine->bootargs),
              fdt_stringlist_get(blob, chosen, "bootargs", 0, NULL));
}

static int is_named(const char *name, const char *text) {
    return strlen(name) == strlen(text) && memcmp(name, text, strlen(text)) == 0;
}

static int find_reg(const void *blob, struct level *bus, int node, struct machine_range *range) {
    read_cells(blob, bus);
    return read_reg(blob, bus, node, 0, range);
}

/* Lists the nodes, and finds those that the others need; false if there are too many. */
static int list_nodes(struct reader *reader) {
    const void *blob = reader->blob;
    struct machine *machine = reader->machine;
    struct level up[DEPTH_MOST] = {0};
    int depth = 0, length;
    struct machine_range test;

    for (int node = fdt_next_node(blob, 0, &depth); node >= 0 && depth > 0;
         node = fdt_next_node(blob, node, &depth)) {
        const char *names = fdt_getprop(blob, node, "compatible", &length);
        const char *name = fdt_get_name(blob, node, NULL);

        if (machine->nodes == MACHINE_NODES)
            return 0;
        machine->node[machine->nodes++] = (struct machine_node){node, depth};
        if (depth >= DEPTH_MOST)
            continue;
        up[depth] = (struct level){.node = node};
        if (depth == 1 && is_named(name, "cpus"))
            machine->timebase = number_of(blob, node, "timebase-frequency");
        if (depth == 1 && is_named(name, "chosen"))
            read_chosen(blob, node, machine);
        if (depth == 1 && is_named(name, "reserved-memory"))
            reader->reserved = node;
        if (names &&
            (fdt_stringlist_contains(names, length, "sifive,plic-1.0.0") ||
             fdt_stringlist_contains(names, length, "riscv,plic0")) &&
            find_reg(blob, &up[depth - 1], node, &machine->plic))
            reader->plic = node;
        if (names && fdt_stringlist_contains(names, length, "sifive,test0") &&
            find_reg(blob, &up[depth - 1], node, &test))
            machine->exit_device = test.base;
    }
    return 1;
}

static int walk(struct reader *reader, int devices) {
    uint32_t controller = (uint32_t)number_of(reader->blob, 0, "interrupt-parent");
    const struct machine *machine = reader->machine;

    reader->level[0] = (struct level){.addressable = 1, .controller = controller};
    for (uint32_t i = 0; i < machine->nodes; i++)
        if (machine->node[i].depth < DEPTH_MOST &&
            !read_node(reader, machine->node[i].offset, machine->node[i].depth, devices))
            return 0;
    return 1;
}

int fdt_in_memory(const struct machine *machine, const struct machine_range *range) {
    uint64_t offset = range->base - machine->memory.base;

    return !range->size ||
           (offset < machine->memory.size && range->size <= machine->memory.size - offset);
}

const char *fdt_read(const void *blob, uint64_t limit, uint64_t here, struct machine *machine) {
    struct reader reader = {.blob = blob, .machine = machine};

    memset(machine, 0, sizeof(*machine));
    if ((uintptr_t)blob % 8 || limit < FDT_V17_SIZE || fdt_magic(blob) != FDT_MAGIC)
        return "device tree: none where the firmware points (use booti or bootm, not go)";
    if (fdt_totalsize(blob) > limit || fdt_totalsize(blob) > TREE_MOST)
        return "device tree: longer than 256 KiB";
    if (fdt_version(blob) < 17 || fdt_off_dt_struct(blob) % 4 || fdt_off_mem_rsvmap(blob) % 8 ||
        fdt_check_full(blob, limit) != 0)
        return "device tree: corrupt";
    machine->tree.size = fdt_totalsize(blob);
    machine->sstc = 1;
    copy_text(machine->board, sizeof(machine->board),
              fdt_stringlist_get(blob, 0, "model", 0, NULL));
    reader.reserved = reader.plic = -1;
    if (!list_nodes(&reader))
        return "device tree: more nodes than the kernel has room for";
    if (reader.plic < 0)
        return "device tree: no interrupt controller (sifive,plic-1.0.0)";
    machine->plic_lines = (uint32_t)number_of(blob, reader.plic, "riscv,ndev") % 1024;
    for (int i = 0; i < fdt_num_mem_rsv(blob) && i < MACHINE_RANGES; i++)
        fdt_get_mem_rsv(blob, i, &machine->reserved[i].base, &machine->reserved[i].size);
    machine->reserved_count = (uint32_t)fdt_num_mem_rsv(blob);
    if (machine->reserved_count > MACHINE_RANGES || !walk(&reader, 0))
        return "device tree: more ranges of memory than the kernel has room for";
    /* Of what is taken so far, only memory can hold the kernel. */
    for (uint32_t i = 0; i < reader.takens; i++)
        if (here - reader.taken[i].base < reader.taken[i].size)
            machine->memory = reader.taken[i];
    if (!machine->memory.size)
        return "device tree: no memory node holds the kernel";
    if (!machine->harts)
        return "device tree: no usable hart (need sv39 and the f and d extensions)";
    if (!machine->timebase)
        return "device tree: no timebase-frequency";
    walk(&reader, 1);
    return NULL;
}
