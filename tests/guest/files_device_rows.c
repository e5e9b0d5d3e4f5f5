/* files_device_rows.c - transfers of any shape, over units in any order, come to the sectors that
 * the map says, and bad ones fail and leave the device usable */
/* SPDX-License-Identifier: MIT */
/* disk: 16M,cache=unsafe */
/* bootargs: volumes=1*10 */
/* mem: 64M */
#include "tests/guest/child.h"
#include "tests/guest/logfs_guest.h"

enum { ROUNDS = 250, ARENA = 512 /* pages */, PIECES = 40, FEW = 24, MANY = 900 /* sectors */ };
enum { WORDS = LOGFS_SECTOR / 8, UNITS = 7, SECTORS = UNITS * EXO_UNIT };

/* Volume's units in logical order: 5 | 2 3 | 8 | 1 | 6 7. */
static const uint32_t units[UNITS] = {5, 2, 3, 8, 1, 6, 7};

static uint32_t version[SECTORS];
static uint64_t seed = 0x123456789abcdef;
static char *arena;

static uint64_t stamp(uint64_t sector, uint64_t word) {
    return ((sector << 32 | version[sector]) + word) * 0x9e3779b97f4a7c15ull;
}

/* From or to places in the arena, pages or not, that do not meet. */
static unsigned pieces_make(struct logfs_piece *pieces, uint64_t *sectors) {
    unsigned count = 0, wanted = 1 + (unsigned)(random_next(&seed) % PIECES);
    uint64_t most = wanted < 4 ? MANY : FEW, whole = random_next(&seed) % 2, at = 0;

    for (*sectors = 0; count < wanted; count++) {
        uint64_t length = 1 + random_next(&seed) % most;

        at += whole ? -at % 8 : random_next(&seed) % 12;
        if (at + length > ARENA * 8)
            break;
        pieces[count] = (struct logfs_piece){arena + at * LOGFS_SECTOR, (uint32_t)length};
        *sectors += length;
        at += length;
    }
    return count;
}

static void write_some(struct logfs_device *device) {
    struct logfs_piece pieces[PIECES];
    uint64_t sectors, at;
    unsigned count = pieces_make(pieces, &sectors);

    at = random_next(&seed) % (SECTORS - sectors);
    for (uint64_t i = 0, sector = at; i < count; i++)
        for (uint64_t n = 0; n < pieces[i].sectors; n++, sector++) {
            uint64_t *words = (uint64_t *)pieces[i].memory + n * WORDS;

            version[sector]++;
            for (uint64_t word = 0; word < WORDS; word++)
                words[word] = stamp(sector, word);
        }
    check_is(random_next(&seed) % 2 ? device->write(device, at, pieces, count)
                                    : device->write_flush(device, at, pieces, count),
             0, "write");
}

static void read_at(struct logfs_device *device, uint64_t from, uint64_t logical, uint64_t sectors,
                    char *to) {
    uint64_t bad = 0;

    check_is(device->read(device, from, to, (uint32_t)sectors), 0, "read");
    for (uint64_t n = 0; n < sectors; n++)
        for (uint64_t word = 0; word < WORDS && version[logical + n]; word++)
            bad += ((uint64_t *)to)[n * WORDS + word] != stamp(logical + n, word);
    check(bad == 0, "%lu words of %lu sectors at %lu", bad, sectors, logical);
}

static void read_some(struct logfs_device *device) {
    uint64_t sectors = 1 + random_next(&seed) % (random_next(&seed) % 4 ? 20 : ARENA * 4);
    uint64_t at = random_next(&seed) % (SECTORS - sectors);

    if (random_next(&seed) % 8 == 0) { /* pages that were never touched */
        must(vm_unmap((uint64_t)arena, ARENA * EXO_PAGE) == 0);
        must(vm_map((uint64_t)arena, ARENA * EXO_PAGE, EXO_R | EXO_W, VM_FIXED) > 0);
    }
    read_at(device, at, at, sectors, arena + random_next(&seed) % (ARENA * 4) * LOGFS_SECTOR);
}

static void refuse(struct logfs_device *device) {
    struct logfs_piece two[2] = {{arena, 8}, {arena + EXO_PAGE + 8, 8}};

    check_is(device->read(device, 0, arena + 256, 1), LOGFS_EIO, "half a sector");
    check_is(device->write(device, 0, two, 2), LOGFS_EIO, "the second piece");
    check_is(device->read(device, SECTORS, arena, 1), LOGFS_EIO, "behind the end");
    check_is(device->read(device, SECTORS - 4, arena, 8), LOGFS_EIO, "over the end");
    check_is(device->read(device, 1ull << 60, arena, 8), LOGFS_EIO, "far behind it");
    check_is(device->read(device, 0, (void *)EXO_USER_END, 8), LOGFS_EIO, "nobody's memory");
    check_is(device->read(device, 0, arena + (ARENA - 1) * EXO_PAGE, 16), LOGFS_EIO,
             "beyond what is mapped");
    check_is(device->flush(device), 0, "flush");
}

int main(void) {
    struct logfs_device *device = &guest.device.device;

    open_test();
    volume_map_make(&guest.map);
    for (unsigned i = 0; i < UNITS; i++)
        must(volume_map_grow(&guest.map, units[i], 1) == 0);
    guest_zero();
    must(files_device_open(&guest.device, GUEST_VOLUME, &guest.map) == 0);
    arena = (char *)vm_map(0, ARENA * EXO_PAGE, EXO_R | EXO_W, VM_GUARD);
    must((long)arena > 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        write_some(device);
        read_some(device);
    }
    ok_all("pieces and reads of any shape");
    memset(arena, 0xa5, 2 * EXO_PAGE);
    for (uint64_t i = 0; i < 8; i++)
        version[i] = 0; /* what stood before the piece that failed may be written */
    refuse(device);
    ok_all("what is no sector of memory or of the map fails");
    read_at(device, 0, 0, 64, arena);
    ok_all("and the next one does not");
    must(exo_volume_bind(GUEST_VOLUME, EXO_ANY, 0, 0) == 0);
    volume_map_make(&guest.map);
    must(volume_map_grow(&guest.map, 1, 9) == 0);
    must(files_device_open(&guest.device, GUEST_VOLUME, &guest.map) == 0);
    for (uint64_t i = 0; i < UNITS; i++)
        for (uint64_t at = 0; at < EXO_UNIT; at += EXO_UNIT / 4)
            read_at(device, (units[i] - 1) * EXO_UNIT + at, i * EXO_UNIT + at, EXO_UNIT / 4, arena);
    ok_all("each sector stands where the map says");
    return done();
}
