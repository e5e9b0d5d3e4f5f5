/* uart.c - registers of the 16550 (plain and DesignWare) and of the SiFive UART */
/* SPDX-License-Identifier: MIT */
#include "uart.h"
#include "libexos/edge/registers.h"

enum { /* 16550 registers */
       NS_DATA = 0,
       NS_ENABLE = 1,
       NS_IDENT = 2, /* read: cause of the interrupt; written: FIFO control */
       NS_LINE = 3,
       NS_MODEM = 4,
       NS_STATUS = 5,
       NS_DW_USR = 0x1f, /* DesignWare only: reading it clears "busy detect" */
};

enum {
    NS_ENABLE_RX = 1,
    NS_ENABLE_TX = 2,
    NS_FIFO_ON = 0x07, /* on, both emptied; interrupt at the first byte */
    NS_LINE_8N1 = 3,
    NS_MODEM_OUT2 = 0x0b, /* DTR, RTS, and OUT2: gates the interrupt on some boards */
    NS_STATUS_DATA = 1,
    NS_STATUS_EMPTY = 0x20,
    NS_FIFO_DEPTH = 16,
};

enum { /* SiFive registers, all 32 bits */
       SF_TX_DATA = 0x00,
       SF_RX_DATA = 0x04,
       SF_TX_CONTROL = 0x08,
       SF_RX_CONTROL = 0x0c,
       SF_ENABLE = 0x10,
       SF_ENABLE_TX = 1,
       SF_ENABLE_RX = 2,
};
#define SF_TAKEN 0x80000000u /* tx: full; rx: empty */

static bool text_has(const char *text, const char *part) {
    for (; *text; text++) {
        uint32_t i = 0;

        while (part[i] && text[i] == part[i])
            i++;
        if (!part[i])
            return true;
    }
    return false;
}

enum uart_kind uart_kind_of(const char *compatible) {
    if (text_has(compatible, "sifive,uart0"))
        return UART_SIFIVE;
    if (text_has(compatible, "16550") || text_has(compatible, "dw-apb-uart"))
        return UART_16550;
    return UART_NONE;
}

static uint32_t ns_get(const struct uart *uart, uint32_t number) {
    return exo_register_get(uart->base + (number << uart->shift), uart->width);
}

static void ns_set(struct uart *uart, uint32_t number, uint32_t value) {
    exo_register_set(uart->base + (number << uart->shift), uart->width, value);
}

static uint32_t sf_get(const struct uart *uart, uint32_t offset) {
    return exo_register_get(uart->base + offset, 4);
}

static void sf_set(struct uart *uart, uint32_t offset, uint32_t value) {
    exo_register_set(uart->base + offset, 4, value);
}

static void uart_enable(struct uart *uart) {
    if (uart->kind == UART_SIFIVE)
        sf_set(uart, SF_ENABLE, uart->enabled);
    else
        ns_set(uart, NS_ENABLE, uart->enabled);
}

void uart_open(struct uart *uart) {
    if (uart->kind == UART_SIFIVE) {
        uart->enabled = SF_ENABLE_RX;
        sf_set(uart, SF_TX_CONTROL, sf_get(uart, SF_TX_CONTROL) | 1 | 1 << 16);
        sf_set(uart, SF_RX_CONTROL, 1);
    } else {
        uart->enabled = NS_ENABLE_RX;
        ns_set(uart, NS_ENABLE, 0);
        ns_set(uart, NS_LINE, NS_LINE_8N1);
        ns_set(uart, NS_IDENT, NS_FIFO_ON);
        ns_set(uart, NS_MODEM, NS_MODEM_OUT2);
    }
    uart_enable(uart);
}

int uart_read(struct uart *uart) {
    if (uart->kind == UART_SIFIVE) {
        uint32_t data = sf_get(uart, SF_RX_DATA);

        return data & SF_TAKEN ? -1 : (int)(data & 0xff);
    }
    if (!(ns_get(uart, NS_STATUS) & NS_STATUS_DATA))
        return -1;
    return (int)(ns_get(uart, NS_DATA) & 0xff);
}

uint32_t uart_room(const struct uart *uart) {
    if (uart->kind == UART_SIFIVE)
        return sf_get(uart, SF_TX_DATA) & SF_TAKEN ? 0 : 1;
    return ns_get(uart, NS_STATUS) & NS_STATUS_EMPTY ? NS_FIFO_DEPTH : 0;
}

void uart_write(struct uart *uart, uint8_t byte) {
    if (uart->kind == UART_SIFIVE)
        sf_set(uart, SF_TX_DATA, byte);
    else
        ns_set(uart, NS_DATA, byte);
}

void uart_want_room(struct uart *uart, bool wanted) {
    uint32_t bit = uart->kind == UART_SIFIVE ? SF_ENABLE_TX : NS_ENABLE_TX;
    uint32_t enabled = wanted ? uart->enabled | bit : uart->enabled & ~bit;

    if (enabled == uart->enabled)
        return;
    uart->enabled = enabled;
    uart_enable(uart);
}

void uart_settle(struct uart *uart) {
    if (uart->kind != UART_16550)
        return;
    /* Reading the cause clears "room"; 7 is DesignWare's "busy when LCR was written". */
    if ((ns_get(uart, NS_IDENT) & 15) == 7)
        ns_get(uart, NS_DW_USR);
}
