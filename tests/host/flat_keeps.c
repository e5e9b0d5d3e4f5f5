/* flat_keeps.c - every version stays, whatever a crash cut, till it is forgotten */
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

/* A store gets full, loses nothing, and goes on when it is told what it may forget. */
static void full(void) {
    static struct flat store;
    static uint8_t bytes[40000], back[40000];
    struct flat_root root;
    struct flat_entry entry;
    int puts = 0, lost = 0, answer = 0;

    unit_disk_make(6);
    flat_root_make(&root, FLAT_KEEPS);
    unit_disk_create("flat", 5, 2, NULL, 0, &root);
    model_open(&store, 1);
    while (!answer) {
        model_content(bytes, sizeof(bytes), (uint32_t)puts);
        answer = flat_put(&store, "a", bytes, sizeof(bytes), (uint64_t)puts * 10);
        puts += !answer;
    }
    ok(answer == FLAT_SPACE && puts > 30, "it gets full");
    for (int i = 0; i < puts; i++) {
        model_content(bytes, sizeof(bytes), (uint32_t)i);
        lost += flat_get(&store, "a", flat_sequence_at(&store, (uint64_t)i * 10 + 5), back, 0,
                         sizeof(back)) != sizeof(back) ||
                memcmp(bytes, back, sizeof(back));
    }
    ok(!lost, "and has every version, by its time");
    ok(!flat_delete(&store, "a", 9999) && flat_look(&store, "a", FLAT_NOW, &entry) == FLAT_NONE,
       "what is deleted is not there");
    ok(!flat_look(&store, "a", (uint64_t)puts, &entry), "now, but before");
    ok(!flat_forget(&store, (uint64_t)puts - 5) &&
           flat_look(&store, "a", (uint64_t)puts - 6, &entry) == FLAT_NONE &&
           !flat_look(&store, "a", (uint64_t)puts - 5, &entry) && !flat_check(&store),
       "it forgets up to a change");
    ok(!flat_put(&store, "a", bytes, sizeof(bytes), 10000), "and has space");
    ok(!flat_forget(&store, FLAT_NOW) && flat_trim(&store) == 1, "or gives units back");
}

int main(void) {
    static struct model small = {.flags = FLAT_KEEPS, .most = 40000};
    static struct model large = {.flags = FLAT_KEEPS, .most = 1500000};
    struct model_counts counts = {0};
    const char *wrong;

    full();
    wrong = model_work(&small, 800, 10, 5, &counts);
    if (!wrong)
        wrong = model_work(&large, 200, 0, 4, &counts);
    printf("# %u changes, %u refused; %u crash states: %u old, %u new, %u in recovery\n",
           counts.changes, counts.refused, counts.states, counts.olds, counts.news,
           counts.recoveries);
    ok(!wrong, wrong ? wrong : "after each change and crash all versions are there");
    ok(counts.refused > 3 && counts.olds > 1000 && counts.news > 100, "all ends were seen");
    return done();
}
