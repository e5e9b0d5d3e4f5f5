/* image.h - a program under construction: what spawn.c, image.c and stack.c share */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_IMAGE_H
#define LIBEXOS_EDGE_IMAGE_H
#include "libexos/edge/elf.h"
#include "libexos/edge/spawn.h"

enum { IMAGE_STACK_MOST = 64, IMAGE_START_MOST = 16 };

struct image {
    exo_domain_t domain;
    exo_vspace_t vspace;
    const struct elf_header *elf;
    const struct elf_segment *segments;
    size_t length;
    struct exo_start *start; /* the start block, in the window */
    uint64_t start_pages;
    uint64_t pages;          /* entries of start->frame used so far */
    uint64_t pins;           /* pinned pages so far */
    uint64_t header_address; /* where the program headers come to lie, 0 = nowhere */
    uint64_t start_frames[IMAGE_START_MOST];
};

/* Checks the ELF file. How many pages its segments take, or an error. */
long image_check(struct image *image, const void *file, size_t length);
/* Loads every segment. */
long image_load(struct image *image);
/* Adds the stack, with arguments; start->stack says where. */
long image_stack(struct image *image, const struct exo_spawn *what);

/* Allocates `pages` (at most 64) frames for the child, maps them into the copy window, zeroed. */
long image_open(struct image *image, uint64_t *frames, uint64_t pages);
/* Allocates them, and binds them in the child as they are, zeroed. */
long image_zero(struct image *image, uint64_t *frames, uint64_t pages, uint64_t address,
                uint64_t rights);
/* Ends the window and binds the frames in the child. */
long image_close(struct image *image, const uint64_t *frames, uint64_t pages, uint64_t address,
                 uint64_t rights);
/* Lists pages in the start block. */
long image_note(struct image *image, uint64_t address, const uint64_t *frames, uint64_t pages,
                uint64_t rights);
/* vspace_bind in the child, donating its own frames for tables. */
long image_bind(struct image *image, uint64_t address, uint64_t frame, uint64_t rights);
#endif
