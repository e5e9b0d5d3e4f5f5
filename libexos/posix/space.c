/* space.c - memory calls, on vm */
/* SPDX-License-Identifier: MIT */
#include "libexos/posix/linux.h"
#include "libexos/vm/vm.h"

enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };
enum { MAP_SHARED = 1, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20, MAP_NOREPLACE = 0x100000 };
enum { MADV_FREE = 8, MADV_DONTNEED = 4 };

#define BREAK_START 0x1400000000ull
#define BREAK_END 0x1800000000ull

/* Writable memory is readable too, as on every RISC-V. Linux's bits and ours are the same three. */
static unsigned rights_of(long protection) {
    unsigned rights = protection & (PROT_READ | PROT_WRITE | PROT_EXEC);

    return rights & (EXO_W | EXO_X) ? rights | EXO_R : rights;
}

long posix_mmap(LINUX_ARGUMENTS) {
    long at;

    if (!(d & MAP_ANONYMOUS))
        return -LINUX_ENODEV;
    if (b <= 0)
        return -LINUX_EINVAL;
    at = vm_map((uint64_t)a, (uint64_t)b, rights_of(c), VM_JOIN | (d & MAP_FIXED ? VM_FIXED : 0));
    return posix_error(at);
}

long posix_munmap(LINUX_ARGUMENTS) { return posix_error(vm_unmap((uint64_t)a, (uint64_t)b)); }

long posix_mprotect(LINUX_ARGUMENTS) {
    long error = b ? vm_protect((uint64_t)a, (uint64_t)b, rights_of(c)) : 0;

    return error == EXO_E_ARG && !(a & 4095) ? -LINUX_ENOMEM : posix_error(error);
}

long posix_brk(LINUX_ARGUMENTS) {
    static uint64_t now = BREAK_START;
    uint64_t wish = (uint64_t)a, old = (now + EXO_PAGE - 1) & ~(EXO_PAGE - 1), top;

    if (wish < BREAK_START || wish > BREAK_END)
        return (long)now;
    top = (wish + EXO_PAGE - 1) & ~(EXO_PAGE - 1);
    if (top > old && vm_map(old, top - old, EXO_R | EXO_W, VM_FIXED | VM_JOIN) < 0)
        return (long)now;
    if (top < old && vm_unmap(top, old - top) < 0)
        return (long)now;
    now = wish;
    return (long)now;
}

/* Memory that is given up keeps its content here, except where Linux promises zeros. */
long posix_madvise(LINUX_ARGUMENTS) {
    if (c == MADV_FREE)
        return 0;
    if (c != MADV_DONTNEED || !vm_allows((uint64_t)a, (uint64_t)b, EXO_R | EXO_W))
        return -LINUX_EINVAL;
    return posix_error(vm_map((uint64_t)a, (uint64_t)b, EXO_R | EXO_W, VM_FIXED | VM_JOIN)) < 0
               ? -LINUX_ENOMEM
               : 0;
}
