/* owns_bomb.c - an owns program that runs for ever, says too much, or reaches out of its root ends
 * in bounded steps, with nothing changed; one found on a disk harms its own volume alone */
/* SPDX-License-Identifier: MIT */
/* disk: 24M */
/* bootargs: volumes=1*1 */
/* timeout: 120 */
#include "libexos/edge/crc32c.h"
#include "tests/guest/bpf.h"
#include "tests/guest/kept.h"

enum { VICTIM = 1, OTHER = 2, BOMB = 3, NEXT = 4 };
enum { VICTIMS = 3, OTHERS = 8, MINE = 12 };
enum { SECONDS = 2 /* far more than the steps take on a slow host */ };

static uint64_t root[VOLUME_PAYLOAD / 8];

/* The other loop of two words: on and on, as long as r0 is 0. */
#define BPF_SPIN BPF_MOV(0, 0), BPF(0x15, 0, 0, -1, 0)
#define BPF_WIDE(to, value) BPF(0x18, to, 0, 0, value), BPF(0, 0, 0, 0, (uint64_t)(value) >> 32)
#define BPF_EMIT BPF_CALL(1)

struct bomb {
    const char *name;
    int error;
    uint32_t count;
    uint64_t code[16];
};
#define BOMB_OF(name, error, ...)                                                                  \
    {                                                                                              \
        name, error, sizeof((uint64_t[]){__VA_ARGS__}) / 8, { __VA_ARGS__ }                        \
    }
#define FAILS(name, ...) BOMB_OF(name, VOLUME_CODE_FAILED, __VA_ARGS__)
#define NONSENSE(name, ...) BOMB_OF(name, VOLUME_EXTENT, __VA_ARGS__)

static const struct bomb endless[] = {
    FAILS("a loop of one", BPF_JUMP(-1)),
    FAILS("a loop of two", BPF_SPIN, BPF_EXIT),
    FAILS("a count to 2^64", BPF_MOV(6, 0), BPF_ADD(6, 1), BPF_JNE(6, 0, -2), BPF_MOV(0, 0),
          BPF_EXIT),
    FAILS("a loop after an honest answer", BPF_MOV(1, MINE), BPF_MOV(2, 1), BPF_EMIT, BPF_JUMP(-1)),
};

static const struct bomb output[] = {
    NONSENSE("nothing, for ever", BPF_MOV(1, MINE), BPF_MOV(2, 0), BPF_EMIT, BPF_JUMP(-4)),
    NONSENSE("one extent, for ever", BPF_MOV(1, MINE), BPF_MOV(2, 1), BPF_EMIT, BPF_JUMP(-4)),
    NONSENSE("unit after unit", BPF_MOV(6, 1), BPF_MOVE(1, 6), BPF_MOV(2, 1), BPF_EMIT,
             BPF_ADD(6, 1), BPF_JUMP(-5)),
    NONSENSE("all numbers there are", BPF_MOV(1, 1), BPF_MOV(2, -1), BPF_EMIT, BPF_EXIT),
    NONSENSE("half of them", BPF_WIDE(1, 1ull << 63), BPF_WIDE(2, 1ull << 63), BPF_EMIT, BPF_EXIT),
    NONSENSE("down from the end", BPF_MOV(6, KEPT_UNITS), BPF_ADD(6, -1), BPF_MOVE(1, 6),
             BPF_MOV(2, 1), BPF_EMIT, BPF_JUMP(-5)),
};

#define READS(name, address)                                                                       \
    FAILS(name, BPF_WIDE(4, address), BPF_LOAD(0, 4, 0), BPF_MOV(0, 0), BPF_EXIT)
#define WRITES(name, to, offset) FAILS(name, BPF_STORE(to, 1, offset), BPF_MOV(0, 0), BPF_EXIT)
#define REGION(n) ((uint64_t)((n) + 1) << 32)

static const struct bomb reach[] = {
    READS("address 0", 0ull),
    READS("before the root", REGION(0) - 8),
    READS("one byte before it", REGION(0) - 1),
    READS("over its end", REGION(0) + VOLUME_PAYLOAD - 7),
    READS("behind it", REGION(0) + VOLUME_PAYLOAD),
    READS("the rest of the block", REGION(0) + VOLUME_BLOCK - 8),
    READS("far behind it", REGION(0) + 0xfffffff8),
    READS("a second region", REGION(1)),
    READS("a last one", REGION(3)),
    READS("over the stack", REGION(4) + 512 - 7),
    READS("behind the stack", REGION(4) + 512),
    READS("behind all regions", REGION(5)),
    READS("the program's own address", 0x1000000000ull),
    READS("the kernel's", 0xffffffc080000000ull),
    READS("the last byte", ~0ull),
    WRITES("into the root", 1, 0),
    WRITES("behind it", 1, VOLUME_PAYLOAD),
    WRITES("over the stack", 10, 0),
    WRITES("below it", 10, -520),
};

static void all_fail(const struct bomb *bomb, uint64_t count, const char *name) {
    uint64_t longest = 0;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t begin = now();

        check_is(kept_create("fresh", 99, bomb[i].code, bomb[i].count, root), bomb[i].error,
                 bomb[i].name);
        longest = now() - begin > longest ? now() - begin : longest;
    }
    check(longest < SECONDS * window.facts->timebase, "one took %lu ticks", longest);
    ok_all(name);
    note("the longest took %lu us", longest * 1000000 / window.facts->timebase);
}
#define ALL_FAIL(bombs, name) all_fail(bombs, sizeof(bombs) / sizeof *(bombs), name)

/* Programs whose size is the bomb. */
static void sizes(void) {
    static uint64_t code[CODE_MOST + 1];
    static const uint32_t counts[] = {CODE_MOST + 1, VOLUME_BLOCK / 8 + 1, 1u << 31, ~0u};

    for (uint32_t i = 0; i <= CODE_MOST; i++)
        code[i] = i < CODE_MOST - 1 ? BPF_MOV(0, 0) : BPF_EXIT;
    for (uint32_t i = 0; i < sizeof counts / sizeof *counts; i++)
        check_is(kept_create("fresh", 99, code, counts[i], root), VOLUME_NONSENSE, "too many");
    check_is(kept_create("fresh", 99, code, 0, root), VOLUME_CODE_REFUSED, "none");
    /* The first half jumps to the second, and that back, one further each time: each way back is
     * one more look at all. */
    for (uint32_t i = 0; i < CODE_MOST / 2; i++) {
        code[i] = BPF_JUMP(CODE_MOST / 2 - 1);
        code[CODE_MOST / 2 + i] = BPF_JUMP(-CODE_MOST / 2);
    }
    code[CODE_MOST - 1] = BPF_JUMP(-1);
    check_is(kept_create("fresh", 99, code, CODE_MOST, root), VOLUME_CODE_REFUSED,
             "a bomb for the verifier");
    ok_all("programs too long, or too much to verify, do not come that far");
}

/* By its root's first word: nothing; two units; another's unit, and then on for ever. */
enum { NOTHING, HONEST, AWAKE };
static const uint64_t sleeper[] = {
    BPF_LOAD(3, 1, 0),
    BPF_JNE(3, NOTHING, 2),
    BPF_MOV(0, 0),
    BPF_EXIT,
    BPF_JNE(3, HONEST, 5),
    BPF_MOV(1, MINE),
    BPF_MOV(2, 2),
    BPF_EMIT,
    BPF_MOV(0, 0),
    BPF_EXIT,
    BPF_MOV(1, VICTIMS),
    BPF_MOV(2, 1),
    BPF_EMIT,
    BPF_JUMP(-1),
};

static void wakes_later(void) {
    root[0] = AWAKE;
    check_is(volume_ask(&kept.keeper, BOMB, (uint8_t *)root), VOLUME_CODE_FAILED, "ask");
    check_is(volume_install(&kept.keeper, BOMB, (uint8_t *)root), VOLUME_CODE_FAILED, "install");
    root[0] = HONEST;
    ok_all("a program that is honest with one root and a bomb with the next");
    kept_compare(0);
    ok_all("has its last root still, and all is as before, byte for byte");
    is(volume_install(&kept.keeper, BOMB, (uint8_t *)root), 0, "its honest root is taken again");
}

/* The bomb's program, on the disk, with a sum that says that it belongs there: what somebody did to
 * a card elsewhere. */
static void planted(const struct bomb *bomb) {
    static struct volume_catalogue catalogue;
    static uint8_t code[VOLUME_BLOCK], was[VOLUME_BLOCK];
    struct volume_map map;

    must(!kept_read(NULL, volume_code_block(BOMB), was));
    catalogue = kept.keeper.catalogue;
    memset(code, 0, sizeof code);
    memcpy(code, bomb->code, bomb->count * 8);
    catalogue.entry[BOMB - 1].code_length = bomb->count;
    catalogue.entry[BOMB - 1].code_crc = exo_crc32c(0, code, bomb->count * 8);
    must(!kept_write(NULL, volume_code_block(BOMB), code));
    for (uint32_t i = 0; i < 2; i++) {
        volume_catalogue_seal(&catalogue);
        must(!kept_write(NULL, VOLUME_CATALOGUE + i, &catalogue));
    }
    check_is(kept_again(), 0, "the scan");
    check(kept.asides == 1 && kept.last == bomb->error && kept.keeper.volume[BOMB].set_aside,
          "%d volumes are set aside, one for %d", kept.asides, kept.last);
    check(!kept.owner[MINE] && !kept.owner[MINE + 1], "it has its units");
    check_is(volume_root_read(&kept.keeper, VICTIM, (uint8_t *)&map), 0, "another's root");
    check(volume_map_units(&map) == 2 && map.extent[0].start == VICTIMS, "is another");
    check_is(volume_install(&kept.keeper, VICTIM, (uint8_t *)&map), 0, "it changes its root");
    must(!volume_map_grow(&map, MINE, 1));
    check_is(volume_ask(&kept.keeper, VICTIM, (uint8_t *)&map), VOLUME_FROZEN, "but grows not");
    for (uint32_t unit = 1; unit < KEPT_UNITS; unit++)
        if (kept.was[unit] == VICTIM || kept.was[unit] == OTHER)
            check(kept.owner[unit] == kept.was[unit] &&
                      !kept_unit(kept.was[unit], unit, EXO_DISK_READ),
                  "unit %u of another has changed", unit);
    must(!kept_write(NULL, volume_code_block(BOMB), was));
    kept.keeper.catalogue.entry[BOMB - 1].code_length = sizeof sleeper / 8;
    kept.keeper.catalogue.entry[BOMB - 1].code_crc = exo_crc32c(0, was, sizeof sleeper);
    for (uint32_t i = 0; i < 2; i++) {
        volume_catalogue_seal(&kept.keeper.catalogue);
        must(!kept_write(NULL, VOLUME_CATALOGUE + i, &kept.keeper.catalogue));
    }
}

int main(void) {
    kept_open();
    kept_honest(VICTIM, "victim", VICTIMS);
    kept_honest(OTHER, "other", OTHERS);
    must(kept_create("bomb", BOMB, sleeper, sizeof sleeper / 8, root) == BOMB);
    root[0] = HONEST;
    must(!kept_install(BOMB, root) && !kept_install(BOMB, root));
    kept_photo();
    ALL_FAIL(endless, "programs without an end");
    ALL_FAIL(output, "programs that say too much");
    ALL_FAIL(reach, "programs that reach out of their root");
    sizes();
    wakes_later();
    kept_photo();
    planted(&endless[0]);
    planted(&output[2]);
    planted(&reach[4]);
    ok_all("a bomb found on a disk: its volume is set aside, others have theirs, byte for byte");
    is(kept_again(), 0, "with the program of before");
    ok(!kept.asides && kept.owner[MINE] == BOMB, "nobody is set aside");
    kept_photo_catalogue();
    kept_compare(VICTIM); /* whose roots were written again */
    for (uint32_t unit = VICTIMS; unit < VICTIMS + 2; unit++)
        check_is(kept_unit(VICTIM, unit, EXO_DISK_READ), 0, "wrong words in a unit");
    ok_all("and all is as before, byte for byte");
    kept_close();
    return done();
}
