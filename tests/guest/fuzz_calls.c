/* fuzz_calls.c - random calls with valid, nearly valid and hostile arguments, by three environments
 */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
/* disk: 64M,throttling.iops-total=2000 */
/* bootargs: volumes=4*4 */
#include "tests/guest/bpf.h"
#include "tests/guest/consistent.h"
#include "tests/guest/disk.h"

/* Boot arguments: seed=N, rounds=N (calls by the parent), step=N (between checks).
 */

enum { FUZZ_POOL = 8, FUZZ_FRAMES = 32, FUZZ_RING = 24, FUZZ_ACTORS = 2, FUZZ_VOLUMES = 4 };

/* What an argument is. */
enum kind {
    NONE,
    DOMAIN,
    ENV,
    VSPACE,
    FRAME,
    VECTOR,
    CODE,
    BINDINGS,
    COUNT,
    ADDRESS,
    RIGHTS,
    SMALL, /* resources, gates, harts, positions, lines, bits */
    SIGNED,
    SOON,
    VOLUME,
};

struct fuzz_call {
    int64_t number;
    uint64_t argument[5];
    int64_t result;
};

/* One for each actor, in its data page; the parent has one of its own. */
struct fuzz {
    uint64_t random, calls, pause, paused, is_parent;
    uint64_t domain[FUZZ_POOL], env[FUZZ_POOL], vspace[FUZZ_POOL], frame[FUZZ_FRAMES];
    uint64_t vector[16];
    uint64_t code[4];
    struct exo_binding binding[8];
    uint64_t here, base; /* address of this struct; of pages to bind at */
    uint64_t keep[4];    /* domains that the parent does not kill */
    uint64_t own[4];     /* its own names: 0, domain, environment, space */
    struct fuzz_call ring[FUZZ_RING];
};

INLINE uint64_t fuzz_random(volatile struct fuzz *f, uint64_t below) {
    uint64_t x = f->random;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    f->random = x;
    return (x >> 11) % below;
}

/* Which arguments a call takes: four bits each, the first lowest; 0 = not to be called. */
static CHILD uint64_t fuzz_signature(uint64_t number) {
#define ARGS(a, b, c, d, e) ((a) | (b) << 4 | (c) << 8 | (d) << 12 | (e) << 16)
    number = -number;
    if (number == 10)
        return ARGS(SMALL, ENV, NONE, NONE, NONE);
    if (number == 11 || number == 13 || number == 14)
        return ARGS(DOMAIN, NONE, NONE, NONE, NONE);
    if (number == 12)
        return ARGS(DOMAIN, SMALL, SIGNED, NONE, NONE);
    if (number == 15)
        return ARGS(DOMAIN, VSPACE, FRAME, ADDRESS, NONE);
    if (number == 16 || number == 17)
        return ARGS(ENV, NONE, NONE, NONE, NONE);
    if (number == 19)
        return ARGS(ENV, SMALL, NONE, NONE, NONE);
    if (number == 20 || number == 22)
        return ARGS(DOMAIN, VECTOR, COUNT, NONE, NONE);
    if (number == 21)
        return ARGS(DOMAIN, DOMAIN, VECTOR, COUNT, RIGHTS);
    if (number == 23)
        return ARGS(DOMAIN, FRAME, FRAME, NONE, NONE);
    if (number == 24)
        return ARGS(VSPACE, VECTOR, COUNT, NONE, NONE);
    if (number == 25)
        return ARGS(VSPACE, ADDRESS, FRAME, RIGHTS, NONE);
    if (number == 26)
        return ARGS(VSPACE, BINDINGS, COUNT, NONE, NONE);
    if (number == 27)
        return ARGS(VSPACE, ADDRESS, COUNT, NONE, NONE);
    if (number == 28)
        return ARGS(VSPACE, ADDRESS, COUNT, RIGHTS, NONE);
    if (number == 29)
        return ARGS(VSPACE, NONE, NONE, NONE, NONE);
    if (number == 30)
        return ARGS(DOMAIN, SMALL, SMALL, ENV, NONE);
    if (number == 31)
        return ARGS(DOMAIN, SMALL, SMALL, NONE, NONE);
    if (number == 32)
        return ARGS(ENV, SMALL, SMALL, SMALL, NONE);
    if (number == 33)
        return ARGS(SMALL, DOMAIN, NONE, NONE, NONE);
    if (number == 34)
        return ARGS(SMALL, ENV, SMALL, NONE, NONE);
    if (number == 35)
        return ARGS(SMALL, NONE, NONE, NONE, NONE);
    if (number == 36)
        return ARGS(DOMAIN, SMALL, COUNT, SMALL, NONE);
    if (number == 37)
        return ARGS(DOMAIN, SMALL, VECTOR, COUNT, NONE);
    if (number == 39)
        return ARGS(SMALL, SMALL, NONE, NONE, NONE);
    if (number == 40)
        return ARGS(ENV, SMALL, NONE, NONE, NONE);
    if (number == 8)
        return ARGS(SMALL, SOON, NONE, NONE, NONE);
    if (number == 41)
        return ARGS(ENV, NONE, NONE, NONE, NONE);
    if (number == 42)
        return ARGS(DOMAIN, SMALL, FRAME, CODE, SMALL);
    if (number == 43)
        return ARGS(FRAME, VECTOR, SMALL, SMALL, SMALL);
    if (number == 46)
        return ARGS(ADDRESS, SMALL, FRAME, COUNT, NONE);
    if (number == 47)
        return ARGS(VOLUME, NONE, DOMAIN, RIGHTS, SMALL);
    if (number == 48)
        return ARGS(NONE, SMALL, COUNT, VOLUME, VOLUME);
    if (number == 49)
        return ARGS(VOLUME, FRAME, ENV, SMALL, NONE);
    if (number == 50)
        return ARGS(VOLUME, SMALL, SOON, NONE, NONE);
    if (number == 2 || number == 7)
        return ARGS(SMALL, NONE, NONE, NONE, NONE);
    return 0;
}

static CHILD uint64_t fuzz_hostile(volatile struct fuzz *f) {
    uint64_t which = fuzz_random(f, 12), bit = fuzz_random(f, 64);

    if (which < 3)
        return 1ull << bit;
    if (which < 5)
        return ~0ull << bit;
    if (which == 5)
        return (1ull << bit) - 1;
    if (which == 6)
        return 0xffffffull << 40 | fuzz_random(f, 1 << 20) << 12;
    if (which == 7)
        return ~0ull;
    if (which == 8)
        return fuzz_random(f, 4) << 16 | fuzz_random(f, 16);
    if (which == 9)
        return 1ull << 38;
    return f->random;
}

static CHILD uint64_t fuzz_argument(volatile struct fuzz *f, uint64_t kind) {
    uint64_t mood = fuzz_random(f, 16), pick = fuzz_random(f, FUZZ_POOL), value = 0;

    if (mood == 0)
        return kind == SOON ? 0 : fuzz_hostile(f);
    if (kind == DOMAIN)
        value = f->is_parent ? f->domain[pick] : pick ? f->domain[pick] : 0;
    if (kind == ENV)
        value = f->env[pick];
    if (kind == VSPACE)
        value = f->is_parent || pick ? f->vspace[pick] : 0;
    if (kind == FRAME)
        value = f->frame[fuzz_random(f, FUZZ_FRAMES)];
    if (kind == ADDRESS)
        value = f->base + (fuzz_random(f, 24) << 12) + (mood == 1 ? fuzz_random(f, 4096) : 0) +
                (mood == 2 ? fuzz_random(f, 4) << 21 : 0);
    if (kind == RIGHTS)
        value = fuzz_random(f, mood < 4 ? 256 : 4);
    if (kind == COUNT)
        value = fuzz_random(f, mood < 3 ? 70 : 8);
    if (kind == VOLUME)
        value = fuzz_random(f, mood < 3 ? 70 : 5);
    if (kind == SMALL)
        value = fuzz_random(f, mood < 4 ? 130 : 8);
    if (kind == SIGNED)
        value = fuzz_random(f, 16) - 4;
    if (kind == SOON)
        return now() + fuzz_random(f, 2000);
    if (kind == VECTOR) {
        for (int i = 0; i < 16; i++)
            f->vector[i] = fuzz_random(f, 3)   ? f->frame[fuzz_random(f, FUZZ_FRAMES)]
                           : fuzz_random(f, 4) ? EXO_ANY
                                               : fuzz_hostile(f);
        value = f->here + offsetof(struct fuzz, vector);
    }
    if (kind == CODE) {
        /* Four instructions at most: often a program that verifies, sometimes one that cannot. */
        f->code[0] = BPF_MOV(0, fuzz_random(f, 3));
        f->code[1] = fuzz_random(f, 2) ? BPF_EXIT : BPF_MOVE(0, fuzz_random(f, 6));
        f->code[2] = fuzz_random(f, 2) ? BPF_EXIT : f->random;
        f->code[3] = BPF_EXIT;
        value = f->here + offsetof(struct fuzz, code);
    }
    if (kind == BINDINGS) {
        for (int i = 0; i < 8; i++) {
            f->binding[i].address = (f->base + (fuzz_random(f, 24) << 12)) | fuzz_random(f, 128);
            f->binding[i].frame = f->frame[fuzz_random(f, FUZZ_FRAMES)];
        }
        value = f->here + offsetof(struct fuzz, binding);
    }
    if (mood == 1 && kind <= FRAME) /* near: a neighbour, another generation */
        value += fuzz_random(f, 2) ? 1 : 1 << 16;
    return value;
}

/* One random call. */
static CHILD void fuzz_one(volatile struct fuzz *f) {
    volatile struct fuzz_call *c = &f->ring[f->calls % FUZZ_RING];
    int64_t number = -(int64_t)(2 + fuzz_random(f, 49));
    uint64_t signature = fuzz_signature((uint64_t)number), pick = fuzz_random(f, FUZZ_POOL);
    int64_t result;

    if (!signature)
        return;
    /* Crashes are told on the console: few of them. Own death and parking are no fun. */
    if (number == EXO_SYS_ENV_START && fuzz_random(f, 8))
        return;
    for (int i = 0; i < 5; i++)
        c->argument[i] = fuzz_argument(f, signature >> 4 * i & 15);
    if (number == EXO_SYS_ENV_KILL && (!c->argument[0] || c->argument[0] == f->env[0]))
        return;
    if (f->is_parent) {
        if (number == EXO_SYS_DOMAIN_KILL || number == EXO_SYS_REVOKE_BREAK)
            for (int i = 0; i < 4; i++)
                if (c->argument[0] == f->keep[i])
                    return;
        /* What is mine stays with me: my slots, my frames, my space. */
        for (int i = 0; i < 4; i++)
            if (c->argument[0] == f->own[i] && (signature & 15) >= DOMAIN &&
                (signature & 15) <= VSPACE)
                return;
        if (number == EXO_SYS_HOLD_SHARE && (c->argument[1] == 0 || c->argument[1] == f->own[1]))
            return;
        if (number == EXO_SYS_DOMAIN_ACCEPT)
            return;
        /* The disk writes to no frame of mine: nobody fills a queue of mine. */
        if (number == EXO_SYS_VOLUME_BIND)
            return;
    }
    c->number = number;
    c->result = 0x7777;
    fence();
    result = call_number(number, c->argument[0], c->argument[1], c->argument[2], c->argument[3],
                         c->argument[4]);
    c->result = result;
    f->calls++;
    if (number == EXO_SYS_DOMAIN_CREATE && result > 0 && pick)
        f->domain[pick] = (uint64_t)result;
    if (number == EXO_SYS_VSPACE_CREATE && result > 0 && pick)
        f->vspace[pick] = (uint64_t)result;
    if (number == EXO_SYS_ENV_CREATE && result > 0 && pick)
        f->env[pick] = (uint64_t)result;
    if (number == EXO_SYS_FRAME_ALLOC && result > 0 && result <= 16)
        for (int64_t i = 0; i < result; i++)
            f->frame[fuzz_random(f, FUZZ_FRAMES)] = f->vector[i];
}

static CHILD void actor(volatile struct exo_uarea *u, volatile uint64_t *data) {
    volatile struct fuzz *f = (volatile struct fuzz *)data;

    (void)u;
    for (;;) {
        while (f->pause) {
            f->paused = 1;
            call(YIELD, 0);
        }
        f->paused = 0;
        fuzz_one(f);
    }
}

static struct fuzz mine;
static struct child actors[FUZZ_ACTORS];
static uint64_t rebuilt;

static struct volume queues[FUZZ_ACTORS];
static uint64_t ended;

static volatile struct fuzz *fuzz_of(int i) { return (volatile struct fuzz *)actors[i].data; }

/* The first two volumes are the actors', if somebody took them away; I see the queues too. */
static void volume_rebind(int i) {
    const struct exo_volume *volume = &window.volumes[i + 1];
    uint64_t domain = actors[i].domain;

    if (volume->domain == slot_of(domain) && volume->frame == queues[i].frame)
        return;
    call(HOLD_SHARE, 0, domain, &queues[i].frame, 1, EXO_R | EXO_W);
    if (volume->domain != slot_of(domain) || volume->rights != (EXO_R | EXO_W))
        disk_steward(1, (uint64_t)i + 1, domain, EXO_R | EXO_W, 100, 0);
    call(VOLUME_BIND, i + 1, queues[i].frame, actors[i].env, 1);
}

/* None is mine. */
static void volumes_drop(void) {
    for (uint64_t i = 1; i <= FUZZ_VOLUMES; i++)
        while (call(VOLUME_GRANT, i, 0, 0, 0, 0) == EXO_E_AGAIN)
            nap(window.facts->slot_ticks);
}

/* A request like a good one, or a wild one, at the end of an actor's queue or anywhere; the actor,
 * who may kick at any time, does not know. */
static void fuzz_request(int i) {
    volatile struct exo_queue *queue = queues[i].queue;
    uint32_t head = window.volumes[i + 1].head, wild = fuzz_random(&mine, 16) == 0;
    uint32_t number = head + (uint32_t)fuzz_random(&mine, wild ? 64 : 3);
    volatile struct exo_request *request = &queue->request[number % EXO_REQUESTS];

    ended += request->op <= EXO_DISK_WRITE_FLUSH && request->status == 0;
    request->status = EXO_DISK_PENDING;
    request->op = (uint8_t)fuzz_random(&mine, wild ? 256 : 6);
    request->offset = (uint8_t)fuzz_random(&mine, wild ? 256 : 2);
    request->sectors = (uint16_t)fuzz_random(&mine, wild ? 1 << 16 : 64);
    request->sector = (uint64_t)i * 4 * EXO_UNIT + fuzz_random(&mine, wild ? 8 * EXO_UNIT : 16);
    if (fuzz_random(&mine, 24) == 0)
        request->sector = fuzz_hostile(&mine);
    for (int k = 0; k < EXO_REQUEST_FRAMES; k++)
        request->frame[k] =
            (uint32_t)(fuzz_random(&mine, 40) ? fuzz_of(i)->frame[fuzz_random(&mine, FUZZ_FRAMES)]
                                              : fuzz_hostile(&mine));
    fence();
    queue->tail = fuzz_random(&mine, 24) ? number + 1 : (uint32_t)fuzz_hostile(&mine);
}

static void actor_make(int i, uint64_t seed) {
    struct child_limits limits = {.of = {[EXO_FRAMES] = 200,
                                         [EXO_HOLDS] = 120,
                                         [EXO_VSPACES] = 4,
                                         [EXO_ENVS] = 6,
                                         [EXO_SLOTS] = window.facts->harts > 1 ? 2 : 0,
                                         [EXO_DISK] = 8}};
    const char *failed_at = "?";
    struct child *c = &actors[i];
    volatile struct fuzz *f;
    int64_t error = child_try(c, actor, &limits, &failed_at);

    if (error < 0) {
        note("making an actor: %s: %ld", failed_at, error);
        must(error >= 0);
    }
    f = fuzz_of(i);
    f->random = seed * 2654435761u + 88172645463325252ull + (uint64_t)i;
    f->here = CHILD_DATA;
    f->base = CHILD_FREE;
    f->env[0] = c->env;
    for (int k = 0; k < FUZZ_FRAMES; k++)
        f->frame[k] = k < 8 ? frame_new(c->domain) : k < 12 ? c->tables[k - 8] : EXO_ANY;
    f->domain[1] = window.mine->domain;
    f->vspace[1] = window.mine->vspace;
    f->env[1] = window.mine->env;
    mine.domain[i] = mine.keep[i] = c->domain;
    mine.env[i] = c->env;
    mine.vspace[i] = c->vspace;
    child_start(c, i ? other_hart() : 0, 8);
}

static void actors_pause(uint64_t seed) {
    for (int i = 0; i < FUZZ_ACTORS; i++)
        fuzz_of(i)->pause = 1;
    for (int i = 0; i < FUZZ_ACTORS; i++) {
        for (int k = 0; k < 60 && !fuzz_of(i)->paused && !is_dead(actors[i].env); k++)
            nap(window.facts->slot_ticks);
        if (fuzz_of(i)->paused)
            continue;
        /* It died, or sleeps for ever: another takes its place. */
        rebuilt++;
        slots_back();
        child_end(&actors[i]);
        actor_make(i, seed + rebuilt);
        for (int k = 0; k < FUZZ_ACTORS; k++)
            if (k != i && !is_dead(actors[k].env))
                slots_give(actors[k].env, k ? other_hart() : 0, 8);
        fuzz_of(i)->pause = 1;
        for (int k = 0; k < 60 && !fuzz_of(i)->paused; k++)
            nap(window.facts->slot_ticks);
    }
}

static void tell(const char *who, const volatile struct fuzz *f) {
    uint64_t first = f->calls > FUZZ_RING ? f->calls - FUZZ_RING : 0;

    for (uint64_t i = first; i < f->calls; i++) {
        const volatile struct fuzz_call *c = &f->ring[i % FUZZ_RING];

        note("%s: call %ld(%lx, %lx, %lx, %lx, %lx) = %ld", who, c->number, c->argument[0],
             c->argument[1], c->argument[2], c->argument[3], c->argument[4], c->result);
    }
}

int main(void) {
    struct census before;
    uint64_t seed, rounds, step, canary_frame;
    volatile uint64_t *canary;

    open_disk_test();
    seed = bootargs_number("seed", 1);
    rounds = bootargs_number("rounds", window.facts->harts > 1 ? 200 : 20000);
    step = bootargs_number("step", 100);
    note("seed=%lu rounds=%lu", seed, rounds);
    canary_frame = frame_new(0);
    canary = see(canary_frame, EXO_R | EXO_W);
    for (int i = 0; i < 512; i++)
        canary[i] = 0xca4a470000000000ull + (uint64_t)i;
    for (int i = 0; i < FUZZ_ACTORS; i++) {
        queues[i].frame = frame_new(0);
        queues[i].queue = see(queues[i].frame, EXO_R | EXO_W);
    }
    volumes_drop();
    census_take(&before);
    for (int i = 0; i < FUZZ_ACTORS; i++)
        actor_make(i, seed);
    mine.random = seed * 2654435761u + 1181783497276652981ull;
    mine.is_parent = 1;
    mine.here = (uint64_t)&mine;
    mine.base = CHILD_FREE;
    mine.keep[2] = mine.own[1] = window.mine->domain;
    mine.own[2] = window.mine->env;
    mine.own[3] = window.mine->vspace;
    mine.frame[0] = canary_frame;
    for (int i = 1; i < FUZZ_FRAMES; i++)
        mine.frame[i] = i < 8 ? frame_new(actors[i & 1].domain) : EXO_ANY;
    for (int i = 2; i < FUZZ_POOL; i++) {
        mine.domain[i] = actors[i & 1].domain;
        mine.vspace[i] = actors[i & 1].vspace;
        mine.env[i] = 0xffff;
    }
    for (uint64_t round = 0; round < rounds && !tap.broken; round++) {
        fuzz_one(&mine);
        if (round % 4 == 0)
            fuzz_request((int)(round / 4 % FUZZ_ACTORS));
        if (round % step != step - 1)
            continue;
        nap(window.facts->slot_ticks * 2);
        actors_pause(seed);
        if (consistent_check()) {
            note("seed=%lu, after %lu calls of mine", seed, mine.calls);
            tell("parent", &mine);
            tell("first", fuzz_of(0));
            tell("second", fuzz_of(1));
        }
        for (int i = 0; i < 512; i++)
            check(canary[i] == 0xca4a470000000000ull + (uint64_t)i, "canary word %d is %lx", i,
                  canary[i]);
        for (uint64_t i = FUZZ_ACTORS + 1; i <= FUZZ_VOLUMES; i++)
            if (window.volumes[i].domain != my_domain_slot())
                disk_steward(1, i, window.mine->domain, EXO_R | EXO_W, 100, 0);
        for (int i = 0; i < FUZZ_ACTORS; i++) {
            volume_rebind(i);
            fuzz_of(i)->pause = 0;
        }
    }
    note("%lu calls of mine, %lu and %lu of the actors; %lu actors were rebuilt; "
         "%lu requests ended well",
         mine.calls, fuzz_of(0)->calls, fuzz_of(1)->calls, rebuilt, ended);
    check(fuzz_of(0)->calls + fuzz_of(1)->calls + rebuilt > 0, "the actors did nothing");
    ok_all("the tables agree with one another");
    ok(ended > 0, "disk requests were among the calls");
    slots_back();
    for (int i = 0; i < FUZZ_ACTORS; i++)
        child_end(&actors[i]);
    volumes_drop();
    /* Domains of mine that the fuzzer made. */
    for (uint64_t i = 1; i < window.facts->domain_table.count; i++)
        if (window.domains[i].depth && window.domains[i].parent == my_domain_slot())
            must(domain_end((uint64_t)window.domains[i].generation << 16 | i) == 0);
    census_same(&before);
    return done();
}
