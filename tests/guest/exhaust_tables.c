/* exhaust_tables.c - when the kernel's tables of holds, spaces, environments or domains are full:
 * an error */
/* SPDX-License-Identifier: MIT */
/* timeout: 90 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Each error that says "no more". */
static int is_full(int64_t error) { return error == EXO_E_FULL || error == EXO_E_QUOTA; }

static void domains(void) {
    struct census before;
    uint64_t top, count = 0;
    int64_t error;

    census_take(&before);
    top = (uint64_t)call(DOMAIN_CREATE, 0);
    must((int64_t)top > 0);
    for (uint64_t step = 256; step; step /= 2)
        while (call(DOMAIN_GRANT, top, EXO_VSPACES, step) == 0)
            ;
    do {
        error = call(DOMAIN_CREATE, top);
        count += error > 0;
    } while (error > 0 && count < 100000);
    check(is_full(error), "after %lu domains: %ld", count, error);
    check(is_full(call(DOMAIN_CREATE, 0)), "one of mine");
    check_is(domain_end(top), 0, "killing them all");
    census_check(&before, "domains");
    note("%lu domains", count);
}

static void holds(void) {
    struct census before;
    uint64_t frames[EXO_BATCH], count = 0, domains[256], made = 0;
    int64_t error = 0;

    census_take(&before);
    for (int i = 0; i < EXO_BATCH; i++)
        frames[i] = EXO_ANY;
    must(frames_new(0, frames, EXO_BATCH) == EXO_BATCH);
    while (made < 256 && error >= 0) {
        int64_t domain = call(DOMAIN_CREATE, 0);

        if (domain < 0)
            break;
        domains[made++] = (uint64_t)domain;
        if (call(DOMAIN_GRANT, domain, EXO_HOLDS, EXO_BATCH) < 0 ||
            call(DOMAIN_GRANT, domain, EXO_FRAMES, EXO_BATCH) < 0)
            break;
        error = call(HOLD_SHARE, 0, domain, frames, EXO_BATCH, EXO_R);
        if (error > 0)
            count += (uint64_t)error;
        if (error > 0 && error < EXO_BATCH)
            error = call(HOLD_SHARE, 0, domain, frames + error, 1, EXO_R);
    }
    check(error >= 0 || is_full(error), "after %lu holds: %ld", count, error);
    note("%lu holds in %lu domains, then %ld", count, made, error);
    for (uint64_t i = 0; i < made; i++)
        check_is(domain_end(domains[i]), 0, "killing one");
    for (int i = 0; i < EXO_BATCH; i++)
        check(window.frames[frames[i]].others == 0, "frame %d has %d further holds", i,
              window.frames[frames[i]].others);
    check_is(call(HOLD_DROP, 0, frames, EXO_BATCH), EXO_BATCH, "drop");
    census_check(&before, "holds");
}

static void spaces(void) {
    struct census before;
    uint64_t domain, count = 0, step = 256;
    int64_t error = 0;

    census_take(&before);
    domain = (uint64_t)call(DOMAIN_CREATE, 0);
    must((int64_t)domain > 0);
    while (step) {
        while (call(DOMAIN_GRANT, domain, EXO_VSPACES, step) == 0)
            ;
        step /= 2;
    }
    must(call(DOMAIN_GRANT, domain, EXO_FRAMES, 2000) == 0);
    while (count < 900) {
        uint64_t roots[2] = {EXO_ANY, EXO_ANY};

        error = frames_new(domain, roots, 2);
        if (error < 0)
            break;
        error = call(VSPACE_CREATE, domain, roots[0], roots[1]);
        if (error < 0)
            break;
        count++;
    }
    check(count == 900 || is_full(error), "after %lu spaces: %ld", count, error);
    note("%lu spaces, then %ld", count, error);
    check_is(domain_end(domain), 0, "killing their domain");
    census_check(&before, "spaces");
}

static void environments(void) {
    struct census before;
    uint64_t domain, space, roots[2] = {EXO_ANY, EXO_ANY}, count = 0, step = 1024;
    int64_t error = 0;

    census_take(&before);
    domain = (uint64_t)call(DOMAIN_CREATE, 0);
    must((int64_t)domain > 0);
    must(call(DOMAIN_GRANT, domain, EXO_VSPACES, 1) == 0);
    while (step) {
        while (call(DOMAIN_GRANT, domain, EXO_ENVS, step) == 0)
            ;
        step /= 2;
    }
    must(call(DOMAIN_GRANT, domain, EXO_FRAMES, 2000) == 0);
    must(frames_new(domain, roots, 2) == 2);
    space = (uint64_t)call(VSPACE_CREATE, domain, roots[0], roots[1]);
    must((int64_t)space > 0);
    while (count < 900) {
        uint64_t pair[2] = {0, 0}, i;

        for (i = window.facts->first_free; i + 1 < window.facts->frames; i++)
            if (window.frames[i].kind == EXO_FRAME_FREE &&
                window.frames[i + 1].kind == EXO_FRAME_FREE)
                break;
        pair[0] = i;
        pair[1] = i + 1;
        error = frames_new(domain, pair, 2);
        if (error < 0)
            break;
        error = call(ENV_CREATE, domain, space, pair[0], CHILD_UAREA + count * PAGE);
        if (error < 0)
            break;
        count++;
    }
    check(count == 900 || is_full(error), "after %lu environments: %ld", count, error);
    note("%lu environments, then %ld", count, error);
    check_is(domain_end(domain), 0, "killing their domain");
    census_check(&before, "environments");
}

int main(void) {
    struct census before;

    open_test();
    census_take(&before);
    domains();
    ok_all("domains");
    holds();
    ok_all("holds");
    spaces();
    ok_all("address spaces");
    environments();
    ok_all("environments");
    /* And the machine still works. */
    {
        struct census middle;
        uint64_t frame;

        census_take(&middle);
        frame = frame_new(0);
        unsee(see(frame, EXO_R | EXO_W));
        check_is(frame_drop(0, frame), 1, "drop");
        census_check(&middle, "a frame");
    }
    ok_all("afterwards all is well");
    census_same(&before);
    return done();
}
