/* tree.c - init finds the boards' harts and devices, and none that is the kernel's, out of reach or
 * twice */
/* SPDX-License-Identifier: MIT */
/* sources: userland/init/tree.c kernel/dev/fdt.c build/deps/libfdt/fdt.c */
/* sources: build/deps/libfdt/fdt_ro.c build/deps/libfdt/fdt_check.c */
/* cflags: -isystem build/deps/libfdt -Wno-sign-compare */
/* dts: dts/virt.dts dts/fu540.dts dts/fu740.dts dts/jh7110.dts dts/odd.dts */
#include "userland/init/tree.h"
#include "kernel/dev/fdt.h"
#include "libexos/edge/feature.h"
#include "tests/host/dtb.h"

static struct machine machine;
static struct exo_facts facts;
static struct steward_device devices[STEWARD_DEVICES];
static uint32_t count;
static struct tree_hart harts[16];
static uint32_t hart_count;
static uint64_t card;

/* As main.c does: what the kernel keeps are windows without frames. */
static void read_tree(const void *blob, size_t size) {
    memset(&facts, 0, sizeof facts);
    memset(devices, 0, sizeof devices);
    fdt_read(blob, size, 0x80200000, &machine);
    for (uint32_t i = 0; i < machine.kept_count; i++) {
        const struct machine_range *kept = &machine.kept[i];

        facts.window[i].page = kept->base / 4096;
        facts.window[i].pages = (kept->base % 4096 + kept->size + 4095) / 4096;
    }
    facts.line_table.count = machine.plic_lines < EXO_LINES ? machine.plic_lines + 1 : EXO_LINES;
    count = tree_devices(blob, size, &facts, devices, STEWARD_DEVICES);
    hart_count = tree_harts(blob, size, harts, 16);
    card = tree_card(blob, size);
}

static void read_board(const char *board) {
    size_t size;
    void *blob = load(board, &size);

    read_tree(blob, size);
    free(blob);
}

static const struct steward_device *device(uint64_t base) {
    for (uint32_t i = 0; i < count; i++)
        if (devices[i].base == base)
            return &devices[i];
    return NULL;
}

static int device_is(uint64_t base, const char *compatible, uint32_t line) {
    const struct steward_device *found = device(base);

    return found && strcmp(found->compatible, compatible) == 0 && found->line == line;
}

static int hart_is(uint32_t index, uint64_t id, uint32_t context) {
    return index < hart_count && harts[index].id == id && harts[index].context == context &&
           !harts[index].refusal;
}

static int refused_is(uint32_t index, uint64_t id, const char *why) {
    return index < hart_count && harts[index].id == id && harts[index].refusal &&
           strcmp(harts[index].refusal, why) == 0;
}

/* The four application harts of the SiFive and StarFive parts, S contexts at 2h. */
static int four_after(const char *why) {
    return hart_count == 5 && refused_is(0, 0, why) && hart_is(1, 1, 2) && hart_is(2, 2, 4) &&
           hart_is(3, 3, 6) && hart_is(4, 4, 8);
}

static void test_harts(void) {
    read_board("virt");
    ok(hart_count == 4 && hart_is(0, 0, 1) && hart_is(1, 1, 3) && hart_is(3, 3, 7),
       "virt: four harts, contexts from interrupts-extended");
    read_board("fu540");
    ok(four_after("no sv39"), "fu540: harts 1-4; hart 0 is okay but has no MMU");
    read_board("fu740");
    ok(four_after("disabled"), "fu740: harts 1-4 by riscv,isa-extensions; hart 0 is disabled");
    read_board("jh7110");
    ok(four_after("no f and d"),
       "jh7110: harts 1-4; hart 0 is okay with an MMU, but has no f and d");
    read_board("odd");
    ok(hart_count == 15 && hart_is(1, 1, 2) && hart_is(4, 4, 3) && hart_is(6, 5, 4) &&
           hart_is(8, 7, 6) && hart_is(12, 11, 10) && hart_is(14, 13, 12),
       "odd: ten harts, whatever the order of the contexts");
    ok(refused_is(0, 0, "no f and d") && refused_is(2, 2, "no sv39") &&
           refused_is(3, 3, "disabled") && refused_is(5, 64, "its id is above 63") &&
           refused_is(7, 6, "no interrupts"),
       "odd: every other hart is refused with its reason");
    ok(harts[1].features == EXO_FEATURE_CLMUL && harts[4].features == EXO_FEATURE_CLMUL &&
           !harts[0].features && !harts[6].features && !harts[8].features,
       "odd: zbc and zbkc are told from longer names");
}

static void test_features(void) {
    read_board("virt");
    ok(tree_features(harts, hart_count) == EXO_FEATURE_CLMUL, "virt: all harts have zbc");
    harts[2].features = 0;
    ok(tree_features(harts, hart_count) == 0, "what one hart lacks is not there");
    harts[2].refusal = "disabled";
    ok(tree_features(harts, hart_count) == EXO_FEATURE_CLMUL, "but a hart that is refused may");
    ok(tree_features(harts, 0) == 0, "no hart, no features");
    read_board("jh7110");
    ok(tree_features(harts, hart_count) == 0, "jh7110: zba and zbb are none of them");
    read_board("fu740");
    ok(tree_features(harts, hart_count) == 0, "fu740: nor is any by riscv,isa-extensions");
}

static void test_virt(void) {
    const struct steward_device *uart;

    read_board("virt");
    uart = device(0x10000000);
    ok(uart && strcmp(uart->name, "serial@10000000") == 0 && uart->pages == 1 && uart->line == 10 &&
           uart->clock == 3686400,
       "virt: UART");
    ok(device_is(0x101000, "google,goldfish-rtc", 11), "virt: RTC");
    ok(device(0x20000000) && device(0x20000000)->pages == 16, "virt: a large device is cut to 16");
    ok(!device(0x30000000) && !device(0x10001000) && !device(0x10100000) && !device(0x2000000) &&
           !device(0xc000000) && !device(0x100000) && count == 3,
       "virt: no PCI, virtio, fw-cfg, CLINT, PLIC or exit device for programs");
    ok(!devices[count].pages && !devices[count].name[0], "virt: the list ends");
}

static void test_boards(void) {
    read_board("fu540");
    ok(device_is(0x10010000, "sifive,uart0", 4) && device(0x10010000)->clock == 0 &&
           device_is(0x10050000, "sifive,spi0", 6) &&
           device_is(0x10090000, "sifive,fu540-c000-gem", 53),
       "fu540: UART, SPI, Ethernet");
    ok(card == 0x10050000, "fu540: which controller has the slot for cards");
    ok(device(0x10000000) && device(0x10000000)->clock == 33333333,
       "fu540: the clock controller runs from a fixed clock");
    ok(device(0x10090000)->masters && !device(0x10050000)->masters && !device(0x10010000)->masters,
       "fu540: Ethernet reaches memory by itself, UART and SPI do not");
    read_board("fu740");
    ok(device_is(0x10010000, "sifive,uart0", 39), "fu740: UART");
    ok(card == 0x10050000, "fu740: the slot for cards");
    read_board("jh7110");
    ok(device_is(0x10000000, "snps,dw-apb-uart", 32) && device(0x10000000)->shift == 2 &&
           device(0x10000000)->width == 4 && device(0x10000000)->pages == 16,
       "jh7110: UART registers 4 bytes apart");
    ok(device_is(0x16010000, "snps,dw-mshc", 74) && device_is(0x16020000, "snps,dw-mshc", 75) &&
           device_is(0x16040000, "snps,dwmac", 78),
       "jh7110: SD, eMMC, Ethernet");
    ok(card == 0x16020000 && device(card)->fifo == 32 && !device(card)->clock,
       "jh7110: the slot for cards, not the eMMC");
    ok(device(0x16010000)->masters && device(0x16020000)->masters && device(0x16030000)->masters &&
           !device(0x10000000)->masters,
       "jh7110: what reaches memory by itself");
}

static void test_odd(void) {
    read_board("odd");
    ok(device_is(0x10000000, "ns16550a", 10) && device(0x10000000)->clock == 24000000,
       "odd: interrupt parent from the root, clock by phandle");
    ok(device_is(0x10002ff8, "odd,straddles", 0) && device(0x10002ff8)->pages == 2,
       "odd: a device over a page's edge has two; no line beyond the PLIC's");
    ok(device_is(0x11000000, "odd,huge", 96) && device(0x11000000)->pages == 16 &&
           device(0x13000010) && device(0x13000010)->pages == 16 && !device(0x13000010)->line,
       "odd: 16 pages at most, counted from the first byte's page");
    ok(device_is(0x2010000, "odd,behind-clint", 0) && !device(0x200fff0),
       "odd: no page of the CLINT is a device's");
    ok(!device(0x80003000) && !device(0x120003000), "odd: nor one of memory, any memory");
    ok(!device(0x10000f00), "odd: no page is two devices'");
    ok(!device(0x10004000) && !device(0x10005000) && !device(0xffffffff00000000),
       "odd: none that is disabled, empty or out of reach");
    ok(device_is(0x10006000, "odd,controller", 1) && device_is(0x10007000, "odd,child-of-other", 0),
       "odd: a line of another controller is no line of the PLIC");
    ok(device_is(0x10008000, "odd,nested", 12) && count == 8,
       "odd: buses nest; one that translates is left out");
}

/* What init relies on, whatever the tree. */
static int sane(void) {
    int good = count <= STEWARD_DEVICES && hart_count <= 16;

    for (uint32_t i = 0; i < hart_count; i++)
        good = good && (harts[i].refusal || harts[i].id < 64);
    for (uint32_t i = 0; i < count; i++) {
        const struct steward_device *mine = &devices[i];
        uint64_t first = mine->base >> 12, end = first + mine->pages;

        good = good && mine->pages >= 1 && mine->pages <= 16 &&
               (!mine->line || mine->line < facts.line_table.count) && memchr(mine->name, 0, 32) &&
               memchr(mine->compatible, 0, 32);
        for (uint32_t j = 0; j < i; j++)
            good = good && (first >= (devices[j].base >> 12) + devices[j].pages ||
                            end <= devices[j].base >> 12);
        for (uint32_t j = 0; j < machine.kept_count; j++)
            good = good && (first >= facts.window[j].page + facts.window[j].pages ||
                            end <= facts.window[j].page);
    }
    return good;
}

static void test_corrupt(const char *board) {
    static const uint8_t flips[] = {0xff, 0x01};
    size_t size;
    uint8_t *blob = load(board, &size);
    int insane = 0;
    char what[64];

    for (size_t at = 0; at < size; at += 3)
        for (size_t i = 0; i < sizeof(flips); i++) {
            blob[at] ^= flips[i];
            read_tree(blob, size);
            insane += !sane();
            blob[at] ^= flips[i];
        }
    snprintf(what, sizeof(what), "%s: any byte may be wrong", board);
    ok(insane == 0, what);
    insane = 0;
    for (size_t length = 0; length < size; length += 5) {
        uint8_t *part = malloc(length ? length : 1);

        memcpy(part, blob, length);
        read_tree(part, length);
        insane += count != 0 || hart_count != 0 || card != 0;
        free(part);
    }
    snprintf(what, sizeof(what), "%s: cut at any length it has no devices and no harts", board);
    ok(insane == 0, what);
    free(blob);
}

int main(void) {
    test_harts();
    test_features();
    test_virt();
    test_boards();
    test_odd();
    test_corrupt("virt");
    test_corrupt("odd");
    return done();
}
