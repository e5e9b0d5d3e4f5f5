# kernel.mk - the kernel, in variants: release, one that traps on undefined behaviour, one that measures itself
# SPDX-License-Identifier: MIT

KERNEL_LD := arch/riscv64/kernel.ld
KERNEL_SRC := $(filter-out arch/riscv64/asm_offsets.c,$(wildcard arch/riscv64/*.c arch/riscv64/*.S)) \
    $(sort $(shell find kernel -name '*.c' 2>/dev/null))
KERNEL_IMAGE := $(BUILD)/kernel/Image
KERNEL_ELF := $(BUILD)/kernel/aspis.elf
UBSAN_IMAGE := $(BUILD)/kernel-ubsan/Image
MEASURE_IMAGE := $(BUILD)/kernel-measure/Image
KERNEL_INCLUDE := -I. -I$(BUILD) -I$(GEN)

# INIT=file puts another flat binary in init's place.
INIT_BIN := $(BUILD)/init.bin
INCBIN_SRC := $(if $(wildcard arch/riscv64),$(shell grep -lE '\.incbin' $(KERNEL_SRC) 2>/dev/null))

# What runs seldom is built small: the whole kernel must fit into 48 KiB of text and data.
KERNEL_SELDOM := kernel/reclaim/% kernel/ebpf/% kernel/bind/birth.c kernel/bind/gate.c \
    kernel/bind/window.c kernel/bind/program.c kernel/dev/fdt.c kernel/env/domain.c kernel/base/print.c \
    kernel/main.c

# Loops that mostly run once: what gcc moves out of them costs registers, and those are saved at each call.
KERNEL_ONCE := kernel/entry.c kernel/bind/extent.c kernel/bind/irq.c kernel/bind/slice.c kernel/dev/virtio_blk.c

# $(1) = directory under build/, $(2) = further flags for C, $(3) = for C and assembler
define KERNEL_VARIANT
KOBJ_$(1) := $$(patsubst %,$(BUILD)/$(1)/obj/%.o,$$(KERNEL_SRC))

$$(KOBJ_$(1)): $(BUILD)/$(1)/obj/%.o: % $$(FLAGS_FROM) | $$(KERNEL_GEN)
	@mkdir -p $$(@D)
	$$(QUIET)$$(CC) $$(KERNEL_CFLAGS) $$(if $$(filter $$(KERNEL_SELDOM),$$<),-Os -msave-restore) \
	    $$(if $$(filter $$(KERNEL_ONCE),$$<),-fno-move-loop-invariants) $$(if $$(filter %.c,$$<),$(2)) $(3) $$(KERNEL_INCLUDE) $$(DEPFILE) -c -o $$@ $$<
$$(patsubst %,$(BUILD)/$(1)/obj/%.o,$$(INCBIN_SRC)): $$(INIT_BIN)

$(BUILD)/$(1)/aspis.elf: $$(KOBJ_$(1)) $$(KERNEL_LD)
	$$(QUIET)$$(CC) $$(KERNEL_LDFLAGS) -T $$(KERNEL_LD) -Wl,-Map=$$(@D)/aspis.map -o $$@ \
	    $$(KOBJ_$(1)) -lgcc
$(BUILD)/$(1)/Image: $(BUILD)/$(1)/aspis.elf
	$$(QUIET)$$(OBJCOPY) -O binary $$< $$@
-include $$(KOBJ_$(1):.o=.d)
endef
$(eval $(call KERNEL_VARIANT,kernel,))
$(eval $(call KERNEL_VARIANT,kernel-ubsan,$(UBSAN_CFLAGS)))
$(eval $(call KERNEL_VARIANT,kernel-measure,,-DKERNEL_MEASURE))
