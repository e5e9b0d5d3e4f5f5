/* init_image.S - init.bin, inside the image: the only program that the kernel loads itself */
/* SPDX-License-Identifier: MIT */
    .section .rodata.init, "a"
    .balign 8
    .globl init_image, init_image_end
init_image:
    .incbin "init.bin"
init_image_end:
