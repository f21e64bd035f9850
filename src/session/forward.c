/* forward.c -- forwarded connections, answered by the virtual network.
 *
 * Nothing is ever connected. A destination is resolved and judged as the
 * machine's own programs would see it; the refusal comes when the real one
 * would come, in sshd's words. Three kinds of far ends exist: the machine's own
 * sshd (a whole second server side, which lets nobody in), web servers that
 * redirect to https, and TLS servers whose handshake fails. What the client sends
 * is recorded, with the HTTP request line or the name asked for by TLS.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "session/hello.h"
#include "session/session_priv.h"
#include "vm/net.h"

enum {
    DATA_EVENTS = 64, /* of one channel */
    REQUEST_MAX = 16 * 1024,
    WEB_US = 9000, /* a web server's own time for an answer */
    PORT_FIRST = 32768,
    PORT_LAST = 60999, /* Linux's ephemeral ports */
};

enum far { FAR_NONE, FAR_SSHD, FAR_WEB, FAR_TLS };

struct forward {
    struct channel *c;
    struct loop_timer timer;
    enum far far;
    int err; /* the refusal that is due; 0: it connects */
    struct buf out, request;
    struct ssh_conn *sshd;
    bool noted, answered, closing;
};

/* --- output --------------------------------------------------------------------- */

static void pump(struct forward *f)
{
    const uint8_t *p;
    size_t n;

    while (f->sshd && (n = ssh_conn_output(f->sshd, &p)) > 0) {
        size_t w = ssh_channel_output(f->c->ssh, p, n, false);
        if (w == 0)
            return;
        ssh_conn_output_done(f->sshd, w);
    }
    while (buf_len(&f->out) > 0) {
        size_t w = ssh_channel_output(f->c->ssh, buf_ptr(&f->out), buf_len(&f->out), false);
        if (w == 0)
            return;
        buf_consume(&f->out, w);
    }
    if (f->closing || (f->sshd && ssh_conn_closing(f->sshd) != SSH_CLOSE_NOT))
        ssh_channel_shut(f->c->ssh);
}

static void say(struct forward *f, const void *p, size_t n)
{
    if (buf_put(&f->out, p, n) < 0)
        log_debug("a forwarded answer did not fit");
}

/* --- the machine's own sshd --------------------------------------------------------- */

static void at_time(struct forward *f, int64_t at_us);

static void sshd_auth(void *ctx, const struct ssh_auth_attempt *a)
{
    struct forward *f = ctx;
    struct event_login_failed e = {.username = event_s(a->user),
                                   .password = event_sn(a->password, a->password_n)};

    if (a->method == SSH_AUTH_PASSWORD && a->password)
        session_event(f->c->s, EVENT_LOGIN_FAILED, &e);
    ssh_auth_answer(f->sshd, SSH_AUTH_REJECT,
                    a->method == SSH_AUTH_PASSWORD ? login_pam_us(f->c->s, false) : 0);
}

static const struct ssh_callbacks sshd_callbacks = {.auth = sshd_auth};

static void sshd_turn(struct forward *f)
{
    int64_t at = ssh_conn_deadline(f->sshd);

    if (at != INT64_MAX)
        at_time(f, at);
    pump(f); /* last: it may free f */
}

/* --- web servers -------------------------------------------------------------------- */

static void note(struct forward *f, const char *kind, const char *text)
{
    char detail[512];
    struct event_channel e = {.what = event_s("forward")};

    str_fmt(detail, sizeof detail, "%s:%u %s %s", f->c->host, f->c->port, kind, text);
    e.detail = event_s(detail);
    session_event(f->c->s, EVENT_CHANNEL, &e);
    f->noted = true;
}

/* "Tue, 24 Nov 2026 08:12:31 GMT" */
static void http_date(const struct session *s, char *out, size_t n)
{
    time_t t = (time_t)(clock_real_us(s->h->clock) / 1000000);
    struct tm tm;

    gmtime_r(&t, &tm);
    if (strftime(out, n, "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
        *out = '\0';
}

static void respond(struct forward *f, const char *status, const char *title, const char *location)
{
    char date[64], body[512], head[1536];

    http_date(f->c->s, date, sizeof date);
    str_fmt(body, sizeof body,
            "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n"
            "%s<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
            title, status,
            str_eq(title, status) ? ""
                                  : "<center>The plain HTTP request was sent to HTTPS "
                                    "port</center>\r\n");
    str_fmt(head, sizeof head,
            "HTTP/1.1 %s\r\nServer: nginx\r\nDate: %s\r\nContent-Type: text/html\r\n"
            "Content-Length: %zu\r\nConnection: close\r\n%s%s%s\r\n",
            status, date, strlen(body), location ? "Location: " : "", location ? location : "",
            location ? "\r\n" : "");
    say(f, head, strlen(head));
    say(f, body, strlen(body));
    f->answered = f->closing = true;
}

/* Where a request line points to, without the scheme it may name. */
static bool target_of(const char *line, char *out, size_t n)
{
    const char *at = strchr(line, ' '), *end, *slashes;

    if (!at || at == line)
        return false;
    at++;
    end = strchr(at, ' ');
    slashes = strstr(at, "://");
    if (end && slashes && slashes < end) {
        at = strchr(slashes + 3, '/');
        at = at && at < end ? at : end;
    }
    return end && str_starts(end, " HTTP/") && str_fmt(out, n, "%.*s", (int)(end - at), at);
}

static void web_request(struct forward *f)
{
    const char *text = (const char *)buf_ptr(&f->request);
    size_t n = buf_len(&f->request), end = 0;
    char line[400], target[300], where[700];

    if (f->answered)
        return;
    while (end < n && text[end] != '\n')
        end++;
    if (end == n && n < REQUEST_MAX)
        return;
    str_fmt(line, sizeof line, "%.*s", (int)(end < 399 ? end : 399), text);
    line[strcspn(line, "\r\n")] = '\0';
    if (!f->noted)
        note(f, "HTTP", line);
    if (!target_of(line, target, sizeof target)) {
        respond(f, "400 Bad Request", "400 Bad Request", NULL);
        return;
    }
    if (n < REQUEST_MAX && !memmem(text, n, "\r\n\r\n", 4) && !memmem(text, n, "\n\n", 2))
        return;
    str_fmt(where, sizeof where, "https://%s%s", f->c->host, target[0] == '/' ? target : "/");
    respond(f, "301 Moved Permanently", "301 Moved Permanently", where);
}

static void tls_request(struct forward *f)
{
    static const uint8_t alert[] = {21, 3, 3, 0, 2, 2, 40}; /* fatal: handshake_failure */
    const uint8_t *p = buf_ptr(&f->request);
    size_t n = buf_len(&f->request);
    char name[256];
    int r;

    if (f->answered || n == 0)
        return;
    if (p[0] != 22) {
        if (memchr(p, '\n', n))
            respond(f, "400 Bad Request", "400 The plain HTTP request was sent to HTTPS port",
                    NULL);
        return;
    }
    r = hello_server_name(p, n, name, sizeof name);
    if (r == ERR_AGAIN && n < REQUEST_MAX)
        return;
    note(f, "TLS", r == 0 ? name : "");
    say(f, alert, sizeof alert);
    f->answered = f->closing = true;
}

/* --- life ----------------------------------------------------------------------------- */

static void connected(struct forward *f)
{
    ssh_channel_open_answer(f->c->ssh, true, 0, NULL);
    if (f->far == FAR_SSHD)
        f->sshd = ssh_conn_new(f->c->s->h->ssh, &sshd_callbacks, f);
    if (f->sshd)
        sshd_turn(f);
}

static void refuse(struct forward *f)
{
    bool at_once = f->err == -ENETUNREACH || f->err == -EINVAL;
    const char *text = f->err == -ENOENT   ? "Name or service not known"
                       : f->err == -EAGAIN ? "Temporary failure in name resolution"
                       : at_once           ? NULL /* connect itself failed: sshd does not say why */
                                           : strerror(-f->err);

    ssh_channel_open_answer(f->c->ssh, false, SSH_OPEN_CONNECT_FAILED, text);
}

static void on_time(void *ctx)
{
    struct forward *f = ctx;
    struct session *s = f->c->s;

    session_touch(s);
    if (f->sshd) {
        ssh_conn_tick(f->sshd);
        sshd_turn(f);
    } else if (f->closing) {
        pump(f);
    } else if (f->err) {
        refuse(f); /* frees f */
    } else {
        connected(f);
    }
}

static void at_time(struct forward *f, int64_t at_us)
{
    if (loop_timer_at(f->c->s->h->loop, &f->timer, at_us, on_time, f) < 0)
        ssh_conn_abort(f->c->s->ssh);
}

static bool number(const char *host, struct vm_addr *a)
{
    struct in_addr v4;
    char text[INET_ADDRSTRLEN];

    if (vm_addr_parse(host, a))
        return true;
    /* Also "127.1" and "0x7f000001", as getaddrinfo reads them. */
    return inet_aton(host, &v4) && inet_ntop(AF_INET, &v4, text, sizeof text) &&
           vm_addr_parse(text, a);
}

/* Decides what the destination is; how long finding out takes. */
static int64_t judge(struct forward *f)
{
    struct channel *c = f->c;
    struct session *s = c->s;
    struct proc *p = s->login ? vm_agent_new(s->login) : NULL;
    struct vm_addr a;
    int64_t after = 0, dns = 0;
    int n = 1, ttl;
    bool named;

    f->err = -ECONNREFUSED;
    if (!p)
        return 0;
    named = !number(c->host, &a);
    if (named) {
        n = vm_resolve(p, c->host, AF_UNSPEC, &a, 1);
        dns = n > 0 && vm_addr_is_loopback(&a) ? 0 : rng_range(&s->h->rng, 2000, 40000);
    }
    f->err = n == 0 ? -ENOENT : n < 0 ? n : vm_reach(p, &a, (int)c->port, &after);
    if (f->err == 0) {
        f->far = FAR_SSHD;
    } else if ((c->port == 80 || c->port == 443) &&
               (f->err == -ETIMEDOUT || (named && after > 0 && f->err == -ECONNREFUSED))) {
        /* Public addresses may have a web server, public names do. */
        int64_t rtt = vm_ping_us(p, &a, &ttl);
        f->far = c->port == 80 ? FAR_WEB : FAR_TLS;
        f->err = 0;
        after = rtt > 0 ? rtt : rng_range(&s->h->rng, 8000, 90000);
    }
    vm_agent_free(p);
    return dns + after;
}

void forward_open(struct channel *c, const struct ssh_channel_open *o)
{
    struct event_tcpip_request e = {.dst_ip = event_s(o->host),
                                    .dst_port = o->port,
                                    .orig_ip = event_s(o->origin_host),
                                    .orig_port = o->origin_port};
    struct forward *f = x_calloc(1, sizeof *f);
    int64_t wait;

    session_event(c->s, EVENT_TCPIP_REQUEST, &e);
    if (!f || !str_copy(c->host, sizeof c->host, o->host)) { /* no name is that long */
        const char *text = f ? "Name or service not known" : NULL;
        x_free(f);
        ssh_channel_open_answer(c->ssh, false, SSH_OPEN_CONNECT_FAILED, text);
        return;
    }
    c->forward = f;
    f->c = c;
    c->port = o->port;
    buf_init(&f->out, 64 * 1024);
    buf_init(&f->request, REQUEST_MAX);
    if (c->s->key && c->s->key->no_forwarding) {
        ssh_channel_open_answer(c->ssh, false, SSH_OPEN_PROHIBITED, NULL);
        return;
    }
    wait = judge(f);
    if (wait > 0)
        at_time(f, clock_mono_us(c->s->h->clock) + wait);
    else if (f->err)
        refuse(f);
    else
        connected(f);
}

static void hear(struct forward *f, const uint8_t *p, size_t n)
{
    size_t room = REQUEST_MAX - buf_len(&f->request);

    if (f->sshd) {
        while (n > 0) {
            size_t took = ssh_conn_input(f->sshd, p, n);
            if (took == 0)
                break; /* it is closing, or drowns: the rest goes with it */
            p += took;
            n -= took;
        }
        sshd_turn(f);
    } else if (!f->answered && buf_put(&f->request, p, n < room ? n : room) == 0) {
        if (f->far == FAR_WEB)
            web_request(f);
        else
            tls_request(f);
        if (f->answered)
            at_time(f, clock_mono_us(f->c->s->h->clock) + WEB_US);
    }
}

void forward_input(struct channel *c, const uint8_t *p, size_t n)
{
    struct event_tcpip_data e = {.dst_ip = event_s(c->host),
                                 .dst_port = c->port,
                                 .data = event_sn(p, n),
                                 .id = ssh_channel_id(c->ssh)};

    if (c->data_events++ < DATA_EVENTS)
        session_event(c->s, EVENT_TCPIP_DATA, &e);
    ssh_channel_consumed(c->ssh, n);
    hear(c->forward, p, n);
}

void forward_eof(struct channel *c)
{
    struct forward *f = c->forward;

    if (f->sshd) {
        ssh_conn_input_eof(f->sshd);
        pump(f);
    } else if (!f->answered) { /* otherwise the answer is on its way */
        ssh_channel_shut(c->ssh);
    }
}

void forward_drain(struct channel *c)
{
    pump(c->forward);
}

void forward_free(struct forward *f)
{
    if (!f)
        return;
    loop_timer_stop(f->c->s->h->loop, &f->timer);
    ssh_conn_free(f->sshd);
    buf_done(&f->out);
    buf_done(&f->request);
    x_free(f);
}

/* --- ports that the client asks us to listen on -------------------------------------------- */

static struct listener *listener_of(struct session *s, uint32_t port)
{
    for (unsigned i = 0; i < s->nlisten; i++)
        if (s->listen[i].port == port)
            return &s->listen[i];
    return NULL;
}

static bool port_free(struct session *s, uint32_t port)
{
    struct proc *p = s->login ? vm_agent_new(s->login) : NULL;
    bool ok = p && (port >= 1024 || vm_geteuid(p) == 0) && !vm_listens(p, (int)port);

    vm_agent_free(p);
    return ok && !listener_of(s, port);
}

int forward_listen(struct session *s, const char *host, uint32_t port)
{
    char detail[320];
    struct event_channel e = {.what = event_s("tcpip-forward")};
    uint32_t got = port;

    str_fmt(detail, sizeof detail, "%.256s:%u", host, port);
    e.detail = event_s(detail);
    session_event(s, EVENT_CHANNEL, &e);
    while (port == 0 && (got == 0 || listener_of(s, got)))
        got = (uint32_t)rng_range(&s->h->rng, PORT_FIRST, PORT_LAST);
    if (s->nlisten >= SESSION_LISTEN_MAX || !port_free(s, got))
        return -1;
    str_copy(s->listen[s->nlisten].host, sizeof s->listen->host, host);
    s->listen[s->nlisten++].port = got;
    return (int)got;
}

int forward_cancel(struct session *s, const char *host, uint32_t port)
{
    struct listener *l = listener_of(s, port);

    if (!l || strcmp(l->host, host) != 0)
        return -1;
    *l = s->listen[--s->nlisten];
    return 0;
}
