/* fdt.c - reads the device tree into struct machine, and believes nothing unchecked */
/* SPDX-License-Identifier: MIT */
#include "kernel/dev/fdt.h"
#include <libfdt.h>

#define TREE_MOST (256 << 10)
#define DEPTH_MOST 8
#define WHOLE (-1)
#define number_of(blob, node, name) number_at(blob, node, name, 0, WHOLE)
#define SUPERVISOR_EXTERNAL 9
#define ADDRESS_END (1ull << 56) /* of Sv39's physical addresses */

struct level { /* of the walk */
    int node;
    int address, size; /* cells of each in the reg of a child */
};

struct reader {
    const void *blob;
    struct machine *machine;
    int plic, reserved; /* nodes */
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

/* Takes in one node. Returns 0 if a list is full. */
static int read_node(struct reader *reader, int node, int depth) {
    const void *blob = reader->blob;
    struct machine *machine = reader->machine;
    struct level *up = &reader->level[depth - 1];
    struct machine_range range;

    reader->level[depth] = (struct level){.node = node};
    read_cells(blob, up);
    if (!read_reg(blob, up, node, 0, &range))
        return 1;
    if (has_text(blob, node, "device_type", "cpu"))
        add_hart(reader, node, range.base);
    if (up->node == reader->reserved)
        return append_reg(blob, up, node, machine->reserved, &machine->reserved_count,
                          MACHINE_RANGES);
    if (is_kept(blob, node))
        return append_reg(blob, up, node, machine->kept, &machine->kept_count, MACHINE_KEPT);
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

static int walk(struct reader *reader) {
    const struct machine *machine = reader->machine;

    for (uint32_t i = 0; i < machine->nodes; i++)
        if (machine->node[i].depth < DEPTH_MOST &&
            !read_node(reader, machine->node[i].offset, machine->node[i].depth))
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
    if (machine->reserved_count > MACHINE_RANGES || !walk(&reader))
        return "device tree: more ranges of memory than the kernel has room for";
    /* Of what is kept only memory can hold the kernel. */
    for (uint32_t i = 0; i < machine->kept_count; i++)
        if (here - machine->kept[i].base < machine->kept[i].size)
            machine->memory = machine->kept[i];
    if (!machine->memory.size)
        return "device tree: no memory node holds the kernel";
    if (!machine->harts)
        return "device tree: no usable hart (need sv39 and the f and d extensions)";
    if (!machine->timebase)
        return "device tree: no timebase-frequency";
    return NULL;
}
