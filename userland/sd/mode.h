/* mode.h - how a card is talked to: in SPI mode or natively; and what both modes share */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_SD_MODE_H
#define USERLAND_SD_MODE_H
#include "card.h"

/* Each once, without retry: 0 or an error. */
struct card_mode {
    /* CARD_NONE: no card is there; any other error is worth another try. */
    int (*bring_up)(struct card *card);
    int (*read)(struct card *card, uint64_t sector, uint32_t count, uint8_t *to);
    /* `from` null: zeros. */
    int (*write)(struct card *card, uint64_t sector, uint32_t count, const uint8_t *from);
};
extern const struct card_mode card_mode_spi, card_mode_native;

enum { /* commands that both have; APP_OP_COND follows APP_COMMAND */
       GO_IDLE = 0,
       SEND_IF_COND = 8,
       SEND_CSD = 9,
       STOP_TRANSMISSION = 12,
       SEND_STATUS = 13,
       SET_BLOCK_LENGTH = 16,
       READ_ONE = 17,
       READ_MANY = 18,
       WRITE_ONE = 24,
       WRITE_MANY = 25,
       APP_OP_COND = 41,
       APP_COMMAND = 55,
};

enum { CARD_REGISTER = 16 /* bytes of CID and CSD */, CARD_HZ_FIRST = 400000 };
/* Of the OCR: 3.2 to 3.4 V; addresses are sectors. And what CMD8 says, and hears again. */
enum { CARD_VOLTS = 0x300000, CARD_HIGH_CAPACITY = 1 << 30, CARD_IF_COND = 0x1aa };
/* Microseconds. The standard has 100 ms for a read, 250 (SDXC: 500) for a write, and a second to
 * start. */
enum { CARD_READ_US = 300000, CARD_BUSY_US = 600000, CARD_START_US = 1000000 };
enum { CARD_REST_US = 1000 };

struct card_wait {
    uint32_t limit; /* microseconds, from the first look on */
    bool awake;     /* it takes no time worth sleeping */
    uint64_t begin;
};

/* Called while something is waited for: sleeps for a while if it takes long, false if too long. */
bool card_patient(const struct card_bus *bus, struct card_wait *wait);
void card_speed(struct card *card, uint32_t hz);
/* Takes size and protection from the CSD; by_sector is known. CARD_OTHER if another was known. */
int card_is(struct card *card, const uint8_t id[CARD_ID], const uint8_t csd[CARD_REGISTER]);
/* As the card is told it. */
uint32_t card_address(const struct card *card, uint64_t sector);
#endif
