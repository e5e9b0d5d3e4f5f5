/* client.c - a session with the file server */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/export.h"
#include "libexos/edge/string.h"
#include "libexos/edge/time.h"
#include "libexos/files/files.h"
#include "libexos/vm/vm.h"

enum { BEGIN_SECONDS = 5, WAIT_NS = 500000 };
#define DATA_BYTES (FILES_DATA * EXO_PAGE)

/* The server parks once it has mounted its volume. */
static long gate_bind(exo_env_t server) {
    uint64_t deadline = exo_time() + BEGIN_SECONDS * exo_time_base();

    for (;;) {
        long error = exo_gate_bind(EXO_GATE_FILES, server);

        if (error >= 0 || exo_env_state_of(server) == EXO_ENV_DEAD || exo_time() > deadline)
            return error;
        exo_sleep_ns(1000000);
    }
}

/* It answers at once, if perhaps after another's call. */
static long ask(struct exo_message *message) {
    uint64_t deadline = exo_time() + BEGIN_SECONDS * exo_time_base();
    long answer = exo_gate_call_patient(EXO_GATE_FILES, message, deadline);

    return answer < 0 ? answer : answer ? EXO_E_DEAD : (long)message->word[0];
}

long files_begin(struct files *files, exo_env_t server) {
    struct exo_message message = {{FILES_BEGIN}};
    const volatile struct exo_env *envs = exo_envs();
    const volatile struct exo_domain *domains = exo_domains();
    uint32_t slot = envs ? envs[exo_slot_of(server)].domain : 0;
    uint64_t before, frames[FILES_DATA];
    long answer = server ? gate_bind(server) : EXO_E_HANDLE, page;

    if (answer < 0)
        return answer;
    /* Its frames are accepted only now, and from nobody else. */
    before = domains[exo_slot_of(exo_uarea()->domain)].accept;
    exo_domain_accept((uint64_t)domains[slot].generation << 16 | slot);
    answer = ask(&message);
    exo_domain_accept(before);
    if (answer < 0)
        return answer;
    *files = (struct files){.session = (uint64_t)answer, .server = server};
    page = vm_map_frames(0, &message.word[1], 1, EXO_R | EXO_W, VM_KEEP);
    if (page >= 0) {
        files->page = (struct files_page *)page;
        for (int i = 0; i < FILES_DATA; i++)
            frames[i] = files->page->data[i];
        page = vm_map_frames(0, frames, FILES_DATA, EXO_R | EXO_W, VM_KEEP);
        files->data = (char *)page;
    }
    if (page < 0) {
        files->data = NULL;
        files_end(files);
    }
    return page < 0 ? page : 0;
}

void files_end(struct files *files) {
    struct exo_message message = {{FILES_END, files->session}};

    if (files->data)
        vm_unmap((uint64_t)files->data, DATA_BYTES);
    if (files->page)
        vm_unmap((uint64_t)files->page, EXO_PAGE);
    ask(&message);
    *files = (struct files){0};
}

long files_call(struct files *files, enum files_op op) {
    volatile struct files_page *page = files->page;

    page->op = op;
    __atomic_store_n(&files->page->state, FILES_ASKED, __ATOMIC_RELEASE);
    for (;;) {
        struct exo_message message = {{FILES_CALL, files->session}};
        long answer = exo_gate_call(EXO_GATE_FILES, &message, EXO_NEVER);

        if (__atomic_load_n(&files->page->state, __ATOMIC_ACQUIRE) == FILES_DONE)
            return page->result;
        if ((answer < 0 && answer != EXO_E_BUSY) || answer == EXO_DIED ||
            (!answer && (long)message.word[0] < 0))
            return LOGFS_EIO;
        exo_sleep_ns(WAIT_NS);
    }
}

long files_path(struct files *files, enum files_op op, const char *path, uint64_t word) {
    if (exo_strlcpy(files->page->path[0], path, FILES_PATH) >= FILES_PATH)
        return LOGFS_ENAMETOOLONG;
    files->page->word[0] = word;
    return files_call(files, op);
}

static long transfer(struct files *files, enum files_op op, uint64_t handle, uint64_t length,
                     uint64_t offset) {
    files->page->word[0] = handle;
    files->page->word[1] = offset;
    files->page->word[2] = length;
    return files_call(files, op);
}

long files_read(struct files *files, uint64_t handle, void *to, uint64_t length, uint64_t offset) {
    uint64_t done = 0;

    while (done < length) {
        uint64_t part = length - done < DATA_BYTES ? length - done : DATA_BYTES;
        long got = transfer(files, FILES_READ, handle, part, offset + done);

        if (got < 0 || (uint64_t)got > part)
            return done ? (long)done : got < 0 ? got : LOGFS_EIO;
        memcpy((char *)to + done, files->data, (size_t)got);
        done += (uint64_t)got;
        if ((uint64_t)got < part)
            break;
    }
    return (long)done;
}

long files_write(struct files *files, uint64_t handle, const void *from, uint64_t length,
                 uint64_t offset) {
    uint64_t done = 0;

    while (done < length) {
        uint64_t part = length - done < DATA_BYTES ? length - done : DATA_BYTES;
        long put;

        memcpy(files->data, (const char *)from + done, part);
        put =
            transfer(files, FILES_WRITE, handle, part, offset == EXO_ANY ? offset : offset + done);
        if (put <= 0 || (uint64_t)put > part)
            return done ? (long)done : put < 0 ? put : LOGFS_EIO;
        done += (uint64_t)put;
    }
    return (long)done;
}
