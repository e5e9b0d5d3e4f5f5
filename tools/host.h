/* host.h - what logfs needs of its surroundings, from this machine's memory */
/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HOST_H
#define TOOLS_HOST_H
#include "libexos/logfs/logfs.h"

struct logfs_host host_make(uint32_t cache_pages, uint64_t (*now)(struct logfs_host *host));
#endif
