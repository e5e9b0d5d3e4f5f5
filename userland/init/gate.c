/* gate.c - init's gate: what others may ask of the one who holds everything */
/* SPDX-License-Identifier: MIT */
#include "init.h"
#include "libexos/edge/companion.h"
#include "libexos/edge/console.h"
#include "libexos/files/holder.h"

enum { GATE_STACK = 8192 };
_Static_assert(sizeof(struct steward_account) <= 48 && sizeof(struct steward_memory) <= 48,
               "an answer is six words");

static struct exo_companion gate;
static uint8_t stack[GATE_STACK] __attribute__((aligned(16)));
EXO_PINNED_BSS static uint8_t handlers[EXO_HANDLER_STACKS] __attribute__((aligned(4096)));
static exo_env_t main_env;
static exo_domain_t outcome_of; /* who called the disk's keeper last, and how that ended */
static long outcome;

static exo_domain_t gate_live(uint64_t domain) {
    uint32_t slot = exo_slot_of(domain);

    return slot > INIT_DOMAIN && slot < exo_facts()->domain_table.count &&
                   exo_domains()[slot].depth && domain_of(slot) == domain
               ? domain
               : 0;
}

static long gate_share(exo_domain_t caller, uint64_t frame) {
    long shared = exo_hold_share(0, caller, &frame, 1, EXO_R);

    return shared == 1 ? (long)frame : shared < 0 ? shared : EXO_E_HOLD;
}

static long gate_name(exo_domain_t caller, const uint64_t *word) {
    char text[STEWARD_NAME_LENGTH];

    if (!gate_live(word[0]) || !domain_is_below(exo_slot_of(word[0]), exo_slot_of(caller)))
        return EXO_E_RIGHT;
    memcpy(text, &word[1], sizeof text);
    text[sizeof text - 1] = 0;
    for (char *at = text; *at; at++)
        if (*at < ' ' || *at > '~') /* names are shown on terminals */
            *at = '?';
    names_set(word[0], text);
    return 0;
}

static long gate_start(const uint64_t *word) {
    char text[CONFIG_NAME];

    memcpy(text, word, sizeof text);
    text[sizeof text - 1] = 0;
    for (uint32_t i = 0; i < service_count; i++)
        if (!exo_strcmp(services[i].program->name, text)) {
            if (services[i].running)
                return EXO_E_BUSY;
            __atomic_store_n(&services[i].wanted, 1, __ATOMIC_RELEASE);
            return exo_event_post(main_env, INIT_BELL);
        }
    return EXO_E_ARG;
}

/* The answer's words behind the first. */
static long gate_account(uint64_t index, void *answer) {
    struct steward_account shown = {.domain = 0};
    struct account account;

    if (index >= ACCOUNTS || !account_copy((uint32_t)index, &account))
        return EXO_E_ARG;
    if (account.domain)
        shown = (struct steward_account){.domain = account.domain,
                                         .requests = account.requests,
                                         .forced = account.forced,
                                         .asked = account.asked,
                                         .gave = account.gave,
                                         .taken = account.taken,
                                         .lowered = account.lowered,
                                         .keep = memory_keep(exo_slot_of(account.domain))};
    memcpy(answer, &shown, sizeof shown);
    return 0;
}

/* A name in four words. */
static const char *gate_text(const uint64_t *word) {
    static char text[33];

    memcpy(text, word, sizeof text - 1);
    return text;
}

static long gate_give(exo_domain_t caller, const uint64_t *word, uint64_t *root) {
    if (!gate_live(word[0]) || !domain_is_below(exo_slot_of(word[0]), exo_slot_of(caller)))
        return EXO_E_RIGHT;
    return volume_give(gate_text(&word[1]), word[0], root);
}

/* What holders of volumes may ask, whoever they are. */
static bool is_holders(uint64_t call) { return call >= HOLDER_ASK && call <= HOLDER_RENEW; }

/* What waits for the disk: its outcome can be asked for. */
static long gate_volume(uint64_t call, const uint64_t *word, exo_domain_t caller) {
    outcome = EXO_E_AGAIN;
    outcome_of = caller;
    return outcome = is_holders(call) ? volume_propose(call, word[0], exo_slot_of(caller))
                                      : volume_change(call, gate_text(&word[1]), word[0]);
}

static long gate_serve_call(uint64_t *word, exo_domain_t caller) {
    exo_domain_t domain = gate_live(word[1]);

    switch (word[0]) {
    case STEWARD_NAMES:
        return gate_share(caller, names_frame());
    case STEWARD_LIST:
        return gate_share(caller, devices_frame());
    case STEWARD_NAME:
        return gate_name(caller, &word[1]);
    case STEWARD_START:
        return gate_start(&word[1]);
    case STEWARD_KILL:
        return domain ? exo_domain_kill(domain) : EXO_E_HANDLE;
    case STEWARD_ASK:
        return domain ? exo_revoke_ask(domain, word[2], word[3], word[4]) : EXO_E_HANDLE;
    case STEWARD_BREAK:
        return domain ? exo_revoke_break(domain, word[2], &word[3], 1) : EXO_E_HANDLE;
    case STEWARD_END:
        return exo_machine_end(word[1] != 0, word[2]);
    case STEWARD_MEMORY:
        memcpy(&word[1], memory_state(), sizeof(struct steward_memory));
        return 0;
    case STEWARD_ACCOUNT:
        return gate_account(word[1], &word[1]);
    case STEWARD_VOLUMES:
        return volumes_frame() == EXO_ANY ? EXO_E_HANDLE : gate_share(caller, volumes_frame());
    case STEWARD_VOLUME_MAKE:
    case STEWARD_VOLUME_GROW:
    case STEWARD_VOLUME_END:
        return gate_volume(word[0], &word[1], caller);
    case STEWARD_VOLUME_GIVE:
        return gate_give(caller, &word[1], &word[1]);
    case STEWARD_FILES:
        return (long)files_env();
    default:
        return EXO_E_CALL;
    }
}

/* The gate is open to all, because who starts when is not known beforehand; for most it serves
 * those whom the configuration names. */
static void gate_serve(struct exo_message *message, exo_domain_t caller) {
    const struct service *service = service_of(exo_slot_of(caller));
    struct exo_message answer = *message;
    uint64_t call = answer.word[0];
    long result = EXO_E_RIGHT;

    if (call == HOLDER_OUTCOME)
        result = caller == outcome_of ? outcome : EXO_E_HANDLE;
    else if (is_holders(call))
        result = gate_volume(call, &answer.word[1], caller);
    else if (service && service->program->offers_steward)
        result = gate_serve_call(answer.word, caller);
    *message = answer;
    message->word[0] = (uint64_t)result;
}

static void gate_run(void *unused) {
    (void)unused;
    exo_printf("init: the gate closed: %s\n",
               exo_error_name(exo_companion_serve(&gate, gate_serve, EXO_ANY, stack + GATE_STACK)));
}

long gate_open(void) {
    long error;

    main_env = exo_uarea()->env;
    error = exo_companion_create(&gate, 1, gate_run, 0, stack + GATE_STACK, handlers);
    if (error < 0)
        return error;
    /* It runs on its clients' time; the slot lets it end a call whose client died in the middle. */
    exo_slots_take(0, 0, 1, gate.env);
    error = exo_companion_park(&gate);
    return error < 0 ? error : volumes_bind(gate.env);
}

exo_env_t gate_env(void) { return gate.env; }
