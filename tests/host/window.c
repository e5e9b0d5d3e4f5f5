/* window.c - registers become frames: for the first domain alone, none twice, none that is kept */
/* SPDX-License-Identifier: MIT */
/* sources: kernel/bind/frame.c kernel/bind/window.c kernel/env/domain.c */
/* cflags: -iquote tests/host/standin */
#include "kernel/base/lock.h"
#include "kernel/bind/frame.h"
#include "kernel/env/env.h"
#include "tests/host/tap.h"
#include <stdlib.h>

enum { WINDOW_FRAMES = 40, COUNT = HOST_FRAMES + WINDOW_FRAMES };

unsigned char host_memory[HOST_FRAMES][ARCH_PAGE];
struct exo_facts facts;
struct lock kernel_lock;
struct exo_env host_env;
static struct env host_self = {&host_env};
struct env *current = &host_self;
static struct exo_frame frames[COUNT];
static struct exo_domain domains[3];

long sys_window_open(uint64_t page, uint64_t pages);

/* No call of frame.c is made here that would use these. */
void trace_event(uint16_t event, uint16_t env, uint32_t detail) {
    (void)event, (void)env, (void)detail;
    abort();
}

int umem_in(void *to, uint64_t address, uint64_t length, int back) {
    (void)to, (void)address, (void)length, (void)back;
    abort();
}

int umem_out(uint64_t address, const void *from, uint64_t length) {
    (void)from, (void)address, (void)length;
    abort();
}

/* RAM, and one page of registers that the kernel keeps. */
static void reset(void) {
    memset(frames, 0, sizeof frames);
    memset(domains, 0, sizeof domains);
    memset(&facts, 0, sizeof facts);
    facts.frames = HOST_FRAMES;
    facts.memory_frame = HOST_MEMORY;
    facts.frame_table.count = COUNT;
    facts.window[0] = (struct exo_window){.page = HOST_MEMORY, .pages = 4 * HOST_FRAMES};
    facts.window[1] = (struct exo_window){.page = 0xc000, .pages = 1};
    frame_table = frames;
    domain_table = domains;
    domains[1].generation = domains[1].depth = 1;
    domains[2] = (struct exo_domain){.parent = 1, .depth = 2, .generation = 1};
    host_env.domain = 1;
}

/* Refused, and nothing changed. */
static int refuses(uint64_t page, uint64_t pages, long error) {
    struct exo_facts before = facts;
    struct exo_domain first = domains[1];
    struct exo_frame table[COUNT];

    memcpy(table, frames, sizeof table);
    return sys_window_open(page, pages) == error && !memcmp(&before, &facts, sizeof facts) &&
           !memcmp(&first, &domains[1], sizeof first) && !memcmp(table, frames, sizeof table);
}

static void test_open(void) {
    int good = 1;

    reset();
    ok(sys_window_open(0x10000, 3) == HOST_FRAMES, "the first window begins behind the RAM");
    ok(sys_window_open(0x10003, 1) == HOST_FRAMES + 3, "the next one behind it");
    for (uint32_t i = 0; i < COUNT; i++) {
        int opened = i >= HOST_FRAMES && i < HOST_FRAMES + 4;

        good &= frames[i].kind == (opened ? EXO_FRAME_MMIO : EXO_FRAME_FREE) &&
                frames[i].domain == opened && frames[i].rights == (opened ? EXO_R | EXO_W : 0);
        good &= !opened || (frame_address(i) == (0x10000ull + i - HOST_FRAMES) << 12 &&
                            frame_of(frame_address(i)) == i);
    }
    ok(good,
       "exactly their frames are the first domain's, readable and writable, at their address");
    ok(domains[1].used[EXO_FRAMES] == 4 && domains[1].limit[EXO_FRAMES] == 4, "they are charged");
}

static void test_refused(void) {
    reset();
    ok(refuses(HOST_MEMORY, 1, EXO_E_FULL) &&
           refuses(HOST_MEMORY + 4 * HOST_FRAMES - 1, 1, EXO_E_FULL),
       "memory is no register, given out or not");
    ok(refuses(HOST_MEMORY - 1, 2, EXO_E_FULL) &&
           refuses(HOST_MEMORY + 4 * HOST_FRAMES - 1, 2, EXO_E_FULL),
       "nor is half of a window");
    ok(refuses(0xc000, 1, EXO_E_FULL) && refuses(0xbfff, 3, EXO_E_FULL), "what is kept is kept");
    ok(sys_window_open(0xbfff, 1) == HOST_FRAMES && sys_window_open(0xc001, 1) == HOST_FRAMES + 1,
       "its neighbours are not");
    sys_window_open(0x20000, 4);
    ok(refuses(0x20000, 4, EXO_E_FULL) && refuses(0x20003, 1, EXO_E_FULL) &&
           refuses(0x1ffff, 2, EXO_E_FULL) && refuses(0x20003, 2, EXO_E_FULL),
       "no page is opened twice");
    ok(sys_window_open(0x20004, 1) > 0 && sys_window_open(0x1ffff, 1) > 0, "but those beside it");
    ok(refuses(0x30000, 0, EXO_E_ARG) && refuses(0x30000, EXO_WINDOW_PAGES + 1, EXO_E_ARG) &&
           refuses(0x30000, UINT64_MAX, EXO_E_ARG),
       "no size that cannot be");
    ok(refuses((1ull << 44) - 1, 2, EXO_E_ARG) && refuses(1ull << 44, 1, EXO_E_ARG) &&
           refuses(UINT64_MAX, 1, EXO_E_ARG) && refuses(UINT64_MAX, 2, EXO_E_ARG) &&
           refuses(UINT64_MAX >> 12, 1, EXO_E_ARG),
       "no page beyond the last, and no way round");
    host_env.domain = 2;
    ok(refuses(0x30000, 1, EXO_E_RIGHT) && refuses(0xc000, 1, EXO_E_RIGHT) &&
           refuses(0x30000, 0, EXO_E_RIGHT),
       "nothing for another domain");
}

static void test_full(void) {
    int opened = 0;

    reset();
    ok(refuses(0x30000, WINDOW_FRAMES + 1, EXO_E_FULL) &&
           sys_window_open(0x30000, WINDOW_FRAMES) == HOST_FRAMES &&
           refuses(0x40000, 1, EXO_E_FULL),
       "frames for registers end");
    reset();
    facts.frames = HOST_FRAMES - EXO_WINDOWS; /* so that windows end first */
    while (sys_window_open(0x30000 + (uint64_t)opened, 1) > 0)
        opened++;
    ok(opened == EXO_WINDOWS - 2 && refuses(0x50000, 1, EXO_E_FULL), "and so do windows");
}

int main(void) {
    test_open();
    test_refused();
    test_full();
    return done();
}
