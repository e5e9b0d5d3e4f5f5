/* stride.c - three environments with 3, 2 and 1 tickets, slot by slot, against the ideal */
/* SPDX-License-Identifier: MIT */
/* icount */
/* title: Stride scheduling in user mode: 3 : 2 : 1 of one hart */
/* axes: slots lent (2 ms each) | work done, in slots */
/* plot: lines work x=slot y=three_tickets,two_tickets,one_ticket
 *       ideal=three_ideal,two_ideal,one_ideal */
/*
 * The scheduler owns the slots; its clients own none, and work only on slots that it lends them.
 * Who gets the next one, the library's policy for threads says: it knows nothing of environments,
 * and need not. Work is what a client counted itself: time
 * that the scheduler or the kernel took is in nobody's count, so they pay for it alike.
 *
 * Claim: after 100 rounds of six slots each share is within 1% of its ideal; and after each slot,
 * of any two clients neither is a whole slot away from its part of what the two did. (Together:
 * nobody is 1.5 slots away from its part of everything.)
 */
#include "experiment.h"
#include "libexos/edge/companion.h"
#include "libexos/sched/sched.h"

enum { CLIENTS = 3, TICKETS = 6, ROUNDS = 100, SLOTS = ROUNDS * TICKETS, STACK = 4096 };
enum { SHOWN = 24 };

static const unsigned tickets[CLIENTS] = {3, 2, 1};
static volatile uint64_t counts[CLIENTS];
static uint64_t history[SLOTS + 1][CLIENTS];
static struct exo_companion clients[CLIENTS];
static struct sched_thread turns[CLIENTS]; /* what the policy knows of each */
static uint8_t stacks[CLIENTS][STACK] __attribute__((aligned(16)));

static void work(void *count) {
    for (;;)
        ++*(volatile uint64_t *)count;
}

/* All work after so many slots, in counts. */
static double total(int slot) {
    double sum = 0;

    for (int i = 0; i < CLIENTS; i++)
        sum += (double)history[slot][i];
    return sum;
}

static double share(int slot, int client) { return (double)history[slot][client] / total(slot); }

static double ideal(int client) { return (double)tickets[client] / TICKETS; }

/* How far from its ideal a client is, in slots' worth of work. */
static double error(int slot, int client) {
    return experiment_apart(share(slot, client), ideal(client)) * slot;
}

/* The same between two: how far one is from its part of what both did. */
static double pair_error(int slot, int a, int b) {
    double both = share(slot, a) + share(slot, b);

    return experiment_apart(share(slot, a), both * tickets[a] / (tickets[a] + tickets[b])) * slot;
}

static void show(void) {
    static const int rounds[] = {1, 2, 5, 10, 20, 50, ROUNDS};

    for (int slot = 1; slot <= SHOWN; slot++)
        printf("DATA work slot=%d three_tickets=%.3f two_tickets=%.3f one_ticket=%.3f "
               "three_ideal=%.3f two_ideal=%.3f one_ideal=%.3f\n",
               slot, share(slot, 0) * slot, share(slot, 1) * slot, share(slot, 2) * slot,
               ideal(0) * slot, ideal(1) * slot, ideal(2) * slot);
    for (unsigned i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
        int slot = rounds[i] * TICKETS;

        printf("DATA share rounds=%d three_percent=%.3f two_percent=%.3f one_percent=%.3f "
               "error_slots=%.4f\n",
               rounds[i], 100 * share(slot, 0), 100 * share(slot, 1), 100 * share(slot, 2),
               error(slot, 0) > error(slot, 2) ? error(slot, 0) : error(slot, 2));
    }
}

static long start(int client) {
    struct sched_contract contract = {.tickets = tickets[client]};
    long failed;

    stacks[client][STACK - 1] = 0;
    counts[client] = 0; /* mapped before it runs: only this environment serves faults */
    failed = exo_companion_create(&clients[client], 1 + (unsigned)client, work,
                                  (void *)&counts[client], stacks[client] + STACK, 0);
    if (failed < 0 || (failed = exo_env_start(clients[client].env)) < 0)
        return failed;
    failed = sched_stride.admit(&turns[client], &contract, NULL);
    sched_stride.ready(&turns[client]);
    return failed;
}

/* Lends a slot to whose turn it is; it comes back at the slot's end. */
static long lend(void) {
    struct sched_thread *turn = sched_stride.next();
    uint64_t began = exo_time();
    long reason = exo_yield(clients[turn - turns].env);

    sched_stride.charge(turn, exo_time() - began);
    sched_stride.ready(turn);
    return reason;
}

int main(void) {
    double worst = 0, pair = 0, off = 0;

    for (int i = 0; i < CLIENTS; i++) {
        long failed = start(i);

        if (failed < 0)
            return experiment_fail("a client", failed);
    }
    for (int slot = 0; slot <= SLOTS; slot++) /* mapped too */
        history[slot][0] = 0;
    experiment_fresh_slot();
    for (int slot = 1; slot <= SLOTS; slot++) {
        long reason = lend();

        if (reason != EXO_BUDGET)
            return experiment_fail("lending a slot", reason);
        for (int i = 0; i < CLIENTS; i++)
            history[slot][i] = counts[i];
    }
    for (int i = 0; i < CLIENTS; i++)
        exo_companion_end(&clients[i]);
    for (int i = 0; i < CLIENTS; i++) {
        double percent = 100 * experiment_apart(share(SLOTS, i), ideal(i)) / ideal(i);

        off = percent > off ? percent : off;
        for (int slot = 1; slot <= SLOTS; slot++)
            worst = error(slot, i) > worst ? error(slot, i) : worst;
        for (int slot = 1; slot <= SLOTS; slot++)
            for (int k = 0; k < i; k++)
                pair = pair_error(slot, i, k) > pair ? pair_error(slot, i, k) : pair;
    }
    show();
    return experiment_take(off < 1 && pair < 1 && worst < 1.5,
                           "after %d rounds each share is within %.3f%% of its ideal (claimed 1%%);"
                           " after no slot was one of two clients further from its part than %.3f"
                           " slots (claimed 1), or anybody from the ideal than %.3f (claimed 1.5)",
                           ROUNDS, off, pair, worst);
}
