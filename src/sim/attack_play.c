/* attack_play.c -- plays one recorded session against a server, over real SSH
 * (libssh as a client).
 *
 * Commands recorded as exec requests each get a channel of their own on one
 * connection; those typed into a shell share one terminal, where an answer is
 * complete when a prompt is back.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/attack_play.h"

#include <libssh/libssh.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/str.h"
#include "sim/attack_react.h"

enum {
    OUTPUT_KEPT = 16 * 1024, /* of an answer, to judge it by */
    EXEC_MS = 15000,         /* an answer that takes longer is left alone */
    PROMPT_MS = 10000,
    PLAN_ARENA = 1 << 20,
};

struct play {
    const struct attack_conf *conf;
    const struct attack_plan *plan;
    struct attack_counts *n;
    struct attack_mood mood;
    ssh_session ssh;
    ssh_channel shell;
    char out[OUTPUT_KEPT];
    size_t out_n;
    int status;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void think(const struct play *p, double seconds)
{
    double s = seconds * p->conf->scale;
    struct timespec t;

    if (s > p->conf->wait_max_s)
        s = p->conf->wait_max_s;
    if (s <= 0)
        return;
    t.tv_sec = (time_t)s;
    t.tv_nsec = (long)((s - (double)t.tv_sec) * 1e9);
    nanosleep(&t, NULL);
}

static void keep(struct play *p, const char *bytes, size_t n)
{
    size_t room = sizeof p->out - p->out_n;

    n = n < room ? n : room;
    memcpy(p->out + p->out_n, bytes, n);
    p->out_n += n;
}

static bool connect_to(struct play *p)
{
    char addr[32];
    long timeout = 20;
    bool no = false;
    uint64_t h = hash_fixed(p->plan->source, strlen(p->plan->source), p->conf->seed);

    p->ssh = ssh_new();
    if (!p->ssh)
        return false;
    str_fmt(addr, sizeof addr, "127.%u.%u.%u", 1 + (unsigned)(h % 250), (unsigned)(h >> 8) % 250,
            1 + (unsigned)(h >> 16) % 250);
    ssh_options_set(p->ssh, SSH_OPTIONS_HOST, p->conf->host);
    ssh_options_set(p->ssh, SSH_OPTIONS_PORT, &p->conf->port);
    ssh_options_set(p->ssh, SSH_OPTIONS_TIMEOUT, &timeout);
    ssh_options_set(p->ssh, SSH_OPTIONS_PROCESS_CONFIG, &no);
    if (p->conf->spread)
        ssh_options_set(p->ssh, SSH_OPTIONS_BINDADDR, addr);
    if (p->plan->nlogins > 0)
        ssh_options_set(p->ssh, SSH_OPTIONS_USER, p->plan->logins[0].user);
    return ssh_connect(p->ssh) == SSH_OK;
}

static bool log_in(struct play *p)
{
    static const struct attack_login usual = {"root", "root"};
    const struct attack_login *v = p->plan->nlogins ? p->plan->logins : &usual;
    size_t n = p->plan->nlogins ? p->plan->nlogins : 1;

    for (size_t i = 0; i < n; i++) {
        int r;
        p->n->logins++;
        r = ssh_userauth_password(p->ssh, v[i].user, v[i].password);
        if (r == SSH_AUTH_SUCCESS) {
            p->n->accepted++;
            return true;
        }
        if (r != SSH_AUTH_DENIED)
            return false;
    }
    return false;
}

/* One exec request with its answer. False: the connection is gone. */
static bool send_exec(struct play *p, const char *command)
{
    ssh_channel ch = ssh_channel_new(p->ssh);
    int64_t end = now_ms() + EXEC_MS;
    char bytes[4096];
    bool ok;

    p->out_n = 0;
    p->status = -1;
    if (!ch)
        return false;
    ok = ssh_channel_open_session(ch) == SSH_OK && ssh_channel_request_exec(ch, command) == SSH_OK;
    p->n->execs += ok;
    if (ok)
        ssh_channel_send_eof(ch);
    for (int err = 0; ok && !ssh_channel_is_eof(ch) && now_ms() < end; err = !err) {
        int n = ssh_channel_read_timeout(ch, bytes, sizeof bytes, err, 50);
        if (n > 0)
            keep(p, bytes, (size_t)n);
        else if (n < 0)
            ok = ssh_is_connected(p->ssh);
    }
    if (ok)
        p->status = ssh_channel_get_exit_status(ch);
    ssh_channel_close(ch);
    ssh_channel_free(ch);
    return ok;
}

static bool at_prompt(const struct play *p)
{
    return p->out_n >= 2 && p->out[p->out_n - 1] == ' ' &&
           (p->out[p->out_n - 2] == '#' || p->out[p->out_n - 2] == '$');
}

static bool read_to_prompt(struct play *p)
{
    int64_t end = now_ms() + PROMPT_MS;
    char bytes[4096];

    p->out_n = 0;
    p->status = -1;
    while (now_ms() < end) {
        int n = ssh_channel_read_timeout(p->shell, bytes, sizeof bytes, 0, 50);
        if (n < 0 || ssh_channel_is_eof(p->shell))
            return false;
        if (n > 0) {
            if (p->out_n + (size_t)n > sizeof p->out)
                p->out_n = 0; /* only its end tells of a prompt */
            keep(p, bytes, (size_t)n);
        }
        if (n == 0 && at_prompt(p))
            return true;
    }
    return true; /* something runs on: type ahead, as people do */
}

static bool open_shell(struct play *p)
{
    p->shell = ssh_channel_new(p->ssh);
    return p->shell && ssh_channel_open_session(p->shell) == SSH_OK &&
           ssh_channel_request_pty(p->shell) == SSH_OK &&
           ssh_channel_request_shell(p->shell) == SSH_OK && read_to_prompt(p);
}

static bool send_line(struct play *p, const char *line)
{
    if (!p->shell && !open_shell(p))
        return false;
    if (ssh_channel_write(p->shell, line, (uint32_t)strlen(line)) < 0 ||
        ssh_channel_write(p->shell, "\n", 1) < 0)
        return false;
    p->n->lines++;
    return read_to_prompt(p);
}

/* One step with what the attacker makes of the answer. False: it is over. */
static bool play_step(struct play *p, struct arena *a, const struct attack_step *s)
{
    const char *input = s->input;

    think(p, s->wait_s);
    for (;;) {
        bool refused;
        if (!(s->shell ? send_line(p, input) : send_exec(p, input))) {
            p->n->lost++;
            return false;
        }
        refused = attack_refused(p->out, p->out_n, p->status);
        p->n->refused += refused;
        switch (attack_react(&p->mood, input, refused)) {
        case ATTACK_CARRY_ON:
            return true;
        case ATTACK_GIVE_UP:
            p->n->given_up++;
            return false;
        case ATTACK_NEXT_TOOL:
            input = attack_next_tool(a, input);
            if (!input)
                return true;
            break;
        case ATTACK_RETRY:
            break;
        }
        p->n->retries++;
    }
}

void attack_play(const struct attack_conf *c, const struct attack_plan *plan,
                 struct attack_counts *n)
{
    struct arena_budget budget = {.max = PLAN_ARENA};
    struct arena *a = arena_new(&budget, 0);
    struct play p = {.conf = c, .plan = plan, .n = n};

    if (!a)
        return;
    p.mood.rng = rng_named(c->seed, plan->id);
    if (!connect_to(&p)) {
        n->unreachable++;
    } else {
        n->sessions++;
        if (log_in(&p))
            for (size_t i = 0; i < plan->nsteps && play_step(&p, a, &plan->steps[i]); i++)
                ;
    }
    if (p.shell)
        ssh_channel_free(p.shell);
    if (p.ssh) {
        ssh_disconnect(p.ssh);
        ssh_free(p.ssh);
    }
    arena_free(a);
}
