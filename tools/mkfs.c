/* mkfs.c - mkfs.logfs: makes a volume, empty or from a directory; the same input makes the same
 * bytes */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/plant.h"
#include "tools/volume.h"

static const char usage[] =
    "usage: mkfs.logfs IMAGE SIZE [--from DIR] [--label NAME] [--id HEX] [--time SECONDS]\n"
    "                  [--owner UID:GID] [--checksum-data] [--force | --update]\n"
    "       mkfs.logfs DISK:VOLUME ... (mkdisk.aspis makes disks)\n"
    "  SIZE             bytes, or with K, M, G behind; whole MiB, 8M at least\n"
    "  --from DIR       copies the directory; then id and time come from it, and the image "
    "repeats\n"
    "  --label NAME     up to 31 bytes\n"
    "  --id HEX         the volume's number, else drawn or from DIR\n"
    "  --time SECONDS   since 1970; else SOURCE_DATE_EPOCH, else DIR's newest file, else now\n"
    "  --owner UID:GID  all belongs to them\n"
    "  --checksum-data  content is checked when it is read, like all else\n"
    "  --force          IMAGE may be there already; what it holds is lost\n"
    "  --update         IMAGE holds a volume: DIR is copied over what is in it\n";

struct asked {
    const char *image, *from, *label;
    uint64_t size, id, time; /* time in seconds, 0: not said */
    struct plant_options plant;
    uint32_t features;
    int force, update;
};

static uint64_t number(const char *words, const char *what, int base) {
    char *end;
    uint64_t value;

    errno = 0;
    value = strtoull(words, &end, base);
    if (errno || *end || end == words || *words == '-')
        image_fail(EXIT_USAGE, "%s is no %s", words, what);
    return value;
}

static void owner(struct plant_options *plant, const char *words) {
    char rest;

    if (sscanf(words, "%u:%u%c", &plant->uid, &plant->gid, &rest) != 2)
        image_fail(EXIT_USAGE, "%s is no UID:GID", words);
    plant->owned = 1;
}

static void parse(struct asked *asked, int count, char **words) {
    static const struct option options[] = {
        {"from", 1, NULL, 'f'},  {"label", 1, NULL, 'l'},  {"id", 1, NULL, 'i'},
        {"time", 1, NULL, 't'},  {"owner", 1, NULL, 'o'},  {"checksum-data", 0, NULL, 'c'},
        {"force", 0, NULL, 'F'}, {"update", 0, NULL, 'u'}, {"help", 0, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    int option;

    if (epoch)
        asked->time = number(epoch, "time (SOURCE_DATE_EPOCH)", 10);
    while ((option = getopt_long(count, words, "", options, NULL)) >= 0) {
        switch (option) {
        case 'f':
            asked->from = optarg;
            break;
        case 'l':
            asked->label = optarg;
            break;
        case 'i':
            asked->id = number(optarg, "id", 16);
            break;
        case 't':
            asked->time = number(optarg, "time", 10);
            break;
        case 'o':
            owner(&asked->plant, optarg);
            break;
        case 'c':
            asked->features |= LOGFS_DATA_CHECKSUMS;
            break;
        case 'F':
            asked->force = 1;
            break;
        case 'u':
            asked->update = 1;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            fputs(usage, stderr);
            exit(EXIT_USAGE);
        }
    }
    if (count - optind != 2 &&
        (count - optind != 1 || !(asked->update || strchr(words[optind], ':')))) {
        fputs(usage, stderr);
        exit(EXIT_USAGE);
    }
    asked->image = words[optind];
    asked->size = count - optind == 2 ? image_size(words[optind + 1]) : 0;
    if (count - optind == 2 && (asked->size % LOGFS_SEGMENT || asked->size < 8 * LOGFS_SEGMENT))
        image_fail(EXIT_USAGE, "%s: whole MiB, 8M at least", words[optind + 1]);
    if (asked->label && strlen(asked->label) > LOGFS_LABEL_MOST)
        image_fail(EXIT_USAGE, "%s: labels have %d bytes at most", asked->label, LOGFS_LABEL_MOST);
}

static uint64_t drawn(void) {
    uint64_t id = 0;

    while (!id)
        if (getrandom(&id, sizeof(id), 0) < 0)
            image_fail(EXIT_OPERATION, "no random number: %s", strerror(errno));
    return id;
}

/* A new file, or a volume that has nothing in it. */
static void place(struct image *image, const struct asked *asked) {
    static uint8_t sector[LOGFS_SECTOR];

    if (asked->size) {
        image_create(image, asked->image, asked->size);
        return;
    }
    image_open(image, asked->image, 1);
    if (image_read(image, 0, sector, 1))
        image_fail(EXIT_OPERATION, "%s: cannot be read", asked->image);
    for (size_t i = 0; i < sizeof(sector) && !asked->force; i++)
        if (sector[i])
            image_fail(EXIT_OPERATION, "%s: there is something in it; --force overwrites it",
                       asked->image);
}

/* Nothing half done is left behind. */
static void give_up(const struct asked *asked, const char *at, int status) {
    struct stat about;

    if (asked->size && lstat(asked->image, &about) == 0 && S_ISREG(about.st_mode))
        unlink(asked->image);
    image_fail(EXIT_OPERATION, "%s: %s", at,
               status == LOGFS_ENOSPC ? "does not fit into the volume" : volume_error(status));
}

int main(int count, char **words) {
    static struct asked asked;
    struct logfs_format format = {0};
    struct volume volume = {0};
    struct plant *plant = NULL;
    struct stat about;
    const char *at;
    int status;

    parse(&asked, count, words);
    if (!asked.force && asked.size && stat(asked.image, &about) == 0 && about.st_size)
        image_fail(EXIT_OPERATION, "%s: is there already; --force overwrites it", asked.image);
    if (asked.from) {
        asked.plant.newest = asked.time * 1000000000u;
        plant = plant_survey(asked.from, &asked.plant);
    }
    format.features = asked.features;
    format.id = asked.id;
    if (!format.id)
        format.id = plant ? plant_hash(plant) | 1 : drawn();
    memcpy(format.label, asked.label ? asked.label : "", asked.label ? strlen(asked.label) : 0);
    format.uid = asked.plant.uid;
    format.gid = asked.plant.gid;
    if (asked.update) {
        volume_open(&volume, asked.image, 1);
    } else {
        place(&volume.image, &asked);
        volume_prepare(&volume);
    }
    volume.fixed_time = asked.time ? asked.time * 1000000000u : plant ? plant_newest(plant) : 0;
    at = asked.image;
    status = asked.update ? 0 : logfs_format(&volume.device, &volume.host, &format);
    if (!status && !asked.update)
        status = logfs_mount(&volume.device, &volume.host, 0, &volume.fs);
    if (!status && plant)
        status = plant_copy(plant, volume.fs, &at);
    if (!status)
        status = logfs_checkpoint(volume.fs);
    if (!status)
        status = logfs_unmount(volume.fs);
    if (status)
        give_up(&asked, at, status);
    return 0;
}
