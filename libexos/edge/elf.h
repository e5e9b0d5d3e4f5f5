/* elf.h - the part of ELF64 that a static program needs, and our flag in it */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_ELF_H
#define LIBEXOS_EDGE_ELF_H
#include <stddef.h>
#include <stdint.h>

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};

enum { ELF_EXEC = 2, ELF_RISCV = 243, ELF_LOAD = 1 };
enum { ELF_X = 1, ELF_W = 2, ELF_R = 4, ELF_PIN = 0x00100000 }; /* PIN: ours, libexos/program.ld */

enum {
    AT_END = 0,
    AT_PHDR = 3,
    AT_PHENT = 4,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_ENTRY = 9,
    AT_UID = 11,
    AT_EUID = 12,
    AT_GID = 13,
    AT_EGID = 14,
    AT_HWCAP = 16,
    AT_CLKTCK = 17,
    AT_SECURE = 23,
    AT_RANDOM = 25
};
#endif
