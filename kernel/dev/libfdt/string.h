/* string.h - what libfdt finds under this name in the kernel; on the host it finds libc's */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/string.h"

/* Named in code of libfdt that is never reached here; gcc 14 wants to know them all the same. */
void *memmove(void *to, const void *from, size_t length);
char *strrchr(const char *text, int byte);
