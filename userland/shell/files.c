/* files.c - commands for files, by the file server; without one, the initrd's are shown */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libexos/edge/cpio.h"
#include "libexos/edge/start.h"
#include "libexos/files/files.h"
#include "userland/init/steward.h"
#include "shell.h"

enum { TYPE = 0170000, DIRECTORY = 0040000, LINK = 0120000, REGULAR = 0100000 };
enum { CHUNK = FILES_DATA * 4096, DEPTH_MOST = 32 };
static struct files files;

/* Begins a session when there is none, or when the server is another one by now. */
static bool files_open(void) {
    long server = steward_call(STEWARD_FILES, 0, 0, 0, 0);

    if (server <= 0)
        return false;
    if (files.page && files.server == (exo_env_t)server)
        return true;
    if (files.page)
        files_end(&files);
    return files_begin(&files, (exo_env_t)server) == 0;
}

exo_env_t files_server(void) { return files_open() ? files.server : 0; }

static int no_files(const char *command) {
    return shell_fail(command, "files", "this machine has no root volume");
}

static int fail(const char *command, const char *path, long error) {
    return shell_fail(command, path, strerror((int)-error));
}

/* The two names of a call, one behind the other. */
static const char *join(const char *directory, const char *name) {
    static char path[FILES_PATH];

    snprintf(path, sizeof path, "%s%s%s", directory, strcmp(directory, "/") ? "/" : "", name);
    return path;
}

static const char *base(const char *path) {
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

static long two_paths(enum files_op op, const char *first, const char *second, uint64_t word) {
    if (strlen(second) >= FILES_PATH)
        return LOGFS_ENAMETOOLONG;
    strcpy(files.page->path[1], second);
    return files_path(&files, op, first, word);
}

/* TO, or the name of FROM in it if it is a directory. */
static const char *target(const char *from, const char *to) {
    if (files_path(&files, FILES_STAT, to, 0) == 0 &&
        (files.page->attributes.mode & TYPE) == DIRECTORY)
        return join(to, base(from));
    return to;
}

/* All names of a directory, sorted; a null pointer ends them. Null: *error says why. */
static int by_name(const void *a, const void *b) {
    return strcmp((*(struct files_name *const *)a)->name, (*(struct files_name *const *)b)->name);
}

static struct files_name **names_of(const char *path, long *error) {
    struct files_name **all = calloc(1, sizeof *all);
    uint64_t cookie = 0, handle;
    size_t count = 0;
    long got = *error = files_path(&files, FILES_OPEN, path, 0);

    if (got < 0 || !all)
        return NULL;
    handle = (uint64_t)got;
    do {
        files.page->word[0] = handle;
        files.page->word[1] = cookie;
        got = files_call(&files, FILES_READDIR);
        cookie = files.page->word[1];
        for (long at = 0; at < got;) {
            struct files_name *name = (struct files_name *)(files.data + at), *copy;

            if (!name->bytes || !(all = realloc(all, (count + 2) * sizeof *all)) ||
                !(copy = malloc(name->bytes)))
                abort();
            memcpy(copy, name, name->bytes);
            all[count++] = copy;
            at += name->bytes;
        }
    } while (got > 0);
    *error = got;
    files.page->word[0] = handle;
    files_call(&files, FILES_CLOSE);
    qsort(all, count, sizeof *all, by_name);
    all[count] = NULL;
    return all;
}

static void names_free(struct files_name **names) {
    for (struct files_name **name = names; name && *name; name++)
        free(*name);
    free(names);
}

static int list_initrd(const char *prefix) {
    size_t length, position = 0;
    const void *archive = exo_archive(&length);
    struct exo_file file;
    bool any = false;

    while (archive && exo_cpio_next(archive, length, &position, &file) == 1) {
        if ((file.mode & TYPE) != REGULAR || strncmp(file.name, prefix, strlen(prefix)))
            continue;
        printf("%8zu %s\n", file.length, file.name);
        any = true;
    }
    return any ? 0 : shell_fail("ls", *prefix ? prefix : "initrd", "nothing there");
}

static void list_one(const char *path, const char *name) {
    const struct logfs_attributes *about = &files.page->attributes;
    uint32_t type;
    long error = files_path(&files, FILES_STAT, path, 1);

    if (error < 0) {
        fail("ls", path, error);
        return;
    }
    type = about->mode & TYPE;
    printf("%8llu %s%s", (unsigned long long)about->size, name, type == DIRECTORY ? "/" : "");
    if (type == LINK && (error = files_path(&files, FILES_READLINK, path, 0)) >= 0)
        printf(" -> %.*s", (int)error, files.data);
    printf("\n");
}

int files_ls(int count, char **words) {
    const char *path = count > 1 ? words[1] : "/";
    struct files_name **names;
    long error;

    if (count > 2)
        return shell_usage("ls [PATH]");
    if (!files_open())
        return list_initrd(count > 1 ? words[1] : "");
    error = files_path(&files, FILES_STAT, path, 0);
    if (error < 0)
        return fail("ls", path, error);
    if ((files.page->attributes.mode & TYPE) != DIRECTORY) {
        list_one(path, path);
        return 0;
    }
    names = names_of(path, &error);
    for (struct files_name **name = names; name && *name; name++)
        list_one(join(path, (*name)->name), (*name)->name);
    names_free(names);
    return error < 0 ? fail("ls", path, error) : 0;
}

/* A handle, or an error. */
static long open_file(const char *path, uint64_t flags, uint32_t mode) {
    files.page->attributes.mode = mode;
    return files_path(&files, FILES_OPEN, path, flags);
}

static long close_file(long handle) {
    files.page->word[0] = (uint64_t)handle;
    return files_call(&files, FILES_CLOSE);
}

int files_cat(int count, char **words) {
    static char bytes[4096];

    if (count < 2)
        return shell_usage("cat FILE...");
    if (!files_open())
        return no_files("cat");
    for (int i = 1; i < count; i++) {
        long handle = open_file(words[i], 0, 0), got = handle;

        for (uint64_t at = 0; got >= 0; at += (uint64_t)got) {
            got = files_read(&files, (uint64_t)handle, bytes, sizeof bytes, at);
            if (got <= 0)
                break;
            fwrite(bytes, 1, (size_t)got, stdout);
        }
        if (handle >= 0)
            close_file(handle);
        if (got < 0)
            return fail("cat", words[i], got);
    }
    return 0;
}

static long copy_file(const char *from, const char *to) {
    static char bytes[CHUNK];
    long in = open_file(from, 0, 0), out, got;
    uint64_t at = 0;

    if (in < 0)
        return in;
    out = open_file(to, FILES_WRITES | FILES_CREATE | FILES_TRUNCATE, files.page->attributes.mode);
    got = out;
    while (got >= 0 && (got = files_read(&files, (uint64_t)in, bytes, CHUNK, at)) > 0) {
        long put = files_write(&files, (uint64_t)out, bytes, (uint64_t)got, at);

        at += (uint64_t)got;
        got = put < 0 ? put : put < got ? LOGFS_ENOSPC : got;
    }
    close_file(in);
    if (out >= 0)
        close_file(out);
    return got;
}

static int copy_tree(const char *from, const char *to, unsigned depth);

/* The paths are copied first: the names of calls are shared by all. */
static int copy_below(const char *from, const char *to, unsigned depth) {
    char *source = strdup(from), *sink = strdup(to), *next;
    struct files_name **names;
    long error;
    int status = 0;

    if (!source || !sink)
        abort();
    names = names_of(source, &error);
    for (struct files_name **name = names; name && *name && !status; name++) {
        if (!(next = strdup(join(source, (*name)->name))))
            abort();
        status = copy_tree(next, join(sink, (*name)->name), depth + 1);
        free(next);
    }
    names_free(names);
    if (error < 0)
        status = fail("cp", source, error);
    free(source);
    free(sink);
    return status;
}

static int copy_tree(const char *from, const char *to, unsigned depth) {
    long error = files_path(&files, FILES_STAT, from, 0);

    if (error < 0 || depth > DEPTH_MOST)
        return error < 0 ? fail("cp", from, error) : shell_fail("cp", from, "too deep");
    if ((files.page->attributes.mode & TYPE) == DIRECTORY) {
        files.page->attributes.mode = 0755;
        error = files_path(&files, FILES_MKDIR, to, 0);
        return error < 0 && error != LOGFS_EEXIST ? fail("cp", to, error)
                                                  : copy_below(from, to, depth);
    }
    error = copy_file(from, to);
    return error < 0 ? fail("cp", from, error) : 0;
}

/* Does the path lead below the directory? As they are written. */
static bool is_below(const char *path, const char *directory) {
    size_t length = strlen(directory);

    while (length && directory[length - 1] == '/')
        length--;
    return !strncmp(path, directory, length) && (path[length] == '/' || !path[length]);
}

int files_cp(int count, char **words) {
    bool whole = count > 1 && !strcmp(words[1], "-r");
    const char *from, *to;
    int status;
    char *sink;
    long error;

    if (count != 3 + whole)
        return shell_usage("cp [-r] FROM TO");
    if (!files_open())
        return no_files("cp");
    from = words[1 + whole];
    to = words[2 + whole];
    error = files_path(&files, FILES_STAT, from, 0);
    if (error < 0)
        return fail("cp", from, error);
    if ((files.page->attributes.mode & TYPE) == DIRECTORY && !whole)
        return shell_fail("cp", from, "is a directory; -r copies all of it");
    if (!(sink = strdup(target(from, to))))
        abort();
    status = whole && is_below(sink, from) ? shell_fail("cp", from, "would be copied into itself")
                                           : copy_tree(from, sink, 0);
    free(sink);
    return status;
}

int files_mv(int count, char **words) {
    long error;

    if (count != 3)
        return shell_usage("mv FROM TO");
    if (!files_open())
        return no_files("mv");
    error = two_paths(FILES_RENAME, words[1], target(words[1], words[2]), 0);
    return error < 0 ? fail("mv", words[1], error) : 0;
}

static int remove_tree(const char *path, bool whole, unsigned depth) {
    struct files_name **names;
    char *directory;
    long error = files_path(&files, FILES_STAT, path, 1);
    int status = 0;

    if (error < 0)
        return fail("rm", path, error);
    if ((files.page->attributes.mode & TYPE) != DIRECTORY) {
        error = files_path(&files, FILES_REMOVE, path, 0);
        return error < 0 ? fail("rm", path, error) : 0;
    }
    if (!whole || depth > DEPTH_MOST)
        return shell_fail("rm", path, whole ? "too deep" : "is a directory; -r removes all of it");
    if (!(directory = strdup(path)))
        abort();
    names = names_of(directory, &error);
    for (struct files_name **name = names; name && *name && !status; name++)
        status = remove_tree(join(directory, (*name)->name), whole, depth + 1);
    names_free(names);
    if (!status && error >= 0)
        error = files_path(&files, FILES_REMOVE, directory, 1);
    if (!status && error < 0)
        status = fail("rm", directory, error);
    free(directory);
    return status;
}

int files_rm(int count, char **words) {
    bool whole = count > 1 && !strcmp(words[1], "-r");
    int status = 0;

    if (count < 2 + whole)
        return shell_usage("rm [-r] PATH...");
    if (!files_open())
        return no_files("rm");
    for (int i = 1 + whole; i < count && !status; i++)
        status = remove_tree(words[i], whole, 0);
    return status;
}

int files_mkdir(int count, char **words) {
    if (count < 2)
        return shell_usage("mkdir DIRECTORY...");
    if (!files_open())
        return no_files("mkdir");
    for (int i = 1; i < count; i++) {
        long error;

        files.page->attributes.mode = 0755;
        error = files_path(&files, FILES_MKDIR, words[i], 0);
        if (error < 0)
            return fail("mkdir", words[i], error);
    }
    return 0;
}

int files_ln(int count, char **words) {
    bool symbolic = count > 1 && !strcmp(words[1], "-s");
    long error;

    if (count != 3 + symbolic)
        return shell_usage("ln [-s] TO NAME");
    if (!files_open())
        return no_files("ln");
    error = symbolic ? two_paths(FILES_SYMLINK, words[3], words[2], 0)
                     : two_paths(FILES_LINK, words[1], words[2], 0);
    return error < 0 ? fail("ln", words[1 + symbolic], error) : 0;
}

int files_df(int count, char **words) {
    struct logfs_statfs about;
    long error;

    (void)words;
    if (count != 1)
        return shell_usage("df");
    if (!files_open())
        return no_files("df");
    error = files_call(&files, FILES_STATFS);
    if (error < 0)
        return fail("df", "/", error);
    memcpy(&about, files.data, sizeof about);
    printf("VOLUME          KiB     FREE KiB  FILES  SEGMENTS FREE\n");
    printf("%-10s %8llu %12llu %6llu %9llu %4llu\n", about.label[0] ? about.label : "root",
           (unsigned long long)about.sectors / 2, (unsigned long long)about.free / 2,
           (unsigned long long)about.inodes, (unsigned long long)about.segments,
           (unsigned long long)about.free_segments);
    return 0;
}

/* What was written is durable. Nothing to do without a server. */
long files_sync_all(void) { return files_open() ? files_call(&files, FILES_SYNC) : 0; }

int files_sync(int count, char **words) {
    long error;

    (void)words;
    if (count != 1)
        return shell_usage("sync");
    error = files_sync_all();
    return error < 0 ? fail("sync", "/", error) : 0;
}

int files_snapshot(int count, char **words) {
    bool ends = count == 3 && !strcmp(words[1], "-d");
    char *list[] = {words[0], "/.snapshots", NULL};
    long error;

    if (count > 2 && !ends)
        return shell_usage("snapshot [NAME | -d NAME]");
    if (count == 1)
        return files_ls(2, list);
    if (!files_open())
        return no_files("snapshot");
    error = files_path(&files, ends ? FILES_SNAPSHOT_END : FILES_SNAPSHOT, words[1 + ends], 0);
    return error < 0 ? fail("snapshot", words[1 + ends], error) : 0;
}

int files_put(const char *path, const char *text, bool append) {
    uint64_t flags = FILES_WRITES | FILES_CREATE | (append ? 0 : FILES_TRUNCATE);
    long handle, error;

    if (!files_open())
        return no_files("echo");
    error = handle = open_file(path, flags, 0644);
    if (handle >= 0) {
        error = files_write(&files, (uint64_t)handle, text, strlen(text), EXO_ANY);
        close_file(handle);
    }
    return error < 0 ? fail("echo", path, error) : 0;
}

void *files_load(const char *path, size_t *length) {
    long handle = files_open() ? open_file(path, 0, 0) : -1, got;
    void *bytes = NULL;

    if (handle < 0)
        return NULL;
    *length = files.page->attributes.size;
    if ((files.page->attributes.mode & TYPE) == REGULAR && (bytes = malloc(*length + 1)) != NULL) {
        got = files_read(&files, (uint64_t)handle, bytes, *length, 0);
        if (got != (long)*length) {
            free(bytes);
            bytes = NULL;
        }
    }
    close_file(handle);
    return bytes;
}

void files_let(exo_domain_t domain) {
    if (!files_open())
        return;
    files.page->word[1] = EXO_R | EXO_W;
    files_path(&files, FILES_GRANT, "/", domain);
}
