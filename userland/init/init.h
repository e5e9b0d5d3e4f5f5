/* init.h - the parts of init: services, names, crashes, memory and its accounts, gate, tests */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_INIT_INIT_H
#define USERLAND_INIT_INIT_H
#include <stdbool.h>
#include "config.h"
#include "libexos/edge/export.h"
#include "libexos/edge/print.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/string.h"
#include "libexos/edge/time.h"
#include "steward.h"

enum { INIT_DOMAIN = 1 };
enum init_event { INIT_CRASH = EXO_EVENT_CRASH, INIT_BELL = 2, INIT_DISK = 4 };
enum { INIT_KEEP_FRAMES = 256, INIT_KEEP_OTHERS = 16 }; /* of its limits, for itself */

/* service.c */
struct service {
    const struct config_program *program;
    struct exo_child child;
    bool running;
    bool given_up;
    bool limited;    /* its limits stand */
    uint32_t wanted; /* set by the gate: start again */
    uint32_t starts; /* since `since` */
    uint64_t since;
    uint32_t limits[EXO_RESOURCES]; /* as they were when it started first */
    bool serving;                   /* its word about a disk was heard */
    uint32_t disk;                  /* that it serves, + 1; 0: none yet */
    uint64_t disk_id[2];
};
extern struct service services[CONFIG_PROGRAMS];
extern uint32_t service_count;
void service_open(const struct config *config, const char *command);
void service_start_all(void);
/* Looks after them: what ended is cleared away and, if its policy says so, started again. */
void service_look(void);
/* The service that a domain belongs to, or 0: a domain slot. */
const struct service *service_of(uint32_t domain);
exo_env_t files_env(void); /* 0: no file server runs */
void slots_settle(const uint32_t keep[EXO_HARTS]);

/* names.c */
long names_open(void);
uint64_t names_frame(void);
void names_set(exo_domain_t domain, const char *name);
const char *names_get(uint32_t domain);
/* Whether a domain slot is `above` or below it. */
bool domain_is_below(uint32_t domain, uint32_t above);
exo_domain_t domain_of(uint32_t slot);

/* hart.c */
/* Prints what machine this is, and starts its other harts; an error if it has none to use. */
long harts_start(void);

/* device.c */
long devices_open(void);
uint64_t devices_frame(void);
/* A device's index by its name, or the first serial port's; STEWARD_DEVICES if there is none. */
uint32_t device_find(const char *name);
/* The entry at an index, or 0. */
const struct steward_device *device_at(uint32_t index);
/* Makes its registers frames, once; an error if the kernel refuses. */
long device_open(uint32_t index);
/* Registers and interrupt line go to the child, and come back when it dies; the list of devices
 * too. 0, or what failed. */
const char *device_give(uint32_t index, exo_domain_t to, long *error);

/* clock.c */
/* Reads the time from a clock of that name, for whoever starts from now on; false if there is none,
 * or none that knows. */
bool clock_read(const char *name);

/* disk.c */
void disks_open(void);
/* If a program that serves a disk has found it, the kernel hears who drives it, and its volumes are
 * taken up if they are not yet. */
void disk_serve(struct service *service);
/* A test's volumes, volumes=COUNT*UNITS of the first disk, or with @ram behind it of the initrd:
 * given, granted and moved as its parent page says meanwhile, and taken back. */
long volumes_give(exo_domain_t to);
void volumes_serve(struct exo_parent *page);
void volumes_take(void);
uint64_t number_at(const char **text); /* test.c */

/* volume.c */
/* Scans a disk that was taken up; `memory`: what is written there is lost at the end. */
void volumes_open(uint32_t disk, bool memory);
/* The same of a disk that came later, once the gate is there; nothing if it is known already. */
void volumes_add(uint32_t disk);
/* From now on that environment is the one that changes volumes. */
long volumes_bind(exo_env_t env);
/* The page of struct steward_volume, or EXO_ANY. */
uint64_t volumes_frame(void);
/* Is there one of that name, and sound? */
bool volume_is_there(const char *name);
/* Binds it to a domain, with a sight of its root: its number in the kernel, and that frame. */
long volume_give(const char *name, exo_domain_t to, uint64_t *root);
/* STEWARD_VOLUME_MAKE (of zeros), _GROW or _END, of one that nobody holds. Waits for the disk. */
long volume_change(uint64_t call, const char *name, uint64_t units);
/* HOLDER_ASK to _RENEW, of one that that domain slot holds. Waits for the disk. */
long volume_propose(uint64_t call, uint64_t number, uint32_t holder);

/* crash.c */
void crash_open(void);
void crash_report(void);

/* account.c */
enum { ACCOUNTS = 64 };
struct account {
    exo_domain_t domain;            /* 0: nobody's */
    uint32_t requests, asked, gave; /* how often; frames */
    uint32_t forced, taken;
    uint32_t lowered; /* a service's: limit of frames that is with init till `until` */
    uint64_t until;
    uint64_t shun; /* not to be asked before that */
    uint64_t told; /* when it was asked last */
};
bool domain_is_live(exo_domain_t domain);
/* A program's row, made if there is none. */
struct account *account_of(exo_domain_t domain);
/* Not to be asked before that time; makes no row. */
uint64_t account_shunned(exo_domain_t domain);
/* False past the last row; a row that is nobody's has domain 0. The gate reads while init writes:
 * numbers may be of two moments. */
bool account_copy(uint32_t index, struct account *account);
/* Before a program is struck: what its limit allows above its use goes to the one above it, so that
 * it takes nothing back. */
void account_hold(exo_domain_t domain);
/* So many frames were taken: as much limit goes to init, through all between. */
void account_strike(exo_domain_t domain, uint32_t taken);
/* Gives services their limit back whose time has come, at most `spare` of it together. */
void account_look(uint64_t spare);

/* strike.c: one program at a time */
void strike_begin(exo_domain_t domain);
/* Takes up to count of what it owes: how many; EXO_E_AGAIN: another step is needed; EXO_E_FULL:
 * nothing is left to take; EXO_E_HANDLE: it died. At most 8192 table entries and 64 kernel calls.
 */
long strike_step(uint32_t count);

/* memory.c */
void memory_open(const struct config *config);
/* Bounded: one look at the domain table, or a quarter of a slot of force. The time to look again,
 * at the latest `until`. */
uint64_t memory_look(uint64_t until);
/* What a domain slot is never asked below. */
uint32_t memory_keep(uint32_t slot);
const struct steward_memory *memory_state(void);

/* gate.c */
long gate_open(void);
exo_env_t gate_env(void);

/* test.c */
_Noreturn void test_run(const char *name);

/* init.c */
/* What follows `key=` in the boot arguments; it stands till the next call. 0: not there. */
const char *bootarg(const char *key, bool whole);
_Noreturn void machine_end(bool restart, int status);
#endif
