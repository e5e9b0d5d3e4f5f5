/* host.h - what a logfs needs of its surroundings: memory from vm, and a clock */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_FILES_HOST_H
#define LIBEXOS_FILES_HOST_H
#include "libexos/logfs/logfs.h"

/* All hosts of a program share one pool, which keeps what is given back; for one environment at a
 * time. The cache may have half of the frames that the domain has left, 256 to 16384 pages. */
void files_host_make(struct logfs_host *host);
/* Time is the clock's, if one told it (edge/time.h:exo_epoch); but it goes on from the newest time
 * that a volume's root directory knows, so that it never goes back. 0 or an error. */
int files_host_clock(struct logfs *fs);
#endif
