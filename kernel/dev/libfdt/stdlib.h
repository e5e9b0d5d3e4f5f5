/* stdlib.h - libfdt includes it and uses nothing of it */
/* SPDX-License-Identifier: MIT */
#ifndef LIBFDT_STDLIB_H
#define LIBFDT_STDLIB_H

#include <stddef.h>

#endif
