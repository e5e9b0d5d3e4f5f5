/* stdlib.h - libfdt includes it and uses nothing of it */
/* SPDX-License-Identifier: MIT */
