/* console.c - the serial port's driver in user mode: an environment each for device and clients */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/companion.h"
#include "libexos/edge/export.h"
#include "libexos/edge/print.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/time.h"
#include "libexos/vm/vm.h"
#include "userland/init/given.h"
#include "line.h"
#include "ring.h"
#include "server.h"
#include "uart.h"

/*
 *  client -- gate --> output --> driver: show --> wire --> device
 *  client <-- gate -- input <-- driver: line <-- typed <-- device
 * The gate runs on the client's time and only touches the ends of rings; the driver runs when the
 * device interrupts, within its reserve, or when the gate rings the bell.
 */
enum { EVENT_DEVICE = 1, EVENT_BELL = 2 };
enum {
    RESTORE_MS = 20,
    GATE_STACK = 8192,
    PROMPT_MOST = 128,
    KEY_CTRL_C = 3,
    INPUT_END = 4,
    COLUMN_MOST = 79
};
enum { MODE_FIRST = EXO_CONSOLE_COOKED | EXO_CONSOLE_ECHO | EXO_CONSOLE_CRNL };

/* Both environments touch these. */
static struct ring output, input; /* input: INPUT_END in cooked mode stands for the end of file */
static uint64_t console_mode = MODE_FIRST;
static uint32_t reading; /* somebody waits for a line */
static uint32_t idle;    /* the driver waits for the bell */
static exo_env_t reader, owner;
static uint64_t owner_bits;
static exo_env_t driver_env;
static uint32_t flushed = 1;

/* The driver's own. */
static struct uart uart;
static struct line line;
static struct ring wire, typed;
static bool editing, hidden;     /* a line is being edited; and it is not on the screen now */
static char prompt[PROMPT_MOST]; /* what stood on the screen's line before the edited one */
static uint32_t prompt_length, column;
static uint64_t restore_at; /* a hidden line comes back then, or when the output ends a line */
static bool in_escape;

static uint8_t gate_stack[GATE_STACK] __attribute__((aligned(16)));
EXO_PINNED_BSS static uint8_t gate_handlers[EXO_HANDLER_STACKS] __attribute__((aligned(4096)));

static bool mode_has(uint64_t bit) {
    return __atomic_load_n(&console_mode, __ATOMIC_RELAXED) & bit;
}

/* Puts a byte on the wire and follows where the cursor goes. */
static void show(char character) {
    if (in_escape) {
        in_escape = character == '[' || character == ';' || (character >= '0' && character <= '9');
    } else if (character == '\033') {
        in_escape = true;
    } else if (character == '\n' || character == '\r') {
        column = 0;
    } else if (character == '\b') {
        column -= column > 0;
    } else if ((uint8_t)character >= ' ' && column < COLUMN_MOST) {
        column++;
    }
    if (character == '\n' && mode_has(EXO_CONSOLE_CRNL))
        ring_put(&wire, '\r');
    ring_put(&wire, (uint8_t)character);
}

static void show_text(const char *text) {
    while (*text)
        show(*text++);
}

static void line_put(void *context, char character) {
    (void)context;
    if (mode_has(EXO_CONSOLE_ECHO) || character == '\n')
        show(character);
}

/* Shows what clients wrote. A line being edited makes room for it and comes back below. */
static void driver_output(void) {
    uint32_t count = ring_used(&output);
    bool taken = count != 0;

    if (!count && !hidden)
        return;
    if (editing && !hidden) {
        show_text("\r\033[K");
        hidden = true;
    }
    for (; count && ring_room(&wire) > 2; count--) {
        char character = (char)ring_take(&output);

        if (!editing) {
            if (character == '\n')
                prompt_length = 0;
            else if (prompt_length < PROMPT_MOST)
                prompt[prompt_length++] = character;
        }
        show(character);
    }
    if (taken)
        restore_at = exo_time() + exo_time_base() * RESTORE_MS / 1000;
    if (column && exo_time() < restore_at)
        return; /* more of this line may come */
    if (hidden && !count && ring_room(&wire) > PROMPT_MOST + 3 * LINE_MOST) {
        if (column)
            show('\n');
        for (uint32_t i = 0; i < prompt_length; i++)
            show(prompt[i]);
        line_redraw(&line);
        hidden = false;
    }
}

static void tell_reader(void) {
    exo_env_t env = __atomic_exchange_n(&reader, 0, __ATOMIC_ACQ_REL);

    if (env)
        exo_event_post(env, EXO_EVENT_CONSOLE);
}

static void tell_owner(void) {
    exo_env_t env = __atomic_load_n(&owner, __ATOMIC_ACQUIRE);

    if (env)
        exo_event_post(env, owner_bits);
}

static void line_ends(enum line_result result) {
    exo_env_t waiting = __atomic_load_n(&reader, __ATOMIC_ACQUIRE);
    bool interrupt = result == LINE_INTERRUPT;

    if (interrupt)
        tell_owner();
    if (result == LINE_END) {
        ring_put(&input, INPUT_END);
    } else if (!interrupt || !owner ||
               waiting == owner) { /* else the reader is about to be killed */
        for (uint32_t i = 0; i < line.length; i++)
            ring_put(&input, (uint8_t)line.text[i]);
        ring_put(&input, '\n');
    }
    editing = false;
    prompt_length = 0;
    __atomic_store_n(&reading, 0, __ATOMIC_RELEASE);
    tell_reader();
}

/* Feeds what was typed to the line that somebody waits for, or in raw mode straight to the reader.
 */
static void driver_input(void) {
    if (!mode_has(EXO_CONSOLE_COOKED)) {
        bool any = false;

        for (; ring_used(&typed) && ring_room(&input); any = true)
            ring_put(&input, ring_take(&typed));
        if (any)
            tell_reader();
        return;
    }
    while (__atomic_load_n(&reading, __ATOMIC_ACQUIRE) && ring_room(&wire) > 4 * LINE_MOST &&
           ring_room(&input) > LINE_MOST && !hidden) {
        enum line_result result;

        if (!editing) {
            if (ring_used(&output))
                return; /* the prompt first */
            line_begin(&line, column);
            editing = true;
        }
        if (!ring_used(&typed))
            return;
        result = line_key(&line, ring_take(&typed));
        if (result != LINE_MORE)
            line_ends(result);
    }
}

/* Empties the device. Ctrl-C acts at once unless a line is being edited. */
static void driver_receive(void) {
    int byte;

    while ((byte = uart_read(&uart)) >= 0) {
        if (byte == KEY_CTRL_C && mode_has(EXO_CONSOLE_COOKED) &&
            !__atomic_load_n(&reading, __ATOMIC_ACQUIRE)) {
            while (ring_used(&typed))
                ring_take(&typed);
            if (ring_room(&wire) > 4)
                show_text("^C\n");
            tell_owner();
        } else if (ring_room(&typed)) {
            ring_put(&typed, (uint8_t)byte);
        }
    }
}

static void driver_send(void) {
    while (ring_used(&wire)) {
        uint32_t room = uart_room(&uart);

        if (!room)
            break;
        while (room-- && ring_used(&wire))
            uart_write(&uart, ring_take(&wire));
    }
    uart_want_room(&uart, ring_used(&wire) != 0);
}

_Noreturn static void driver_run(uint32_t irq) {
    for (;;) {
        __atomic_store_n(&flushed, 0, __ATOMIC_RELEASE);
        uart_settle(&uart);
        driver_receive();
        do {
            driver_output();
            driver_input();
            driver_send();
        } while (ring_used(&output) && !ring_used(&wire));
        exo_irq_bind(irq, driver_env, EVENT_DEVICE); /* unmasks it */
        __atomic_store_n(&idle, 1, __ATOMIC_SEQ_CST);
        /* While bytes are on the wire the device wakes us, and more output waits for it. */
        if (!ring_used(&wire)) {
            if (ring_used(&output))
                continue;
            __atomic_store_n(&flushed, 1, __ATOMIC_RELEASE);
        }
        exo_sleep(EVENT_DEVICE | EVENT_BELL, hidden ? restore_at : EXO_NEVER);
    }
}

static void ring_bell(void) {
    if (__atomic_exchange_n(&idle, 0, __ATOMIC_SEQ_CST))
        exo_event_post(driver_env, EVENT_BELL);
}

static long serve_write(struct exo_message *message) {
    uint64_t count = message->word[1], done;
    const uint8_t *bytes = (const uint8_t *)&message->word[2];

    if (count > EXO_CONSOLE_BYTES)
        return EXO_E_ARG;
    for (done = 0; done < count && ring_room(&output); done++)
        ring_put(&output, bytes[done]);
    __atomic_store_n(&flushed, 0, __ATOMIC_RELEASE);
    ring_bell();
    return done || !count ? (long)done : EXO_E_AGAIN;
}

static long serve_read(struct exo_message *message) {
    uint64_t most = message->word[1], done = 0;
    bool cooked = mode_has(EXO_CONSOLE_COOKED);
    uint8_t *bytes = (uint8_t *)&message->word[2];

    if (!most || most > EXO_CONSOLE_BYTES)
        return EXO_E_ARG;
    if (!ring_used(&input)) {
        __atomic_store_n(&reader, message->word[2], __ATOMIC_RELEASE);
        if (cooked && !__atomic_exchange_n(&reading, 1, __ATOMIC_ACQ_REL))
            ring_bell();
        if (!ring_used(&input)) /* a line may have come in between */
            return EXO_E_AGAIN;
    }
    while (done < most && ring_used(&input)) {
        uint8_t byte = input.bytes[input.taken % RING_SIZE];

        if (cooked && byte == INPUT_END) {
            if (!done)
                ring_take(&input); /* the end of file, by itself */
            break;
        }
        bytes[done++] = ring_take(&input);
        if (cooked && byte == '\n')
            break;
    }
    return (long)done;
}

static long serve_owner(uint64_t env, uint64_t bits) {
    if (owner && owner != env && exo_env_state_of(owner) != EXO_ENV_DEAD && env)
        return EXO_E_RIGHT;
    owner_bits = bits;
    __atomic_store_n(&owner, env, __ATOMIC_RELEASE);
    return 0;
}

static void serve(struct exo_message *message, exo_domain_t caller) {
    uint64_t result;

    (void)caller;
    switch (message->word[0]) {
    case EXO_CONSOLE_WRITE:
        result = (uint64_t)serve_write(message);
        break;
    case EXO_CONSOLE_READ:
        result = (uint64_t)serve_read(message);
        break;
    case EXO_CONSOLE_MODE:
        result = console_mode;
        if (message->word[1] != EXO_ANY)
            __atomic_store_n(&console_mode, message->word[1] & MODE_FIRST, __ATOMIC_RELEASE);
        ring_bell();
        break;
    case EXO_CONSOLE_SIZE:
        message->word[1] = 80;
        message->word[2] = 24;
        result = 0;
        break;
    case CONSOLE_OWNER:
        result = (uint64_t)serve_owner(message->word[1], message->word[2]);
        break;
    case CONSOLE_FLUSH:
        result = __atomic_load_n(&flushed, __ATOMIC_ACQUIRE) && !ring_used(&output)
                     ? 0
                     : (uint64_t)EXO_E_AGAIN;
        break;
    default:
        result = (uint64_t)EXO_E_CALL;
    }
    message->word[0] = result;
}

_Noreturn static void console_fail(const char *what, long error) {
    exo_printf("console: %s: %s\n", what, exo_error_name(error));
    exo_exit(1);
}

static void gate_run(void *gate) {
    console_fail("serving", exo_companion_serve(gate, serve, EXO_ANY, gate_stack + GATE_STACK));
}

/* Two environments share this memory, and only the first one serves faults: touch all of it now. */
static void touch(volatile uint8_t *from, uint64_t length) {
    for (uint64_t i = 0; i < length; i += 64)
        from[i] = from[i];
}

static void gate_start(void) {
    static struct exo_companion gate;
    long error;

    touch((volatile uint8_t *)&output, sizeof output);
    touch((volatile uint8_t *)&input, sizeof input);
    touch(gate_stack, sizeof gate_stack);
    error = exo_companion_create(&gate, 1, gate_run, &gate, gate_stack + GATE_STACK, gate_handlers);
    if (error < 0)
        console_fail("gate", error);
    /* It runs on its clients' time; the slot lets it end a call whose client died in the middle. */
    exo_slots_take(0, 0, 1, gate.env);
    error = exo_companion_park(&gate);
    if (error < 0)
        console_fail("gate's first offer", error);
    exo_parent_page()->word[CONSOLE_PAGE_GATE] = gate.env;
}

void exo_start(struct exo_uarea *uarea) {
    const volatile struct steward_device *device;
    long error = vm_init(uarea);

    if (error < 0)
        console_fail("memory", error);
    error = given_device(&device);
    if (error < 0)
        console_fail("the device", error);
    uart.base = (volatile uint8_t *)error;
    uart.kind = uart_kind_of((const char *)device->compatible);
    uart.shift = device->shift;
    uart.width = device->width ? device->width : 1;
    if (uart.kind == UART_NONE)
        console_fail("no driver for this device", EXO_E_ARG);
    line.put = line_put;
    driver_env = uarea->env;
    gate_start();
    uart_open(&uart);
    error = exo_irq_bind(device->line, driver_env, EVENT_DEVICE);
    if (error < 0)
        console_fail("interrupt line", error);
    driver_run(device->line);
}
