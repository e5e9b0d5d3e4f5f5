/* lock.c - the one lock itself */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/lock.h"

struct lock kernel_lock;

#ifdef KERNEL_MEASURE
struct lock_measure kernel_measure;
#endif
