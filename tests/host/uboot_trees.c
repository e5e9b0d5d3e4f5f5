/* uboot_trees.c - the device trees that Debian's U-Boot hands on are read as the boards are */
/* SPDX-License-Identifier: MIT */
/* sources: userland/init/tree.c kernel/dev/fdt.c build/deps/libfdt/fdt.c */
/* sources: build/deps/libfdt/fdt_ro.c build/deps/libfdt/fdt_check.c */
/* cflags: -isystem build/deps/libfdt -Wno-sign-compare */
#include <unistd.h>
#include "kernel/dev/fdt.h"
#include "tests/host/dtb.h"
#include "userland/init/tree.h"

/* make takes the trees out of u-boot.itb where the package is unpacked (mk/test.mk). */
struct device {
    uint64_t base;
    const char *name, *compatible; /* as init lists it */
    uint32_t line;
};

static const struct board {
    const char *name, *package;
    struct machine_range memory;
    uint64_t timebase;
    uint32_t lines;
    struct device devices[8];
    uint64_t card, da9063; /* the controllers they are behind */
} boards[] = {
    {"sifive_unleashed",
     "u-boot-sifive",
     {0x80000000, 0x200000000},
     1000000,
     53,
     {{0x10010000, "serial@10010000", "sifive,uart0", 4},
      {0x10050000, "spi@10050000", "sifive,spi0", 6},
      {0x10090000, "ethernet@10090000", "sifive,fu540-c000-gem", 53},
      {0x10020000, "pwm@10020000", "sifive,pwm0", 42},
      {0x10060000, "gpio@10060000", "sifive,gpio0", 7}},
     0x10050000,
     0},
    {"sifive_unmatched",
     "u-boot-sifive",
     {0x80000000, 0x400000000},
     1000000,
     69,
     {{0x10010000, "serial@10010000", "sifive,uart0", 39},
      {0x10050000, "spi@10050000", "sifive,spi0", 43},
      {0x10090000, "ethernet@10090000", "sifive,fu540-c000-gem", 55},
      {0x10020000, "pwm@10020000", "sifive,pwm0", 44},
      {0x10060000, "gpio@10060000", "sifive,gpio0", 23}},
     0x10050000,
     0x10030000},
    {"starfive_visionfive2",
     "u-boot-starfive",
     {0x40000000, 0x200000000},
     4000000,
     136,
     {{0x10000000, "serial@10000000", "snps,dw-apb-uart", 32},
      {0x16010000, "mmc@16010000", "snps,dw-mshc", 74},
      {0x16020000, "mmc@16020000", "snps,dw-mshc", 75},
      {0x16030000, "ethernet@16030000", "snps,dwmac-5.20", 7},
      {0x16040000, "ethernet@16040000", "snps,dwmac-5.20", 78},
      {0x13040000, "pinctrl@13040000", "starfive,jh7110-sys-pinctrl", 86}},
     0x16020000,
     0},
};

static struct machine machine;
static struct exo_facts facts;
static struct steward_device devices[STEWARD_DEVICES];
static struct tree_hart harts[16];

static int is_listed(const struct device *wanted, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (devices[i].base == wanted->base)
            return !strcmp(devices[i].name, wanted->name) &&
                   !strcmp(devices[i].compatible, wanted->compatible) &&
                   devices[i].line == wanted->line;
    return 0;
}

/* The registers of what the kernel keeps are no program's. */
static int is_kept(uint64_t address) {
    for (uint32_t i = 0; i < machine.kept_count; i++)
        if (address - machine.kept[i].base < machine.kept[i].size)
            return 1;
    return 0;
}

static void says(const struct board *board, int good, const char *what) {
    char text[96];

    snprintf(text, sizeof text, "%s: %s", board->name, what);
    ok(good, text);
}

static void test(const struct board *board, const char *file) {
    size_t size;
    void *blob = load(file, &size);
    const char *error = fdt_read(blob, size, board->memory.base + 0x200000, &machine);
    uint32_t count, good = 0;

    says(board, !error && !memcmp(&machine.memory, &board->memory, sizeof machine.memory),
         "memory that holds the kernel");
    says(board,
         machine.timebase == board->timebase && machine.plic_lines == board->lines &&
             machine.plic.base == 0xc000000,
         "time base and interrupt controller");
    says(board, is_kept(0xc000000) && is_kept(0x2000000), "PLIC and CLINT are the kernel's");
    memset(&facts, 0, sizeof facts);
    memset(devices, 0, sizeof devices);
    for (uint32_t i = 0; i < machine.kept_count; i++) {
        facts.window[i].page = machine.kept[i].base / 4096;
        facts.window[i].pages = (machine.kept[i].base % 4096 + machine.kept[i].size + 4095) / 4096;
    }
    facts.line_table.count = machine.plic_lines + 1;
    count = tree_harts(blob, size, harts, 16);
    for (uint32_t i = 1; i < count; i++)
        good += harts[i].id == i && !harts[i].refusal && harts[i].context == 2 * i;
    says(board, count == 5 && harts[0].refusal && good == 4,
         "harts 1 to 4 with their contexts, and not hart 0");
    count = tree_devices(blob, size, &facts, devices, STEWARD_DEVICES);
    for (const struct device *wanted = board->devices; wanted->name; wanted++)
        says(board, is_listed(wanted, count), wanted->name);
    says(board,
         tree_card(blob, size) == board->card &&
             tree_bus(blob, size, "sifive,i2c0", "dlg,da9063") == board->da9063,
         "what is behind SPI and I2C");
    free(blob);
}

int main(void) {
    for (size_t i = 0; i < sizeof boards / sizeof *boards; i++) {
        char file[64], path[96];

        snprintf(file, sizeof file, "uboot-%s", boards[i].name);
        snprintf(path, sizeof path, "build/dts/%s.dtb", file);
        if (access(path, R_OK))
            printf("ok %d - %s # SKIP %s is not unpacked in build/deps (make image), or no "
                   "dumpimage\n",
                   ++tests, boards[i].name, boards[i].package);
        else
            test(&boards[i], file);
    }
    return done();
}
