/* flat_hostile.c - a flat store's program names exactly what its reader does, on any root; roots
 * and directories that somebody forged are refused or harmless */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/flat/root.c libexos/flat/space.c libexos/flat/store.c libexos/flat/version.c */
/* sources: libexos/volume/catalogue.c libexos/volume/root.c libexos/volume/owns.c */
/* sources: libexos/volume/keeper.c libexos/volume/scan.c kernel/ebpf/run.c kernel/ebpf/verify.c */
/* sources: libexos/edge/crc32c.c libexos/edge/string.c */
/* sources: tests/files/flat_model.c tests/files/unit_disk.c */
/* cflags: -DEBPF_LOOPS -D_GNU_SOURCE */
#include <stdlib.h>
#include <string.h>
#include "libexos/edge/crc32c.h"
#include "libexos/flat/internal.h"
#include "tests/files/flat_model.h"
#include "flat.bpf.h"
#include "tap.h"

enum { SPACE = 4096, ROOTS = 3000, HOSTILE = 2500, UNITS = 12, ID = 4711 };

static struct flat_extent emitted[FLAT_EXTENTS + 1];
static uint32_t emits;

static int emit(void *context, uint64_t start, uint64_t length) {
    (void)context;
    if (emits == FLAT_EXTENTS)
        return 1;
    emitted[emits++] = (struct flat_extent){(uint32_t)start, (uint32_t)length};
    return start > UINT32_MAX || length > UINT32_MAX;
}

/* 0: the program holds it for sound. */
static int owns(const struct flat_root *root, uint64_t *steps) {
    struct ebpf_machine machine = {.region = {{(void *)(uintptr_t)root, sizeof(*root), 0}},
                                   .argument = {1ull << 32, sizeof(*root)},
                                   .steps = VOLUME_STEPS,
                                   .emit = emit};
    uint64_t result = 0;
    int ends;

    emits = 0;
    ends = ebpf_run((const struct ebpf_instruction *)flat_owns, &machine, &result);
    *steps = VOLUME_STEPS - machine.steps;
    return ends || result;
}

/* 1: program and reader say the same of it. */
static int agree(const struct flat_root *root) {
    uint64_t steps;
    int refused = owns(root, &steps);

    if (refused == flat_root_sound(root))
        return 0;
    return refused || (emits == root->extents &&
                       !memcmp(emitted, root->extent, emits * sizeof(struct flat_extent)));
}

static const char *one_root(uint32_t *sound, uint32_t *refused) {
    struct flat_root root;
    uint8_t has[SPACE] = {0};
    uint64_t steps;

    flat_root_make(&root, 0);
    for (uint32_t i = chance(600); i; i--) {
        uint32_t start = chance(SPACE), length = chance(5), taken = !start || !length;
        int answer;

        for (uint32_t k = start; k < start + length && k < SPACE; k++)
            taken |= has[k];
        if (start + length > SPACE)
            continue;
        answer = flat_root_add(&root, start, length);
        if (answer && !taken && root.extents < FLAT_EXTENTS)
            return "it did not grow";
        if (!answer && taken)
            return "it has a unit twice";
        if (!answer)
            memset(has + start, 1, length);
    }
    if (!flat_root_sound(&root) || owns(&root, &steps))
        return "what was built is not sound";
    for (uint32_t i = 0; i < emits; i++)
        for (uint32_t k = 0; k < emitted[i].length; k++)
            if (!has[emitted[i].start + k]--)
                return "the program names another unit";
    for (uint32_t i = 0; i < SPACE; i++)
        if (has[i])
            return "the program does not name a unit";
    if (!agree(&root))
        return "program and reader differ";
    for (int i = 0; i < 40; i++) {
        struct flat_root bad = root;
        uint32_t n = 1 + chance(3);

        while (n--) {
            uint32_t at = chance(2) ? chance(24) : chance(24 + 8 * root.extents) + 40;

            ((uint8_t *)&bad)[at % sizeof(bad)] ^= (uint8_t)(1 << chance(8));
        }
        if (!agree(&bad))
            return "program and reader differ about a spoilt root";
        *sound += (uint32_t)flat_root_sound(&bad);
        *refused += !flat_root_sound(&bad);
    }
    return NULL;
}

static void roots(void) {
    struct flat_root root;
    const char *wrong = NULL;
    uint32_t sound = 0, refused = 0;
    uint64_t steps;

    for (int i = 0; i < ROOTS && !wrong; i++)
        wrong = one_root(&sound, &refused);
    ok(!wrong, wrong ? wrong : "the program names what random roots name, and refuses spoilt ones");
    ok(sound > 1000 && refused > 1000, "both were seen");
    flat_root_make(&root, 0);
    for (uint32_t i = 0; i < FLAT_EXTENTS; i++)
        flat_root_add(&root, FLAT_UNITS - 1 - 2 * i, 1);
    ok(root.extents == FLAT_EXTENTS && flat_root_add(&root, 1, 1), "a root may be full");
    ok(!owns(&root, &steps) && emits == FLAT_EXTENTS && steps < VOLUME_STEPS,
       "and is within the steps");
    printf("# %llu steps of %d\n", (unsigned long long)steps, VOLUME_STEPS);
}

/* The store's own words, spoilt, and all sums made right again. */
static void spoil(struct flat_root *root) {
    uint32_t kind = chance(5), n = 1 + chance(4), i = chance(root->directories);
    uint8_t *directory = unit_disk.block[root->directory[i].block];
    struct flat_entry *entry = (struct flat_entry *)directory + chance(20);
    uint32_t block = unit_disk.units * VOLUME_UNIT_BLOCKS;
    struct volume_root sealed;

    switch (kind) {
    case 0: /* bits of the root */
        while (n--)
            ((uint8_t *)root)[chance(2) ? chance(40) : chance(sizeof(*root))] ^=
                (uint8_t)(1 << chance(8));
        break;
    case 1: /* a directory somewhere else */
        root->directory[i].block = chance(2) ? root->directory[0].block + 1 : chance(block);
        root->directories += chance(4);
        directory = unit_disk.block[root->directory[i].block % block];
        break;
    case 2: /* bits of a directory */
        while (n--)
            directory[chance(20 * sizeof(*entry))] ^= (uint8_t)(1 << chance(8));
        break;
    case 3: /* an entry with another place, size or number */
        switch (chance(4)) {
        case 0:
            entry->block = chance(2) ? entry->block + 1 : chance(block);
            break;
        case 1:
            entry->size = chance(2) ? FLAT_GONE : entry->size * 2 + chance(100000);
            break;
        case 2:
            entry->sequence = chance(2) ? FLAT_NOW : entry->sequence + 1;
            break;
        default:
            memcpy(entry, (struct flat_entry *)directory + chance(20), sizeof(*entry));
        }
        break;
    default: /* anything, of what has no sum but its entry's */
        while (n--)
            unit_disk.block[root->extent[0].start * VOLUME_UNIT_BLOCKS + chance(VOLUME_UNIT_BLOCKS)]
                           [chance(VOLUME_BLOCK)] ^= 1;
    }
    if (chance(8))
        root->directory[i].sum = exo_crc32c(0, directory, VOLUME_BLOCK);
    volume_root_seal(&sealed, (const uint8_t *)root, ID, unit_disk.keeper.volume[1].sequence + 1);
    memcpy(unit_disk.block[volume_code_block(1) + 1 + !unit_disk.keeper.volume[1].slot], &sealed,
           VOLUME_BLOCK);
}

/* What was opened is a store: nothing in it is named twice. */
static int is_store(const struct flat *store) {
    uint8_t named[UNITS * VOLUME_UNIT_BLOCKS] = {0};
    int twice = 0;

    for (uint32_t i = 0; i < store->root.directories; i++)
        twice |= named[store->root.directory[i].block]++;
    for (uint32_t i = 0; i < store->root.directories * FLAT_ENTRIES; i++)
        for (uint32_t k = 0; k < flat_blocks(store->room.entry[i].size); k++)
            twice |= named[store->room.entry[i].block + k]++;
    return !twice;
}

/* All calls, whatever they answer. */
static void use(struct flat *store) {
    static uint8_t bytes[1 << 16];
    struct flat_entry entry;
    char key[FLAT_KEY + 1] = {0};
    uint32_t cookie = 0;

    while (flat_list(store, FLAT_NOW, &cookie, &entry) == 1) {
        memcpy(key, entry.key, FLAT_KEY);
        flat_get(store, key, FLAT_NOW, bytes, chance(2) * chance(9999), sizeof(bytes));
        flat_versions(store, key, 0, &entry);
    }
    flat_check(store);
    flat_put(store, "new", bytes, chance(sizeof(bytes)), 1);
    flat_delete(store, key, 2);
    flat_forget(store, FLAT_NOW);
    flat_trim(store);
    flat_close(store);
}

static void hostile(void) {
    static struct model model = {.most = 20000};
    static struct flat_entry entry[FLAT_ENTRIES];
    static uint64_t map[UNITS * FLAT_MAP_WORDS];
    static struct flat store, neighbour;
    struct flat_device other = unit_disk_flat(2);
    struct flat_room room = {entry, map, FLAT_ENTRIES, UNITS};
    struct model_change change;
    struct flat_root root;
    uint32_t opened = 0, refused = 0, aside = 0, bad = 0, most = 0;

    unit_disk_make(UNITS);
    flat_root_make(&root, FLAT_WIPES | FLAT_KEEPS);
    bad |= unit_disk_create("hostile", ID, 5, NULL, 0, &root) != 1 || model_open(&store, 1);
    flat_root_make(&root, 0);
    bad |= unit_disk_create("neighbour", 6, 5, NULL, 0, &root) != 2;
    bad |= flat_open(&neighbour, &other, &room) || flat_put(&neighbour, "mine", "content", 7, 0);
    model.flags = FLAT_WIPES | FLAT_KEEPS;
    for (int i = 0; i < 120; i++) {
        model_choose(&model, &change);
        if (change.kind == MODEL_FORGET || model_do(&store, &change) < 0)
            continue;
        model = change.after;
    }
    ok(!bad && model.count > 20 && !model_differs(&model, &store), "a store, and a neighbour's");
    for (int i = 0; i < HOSTILE && !bad; i++) {
        uint32_t calls;
        char back[8] = {0};

        unit_disk_mark();
        /* The root as it is, and the books as after a boot. */
        if (unit_disk_boot(LAYOUT_NONE))
            break;
        volume_root_read(&unit_disk.keeper, 1, (uint8_t *)&root);
        unit_disk_remember();
        spoil(&root);
        calls = unit_disk.calls;
        if (unit_disk_boot(LAYOUT_NONE))
            bad = 1;
        else if (unit_disk.quarantines)
            aside++;
        else if (model_open(&store, 1))
            refused++;
        else {
            opened++;
            bad |= !is_store(&store);
            use(&store);
        }
        most = unit_disk.calls - calls > most ? unit_disk.calls - calls : most;
        bad |= unit_disk.crimes != 0;
        /* Another volume's unit that a root names: both are set aside, as nobody can tell. */
        if (!unit_disk.keeper.volume[2].set_aside)
            bad |= flat_open(&neighbour, &other, &room) || flat_check(&neighbour) ||
                   flat_get(&neighbour, "mine", FLAT_NOW, back, 0, 8) != 7 ||
                   memcmp(back, "content", 7);
        unit_disk_return();
    }
    printf("# %u opened, %u refused, %u set aside; at most %u reads and writes\n", opened, refused,
           aside, most);
    ok(!bad, "forged stores do no harm");
    ok(opened > 300 && refused > 300 && aside > 50, "all three ends were seen");
    ok(most < 100000, "and their work is bounded");
}

int main(void) {
    roots();
    hostile();
    return done();
}
