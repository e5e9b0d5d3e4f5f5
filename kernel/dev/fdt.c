/* fdt.c - reads the device tree into struct machine, and believes nothing unchecked */
/* SPDX-License-Identifier: MIT */
#include "kernel/dev/fdt.h"
#include "kernel/base/string.h"

/* Where in the header, and tokens of the structure block (Devicetree Specification, chapter 5). */
enum { SIZE = 4, STRUCTURE = 8, STRINGS = 12, RESERVED = 16, VERSION = 20, STRINGS_SIZE = 32 };
enum { STRUCTURE_SIZE = 36, HEADER = 40, MAGIC = 0xd00dfeed };
enum { BEGIN_NODE = 1, END_NODE, PROPERTY, NOP, END = 9 };
enum { TREE_MOST = 256 << 10, DEPTH_MOST = 8 };
#define ADDRESS_END (1ull << 56) /* of Sv39's physical addresses */

struct value { /* of a property */
    const char *data;
    uint32_t length; /* 0 too if it is not there */
};

/* The properties that are read. */
enum { ADDRESSES, SIZES, REG, COMPATIBLE, TYPE, LINES, TIMEBASE, INITRD, INITRD_END, PROPERTIES };
static const char *const property[PROPERTIES] = {
    "#address-cells",     "#size-cells",        "reg",
    "compatible",         "device_type",        "riscv,ndev",
    "timebase-frequency", "linux,initrd-start", "linux,initrd-end",
};

struct node { /* on the way from the root to where the walk is */
    const char *name;
    struct value value[PROPERTIES];
};

struct reader {
    struct machine *machine;
    const char *strings;
    uint32_t strings_size;
    struct node node[DEPTH_MOST];
};

/* Interrupts, timers and the end of the machine are the kernel's; the registers of the last three
 * reach any memory by DMA. */
enum { KEPT_PLICS = 2, KEPT = 11 };
static const char *const kept[KEPT] = {
    "sifive,plic-1.0.0", "riscv,plic0",      "sifive,test0",      "sifive,clint0",
    "riscv,clint0",      "thead,c900-clint", "riscv,aclint-mswi", "riscv,aclint-mtimer",
    "riscv,iommu",       "qemu,fw-cfg-mmio", "virtio,mmio",
};

static uint32_t word_at(const char *at) {
    const uint8_t *byte = (const uint8_t *)at;

    return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

/* Where the token behind `length` bytes stands. */
static const char *behind(const char *at, uint32_t length) { return at + ((length + 3) & -4u); }

/* `count` cells from cell `first` on as one number; 0 where there are none. */
static uint64_t cells_of(struct value value, uint64_t first, uint64_t count) {
    uint64_t number = 0;

    if (first + count <= value.length / 4)
        for (; count; first++, count--)
            number = number << 32 | word_at(value.data + 4 * first);
    return number;
}

/* Whether a text, at most `most` bytes with its end, is the one wanted. */
static int is_text(const char *text, uint32_t most, const char *wanted) {
    for (; most && *text == *wanted; text++, wanted++, most--)
        if (!*wanted)
            return 1;
    return 0;
}

static uint64_t number_of(const struct node *node, uint32_t which) {
    struct value value = node->value[which];

    return value.length <= 8 ? cells_of(value, 0, value.length / 4) : 0;
}

/* Whether a node's list of texts has the one wanted. */
static int has_text(const struct node *node, uint32_t which, const char *wanted) {
    struct value list = node->value[which];

    while (list.length && !is_text(list.data, list.length, wanted)) {
        uint32_t size = (uint32_t)strnlen(list.data, list.length - 1) + 1;

        list.data += size;
        list.length -= size;
    }
    return list.length != 0;
}

/* Entry `index` of a node's reg. */
static int read_reg(const struct node *node, uint64_t index, struct machine_range *range) {
    uint64_t address = number_of(node - 1, ADDRESSES), size = number_of(node - 1, SIZES);
    uint64_t first = index * (address + size);
    struct value reg = node->value[REG];

    if (address < 1 || address > 2 || size > 2 || first + address + size > reg.length / 4)
        return 0;
    range->base = cells_of(reg, first, address);
    range->size = cells_of(reg, first + address, size);
    return range->base < ADDRESS_END && range->size <= ADDRESS_END - range->base;
}

/* Appends all of a node's reg; 0 if the list, of `most`, is full. */
static int append_reg(const struct node *node, struct machine_range *list, uint32_t *count,
                      uint32_t most) {
    struct machine_range range;

    for (uint64_t i = 0; read_reg(node, i, &range); i++) {
        if (!range.size)
            continue;
        if (*count == most)
            return 0;
        list[(*count)++] = range;
    }
    return 1;
}

/* What is kept from programs. 0 if the list is full. */
static int read_kept(struct machine *machine, const struct node *node) {
    uint32_t i = 0;

    while (i < KEPT && !has_text(node, COMPATIBLE, kept[i]))
        i++;
    if (i == KEPT && !has_text(node, TYPE, "memory") && !has_text(node, TYPE, "pci"))
        return 1;
    if (i < KEPT_PLICS) {
        read_reg(node, 0, &machine->plic);
        machine->plic_lines = (uint32_t)number_of(node, LINES) % 1024;
    }
    return append_reg(node, machine->kept, &machine->kept_count, MACHINE_KEPT);
}

/* A node with all that is below it is over. 0 if a list is full. */
static int end_node(struct reader *reader, uint32_t depth) {
    struct node *node = &reader->node[depth];
    struct machine *machine = reader->machine;

    /* That of /cpus comes after those of each cpu. */
    if (node->value[TIMEBASE].length)
        machine->timebase = number_of(node, TIMEBASE);
    if (depth == 1 && is_text(node->name, UINT32_MAX, "chosen")) {
        uint64_t start = number_of(node, INITRD), end = number_of(node, INITRD_END);

        machine->initrd = (struct machine_range){start, end > start ? end - start : 0};
    }
    if (depth == 2 && is_text(node[-1].name, UINT32_MAX, "reserved-memory"))
        return append_reg(node, machine->reserved, &machine->reserved_count, MACHINE_RANGES);
    return !depth || read_kept(machine, node);
}

static const char full[] = "device tree: more ranges of memory than the kernel has room for";
static const char corrupt[] = "device tree: corrupt";

/* Keeps where a property's value is, if it is one that is read. */
static void read_property(const struct reader *reader, struct node *node, const char *at,
                          uint32_t length) {
    uint32_t name = word_at(at + 4);

    for (uint32_t i = 0; i < PROPERTIES; i++)
        if (is_text(reader->strings + name, reader->strings_size - name, property[i]))
            node->value[i] = (struct value){at + 8, length};
}

/* Goes through the structure block, [at, end). */
static const char *walk(struct reader *reader, const char *at, const char *end) {
    uint32_t depth = 0;

    while (end - at >= 4) {
        uint32_t token = word_at(at), room = (uint32_t)(end - at) - 4, length;

        at += 4;
        if (token == BEGIN_NODE) {
            length = (uint32_t)strnlen(at, room) + 1;
            if (length > room)
                break;
            if (depth < DEPTH_MOST)
                reader->node[depth] = (struct node){.name = at};
            depth++;
            at = behind(at, length);
        } else if (token == PROPERTY && depth && room >= 8) {
            length = word_at(at);
            if (length > room - 8 || word_at(at + 4) >= reader->strings_size)
                break;
            if (depth <= DEPTH_MOST)
                read_property(reader, &reader->node[depth - 1], at, length);
            at = behind(at + 8, length);
        } else if (token == END_NODE && depth) {
            depth--;
            if (depth < DEPTH_MOST && !end_node(reader, depth))
                return full;
        } else if (token != NOP) {
            return token == END && !depth ? NULL : corrupt;
        }
    }
    return corrupt;
}

/* The tree's own list of reserved memory, which ends with an empty range. */
static const char *read_reserved(struct value tree, uint64_t at, struct machine *machine) {
    for (; at + 16 <= tree.length; at += 16) {
        struct machine_range range = {cells_of(tree, at / 4, 2), cells_of(tree, at / 4 + 2, 2)};

        if (!range.size)
            return NULL;
        if (range.base >= ADDRESS_END || range.size > ADDRESS_END - range.base)
            return corrupt;
        if (machine->reserved_count == MACHINE_RANGES)
            return full;
        machine->reserved[machine->reserved_count++] = range;
    }
    return corrupt;
}

int fdt_in_memory(const struct machine *machine, const struct machine_range *range) {
    uint64_t offset = range->base - machine->memory.base;

    return !range->size ||
           (offset < machine->memory.size && range->size <= machine->memory.size - offset);
}

const char *fdt_read(const void *blob, uint64_t limit, uint64_t here, struct machine *machine) {
    struct value tree = {blob, 0};
    const char *block, *wrong = NULL;
    struct reader reader = {.machine = machine};
    uint64_t size;

    memset(machine, 0, sizeof(*machine));
    if ((uintptr_t)blob % 8 || limit < HEADER || word_at(blob) != MAGIC)
        return "device tree: none where the firmware points (use booti or bootm, not go)";
    tree.length = word_at(tree.data + SIZE);
    if (tree.length > limit || tree.length > TREE_MOST)
        return "device tree: longer than 256 KiB";
    if (tree.length < HEADER || word_at(tree.data + VERSION) < 17)
        return corrupt;
    block = tree.data + word_at(tree.data + STRUCTURE);
    size = word_at(tree.data + STRUCTURE_SIZE);
    reader.strings = tree.data + word_at(tree.data + STRINGS);
    reader.strings_size = word_at(tree.data + STRINGS_SIZE);
    if ((uintptr_t)block % 4 || size % 4 || word_at(tree.data + RESERVED) % 8 ||
        block - tree.data + size > tree.length ||
        (uint64_t)(reader.strings - tree.data) + reader.strings_size > tree.length)
        return corrupt;
    machine->tree.size = tree.length;
    wrong = read_reserved(tree, word_at(tree.data + RESERVED), machine);
    if (!wrong)
        wrong = walk(&reader, block, block + size);
    /* Of what is kept only memory can hold the kernel. */
    for (uint32_t i = 0; i < machine->kept_count; i++)
        if (here - machine->kept[i].base < machine->kept[i].size)
            machine->memory = machine->kept[i];
    return wrong                   ? wrong
           : !machine->plic.size   ? "device tree: no interrupt controller (sifive,plic-1.0.0)"
           : !machine->memory.size ? "device tree: no memory node holds the kernel"
           : !machine->timebase    ? "device tree: no timebase-frequency"
                                   : NULL;
}
