/* files.c - the file server: holds a volume with a logfs, and serves it through a gate */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libexos/edge/companion.h"
#include "libexos/edge/export.h"
#include "libexos/edge/print.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/time.h"
#include "libexos/files/device.h"
#include "libexos/vm/vm.h"
#include "server.h"

enum { STACK_PAGES = 32, TICK_SECONDS = 5, TICK_STACK = 4096, POOL = 64 };
enum { CACHE_LEAST = 256, CACHE_MOST = 16384 };

struct logfs *volume;
bool dirty;

static struct files_device device;
static struct logfs_host host;
static uint64_t began; /* what the clock showed when the machine started, as far as is known */

/* Pages come from vm many at a time, and go round. */
static void *free_pages;

static void *page_take(struct logfs_host *unused) {
    void **page;

    (void)unused;
    if (!free_pages) {
        long at = vm_map(0, POOL * EXO_PAGE, EXO_R | EXO_W, VM_JOIN);

        for (uint64_t i = 0; at >= 0 && i < POOL; i++) {
            page = (void **)((uint64_t)at + i * EXO_PAGE);
            *page = free_pages;
            free_pages = page;
        }
    }
    if ((page = free_pages))
        free_pages = *page;
    return page;
}

static void page_free(struct logfs_host *unused, void *page) {
    (void)unused;
    *(void **)page = free_pages;
    free_pages = page;
}

/* What is as large as a sector may be read and written as sectors. */
static void *resize(struct logfs_host *unused, void *memory, size_t old, size_t size) {
    void *fresh = NULL;

    (void)unused;
    if (size && !(fresh = aligned_alloc(LOGFS_SECTOR, size)))
        return NULL;
    if (size && old)
        memcpy(fresh, memory, old < size ? old : size);
    free(memory);
    return fresh;
}

/* There is no clock that runs while the machine is off: time goes on from the newest of the root
 * directory's times, so that at least it never goes back. */
static uint64_t now(struct logfs_host *unused) {
    (void)unused;
    return began + exo_time_ns();
}

static int volume_open(uint64_t number, uint64_t root) {
    const volatile struct exo_domain *mine = &exo_domains()[exo_slot_of(exo_uarea()->domain)];
    uint32_t left = mine->limit[EXO_FRAMES] - mine->used[EXO_FRAMES];
    struct logfs_attributes about;
    struct volume_map map;
    int status;

    if (files_device_root(root, &map) < 0 || files_device_open(&device, number, &map) < 0)
        return LOGFS_EIO;
    host = (struct logfs_host){page_take, page_free, resize, now, left / 2};
    if (host.cache_pages < CACHE_LEAST)
        host.cache_pages = CACHE_LEAST;
    if (host.cache_pages > CACHE_MOST)
        host.cache_pages = CACHE_MOST;
    status = logfs_mount(&device.device, &host, 0, &volume);
    if (!status && (status = logfs_getattr(volume, LOGFS_ROOT, &about)) == 0)
        began = about.changed > about.modified ? about.changed : about.modified;
    return status;
}

static void serve(struct exo_message *message, exo_domain_t caller) {
    struct session *session = session_of(message->word[1], caller);
    long answer = session ? 0 : -EBADF;

    switch (message->word[0]) {
    case FILES_BEGIN:
        sessions_look();
        answer = session_begin(caller, &message->word[1]);
        break;
    case FILES_END:
        if (session)
            session_end(session);
        break;
    case FILES_TICK:
        sessions_look();
        if (caller == exo_uarea()->domain && dirty && logfs_sync(volume) == 0)
            dirty = false;
        answer = 0;
        break;
    }
    sessions_serve();
    message->word[0] = (uint64_t)answer;
}

/* What was written is durable some seconds later, whoever asks for it or not. */
static void tick(void *server) {
    for (;;) {
        struct exo_message message = {{FILES_TICK}};

        exo_sleep(0, exo_time() + TICK_SECONDS * exo_time_base());
        if (exo_gate_bind(EXO_GATE_FREE, (exo_env_t)server) >= 0)
            exo_gate_call_patient(EXO_GATE_FREE, &message, EXO_NEVER);
    }
}

static long tick_start(void) {
    static struct exo_companion ticker;
    static uint8_t stack[TICK_STACK] __attribute__((aligned(16)));
    long error =
        exo_companion_create(&ticker, 1, tick, (void *)exo_uarea()->env, stack + TICK_STACK, NULL);

    if (error >= 0)
        error = exo_slots_take(0, 0, 1, ticker.env);
    return error < 0 ? error : exo_env_start(ticker.env);
}

int main(void) {
    const struct exo_parent *given = exo_parent_page();
    long stack = vm_map(0, STACK_PAGES * EXO_PAGE, EXO_R | EXO_W, VM_EAGER | VM_GUARD), error;
    int status;

    if (!given || !given->volume || stack < 0) {
        printf("files: no volume was given\n");
        return 1;
    }
    status = volume_open(given->volume, given->root);
    if (status) {
        printf("files: the volume is not mounted: %s\n",
               status == LOGFS_EUCLEAN ? "no logfs in it, or a damaged one" : strerror(-status));
        return 1;
    }
    error = tick_start();
    if (error >= 0)
        error = exo_serve(serve, EXO_ANY, (void *)(stack + STACK_PAGES * EXO_PAGE));
    printf("files: %s\n", exo_error_name(error));
    return 1;
}
