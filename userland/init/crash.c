/* crash.c - the kernel's crash reports, in words */
/* SPDX-License-Identifier: MIT */
#include "init.h"

static uint64_t next;

static const char *cause_text(const struct exo_crash *crash) {
    static const char *const causes[EXO_CAUSES] = {
        [EXO_CAUSE_FETCH_ALIGN] = "jumped to a misaligned address",
        [EXO_CAUSE_FETCH_ACCESS] = "fetched an instruction from where there is no memory",
        [EXO_CAUSE_ILLEGAL] = "executed an illegal instruction",
        [EXO_CAUSE_BREAK] = "hit a breakpoint",
        [EXO_CAUSE_LOAD_ALIGN] = "loaded from a misaligned address",
        [EXO_CAUSE_LOAD_ACCESS] = "loaded from where there is no memory",
        [EXO_CAUSE_STORE_ALIGN] = "stored to a misaligned address",
        [EXO_CAUSE_STORE_ACCESS] = "stored to where there is no memory",
        [EXO_CAUSE_ECALL] = "made a call of another system",
        [EXO_CAUSE_FETCH_PAGE] = "jumped to a page that is not bound",
        [EXO_CAUSE_LOAD_PAGE] = "loaded from a page that is not bound",
        [EXO_CAUSE_STORE_PAGE] = "stored to a page that is not bound for writing",
    };

    switch (crash->reason) {
    case EXO_DEATH_OVERRUN:
        return "ran past the ends of too many slices";
    case EXO_DEATH_ABORT:
        return "lost a pinned frame to an abort";
    case EXO_DEATH_KILLED:
        return "was killed";
    default:
        return crash->cause < EXO_CAUSES && causes[crash->cause] ? causes[crash->cause]
                                                                 : "had an exception";
    }
}

static void crash_print(const struct exo_crash *crash) {
    static const char *const registers[32] = {
        "",   "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
        "a1", "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
        "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
    };
    uint32_t domain = exo_slot_of(crash->domain);

    exo_printf("init: %s (environment %u, domain %u) died: it\n    %s\n", names_get(domain),
               exo_slot_of(crash->env), domain, cause_text(crash));
    exo_printf("    pc  %016lx  cause %ld  address %016lx%s\n", crash->pc, crash->cause,
               crash->address,
               crash->reason == EXO_DEATH_NESTING ? "  no handler or save frame was left" : "");
    for (int i = 1; i < 32; i++)
        exo_printf("%s%3s %016lx%s", i % 3 == 1 ? "    " : " ", registers[i], crash->registers[i],
                   i % 3 == 0 || i == 31 ? "\n" : "");
}

void crash_open(void) {
    if (!exo_crashes())
        exo_printf("init: no crash reports\n");
    next = exo_facts()->crash_next;
}

void crash_report(void) {
    const struct exo_crash *crashes = exo_crashes();
    uint64_t last = exo_facts()->crash_next;

    if (!crashes)
        return;
    if (last - next > EXO_CRASHES) {
        exo_printf("init: %lu crash reports were lost\n", last - next - EXO_CRASHES);
        next = last - EXO_CRASHES;
    }
    for (; next != last; next++)
        crash_print(&crashes[next % EXO_CRASHES]);
}
