/* config.c - reads etc/init.conf: a line is a word and its arguments, `program` begins a block */
/* SPDX-License-Identifier: MIT */
#include "config.h"

enum { CONFIG_WORDS = 16, CONFIG_LINE = 160 };

struct config_line {
    char text[CONFIG_LINE]; /* cut into words */
    char *words[CONFIG_WORDS];
    uint32_t count;
    uint32_t number;
};

/* Where a key word's value goes: the name of each resource in the file. */
static const char *const config_resources[EXO_RESOURCES] = {
    [EXO_FRAMES] = "frames",     [EXO_HOLDS] = "holds",      [EXO_VSPACES] = "vspaces",
    [EXO_ENVS] = "environments", [EXO_SLOTS] = "slot-limit", [EXO_IRQS] = "lines",
    [EXO_PROGRAMS] = "programs", [EXO_RINGS] = "rings",      [EXO_DISK] = "disk",
};

static bool text_same(const char *a, const char *b) {
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static bool text_copy(char *to, uint64_t room, const char *from) {
    uint64_t i = 0;

    for (; from[i] && i + 1 < room; i++)
        to[i] = from[i];
    to[i] = 0;
    return !from[i];
}

static bool config_fail(struct config_error *error, uint32_t line, const char *message,
                        const char *word) {
    error->line = line;
    error->message = message;
    text_copy(error->word, sizeof error->word, word);
    return false;
}

/* Takes the line at *at apart; false when there is no room. */
static bool config_split(struct config_line *line, const char **at, const char *end) {
    uint32_t length = 0;
    bool comment = false, word = false;

    line->count = 0;
    line->number++;
    for (; *at < end && **at && **at != '\n'; ++*at) {
        char character = **at;
        bool blank = character == ' ' || character == '\t' || character == '\r';

        comment = comment || character == '#';
        if (comment || (blank && !word))
            continue;
        if (length + 2 > CONFIG_LINE || (!word && line->count == CONFIG_WORDS))
            return false;
        if (!word && !blank)
            line->words[line->count++] = line->text + length;
        line->text[length++] = blank ? 0 : character;
        word = !blank;
    }
    line->text[length] = 0;
    if (*at < end)
        ++*at;
    return true;
}

static bool config_number(const char *word, uint32_t *value) {
    uint64_t number = 0;

    if (!*word)
        return false;
    for (; *word >= '0' && *word <= '9'; word++)
        if ((number = number * 10 + (uint64_t)(*word - '0')) > UINT32_MAX)
            return false;
    *value = (uint32_t)number;
    return !*word;
}

static bool config_amount(const char *word, struct config_amount *amount) {
    char digits[12];
    uint32_t length = 0;

    if (text_same(word, "rest")) {
        *amount = (struct config_amount){100, true};
        return true;
    }
    if (!text_copy(digits, sizeof digits, word))
        return false;
    while (digits[length])
        length++;
    amount->percent = length && digits[length - 1] == '%';
    if (amount->percent)
        digits[length - 1] = 0;
    return config_number(digits, &amount->value) && !(amount->percent && amount->value > 100);
}

/* slots N each | slots N on HART */
static const char *config_slots(uint32_t slots[EXO_HARTS], const struct config_line *line) {
    uint32_t count, hart;

    if (line->count < 3 || !config_number(line->words[1], &count) || count > EXO_SLOTS_PER_HART)
        return "want `slots N each` or `slots N on HART`, N at most 64";
    if (line->count == 3 && text_same(line->words[2], "each")) {
        for (hart = 0; hart < EXO_HARTS; hart++)
            slots[hart] = count;
        return 0;
    }
    if (line->count != 4 || !text_same(line->words[2], "on") ||
        !config_number(line->words[3], &hart) || hart >= EXO_HARTS)
        return "want `slots N each` or `slots N on HART`, HART below 8";
    slots[hart] = count;
    return 0;
}

/* restart never | restart N in SECONDS */
static const char *config_restart(struct config_program *program, const struct config_line *line) {
    program->restart = false;
    if (line->count == 2 && text_same(line->words[1], "never"))
        return 0;
    if (line->count != 4 || !text_same(line->words[2], "in") ||
        !config_number(line->words[1], &program->restart_most) ||
        !config_number(line->words[3], &program->restart_seconds) || !program->restart_most ||
        !program->restart_seconds)
        return "want `restart never` or `restart N in SECONDS`";
    program->restart = true;
    return 0;
}

static const char *config_arguments(struct config_program *program,
                                    const struct config_line *line) {
    uint32_t at = 0;

    for (uint32_t i = 1; i < line->count; i++) {
        if (i > 1)
            program->arguments[at++] = ' ';
        if (!text_copy(program->arguments + at, CONFIG_ARGUMENTS - at - 1, line->words[i]))
            return "arguments too long";
        while (program->arguments[at])
            at++;
    }
    return 0;
}

/* A line inside a program's block: 0, or what is wrong with it. */
static const char *config_program_line(struct config_program *program,
                                       const struct config_line *line) {
    const char *key = line->words[0], *value = line->count > 1 ? line->words[1] : "";

    for (int resource = 0; resource < EXO_RESOURCES; resource++)
        if (text_same(key, config_resources[resource]))
            return line->count == 2 && config_amount(value, &program->limit[resource])
                       ? 0
                       : "want a number, a percentage or `rest`";
    if (text_same(key, "slots"))
        return config_slots(program->slots, line);
    if (text_same(key, "restart"))
        return config_restart(program, line);
    if (text_same(key, "arguments"))
        return config_arguments(program, line);
    if (text_same(key, "reserve"))
        return line->count == 3 && config_number(value, &program->reserve_budget) &&
                       config_number(line->words[2], &program->reserve_period) &&
                       program->reserve_budget * 2ull <= program->reserve_period
                   ? 0
                   : "want `reserve BUDGET PERIOD` in microseconds, at most half";
    if (text_same(key, "trusted")) {
        program->trusted = true;
        return line->count == 1 ? 0 : "want `trusted` alone";
    }
    if (line->count != 2)
        return "want one value";
    if (text_same(key, "keep")) {
        program->has_keep = config_number(value, &program->keep);
        return program->has_keep ? 0 : "want a number of frames";
    }
    if (text_same(key, "start")) {
        program->later = text_same(value, "later");
        return program->later ? 0 : "want `start later`, or nothing";
    }
    if (text_same(key, "path"))
        return text_copy(program->path, CONFIG_PATH, value) ? 0 : "path too long";
    if (text_same(key, "device")) {
        if (program->device_count == CONFIG_DEVICES)
            return "at most 4 devices for a program";
        return text_copy(program->devices[program->device_count++], 32, value)
                   ? 0
                   : "name of the device too long";
    }
    if (text_same(key, "volume"))
        return text_copy(program->volume, sizeof program->volume, value)
                   ? 0
                   : "name of the volume too long";
    if (text_same(key, "serves")) {
        program->serves_disk = text_same(value, "disk");
        return program->serves_disk ? 0 : "want `serves disk`";
    }
    if (text_same(key, "gate")) {
        program->offers_console = program->offers_console || text_same(value, "console");
        program->offers_steward = program->offers_steward || text_same(value, "steward");
        program->offers_files = program->offers_files || text_same(value, "files");
        return text_same(value, "console") || text_same(value, "steward") ||
                       text_same(value, "files")
                   ? 0
                   : "no such gate; there are console, files and steward";
    }
    return "no such word in a program's block";
}

/* free-frames LOW [HIGH]: a quarter more than LOW if HIGH is not there. */
static const char *config_free(struct config *config, const struct config_line *line) {
    if (line->count < 2 || line->count > 3 || !config_number(line->words[1], &config->free_low) ||
        config->free_low > UINT32_MAX / 2)
        return "want `free-frames LOW` or `free-frames LOW HIGH`";
    config->free_high = config->free_low + config->free_low / 4;
    if (line->count == 3 && (!config_number(line->words[2], &config->free_high) ||
                             config->free_high < config->free_low))
        return "want `free-frames LOW HIGH`, HIGH at least LOW";
    return 0;
}

/* A line before the first program. */
static const char *config_own_line(struct config *config, const struct config_line *line) {
    const char *key = line->words[0];

    if (text_same(key, "slots"))
        return config_slots(config->slots, line);
    if (text_same(key, "free-frames"))
        return config_free(config, line);
    if (text_same(key, "deadline"))
        return line->count == 2 && config_number(line->words[1], &config->deadline_ms) &&
                       config->deadline_ms && config->deadline_ms <= CONFIG_DEADLINE_MOST
                   ? 0
                   : "want `deadline MILLISECONDS`, 1 to 10000";
    if (text_same(key, "keep"))
        return line->count == 2 && config_number(line->words[1], &config->keep)
                   ? 0
                   : "want `keep FRAMES`";
    if (text_same(key, "clock"))
        return line->count == 2 && config->clock_count < CONFIG_CLOCKS &&
                       text_copy(config->clocks[config->clock_count++], 32, line->words[1])
                   ? 0
                   : "want `clock DEVICE`, four at most";
    return "want `program NAME`, `slots`, `free-frames`, `deadline`, `keep` or `clock` here";
}

static const char *config_begin(struct config *config, const struct config_line *line) {
    struct config_program *program = &config->programs[config->count];

    if (line->count != 2)
        return "want `program NAME`";
    if (config->count == CONFIG_PROGRAMS)
        return "too many programs";
    if (!text_copy(program->name, CONFIG_NAME, line->words[1]))
        return "name too long";
    for (uint32_t i = 0; i < config->count; i++)
        if (text_same(config->programs[i].name, program->name))
            return "there is a program of that name already";
    program->line = line->number;
    config->count++;
    return 0;
}

bool config_parse(struct config *config, const char *text, uint64_t length,
                  struct config_error *error) {
    struct config_line line = {.number = 0};
    const char *end = text + length;

    config->deadline_ms = CONFIG_DEADLINE_MS;
    config->keep = CONFIG_KEEP;
    while (text < end && *text) {
        const char *wrong = 0, *key;

        if (!config_split(&line, &text, end))
            return config_fail(error, line.number, "line too long", "");
        if (!line.count)
            continue;
        key = line.words[0];
        if (text_same(key, "program"))
            wrong = config_begin(config, &line);
        else if (config->count)
            wrong = config_program_line(&config->programs[config->count - 1], &line);
        else
            wrong = config_own_line(config, &line);
        if (wrong)
            return config_fail(error, line.number, wrong, line.words[0]);
    }
    for (uint32_t i = 0; i < config->count; i++) {
        struct config_program *program = &config->programs[i];
        const struct config_amount *frames = &program->limit[EXO_FRAMES];

        if (!program->path[0])
            return config_fail(error, program->line, "no path", program->name);
        if (!program->has_keep)
            program->keep = config->keep;
        else if (!frames->percent && program->keep > frames->value)
            return config_fail(error, program->line, "keeps more frames than it may have",
                               program->name);
    }
    return true;
}
