# deps.mk - the parts that we take: libfdt for the kernel, musl for programs
# SPDX-License-Identifier: MIT

DEPS := $(BUILD)/deps
LIBFDT_SRC := $(DEPS)/libfdt
MUSL := $(DEPS)/musl-install
LIBC := $(MUSL)/lib/libc.a

$(LIBFDT_SRC)/.stamp: scripts/fetch-deps scripts/deps.pins
	@scripts/fetch-deps libfdt $(LIBFDT_SRC)
	@touch $@

$(DEPS)/musl/.stamp: scripts/fetch-deps scripts/deps.pins
	@scripts/fetch-deps musl $(DEPS)/musl
	@touch $@

# musl is built as it comes, but its system calls call the library (libexos/posix/musl).
$(LIBC): $(DEPS)/musl/.stamp scripts/build-musl libexos/posix/musl/syscall_arch.h
	@scripts/build-musl $(DEPS)/musl $(MUSL)
