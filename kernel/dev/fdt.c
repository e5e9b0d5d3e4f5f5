/* fdt.c - reads the device tree into struct machine, and believes nothing unchecked */
/* SPDX-License-Identifier: MIT */
#include "kernel/dev/fdt.h"
#include <libfdt.h>

enum {
    TREE_MOST = 256 << 10,
    BUS_DEPTH = 3,
    PAGES_MOST = 16,
    TABOOS = 64,
    S_EXTERNAL = 9
};

#define PAGE_MASK 4095ull
#define ADDRESS_END (1ull << 56) /* of Sv39's physical addresses */

struct reader {
    const void *blob;
    struct machine *machine;
    int plic;
    uint32_t plic_phandle;
    struct machine_range taboo[TABOOS]; /* where no program may get a page */
    uint32_t taboos;
};

/* Interrupts and the end of the machine are the kernel's; PCI and virtio registers reach any memory
 * by DMA, and no driver names them. */
static const char *const taboo_compatible[] = {
    "sifive,plic-1.0.0", "riscv,plic0",       "sifive,clint0", "riscv,clint0",
    "thead,c900-clint",  "riscv,aclint-mswi", "riscv,iommu",   "riscv,aclint-mtimer",
    "riscv,aclint-sswi", "sifive,test0",      "sifive,test1",  "virtio,mmio",
    "qemu,fw-cfg-mmio",
};

static uint64_t
number(const fdt32_t *cell, int cells)
{
    uint64_t value = 0;

    while (cells-- > 0)
        value = value << 32 | fdt32_ld(cell++);
    return value;
}

/* A property of one number, or 0. */
static uint64_t
number_of(const void *blob, int node, const char *name)
{
    int length;
    const fdt32_t *cell = fdt_getprop(blob, node, name, &length);

    return cell && (length == 4 || length == 8) ? number(cell, length / 4) : 0;
}

/* The first string of a property, or NULL if there is none with its end inside. */
static const char *
text_of(const void *blob, int node, const char *name)
{
    return fdt_stringlist_get(blob, node, name, 0, NULL);
}

static void
copy_text(char *to, size_t size, const char *from)
{
    size_t length = from ? strnlen(from, size - 1) : 0;

    memcpy(to, from ? from : "", length);
    to[length] = '\0';
}

static int
is_text(const void *blob, int node, const char *name, const char *text)
{
    return fdt_stringlist_search(blob, node, name, text) == 0;
}

static int
is_compatible(const void *blob, int node, const char *compatible)
{
    return fdt_node_check_compatible(blob, node, compatible) == 0;
}

static int
is_okay(const void *blob, int node)
{
    return !fdt_getprop(blob, node, "status", NULL) || is_text(blob, node, "status", "okay") ||
           is_text(blob, node, "status", "ok");
}

/* Entry `index` of a node's reg. */
static int
read_reg(const void *blob, int bus, int node, int index, struct machine_range *range)
{
    int length, address = (int)number_of(blob, bus, "#address-cells");
    int size = (int)number_of(blob, bus, "#size-cells");
    const fdt32_t *cell = fdt_getprop(blob, node, "reg", &length);

    if (!cell || address < 1 || address > 2 || size < 0 || size > 2 ||
        (index + 1) * (address + size) > length / 4)
        return 0;
    cell += index * (address + size);
    *range = (struct machine_range){number(cell, address), number(cell + address, size)};
    return range->base < ADDRESS_END && range->size <= ADDRESS_END - range->base;
}

static int
share_page(struct machine_range a, struct machine_range b)
{
    return (a.base & ~PAGE_MASK) < b.base + b.size + (-(b.base + b.size) & PAGE_MASK) &&
           (b.base & ~PAGE_MASK) < a.base + a.size + (-(a.base + a.size) & PAGE_MASK);
}

static const char *
read_memory(const void *blob, uint64_t here, struct machine *machine)
{
    const char *error = "device tree: no memory node";
    int node;

    fdt_for_each_subnode(node, blob, 0)
    {
        struct machine_range range;

        if (!is_text(blob, node, "device_type", "memory"))
            continue;
        if (!machine->memory.size)
            error = "device tree: no memory node holds the kernel";
        for (int i = 0; read_reg(blob, 0, node, i, &range); i++)
            if (here - range.base < range.size) {
                machine->memory = range;
                error = NULL;
            }
    }
    return error;
}

static int
add_reserved(struct machine *machine, struct machine_range range)
{
    if (!range.size || !share_page(range, machine->memory))
        return 1;
    if (machine->reserved_count == MACHINE_RANGES)
        return 0;
    machine->reserved[machine->reserved_count++] = range;
    return 1;
}

static int
read_reserved(const void *blob, struct machine *machine)
{
    int node, parent = fdt_path_offset(blob, "/reserved-memory");
    struct machine_range range;

    for (int i = 0; i < fdt_num_mem_rsv(blob); i++)
        if (fdt_get_mem_rsv(blob, i, &range.base, &range.size) || !add_reserved(machine, range))
            return 0;
    if (parent < 0)
        return 1;
    fdt_for_each_subnode(node, blob, parent)
    {
        for (int i = 0; read_reg(blob, parent, node, i, &range); i++)
            if (!add_reserved(machine, range))
                return 0;
    }
    return 1;
}

static void
read_chosen(const void *blob, struct machine *machine)
{
    int chosen = fdt_path_offset(blob, "/chosen");
    uint64_t start = number_of(blob, chosen, "linux,initrd-start");
    uint64_t end = number_of(blob, chosen, "linux,initrd-end");
    const char *board = text_of(blob, 0, "model");

    if (start < end)
        machine->initrd = (struct machine_range){start, end - start};
    copy_text(machine->bootargs, sizeof(machine->bootargs), text_of(blob, chosen, "bootargs"));
    copy_text(machine->board, sizeof(machine->board),
              board ? board : text_of(blob, 0, "compatible"));
}

static int
read_plic(struct reader *reader)
{
    const void *blob = reader->blob;
    struct machine *machine = reader->machine;
    uint64_t lines;

    reader->plic = fdt_node_offset_by_compatible(blob, -1, "sifive,plic-1.0.0");
    if (reader->plic < 0)
        reader->plic = fdt_node_offset_by_compatible(blob, -1, "riscv,plic0");
    if (reader->plic < 0 ||
        !read_reg(blob, fdt_parent_offset(blob, reader->plic), reader->plic, 0, &machine->plic))
        return 0;
    reader->plic_phandle = fdt_get_phandle(blob, reader->plic);
    lines = number_of(blob, reader->plic, "riscv,ndev");
    machine->plic_lines = lines < 1023 ? (uint32_t)lines : 1023;
    return 1;
}

/* The number of the PLIC's output that is the S-mode external interrupt of this cpu. */
static int
read_context(struct reader *reader, int cpu, uint32_t *context)
{
    int length, controller = fdt_subnode_offset(reader->blob, cpu, "interrupt-controller");
    const fdt32_t *pair = fdt_getprop(reader->blob, reader->plic, "interrupts-extended", &length);
    uint32_t phandle = controller < 0 ? 0 : fdt_get_phandle(reader->blob, controller);

    for (int i = 0; pair && phandle && i < length / 8; i++)
        if (fdt32_ld(pair + 2 * i) == phandle && fdt32_ld(pair + 2 * i + 1) == S_EXTERNAL) {
            *context = (uint32_t)i;
            return 0x200000 + (i + 1) * 0x1000ull <= reader->machine->plic.size;
        }
    return 0;
}

/* "rv64imafdc_zba_sstc", or the newer list of strings. */
static int
has_extension(const void *blob, int cpu, const char *extension)
{
    const char *isa = text_of(blob, cpu, "riscv,isa");
    size_t length = strlen(extension);

    if (fdt_stringlist_search(blob, cpu, "riscv,isa-extensions", extension) >= 0)
        return 1;
    if (!isa || strncmp(isa, "rv64", 4) != 0)
        return 0;
    for (isa += 4; length == 1 && *isa && !strchr("_szx", *isa); isa++)
        if (*isa == *extension || *isa == 'g')
            return 1;
    for (isa = strchr(isa, '_'); isa; isa = strchr(isa, '_'))
        if (strncmp(++isa, extension, length) == 0 && (!isa[length] || isa[length] == '_'))
            return 1;
    return 0;
}

/* Why a hart cannot be used, or NULL. No single test tells: trees name monitor harts as okay, some
 * with an MMU. */
static const char *
hart_refusal(struct reader *reader, int cpu, struct machine_hart *hart)
{
    const char *mmu = text_of(reader->blob, cpu, "mmu-type");

    if (!is_okay(reader->blob, cpu))
        return "disabled";
    if (!mmu || strncmp(mmu, "riscv,sv", 8) != 0 || strcmp(mmu, "riscv,sv32") == 0)
        return "no sv39";
    if (!has_extension(reader->blob, cpu, "f") || !has_extension(reader->blob, cpu, "d"))
        return "no f and d";
    if (hart->id > 63)
        return "its id is above 63";
    if (!read_context(reader, cpu, &hart->plic_context))
        return "no interrupts";
    return reader->machine->harts == EXO_HARTS ? "more than 8" : NULL;
}

static void
read_harts(struct reader *reader)
{
    struct machine *machine = reader->machine;
    int cpu, cpus = fdt_path_offset(reader->blob, "/cpus");

    machine->timebase = number_of(reader->blob, cpus, "timebase-frequency");
    machine->sstc = 1;
    if (cpus < 0)
        return;
    fdt_for_each_subnode(cpu, reader->blob, cpus)
    {
        struct machine_range id;
        struct machine_hart hart;
        const char *refusal;

        if (!is_text(reader->blob, cpu, "device_type", "cpu") ||
            !read_reg(reader->blob, cpus, cpu, 0, &id))
            continue;
        hart.id = id.base;
        refusal = hart_refusal(reader, cpu, &hart);
        if (!refusal) {
            machine->hart[machine->harts++] = hart;
            machine->sstc &= has_extension(reader->blob, cpu, "sstc");
        } else if (machine->skipped_count < MACHINE_SKIPPED) {
            machine->skipped[machine->skipped_count] = hart.id;
            machine->skipped_why[machine->skipped_count++] = refusal;
        }
        if (!machine->timebase)
            machine->timebase = number_of(reader->blob, cpu, "timebase-frequency");
    }
}

static int
is_taboo(const void *blob, int node)
{
    for (size_t i = 0; i < sizeof(taboo_compatible) / sizeof(taboo_compatible[0]); i++)
        if (is_compatible(blob, node, taboo_compatible[i]))
            return 1;
    return is_text(blob, node, "device_type", "memory") ||
           is_text(blob, node, "device_type", "pci");
}

static int
add_taboo(struct reader *reader, int bus, int node)
{
    struct machine_range range;

    for (int i = 0; read_reg(reader->blob, bus, node, i, &range); i++) {
        if (reader->taboos == TABOOS)
            return 0;
        reader->taboo[reader->taboos++] = range;
        if (is_compatible(reader->blob, node, "sifive,test0") ||
            is_compatible(reader->blob, node, "sifive,test1"))
            reader->machine->exit_device = range.base;
    }
    return 1;
}

static uint32_t
device_line(struct reader *reader, int node, uint32_t parent)
{
    int length;
    uint32_t line = 0;
    const fdt32_t *cell = fdt_getprop(reader->blob, node, "interrupts-extended", &length);

    if (cell && length >= 8 && fdt32_ld(cell) == reader->plic_phandle)
        line = fdt32_ld(cell + 1);
    cell = fdt_getprop(reader->blob, node, "interrupts", &length);
    if (cell && length >= 4 && parent == reader->plic_phandle)
        line = fdt32_ld(cell);
    return line < EXO_LINES && line <= reader->machine->plic_lines ? line : 0;
}

static uint32_t
device_clock(const void *blob, int node)
{
    int length, source;
    uint64_t rate = number_of(blob, node, "clock-frequency");
    const fdt32_t *cell = fdt_getprop(blob, node, "clocks", &length);

    if (!rate && cell && length >= 4) {
        source = fdt_node_offset_by_phandle(blob, fdt32_ld(cell));
        if (source >= 0 && is_compatible(blob, source, "fixed-clock"))
            rate = number_of(blob, source, "clock-frequency");
    }
    return (uint32_t)rate;
}

static void
add_device(struct reader *reader, int bus, int node, uint32_t parent)
{
    const void *blob = reader->blob;
    struct machine *machine = reader->machine;
    struct exo_device *device = &machine->device[machine->devices];
    struct machine_range range;

    if (machine->devices == EXO_DEVICES || !is_okay(blob, node) ||
        !read_reg(blob, bus, node, 0, &range) || !range.size)
        return;
    if (range.size > PAGES_MOST * 4096 - (range.base & PAGE_MASK))
        range.size = PAGES_MOST * 4096 - (range.base & PAGE_MASK);
    for (uint32_t i = 0; i < reader->taboos; i++)
        if (share_page(range, reader->taboo[i]))
            return;
    /* A page has one number: what shares it with a device already listed goes with that one. */
    for (struct exo_device *other = machine->device; other < device; other++)
        if (share_page(range,
                       (struct machine_range){other->base & ~PAGE_MASK, other->pages * 4096}))
            return;
    copy_text(device->name, sizeof(device->name), fdt_get_name(blob, node, NULL));
    copy_text(device->compatible, sizeof(device->compatible), text_of(blob, node, "compatible"));
    device->base = range.base;
    device->pages = (uint32_t)(((range.base & PAGE_MASK) + range.size + PAGE_MASK) / 4096);
    device->line = device_line(reader, node, parent);
    device->clock = device_clock(blob, node);
    device->shift = (uint32_t)number_of(blob, node, "reg-shift");
    device->width = (uint32_t)number_of(blob, node, "reg-io-width");
    machine->devices++;
}

/* Visits what the processor can address: the root's children and those of buses that translate
 * nothing. First for what is taboo, then for the devices. */
static int
walk(struct reader *reader, int bus, uint32_t parent, int depth, int devices)
{
    const void *blob = reader->blob;
    int node, length;

    fdt_for_each_subnode(node, blob, bus)
    {
        uint32_t own = (uint32_t)number_of(blob, node, "interrupt-parent");

        own = own ? own : parent;
        if (is_compatible(blob, node, "simple-bus")) {
            if (fdt_getprop(blob, node, "ranges", &length) && length == 0 && depth < BUS_DEPTH &&
                !walk(reader, node, own, depth + 1, devices))
                return 0;
        } else if (devices) {
            add_device(reader, bus, node, own);
        } else if (is_taboo(blob, node) && !add_taboo(reader, bus, node)) {
            return 0;
        }
    }
    return 1;
}

const char *
fdt_read(const void *blob, uint64_t limit, uint64_t here, struct machine *machine)
{
    struct reader reader = {.blob = blob, .machine = machine};
    uint32_t parent;
    const char *error;

    memset(machine, 0, sizeof(*machine));
    if ((uintptr_t)blob % 8 || limit < FDT_V1_SIZE || fdt_magic(blob) != FDT_MAGIC)
        return "device tree: none where the firmware points (boot with booti or bootm, not go)";
    if (fdt_totalsize(blob) > limit || fdt_totalsize(blob) > TREE_MOST)
        return "device tree: longer than 256 KiB";
    if (fdt_check_full(blob, limit) != 0)
        return "device tree: corrupt";
    machine->tree.size = fdt_totalsize(blob);
    error = read_memory(blob, here, machine);
    if (error)
        return error;
    if (!read_reserved(blob, machine))
        return "device tree: more than 16 reserved ranges";
    read_chosen(blob, machine);
    if (!read_plic(&reader))
        return "device tree: no interrupt controller (sifive,plic-1.0.0)";
    read_harts(&reader);
    if (!machine->harts)
        return "device tree: no usable hart (need sv39 and the f and d extensions)";
    if (!machine->timebase)
        return "device tree: no timebase-frequency";
    parent = (uint32_t)number_of(blob, 0, "interrupt-parent");
    if (!walk(&reader, 0, parent, 0, 0))
        return "device tree: too many memory ranges and interrupt controllers";
    walk(&reader, 0, parent, 0, 1);
    return NULL;
}
