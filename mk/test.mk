# test.mk - host tests, guest tests, benchmarks, experiments, fuzzers
# SPDX-License-Identifier: MIT

HOST_SRC := $(wildcard tests/host/*.c)
HOST_TESTS := $(patsubst tests/host/%.c,$(BUILD)/tests/host/%,$(HOST_SRC))
SCRIPT_TESTS := $(wildcard tests/host/*.t tests/host/*.sh tests/crash/*.t tests/crash/*.sh)
FUZZ_SRC := $(wildcard tests/fuzz/*.c)
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))
# T= chooses by name; `calls` are the kernel's, fuzzed in the emulator.
FUZZ_CHOSEN := $(filter $(BUILD)/fuzz/$(T)%,$(FUZZERS)) $(filter $(T)%,calls)

# Device trees that the tests read.
DTB := $(patsubst dts/%.dts,$(BUILD)/dts/%.dtb,$(wildcard dts/*.dts))
$(DTB): $(BUILD)/dts/%.dtb: dts/%.dts
	@mkdir -p $(@D)
	@dtc -q -I dts -O dtb -o $@ $<

# Those in the firmware of boards, where it is here (make image) and can be taken apart: image 2 of the FIT.
ITB := $(if $(shell command -v dumpimage),$(wildcard $(DEPS)/u-boot-*/usr/lib/u-boot/*/u-boot.itb))
ITB_DTB := $(patsubst %,$(BUILD)/dts/uboot-%.dtb,$(notdir $(patsubst %/u-boot.itb,%,$(ITB))))
$(ITB_DTB): $(BUILD)/dts/uboot-%.dtb: $(ITB)
	@mkdir -p $(@D)
	@dumpimage -T flat_dt -p 2 -o $@ $(filter %/$*/u-boot.itb,$(ITB)) >/dev/null
$(BUILD)/tests/host/uboot_trees: | $(ITB_DTB)

$(HOST_TESTS): $(BUILD)/tests/host/%: tests/host/%.c scripts/build-host $(FLAGS_FROM) | $(USER_GEN) $(BPF_GEN) $(DTB) $(LIBFDT_SRC)/.stamp
	@CC='$(HOSTCC)' CFLAGS='$(HOST_CFLAGS) -I. -I$(GEN) -Itests/host' scripts/build-host $< $@
$(FUZZERS): $(BUILD)/fuzz/%: tests/fuzz/%.c scripts/build-host $(FLAGS_FROM) | $(USER_GEN)
	@CC=clang CFLAGS='$(filter-out -fno-sanitize-recover=all,$(HOST_CFLAGS)) -fsanitize=fuzzer -I. -I$(GEN) -Itests/fuzz' \
	    scripts/build-host $< $@
-include $(addsuffix .d,$(HOST_TESTS) $(FUZZERS))

# They count what is executed, for two versions of the emulator's interface.
PLUGINS := $(foreach version,1 2,$(foreach what,boot count,$(BUILD)/host/$(what)-plugin-$(version).so))
define PLUGIN_RULE
$(BUILD)/host/%-plugin-$(1).so: scripts/%-plugin.c scripts/plugin.h $(FLAGS_FROM)
	@mkdir -p $$(@D)
	$$(QUIET)$$(HOSTCC) -std=gnu11 $$(WARNINGS) -O2 -shared -fPIC -I. -DPLUGIN_VERSION=$(1) -o $$@ $$<
endef
$(foreach version,1 2,$(eval $(call PLUGIN_RULE,$(version))))

# The engine is measured as the kernel has it (mk/kernel.mk).
$(OBJ)/tests/bench/ebpf.c.o: USER_CFLAGS += -Os -ffixed-t3 -ffixed-t4 -ffixed-t5 -ffixed-t6

# Only what the chosen names need is built.
WANTS_GUEST := $(if $(T),$(filter-out h% c%,$(T))$(filter $(T)%,host/machines),yes)
WANTS_HOST := $(if $(T),$(filter h%,$(T)),yes)
WANTS_BOOT := $(if $(T),$(filter $(T)%,host/relocate host/blink host/clock host/fences host/machines host/demos host/readme_chapter host/steward host/root_volume host/sd_root host/volume_hostile host/disk_errors host/trusted crash/plug),yes)
WANTS_DISK := $(if $(T),$(filter $(T)%,host/demos),yes)
WANTS_TOOLS := $(if $(T),$(filter $(T)%,host/logfs_tools host/root_volume host/sd_root host/volume_hostile host/disk_errors crash/plug),yes)
WANTS_SERVED := $(if $(T),$(filter $(T)%,host/root_volume host/sd_root host/volume_hostile crash/plug),yes)
WANTS_PLUG := $(if $(T),$(filter $(T)%,crash/plug),yes)
WANTS_IMAGE := $(if $(T),$(filter $(T)%,host/image host/uboot),yes)
WANTS_CRASH := $(if $(T),$(filter $(T)%,crash/run crash/watched crash/mutants),yes)
TEST_NEEDS := $(if $(WANTS_HOST),$(HOST_TESTS)) \
    $(if $(WANTS_TOOLS),tools) \
    $(if $(WANTS_DISK),$(DISK_IMAGE)) \
    $(if $(WANTS_IMAGE),$(IMAGE_NEEDS) $(HOST_BIN)/fsck.logfs) \
    $(if $(WANTS_CRASH),$(CRASH) $(CRASH_WATCHED) $(CRASH_MUTANTS)) \
    $(if $(WANTS_BOOT),$(KERNEL_IMAGE) $(UBSAN_IMAGE) $(INITRD)) \
    $(if $(WANTS_PLUG),$(REPLAY) $(SERVER_MUTANT)) \
    $(if $(WANTS_SERVED),$(TEST_INITRD)) \
    $(if $(WANTS_GUEST),$(UBSAN_IMAGE) $(KERNEL_IMAGE) $(TEST_INITRD))
TEST_LIST := $(HOST_TESTS) $(SCRIPT_TESTS) $(GUEST_SRC)
MUTANT_NEEDS := $(HOST_TESTS) $(KERNEL_IMAGE) $(UBSAN_IMAGE) $(TEST_INITRD)
FUZZ_NEEDS := $(filter-out calls,$(FUZZ_CHOSEN)) $(if $(filter calls,$(FUZZ_CHOSEN)),$(UBSAN_IMAGE) $(TEST_INITRD))
BENCH_NEEDS := $(KERNEL_IMAGE) $(MEASURE_IMAGE) $(TEST_INITRD) $(INITRD) $(PLUGINS)
EXPERIMENT_NEEDS := $(KERNEL_IMAGE) $(EXPERIMENT_INITRD)
CHECK_NEEDS := $(if $(wildcard $(KERNEL_LD)),$(KERNEL_IMAGE)) $(TEST_INITRD) $(EXPERIMENT_INITRD)
