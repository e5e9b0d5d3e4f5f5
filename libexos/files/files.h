/* files.h - files through the server that owns their volume: its protocol, and a client */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_FILES_FILES_H
#define LIBEXOS_FILES_FILES_H
#include "libexos/edge/edge.h"
#include "libexos/logfs/logfs.h"

/* A session has a page for calls and pages for data, frames of the server's that the client sees
 * too. A call is made by filling in the page and then calling the gate. The server may have to
 * sleep for the disk; then the client sleeps as well, and looks at `state`. */
enum { FILES_DATA = 16 /* pages */, FILES_PATH = 1400, FILES_HANDLES = 32 };
enum files_state { FILES_IDLE, FILES_ASKED, FILES_DONE };

/* Results below 0 are Linux error numbers, negated. Paths begin at the session's root; ".." does
 * not lead out of it. Handles are numbers of open files and directories. "/.snapshots/NAME" leads
 * into a snapshot, read-only. */
enum files_op {
    FILES_STAT, /* path, word 0: 1 = of the link itself; attributes */
    FILES_OPEN, /* path, word 0: enum files_open, attributes.mode of a new one: a handle; attributes
                 */
    FILES_CLOSE,      /* word 0: handle, as in all that follow */
    FILES_READ,       /* word 1: offset, 2: length: bytes in data; how many */
    FILES_WRITE,      /* the same; offset EXO_ANY: at the end */
    FILES_FSYNC,      /* word 1: 1 = content alone */
    FILES_READDIR,    /* word 1: cookie, 0 = the first; struct files_name in data; their bytes, 0 =
                         the end; word 1: the next cookie */
    FILES_ATTRIBUTES, /* attributes */
    FILES_SET,        /* path, word 0: enum logfs_set, attributes */
    FILES_MKDIR,      /* path, attributes.mode */
    FILES_REMOVE,     /* path, word 0: 1 = a directory */
    FILES_RENAME,     /* path, path 2, word 0: enum logfs_rename_flags */
    FILES_LINK,       /* path, path 2: the new name */
    FILES_SYMLINK,    /* path, path 2: what it says */
    FILES_READLINK,   /* path: bytes in data */
    FILES_SYNC,       /* all */
    FILES_STATFS,     /* struct logfs_statfs in data */
    FILES_SNAPSHOT,   /* path: the name of a new one */
    FILES_SNAPSHOT_END, /* path: the name */
    FILES_GRANT, /* word 0: a domain, 1: EXO_R, EXO_W; path: its root. No more than one has */
    FILES_OPS
};
enum files_open { FILES_WRITES = 1, FILES_CREATE = 2, FILES_EXCLUSIVE = 4, FILES_TRUNCATE = 8 };

struct files_page {
    uint32_t state; /* enum files_state */
    uint32_t op;
    int64_t result;
    uint64_t word[4];
    struct logfs_attributes attributes;
    uint32_t data[FILES_DATA]; /* frames */
    char path[2][FILES_PATH];
};
_Static_assert(sizeof(struct files_page) <= EXO_PAGE, "calls have one page");

struct files_name {
    uint64_t inode;
    uint32_t type;          /* mode & S_IFMT */
    uint16_t bytes, length; /* to the next, a multiple of 8; of the name, which a 0 follows */
    char name[];
};

/* Words of gate messages: the call, its argument; the answer in word 0. */
enum files_gate {
    FILES_BEGIN, /* a session: its number; its page's frame in word 1 */
    FILES_CALL,  /* session: the call in its page. 0, or -EBADF: no such session of the caller's */
    FILES_END,   /* session */
    FILES_TICK,  /* the server's own */
};

struct files {
    struct files_page *page;
    char *data; /* FILES_DATA pages */
    uint64_t session;
    exo_env_t server;
};

/* Begins a session with a server. 0, an exo_error, or -EACCES, -EAGAIN (too many sessions). For
 * programs with vm. */
long files_begin(struct files *files, exo_env_t server);
void files_end(struct files *files);
/* Makes the call in files->page; its result. -EIO when the server died. */
long files_call(struct files *files, enum files_op op);
/* The same with a path and a word. -ENAMETOOLONG. */
long files_path(struct files *files, enum files_op op, const char *path, uint64_t word);
/* Any length, through the data pages: bytes, or an error when there is none yet. */
long files_read(struct files *files, uint64_t handle, void *to, uint64_t length, uint64_t offset);
long files_write(struct files *files, uint64_t handle, const void *from, uint64_t length,
                 uint64_t offset);
#endif
