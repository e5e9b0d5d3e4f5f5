# crash.mk - the crash states of logfs, and the mutants that they must notice
# SPDX-License-Identifier: MIT

LOGFS_MUTANTS := NO_FLUSH CHECKPOINT_FIRST NO_CHECKSUM REUSE_EARLY NO_DIRECTORY_ORDER NO_OUTSIDE
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
