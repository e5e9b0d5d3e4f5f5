/* supervisor_instructions.c - CSRs, fences, returns and firmware calls of other modes are
 * exceptions */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Each instruction stands alone; after it a return. */
#define SITES(X)                                                                                   \
    X(0x100022f3) /* csrr t0, sstatus */                                                           \
    X(0x10029073) /* csrw sstatus, t0 */                                                           \
    X(0x104022f3) /* sie */                                                                        \
    X(0x10429073)                                                                                  \
    X(0x105022f3) /* stvec */                                                                      \
    X(0x10529073)                                                                                  \
    X(0x106022f3) /* scounteren */                                                                 \
    X(0x140022f3) /* sscratch */                                                                   \
    X(0x14029073)                                                                                  \
    X(0x141022f3) /* sepc */                                                                       \
    X(0x142022f3) /* scause */                                                                     \
    X(0x143022f3) /* stval */                                                                      \
    X(0x144022f3) /* sip */                                                                        \
    X(0x14429073)                                                                                  \
    X(0x14d022f3) /* stimecmp */                                                                   \
    X(0x14d29073)                                                                                  \
    X(0x180022f3) /* satp */                                                                       \
    X(0x18029073)                                                                                  \
    X(0x10a022f3) /* senvcfg */                                                                    \
    X(0x300022f3) /* mstatus */                                                                    \
    X(0x30529073) /* mtvec */                                                                      \
    X(0x34129073) /* mepc */                                                                       \
    X(0xf14022f3) /* mhartid */                                                                    \
    X(0x301022f3) /* misa */                                                                       \
    X(0x3a0022f3) /* pmpcfg0 */                                                                    \
    X(0x7b0022f3) /* dcsr */                                                                       \
    X(0x7a0022f3) /* tselect */                                                                    \
    X(0x200022f3) /* vsstatus */                                                                   \
    X(0x600022f3) /* hstatus */                                                                    \
    X(0x12000073) /* sfence.vma */                                                                 \
    X(0x12628073) /* sfence.vma t0, t1 */                                                          \
    X(0x16000073) /* sinval.vma */                                                                 \
    X(0x18000073) /* sfence.w.inval */                                                             \
    X(0x10200073) /* sret */                                                                       \
    X(0x30200073) /* mret */                                                                       \
    X(0x00200073) /* uret */                                                                       \
    X(0x62000073) /* hfence.gvma */                                                                \
    X(0x6000c073) /* hlv */                                                                        \
    X(0x00000000) /* the all-zero word */                                                          \
    X(0xffffffff)                                                                                  \
    X(0xc0129073) /* write to time */                                                              \
    X(0xc0229073) /* write to instret */                                                           \
    X(0xb0029073) /* write to mcycle */

#define SITE_TEXT(word) "    .4byte " #word "\n    ret\n    nop\n"
extern char sites[], sites_end[];
asm(".pushsection childtext, \"ax\"\n"
    ".option push\n.option norvc\n"
    ".balign 4\n"
    "sites:\n" SITES(SITE_TEXT) "sites_end:\n"
                                ".option pop\n"
                                ".popsection\n");

#define SITE_WORD(word) word,
static const uint32_t words[] = {SITES(SITE_WORD)};
enum { COUNT = sizeof(words) / sizeof(words[0]) };

INLINE void jump(uint64_t address) {
    asm volatile("li t0, -1\n li t1, 0x1f\n jalr %0" ::"r"(address) : "ra", "t0", "t1", "memory");
}

static CHILD void criminal(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t count = data[1];

    for (uint64_t round = 0; round < data[2]; round++)
        for (uint64_t i = 0; i < count; i++) {
            u->user[USER_FAULTS] = 0;
            /* Past a bad instruction of unknown length is the return: go there. */
            u->user[USER_RECOVER] = data[0] + i * 12 + 4;
            jump(data[0] + i * 12);
            data[8 + i] = u->user[USER_FAULTS] << 8 | u->user[USER_CAUSE];
        }
    /* wfi may be an exception or a pause, but it ends. */
    u->user[USER_FAULTS] = 0;
    asm volatile(".4byte 0x10500073" ::: "memory");
    data[3] = u->user[USER_FAULTS] << 8 | u->user[USER_CAUSE];
    /* Firmware calls: outside the window, so an exception of ours. */
    u->user[USER_FAULTS] = 0;
    call_number(0x53525354, 0, 0, 0, 0, 0, 0); /* system reset */
    call_number(8);                            /* legacy shutdown */
    call_number(0x10, 0);
    data[4] = u->user[USER_FAULTS] << 8 | u->user[USER_CAUSE];
}

int main(void) {
    struct census before;
    struct child c;

    open_test();
    census_take(&before);
    child_make(&c, criminal);
    c.data[0] = child_address(sites);
    c.data[1] = COUNT;
    c.data[2] = 3;
    is(sites_end - sites, COUNT * 12, "the sites are laid out as thought");
    ok(child_run(&c, 0), "the criminal comes through");
    for (int i = 0; i < COUNT; i++)
        check(c.data[8 + i] == (1 << 8 | 2), "instruction %x: %lx", words[i], c.data[8 + i]);
    ok_all("supervisor's and machine's instructions are illegal");
    ok(c.data[3] == 0 || c.data[3] == (1 << 8 | 2), "wfi: %lx", c.data[3]);
    is((int64_t)c.data[4], 3 << 8 | 8, "firmware calls reach nobody");
    child_end(&c);
    census_same(&before);
    return done();
}
