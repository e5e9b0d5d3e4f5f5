/* image.c - loading an ELF file into a child's frames: a page writes or executes, never both */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/image.h"
#include "libexos/edge/bind.h"
#include "libexos/edge/string.h"

enum {
    PINS_MOST = EXO_PINS - 4,
    SEGMENT_MOST = 12,
    TABLE_FEED = 4,
    CHUNK = 32 /* pages at a time: that many holds of mine */
};

static uint64_t pages_of(uint64_t bytes) { return (bytes + EXO_PAGE - 1) / EXO_PAGE; }

static int segment_is_sound(const struct elf_segment *s, size_t length) {
    return s->file_size <= s->memory_size && s->offset <= length &&
           s->file_size <= length - s->offset && s->address >= EXO_PAGE && s->address < EXO_HEAP &&
           s->memory_size <= EXO_HEAP - s->address && !((s->flags & ELF_W) && (s->flags & ELF_X));
}

long image_check(struct image *image, const void *file, size_t length) {
    const struct elf_header *elf = file;
    uint64_t pages = 0, end = 0;
    unsigned loads = 0;

    if (length < sizeof(*elf) || memcmp(elf->ident, "\177ELF\2\1", 6) || elf->type != ELF_EXEC ||
        elf->machine != ELF_RISCV || elf->program_header_size != sizeof(struct elf_segment) ||
        elf->program_headers % 8 || elf->program_headers > length ||
        elf->program_header_count > (length - elf->program_headers) / sizeof(struct elf_segment))
        return EXO_E_ARG;
    image->elf = elf;
    image->length = length;
    image->segments = (const struct elf_segment *)((const char *)file + elf->program_headers);
    for (unsigned i = 0; i < elf->program_header_count; i++) {
        const struct elf_segment *s = &image->segments[i];

        if (s->type != ELF_LOAD || !s->memory_size)
            continue;
        /* Ascending, and no two on one page: their rights differ. */
        if (!segment_is_sound(s, length) || (s->address & ~(EXO_PAGE - 1)) < end ||
            ++loads > SEGMENT_MOST)
            return EXO_E_ARG;
        end = (s->address + s->memory_size + EXO_PAGE - 1) & ~(EXO_PAGE - 1);
        pages += pages_of((s->address & (EXO_PAGE - 1)) + s->memory_size);
        if (elf->program_headers >= s->offset &&
            elf->program_headers + elf->program_header_count * sizeof(*s) <=
                s->offset + s->file_size)
            image->header_address = s->address + elf->program_headers - s->offset;
    }
    return loads ? (long)pages : EXO_E_ARG;
}

long image_open(struct image *image, uint64_t *frames, uint64_t pages) {
    long got = exo_alloc(image->domain, frames, pages), shared;

    if (got < 0)
        return got;
    shared = exo_hold_share(image->domain, 0, frames, pages, EXO_R | EXO_W);
    if (shared < (long)pages) {
        if (shared > 0)
            exo_drop(0, frames, (uint64_t)shared);
        return shared < 0 ? shared : EXO_E_FULL;
    }
    got = exo_bind_frames(EXO_WINDOW, frames, pages, EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W));
    if (got < 0)
        exo_drop(0, frames, pages);
    return got;
}

static long feed(struct image *image) {
    uint64_t frames[TABLE_FEED] = {EXO_ANY, EXO_ANY, EXO_ANY, EXO_ANY};
    long got = exo_frame_alloc(image->domain, frames, TABLE_FEED);

    return got <= 0 ? (got < 0 ? got : EXO_E_FULL)
                    : exo_vspace_donate(image->vspace, frames, (uint64_t)got);
}

long image_bind(struct image *image, uint64_t address, uint64_t frame, uint64_t rights) {
    long error = exo_vspace_bind(image->vspace, address, frame, rights);

    if (error != EXO_E_TABLES)
        return error;
    error = feed(image);
    return error < 0 ? error : exo_vspace_bind(image->vspace, address, frame, rights);
}

static long bind_all(struct image *image, const uint64_t *frames, uint64_t pages, uint64_t address,
                     uint64_t rights) {
    struct exo_binding vector[EXO_BATCH];
    uint64_t done = 0;

    for (uint64_t i = 0; i < pages; i++) {
        vector[i].address = (address + i * EXO_PAGE) | rights;
        vector[i].frame = frames[i];
    }
    while (done < pages) {
        long bound = exo_vspace_bindv(image->vspace, vector + done, pages - done);

        if (bound > 0)
            done += (uint64_t)bound;
        else if (bound == EXO_E_TABLES)
            bound = feed(image);
        if (bound <= 0)
            return bound < 0 ? bound : EXO_E_FULL;
    }
    return 0;
}

long image_close(struct image *image, const uint64_t *frames, uint64_t pages, uint64_t address,
                 uint64_t rights) {
    long error = exo_unbind(EXO_WINDOW, pages);

    if (error >= 0)
        error = exo_drop(0, frames, pages);
    return error < 0 ? error : bind_all(image, frames, pages, address, rights);
}

long image_note(struct image *image, uint64_t address, const uint64_t *frames, uint64_t pages,
                uint64_t rights) {
    struct exo_start *start = image->start;
    struct exo_area *area = start->areas ? &start->area[start->areas - 1] : NULL;

    /* frames null: pages that come when they are touched. */
    if (!area || area->rights != rights || area->address + area->pages * EXO_PAGE != address ||
        (area->first == EXO_NO_FRAME) != !frames) {
        if (start->areas == EXO_START_AREAS)
            return EXO_E_FULL;
        area = &start->area[start->areas++];
        area->address = address;
        area->pages = 0;
        area->first = frames ? (uint32_t)image->pages : EXO_NO_FRAME;
        area->rights = (uint32_t)rights;
    }
    area->pages += (uint32_t)pages;
    for (uint64_t i = 0; frames && i < pages; i++)
        start->frame[image->pages++] = (uint32_t)frames[i];
    return 0;
}

long image_zero(struct image *image, uint64_t *frames, uint64_t pages, uint64_t address,
                uint64_t rights) {
    long error = exo_alloc(image->domain, frames, pages);

    return error < 0 ? error : bind_all(image, frames, pages, address, rights);
}

/* Copies what the file has of the pages at `from`, `bytes` long, into the window. */
static void copy_part(const struct image *image, const struct elf_segment *s, uint64_t from,
                      uint64_t bytes) {
    uint64_t low = s->address > from ? s->address : from;
    uint64_t high = s->address + s->file_size;

    if (high > from + bytes)
        high = from + bytes;
    if (low < high)
        memcpy((char *)EXO_WINDOW + (low - from),
               (const char *)image->elf + s->offset + (low - s->address), high - low);
}

static long load_segment(struct image *image, const struct elf_segment *s) {
    uint64_t address = s->address & ~(EXO_PAGE - 1);
    uint64_t left = pages_of((s->address & (EXO_PAGE - 1)) + s->memory_size);
    unsigned now = (s->flags & ELF_R ? EXO_R : 0) | (s->flags & ELF_W ? EXO_W : 0) |
                   (s->flags & ELF_X ? EXO_X : 0);
    uint64_t rights = EXO_RIGHTS(now, now);

    if (s->flags & ELF_PIN && image->pins + left <= PINS_MOST) {
        rights |= EXO_PIN;
        image->pins += left;
    }
    while (left) {
        uint64_t frames[CHUNK];
        uint64_t n = left < CHUNK ? left : CHUNK;
        uint64_t filled = pages_of(s->address + s->file_size - address);
        long error;

        if (address >= s->address + s->file_size) {
            error = image_zero(image, frames, n, address, rights);
        } else {
            n = filled < n ? filled : n;
            error = image_open(image, frames, n);
            if (error < 0)
                return error;
            copy_part(image, s, address, n * EXO_PAGE);
            error = image_close(image, frames, n, address, rights);
        }
        if (error >= 0)
            error = image_note(image, address, frames, n, rights);
        if (error < 0)
            return error;
        address += n * EXO_PAGE;
        left -= n;
    }
    return 0;
}

long image_load(struct image *image) {
    for (unsigned i = 0; i < image->elf->program_header_count; i++) {
        const struct elf_segment *s = &image->segments[i];

        if (s->type == ELF_LOAD && s->memory_size) {
            long error = load_segment(image, s);

            if (error < 0)
                return error;
        }
    }
    return 0;
}
