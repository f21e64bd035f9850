/* channel.c -- an SSH channel at one end, a terminal or pipes of the machine at
 * the other.
 *
 * Bytes are moved, never stored, but for input the machine has no room for:
 * that waits in `in`, bounded by the window that is reopened only when the
 * machine has read.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>
#include <sys/wait.h>

#include "base/str.h"
#include "session/modes.h"
#include "session/session_priv.h"

static void record(struct channel *c, char kind, const void *p, size_t n)
{
    const struct session_sink *k = c->s->h->sink;

    if (c->recording && n > 0)
        k->record_data(k->ctx, c->record, kind, p, n);
}

static void record_close(struct channel *c)
{
    const struct session_sink *k = c->s->h->sink;

    if (c->recording)
        k->record_close(k->ctx, c->record);
    c->recording = false;
}

/* --- input ------------------------------------------------------------------ */

static void feed(struct channel *c)
{
    while (c->io && buf_len(&c->in) > 0) {
        size_t n = vm_port_write(c->io, buf_ptr(&c->in), buf_len(&c->in));
        if (n == 0)
            return;
        buf_consume(&c->in, n);
        ssh_channel_consumed(c->ssh, n);
    }
    buf_shrink(&c->in);
    if (c->in_eof && c->io && !c->pty)
        vm_port_shut_write(c->io);
}

void channel_input(struct channel *c, const uint8_t *p, size_t n)
{
    size_t taken = 0;

    if (c->forward) {
        forward_input(c, p, n);
        return;
    }
    record(c, 'i', p, n);
    if (c->io && buf_len(&c->in) == 0)
        taken = vm_port_write(c->io, p, n);
    ssh_channel_consumed(c->ssh, taken);
    if (c->ssh && taken < n && buf_put(&c->in, p + taken, n - taken) < 0) {
        /* No memory for it: the bytes are lost, the window is not. */
        ssh_channel_consumed(c->ssh, n - taken);
    }
}

void channel_input_eof(struct channel *c)
{
    c->in_eof = true;
    if (c->forward)
        forward_eof(c);
    else
        feed(c);
}

/* --- output ----------------------------------------------------------------- */

/* Moves what one port has; true if it is empty for now. */
static bool move(struct channel *c, struct vm_port *port, bool is_err)
{
    const uint8_t *p;
    size_t n;

    while ((n = vm_port_peek(port, &p)) > 0) {
        size_t w = ssh_channel_output(c->ssh, p, n, is_err);
        if (w == 0 || !c->ssh)
            return false;
        record(c, 'o', p, w);
        vm_port_consume(port, w);
    }
    return true;
}

static const char *signal_name(int sig)
{
    const char *abbrev = sigabbrev_np(sig);
    return abbrev ? abbrev : "SIG@openssh.com";
}

static void finish(struct channel *c)
{
    c->finished = true;
    record_close(c);
    ssh_channel_eof(c->ssh);
    if (!c->ssh)
        return;
    if (WIFSIGNALED(c->status))
        ssh_channel_exit_signal(c->ssh, signal_name(WTERMSIG(c->status)), false);
    else
        ssh_channel_exit_status(c->ssh, (uint32_t)WEXITSTATUS(c->status));
}

void channel_drain(struct channel *c)
{
    bool empty = true;

    if (c->forward)
        forward_drain(c);
    if (c->finished || (!c->io && !c->ended))
        return;
    if (c->io)
        empty &= move(c, c->io, false);
    if (c->err)
        empty &= move(c, c->err, true);
    session_touch(c->s);
    if (c->ended && empty)
        finish(c);
}

static void on_readable(void *ctx)
{
    channel_drain(ctx);
}

static void on_writable(void *ctx)
{
    struct channel *c = ctx;

    feed(c);
    session_touch(c->s);
}

static void on_ended(void *ctx, int status)
{
    struct channel *c = ctx;

    c->ended = true;
    c->status = status;
    channel_drain(c);
}

/* --- requests --------------------------------------------------------------- */

static void start_record(struct channel *c, const char *command)
{
    struct session *s = c->s;
    const struct session_sink *k = s->h->sink;
    char name[64];
    struct session_record r = {.name = name, .term = c->term, .command = command};

    c->record = r.id = s->h->next_id++;
    r.cols = c->pty ? c->size.ws_col : 80;
    r.rows = c->pty ? c->size.ws_row : 24;
    str_fmt(name, sizeof name, "%s-%u", s->src.session, ssh_channel_id(c->ssh));
    c->recording = true;
    k->record_open(k->ctx, &s->src, &r);
}

static bool add_env(struct channel *c, const char *name, const char *value)
{
    size_t n = strlen(name) + strlen(value) + 2;
    char *text;

    if (c->nenv >= SESSION_ENV_MAX || n > 4096)
        return false;
    text = x_malloc(n);
    if (!text)
        return false;
    str_fmt(text, n, "%s=%s", name, value);
    c->env[c->nenv++] = text;
    return true;
}

/* Starts a shell, a command, or a subsystem's server, as sshd does. */
static bool start(struct channel *c, const char *command)
{
    struct session *s = c->s;
    bool forced = s->key && s->key->command[0];
    struct vm_run run = {.command = forced ? s->key->command : command,
                         .tty = c->pty,
                         .term = c->term,
                         .size = c->size,
                         .modes = c->pty ? &c->modes : NULL,
                         .env = (const char *const *)c->env,
                         .events = {on_readable, on_writable, c},
                         .err_events = {on_readable, NULL, c},
                         .ended = on_ended,
                         .ctx = c};

    if (c->started || !s->login)
        return false;
    if (forced && command)
        add_env(c, "SSH_ORIGINAL_COMMAND", command);
    if (vm_login_run(s->login, &run, &c->pid, &c->io, &c->err) < 0)
        return false;
    c->started = true;
    start_record(c, command);
    feed(c);
    return true;
}

static bool exec(struct channel *c, const char *command)
{
    struct event_command_input e = {.input = event_s(command)};

    session_event(c->s, EVENT_COMMAND_INPUT, &e);
    return start(c, command);
}

static bool subsystem(struct channel *c, const char *name)
{
    struct event_channel e = {.what = event_s("subsystem"), .detail = event_s(name)};

    session_event(c->s, EVENT_CHANNEL, &e);
    return strcmp(name, "sftp") == 0 && start(c, "/usr/lib/openssh/sftp-server");
}

static bool pty(struct channel *c, const struct ssh_request *r)
{
    struct event_client_size e = {.width = r->cols, .height = r->rows};

    if (c->pty || c->started || (c->s->key && c->s->key->no_pty))
        return false;
    c->pty = true;
    str_copy(c->term, sizeof c->term, r->name);
    c->size = (struct winsize){.ws_col = (uint16_t)r->cols,
                               .ws_row = (uint16_t)r->rows,
                               .ws_xpixel = (uint16_t)r->px_w,
                               .ws_ypixel = (uint16_t)r->px_h};
    modes_default(&c->modes);
    modes_apply(&c->modes, r->modes, r->modes_n);
    session_event(c->s, EVENT_CLIENT_SIZE, &e);
    return true;
}

static bool env(struct channel *c, const char *name, const char *value)
{
    struct event_client_var e = {.name = event_s(name), .value = event_s(value)};

    session_event(c->s, EVENT_CLIENT_VAR, &e);
    /* AcceptEnv LANG LC_*, as Debian configures sshd. */
    return (strcmp(name, "LANG") == 0 || str_starts(name, "LC_")) && add_env(c, name, value);
}

static bool resize(struct channel *c, const struct ssh_request *r)
{
    char text[32];

    c->size = (struct winsize){.ws_col = (uint16_t)r->cols,
                               .ws_row = (uint16_t)r->rows,
                               .ws_xpixel = (uint16_t)r->px_w,
                               .ws_ypixel = (uint16_t)r->px_h};
    if (c->io && c->pty && vm_port_resize(c->io, &c->size) == 0) {
        str_fmt(text, sizeof text, "%ux%u", r->cols, r->rows);
        record(c, 'r', text, strlen(text));
    }
    return true;
}

static int signal_number(const char *name)
{
    for (int sig = 1; sig < 32; sig++)
        if (str_eq(sigabbrev_np(sig), name))
            return sig;
    return 0;
}

static bool x11(struct channel *c)
{
    c->x11 = true;
    return add_env(c, "DISPLAY", "localhost:10.0");
}

static bool agent(struct channel *c)
{
    char sock[64];

    if (c->agent)
        return false;
    c->agent = true;
    str_fmt(sock, sizeof sock, "/tmp/ssh-XXX%07llx/agent.%u",
            (unsigned long long)(rng_u64(&c->s->h->rng) & 0xfffffff),
            1000 + (unsigned)c->s->id % 30000);
    return add_env(c, "SSH_AUTH_SOCK", sock);
}

bool channel_request(struct channel *c, const struct ssh_request *r)
{
    switch (r->kind) {
    case SSH_REQ_PTY:
        return pty(c, r);
    case SSH_REQ_ENV:
        return env(c, r->name, r->value);
    case SSH_REQ_SHELL:
        return start(c, NULL);
    case SSH_REQ_EXEC:
        return exec(c, r->value);
    case SSH_REQ_SUBSYSTEM:
        return subsystem(c, r->name);
    case SSH_REQ_WINDOW_CHANGE:
        return resize(c, r);
    case SSH_REQ_SIGNAL: /* a session of root has no monitor to send it: sshd refuses */
        return c->pid > 0 && strcmp(c->s->user, "root") != 0 && signal_number(r->name) &&
               vm_login_signal(c->s->login, c->pid, signal_number(r->name)) == 0;
    case SSH_REQ_BREAK:
        return c->pty;
    case SSH_REQ_X11:
        return x11(c);
    case SSH_REQ_AGENT:
        return agent(c);
    }
    return false;
}

/* --- life ------------------------------------------------------------------- */

static struct channel *channel_new(struct session *s, struct ssh_channel *ch)
{
    struct channel *c = x_calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->s = s;
    c->ssh = ch;
    buf_init(&c->in, CHANNEL_INPUT_MAX);
    list_push(&s->channels, &c->link);
    ssh_channel_set_ctx(ch, c);
    return c;
}

/* No socket of the machine answers; sshd does not say why. */
static void streamlocal(struct channel *c, const struct ssh_channel_open *o)
{
    struct event_channel e = {.what = event_s(o->kind_name), .detail = event_s(o->host)};

    session_event(c->s, EVENT_CHANNEL, &e);
    ssh_channel_open_answer(c->ssh, false, SSH_OPEN_CONNECT_FAILED, NULL);
}

void channel_opened(struct session *s, struct ssh_channel *ch, const struct ssh_channel_open *o)
{
    struct channel *c = channel_new(s, ch);

    if (!c) {
        if (o->kind == SSH_CHANNEL_SESSION)
            ssh_conn_abort(s->ssh);
        else
            ssh_channel_open_answer(ch, false, SSH_OPEN_RESOURCE_SHORTAGE, "open failed");
    } else if (o->kind == SSH_CHANNEL_DIRECT_TCPIP) {
        forward_open(c, o);
    } else if (o->kind != SSH_CHANNEL_SESSION) {
        streamlocal(c, o);
    }
}

void channel_hangup(struct channel *c)
{
    if (c->io)
        vm_port_close(c->io);
    if (c->err)
        vm_port_close(c->err);
    c->io = c->err = NULL;
    record_close(c);
}

void channel_retire(struct channel *c)
{
    channel_hangup(c);
    if (c->pid > 0)
        vm_login_forget(c->s->login, c->pid);
    c->pid = 0;
    c->ssh = NULL;
    list_del(&c->link);
    list_push(&c->s->retired, &c->link);
    session_touch(c->s);
}

void channel_free(struct channel *c)
{
    channel_hangup(c);
    if (c->pid > 0)
        vm_login_forget(c->s->login, c->pid);
    forward_free(c->forward);
    for (unsigned i = 0; i < c->nenv; i++)
        x_free(c->env[i]);
    buf_done(&c->in);
    list_del(&c->link);
    x_free(c);
}
