/* session.c - who may call: sessions of domains, and what they may see */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include "libexos/edge/bind.h"
#include "libexos/edge/export.h"
#include "libexos/vm/vm.h"
#include "server.h"

enum { DEPTH_SERVICE = 2 };

static struct session sessions[SESSIONS];
/* Domains below the programs of init.conf see what one of those let them see. */
static struct grant {
    exo_domain_t domain;
    unsigned rights;
    struct node root;
} grants[GRANTS];

static bool is_live(exo_domain_t domain) {
    const volatile struct exo_domain *books = &exo_domains()[exo_slot_of(domain)];

    return books->depth && books->generation == domain >> 16;
}

int session_grant(uint64_t domain, unsigned rights, struct node root) {
    struct grant *free = NULL;

    if (exo_slot_of(domain) >= exo_facts()->domain_table.count || !is_live(domain))
        return LOGFS_EINVAL;
    for (struct grant *grant = grants; grant < grants + GRANTS; grant++)
        if (!grant->domain || !is_live(grant->domain) || grant->domain == domain)
            free = grant;
    if (!free)
        return -EAGAIN;
    *free = (struct grant){domain, rights, root};
    return 0;
}

/* What a domain may do: init's own programs all, others what they were granted. */
static const struct grant *grant_of(exo_domain_t domain) {
    static struct grant all;

    if (exo_domains()[exo_slot_of(domain)].depth <= DEPTH_SERVICE) {
        all = (struct grant){domain, EXO_R | EXO_W, {volume, LOGFS_ROOT}};
        return &all;
    }
    for (const struct grant *grant = grants; grant < grants + GRANTS; grant++)
        if (grant->domain == domain)
            return grant;
    return NULL;
}

static long session_open(struct session *session) {
    uint64_t length = (FILES_DATA + 1) * EXO_PAGE;
    long at =
        session->page ? (long)session->page : vm_map(0, length, EXO_R | EXO_W, VM_EAGER | VM_KEEP);

    if (at < 0)
        return LOGFS_ENOMEM;
    session->page = (struct files_page *)at;
    session->data = (char *)at + EXO_PAGE;
    memset(session->page, 0, length);
    for (int i = 0; i <= FILES_DATA; i++) {
        long frame = vm_frame((uint64_t)at + (uint64_t)i * EXO_PAGE);

        if (frame < 0)
            return LOGFS_ENOMEM;
        if (!i)
            session->frame = (uint64_t)frame;
        else
            session->frames[i - 1] = session->page->data[i - 1] = (uint32_t)frame;
    }
    return 0;
}

/* Does nobody else hold its frames any more? */
static bool is_free(const struct session *session) {
    const volatile struct exo_frame *frames = exo_frames();

    if (session->domain)
        return false;
    for (int i = 0; session->lent && i < FILES_DATA; i++)
        if (frames[session->frames[i]].others)
            return false;
    return !session->lent || !frames[session->frame].others;
}

long session_begin(exo_domain_t domain, uint64_t *frame) {
    const struct grant *grant = grant_of(domain);
    struct session *session = sessions;
    long error;

    if (!grant)
        return -EACCES;
    while (session < sessions + SESSIONS && !is_free(session))
        session++;
    if (session == sessions + SESSIONS)
        return -EAGAIN;
    if ((error = session_open(session)))
        return error;
    session->lent = true;
    if (exo_hold_share(0, domain, &session->frame, 1, EXO_R | EXO_W) != 1 ||
        exo_hold_share(0, domain, session->frames, FILES_DATA, EXO_R | EXO_W) != FILES_DATA)
        return -EACCES;
    session->domain = domain;
    session->rights = grant->rights;
    session->root = grant->root;
    *frame = session->frame;
    return session - sessions;
}

struct session *session_of(uint64_t number, exo_domain_t domain) {
    return number < SESSIONS && sessions[number].domain == domain ? &sessions[number] : NULL;
}

void session_end(struct session *session) {
    for (int i = 0; i < FILES_HANDLES; i++)
        handle_close(&session->handle[i]);
    session->domain = 0;
}

void sessions_look(void) {
    for (struct session *session = sessions; session < sessions + SESSIONS; session++)
        if (session->domain && !is_live(session->domain))
            session_end(session);
}

void sessions_serve(void) {
    for (struct session *session = sessions; session < sessions + SESSIONS; session++)
        if (session->domain &&
            __atomic_load_n(&session->page->state, __ATOMIC_ACQUIRE) == FILES_ASKED)
            call_serve(session);
}
