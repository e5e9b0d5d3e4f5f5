/* job.c - programs that the shell runs in domains below its own, and killing */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libexos/edge/console.h"
#include "libexos/edge/cpio.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/time.h"
#include "shell.h"
#include "tables.h"

enum { JOBS = 16, JOB_SLOTS = 16, JOB_NAME = 32 };

static struct job {
    bool used;
    char name[JOB_NAME];
    struct exo_child child;
} jobs[JOBS];

/* A program by its path, or by its name where programs are: in the root volume (then *loaded is to
 * be freed), else in the initrd. */
static bool job_find(const char *name, struct exo_file *file, void **loaded) {
    static const char *const places[] = {"", "bin/", "demo/", "test/guest/", "bench/"};
    char path[96];

    for (size_t i = 0; i < 2 * sizeof places / sizeof *places; i++) {
        snprintf(path, sizeof path, "%s%s", places[i / 2], name);
        if (i % 2 ? exo_initrd_find(path, file) && file->length
                  : (*loaded = files_load(path, &file->length)) != NULL) {
            file->data = i % 2 ? file->data : *loaded;
            return true;
        }
    }
    return false;
}

/* Half of what I have left of everything: two programs at once find room, and a third. */
static void job_limits(uint32_t limits[EXO_RESOURCES]) {
    const volatile struct exo_domain *mine = &tables.domains[exo_uarea()->domain & 0xffff];

    for (int i = 0; i < EXO_RESOURCES; i++) {
        limits[i] = (mine->limit[i] - mine->used[i] + 1) / 2;
    }
}

static void job_tell_name(const struct job *job) {
    const char *slash = strrchr(job->name, '/');
    uint64_t words[2] = {0, 0};

    snprintf((char *)words, STEWARD_NAME_LENGTH, "%.11s", slash ? slash + 1 : job->name);
    steward_call(STEWARD_NAME, job->child.domain, words[0], words[1], 0);
}

static const char *cause_text(int64_t cause) {
    switch (cause) {
    case EXO_CAUSE_FETCH_ALIGN:
    case EXO_CAUSE_LOAD_ALIGN:
    case EXO_CAUSE_STORE_ALIGN:
        return "misaligned access";
    case EXO_CAUSE_ILLEGAL:
        return "illegal instruction";
    case EXO_CAUSE_BREAK:
        return "breakpoint";
    case EXO_CAUSE_ECALL:
        return "foreign call";
    case EXO_CAUSE_FETCH_ACCESS:
    case EXO_CAUSE_FETCH_PAGE:
        return "jump to an address that is not mapped";
    case EXO_CAUSE_LOAD_ACCESS:
    case EXO_CAUSE_LOAD_PAGE:
        return "load from an address that is not mapped";
    case EXO_CAUSE_STORE_ACCESS:
    case EXO_CAUSE_STORE_PAGE:
        return "store to an address that is not mapped";
    default:
        return "exception";
    }
}

/* What became of a program that ended: says so unless it exited, and frees what it had. */
static int job_end(struct job *job, long how, int64_t status) {
    struct exo_parent *page = job->child.page;
    int result = (int)(status & 0xff);

    if (how == EXO_CHILD_CRASHED) {
        printf("%s: crashed: %s at pc %#llx, address %#llx\n", job->name, cause_text(status),
               page ? (unsigned long long)page->pc : 0,
               page ? (unsigned long long)page->address : 0);
        result = SHELL_CRASHED;
    } else if (how != EXO_CHILD_EXITED) {
        printf("%s: killed\n", job->name);
        result = SHELL_KILLED;
    }
    exo_reap(&job->child);
    job->used = false;
    return result;
}

static int job_wait(struct job *job) {
    int64_t status = 0;

    for (;;) {
        long how = exo_wait(&job->child, &status, exo_time());

        if (how != EXO_E_AGAIN)
            return job_end(job, how, status);
        if (shell_interrupted(0, exo_time() + exo_time_base() / 10)) {
            exo_reap(&job->child);
            job->used = false;
            return SHELL_INTERRUPTED;
        }
    }
}

void job_reap(void) {
    for (int i = 0; i < JOBS; i++) {
        int64_t status = 0;
        long how;

        if (!jobs[i].used || (how = exo_wait(&jobs[i].child, &status, exo_time())) == EXO_E_AGAIN)
            continue;
        if (how == EXO_CHILD_EXITED)
            printf("%s: ended with status %d\n", jobs[i].name, (int)status);
        job_end(&jobs[i], how, status);
    }
}

int job_run(int count, char **words, bool background) {
    static uint32_t next_hart;
    struct exo_spawn what = {.slots = JOB_SLOTS, .console = exo_start_block()->console};
    struct exo_file file;
    void *loaded = NULL;
    struct job *job = jobs;
    const char *volume = NULL;
    long error;
    int status;

    if (count > 2 && !strcmp(words[1], "-v")) {
        volume = words[2];
        words += 2;
        count -= 2;
    }

    if (count < 2)
        return shell_usage("run [-v VOLUME] PROGRAM [ARGUMENTS] [&]");
    while (job < jobs + JOBS && job->used)
        job++;
    if (job == jobs + JOBS)
        return shell_fail("run", words[1], "too many programs in the background");
    if (!job_find(words[1], &file, &loaded)) {
        shell_fail("run", words[1], "no such program; try ls");
        return SHELL_NOT_FOUND;
    }
    *job = (struct job){.used = true};
    snprintf(job->name, JOB_NAME, "%s", words[1]);
    what.name = job->name;
    what.image = file.data;
    what.length = file.length;
    what.argc = count - 1;
    what.argv = (const char *const *)words + 1;
    what.harts = 1ull << (next_hart++ % tables.facts->harts);
    job_limits(what.limits);
    if (what.slots > what.limits[EXO_SLOTS] / 2) /* some are left for its own children */
        what.slots = (what.limits[EXO_SLOTS] + 1) / 2;
    what.files = files_server();
    what.stopped = 1;
    error = exo_spawn(&what, &job->child);
    free(loaded);
    if (error >= 0) {
        files_let(job->child.domain);
        error = volume ? volumes_give(volume, &job->child) : 0;
        if (error < 0)
            job->child.step = "giving it the volume";
        else
            error = exo_env_start(job->child.env);
        if (error < 0)
            exo_reap(&job->child);
    }
    if (error < 0) {
        job->used = false;
        return shell_fail(words[1], job->child.step ? job->child.step : "start", error_text(error));
    }
    job_tell_name(job);
    if (background) {
        printf("environment %u, domain %u\n", (unsigned)(job->child.env & 0xffff),
               (unsigned)(job->child.domain & 0xffff));
        return 0;
    }
    status = job_wait(job);
    exo_console_mode(EXO_CONSOLE_COOKED | EXO_CONSOLE_ECHO | EXO_CONSOLE_CRNL);
    return status;
}

int job_kill(int count, char **words) {
    uint32_t number;
    uint32_t domain;
    long error;

    if (count != 2)
        return shell_usage("kill ENVIRONMENT | NAME");
    if (shell_number(words[1], &number)) {
        if (number >= tables.facts->env_table.count || env_state(number) == EXO_ENV_FREE)
            return shell_fail("kill", words[1], "no such environment");
        domain = tables.envs[number].domain;
        error = exo_env_kill(env_handle(number));
        if (error == EXO_E_RIGHT && domain != 1)
            error = steward_call(STEWARD_KILL, domain_handle(domain), 0, 0, 0);
    } else {
        if (!(domain = domain_find(words[1])))
            return shell_fail("kill", words[1], "no program of that name");
        error = exo_domain_end(domain_handle(domain));
        if (error == EXO_E_RIGHT)
            error = steward_call(STEWARD_KILL, domain_handle(domain), 0, 0, 0);
    }
    return error < 0 ? shell_fail("kill", words[1], error_text(error)) : 0;
}
