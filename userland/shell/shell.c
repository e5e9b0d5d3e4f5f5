/* shell.c - the prompt */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "libexos/edge/console.h"
#include "libexos/edge/start.h"
#include "libexos/edge/time.h"
#include "libexos/files/holder.h"
#include "userland/console/server.h"
#include "parse.h"
#include "shell.h"
#include "tables.h"

enum { SHELL_GATE = EXO_GATE_FREE, SHELL_LINE = 512 };

static bool one_shot; /* -c: the machine ends with the commands */

int shell_fail(const char *command, const char *word, const char *why) {
    printf("%s: %s: %s\n", command, word, why);
    return 1;
}

int shell_usage(const char *usage) {
    printf("usage: %s\n", usage);
    return 2;
}

bool shell_number(const char *word, uint32_t *number) {
    char *end;
    unsigned long value = strtoul(word, &end, 0);

    if (*word < '0' || *word > '9' || *end || value > UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    return true;
}

const char *error_text(long error) {
    static const char *const texts[] = {
        "no error",
        "no such call",
        "no longer there",
        "no authority over that",
        "no such hold",
        "argument out of range",
        "memory not readable",
        "limit reached",
        "table full or taken",
        "in use",
        "writable and executable",
        "no page-table frames left",
        "not finished, try again",
        "not asked for yet",
        "the other side died",
        "the disk failed",
    };

    return error <= 0 && -error < (long)(sizeof texts / sizeof *texts) ? texts[-error]
                                                                       : "unknown error";
}

long steward_answer(struct exo_message *message) {
    long error = exo_gate_call_patient(SHELL_GATE, message, exo_time() + 20 * exo_time_base());

    return error < 0 ? error : error ? EXO_E_DEAD : (long)message->word[0];
}

long steward_call(uint64_t call, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    for (;;) {
        struct exo_message message = {{call, a, b, c, d}};
        long answer = steward_answer(&message);

        if (answer != EXO_E_AGAIN)
            return answer;
        exo_yield(0);
    }
}

long steward_wait(uint64_t call, uint64_t a, const uint64_t words[4]) {
    struct exo_message message = {{call, a, words[0], words[1], words[2], words[3]}};

    return holder_call(SHELL_GATE, &message);
}

long steward_read(uint64_t call, uint64_t a, void *answer) {
    struct exo_message message = {{call, a}};
    long error = steward_answer(&message);

    memcpy(answer, &message.word[1], 6 * sizeof message.word[0]);
    return error;
}

bool shell_interrupted(uint64_t mask, uint64_t deadline) {
    long events = exo_sleep(SHELL_INTERRUPT | EXO_EVENT_CHILD | mask, deadline);

    return events > 0 && (events & SHELL_INTERRUPT);
}

static long console_call(uint64_t call, uint64_t a, uint64_t b) {
    struct exo_message message = {{call, a, b}};
    long error =
        exo_gate_call_patient(EXO_GATE_CONSOLE, &message, exo_time() + 20 * exo_time_base());

    return error ? error : (long)message.word[0];
}

/* Everything printed so far has left the serial port, or 20 seconds have passed. */
static void shell_flush(void) {
    uint64_t deadline = exo_time() + 20 * exo_time_base();

    fflush(stdout);
    while (console_call(CONSOLE_FLUSH, 0, 0) == EXO_E_AGAIN && exo_time() < deadline)
        exo_sleep_ns(1000000);
}

static int shell_end(uint64_t restart, int status) {
    long error;

    error = files_sync_all();
    if (error < 0)
        status = shell_fail("shell", "sync", strerror((int)-error));
    if (one_shot || status) /* the firmware tells nobody */
        printf("exit status: %d\n", status);
    shell_flush();
    error = steward_call(STEWARD_END, restart, (uint64_t)status, 0, 0);
    return shell_fail("shell", restart ? "reboot" : "poweroff", error_text(error));
}

static int command_date(int count, char **words) {
    char text[40];
    time_t now = time(NULL);

    if (count != 1)
        return shell_usage("date");
    if (!exo_epoch())
        return shell_fail(words[0], "clock", "this machine has none that init.conf names");
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", gmtime(&now));
    puts(text);
    return 0;
}

static int command_echo(int count, char **words) {
    bool add = count > 2 && !strcmp(words[count - 2], ">>");
    char text[SHELL_LINE] = "";

    if (add || (count > 2 && !strcmp(words[count - 2], ">"))) {
        for (int i = 1; i < count - 2; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 1 ? " " : "",
                     words[i]);
        strcat(text, "\n"); /* shorter than the line that it came from */
        return files_put(words[count - 1], text, add);
    }
    for (int i = 1; i < count; i++)
        printf("%s%s", i > 1 ? " " : "", words[i]);
    printf("\n");
    return 0;
}

static int command_poweroff(int count, char **words) {
    uint32_t status = 0;

    if (count > 2 || (count == 2 && !shell_number(words[1], &status)))
        return shell_usage("poweroff [STATUS]");
    return shell_end(0, (int)status);
}

static int command_reboot(int count, char **words) {
    (void)words;
    return count == 1 ? shell_end(1, 0) : shell_usage("reboot");
}

/* Live until q or Ctrl-C, or for a number of screens. */
static int command_top(int count, char **words) {
    uint32_t screens = UINT32_MAX;
    bool leave = false;
    long mode;

    if (count > 2 || (count == 2 && !shell_number(words[1], &screens)))
        return shell_usage("top [SCREENS]");
    mode = exo_console_mode(EXO_CONSOLE_CRNL);
    printf("\033[2J");
    while (!leave) {
        uint64_t until = exo_time() + exo_time_base();
        char key;

        show_top_screen();
        if (!--screens)
            break;
        while (!leave && exo_time() < until) {
            while (exo_console_poll(&key, 1) == 1)
                leave = leave || key == 'q' || key == 'Q' || key == 3;
            leave = leave || shell_interrupted(EXO_EVENT_CONSOLE, until);
        }
    }
    if (mode >= 0)
        exo_console_mode((uint64_t)mode);
    return 0;
}

static int command_revoke(int count, char **words) {
    uint32_t frames, domain, ms = 100;
    long error;

    if (count < 3 || count > 4 || !shell_number(words[2], &frames) ||
        (count == 4 && !shell_number(words[3], &ms)))
        return shell_usage("revoke DOMAIN FRAMES [MILLISECONDS]");
    if (!(domain = domain_find(words[1])))
        return shell_fail("revoke", words[1], "no such domain");
    error = steward_call(STEWARD_ASK, domain_handle(domain), EXO_FRAMES, frames,
                         ms * tables.facts->timebase / 1000);
    return error < 0 ? shell_fail("revoke", words[1], error_text(error)) : 0;
}

static int command_start(int count, char **words) {
    uint64_t name[2] = {0, 0};
    long error;

    if (count != 2)
        return shell_usage("start NAME");
    strncpy((char *)name, words[1], sizeof name - 1);
    error = steward_call(STEWARD_START, name[0], name[1], 0, 0);
    return error < 0 ? shell_fail("start", words[1], error_text(error)) : 0;
}

static int command_help(int count, char **words);

static const struct shell_command commands[] = {
    {"help", "[COMMAND]", "this list", command_help},
    {"ps", "", "environments: state, hart, slots, time used, frames of their domain", show_ps},
    {"top", "[SCREENS]", "the same, live; q leaves", command_top},
    {"frames", "[map]", "who holds how much memory", show_frames},
    {"slices", "", "the slots of each hart, by environment", show_slices},
    {"holds", "[DOMAIN | frame N]", "limits and use, or single holds", show_holds},
    {"memory", "", "the reserve: who was asked for frames, who gave, who was forced", show_memory},
    {"irqs", "", "interrupt lines and who serves them", show_irqs},
    {"trace", "[COUNT]", "what the kernel did last", show_trace},
    {"devices", "", "what the device tree names", show_devices},
    {"run", "[-v VOLUME] PROGRAM ...", "a program, by path or name; & in the background", 0},
    {"kill", "ENVIRONMENT | NAME", "end an environment, or all of a program", job_kill},
    {"start", "NAME", "start a program of init.conf again", command_start},
    {"revoke", "DOMAIN FRAMES [MS]", "ask a domain to give frames back", command_revoke},
    {"ls", "[PATH]", "a directory of the root volume, or the files of the initrd", files_ls},
    {"cat", "FILE...", "print files", files_cat},
    {"cp", "[-r] FROM TO", "copy a file, or a directory with all in it", files_cp},
    {"mv", "FROM TO", "rename, or move into a directory", files_mv},
    {"rm", "[-r] PATH...", "remove files, or directories with all in them", files_rm},
    {"mkdir", "DIRECTORY...", "make directories", files_mkdir},
    {"ln", "[-s] TO NAME", "another name for a file, or a symbolic link", files_ln},
    {"df", "", "how full the root volume is", files_df},
    {"sync", "", "what was written becomes durable now", files_sync},
    {"snapshot", "[NAME | -d NAME]", "freeze the root volume in /.snapshots, or let one go",
     files_snapshot},
    {"volume", "[make | grow | end]", "the volumes of the disks", volumes_command},
    {"echo", "[WORDS] [> FILE]", "print the words, or put (>>: add) them into a file",
     command_echo},
    {"date", "", "the time of the day, if a clock tells it", command_date},
    {"version", "", "the machine and the kernel's own measurements", show_version},
    {"reboot", "", "restart the machine", command_reboot},
    {"poweroff", "[STATUS]", "end the machine", command_poweroff},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct shell_command *command_find(const char *name) {
    for (int i = 0; i < COMMANDS; i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    return 0;
}

static int command_help(int count, char **words) {
    const struct shell_command *command = count == 2 ? command_find(words[1]) : 0;

    if (count > 2)
        return shell_usage("help [COMMAND]");
    if (count == 2 && !command)
        return shell_fail("help", words[1], "no such command");
    for (int i = 0; i < COMMANDS; i++)
        if (!command || command == &commands[i])
            printf("%-8s %-24s %s\n", commands[i].name, commands[i].usage, commands[i].help);
    return 0;
}

static int shell_command_run(struct parse *parse) {
    const struct shell_command *command = command_find(parse->words[0]);

    if (!command) {
        printf("%s: no such command; try help\n", parse->words[0]);
        return SHELL_NOT_FOUND;
    }
    if (!command->run)
        return job_run(parse->count, parse->words, parse->background);
    return command->run(parse->count, parse->words);
}

/* Runs the commands of a line in turn, up to the first that fails. */
static int shell_line(char *text) {
    int status = 0;

    while (text && !status) {
        struct parse parse;

        text = parse_command(&parse, text);
        if (parse.error)
            status = shell_fail("shell", "syntax", parse.error) * 2;
        else if (parse.count)
            status = shell_command_run(&parse);
        fflush(stdout);
    }
    return status;
}

/* A line without its newline: 1, or 0 at the end of input, or an error. */
static long shell_read(char *text, size_t size) {
    size_t length = 0;

    for (;;) {
        long count = exo_console_read(text + length, 1);

        if (count <= 0)
            return count;
        if (text[length] == '\n')
            break;
        length += length + 1 < size;
    }
    text[length] = 0;
    return 1;
}

static void shell_open(void) {
    const struct exo_start *start = exo_start_block();
    exo_env_t steward = start ? start->word[START_STEWARD] : 0;
    long error = tables_open(), names, devices;

    setvbuf(stdout, 0, _IOFBF, 4096);
    if (error < 0) {
        printf("shell: the kernel's tables: %s\n", error_text(error));
        exit(1);
    }
    if (start && start->console) { /* Ctrl-C comes from the console's domain */
        exo_domain_accept(domain_handle(tables.envs[start->console & 0xffff].domain));
        console_call(CONSOLE_OWNER, exo_uarea()->env, SHELL_INTERRUPT);
        exo_console_mode(EXO_CONSOLE_COOKED | EXO_CONSOLE_ECHO | EXO_CONSOLE_CRNL);
    }
    error = steward ? exo_gate_bind(SHELL_GATE, steward) : EXO_E_HANDLE;
    names = error < 0 ? error : steward_call(STEWARD_NAMES, 0, 0, 0, 0);
    if (names < 0)
        printf("shell: no gate to init: %s\n", error_text(names));
    else
        tables_names((uint64_t)names);
    devices = names < 0 ? names : steward_call(STEWARD_LIST, 0, 0, 0, 0);
    if (devices >= 0)
        tables_devices((uint64_t)devices);
}

int main(int argc, char **argv) {
    char text[SHELL_LINE];
    long got;

    shell_open();
    if (argc == 3 && !strcmp(argv[1], "-c")) {
        one_shot = true;
        snprintf(text, sizeof text, "%s", argv[2]);
        return shell_end(0, shell_line(text));
    }
    printf("Aspis on %s. Type help for the commands.\n", tables.board);
    for (;;) {
        job_reap();
        printf("aspis> ");
        fflush(stdout);
        shell_interrupted(0, 0); /* a Ctrl-C from before counts no more */
        got = shell_read(text, sizeof text);
        if (got > 0)
            shell_line(text);
        else if (!got)
            printf("poweroff ends the machine\n");
        else
            return shell_fail("shell", "no more input",
                              error_text(got)); /* init starts a new one */
        fflush(stdout);
    }
}
