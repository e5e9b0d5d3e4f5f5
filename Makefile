# Makefile - every command of the project; `make help` lists them
# SPDX-License-Identifier: MIT

# Settings that a command line may change.
BOARD ?= virt
SMP ?= 4
MEM ?= 128M
CMD ?=
DISK ?=
T ?=
# What the shell in the guest gets is nothing for make to expand.
override CMD := $(value CMD)
export BOARD SMP MEM CMD T

ifeq ($(filter -j% --jobs%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
SHELL := /bin/bash

.DEFAULT_GOAL := help
include mk/setup.mk
ifneq ($(and $(WANTS_BUILD),$(SETUP_DONE)),)
include mk/config.mk
include mk/deps.mk
include mk/gen.mk
include mk/ebpf.mk
include mk/user.mk
include mk/kernel.mk
include mk/tools.mk
include mk/image.mk
include mk/crash.mk
include mk/test.mk
include mk/sdk.mk
endif

##@ Everyday

.PHONY: all run test bench bench-disk tools external experiments debug check budget format help clean setup doctor
.PHONY: image flash tftp
.PHONY: fuzz mutants crash plug sweep matrix docs template install-sdk ebpf-plugin

all: $(KERNEL_IMAGE) $(INITRD) ## Build the kernel, init, the programs and the initrd

run: all $(if $(DISK),,$(DISK_IMAGE)) ## Boot in QEMU: SMP=1..8 MEM=128M BOARD=virt|sifive_u CMD='ps; poweroff' DISK=build/disk.img|none
	@DISK=$(or $(filter-out none,$(DISK)),$(if $(DISK),,$(if $(filter virt,$(BOARD)),$(DISK_IMAGE)))) scripts/run

test: $(TEST_NEEDS) ## Run all tests, or T=guest/bind those whose name begins so
	@scripts/test $(TEST_LIST)

bench: $(BENCH_NEEDS) ## Measure, print the table beside the peers' figures, write build/bench.tsv
	@scripts/bench $(BENCHES)

bench-disk: $(HOST_BIN)/bench-disk ## Measure what logfs writes, flushes and reads, beside the peers', write build/bench-disk.tsv
	@scripts/bench-disk $<

tools: $(TOOLS) ## Build mkdisk.aspis, mkfs.logfs, fsck.logfs, dump.logfs and logfs-fuse in build/host/
	@$(if $(FUSE_FOUND),:,echo 'tools: logfs-fuse is left out: libfuse3-dev and pkg-config are not here')

experiments: $(EXPERIMENT_NEEDS) ## Run the experiments, or T=stride: tables here, plots in build/experiments/
	@scripts/experiments $(notdir $(EXPERIMENTS))

debug: all ## Boot stopped under gdb, with the symbols of kernel, init and programs
	@scripts/debug

##@ On a board

image: $(IMAGE_NEEDS) $(BOARD_FIRMWARE) ## Make an SD card: BOARD=virt|unleashed|unmatched|visionfive2 CMD='ps; poweroff' FIRMWARE=card|none
	@scripts/image $(BOARD)

flash: ## Write build/images/aspis-BOARD.img to a card: BOARD=unmatched DEV=/dev/sdX; asks first
	@scripts/flash "build/images/aspis-$(BOARD).img" "$(DEV)"

tftp: $(IMAGE_NEEDS) ## Make build/tftp/BOARD, a directory to boot from over the network, and say how
	@scripts/tftp $(BOARD)

##@ Care

check: $(CHECK_NEEDS) ## Arrows, first lines, document references, format, budget
	@scripts/check

budget: ## Count the lines that run in S-mode; fail above a cap
	@scripts/budget

format: ## Lay out every C file in the house style
	@scripts/format

docs: ## Write docs/ABI.md anew from kernel/abi/syscalls.def
	@scripts/gen-syscalls --doc docs/ABI.md kernel/abi/syscalls.def

fuzz: $(FUZZ_NEEDS) ## Fuzz the verifier, then the kernel's calls, for FUZZ_SECONDS=60 each (T=ebpf|calls, SEED=, ROUNDS=)
	@scripts/fuzz $(FUZZ_CHOSEN)

crash: $(CRASH) ## Crash logfs in STATES=1000000 ways and look at what is left (SEED=1)
	@nice $(CRASH) --states $(or $(STATES),1000000) --seed $(or $(SEED),1) --jobs $(shell nproc)

plug: all tools $(TEST_INITRD) $(REPLAY) ## Pull the plug of a working machine PLUGS=200 times and look at its disk (SEED=1)
	@nice tests/crash/plug $(or $(PLUGS),200) $(or $(SEED),1)

external: tools $(LOGFS_EXERCISE) ## Run fsx and pjdfstest, if they are here, on logfs through FUSE (T=fsx|pjdfstest|exercise, SEEDS=)
	@scripts/external

mutants: $(MUTANT_NEEDS) ## Break the sources as tests/mutants.tsv says; the named tests must notice
	@scripts/mutants

ebpf-plugin: $(EBPF_PLUGIN) ## build/host/ebpf-plugin, for the runner of the bpf_conformance suite

sweep: $(TEST_NEEDS) ## A tick at every single instruction of the swept operations (long)
	@T=guest/sweep_ PATIENCE=20 BOOTARGS=sweep=long scripts/test $(filter tests/guest/sweep_%,$(GUEST_SRC))
matrix: all ## Boot to the prompt over boards, hart counts and memory sizes
	@scripts/matrix

##@ Building on Aspis

template: install-sdk ## Start a program of your own: make template DIR=../mine
	@scripts/template "$(DIR)"

install-sdk: $(SDK_NEEDS) ## Put headers and libraries in DESTDIR (build/sdk)
	@scripts/install-sdk "$(SDK_DIR)"

##@ This machine

setup: ## Install everything that any target needs
	@scripts/setup all

doctor: ## List the tools found and missing
	@scripts/doctor

clean: ## Remove what was built (downloads are kept)
	@scripts/clean

help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
	    /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	    /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
