/* mount.c - a volume is made, taken up and let go; what it tells of itself */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

static void fs_free(struct logfs *fs) {
    struct logfs_host *host = fs->host;
    uint32_t pages = usage_pages(fs);

    space_forget_map(fs);
    file_forget_all(fs);
    pages_end(fs);
    node_forget(fs, 1);
    while (fs->spare_count)
        host->page_free(host, fs->spare[--fs->spare_count]);
    if (fs->checkpoint)
        host->page_free(host, fs->checkpoint);
    if (fs->header)
        host->resize(host, fs->header, HEADERS, 0);
    if (fs->usage)
        host->resize(host, fs->usage, pages * LOGFS_PAGE, 0);
    if (fs->state)
        host->resize(host, fs->state, fs->segments, 0);
    if (fs->usage_dirty)
        host->resize(host, fs->usage_dirty, pages, 0);
    host->resize(host, fs, sizeof *fs, 0);
}

static struct logfs *fs_new(struct logfs_device *device, struct logfs_host *host) {
    struct logfs *fs = host->resize(host, NULL, 0, sizeof *fs);

    if (!fs)
        return NULL;
    memset(fs, 0, sizeof *fs);
    fs->device = device;
    fs->host = host;
    fs->policy = &logfs_hole_filling;
    ring_init(&fs->node_lru);
    ring_init(&fs->page_lru);
    ring_init(&fs->written);
    ring_init(&fs->file_lru);
    ring_init(&fs->dirty_files);
    ring_init(&fs->with_data);
    ring_init(&fs->behind);
    fs->search = 1;
    fs->header = host->resize(host, NULL, 0, HEADERS);
    fs->checkpoint = host->page(host);
    if (fs->header && fs->checkpoint && !spare_fill(fs)) {
        fs->header_end = fs->header + LF_HEADER_SECTORS * LOGFS_SECTOR;
        fs->deltas = (uint64_t *)(fs->header + HEADERS - DELTA_MOST - LOGFS_SECTOR) +
                     sizeof(struct lf_chunk) / 8;
        fs->deltas_left = LOGFS_SECTOR;
        return fs;
    }
    fs_free(fs);
    return NULL;
}

static int device_is_sound(const struct logfs_device *device) {
    return device->sectors / LF_SEGMENT_SECTORS >= LF_SEGMENTS_LEAST;
}

int logfs_format(struct logfs_device *device, struct logfs_host *host,
                 const struct logfs_format *format) {
    struct logfs_attributes root = {.mode = 0040000 | (format->mode ? format->mode & 07777 : 0755),
                                    .uid = format->uid,
                                    .gid = format->gid};
    uint64_t segments = device->sectors / LF_SEGMENT_SECTORS;
    struct logfs_piece piece;
    struct logfs *fs;
    struct file *file;
    struct lf_super *super;
    int error;

    if (!device_is_sound(device))
        return LOGFS_ENOSPC;
    if (!format->id || format->features & ~(uint32_t)LOGFS_DATA_CHECKSUMS)
        return LOGFS_EINVAL;
    if (segments > LF_USAGE_PAGES * LF_USAGE_IN_PAGE)
        segments = LF_USAGE_PAGES * LF_USAGE_IN_PAGE;
    fs = fs_new(device, host);
    if (!fs)
        return LOGFS_ENOMEM;
    fs->super = (struct lf_super){.version = LF_VERSION,
                                  .magic = LF_SUPER_MAGIC,
                                  .id = format->id,
                                  .created = fs_now(fs),
                                  .features = format->features,
                                  .segment_sectors = LF_SEGMENT_SECTORS};
    memcpy(fs->super.label, format->label, LOGFS_LABEL_MOST);
    fs->super.crc = exo_crc32c(0, &fs->super.version, sizeof fs->super - 4);
    /* What was there before is no volume any more, and this becomes one only when it is whole. */
    super = spare_take(fs);
    memset(super, 0, LOGFS_PAGE);
    piece = (struct logfs_piece){super, LF_PAGE_SECTORS};
    error = device->write(device, 0, &piece, 1);
    for (unsigned i = 0; !error && i < 2; i++)
        error = device->write(device, i ? LF_CHECKPOINT_B : LF_CHECKPOINT_A, &piece, 1);
    if (!error)
        error = device->flush(device);
    if (!error)
        error = space_open(fs, (uint32_t)segments);
    fs->generation = 1;
    fs->next_inode = LOGFS_ROOT;
    if (!error)
        error = file_new(fs, &root, LOGFS_ROOT, &file);
    if (!error) {
        file_put(fs, file);
        error = checkpoint_first(fs);
    }
    memcpy(super, &fs->super, sizeof fs->super);
    if (!error)
        error = device->write(device, 0, &piece, 1);
    if (!error)
        error = device->flush(device);
    spare_give(fs, super);
    fs_free(fs);
    return error;
}

static int super_read(struct logfs *fs) {
    struct lf_super *super = (struct lf_super *)fs->header;
    int error = fs->device->read(fs->device, 0, super, 1);

    if (error)
        return error;
    if (super->magic != LF_SUPER_MAGIC ||
        super->crc != exo_crc32c(0, &super->version, sizeof *super - 4) ||
        super->version != LF_VERSION || super->segment_sectors != LF_SEGMENT_SECTORS ||
        super->features & ~(uint32_t)LOGFS_DATA_CHECKSUMS)
        return LOGFS_EUCLEAN;
    fs->super = *super;
    fs->super.label[LOGFS_LABEL_MOST] = 0;
    return 0;
}

int logfs_mount(struct logfs_device *device, struct logfs_host *host, unsigned flags,
                struct logfs **mounted) {
    struct logfs *fs;
    int error;

    if (!device_is_sound(device))
        return LOGFS_EUCLEAN;
    fs = fs_new(device, host);
    if (!fs)
        return LOGFS_ENOMEM;
    error = super_read(fs);
    if (!error)
        error = checkpoint_read(fs);
    if (!error) {
        nodes_ahead(fs);
        error = log_replay(fs);
    }
    if (!error) {
        /* A volume whose root cannot be read is none. */
        struct file *root;

        error = file_get(fs, LOGFS_ROOT, &root);
        if (error == LOGFS_ENOENT || (!error && !is_directory(root->is.mode)))
            error = LOGFS_EUCLEAN;
    }
    nodes_ahead_end(fs);
    fs->durable = fs->log;
    fs->flags = flags;
    if (!error)
        error = fs->broken;
    if (!error && !(flags & LOGFS_READ_ONLY))
        error = file_orphans(fs);
    if (error) {
        fs_free(fs);
        return error;
    }
    *mounted = fs;
    return 0;
}

int logfs_snapshot_open(struct logfs *fs, const char *name, size_t length, struct logfs **opened) {
    struct lf_key key = key_of(LF_VOLUME, LF_SNAPSHOT, 0);
    char other[LOGFS_NAME_MOST + 1];
    struct lf_snapshot is;
    struct logfs *view;
    int found;

    if (fs->of)
        return LOGFS_EINVAL;
    while ((found = snapshot_next(fs, &key, &is, other)) > 0 &&
           (is.length != length || memcmp(other, name, length)))
        key.offset++;
    if (found <= 0)
        return found < 0 ? found : LOGFS_ENOENT;
    view = fs_new(fs->device, fs->host);
    if (!view)
        return LOGFS_ENOMEM;
    found = space_open(view, fs->segments);
    if (found) {
        fs_free(view);
        return found;
    }
    view->super = fs->super;
    view->flags = LOGFS_READ_ONLY;
    view->of = fs;
    view->view_key = key;
    view->tree = (struct tree){is.root, is.height};
    view->generation = is.generation;
    view->inodes = is.inodes;
    view->next_view = fs->views;
    fs->views = view;
    *opened = view;
    return 0;
}

void logfs_abandon(struct logfs *fs) {
    if (fs->of) {
        struct logfs **link = &fs->of->views;

        while (*link != fs)
            link = &(*link)->next_view;
        *link = fs->next_view;
    }
    fs_free(fs);
}

int logfs_checkpoint(struct logfs *fs) {
    int error;

    if (fs->flags & LOGFS_READ_ONLY || fs->of)
        return LOGFS_EROFS;
    error = commit(fs, NULL);
    return error ? error : checkpoint_write(fs);
}

int logfs_unmount(struct logfs *fs) {
    int changed = fs->logged || fs->node_dirty || fs->deltas_end || fs->change_overflow ||
                  fs->page_dirty || fs->dirty_file_count;
    int error = fs->flags & LOGFS_READ_ONLY || fs->of ? 0 : fs->broken;

    if (!error && changed && !(fs->flags & LOGFS_READ_ONLY) && !fs->of)
        error = logfs_checkpoint(fs);
    logfs_abandon(fs);
    return error;
}

int logfs_statfs(struct logfs *fs, struct logfs_statfs *to) {
    const struct logfs *of = fs->of ? fs->of : fs;
    uint64_t used = of->live + ((uint64_t)of->page_dirty + of->node_dirty + 16) * LF_PAGE_SECTORS;

    *to = (struct logfs_statfs){.sectors = of->usable,
                                .free = used < of->usable ? of->usable - used : 0,
                                .inodes = fs->inodes,
                                .segments = of->segments,
                                .free_segments = of->free_segments,
                                .id = fs->super.id,
                                .features = fs->super.features};
    memcpy(to->label, fs->super.label, sizeof to->label);
    return 0;
}

int logfs_segment(struct logfs *fs, uint32_t segment, uint32_t *live, uint32_t *state) {
    if (segment >= fs->segments)
        return LOGFS_EINVAL;
    *live = fs->usage[segment].live;
    *state = fs->state[segment];
    return 0;
}

void logfs_count(struct logfs *fs, struct logfs_counts *to) { *to = fs->counts; }

int logfs_resize(struct logfs *fs, uint64_t sectors) {
    uint64_t segments = sectors / LF_SEGMENT_SECTORS;
    uint32_t old = fs->segments;
    int error = operation(fs, 0, 1);

    if (error)
        return error;
    if (segments < LF_SEGMENTS_LEAST || segments > LF_USAGE_PAGES * LF_USAGE_IN_PAGE)
        return LOGFS_EINVAL;
    if (segments > old) {
        if (sectors > fs->device->sectors)
            return LOGFS_EINVAL;
        error = space_open(fs, (uint32_t)segments);
        return error ? error : checkpoint_write(fs);
    }
    if (fs->live + (uint64_t)(space_reserve(fs) + 2) * LF_SEGMENT_SECTORS >
        (segments - 1) * (LF_SEGMENT_SECTORS / 32 * 31))
        return LOGFS_ENOSPC;
    error = checkpoint_write(fs); /* so that what is dead is free */
    if (error)
        return error;
    fs->segment_limit = (uint32_t)segments;
    error = checkpoint_write(fs); /* the log leaves the tail first */
    for (uint32_t i = (uint32_t)segments; !error && i < old; i++) {
        if (!fs->usage[i].live)
            continue;
        error = clean_segments(fs, &i, 1);
        if (!error)
            error = LOGFS_EBUSY; /* something there is not known to the log */
        if (error > 0)
            error = space_make(fs);
    }
    if (!error)
        error = checkpoint_write(fs);
    if (error) {
        fs->segment_limit = old;
        return error;
    }
    for (uint64_t page = (segments - 1) / LF_USAGE_IN_PAGE + 1; page < usage_pages(fs); page++) {
        space_gone(fs, fs->checkpoint->usage[page], LF_PAGE_SECTORS, ~0ull);
        fs->checkpoint->usage[page] = 0;
    }
    fs->search = 1;
    error = space_open(fs, (uint32_t)segments);
    return error ? error : checkpoint_write(fs);
}
