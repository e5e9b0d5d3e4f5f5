/* card.h - an SD card over SPI: brought up, read and written; pure, and runs on the host as well */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_SD_CARD_H
#define USERLAND_SD_CARD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CARD_SECTOR = 512, CARD_ID = 16 };

/* What the card is wired to. */
struct card_bus {
    void *context;
    /* Moves bytes both ways at once. `out` null: all ones are sent; `in` null: what comes is
     * dropped. */
    void (*transfer)(void *context, const uint8_t *out, uint8_t *in, uint32_t count);
    void (*select)(void *context, bool on);
    void (*speed)(void *context, uint32_t hz);          /* not faster than that */
    uint64_t (*now)(void *context);                     /* microseconds */
    void (*rest)(void *context, uint32_t microseconds); /* about so long */
};

enum card_error {
    CARD_NONE = -1,      /* nothing answers */
    CARD_KIND = -2,      /* it answers, but is no SD card that works at 3.3 V */
    CARD_LATE = -3,      /* it was busy for longer than a card may */
    CARD_SUM = -4,       /* a sum was wrong, in either direction */
    CARD_REFUSED = -5,   /* it refused a command, or could not read or write */
    CARD_OTHER = -6,     /* it is another card than before */
    CARD_PLACE = -7,     /* there are no such sectors */
    CARD_PROTECTED = -8, /* it may only be read */
};

struct card {
    struct card_bus bus; /* the caller's; all else is filled in by card_open */
    bool open;           /* it answered last; else the next transfer brings it up first */
    bool known;          /* id is that of the card which was brought up first */
    bool by_sector;      /* SDHC, SDXC: addresses are sectors, not bytes */
    bool read_only;
    bool slow; /* at full speed bits were garbled */
    uint32_t hz;
    uint64_t sectors;
    uint8_t id[CARD_ID]; /* its CID register */
    uint32_t retries;    /* transfers that were tried again, so far */
};

/* Brings the card up, from whatever state it was left in; one that was brought up before must be
 * the same. 0 or an error: at once where there is none, after some 4 s at most of one that hangs.
 */
int card_open(struct card *card);
/* Sectors [sector, sector + count). A transfer that fails is tried three times, none begun after
 * 3 s; the card is brought up anew before the last, and before that too if more is wrong than bits
 * that were garbled. 0 or an error. */
int card_read(struct card *card, uint64_t sector, uint32_t count, uint8_t *to);
/* The same; when it ends well the card has finished. `from` null: zeros. */
int card_write(struct card *card, uint64_t sector, uint32_t count, const uint8_t *from);
/* The error in a few words. */
const char *card_words(int error);
#endif
