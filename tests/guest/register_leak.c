/* register_leak.c - after any call, good or bad, no register holds a value of the kernel's */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* leak_call(registers): a0-a6 and a7 from registers[10..17], a marker in all others; ecall; then
 * all registers are stored in registers[32 + n]. */
extern char leak_call[];
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    "leak_call:\n"
    "    addi sp, sp, -128\n"
    "    sd ra, 0(sp)\n sd tp, 8(sp)\n sd s0, 16(sp)\n sd s1, 24(sp)\n sd s2, 32(sp)\n"
    "    sd s3, 40(sp)\n sd s4, 48(sp)\n sd s5, 56(sp)\n sd s6, 64(sp)\n sd s7, 72(sp)\n"
    "    sd s8, 80(sp)\n sd s9, 88(sp)\n sd s10, 96(sp)\n sd s11, 104(sp)\n"
    "    mv s0, a0\n"
    "    ld a0, 80(s0)\n ld a1, 88(s0)\n ld a2, 96(s0)\n ld a3, 104(s0)\n ld a4, 112(s0)\n"
    "    ld a5, 120(s0)\n ld a6, 128(s0)\n ld a7, 136(s0)\n"
    "    li ra, 0x777\n li t0, 0x777\n li t1, 0x777\n li t2, 0x777\n li t3, 0x777\n"
    "    li t4, 0x777\n li t5, 0x777\n li t6, 0x777\n li tp, 0x778\n li s1, 0x779\n"
    "    li s2, 0x77a\n li s3, 0x77b\n li s4, 0x77c\n li s5, 0x77d\n li s6, 0x77e\n"
    "    li s7, 0x77f\n li s8, 0x780\n li s9, 0x781\n li s10, 0x782\n li s11, 0x783\n"
    "    ld t2, 56(s0)\n ld t3, 224(s0)\n"
    "    ecall\n"
    "    sd ra, 264(s0)\n sd sp, 272(s0)\n sd gp, 280(s0)\n sd tp, 288(s0)\n sd t0, 296(s0)\n"
    "    sd t1, 304(s0)\n sd t2, 312(s0)\n sd s0, 320(s0)\n sd s1, 328(s0)\n sd a0, 336(s0)\n"
    "    sd a1, 344(s0)\n sd a2, 352(s0)\n sd a3, 360(s0)\n sd a4, 368(s0)\n sd a5, 376(s0)\n"
    "    sd a6, 384(s0)\n sd a7, 392(s0)\n sd s2, 400(s0)\n sd s3, 408(s0)\n sd s4, 416(s0)\n"
    "    sd s5, 424(s0)\n sd s6, 432(s0)\n sd s7, 440(s0)\n sd s8, 448(s0)\n sd s9, 456(s0)\n"
    "    sd s10, 464(s0)\n sd s11, 472(s0)\n sd t3, 480(s0)\n sd t4, 488(s0)\n sd t5, 496(s0)\n"
    "    sd t6, 504(s0)\n"
    "    ld ra, 0(sp)\n ld tp, 8(sp)\n ld s0, 16(sp)\n ld s1, 24(sp)\n ld s2, 32(sp)\n"
    "    ld s3, 40(sp)\n ld s4, 48(sp)\n ld s5, 56(sp)\n ld s6, 64(sp)\n ld s7, 72(sp)\n"
    "    ld s8, 80(sp)\n ld s9, 88(sp)\n ld s10, 96(sp)\n ld s11, 104(sp)\n"
    "    addi sp, sp, 128\n"
    "    ret\n"
    ".popsection\n");

typedef void leak_function(uint64_t *registers);
static uint64_t registers[64];

/* What a register may hold after the call: 0, the result, what I put in, or what I could know. */
static void look(const char *what) {
    static const char *const names[32] = {"zero", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                          "s0",   "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                          "a6",   "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                          "s8",   "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    uint64_t me = (uint64_t)window.mine->self;

    for (int i = 1; i < 32; i++) {
        uint64_t value = registers[32 + i];
        int known = value == 0 || value == registers[32 + 10] || value == 0x777;

        if (i == 2 || i == 8 || i == 10 ||
            (i == 17 && registers[17] == (uint64_t)EXO_SYS_GATE_CALL)) /* why not, in a7 */
            continue;
        if (i == 4 || i == 9 || (i >= 18 && i <= 27)) {
            uint64_t want = i == 4 ? 0x778 : i == 9 ? 0x779 : 0x77a + (uint64_t)(i - 18);

            check(value == want, "%s: %s was %lx, is %lx", what, names[i], want, value);
            continue;
        }
        for (int j = 10; j < 18; j++)
            known |= value == registers[j];
        known |= value == registers[7] || value == registers[28];
        known |= i == 3 && value >= me && value < me + PAGE;
        /* Its own pc is no secret. */
        known |= value >= (uint64_t)leak_call && value < (uint64_t)leak_call + 512;
        check(known, "%s (call %ld, result %ld): %s holds %lx", what, (int64_t)registers[17],
              (int64_t)registers[32 + 10], names[i], value);
        check(value >> 38 == 0 || known, "%s: %s holds a kernel address %lx", what, names[i],
              value);
    }
    check(registers[42] >= (uint64_t)-64 || registers[42] < 1ull << 48 ||
              registers[42] == registers[10],
          "%s: a0 is %lx", what, registers[42]);
}

static void leak(const char *what, int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                 uint64_t e) {
    for (int i = 0; i < 64; i++)
        registers[i] = 0;
    registers[10] = a;
    registers[11] = b;
    registers[12] = c;
    registers[13] = d;
    registers[14] = e;
    registers[15] = 0x7a5;
    registers[16] = 0x7a6;
    registers[17] = (uint64_t)number;
    registers[7] = 0x7a7;
    registers[28] = 0x7a8;
    ((leak_function *)leak_call)(registers);
    look(what);
}

int main(void) {
    struct census before;
    uint64_t frame, hole, child, vector[4];
    struct exo_binding binding;

    open_test();
    census_take(&before);
    frame = frame_new(0);
    hole = window_hole();
    child = (uint64_t)call(DOMAIN_CREATE, 0);
    vector[0] = frame;
    leak("null", EXO_SYS_NULL, 1, 2, 3, 4, 5);
    ok_all("the null call");
    leak("no call", -60, 1, 2, 3, 4, 5);
    leak("no call", -64, 1, 2, 3, 4, 5);
    ok_all("no call");
    /* Good ones. */
    leak("bind", EXO_SYS_VSPACE_BIND, 0, hole, frame, EXO_R | (EXO_R | EXO_W) << 4, 0);
    check_is((int64_t)registers[42], 0, "bind");
    leak("protect", EXO_SYS_VSPACE_PROTECT, 0, hole, 1, EXO_R | EXO_W, 0);
    check_is((int64_t)registers[42], 1, "protect");
    leak("unbind", EXO_SYS_VSPACE_UNBIND, 0, hole, 1, 0, 0);
    check_is((int64_t)registers[42], 1, "unbind");
    binding = (struct exo_binding){hole | EXO_R | EXO_R << 4, frame};
    leak("bindv", EXO_SYS_VSPACE_BINDV, 0, (uint64_t)&binding, 1, 0, 0);
    check_is((int64_t)registers[42], 1, "bindv");
    leak("unbind", EXO_SYS_VSPACE_UNBIND, 0, hole, 1, 0, 0);
    leak("grant", EXO_SYS_DOMAIN_GRANT, child, EXO_HOLDS, 4, 0, 0);
    check_is((int64_t)registers[42], 0, "grant");
    check_is(call(DOMAIN_GRANT, child, EXO_FRAMES, 4), 0, "grant");
    leak("share", EXO_SYS_HOLD_SHARE, 0, child, (uint64_t)vector, 1, EXO_R);
    check_is((int64_t)registers[42], 1, "share");
    leak("drop", EXO_SYS_HOLD_DROP, child, (uint64_t)vector, 1, 0, 0);
    check_is((int64_t)registers[42], 1, "drop");
    vector[1] = EXO_ANY;
    leak("alloc", EXO_SYS_FRAME_ALLOC, 0, (uint64_t)(vector + 1), 1, 0, 0);
    check_is((int64_t)registers[42], 1, "alloc");
    leak("drop", EXO_SYS_HOLD_DROP, 0, (uint64_t)(vector + 1), 1, 0, 0);
    leak("log_write", EXO_SYS_LOG_WRITE, (uint64_t) "# a line\n", 9, 0, 0, 0);
    leak("event_post", EXO_SYS_EVENT_POST, 0, 1, 0, 0, 0);
    leak("sleep", EXO_SYS_SLEEP, 1, now() + 100, 0, 0, 0);
    leak("sleep", EXO_SYS_SLEEP, 0, now() + 100, 0, 0, 0);
    leak("yield", EXO_SYS_YIELD, 0, 0, 0, 0, 0);
    leak("yield_back", EXO_SYS_YIELD_BACK, 0, 0, 0, 0, 0);
    leak("gate_bind", EXO_SYS_GATE_BIND, 5, 0, 0, 0, 0);
    leak("accept", EXO_SYS_DOMAIN_ACCEPT, 0, 0, 0, 0, 0);
    leak("domain_create", EXO_SYS_DOMAIN_CREATE, 0, 0, 0, 0, 0);
    leak("domain_kill", EXO_SYS_DOMAIN_KILL, registers[42], 0, 0, 0, 0);
    ok_all("good calls");
    /* Every number with every kind of bad argument: error exits leak most. */
    uint64_t wild[] = {0,
                       1,
                       ~0ull,
                       1ull << 63,
                       0xffffffffc0000000ull,
                       0x4000000000ull,
                       1ull << 31,
                       my_domain_slot() | 99ull << 16};

    for (int64_t number = -64; number <= -2; number++) {
        if (number == EXO_SYS_RESUME || number == EXO_SYS_GATE_REPLY ||
            number == EXO_SYS_ENV_KILL || number == EXO_SYS_ENV_FOREIGN ||
            number == EXO_SYS_SLEEP || number == EXO_SYS_GATE_OFFER ||
            number == EXO_SYS_DOMAIN_ACCEPT || number == EXO_SYS_MACHINE_END ||
            number == EXO_SYS_GATE_CALL)
            continue;
        for (int i = 1; i < 8; i++)
            for (int j = 0; j < 8; j++) {
                uint64_t first = wild[i];

                if (number == EXO_SYS_EVENT_POST && i == 0)
                    continue;
                leak("bad arguments", number, first, wild[j], wild[(i + j) & 7], wild[(i * j) & 7],
                     wild[j ^ 1]);
            }
    }
    for (int i = 1; i < 8; i++) {
        leak("env_kill", EXO_SYS_ENV_KILL, wild[i] == ~0ull ? 77 : wild[i], 0, 0, 0, 0);
        leak("gate_call", EXO_SYS_GATE_CALL, wild[i], 1, 2, 3, 4);
    }
    ok_all("refused calls");
    must(domain_end(child) == 0);
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    return done();
}
