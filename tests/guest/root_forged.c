/* root_forged.c - roots, programs and labels put over others', forged numbers and old copies: the
 * kernel keeps volumes off unit 0, and what was done to a disk elsewhere takes nobody's bytes */
/* SPDX-License-Identifier: MIT */
/* disk: 24M */
/* bootargs: volumes=1*1 */
/* timeout: 120 */
#include "tests/guest/kept.h"
#include "tests/guest/bpf.h"

enum { VICTIM = 1, OTHER = 2, THIEF = 3, NEXT = 4 };
enum { VICTIMS = 3, OTHERS = 8, MINE = 12, LOST = 16 };

static struct volume_map map;
static union {
    struct volume_root root;
    struct volume_catalogue catalogue;
    uint8_t bytes[VOLUME_BLOCK];
} block, other;

static uint32_t root_of(uint32_t volume, uint32_t slot) {
    return volume_code_block(volume) + 1 + slot;
}

/* As long as it runs: nothing of unit 0 is a volume's to read or write. */
static void reach_unit0(void) {
    for (uint32_t at = 0; at < KEPT_BLOCKS; at++)
        for (int op = EXO_DISK_READ; op <= EXO_DISK_ZERO; op++)
            check_is(disk_do(&kept.volume[THIEF], (uint8_t)op, (uint64_t)at * BLOCK_SECTORS,
                             BLOCK_SECTORS, kept.frame[0]),
                     EXO_E_RIGHT, "a block of unit 0");
    check_is(disk_do(&kept.volume[THIEF], EXO_DISK_WRITE, MINE * EXO_UNIT - 1, 2, kept.frame[0]),
             EXO_E_RIGHT, "over a volume's start");
    ok_all("catalogue, programs and roots are written by the keeper alone");
}

static void install_over(void) {
    static const uint64_t nobody[] = {BPF_MOV(0, 0), BPF_EXIT};
    uint8_t payload[VOLUME_PAYLOAD] = {0};

    check_is(kept_create("victim", 99, nobody, 2, payload), VOLUME_TAKEN, "a taken name");
    check_is(kept_create("thief2", VICTIM, nobody, 2, payload), VOLUME_TAKEN, "a taken id");
    check_is(kept_create("victim", VICTIM, nobody, 2, payload), VOLUME_TAKEN, "both");
    check_is(kept_create("", 99, nobody, 2, payload), VOLUME_NONSENSE, "no name");
    check_is(kept_create("a b", 99, nobody, 2, payload), VOLUME_NONSENSE, "two words");
    check_is(kept_create("no-id", 0, nobody, 2, payload), VOLUME_NONSENSE, "no id");
    /* Another type's root for a volume whose program is the map's. */
    memset(payload, 0x5a, sizeof payload);
    check_is(volume_ask(&kept.keeper, THIEF, payload), VOLUME_CODE_FAILED, "another type's root");
    check_is(volume_install(&kept.keeper, THIEF, payload), VOLUME_CODE_FAILED, "installed");
    must(!volume_root_read(&kept.keeper, VICTIM, (uint8_t *)&map));
    check_is(volume_install(&kept.keeper, THIEF, (uint8_t *)&map), VOLUME_CONFLICT,
             "the victim's own root as mine");
    for (uint32_t number = 0; number < 300; number += number == NEXT ? 59 : 1)
        if (!number || number >= NEXT)
            check_is(volume_install(&kept.keeper, number, payload), VOLUME_NUMBER, "no volume");
    ok_all("no name, number, id or type of another's is to be had");
    kept_compare(0);
    ok_all("all is as before, byte for byte");
}

/* A block of unit 0 is something else at the next boot. What is set aside, how many; then the block
 * is as it was. */
static void planted(uint32_t at, const void *what, int asides, int last, const char *name) {
    must(!kept_write(NULL, at, what));
    check_is(kept_again(), 0, name);
    check(kept.asides == asides && kept.last == last, "%s: %d volumes are set aside, one for %d",
          name, kept.asides, kept.last);
    if (at == VOLUME_CATALOGUE + !kept.keeper.copy) {
        must(!kept_read(NULL, at, other.bytes));
        check(!memcmp(other.bytes, what, VOLUME_BLOCK) || !other.bytes[0], "%s: is left", name);
    }
    /* Who is not set aside has what it had; and whoever is, its bytes. */
    for (uint32_t unit = 1; unit < KEPT_UNITS; unit++) {
        uint32_t was = kept.was[unit];

        check(kept.owner[unit] == (kept.keeper.volume[was].set_aside ? VOLUME_FREE : was),
              "%s: unit %u is volume %u's", name, unit, kept.owner[unit]);
    }
    must(!kept_write(NULL, at, kept.unit0[at]));
}

/* A forged root or copy of the catalogue: the other one holds. */
static void forged(uint32_t at, const void *what, const char *name) {
    planted(at, what, 0, 0, name);
    check(at != root_of(VICTIM, kept.keeper.volume[VICTIM].slot) &&
              at != VOLUME_CATALOGUE + (uint32_t)kept.keeper.copy,
          "%s: it holds", name);
}

/* Of the victim's two roots the newer one is replaced: the older one names the same. */
static void forged_roots(void) {
    uint32_t newer = root_of(VICTIM, kept.keeper.volume[VICTIM].slot);
    uint32_t older = root_of(VICTIM, !kept.keeper.volume[VICTIM].slot);
    uint32_t thiefs = root_of(THIEF, kept.keeper.volume[THIEF].slot);

    forged(newer, kept.unit0[thiefs], "my root over another's");
    must(!volume_root_read(&kept.keeper, THIEF, (uint8_t *)&map));
    volume_root_seal(&block.root, (uint8_t *)&map, THIEF, 1ull << 40);
    forged(newer, &block, "with a higher number");
    memcpy(&block, kept.unit0[newer], VOLUME_BLOCK);
    for (int i = 0; i < VOLUME_SECTORS; i++)
        block.root.sector[i].sequence += 1000;
    forged(newer, &block, "its own with a higher number, and the sum of before");
    memcpy(&block, kept.unit0[newer], VOLUME_BLOCK);
    block.root.sector[3] = ((struct volume_root *)kept.unit0[older])->sector[3];
    forged(newer, &block, "a sector of the one before");
    memcpy(&block, kept.unit0[newer], VOLUME_BLOCK);
    block.root.sector[0].payload[16] ^= 1;
    forged(newer, &block, "one bit");
    must(!volume_root_read(&kept.keeper, VICTIM, (uint8_t *)&map));
    volume_root_seal(&block.root, (uint8_t *)&map, VICTIM, VOLUME_SEQUENCE_END);
    forged(newer, &block, "the last of all numbers");
    volume_root_seal(&block.root, (uint8_t *)&map, VICTIM, 0);
    forged(newer, &block, "number 0");
    memset(&block, 0, sizeof block);
    forged(newer, &block, "nothing");
    ok_all("a root that was forged does not hold, the one before does");
    planted(volume_code_block(VICTIM), kept.unit0[volume_code_block(OTHER)], 0, 0,
            "the same program");
    memcpy(&block, kept.unit0[volume_code_block(VICTIM)], VOLUME_BLOCK);
    block.bytes[8] ^= 1;
    planted(volume_code_block(VICTIM), &block, 1, VOLUME_DAMAGED, "another type");
    ok_all("a program that was changed does not run, and sets its own volume aside alone");
    is(kept_again(), 0, "with all as it was");
    kept_compare(0);
    ok_all("all is as before, byte for byte");
}

/* The older copy of the catalogue is replaced, by one that says that mine is the victim's. */
static void forged_labels(void) {
    uint32_t older = VOLUME_CATALOGUE + !kept.keeper.copy;
    const struct volume_catalogue *holds = &kept.keeper.catalogue;

    memcpy(&block, kept.unit0[older], VOLUME_BLOCK);
    forged(older, &block, "the older copy itself");
    block.catalogue = *holds;
    block.catalogue.sequence += 1000;
    memcpy(block.catalogue.entry[THIEF - 1].name, "victim", 7);
    forged(older, &block, "a higher number and another name, without a sum");
    block.catalogue = *holds;
    memcpy(block.catalogue.entry[THIEF - 1].name, "victim", 7);
    volume_catalogue_seal(&block.catalogue);
    forged(older, &block, "the victim's name twice, and a sum");
    block.catalogue = *holds;
    block.catalogue.entry[THIEF - 1].id = VICTIM;
    volume_catalogue_seal(&block.catalogue);
    forged(older, &block, "its id twice");
    block.catalogue = *holds;
    block.catalogue.sequence = VOLUME_SEQUENCE_END - 1;
    volume_catalogue_seal(&block.catalogue);
    forged(older, &block, "the last of all numbers");
    block.catalogue = *holds;
    block.catalogue.units = KEPT_UNITS + 1;
    volume_catalogue_seal(&block.catalogue);
    forged(older, &block, "a larger disk");
    block.catalogue = *holds;
    block.catalogue.entry[THIEF - 1].limit = KEPT_UNITS;
    volume_catalogue_seal(&block.catalogue);
    forged(older, &block, "a limit beyond the disk");
    block.catalogue = *holds;
    block.catalogue.version++;
    volume_catalogue_seal(&block.catalogue);
    forged(older, &block, "another version");
    ok_all("a catalogue that was forged does not hold, the one before does");
    /* Made with all sums right: still a root is its id's. */
    block.catalogue = *holds;
    block.catalogue.entry[THIEF - 1].id = VICTIM;
    block.catalogue.entry[VICTIM - 1].id = THIEF;
    volume_catalogue_seal(&block.catalogue);
    planted(older, &block, 2, VOLUME_DAMAGED, "ids exchanged");
    ok_all("who changes places with another has no root there: both are set aside");
    is(kept_again(), 0, "with all as it was");
    kept_compare(0);
    ok_all("all is as before, byte for byte");
}

/* A unit was mine, and is the victim's now; then my root of that time comes back. */
static void replayed(void) {
    static uint8_t old[VOLUME_BLOCK], old_catalogue[2][VOLUME_BLOCK];
    uint32_t slot;

    must(!volume_root_read(&kept.keeper, THIEF, (uint8_t *)&map));
    must(!volume_map_grow(&map, LOST, 1) && !kept_install(THIEF, &map));
    must(!kept_read(NULL, root_of(THIEF, kept.keeper.volume[THIEF].slot), old));
    for (uint32_t i = 0; i < 2; i++)
        must(!kept_read(NULL, VOLUME_CATALOGUE + i, old_catalogue[i]));
    must(!volume_map_shrink(&map, 1));
    must(!kept_install(THIEF, &map) && !kept_install(THIEF, &map));
    must(!volume_root_read(&kept.keeper, VICTIM, (uint8_t *)&map));
    must(!volume_map_grow(&map, LOST, 1) && !kept_install(VICTIM, &map) &&
         !kept_install(VICTIM, &map));
    kept_photo();
    slot = kept.keeper.volume[THIEF].slot;
    planted(root_of(THIEF, !slot), old, 0, 0, "an old root in the place of the older");
    ok_all("an old root does not hold beside a newer one");
    /* Both places: the one before is the only one that there is. */
    must(!kept_write(NULL, root_of(THIEF, slot), old));
    must(!kept_write(NULL, root_of(THIEF, !slot), old));
    is(kept_again(), 0, "an old root in both places");
    ok(kept.asides == 2 && kept.last == VOLUME_CONFLICT &&
           kept.keeper.volume[VICTIM].set_aside == VOLUME_CONFLICT &&
           kept.keeper.volume[THIEF].set_aside == VOLUME_CONFLICT &&
           !kept.keeper.volume[OTHER].set_aside,
       "sets aside who was replayed, and whose unit it named");
    is(volume_root_read(&kept.keeper, THIEF, (uint8_t *)&map), VOLUME_QUARANTINED,
       "it gets no root to work with");
    must(!volume_root_read(&kept.keeper, OTHER, (uint8_t *)&map));
    must(!volume_map_grow(&map, LOST + 2, 1));
    is(volume_ask(&kept.keeper, OTHER, (uint8_t *)&map), VOLUME_FROZEN, "nobody gets a unit");
    is(volume_destroy(&kept.keeper, THIEF), 0, "the replayed one ends");
    ok(!kept_again() && !kept.asides && kept.owner[LOST] == VICTIM, "and the unit is the victim's");
    for (uint32_t unit = 1; unit < KEPT_UNITS; unit++)
        if (kept.was[unit] && kept.was[unit] != THIEF)
            check(kept.owner[unit] == kept.was[unit] &&
                      !kept_unit(kept.was[unit], unit, EXO_DISK_READ),
                  "unit %u of another has changed", unit);
    ok_all("all others have theirs, byte for byte");
    /* The catalogue in which it still was. */
    must(!kept_write(NULL, VOLUME_CATALOGUE + !kept.keeper.copy, old_catalogue[0]));
    ok(!kept_again() && !kept.asides && !volume_catalogue_entry(&kept.keeper.catalogue, THIEF),
       "an old catalogue does not hold beside a newer one");
}

int main(void) {
    kept_open();
    kept_honest(VICTIM, "victim", VICTIMS);
    kept_honest(OTHER, "other", OTHERS);
    kept_honest(THIEF, "thief", MINE);
    kept_photo();
    reach_unit0();
    install_over();
    forged_roots();
    forged_labels();
    replayed();
    kept_close();
    return done();
}
