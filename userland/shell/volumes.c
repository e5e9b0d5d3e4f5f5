/* volumes.c - the disks' volumes: listed from init's page, changed by its gate */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "libexos/edge/spawn.h"
#include "libexos/vm/vm.h"
#include "userland/init/steward.h"
#include "shell.h"
#include "tables.h"

static int volumes_list(void) {
    static const struct steward_volume *list;
    long frame = list ? 0 : steward_call(STEWARD_VOLUMES, 0, 0, 0, 0);
    uint64_t number = (uint64_t)frame;

    if (frame > 0)
        frame = vm_map_frames(0, &number, 1, EXO_R, VM_KEEP);
    if (frame < 0)
        return shell_fail("volume", "disks", "this machine has no disk of volumes");
    if (frame)
        list = (const struct steward_volume *)frame;
    printf("VOLUME           DISK     MiB  LIMIT SHARE  HELD BY\n");
    for (int i = 0; i < STEWARD_VOLUMES_MOST && list[i].kind; i++) {
        const struct steward_volume *row = &list[i];
        uint32_t holder = row->number ? tables.volumes[row->number].domain : 0;

        if (row->kind == STEWARD_VOLUME_FREE)
            printf("%-16s %4u %7u\n", "(free)", row->disk, row->units);
        else
            printf("%-16.31s %4u %7u %6u %5u  %s\n", row->name, row->disk, row->units, row->limit,
                   row->share,
                   row->set_aside ? "set aside: not sound"
                   : holder       ? domain_name(holder)
                                  : "-");
    }
    return 0;
}

static const char *refusal(long error, bool makes) {
    switch (error) {
    case EXO_E_HANDLE:
        return "there is no such volume";
    case EXO_E_BUSY:
        return makes ? "there is one of that name" : "a program holds it";
    case EXO_E_FULL:
        return "no disk has so much free, or can give any";
    case EXO_E_RIGHT:
        return "its disk is read-only";
    default:
        return error_text(error);
    }
}

long volumes_give(const char *name, struct exo_child *child) {
    struct exo_message message = {{STEWARD_VOLUME_GIVE, child->domain}};
    long number;

    if (!child->page || strlen(name) >= 4 * sizeof message.word[0])
        return EXO_E_ARG;
    strcpy((char *)&message.word[2], name);
    number = steward_answer(&message);
    if (number < 0)
        return number;
    child->page->volume = (uint64_t)number;
    child->page->root = message.word[1];
    child->page->keeper = exo_start_block()->word[START_STEWARD];
    return 0;
}

int volumes_command(int count, char **words) {
    static const char *const changes[] = {"make", "grow", "end"};
    uint64_t name[4] = {0};
    uint32_t units = 0;
    long error = 0;

    if (count == 1)
        return volumes_list();
    for (uint64_t i = 0; i < 3; i++) {
        if (strcmp(words[1], changes[i]) || count != (i == 2 ? 3 : 4) ||
            (count == 4 && !shell_number(words[3], &units)) || strlen(words[2]) >= sizeof name)
            continue;
        strcpy((char *)name, words[2]);
        error = steward_wait(STEWARD_VOLUME_MAKE + i, units, name);
        return error < 0 ? shell_fail("volume", words[2], refusal(error, !i)) : 0;
    }
    return shell_usage("volume [make NAME MIB | grow NAME MIB | end NAME]");
}
