/* disk.c - a disk in memory that remembers every write and flush, and images of what a crash leaves
 */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "disk.h"

enum { IMAGE_PAGE = 4096, IMAGE_SECTORS = IMAGE_PAGE / LOGFS_SECTOR };

static void *must(void *memory) {
    if (!memory) {
        fputs("Bail out! no memory\n", stdout);
        exit(1);
    }
    return memory;
}

uint64_t mix(uint64_t value) {
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

struct dice dice_of(uint64_t seed, uint64_t what) {
    return (struct dice){mix(seed + 0x9e3779b97f4a7c15u * (what + 1))};
}

uint64_t roll(struct dice *dice, uint64_t sides) {
    dice->state += 0x9e3779b97f4a7c15u;
    return mix(dice->state) % sides;
}

/* Pages of images and of volumes come and go by the million. */
static void *free_pages;

static void *page_take(void) {
    void *page = free_pages;

    if (!page)
        return must(aligned_alloc(IMAGE_PAGE, IMAGE_PAGE));
    memcpy(&free_pages, page, sizeof(free_pages));
    return page;
}

static void page_give(void *page) {
    memcpy(page, &free_pages, sizeof(free_pages));
    free_pages = page;
}

void image_init(struct image *image, uint64_t sectors, const struct image *below) {
    *image = (struct image){.below = below, .pages = (uint32_t)(sectors / IMAGE_SECTORS)};
    image->page = must(calloc(image->pages, sizeof(*image->page)));
    image->owned = must(calloc(image->pages, sizeof(*image->owned)));
}

void image_clear(struct image *image) {
    for (uint32_t i = 0; i < image->owned_count; i++) {
        page_give(image->page[image->owned[i]]);
        image->page[image->owned[i]] = NULL;
    }
    image->owned_count = 0;
}

void image_free(struct image *image) {
    image_clear(image);
    free(image->page);
    free(image->owned);
}

static const uint8_t *image_page(const struct image *image, uint32_t index) {
    static const uint8_t zeros[IMAGE_PAGE];

    for (; image; image = image->below)
        if (image->page[index])
            return image->page[index];
    return zeros;
}

void image_read(const struct image *image, uint64_t sector, void *to, uint32_t sectors) {
    for (uint8_t *at = to; sectors;) {
        uint32_t in_page = (uint32_t)(sector % IMAGE_SECTORS);
        uint32_t part = IMAGE_SECTORS - in_page < sectors ? IMAGE_SECTORS - in_page : sectors;

        memcpy(at, image_page(image, (uint32_t)(sector / IMAGE_SECTORS)) + in_page * LOGFS_SECTOR,
               part * LOGFS_SECTOR);
        at += part * LOGFS_SECTOR;
        sector += part;
        sectors -= part;
    }
}

void image_write(struct image *image, uint64_t sector, const void *from, uint32_t sectors) {
    for (const uint8_t *at = from; sectors;) {
        uint32_t index = (uint32_t)(sector / IMAGE_SECTORS);
        uint32_t in_page = (uint32_t)(sector % IMAGE_SECTORS);
        uint32_t part = IMAGE_SECTORS - in_page < sectors ? IMAGE_SECTORS - in_page : sectors;

        if (!image->page[index]) {
            uint8_t *page = page_take();

            if (part < IMAGE_SECTORS)
                memcpy(page, image_page(image, index), IMAGE_PAGE);
            image->page[index] = page;
            image->owned[image->owned_count++] = index;
        }
        memcpy(image->page[index] + in_page * LOGFS_SECTOR, at, part * LOGFS_SECTOR);
        at += part * LOGFS_SECTOR;
        sector += part;
        sectors -= part;
    }
}

void image_sink(struct image *upper, struct image *below) {
    for (uint32_t i = 0; i < upper->owned_count; i++) {
        uint32_t index = upper->owned[i];

        if (below->page[index])
            page_give(below->page[index]);
        else
            below->owned[below->owned_count++] = index;
        below->page[index] = upper->page[index];
        upper->page[index] = NULL;
    }
    upper->owned_count = 0;
}

static struct event *record_add(struct record *record, enum event_kind kind, uint64_t sector,
                                uint32_t sectors) {
    if (record->count == record->room) {
        record->room = record->room ? 2 * record->room : 256;
        record->event = must(realloc(record->event, record->room * sizeof(*record->event)));
    }
    record->event[record->count] = (struct event){kind, sectors, sector, NULL};
    return &record->event[record->count++];
}

void record_free(struct record *record) {
    for (uint32_t i = 0; i < record->count; i++)
        free(record->event[i].bytes);
    free(record->event);
    *record = (struct record){0};
}

static int outside(const struct logfs_device *device, uint64_t sector, uint64_t sectors) {
    return !sectors || sector > device->sectors || sectors > device->sectors - sector;
}

static int fails(struct disk *disk) {
    uint64_t number = ++disk->transfers;

    if (!disk->trouble.at || number < disk->trouble.at ||
        number - disk->trouble.at >= disk->trouble.errors)
        return 0;
    disk->failed++;
    return 1;
}

static int disk_read(struct logfs_device *device, uint64_t sector, void *memory, uint32_t sectors) {
    if (outside(device, sector, sectors))
        return LOGFS_EINVAL;
    image_read(&((struct disk *)device)->now, sector, memory, sectors);
    return 0;
}

static void disk_write_sectors(struct disk *disk, uint64_t sector, const uint8_t *bytes,
                               uint32_t sectors) {
    disk->writes++;
    disk->unflushed++;
    image_write(&disk->now, sector, bytes, sectors);
    if (!disk->record)
        return;
    struct event *event = record_add(disk->record, EVENT_WRITE, sector, sectors);
    event->bytes = must(malloc((size_t)sectors * LOGFS_SECTOR));
    memcpy(event->bytes, bytes, (size_t)sectors * LOGFS_SECTOR);
}

static int disk_write(struct logfs_device *device, uint64_t sector,
                      const struct logfs_piece *pieces, unsigned count) {
    struct disk *disk = (struct disk *)device;
    uint64_t sectors = 0;

    for (unsigned i = 0; i < count; i++)
        sectors += pieces[i].sectors;
    if (outside(device, sector, sectors))
        return LOGFS_EINVAL;

    uint8_t *bytes = must(malloc(sectors * LOGFS_SECTOR)), *at = bytes;
    int error = fails(disk);

    for (unsigned i = 0; i < count; at += (size_t)pieces[i++].sectors * LOGFS_SECTOR)
        memcpy(at, pieces[i].memory, (size_t)pieces[i].sectors * LOGFS_SECTOR);
    if (!error) {
        disk_write_sectors(disk, sector, bytes, (uint32_t)sectors);
    } else {
        /* Any part of it may have arrived. */
        struct dice dice = dice_of(disk->trouble.seed, disk->transfers);
        uint64_t some = roll(&dice, 3);

        for (uint32_t i = 0; some && i < sectors; i++)
            if (some == 2 || roll(&dice, 2))
                disk_write_sectors(disk, sector + i, bytes + (size_t)i * LOGFS_SECTOR, 1);
    }
    free(bytes);
    return error ? LOGFS_EIO : 0;
}

static int disk_flush(struct logfs_device *device) {
    struct disk *disk = (struct disk *)device;

    if (fails(disk)) {
        if (!disk->trouble.keeps) {
            image_clear(&disk->now);
            disk->unflushed = 0;
            if (disk->record)
                record_add(disk->record, EVENT_DROP, 0, 0);
        }
        return LOGFS_EIO;
    }
    image_sink(&disk->now, &disk->durable);
    disk->unflushed = 0;
    if (disk->record)
        record_add(disk->record, EVENT_FLUSH, 0, 0);
    return 0;
}

static int disk_write_flush(struct logfs_device *device, uint64_t sector,
                            const struct logfs_piece *pieces, unsigned count) {
    int error = disk_write(device, sector, pieces, count);

    return error ? error : disk_flush(device);
}

static void disk_discard(struct logfs_device *device, uint64_t sector, uint64_t sectors) {
    static const uint8_t anything[LOGFS_SECTOR] = {0xdb, 0xdb, 0xdb, 0xdb};
    struct disk *disk = (struct disk *)device;

    if (outside(device, sector, sectors))
        return;
    disk->writes++;
    disk->unflushed++;
    if (disk->record)
        record_add(disk->record, EVENT_DISCARD, sector, (uint32_t)sectors);
    for (uint64_t i = 0; i < sectors; i++)
        image_write(&disk->now, sector + i, anything, 1);
}

void disk_init(struct disk *disk, uint64_t sectors, const struct image *below,
               struct record *record) {
    *disk = (struct disk){.device = {.sectors = sectors,
                                     .read = disk_read,
                                     .write = disk_write,
                                     .flush = disk_flush,
                                     .write_flush = disk_write_flush,
                                     .discard = disk_discard},
                          .record = record};
    image_init(&disk->durable, sectors, below);
    image_init(&disk->now, sectors, &disk->durable);
}

void disk_free(struct disk *disk) {
    image_free(&disk->now);
    image_free(&disk->durable);
}

static void *memory_page(struct logfs_host *host) {
    ((struct memory *)host)->pages++;
    return page_take();
}

static void memory_page_free(struct logfs_host *host, void *page) {
    ((struct memory *)host)->pages--;
    page_give(page);
}

static void *memory_resize(struct logfs_host *host, void *memory, size_t old, size_t size) {
    ((struct memory *)host)->bytes += (long)size - (long)old;
    if (size)
        return must(realloc(memory, size));
    free(memory);
    return NULL;
}

static uint64_t memory_now(struct logfs_host *host) {
    return ((struct memory *)host)->time += 1000003;
}

void memory_init(struct memory *memory, uint32_t cache_pages) {
    *memory = (struct memory){.host = {.page = memory_page,
                                       .page_free = memory_page_free,
                                       .resize = memory_resize,
                                       .now = memory_now,
                                       .cache_pages = cache_pages},
                              .time = 1700000000000000000u};
}
