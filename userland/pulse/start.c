/* start.c - from the first instruction to the loop, and the report at the end */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/console.h"
#include "libexos/edge/start.h"
#include "userland/pulse/pulse.h"

enum { SECONDS = 5, PERIOD_MS = 20, LINE = 400, STATUS_MISSED = 1, STATUS_DAMAGED = 2 };

static exo_env_t parent, console;
static char line[LINE];
static unsigned length;

static void say(const char *text) {
    while (*text && length < LINE)
        line[length++] = *text++;
}

static void say_number(uint64_t value) {
    char digits[24];
    int i = sizeof(digits) - 1;

    digits[i] = 0;
    do
        digits[--i] = (char)('0' + value % 10);
    while (value /= 10);
    say(digits + i);
}

/* By the console's gate (libexos/edge/console.h), forty bytes a call; without one, the kernel's
 * log. */
static void say_end(void) {
    say("\n");
    if (!console || exo_gate_bind(EXO_GATE_CONSOLE, console) < 0) {
        exo_log_write(line, length < EXO_LOG_LINE ? length : EXO_LOG_LINE);
        return;
    }
    for (unsigned done = 0; done < length;) {
        struct exo_message message = {{EXO_CONSOLE_WRITE}};
        uint64_t bytes = length - done < EXO_CONSOLE_BYTES ? length - done : EXO_CONSOLE_BYTES;
        long error;

        message.word[1] = bytes;
        for (unsigned i = 0; i < bytes; i++)
            ((char *)&message.word[2])[i] = line[done + i];
        error = exo_gate_call(EXO_GATE_CONSOLE, &message, EXO_NEVER);
        if (!error && (long)message.word[0] > 0)
            done += (unsigned)message.word[0];
        else if (error == EXO_E_BUSY || (!error && (long)message.word[0] == EXO_E_AGAIN))
            exo_yield(0);
        else
            return;
    }
}

void pulse_end(uint64_t state, int64_t status, uint64_t pc, uint64_t address) {
    struct exo_parent *page = MEMORY_AT(MEMORY_PARENT);

    page->status = status;
    page->pc = pc;
    page->address = address;
    __atomic_store_n(&page->state, state, __ATOMIC_RELEASE);
    exo_event_post(parent, EXO_EVENT_CHILD);
    for (;;)
        exo_env_kill(0);
}

static uint64_t parent_frame(const struct exo_start *start) {
    for (unsigned i = 0; i < start->areas; i++)
        if (start->area[i].address == EXO_PARENT)
            return start->frame[start->area[i].first];
    return 0;
}

/* The argument in its decimal digits, or what is usual. */
static uint64_t argument(const struct exo_start *start, uint64_t index, uint64_t usual) {
    const uint64_t *words = (const uint64_t *)start->stack;
    uint64_t value = 0;

    if (index >= words[0])
        return usual;
    for (const char *p = (const char *)words[1 + index]; *p >= '0' && *p <= '9'; p++)
        value = value * 10 + (uint64_t)(*p - '0');
    return value ? value : usual;
}

/* What the live page says at the end, in a line. */
static int report(void) {
    static const char *const names[] = {
        "pulse: wanted ", ", measured ",    ", filtered ", ", power ",  ", samples ",
        ", missed ",      ", slowest us ",  ", pages ",    ", faults ", ", given ",
        ", taken ",       ", slots given ", ", records ",  ", kept ",   ", damaged "};
    const uint64_t *live = MEMORY_AT(MEMORY_LIVE);

    control_care(0);
    control_publish();
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        say(names[i]);
        say_number(live[2 + i]);
    }
    say_end();
    return log_damaged ? STATUS_DAMAGED : loop_counts.missed ? STATUS_MISSED : 0;
}

void pulse_start(struct exo_uarea *uarea) {
    const struct exo_start *start = (const struct exo_start *)uarea->user[EXO_USER_START];
    const volatile struct exo_facts *facts = MEMORY_AT(MEMORY_FACTS);
    uint64_t seconds = argument(start, 1, SECONDS), ms = argument(start, 2, PERIOD_MS);
    uint64_t period, now;

    parent = start->parent_env;
    console = start->console;
    memory_start(uarea, parent_frame(start));
    period = facts->timebase * ms / 1000;
    control_start(uarea, facts->timebase);
    now = pulse_time();
    struct job jobs[] = {
        {control_sample, period, now},
        {control_record, 2 * period, now},
        {control_care, PULSE_CARES * period, now},
    };
    loop_run(uarea, jobs, sizeof(jobs) / sizeof(jobs[0]), now + seconds * facts->timebase);
    pulse_end(EXO_CHILD_EXITED, report(), 0, 0);
}
