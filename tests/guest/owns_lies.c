/* owns_lies.c - a volume's owns program that leaves units out, names them twice, claims others' or
 * says something else each time gets what is its own, and changes nothing of anybody's */
/* SPDX-License-Identifier: MIT */
/* disk: 24M */
/* bootargs: volumes=1*1 */
/* timeout: 120 */
#include "tests/guest/bpf.h"
#include "tests/guest/kept.h"
#include "tests/guest/liar.h"
#include "liar.bpf.h"

enum { VICTIM = 1, OTHER = 2, LIAR = 3, NEXT = 4 };
enum { VICTIMS = 3, OTHERS = 8, MINE = 12 /* and the next */, FREE = 15, SPARE = 20 };

static struct liar root;

/* The root says these extents. */
static void say(uint64_t verdict, uint64_t count, const uint64_t (*extent)[2]) {
    memset(&root, 0, sizeof root);
    root.verdict = verdict;
    root.count = count;
    memcpy(root.extent, extent, count * sizeof *extent);
}
#define SAY(...)                                                                                   \
    do {                                                                                           \
        static const uint64_t extents[][2] = {__VA_ARGS__};                                        \
        say(0, sizeof extents / sizeof *extents, extents);                                         \
    } while (0)

static void refused(int error, const char *name) {
    check_is(volume_ask(&kept.keeper, LIAR, (uint8_t *)&root), error, name);
    check_is(volume_install(&kept.keeper, LIAR, (uint8_t *)&root), error, name);
}
#define REFUSED(error, name, ...)                                                                  \
    do {                                                                                           \
        SAY(__VA_ARGS__);                                                                          \
        refused(error, name);                                                                      \
    } while (0)

static void claims(void) {
    REFUSED(VOLUME_CONFLICT, "another's unit", {VICTIMS, 1});
    REFUSED(VOLUME_CONFLICT, "and my own", {VICTIMS, 1}, {MINE, 2});
    REFUSED(VOLUME_CONFLICT, "a free one and another's", {VICTIMS - 1, 2}, {MINE, 2});
    REFUSED(VOLUME_CONFLICT, "another's in the middle", {VICTIMS - 1, 4}, {MINE, 2});
    REFUSED(VOLUME_CONFLICT, "two others'", {VICTIMS, 2}, {OTHERS, 2});
    REFUSED(VOLUME_CONFLICT, "the keeper's", {0, 1}, {MINE, 2});
    REFUSED(VOLUME_CONFLICT, "all there is", {0, KEPT_UNITS});
    REFUSED(VOLUME_EXTENT, "one more", {0, KEPT_UNITS + 1});
    REFUSED(VOLUME_EXTENT, "behind the end", {KEPT_UNITS, 1});
    REFUSED(VOLUME_EXTENT, "over it", {MINE, 2}, {KEPT_UNITS - 1, 2});
    REFUSED(VOLUME_EXTENT, "a wrap", {~0ull, 2});
    REFUSED(VOLUME_EXTENT, "a wrap to mine", {MINE, ~0ull});
    REFUSED(VOLUME_EXTENT, "a wrap of 32 bits", {(1ull << 32) + VICTIMS, 1});
    REFUSED(VOLUME_EXTENT, "a negative start", {1ull << 63, 1});
    REFUSED(VOLUME_EXTENT, "a length of 32 bits", {MINE, (1ull << 32) + 1});
    ok_all("what is others', or is not there, is claimed in vain");
    REFUSED(VOLUME_EXTENT, "a unit twice", {MINE, 1}, {MINE, 1});
    REFUSED(VOLUME_EXTENT, "in two extents", {MINE, 2}, {MINE + 1, 1});
    REFUSED(VOLUME_EXTENT, "downward", {MINE + 1, 1}, {MINE, 1});
    REFUSED(VOLUME_EXTENT, "others' behind mine", {MINE, 2}, {VICTIMS, 1});
    REFUSED(VOLUME_EXTENT, "nothing", {MINE, 0});
    ok_all("units named twice, or out of order, are refused");
    SAY({MINE, 2});
    root.verdict = 1;
    refused(VOLUME_CODE_FAILED, "a root that it calls unsound");
    root.verdict = 1ull << 32;
    refused(VOLUME_CODE_FAILED, "by a high bit");
    root.count = LIAR_EXTENTS + 1;
    refused(VOLUME_CODE_FAILED, "more extents than there is room for");
    SAY({MINE, KEPT_LIMIT + 1});
    check_is(volume_ask(&kept.keeper, LIAR, (uint8_t *)&root), VOLUME_LIMIT, "more than I may");
    check_is(volume_install(&kept.keeper, LIAR, (uint8_t *)&root), VOLUME_UNASKED, "without");
    SAY({MINE, 2}, {FREE, 1});
    check_is(volume_install(&kept.keeper, LIAR, (uint8_t *)&root), VOLUME_UNASKED, "a free one");
    ok_all("nor is what was not asked for, or is not sound");
    kept_compare(0);
    ok_all("all that is as before, byte for byte, my own roots too");
}

/* Asked for with one root, installed with another. */
static void changes(void) {
    struct volume_map map;
    volatile uint64_t *words = kept.page[0];

    SAY({MINE, 2}, {FREE, 1});
    is(volume_ask(&kept.keeper, LIAR, (uint8_t *)&root), 0, "a unit is asked for");
    is(volume_install(&kept.keeper, LIAR, (uint8_t *)&root), VOLUME_UNWRITTEN,
       "and must be written before a root names it");
    kept_fill(LIAR);
    SAY({VICTIMS, 1}, {MINE, 2}, {FREE, 1});
    is(volume_install(&kept.keeper, LIAR, (uint8_t *)&root), VOLUME_CONFLICT,
       "what is installed says more than what was asked");
    SAY({MINE, 2}, {FREE, 2});
    is(volume_install(&kept.keeper, LIAR, (uint8_t *)&root), VOLUME_UNASKED, "or other units");
    kept_compare(LIAR);
    ok_all("others are as before, byte for byte");
    /* The unit is left out: then it is not the liar's, whatever its program remembers. */
    SAY({MINE, 2});
    is(volume_install(&kept.keeper, LIAR, (uint8_t *)&root), 0, "a unit that is left out");
    ok(!kept.owner[FREE] && disk.units[FREE].volume == 0, "is free");
    check_is(disk_do(&kept.volume[LIAR], EXO_DISK_READ, FREE * EXO_UNIT, 8, kept.frame[0]),
             EXO_E_RIGHT, "read it");
    check_is(disk_do(&kept.volume[LIAR], EXO_DISK_WRITE, FREE * EXO_UNIT, 8, kept.frame[0]),
             EXO_E_RIGHT, "write it");
    ok_all("and not to be reached");
    must(!volume_root_read(&kept.keeper, VICTIM, (uint8_t *)&map));
    must(!volume_map_grow(&map, FREE, 1));
    is(volume_ask(&kept.keeper, VICTIM, (uint8_t *)&map), 0, "another gets it");
    words[0] = 0;
    is(disk_do(&kept.volume[VICTIM], EXO_DISK_READ, FREE * EXO_UNIT, 8, kept.frame[0]), EXO_E_EARLY,
       "without what was in it");
    is((int64_t)words[0], 0, "not a word of it");
    is(kept_install(VICTIM, &map), 0, "and fills it");
    SAY({MINE, 2}, {FREE, 1});
    is(volume_ask(&kept.keeper, LIAR, (uint8_t *)&root), VOLUME_CONFLICT, "it does not come back");
}

/* Programs whose answer could hang on more than the root. */
static void moods(void) {
    static const struct {
        const char *name;
        int error;
        uint64_t code[8], count;
    } mood[] = {
        {"writes into its root",
         VOLUME_CODE_FAILED,
         {BPF_MOV(0, 0), BPF_STORE(1, 0, 0), BPF_EXIT},
         3},
        {"reads a register that nobody set",
         VOLUME_CODE_REFUSED,
         {BPF_MOVE(1, 6), BPF_MOV(2, 1), BPF_CALL(1), BPF_MOV(0, 0), BPF_EXIT},
         5},
        {"reads what emit left in a register",
         VOLUME_CODE_REFUSED,
         {BPF_MOV(1, SPARE), BPF_MOV(2, 1), BPF_CALL(1), BPF_MOVE(0, 3), BPF_EXIT},
         5},
        {"asks for the time", VOLUME_CODE_REFUSED, {BPF_CALL(5), BPF_MOV(0, 0), BPF_EXIT}, 3},
        {"asks for chance", VOLUME_CODE_REFUSED, {BPF_CALL(7), BPF_MOV(0, 0), BPF_EXIT}, 3},
        {"calls another function",
         VOLUME_CODE_REFUSED,
         {BPF(0x85, 0, 1, 0, 1), BPF_MOV(0, 0), BPF_EXIT, BPF_EXIT},
         4},
        {"adds atomically",
         VOLUME_CODE_REFUSED,
         {BPF_MOV(0, 0), BPF(0xdb, 1, 0, 0, 0), BPF_EXIT},
         3},
        {"claims what its stack held before",
         VOLUME_UNASKED,
         {BPF_LOAD(1, 10, -8), BPF_ADD(1, SPARE), BPF_MOVE(6, 1), BPF_MOV(2, 1), BPF_CALL(1),
          BPF_STORE(10, 6, -8), BPF_MOV(0, 0), BPF_EXIT},
         8},
    };

    memset(&root, 0, sizeof root);
    for (uint32_t i = 0; i < sizeof mood / sizeof *mood; i++)
        for (int again = 0; again < 2; again++)
            check_is(kept_create("moody", 99, mood[i].code, mood[i].count, &root), mood[i].error,
                     mood[i].name);
    check_is(kept_create("moody", 99, liar_owns, liar_owns_count, &root), NEXT, "an honest one");
    check_is(volume_destroy(&kept.keeper, NEXT), 0, "is there and goes");
    ok_all("a program knows its root, and nothing else that could change");
}

int main(void) {
    kept_open();
    must(sizeof root == VOLUME_PAYLOAD);
    kept_honest(VICTIM, "victim", VICTIMS);
    kept_honest(OTHER, "other", OTHERS);
    memset(&root, 0, sizeof root);
    must(kept_create("liar", LIAR, liar_owns, liar_owns_count, &root) == LIAR);
    SAY({MINE, 2});
    must(!kept_install(LIAR, &root));
    kept_photo();
    claims();
    changes();
    kept_photo();
    moods();
    kept_photo_catalogue();
    kept_compare(NEXT);
    ok_all("others are as before, byte for byte");
    ok(!kept_again() && !kept.asides && !kept.keeper.frozen, "a boot later nobody is set aside");
    kept_compare(NEXT);
    ok_all("and all have what they had, byte for byte");
    kept_close();
    return done();
}
