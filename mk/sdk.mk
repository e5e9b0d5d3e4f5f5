# sdk.mk - what a program outside this tree needs: headers, libraries, linker script
# SPDX-License-Identifier: MIT

SDK_DIR := $(or $(DESTDIR),$(if $(DIR),$(DIR)/sdk),$(BUILD)/sdk)
SDK_NEEDS := $(CRT0) $(LIBEXOS) $(LIBC)
export USER_CFLAGS USER_LDFLAGS
