/* oracle.c - what must hold of a volume after a crash */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "oracle.h"

enum { NEW_BYTES = 5000, NEW_SECTORS = 512 };
static const char new_name[] = "made after the crash";

#define FAULT(...) (snprintf(oracle->fault, sizeof(oracle->fault), __VA_ARGS__), -1)

void oracle_init(struct oracle *oracle, uint64_t sectors, uint32_t cache_pages) {
    *oracle = (struct oracle){0};
    memory_init(&oracle->memory, cache_pages);
    disk_init(&oracle->disk, sectors, NULL, NULL);
}

void oracle_free(struct oracle *oracle) {
    survey_free(&oracle->survey);
    disk_free(&oracle->disk);
}

static void tell(void *context, const char *line) {
    char *first = context;

    if (!*first)
        snprintf(first, FAULT_ROOM, "%s", line);
}

static int sound(struct oracle *oracle, struct logfs *fs) {
    char first[FAULT_ROOM] = "";
    long faults = logfs_check(fs, tell, first);

    return faults ? FAULT("check: %ld faults: %.200s", faults, first) : 0;
}

static int mount(struct oracle *oracle, const char *when, struct logfs **fs) {
    uint64_t writes = oracle->disk.writes;
    int status = logfs_mount(&oracle->disk.device, &oracle->memory.host, 0, fs);

    if (status)
        return FAULT("mounting %s: %d", when, status);
    return oracle->disk.writes == writes ? 0 : FAULT("mounting %s wrote", when);
}

static int let_go(struct oracle *oracle, struct logfs *fs, int verdict) {
    logfs_abandon(fs);
    if (!verdict && (oracle->memory.pages || oracle->memory.bytes))
        verdict = FAULT("%ld pages and %ld bytes were not given back", oracle->memory.pages,
                        oracle->memory.bytes);
    return verdict;
}

static int same_space(struct oracle *oracle, struct logfs *fs, const struct logfs_statfs *was) {
    struct logfs_statfs is;

    if (logfs_statfs(fs, &is))
        return FAULT("statfs failed");
    if (is.free != was->free || is.inodes != was->inodes || is.free_segments != was->free_segments)
        return FAULT("mounted again: %llu sectors free, %llu inodes; before %llu, %llu",
                     (unsigned long long)is.free, (unsigned long long)is.inodes,
                     (unsigned long long)was->free, (unsigned long long)was->inodes);
    return 0;
}

/* What a survey showed, still there. */
static int shows(struct oracle *oracle, struct logfs *fs, const char *when, uint64_t names,
                 uint64_t contents) {
    if (survey_take(&oracle->survey, fs))
        return FAULT("mounted %s: %.200s", when, oracle->survey.fault);
    if (oracle->survey.names != names || oracle->survey.contents != contents)
        return FAULT("mounted %s it shows other %s", when,
                     oracle->survey.names != names ? "names" : "contents");
    return 0;
}

static int first_mount(struct oracle *oracle, const struct model *model, uint32_t events,
                       struct logfs_statfs *space) {
    struct logfs *fs;
    int verdict = mount(oracle, "after the crash", &fs);

    if (verdict)
        return verdict;
    verdict = model_check(model, fs, events, &oracle->survey, &oracle->kept, oracle->fault);
    if (!verdict)
        verdict = sound(oracle, fs);
    if (!verdict && logfs_statfs(fs, space))
        verdict = FAULT("statfs failed");
    if (!verdict && oracle->disk.writes)
        verdict = FAULT("looking at it wrote");
    return let_go(oracle, fs, verdict);
}

/* There is really no space for it: then what there is of it can go again. */
static int take_back(struct oracle *oracle, struct logfs *fs, int made) {
    int status = made ? logfs_unlink(fs, LOGFS_ROOT, new_name, sizeof(new_name) - 1) : 0;

    if (!status)
        status = logfs_sync(fs);
    return status ? FAULT("deleting a file on a full volume: %d", status) : 0;
}

static int make_new(struct oracle *oracle, struct logfs *fs, const struct logfs_statfs *space,
                    const uint8_t *bytes) {
    struct logfs_attributes about = {.mode = TYPE_FILE | 0600};
    uint64_t inode, pages[(NEW_BYTES + LOGFS_PAGE - 1) / LOGFS_PAGE];
    long status = logfs_create(fs, LOGFS_ROOT, new_name, sizeof(new_name) - 1, &about, &inode);
    int made = !status;

    if (made)
        status = logfs_write(fs, inode, bytes, NEW_BYTES, 0);
    if (space->free < NEW_SECTORS && (status == LOGFS_ENOSPC || (made && status < NEW_BYTES)))
        return take_back(oracle, fs, made);
    if (status != NEW_BYTES)
        return FAULT("a new file after the crash: %ld", status);
    status = logfs_fsync(fs, inode);
    if (status)
        return FAULT("fsync of a new file: %ld", status);
    for (unsigned i = 0; i < NEW_BYTES; i += LOGFS_PAGE) {
        unsigned part = NEW_BYTES - i < LOGFS_PAGE ? NEW_BYTES - i : LOGFS_PAGE;

        pages[i / LOGFS_PAGE] = sum_page(bytes + i, part);
    }
    oracle->survey.names += sum_name(LOGFS_ROOT, new_name, sizeof(new_name) - 1, inode, TYPE_FILE);
    oracle->survey.contents += sum_file(inode, NEW_BYTES, about.mode, pages);
    return 0;
}

static int second_mount(struct oracle *oracle, const struct logfs_statfs *space,
                        const uint8_t *bytes) {
    uint64_t names = oracle->survey.names, contents = oracle->survey.contents;
    struct logfs *fs;
    int verdict = mount(oracle, "again", &fs);

    if (verdict)
        return verdict;
    verdict = same_space(oracle, fs, space);
    if (!verdict)
        verdict = shows(oracle, fs, "again", names, contents);
    if (!verdict)
        verdict = make_new(oracle, fs, space, bytes);
    image_clear(&oracle->disk.now); /* what fsync did not flush is lost */
    return let_go(oracle, fs, verdict);
}

static int third_mount(struct oracle *oracle) {
    uint64_t names = oracle->survey.names, contents = oracle->survey.contents;
    struct logfs *fs;
    int verdict = mount(oracle, "the third time", &fs);

    if (verdict)
        return verdict;
    verdict = shows(oracle, fs, "after fsync", names, contents);
    if (!verdict)
        verdict = sound(oracle, fs);
    return let_go(oracle, fs, verdict);
}

static void oracle_begin(struct oracle *oracle, const struct image *state) {
    struct disk *disk = &oracle->disk;

    image_clear(&disk->now);
    image_clear(&disk->durable);
    disk->durable.below = state;
    disk->writes = disk->unflushed = 0;
    oracle->memory.pages = oracle->memory.bytes = 0;
    oracle->fault[0] = 0;
}

static int is_admitted(long status) { return status == LOGFS_EIO || status == LOGFS_EUCLEAN; }

int oracle_ask_damaged(struct oracle *oracle, struct model *model, const struct image *state,
                       uint32_t events, int data_checked) {
    struct logfs_attributes about = {.mode = TYPE_FILE | 0600};
    char first[FAULT_ROOM] = "";
    struct logfs *fs;
    uint64_t inode;
    int status;

    oracle_begin(oracle, state);
    status = logfs_mount(&oracle->disk.device, &oracle->memory.host, 0, &fs);
    if (status)
        return is_admitted(status) ? 0 : FAULT("mounting what is damaged: %d", status);
    model->damage = data_checked ? MODEL_DAMAGED : MODEL_BLIND;
    status = model_check(model, fs, events, &oracle->survey, &oracle->kept, oracle->fault);
    model->damage = MODEL_WHOLE;
    if (is_admitted(status))
        status = 0;
    (void)logfs_check(fs, tell, first);
    if (!logfs_create(fs, LOGFS_ROOT, new_name, sizeof(new_name) - 1, &about, &inode))
        (void)logfs_fsync(fs, inode);
    return let_go(oracle, fs, status);
}

int oracle_ask(struct oracle *oracle, const struct model *model, const struct image *state,
               uint32_t events) {
    struct logfs_statfs space;
    uint8_t bytes[NEW_BYTES];
    int verdict;

    oracle_begin(oracle, state);
    memset(bytes, (int)(events & 0xff) | 1, sizeof(bytes));
    verdict = first_mount(oracle, model, events, &space);
    if (!verdict)
        verdict = second_mount(oracle, &space, bytes);
    if (!verdict)
        verdict = third_mount(oracle);
    return verdict;
}
