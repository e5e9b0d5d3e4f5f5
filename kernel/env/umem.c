/* umem.c - reaches user memory by walking the vspace in software: S-mode never faults on it */
/* SPDX-License-Identifier: MIT */
#include "arch/riscv64/page.h"
#include "kernel/base/string.h"
#include "kernel/base/trace.h"
#include "kernel/env/env.h"

/* One walk for both ways: to the kernel (in), or from it (out), if each page gives `right` (PAGE_R
 * or PAGE_W; who may write may read) and is RAM: device registers are not memory, and answer a
 * wrong access with a fault. */
static int umem_copy(uint64_t address, char *in, const char *out, uint64_t length, uint64_t right) {
    uint64_t done = 0, part;

    if (length > ARCH_PAGE || address >= ARCH_USER_END || length > ARCH_USER_END - address)
        return 0;
    for (; done < length; done += part) {
        page_t *page = page_find(page_root(current->satp), address + done);
        char *user;

        if (!page || ~*page & (PAGE_V | PAGE_U | right) ||
            (page_physical(*page) >> 12) - facts.memory_frame >= facts.frames)
            return 0;
        user = (char *)arch_direct(page_physical(*page)) + (address + done) % ARCH_PAGE;
        part = ARCH_PAGE - (address + done) % ARCH_PAGE;
        if (part > length - done)
            part = length - done;
        if (in)
            memcpy(in + done, user, part);
        if (out)
            memcpy(user, out + done, part);
    }
    return 1;
}

int umem_in(void *to, uint64_t address, uint64_t length, int back) {
    return umem_copy(address, to, NULL, length, back ? PAGE_W : PAGE_R);
}

int umem_out(uint64_t address, const void *from, uint64_t length) {
    return umem_copy(address, NULL, from, length, PAGE_W);
}
