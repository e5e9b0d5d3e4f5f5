/* uart.c - the console's driver against a model of the DesignWare UART, as the JH7110 has it */
/* SPDX-License-Identifier: MIT */
/* sources: userland/console/uart.c */
/* cflags: -DEXO_REGISTERS_MODELLED */
#include "userland/console/uart.h"
#include "libexos/edge/registers.h"
#include "tests/host/tap.h"

/* Registers stand 4 bytes apart and take accesses of 4 bytes alone. Who writes LCR while a byte is
 * on the wire gets an interrupt of its own in place of a new LCR, till USR is read. */
enum { STRIDE = 4, REGISTERS = 0x40, FIFO = 16 };
enum { DATA, IER, IIR, LCR, MCR, LSR, USR = 0x1f };

static uint8_t window[REGISTERS * STRIDE] __attribute__((aligned(4096)));
static uint32_t lcr, ier, mcr, fifo_control, received, sent_count, wrong;
static uint8_t sent[64];
static int busy, busy_seen;
static struct uart uart;

static uint32_t number_of(const volatile void *at, uint32_t width) {
    uint64_t offset = (uint64_t)((const volatile uint8_t *)at - window);

    wrong += width != 4 || offset % STRIDE || offset >= sizeof window;
    return (uint32_t)(offset / STRIDE);
}

/* The interrupt's cause as IIR says it; the FIFO is on. */
static uint32_t cause(void) {
    return busy_seen ? 7 : received && ier & 1 ? 4 : !busy && ier & 2 ? 2 : 1;
}

uint32_t exo_register_get(const volatile void *at, uint32_t width) {
    uint32_t value;

    switch (number_of(at, width)) {
    case DATA:
        value = received & 0xff;
        received = 0;
        return value;
    case IIR:
        return 0xc0 | cause();
    case LSR:
        return (received != 0) | (busy ? 0 : 0x60);
    case USR:
        busy_seen = 0;
        return (uint32_t)busy;
    default:
        wrong++;
        return 0;
    }
}

void exo_register_set(volatile void *at, uint32_t width, uint32_t value) {
    switch (number_of(at, width)) {
    case DATA:
        wrong += sent_count == sizeof sent;
        sent[sent_count++ % sizeof sent] = (uint8_t)value;
        break;
    case IER:
        ier = value;
        break;
    case IIR:
        fifo_control = value;
        break;
    case LCR:
        if (busy)
            busy_seen = 1;
        else
            lcr = value;
        break;
    case MCR:
        mcr = value;
        break;
    default:
        wrong++;
    }
}

int main(void) {
    uart = (struct uart){
        .base = window, .kind = uart_kind_of("snps,dw-apb-uart"), .shift = 2, .width = 4};
    ok(uart.kind == UART_16550, "snps,dw-apb-uart is served as a 16550");
    ok(uart_kind_of("sifive,uart0") == UART_SIFIVE && uart_kind_of("arm,pl011") == UART_NONE,
       "sifive,uart0 otherwise, and others not at all");
    uart_open(&uart);
    ok(lcr == 3 && fifo_control & 1 && mcr & 8 && ier == 1,
       "opened: 8N1, FIFO on, interrupts let out, for received bytes");
    ok(uart_read(&uart) == -1, "nothing was received");
    received = 0x100 | 'x';
    ok(cause() == 4 && uart_read(&uart) == 'x' && uart_read(&uart) == -1 && cause() == 1,
       "a byte is read once");
    ok(uart_room(&uart) == FIFO, "an empty FIFO takes 16 bytes");
    uart_write(&uart, 'y');
    busy = 1;
    ok(sent_count == 1 && sent[0] == 'y' && uart_room(&uart) == 0,
       "while it sends there is no room");
    uart_want_room(&uart, true);
    ok(ier == 3 && cause() == 1, "room is asked for");
    busy = 0;
    ok(cause() == 2, "and told");
    uart_want_room(&uart, false);
    ok(ier == 1 && cause() == 1, "till nobody asks");

    busy = 1; /* firmware's last words are still on the wire */
    uart_open(&uart);
    ok(cause() == 7, "opened while it sends: the interrupt that only USR ends");
    uart_settle(&uart);
    ok(cause() == 1, "it is ended");
    busy = 0;
    ok(!wrong, "all accesses were of 4 bytes, at registers that exist");
    return done();
}
