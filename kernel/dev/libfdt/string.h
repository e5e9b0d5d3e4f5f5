/* string.h - what libfdt finds under this name in the kernel; on the host it finds libc's */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/string.h"

/* Named by a function of libfdt that nobody calls; gcc 14 wants to know it all the same. */
void *memmove(void *to, const void *from, size_t length);
