/* hart.c - the machine told in words, and its other harts started */
/* SPDX-License-Identifier: MIT */
#include "init.h"
#include "libexos/edge/feature.h"
#include "libexos/edge/tree.h"
#include "tree.h"

enum { HARTS_SEEN = 64, BOARD_NAME = 64, PATIENCE = 5 /* seconds */ };

static void hart_banner(const volatile struct exo_facts *facts) {
    char board[BOARD_NAME];

    exo_board(board, sizeof board);
    exo_printf("\nAspis on %s\n", board);
    exo_printf("firmware: SBI %lu.%lu, implementation %lu, version 0x%lx\n",
               facts->firmware[0] >> 24, facts->firmware[0] & 0xffffff, facts->firmware[1],
               facts->firmware[2]);
    exo_printf("memory: %u MiB at 0x%lx, kernel at 0x%lx\n", facts->frames / 256,
               facts->memory_frame << EXO_PAGE_SHIFT, facts->image);
}

/* All at once; together they have some seconds to come. */
long harts_start(void) {
    static struct tree_hart harts[HARTS_SEEN];
    const volatile struct exo_facts *facts = exo_facts();
    uint64_t end = exo_time() + PATIENCE * exo_time_base();
    size_t length;
    const void *tree = exo_device_tree(&length);
    uint32_t count = tree ? tree_harts(tree, length, harts, HARTS_SEEN) : 0, usable = 0;

    hart_banner(facts);
    for (uint32_t i = 0; i < count; i++) {
        const char *refusal = harts[i].refusal;
        long error = refusal ? 0 : exo_hart_start(harts[i].id, harts[i].context);

        if (error == EXO_E_FULL)
            refusal = "more than 8";
        else if (error == EXO_E_ARG)
            refusal = "no interrupts";
        else if (error < 0)
            refusal = exo_error_name(error);
        usable += !refusal;
        if (refusal)
            exo_printf("hart %lu skipped: %s\n", harts[i].id, refusal);
    }
    exo_features = tree_features(harts, count);
    while (facts->harts_ready < facts->harts && exo_time() < end)
        exo_sleep_ns(100000);
    exo_printf("harts: %u at %lu Hz%s%s\n", facts->harts_ready, exo_time_base(),
               facts->has_stimecmp ? "" : ", timers by firmware",
               facts->has_asid ? "" : ", no ASIDs");
    if (facts->harts_ready < facts->harts)
        exo_printf("harts that did not come: %u\n", facts->harts - facts->harts_ready);
    exo_printf("interrupt lines: %u\n", facts->line_table.count - 1);
    return usable ? 0 : EXO_E_ARG;
}
