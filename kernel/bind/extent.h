/* extent.h - who owns which part of a disk, and transfers between it and their frames */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/env/domain.h"

/* The lock is held for all of these. */

extern struct exo_volume *volume_table;
/* The line is a disk's: what ended there is told, and more is started. At most a handful of
 * requests of 64 frames. False if it is no disk's. */
int disk_interrupt(uint32_t line);
/* The volume is bound to nobody any more. False while requests are in the device: no more are
 * started, come again. */
int volume_end(struct exo_volume *volume);
/* A queue in this frame of the domain's, whose hold was broken, is none any more, as soon as its
 * requests have ended. */
void volume_lose_queue(const struct exo_domain *domain, uint32_t frame);
