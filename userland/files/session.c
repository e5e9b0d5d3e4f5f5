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

static bool is_service(exo_domain_t domain) {
    return exo_domains()[exo_slot_of(domain)].depth <= DEPTH_SERVICE;
}

static bool is_below(uint32_t slot, uint32_t above) {
    while (exo_domains()[slot].depth > exo_domains()[above].depth)
        slot = exo_domains()[slot].parent;
    return slot == above;
}

/* Half of the places are for the grants of services. */
int session_grant(const struct session *session, uint64_t domain, unsigned rights,
                  struct node root) {
    struct grant *place = NULL, *end = grants + (is_service(session->domain) ? GRANTS : GRANTS / 2);

    if (exo_slot_of(domain) >= exo_facts()->domain_table.count || !is_live(domain))
        return LOGFS_EINVAL;
    if (domain == session->domain || !is_below(exo_slot_of(domain), exo_slot_of(session->domain)))
        return -EACCES;
    for (struct grant *grant = grants; grant < grants + GRANTS; grant++) {
        if (grant->domain == domain) {
            place = grant;
            break;
        }
        if (!place && grant < end && (!grant->domain || !is_live(grant->domain)))
            place = grant;
    }
    if (!place)
        return -EAGAIN;
    *place = (struct grant){domain, rights, root};
    return 0;
}

/* What a domain may do: init's own programs all, others what they were granted. */
static const struct grant *grant_of(exo_domain_t domain) {
    static struct grant all;

    if (is_service(domain)) {
        all = (struct grant){domain, EXO_R | EXO_W, {volume, LOGFS_ROOT}};
        return &all;
    }
    for (const struct grant *grant = grants; grant < grants + GRANTS; grant++)
        if (grant->domain == domain)
            return grant;
    return NULL;
}

/* Does somebody who had it before still hold its frames? */
static bool is_seen(const struct session *session) {
    const volatile struct exo_frame *frames = exo_frames();
    bool seen = frames[session->frame].others;

    for (int i = 0; i < FILES_DATA; i++)
        seen = seen || frames[session->frames[i]].others;
    return seen;
}

/* Its frames, all zeros; others in place of those that somebody did not let go of. */
static long session_open(struct session *session) {
    uint64_t length = (FILES_DATA + 1) * EXO_PAGE;
    long at;

    if (session->page && is_seen(session)) {
        if (vm_unmap((uint64_t)session->page, length) < 0)
            return LOGFS_EBUSY;
        session->page = NULL;
    }
    at = session->page ? (long)session->page : vm_map(0, length, EXO_R | EXO_W, VM_EAGER | VM_KEEP);
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

/* One that is nobody's, if the domain may have one more. The last ones are for services. */
static struct session *session_free(exo_domain_t domain) {
    struct session *end = sessions + SESSIONS - (is_service(domain) ? 0 : DOMAIN_SESSIONS);
    struct session *free = NULL;
    unsigned has = 0;

    for (struct session *session = sessions; session < sessions + SESSIONS; session++) {
        has += session->domain == domain;
        if (!free && session < end && !session->domain)
            free = session;
    }
    return has < DOMAIN_SESSIONS ? free : NULL;
}

long session_begin(exo_domain_t domain, uint64_t *frame) {
    const struct grant *grant = grant_of(domain);
    struct session *session = session_free(domain);
    long error;

    if (!grant || !session)
        return grant ? -EAGAIN : -EACCES;
    if ((error = session_open(session)))
        return error;
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
