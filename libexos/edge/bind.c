/* bind.c - binding many pages, and feeding the page-table pool on the way */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"

enum { FEED = 3, FEED_MOST = 16 };

EXO_PINNED_TEXT long exo_feed_tables(uint64_t count) {
    uint64_t frames[FEED_MOST];
    long got, given;

    if (count > FEED_MOST)
        count = FEED_MOST;
    for (uint64_t i = 0; i < count; i++)
        frames[i] = EXO_ANY;
    got = exo_frame_alloc(0, frames, count);
    if (got <= 0)
        return got < 0 ? got : EXO_E_FULL;
    given = exo_vspace_donate(0, frames, (uint64_t)got);
    if (given < got)
        exo_hold_drop(0, frames + (given > 0 ? given : 0),
                      (uint64_t)(got - (given > 0 ? given : 0)));
    return given;
}

EXO_PINNED_TEXT long exo_bind(uint64_t address, uint64_t frame, uint64_t rights) {
    long error = exo_vspace_bind(0, address, frame, rights);

    if (error != EXO_E_TABLES)
        return error;
    error = exo_feed_tables(FEED);
    return error < 0 ? error : exo_vspace_bind(0, address, frame, rights);
}

EXO_PINNED_TEXT long exo_bind_vector(const struct exo_binding *bindings, uint64_t count) {
    uint64_t done = 0;

    while (done < count) {
        uint64_t n = count - done < EXO_BATCH ? count - done : EXO_BATCH;
        long bound = exo_vspace_bindv(0, bindings + done, n);

        if (bound > 0) {
            done += (uint64_t)bound;
            continue;
        }
        if (bound == EXO_E_TABLES)
            bound = exo_feed_tables(FEED);
        if (bound <= 0)
            return done ? (long)done : bound;
    }
    return (long)done;
}

static long bind_some(uint64_t address, const uint64_t *frames, uint64_t first, uint64_t count,
                      uint64_t rights) {
    uint64_t done = 0;

    while (done < count) {
        struct exo_binding vector[16];
        uint64_t n = count - done < 16 ? count - done : 16;
        long bound;

        for (uint64_t i = 0; i < n; i++) {
            vector[i].address = (address + (done + i) * EXO_PAGE) | rights;
            vector[i].frame = frames ? frames[done + i] : first + done + i;
        }
        bound = exo_bind_vector(vector, n);
        if (bound <= 0) {
            exo_unbind(address, done);
            return bound < 0 ? bound : EXO_E_FULL;
        }
        done += (uint64_t)bound;
    }
    return 0;
}

long exo_bind_frames(uint64_t address, const uint64_t *frames, uint64_t count, uint64_t rights) {
    return bind_some(address, frames, 0, count, rights);
}

long exo_bind_range(uint64_t address, uint64_t first, uint64_t count, uint64_t rights) {
    return bind_some(address, NULL, first, count, rights);
}

long exo_unbind(uint64_t address, uint64_t count) {
    uint64_t done = 0;

    while (done < count) {
        uint64_t n = count - done < EXO_BATCH ? count - done : EXO_BATCH;
        long passed = exo_vspace_unbind(0, address + done * EXO_PAGE, n);

        if (passed <= 0)
            return passed;
        done += (uint64_t)passed;
    }
    return 0;
}

long exo_alloc(exo_domain_t domain, uint64_t *frames, uint64_t count) {
    uint64_t done = 0;

    for (uint64_t i = 0; i < count; i++)
        frames[i] = EXO_ANY;
    while (done < count) {
        uint64_t n = count - done < EXO_BATCH ? count - done : EXO_BATCH;
        long got = exo_frame_alloc(domain, frames + done, n);

        if (got <= 0) {
            exo_drop(domain, frames, done);
            return got < 0 ? got : EXO_E_FULL;
        }
        done += (uint64_t)got;
    }
    return 0;
}

long exo_drop(exo_domain_t domain, const uint64_t *frames, uint64_t count) {
    uint64_t done = 0;

    while (done < count) {
        uint64_t n = count - done < EXO_BATCH ? count - done : EXO_BATCH;
        long dropped = exo_hold_drop(domain, frames + done, n);

        if (dropped <= 0)
            return dropped;
        done += (uint64_t)dropped;
    }
    return 0;
}
