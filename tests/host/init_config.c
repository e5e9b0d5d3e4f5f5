/* init_config.c - init.conf is read as it says; each mistake is told with line and reason */
/* SPDX-License-Identifier: MIT */
/* sources: userland/init/config.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "userland/init/config.h"

static int tests, failures;
static struct config config;
static struct config_error error;

static void ok(int good, const char *what) {
    tests++;
    failures += !good;
    printf("%sok %d - %s\n", good ? "" : "not ", tests, what);
}

static int parse(const char *text) {
    size_t length = strlen(text);
    char *exact = malloc(length + !length); /* the sanitizer sees every byte too far */
    int good;

    memset(&config, 0, sizeof config);
    memset(&error, 0, sizeof error);
    memcpy(exact, text, length);
    good = config_parse(&config, exact, length, &error);
    free(exact);
    return good;
}

static void refused(const char *text, uint32_t line, const char *reason) {
    int good = !parse(text) && error.line == line && strstr(error.message, reason);

    ok(good, text);
    if (!good)
        printf("# line %u: %s: %s\n", error.line, error.word, error.message ? error.message : "");
}

int main(void) {
    FILE *file = fopen("userland/etc/init.conf", "rb");
    static char own[1 << 16];

    ok(file && fread(own, 1, sizeof own - 1, file) && parse(own), "our own file is understood");
    ok(config.free_low && config.free_high > config.free_low, "and has two marks");
    ok(parse("slots 2 each\n") && config.deadline_ms == CONFIG_DEADLINE_MS &&
           config.keep == CONFIG_KEEP && !config.free_low,
       "nothing said of memory: the defaults");
    ok(parse("free-frames 400\ndeadline 70 # ms\nkeep 9") && config.free_low == 400 &&
           config.free_high == 500 && config.deadline_ms == 70 && config.keep == 9,
       "one mark: the other is a quarter above");
    ok(parse("clock rtc@101000\n") && config.clock_count == 1 &&
           !strcmp(config.clocks[0], "rtc@101000"),
       "a clock by its name");
    refused("clock a\nclock b\nclock c\nclock d\nclock e\n", 5, "four at most");
    refused("clock\n", 1, "clock DEVICE");
    ok(parse("free-frames 400 400\n") && config.free_high == 400, "two equal marks");
    ok(parse("keep 9\nprogram a\npath p\nframes 10\nkeep 10\nprogram b\npath p\n") &&
           config.programs[0].keep == 10 && config.programs[1].keep == 9,
       "a program's minimum, or that of all");
    ok(parse("program a\npath p\nstart later\nprogram b\npath p\n") && config.programs[0].later &&
           !config.programs[1].later,
       "a program may wait to be asked for");
    refused("program a\npath p\nstart never\n", 3, "start later");
    ok(parse("program a\npath p\nframes 5%\nkeep 1000\n"), "a share has no number to exceed");
    refused("free-frames\n", 1, "free-frames LOW");
    ok(parse("program a\npath p\nserves disk\nprogram b\npath p\n") &&
           config.programs[0].serves_disk && !config.programs[1].serves_disk,
       "who serves a disk");
    ok(parse("program a\npath p\ntrusted\nprogram b\npath p\n") && config.programs[0].trusted &&
           !config.programs[1].trusted,
       "who may have DMA: nobody who is not named");
    refused("program a\npath p\ntrusted fully\n", 3, "`trusted` alone");
    refused("trusted\nprogram a\npath p\n", 1, "here");
    refused("program a\npath p\nserves files\n", 3, "want `serves disk`");
    refused("free-frames 1 2 3\n", 1, "free-frames LOW");
    refused("free-frames -1\n", 1, "free-frames LOW");
    refused("free-frames 3000000000\n", 1, "free-frames LOW");
    refused("slots 2 each\nfree-frames 20 19\n", 2, "HIGH at least LOW");
    refused("deadline 0\n", 1, "1 to 10000");
    refused("deadline 10001\n", 1, "1 to 10000");
    refused("deadline 5 6\n", 1, "1 to 10000");
    refused("keep\n", 1, "keep FRAMES");
    refused("keep 4294967296\n", 1, "keep FRAMES");
    refused("reserve 1 2\n", 1, "here");
    refused("program a\npath p\nkeep lots\n", 3, "number of frames");
    refused("program a\npath p\nkeep\n", 3, "one value");
    refused("program a\npath p\nframes 10\nkeep 11\n", 1, "keeps more frames");
    refused("program a\nframes 10\n", 1, "no path");
    printf("1..%d\n", tests);
    return failures != 0;
}
