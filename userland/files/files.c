/* files.c - the file server: holds a volume with a logfs, and serves it through a gate */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "libexos/edge/companion.h"
#include "libexos/edge/export.h"
#include "libexos/edge/print.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/time.h"
#include "libexos/files/device.h"
#include "libexos/files/host.h"
#include "libexos/vm/vm.h"
#include "server.h"

enum { STACK_PAGES = 32, TICK_SECONDS = 5, TICK_STACK = 4096 };

struct logfs *volume;
bool dirty;

static struct files_device device;
static struct logfs_host host;

static int volume_open(uint64_t number, uint64_t root) {
    struct volume_map map;
    int status;

    if (files_device_root(root, &map) < 0 || files_device_open(&device, number, &map) < 0)
        return LOGFS_EIO;
    files_host_make(&host);
    status = logfs_mount(&device.device, &host,
                         exo_volumes()[number].rights & EXO_W ? 0 : LOGFS_READ_ONLY, &volume);
    return status ? status : files_host_clock(volume);
}

static void serve(struct exo_message *message, exo_domain_t caller) {
    struct session *session = session_of(message->word[1], caller);
    long answer = session ? 0 : -EBADF;

    switch (message->word[0]) {
    case FILES_BEGIN: /* who is answered in the message must not wait for others' calls */
        sessions_look();
        message->word[0] = (uint64_t)session_begin(caller, &message->word[1]);
        return;
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
               status == LOGFS_EUCLEAN ? "no logfs of this version in it, or a damaged one"
                                       : strerror(-status));
        return 1;
    }
    error = tick_start();
    if (error >= 0)
        error = exo_serve(serve, EXO_ANY, (void *)(stack + STACK_PAGES * EXO_PAGE));
    printf("files: %s\n", exo_error_name(error));
    return 1;
}
