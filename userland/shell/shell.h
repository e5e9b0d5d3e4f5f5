/* shell.h - the prompt: its commands and what they share */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_SHELL_SHELL_H
#define USERLAND_SHELL_SHELL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "libexos/edge/edge.h"

/* Words of a command line, and its exit status. */
struct shell_command {
    const char *name, *usage, *help;
    int (*run)(int count, char **words);
};

/* One clear line on standard error; the status to return. */
int shell_fail(const char *command, const char *word, const char *why);
int shell_usage(const char *usage);
/* Asks init: the answer in word 0. */
long steward_call(uint64_t call, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
long steward_answer(struct exo_message *message);
/* The same, with the six words that come behind the answer. */
long steward_read(uint64_t call, uint64_t a, void *answer);
/* A call that may wait for the disk, with four words behind the first. */
long steward_wait(uint64_t call, uint64_t a, const uint64_t words[4]);
/* Ctrl-C since the last look? Waits at most till deadline for it, a child's end or an event of
 * mask. */
bool shell_interrupted(uint64_t mask, uint64_t deadline);
enum {
    SHELL_INTERRUPT = 1,
    SHELL_NOT_FOUND = 127,
    SHELL_INTERRUPTED = 130,
    SHELL_KILLED = 137,
    SHELL_CRASHED = 139
};
bool shell_number(const char *word, uint32_t *number);
/* The words of an enum exo_error. */
const char *error_text(long error);

int job_run(int count, char **words, bool background);
int job_kill(int count, char **words);
void job_reap(void); /* says which of those in the background ended */
struct exo_child;
/* A program that has not started yet gets a volume of its own: 0 or an error. */
long volumes_give(const char *name, struct exo_child *child);
int volumes_command(int count, char **words);
int files_ls(int count, char **words);
int files_cat(int count, char **words);
int files_cp(int count, char **words);
int files_mv(int count, char **words);
int files_rm(int count, char **words);
int files_mkdir(int count, char **words);
int files_ln(int count, char **words);
int files_df(int count, char **words);
int files_sync(int count, char **words);
int files_snapshot(int count, char **words);
/* Text into a file; a file's bytes in memory of malloc's, or null. */
int files_put(const char *path, const char *text, bool append);
void *files_load(const char *path, size_t *length);
/* 0, or an errno, negated. */
long files_sync_all(void);
/* A program that was started may see all files; by this server (0: there is none). */
void files_let(exo_domain_t domain);
exo_env_t files_server(void);
int show_ps(int count, char **words);
int show_top_screen(void);
int show_frames(int count, char **words);
int show_slices(int count, char **words);
int show_holds(int count, char **words);
int show_memory(int count, char **words);
int show_irqs(int count, char **words);
int show_trace(int count, char **words);
int show_devices(int count, char **words);
int show_version(int count, char **words);
#endif
