# image.mk - SD cards of boards, without root, and what a boot by TFTP needs
# SPDX-License-Identifier: MIT

# What every image is made from; a board's firmware is fetched as a package and unpacked, never installed.
IMAGE_NEEDS := $(KERNEL_IMAGE) $(INITRD) $(ROOT_TREE).stamp $(HOST_BIN)/mkdisk.aspis $(HOST_BIN)/mkfs.logfs
FIRMWARE_unleashed := u-boot-sifive
FIRMWARE_unmatched := u-boot-sifive
FIRMWARE_visionfive2 := $(if $(filter card,$(FIRMWARE)),u-boot-starfive)
BOARD_FIRMWARE := $(if $(filter none,$(FIRMWARE)),,$(addprefix $(DEPS)/,$(addsuffix /.stamp,$(FIRMWARE_$(BOARD)))))
export FIRMWARE

$(DEPS)/u-boot-%/.stamp: scripts/fetch-deps scripts/deps.pins
	@scripts/fetch-deps u-boot-$* $(@D)
	@touch $@
