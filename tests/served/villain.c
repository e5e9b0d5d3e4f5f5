/* villain.c - the holder of a volume without units who would have others': lies to init's gate */
/* SPDX-License-Identifier: MIT */
/* `volume make V 0; run -v V villain`, on a disk that has other volumes. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "libexos/edge/bind.h"
#include "libexos/edge/companion.h"
#include "libexos/edge/disk.h"
#include "libexos/edge/export.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/time.h"
#include "libexos/files/holder.h"
#include "libexos/volume/map.h"
#include "libexos/vm/vm.h"
#include "tests/guest/liar.h"
#include "userland/init/steward.h"
#include "liar.bpf.h"

enum { CHANGES = 400 };

static struct exo_parent *given;
static union {
    struct holder_code code;
    struct liar liar;
    struct volume_map map;
    uint8_t bytes[EXO_PAGE];
} * shown; /* the frame from which init reads */
static const volatile struct exo_unit *units;
static uint32_t unit_count, foreign, lonely; /* a unit of another's, one of nobody's */
static int tests, broken;

static void is(long got, long wanted, const char *what) {
    if (got == wanted)
        return;
    printf("# %s: %ld, not %ld\n", what, got, wanted);
    broken++;
}
static void all(const char *what) {
    printf("%sok %d - %s\n", broken ? "not " : "", ++tests, what);
    broken = 0;
}

static long call(uint64_t number, uint64_t a, uint64_t b, uint64_t c) {
    struct exo_message message = {{number, a, b, c}};

    return holder_call(EXO_GATE_KEEPER, &message);
}
static long mine(enum holder_call number) { return call(number, given->volume, 0, 0); }

static void program(const void *code, uint32_t count) {
    memset(shown, 0, sizeof *shown);
    shown->code.count = count;
    if (count <= EBPF_MOST)
        memcpy(shown->code.code, code, count * sizeof(struct ebpf_instruction));
}
static void say(uint64_t start, uint64_t length) {
    memset(shown, 0, sizeof *shown);
    shown->liar.count = length != 0;
    shown->liar.extent[0].start = start;
    shown->liar.extent[0].length = length;
}

/* Numbers of volumes that others hold, or that are none. */
static void others_numbers(void) {
    static const uint64_t wild[] = {EXO_VOLUMES, 255, 1ull << 31, 1ull << 32, 1ull << 63, ~0ull};

    volume_map_make(&shown->map);
    for (uint64_t number = 0; number < EXO_VOLUMES; number++)
        for (int i = HOLDER_ASK; number != given->volume && i <= HOLDER_RENEW; i++)
            is(call((uint64_t)i, number, 0, 0), EXO_E_RIGHT, "another's volume");
    for (size_t w = 0; w < sizeof wild / sizeof *wild; w++)
        for (int i = HOLDER_ASK; i <= HOLDER_RENEW; i++) {
            is(call((uint64_t)i, wild[w], 0, 0), EXO_E_RIGHT, "no volume");
            is(call((uint64_t)i, wild[w] + given->volume, 0, 0), EXO_E_RIGHT, "nor with mine");
        }
    all("no root, units or program for volumes that others hold");
    for (uint64_t i = STEWARD_NAMES; i <= STEWARD_FILES; i++)
        if (i != STEWARD_END) /* which would be seen */
            is(call(i, given->volume, 0, 0), EXO_E_RIGHT, "what only the shell may call");
    is(call(STEWARD_END, 0, 1, 0), EXO_E_RIGHT, "the end of the machine");
    all("nor what only the shell may call");
}

/* Instead of a program. */
static void bad_programs(void) {
    static const struct ebpf_instruction spin[] = {{EBPF_GOTO, 0, -1, 0}}, blank[EBPF_MOST];
    static const uint32_t counts[] = {EBPF_MOST + 1, EXO_PAGE / 8, 1u << 29, 1u << 31, ~0u};

    say(0, 0);
    is(mine(HOLDER_RENEW), EXO_E_ARG, "without a program");
    program(spin, 1);
    is(mine(HOLDER_CODE), 0, "a program without an end");
    say(0, 0);
    is(mine(HOLDER_RENEW), EXO_E_ARG, "is refused");
    program(blank, EBPF_MOST);
    is(mine(HOLDER_CODE), 0, "no instructions");
    is(mine(HOLDER_RENEW), EXO_E_ARG, "are refused");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        program(spin, counts[i]);
        is(mine(HOLDER_CODE), 0, "a program too long");
        is(mine(HOLDER_RENEW), EXO_E_ARG, "is refused");
    }
    program(spin, 0);
    is(mine(HOLDER_CODE), 0, "an empty one");
    is(mine(HOLDER_RENEW), EXO_E_ARG, "is refused");
    all("programs that do not end, are too long or nonsense are refused, and the volume is there");
}

static void lies(void) {
    program(liar_owns, liar_owns_count);
    is(mine(HOLDER_CODE), 0, "a program that says anything");
    say(foreign, 1);
    is(mine(HOLDER_RENEW), EXO_E_BUSY, "whose first root names another's unit");
    say(lonely, 1);
    is(mine(HOLDER_RENEW), EXO_E_ARG, "or one that was not asked for");
    say(0, 0);
    is(mine(HOLDER_RENEW), 0, "is taken when it names none");
    for (uint32_t unit = 0; unit < unit_count; unit++) {
        if (!units[unit].volume)
            continue;
        say(unit, 1);
        is(mine(HOLDER_ASK), EXO_E_BUSY, "asking for another's unit");
        is(mine(HOLDER_INSTALL), EXO_E_BUSY, "naming it");
    }
    say(foreign - 1, 3);
    is(mine(HOLDER_ASK), EXO_E_BUSY, "some of another's");
    say(lonely, unit_count);
    is(mine(HOLDER_ASK), EXO_E_ARG, "over the end of the disk");
    say(unit_count, 1);
    is(mine(HOLDER_ASK), EXO_E_ARG, "behind it");
    say(~0ull, 2);
    is(mine(HOLDER_ASK), EXO_E_ARG, "a wrap");
    say(1ull << 63, 1ull << 63);
    is(mine(HOLDER_ASK), EXO_E_ARG, "half of all numbers");
    say(lonely, 1);
    is(mine(HOLDER_INSTALL), EXO_E_ARG, "a free unit without asking");
    is(mine(HOLDER_ASK), 0, "asking for it");
    is(units[lonely].volume, (long)given->volume, "gives it");
    is(mine(HOLDER_INSTALL), EXO_E_ARG, "but it is not written");
    say(0, 0);
    is(mine(HOLDER_INSTALL), 0, "a root without it");
    is(units[lonely].volume, 0, "gives it back");
    all("a program that lies gets no unit of others', and no free one unasked");
}

static volatile bool scribbles = true;
static char scribbler_stack[EXO_PAGE] __attribute__((aligned(16)));

static void scribble(void *unused) {
    (void)unused;
    while (scribbles) {
        *(volatile uint64_t *)&shown->liar.extent[0].start = foreign;
        *(volatile uint64_t *)&shown->liar.extent[0].start = lonely;
    }
    exo_sleep(0, EXO_NEVER);
}

/* What init judged is what it installs. */
static void changes(void) {
    struct exo_companion scribbler;
    uint32_t took = 0, refused = 0, owner = units[foreign].volume;

    is(exo_companion_create(&scribbler, 1, scribble, NULL, scribbler_stack + sizeof scribbler_stack,
                            NULL),
       0, "a second environment");
    exo_slots_take(0, exo_facts()->harts > 1, 4, scribbler.env);
    say(lonely, 1);
    exo_env_start(scribbler.env);
    for (int i = 0; i < CHANGES; i++) {
        long error = mine(i % 8 ? HOLDER_ASK : HOLDER_INSTALL);

        took += !error;
        refused += error < 0;
        is(error && error != EXO_E_BUSY && error != EXO_E_ARG, 0, "an answer");
        is(units[foreign].volume, owner, "whose the unit is");
    }
    scribbles = false;
    exo_sleep_ns(20000000);
    exo_companion_end(&scribbler);
    say(0, 0);
    is(mine(HOLDER_INSTALL), 0, "a root without units");
    is(units[lonely].volume, 0, "which go");
    printf("# %u roots were taken, %u refused\n", (unsigned)took, (unsigned)refused);
    is(took && refused, 1, "both were seen");
    all("a root that changes while init looks at it is what it was when init took it");
}

/* What the volume's queue does with others' units. */
static void reach(void) {
    static struct exo_disk_queue queue;
    uint64_t page = (uint64_t)vm_map(0, 2 * EXO_PAGE, EXO_R | EXO_W, VM_EAGER | VM_KEEP);
    long frame = vm_frame(page), data = vm_frame(page + EXO_PAGE);

    is(exo_disk_attach(&queue, given->volume, (uint64_t)frame, (void *)page, 1), 0, "a queue");
    memset((void *)(page + EXO_PAGE), 0xee, EXO_PAGE);
    for (uint32_t unit = 0; unit < unit_count; unit++)
        for (uint8_t op = EXO_DISK_READ; op <= EXO_DISK_ZERO; op++) {
            struct exo_request *request = exo_disk_next(&queue);

            request->op = op;
            request->offset = 0;
            request->sector = (uint64_t)unit * EXO_UNIT + (unit ? 0 : 16 * 8);
            request->sectors = 8;
            request->frame[0] = (uint32_t)data;
            is(exo_disk_do(&queue, request), EXO_E_RIGHT, "a unit of another's");
        }
    all("no unit is read or written, nor catalogue, programs and roots");
}

int main(void) {
    long page;

    given = exo_parent_page();
    page = given && given->volume ? vm_map_frames(0, &given->root, 1, EXO_R | EXO_W, VM_BORROW)
                                  : EXO_E_HANDLE;
    if (page < 0 || exo_gate_bind(EXO_GATE_KEEPER, given->keeper) < 0) {
        printf("usage: run -v VOLUME villain\n");
        return 2;
    }
    shown = (void *)page;
    units = exo_units(exo_volumes()[given->volume].disk);
    unit_count = exo_facts()->disk[exo_volumes()[given->volume].disk].units.count;
    while (foreign < unit_count && (!foreign || !units[foreign].volume))
        foreign++;
    while (lonely < unit_count && units[lonely].volume)
        lonely++;
    others_numbers();
    bad_programs();
    reach();
    lies();
    changes();
    printf("1..%d\n", tests);
    return 0;
}
