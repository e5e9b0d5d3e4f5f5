/* spawn.c - starting a program in a domain of its own */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "libexos/edge/companion.h"
#include "libexos/edge/export.h"
#include "libexos/edge/feature.h"
#include "libexos/edge/image.h"
#include "libexos/edge/string.h"
#include "libexos/edge/time.h"

/* The copy window: [0, 64 pages) the pages being filled, then the start block, the u-area, and the
 * parent pages of living children. */
#define WINDOW_START (EXO_WINDOW + 0x100000)
#define WINDOW_UAREA (EXO_WINDOW + 0x180000)
#define WINDOW_PARENTS (EXO_WINDOW + 0x200000)

enum { PARENTS = 64, TABLES = 12, PAIR_TRIES = 64 };

static uint64_t parents; /* bit n: window for parent page n is taken */

static const uint32_t default_limits[EXO_RESOURCES] = {
    [EXO_FRAMES] = 4096, [EXO_HOLDS] = 64, [EXO_VSPACES] = 1, [EXO_ENVS] = 1,
    [EXO_PROGRAMS] = 0,  [EXO_RINGS] = 0,  [EXO_IRQS] = 0,
};

static uint64_t bits_of(uint64_t mask) {
    uint64_t n = 0;

    for (; mask; mask &= mask - 1)
        n++;
    return n;
}

static long grant(const struct exo_spawn *what, exo_domain_t domain) {
    const volatile struct exo_domain *domains = exo_domains();
    exo_domain_t giver = what->parent ? what->parent : exo_uarea()->domain;
    const volatile struct exo_domain *from = domains ? &domains[exo_slot_of(giver)] : NULL;

    for (unsigned r = 0; r < EXO_RESOURCES; r++) {
        uint64_t count = what->limits[r];
        long error;

        if (!count && r == EXO_SLOTS)
            count = bits_of(what->harts) * (what->slots ? what->slots : 8);
        else if (!count)
            count = default_limits[r];
        if (!what->limits[r] && r == EXO_FRAMES && from) {
            uint64_t half = (from->limit[r] - from->used[r]) / 2;

            count = count < half ? count : half;
        }
        if (count && (error = exo_domain_grant(domain, r, (int64_t)count)) < 0)
            return error;
    }
    return 0;
}

/* Two adjacent frames for the domain: the number of the first, or an error. */
static long pair_alloc(exo_domain_t domain) {
    const volatile struct exo_frame *frames = exo_frames();
    const volatile struct exo_facts *facts = exo_facts();
    long got = exo_frame_pair(domain);
    unsigned tries = 0;

    if (got != EXO_E_FULL || !frames)
        return got;
    /* No luck by chance: look in the table. */
    for (uint64_t n = facts->first_free; n + 1 < facts->frames && tries < PAIR_TRIES; n++) {
        uint64_t two[2] = {n, n + 1};

        if (frames[n].kind != EXO_FRAME_FREE || frames[n + 1].kind != EXO_FRAME_FREE)
            continue;
        tries++;
        got = exo_frame_alloc(domain, two, 2);
        if (got == 2)
            return (long)n;
        if (got == 1)
            exo_drop(domain, two, 1);
        if (got == EXO_E_QUOTA)
            return got;
    }
    return EXO_E_FULL;
}

static long make_vspace(struct image *image) {
    uint64_t frames[2 + TABLES];
    long got;

    got = exo_alloc(image->domain, frames, 2 + TABLES);
    if (got < 0)
        return got;
    got = exo_vspace_create(image->domain, frames[0], frames[1]);
    if (got < 0)
        return got;
    image->vspace = (exo_vspace_t)got;
    return exo_vspace_donate(image->vspace, frames + 2, TABLES);
}

/* The start block is open in our window while the program is built. */
static long open_start(struct image *image, const struct exo_spawn *what, uint64_t pages) {
    uint64_t bytes = sizeof(struct exo_start) + 4 * (pages + IMAGE_STACK_MOST);
    struct exo_start *start = (struct exo_start *)WINDOW_START;
    long error;

    image->start_pages = (bytes + EXO_PAGE - 1) / EXO_PAGE;
    if (image->start_pages > IMAGE_START_MOST)
        return EXO_E_ARG;
    error = exo_alloc(image->domain, image->start_frames, image->start_pages);
    if (error < 0)
        return error;
    error =
        exo_hold_share(image->domain, 0, image->start_frames, image->start_pages, EXO_R | EXO_W);
    if (error < (long)image->start_pages)
        return error < 0 ? error : EXO_E_FULL;
    error = exo_bind_frames(WINDOW_START, image->start_frames, image->start_pages,
                            EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W));
    if (error < 0)
        return error;
    start->magic = EXO_START_MAGIC;
    start->pages = image->start_pages;
    start->parent_env = exo_uarea()->env;
    start->console = what->console;
    start->instance = what->instance;
    start->files = what->files;
    start->epoch = exo_epoch();
    start->features = exo_features;
    memcpy(start->word, what->word, sizeof(start->word));
    exo_strlcpy(start->name, what->name ? what->name : "program", sizeof(start->name));
    image->start = start;
    return 0;
}

static long close_start(struct image *image) {
    uint64_t rights = EXO_RIGHTS(EXO_R, EXO_R);
    long error = image_note(image, EXO_START, image->start_frames, image->start_pages, rights);

    for (uint64_t i = 0; error >= 0 && i < image->start_pages; i++)
        error = image_bind(image, EXO_START + i * EXO_PAGE, image->start_frames[i], rights);
    return error;
}

/* One page of mine, shared with the child. */
static long make_parent(struct image *image, struct exo_child *child) {
    uint64_t rights = EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W), frame = EXO_ANY;
    long error = exo_frame_alloc(0, &frame, 1);

    if (error <= 0)
        return error < 0 ? error : EXO_E_FULL;
    child->parent_frame = frame;
    for (unsigned i = 0; i < PARENTS && !child->page; i++) {
        if (parents >> i & 1)
            continue;
        error = exo_bind(WINDOW_PARENTS + i * EXO_PAGE, frame, rights);
        if (error < 0)
            return error;
        parents |= 1ull << i;
        child->page = (struct exo_parent *)(WINDOW_PARENTS + i * EXO_PAGE);
    }
    error = exo_hold_share(0, image->domain, &frame, 1, EXO_R | EXO_W);
    if (error < 1)
        return error < 0 ? error : EXO_E_FULL;
    image->start->parent = EXO_PARENT;
    error = image_note(image, EXO_PARENT, &frame, 1, rights);
    return error < 0 ? error : image_bind(image, EXO_PARENT, frame, rights);
}

static long make_env(struct image *image, struct exo_child *child) {
    struct exo_uarea *uarea = (struct exo_uarea *)WINDOW_UAREA;
    uint64_t rights = EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W), frame;
    long got = pair_alloc(image->domain);

    if (got < 0)
        return got;
    child->uarea_frame = frame = (uint64_t)got;
    got = exo_env_create(image->domain, image->vspace, frame, EXO_UAREA);
    if (got < 0)
        return got;
    child->env = (exo_env_t)got;
    got = exo_hold_share(image->domain, 0, &frame, 1, EXO_R | EXO_W);
    if (got < 1)
        return got < 0 ? got : EXO_E_FULL;
    got = exo_bind(WINDOW_UAREA, frame, rights);
    if (got >= 0) {
        uarea->user[EXO_USER_STACK] = image->start->stack & ~15ull;
        uarea->user[EXO_USER_START] = EXO_START;
        uarea->entry_start = image->elf->entry;
        exo_unbind(WINDOW_UAREA, 1);
    }
    exo_drop(0, &frame, 1);
    return got < 0 ? got : image_bind(image, EXO_UAREA, frame, rights | EXO_PIN);
}

long exo_slots_take(exo_domain_t domain, uint64_t hart, uint64_t count, exo_env_t env) {
    const volatile struct exo_slot *slots = exo_slots();
    uint64_t taken = 0;

    if (!slots || hart >= exo_facts()->harts || count == 0 || count > EXO_SLOTS_PER_HART)
        return EXO_E_ARG;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t wish = i * EXO_SLOTS_PER_HART / count;

        for (uint64_t k = 0; k < EXO_SLOTS_PER_HART; k++) {
            uint64_t position = (wish + k) % EXO_SLOTS_PER_HART;

            if (slots[hart * EXO_SLOTS_PER_HART + position].domain)
                continue;
            long error = exo_slice_bind(domain, hart, position, env);

            if (error >= 0) {
                taken++;
                break;
            }
            if (error != EXO_E_FULL)
                return taken ? (long)taken : error;
        }
    }
    return (long)taken;
}

long exo_domain_end(exo_domain_t domain) {
    long answer;

    do
        answer = exo_domain_kill(domain);
    while (answer == EXO_E_AGAIN);
    return answer;
}

static void close_window(const struct image *image) {
    exo_unbind(EXO_WINDOW, EXO_BATCH);
    exo_unbind(WINDOW_UAREA, 1);
    if (image->start_pages) {
        exo_unbind(WINDOW_START, image->start_pages);
        exo_drop(0, image->start_frames, image->start_pages);
    }
}

static long run(const struct exo_spawn *what, const struct exo_child *child) {
    for (uint64_t hart = 0; hart < EXO_HARTS; hart++) {
        if (what->harts >> hart & 1) {
            long got =
                exo_slots_take(child->domain, hart, what->slots ? what->slots : 8, child->env);

            if (got <= 0)
                return got < 0 ? got : EXO_E_FULL;
        }
    }
    return what->stopped ? 0 : exo_env_start(child->env);
}

long exo_spawn(const struct exo_spawn *what, struct exo_child *child) {
    struct image image = {0};
    long error;

    memset(child, 0, sizeof(*child));
#define STEP(name, call)                                                                           \
    do {                                                                                           \
        child->step = name;                                                                        \
        if ((error = (call)) < 0)                                                                  \
            goto fail;                                                                             \
    } while (0)
    STEP("elf", image_check(&image, what->image, what->length));
    long pages = error;
    STEP("domain", exo_domain_create(what->parent));
    child->domain = image.domain = (exo_domain_t)error;
    STEP("limits", grant(what, image.domain));
    STEP("vspace", make_vspace(&image));
    child->vspace = image.vspace;
    STEP("start block", open_start(&image, what, (uint64_t)pages));
    STEP("image", image_load(&image));
    STEP("stack", image_stack(&image, what));
    STEP("parent page", make_parent(&image, child));
    STEP("start block", close_start(&image));
    STEP("environment", make_env(&image, child));
    close_window(&image);
    image.start_pages = 0;
    STEP("start", run(what, child));
#undef STEP
    child->step = NULL;
    return 0;
fail:
    close_window(&image);
    exo_reap(child);
    return error;
}

long exo_wait(struct exo_child *child, int64_t *status, uint64_t deadline) {
    const volatile struct exo_parent *page = child->page;

    for (;;) {
        int dead = exo_env_state_of(child->env) == EXO_ENV_DEAD;
        uint64_t state = page ? __atomic_load_n(&page->state, __ATOMIC_ACQUIRE) : EXO_CHILD_RUNS;

        if (state == EXO_CHILD_EXITED || state == EXO_CHILD_CRASHED) {
            *status = page->status;
            return (long)state;
        }
        if (dead)
            return EXO_E_DEAD;
        uint64_t now = exo_time(), soon = now + exo_ticks_of_ns(10000000);

        if (now >= deadline)
            return EXO_E_AGAIN;
        exo_sleep(EXO_EVENT_CHILD, soon < deadline ? soon : deadline);
    }
}

long exo_reap(struct exo_child *child) {
    long answer = child->domain ? exo_domain_end(child->domain) : 0;

    if (child->page) {
        exo_unbind((uint64_t)child->page, 1);
        parents &= ~(1ull << (((uint64_t)child->page - WINDOW_PARENTS) / EXO_PAGE));
    }
    if (child->parent_frame)
        exo_drop(0, &child->parent_frame, 1);
    child->domain = child->env = child->vspace = child->parent_frame = 0;
    child->page = NULL;
    return answer;
}
