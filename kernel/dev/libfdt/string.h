/* string.h - what libfdt finds under this name in the kernel; on the host it finds libc's */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/string.h"
