/* runs.c - the programs that the make rule made, run by the kernel's interpreter */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "kernel/ebpf/ebpf.h"
#include "extents.bpf.h"
#include "port.bpf.h"
#include "wake.bpf.h"

static uint64_t emitted[4][2];
static int emits, failures;

static int emit(void *context, uint64_t start, uint64_t length) {
    (void)context;
    if (emits < 4) {
        emitted[emits][0] = start;
        emitted[emits][1] = length;
    }
    emits++;
    return 0;
}

/* r0, or -1 - why it stopped. */
static int64_t run(const uint64_t *code, struct ebpf_machine *machine) {
    uint64_t result;
    int stop;

    machine->steps = 16384;
    machine->emit = emit;
    emits = 0;
    stop = ebpf_run((const struct ebpf_instruction *)code, machine, &result);
    return stop ? -1 - stop : (int64_t)result;
}

static void want(int good, const char *what) {
    failures += !good;
    if (!good)
        printf("# not so: %s\n", what);
}

int main(void) {
    uint64_t page[512] = {[8] = 41};
    struct ebpf_machine wake = {.region = {{page, sizeof(page), 0}}, .argument = {1, 2, 41}};
    uint32_t block[] = {3, 0, 10, 5, 15, 1, 100, 7};
    struct ebpf_machine owns = {.region = {{block, sizeof(block), 0}},
                                .argument = {1ull << 32, sizeof(block)}};
    uint8_t packet[60] = {[12] = 8, [14] = 0x45, [23] = 17, [37] = 53};
    struct ebpf_machine filter = {.region = {{packet, sizeof(packet), 0}},
                                  .argument = {1ull << 32, sizeof(packet)}};

    want(run(wake_changed, &wake) == 0, "the word is as it was: sleep");
    page[8] = 42;
    want(run(wake_changed, &wake) == 1, "the word has changed: wake");

    want(run(extents_owned, &owns) == 0, "a sound block");
    want(emits == 2 && emitted[0][0] == 10 && emitted[0][1] == 6 && emitted[1][0] == 100 &&
             emitted[1][1] == 7,
         "its extents, neighbours joined");
    block[0] = 4;
    want(run(extents_owned, &owns) == 1, "more extents than the block has room for");
    block[0] = 3;
    block[6] = 12;
    want(run(extents_owned, &owns) == 1, "extents out of order");

    want(run(port_wanted, &filter) == 1, "a packet to port 53");
    packet[37] = 54;
    want(run(port_wanted, &filter) == 0, "to another port");
    packet[37] = 53;
    packet[23] = 6;
    want(run(port_wanted, &filter) == 0, "TCP");
    packet[23] = 17;
    filter.argument[1] = 30;
    want(run(port_wanted, &filter) == 0, "too short");
    filter.argument[1] = filter.region[0].length = 42;
    packet[14] = 0x4f;
    want(run(port_wanted, &filter) == -1 - EBPF_ACCESS, "a header that lies about its length");
    return failures != 0;
}
