/* catalogue.c - unit 0 of a disk: the catalogue is made, checked and changed */
/* SPDX-License-Identifier: MIT */
#include "libexos/volume/catalogue.h"
#include "libexos/edge/crc32c.h"
#include "libexos/edge/string.h"

static const char magic[8] = {'A', 's', 'p', 'i', 's', 'V', 'o', 'l'};

const char *volume_words(int error) {
    static const char *const words[] = {
        "sound",
        "the device failed",
        "no catalogue",
        "damaged or torn",
        "a field without meaning",
        "no such volume",
        "all numbers are taken",
        "the name or the id is taken",
        "its program is refused",
        "its program failed",
        "its program emitted nonsense",
        "it names a unit of another volume",
        "it would have too many units",
        "it names a unit that is not its own",
        "it names a unit that is not wholly written",
        "it is quarantined",
        "nothing is given out while a volume is quarantined",
        "units could not be moved",
        "it was made on a larger disk, or this one is cut off",
    };

    return error > 0 || error < VOLUME_SHORT ? "unknown" : words[-error];
}

static uint32_t catalogue_crc(const struct volume_catalogue *catalogue) {
    static const uint8_t blank[sizeof(catalogue->crc)];
    const uint8_t *bytes = (const uint8_t *)catalogue;
    uint32_t at = __builtin_offsetof(struct volume_catalogue, crc), behind = at + sizeof(blank);
    uint32_t crc = exo_crc32c(0, bytes, at);

    crc = exo_crc32c(crc, blank, sizeof(blank));
    return exo_crc32c(crc, bytes + behind, VOLUME_BLOCK - behind);
}

void volume_catalogue_make(struct volume_catalogue *catalogue, const uint8_t uuid[16],
                           uint32_t units) {
    memset(catalogue, 0, sizeof(*catalogue));
    memcpy(catalogue->magic, magic, sizeof(magic));
    memcpy(catalogue->uuid, uuid, sizeof(catalogue->uuid));
    catalogue->version = VOLUME_VERSION;
    catalogue->units = units;
}

void volume_catalogue_seal(struct volume_catalogue *catalogue) {
    catalogue->sequence++;
    catalogue->crc = catalogue_crc(catalogue);
}

static int is_name(const char *name) {
    uint32_t length = 0;

    while (length < VOLUME_NAME && name[length] > ' ' && name[length] < 127)
        length++;
    for (uint32_t i = length; i < VOLUME_NAME; i++)
        if (name[i])
            return 0;
    return length && length < VOLUME_NAME;
}

static int is_entry(const struct volume_entry *entry, uint32_t units) {
    return entry->id && is_name(entry->name) && !(entry->flags & ~(uint32_t)VOLUME_FOREIGN) &&
           entry->share && entry->limit < units && entry->code_length &&
           entry->code_length <= VOLUME_CODE && !entry->zero;
}

/* Whether an earlier number than `before` has its name or its id. */
static int is_taken(const struct volume_catalogue *catalogue, const struct volume_entry *entry,
                    uint32_t before) {
    for (uint32_t i = 0; i < before; i++) {
        const struct volume_entry *other = &catalogue->entry[i];

        if (other->id && (other->id == entry->id || !memcmp(other->name, entry->name, VOLUME_NAME)))
            return 1;
    }
    return 0;
}

int volume_catalogue_check(const struct volume_catalogue *catalogue, uint32_t units) {
    static const struct volume_entry none;

    if (memcmp(catalogue->magic, magic, sizeof(magic)))
        return VOLUME_MAGIC;
    if (catalogue->crc != catalogue_crc(catalogue))
        return VOLUME_DAMAGED;
    if (catalogue->version != VOLUME_VERSION || catalogue->sequence >= VOLUME_SEQUENCE_END ||
        catalogue->units < 2 || catalogue->units > VOLUME_UNITS)
        return VOLUME_NONSENSE;
    if (catalogue->units > units)
        return VOLUME_SHORT;
    for (uint32_t i = 0; i < sizeof(catalogue->zero) / sizeof(catalogue->zero[0]); i++)
        if (catalogue->zero[i])
            return VOLUME_NONSENSE;
    for (uint32_t i = 0; i < VOLUME_MOST; i++) {
        const struct volume_entry *entry = &catalogue->entry[i];

        if (!memcmp(entry, &none, sizeof(none)))
            continue;
        if (!is_entry(entry, catalogue->units))
            return VOLUME_NONSENSE;
        if (is_taken(catalogue, entry, i))
            return VOLUME_TAKEN;
    }
    return VOLUME_OK;
}

int volume_catalogue_add(struct volume_catalogue *catalogue, const struct volume_entry *entry) {
    if (!is_entry(entry, catalogue->units))
        return VOLUME_NONSENSE;
    if (is_taken(catalogue, entry, VOLUME_MOST))
        return VOLUME_TAKEN;
    for (uint32_t i = 0; i < VOLUME_MOST; i++)
        if (!catalogue->entry[i].id) {
            catalogue->entry[i] = *entry;
            return (int)i + 1;
        }
    return VOLUME_FULL;
}

int volume_catalogue_remove(struct volume_catalogue *catalogue, uint32_t volume) {
    if (!volume_catalogue_entry(catalogue, volume))
        return VOLUME_NUMBER;
    memset(&catalogue->entry[volume - 1], 0, sizeof(struct volume_entry));
    return VOLUME_OK;
}

const struct volume_entry *volume_catalogue_entry(const struct volume_catalogue *catalogue,
                                                  uint32_t volume) {
    if (!volume || volume > VOLUME_MOST || !catalogue->entry[volume - 1].id)
        return 0;
    return &catalogue->entry[volume - 1];
}
