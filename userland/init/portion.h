/* portion.h - whom to ask for memory, and for how much; pure, and tested on the host as well */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_INIT_PORTION_H
#define USERLAND_INIT_PORTION_H
#include <stdint.h>

enum { PORTIONS = 8 }; /* asked at once, at most */

struct portion {
    uint32_t who;
    uint32_t spare; /* what it has above its minimum */
    uint32_t count; /* what it is asked for */
};

struct portions {
    struct portion of[PORTIONS]; /* the largest spare first */
    uint32_t count;
};

/* Considers one more; only the PORTIONS largest are kept. Nothing to spare: not considered. */
void portion_add(struct portions *portions, uint32_t who, uint32_t spare);
/* Divides `need` in proportion to what each has to spare, among the fewest of the largest that can
 * give it from half of that; among all, up to the whole of it, if these are not enough. Who is
 * asked for nothing is dropped. The sum of the counts. */
uint32_t portion_divide(struct portions *portions, uint32_t need);
#endif
