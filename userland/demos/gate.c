/* gate.c - protected control transfer: a client enters a server in another domain */
/* SPDX-License-Identifier: MIT */
/*
 * The program starts itself again as a server, in a domain and an address space of its own. The
 * server offers a gate and parks. A gate call is one trap: the kernel switches address spaces and
 * leaves the seven message registers alone; the server runs on the client's time, at an entry point
 * that the server chose; the reply is one trap back. The check whether this client may enter was
 * made once, when the gate was bound.
 */
#include <string.h>
#include "demo.h"

enum { CALLS = 100000, STACK = 8192 };

static uint8_t stack[STACK] __attribute__((aligned(16)));

/* The server's side: adds two numbers, and says who asked. */
static void serve(struct exo_message *message, exo_domain_t caller) {
    message->word[0] += message->word[1];
    message->word[1] = caller;
}

int main(int argc, char **argv) {
    struct exo_child server;
    struct exo_message message = {{0}};
    uint64_t until, instructions, time;
    long error;

    if (argc > 1 && !strcmp(argv[1], "server")) {
        stack[STACK - 1] = 0;
        return demo_fail("serving", exo_serve(serve, 0, stack + STACK));
    }
    error = demo_spawn("demo/gate", "server", &server);
    if (error < 0)
        return demo_fail("the server", error);
    for (until = demo_ms(20000); exo_env_state_of(server.env) != EXO_ENV_OFFERED;)
        if (exo_time() > until)
            return demo_fail("the server does not offer", EXO_E_BUSY);
        else
            exo_sleep_ns(1000000);
    error = exo_gate_bind(EXO_GATE_FREE, server.env);
    if (error < 0)
        return demo_fail("binding the gate", error);
    printf("gate bound to environment %u in domain %u; I am domain %u\n", exo_slot_of(server.env),
           exo_slot_of(server.domain), exo_slot_of(exo_uarea()->domain));

    time = exo_time();
    instructions = exo_instructions();
    for (uint64_t i = 0; i < CALLS; i++) {
        uint64_t sum = message.word[0] + i;

        message.word[1] = i;
        error = exo_gate_call(EXO_GATE_FREE, &message, EXO_NEVER);
        if (error || message.word[0] != sum) {
            printf("call %llu: answer %ld, %llu in place of %llu\n", (unsigned long long)i, error,
                   (unsigned long long)message.word[0], (unsigned long long)sum);
            return 1;
        }
    }
    instructions = exo_instructions() - instructions;
    time = exo_ns_of_ticks(exo_time() - time);
    if (message.word[1] != exo_uarea()->domain)
        return demo_fail("the server saw another caller", EXO_E_RIGHT);
    printf("%u calls there and back, sum %llu, all right\n", CALLS,
           (unsigned long long)message.word[0]);
    printf("%llu ns and %llu by the instruction counter for each, loop included\n",
           (unsigned long long)time / CALLS, (unsigned long long)instructions / CALLS);
    printf("(an emulator counts instructions only with -icount, else its host's clock)\n");
    exo_reap(&server);
    return 0;
}
