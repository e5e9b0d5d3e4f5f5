/* dw_mmc.h - Synopsys' DesignWare controller for SD cards, as a bus with one card on it; pure */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_SD_DW_MMC_H
#define USERLAND_SD_DW_MMC_H
#include "card.h"

/* How its registers are reached: by offset, 32 bits each. And the time, as struct card_bus has it.
 */
struct dw_mmc_port {
    void *context;
    uint32_t (*get)(void *context, uint32_t offset);
    void (*set)(void *context, uint32_t offset, uint32_t value);
    uint64_t (*now)(void *context);
    void (*rest)(void *context, uint32_t microseconds);
};

struct dw_mmc {
    struct dw_mmc_port port;
    uint32_t input_hz; /* what the card's clock is divided from */
    uint32_t depth;    /* words of its FIFO that are counted on */
    uint32_t data;     /* offset of the FIFO */
    bool stuck;        /* it does not take commands */
    bool spoilt;       /* something of a command that failed may be left in it */
};

/* Takes the controller over, whatever was done with it before; firmware has switched its clocks on
 * and ended its reset. input_hz 0: not known, so it is measured, by commands that no card answers.
 * depth: words of the FIFO, 0: not known. It never gets to the controller's own DMA. False: none
 * that we know, or it does not come out of reset. */
bool dw_mmc_open(struct dw_mmc *mmc, const struct dw_mmc_port *port, uint32_t input_hz,
                 uint32_t depth);
/* The controller as what a card is wired to. */
struct card_bus dw_mmc_bus(struct dw_mmc *mmc);
#endif
