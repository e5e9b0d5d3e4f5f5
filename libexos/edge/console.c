/* console.c - the client's side of the console server */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/console.h"
#include "libexos/edge/string.h"
#include "libexos/edge/time.h"

static int bound;

int exo_console_bound(void) { return bound; }

long exo_console_bind(exo_env_t server) {
    long error = exo_gate_bind(EXO_GATE_CONSOLE, server);

    bound = error >= 0 && server != 0;
    return error;
}

static long ask(struct exo_message *message) {
    long answer = exo_gate_call_patient(EXO_GATE_CONSOLE, message, EXO_NEVER);

    if (answer)
        return answer < 0 ? answer : EXO_E_DEAD;
    return (long)message->word[0];
}

static long log_all(const char *bytes, size_t length) {
    size_t done = 0;

    while (done < length) {
        size_t n = length - done < EXO_LOG_LINE ? length - done : EXO_LOG_LINE;
        long error = exo_log_write(bytes + done, n);

        if (error < 0)
            return done ? (long)done : error;
        done += n;
    }
    return (long)done;
}

long exo_console_write(const void *bytes, size_t length) {
    size_t done = 0;

    if (!bound)
        return log_all(bytes, length);
    while (done < length) {
        struct exo_message message = {{EXO_CONSOLE_WRITE}};
        long taken;

        message.word[1] = length - done < EXO_CONSOLE_BYTES ? length - done : EXO_CONSOLE_BYTES;
        memcpy(&message.word[2], (const char *)bytes + done, message.word[1]);
        taken = ask(&message);
        if (taken == EXO_E_AGAIN)
            exo_sleep_ns(1000000);
        else if (taken <= 0 || taken > EXO_CONSOLE_BYTES)
            return done ? (long)done : taken;
        else
            done += (size_t)taken;
    }
    return (long)done;
}

long exo_console_poll(void *bytes, size_t length) {
    struct exo_message message = {{EXO_CONSOLE_READ}};
    long taken;

    if (!bound)
        return EXO_E_HANDLE;
    message.word[1] = length < EXO_CONSOLE_BYTES ? length : EXO_CONSOLE_BYTES;
    message.word[2] = exo_uarea()->env;
    taken = ask(&message);
    if (taken > EXO_CONSOLE_BYTES || taken > (long)length)
        return EXO_E_ARG;
    if (taken > 0)
        memcpy(bytes, &message.word[2], (size_t)taken);
    return taken;
}

long exo_console_read(void *bytes, size_t length) {
    for (;;) {
        long taken = exo_console_poll(bytes, length);

        if (taken != EXO_E_AGAIN)
            return taken;
        /* The event may not be allowed to reach us: look again at times. */
        exo_sleep(EXO_EVENT_CONSOLE, exo_time() + exo_ticks_of_ns(20000000));
    }
}

long exo_console_mode(uint64_t mode) {
    struct exo_message message = {{EXO_CONSOLE_MODE, mode}};

    return bound ? ask(&message) : EXO_E_HANDLE;
}
