# crash.mk - the crash states of logfs, and the mutants that they must notice
# SPDX-License-Identifier: MIT

LOGFS_MUTANTS := NO_FLUSH CHECKPOINT_FIRST NO_CHECKSUM REUSE_EARLY NO_DIRECTORY_ORDER NO_OUTSIDE \
	NO_FIRST_FLUSH
CRASH := $(BUILD)/tests/crash/logfs_crash
CRASH_MUTANTS := $(addprefix $(CRASH)-,$(LOGFS_MUTANTS))
CRASH_WATCHED := $(CRASH).watched
# Fast; the same program watched by sanitizers goes through fewer states.
CRASH_CFLAGS := -std=gnu11 $(WARNINGS) -g -O2 -I. $(if $(filter x86_64,$(shell uname -m)),-msse4.2)

$(CRASH): tests/crash/logfs_crash.c scripts/build-host $(FLAGS_FROM) mk/crash.mk
	@CC='$(HOSTCC)' CFLAGS='$(CRASH_CFLAGS)' scripts/build-host $< $@
$(CRASH_WATCHED): tests/crash/logfs_crash.c scripts/build-host $(FLAGS_FROM) mk/crash.mk
	@CC='$(HOSTCC)' CFLAGS='$(HOST_CFLAGS) -I.' scripts/build-host $< $@
$(CRASH_MUTANTS): $(CRASH)-%: tests/crash/logfs_crash.c scripts/build-host $(FLAGS_FROM) mk/crash.mk
	@CC='$(HOSTCC)' CFLAGS='$(CRASH_CFLAGS) -DLOGFS_MUTANT_$*' scripts/build-host $< $@
-include $(addsuffix .d,$(CRASH) $(CRASH_WATCHED) $(CRASH_MUTANTS))

# The whole machine: what it wrote is replayed; a file server that never flushes must be noticed.
REPLAY := $(BUILD)/tests/crash/replay
$(REPLAY): tests/crash/replay.c scripts/build-host $(FLAGS_FROM) mk/crash.mk
	@CC='$(HOSTCC)' CFLAGS='$(CRASH_CFLAGS)' scripts/build-host $< $@
-include $(REPLAY).d

SERVER_MUTANT := $(BUILD)/tests/crash/files-NO_FLUSH
SERVER_MUTANT_OBJ := $(patsubst %,$(BUILD)/tests/crash/mutant/%.o,$(filter libexos/logfs/%,$(LIBEXOS_SRC)))
$(SERVER_MUTANT_OBJ): $(BUILD)/tests/crash/mutant/%.o: % $(FLAGS_FROM) | $(USER_GEN)
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(USER_CFLAGS) $(NO_LIBC) $(USER_INCLUDE) -DLOGFS_MUTANT_NO_FLUSH $(DEPFILE) -c -o $@ $<
$(SERVER_MUTANT): $(SERVER_MUTANT_OBJ) $(call objects,$(SRC_bin/files)) $(CRT0) $(LIBEXOS) $(LIBC) $(PROGRAM_LD)
	$(QUIET)$(CC) $(USER_LDFLAGS) -T $(PROGRAM_LD) -o $@ $(CRT0) $(call objects,$(SRC_bin/files)) $(SERVER_MUTANT_OBJ) $(LIBS)
-include $(SERVER_MUTANT_OBJ:.o=.d)
