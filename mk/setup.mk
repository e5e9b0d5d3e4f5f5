# setup.mk - installs what the wanted goals need before anything else is read
# SPDX-License-Identifier: MIT

# Goals that must work on a bare machine, without a compiler.
BARE_GOALS := help doctor clean setup flash
GOALS := $(or $(MAKECMDGOALS),help)
WANTS_BUILD := $(filter-out $(BARE_GOALS) format budget docs,$(GOALS))

# Which group of tools (scripts/setup knows them) each goal needs.
GROUPS := $(if $(filter-out $(BARE_GOALS),$(GOALS)),base)
GROUPS += $(if $(WANTS_BUILD),build)
GROUPS += $(if $(filter run test bench experiments debug sweep matrix fuzz mutants,$(GOALS)),run)
GROUPS += $(if $(filter test sweep fuzz mutants external,$(GOALS)),test)
GROUPS += $(if $(filter debug,$(GOALS)),debug)
GROUPS += $(if $(filter format check,$(GOALS)),format)
GROUPS += $(if $(filter fuzz,$(GOALS)),fuzz)
GROUPS += $(if $(filter image tftp test,$(GOALS)),image)
# Wishes, not needs: without them logfs-fuse is left out, and tests of images are skipped.
GROUPS += $(if $(filter tools test external,$(GOALS)),fuse)
GROUPS += $(if $(filter test,$(GOALS)),uboot)
WISHES := fuse uboot $(if $(filter image tftp,$(GOALS)),,image)

# make remakes an included file and starts over: one stamp, so the check is cheap.
empty :=
GROUPS := $(strip $(GROUPS))
SETUP_STAMP := $(if $(GROUPS),build/setup/$(subst $(empty) $(empty),-,$(GROUPS)).mk)
SETUP_DONE := $(wildcard $(SETUP_STAMP))
ifneq ($(SETUP_STAMP),)
$(SETUP_STAMP): scripts/setup
	@scripts/setup $(filter-out $(WISHES),$(GROUPS))
	@$(foreach wish,$(filter $(WISHES),$(GROUPS)),scripts/setup $(wish) || echo 'setup: going on without $(wish)';)
	@mkdir -p $(@D) && touch $@
include $(SETUP_STAMP)
endif

# A wrong setting is said at once, before anything is built (and after python3 is there).
ifneq ($(and $(filter run debug,$(GOALS)),$(SETUP_DONE)),)
SETTING_WRONG := $(shell BOARD="$(BOARD)" SMP="$(SMP)" MEM="$(MEM)" scripts/run --check 2>&1)
else ifneq ($(and $(filter image tftp,$(GOALS)),$(SETUP_DONE)),)
SETTING_WRONG := $(shell FIRMWARE="$(FIRMWARE)" scripts/image --check "$(BOARD)" 2>&1)
endif
$(if $(SETTING_WRONG),$(error $(SETTING_WRONG)))
