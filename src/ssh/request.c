/* request.c -- requests on session channels (RFC 4254 section 6).
 *
 * Parsed as strictly as sshd does, then put to the caller. A request on a
 * channel of another kind, or out of its time, is answered with a failure
 * without being parsed.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/priv.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"

enum { ENV_MAX = 128 };

/* Heap texts of the request being handled. */
struct texts {
    char *a, *b;
};

typedef int parse_fn(struct ssh_request *r, struct buf *p, struct texts *t);

static int parse_nothing(struct ssh_request *r, struct buf *p, struct texts *t)
{
    (void)r, (void)p, (void)t;
    return 0;
}

static int parse_name(struct ssh_request *r, struct buf *p, struct texts *t)
{
    int err = ssh_get_text(p, &t->a);
    r->name = t->a;
    return err;
}

static int parse_exec(struct ssh_request *r, struct buf *p, struct texts *t)
{
    int err = ssh_get_text(p, &t->a);
    r->value = t->a;
    return err;
}

static int parse_env(struct ssh_request *r, struct buf *p, struct texts *t)
{
    int err = ssh_get_text(p, &t->a);
    if (err == 0)
        err = ssh_get_text(p, &t->b);
    r->name = t->a;
    r->value = t->b;
    return err;
}

static int parse_size(struct ssh_request *r, struct buf *p, struct texts *t)
{
    (void)t;
    uint32_t *v[] = {&r->cols, &r->rows, &r->px_w, &r->px_h};
    int err = 0;
    for (int i = 0; i < 4 && err == 0; i++)
        err = buf_get_u32(p, v[i]);
    return err;
}

static int parse_pty(struct ssh_request *r, struct buf *p, struct texts *t)
{
    int err = ssh_get_text(p, &t->a);
    r->name = t->a;
    if (err == 0)
        err = parse_size(r, p, t);
    if (err == 0)
        err = buf_get_string(p, &r->modes, &r->modes_n);
    return err;
}

static int parse_break(struct ssh_request *r, struct buf *p, struct texts *t)
{
    (void)t;
    return buf_get_u32(p, &r->break_ms);
}

static int parse_x11(struct ssh_request *r, struct buf *p, struct texts *t)
{
    uint8_t single;
    int err = buf_get_u8(p, &single);
    if (err == 0)
        err = ssh_get_text(p, &t->a);
    if (err == 0)
        err = ssh_get_text(p, &t->b);
    if (err == 0)
        err = buf_get_u32(p, &r->x11_screen);
    if (err == 0)
        r->x11_single = single != 0;
    r->x11_proto = t->a;
    r->x11_cookie = t->b;
    return err;
}

static const struct request_type {
    const char *name;
    enum ssh_request_kind kind;
    bool larval; /* only before a process runs */
    parse_fn *parse;
} types[] = {
    {"shell", SSH_REQ_SHELL, true, parse_nothing},
    {"exec", SSH_REQ_EXEC, true, parse_exec},
    {"pty-req", SSH_REQ_PTY, true, parse_pty},
    {"x11-req", SSH_REQ_X11, true, parse_x11},
    {"auth-agent-req@openssh.com", SSH_REQ_AGENT, true, parse_nothing},
    {"subsystem", SSH_REQ_SUBSYSTEM, true, parse_name},
    {"env", SSH_REQ_ENV, true, parse_env},
    {"window-change", SSH_REQ_WINDOW_CHANGE, false, parse_size},
    {"break", SSH_REQ_BREAK, false, parse_break},
    {"signal", SSH_REQ_SIGNAL, false, parse_name},
};

static const struct request_type *find_type(const char *name, bool larval)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].larval && !larval ? NULL : &types[i];
    return NULL;
}

static bool starts_process(enum ssh_request_kind k)
{
    return k == SSH_REQ_SHELL || k == SSH_REQ_EXEC || k == SSH_REQ_SUBSYSTEM;
}

static bool xauth_text_ok(const char *s)
{
    return s[0] != '\0' && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789.:/-_")] == '\0';
}

static bool known_signal(const char *name)
{
    static const char *const names[] = {"ABRT", "ALRM", "FPE",  "HUP",  "INT",  "KILL",
                                        "PIPE", "QUIT", "SEGV", "TERM", "USR1", "USR2"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* What sshd refuses before it does anything. */
static bool allowed(struct ssh_channel *ch, const struct ssh_request *r)
{
    struct ssh_conn *c = ch->conn;
    switch (r->kind) {
    case SSH_REQ_ENV:
        return ch->env_n <= ENV_MAX;
    case SSH_REQ_X11:
        return !ch->x11 && xauth_text_ok(r->x11_proto) && xauth_text_ok(r->x11_cookie);
    case SSH_REQ_AGENT:
        return !c->agent_asked;
    case SSH_REQ_BREAK:
        return ch->has_pty;
    case SSH_REQ_SIGNAL:
        return known_signal(r->name) && ch->state == CH_OPEN && !ch->exited && !ch->subsystem;
    default:
        return true;
    }
}

static void note_accepted(struct ssh_channel *ch, const struct ssh_request *r)
{
    if (r->kind == SSH_REQ_ENV)
        ch->env_n++;
    else if (r->kind == SSH_REQ_X11)
        ch->x11 = true;
    else if (r->kind == SSH_REQ_AGENT)
        ch->conn->agent_asked = true;
    else if (r->kind == SSH_REQ_PTY)
        ch->has_pty = true;
    else if (r->kind == SSH_REQ_SUBSYSTEM)
        ch->subsystem = true;
}

/* Parses and asks. False: refused, or the connection has ended. */
static bool handle(struct ssh_channel *ch, const struct request_type *t, struct buf *p,
                   bool want_reply)
{
    struct ssh_conn *c = ch->conn;
    struct ssh_request r = {.kind = t->kind, .want_reply = want_reply};
    struct texts texts = {0};
    bool ok = false;
    uint32_t id = ch->id;
    if (t->kind == SSH_REQ_PTY && ch->has_pty) {
        ssh_conn_refuse(c, "Protocol error: you already have a pty.");
    } else if (t->parse(&r, p, &texts) < 0 || buf_len(p) != 0) {
        if (t->kind != SSH_REQ_SIGNAL) /* the one that sshd forgives */
            ssh_conn_bad(c, "malformed CHANNEL_REQUEST", SSH_MSG_CHANNEL_REQUEST);
    } else if (allowed(ch, &r)) {
        ok = c->cb->channel_request && c->cb->channel_request(c->ctx, ch, &r);
        ok = ok && !c->closing && ssh_channel_find(c, id) == ch;
    }
    if (ok)
        note_accepted(ch, &r);
    x_free(texts.a);
    x_free(texts.b);
    return ok;
}

void ssh_recv_channel_request(struct ssh_conn *c, struct buf *p)
{
    uint32_t id;
    char *name = NULL;
    uint8_t want_reply;
    if (buf_get_u32(p, &id) < 0 || ssh_get_text(p, &name) < 0 || buf_get_u8(p, &want_reply) < 0) {
        ssh_conn_bad(c, "malformed CHANNEL_REQUEST", SSH_MSG_CHANNEL_REQUEST);
        x_free(name);
        return;
    }
    struct ssh_channel *ch = id >= INT32_MAX ? NULL : ssh_channel_find(c, id);
    bool ok = false;
    if (!ch) {
        ssh_conn_refuse(c, "server_input_channel_req: unknown channel %d", (int)id);
    } else if (strcmp(name, "eow@openssh.com") == 0) {
        if (buf_len(p) != 0)
            ssh_conn_bad(c, "malformed CHANNEL_REQUEST", SSH_MSG_CHANNEL_REQUEST);
    } else if (ch->kind == SSH_CHANNEL_SESSION) {
        bool larval = ch->state == CH_LARVAL;
        const struct request_type *t = find_type(name, larval);
        if (t) {
            ok = handle(ch, t, p, want_reply != 0);
            if (ok && starts_process(t->kind))
                ssh_channel_started(ch);
        }
    }
    x_free(name);
    if (want_reply && !c->closing && ssh_channel_find(c, id) == ch && !ch->close_sent) {
        struct ssh_msg m = ssh_msg_new(c, ok ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE);
        ssh_msg_u32(&m, ch->remote_id);
        ssh_msg_send(c, &m);
    }
}
