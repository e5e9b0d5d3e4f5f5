/* flat_wipes.c - nothing that was deleted or replaced is anywhere on the disk, whatever a crash
 * cut */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/flat/root.c libexos/flat/space.c libexos/flat/store.c libexos/flat/version.c */
/* sources: libexos/volume/catalogue.c libexos/volume/root.c libexos/volume/owns.c */
/* sources: libexos/volume/keeper.c libexos/volume/scan.c kernel/ebpf/run.c kernel/ebpf/verify.c */
/* sources: libexos/edge/crc32c.c libexos/edge/string.c */
/* sources: tests/files/flat_model.c tests/files/unit_disk.c */
/* cflags: -DEBPF_LOOPS -D_GNU_SOURCE */
#include "tests/files/flat_model.h"
#include "tap.h"

int main(void) {
    static struct model small = {.flags = FLAT_WIPES, .most = 40000};
    static struct model kept = {.flags = FLAT_WIPES | FLAT_KEEPS, .most = 40000};
    static struct model large = {.flags = FLAT_WIPES, .most = 1500000};
    struct model_counts counts = {0};
    const char *wrong;

    wrong = model_work(&small, 500, 10, 5, &counts);
    if (!wrong)
        wrong = model_work(&kept, 300, 10, 5, &counts);
    if (!wrong)
        wrong = model_work(&large, 200, 0, 4, &counts);
    printf("# %u changes, %u refused; %u crash states: %u old, %u new, %u in recovery\n",
           counts.changes, counts.refused, counts.states, counts.olds, counts.news,
           counts.recoveries);
    ok(!wrong, wrong ? wrong : "after each change, crash and recovery no trace of old content");
    ok(counts.refused > 3 && counts.olds > 1000 && counts.news > 100 && counts.recoveries > 100,
       "all ends were seen");
    return done();
}
