/* machine.h - the little that a test asks of the library it is linked with */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_MACHINE_H
#define TESTS_GUEST_MACHINE_H
#include <stdint.h>
#include "libexos/edge/edge.h"

_Noreturn void _exit(int status);

static inline void program_exit(int status) { _exit(status); }

static inline struct exo_uarea *own_uarea(void) { return exo_uarea(); }
#endif
