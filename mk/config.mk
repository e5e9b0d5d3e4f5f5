# config.mk - tools and flags
# SPDX-License-Identifier: MIT

CROSS ?= riscv64-unknown-elf-
CC := $(CROSS)gcc
OBJCOPY := $(CROSS)objcopy
AR := $(CROSS)ar
NM := $(CROSS)nm
HOSTCC ?= cc

# V=1 shows whole commands; else a line names what is made.
QUIET = $(if $(V),,@echo '  $@';)

BUILD := build
GEN := $(BUILD)/gen
GCC_INCLUDE := $(shell $(CC) -print-file-name=include)

# Paths in debug information and messages do not depend on where the checkout lies.
PORTABLE_PATHS := -ffile-prefix-map=$(CURDIR)=.
WARNINGS := -Wall -Wextra -Werror
SECTIONS := -ffunction-sections -fdata-sections
DEPFILE = -MMD -MP -MF $(@:.o=.d)

# The kernel: no floating point, no gp, what a call may clobber is scrubbed at its door (trap.S). gcc 12 would pick
# the hard-float libgcc for the longer -march at link time, so linking names the plain one. Calls are relaxed to jal; to
# gp nothing is, as no linker script of ours defines __global_pointer$.
KERNEL_MACHINE := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany
KERNEL_CFLAGS := -std=gnu11 -ffreestanding $(KERNEL_MACHINE) $(WARNINGS) -O2 -g $(SECTIONS) \
    -fno-stack-protector -fno-pic -fno-common -ffixed-t3 -ffixed-t4 -ffixed-t5 -ffixed-t6 \
    -fno-asynchronous-unwind-tables $(PORTABLE_PATHS)
KERNEL_LDFLAGS := -nostdlib -static -march=rv64imac -mabi=lp64 -mcmodel=medany \
    -Wl,--relax -Wl,--gc-sections -Wl,--build-id=none -Wl,--no-warn-rwx-segments
UBSAN_CFLAGS := -fsanitize=undefined -fsanitize-undefined-trap-on-error

# User code: one instruction set and ABI for libexos, musl and programs; gp is the return
# register of upcalls, so nothing may be relaxed to it: see above.
USER_MACHINE := -march=rv64imafdc_zicsr_zifencei -mabi=lp64d -mcmodel=medany
USER_CFLAGS := -std=gnu11 $(USER_MACHINE) $(WARNINGS) -O2 -g -fno-pic -fno-common $(SECTIONS) \
    -fno-stack-protector -fno-asynchronous-unwind-tables $(PORTABLE_PATHS)
USER_LDFLAGS := -nostdlib -static -march=rv64imafdc -mabi=lp64d -mcmodel=medany \
    -Wl,--relax -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack \
    -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments

HOST_CFLAGS := -std=gnu11 $(WARNINGS) -g -O1 -fsanitize=address,undefined \
    -fno-sanitize-recover=all -fno-omit-frame-pointer

# Everything compiled is made again when the flags change.
FLAGS_FROM := mk/config.mk
