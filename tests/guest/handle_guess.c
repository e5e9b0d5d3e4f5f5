/* handle_guess.c - guessed and brute-forced handles open nothing */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static int is_refusal(int64_t error) { return error == EXO_E_RIGHT || error == EXO_E_HANDLE; }

static void try_domain(uint64_t handle) {
    uint64_t frame = EXO_ANY, mine = window.mine->facts_frame;

    check(is_refusal(call(DOMAIN_CREATE, handle)), "domain_create under %lx", handle);
    check(is_refusal(call(DOMAIN_GRANT, handle, EXO_FRAMES, -1)), "domain_grant of %lx", handle);
    check(is_refusal(call(DOMAIN_KILL, handle)), "domain_kill of %lx", handle);
    check(is_refusal(call(FRAME_ALLOC, handle, &frame, 1)), "frame_alloc for %lx", handle);
    check(is_refusal(call(HOLD_DROP, handle, &mine, 1)), "hold_drop of %lx", handle);
    check(is_refusal(call(HOLD_SHARE, handle, 0, &mine, 1, EXO_R)), "hold_share from %lx", handle);
    check(is_refusal(call(SLICE_FREE, handle, 0, 0)), "slice_free of %lx", handle);
    check(is_refusal(call(REVOKE_ASK, handle, EXO_FRAMES, 1, 0)), "revoke_ask of %lx", handle);
    check(is_refusal(call(REVOKE_BREAK, handle, EXO_FRAMES, &mine, 1)), "break in %lx", handle);
}

static void try_env(uint64_t handle) {
    check(is_refusal(call(ENV_KILL, handle)), "env_kill of %lx", handle);
    check(is_refusal(call(ENV_START, handle)), "env_start of %lx", handle);
    check(is_refusal(call(SLICE_BIND, 0, 0, 1, handle)), "slice_bind for %lx", handle);
    /* An ancestor may be posted to. */
    if (slot_of(handle) >= window.facts->env_table.count ||
        window.domains[window.envs[slot_of(handle)].domain].depth >=
            window.domains[my_domain_slot()].depth)
        check(is_refusal(call(EVENT_POST, handle, 1)), "event_post to %lx", handle);
}

static void try_vspace(uint64_t handle) {
    uint64_t frame = window.mine->facts_frame;

    check(is_refusal(call(VSPACE_BIND, handle, 0x10000, frame, EXO_R)), "bind in %lx", handle);
    check(is_refusal(call(VSPACE_UNBIND, handle, 0x10000, 1)), "unbind in %lx", handle);
    check(is_refusal(call(VSPACE_PROTECT, handle, 0x10000, 1, EXO_R)), "protect in %lx", handle);
    check(is_refusal(call(VSPACE_DONATE, handle, &frame, 1)), "donate to %lx", handle);
    check(is_refusal(call(VSPACE_DESTROY, handle)), "destroy %lx", handle);
}

static int is_mine(uint64_t handle) {
    uint64_t slot = slot_of(handle);

    return handle == 0 || (slot == my_domain_slot() && handle == window.mine->domain);
}

int main(void) {
    struct census before;
    uint64_t random = 88172645463325252ull;
    uint64_t count;

    open_test();
    census_take(&before);
    /* Every slot of the domain table, with likely generations. */
    count = window.facts->domain_table.count;
    for (uint64_t i = 0; i < count + 4; i++) {
        uint64_t real = i < count ? window.domains[i].generation : 1;
        uint64_t guesses[] = {0, real, real - 1, real + 1, 1, 2, 0x7fffffff};

        for (int g = 0; g < 7; g++) {
            uint64_t handle = (guesses[g] & 0x7fffffff) << 16 | i;

            if (!is_mine(handle))
                try_domain(handle);
        }
        if (i > 40 && i + 4 < count && i % 16)
            i += 15;
    }
    ok_all("guessed domains");
    count = window.facts->env_table.count;
    for (uint64_t i = 0; i < count + 4; i++) {
        uint64_t real = i < count ? window.envs[i].state_word >> 16 : 1;
        uint64_t guesses[] = {0, real, real - 1, real + 1, 1, 2, 0x7fffffff};

        for (int g = 0; g < 7; g++) {
            uint64_t handle = (guesses[g] & 0x7fffffff) << 16 | i;

            if (handle != 0 && slot_of(handle) != slot_of(window.mine->env))
                try_env(handle);
        }
        if (i > 40 && i + 4 < count && i % 16)
            i += 15;
    }
    ok_all("guessed environments");
    for (uint64_t i = 0; i < 64; i++)
        for (uint64_t generation = 0; generation < 4; generation++) {
            uint64_t handle = generation << 16 | i;

            if (handle != 0 && slot_of(handle) != slot_of(window.mine->vspace))
                try_vspace(handle);
        }
    ok_all("guessed address spaces");
    for (int i = 0; i < 300; i++) {
        uint64_t handle = random_next(&random);

        if (i % 3 == 0)
            handle &= 0xffffffff;
        if (slot_of(handle) == my_domain_slot() || slot_of(handle) == slot_of(window.mine->env) ||
            slot_of(handle) == slot_of(window.mine->vspace))
            continue;
        try_domain(handle);
        try_env(handle);
        try_vspace(handle);
    }
    ok_all("random handles");
    /* My own slots with bits that no handle has. */
    for (int bit = 47; bit < 64; bit++) {
        try_domain(window.mine->domain | 1ull << bit);
        try_env(window.mine->env | 1ull << bit);
        try_vspace(window.mine->vspace | 1ull << bit);
    }
    ok_all("own handles with garbage above them");
    census_same(&before);
    return done();
}
