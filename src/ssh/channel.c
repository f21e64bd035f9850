/* channel.c -- channels (RFC 4254 section 5): open, windows, data, end.
 *
 * A channel has two halves. Ours ends with EOF after the queue is empty; the
 * client's with its EOF. CLOSE goes out when both halves have ended and, for a
 * session, its process has: as sshd, which lets the exit status go first even
 * when the client has closed already. The channel is gone once CLOSE went both
 * ways. A new channel takes the lowest free number.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/priv.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"

enum { STDERR_CODE = 1, SLOTS_STEP = 4, EXIT_OVERTAKES_US = 3000 };
enum { EXIT_STATUS = 1, EXIT_SIGNAL = 2 };

/* ---- the table ---- */

struct ssh_channel *ssh_channel_find(struct ssh_conn *c, uint32_t id)
{
    return id < c->channels_n ? c->channels[id] : NULL;
}

static struct ssh_channel *channel_new(struct ssh_conn *c, enum ssh_channel_kind kind)
{
    uint32_t id = 0;
    while (id < c->channels_n && c->channels[id])
        id++;
    if (id >= (uint32_t)c->srv->cfg.max_channels)
        return NULL;
    if (id == c->channels_n) {
        struct ssh_channel **t =
            x_realloc(c->channels, (c->channels_n + SLOTS_STEP) * sizeof(struct ssh_channel *));
        if (!t)
            return NULL;
        memset(t + c->channels_n, 0, SLOTS_STEP * sizeof(struct ssh_channel *));
        c->channels = t;
        c->channels_n += SLOTS_STEP;
    }
    struct ssh_channel *ch = x_calloc(1, sizeof(*ch));
    if (!ch)
        return NULL;
    ch->conn = c;
    ch->id = id;
    ch->kind = (uint8_t)kind;
    buf_init(&ch->out[0], SSH_CHANNEL_QUEUE);
    buf_init(&ch->out[1], SSH_CHANNEL_QUEUE);
    if (kind != SSH_CHANNEL_SESSION)
        ch->local_window = ch->local_max = SSH_CHANNEL_WINDOW;
    c->channels[id] = ch;
    return ch;
}

static void channel_free(struct ssh_channel *ch, bool tell)
{
    struct ssh_conn *c = ch->conn;
    c->channels[ch->id] = NULL;
    if (tell && c->cb->channel_free)
        c->cb->channel_free(c->ctx, ch);
    buf_done(&ch->out[0]);
    buf_done(&ch->out[1]);
    x_free(ch);
}

void ssh_channels_free(struct ssh_conn *c, bool tell)
{
    for (uint32_t i = 0; i < c->channels_n; i++)
        if (c->channels[i])
            channel_free(c->channels[i], tell);
    if (tell) /* a callback may still look channels up */
        return;
    x_free(c->channels);
    c->channels = NULL;
    c->channels_n = 0;
}

void ssh_channel_set_ctx(struct ssh_channel *ch, void *ctx)
{
    ch->ctx = ctx;
}

void *ssh_channel_ctx(const struct ssh_channel *ch)
{
    return ch->ctx;
}

struct ssh_conn *ssh_channel_conn(const struct ssh_channel *ch)
{
    return ch->conn;
}

enum ssh_channel_kind ssh_channel_kind_of(const struct ssh_channel *ch)
{
    return ch->kind;
}

uint32_t ssh_channel_id(const struct ssh_channel *ch)
{
    return ch->id;
}

/* ---- sending ---- */

static struct ssh_msg to_channel(struct ssh_channel *ch, uint8_t type)
{
    struct ssh_msg m = ssh_msg_new(ch->conn, type);
    ssh_msg_u32(&m, ch->remote_id);
    return m;
}

static void send_plain(struct ssh_channel *ch, uint8_t type)
{
    struct ssh_msg m = to_channel(ch, type);
    ssh_msg_send(ch->conn, &m);
}

static void send_adjust(struct ssh_channel *ch, uint32_t n)
{
    struct ssh_msg m = to_channel(ch, SSH_MSG_CHANNEL_WINDOW_ADJUST);
    ssh_msg_u32(&m, n);
    ssh_msg_send(ch->conn, &m);
}

/* Gives consumed bytes back to the client's window, in sshd's portions. */
static void check_window(struct ssh_channel *ch)
{
    if (ch->state != CH_OPEN || ch->close_sent || ch->close_rcvd || ch->consumed == 0)
        return;
    if (ch->local_max - ch->local_window > 3 * SSH_CHANNEL_PACKET ||
        ch->local_window < ch->local_max / 2) {
        send_adjust(ch, ch->consumed);
        ch->local_window += ch->consumed;
        ch->consumed = 0;
    }
}

/* One packet from a queue; false: nothing can go now. */
static bool send_data(struct ssh_channel *ch, int which)
{
    struct buf *q = &ch->out[which];
    size_t n = buf_len(q);
    if (n > ch->remote_window)
        n = ch->remote_window;
    if (n > ch->remote_packet)
        n = ch->remote_packet;
    if (n > SSH_CHANNEL_QUEUE)
        n = SSH_CHANNEL_QUEUE;
    if (n == 0)
        return false;
    struct ssh_msg m = to_channel(ch, which ? SSH_MSG_CHANNEL_EXTENDED_DATA : SSH_MSG_CHANNEL_DATA);
    if (which)
        ssh_msg_u32(&m, STDERR_CODE);
    ssh_msg_str(&m, buf_ptr(q), n);
    ssh_msg_send(ch->conn, &m);
    buf_consume(q, n);
    ch->remote_window -= (uint32_t)n;
    return true;
}

static bool queues_empty(const struct ssh_channel *ch)
{
    return buf_len(&ch->out[0]) == 0 && buf_len(&ch->out[1]) == 0;
}

/* True once the process can take no more input. */
static bool input_ended(const struct ssh_channel *ch)
{
    return ch->exited || ch->close_wanted ||
           ((ch->eof_rcvd || ch->close_rcvd) && ch->outstanding == 0);
}

/* exit-status or exit-signal. Nobody reads the client's input from here on,
 * which OpenSSH's clients are told. */
static void send_exit(struct ssh_channel *ch)
{
    struct ssh_conn *c = ch->conn;
    bool by_signal = ch->exit_kind == EXIT_SIGNAL;
    struct ssh_msg m = to_channel(ch, SSH_MSG_CHANNEL_REQUEST);
    ssh_msg_cstr(&m, by_signal ? "exit-signal" : "exit-status");
    ssh_msg_u8(&m, 0);
    if (by_signal) {
        ssh_msg_cstr(&m, ch->exit_name);
        ssh_msg_u8(&m, ch->exit_core);
        ssh_msg_cstr(&m, "");
        ssh_msg_cstr(&m, "");
    } else {
        ssh_msg_u32(&m, ch->exit_status);
    }
    ssh_msg_send(c, &m);
    if (!input_ended(ch) && (c->quirks & SSH_QUIRK_OPENSSH)) {
        m = to_channel(ch, SSH_MSG_CHANNEL_REQUEST);
        ssh_msg_cstr(&m, "eow@openssh.com");
        ssh_msg_u8(&m, 0);
        ssh_msg_send(c, &m);
    }
    ch->exited = true;
    ch->consumed += ch->outstanding;
    ch->outstanding = 0;
}

static void try_exit(struct ssh_channel *ch)
{
    if (ch->exit_kind && !ch->exited && !ch->close_sent &&
        (queues_empty(ch) || ch->remote_window == 0))
        send_exit(ch);
}

/* EOF, exit and CLOSE, if their time has come. True: the channel was freed. */
static bool send_end(struct ssh_channel *ch)
{
    bool session = ch->kind == SSH_CHANNEL_SESSION;
    if (ch->state != CH_OPEN && ch->state != CH_LARVAL)
        return false;
    if (ch->exit_first)
        try_exit(ch);
    if ((ch->eof_wanted || ch->close_wanted) && !ch->eof_sent && !ch->close_rcvd &&
        !ch->close_sent && queues_empty(ch)) {
        ch->eof_sent = true;
        send_plain(ch, SSH_MSG_CHANNEL_EOF);
    }
    try_exit(ch);
    bool ours_ended = ch->eof_sent || ch->close_rcvd;
    bool done = !session || ch->exited || ch->close_wanted || ch->state == CH_LARVAL;
    if (ours_ended && done && input_ended(ch) && !ch->close_sent) {
        ch->close_sent = true;
        send_plain(ch, SSH_MSG_CHANNEL_CLOSE);
    }
    if (!ch->close_sent || !ch->close_rcvd)
        return false;
    channel_free(ch, true);
    return true;
}

static void tell_writable(struct ssh_channel *ch)
{
    struct ssh_conn *c = ch->conn;
    for (int i = 0; i < 2; i++)
        if (ch->starved[i] && buf_len(&ch->out[i]) <= SSH_CHANNEL_QUEUE / 2) {
            ch->starved[0] = ch->starved[1] = false;
            if (c->cb->channel_writable)
                c->cb->channel_writable(c->ctx, ch);
            return;
        }
}

/* Everything this channel can send now; true if anything went. */
static bool pump_one(struct ssh_conn *c, uint32_t id)
{
    struct ssh_channel *ch = c->channels[id];
    bool sent = false;
    check_window(ch);
    if (ch->state == CH_OPEN && !ch->close_rcvd) {
        for (int i = 0; i < 2; i++)
            if (!c->closing && send_data(ch, i))
                sent = true;
    } else if (ch->close_rcvd) { /* nobody reads it any more */
        buf_clear(&ch->out[0]);
        buf_clear(&ch->out[1]);
    }
    buf_shrink(&ch->out[0]);
    buf_shrink(&ch->out[1]);
    tell_writable(ch);
    if (c->channels[id] == ch && !c->closing && !c->free_wanted)
        (void)send_end(ch);
    return sent;
}

void ssh_channels_pump(struct ssh_conn *c)
{
    bool again = true;
    if (c->pumping)
        return;
    c->pumping = true;
    while (again) { /* round robin, one packet each */
        again = false;
        for (uint32_t i = 0; i < c->channels_n; i++) {
            if (c->closing || c->free_wanted || ssh_kex_rekeying(c) || ssh_conn_output_full(c)) {
                c->pumping = false;
                return;
            }
            if (c->channels[i] && pump_one(c, i))
                again = true;
        }
    }
    c->pumping = false;
}

size_t ssh_channel_room(const struct ssh_channel *ch, bool is_stderr)
{
    if (ch->eof_wanted || ch->close_wanted)
        return 0;
    return SSH_CHANNEL_QUEUE - buf_len(&ch->out[is_stderr]);
}

size_t ssh_channel_output(struct ssh_channel *ch, const void *p, size_t n, bool is_stderr)
{
    struct ssh_conn *c = ch->conn;
    if (c->closing || ch->close_rcvd || ch->close_sent)
        return n; /* to nowhere, as into a socket that was shut down */
    size_t room = ssh_channel_room(ch, is_stderr), take = n < room ? n : room;
    ssh_conn_enter(c);
    if (take > 0 && buf_put(&ch->out[is_stderr], p, take) < 0)
        take = 0;
    ch->wrote_us = clock_mono_us(c->srv->cfg.clock);
    if (take < n)
        ch->starved[is_stderr] = true;
    ssh_conn_leave(c);
    return take;
}

void ssh_channel_consumed(struct ssh_channel *ch, size_t n)
{
    struct ssh_conn *c = ch->conn;
    if (n > ch->outstanding)
        n = ch->outstanding;
    ssh_conn_enter(c);
    ch->outstanding -= (uint32_t)n;
    ch->consumed += (uint32_t)n;
    ssh_conn_leave(c);
}

void ssh_channel_eof(struct ssh_channel *ch)
{
    struct ssh_conn *c = ch->conn;
    ssh_conn_enter(c);
    ch->eof_wanted = true;
    ssh_conn_leave(c);
}

void ssh_channel_shut(struct ssh_channel *ch)
{
    struct ssh_conn *c = ch->conn;
    ssh_conn_enter(c);
    ch->close_wanted = true;
    ssh_conn_leave(c);
}

/* The news goes out from the pump: after the reply to the request that started
 * the process, and after what it wrote. sshd learns of a process's end by its
 * closed pipes, a moment before it is told by signal; but while it is busy with
 * fresh output, the signal overtakes. */
static void note_exit(struct ssh_channel *ch, bool by_signal)
{
    struct ssh_conn *c = ch->conn;
    if (c->closing || ch->exit_kind || ch->close_sent)
        return;
    ssh_conn_enter(c);
    ch->exit_first =
        ch->wrote_us != 0 && clock_mono_us(c->srv->cfg.clock) - ch->wrote_us < EXIT_OVERTAKES_US;
    ch->exit_kind = by_signal ? EXIT_SIGNAL : EXIT_STATUS;
    ssh_conn_leave(c);
}

void ssh_channel_exit_status(struct ssh_channel *ch, uint32_t status)
{
    if (!ch->exit_kind)
        ch->exit_status = status;
    note_exit(ch, false);
}

void ssh_channel_exit_signal(struct ssh_channel *ch, const char *name, bool core)
{
    if (!ch->exit_kind) {
        (void)str_copy(ch->exit_name, sizeof(ch->exit_name), name);
        ch->exit_core = core;
    }
    note_exit(ch, true);
}

void ssh_channel_started(struct ssh_channel *ch)
{
    ch->state = CH_OPEN;
    ch->local_window = ch->local_max = SSH_CHANNEL_WINDOW;
    send_adjust(ch, ch->local_window);
}

/* ---- opening ---- */

static void send_confirmation(struct ssh_channel *ch)
{
    struct ssh_msg m = to_channel(ch, SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
    ssh_msg_u32(&m, ch->id);
    ssh_msg_u32(&m, ch->local_window);
    ssh_msg_u32(&m, SSH_CHANNEL_PACKET);
    ssh_msg_send(ch->conn, &m);
}

static void send_open_failure(struct ssh_conn *c, uint32_t remote, uint32_t reason,
                              const char *text)
{
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_CHANNEL_OPEN_FAILURE);
    ssh_msg_u32(&m, remote);
    ssh_msg_u32(&m, reason);
    ssh_msg_cstr(&m, text ? text : "open failed");
    ssh_msg_cstr(&m, "");
    ssh_msg_send(c, &m);
}

void ssh_channel_open_answer(struct ssh_channel *ch, bool ok, uint32_t reason, const char *text)
{
    struct ssh_conn *c = ch->conn;
    if (ch->state != CH_DECIDING || c->closing)
        return;
    ssh_conn_enter(c);
    if (ok) {
        ch->state = CH_OPEN;
        send_confirmation(ch);
    } else {
        send_open_failure(c, ch->remote_id, reason, text);
        channel_free(ch, true);
    }
    ssh_conn_leave(c);
}

static int sessions(const struct ssh_conn *c)
{
    int n = 0;
    for (uint32_t i = 0; i < c->channels_n; i++)
        n += c->channels[i] && c->channels[i]->kind == SSH_CHANNEL_SESSION;
    return n;
}

struct opening {
    uint32_t remote, window, packet;
};

/* The new channel, told to the caller; or a failure to the client. */
static void open_channel(struct ssh_conn *c, const struct opening *op,
                         const struct ssh_channel_open *o)
{
    struct ssh_channel *ch = channel_new(c, o->kind);
    if (!ch) {
        send_open_failure(c, op->remote, SSH_OPEN_CONNECT_FAILED, NULL);
        return;
    }
    ch->remote_id = op->remote;
    ch->remote_window = op->window;
    ch->remote_packet = op->packet;
    if (o->kind == SSH_CHANNEL_SESSION) {
        ch->state = CH_LARVAL;
        send_confirmation(ch);
    } else {
        ch->state = CH_DECIDING;
    }
    if (c->cb->channel_open)
        c->cb->channel_open(c->ctx, ch, o);
    else
        ssh_channel_open_answer(ch, false, SSH_OPEN_CONNECT_FAILED, NULL);
}

static void bad_open(struct ssh_conn *c)
{
    ssh_conn_bad(c, "malformed CHANNEL_OPEN", SSH_MSG_CHANNEL_OPEN);
}

static void open_session(struct ssh_conn *c, struct buf *p, const struct opening *op)
{
    const struct ssh_channel_open o = {.kind = SSH_CHANNEL_SESSION, .kind_name = "session"};
    if (buf_len(p) != 0)
        bad_open(c);
    else if (c->no_more_sessions)
        ssh_conn_refuse(c, "Possible attack: attempt to open a session after additional sessions "
                           "disabled");
    else if (sessions(c) >= c->srv->cfg.max_sessions)
        send_open_failure(c, op->remote, SSH_OPEN_CONNECT_FAILED, NULL);
    else
        open_channel(c, op, &o);
}

static void open_direct(struct ssh_conn *c, struct buf *p, const struct opening *op, bool tcp)
{
    char *host = NULL, *origin = NULL;
    struct ssh_channel_open o = {
        .kind = tcp ? SSH_CHANNEL_DIRECT_TCPIP : SSH_CHANNEL_DIRECT_STREAMLOCAL,
        .kind_name = tcp ? "direct-tcpip" : "direct-streamlocal@openssh.com",
    };
    if (ssh_get_text(p, &host) < 0 || (tcp && buf_get_u32(p, &o.port) < 0) ||
        ssh_get_text(p, &origin) < 0 || buf_get_u32(p, &o.origin_port) < 0 || buf_len(p) != 0) {
        bad_open(c);
    } else if (tcp && (o.port > 0xFFFF || o.origin_port > 0xFFFF)) {
        send_open_failure(c, op->remote, SSH_OPEN_PROHIBITED, NULL);
    } else {
        o.host = host;
        o.origin_host = origin;
        open_channel(c, op, &o);
    }
    x_free(host);
    x_free(origin);
}

static void open_tun(struct ssh_conn *c, struct buf *p, const struct opening *op)
{
    uint32_t mode;
    if (buf_get_u32(p, &mode) < 0) {
        bad_open(c);
        return;
    }
    ssh_conn_debug(c, mode == 1 || mode == 2 ? "Server has rejected tunnel device forwarding"
                                             : "Unsupported tunnel device mode.");
    send_open_failure(c, op->remote, SSH_OPEN_CONNECT_FAILED, NULL);
}

void ssh_recv_channel_open(struct ssh_conn *c, struct buf *p)
{
    char *kind = NULL;
    struct opening op;
    if (ssh_get_text(p, &kind) < 0 || buf_get_u32(p, &op.remote) < 0 ||
        buf_get_u32(p, &op.window) < 0 || buf_get_u32(p, &op.packet) < 0)
        bad_open(c);
    else if (strcmp(kind, "session") == 0)
        open_session(c, p, &op);
    else if (strcmp(kind, "direct-tcpip") == 0)
        open_direct(c, p, &op, true);
    else if (strcmp(kind, "direct-streamlocal@openssh.com") == 0)
        open_direct(c, p, &op, false);
    else if (strcmp(kind, "tun@openssh.com") == 0)
        open_tun(c, p, &op);
    else
        send_open_failure(c, op.remote, SSH_OPEN_CONNECT_FAILED, NULL);
    x_free(kind);
}

struct ssh_channel *ssh_channel_open_forwarded(struct ssh_conn *c, const struct ssh_channel_open *o,
                                               void *ch_ctx)
{
    if (c->closing || c->phase != SSH_PHASE_OPEN)
        return NULL;
    struct ssh_channel *ch = channel_new(c, SSH_CHANNEL_FORWARDED_TCPIP);
    if (!ch)
        return NULL;
    ch->ctx = ch_ctx;
    ch->state = CH_OPENING;
    ssh_conn_enter(c);
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_CHANNEL_OPEN);
    ssh_msg_cstr(&m, "forwarded-tcpip");
    ssh_msg_u32(&m, ch->id);
    ssh_msg_u32(&m, ch->local_window);
    ssh_msg_u32(&m, SSH_CHANNEL_PACKET);
    ssh_msg_cstr(&m, o->host);
    ssh_msg_u32(&m, o->port);
    ssh_msg_cstr(&m, o->origin_host);
    ssh_msg_u32(&m, o->origin_port);
    ssh_msg_send(c, &m);
    ssh_conn_leave(c);
    return ch;
}

/* ---- receiving ---- */

/* Malformed: most of these sshd names, some it dies of (what: NULL). */
static void bad_channel_message(struct ssh_conn *c, const char *what, int type)
{
    if (!what) {
        ssh_conn_bad(c, "malformed channel message", type);
        return;
    }
    if (c->cb->malformed)
        c->cb->malformed(c->ctx, "malformed channel message", type);
    ssh_conn_refuse(c, "Invalid %s message", what);
}

/* The channel number at the start. False: there is none, the connection ends. */
static bool read_id(struct ssh_conn *c, struct buf *p, const char *what, int type, uint32_t *id)
{
    if (buf_get_u32(p, id) < 0)
        bad_channel_message(c, what, type);
    else if (*id > INT32_MAX)
        ssh_conn_refuse(c, "Invalid %s channel id", what);
    else
        return true;
    return false;
}

/* The channel a message speaks of; NULL and the end of the connection if none. */
static struct ssh_channel *named(struct ssh_conn *c, struct buf *p, const char *what, int type)
{
    uint32_t id;
    if (!read_id(c, p, what, type, &id))
        return NULL;
    struct ssh_channel *ch = ssh_channel_find(c, id);
    if (!ch)
        ssh_conn_refuse(c, "%s packet referred to nonexistent channel %u", what, id);
    return ch;
}

void ssh_recv_channel_open_confirmation(struct ssh_conn *c, struct buf *p)
{
    struct ssh_channel *ch = named(c, p, "open confirmation", SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
    uint32_t remote, window, packet;
    if (!ch)
        return;
    if (ch->state != CH_OPENING) {
        ssh_conn_refuse(c, "Received open confirmation for non-opening channel %u.", ch->id);
        return;
    }
    if (buf_get_u32(p, &remote) < 0 || buf_get_u32(p, &window) < 0 || buf_get_u32(p, &packet) < 0 ||
        buf_len(p) != 0) {
        bad_channel_message(c, "open confirmation", SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
        return;
    }
    ch->remote_id = remote;
    ch->remote_window = window;
    ch->remote_packet = packet;
    ch->state = CH_OPEN;
    if (c->cb->channel_opened)
        c->cb->channel_opened(c->ctx, ch, true);
}

void ssh_recv_channel_open_failure(struct ssh_conn *c, struct buf *p)
{
    struct ssh_channel *ch = named(c, p, "open failure", SSH_MSG_CHANNEL_OPEN_FAILURE);
    uint32_t reason;
    const uint8_t *s;
    size_t n;
    if (!ch)
        return;
    if (ch->state != CH_OPENING) {
        ssh_conn_refuse(c, "Received open failure for non-opening channel %u.", ch->id);
        return;
    }
    if (buf_get_u32(p, &reason) < 0 || buf_get_string(p, &s, &n) < 0 ||
        buf_get_string(p, &s, &n) < 0 || buf_len(p) != 0) {
        bad_channel_message(c, "open failure", SSH_MSG_CHANNEL_OPEN_FAILURE);
        return;
    }
    uint32_t id = ch->id;
    if (c->cb->channel_opened)
        c->cb->channel_opened(c->ctx, ch, false);
    if (ssh_channel_find(c, id) == ch)
        channel_free(ch, true);
}

void ssh_recv_channel_window_adjust(struct ssh_conn *c, struct buf *p)
{
    uint32_t id, more;
    static const char what[] = "window adjust";
    if (!read_id(c, p, what, SSH_MSG_CHANNEL_WINDOW_ADJUST, &id))
        return;
    struct ssh_channel *ch = ssh_channel_find(c, id);
    if (!ch)
        return;
    if (buf_get_u32(p, &more) < 0 || buf_len(p) != 0)
        bad_channel_message(c, what, SSH_MSG_CHANNEL_WINDOW_ADJUST);
    else if (more > UINT32_MAX - ch->remote_window)
        bad_channel_message(c, NULL, SSH_MSG_CHANNEL_WINDOW_ADJUST);
    else
        ch->remote_window += more;
}

/* Counts n bytes against the window. False: they are not for the process. */
static bool charge(struct ssh_channel *ch, size_t n)
{
    if (ch->exited || ch->eof_rcvd) { /* nobody reads it; the window still turns */
        ch->local_window -= n < ch->local_window ? (uint32_t)n : ch->local_window;
        ch->consumed += (uint32_t)n;
        return false;
    }
    if (n > SSH_CHANNEL_PACKET)
        return false;
    if (n > ch->local_window) /* this version of sshd drops it and says nothing */
        return false;
    ch->local_window -= (uint32_t)n;
    return true;
}

void ssh_recv_channel_data(struct ssh_conn *c, struct buf *p)
{
    struct ssh_channel *ch = named(c, p, "data", SSH_MSG_CHANNEL_DATA);
    const uint8_t *data;
    size_t n;
    if (!ch || ch->state != CH_OPEN)
        return;
    if (buf_get_string(p, &data, &n) < 0 || buf_len(p) != 0) {
        bad_channel_message(c, NULL, SSH_MSG_CHANNEL_DATA);
        return;
    }
    if (!charge(ch, n) || n == 0)
        return;
    ch->outstanding += (uint32_t)n;
    if (c->cb->channel_data)
        c->cb->channel_data(c->ctx, ch, data, n);
    else
        ssh_channel_consumed(ch, n);
}

void ssh_recv_channel_extended_data(struct ssh_conn *c, struct buf *p)
{
    struct ssh_channel *ch = named(c, p, "extended data", SSH_MSG_CHANNEL_EXTENDED_DATA);
    uint32_t code;
    if (!ch || ch->state != CH_OPEN)
        return;
    if (ch->eof_rcvd && !(c->quirks & SSH_QUIRK_EXTEOF))
        ssh_conn_refuse(c, "Received extended_data after EOF on channel %u.", ch->id);
    else if (buf_get_u32(p, &code) < 0)
        bad_channel_message(c, "extended_data", SSH_MSG_CHANNEL_EXTENDED_DATA);
    /* A server expects none: the data are dropped, the window is not turned. */
}

void ssh_recv_channel_eof(struct ssh_conn *c, struct buf *p)
{
    struct ssh_channel *ch = named(c, p, "ieof", SSH_MSG_CHANNEL_EOF);
    if (!ch)
        return;
    if (buf_len(p) != 0) {
        bad_channel_message(c, "ieof", SSH_MSG_CHANNEL_EOF);
        return;
    }
    if (ch->eof_rcvd)
        return;
    ch->eof_rcvd = true;
    if (c->cb->channel_eof)
        c->cb->channel_eof(c->ctx, ch);
}

void ssh_recv_channel_close(struct ssh_conn *c, struct buf *p)
{
    struct ssh_channel *ch = named(c, p, "oclose", SSH_MSG_CHANNEL_CLOSE);
    if (!ch)
        return;
    if (buf_len(p) != 0) {
        bad_channel_message(c, "oclose", SSH_MSG_CHANNEL_CLOSE);
        return;
    }
    if (ch->close_rcvd)
        return;
    ch->close_rcvd = true;
    if (c->cb->channel_close)
        c->cb->channel_close(c->ctx, ch);
}
