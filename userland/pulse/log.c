/* log.c - a ring of records; pages of it may vanish at any time, and those that stay are whole */
/* SPDX-License-Identifier: MIT */
#include "userland/pulse/pulse.h"

enum { PAGE_RECORDS = EXO_PAGE / sizeof(struct log_record), WORDS = sizeof(struct log_record) / 8 };
_Static_assert(sizeof(struct log_record) == 128, "records fill a page");

uint64_t log_records, log_kept, log_damaged;

/* Where record number n stands. */
static struct log_record *place(uint64_t n) {
    unsigned page = MEMORY_LOG + (unsigned)(n / PAGE_RECORDS % MEMORY_LOG_PAGES);

    return (struct log_record *)MEMORY_AT(page) + n % PAGE_RECORDS;
}

unsigned log_page(void) { return (unsigned)(log_records / PAGE_RECORDS % MEMORY_LOG_PAGES); }

static uint64_t sum_of(const struct log_record *record) {
    const uint64_t *words = (const uint64_t *)record;
    uint64_t sum = 0;

    for (int i = 0; i < WORDS - 1; i++)
        sum = (sum << 7 | sum >> 57) ^ words[i];
    return sum;
}

/* Whole, though the frame on one side may be taken in the middle: then the page is another one. */
static void copy(struct log_record *to, const struct log_record *from) {
    uint64_t taken;

    do {
        taken = memory_taken();
        *to = *from;
    } while (memory_taken() != taken);
}

void log_append(struct log_record *record) {
    record->sequence = log_records + 1;
    record->sum = sum_of(record);
    copy(place(log_records), record);
    log_records++;
}

void log_check(void) {
    uint64_t kept = 0, damaged = 0;

    for (unsigned page = 0; page < MEMORY_LOG_PAGES; page++) {
        const struct log_record *from = MEMORY_AT(MEMORY_LOG + page);

        for (unsigned i = 0; memory_is_there(MEMORY_LOG + page) && i < PAGE_RECORDS; i++, from++) {
            struct log_record record;

            copy(&record, from);
            if (!record.sequence)
                continue; /* not written yet, or lost with its frame */
            if (place(record.sequence - 1) == from && record.sum == sum_of(&record))
                kept++;
            else
                damaged++;
        }
    }
    log_kept = kept;
    log_damaged = damaged;
}
