# tools.mk - programs for this machine: volumes in image files, and the file system's workloads
# SPDX-License-Identifier: MIT

HOST_BIN := $(BUILD)/host
HOST_OBJ := $(BUILD)/host/obj
LOGFS_SRC := $(call find,libexos/logfs) libexos/edge/crc32c.c
TOOL_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -I. -I$(GEN) -DEBPF_LOOPS $(PORTABLE_PATHS)

# Program, then its own sources; all have logfs and these.
TOOL_DISK := tools/image.c tools/disk.c $(call find,libexos/volume) $(wildcard kernel/ebpf/*.c)
TOOL_SHARED := tools/volume.c tools/host.c $(TOOL_DISK) $(LOGFS_SRC)
SRC_mkdisk.aspis := tools/mkdisk.c libexos/edge/crc32c.c $(TOOL_DISK)
SRC_mkfs.logfs := tools/mkfs.c tools/plant.c $(TOOL_SHARED)
SRC_fsck.logfs := tools/fsck.c $(TOOL_SHARED)
SRC_dump.logfs := tools/dump.c $(TOOL_SHARED)
SRC_logfs-fuse := tools/fuse.c $(TOOL_SHARED)
SRC_bench-disk := tests/files/bench_disk.c tests/files/memory_disk.c tools/host.c $(LOGFS_SRC)
HOST_PROGRAMS := mkdisk.aspis mkfs.logfs fsck.logfs dump.logfs logfs-fuse bench-disk

# Without libfuse there is no mounting, and one line says so.
FUSE_FOUND := $(shell pkg-config --exists fuse3 2>/dev/null && echo yes)
TOOLS := $(addprefix $(HOST_BIN)/,mkdisk.aspis mkfs.logfs fsck.logfs dump.logfs $(if $(FUSE_FOUND),logfs-fuse))
LOGFS_EXERCISE := $(BUILD)/tests/host/logfs_exercise

tool_objects = $(patsubst %.c,$(HOST_OBJ)/%.o,$(1))
HOST_PROGRAM_OBJ := $(sort $(foreach p,$(HOST_PROGRAMS),$(call tool_objects,$(SRC_$p))))
$(HOST_PROGRAM_OBJ): $(HOST_OBJ)/%.o: %.c $(FLAGS_FROM) mk/tools.mk | $(BPF_GEN)
	@mkdir -p $(@D)
	$(QUIET)$(HOSTCC) $(TOOL_CFLAGS) $(FLAGS_$(basename $(notdir $<))) $(DEPFILE) -c -o $@ $<
FLAGS_fuse = $(shell pkg-config --cflags fuse3)
LIBS_logfs-fuse = $(shell pkg-config --libs fuse3)
-include $(HOST_PROGRAM_OBJ:.o=.d)

define HOST_PROGRAM
$(HOST_BIN)/$(1): $$(call tool_objects,$$(SRC_$(1)))
	@mkdir -p $$(@D)
	$$(QUIET)$$(HOSTCC) -o $$@ $$^ $$(LIBS_$(1))
endef
$(foreach p,$(HOST_PROGRAMS),$(eval $(call HOST_PROGRAM,$p)))

# The disk that `make run` has: made once, with a root volume; then only the programs in it change,
# and the archive that it carries so that it can be an initrd itself.
DISK_IMAGE := $(BUILD)/disk.img
ROOT_TREE := $(BUILD)/tree
$(ROOT_TREE).stamp: $(call rooted,$(PROGRAMS)) $(ETC)
	@rm -rf $(ROOT_TREE)
	@for entry in $(ETC_ENTRIES) $(call entries,$(PROGRAMS)); do install -D -m 755 "$${entry#*=}" "$(ROOT_TREE)/$${entry%%=*}"; done
	@touch $@
.PRECIOUS: $(DISK_IMAGE) # it holds what somebody wrote
$(DISK_IMAGE): $(ROOT_TREE).stamp $(INITRD) $(HOST_BIN)/mkdisk.aspis $(HOST_BIN)/mkfs.logfs
	@scripts/disk $@ $(INITRD) $(ROOT_TREE)
