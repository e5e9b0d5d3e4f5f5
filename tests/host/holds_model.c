/* holds_model.c - random operations on the kernel's holds against a naive model, with a census
 * after each */
/* SPDX-License-Identifier: MIT */
/* sources: kernel/bind/frame.c kernel/bind/window.c kernel/env/domain.c */
/* cflags: -iquote tests/host/standin */
#include "kernel/base/lock.h"
#include "kernel/bind/frame.h"
#include "kernel/env/env.h"
#include <stdio.h>
#include <stdlib.h>

/* SEED and ROUNDS stand in the environment. */

enum { DOMAINS = 10, DEVICES = 4, FRAMES = HOST_FRAMES + DEVICES, HOLDS = 160, BUCKETS = 32 };
enum { ROUNDS = 200000, RIGHTS = EXO_R | EXO_W | EXO_X };

unsigned char host_memory[HOST_FRAMES][ARCH_PAGE];
struct exo_facts facts;
struct lock kernel_lock;
struct exo_env host_env;
static struct env host_self = {&host_env};
struct env *current = &host_self;
static uint64_t user_memory[512];

long sys_frame_alloc(exo_domain_t domain, uint64_t user, uint64_t count);
long sys_hold_share(exo_domain_t from, exo_domain_t to, uint64_t user, uint64_t count,
                    uint64_t rights);
long sys_hold_drop(exo_domain_t domain, uint64_t user, uint64_t count);
long sys_domain_create(exo_domain_t parent);
long sys_domain_grant(exo_domain_t child, uint64_t resource, int64_t count);
long sys_domain_accept(exo_domain_t from);
long sys_window_open(uint64_t page, uint64_t pages);

void trace_event(uint16_t event, uint16_t env, uint32_t detail) {
    (void)event;
    (void)env;
    (void)detail;
}

/* User address = offset into user_memory. */
static int umem_there(uint64_t address, uint64_t length) {
    return length <= sizeof(user_memory) && address <= sizeof(user_memory) - length;
}

int umem_in(void *to, uint64_t address, uint64_t length, int back) {
    (void)back;
    if (!umem_there(address, length))
        return 0;
    memcpy(to, (char *)user_memory + address, length);
    return 1;
}

int umem_out(uint64_t address, const void *from, uint64_t length) {
    if (!umem_there(address, length))
        return 0;
    memcpy((char *)user_memory + address, from, length);
    return 1;
}

/* The model: one flag a pair, and nothing clever. */
static struct {
    struct {
        int held, rights, doomed;
        uint32_t uses;
    } hold[FRAMES][DOMAINS];
    int first[FRAMES]; /* domain whose hold stands in the frame's own entry */
    int donated[FRAMES];
    struct {
        int alive, parent, depth;
        uint64_t handle, accept;
        uint32_t limit[EXO_RESOURCES], granted[EXO_RESOURCES];
    } domain[DOMAINS];
} model;

static struct exo_frame frames[FRAMES];
static struct exo_hold holds[HOLDS];
static uint32_t buckets[BUCKETS];
static struct exo_domain domains[DOMAINS];
static uint64_t seed, state;
static unsigned long round_number;
static const char *doing = "start";

static uint64_t chance(uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % below;
}

static void expect(int good, const char *what, long a, long b) {
    if (good)
        return;
    printf("not ok 1 - %s\n# seed %lu, round %lu, %s: %ld, %ld\n1..1\n", what, (unsigned long)seed,
           round_number, doing, a, b);
    exit(1);
}

static int holders(int frame) {
    int count = frame == 0; /* the kernel's: there the list of free frames begins */

    for (int d = 1; d < DOMAINS; d++)
        count += model.hold[frame][d].held;
    return count;
}

static uint32_t used(int domain, int resource) {
    uint32_t count = 0;

    if (resource == EXO_VSPACES) { /* there are none here; a child costs one */
        for (int d = 1; d < DOMAINS; d++)
            count += model.domain[d].alive && model.domain[d].parent == domain;
        return count;
    }
    for (int f = 0; f < FRAMES; f++)
        if (model.hold[f][domain].held)
            count += resource == EXO_FRAMES || model.first[f] != domain;
    return count;
}

static int room(int domain, int resource) {
    return used(domain, resource) < model.domain[domain].limit[resource];
}

static int above(int high, int low) {
    while (model.domain[low].depth > model.domain[high].depth)
        low = model.domain[low].parent;
    return high == low;
}

/* The whole state, compared. */
static void census(void) {
    uint64_t free = 0;
    int further = 0;

    for (int f = 0; f < FRAMES; f++) {
        int others = 0;

        for (int d = 1; d < DOMAINS; d++) {
            struct hold hold;
            int found = model.domain[d].alive && hold_find_any((uint32_t)f, &domains[d], &hold);

            expect(found == model.hold[f][d].held, "who holds a frame", f, d);
            if (!found)
                continue;
            expect(*hold.rights == model.hold[f][d].rights, "rights of a hold", *hold.rights,
                   model.hold[f][d].rights);
            expect(*hold.uses == model.hold[f][d].uses, "uses of a hold", *hold.uses,
                   model.hold[f][d].uses);
            expect((*hold.rights == 0) == model.hold[f][d].doomed, "a doomed hold", f, d);
            expect((hold.further == NULL) == (model.first[f] == d), "where a hold stands", f, d);
            others += model.first[f] != d;
        }
        further += others;
        expect(frames[f].others == others, "further holds of a frame", frames[f].others, others);
        if (f >= HOST_FRAMES)
            continue;
        free += frames[f].kind == EXO_FRAME_FREE;
        expect((frames[f].kind == EXO_FRAME_FREE) == (holders(f) == 0), "a free frame",
               frames[f].kind, holders(f));
        expect((frames[f].kind == EXO_FRAME_TABLE) == model.donated[f], "a donated frame",
               frames[f].kind, f);
    }
    expect(free == facts.free_frames, "free frames", (long)free, (long)facts.free_frames);
    for (int d = 1; d < DOMAINS; d++) {
        if (!model.domain[d].alive)
            continue;
        expect(domains[d].used[EXO_FRAMES] == used(d, EXO_FRAMES), "frames used",
               domains[d].used[EXO_FRAMES], used(d, EXO_FRAMES));
        expect(domains[d].used[EXO_HOLDS] == used(d, EXO_HOLDS), "holds used",
               domains[d].used[EXO_HOLDS], used(d, EXO_HOLDS));
        expect(domains[d].used[EXO_VSPACES] == used(d, EXO_VSPACES), "what children cost",
               domains[d].used[EXO_VSPACES], used(d, EXO_VSPACES));
        for (int r = 0; r < EXO_RESOURCES; r++) {
            expect(domains[d].limit[r] == model.domain[d].limit[r], "a limit", domains[d].limit[r],
                   model.domain[d].limit[r]);
            expect(domains[d].granted[r] == model.domain[d].granted[r], "what was granted",
                   domains[d].granted[r], model.domain[d].granted[r]);
        }
    }
    /* Every entry of the hold table is in one chain: a bucket's or the unused ones'. */
    {
        int chained = 0;

        for (int b = 0; b < BUCKETS; b++)
            for (uint32_t i = buckets[b], steps = 0; i; i = holds[i].next) {
                expect(++steps < HOLDS, "a chain without end", b, (long)i);
                chained++;
            }
        expect(chained == further, "chained holds", chained, further);
    }
}

static int any_domain(void) {
    int d;

    do
        d = 1 + (int)chance(DOMAINS - 1);
    while (!model.domain[d].alive);
    return d;
}

/* Domain 1 acts, mostly. */
static void act_as(int domain) { host_env.domain = (uint16_t)domain; }

static void model_remove(int frame, int domain) {
    memset(&model.hold[frame][domain], 0, sizeof(model.hold[frame][domain]));
    if (model.first[frame] == domain)
        model.first[frame] = 0;
    if (!holders(frame) && frame < HOST_FRAMES)
        memset(host_memory[frame], 0xa5, ARCH_PAGE); /* whoever gets it next must see zeroes */
}

static void try_alloc(void) {
    int domain = any_domain();
    uint64_t want[20], count = 1 + chance(20), done = 0;
    long result, error = 0;

    doing = "alloc";
    for (uint64_t i = 0; i < count; i++)
        user_memory[i] = want[i] = chance(4) ? EXO_ANY : chance(FRAMES + 4);
    act_as(above(1, domain) && chance(2) ? 1 : domain);
    result = sys_frame_alloc(model.domain[domain].handle, 0, count);
    for (; done < count && done < 16 && !error; done += !error) {
        uint64_t got = want[done];

        if (!room(domain, EXO_FRAMES)) {
            error = EXO_E_QUOTA;
        } else if (got != EXO_ANY && got >= HOST_FRAMES) {
            error = EXO_E_ARG;
        } else if (got == EXO_ANY) {
            int any = 0;

            for (int f = 0; f < HOST_FRAMES; f++)
                any |= !holders(f);
            if (!any)
                error = EXO_E_FULL;
            else
                got = user_memory[done];
        }
        if (!error && (got >= HOST_FRAMES || holders((int)got)))
            error = want[done] == EXO_ANY ? 1 : EXO_E_FULL;
        expect(error != 1, "a frame that was not free was handed out", (long)got, 0);
        if (error)
            break;
        expect(user_memory[done] == got, "the frame told", (long)user_memory[done], (long)got);
        for (int i = 0; i < ARCH_PAGE; i++)
            expect(host_memory[got][i] == 0, "a fresh frame is zero", (long)got, i);
        memset(host_memory[got], 0x5a, ARCH_PAGE);
        model.hold[got][domain].held = 1;
        model.hold[got][domain].rights = RIGHTS;
        model.first[got] = domain;
    }
    expect(result == (done ? (long)done : error), "the result", result, done ? (long)done : error);
}

static void try_share(void) {
    int from = any_domain(), to = any_domain(), actor = chance(3) ? 1 : any_domain();
    uint64_t count = 1 + chance(6), rights = chance(9), done = 0;
    long result, error = 0;

    doing = "share";
    for (uint64_t i = 0; i < count; i++)
        user_memory[i] = chance(20) ? chance(FRAMES) : FRAMES + chance(5);
    act_as(actor);
    result = sys_hold_share(model.domain[from].handle, model.domain[to].handle, 0, count, rights);
    if (!above(actor, from))
        error = EXO_E_RIGHT;
    else if (!above(actor, to) && model.domain[to].accept != EXO_ANY &&
             model.domain[to].accept != model.domain[from].handle)
        error = EXO_E_RIGHT;
    else if (!rights || rights > RIGHTS)
        error = EXO_E_ARG;
    for (; !error && done < count; done += !error) {
        uint64_t f = user_memory[done];

        if (f >= FRAMES || !model.hold[f][from].held || model.hold[f][from].doomed ||
            rights & ~(uint64_t)model.hold[f][from].rights)
            error = EXO_E_HOLD;
        else if (model.donated[f])
            error = EXO_E_BUSY;
        else if (model.hold[f][to].held && model.hold[f][to].doomed)
            error = EXO_E_BUSY;
        else if (!model.hold[f][to].held && (!room(to, EXO_HOLDS) || !room(to, EXO_FRAMES)))
            error = EXO_E_QUOTA;
        else if (!model.hold[f][to].held && result < 0 && result == EXO_E_FULL && !done)
            error =
                EXO_E_FULL; /* the table, or a chain, is full: the census says if that is true */
        else if (!model.hold[f][to].held && result >= 0 && (uint64_t)result == done)
            error = EXO_E_FULL;
        if (error)
            break;
        model.hold[f][to].held = 1;
        model.hold[f][to].rights |= (int)rights;
    }
    expect(result == (done ? (long)done : error), "the result", result, done ? (long)done : error);
}

static void try_drop(void) {
    int domain = any_domain(), actor = chance(3) ? 1 : any_domain();
    uint64_t count = 1 + chance(6), done = 0;
    long result, error = 0;

    doing = "drop";
    for (uint64_t i = 0; i < count; i++)
        user_memory[i] = chance(20) ? chance(FRAMES) : FRAMES + chance(5);
    act_as(actor);
    result = sys_hold_drop(model.domain[domain].handle, 0, count);
    if (!above(actor, domain))
        error = EXO_E_RIGHT;
    for (; !error && done < count; done += !error) {
        uint64_t f = user_memory[done];

        if (f >= FRAMES || !model.hold[f][domain].held || model.hold[f][domain].doomed)
            error = EXO_E_HOLD;
        else if (model.hold[f][domain].uses)
            error = EXO_E_BUSY;
        else
            model_remove((int)f, domain);
    }
    expect(result == (done ? (long)done : error), "the result", result, done ? (long)done : error);
}

/* What vspace.c and abort.c do with a hold. */
static void try_use(void) {
    int frame = (int)chance(FRAMES), domain = any_domain();
    struct hold hold;

    doing = "use";
    if (!model.hold[frame][domain].held || model.donated[frame])
        return;
    if (chance(2) && model.hold[frame][domain].uses) {
        hold_unuse((uint32_t)frame, &domains[domain]);
        if (--model.hold[frame][domain].uses == 0 && model.hold[frame][domain].doomed)
            model_remove(frame, domain);
    } else if (hold_find((uint32_t)frame, &domains[domain], &hold)) {
        expect(!model.hold[frame][domain].doomed, "a doomed hold was found", frame, domain);
        ++*hold.uses;
        model.hold[frame][domain].uses++;
    }
}

static void try_doom(void) {
    int frame = (int)chance(FRAMES), domain = any_domain();
    struct hold hold;

    doing = "doom";
    if (chance(6) || !model.hold[frame][domain].held || model.donated[frame] ||
        model.hold[frame][domain].doomed)
        return;
    expect(hold_find((uint32_t)frame, &domains[domain], &hold), "a hold", frame, domain);
    *hold.rights = 0;
    model.hold[frame][domain].rights = 0;
    model.hold[frame][domain].doomed = 1;
    if (!*hold.uses) {
        hold_remove((uint32_t)frame, &domains[domain], &hold);
        model_remove(frame, domain);
    }
}

static void try_donate(void) {
    int frame = (int)chance(FRAMES), domain = any_domain();

    doing = "donate";
    if (model.donated[frame]) {
        int owner = model.first[frame];

        if (chance(2))
            return;
        frame_return((uint32_t)frame, &domains[owner]);
        model.donated[frame] = 0;
        model.hold[frame][owner].uses = 0;
        if (model.hold[frame][owner].doomed)
            model_remove(frame, owner);
        return;
    }
    int may = frame < HOST_FRAMES && model.first[frame] == domain && holders(frame) == 1 &&
              !model.hold[frame][domain].uses && !model.hold[frame][domain].doomed &&
              (model.hold[frame][domain].rights & EXO_W);

    expect(frame_is_spare((uint64_t)frame, &domains[domain]) == may, "a spare frame", frame,
           domain);
    if (may && !chance(3)) {
        frame_donate((uint32_t)frame, EXO_FRAME_TABLE, 7);
        model.donated[frame] = 1;
        model.hold[frame][domain].uses = 1;
    }
}

static void try_domain(void) {
    int parent = any_domain(), domain = any_domain(), resource = (int)chance(3), born = 0;
    int64_t count = (int64_t)chance(40) - 16;
    long result, error = 0;

    act_as(1);
    switch (chance(4)) {
    case 0:
        doing = "domain_create";
        for (int d = DOMAINS - 1; d > 0; d--)
            if (!model.domain[d].alive)
                born = d;
        result = sys_domain_create(model.domain[parent].handle);
        error = model.domain[parent].depth >= EXO_DEPTH || !room(parent, EXO_VSPACES) ? EXO_E_QUOTA
                : born                                                                ? 0
                                                                                      : EXO_E_FULL;
        expect(error ? result == error : result > 0 && (result & 0xffff) == born, "the result",
               result, error);
        if (error)
            return;
        expect(model.domain[born].handle != (uint64_t)result, "a handle twice", born, result);
        memset(&model.domain[born], 0, sizeof(model.domain[born]));
        model.domain[born].alive = 1;
        model.domain[born].handle = (uint64_t)result;
        model.domain[born].parent = parent;
        model.domain[born].depth = model.domain[parent].depth + 1;
        return;
    case 1:
        doing = "domain_grant";
        result = sys_domain_grant(model.domain[domain].handle, (uint64_t)resource, count);
        parent = model.domain[domain].parent;
        if (domain == 1)
            error = EXO_E_RIGHT;
        else if (count < 0
                     ? (int64_t)(model.domain[domain].limit[resource] - used(domain, resource)) <
                           -count
                     : (int64_t)(model.domain[parent].limit[resource] - used(parent, resource)) <
                           count)
            error = EXO_E_QUOTA;
        expect(result == error, "the result", result, error);
        if (error)
            return;
        model.domain[parent].limit[resource] -= (uint32_t)count;
        model.domain[parent].granted[resource] += (uint32_t)count;
        model.domain[domain].limit[resource] += (uint32_t)count;
        return;
    case 2:
        doing = "domain_accept";
        act_as(domain);
        model.domain[domain].accept = chance(2)   ? model.domain[parent].handle
                                      : chance(2) ? EXO_ANY
                                                  : 0;
        expect(sys_domain_accept(model.domain[domain].accept) == 0, "the result", 0, 0);
        return;
    default: /* the end of one without children, as death.c brings it about */
        doing = "death";
        if (domain == 1 || chance(8))
            return;
        for (int d = 1; d < DOMAINS; d++)
            if (model.domain[d].alive && model.domain[d].parent == domain)
                return;
        for (int f = 0; f < FRAMES; f++) {
            struct hold hold;

            if (model.hold[f][domain].held && model.donated[f]) {
                frame_return((uint32_t)f, &domains[domain]);
                model.donated[f] = 0;
                model.hold[f][domain].uses = 0;
                if (model.hold[f][domain].doomed)
                    model_remove(f, domain);
            }
            while (model.hold[f][domain].held && model.hold[f][domain].uses) {
                hold_unuse((uint32_t)f, &domains[domain]);
                if (--model.hold[f][domain].uses == 0 && model.hold[f][domain].doomed)
                    model_remove(f, domain);
            }
            if (model.hold[f][domain].held) {
                expect(hold_find_any((uint32_t)f, &domains[domain], &hold), "a hold", f, domain);
                hold_remove((uint32_t)f, &domains[domain], &hold);
                model_remove(f, domain);
            }
        }
        parent = model.domain[domain].parent;
        for (int r = 0; r < EXO_RESOURCES; r++) {
            model.domain[parent].limit[r] += model.domain[domain].limit[r];
            model.domain[parent].granted[r] -= model.domain[domain].limit[r];
        }
        model.domain[domain].alive = 0;
        domain_free(&domains[domain]);
        expect(sys_domain_grant(model.domain[domain].handle, 0, 0) == EXO_E_HANDLE, "the dead",
               domain, 0);
        return;
    }
}

int main(void) {
    unsigned long rounds = getenv("ROUNDS") ? strtoul(getenv("ROUNDS"), NULL, 0) : ROUNDS;

    lock_acquire(&kernel_lock); /* every call runs under it */
    seed = getenv("SEED") ? strtoul(getenv("SEED"), NULL, 0) : 1;
    state = seed * 0x9e3779b97f4a7c15ull + 1;
    facts.frames = HOST_FRAMES;
    facts.memory_frame = HOST_MEMORY;
    facts.frame_table.count = FRAMES;
    domain_table = domains;
    facts.domain_table.count = DOMAINS;
    domains[1].generation = domains[1].depth = 1;
    frame_table = frames;
    frame_init();
    hold_table = holds;
    facts.hold_table.count = HOLDS;
    hold_init(buckets, BUCKETS, 12345);
    for (int f = 0; f < HOST_FRAMES; f++) {
        memset(host_memory[f], 0xa5, ARCH_PAGE);
    }
    act_as(1);
    expect(sys_window_open(0x10000, DEVICES) == HOST_FRAMES, "a window opens", 0, 0);
    for (int f = HOST_FRAMES; f < FRAMES; f++) {
        model.hold[f][1].held = 1;
        model.hold[f][1].rights = EXO_R | EXO_W;
        model.first[f] = 1;
    }
    for (int r = 0; r < EXO_RESOURCES; r++)
        domains[1].limit[r] = model.domain[1].limit[r] = r == EXO_HOLDS ? HOLDS : FRAMES + HOLDS;
    model.domain[1].alive = model.domain[1].depth = 1;
    model.domain[1].handle = domain_handle(&domains[1]);
    census();
    for (round_number = 0; round_number < rounds; round_number++) {
        static void (*const operations[])(void) = {try_alloc, try_share,  try_share,
                                                   try_drop,  try_use,    try_use,
                                                   try_doom,  try_donate, try_domain};

        operations[chance(sizeof(operations) / sizeof(operations[0]))]();
        if (round_number % 16 == 0 || rounds < 5000)
            census();
    }
    census();
    printf("ok 1 - %lu random operations agree with the model (seed %lu)\n1..1\n", rounds,
           (unsigned long)seed);
    return 0;
}
