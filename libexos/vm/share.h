/* share.h - how many pages of the program stand on one frame, or one slot of the swap store */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_SHARE_H
#define LIBEXOS_VM_SHARE_H
#include <stdint.h>

/* What nobody counted has one. */
#define SHARE_SLOT(slot) ((slot) | 1ull << 40) /* a key; a frame's is its number */

/* One more. 0, or an error without memory. */
long share_more(uint64_t key);
/* One less: how many are left. */
uint64_t share_less(uint64_t key);
/* Another domain sees the frame: it must not change even if one page alone stands on it. The page
 * that says so is counted already, or is one more. 0 or an error. */
long share_abroad(uint64_t frame, int one_more);
/* May a page that stands on it write to it? */
int share_is_sole(uint64_t frame);
#endif
