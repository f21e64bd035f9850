/* fetcher.c -- the process that downloads on behalf of wget, curl and their kin.
 *
 * Sensors ask; libcurl, driven by this role's loop, brings. A body is gathered
 * whole, for it is evidence whatever becomes of the program that wanted it, and
 * handed on to the sensor as fast as its machine takes it. Each request ends in
 * exactly one event: a file with its hash, or a failure with its reason.
 * fetch_guard says where connections may go.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "role/fetch_easy.h"
#include "role/role.h"
#include "role/sandbox.h"
#include "role/scribe.h"

enum {
    SENSORS_MAX = 64,
    QUEUE_MAX = 8 << 20,
    WAITING_MAX = 512,     /* requests that wait for their turn */
    HELD_MAX = 256 << 20,  /* bytes of all bodies together */
    SPOOL_MAX = 512 << 20, /* ... and that wait for the recorder */
    CA_MAX = 4 << 20,
    TICK_US = 1000000,
    STALE_US = 150000000, /* a body that nobody has taken for so long is dropped */
};

struct fetcher;
struct peer {
    struct fetcher *f;
    struct ipc *ipc; /* NULL: not there now */
};

enum stage { STAGE_WAITING, STAGE_RUNNING, STAGE_DONE };

struct transfer {
    struct list in;
    struct fetcher *f;
    struct peer *peer;
    struct buf mem;         /* the message, that req points into */
    struct fetch_start req; /* what is wanted */
    struct fetch_easy easy;
    enum stage stage;
    bool answered, too_long;
    bool orphan; /* nobody waits for it any more */
    struct buf head, body;
    size_t told, acked; /* bytes of body that were sent, and taken */
    struct fetch_end end;
    int64_t touched_us;
};

struct fetcher {
    struct role role;
    struct scribe *scribe;
    struct fetch_guard *guard;
    struct buf ca;
    CURLM *multi;
    struct list transfers;
    unsigned running, waiting;
    size_t held;
    struct peer sensors[SENSORS_MAX];
    struct loop_timer curl_timer, tick;
};

/* --- telling the sensor ------------------------------------------------------------ */

static void send_headers(struct transfer *t, enum vm_fetch_error error)
{
    struct fetch_headers m = {.ticket = t->req.ticket, .r = {.error = error, .length = -1}};
    char *url = NULL, *addr = NULL;
    long status = 0, port = 0;
    curl_off_t length = -1;
    struct buf b;

    t->answered = true;
    if (t->orphan)
        return;
    if (buf_len(&t->head) && buf_put_u8(&t->head, 0) < 0)
        buf_clear(&t->head);
    if (t->easy.curl) {
        (void)curl_easy_getinfo(t->easy.curl, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(t->easy.curl, CURLINFO_EFFECTIVE_URL, &url);
        (void)curl_easy_getinfo(t->easy.curl, CURLINFO_PRIMARY_IP, &addr);
        (void)curl_easy_getinfo(t->easy.curl, CURLINFO_PRIMARY_PORT, &port);
        (void)curl_easy_getinfo(t->easy.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    }
    /* FTP's "here it comes" will be 226. */
    m.r.status = status == 125 || status == 150 ? 226
                 : status > 0 && status < 1000  ? (int)status
                                                : 0;
    m.r.effective_url = url && strlen(url) < FETCH_URL_MAX ? url : t->req.url;
    m.r.addr = addr && *addr ? addr : NULL;
    m.r.port = (int)port;
    m.r.length = length;
    m.r.headers = buf_len(&t->head) ? (const char *)buf_ptr(&t->head) : NULL;
    buf_init(&b, IPC_MAX);
    if (fetch_put_headers(&b, &m) < 0 ||
        ipc_send(t->peer->ipc, FETCH_HEADERS, buf_ptr(&b), buf_len(&b), -1) < 0)
        log_warn("a sensor missed an answer");
    buf_done(&b);
}

static bool send_piece(struct transfer *t, size_t n)
{
    struct buf b;
    bool ok;

    buf_init(&b, 8 + FETCH_PIECE);
    ok = buf_put_u64(&b, t->req.ticket) == 0 && buf_put(&b, buf_ptr(&t->body) + t->told, n) == 0 &&
         ipc_send(t->peer->ipc, FETCH_BODY, buf_ptr(&b), buf_len(&b), -1) == 0;
    buf_done(&b);
    return ok;
}

static void drop(struct transfer *t)
{
    struct fetcher *f = t->f;

    if (t->stage == STAGE_WAITING) {
        f->waiting--;
    } else if (t->stage == STAGE_RUNNING) {
        f->running--;
        (void)curl_multi_remove_handle(f->multi, t->easy.curl);
    }
    fetch_easy_done(&t->easy);
    list_del(&t->in);
    f->held -= buf_len(&t->body);
    buf_done(&t->head);
    buf_done(&t->body);
    buf_done(&t->mem);
    x_free(t);
}

/* As much of the body as the sensor wants now, then the end. true: t is gone. */
static bool hand_on(struct transfer *t)
{
    struct buf b;
    bool sent;

    if (t->orphan) {
        sent = t->stage == STAGE_DONE;
        if (sent)
            drop(t);
        return sent;
    }
    while (t->told < buf_len(&t->body) && t->told - t->acked < FETCH_WINDOW) {
        size_t n = buf_len(&t->body) - t->told, room = FETCH_WINDOW - (t->told - t->acked);
        n = n > room ? room : n;
        n = n > FETCH_PIECE ? FETCH_PIECE : n;
        if (!send_piece(t, n))
            return false;
        t->told += n;
        t->touched_us = clock_mono_us(&t->f->role.clock);
    }
    if (t->stage != STAGE_DONE || t->told < buf_len(&t->body))
        return false;
    buf_init(&b, IPC_MAX);
    sent = fetch_put_end(&b, &t->end) == 0 &&
           ipc_send(t->peer->ipc, FETCH_END, buf_ptr(&b), buf_len(&b), -1) == 0;
    buf_done(&b);
    if (sent)
        drop(t);
    return sent;
}

/* --- what is recorded ---------------------------------------------------------------- */

static const struct event_source *source_of(const struct transfer *t)
{
    return t->req.has_src ? &t->req.src : NULL;
}

static void record_failure(struct transfer *t, const char *why)
{
    struct event_file_download_failed e = {.url = event_s(t->req.url), .error = event_s(why)};

    scribe_event(t->f->scribe, EVENT_FILE_DOWNLOAD_FAILED, source_of(t), &e);
}

static void record_file(struct transfer *t, bool clipped)
{
    size_t most = (size_t)t->f->role.setup->conf->store.artefact, n = buf_len(&t->body);
    struct scribe_content c = {.how = "download",
                               .url = t->req.url,
                               .p = buf_ptr(&t->body),
                               .n = n > most ? most : n,
                               .clipped = clipped || n > most};

    if (scribe_content(t->f->scribe, source_of(t), &c) < 0) {
        record_failure(t, "no room to keep it");
        return;
    }
    t->end.kept = true;
    t->end.size = n;
    hash_sha256(t->end.sha, buf_ptr(&t->body), n);
}

static void record(struct transfer *t, enum vm_fetch_error error, const char *why, int status)
{
    char text[128];

    if (t->answered && buf_len(&t->body) && status / 100 <= 2) {
        record_file(t, error != VM_FETCH_OK);
    } else if (error == VM_FETCH_DENIED && t->easy.pass.refused) {
        str_fmt(text, sizeof text, "refused: %s", t->easy.pass.refused);
        record_failure(t, text);
    } else if (error == VM_FETCH_OK) {
        str_fmt(text, sizeof text, "status %d%s", status, status / 100 == 2 ? ", no content" : "");
        record_failure(t, text);
    } else {
        record_failure(t, why);
    }
}

/* The transfer is over. true: t is gone. */
static bool finish(struct transfer *t, enum vm_fetch_error error, const char *why)
{
    long status = 0;

    if (t->easy.curl)
        (void)curl_easy_getinfo(t->easy.curl, CURLINFO_RESPONSE_CODE, &status);
    if (!t->answered && status > 0 && error == VM_FETCH_BROKEN)
        error = VM_FETCH_OK; /* an answer such as FTP's 550, without a body */
    if (!t->answered)
        send_headers(t, error);
    record(t, error, why, (int)status);
    t->end.ticket = t->req.ticket;
    t->end.error = error;
    if (t->stage == STAGE_RUNNING) {
        t->f->running--;
        (void)curl_multi_remove_handle(t->f->multi, t->easy.curl);
    } else if (t->stage == STAGE_WAITING) {
        t->f->waiting--;
    }
    t->stage = STAGE_DONE;
    t->touched_us = clock_mono_us(&t->f->role.clock);
    fetch_easy_done(&t->easy);
    return hand_on(t);
}

/* --- libcurl on our loop ----------------------------------------------------------------- */

static size_t take_header(char *p, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;

    (void)size;
    if (n >= 5 && memcmp(p, "HTTP/", 5) == 0)
        buf_clear(&t->head); /* a redirect's answer, or the provisional one, went before */
    if (buf_len(&t->head) == 0 && !(n >= 5 && memcmp(p, "HTTP/", 5) == 0))
        return n; /* what FTP servers say */
    if (memchr(p, 0, n) || buf_len(&t->head) + n >= FETCH_HEADERS_MAX)
        return n;
    return buf_put(&t->head, p, n) == 0 ? n : 0;
}

static size_t take_body(char *p, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    struct fetcher *f = t->f;
    size_t most = (size_t)f->role.setup->conf->fetch.size, room = most - buf_len(&t->body);
    size_t k = n < room ? n : room;

    (void)size;
    if (!t->answered)
        send_headers(t, VM_FETCH_OK);
    if (f->held + k > HELD_MAX || buf_put(&t->body, p, k) < 0)
        return 0;
    f->held += k;
    t->too_long = k < n;
    (void)hand_on(t); /* not done yet, so it stays */
    return k;
}

static void after_curl(struct fetcher *f);

static void curl_io(void *ctx, int fd, unsigned events)
{
    struct fetcher *f = ctx;
    int what = (events & LOOP_READ ? CURL_CSELECT_IN : 0) |
               (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0) |
               (events & LOOP_HUP ? CURL_CSELECT_IN | CURL_CSELECT_ERR : 0);
    int left;

    (void)curl_multi_socket_action(f->multi, fd, what, &left);
    after_curl(f);
}

static void on_curl_timer(void *ctx)
{
    struct fetcher *f = ctx;
    int left;

    (void)curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &left);
    after_curl(f);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *io)
{
    struct fetcher *f = ctx;
    unsigned events =
        (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0);

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        loop_del(io);
        (void)curl_multi_assign(f->multi, fd, NULL);
        return 0;
    }
    if (io)
        return loop_mod(io, events);
    io = loop_add(f->role.loop, fd, events, curl_io, f);
    (void)curl_multi_assign(f->multi, fd, io);
    return io ? 0 : -1;
}

static int set_timer(CURLM *multi, long ms, void *ctx)
{
    struct fetcher *f = ctx;

    (void)multi;
    if (ms < 0) {
        loop_timer_stop(f->role.loop, &f->curl_timer);
        return 0;
    }
    return loop_timer_in(f->role.loop, &f->curl_timer, ms * INT64_C(1000), on_curl_timer, f);
}

/* --- from waiting to running to done -------------------------------------------------------- */

static int prepare(struct transfer *t)
{
    struct fetcher *f = t->f;
    struct fetch_easy_conf c = {.guard = f->guard,
                                .clock = &f->role.clock,
                                .ca = buf_len(&f->ca) ? buf_ptr(&f->ca) : NULL,
                                .ca_n = buf_len(&f->ca),
                                .time_ms = f->role.setup->conf->fetch.time};
    int r = fetch_easy_init(&t->easy, &t->req, &c);
    CURL *e = t->easy.curl;

    if (r < 0)
        return r;
    (void)curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    (void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    return curl_multi_add_handle(f->multi, e) == CURLM_OK ? 0 : ERR_NOMEM;
}

static void begin(struct transfer *t)
{
    int r = prepare(t);

    if (r < 0) {
        (void)finish(t, r == ERR_NOMEM ? VM_FETCH_BROKEN : VM_FETCH_UNSUPPORTED,
                     r == ERR_UNSUPPORTED ? "not carried out: scheme or method"
                     : r == ERR_FORMAT    ? "no URL"
                                          : err_text(r));
        return;
    }
    t->f->waiting--;
    t->f->running++;
    t->stage = STAGE_RUNNING;
}

static void begin_waiting(struct fetcher *f)
{
    unsigned most = (unsigned)f->role.setup->conf->fetch.transfers;

    LIST_EACH_SAFE(l, &f->transfers)
    {
        struct transfer *t = LIST_ENTRY(l, struct transfer, in);
        if (f->running >= most || !f->waiting)
            return;
        if (t->stage == STAGE_WAITING)
            begin(t);
    }
}

static void after_curl(struct fetcher *f)
{
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(f->multi, &left)) != NULL) {
        struct transfer *t;
        CURLcode code = m->data.result;
        if (m->msg != CURLMSG_DONE ||
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t) != CURLE_OK)
            continue;
        (void)finish(t, fetch_easy_error(&t->easy, code),
                     t->too_long ? "longer than fetch.size" : curl_easy_strerror(code));
    }
    begin_waiting(f);
}

/* --- what sensors say --------------------------------------------------------------------------
 */

static struct transfer *find(struct peer *p, uint64_t ticket)
{
    LIST_EACH(l, &p->f->transfers)
    {
        struct transfer *t = LIST_ENTRY(l, struct transfer, in);
        if (t->peer == p && !t->orphan && t->req.ticket == ticket)
            return t;
    }
    return NULL;
}

static void start(struct peer *p, const void *body, size_t n)
{
    struct fetcher *f = p->f;
    struct transfer *t = x_calloc(1, sizeof *t);

    if (!t)
        return;
    t->f = f;
    t->peer = p;
    buf_init(&t->mem, IPC_MAX);
    buf_init(&t->head, FETCH_HEADERS_MAX + 1);
    buf_init(&t->body, (size_t)f->role.setup->conf->fetch.size);
    if (buf_put(&t->mem, body, n) < 0 ||
        fetch_get_start(&t->req, buf_ptr(&t->mem), buf_len(&t->mem)) < 0) {
        log_warn("a sensor sent nonsense");
        buf_done(&t->mem);
        x_free(t);
        return;
    }
    list_push(&f->transfers, &t->in);
    t->touched_us = clock_mono_us(&f->role.clock);
    f->waiting++;
    if (f->waiting > WAITING_MAX)
        (void)finish(t, VM_FETCH_DENIED, "too many downloads wait");
    else
        begin_waiting(f);
}

static void credit(struct peer *p, struct buf *b)
{
    uint64_t ticket;
    uint32_t n;
    struct transfer *t;

    if (buf_get_u64(b, &ticket) < 0 || buf_get_u32(b, &n) < 0)
        return;
    t = find(p, ticket);
    if (!t || n > t->told - t->acked)
        return;
    t->acked += n;
    (void)hand_on(t);
}

/* What is on its way is fetched to its end all the same: it is evidence. */
static void abandon(struct transfer *t, const char *why)
{
    t->orphan = true;
    if (t->stage == STAGE_DONE)
        drop(t);
    else if (!buf_len(&t->body))
        (void)finish(t, VM_FETCH_BROKEN, why);
}

static void cancel(struct peer *p, struct buf *b)
{
    uint64_t ticket;
    struct transfer *t;

    if (buf_get_u64(b, &ticket) == 0 && (t = find(p, ticket)) != NULL)
        abandon(t, "given up");
}

static void sensor_said(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    struct peer *p = ctx;
    struct buf b = buf_wrap(body, n);

    if (fd >= 0)
        close(fd);
    if (type == FETCH_START)
        start(p, body, n);
    else if (type == FETCH_CREDIT)
        credit(p, &b);
    else if (type == FETCH_CANCEL)
        cancel(p, &b);
}

static void sensor_closed(void *ctx)
{
    struct peer *p = ctx;
    struct fetcher *f = p->f;

    ipc_free(p->ipc);
    p->ipc = NULL;
    LIST_EACH_SAFE(l, &f->transfers)
    {
        struct transfer *t = LIST_ENTRY(l, struct transfer, in);
        if (t->peer == p && !t->orphan)
            abandon(t, "its sensor ended");
    }
}

static void sensor_drained(void *ctx)
{
    struct peer *p = ctx;

    LIST_EACH_SAFE(l, &p->f->transfers)
    {
        struct transfer *t = LIST_ENTRY(l, struct transfer, in);
        if (t->peer == p)
            (void)hand_on(t);
    }
}

static void on_link(struct role *r, const struct role_link *link, int fd)
{
    struct fetcher *f = (struct fetcher *)r;

    if (link->kind == ROLE_RECORDER) {
        scribe_link(f->scribe, fd);
    } else if (link->kind == ROLE_SENSOR && link->index < SENSORS_MAX) {
        struct peer *p = &f->sensors[link->index];
        p->f = f;
        if (p->ipc)
            sensor_closed(p);
        p->ipc = ipc_new(r->loop, fd, QUEUE_MAX, sensor_said, sensor_closed, p);
        if (p->ipc)
            ipc_on_drained(p->ipc, sensor_drained);
    } else {
        close(fd);
    }
}

/* Bodies that a stopped program holds up. */
static void on_tick(void *ctx)
{
    struct fetcher *f = ctx;
    int64_t now = clock_mono_us(&f->role.clock);

    LIST_EACH_SAFE(l, &f->transfers)
    {
        struct transfer *t = LIST_ENTRY(l, struct transfer, in);
        if (t->stage == STAGE_DONE && now - t->touched_us > STALE_US)
            drop(t);
    }
    if (loop_timer_in(f->role.loop, &f->tick, TICK_US, on_tick, f) < 0)
        log_error("old downloads are no longer dropped");
}

static void on_stop(struct role *r)
{
    struct fetcher *f = (struct fetcher *)r;

    LIST_EACH_SAFE(l, &f->transfers)
    {
        struct transfer *t = LIST_ENTRY(l, struct transfer, in);
        if (t->stage != STAGE_DONE)
            (void)finish(t, VM_FETCH_BROKEN, "server shut down");
    }
    scribe_flush(f->scribe, 2000);
    loop_stop(r->loop);
}

/* --- the beginning and the end ------------------------------------------------------------------
 */

static int make_guard(struct fetcher *f)
{
    const struct conf *c = f->role.setup->conf;
    struct fetch_guard_conf g = {.rate = (unsigned)c->fetch.rate,
                                 .together = (unsigned)c->fetch.together,
                                 .test = &c->fetch.test_address};
    const char *bad;

    f->guard = fetch_guard_new(&g, &bad);
    if (bad)
        log_error("fetch.test_address: '%s' is no address and port", bad);
    if (f->guard && c->fetch.test_address.n)
        log_warn("fetch.test_address is set: all downloads come from this host");
    return f->guard ? 0 : ERR_FORMAT;
}

static int make_multi(struct fetcher *f)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(f->multi = curl_multi_init()))
        return ERR_NOMEM;
    (void)curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    (void)curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    (void)curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    (void)curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, 1L);
    (void)curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return 0;
}

/* What is read of the host's files, before they are out of reach. */
static void read_host_files(struct fetcher *f)
{
    buf_init(&f->ca, CA_MAX);
    if (file_read("/etc/ssl/certs/ca-certificates.crt", &f->ca) < 0)
        log_warn("no certificates of the host: downloads over TLS fail");
    sandbox_warm_resolver();
}

int role_fetcher_main(const struct role_setup *s, unsigned index, int ctl_fd)
{
    static struct fetcher f; /* one a process */
    char root[4096];
    int r = role_init(&f.role, ROLE_FETCHER, index, s, ctl_fd);

    if (r < 0)
        return 1;
    f.role.on_link = on_link;
    f.role.on_stop = on_stop;
    list_init(&f.transfers);
    f.scribe = scribe_new(f.role.loop, &f.role.clock, "fetcher", (size_t)s->conf->store.artefact,
                          SPOOL_MAX);
    if (!f.scribe || make_guard(&f) < 0 || make_multi(&f) < 0) {
        log_error("cannot start");
        return 1;
    }
    read_host_files(&f);
    if (sandbox_enter(s, SANDBOX_FS_RESOLVER, root, sizeof root) < 0 ||
        sandbox_fetcher_filter() < 0)
        return 1;
    on_tick(&f);
    r = role_run(&f.role);
    while (!list_empty(&f.transfers))
        drop(LIST_ENTRY(f.transfers.next, struct transfer, in));
    (void)curl_multi_cleanup(f.multi);
    fetch_guard_free(f.guard);
    scribe_free(f.scribe);
    buf_done(&f.ca);
    role_done(&f.role);
    return r < 0 ? 1 : 0;
}
