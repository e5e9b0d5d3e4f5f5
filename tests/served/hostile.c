/* hostile.c - what the file server must bear from those that it serves */
/* SPDX-License-Identifier: MIT */
/*
 * Run by the shell, below whose domain this one is; children are this program once more, with a
 * role, below it. A child's status is how many things went otherwise than they should.
 */
#include <stdlib.h>
#include "libexos/edge/companion.h"
#include "libexos/edge/cpio.h"
#include "libexos/edge/export.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/time.h"
#include "libexos/vm/vm.h"
#include "client.h"

enum { SESSIONS_EACH = 4, SESSIONS_ALL = 16, DATA = FILES_DATA * EXO_PAGE, DEATHS = 12 };

static int tests, broken;

static void ok(bool good, const char *what) {
    printf("%sok %d - %s\n", good ? "" : "not ", ++tests, what);
}
/* One of many: `broken` counts those that were not so. */
static void is(long got, long wanted, const char *what) {
    if (got == wanted)
        return;
    printf("# %s: %ld, not %ld\n", what, got, wanted);
    broken++;
}
static void all(const char *what) {
    ok(!broken, what);
    broken = 0;
}

/* This program once more, not started, so that it can be granted something. */
static bool child_make(struct exo_child *child, const char *role, const char *word) {
    const struct exo_start *start = exo_start_block();
    const char *words[] = {"hostile", role, word};
    struct exo_spawn what = {.name = "hostile",
                             .argc = 3,
                             .argv = words,
                             .console = start->console,
                             .files = start->files,
                             .harts = 1,
                             .slots = 2,
                             .stopped = 1};
    struct exo_file file;

    what.limits[EXO_FRAMES] = what.limits[EXO_HOLDS] = 1024;
    what.limits[EXO_SLOTS] = 2;
    what.limits[EXO_VSPACES] = what.limits[EXO_ENVS] = 2;
    if (!exo_initrd_find("test/served/hostile", &file))
        return false;
    what.image = file.data;
    what.length = file.length;
    if (exo_spawn(&what, child) >= 0)
        return true;
    printf("# no child: %s\n", child->step);
    broken++;
    return false;
}
static long child_end(struct exo_child *child, uint64_t seconds) {
    int64_t status = -1;
    long how;

    exo_env_start(child->env);
    how = exo_wait(child, &status, exo_time() + seconds * exo_time_base());
    exo_reap(child);
    return how == EXO_CHILD_EXITED ? status : -1;
}
/* A child with that part of the tree: how many things went wrong for it. */
static long child_run(const char *role, const char *word, const char *root, unsigned rights) {
    struct exo_child child;

    if (!child_make(&child, role, word))
        return -1;
    is(client_let(child.domain, root, rights), 0, "granting");
    return child_end(&child, 30);
}

static void numbers(void) {
    static const uint64_t handles[] = {0, 1, 31, 32, 1ull << 32, UINT64_MAX};
    static const uint64_t far[] = {1ull << 43, (1ull << 43) + 1, 1ull << 63, UINT64_MAX - 1};
    long handle;

    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        for (int op = 0; op < FILES_OPS; op++)
            if ((op >= FILES_CLOSE && op <= FILES_ATTRIBUTES))
                is(client_call((enum files_op)op, handles[i], 0, 1), -EBADF, "a bad handle");
    all("handles that are none");
    is(client_call((enum files_op)FILES_OPS, 0, 0, 0), -EBADF, "a call that is none");
    is(client_call((enum files_op)0xffffffff, 0, 0, 0), -EBADF, "another");
    is(handle = client_open("/numbers", FILES_WRITES | FILES_CREATE), 0, "a file");
    is(client_call((enum files_op)FILES_OPS, 0, 0, 0), LOGFS_EINVAL, "a call that is none");
    all("calls that are none");
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        is(client_call(FILES_READ, 0, far[i], DATA), 0, "reading far behind the end");
        is(client_call(FILES_WRITE, 0, far[i], DATA), LOGFS_EFBIG, "writing there");
    }
    is(client_call(FILES_WRITE, 0, (1ull << 43) - 1, 2), LOGFS_EFBIG, "over the end of all");
    is(client_call(FILES_READ, 0, 0, DATA + 1), LOGFS_EINVAL, "more than the pages hold");
    is(client_call(FILES_WRITE, 0, 0, DATA + 1), LOGFS_EINVAL, "more than the pages hold");
    is(client_call(FILES_WRITE, 0, 0, UINT64_MAX), LOGFS_EINVAL, "as much as can be said");
    files.page->attributes.size = UINT64_MAX;
    is(files_path(&files, FILES_SET, "/numbers", LOGFS_SET_SIZE), LOGFS_EFBIG, "a size too large");
    files.page->attributes.size = 1ull << 43;
    is(files_path(&files, FILES_SET, "/numbers", LOGFS_SET_SIZE), 0, "the largest size");
    is(client_call(FILES_READ, 0, (1ull << 43) - 9, 100), 9, "its end");
    is(client_call(FILES_WRITE, 0, EXO_ANY, 1), LOGFS_EFBIG, "adding to it");
    is(client_call(FILES_READDIR, 0, UINT64_MAX, 0), LOGFS_ENOTDIR, "a file as a directory");
    is(client_call(FILES_CLOSE, 0, 0, 0), 0, "closing");
    is(client_call(FILES_CLOSE, 0, 0, 0), -EBADF, "closing twice");
    is(client_open("/", 0), 0, "the root");
    is(client_call(FILES_READDIR, 0, UINT64_MAX, 0), 0, "a place behind the end");
    is(client_call(FILES_READ, 0, 0, 1), LOGFS_EISDIR, "reading it");
    is(client_call(FILES_WRITE, 0, 0, 1), -EBADF, "writing it");
    is(client_call(FILES_CLOSE, 0, 0, 0), 0, "closing");
    is(files_path(&files, FILES_REMOVE, "/numbers", 0), 0, "removing");
    all("offsets, lengths and sizes near the end of numbers");
    for (long i = 0; i < FILES_HANDLES; i++)
        is(client_open("/", 0), i, "a handle");
    is(client_open("/", 0), -EMFILE, "one too many");
    for (uint64_t i = 0; i < FILES_HANDLES; i++)
        client_call(FILES_CLOSE, i, 0, 0);
    all("all handles");
}

/* Paths without an end, of all there is. */
static void paths(void) {
    static const char *const fillings[] = {"a", "/", ".", "../", "/.snapshots", "\xff", "/a"};

    for (size_t i = 0; i < sizeof fillings / sizeof *fillings; i++)
        for (int op = FILES_STAT; op < FILES_OPS; op++) {
            size_t length = strlen(fillings[i]);

            if ((op >= FILES_CLOSE && op <= FILES_ATTRIBUTES) || op == FILES_SYNC)
                continue;
            for (size_t at = 0; at < 2 * FILES_PATH; at++)
                files.page->path[at / FILES_PATH][at % FILES_PATH] = fillings[i][at % length];
            memset(files.page->word, 0, sizeof files.page->word);
            files_call(&files, (enum files_op)op);
        }
    for (uint64_t i = 0; i < FILES_HANDLES; i++)
        client_call(FILES_CLOSE, i, 0, 0);
    is(files_path(&files, FILES_STAT, "/../..//./", 0), 0, "the root");
    is(files.page->attributes.mode & 0170000, 0040000, "its kind");
    is(client_mkdir("/.snapshots"), LOGFS_EROFS, "a directory that nobody would see");
    is(client_two(FILES_SYMLINK, "/ring", "ring"), 0, "a ring");
    is(files_path(&files, FILES_STAT, "/ring", 0), -ELOOP, "round");
    is(files_path(&files, FILES_STAT, "/ring/x", 0), -ELOOP, "round");
    is(files_path(&files, FILES_REMOVE, "/ring", 0), 0, "it goes");
    all("paths without an end, rings");
}

/* Another environment that writes over the page while calls are worked on. */
static uint8_t scribbler_stack[4096] __attribute__((aligned(16)));
static volatile bool scribbles = true;

static void scribble(void *page) {
    struct files_page *mine = page;
    uint32_t n = 0;

    while (scribbles) {
        mine->attributes.mode = n & 1 ? 0100644 : 0040755;
        mine->path[0][1] = n & 2 ? 'f' : 'd';
        mine->path[0][2] = n & 4 ? 'x' : 0;
        mine->op = n & 8 ? FILES_OPEN : n % 0x40;
        mine->word[2] = mine->word[0] = (uint64_t)n << (n & 32);
        mine->data[n % FILES_DATA] = n;
        n++;
    }
    for (;;)
        exo_sleep(0, EXO_NEVER);
}

static void changes(void) {
    struct exo_companion scribbler;
    struct files quiet = files;
    long other = exo_facts()->harts > 1;

    files_begin(&files, quiet.server);
    is(client_mkdir("/d"), 0, "a directory");
    is(client_put("/f", "content", 7), 0, "a file");
    is(exo_companion_create(&scribbler, 1, scribble, files.page,
                            scribbler_stack + sizeof scribbler_stack, NULL),
       0, "a second environment");
    exo_slots_take(0, (uint64_t)other, 4, scribbler.env);
    exo_env_start(scribbler.env);
    for (int i = 0; i < 1500; i++) {
        files.page->op = i % 3 ? FILES_OPEN : (uint32_t)i % FILES_OPS;
        files.page->word[0] = FILES_WRITES;
        strcpy(files.page->path[0], i % 2 ? "/d" : "/f");
        files.page->result = 0;
        files_call(&files, (enum files_op)files.page->op);
    }
    scribbles = false;
    exo_sleep_ns(20000000);
    exo_companion_end(&scribbler);
    for (uint64_t i = 0; i < FILES_HANDLES; i++)
        client_call(FILES_CLOSE, i, 0, 0);
    files_end(&files);
    files = quiet;
    is(files_path(&files, FILES_STAT, "/d", 0), 0, "the directory");
    is(files.page->attributes.mode & 0170000, 0040000, "its kind");
    is(files_path(&files, FILES_REMOVE, "/d", 1), 0, "it goes");
    files_path(&files, FILES_REMOVE, "/f", 0);
    all("a page that changes while the server works on it");
}

/* Role: everything beyond the granted directory is out of reach. */
static void jailed(void) {
    static const char *const ways[] = {
        "/secret",   "../secret",   "/../secret",    "/in/../../secret", "/out",
        "/absolute", "/far/secret", "/in/up/secret", "/.snapshots",      "/in/../.snapshots"};

    if (!client_begin()) {
        broken = 100;
        return;
    }
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        is(files_path(&files, FILES_STAT, ways[i], 0), LOGFS_ENOENT, ways[i]);
        is(client_open(ways[i], FILES_WRITES), LOGFS_ENOENT, ways[i]);
        is(client_two(FILES_LINK, ways[i], "/mine"),
           ways[i][1] == 'o' || ways[i][1] == 'a' ? 0 : LOGFS_ENOENT, "a link");
        files_path(&files, FILES_REMOVE, "/mine", 0);
    }
    is(client_two(FILES_RENAME, "/in", "/../stolen"), 0, "a way that ends at its own root");
    is(client_two(FILES_RENAME, "/stolen", "/in"), 0, "and back");
    is(files_path(&files, FILES_SNAPSHOT, "mine", 0), -EACCES, "a snapshot of all");
    is(client_let(exo_uarea()->domain, "/", EXO_R | EXO_W), -EACCES, "a grant to itself");
    is(client_let(exo_domains()[exo_slot_of(exo_uarea()->domain)].parent, "/", EXO_R), LOGFS_EINVAL,
       "a handle without a generation");
}

/* Role: what is granted for reading is read. */
static void reader(void) {
    if (!client_begin()) {
        broken = 100;
        return;
    }
    is(client_open("/in/file", 0), 0, "reading");
    is(client_open("/in/file", FILES_WRITES), -EACCES, "writing");
    is(client_open("/in/file", FILES_TRUNCATE), -EACCES, "cutting");
    is(client_open("/in/new", FILES_WRITES | FILES_CREATE), -EACCES, "making");
    is(client_mkdir("/new"), -EACCES, "a directory");
    is(files_path(&files, FILES_REMOVE, "/in/file", 0), -EACCES, "removing");
    is(client_two(FILES_RENAME, "/in", "/out"), -EACCES, "renaming");
    is(client_two(FILES_LINK, "/in/file", "/more"), -EACCES, "linking");
    is(files_path(&files, FILES_SET, "/in/file", LOGFS_SET_SIZE), -EACCES, "setting");
    is(client_call(FILES_WRITE, 0, 0, 1), -EBADF, "writing by a handle to read");
    is(files_path(&files, FILES_STAT, "/in/file", 0), 0, "it is there");
}

static void grants(void) {
    struct exo_child child, another;

    is(client_mkdir("/jail"), 0, "jail");
    is(client_mkdir("/jail/in"), 0, "in");
    is(client_put("/secret", "secret", 6), 0, "secret");
    is(client_put("/jail/in/file", "file", 4), 0, "file");
    is(client_two(FILES_SYMLINK, "/jail/out", "../secret"), 0, "out");
    is(client_two(FILES_SYMLINK, "/jail/absolute", "/secret"), 0, "absolute");
    is(client_two(FILES_SYMLINK, "/jail/far", "../../../.."), 0, "far");
    is(client_two(FILES_SYMLINK, "/jail/in/up", "../.."), 0, "up");
    is(child_run("jailed", "", "/jail", EXO_R | EXO_W), 0, "the jailed");
    all("no way leads out of what was granted");
    is(child_run("reader", "", "/jail", EXO_R), 0, "the reader");
    all("what may be read is not written");

    /* The last grant holds. */
    if (child_make(&child, "reader", "")) {
        is(client_let(child.domain, "/", EXO_R | EXO_W), 0, "all");
        is(client_let(child.domain, "/jail", EXO_R), 0, "less");
        is(child_end(&child, 30), 0, "the reader");
    }
    if (child_make(&child, "reader", "") && child_make(&another, "none", "")) {
        exo_reap(&another);
        is(client_let(child.domain, "/jail", EXO_R), 0, "one");
        is(client_let(another.domain, "/jail", EXO_R), LOGFS_EINVAL, "to the dead");
        is(client_let(exo_uarea()->domain, "/jail", EXO_R), -EACCES, "to oneself");
        is(client_let(child.domain, "/jail/in/file", EXO_R), LOGFS_ENOTDIR, "of a file");
        is(client_let(child.domain, "/.snapshots", EXO_R), LOGFS_ENOTDIR, "of the snapshots");
        is(client_let(child.domain, "/none", EXO_R), LOGFS_ENOENT, "of nothing");
        is(child_end(&child, 30), 0, "the reader");
    }
    all("the last grant holds; the dead, oneself, files, nothing");

    /* The directory goes away under one who has it as its root. */
    is(client_mkdir("/gone"), 0, "a directory");
    if (child_make(&child, "gone", "")) {
        is(client_let(child.domain, "/gone", EXO_R | EXO_W), 0, "granting");
        is(files_path(&files, FILES_REMOVE, "/gone", 1), 0, "it goes");
        is(client_mkdir("/gone"), 0, "another of its name");
        is(client_put("/gone/file", "x", 1), 0, "with a file");
        is(child_end(&child, 30), 0, "who had it");
    }
    all("a root that is removed is not another's");
}

/* Role: its root is no more. */
static void gone(void) {
    if (!client_begin()) {
        broken = 100;
        return;
    }
    is(files_path(&files, FILES_STAT, "/", 0), LOGFS_ENOENT, "the root");
    is(files_path(&files, FILES_STAT, "/file", 0), LOGFS_ENOENT, "a file");
    is(client_put("/new", "x", 1), LOGFS_ENOENT, "a new one");
}

/* Role: begins all sessions that it can get, and ends none. */
static void greedy(void) {
    long error = 0;
    int begun = 0;

    while (begun < SESSIONS_ALL && error >= 0) {
        error = files_begin(&files, exo_start_block()->files);
        begun += error >= 0;
    }
    is(begun, SESSIONS_EACH, "sessions of one");
    is(error, -EAGAIN, "one more");
}

/* Role: ends its sessions, and keeps the frames; then waits to be killed. */
static void keeper(void) {
    for (int i = 0; i < SESSIONS_EACH; i++) {
        struct exo_message message = {{FILES_END}};

        is(files_begin(&files, exo_start_block()->files), 0, "a session");
        message.word[1] = files.session;
        exo_gate_call(EXO_GATE_FILES, &message, EXO_NEVER);
    }
    exo_parent_page()->word[0] = 1;
    for (;;)
        exo_sleep(0, EXO_NEVER);
}

/* Role: calls, and dies in it. */
static void dies(void) {
    static char bytes[DATA];
    uint64_t n = 0;

    if (!client_begin())
        exit(1);
    exo_parent_page()->word[0] = 1;
    for (;; n++) {
        memset(bytes, (int)n, sizeof bytes);
        client_put("/dies", bytes, sizeof bytes);
        client_two(FILES_RENAME, "/dies", "/died");
        if (n % 4 == 3)
            client_call(FILES_SYNC, 0, 0, 0);
    }
}

static bool child_ready(struct exo_child *child) {
    uint64_t deadline = exo_time() + 20 * exo_time_base();

    exo_env_start(child->env);
    while (child->page && !((volatile struct exo_parent *)child->page)->word[0] &&
           exo_time() < deadline)
        exo_sleep_ns(1000000);
    return child->page && child->page->word[0];
}

static void sessions(void) {
    const volatile struct exo_frame *frames = exo_frames();
    struct exo_child child;
    struct files more;

    for (int i = 0; i < 6; i++)
        is(child_run("greedy", "", "/", EXO_R | EXO_W), 0, "the greedy");
    is(files_begin(&more, files.server), 0, "a session after them");
    files_end(&more);
    all("who ends no session has four, and they end with him");

    if (child_make(&child, "keeper", "")) {
        is(client_let(child.domain, "/", EXO_R | EXO_W), 0, "granting");
        is(child_ready(&child), true, "it kept frames");
        for (int round = 0; round < 2 * SESSIONS_ALL; round++) {
            is(files_begin(&more, files.server), 0, "a session");
            for (int i = 0; more.page && i < FILES_DATA; i++)
                is(frames[more.page->data[i]].others, 1, "holders besides the server");
            files_end(&more);
        }
        exo_reap(&child);
    }
    all("frames that somebody kept are nobody else's session");

    for (int i = 0; i < DEATHS; i++) {
        if (!child_make(&child, "dies", ""))
            break;
        is(client_let(child.domain, "/", EXO_R | EXO_W), 0, "granting");
        is(child_ready(&child), true, "it works");
        exo_sleep_ns(1000000 + (uint64_t)i * 3700000);
        exo_reap(&child);
        is(files_path(&files, FILES_STAT, "/", 0), 0, "the server answers");
    }
    is(client_call(FILES_SYNC, 0, 0, 0), 0, "sync");
    all("clients that die in a call");
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } roles[] = {{"jailed", jailed}, {"reader", reader}, {"gone", gone},
                 {"greedy", greedy}, {"keeper", keeper}, {"dies", dies}};

    for (size_t i = 0; argc > 1 && i < sizeof roles / sizeof *roles; i++)
        if (!strcmp(argv[1], roles[i].name)) {
            roles[i].run();
            return broken;
        }
    if (!client_begin()) {
        printf("not ok 1 - a session\n1..1\n");
        return 1;
    }
    numbers();
    paths();
    changes();
    grants();
    sessions();
    printf("1..%d\n", tests);
    return 0;
}
