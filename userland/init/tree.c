/* tree.c - the devices and harts that the device tree names */
/* SPDX-License-Identifier: MIT */
#include "tree.h"
#include <libfdt.h>
#include <string.h>
#include "libexos/edge/feature.h"

enum { TREE_DEPTH = 8, TREE_PAGES = 16, TREE_WHOLE = -1, TREE_PAGE = 4096 };
enum { TREE_SUPERVISOR_EXTERNAL = 9 };
#define TREE_ADDRESS_END (1ull << 56) /* of Sv39's physical addresses */

struct tree_level {      /* of the walk */
    int address, size;   /* cells of each in the reg of a child */
    bool addressable;    /* by the processor: the buses above translate nothing */
    uint32_t controller; /* phandle of the interrupt parent */
};

/* `count` cells of a property, from cell `first` on, as one number; 0 where there are none. */
static uint64_t number_at(const void *blob, int node, const char *name, int first, int count) {
    int length = 0;
    const fdt32_t *cell = node < 0 ? NULL : fdt_getprop(blob, node, name, &length);
    uint64_t value = 0;

    if (count == TREE_WHOLE)
        count = length <= 8 ? length / 4 : 0;
    if (cell && first + count <= length / 4)
        for (cell += first; count > 0; count--)
            value = value << 32 | fdt32_ld(cell++);
    return value;
}

static uint64_t number_of(const void *blob, int node, const char *name) {
    return number_at(blob, node, name, 0, TREE_WHOLE);
}

static bool has_text(const void *blob, int node, const char *name, const char *text) {
    return node >= 0 && fdt_stringlist_search(blob, node, name, text) >= 0;
}

static void copy_text(char *to, size_t size, const char *from) {
    memcpy(to, from ? from : "", from ? strnlen(from, size - 1) : 0);
}

static bool is_okay(const void *blob, int node) {
    return !fdt_getprop(blob, node, "status", NULL) || has_text(blob, node, "status", "okay") ||
           has_text(blob, node, "status", "ok");
}

static bool is_empty(const void *blob, int node, const char *name) {
    int length;

    return fdt_getprop(blob, node, name, &length) && length == 0;
}

/* The first entry of a node's reg as pages; false if there is none that the processor reaches. */
static bool read_pages(const void *blob, const struct tree_level *bus, int node,
                       struct steward_device *device) {
    uint64_t base, size;

    if (!bus->addressable || bus->address < 1 || bus->address > 2 || bus->size < 1 || bus->size > 2)
        return false;
    base = number_at(blob, node, "reg", 0, bus->address);
    size = number_at(blob, node, "reg", bus->address, bus->size);
    if (!size || base >= TREE_ADDRESS_END || size > TREE_ADDRESS_END - base)
        return false;
    device->base = base;
    base = (base % TREE_PAGE + size + TREE_PAGE - 1) / TREE_PAGE;
    device->pages = base < TREE_PAGES ? (uint32_t)base : TREE_PAGES;
    return true;
}

static bool meets(const struct steward_device *device, uint64_t page, uint64_t pages) {
    uint64_t mine = device->base / TREE_PAGE;

    return mine < page + pages && page < mine + device->pages;
}

/* A page has one number: it goes with the first device that has registers in it. */
static bool is_taken(const struct steward_device *device, const struct steward_device *devices,
                     uint32_t count, const volatile struct exo_facts *facts) {
    for (uint32_t i = 0; i < EXO_WINDOWS; i++)
        if (!facts->window[i].frame && meets(device, facts->window[i].page, facts->window[i].pages))
            return true;
    for (uint32_t i = 0; i < count; i++)
        if (meets(device, devices[i].base / TREE_PAGE, devices[i].pages))
            return true;
    return false;
}

/* What is known to reach all of memory by itself. Who drives one could do all. */
static bool is_master(const void *blob, int node) {
    static const char *const masters[] = {
        "snps,dw-mshc",
        "starfive,jh7110-mmc",
        "cdns,macb",
        "cdns,gem",
        "sifive,fu540-c000-gem",
        "sifive,fu740-c000-gem",
        "snps,dwmac",
        "snps,dwmac-5.20",
        "starfive,jh7110-dwmac",
        "starfive,jh7110-eqos-5.20",
        "virtio,mmio",
        "sifive,fu540-c000-pdma",
        "sifive,pdma0",
        "snps,axi-dma-1.01a",
        "starfive,jh7110-axi-dma",
        "snps,dwc3",
        "cdns,usb3",
        "starfive,jh7110-usb",
        "generic-ohci",
        "generic-ehci",
        "generic-xhci",
        "pci-host-ecam-generic",
        "sifive,fu740-pcie",
        "starfive,jh7110-pcie",
        "qemu,fw-cfg-mmio",
    };

    for (size_t i = 0; i < sizeof masters / sizeof *masters; i++)
        if (has_text(blob, node, "compatible", masters[i]))
            return true;
    return false;
}

static void read_device(const void *blob, int node, struct steward_device *device) {
    int clock = fdt_node_offset_by_phandle(blob, (uint32_t)number_at(blob, node, "clocks", 0, 1));
    int names = fdt_stringlist_count(blob, node, "compatible");

    copy_text(device->name, sizeof device->name, fdt_get_name(blob, node, NULL));
    /* The last is the most general: drivers know that one. */
    copy_text(device->compatible, sizeof device->compatible,
              fdt_stringlist_get(blob, node, "compatible", names > 0 ? names - 1 : 0, NULL));
    /* Of several the first is the bus's, not what a card's is divided from. */
    if (!has_text(blob, clock, "compatible", "fixed-clock") ||
        has_text(blob, node, "clock-names", "ciu"))
        clock = node;
    device->clock = (uint32_t)number_of(blob, clock, "clock-frequency");
    device->shift = (uint8_t)number_of(blob, node, "reg-shift");
    device->width = (uint8_t)number_of(blob, node, "reg-io-width");
    device->fifo = (uint32_t)number_of(blob, node, "fifo-depth");
    device->masters = is_master(blob, node);
}

/* The kernel's interrupt controller. */
static int plic_of(const void *blob) {
    int plic = fdt_node_offset_by_compatible(blob, -1, "sifive,plic-1.0.0");

    return plic < 0 ? fdt_node_offset_by_compatible(blob, -1, "riscv,plic0") : plic;
}

uint32_t tree_devices(const void *blob, uint64_t length, const volatile struct exo_facts *facts,
                      struct steward_device *devices, uint32_t most) {
    struct tree_level level[TREE_DEPTH];
    uint32_t count = 0, plic;
    int depth = 0, controller;

    if (fdt_check_full(blob, length))
        return 0;
    controller = plic_of(blob);
    plic = controller < 0 ? 0 : fdt_get_phandle(blob, controller);
    level[0] = (struct tree_level){.addressable = true};
    for (int node = 0; node >= 0 && depth >= 0 && count < most;
         node = fdt_next_node(blob, node, &depth)) {
        uint64_t line = number_at(blob, node, "interrupts", 0, 1);
        struct steward_device device = {.base = 0};
        const struct tree_level *up;
        struct tree_level *own;

        if (depth >= TREE_DEPTH)
            continue;
        own = &level[depth];
        up = depth ? own - 1 : own;
        *own = (struct tree_level){.address = (int)number_of(blob, node, "#address-cells"),
                                   .size = (int)number_of(blob, node, "#size-cells"),
                                   .controller = depth ? up->controller : 0};
        if (fdt_getprop(blob, node, "interrupt-parent", NULL))
            own->controller = (uint32_t)number_of(blob, node, "interrupt-parent");
        own->addressable = !depth || (up->addressable && is_empty(blob, node, "ranges") &&
                                      has_text(blob, node, "compatible", "simple-bus"));
        if (!depth || !read_pages(blob, up, node, &device) || !is_okay(blob, node) ||
            is_taken(&device, devices, count, facts))
            continue;
        if (plic && own->controller == plic && line < facts->line_table.count)
            device.line = (uint32_t)line;
        read_device(blob, node, &device);
        devices[count++] = device;
    }
    return count;
}

/* Where a node's registers are, 0 if there is no such node. */
static uint64_t base_of(const void *blob, int node) {
    int above = node < 0 ? node : fdt_parent_offset(blob, node);

    return above < 0
               ? 0
               : number_at(blob, node, "reg", 0, (int)number_of(blob, above, "#address-cells"));
}

uint64_t tree_bus(const void *blob, uint64_t length, const char *controller, const char *device) {
    int node = -1, bus = -1;

    if (fdt_check_full(blob, length))
        return 0;
    while (bus < 0 && (node = fdt_node_offset_by_compatible(blob, node, device)) >= 0) {
        bus = fdt_parent_offset(blob, node);
        if (!is_okay(blob, node) || !has_text(blob, bus, "compatible", controller))
            bus = -1;
    }
    return base_of(blob, bus);
}

uint64_t tree_card(const void *blob, uint64_t length) {
    static const char *const kinds[] = {"snps,dw-mshc", "starfive,jh7110-mmc"};
    uint64_t base = tree_bus(blob, length, "sifive,spi0", "mmc-spi-slot");
    int node;

    if (fdt_check_full(blob, length))
        return 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        node = -1;
        while (!base && (node = fdt_node_offset_by_compatible(blob, node, kinds[i])) >= 0)
            if (is_okay(blob, node) && fdt_getprop(blob, node, "cap-sd-highspeed", NULL) &&
                !fdt_getprop(blob, node, "non-removable", NULL))
                base = base_of(blob, node);
    }
    return base;
}

uint32_t tree_transports(const void *blob, uint64_t length, struct tree_transport *transports,
                         uint32_t most) {
    uint32_t count = 0;

    if (fdt_check_full(blob, length))
        return 0;
    for (int node = fdt_node_offset_by_compatible(blob, -1, "virtio,mmio");
         node >= 0 && count < most;
         node = fdt_node_offset_by_compatible(blob, node, "virtio,mmio")) {
        struct tree_transport found = {.base = number_at(blob, node, "reg", 0, 2),
                                       .line = (uint32_t)number_at(blob, node, "interrupts", 0, 1)};
        uint32_t at = count++;

        for (; at && transports[at - 1].base > found.base; at--)
            transports[at] = transports[at - 1];
        transports[at] = found;
    }
    return count;
}

/* Which output of the PLIC is the S-mode external interrupt of this cpu? */
static bool read_context(const void *blob, int plic, int cpu, uint32_t *context) {
    int length = 0, controller = fdt_subnode_offset(blob, cpu, "interrupt-controller");
    uint64_t phandle = controller < 0 ? 0 : fdt_get_phandle(blob, controller);

    if (plic >= 0)
        fdt_getprop(blob, plic, "interrupts-extended", &length);
    for (int i = 0; phandle && i < length / 8; i++)
        if (number_at(blob, plic, "interrupts-extended", 2 * i, 2) ==
            (phandle << 32 | TREE_SUPERVISOR_EXTERNAL)) {
            *context = (uint32_t)i;
            return true;
        }
    return false;
}

/* In a list of names, or in a string such as "rv64imafdc_zba": single letters stand before the
 * first underline. */
static bool has_letter(const void *blob, int cpu, const char *name) {
    int length;
    const char *isa = fdt_stringlist_get(blob, cpu, "riscv,isa", 0, &length);

    for (int at = 4; at < length && !memchr("_szx", isa[at], 4); at++)
        if (isa[at] == *name || isa[at] == 'g')
            return true;
    return has_text(blob, cpu, "riscv,isa-extensions", name);
}

/* The same of a name of several letters, which stand behind underlines. */
static bool has_extension(const void *blob, int cpu, const char *name) {
    size_t length = strlen(name);
    const char *at = fdt_stringlist_get(blob, cpu, "riscv,isa", 0, NULL);

    while (at && (at = strchr(at, '_')))
        if (!strncmp(++at, name, length) && (!at[length] || at[length] == '_'))
            return true;
    return has_text(blob, cpu, "riscv,isa-extensions", name);
}

/* No single test tells: some trees call the monitor hart okay, some give it an MMU. */
static void read_hart(const void *blob, int plic, int cpu, struct tree_hart *hart) {
    bool mmu =
        fdt_getprop(blob, cpu, "mmu-type", NULL) && !has_text(blob, cpu, "mmu-type", "riscv,none");

    hart->refusal = !is_okay(blob, cpu)                                          ? "disabled"
                    : !mmu                                                       ? "no sv39"
                    : !has_letter(blob, cpu, "f") || !has_letter(blob, cpu, "d") ? "no f and d"
                    : hart->id > 63                                  ? "its id is above 63"
                    : !read_context(blob, plic, cpu, &hart->context) ? "no interrupts"
                                                                     : NULL;
    if (has_extension(blob, cpu, "zbc") || has_extension(blob, cpu, "zbkc"))
        hart->features |= EXO_FEATURE_CLMUL;
}

uint32_t tree_harts(const void *blob, uint64_t length, struct tree_hart *harts, uint32_t most) {
    uint32_t count = 0;
    int cpus, cpu, plic, cells;

    if (fdt_check_full(blob, length))
        return 0;
    cpus = fdt_path_offset(blob, "/cpus");
    plic = plic_of(blob);
    cells = (int)number_of(blob, cpus, "#address-cells");
    for (cpu = cpus < 0 ? cpus : fdt_first_subnode(blob, cpus); cpu >= 0 && count < most;
         cpu = fdt_next_subnode(blob, cpu)) {
        if (!has_text(blob, cpu, "device_type", "cpu") || cells < 1 || cells > 2)
            continue;
        harts[count] = (struct tree_hart){.id = number_at(blob, cpu, "reg", 0, cells)};
        read_hart(blob, plic, cpu, &harts[count++]);
    }
    return count;
}

uint64_t tree_features(const struct tree_hart *harts, uint32_t count) {
    uint64_t features = ~0ull;
    uint32_t asked = 0;

    for (uint32_t i = 0; i < count; i++)
        if (!harts[i].refusal) {
            features &= harts[i].features;
            asked++;
        }
    return asked ? features : 0;
}
