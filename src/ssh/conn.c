/* conn.c -- the life of a connection: input, output, timers, ending.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"

enum { ALIVE_MAX = 3, REST_FACTOR = 9 };

int ssh_get_text(struct buf *b, char **s)
{
    const uint8_t *p;
    size_t n;
    struct buf save = *b;
    int err = buf_get_string(b, &p, &n);
    if (err < 0)
        return err;
    const uint8_t *nul = n > 0 ? memchr(p, '\0', n) : NULL;
    if (nul && nul < p + n - 1) {
        *b = save;
        return ERR_FORMAT;
    }
    char *copy = x_malloc(n + 1);
    if (!copy)
        return ERR_NOMEM;
    if (n > 0)
        memcpy(copy, p, n);
    copy[n] = '\0';
    *s = copy;
    return 0;
}

/* ---- ending ---- */

void ssh_conn_close(struct ssh_conn *c, enum ssh_close how, const char *why, const char *we)
{
    if (c->closing)
        return;
    c->closing = how;
    if (c->cb->closed && !c->told_closed && !c->free_wanted) {
        c->told_closed = true;
        c->cb->closed(c->ctx, why, we);
    }
}

void ssh_conn_fail(struct ssh_conn *c, const char *why)
{
    /* sshd after login writes once per round: what a fatal message's round had
     * to say before it is lost. */
    if (c->phase == SSH_PHASE_OPEN && !c->closing && buf_len(&c->out) > c->flushed)
        buf_trim(&c->out, buf_len(&c->out) - c->flushed);
    ssh_conn_close(c, SSH_CLOSE_FIN, why, NULL);
}

void ssh_conn_bad(struct ssh_conn *c, const char *what, int type)
{
    if (c->closing)
        return;
    if (c->cb->malformed)
        c->cb->malformed(c->ctx, what, type);
    ssh_conn_fail(c, what);
}

static void send_disconnect(struct ssh_conn *c, uint32_t reason, const char *text)
{
    if (c->closing)
        return;
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_DISCONNECT);
    ssh_msg_u32(&m, reason);
    ssh_msg_cstr(&m, text);
    ssh_msg_cstr(&m, "");
    ssh_msg_send(c, &m);
    ssh_conn_close(c, SSH_CLOSE_FIN, text, text);
}

void ssh_conn_refuse(struct ssh_conn *c, const char *fmt, ...)
{
    char text[SSH_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    send_disconnect(c, 2, text);
}

void ssh_conn_disconnect(struct ssh_conn *c, uint32_t reason, const char *text)
{
    ssh_conn_enter(c);
    send_disconnect(c, reason, text);
    ssh_conn_leave(c);
}

void ssh_conn_abort(struct ssh_conn *c)
{
    ssh_conn_enter(c);
    ssh_conn_fail(c, "ended by us");
    ssh_conn_leave(c);
}

enum ssh_close ssh_conn_closing(const struct ssh_conn *c)
{
    return c->closing;
}

/* ---- birth and death ---- */

struct ssh_conn *ssh_conn_new(struct ssh_server *s, const struct ssh_callbacks *cb, void *ctx)
{
    struct ssh_conn *c = x_calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    int64_t now = clock_mono_us(s->cfg.clock);
    c->srv = s;
    c->cb = cb;
    c->ctx = ctx;
    c->kex_initial = true;
    c->grace_us =
        s->cfg.login_grace_s < 0 ? INT64_MAX : now + s->cfg.login_grace_s * INT64_C(1000000);
    c->alive_us = INT64_MAX;
    buf_init(&c->in, SSH_INPUT_MAX);
    buf_init(&c->out, SSH_OUTPUT_MAX);
    buf_init(&c->held, SSH_HELD_MAX);
    if (buf_put_text(&c->out, "%s\r\n", s->cfg.version) == 0)
        return c;
    x_free(c);
    return NULL;
}

static void destroy(struct ssh_conn *c)
{
    ssh_channels_free(c, false);
    ssh_kex_free(c->kex);
    ssh_auth_free(c);
    ssh_zlib_free(c->rd.z, false);
    ssh_zlib_free(c->wr.z, true);
    ssh_dir_done(&c->rd);
    ssh_dir_done(&c->wr);
    buf_done(&c->in);
    buf_done(&c->out);
    buf_done(&c->held);
    x_free(c->client_version);
    x_free(c->user);
    x_free(c);
}

void ssh_conn_enter(struct ssh_conn *c)
{
    c->depth++;
}

void ssh_conn_leave(struct ssh_conn *c)
{
    static const struct ssh_callbacks nobody;
    if (c->depth == 1 && !c->free_wanted && !c->closing)
        ssh_channels_pump(c);
    if (--c->depth > 0)
        return;
    if (c->free_wanted) {
        c->cb = &nobody;
        destroy(c);
        return;
    }
    if (c->closing)
        ssh_channels_free(c, true);
    /* An idle connection holds no buffers. */
    buf_shrink(&c->in);
    buf_shrink(&c->out);
}

void ssh_conn_free(struct ssh_conn *c)
{
    static const struct ssh_callbacks nobody;
    if (!c)
        return;
    c->free_wanted = true;
    c->cb = &nobody;
    if (!c->closing)
        c->closing = SSH_CLOSE_FIN;
    if (c->depth == 0)
        destroy(c);
}

/* ---- input and output ---- */

bool ssh_conn_output_full(const struct ssh_conn *c)
{
    return buf_len(&c->out) >= c->srv->cfg.output_high;
}

/* True while nothing more may be processed for now. */
static bool blocked(const struct ssh_conn *c)
{
    return c->closing || ssh_auth_busy(c) || ssh_conn_output_full(c) ||
           (c->rest_us != 0 && clock_mono_us(c->srv->cfg.clock) < c->rest_us);
}

void ssh_conn_rest(struct ssh_conn *c, int64_t t0_us)
{
    int64_t now = clock_mono_us(c->srv->cfg.clock);
    c->rest_us = now + REST_FACTOR * (now - t0_us);
}

void ssh_conn_process(struct ssh_conn *c)
{
    if (c->phase == SSH_PHASE_VERSION && !blocked(c) && ssh_ident_read(c) == 0) {
        c->phase = SSH_PHASE_KEX;
        if (ssh_kex_start(c) < 0)
            ssh_conn_fail(c, "no memory");
    }
    struct buf payload;
    uint32_t seq;
    c->flushed = buf_len(&c->out);
    while (c->phase != SSH_PHASE_VERSION && !blocked(c) &&
           ssh_packet_read(c, &payload, &seq) == 0) {
        ssh_dispatch(c, &payload, seq);
        if (!c->closing && !c->kex && ssh_packet_rekey_due(c, 0) && ssh_kex_start(c) < 0)
            ssh_conn_fail(c, "no memory");
    }
    if (c->eof_seen && !blocked(c))
        ssh_conn_fail(c, "closed by the client");
}

bool ssh_conn_wants_input(const struct ssh_conn *c)
{
    return !c->closing && !c->eof_seen && (!blocked(c) || buf_len(&c->in) < 8192);
}

size_t ssh_conn_input(struct ssh_conn *c, const void *p, size_t n)
{
    size_t taken = 0;
    ssh_conn_enter(c);
    while (taken < n && ssh_conn_wants_input(c)) {
        size_t room = SSH_INPUT_MAX - buf_len(&c->in), part = n - taken;
        if (part > room)
            part = room;
        if (part == 0 || buf_put(&c->in, (const uint8_t *)p + taken, part) < 0) {
            ssh_conn_fail(c, "input over its limit");
            break;
        }
        taken += part;
        if (c->srv->cfg.keepalive_s > 0 && c->phase == SSH_PHASE_OPEN)
            c->alive_us =
                clock_mono_us(c->srv->cfg.clock) + c->srv->cfg.keepalive_s * INT64_C(1000000);
        ssh_conn_process(c);
    }
    ssh_conn_leave(c);
    return taken;
}

void ssh_conn_input_eof(struct ssh_conn *c)
{
    ssh_conn_enter(c);
    c->eof_seen = true;
    if (!ssh_auth_busy(c))
        ssh_conn_process(c);
    ssh_conn_leave(c);
}

size_t ssh_conn_output(struct ssh_conn *c, const uint8_t **p)
{
    size_t n = buf_len(&c->out);
    *p = n > 0 ? buf_ptr(&c->out) : NULL;
    return n;
}

void ssh_conn_output_done(struct ssh_conn *c, size_t n)
{
    ssh_conn_enter(c);
    buf_consume(&c->out, n);
    c->flushed = buf_len(&c->out);
    if (!blocked(c) && (buf_len(&c->in) > 0 || c->eof_seen))
        ssh_conn_process(c);
    ssh_conn_leave(c);
}

/* ---- time ---- */

int64_t ssh_conn_deadline(const struct ssh_conn *c)
{
    if (c->closing)
        return INT64_MAX;
    int64_t t = ssh_auth_deadline(c);
    if (c->phase != SSH_PHASE_OPEN && c->grace_us < t)
        t = c->grace_us;
    if (c->rest_us != 0 && c->rest_us < t)
        t = c->rest_us;
    return c->alive_us < t ? c->alive_us : t;
}

static void send_alive(struct ssh_conn *c, int64_t now)
{
    if (++c->alive_missed > ALIVE_MAX) {
        ssh_conn_fail(c, "client not responding");
        return;
    }
    c->alive_us = now + c->srv->cfg.keepalive_s * INT64_C(1000000);
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_GLOBAL_REQUEST);
    ssh_msg_cstr(&m, "keepalive@openssh.com");
    ssh_msg_u8(&m, 1);
    ssh_msg_send(c, &m);
}

void ssh_conn_tick(struct ssh_conn *c)
{
    ssh_conn_enter(c);
    int64_t now = clock_mono_us(c->srv->cfg.clock);
    if (!c->closing && c->phase != SSH_PHASE_OPEN && now >= c->grace_us)
        ssh_conn_fail(c, "login grace time is over");
    if (!c->closing && now >= ssh_auth_deadline(c)) {
        ssh_auth_tick(c, now);
        ssh_conn_process(c);
    }
    if (!c->closing && c->rest_us != 0 && now >= c->rest_us) {
        c->rest_us = 0;
        ssh_conn_process(c);
    }
    if (!c->closing && now >= c->alive_us)
        send_alive(c, now);
    ssh_conn_leave(c);
}

/* ---- small things ---- */

void ssh_conn_authenticated_now(struct ssh_conn *c)
{
    c->phase = SSH_PHASE_OPEN;
    if (c->srv->cfg.keepalive_s > 0)
        c->alive_us = clock_mono_us(c->srv->cfg.clock) + c->srv->cfg.keepalive_s * INT64_C(1000000);
    if (ssh_packet_start_zlib(c, &c->wr) < 0 || ssh_packet_start_zlib(c, &c->rd) < 0) {
        ssh_conn_fail(c, "no memory");
        return;
    }
    ssh_send_hostkeys(c);
}

void ssh_conn_debug(struct ssh_conn *c, const char *text)
{
    if (c->quirks & SSH_QUIRK_NO_DEBUG)
        return;
    ssh_conn_enter(c);
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_DEBUG);
    ssh_msg_u8(&m, 0);
    ssh_msg_cstr(&m, text);
    ssh_msg_cstr(&m, "");
    ssh_msg_send(c, &m);
    ssh_conn_leave(c);
}

int ssh_conn_rekey(struct ssh_conn *c)
{
    if (c->phase != SSH_PHASE_OPEN || c->kex || c->closing)
        return ERR_BUSY;
    ssh_conn_enter(c);
    int err = ssh_kex_start(c);
    ssh_conn_leave(c);
    return err;
}

const char *ssh_conn_user(const struct ssh_conn *c)
{
    return c->user ? c->user : "";
}

bool ssh_conn_authenticated(const struct ssh_conn *c)
{
    return c->phase == SSH_PHASE_OPEN;
}

const char *ssh_conn_client_version(const struct ssh_conn *c)
{
    return c->client_version ? c->client_version : "";
}

void *ssh_conn_ctx(const struct ssh_conn *c)
{
    return c->ctx;
}

size_t ssh_conn_memory(const struct ssh_conn *c)
{
    /* libcrypto's contexts are counted by their measured sizes. */
    enum { AES_CTX = 700, HMAC_CTX = 1100 };
    size_t n = sizeof(*c) + c->in.cap + c->out.cap + c->held.cap + ssh_auth_memory(c);
    n += c->channels_n * sizeof(c->channels[0]);
    n += (c->rd.cipher.evp != NULL) * AES_CTX + (c->wr.cipher.evp != NULL) * AES_CTX;
    n += (c->rd.mac.mac != NULL) * HMAC_CTX + (c->wr.mac.mac != NULL) * HMAC_CTX;
    for (uint32_t i = 0; i < c->channels_n; i++)
        if (c->channels[i])
            n += sizeof(struct ssh_channel) + c->channels[i]->out[0].cap +
                 c->channels[i]->out[1].cap;
    return n;
}
