/* uart.h - the two families of serial port that the boards have, behind one face */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_CONSOLE_UART_H
#define USERLAND_CONSOLE_UART_H
#include <stdbool.h>
#include <stdint.h>

enum uart_kind { UART_NONE, UART_16550, UART_SIFIVE };

struct uart {
    volatile uint8_t *base;
    enum uart_kind kind;
    uint32_t shift;   /* 16550: register n stands at n << shift */
    uint32_t width;   /* 16550: bytes an access must have, 1 or 4 */
    uint32_t enabled; /* interrupt causes switched on now */
};

/* Which driver serves a device of that compatible string. */
enum uart_kind uart_kind_of(const char *compatible);
/* The firmware has set the speed; this takes over buffers and interrupts. */
void uart_open(struct uart *uart);
/* The next byte received, or -1. */
int uart_read(struct uart *uart);
/* How many bytes may be written without looking again; 0 while the device is full. */
uint32_t uart_room(const struct uart *uart);
void uart_write(struct uart *uart, uint8_t byte);
/* Ask for an interrupt when there is room to write, or stop asking. */
void uart_want_room(struct uart *uart, bool wanted);
/* Quieten causes that neither reading nor writing clears. */
void uart_settle(struct uart *uart);
#endif
