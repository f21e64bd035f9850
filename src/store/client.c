/* client.c -- a sender's side of the recorder.
 *
 * One list of messages in order: `first` is the oldest not confirmed, `next`
 * the first not sent on the present line. At most WINDOW bytes are on their
 * way, so that the recorder's memory is bounded by its number of senders.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/client.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/rng.h"

enum {
    SPOOL_MAX = 32 * 1024 * 1024,
    WINDOW = 8 * 1024 * 1024,
    TTY_PIECE = 32 * 1024,
};

struct message {
    struct message *next;
    uint64_t number;
    uint32_t type;
    int fd;
    size_t n, weight; /* of the body; of all that it holds */
    uint8_t body[];
};

struct store_client {
    struct store_client_conf conf;
    char name[64];
    struct ipc *line;
    bool resumed; /* the recorder has told where to go on */
    uint64_t instance, last;
    struct message *first, *end, *next;
    size_t waiting, on_the_way;
    uint64_t refused, untold;
    struct buf scratch;
};

struct store_client *store_client_new(const struct store_client_conf *conf)
{
    struct store_client *c = x_calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->conf = *conf;
    (void)str_copy(c->name, sizeof c->name, conf->name ? conf->name : "");
    if (!c->conf.spool_max)
        c->conf.spool_max = SPOOL_MAX;
    buf_init(&c->scratch, IPC_MAX);
    if (rng_secret(&c->instance, sizeof c->instance)) {
        x_free(c);
        return NULL;
    }
    return c;
}

static void drop_first(struct store_client *c)
{
    struct message *m = c->first;

    c->first = m->next;
    if (!c->first)
        c->end = NULL;
    if (c->next == m)
        c->next = m->next;
    else
        c->on_the_way -= m->weight;
    c->waiting -= m->weight;
    if (m->fd >= 0)
        close(m->fd);
    x_free(m);
}

void store_client_free(struct store_client *c)
{
    if (!c)
        return;
    while (c->first)
        drop_first(c);
    buf_done(&c->scratch);
    x_free(c);
}

size_t store_client_waiting(const struct store_client *c)
{
    return c->waiting;
}

uint64_t store_client_refused(const struct store_client *c)
{
    return c->refused;
}

/* --- the line ------------------------------------------------------------------- */

void store_client_pump(struct store_client *c)
{
    while (c->line && c->resumed && c->next && c->on_the_way < WINDOW) {
        struct message *m = c->next;
        int err = ipc_send(c->line, m->type | STORE_MSG_NUMBERED, m->body, m->n, m->fd);
        if (err == ERR_CLOSED)
            c->line = NULL;
        if (err)
            return;
        c->on_the_way += m->weight;
        c->next = m->next;
    }
}

void store_client_line(struct store_client *c, struct ipc *line)
{
    c->line = line;
    c->resumed = false;
    c->next = c->first;
    c->on_the_way = 0;
}

static void hello(struct store_client *c)
{
    buf_clear(&c->scratch);
    if (buf_put_u64(&c->scratch, c->instance) || buf_put_cstring(&c->scratch, c->name) ||
        !c->line ||
        ipc_send(c->line, STORE_MSG_HELLO, buf_ptr(&c->scratch), buf_len(&c->scratch), -1))
        log_warn("cannot greet the recorder");
}

static void tell_refused(struct store_client *c)
{
    struct event_limit e = {.which = event_s("records"), .count = (int64_t)c->untold};

    if (!c->untold || c->waiting > c->conf.spool_max / 2)
        return;
    c->untold = 0;
    if (store_client_event(c, EVENT_LIMIT, NULL, &e))
        log_warn("%lld records were refused", (long long)e.count);
}

void store_client_recv(struct store_client *c, uint32_t type, const void *body, size_t n)
{
    struct buf b = buf_wrap(body, n);
    uint64_t upto;

    if (type == STORE_MSG_WHO) {
        hello(c);
        return;
    }
    if ((type != STORE_MSG_ACK && type != STORE_MSG_RESUME) || buf_get_u64(&b, &upto))
        return;
    while (c->first && c->first->number <= upto)
        drop_first(c);
    if (type == STORE_MSG_RESUME) {
        c->resumed = true;
        c->next = c->first;
        c->on_the_way = 0;
    }
    tell_refused(c);
    store_client_pump(c);
}

/* --- messages ---------------------------------------------------------------------- */

static int refuse(struct store_client *c, int fd, int err)
{
    c->refused++;
    c->untold++;
    if (fd >= 0)
        close(fd);
    return err;
}

/* Adds c->scratch as a message; takes fd, whose content weighs more bytes. */
static int add(struct store_client *c, uint32_t type, int fd, size_t more)
{
    size_t n = buf_len(&c->scratch) + 8, weight = sizeof(struct message) + n + more;
    size_t max = type == STORE_MSG_TTY_DATA ? c->conf.spool_max / 4 * 3 : c->conf.spool_max;
    struct message *m;
    uint64_t number = c->last + 1;

    if (c->waiting + weight > max)
        return refuse(c, fd, ERR_LIMIT);
    if (!(m = x_malloc(sizeof *m + n)))
        return refuse(c, fd, ERR_NOMEM);
    *m = (struct message){.number = number, .type = type, .fd = fd, .n = n, .weight = weight};
    for (int i = 0; i < 8; i++)
        m->body[i] = (uint8_t)(number >> (56 - 8 * i));
    memcpy(m->body + 8, buf_ptr(&c->scratch), n - 8);
    if (c->end)
        c->end->next = m;
    else
        c->first = m;
    c->end = m;
    if (!c->next)
        c->next = m;
    c->waiting += weight;
    c->last = number;
    store_client_pump(c);
    return 0;
}

int store_client_event(struct store_client *c, enum event_id id, const struct event_source *src,
                       const void *fields)
{
    int err;

    buf_clear(&c->scratch);
    err = event_encode(&c->scratch, id, src, clock_real_us(c->conf.clock), fields);
    return err ? refuse(c, -1, err) : add(c, STORE_MSG_EVENT, -1, 0);
}

int store_client_tty_open(struct store_client *c, const struct event_source *src,
                          const struct store_tty_open *m)
{
    struct store_tty_open copy = *m;
    struct buf head;
    int err;

    buf_init(&head, EVENT_MAX);
    buf_clear(&c->scratch);
    err = event_encode(&head, EVENT_LOG_OPEN, src, clock_real_us(c->conf.clock),
                       &(struct event_log_open){.ttylog = m->name});
    copy.head = event_sn(buf_len(&head) ? buf_ptr(&head) : NULL, buf_len(&head));
    if (!err)
        err = store_put_tty_open(&c->scratch, &copy);
    buf_done(&head);
    return err ? refuse(c, -1, err) : add(c, STORE_MSG_TTY_OPEN, -1, 0);
}

int store_client_tty_data(struct store_client *c, uint64_t tty, char kind, const void *p, size_t n)
{
    struct store_tty_data m = {.tty = tty, .real_us = clock_real_us(c->conf.clock), .kind = kind};
    int err = 0;

    for (size_t at = 0; at < n && !err; at += m.bytes.n) {
        m.bytes = event_sn((const char *)p + at, n - at < TTY_PIECE ? n - at : TTY_PIECE);
        buf_clear(&c->scratch);
        err = store_put_tty_data(&c->scratch, &m);
        err = err ? refuse(c, -1, err) : add(c, STORE_MSG_TTY_DATA, -1, 0);
    }
    return err;
}

int store_client_tty_close(struct store_client *c, uint64_t tty)
{
    struct store_tty_close m = {.tty = tty, .real_us = clock_real_us(c->conf.clock)};
    int err;

    buf_clear(&c->scratch);
    err = store_put_tty_close(&c->scratch, &m);
    return err ? refuse(c, -1, err) : add(c, STORE_MSG_TTY_CLOSE, -1, 0);
}

/* Puts the message together; *fd becomes the memfd if content needs one. */
static int put_file(struct store_client *c, const struct event_source *src,
                    const struct store_client_file *f, struct buf *events, int *fd)
{
    int64_t now = clock_real_us(c->conf.clock);
    struct store_artefact m = {0};
    size_t first;
    int err = event_encode(events, EVENT_ARTEFACT, src, now, &f->what);

    first = buf_len(events);
    if (!err && f->also >= 0)
        err = event_encode(events, (enum event_id)f->also, src, now, f->also_fields);
    if (err)
        return err;
    m.event = event_sn(buf_ptr(events), first);
    if (f->also >= 0)
        m.also = event_sn(buf_ptr(events) + first, buf_len(events) - first);
    if (buf_len(events) + f->n <= STORE_INLINE_MAX) {
        m.content = event_sn(f->content ? f->content : "", f->n);
    } else if ((*fd = ipc_memfd("artefact", f->content, f->n)) < 0) {
        return *fd;
    }
    buf_clear(&c->scratch);
    return store_put_artefact(&c->scratch, &m);
}

int store_client_artefact(struct store_client *c, const struct event_source *src,
                          const struct store_client_file *f)
{
    struct buf events;
    int fd = -1, err;

    buf_init(&events, STORE_INLINE_MAX);
    err = put_file(c, src, f, &events, &fd);
    buf_done(&events);
    return err ? refuse(c, fd, err) : add(c, STORE_MSG_ARTEFACT, fd, fd >= 0 ? f->n : 0);
}
