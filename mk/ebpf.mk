# ebpf.mk - downloaded programs: from C to an array that the kernel's verifier has accepted
# SPDX-License-Identifier: MIT

# NAME.bpf.c, anywhere below these, becomes build/gen/NAME.bpf.h: programs say `#include "NAME.bpf.h"`.
BPF_DIRS ?= libexos userland tests/guest tests/bench
BPF_SRC := $(sort $(shell find $(BPF_DIRS) -name '*.bpf.c'))
BPF_GEN := $(patsubst %.c,$(GEN)/%.h,$(notdir $(BPF_SRC)))
BPF_CFLAGS := -std=gnu11 -target bpf -mcpu=v3 -O2 -ffreestanding -fno-builtin -nostdlibinc $(WARNINGS) -I.
EBPF_CHECK := $(BUILD)/host/ebpf-check
EBPF_PLUGIN := $(BUILD)/host/ebpf-plugin

# They run while building, so they ask for no sanitizer.
$(EBPF_CHECK) $(EBPF_PLUGIN): $(BUILD)/host/%: scripts/%.c scripts/build-host $(FLAGS_FROM)
	@mkdir -p $(@D)
	$(QUIET)CC='$(HOSTCC)' CFLAGS='-std=gnu11 $(WARNINGS) -O1 -g -I.' scripts/build-host $< $@
-include $(EBPF_CHECK).d $(EBPF_PLUGIN).d

vpath %.bpf.c $(sort $(dir $(BPF_SRC)))
$(GEN)/%.bpf.h: %.bpf.c scripts/bpf-array $(EBPF_CHECK) $(FLAGS_FROM) mk/ebpf.mk
	@mkdir -p $(@D)
	$(QUIET)clang $(BPF_CFLAGS) -MMD -MP -MF $(@:.h=.d) -MT $@ -c -o $(@:.h=.o) $<
	@scripts/bpf-array --check $(EBPF_CHECK) -o $@ $(@:.h=.o)
-include $(BPF_GEN:.h=.d)
