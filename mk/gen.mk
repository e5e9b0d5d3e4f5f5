# gen.mk - sources made from kernel/abi/syscalls.def and from C structures
# SPDX-License-Identifier: MIT

SYSCALLS_DEF := $(wildcard kernel/abi/syscalls.def)
ASM_OFFSETS := $(wildcard arch/riscv64/asm_offsets.c)
GEN_SYSCALL_HEADERS := $(GEN)/syscall_numbers.h
KERNEL_GEN := $(GEN_SYSCALL_HEADERS) $(GEN)/asm_offsets.h
USER_GEN := $(GEN_SYSCALL_HEADERS)

# One run writes all of them; the numbers stand for the group.
$(GEN)/syscall_numbers.h: scripts/gen-syscalls $(SYSCALLS_DEF)
	@mkdir -p $(GEN)
	@scripts/gen-syscalls --out $(GEN) $(SYSCALLS_DEF)
$(GEN)/exo_stubs.S: $(GEN)/syscall_numbers.h ;

# Constants for assembly files: the compiler knows the offsets, so it is asked.
$(GEN)/asm_offsets.s: $(ASM_OFFSETS) $(GEN_SYSCALL_HEADERS) $(FLAGS_FROM)
	@mkdir -p $(GEN)
	$(QUIET)$(if $(ASM_OFFSETS),$(CC) $(KERNEL_CFLAGS) -g0 $(KERNEL_INCLUDE) -MMD -MP -MF $(GEN)/asm_offsets.d \
	    -MT $@ -S -o $@ $<,: >$@)
$(GEN)/asm_offsets.h: $(GEN)/asm_offsets.s scripts/gen-offsets
	@scripts/gen-offsets $< $@
-include $(GEN)/asm_offsets.d
