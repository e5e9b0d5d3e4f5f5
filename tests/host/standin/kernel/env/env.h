/* env.h - what frame.c sees of it on the host */
/* SPDX-License-Identifier: MIT */
#include "tests/host/holds_host.h"
