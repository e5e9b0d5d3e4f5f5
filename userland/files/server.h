/* server.h - the file server's parts: sessions, calls, paths */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_FILES_SERVER_H
#define USERLAND_FILES_SERVER_H
#include <stdbool.h>
#include "libexos/files/files.h"

enum { SESSIONS = 16, GRANTS = 64, VIEWS = 4, DOMAIN_SESSIONS = 4 };

/* What a name leads to: an inode of the volume or of a snapshot, or the directory of snapshots. */
struct node {
    struct logfs *fs;
    uint64_t inode; /* 0: the directory of snapshots */
};

struct handle {
    bool open;
    bool writes;
    struct node node;
};

struct session {
    exo_domain_t domain; /* 0: nobody's */
    unsigned rights;     /* EXO_R, EXO_W */
    struct node root;
    struct files_page *page; /* mapped once, when first needed */
    char *data;
    uint64_t frame, frames[FILES_DATA];
    struct handle handle[FILES_HANDLES];
};

extern struct logfs *volume; /* that is served */
extern bool dirty;           /* something is not durable yet */

/* call.c: does what the session's page asks for. */
void call_serve(struct session *session);
void handle_close(struct handle *handle);

/* session.c */
long session_begin(exo_domain_t domain, uint64_t *frame);
struct session *session_of(uint64_t number, exo_domain_t domain);
void session_end(struct session *session);
/* Those of domains that died are ended. */
void sessions_look(void);
/* Calls that came while the server slept. */
void sessions_serve(void);
/* The domain, one below the session's, may begin sessions, with these rights, below that directory.
 */
int session_grant(const struct session *session, uint64_t domain, unsigned rights,
                  struct node root);

/* path.c: the node of a path below `root`; symbolic links are followed, the last one if `follow`.
 */
int path_find(struct node root, const char *path, bool follow, struct node *node);
/* Of a name that need not be there its directory, and the name, which lies in the path. */
int path_parent(struct node root, const char *path, struct node *directory, const char **name,
                size_t *length);
/* Is it the directory of snapshots, which stands in no directory of the volume? */
bool path_is_snapshots(struct node directory, const char *name, size_t length);
/* A handle in a snapshot was opened (1) or closed (-1); those without are let go. */
void view_count(const struct logfs *fs, int change);
void views_close(void);
#endif
