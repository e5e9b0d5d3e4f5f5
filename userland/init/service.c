/* service.c - the programs of init.conf: started, given what is theirs, started again */
/* SPDX-License-Identifier: MIT */
#include "init.h"
#include "libexos/edge/cpio.h"
#include "userland/console/server.h"

enum { SERVICE_WORDS = 16, SERVICE_CONSOLE_MS = 20000, SERVICE_DISK_MS = 10000 };

struct service services[CONFIG_PROGRAMS];
uint32_t service_count;
static exo_env_t console; /* the gate of the program that offers one */
static exo_env_t files;
static const char *command;

void service_open(const struct config *config, const char *cmd) {
    service_count = config->count;
    command = cmd;
    for (uint32_t i = 0; i < config->count; i++)
        services[i].program = &config->programs[i];
}

exo_env_t files_env(void) { return files; }

const struct service *service_of(uint32_t domain) {
    for (uint32_t i = 0; i < service_count; i++)
        if (services[i].running && exo_slot_of(services[i].child.domain) == domain)
            return &services[i];
    return 0;
}

static uint32_t limit_of(const struct config_amount *amount, int resource) {
    const volatile struct exo_domain *mine = &exo_domains()[INIT_DOMAIN];
    uint32_t left = mine->limit[resource] - mine->used[resource];
    uint32_t keep = resource == EXO_FRAMES || resource == EXO_HOLDS   ? INIT_KEEP_FRAMES
                    : resource == EXO_ENVS || resource == EXO_VSPACES ? INIT_KEEP_OTHERS
                                                                      : 0;

    if (!amount->percent)
        return amount->value;
    left = left > keep ? left - keep : 0;
    return (uint32_t)((uint64_t)left * amount->value / 100);
}

/* What the child gets between its creation and its first instruction. */
static const char *service_equip(struct service *service, const uint32_t *devices, long *error) {
    const struct config_program *program = service->program;
    uint64_t base = exo_time_base(), slots = 0;
    uint32_t hart = 0;

    if (program->volume[0]) {
        struct exo_parent *page = service->child.page;

        *error =
            page ? volume_give(program->volume, service->child.domain, &page->root) : EXO_E_FULL;
        if (*error < 0)
            return "giving it the volume";
        page->volume = (uint64_t)*error;
        page->keeper = gate_env();
    }
    for (uint32_t i = 0; i < program->device_count; i++) {
        const char *failed = device_give(devices[i], service->child.domain, error);

        if (failed)
            return failed;
    }
    for (uint32_t i = exo_facts()->harts; i--;) {
        *error = exo_slots_take(service->child.domain, i, program->slots[i], service->child.env);
        if (*error > 0) {
            slots += (uint64_t)*error;
            hart = i;
        }
    }
    if (!slots)
        return "taking slots";
    if (program->reserve_budget &&
        (*error =
             exo_slice_reserve(service->child.env, hart, base * program->reserve_budget / 1000000,
                               base * program->reserve_period / 1000000)) < 0)
        return "reserving time";
    *error = exo_env_start(service->child.env);
    return *error < 0 ? "starting it" : 0;
}

/* The console is needed by all that follow: they get its gate. */
static void service_await_console(struct service *service) {
    uint64_t deadline = exo_time() + exo_time_base() * SERVICE_CONSOLE_MS / 1000;

    console = 0;
    while (!console && service->child.page && !service->child.page->state &&
           exo_time() < deadline) {
        console = service->child.page->word[CONSOLE_PAGE_GATE];
        if (!console)
            exo_sleep_ns(1000000);
    }
    if (!console)
        exo_printf("init: %s offers no gate; others print to the kernel's log\n",
                   service->program->name);
}

/* What follows may have volumes of a disk that is served. */
static void service_await_disk(struct service *service) {
    uint64_t deadline = exo_time() + exo_time_base() * SERVICE_DISK_MS / 1000;

    while (service->running && !service->serving && service->child.page &&
           !service->child.page->state && exo_time() < deadline) {
        exo_sleep_ns(1000000);
        disk_serve(service);
    }
    if (!service->serving)
        exo_printf("init: %s says nothing of its disk\n", service->program->name);
}

/* Who drives a device with DMA can read and change all of memory, as the kernel can: init.conf has
 * to say that it shall. */
static bool service_oversteps(const struct config_program *program) {
    for (uint32_t i = 0; i < program->device_count && !program->trusted; i++) {
        const struct steward_device *device = device_at(device_find(program->devices[i]));

        if (!device || !device->masters)
            continue;
        exo_printf("init: %s is not `trusted`: it does not get %s (%s), which reaches all memory\n",
                   program->name, device->name, device->compatible);
        return true;
    }
    return false;
}

static void service_spawn(struct service *service) {
    const struct config_program *program = service->program;
    const char *words[SERVICE_WORDS] = {program->name};
    char arguments[CONFIG_ARGUMENTS];
    struct exo_spawn what = {.name = program->name, .argc = 1, .argv = words, .stopped = 1};
    uint32_t devices[CONFIG_DEVICES] = {0};
    struct exo_file file;
    const char *failed;
    long error = 0;

    service->wanted = 0;
    service->serving = false;
    service->given_up = true; /* unless all goes well */
    if (!exo_initrd_find(program->path, &file)) {
        exo_printf("init: %s: %s is not in the initrd\n", program->name, program->path);
        return;
    }
    for (uint32_t i = 0; i < program->device_count; i++)
        if ((devices[i] = device_find(program->devices[i])) == STEWARD_DEVICES) {
            exo_printf("init: %s: this machine has no device %s\n", program->name,
                       program->devices[i]);
            return;
        }
    if (service_oversteps(program))
        return;
    if (program->volume[0] && !volume_is_there(program->volume))
        return; /* a machine without that volume goes without the service */
    exo_strlcpy(arguments, program->arguments, sizeof arguments);
    for (char *at = arguments; *at && what.argc < SERVICE_WORDS;) {
        words[what.argc++] = at;
        if (!(at = exo_strchr(at, ' ')))
            break;
        *at++ = 0;
    }
    if (program->offers_steward && command) { /* the shell: commands instead of a prompt */
        words[1] = "-c";
        words[2] = command;
        what.argc = 3;
    }
    what.image = file.data;
    what.length = file.length;
    what.console = console;
    what.files = files;
    what.word[START_DEVICE] = devices[0];
    what.word[START_DEVICES] = program->device_count ? devices_frame() : 0;
    what.word[START_STEWARD] = program->offers_steward ? gate_env() : 0;
    /* Started again it gets what it had: little is left of what its percentages were of. */
    for (int i = 0; i < EXO_RESOURCES; i++) {
        if (!service->limited)
            service->limits[i] = limit_of(&program->limit[i], i);
        what.limits[i] = service->limits[i];
    }
    service->limited = true;
    error = exo_spawn(&what, &service->child);
    if (error < 0) {
        exo_printf("init: %s: %s: %s\n", program->name,
                   service->child.step ? service->child.step : "starting", exo_error_name(error));
        return;
    }
    names_set(service->child.domain, program->name);
    service->running = true; /* its gate calls are answered from here on */
    failed = service_equip(service, devices, &error);
    if (failed) {
        exo_printf("init: %s: %s: %s\n", program->name, failed, exo_error_name(error));
        service->running = false;
        exo_reap(&service->child);
        return;
    }
    service->given_up = false;
    if (program->offers_files)
        files = service->child.env;
    if (program->offers_console)
        service_await_console(service);
    if (program->serves_disk && !service->starts) /* later nobody waits */
        service_await_disk(service);
}

/* May it start once more? Too many starts within the policy's time end it. */
static bool service_may_restart(struct service *service) {
    const struct config_program *program = service->program;
    uint64_t now = exo_time();

    if (!program->restart)
        return false;
    if (now - service->since > program->restart_seconds * exo_time_base()) {
        service->since = now;
        service->starts = 0;
    }
    if (service->starts++ < program->restart_most)
        return true;
    exo_printf("init: %s died %u times in %u s: given up\n", program->name, program->restart_most,
               program->restart_seconds);
    return false;
}

static void service_end(struct service *service, long how, int64_t status) {
    const char *name = service->program->name;

    if (how == EXO_CHILD_EXITED)
        exo_printf("init: %s ended with status %ld\n", name, status);
    else if (how == EXO_CHILD_CRASHED)
        exo_printf("init: %s crashed: cause %ld, pc %lx, address %lx\n", name, status,
                   service->child.page ? service->child.page->pc : 0,
                   service->child.page ? service->child.page->address : 0);
    else
        exo_printf("init: %s died\n", name);
    service->running = false;
    if (service->program->offers_files)
        files = 0;
    exo_reap(&service->child);
}

/* With the console went the gate that the others were given: they start again with the new one. */
static void service_end_dependents(void) {
    console = 0;
    for (uint32_t i = 0; i < service_count; i++)
        if (services[i].running && !services[i].program->offers_console &&
            !services[i].program->offers_files && !services[i].program->serves_disk) {
            service_end(&services[i], EXO_E_DEAD, 0);
            services[i].wanted = 1;
        }
}

/* One init.conf is for all boards: a machine without its device goes without the program. Only a
 * console is missed. */
static bool service_fits(const struct config_program *program) {
    for (uint32_t i = 0; i < program->device_count; i++)
        if (device_find(program->devices[i]) == STEWARD_DEVICES)
            return program->offers_console;
    return true;
}

/* Said once: what can break the walls between programs, beside kernel and init. */
static void service_name_trusted(void) {
    for (uint32_t i = 0; i < service_count; i++) {
        const struct config_program *program = services[i].program;

        for (uint32_t j = 0; j < program->device_count && program->trusted; j++) {
            const struct steward_device *device = device_at(device_find(program->devices[j]));

            if (device && device->masters)
                exo_printf("init: %s is trusted with all memory, by %s\n", program->name,
                           device->name);
        }
    }
}

void service_start_all(void) {
    service_name_trusted();
    for (uint32_t i = 0; i < service_count; i++) {
        services[i].since = exo_time();
        if (!services[i].program->later && service_fits(services[i].program))
            service_spawn(&services[i]);
    }
}

void service_look(void) {
    for (uint32_t i = 0; i < service_count; i++) {
        struct service *service = &services[i];
        int64_t status = 0;
        long how;

        if (service->running) {
            how = exo_wait(&service->child, &status, exo_time());
            if (how == EXO_E_AGAIN) {
                if (service->program->serves_disk)
                    disk_serve(service);
                continue;
            }
            service_end(service, how, status);
            if (command && service->program->offers_steward)
                machine_end(false, how == EXO_CHILD_EXITED ? (int)status : 1);
            if (service->program->offers_console)
                service_end_dependents();
            service->wanted = service_may_restart(service);
        }
        if (service->wanted)
            service_spawn(service);
    }
}

/* Frees or takes slots till init has `keep[hart]` of each hart. */
void slots_settle(const uint32_t keep[EXO_HARTS]) {
    for (uint32_t hart = 0; hart < exo_facts()->harts; hart++) {
        const volatile struct exo_slot *slots = &exo_slots()[hart * EXO_SLOTS_PER_HART];
        uint32_t kept = 0, wanted = keep[hart] || hart ? keep[hart] : 1;

        for (uint32_t i = 0; i < EXO_SLOTS_PER_HART; i++)
            if (slots[i].domain == INIT_DOMAIN && kept++ >= wanted)
                exo_slice_free(0, hart, i);
        if (kept < wanted)
            exo_slots_take(0, hart, wanted - kept, exo_uarea()->env);
    }
}
