/* exo.h - the words of the kernel's interface: errors, rights, kinds, limits, exported tables */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* Handles carry slot (low 16 bits) and generation (next 31 bits); 0 means "mine". */
typedef uint64_t exo_domain_t;
typedef uint64_t exo_env_t;
typedef uint64_t exo_vspace_t;

#define EXO_ANY (~0ull)
#define EXO_NEVER (~0ull)

enum exo_error {
    EXO_E_CALL = -1,    /* no such call */
    EXO_E_HANDLE = -2,  /* the handle names nothing that lives */
    EXO_E_RIGHT = -3,   /* you have no authority over that */
    EXO_E_HOLD = -4,    /* no hold with these rights on that frame */
    EXO_E_ARG = -5,     /* an argument out of its range */
    EXO_E_FAULT = -6,   /* user memory not readable or writable */
    EXO_E_QUOTA = -7,   /* the domain's limit is reached */
    EXO_E_FULL = -8,    /* a kernel table is full, or the thing named is taken */
    EXO_E_BUSY = -9,    /* in use now (bound, running, lent) */
    EXO_E_WX = -10,     /* writable and executable at once */
    EXO_E_TABLES = -11, /* the vspace needs more donated page-table frames */
    EXO_E_AGAIN = -12,  /* a bounded step was done, call again */
    EXO_E_EARLY = -13,  /* not asked for, or its deadline has not passed */
    EXO_E_DEAD = -14,   /* the other side died */
    EXO_E_IO = -15,     /* the disk says so, or is gone */
    /* The verifier refused: a result below this says which rule, and which instruction broke it. */
    EXO_E_REFUSED = -255
};

enum exo_rights { EXO_R = 1, EXO_W = 2, EXO_X = 4, EXO_PIN = 8 };

/* What a domain may use up; each has a limit and a count. */
enum exo_resource {
    EXO_FRAMES,
    EXO_HOLDS,
    EXO_VSPACES, /* and domains: a child costs its parent one */
    EXO_ENVS,
    EXO_SLOTS,
    EXO_IRQS,
    EXO_PROGRAMS,
    EXO_RINGS,
    EXO_DISK, /* units; revocation takes a whole volume, by its number */
    EXO_RESOURCES
};

/* At most: items a call takes, pages a protection change takes, pinned pages of a vspace. */
enum { EXO_BATCH = 64, EXO_PROTECT_BATCH = 512, EXO_PINS = 64 };
enum { EXO_VSPACES_PER_DOMAIN = 16, EXO_SLOTS_PER_HART = 64, EXO_GATES = 32, EXO_HARTS = 8 };
/* Of the domain tree; of lending; frames under a predicate; of a program. */
enum { EXO_DEPTH = 6, EXO_CHAIN = 8, EXO_WATCH = 4, EXO_INSTRUCTIONS = 400 };
/* Windows of device registers, the kernel's own among them; frames of all of them together. */
enum { EXO_WINDOWS = 64, EXO_WINDOW_PAGES = 256, EXO_TRACE = 512, EXO_LINES = 192 };

enum exo_reason { EXO_RETURNED, EXO_SLEPT, EXO_BUDGET, EXO_DIED };

enum exo_frame_kind {
    EXO_FRAME_FREE,
    EXO_FRAME_RAM,     /* somebody's memory */
    EXO_FRAME_TABLE,   /* donated: a page table */
    EXO_FRAME_PRIVATE, /* donated: the kernel's half of an environment */
    EXO_FRAME_MMIO,    /* device registers */
    EXO_FRAME_EXPORT,  /* the kernel's books, readable by all */
    EXO_FRAME_KERNEL,  /* the kernel, firmware, nobody's */
    EXO_FRAME_FRESH,   /* being zeroed for its new holder, or verified */
    EXO_FRAME_PROGRAM, /* donated: verified code; hold_drop ends it */
};

/* What a program is for, and so what it may do (kernel/ebpf/ebpf.h). */
enum exo_profile { EXO_PROFILE_WAKE, EXO_PROFILE_OWNS, EXO_PROFILE_FILTER };

/* One frame (exported). The first hold stands here, further ones in the hold table. */
struct exo_frame {
    union {
        struct {
            uint16_t domain; /* slot of the first holder, 0 = none */
            uint8_t kind;
            uint8_t rights; /* 0: the hold was broken, and waits for its last use */
        };
        uint32_t head; /* the three of them, compared at once */
    };
    uint32_t uses;   /* bindings and other uses under the first hold */
    int32_t wx;      /* > 0: bindings that may write; < 0: that may execute */
    uint16_t others; /* further holds */
    uint8_t pins;
};

/* A further hold (exported); chained by frame and domain, 0 ends a chain. */
struct exo_hold {
    uint32_t frame, uses, next;
    uint16_t domain;
    uint8_t rights; /* 0 as above */
};

struct exo_binding {  /* one entry of the vector that vspace_bindv takes */
    uint64_t address; /* page-aligned | rights now (bits 0-3) | most rights (bits 4-6) */
    uint64_t frame;
};

struct exo_ask { /* a request to give back: at most count, till deadline */
    uint64_t deadline;
    uint32_t count;
    uint32_t asker; /* domain slot */
};

struct exo_domain { /* exported */
    uint32_t generation;
    uint16_t parent; /* slot */
    uint8_t depth, dying;
    uint32_t limit[EXO_RESOURCES], used[EXO_RESOURCES];
    uint32_t granted[EXO_RESOURCES]; /* of my limit, now my children's */
    uint32_t children;
    uint64_t accept; /* whose shares and events I take besides my ancestors': a handle or EXO_ANY */
    uint64_t speaker; /* the environment that hears of revocation */
    uint64_t cursor;  /* how far the reaper has come */
    struct exo_ask ask[EXO_RESOURCES];
};

enum exo_env_state {
    EXO_ENV_FREE,
    EXO_ENV_EMBRYO,
    EXO_ENV_READY,      /* whole context saved */
    EXO_ENV_READY_CALL, /* in a call that returns: callee-saved registers saved */
    EXO_ENV_RUNNING,
    EXO_ENV_ASLEEP,
    EXO_ENV_OFFERED, /* parked, waiting for a gate call */
    EXO_ENV_LENDING, /* its time is another's */
    EXO_ENV_DEAD,
};

/* Exported. One word holds what a gate compares and claims at once:
 * state_word = generation << 16 | hart it ran on last << 8 | enum exo_env_state. */
struct exo_env {
    uint64_t state_word;
    uint64_t kernel; /* the private half, as the kernel sees it */
    uint32_t frame;  /* of the u-area; the private half is the next */
    uint16_t domain, vspace;
    uint8_t dying;
    uint16_t overruns;
    uint16_t penalty; /* slots still to lose */
    uint64_t runtime; /* time ticks */
    uint64_t deadline, mask;
    uint64_t offer;  /* who may bind a gate to it: a domain handle or EXO_ANY; 0 = relatives */
    uint64_t budget; /* when a gate chain that starts here ends */
};

struct exo_slot {         /* exported: EXO_SLOTS_PER_HART a hart, by position */
    uint16_t domain, env; /* domain 0: it is free */
    uint32_t generation;  /* of the environment */
};

struct exo_line {         /* exported: an interrupt line */
    uint16_t domain, env; /* domain 0: it is nobody's */
    uint32_t generation;
    uint64_t bits; /* events posted when it fires */
    uint64_t count;
    uint8_t masked;
};

struct exo_window { /* physical pages of registers, by number of the first */
    uint64_t page;
    uint64_t pages; /* 0 = not in use */
    uint32_t frame; /* number of the first as a frame of kind MMIO; 0 = kept by the kernel */
};

struct exo_table { /* where an exported table stands */
    uint32_t frame;
    uint32_t count; /* entries */
};

enum { EXO_DISKS = 2, EXO_VOLUMES = 64, EXO_REQUESTS = 15, EXO_REQUEST_FRAMES = 64 };
/* Frames that a disk needs besides one for each GiB; sectors of 512 bytes in a unit. */
enum { EXO_DISK_FRAMES = 3, EXO_UNIT = 2048, EXO_DISK_PENDING = 1 };

struct exo_unit {     /* exported: a mebibyte of a disk */
    uint16_t volume;  /* 0 = nobody's */
    uint16_t written; /* sectors from its start that hold something of this volume */
};

struct exo_disk {            /* in the facts */
    struct exo_table units;  /* struct exo_unit each; none: no disk */
    uint32_t line;           /* interrupt; 0: RAM, or a program serves it */
    uint16_t most;           /* frames a request may have */
    uint8_t read_only, dead; /* dead: requests fail, till somebody serves it again */
};

struct exo_volume { /* exported: units of a disk, and the domain that they are bound to */
    uint32_t units;
    uint16_t domain; /* 0 = none */
    uint8_t disk, rights;
    uint16_t share;  /* weight of its disk time */
    uint16_t flying; /* requests that the device has */
    uint8_t held;    /* no more are started: it is being changed */
    uint32_t frame;  /* of its queue, 0 = none */
    uint32_t head;   /* of the queue: the next request to start */
    exo_env_t env;
    uint64_t bits; /* events posted to env as requests end */
    uint64_t pass; /* its disk time */
};

enum exo_disk_op { EXO_DISK_READ, EXO_DISK_WRITE, EXO_DISK_ZERO, EXO_DISK_FLUSH = 4 };
enum { EXO_DISK_WRITE_FLUSH = EXO_DISK_WRITE | EXO_DISK_FLUSH }; /* a flush once it ended well */

struct exo_request { /* data from sector `offset` of the first frame on, through all in order */
    uint8_t op, offset;
    uint16_t sectors;
    int32_t status;  /* 0 or an error when it ended; the user sets EXO_DISK_PENDING */
    uint64_t sector; /* of the disk, not of the volume */
    uint32_t frame[EXO_REQUEST_FRAMES];
};
struct exo_queue { /* one frame; request number n stands at n % EXO_REQUESTS */
    uint32_t tail; /* requests before it are there */
    uint32_t pad[3];
    struct exo_request request[EXO_REQUESTS];
};

enum exo_trace_event {
    EXO_TRACE_BORN,
    EXO_TRACE_KILLED,
    EXO_TRACE_CRASHED,
    EXO_TRACE_OVERRUN,
    EXO_TRACE_ASKED,
    EXO_TRACE_BROKEN,
    EXO_TRACE_INTERRUPT,
    EXO_TRACE_DOMAIN
};

struct exo_trace { /* exported: a ring */
    uint64_t time;
    uint16_t event, env;
    uint32_t detail;
};

struct exo_crash { /* read by the first domain alone */
    uint64_t serial, env, domain;
    uint64_t pc, cause, address, reason; /* reason: enum exo_death */
    uint64_t registers[32];
};

enum exo_death { EXO_DEATH_NESTING, EXO_DEATH_OVERRUN, EXO_DEATH_ABORT, EXO_DEATH_KILLED };

/* EXO_EVENT_CRASH is posted to the first domain's speaker. */
enum { EXO_CRASHES = 12, EXO_EVENT_CRASH = 1, EXO_LOG_LINE = 256 };

struct exo_facts {         /* exported: one page; its frame number stands in every u-area */
    uint64_t timebase;     /* ticks of the time counter a second */
    uint64_t slot_ticks;   /* length of a slot */
    uint64_t grace_ticks;  /* a slice's end handler may take that long */
    uint64_t memory_frame; /* physical page number of frame 0: address = (memory_frame + n) << 12 */
    uint32_t frames;       /* RAM frames; EXO_WINDOW_PAGES for registers follow */
    uint32_t first_free;   /* first frame that was free at boot */
    uint32_t harts;        /* told of by hart_start, and the first */
    uint32_t harts_ready;  /* of these, how many have come */
    uint32_t hart_id[EXO_HARTS];
    struct exo_table frame_table, hold_table, domain_table, env_table, slot_table, line_table,
        trace_ring, crash_ring, volume_table, device_tree, initrd; /* the last two: bytes */
    uint32_t device_tree_offset, initrd_offset;                    /* in their first page */
    uint64_t trace_next; /* how many trace records there have been */
    uint64_t crash_next, free_frames;
    /* By a kernel that measures itself; else 0. */
    uint64_t longest_lock, longest_irqoff; /* cycles */
    uint64_t boot_instructions;            /* kernel entry to first user instruction */
    uint64_t image;                        /* physical address of the kernel */
    uint64_t firmware[3]; /* SBI: version of the specification, implementation, its version */
    uint8_t has_asid, has_stimecmp;
    struct exo_disk disk[EXO_DISKS];
    struct exo_window window[EXO_WINDOWS]; /* what the kernel keeps, memory too, stands first */
};
