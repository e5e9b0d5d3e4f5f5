/* flat_store.c - a flat store's answers are a model's; a crash anywhere leaves the old or the new
 */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/flat/root.c libexos/flat/space.c libexos/flat/store.c libexos/flat/version.c */
/* sources: libexos/volume/catalogue.c libexos/volume/root.c libexos/volume/owns.c */
/* sources: libexos/volume/keeper.c libexos/volume/scan.c kernel/ebpf/run.c kernel/ebpf/verify.c */
/* sources: libexos/edge/crc32c.c libexos/edge/string.c */
/* sources: tests/files/flat_model.c tests/files/unit_disk.c */
/* cflags: -DEBPF_LOOPS -D_GNU_SOURCE */
#include <string.h>
#include "tests/files/flat_model.h"
#include "tap.h"

static struct flat store;

/* Full to the last block, and all of it goes again. */
static void full(void) {
    static const uint8_t bytes[100 * VOLUME_BLOCK];
    struct flat_root root;
    char key[16] = "k";
    int puts = 0, deletes = 0, answer;

    unit_disk_make(6);
    flat_root_make(&root, 0);
    unit_disk_create("flat", 5, 2, NULL, 0, &root);
    model_open(&store, 1);
    for (uint32_t blocks = 100; blocks; blocks /= 2)
        do {
            snprintf(key, sizeof(key), "k%d", puts);
            answer = flat_put(&store, key, bytes, blocks * VOLUME_BLOCK, 0);
            puts += !answer;
        } while (!answer);
    ok(answer == FLAT_SPACE && !store.broken && puts > 4 && store.units == 2,
       "no space is left, and it says so");
    do
        snprintf(key, sizeof(key), "k%d", deletes);
    while (!flat_delete(&store, key, 0) && ++deletes < puts);
    ok(deletes == puts && flat_trim(&store) == 1, "deleting needs none");
}

/* A put fails at each step, and the next one is cut at each: the root of the failed one, which may
 * be found after all, never names what the next one has written over. */
static void failed_put(void) {
    struct flat_root root;
    char back[8];
    int bad = 0, states = 0, cuts = 0;

    unit_disk_make(6);
    flat_root_make(&root, 0);
    unit_disk_create("flat", 5, 2, NULL, 0, &root);
    model_open(&store, 1);
    flat_put(&store, "a", "one", 3, 0);
    unit_disk_mark();
    for (uint32_t step = 1, done = 0; !done; step++)
        for (uint32_t cut = 1, over = 0; !over && !done; cut++) {
            bad |= unit_disk_boot(LAYOUT_NONE) || model_open(&store, 1);
            unit_disk.left = step;
            flat_put(&store, "a", "two", 3, 0);
            done = unit_disk.left != 0;
            unit_disk.left = UNIT_DISK_LASTS;
            bad |= model_open(&store, 1);
            unit_disk.left = cut;
            flat_put(&store, "b", "new", 3, 0);
            over = unit_disk.left != 0;
            cuts += !over;
            bad |= unit_disk_boot(LAYOUT_ALL) || model_open(&store, 1) || flat_check(&store) ||
                   flat_get(&store, "a", FLAT_NOW, back, 0, 8) != 3 ||
                   (memcmp(back, "one", 3) && memcmp(back, "two", 3));
            states++;
            unit_disk_return();
        }
    printf("# %d failures and crashes\n", states);
    ok(!bad && cuts > 20, "a failed change is there or not, whatever comes after it");
}

static void calls(void) {
    struct flat_root root;
    struct flat_entry entry;
    uint32_t cookie = 0;
    char bytes[16] = {0};

    unit_disk_make(6);
    flat_root_make(&root, 0);
    ok(unit_disk_create("flat", 5, 4, NULL, 0, &root) == 1 && !model_open(&store, 1),
       "a new store has no units");
    ok(flat_look(&store, "a", FLAT_NOW, &entry) == FLAT_NONE &&
           flat_delete(&store, "a", 0) == FLAT_NONE &&
           !flat_list(&store, FLAT_NOW, &cookie, &entry),
       "and nothing in it");
    ok(!flat_put(&store, "a", "eleven byte", 11, 3) && store.units == 1,
       "an object takes one unit");
    ok(flat_get(&store, "a", FLAT_NOW, bytes, 0, 16) == 11 && !memcmp(bytes, "eleven byte", 12),
       "and is read");
    ok(flat_get(&store, "a", FLAT_NOW, bytes, 11, 1) == 0 &&
           flat_get(&store, "a", FLAT_NOW, bytes, 1ull << 40, 1) == 0,
       "not beyond its end");
    ok(flat_put(&store, "", "", 0, 0) == FLAT_NONSENSE &&
           flat_put(&store, "a key of thirty-three bytes, as is", "", 0, 0) == FLAT_NONSENSE,
       "a key has 1 to 32 bytes");
    ok(flat_put(&store, "b", "", FLAT_MOST + 1, 0) == FLAT_NONSENSE, "and an object a most size");
    {
        static const uint8_t large[5 << 20];

        ok(flat_put(&store, "b", large, sizeof(large), 0) == FLAT_SPACE && !store.broken,
           "what does not fit is refused");
        ok(!flat_put(&store, "b", large, 3 << 20, 0) && store.units > 3, "all four units are used");
        ok(!flat_delete(&store, "b", 0) && flat_trim(&store) == 3 && store.units == 1 &&
               unit_disk.keeper.volume[1].units == 1,
           "and given back");
    }
    ok(!flat_check(&store), "all sums are right");
    {
        char key[16] = "k";
        int answer = 0, puts = 0, deletes = 0;

        while (!answer && puts < 1100) {
            snprintf(key, sizeof(key), "k%d", puts);
            answer = flat_put(&store, key, "x", puts % 9 ? 1 : 0, 0);
            puts += !answer;
        }
        ok(answer == FLAT_SPACE && !store.broken,
           "memory for 256 entries, the first of them taken");
        ok(puts == 255, "holds 255 more");
        while (deletes < puts) {
            snprintf(key, sizeof(key), "k%d", deletes);
            if (flat_delete(&store, key, 0))
                break;
            deletes++;
        }
        ok(deletes == puts, "all of which go again");
    }
    {
        struct flat_room room = store.room;
        struct flat_device device = *store.device;
        static struct flat less;

        room.entries = FLAT_ENTRIES;
        ok(flat_open(&less, &device, &room) == FLAT_ROOM,
           "memory may be too small for the entries");
        room = store.room;
        room.units = 0;
        ok(flat_open(&less, &device, &room) == FLAT_ROOM, "or for the units");
    }
    {
        flat_look(&store, "a", FLAT_NOW, &entry);
        unit_disk.block[entry.block][4] ^= 1;
        ok(flat_check(&store) == 1 && flat_get(&store, "a", FLAT_NOW, bytes, 0, 16) == FLAT_DAMAGED,
           "a bit that flips is noticed");
    }
}

int main(void) {
    static struct model small = {.flags = 0, .most = 40000};
    static struct model large = {.flags = 0, .most = 1500000};
    struct model_counts counts = {0};
    const char *wrong;

    calls();
    full();
    failed_put();
    wrong = model_work(&small, 800, 10, 5, &counts);
    if (!wrong)
        wrong = model_work(&large, 200, 0, 4, &counts);
    printf("# %u changes, %u refused; %u crash states: %u old, %u new, %u in recovery\n",
           counts.changes, counts.refused, counts.states, counts.olds, counts.news,
           counts.recoveries);
    ok(!wrong, wrong ? wrong : "after each change and each crash it is as the model says");
    ok(counts.refused > 3 && counts.olds > 1000 && counts.news > 100, "all ends were seen");
    return done();
}
