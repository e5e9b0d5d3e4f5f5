/* names.c - the page of names: the kernel knows domains by number only */
/* SPDX-License-Identifier: MIT */
#include "init.h"
#include "libexos/edge/bind.h"

static struct steward_name *names;
static uint64_t frame = EXO_ANY;

long names_open(void) {
    long error = exo_frame_alloc(0, &frame, 1);

    if (error < 0)
        return error;
    error = exo_bind(EXO_HEAP, frame, EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W));
    if (error < 0)
        return error;
    names = (struct steward_name *)EXO_HEAP;
    names_set(domain_of(INIT_DOMAIN), "init");
    return 0;
}

uint64_t names_frame(void) { return frame; }

exo_domain_t domain_of(uint32_t slot) {
    return (uint64_t)exo_domains()[slot].generation << 16 | slot;
}

void names_set(exo_domain_t domain, const char *name) {
    uint32_t slot = exo_slot_of(domain);

    if (!names || slot >= STEWARD_NAMED)
        return;
    names[slot].generation = 0;
    exo_strlcpy(names[slot].text, name, STEWARD_NAME_LENGTH);
    __atomic_store_n(&names[slot].generation, (uint32_t)(domain >> 16), __ATOMIC_RELEASE);
}

const char *names_get(uint32_t slot) {
    static char text[STEWARD_NAME_LENGTH + 16];
    const char *below = "";

    /* One that nobody named is a descendant of one that has a name. */
    for (int i = 0; i < EXO_DEPTH && slot && slot < STEWARD_NAMED; i++) {
        if (names[slot].generation == (uint32_t)exo_domains()[slot].generation) {
            exo_snprintf(text, sizeof text, "%s%.11s", below, names[slot].text);
            return text;
        }
        below = "a child of ";
        slot = exo_domains()[slot].parent;
    }
    return "somebody";
}

bool domain_is_below(uint32_t domain, uint32_t above) {
    for (int i = 0; i < EXO_DEPTH && domain && domain != above; i++)
        domain = exo_domains()[domain].depth > 1 ? exo_domains()[domain].parent : 0;
    return domain && domain == above;
}
