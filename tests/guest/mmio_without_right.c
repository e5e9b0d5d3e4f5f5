/* mmio_without_right.c - device registers, interrupt controllers and firmware need a hold */
/* SPDX-License-Identifier: MIT */
/* bootargs: device=rtc@101000 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Everything that a domain could do with a frame that it does not hold. */
static uint64_t refused(uint64_t frame, uint64_t domain, uint64_t hole, uint64_t heir) {
    uint64_t vector = frame;

    for (uint64_t rights = 1; rights < 8 && !domain; rights++)
        check(call(VSPACE_BIND, 0, hole, frame, rights) < 0, "frame %lu bound", frame);
    if (!domain)
        check_is(call(VSPACE_BIND, 0, hole, frame, EXO_R | EXO_W), EXO_E_HOLD, "bind");
    check(call(HOLD_SHARE, domain, domain ? 0 : heir, &vector, 1, EXO_R) <= 0, "frame %lu shared",
          frame);
    check(call(HOLD_DROP, domain, &vector, 1) <= 0, "frame %lu dropped", frame);
    check(call(VSPACE_DONATE, 0, &vector, 1) <= 0, "frame %lu donated", frame);
    check(call(ENV_CREATE, domain, 0, frame, WINDOW) < 0, "frame %lu a u-area", frame);
    return 1;
}

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
    for (uint64_t i = 0; i < EXO_WINDOWS; i++) {
        const struct exo_window *registers = &facts->window[i];
        uint64_t pages = registers->frame ? registers->pages : 0;

        for (uint64_t page = 0; page < pages; page++) {
            uint64_t frame = registers->frame + page, vector = frame;

            check(window.frames[frame].kind == EXO_FRAME_MMIO, "frame %lu is of kind %d", frame,
                  window.frames[frame].kind);
            check(call(FRAME_ALLOC, 0, &vector, 1) <= 0, "frame %lu allocated", frame);
            vector = frame;
            if (window.frames[frame].domain == my_domain_slot() || window.frames[frame].others) {
                held++;
                tried += refused(frame, child, hole, child);
                continue;
            }
            tried += refused(frame, 0, hole, child);
        }
        /* Another window's pages are not its, nor does the kernel keep any of them. */
        for (uint64_t k = 0; k < EXO_WINDOWS; k++)
            check(k == i || registers->page >= facts->window[k].page + facts->window[k].pages ||
                      facts->window[k].page >= registers->page + registers->pages ||
                      !registers->frame,
                  "windows %lu and %lu overlap", i, k);
    }
    ok_all("device pages need a hold");
    /* Of the machine: memory, CLINT, PLIC, exit device, virtio, fw-cfg, PCI. */
    for (int i = 0; i < 8; i++) {
        static const uint64_t kept[] = {0x80000, 0x87fff, 0x2000,  0xc000,
                                        0x100,   0x10001, 0x10100, 0x30000};
        int found = 0;

        for (uint64_t k = 0; k < EXO_WINDOWS; k++)
            found +=
                kept[i] - facts->window[k].page < facts->window[k].pages && !facts->window[k].frame;
        check(found == 1, "the kernel keeps page %lx in %d windows", kept[i], found);
    }
    ok_all("the kernel keeps what it must");
    /* Frames behind those of the open windows are nobody's. */
    for (uint64_t frame = facts->frames; frame < facts->frame_table.count; frame++)
        if (window.frames[frame].kind != EXO_FRAME_MMIO) {
            check(window.frames[frame].kind == EXO_FRAME_KERNEL && !window.frames[frame].domain,
                  "frame %lu is of kind %d", frame, window.frames[frame].kind);
            refused(frame, 0, hole, child);
        }
    ok_all("numbers without registers are nobody's");
    /* Only the first domain names registers. */
    for (uint64_t page = 0; page < 0x90000; page += 0x40)
        check(call(WINDOW_OPEN, page, 1) == EXO_E_RIGHT, "page %lx opened", page);
    check_is(call(WINDOW_OPEN, 0x10000, 0), EXO_E_RIGHT, "no page opened");
    check_is(call(WINDOW_OPEN, ~0ull, ~0ull), EXO_E_RIGHT, "all opened");
    ok_all("windows are opened by the first domain alone");
    ok(held == 1 && tried == 1, "%lu pages of registers tried, %lu are mine", tried, held);
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
