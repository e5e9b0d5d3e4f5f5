/* feature.h - what the machine's harts can do that not all harts can */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_FEATURE_H
#define LIBEXOS_EDGE_FEATURE_H
#include <stdint.h>

enum exo_feature {
    EXO_FEATURE_CLMUL = 1, /* clmul and clmulh, of Zbc or Zbkc */
};

/* What all of the harts have, as this program's spawner knew; 0: nothing is known. init reads the
 * device tree. What is set is passed on to those that are spawned from then on. */
extern uint64_t exo_features;
#endif
