# crash.mk - the crash states of logfs, and the mutants that they must notice
# SPDX-License-Identifier: MIT

LOGFS_MUTANTS := NO_FLUSH CHECKPOINT_FIRST NO_CHECKSUM REUSE_EARLY NO_DIRECTORY_ORDER
CRASH := $(BUILD)/tests/crash/logfs_crash
CRASH_MUTANTS := $(addprefix $(CRASH)-,$(LOGFS_MUTANTS))
# Fast, not watched by sanitizers: tests/host does that.
CRASH_CFLAGS := -std=gnu11 $(WARNINGS) -g -O2 -I.

$(CRASH): tests/crash/logfs_crash.c scripts/build-host $(FLAGS_FROM) mk/crash.mk
	@CC='$(HOSTCC)' CFLAGS='$(CRASH_CFLAGS)' scripts/build-host $< $@
$(CRASH_MUTANTS): $(CRASH)-%: tests/crash/logfs_crash.c scripts/build-host $(FLAGS_FROM) mk/crash.mk
	@CC='$(HOSTCC)' CFLAGS='$(CRASH_CFLAGS) -DLOGFS_MUTANT_$*' scripts/build-host $< $@
-include $(addsuffix .d,$(CRASH) $(CRASH_MUTANTS))
