/* unit_leaves_late.c - a unit is its owner's till the root without it is safe, wherever the change
 * stops, and then nobody reads what was in it */
/* SPDX-License-Identifier: MIT */
/* disk: 24M */
/* bootargs: volumes=1*1 */
/* timeout: 120 */
#include "tests/guest/kept.h"

enum { OWNER = 1, OTHER = 2, FIRST = 3, LEAVES = 5 };

static struct volume_map with, without, others;

static int64_t reaches(uint32_t volume, uint8_t op) {
    return disk_do(&kept.volume[volume], op, (uint64_t)LEAVES * EXO_UNIT, 8, kept.frame[0]);
}

/* The disk fails at the change's n-th transfer: whoever had the unit has it, with what is in it. */
static void fails_at(int step, int (*change)(void), const char *name) {
    kept.left = step;
    check_is(change(), VOLUME_IO, name);
    kept.left = KEPT_LASTS;
    check_is(kept.owner[LEAVES], OWNER, "whose it is");
    check_is(disk.units[LEAVES].volume, (int64_t)kept_number(OWNER), "for the kernel, too");
    check_is(kept_unit(OWNER, LEAVES, EXO_DISK_READ), 0, "what is in it");
    check_is(reaches(OTHER, EXO_DISK_READ), EXO_E_RIGHT, "another reads it");
    check_is(reaches(OTHER, EXO_DISK_WRITE), EXO_E_RIGHT, "another writes it");
    check(volume_ask(&kept.keeper, OTHER, (uint8_t *)&others) < 0, "%s: another gets it", name);
}

static int shrink(void) { return volume_install(&kept.keeper, OWNER, (uint8_t *)&without); }
static int end(void) { return volume_destroy(&kept.keeper, OWNER); }

/* A unit that left: nobody's, and then another's that reads nothing of it. */
static void gone(const char *name) {
    volatile uint64_t *words = kept.page[0];

    check(!kept.owner[LEAVES] && !disk.units[LEAVES].volume, "%s: it has not left", name);
    for (int op = EXO_DISK_READ; op <= EXO_DISK_ZERO; op++) {
        check_is(reaches(OWNER, (uint8_t)op), EXO_E_RIGHT, "the old owner");
        check_is(reaches(OTHER, (uint8_t)op), EXO_E_RIGHT, "or anybody");
    }
    check_is(volume_ask(&kept.keeper, OTHER, (uint8_t *)&others), 0, "another gets it");
    words[0] = 0;
    for (uint64_t at = 0; at < EXO_UNIT; at += 8)
        check_is(
            disk_do(&kept.volume[OTHER], EXO_DISK_READ, LEAVES * EXO_UNIT + at, 8, kept.frame[0]),
            EXO_E_EARLY, "a sector that it never wrote");
    check(!words[0], "%s: something was read", name);
    check_is(reaches(OWNER, EXO_DISK_READ), EXO_E_RIGHT, "the old owner");
    ok_all(name);
}

int main(void) {
    int steps = 0;

    kept_open();
    volume_map_make(&with);
    must(kept_create("owner", 11, volume_map_owns, volume_map_owns_count, &with) == OWNER);
    must(kept_create("other", 12, volume_map_owns, volume_map_owns_count, &with) == OTHER);
    others = with;
    must(!volume_map_grow(&with, FIRST, 2) && !volume_map_grow(&others, LEAVES, 1));
    without = with;
    must(!volume_map_grow(&with, LEAVES, 1) && !kept_install(OWNER, &with));
    /* A flush, the root, a flush. */
    for (steps = 1; steps <= 3; steps++) {
        fails_at(steps, shrink, "a root that leaves it out");
        /* After the second or third either root may be there. */
        must(!kept_again());
        check(kept.owner[LEAVES] == OWNER || steps > 1, "the root was not written, and holds");
        check_is(kept.asides, 0, "set aside");
        if (!kept.owner[LEAVES])
            must(!volume_ask(&kept.keeper, OWNER, (uint8_t *)&with));
        kept_fill(OWNER);
        must(!volume_install(&kept.keeper, OWNER, (uint8_t *)&with));
    }
    ok_all("a unit stays its owner's till the root without it is safe");
    is(shrink(), 0, "a root that leaves it out is installed");
    gone("then it is another's, without what was in it");
    must(!kept_again() && !kept.owner[LEAVES]);
    must(!kept_install(OWNER, &with));
    /* The catalogue, a flush. After either the keeper wants a scan. */
    for (steps = 1; steps <= 2; steps++) {
        fails_at(steps, end, "the end of the volume");
        must(!kept_again());
        check(kept.owner[LEAVES] == OWNER || steps > 1, "the catalogue was not written, and holds");
    }
    ok_all("and all units stay till a catalogue without the volume is safe");
    if (volume_catalogue_entry(&kept.keeper.catalogue, OWNER))
        must(!end());
    gone("then they are others'");
    kept_close();
    return done();
}
