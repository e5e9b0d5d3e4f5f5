/* watch.c - a program on libexos looks at a page of pulse, which runs on a libOS of its own */
/* SPDX-License-Identifier: MIT */
/*
 * `run watch` starts pulse and watches it; `run watch DOMAIN` watches one that runs already. Two
 * library operating systems, one kernel: they agree by domain_accept and hold_share, as told in
 * userland/pulse/live.h. What is shared is the page itself: reading it costs no call and no copy,
 * and writing it is refused by the kernel, not by good manners.
 */
#include <stdlib.h>
#include "demo.h"
#include "libexos/vm/vm.h"
#include "userland/pulse/live.h"

enum { LOOKS = 5, LOOK_MS = 300 };
static const char *const arguments[] = {"bin/pulse", "3", "50"};

static long start_pulse(struct exo_child *child) {
    const struct exo_start *start = exo_start_block();
    const volatile struct exo_env *me = &exo_envs()[exo_slot_of(exo_uarea()->env)];
    struct exo_spawn what = {.name = "pulse", .argc = 3, .argv = arguments, .slots = 4};
    struct exo_file file;

    if (!exo_initrd_find(arguments[0], &file))
        return EXO_E_ARG;
    what.image = file.data;
    what.length = file.length;
    what.console = start ? start->console : 0;
    what.harts = 1ull << (me->state_word >> 8 & 0xff);
    what.limits[EXO_FRAMES] = 128;
    return exo_spawn(&what, child);
}

/* The hold that pulse gave me: read-only, on a frame that is its own. The frame, or 0. */
static uint64_t find_share(uint32_t pulse) {
    const volatile struct exo_frame *frames = exo_frames();
    const volatile struct exo_hold *holds = exo_holds();
    uint32_t me = exo_slot_of(exo_uarea()->domain), count = exo_facts()->hold_table.count;

    for (uint32_t i = 0; i < count; i++)
        if (holds[i].domain == me && holds[i].rights == EXO_R &&
            frames[holds[i].frame].domain == pulse)
            return holds[i].frame;
    return 0;
}

int main(int argc, char **argv) {
    uint32_t pulse = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    const volatile struct exo_domain *domains = exo_domains();
    struct exo_child child = {0};
    uint64_t frame = 0, before = 0;
    struct pulse_live live;
    int64_t status = 0;
    long at;

    if (!pulse && (at = start_pulse(&child)) < 0)
        return demo_fail("starting pulse", at);
    pulse = pulse ? pulse : exo_slot_of(child.domain);
    if (pulse >= exo_facts()->domain_table.count || !domains[pulse].depth)
        return demo_fail("no such domain", EXO_E_ARG);
    at = exo_domain_accept(pulse | (uint64_t)domains[pulse].generation << 16);
    if (at < 0)
        return demo_fail("accepting", at);
    for (uint64_t until = demo_ms(20000); !frame && exo_time() < until; exo_sleep_ns(10000000))
        frame = find_share(pulse);
    at = frame ? vm_map_frames(0, &frame, 1, EXO_R, 0) : EXO_E_HOLD;
    if (at < 0)
        return demo_fail("nothing was shared with me", at);
    printf("domain %u shares frame %u with me\n", pulse, (unsigned)frame);
    for (int i = 0; i < LOOKS; i++, before = live.samples) {
        exo_sleep_ns(LOOK_MS * 1000000ull);
        for (int tries = 0; !pulse_live_read((const volatile struct pulse_live *)at, &live);
             tries++)
            if (tries == 1000)
                return demo_fail("this is no page of pulse", EXO_E_ARG);
            else
                exo_sleep_ns(1000000);
        printf("sample %4llu: %lld.%03lld degrees, heater at %lld.%lld %%, %llu missed\n",
               (unsigned long long)live.samples, (long long)live.filtered / 1000,
               (long long)live.filtered % 1000, (long long)live.power / 10,
               (long long)live.power % 10, (unsigned long long)live.missed);
        status |= live.samples <= before;
    }
    at = exo_vspace_bind(0, (uint64_t)at, frame, EXO_R | EXO_W);
    printf("binding it for writing: %s\n", exo_error_name(at));
    status |= at != EXO_E_HOLD;
    if (child.domain)
        exo_reap(&child);
    return (int)status;
}
