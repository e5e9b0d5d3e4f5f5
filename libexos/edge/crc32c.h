/* crc32c.h - the sum that tells damaged blocks of a disk */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_CRC32C_H
#define LIBEXOS_EDGE_CRC32C_H
#include <stddef.h>
#include <stdint.h>

/* CRC32C (Castagnoli), as iSCSI and ext4 have it. `crc`: that of the bytes before these, or 0. */
uint32_t exo_crc32c(uint32_t crc, const void *bytes, size_t size);
#endif
