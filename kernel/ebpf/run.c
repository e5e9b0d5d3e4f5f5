/* run.c - the interpreter: no address that a program computes is one of ours */
/* SPDX-License-Identifier: MIT */
#include "kernel/ebpf/ebpf.h"

/* By code: in which cases a jump is taken; SIGNED: as the order of signed numbers has it. */
enum { BELOW = 1, EQUAL = 2, ABOVE = 4, SIGNED = 8 };
static const uint8_t takes[] = {7, 2, 4, 6, 0, 5, 12, 14, 0, 0, 1, 3, 9, 11};

/* Operands of 32 bits come sign-extended, which keeps every order between them. */
static int ebpf_jumps(uint64_t code, uint64_t a, uint64_t b) {
    uint64_t sign = takes[code] & SIGNED ? 1ull << 63 : 0;

    if (code == EBPF_JSET)
        return (a & b) != 0;
    return takes[code] & ((a ^ sign) < (b ^ sign) ? BELOW : a == b ? EQUAL : ABOVE);
}

static uint64_t ebpf_extend(uint64_t value, uint64_t bits) {
    return (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
}

/* The bytes of the low `bits` in reverse. */
static uint64_t ebpf_swap(uint64_t value, uint64_t bits) {
    uint64_t swapped = 0;

    for (; bits; bits -= 8, value >>= 8)
        swapped = swapped << 8 | (value & 0xff);
    return swapped;
}

/* Operands of 32 bits (narrow) come sign-extended; of the result the caller takes the low half. */
static uint64_t ebpf_calculate(uint64_t code, uint64_t a, uint64_t b, int64_t offset,
                               uint64_t narrow) {
    uint64_t low = narrow ? (uint32_t)a : a;
    uint64_t shift = b & (narrow ? 31 : 63);

    if (code != EBPF_DIV && code != EBPF_MOD)
        return code == EBPF_ADD   ? a + b
               : code == EBPF_SUB ? a - b
               : code == EBPF_MUL ? a * b
               : code == EBPF_OR  ? a | b
               : code == EBPF_AND ? a & b
               : code == EBPF_XOR ? a ^ b
               : code == EBPF_NEG ? -a
               : code == EBPF_MOV ? (offset ? ebpf_extend(b, (uint64_t)offset) : b)
               : code == EBPF_LSH ? a << shift
               : code == EBPF_END ? ebpf_swap(a, b)
               : code == EBPF_RSH ? low >> shift
                                  : (uint64_t)((int64_t)a >> shift); /* EBPF_ARSH */
    if (!b)
        return code == EBPF_DIV ? 0 : a;
    if (offset && b == ~0ull) /* the one quotient that may overflow */
        return code == EBPF_DIV ? -a : 0;
    if (offset)
        return (uint64_t)(code == EBPF_DIV ? (int64_t)a / (int64_t)b : (int64_t)a % (int64_t)b);
    b = narrow ? (uint32_t)b : b;
    return code == EBPF_DIV ? low / b : low % b;
}

/* Memory, whatever its type is elsewhere. */
typedef uint16_t __attribute__((may_alias)) memory16;
typedef uint32_t __attribute__((may_alias)) memory32;
typedef uint64_t __attribute__((may_alias)) memory64;

static uint64_t ebpf_load(const uint8_t *at, uint64_t size) {
    uint64_t value = 0;

    if ((uintptr_t)at & (size - 1)) {
        while (size--)
            value = value << 8 | at[size];
        return value;
    }
    if (size > 2)
        return size > 4 ? *(const memory64 *)at : *(const memory32 *)at;
    return size > 1 ? *(const memory16 *)at : *at;
}

static void ebpf_store(uint8_t *at, uint64_t size, uint64_t value) {
    if ((uintptr_t)at & (size - 1))
        for (; size--; value >>= 8)
            *at++ = (uint8_t)value;
    else if (size == 1)
        *at = (uint8_t)value;
    else if (size == 2)
        *(memory16 *)at = (uint16_t)value;
    else if (size == 4)
        *(memory32 *)at = (uint32_t)value;
    else
        *(memory64 *)at = value;
}

/* The stack stands in the window behind the regions. Until it is used its length is 0. */
struct ebpf_stack {
    struct ebpf_region region;
    uint64_t memory[EBPF_STACK / 8];
};

/* Where an access of `size` bytes goes, or NULL. */
static uint8_t *ebpf_reach(const struct ebpf_machine *machine, struct ebpf_stack *stack,
                           uint64_t address, uint64_t size, int stores) {
    uint64_t window = (address >> 32) - 1;
    const struct ebpf_region *region = &stack->region;

    if (window < EBPF_REGIONS)
        region = &machine->region[window];
    else if (window > EBPF_REGIONS)
        return NULL;
    else if (!region->length) {
        stack->region = (struct ebpf_region){stack->memory, EBPF_STACK, 1};
        for (uint32_t i = 0; i < EBPF_STACK / 8; i++)
            stack->memory[i] = 0;
    }
    if ((address & UINT32_MAX) + size > region->length || (stores && !region->writable))
        return NULL;
    return (uint8_t *)region->base + (uint32_t)address;
}

int ebpf_run(const struct ebpf_instruction *code, struct ebpf_machine *machine, uint64_t *result) {
    static const uint8_t sizes[] = {4, 2, 1, 8};
    uint64_t reg[11] = {0, machine->argument[0], machine->argument[1], machine->argument[2]};
    struct ebpf_stack stack;

    reg[10] = ((uint64_t)(EBPF_REGIONS + 1) << 32) + EBPF_STACK;
    stack.region.length = 0;
    for (uint64_t steps = machine->steps; steps--;) {
        const struct ebpf_instruction *in = code++;
        uint64_t opcode = in->opcode, class = opcode & EBPF_CLASS, narrow = !(class & 1);
        uint64_t *to = &reg[in->registers & 15], a = *to, b = reg[in->registers >> 4];
        int64_t immediate = in->immediate;

        machine->steps = steps;
        if (opcode == EBPF_LDDW) {
            *to = (uint64_t)code++->immediate << 32 | (uint32_t)immediate;
            continue;
        }
        if (class < EBPF_ALU) {
            uint64_t size = sizes[opcode >> 3 & 3], loads = class == EBPF_LDX;
            uint8_t *at =
                ebpf_reach(machine, &stack, (loads ? b : a) + (uint64_t)in->offset, size, !loads);

            if (!at)
                return EBPF_ACCESS;
            if (loads)
                *to = ebpf_extend(ebpf_load(at, size), opcode & EBPF_MEMSX ? size * 8 : 64);
            else
                ebpf_store(at, size, class == EBPF_ST ? (uint64_t)immediate : b);
            continue;
        }
        b = opcode & EBPF_X ? b : (uint64_t)immediate;
        a = narrow ? (uint64_t)(int32_t)a : a;
        b = narrow ? (uint64_t)(int32_t)b : b;
        if (opcode == EBPF_LE || opcode == EBPF_BE) { /* of all 64 bits */
            *to = opcode == EBPF_BE ? ebpf_swap(*to, (uint64_t)immediate)
                                    : *to << (64 - immediate) >> (64 - immediate);
        } else if (class == EBPF_ALU || class == EBPF_ALU64) {
            a = ebpf_calculate(opcode >> 4, a, b, in->offset, narrow);
            *to = narrow ? (uint32_t)a : a;
        } else if (opcode == EBPF_EXITS) {
            *result = reg[0];
            return 0;
#ifdef EBPF_LOOPS
        } else if (opcode == EBPF_CALLS) {
            if (machine->emit(machine->context, reg[1], reg[2]))
                return EBPF_EMIT;
            reg[0] = 0;
#endif
        } else if (ebpf_jumps(opcode >> 4, a, b))
            code += opcode == EBPF_GOTOL ? immediate : in->offset;
    }
    return EBPF_STEPS;
}
