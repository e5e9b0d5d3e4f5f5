/* fdt.c - the boards' device trees are understood, corrupt ones refused, none read beyond its end
 */
/* SPDX-License-Identifier: MIT */
/* sources: kernel/dev/fdt.c build/deps/libfdt/fdt.c build/deps/libfdt/fdt_ro.c */
/* sources: build/deps/libfdt/fdt_wip.c libexos/edge/tree.c libexos/edge/string.c */
/* cflags: -isystem build/deps/libfdt -Wno-sign-compare */
/* dts: dts/virt.dts dts/fu540.dts dts/fu740.dts dts/jh7110.dts dts/odd.dts */
#include "kernel/dev/fdt.h"
#include "libexos/edge/export.h"
#include "libexos/edge/tree.h"
#include "tests/host/dtb.h"
#include <libfdt.h>

static struct machine machine;
static const void *exported; /* the tree that libexos finds */

const void *exo_device_tree(size_t *length) {
    *length = 0;
    return exported;
}

/* Reads a board's tree as a program does: its model and its boot arguments are these. */
static int texts_are(const char *name, const char *model, const char *arguments) {
    char text[2][32];
    size_t size;
    void *blob = load(name, &size);

    exported = blob;
    exo_board(text[0], sizeof(text[0]));
    exo_bootargs(text[1], sizeof(text[1]));
    exported = NULL;
    free(blob);
    return !strcmp(text[0], model) && !strcmp(text[1], arguments);
}

static int range_is(struct machine_range range, uint64_t base, uint64_t size) {
    return range.base == base && range.size == size;
}

static const char *read_board(const char *board, uint64_t here) {
    size_t size;
    void *blob = load(board, &size);
    const char *error = fdt_read(blob, size, here, &machine);

    free(blob);
    return error;
}

/* A page that the kernel keeps from programs. */
static int is_kept(uint64_t address) {
    for (uint32_t i = 0; i < machine.kept_count; i++)
        if (address - machine.kept[i].base < machine.kept[i].size)
            return 1;
    return 0;
}

static void test_virt(void) {
    ok(!read_board("virt", 0x80200000), "virt is read");
    ok(range_is(machine.memory, 0x80000000, 0x10000000), "virt: memory");
    ok(machine.reserved_count == 1 && range_is(machine.reserved[0], 0x80000000, 0x80000),
       "virt: the firmware's memory is reserved");
    ok(machine.timebase == 10000000, "virt: timebase");
    ok(range_is(machine.plic, 0x0c000000, 0x600000) && machine.plic_lines == 96, "virt: PLIC");
    ok(range_is(machine.initrd, 0x88200000, 0x320d), "virt: initrd in 8-byte cells");
    ok(texts_are("virt", "riscv-virtio,qemu", "console=uart"), "virt: board and bootargs");
    ok(is_kept(0x80000000) && is_kept(0x100000) && is_kept(0x2000000) && is_kept(0xc000000) &&
           is_kept(0x10001000) && is_kept(0x10008000) && is_kept(0x10100000) &&
           is_kept(0x30000000) && machine.kept_count == 8,
       "virt: memory, exit device, CLINT, PLIC, virtio, fw-cfg and PCI are kept");
    ok(!is_kept(0x10000000) && !is_kept(0x101000) && !is_kept(0x20000000),
       "virt: UART, clock and flash are not");
}

static void test_boards(void) {
    ok(!read_board("fu540", 0x80200000), "fu540 is read");
    ok(range_is(machine.memory, 0x80000000, 0x200000000) && machine.timebase == 1000000 &&
           machine.plic_lines == 53,
       "fu540: memory, timebase, PLIC");
    ok(range_is(machine.initrd, 0x88300000, 0x100000), "fu540: initrd in 4-byte cells");
    ok(!read_board("fu740", 0x80200000) && machine.reserved_count == 2 &&
           range_is(machine.reserved[1], 0x80040000, 0x20000) && machine.plic_lines == 69,
       "fu740: reserved memory, PLIC");

    ok(!read_board("jh7110", 0x40200000) && range_is(machine.memory, 0x40000000, 0x200000000) &&
           machine.timebase == 4000000 && machine.plic_lines == 136,
       "jh7110: memory, timebase, riscv,plic0");
    ok(machine.reserved_count == 2 && range_is(machine.reserved[0], 0x42200000, 0x10000) &&
           range_is(machine.reserved[1], 0x40000000, 0x80000),
       "jh7110: memreserve and firmware; a pool without place is none");
}

static void test_odd(void) {
    ok(!read_board("odd", 0x80200000), "odd is read");
    ok(machine.timebase == 32768, "odd: timebase of a cpu");
    ok(texts_are("odd", "A model whose name is a good de", ""),
       "odd: a long model is cut, no bootargs are none");
    ok(machine.reserved_count == 1 && range_is(machine.reserved[0], 0x80000000, 0x1000),
       "odd: memreserve");
    ok(is_kept(0x80000000) && is_kept(0x100000000) && is_kept(0x2000000) && is_kept(0x200ffff) &&
           !is_kept(0x2010000) && is_kept(0xc000000) && machine.kept_count == 4,
       "odd: all memory, CLINT and PLIC are kept");
    ok(!read_board("odd", 0x100200000) && range_is(machine.memory, 0x100000000, 0x40000000),
       "odd: the memory that holds the kernel is chosen");
    ok(read_board("odd", 0x40000000) != NULL, "odd: a kernel outside all memory is refused");
}

/* The tree of virt, with one node gone. */
static const char *error_without(const char *compatible, const char *path) {
    size_t size;
    void *blob = load("virt", &size);
    int node =
        path ? fdt_path_offset(blob, path) : fdt_node_offset_by_compatible(blob, -1, compatible);
    const char *error;

    fdt_nop_node(blob, node);
    error = fdt_read(blob, size, 0x80200000, &machine);
    free(blob);
    return error ? error : "";
}

static void test_missing(void) {
    size_t size;
    char *blob = load("virt", &size);

    ok(strstr(error_without(NULL, "/memory@80000000"), "memory") != NULL, "no memory is told");
    ok(strstr(error_without("riscv,plic0", NULL), "interrupt") != NULL, "no PLIC is told");
    ok(strstr(error_without(NULL, "/cpus"), "timebase") != NULL, "no timebase is told");
    ok(!*error_without(NULL, "/chosen") && !machine.initrd.size, "/chosen may be missing");
    ok(fdt_read("argv of U-Boot's go command, no tree at all", 44, 0x80200000, &machine) != NULL,
       "rubbish for a tree is refused");
    ok(fdt_read(blob, 7, 0x80200000, &machine) != NULL, "a tree of seven bytes is refused");
    fdt_set_totalsize(blob, 1 << 20);
    ok(fdt_read(blob, 2 << 20, 0x80200000, &machine) != NULL, "a tree of 1 MiB is refused");
    fdt_set_totalsize(blob, (uint32_t)size);
    fdt_set_version(blob, 16);
    ok(fdt_read(blob, size, 0x80200000, &machine) != NULL, "an old version is refused");
    free(blob);
}

/* What the kernel relies on, whatever the tree; a program may read the texts of one that it takes.
 */
static int sane(const void *blob, const char *error) {
    char text[64];
    int good = machine.kept_count <= MACHINE_KEPT && machine.reserved_count <= MACHINE_RANGES &&
               machine.plic_lines < 1024;

    if (error)
        return memcmp(error, "device tree: ", 13) == 0;
    exported = blob;
    exo_board(text, sizeof(text));
    exo_bootargs(text, sizeof(text));
    exported = NULL;
    return good && machine.plic.size && machine.memory.size && machine.timebase &&
           0x80200000 - machine.memory.base < machine.memory.size;
}

static void test_corrupt(const char *board) {
    static const uint8_t flips[] = {0xff, 0x01};
    size_t size;
    uint8_t *blob = load(board, &size);
    int insane = 0;
    char what[64];

    for (size_t at = 0; at < size; at++)
        for (size_t i = 0; i < sizeof(flips); i++) {
            blob[at] ^= flips[i];
            insane += !sane(blob, fdt_read(blob, size, 0x80200000, &machine));
            blob[at] ^= flips[i];
        }
    snprintf(what, sizeof(what), "%s: any byte may be wrong", board);
    ok(insane == 0, what);

    insane = 0;
    for (size_t length = 0; length < size; length++) {
        uint8_t *part = malloc(length ? length : 1);

        memcpy(part, blob, length);
        insane += !fdt_read(part, length, 0x80200000, &machine);
        if (length >= 8) { /* and with a header that believes in the end */
            fdt_set_totalsize(part, (uint32_t)length);
            insane += !sane(part, fdt_read(part, length, 0x80200000, &machine));
        }
        free(part);
    }
    snprintf(what, sizeof(what), "%s: cut at any length it is refused", board);
    ok(insane == 0, what);
    free(blob);
}

int main(void) {
    test_virt();
    test_boards();
    test_odd();
    test_missing();
    test_corrupt("virt");
    test_corrupt("odd");
    return done();
}
