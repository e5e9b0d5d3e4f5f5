/* tap.h - what a host test says of each thing that it looks at */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_TAP_H
#define TESTS_HOST_TAP_H
#include <stdio.h>

static int tests, failures;

static void ok(int holds, const char *what) {
    tests++;
    failures += !holds;
    printf("%sok %d - %s\n", holds ? "" : "not ", tests, what);
    fflush(stdout);
}

static int done(void) {
    printf("1..%d\n", tests);
    return failures != 0;
}
#endif
