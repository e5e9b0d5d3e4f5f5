/* states.c - what a crash may leave of a record: prefixes, subsets, torn writes, by number */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "states.h"

enum { ALL_SUBSETS_OF = 10, MORE_SUBSETS = 16, TEARS = 6 };

static void *must(void *memory) {
    if (!memory)
        abort();
    return memory;
}

static int leaves_something(const struct event *event) {
    return event->kind == EVENT_WRITE || event->kind == EVENT_DISCARD;
}

static uint32_t subsets_of(uint32_t writes) {
    return writes <= ALL_SUBSETS_OF ? 1u << writes : 2 * writes + MORE_SUBSETS;
}

void states_init(struct states *states, const struct record *record, uint64_t seed,
                 uint64_t sectors, const struct image *below) {
    uint32_t first = 0;

    *states = (struct states){.record = record, .seed = seed};
    states->epoch = must(calloc(record->count + 1, sizeof(*states->epoch)));
    states->torn = must(calloc(record->count + 1, sizeof(*states->torn)));
    image_init(&states->durable, sectors, below);
    for (uint32_t i = 0; i <= record->count; i++) {
        const struct event *event = &record->event[i];

        if (i < record->count && leaves_something(event)) {
            if (event->kind == EVENT_WRITE && event->sectors > 1)
                states->torn[states->torns++] = i;
            continue;
        }
        states->epoch[states->epochs++] = (struct epoch){first, i, states->subsets};
        states->subsets += subsets_of(i - first);
        first = i + 1;
    }
}

void states_free(struct states *states) {
    free(states->epoch);
    free(states->torn);
    image_free(&states->durable);
}

uint64_t states_count(const struct states *states, enum state_class class) {
    switch (class) {
    case STATE_PREFIX:
        return states->record->count + 1;
    case STATE_SUBSET:
        return states->subsets;
    case STATE_TORN:
        return (uint64_t)states->torns * TEARS;
    default:
        return UINT64_MAX;
    }
}

static uint32_t epoch_of_subset(const struct states *states, uint64_t index) {
    uint32_t low = 0, high = states->epochs;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (states->epoch[middle].before <= index)
            low = middle;
        else
            high = middle;
    }
    return low;
}

uint32_t state_events(const struct states *states, enum state_class class, uint64_t index,
                      uint32_t least) {
    struct dice dice = dice_of(states->seed, index * 2 + 100);

    switch (class) {
    case STATE_PREFIX:
        return (uint32_t)index;
    case STATE_SUBSET:
        return states->epoch[epoch_of_subset(states, index)].end;
    case STATE_TORN:
        return states->torn[index / TEARS] + 1;
    default:
        return least + (uint32_t)roll(&dice, states->record->count + 1 - least);
    }
}

/* One event's sectors from `first` to `end`, or (chosen) a random half of them. */
static void leave(struct image *image, const struct event *event, uint32_t first, uint32_t end,
                  struct dice *chosen) {
    static const uint8_t anything[LOGFS_SECTOR] = {0xdb, 0xdb, 0xdb, 0xdb};

    if (event->bytes && !chosen && first < end) {
        image_write(image, event->sector + first, event->bytes + (size_t)first * LOGFS_SECTOR,
                    end - first);
        return;
    }
    for (uint32_t i = first; i < end; i++)
        if (!chosen || roll(chosen, 2))
            image_write(image, event->sector + i,
                        event->bytes ? event->bytes + (size_t)i * LOGFS_SECTOR : anything, 1);
}

static void leave_all(struct image *image, const struct record *record, uint32_t first,
                      uint32_t end) {
    for (uint32_t i = first; i < end; i++)
        if (leaves_something(&record->event[i]))
            leave(image, &record->event[i], 0, record->event[i].sectors, NULL);
}

/* Those since a flush whose bit (or, if there are more, whose luck) is set, in any order. */
static void leave_subset(struct states *states, const struct epoch *epoch, uint64_t index,
                         struct image *image) {
    uint32_t writes = epoch->end - epoch->first, local = (uint32_t)index - epoch->before;
    struct dice dice = dice_of(states->seed, index * 2 + 1);
    uint32_t *order = must(calloc(writes + 1, sizeof(*order)));

    for (uint32_t i = 0; i < writes; i++) {
        uint32_t at = (uint32_t)roll(&dice, i + 1);

        order[i] = order[at];
        order[at] = i;
    }
    for (uint32_t i = 0; i < writes; i++) {
        uint32_t which = order[i];
        const struct event *event = &states->record->event[epoch->first + which];
        uint64_t is_there = writes <= ALL_SUBSETS_OF ? local >> which & 1
                            : local < writes         ? local != which
                            : local < 2 * writes     ? local - writes == which
                                                     : roll(&dice, 2);

        if (is_there)
            leave(image, event, 0, event->sectors, NULL);
    }
    free(order);
}

static void leave_torn(struct states *states, uint64_t index, struct image *image) {
    const struct event *event = &states->record->event[states->torn[index / TEARS]];
    struct dice dice = dice_of(states->seed, index * 2 + 2);

    switch (index % TEARS) {
    case 0:
        leave(image, event, 0, 1, NULL);
        break;
    case 1:
        leave(image, event, 0, event->sectors / 2, NULL);
        break;
    case 2:
        leave(image, event, 0, event->sectors - 1, NULL);
        break;
    case 3:
        leave(image, event, 1, event->sectors, NULL);
        break;
    default:
        leave(image, event, 0, event->sectors, &dice);
    }
}

/* Most writes are there or not; some in part. */
static void leave_random(struct states *states, uint32_t first, uint32_t end, uint64_t index,
                         struct image *image) {
    struct dice dice = dice_of(states->seed, index * 2 + 3);
    uint64_t parts = 1 + roll(&dice, 4);

    for (uint32_t i = first; i < end; i++) {
        const struct event *event = &states->record->event[i];
        uint64_t luck = roll(&dice, 2 * parts + 1);

        if (luck < parts)
            leave(image, event, 0, event->sectors, NULL);
        else if (luck == 2 * parts)
            leave(image, event, 0, event->sectors, &dice);
    }
}

static void flip_bit(struct states *states, uint32_t events, uint64_t index, struct image *image) {
    struct dice dice = dice_of(states->seed, index * 2 + 4);
    uint32_t at = (uint32_t)roll(&dice, events + 1);
    uint8_t bytes[LOGFS_SECTOR];

    while (at-- > 0) {
        const struct event *event = &states->record->event[at];
        uint64_t sector;

        if (event->kind != EVENT_WRITE)
            continue;
        sector = event->sector + roll(&dice, event->sectors);
        image_read(image, sector, bytes, 1);
        bytes[roll(&dice, LOGFS_SECTOR)] ^= (uint8_t)(1 << roll(&dice, 8));
        image_write(image, sector, bytes, 1);
        return;
    }
}

void state_make(struct states *states, enum state_class class, uint64_t index, uint32_t events,
                struct image *image) {
    const struct epoch *epoch = &states->epoch[states->reached];

    image_clear(image);
    while (epoch->end < events) {
        if (states->record->event[epoch->end].kind == EVENT_FLUSH)
            leave_all(&states->durable, states->record, epoch->first, epoch->end);
        epoch++;
        states->reached++;
    }
    switch (class) {
    case STATE_PREFIX:
        leave_all(image, states->record, epoch->first, events);
        break;
    case STATE_SUBSET:
        leave_subset(states, epoch, index, image);
        break;
    case STATE_TORN:
        leave_all(image, states->record, epoch->first, events - 1);
        leave_torn(states, index, image);
        break;
    case STATE_FLIPPED:
        leave_all(image, states->record, epoch->first, events);
        flip_bit(states, events, index, image);
        break;
    default:
        leave_random(states, epoch->first, events, index, image);
    }
}
