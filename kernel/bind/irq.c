/* irq.c - interrupt lines: claimed and masked by the kernel, served by whom they are bound to */
/* SPDX-License-Identifier: MIT */
#include "kernel/bind/irq.h"
#include "kernel/base/trace.h"
#include "kernel/bind/extent.h"
#include "kernel/bind/slice.h"
#include "kernel/dev/plic.h"
#include "kernel/env/domain.h"

struct exo_line *line_table;

void irq_take(void) {
    volatile uint32_t *claim = current->hart->claim;
    uint32_t number = *claim;
    struct exo_line *line = &line_table[number < facts.line_table.count ? number : 0];
    struct exo_env *entry;

    if (!number)
        return;
    line->count++;
    line->masked = !disk_interrupt(number);
    if (line->masked)
        plic_open(number, 0);
    *claim = number;
    if (!line->masked)
        return;
    entry = env_bound(line->env, line->generation);
    if (entry)
        slice_post(entry, line->bits);
    trace_event(EXO_TRACE_INTERRUPT, entry ? (uint16_t)env_slot(entry) : 0, number);
}

/* The line, if the caller may act for its owner; else an error dressed as a pointer. */
static struct exo_line *irq_mine(uint64_t number) {
    if (!number || number >= facts.line_table.count)
        return error_pointer(EXO_E_ARG);
    if (!line_table[number].domain ||
        !domain_above(domain_current(), &domain_table[line_table[number].domain]))
        return error_pointer(EXO_E_RIGHT);
    return &line_table[number];
}

void irq_move(uint32_t number, uint32_t domain) {
    struct exo_line *line = &line_table[number];

    plic_open(number, 0);
    line->masked = 1;
    line->generation = 0;
    /* In this order: to its own domain it moves without a count sinking. */
    domain_charge(&domain_table[domain], EXO_IRQS, 1);
    domain_credit(&domain_table[line->domain], EXO_IRQS, 1);
    line->domain = (uint16_t)domain;
}

long sys_irq_grant(uint64_t number, exo_domain_t handle) {
    struct exo_line *line = irq_mine(number);
    struct exo_domain *to = domain_mine(handle);

    if (error_of(line) || error_of(to))
        return error_of(line) ? error_of(line) : error_of(to);
    if (line->domain != domain_slot(to) && !domain_may(to, EXO_IRQS, 1))
        return EXO_E_QUOTA;
    /* commit */
    irq_move((uint32_t)number, domain_slot(to));
    return 0;
}

long sys_irq_bind(uint64_t number, exo_env_t handle, uint64_t bits) {
    struct exo_line *line = irq_mine(number);
    struct exo_env *entry = handle ? env_mine(handle) : NULL;

    if (error_of(line) || error_of(entry))
        return error_of(line) ? error_of(line) : error_of(entry);
    /* commit */
    line->env = (uint16_t)handle;
    line->generation = (uint32_t)(handle >> 16);
    line->bits = bits;
    line->masked = !handle;
    plic_open((uint32_t)number, !line->masked);
    return 0;
}
