/* fetch_client.c -- a sensor's side of downloads: between machines and the fetcher.
 *
 * A refusal by policy is never passed on: the program waits until it gives up
 * by itself, as it would behind a firewall that drops packets.
 * The fetcher tells of a body as evidence when it has it; so the file that a
 * program makes of it is not told of again. Its hash is remembered until then.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "role/fetch_client.h"

#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/ipc.h"
#include "base/list.h"
#include "base/log.h"
#include "role/fetch_proto.h"

enum {
    TOGETHER_MAX = 512,   /* requests of this sensor */
    PER_SESSION_MAX = 16, /* ... and of one of its sessions */
    BROUGHT_MAX = 256,
    QUEUE_MAX = 4 << 20,
};

struct job {
    struct list in;
    uint64_t ticket;
    bool has_src, ended, more;
    struct event_source src;
    char *url;
    struct buf body; /* what the machine has not taken yet */
    struct fetch_end end;
};

/* A download that may become a file of its session's machine. */
struct brought {
    char session[13];
    uint64_t size; /* 0: a free place */
    uint8_t sha[32];
};

struct fetch_client {
    struct fetch_client_conf conf;
    struct ipc *line; /* NULL: the fetcher is away */
    struct list jobs;
    unsigned njobs;
    struct loop_timer more;
    struct brought brought[BROUGHT_MAX];
    unsigned next_brought;
};

struct fetch_client *fetch_client_new(const struct fetch_client_conf *conf)
{
    struct fetch_client *c = x_calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->conf = *conf;
    list_init(&c->jobs);
    return c;
}

static void drop(struct fetch_client *c, struct job *j)
{
    list_del(&j->in);
    c->njobs--;
    buf_done(&j->body);
    x_free(j->url);
    x_free(j);
}

void fetch_client_free(struct fetch_client *c)
{
    if (!c)
        return;
    while (!list_empty(&c->jobs))
        drop(c, LIST_ENTRY(c->jobs.next, struct job, in));
    ipc_free(c->line);
    x_free(c);
}

static struct job *find(struct fetch_client *c, uint64_t ticket)
{
    LIST_EACH(l, &c->jobs)
    {
        struct job *j = LIST_ENTRY(l, struct job, in);
        if (j->ticket == ticket)
            return j;
    }
    return NULL;
}

static void failed(struct fetch_client *c, const struct event_source *src, const char *url,
                   const char *why)
{
    struct event_file_download_failed e = {.url = event_s(url), .error = event_s(why)};

    scribe_event(c->conf.scribe, EVENT_FILE_DOWNLOAD_FAILED, src, &e);
}

/* --- what the fetcher says -------------------------------------------------------- */

static void give_credit(struct fetch_client *c, uint64_t ticket, size_t n)
{
    struct buf b;

    buf_init(&b, 16);
    if (c->line && (buf_put_u64(&b, ticket) < 0 || buf_put_u32(&b, (uint32_t)n) < 0 ||
                    ipc_send(c->line, FETCH_CREDIT, buf_ptr(&b), buf_len(&b), -1) < 0))
        log_warn("a download is stuck: the fetcher does not listen");
    buf_done(&b);
}

static void remember(struct fetch_client *c, const struct job *j)
{
    struct brought *b = &c->brought[c->next_brought++ % BROUGHT_MAX];

    if (!j->end.kept || !j->has_src)
        return;
    memcpy(b->session, j->src.session, sizeof b->session);
    b->size = j->end.size;
    memcpy(b->sha, j->end.sha, sizeof b->sha);
}

/* Passes on what the machine takes; ends the job when that is all. */
static void deliver(struct fetch_client *c, struct job *j)
{
    size_t n = buf_len(&j->body);

    if (n) {
        size_t k = vm_fetch_body(c->conf.world, j->ticket, buf_ptr(&j->body), n);
        buf_consume(&j->body, k);
        if (k && !j->ended)
            give_credit(c, j->ticket, k);
    }
    if (j->ended && buf_len(&j->body) == 0) {
        remember(c, j);
        vm_fetch_end(c->conf.world, j->ticket, j->end.error);
        drop(c, j);
    }
}

static void got_headers(struct fetch_client *c, const void *p, size_t n)
{
    struct fetch_headers m;

    if (fetch_get_headers(&m, p, n) < 0)
        log_warn("the fetcher sent nonsense");
    else if (m.r.error != VM_FETCH_DENIED && find(c, m.ticket))
        vm_fetch_headers(c->conf.world, m.ticket, &m.r);
}

static void got_body(struct fetch_client *c, const void *p, size_t n)
{
    struct buf b = buf_wrap(p, n);
    uint64_t ticket;
    struct job *j;

    if (buf_get_u64(&b, &ticket) < 0 || (j = find(c, ticket)) == NULL)
        return;
    if (buf_put(&j->body, buf_ptr(&b), buf_len(&b)) == 0) {
        deliver(c, j);
        return;
    }
    vm_fetch_end(c->conf.world, ticket, VM_FETCH_BROKEN);
    drop(c, j);
}

static void got_end(struct fetch_client *c, const void *p, size_t n)
{
    struct fetch_end m;
    struct job *j;

    if (fetch_get_end(&m, p, n) < 0 || (j = find(c, m.ticket)) == NULL)
        return;
    j->end = m;
    if (m.error == VM_FETCH_DENIED) { /* silence, see above */
        drop(c, j);
        return;
    }
    j->ended = true;
    deliver(c, j);
}

static void line_recv(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    struct fetch_client *c = ctx;

    if (fd >= 0)
        close(fd);
    if (type == FETCH_HEADERS)
        got_headers(c, body, n);
    else if (type == FETCH_BODY)
        got_body(c, body, n);
    else if (type == FETCH_END)
        got_end(c, body, n);
}

/* What was under way is lost with the fetcher. */
static void line_closed(void *ctx)
{
    struct fetch_client *c = ctx;

    ipc_free(c->line);
    c->line = NULL;
    LIST_EACH_SAFE(l, &c->jobs)
    {
        struct job *j = LIST_ENTRY(l, struct job, in);
        if (!j->ended) {
            failed(c, j->has_src ? &j->src : NULL, j->url, "the fetcher ended");
            j->end.error = VM_FETCH_BROKEN;
            j->ended = true;
        }
        deliver(c, j);
    }
}

void fetch_client_link(struct fetch_client *c, int fd)
{
    if (c->line)
        line_closed(c);
    c->line = ipc_new(c->conf.loop, fd, QUEUE_MAX, line_recv, line_closed, c);
}

/* --- what machines want -------------------------------------------------------------- */

static unsigned jobs_of(const struct fetch_client *c, const struct event_source *src)
{
    unsigned n = 0;

    LIST_EACH(l, &c->jobs)
    {
        const struct job *j = LIST_ENTRY(l, struct job, in);
        n += src ? j->has_src && strcmp(j->src.session, src->session) == 0 : !j->has_src;
    }
    return n;
}

static int send_start(struct fetch_client *c, const struct event_source *src, uint64_t ticket,
                      const struct vm_fetch_req *req)
{
    struct fetch_start m = {.ticket = ticket,
                            .has_src = src != NULL,
                            .tool = req->tool,
                            .method = req->method,
                            .url = req->url,
                            .user_agent = req->user_agent,
                            .max_redirects = req->max_redirects,
                            .timeout_ms = req->timeout_ms > 0 ? (uint32_t)req->timeout_ms : 0,
                            .insecure = req->insecure};
    struct buf b;
    int r;

    if (src)
        m.src = *src;
    for (size_t i = 0; req->headers && req->headers[i] && i < FETCH_LINES_MAX; i++)
        m.lines[i] = req->headers[i];
    buf_init(&b, IPC_MAX);
    r = fetch_put_start(&b, &m);
    if (r == 0)
        r = ipc_send(c->line, FETCH_START, buf_ptr(&b), buf_len(&b), -1);
    buf_done(&b);
    return r;
}

static struct job *new_job(struct fetch_client *c, const struct event_source *src, uint64_t ticket,
                           const char *url)
{
    struct job *j = x_calloc(1, sizeof *j);

    if (!j || !(j->url = x_strdup(url))) {
        x_free(j);
        return NULL;
    }
    j->ticket = ticket;
    j->has_src = src != NULL;
    if (src)
        j->src = *src;
    buf_init(&j->body, FETCH_WINDOW);
    list_push(&c->jobs, &j->in);
    c->njobs++;
    return j;
}

/* Why a request is not passed to the fetcher; NULL: it is. */
static const char *not_passed(const struct fetch_client *c, const struct event_source *src,
                              const struct vm_fetch_req *req)
{
    if (c->conf.mode == CONF_FETCH_RECORD)
        return "recorded only";
    if (strcmp(req->method, "GET") != 0 && strcmp(req->method, "HEAD") != 0)
        return "not carried out: method";
    if (!c->line)
        return "the fetcher is away";
    return c->njobs >= TOGETHER_MAX || jobs_of(c, src) >= PER_SESSION_MAX
               ? "too many downloads at once"
               : NULL;
}

bool fetch_client_start(struct fetch_client *c, const struct event_source *src, uint64_t ticket,
                        const struct vm_fetch_req *req)
{
    const char *why;
    struct job *j = NULL;
    int r;

    if (c->conf.mode == CONF_FETCH_OFF)
        return false;
    why = not_passed(c, src, req);
    if (!why && !(j = new_job(c, src, ticket, req->url)))
        why = err_text(ERR_NOMEM);
    if (j && (r = send_start(c, src, ticket, req)) < 0) {
        drop(c, j);
        why = err_text(r);
    }
    if (why)
        failed(c, src, req->url, why);
    return !why;
}

static void deliver_more(void *ctx)
{
    struct fetch_client *c = ctx;

    LIST_EACH_SAFE(l, &c->jobs)
    {
        struct job *j = LIST_ENTRY(l, struct job, in);
        if (!j->more)
            continue;
        j->more = false;
        deliver(c, j);
    }
}

/* Called from inside the machine: bytes follow from the loop. */
void fetch_client_more(struct fetch_client *c, uint64_t ticket)
{
    struct job *j = find(c, ticket);

    if (!j)
        return;
    j->more = true;
    if (!c->more.slot && loop_timer_in(c->conf.loop, &c->more, 0, deliver_more, c) < 0)
        log_error("a download is stuck: no timer");
}

void fetch_client_cancel(struct fetch_client *c, uint64_t ticket)
{
    struct job *j = find(c, ticket);
    struct buf b;

    if (!j)
        return;
    buf_init(&b, 8);
    if (c->line && !j->ended &&
        (buf_put_u64(&b, ticket) < 0 ||
         ipc_send(c->line, FETCH_CANCEL, buf_ptr(&b), buf_len(&b), -1) < 0))
        log_warn("the fetcher does not listen");
    buf_done(&b);
    drop(c, j);
}

/* --- files that were told of ------------------------------------------------------------ */

static bool is_of(const struct brought *b, const struct event_source *src, uint64_t size)
{
    return size && b->size == size && src && strcmp(b->session, src->session) == 0;
}

bool fetch_client_expects(const struct fetch_client *c, const struct event_source *src,
                          uint64_t size)
{
    for (size_t i = 0; i < BROUGHT_MAX; i++)
        if (is_of(&c->brought[i], src, size))
            return true;
    return false;
}

bool fetch_client_told(struct fetch_client *c, const struct event_source *src, const void *p,
                       size_t n)
{
    uint8_t sha[32];

    hash_sha256(sha, p, n);
    for (size_t i = 0; i < BROUGHT_MAX; i++) {
        struct brought *b = &c->brought[i];
        if (is_of(b, src, n) && memcmp(b->sha, sha, sizeof sha) == 0) {
            b->size = 0;
            return true;
        }
    }
    return false;
}
