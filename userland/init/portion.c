/* portion.c - whom to ask for memory, and for how much */
/* SPDX-License-Identifier: MIT */
#include "portion.h"

void portion_add(struct portions *portions, uint32_t who, uint32_t spare) {
    uint32_t at = portions->count;

    if (!spare || (at == PORTIONS && portions->of[at - 1].spare >= spare))
        return;
    if (at == PORTIONS)
        at--;
    else
        portions->count++;
    for (; at && portions->of[at - 1].spare < spare; at--)
        portions->of[at] = portions->of[at - 1];
    portions->of[at] = (struct portion){.who = who, .spare = spare};
}

uint32_t portion_divide(struct portions *portions, uint32_t need) {
    uint64_t spare = 0, left;
    uint32_t chosen = 0, total;

    while (chosen < portions->count && spare / 2 < need)
        spare += portions->of[chosen++].spare;
    left = total = spare < need ? (uint32_t)spare : need;
    portions->count = 0;
    /* Rounded up from the largest on, the last gets what is left: the sum is exact. */
    for (uint32_t i = 0; i < chosen && left; i++) {
        struct portion *portion = &portions->of[i];

        portion->count = (uint32_t)((left * portion->spare + spare - 1) / spare);
        left -= portion->count;
        spare -= portion->spare;
        portions->count++;
    }
    return total;
}
