/* exercise.h - random work on files against a model: what a place that holds files offers for it */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FILES_EXERCISE_H
#define TESTS_FILES_EXERCISE_H
#include <stddef.h>
#include <stdint.h>

/* Paths are relative ("d1/f3"). Each answers 0 or a count, or a negative errno of the host. */
struct exercise_place {
    long (*create)(const char *path);
    long (*write)(const char *path, const void *bytes, size_t size, uint64_t offset);
    long (*read)(const char *path, void *bytes, size_t size, uint64_t offset);
    long (*truncate)(const char *path, uint64_t size);
    long (*size)(const char *path, unsigned *links);
    long (*link)(const char *path, const char *further);
    long (*unlink)(const char *path);
    long (*rename)(const char *from, const char *to);
    long (*mkdir)(const char *path);
    long (*rmdir)(const char *path);
    long (*entries)(const char *path); /* how many, without . and .. */
    long (*fsync)(const char *path);
    long (*sync)(void);
    long (*remount)(void); /* NULL where it cannot be done */
};

/* Does `rounds` operations drawn from `seed`; the place is empty before and after. Refusals for
   want of room (ENOSPC) are taken where `may_fill`. 0, or 1 when the place and the model differ:
   said in a line. */
int exercise(const struct exercise_place *place, uint64_t seed, unsigned rounds, int may_fill);

/* Files of this machine below the current directory. */
extern const struct exercise_place exercise_host;
#endif
