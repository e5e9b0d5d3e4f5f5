/* ebpf_isa.h - a second interpreter of eBPF, written from RFC 9669 alone, to compare ours with */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_EBPF_ISA_H
#define TESTS_HOST_EBPF_ISA_H
#include "kernel/ebpf/ebpf.h"

/* Nothing is shared with the kernel's: fields are taken out of the 8 bytes, numbers are of 128 bits
 * and cut to their width afterwards, memory is bytes. It also watches what the verifier promises:
 * no register is read that was not written, no second half executed, no jump leads outside. */
typedef __int128 isa_wide;

enum { ISA_EMITS = 64, ISA_WINDOWS = EBPF_REGIONS + 1 };

struct isa {
    uint64_t r[11];
    int known[11]; /* was it written? */
    struct {
        uint8_t *bytes;
        uint64_t length;
        int writable;
    } window[ISA_WINDOWS];
    uint8_t stack[EBPF_STACK];
    uint64_t steps;
    uint64_t emitted[ISA_EMITS][2]; /* the first of them */
    uint64_t emits, emit_most;      /* from that many on, emit stops the program */
    const char *broken;             /* a promise of the verifier that was not kept */
};

/* The number that the low `bits` of value are. */
static inline isa_wide isa_number(uint64_t value, int bits, int is_signed) {
    isa_wide modulus = (isa_wide)1 << bits, number = (isa_wide)value % modulus;

    return is_signed && number >= modulus / 2 ? number - modulus : number;
}

static inline uint64_t isa_cut(isa_wide number, int bits) {
    isa_wide modulus = (isa_wide)1 << bits;

    return (uint64_t)((number % modulus + modulus) % modulus);
}

static inline uint64_t isa_read(struct isa *isa, int number) {
    if (number > 10 || !isa->known[number])
        isa->broken = "a register is read that nothing wrote";
    return number > 10 ? 0 : isa->r[number];
}

static inline void isa_write(struct isa *isa, int number, uint64_t value) {
    if (number >= 10) {
        isa->broken = "r10 is written, or a register that is not there";
        return;
    }
    isa->r[number] = value;
    isa->known[number] = 1;
}

/* The byte at an address, or NULL. */
static inline uint8_t *isa_byte(struct isa *isa, uint64_t address, int writes) {
    for (int i = 0; i < ISA_WINDOWS; i++) {
        uint64_t base = 0x100000000ull * (uint64_t)(i + 1);

        if (address >= base && address - base < isa->window[i].length)
            return writes && !isa->window[i].writable ? NULL
                                                      : &isa->window[i].bytes[address - base];
    }
    return NULL;
}

/* All bytes of an access, or none; within one window by being adjacent. */
static inline int isa_access(struct isa *isa, uint64_t address, int size, int writes) {
    for (int i = 0; i < size; i++)
        if (!isa_byte(isa, address + (uint64_t)i, writes))
            return 0;
    return 1;
}

/* a op b of `bits`; the offset field tells variants. */
static inline uint64_t isa_arithmetic(int code, uint64_t first, uint64_t second, int offset,
                                      int bits) {
    isa_wide a = isa_number(first, bits, 0), b = isa_number(second, bits, 0);
    isa_wide sa = isa_number(first, bits, 1), sb = isa_number(second, bits, 1);
    isa_wide power = (isa_wide)1 << (b % bits), value = 0;

    switch (code) {
    case 0x0:
        value = a + b;
        break;
    case 0x1:
        value = a - b;
        break;
    case 0x2: /* the product of two 64-bit numbers, minus what would overflow 127 bits */
        value = sa * sb;
        break;
    case 0x3:
        value = b == 0 ? 0 : offset == 1 ? sa / sb : a / b;
        break;
    case 0x4:
        value = a | b;
        break;
    case 0x5:
        value = a & b;
        break;
    case 0x6:
        for (value = a; power > 1; power /= 2)
            value = value * 2 % ((isa_wide)1 << bits);
        break;
    case 0x7:
        value = a / power;
        break;
    case 0x8:
        value = -a;
        break;
    case 0x9:
        value = b == 0 ? a : offset == 1 ? sa % sb : a % b;
        break;
    case 0xa:
        value = a ^ b;
        break;
    case 0xb:
        value = offset ? isa_number(second, offset, 1) : b;
        break;
    case 0xc: /* division that rounds down */
        value = sa >= 0 ? sa / power : -((-sa + power - 1) / power);
        break;
    }
    return isa_cut(value, bits);
}

static inline int isa_condition(int code, uint64_t first, uint64_t second, int bits) {
    isa_wide a = isa_number(first, bits, 0), b = isa_number(second, bits, 0);
    isa_wide sa = isa_number(first, bits, 1), sb = isa_number(second, bits, 1);

    switch (code) {
    case 0x1:
        return a == b;
    case 0x2:
        return a > b;
    case 0x3:
        return a >= b;
    case 0x4:
        return (a & b) != 0;
    case 0x5:
        return a != b;
    case 0x6:
        return sa > sb;
    case 0x7:
        return sa >= sb;
    case 0xa:
        return a < b;
    case 0xb:
        return a <= b;
    case 0xc:
        return sa < sb;
    default:
        return sa <= sb;
    }
}

static inline uint64_t isa_reverse(uint64_t value, int bytes) {
    uint64_t reversed = 0;

    for (int i = 0; i < bytes; i++)
        reversed += (value >> 8 * i & 0xff) << 8 * (bytes - 1 - i);
    return reversed;
}

/* One instruction. 0: go on; else why not, as ebpf_run; ISA_EXIT; -1 if a promise was not kept. */
enum { ISA_EXIT = 100 };
static inline int isa_step(struct isa *isa, const uint8_t *at, int64_t *pc) {
    static const int sizes[] = {4, 2, 1, 8};
    int kind = at[0] % 8, high = at[0] / 16, to = at[1] % 16, from = at[1] / 16;
    int offset = at[2] + 256 * (int8_t)at[3], size = sizes[at[0] / 8 % 4];
    int32_t immediate = (int32_t)((uint32_t)at[4] | (uint32_t)at[5] << 8 | (uint32_t)at[6] << 16 |
                                  (uint32_t)at[7] << 24);
    uint64_t first = 0, second = (uint64_t)(int64_t)immediate, address;

    *pc += 1;
    switch (kind) {
    case 0: /* a wide load: the rest of its number stands in the next 8 bytes */
        if (at[0] != 0x18 || from) {
            isa->broken = "a second half, or an unknown load, is executed";
            return -1;
        }
        for (int i = 7; i >= 4; i--)
            first = first * 256 + at[8 + i];
        isa_write(isa, to, first * 0x100000000ull + (uint32_t)immediate);
        *pc += 1;
        return 0;
    case 1: /* load */
        address = isa_read(isa, from) + (uint64_t)(int64_t)offset;
        if (!isa_access(isa, address, size, 0))
            return EBPF_ACCESS;
        for (int i = size - 1; i >= 0; i--)
            first = first * 256 + *isa_byte(isa, address + (uint64_t)i, 0);
        isa_write(isa, to, isa_cut(isa_number(first, 8 * size, at[0] / 32 == 4), 64));
        return 0;
    case 2: /* store */
    case 3:
        address = isa_read(isa, to) + (uint64_t)(int64_t)offset;
        second = kind == 3 ? isa_read(isa, from) : second;
        if (!isa_access(isa, address, size, 1))
            return EBPF_ACCESS;
        for (int i = 0; i < size; i++)
            *isa_byte(isa, address + (uint64_t)i, 1) = (uint8_t)(second >> 8 * i);
        return 0;
    case 4: /* arithmetic */
    case 7:
        if (high == 0xd) {
            first = isa_read(isa, to);
            if (kind == 7 || at[0] & 8)
                first = isa_reverse(first, immediate / 8);
            isa_write(isa, to, isa_cut((isa_wide)first, immediate));
            return 0;
        }
        if (high != 0xb)
            first = isa_read(isa, to);
        second = at[0] & 8 ? isa_read(isa, from) : second;
        isa_write(isa, to, isa_arithmetic(high, first, second, offset, kind == 4 ? 32 : 64));
        return 0;
    }
    /* jumps */
    if (high == 0x9)
        return ISA_EXIT;
    if (high == 0x8) {
        uint64_t number = isa->emits++;

        first = isa_read(isa, 1);
        second = isa_read(isa, 2);
        if (number < ISA_EMITS) {
            isa->emitted[number][0] = first;
            isa->emitted[number][1] = second;
        }
        if (number >= isa->emit_most)
            return EBPF_EMIT;
        isa_write(isa, 0, 0);
        for (int i = 1; i <= 5; i++)
            isa->known[i] = 0;
    } else if (high == 0) {
        *pc += kind == 6 ? immediate : offset;
    } else {
        first = isa_read(isa, to);
        second = at[0] & 8 ? isa_read(isa, from) : second;
        *pc += isa_condition(high, first, second, kind == 6 ? 32 : 64) ? offset : 0;
    }
    return 0;
}

/* As ebpf_run; -1 if a promise of the verifier was not kept. */
static inline int isa_run(struct isa *isa, const struct ebpf_instruction *program, uint32_t count,
                          uint64_t *result) {
    int64_t pc = 0;

    for (;;) {
        int stop;

        if (pc < 0 || pc >= count) {
            isa->broken = "a jump leads outside";
            return -1;
        }
        if (isa->steps == 0)
            return EBPF_STEPS;
        isa->steps--;
        stop = isa_step(isa, (const uint8_t *)&program[pc], &pc);
        if (stop == ISA_EXIT)
            *result = isa_read(isa, 0);
        if (isa->broken)
            return -1;
        if (stop)
            return stop == ISA_EXIT ? 0 : stop;
    }
}
#endif
