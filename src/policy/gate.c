/* gate.c -- asks the agent before each simple command and acts on its answer.
 *
 * Any call of the virtual kernel may yield, and the connection may end while it
 * does: the policy_session is looked up anew after each and never kept across.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "policy/gate.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "policy/effects.h"
#include "policy/session.h"
#include "vm/host.h"
#include "vm/persona.h"

enum {
    INPUT_MAX = 32 * 1024, /* bytes of a command that are recorded */
    FUEL = 50,             /* steps that a decision costs the attacker's process */
};

static struct policy_session *session_of(struct proc *p)
{
    struct vm_login *l = vm_login_of(p);

    return l ? vm_login_policy(l) : NULL;
}

/* Built-ins that run unasked. They either steer the shell, where refusing would
 * break scripts in ways no real shell can, or only run another command, which
 * then is asked about itself. */
static bool is_exempt(const struct policy_command *c)
{
    static const char *const words[] = {
        ":",       "true",  "false",  "[",       "test",    "break",   "continue", "return",
        "set",     "shift", "export", "local",   "declare", "typeset", "readonly", "let",
        "getopts", "trap",  "wait",   "command", "builtin", "exec",    "eval",     "[["};

    if (c->kind == POLICY_FUNCTION)
        return true;
    if (c->kind != POLICY_BUILTIN)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(c->argv[0], words[i]) == 0)
            return true;
    return false;
}

static bool is_exit(const struct policy_command *c)
{
    return c->kind == POLICY_BUILTIN &&
           (strcmp(c->argv[0], "exit") == 0 || strcmp(c->argv[0], "logout") == 0);
}

/* --- the command as text ---------------------------------------------------------- */

static bool is_plain(const char *w)
{
    return *w && !strpbrk(w, " \t\n\r'\"\\$`;&|<>()*?#~");
}

/* Appends bytes while there is room; how many it had is counted all the same. */
static size_t put(char *at, size_t used, const char *p, size_t n)
{
    size_t room = used < INPUT_MAX ? INPUT_MAX - used : 0;

    if (at)
        memcpy(at + used, p, n < room ? n : room);
    return used + (n < room ? n : room);
}

static size_t put_word(char *at, size_t used, const char *w)
{
    if (is_plain(w))
        return put(at, used, w, strlen(w));
    used = put(at, used, "'", 1);
    for (const char *q; (q = strchr(w, '\'')); w = q + 1) {
        used = put(at, used, w, (size_t)(q - w));
        used = put(at, used, "'\\''", 4);
    }
    used = put(at, used, w, strlen(w));
    return put(at, used, "'", 1);
}

/* Writes the words, quoted where needed; with at NULL it only measures. */
static size_t put_command(char *at, const struct policy_command *c)
{
    size_t used = 0;

    for (int i = 0; i < c->argc && used < INPUT_MAX; i++) {
        if (i)
            used = put(at, used, " ", 1);
        used = put_word(at, used, c->argv[i]);
    }
    return used;
}

/* --- acting -------------------------------------------------------------------------- */

static uint64_t machine_seed(struct proc *p)
{
    struct vm_login *l = vm_login_of(p);
    const char *from = l ? vm_login_from(l) : NULL;
    uint64_t seed = vm_persona(p)->seed;

    return from ? hash_fixed(from, strlen(from), seed) : seed;
}

static void show(struct proc *p, const struct policy_command *c, const struct policy_plan *plan)
{
    struct arena *a = vm_arena_new(p);
    struct str out;

    str_init(&out, a);
    policy_effect_render(&out, p, c, plan->effect, plan->machine_seed);
    if (out.n)
        (void)!vm_write_all(p, plan->effect->fd, str_text(&out), out.n);
    vm_arena_drop(p, a);
}

/* To whoever reads along: the terminal if there is one, else the output that a
 * script collects, unless that feeds another command. */
static void insult(struct proc *p, const struct policy_command *c, const char *text)
{
    bool feeds = c->pipe_len && c->pipe_at + 1 < c->pipe_len;
    int fd = feeds || vm_isatty(p, 2) ? 2 : 1;

    (void)!vm_write_all(p, fd, text, strlen(text));
    (void)!vm_write_all(p, fd, "\n", 1);
}

static enum policy_verdict act(struct proc *p, const struct policy_command *c,
                               const struct policy_plan *plan, int *status)
{
    switch (plan->action) {
    case RL_DELAY:
        if (vm_sleep_us(p, plan->delay_us) != -EINTR)
            return POLICY_RUN;
        *status = 128 + SIGINT; /* a handler ran: the pause was broken by Ctrl-C */
        return POLICY_DONE;
    case RL_FAKE:
    case RL_BLOCK:
        show(p, c, plan);
        *status = plan->effect->status;
        return POLICY_DONE;
    case RL_INSULT:
        insult(p, c, plan->insult);
        *status = 1;
        return POLICY_DONE;
    default:
        return POLICY_RUN;
    }
}

enum policy_verdict policy_gate(struct proc *p, const struct policy_command *c, int *status)
{
    struct policy_plan plan = {0};
    struct policy_session *s;
    enum policy_wish wish = POLICY_DECIDE;
    char *input;
    size_t n;

    if (!session_of(p) || c->argc < 1 || is_exempt(c))
        return POLICY_RUN;
    if (is_exit(c)) {
        if (c->depth)
            return POLICY_RUN;
        wish = POLICY_TERMINAL;
    }
    vm_tick(p, FUEL);
    n = put_command(NULL, c);
    input = vm_alloc(p, n + 1);
    put_command(input, c);
    plan.machine_seed = machine_seed(p);
    s = session_of(p);
    if (s)
        policy_session_decide(s, c, wish, event_sn(input, n), &plan);
    vm_release(p, input, n + 1);
    return act(p, c, &plan, status);
}

void policy_line(struct proc *p, const char *line, size_t n)
{
    struct policy_session *s = session_of(p);

    if (s)
        policy_session_line(s, line, n);
}

void policy_ended(struct proc *p, int status)
{
    struct policy_session *s = session_of(p);

    if (s)
        policy_session_status(s, status);
}
