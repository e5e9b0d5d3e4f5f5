/* spi.c - registers of SiFive's SPI controller: its clock, its select line, bytes through its FIFOs
 */
/* SPDX-License-Identifier: MIT */
#include "spi.h"
#include "pace.h"

/*
 * Polled: at 20 MHz the eight bytes of a FIFO last for 3 microseconds, less than an interrupt takes
 * to reach a program. The controller makes the clock, so who is preempted in a transfer loses
 * nothing but time.
 */
enum { /* registers, as words */
       CLOCK = 0x00 / 4,
       MODE = 0x04 / 4,
       SELECT_ID = 0x10 / 4,
       SELECT_IDLE = 0x14 / 4,
       SELECT_MODE = 0x18 / 4,
       FORMAT = 0x40 / 4,
       SEND = 0x48 / 4,
       RECEIVE = 0x4c / 4,
       FLASH = 0x60 / 4,
       INTERRUPTS = 0x70 / 4,
};
enum {
    SELECT_HOLD = 2,
    SELECT_OFF = 3,
    FORMAT_BYTES = 8 << 16, /* one wire each way, the highest bit first, what comes is kept */
    FIFO = 8,
    DIVISOR_MOST = 0xfff,
};
#define RECEIVE_EMPTY 0x80000000u

/* The bus clocks that firmware sets: FU540 500 MHz, FU740 130 MHz. None of them can be above that.
 */
enum { INPUT_MOST = 750000000, INPUT_LEAST = 1000000, MEASURE_HZ = 400000 };
enum { ROUNDS = 8, ROUND_BYTES = 16, LOOKS = 1000, STUCK_MS = 100 };

/* SCK is the input divided by 2 (divisor + 1). */
static uint32_t divisor(uint32_t input_hz, uint32_t hz) {
    uint32_t parts = (input_hz + 2 * hz - 1) / (2 * hz);

    return !parts ? 0 : parts - 1 < DIVISOR_MOST ? parts - 1 : DIVISOR_MOST;
}

static void speed(void *context, uint32_t hz) {
    struct spi *spi = context;

    spi->base[CLOCK] = divisor(spi->input_hz, hz);
}

static void select(void *context, bool on) {
    struct spi *spi = context;

    spi->base[SELECT_MODE] = on ? SELECT_HOLD : SELECT_OFF;
}

/* The next byte that came; all ones of a controller that is stuck. */
static uint8_t receive(struct spi *spi) {
    uint64_t end = 0;
    uint32_t value;

    for (uint32_t looks = 0; !spi->stuck; looks++) {
        value = spi->base[RECEIVE];
        if (!(value & RECEIVE_EMPTY))
            return (uint8_t)value;
        if (looks % LOOKS != LOOKS - 1)
            continue;
        if (!end)
            end = exo_time() + exo_time_base() * STUCK_MS / 1000;
        spi->stuck = exo_time() > end;
    }
    return 0xff;
}

/* As many bytes are under way as there is room for: the wire does not rest in between. */
static void transfer(void *context, const uint8_t *out, uint8_t *in, uint32_t count) {
    struct spi *spi = context;

    for (uint32_t sent = 0, got = 0; got < count; got++) {
        uint8_t value;

        for (; sent < count && sent - got < FIFO; sent++)
            spi->base[SEND] = out ? out[sent] : 0xff;
        value = receive(spi);
        if (in)
            in[got] = value;
    }
}

/* The clock behind it, by the time that bytes take: the shortest, since who is preempted measures
 * too long. As fast as it can be, if that is not told apart from nothing. */
static uint32_t measure(struct spi *spi) {
    uint64_t ticks = UINT64_MAX, hz;
    uint32_t parts = divisor(INPUT_MOST, MEASURE_HZ);

    spi->base[CLOCK] = parts;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t begin = exo_time(), took;

        transfer(spi, NULL, NULL, ROUND_BYTES);
        took = exo_time() - begin;
        ticks = took < ticks ? took : ticks;
    }
    hz = 2ull * (parts + 1) * 8 * ROUND_BYTES * exo_time_base() / (ticks ? ticks : 1);
    return (uint32_t)(hz < INPUT_LEAST ? INPUT_LEAST : hz < INPUT_MOST ? hz : INPUT_MOST);
}

void spi_open(struct spi *spi, volatile void *registers, uint32_t input_hz) {
    *spi = (struct spi){.base = registers, .input_hz = input_hz};
    spi->base[INTERRUPTS] = 0;
    spi->base[FLASH] = 0;
    spi->base[FORMAT] = FORMAT_BYTES;
    spi->base[MODE] = 0;
    spi->base[SELECT_ID] = 0;
    spi->base[SELECT_IDLE] |= 1; /* the line is high while nobody is selected */
    spi->base[SELECT_MODE] = SELECT_OFF;
    for (int i = 0; i < FIFO && !(spi->base[RECEIVE] & RECEIVE_EMPTY); i++)
        ; /* what came for whoever was here before */
    if (!input_hz)
        spi->input_hz = measure(spi);
}

struct card_bus spi_bus(struct spi *spi) {
    return (struct card_bus){.context = spi,
                             .transfer = transfer,
                             .select = select,
                             .speed = speed,
                             .now = pace_now,
                             .rest = pace_rest};
}
