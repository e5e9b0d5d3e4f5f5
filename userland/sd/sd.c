/* sd.c - an SD card as a disk: what the kernel verified is asked of the card */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/export.h"
#include "libexos/edge/print.h"
#include "libexos/edge/string.h"
#include "libexos/vm/vm.h"
#include "userland/init/given.h"
#include "card.h"
#include "dw_mmc.h"
#include "pace.h"
#include "partition.h"
#include "spi.h"

enum { DATA = 64 * 1024 /* of a request, at most */, ABSENT_SECONDS = 1 };

static struct spi spi;
static struct dw_mmc mmc;
static struct card card;
static struct partition place;
static uint8_t *data;
static uint64_t disk;
static uint64_t absent_till; /* the card did not answer; it is asked again then */
static int trouble;          /* what was told last */

_Noreturn static void sd_fail(const char *what, long error) {
    exo_printf("sd: %s: %s\n", what, exo_error_name(error));
    exo_exit(1);
}

/* All is said to init: how much there is, which card it is on. Then init names us to the kernel. */
static void offer(uint64_t units) {
    struct exo_parent *page = exo_parent_page();

    memcpy(&page->word[SERVES_ID], card.id, sizeof card.id);
    __atomic_store_n(&page->word[SERVES_UNITS], units, __ATOMIC_RELEASE);
    exo_event_post(exo_start_block()->parent_env, EXO_EVENT_CHILD);
    while (!(disk = __atomic_load_n(&page->word[SERVES_DISK], __ATOMIC_ACQUIRE)))
        exo_sleep(SERVES_EVENT, EXO_NEVER);
    disk--;
}

/* Nothing is there to be served: one line, and who waits need not. */
_Noreturn static void idle(const char *why) {
    exo_printf("sd: %s\n", why);
    for (;;)
        offer(SERVES_NONE);
}

static int read_sector(void *context, uint64_t sector, uint8_t *to) {
    (void)context;
    return card_read(&card, sector, 1, to);
}

/* A change for the worse or the better is told once. */
static void tell(int error) {
    if (error == trouble)
        return;
    if (error)
        exo_printf("sd: %s: requests fail\n", card_words(error));
    else
        exo_printf("sd: the card answers again\n");
    trouble = error;
}

static int do_request(unsigned op, uint64_t sector, uint32_t sectors) {
    int error;

    if (op == EXO_DISK_FLUSH) /* a write ends when the card has finished */
        return 0;
    /* Others wait as well: they shall not wait in vain one after the other. */
    if (!card.open && exo_time() < absent_till)
        return trouble;
    sector += place.first;
    error = op == EXO_DISK_READ
                ? card_read(&card, sector, sectors, data)
                : card_write(&card, sector, sectors, op == EXO_DISK_ZERO ? NULL : data);
    if (error == CARD_NONE || error == CARD_KIND || error == CARD_LATE || error == CARD_OTHER)
        absent_till = exo_time() + ABSENT_SECONDS * exo_time_base();
    tell(error);
    return error;
}

_Noreturn static void serve(void) {
    for (;;) {
        long work = exo_disk_take(disk, (uint64_t)data), error;
        unsigned op = (unsigned)(work >> 4 & 15);

        if (work == EXO_E_EARLY) {
            /* Who kept a request for longer than the kernel is patient serves anew. */
            if (exo_facts()->disk[disk].dead)
                exo_disk_serve(disk, exo_uarea()->env, SERVES_EVENT);
            exo_sleep(SERVES_EVENT, EXO_NEVER);
            continue;
        }
        if (work < 0)
            sd_fail("taking a request", work);
        error = do_request(op, (uint64_t)work >> 24, (uint32_t)(work >> 8) & 0xffff);
        error = exo_disk_done(disk, (uint64_t)work & 15, error != 0, (uint64_t)data);
        if (error < 0 && error != EXO_E_ARG) /* that one is not waited for any more */
            sd_fail("ending a request", error);
    }
}

static uint32_t get_register(void *context, uint32_t offset) {
    return *(volatile uint32_t *)((uint64_t)context + offset);
}

static void set_register(void *context, uint32_t offset, uint32_t value) {
    *(volatile uint32_t *)((uint64_t)context + offset) = value;
}

/* The card's wires end at one of two kinds of controllers. */
static bool wire(const volatile struct steward_device *device, volatile void *registers) {
    const struct dw_mmc_port port = {.context = (void *)registers,
                                     .get = get_register,
                                     .set = set_register,
                                     .now = pace_now,
                                     .rest = pace_rest};
    char compatible[sizeof device->compatible];

    for (uint32_t i = 0; i < sizeof compatible; i++)
        compatible[i] = device->compatible[i];
    if (!exo_strcmp(compatible, "snps,dw-mshc") || !exo_strcmp(compatible, "starfive,jh7110-mmc")) {
        card.bus = dw_mmc_bus(&mmc);
        return dw_mmc_open(&mmc, &port, device->clock, device->fifo);
    }
    spi_open(&spi, registers, device->clock);
    card.bus = spi_bus(&spi);
    return true;
}

void exo_start(struct exo_uarea *uarea) {
    const volatile struct steward_device *device;
    long error = vm_init(uarea), registers;
    int status;

    exo_print_to_console();
    if (error < 0)
        sd_fail("memory", error);
    if ((registers = given_device(&device)) < 0)
        sd_fail("the device", registers);
    if ((error = vm_map(0, DATA, EXO_R | EXO_W, VM_EAGER | VM_KEEP)) < 0)
        sd_fail("memory for data", error);
    data = (uint8_t *)error;
    if (!wire(device, (volatile void *)registers))
        idle("no controller that it knows");
    if ((status = card_open(&card)) ||
        (status = partition_find(&place, card.sectors, read_sector, NULL)))
        idle(status == PARTITION_NONE ? "no Aspis partition on the card" : card_words(status));
    offer(place.units);
    if (place.number)
        exo_printf("sd: disk %lu is partition %u, %u MiB, of a card of %lu MiB, %u kHz\n", disk,
                   place.number, place.units, card.sectors / EXO_UNIT, card.hz / 1000);
    else
        exo_printf("sd: disk %lu is a card of %u MiB, %u kHz\n", disk, place.units, card.hz / 1000);
    serve();
}
