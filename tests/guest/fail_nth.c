/* fail_nth.c - every allocation inside a composite operation fails once: an error, and the census
 * as before */
/* SPDX-License-Identifier: MIT */
/* timeout: 60 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

/* Spawning a child with limit n of one resource, for n = 0.. until it works. */
static void spawn_with(int resource, const char *name) {
    struct child_limits limits = child_plenty;
    struct census before;
    int64_t error = -1, n;

    census_take(&before);
    for (n = 0; n < 64 && error < 0; n++) {
        struct child c;
        const char *failed_at = "?";

        limits.of[resource] = n;
        error = child_try(&c, nothing, &limits, &failed_at);
        check(error == 0 || error == EXO_E_QUOTA, "%s %ld: %s: %ld", name, n, failed_at, error);
        child_end(&c);
        census_check(&before, name);
    }
    check(error == 0, "it works with limit %ld", n - 1);
    note("a child needs %ld of %s", n - 1, name);
}

/* Binding in a space with n page-table frames. */
static void bind_with_tables(void) {
    struct census before;

    census_take(&before);
    for (uint64_t n = 0; n < 12; n++) {
        uint64_t roots[2] = {frame_new(0), frame_new(0)}, frame = frame_new(0), tables[12],
                 bound = 0;
        uint64_t vspace = (uint64_t)call(VSPACE_CREATE, 0, roots[0], roots[1]);
        int64_t error;

        must((int64_t)vspace > 0);
        for (uint64_t i = 0; i < n; i++) {
            tables[i] = frame_new(0);
            must(call(VSPACE_DONATE, vspace, tables + i, 1) == 1);
        }
        for (uint64_t i = 0; i < 8; i++) {
            uint64_t rights = EXO_R | EXO_W | (i & 1 ? EXO_PIN : 0);

            error = call(VSPACE_BIND, vspace, (i << 30) + 0x40000000, frame, rights);
            check(error == 0 || error == EXO_E_TABLES, "bind %lu with %lu tables: %ld", i, n,
                  error);
            bound += error == 0;
            check(window.frames[frame].uses >= bound, "uses %u after %lu bindings",
                  window.frames[frame].uses, bound);
        }
        if (!bound)
            check_is(window.frames[frame].uses, 0, "uses with nothing bound");
        do
            error = call(VSPACE_DESTROY, vspace);
        while (error == EXO_E_AGAIN);
        check_is(error, 0, "destroy");
        check_is(window.frames[frame].uses, 0, "uses after destroy");
        check_is(frame_drop(0, frame), 1, "drop");
        check_is(frame_drop(0, roots[0]), 1, "drop a root");
        check_is(frame_drop(0, roots[1]), 1, "drop a root");
        for (uint64_t i = 0; i < n; i++)
            check_is(frame_drop(0, tables[i]), 1, "drop a table");
        census_check(&before, "bind with few tables");
    }
}

/* Sharing a vector into a domain with room for n. */
static void share_with(void) {
    struct census before;
    uint64_t frames[8];

    census_take(&before);
    for (int i = 0; i < 8; i++)
        frames[i] = frame_new(0);
    for (int64_t n = 0; n <= 9; n++)
        for (int which = 0; which < 2; which++) {
            uint64_t domain = (uint64_t)call(DOMAIN_CREATE, 0);
            int64_t got;

            must((int64_t)domain > 0);
            must(call(DOMAIN_GRANT, domain, EXO_HOLDS, which ? 20 : n) == 0);
            must(call(DOMAIN_GRANT, domain, EXO_FRAMES, which ? n : 20) == 0);
            got = call(HOLD_SHARE, 0, domain, frames, 8, EXO_R);
            if (n == 0)
                check(got == EXO_E_QUOTA, "share 8 with room for 0: %ld", got);
            else
                check(got == (n < 8 ? n : 8), "share 8 with room for %ld: %ld", n, got);
            check((int64_t)used(domain, EXO_HOLDS) == (got < 0 ? 0 : got), "holds used: %lu",
                  used(domain, EXO_HOLDS));
            must(domain_end(domain) == 0);
        }
    must(call(HOLD_DROP, 0, frames, 8) == 8);
    census_check(&before, "share with few holds");
}

int main(void) {
    struct census before;

    open_test();
    census_take(&before);
    spawn_with(EXO_FRAMES, "frames");
    ok_all("spawning with n frames");
    spawn_with(EXO_HOLDS, "holds");
    ok_all("spawning with n holds");
    spawn_with(EXO_VSPACES, "vspaces");
    ok_all("spawning with n address spaces");
    spawn_with(EXO_ENVS, "environments");
    ok_all("spawning with n environments");
    bind_with_tables();
    ok_all("binding with n page-table frames");
    share_with();
    ok_all("sharing with room for n");
    census_same(&before);
    return done();
}
