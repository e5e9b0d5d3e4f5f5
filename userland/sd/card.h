/* card.h - an SD card: brought up, read and written; pure, and runs on the host as well */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_SD_CARD_H
#define USERLAND_SD_CARD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CARD_SECTOR = 512, CARD_ID = 16 };

/* A command of the native protocol. */
enum card_answer {
    CARD_ANSWER_NONE,
    CARD_ANSWER_SHORT, /* R1, R1b, R6, R7 */
    CARD_ANSWER_OCR,   /* R3: without a sum */
    CARD_ANSWER_LONG,  /* R2 */
};
struct card_command {
    uint8_t number;
    enum card_answer kind;
    uint32_t argument;
    bool first; /* behind 74 clocks and more, as a card needs them to wake up */
    bool stop;  /* ends the data of the command before: not to be kept back till they end */
    bool write; /* of the data, if there are any */
    uint32_t length, count; /* bytes of a block, a multiple of 4; blocks, 0: no data */
    uint8_t *in;            /* the data; else: */
    const uint8_t *out;     /* null: zeros */
    uint32_t answer[4];     /* the bits of an R2, highest word first; of others [0] */
};

/* What the card is wired to: SPI (transfer and select) or a controller that speaks the native
 * protocol (command and wires). */
struct card_bus {
    void *context;
    /* Moves bytes both ways at once. `out` null: all ones are sent; `in` null: what comes is
     * dropped. */
    void (*transfer)(void *context, const uint8_t *out, uint8_t *in, uint32_t count);
    void (*select)(void *context, bool on);
    /* Begins when the card is not busy any more (but `stop` at once), ends when answer and data are
     * there: 0 or an error. */
    int (*command)(void *context, struct card_command *command);
    void (*wires)(void *context, uint32_t count);       /* of data: 1 or 4 */
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
    bool slow;         /* at full speed bits were garbled */
    uint16_t relative; /* its address, natively */
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
