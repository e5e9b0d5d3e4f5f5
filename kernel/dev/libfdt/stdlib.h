/* stdlib.h - libfdt includes it and uses nothing of it: a place for its settings */
/* SPDX-License-Identifier: MIT */
#define FDT_ASSUME_MASK 4 /* ASSUME_LATEST: fdt_read refuses older versions */
