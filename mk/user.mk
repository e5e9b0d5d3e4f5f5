# user.mk - libexos, init, the programs and the initrd that carries them
# SPDX-License-Identifier: MIT

OBJ := $(BUILD)/user/obj
LIBEXOS := $(BUILD)/user/libexos.a
CRT0 := $(OBJ)/libexos/edge/crt0.S.o
PROGRAM_LD := libexos/program.ld

# Rooms below posix see no libc header; posix and programs see musl's.
NO_LIBC := -ffreestanding -nostdinc -isystem $(GCC_INCLUDE)
WITH_LIBC := -nostdinc -isystem $(MUSL)/include -isystem $(GCC_INCLUDE)
USER_INCLUDE := -I. -I$(GEN)

# NAME.bpf.c is code for the kernel's engine (mk/ebpf.mk).
find = $(sort $(shell find $(wildcard $(1)) -name '*.[cS]' ! -name '*.bpf.c' 2>/dev/null))
without_bpf = $(filter-out %.bpf.c,$(wildcard $(1)))
objects = $(patsubst %,$(OBJ)/%.o,$(1))

LIBEXOS_ROOMS := edge vm sched logfs net volume flat files
LIBEXOS_SRC := $(foreach r,$(LIBEXOS_ROOMS),$(if $(wildcard libexos/$r),$(call find,libexos/$r)))
# The volume keeper runs owns programs in user mode, by the kernel's engine with loops.
LIBEXOS_SRC += $(wildcard kernel/ebpf/*.c)
LIBEXOS_SRC := $(filter-out libexos/edge/crt0.S,$(LIBEXOS_SRC))
POSIX_SRC := $(if $(wildcard libexos/posix),$(call find,libexos/posix))

# Programs: name in the initrd, then its sources.
DEMO_SRC := $(call without_bpf,userland/demos/*.c)
EXPERIMENT_SRC := $(call without_bpf,userland/experiments/*.c)
GUEST_SRC := $(call without_bpf,tests/guest/*.c)
SERVED_SRC := $(wildcard tests/served/*.c)
BENCH_SRC := $(call without_bpf,tests/bench/*.c)
GUEST_LIB_SRC := $(wildcard tests/guest/lib/*.[cS])
PROGRAM_DIRS := $(filter-out demos etc experiments init,$(notdir $(patsubst %/,%,$(wildcard userland/*/))))
PROGRAM_DIRS := $(foreach p,$(PROGRAM_DIRS),$(if $(wildcard userland/$p/*.c userland/$p/*.S),$p))
INIT_SRC := $(wildcard userland/init.c userland/init/*.c userland/init/*.S)

PROGRAMS := $(addprefix bin/,$(PROGRAM_DIRS)) $(patsubst userland/demos/%.c,demo/%,$(DEMO_SRC))
EXPERIMENTS := $(patsubst userland/experiments/%.c,experiment/%,$(EXPERIMENT_SRC))
GUESTS := $(patsubst tests/guest/%.c,test/guest/%,$(GUEST_SRC))
SERVED := $(patsubst tests/served/%.c,test/served/%,$(SERVED_SRC))
BENCHES := $(patsubst tests/bench/%.c,bench/%,$(BENCH_SRC))
$(foreach p,$(PROGRAM_DIRS),$(eval SRC_bin/$p := $(if $(wildcard userland/$p),$(call find,userland/$p))))
# A program may lay itself out: userland/NAME/NAME.ld.
$(foreach p,$(PROGRAM_DIRS),$(eval LD_bin/$p := $(wildcard userland/$p/$p.ld)))
$(foreach s,$(DEMO_SRC),$(eval SRC_demo/$(basename $(notdir $s)) := $s))
$(foreach s,$(EXPERIMENT_SRC),$(eval SRC_experiment/$(basename $(notdir $s)) := $s))
$(foreach s,$(GUEST_SRC),$(eval SRC_test/guest/$(basename $(notdir $s)) := $s))
$(foreach s,$(SERVED_SRC),$(eval SRC_test/served/$(basename $(notdir $s)) := $s))
$(foreach s,$(BENCH_SRC),$(eval SRC_bench/$(basename $(notdir $s)) := $s))
TEST_PROGRAMS := $(PROGRAMS) $(GUESTS) $(SERVED) $(BENCHES)
ALL_PROGRAMS := $(TEST_PROGRAMS) $(EXPERIMENTS)
PROGRAM_SRC := $(foreach p,$(ALL_PROGRAMS),$(SRC_$p)) $(GUEST_LIB_SRC) $(INIT_SRC)

# Compile. Each group of sources has its own view of headers.
LIBEXOS_OBJ := $(call objects,$(LIBEXOS_SRC) libexos/edge/crt0.S)
POSIX_OBJ := $(call objects,$(POSIX_SRC))
PROGRAM_OBJ := $(call objects,$(PROGRAM_SRC))
STUBS_OBJ := $(OBJ)/exo_stubs.S.o

$(LIBEXOS_OBJ): INCLUDE := $(NO_LIBC)
$(call objects,$(filter libexos/volume/% kernel/ebpf/%,$(LIBEXOS_SRC)) $(INIT_SRC)): USER_CFLAGS += -DEBPF_LOOPS
$(POSIX_OBJ): INCLUDE := -ffreestanding $(WITH_LIBC)
$(PROGRAM_OBJ): INCLUDE := $(WITH_LIBC) -Itests/guest
# This one looks into musl: its thread structure.
$(call objects,libexos/posix/tls.c): INCLUDE := -ffreestanding -nostdinc -Wno-unused-parameter $(addprefix -isystem $(DEPS)/musl/,src/include \
    src/internal arch/riscv64 arch/generic obj-aspis/obj/include include) -isystem $(GCC_INCLUDE) -D_XOPEN_SOURCE=700
$(POSIX_OBJ) $(PROGRAM_OBJ): | $(LIBC)
$(PROGRAM_OBJ): | $(BPF_GEN)

$(LIBEXOS_OBJ) $(POSIX_OBJ) $(PROGRAM_OBJ): $(OBJ)/%.o: % $(FLAGS_FROM) | $(USER_GEN)
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(USER_CFLAGS) $(INCLUDE) $(USER_INCLUDE) $(DEPFILE) -c -o $@ $<
$(STUBS_OBJ): $(GEN)/exo_stubs.S $(GEN)/syscall_numbers.h $(FLAGS_FROM)
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(USER_CFLAGS) $(USER_INCLUDE) -c -o $@ $<
-include $(patsubst %.o,%.d,$(LIBEXOS_OBJ) $(POSIX_OBJ) $(PROGRAM_OBJ))

# Link.
ARCHIVED := $(filter-out $(CRT0),$(LIBEXOS_OBJ)) $(POSIX_OBJ) $(STUBS_OBJ)
$(LIBEXOS): $(ARCHIVED)
	@rm -f $@
	$(QUIET)$(AR) rcsD $@ $(ARCHIVED)
$(BUILD)/user/libguest.a: $(call objects,$(GUEST_LIB_SRC))
	@rm -f $@
	@mkdir -p $(@D)
	$(QUIET)$(AR) rcsD $@ $^

LIBS := -Wl,--start-group $(LIBEXOS) $(LIBC) -lgcc -Wl,--end-group
GUEST_LIBS := $(BUILD)/user/libguest.a

define PROGRAM
$(BUILD)/user/$(1): $$(call objects,$$(SRC_$(1))) $$(CRT0) $$(LIBEXOS) $$(LIBC) $$(GUEST_LIBS) $$(or $$(LD_$(1)),$$(PROGRAM_LD))
	@mkdir -p $$(@D)
	$$(QUIET)$$(CC) $$(USER_LDFLAGS) -T $$(or $$(LD_$(1)),$$(PROGRAM_LD)) -o $$@ $$(CRT0) $$(call objects,$$(SRC_$(1))) $$(GUEST_LIBS) $$(LIBS)
$(BUILD)/root/$(1): $(BUILD)/user/$(1)
	@mkdir -p $$(@D)
	@$$(OBJCOPY) --strip-all $$< $$@
endef
$(foreach p,$(ALL_PROGRAMS),$(eval $(call PROGRAM,$p)))

# libfdt reads the device tree for init.
LIBFDT_OBJ := $(OBJ)/libfdt.o
$(LIBFDT_OBJ): $(LIBFDT_SRC)/.stamp $(FLAGS_FROM) | $(LIBC)
	@mkdir -p $(@D)
	@printf '#include "%s"\n' fdt.c fdt_ro.c fdt_check.c >$(@:.o=.c)
	$(QUIET)$(CC) $(USER_CFLAGS) -Os -w $(WITH_LIBC) -I$(LIBFDT_SRC) -c -o $@ $(@:.o=.c)
$(call objects,$(INIT_SRC)): INCLUDE += -isystem $(LIBFDT_SRC)
$(call objects,$(INIT_SRC)): | $(LIBFDT_SRC)/.stamp

# init: a flat binary with its own header and linker script, carried inside the kernel Image.
INIT_LD := $(firstword $(wildcard userland/init/init.ld userland/init.ld) $(PROGRAM_LD))
$(BUILD)/user/init.elf: $(CRT0) $(call objects,$(INIT_SRC)) $(LIBFDT_OBJ) $(LIBEXOS) $(LIBC) $(INIT_LD)
	$(QUIET)$(CC) $(USER_LDFLAGS) -T $(INIT_LD) -Wl,-Map=$(BUILD)/user/init.map -o $@ $(CRT0) $(call objects,$(INIT_SRC)) $(LIBFDT_OBJ) $(LIBS)
ifneq ($(INIT),)
$(BUILD)/init.bin: $(INIT)
	@cp $< $@
else ifneq ($(INIT_SRC),)
$(BUILD)/init.bin: $(BUILD)/user/init.elf
	$(QUIET)$(OBJCOPY) -O binary $< $@
else
$(BUILD)/init.bin:
	@mkdir -p $(@D) && : >$@
	@echo 'note: userland/init has no sources yet; the kernel carries an empty init' >&2
endif

# Initrds: one for people, one that also carries the tests and benchmarks, one for the experiments.
INITRD := $(BUILD)/initrd.cpio
TEST_INITRD := $(BUILD)/initrd-tests.cpio
EXPERIMENT_INITRD := $(BUILD)/initrd-experiments.cpio
ETC := $(if $(wildcard userland/etc),$(sort $(shell find userland/etc -type f)))
ETC_ENTRIES := $(foreach f,$(ETC),etc/$(patsubst userland/etc/%,%,$f)=$f)
entries = $(foreach p,$(1),$p=$(BUILD)/root/$p)
rooted = $(addprefix $(BUILD)/root/,$(1))

$(INITRD): $(call rooted,$(PROGRAMS)) $(ETC) scripts/mkinitrd
	@scripts/mkinitrd $@ $(ETC_ENTRIES) $(call entries,$(PROGRAMS))
$(TEST_INITRD): $(call rooted,$(TEST_PROGRAMS)) $(ETC) scripts/mkinitrd
	@scripts/mkinitrd $@ $(ETC_ENTRIES) $(call entries,$(TEST_PROGRAMS))
$(EXPERIMENT_INITRD): $(call rooted,$(EXPERIMENTS)) $(ETC) scripts/mkinitrd
	@scripts/mkinitrd $@ $(ETC_ENTRIES) $(call entries,$(EXPERIMENTS))
