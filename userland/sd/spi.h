/* spi.h - the SPI controller of SiFive's chips, as a bus with one card on it */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_SD_SPI_H
#define USERLAND_SD_SPI_H
#include "card.h"

struct spi {
    volatile uint32_t *base;
    uint32_t input_hz; /* what its clock is divided from */
    bool stuck;        /* it moved no byte for too long */
};

/* Takes the controller over, whatever was done with it before. input_hz 0: not known, so it is
 * measured, with the card deselected; it takes some milliseconds. */
void spi_open(struct spi *spi, volatile void *registers, uint32_t input_hz);
/* The controller as what a card is wired to. */
struct card_bus spi_bus(struct spi *spi);
#endif
