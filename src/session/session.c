/* session.c -- one connection: its socket, its timers, its end.
 *
 * Everything that can produce output marks the session dirty; dirty sessions
 * are flushed once per turn of the loop, after the machines have run, so that
 * a command's whole answer leaves in one write. A session is freed in
 * session_sweep only, never inside one of its own callbacks.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "session/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "session/session_priv.h"
#include "session/tally.h"

enum { READ_MAX = 32 * 1024, READS_A_TURN = 4 };

void session_host_init(struct session_host *h)
{
    list_init(&h->live);
    list_init(&h->dirty);
    h->next_id = 1;
}

void session_event(struct session *s, enum event_id id, const void *fields)
{
    s->h->sink->event(s->h->sink->ctx, id, &s->src, fields);
}

void session_touch(struct session *s)
{
    list_del(&s->dirty);
    list_push(&s->h->dirty, &s->dirty);
}

/* --- the end ------------------------------------------------------------------ */

static void free_all(struct list *channels)
{
    while (!list_empty(channels))
        channel_free(LIST_ENTRY(channels->next, struct channel, link));
}

static void hang_up(struct session *s)
{
    free_all(&s->channels);
    free_all(&s->retired);
}

static void tell_end(struct session *s)
{
    int64_t ms = (clock_mono_us(s->h->clock) - s->started_us) / 1000;
    struct event_session_closed closed = {.duration_ms = ms, .duration = (double)ms / 1000};
    struct policy_stats st;
    struct event_session_summary sum = {.reason = event_s(s->end_reason),
                                        .username = event_s(s->logins ? s->user : NULL),
                                        .country = event_s(s->country[0] ? s->country : NULL),
                                        .logins = s->logins,
                                        .failures = s->failures,
                                        .bytes_in = (int64_t)s->bytes_in,
                                        .bytes_out = (int64_t)s->bytes_out};

    policy_session_stats(s->policy, &st);
    sum.commands = (int64_t)st.commands;
    sum.artefacts = (int64_t)st.artefacts;
    session_event(s, EVENT_SESSION_SUMMARY, &sum);
    session_event(s, EVENT_SESSION_CLOSED, &closed);
}

/* What a session holds, in any state of being made. */
static void release(struct session *s)
{
    loop_timer_stop(s->h->loop, &s->timer);
    loop_del(s->io);
    ssh_conn_free(s->ssh);
    policy_session_free(s->policy);
    x_free(s->key);
    if (s->starting)
        s->h->starting--;
    if (s->counted)
        tally_leave(s->h->tally, s->src.src_ip);
    close(s->fd);
    list_del(&s->link);
    list_del(&s->dirty);
    x_free(s);
}

static void session_free(struct session *s)
{
    struct session_host *h = s->h;
    struct vm *vm = s->vm;

    hang_up(s);
    policy_session_end(s->policy);
    if (s->login)
        vm_login_end(s->login);
    tell_end(s);
    if (vm && h->conf->vm.keep == 0)
        vm_free(vm);
    h->count--;
    release(s);
}

/* --- moving bytes --------------------------------------------------------------- */

/* A close the client sees as a reset. */
static void reset_on_close(int fd)
{
    struct linger l = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

/* Writes what waits. False: the socket is full or broken. */
static bool write_out(struct session *s)
{
    const uint8_t *p;
    size_t n;

    while ((n = ssh_conn_output(s->ssh, &p)) > 0) {
        ssize_t w = send(s->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0 && errno != EAGAIN) {
            s->end_reason = s->end_reason ? s->end_reason : "connection lost";
            s->ending = true;
        }
        if (w < 0)
            return false;
        s->bytes_out += (uint64_t)w;
        s->active_us = clock_mono_us(s->h->clock);
        ssh_conn_output_done(s->ssh, (size_t)w);
    }
    return true;
}

static void on_timer(void *ctx);

/* When the connection has lasted or been silent too long. */
static int64_t last_moment(const struct session *s)
{
    int64_t end = s->started_us + s->h->conf->limits.session * 1000;
    int64_t silent = s->active_us + s->h->conf->limits.idle * 1000;

    return end < silent ? end : silent;
}

static void plan_timer(struct session *s)
{
    int64_t at = ssh_conn_deadline(s->ssh);

    if (at > last_moment(s))
        at = last_moment(s);
    if ((!s->timer.slot || s->timer.at_us != at) &&
        loop_timer_at(s->h->loop, &s->timer, at, on_timer, s) < 0)
        s->ending = true;
}

/* Writes, decides what to wait for, and frees the session when it is over. */
static void flush(struct session *s)
{
    bool written = write_out(s);
    enum ssh_close closing = ssh_conn_closing(s->ssh);
    unsigned want = 0;

    list_del(&s->dirty);
    free_all(&s->retired);
    if (s->ending || (closing != SSH_CLOSE_NOT && written)) {
        if (closing == SSH_CLOSE_RST)
            reset_on_close(s->fd);
        session_free(s);
        return;
    }
    plan_timer(s);
    if (!written)
        want |= LOOP_WRITE;
    if (!s->peer_gone && ssh_conn_wants_input(s->ssh))
        want |= LOOP_READ;
    if (loop_mod(s->io, want) < 0)
        log_warn("cannot watch a connection: %s", strerror(errno));
}

bool session_flush_dirty(struct session_host *h)
{
    struct list todo;
    bool any = !list_empty(&h->dirty);

    /* Flushing may touch others, not endlessly: those wait for the next round. */
    list_init(&todo);
    while (!list_empty(&h->dirty)) {
        struct list *l = h->dirty.next;
        list_del(l);
        list_push(&todo, l);
    }
    while (!list_empty(&todo))
        flush(LIST_ENTRY(todo.next, struct session, dirty));
    return any;
}

static void on_timer(void *ctx)
{
    struct session *s = ctx;

    if (clock_mono_us(s->h->clock) >= last_moment(s)) {
        s->end_reason = "time limit";
        s->ending = true;
    }
    ssh_conn_tick(s->ssh);
    session_touch(s);
}

static void peer_closed(struct session *s, bool lost)
{
    s->peer_gone = true;
    if (lost)
        s->ending = true;
    if (!s->end_reason)
        s->end_reason = lost ? "connection lost" : "closed by client";
    ssh_conn_input_eof(s->ssh);
}

static void on_io(void *ctx, int fd, unsigned events)
{
    struct session *s = ctx;
    uint8_t bytes[READ_MAX];

    session_touch(s);
    for (int i = 0; i < READS_A_TURN && (events & (LOOP_READ | LOOP_HUP)); i++) {
        ssize_t n;
        if (s->peer_gone || !ssh_conn_wants_input(s->ssh)) {
            if (events & LOOP_HUP)
                s->ending = true;
            return;
        }
        n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n <= 0) {
            if (n == 0 || (errno != EAGAIN && errno != EINTR))
                peer_closed(s, n < 0);
            return;
        }
        s->bytes_in += (uint64_t)n;
        s->active_us = clock_mono_us(s->h->clock);
        for (size_t done = 0; done < (size_t)n;) {
            size_t took = ssh_conn_input(s->ssh, bytes + done, (size_t)n - done);
            if (took == 0)
                break; /* closing, or drowned in its own output: the rest is dropped with it */
            done += took;
        }
        if (n < (ssize_t)sizeof bytes)
            return;
    }
}

/* --- callbacks of the protocol ---------------------------------------------------- */

static void cb_version(void *ctx, const char *line, size_t n, bool valid)
{
    struct event_client_version e = {.version = event_sn(line, n)};

    (void)valid;
    session_event(ctx, EVENT_CLIENT_VERSION, &e);
}

enum { NAMES_MAX = 96 };
static struct event_strs names(struct event_str v[NAMES_MAX], const char *list)
{
    struct event_strs out = {.v = v, .n = 0};

    for (const char *at = list; out.n < NAMES_MAX;) {
        const char *comma = strchr(at, ',');
        v[out.n++] = event_sn(at, comma ? (size_t)(comma - at) : strlen(at));
        if (!comma)
            break;
        at = comma + 1;
    }
    return out;
}

static void cb_kexinit(void *ctx, const struct ssh_kexinit_info *k)
{
    struct event_str v[6][NAMES_MAX];
    struct event_client_kex e = {.hassh = event_s(k->hassh),
                                 .hasshAlgorithms = event_s(k->hassh_algorithms),
                                 .kexAlgs = names(v[0], k->kex),
                                 .keyAlgs = names(v[1], k->hostkey),
                                 .encCS = names(v[2], k->enc_cs),
                                 .macCS = names(v[3], k->mac_cs),
                                 .compCS = names(v[4], k->comp_cs),
                                 .langCS = names(v[5], k->lang_cs)};

    if (!k->rekey)
        session_event(ctx, EVENT_CLIENT_KEX, &e);
}

static void cb_auth(void *ctx, const struct ssh_auth_attempt *a)
{
    login_attempt(ctx, a);
}
static void no_longer_starting(struct session *s)
{
    if (s->starting)
        s->h->starting--;
    s->starting = false;
}

static void cb_auth_success(void *ctx)
{
    no_longer_starting(ctx);
    login_done(ctx);
}

static void cb_channel_open(void *ctx, struct ssh_channel *ch, const struct ssh_channel_open *o)
{
    channel_opened(ctx, ch, o);
}

static bool cb_request(void *ctx, struct ssh_channel *ch, const struct ssh_request *r)
{
    struct channel *c = ssh_channel_ctx(ch);

    (void)ctx;
    return c && channel_request(c, r);
}

static void cb_data(void *ctx, struct ssh_channel *ch, const uint8_t *p, size_t n)
{
    struct channel *c = ssh_channel_ctx(ch);

    (void)ctx;
    if (c)
        channel_input(c, p, n);
}

static void cb_eof(void *ctx, struct ssh_channel *ch)
{
    struct channel *c = ssh_channel_ctx(ch);

    (void)ctx;
    if (c)
        channel_input_eof(c);
}

static void cb_close(void *ctx, struct ssh_channel *ch)
{
    struct channel *c = ssh_channel_ctx(ch);

    (void)ctx;
    if (c)
        channel_hangup(c);
}

static void cb_writable(void *ctx, struct ssh_channel *ch)
{
    struct channel *c = ssh_channel_ctx(ch);

    (void)ctx;
    if (c)
        channel_drain(c);
}

static void cb_channel_free(void *ctx, struct ssh_channel *ch)
{
    struct channel *c = ssh_channel_ctx(ch);

    (void)ctx;
    if (c)
        channel_retire(c);
}

static int cb_listen(void *ctx, const char *host, uint32_t port)
{
    return forward_listen(ctx, host, port);
}

static int cb_cancel(void *ctx, const char *host, uint32_t port)
{
    return forward_cancel(ctx, host, port);
}

static void cb_malformed(void *ctx, const char *what, int type)
{
    struct event_client_malformed e = {.messagenum = type, .data = event_sn("", 0)};

    log_debug("malformed packet: %s", what);
    session_event(ctx, EVENT_CLIENT_MALFORMED, &e);
}

static void cb_disconnect(void *ctx, uint32_t reason, const char *text)
{
    struct session *s = ctx;

    (void)reason, (void)text;
    s->end_reason = "disconnected by client";
}

static void cb_closed(void *ctx, const char *why, const char *we)
{
    struct session *s = ctx;

    (void)we;
    if (!s->end_reason)
        s->end_reason = why; /* static text of ssh/ */
}

const struct ssh_callbacks session_callbacks = {
    .client_version = cb_version,
    .client_kexinit = cb_kexinit,
    .auth = cb_auth,
    .auth_success = cb_auth_success,
    .channel_open = cb_channel_open,
    .channel_request = cb_request,
    .channel_data = cb_data,
    .channel_eof = cb_eof,
    .channel_close = cb_close,
    .channel_writable = cb_writable,
    .channel_free = cb_channel_free,
    .tcpip_forward = cb_listen,
    .tcpip_cancel = cb_cancel,
    .malformed = cb_malformed,
    .client_disconnect = cb_disconnect,
    .closed = cb_closed,
};

/* --- the beginning ------------------------------------------------------------------ */

static void address(const struct sockaddr_in6 *a, char *out, socklen_t n, uint16_t *port)
{
    bool v4 = IN6_IS_ADDR_V4MAPPED(&a->sin6_addr);

    if (!inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? &a->sin6_addr.s6_addr[12] : a->sin6_addr.s6_addr,
                   out, n))
        str_copy(out, n, "0.0.0.0");
    *port = ntohs(a->sin6_port);
}

static int open_parts(struct session *s)
{
    struct session_host *h = s->h;

    if (event_session_id(s->src.session) < 0)
        return ERR_CRYPTO;
    s->src.protocol = EVENT_SSH;
    s->policy = session_policy_new(s);
    s->ssh = ssh_conn_new(h->ssh, &session_callbacks, s);
    s->io = s->ssh ? loop_add(h->loop, s->fd, LOOP_READ, on_io, s) : NULL;
    return s->policy && s->io ? 0 : ERR_NOMEM;
}

/* Counts the connection; false: the source or the sensor has enough. */
static bool admit(struct session *s)
{
    struct session_host *h = s->h;

    if (h->count >= (size_t)h->conf->limits.connections)
        return false;
    if (h->starting >= (size_t)h->conf->limits.starting) {
        static const char text[] = "Exceeded MaxStartups\r\n"; /* as sshd says it */
        (void)!send(s->fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        return false;
    }
    s->counted = tally_enter(h->tally, s->src.src_ip, (unsigned)h->conf->limits.per_source);
    return s->counted;
}

void session_start(struct session_host *h, int fd, const struct sockaddr_in6 *peer,
                   const struct sockaddr_in6 *local)
{
    struct session *s = x_calloc(1, sizeof *s);

    if (!s) {
        close(fd);
        return;
    }
    s->h = h;
    s->fd = fd;
    s->id = h->next_id++;
    s->started_us = s->active_us = clock_mono_us(h->clock);
    list_init(&s->link);
    list_init(&s->dirty);
    list_init(&s->channels);
    list_init(&s->retired);
    address(peer, s->src.src_ip, sizeof s->src.src_ip, &s->src.src_port);
    address(local, s->src.dst_ip, sizeof s->src.dst_ip, &s->src.dst_port);
    if (!admit(s) || open_parts(s) < 0) {
        h->refused++;
        release(s);
        return;
    }
    list_push(&h->live, &s->link);
    h->count++;
    h->starting++;
    s->starting = true;
    session_event(s, EVENT_SESSION_CONNECT, NULL);
    session_touch(s);
}

void session_end_all(struct session_host *h, const char *reason)
{
    while (!list_empty(&h->live)) {
        struct session *s = LIST_ENTRY(h->live.next, struct session, link);
        s->end_reason = reason;
        session_free(s);
    }
}
