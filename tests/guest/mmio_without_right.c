/* mmio_without_right.c - device registers, interrupt controllers and firmware need a hold */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

int main(void) {
    struct census before;
    const struct exo_facts *facts;
    uint64_t hole, tried = 0, held = 0, child;

    open_test();
    facts = window.facts;
    census_take(&before);
    hole = window_hole();
    child = (uint64_t)call(DOMAIN_CREATE, 0);
    must((int64_t)child > 0);
    call(DOMAIN_GRANT, child, EXO_HOLDS, 4);
    for (uint64_t i = 0; i < facts->device_table.count; i++) {
        const struct exo_device *device = &window.devices[i];

        for (uint64_t page = 0; page < device->pages && page < 8; page++) {
            uint64_t frame = device->frame + page, vector = frame;

            check(window.frames[frame].kind == EXO_FRAME_MMIO, "%s is of kind %d", device->name,
                  window.frames[frame].kind);
            check(call(FRAME_ALLOC, 0, &vector, 1) <= 0, "%s allocated", device->name);
            vector = frame;
            if (window.frames[frame].domain == my_domain_slot() || window.frames[frame].others) {
                held++;
                continue;
            }
            tried++;
            for (uint64_t rights = 1; rights < 8; rights++)
                check(call(VSPACE_BIND, 0, hole, frame, rights) < 0, "%s bound", device->name);
            check_is(call(VSPACE_BIND, 0, hole, frame, EXO_R | EXO_W), EXO_E_HOLD, device->name);
            check(call(HOLD_SHARE, 0, child, &vector, 1, EXO_R) <= 0, "%s shared", device->name);
            check(call(HOLD_DROP, 0, &vector, 1) <= 0, "%s dropped", device->name);
            check(call(VSPACE_DONATE, 0, &vector, 1) <= 0, "%s donated", device->name);
            check(call(ENV_CREATE, 0, 0, frame, WINDOW) < 0, "%s a u-area", device->name);
        }
        /* The interrupt controller, the timer and the test device stay the kernel's. */
        for (int j = 0; device->compatible[j]; j++) {
            const char *text = &device->compatible[j];

            check(!(text[0] == 'p' && text[1] == 'l' && text[2] == 'i' && text[3] == 'c') &&
                      !(text[0] == 'c' && text[1] == 'l' && text[2] == 'i' && text[3] == 'n'),
                  "%s is handed out", device->compatible);
        }
    }
    ok_all("device pages need a hold");
    note("%lu device pages tried, %lu are mine", tried, held);
    /* Physical page numbers below RAM: CLINT, PLIC, UART, by wrapping the frame number. */
    for (uint64_t physical = 0; physical < 0x80000; physical += 0x1000 / 16) {
        uint64_t frame = physical - facts->memory_frame;

        if (call(VSPACE_BIND, 0, hole, frame, EXO_R) >= 0) {
            check(0, "physical page %lx bound", physical);
            call(VSPACE_UNBIND, 0, hole, 1);
        } else {
            check(1, "refused");
        }
    }
    ok_all("no device by a wrapped frame number");
    must(domain_end(child) == 0);
    census_same(&before);
    return done();
}
