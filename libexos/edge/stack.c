/* stack.c - a new program's stack: argc, argv, envp and auxv as a Linux program finds them */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "libexos/edge/image.h"
#include "libexos/edge/string.h"
#include "libexos/edge/time.h"

/* Arguments lie in the top pages, which pass through our window. */
enum { STACK_PAGES = 8, ARGUMENT_PAGES = 4, STACK_LIMIT = 256, WORDS_MOST = 1024 };

struct stack {
    uint64_t here;   /* address in our window of ... */
    uint64_t there;  /* ... this address in the child */
    uint64_t bottom; /* lowest byte, here */
    uint64_t top;    /* next free byte downwards, here */
};

/* Puts bytes down; their address in the child, 0 if there is no room. */
static uint64_t push(struct stack *stack, const void *bytes, uint64_t length) {
    if (length > stack->top - stack->bottom)
        return 0;
    stack->top -= length;
    memcpy((void *)stack->top, bytes, length);
    return stack->top - stack->here + stack->there;
}

static long fill(struct stack *stack, const struct image *image, const struct exo_spawn *what) {
    const char *self[] = {what->name};
    const char *const *argv = what->argv ? what->argv : self;
    uint64_t argc = what->argv ? (uint64_t)what->argc : 1;
    uint64_t words[WORDS_MOST], n = 0, random, seed[2];

    if (argc > WORDS_MOST / 2)
        return EXO_E_ARG;
    seed[0] = exo_time() * 0x9e3779b97f4a7c15ull;
    seed[1] = (seed[0] ^ image->domain) * 0xbf58476d1ce4e5b9ull;
    random = push(stack, seed, sizeof(seed));
    words[n++] = argc;
    for (uint64_t i = 0; i < argc; i++)
        if (!(words[n++] = push(stack, argv[i], exo_strlen(argv[i]) + 1)))
            return EXO_E_ARG;
    words[n++] = 0;
    for (uint64_t i = 0; what->envp && what->envp[i]; i++) {
        if (n >= WORDS_MOST - 40)
            return EXO_E_ARG;
        if (!(words[n++] = push(stack, what->envp[i], exo_strlen(what->envp[i]) + 1)))
            return EXO_E_ARG;
    }
    words[n++] = 0;
    const uint64_t auxv[] = {
        AT_PHDR,   image->header_address,
        AT_PHENT,  sizeof(struct elf_segment),
        AT_PHNUM,  image->header_address ? image->elf->program_header_count : 0,
        AT_PAGESZ, EXO_PAGE,
        AT_ENTRY,  image->elf->entry,
        AT_UID,    0,
        AT_EUID,   0,
        AT_GID,    0,
        AT_EGID,   0,
        AT_CLKTCK, 100,
        AT_SECURE, 0,
        AT_RANDOM, random,
        AT_END,    0,
    };
    memcpy(words + n, auxv, sizeof(auxv));
    n += sizeof(auxv) / 8;
    stack->top = (stack->top - 8 * n) & ~15ull;
    stack->top += 8 * n; /* so that the block begins on 16 bytes */
    return push(stack, words, 8 * n) ? 0 : EXO_E_ARG;
}

long image_stack(struct image *image, const struct exo_spawn *what) {
    uint64_t pages = what->stack_pages ? what->stack_pages : STACK_PAGES, rest;
    uint64_t limit = what->stack_limit ? what->stack_limit : STACK_LIMIT;
    uint64_t open = pages < ARGUMENT_PAGES ? pages : ARGUMENT_PAGES;
    uint64_t frames[IMAGE_STACK_MOST], rights = EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W);
    uint64_t top = EXO_STACK_TOP - open * EXO_PAGE, low = EXO_STACK_TOP - pages * EXO_PAGE;
    struct stack stack = {EXO_WINDOW, top, EXO_WINDOW, EXO_WINDOW + open * EXO_PAGE};
    long error;

    if (pages > IMAGE_STACK_MOST)
        return EXO_E_ARG;
    rest = pages - open;
    if (limit > pages && (error = image_note(image, EXO_STACK_TOP - limit * EXO_PAGE, NULL,
                                             limit - pages, rights)) < 0)
        return error;
    error = image_open(image, frames + rest, open);
    if (error < 0)
        return error;
    error = fill(&stack, image, what);
    image->start->stack = stack.top - stack.here + stack.there;
    if (error >= 0)
        error = image_close(image, frames + rest, open, top, rights);
    else
        exo_unbind(EXO_WINDOW, open), exo_drop(0, frames + rest, open);
    if (error >= 0 && rest)
        error = image_zero(image, frames, rest, low, rights);
    return error < 0 ? error : image_note(image, low, frames, pages, rights);
}
