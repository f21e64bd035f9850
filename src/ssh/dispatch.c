/* dispatch.c -- which handler a message number has, by phase of the connection.
 *
 * As in sshd: transport messages outside their turn are answered with
 * UNIMPLEMENTED, in the first key exchange under strict rules with a
 * DISCONNECT; before the first key exchange ends, all others end the
 * connection without a word.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/priv.h"

#include <stddef.h>

#include "base/arena.h"

static ssh_handler *const open_handlers[] = {
    [SSH_MSG_GLOBAL_REQUEST] = ssh_recv_global_request,
    [SSH_MSG_REQUEST_SUCCESS] = ssh_recv_keepalive_reply,
    [SSH_MSG_REQUEST_FAILURE] = ssh_recv_keepalive_reply,
    [SSH_MSG_CHANNEL_OPEN] = ssh_recv_channel_open,
    [SSH_MSG_CHANNEL_OPEN_CONFIRMATION] = ssh_recv_channel_open_confirmation,
    [SSH_MSG_CHANNEL_OPEN_FAILURE] = ssh_recv_channel_open_failure,
    [SSH_MSG_CHANNEL_WINDOW_ADJUST] = ssh_recv_channel_window_adjust,
    [SSH_MSG_CHANNEL_DATA] = ssh_recv_channel_data,
    [SSH_MSG_CHANNEL_EXTENDED_DATA] = ssh_recv_channel_extended_data,
    [SSH_MSG_CHANNEL_EOF] = ssh_recv_channel_eof,
    [SSH_MSG_CHANNEL_CLOSE] = ssh_recv_channel_close,
    [SSH_MSG_CHANNEL_REQUEST] = ssh_recv_channel_request,
    [SSH_MSG_CHANNEL_SUCCESS] = ssh_recv_keepalive_reply,
    [SSH_MSG_CHANNEL_FAILURE] = ssh_recv_keepalive_reply,
};

void ssh_send_unimplemented(struct ssh_conn *c, uint32_t seq)
{
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_UNIMPLEMENTED);
    ssh_msg_u32(&m, seq);
    ssh_msg_send(c, &m);
    c->flushed = buf_len(&c->out);
}

static void recv_disconnect(struct ssh_conn *c, struct buf *p)
{
    uint32_t reason;
    char *text = NULL;
    if (buf_get_u32(p, &reason) == 0 && ssh_get_text(p, &text) == 0 && c->cb->client_disconnect)
        c->cb->client_disconnect(c->ctx, reason, text);
    x_free(text);
    ssh_conn_fail(c, "disconnected by the client");
}

/* IGNORE, DEBUG and UNIMPLEMENTED, wherever they may come. True: it was one. */
static bool recv_implicit(struct ssh_conn *c, uint8_t type, struct buf *p)
{
    const uint8_t *s;
    size_t n;
    uint8_t flag;
    uint32_t seq;
    int err = 0;
    switch (type) {
    case SSH_MSG_IGNORE:
        break;
    case SSH_MSG_DEBUG:
        err = buf_get_u8(p, &flag);
        if (err == 0)
            err = buf_get_string(p, &s, &n);
        if (err == 0)
            err = buf_get_string(p, &s, &n);
        break;
    case SSH_MSG_UNIMPLEMENTED:
        err = buf_get_u32(p, &seq);
        break;
    default:
        return false;
    }
    if (err < 0)
        ssh_conn_bad(c, "malformed transport message", type);
    return true;
}

static void unexpected(struct ssh_conn *c, uint8_t type, uint32_t seq)
{
    if (c->cb->malformed)
        c->cb->malformed(c->ctx, "message out of turn", type);
    if (c->closing)
        return;
    if (c->kex_initial && c->strict && type <= SSH_MSG_TRANSPORT_MAX)
        ssh_conn_refuse(c, "strict KEX violation: unexpected packet type %u (seqnr %u)", type, seq);
    else
        ssh_send_unimplemented(c, seq);
}

static ssh_handler *handler_for(const struct ssh_conn *c, uint8_t type)
{
    if (c->phase == SSH_PHASE_AUTH) {
        if (type == SSH_MSG_SERVICE_REQUEST)
            return ssh_recv_service_request;
        if (type == SSH_MSG_USERAUTH_REQUEST && ssh_auth_started(c))
            return ssh_recv_userauth_request;
        if (type == SSH_MSG_USERAUTH_INFO_RESPONSE && ssh_auth_prompting(c))
            return ssh_recv_userauth_info_response;
    } else if (c->phase == SSH_PHASE_OPEN &&
               type < sizeof(open_handlers) / sizeof(open_handlers[0])) {
        return open_handlers[type];
    }
    return NULL;
}

void ssh_dispatch(struct ssh_conn *c, struct buf *p, uint32_t seq)
{
    uint8_t type = 0;
    if (buf_get_u8(p, &type) < 0)
        return;
    if (type < SSH_MSG_DISCONNECT || type >= SSH_MSG_LOCAL_MIN) {
        ssh_conn_refuse(c, "Invalid ssh2 packet type: %d", type);
        return;
    }
    c->alive_missed = 0;
    if (type == SSH_MSG_DISCONNECT) {
        recv_disconnect(c, p);
        return;
    }
    if (!(c->kex_initial && c->strict) && recv_implicit(c, type, p))
        return;
    if (c->phase == SSH_PHASE_KEX && type > SSH_MSG_TRANSPORT_MAX) {
        ssh_conn_bad(c, "message before the key exchange", type);
        return;
    }
    if (c->skip > 0) {
        c->skip--;
        return;
    }
    if (ssh_kex_expects(c, type)) {
        ssh_kex_recv(c, type, p, seq);
        return;
    }
    ssh_handler *h = handler_for(c, type);
    if (h)
        h(c, p);
    else
        unexpected(c, type, seq);
}
