/* store.c -- from messages to rows, lines and files.
 *
 * A batch is three buffers: encoded events, their JSON lines, and a list of
 * things the next commit has to do to files. Preparing a message changes memory
 * only; committing changes the disk only, so it can be tried again.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/store_priv.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "store/append.h"
#include "store/artefact.h"

static const char LOG[] = "log/qrassh.json";

void store_path(const struct store *s, const char *relative, char out[STORE_PATH])
{
    (void)str_fmt(out, STORE_PATH, "%s/%s", s->conf.dir, relative);
}

void store_shown(const struct store *s, const char *relative, char out[STORE_PATH])
{
    (void)str_fmt(out, STORE_PATH, "%s/%s", s->shown, relative);
}

/* --- preparing events ---------------------------------------------------------------- */

/* Adds a decoded event to the batch. */
int store_add(struct store *s, const struct event *e)
{
    const struct event_json_conf conf = {s->conf.sensor, s->conf.uuid, s->conf.epoch};
    struct arena_mark mark = arena_mark(s->arena);
    struct buf one;
    struct str line;
    int err;

    buf_init(&one, EVENT_MAX);
    str_init(&line, s->arena);
    event_json(&line, e, &conf);
    str_putc(&line, '\n');
    err = line.bad ? ERR_NOMEM
                   : event_encode(&one, (enum event_id)e->id, &e->source, e->real_us, &e->u);
    if (!err)
        err = buf_put_string(&s->events, buf_ptr(&one), buf_len(&one));
    if (!err)
        err = buf_put_u32(&s->events, (uint32_t)line.n);
    if (!err)
        err = buf_put(&s->json, str_text(&line), line.n);
    buf_done(&one);
    arena_reset(s->arena, mark);
    s->stats.events += !err;
    return err;
}

int store_add_new(struct store *s, enum event_id id, const struct event_source *src,
                  int64_t real_us, const void *fields)
{
    struct event *e = s->second;

    e->id = id;
    e->source = *src;
    e->real_us = real_us;
    memcpy(&e->u, fields, event_desc(id)->size);
    return store_add(s, e);
}

static int recv_event(struct store *s, const void *p, size_t n)
{
    int err = event_decode(s->event, p, n);

    return err ? err : store_add(s, s->event);
}

/* --- receiving -------------------------------------------------------------------------------- */

struct store_sender *store_sender_new(struct store *s, store_reply_fn *reply, void *ctx)
{
    struct store_sender *f = x_calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->store = s;
    f->reply = reply;
    f->ctx = ctx;
    list_init(&f->ttys);
    list_push(&s->senders, &f->link);
    reply(ctx, STORE_MSG_WHO, NULL, 0);
    return f;
}

void store_sender_free(struct store_sender *f)
{
    if (!f)
        return;
    store_tty_orphan(f);
    list_del(&f->link);
    x_free(f);
}

static void reply_number(struct store_sender *f, uint32_t type, uint64_t number)
{
    struct buf b;

    buf_init(&b, 16);
    if (!buf_put_u64(&b, number))
        f->reply(f->ctx, type, buf_ptr(&b), buf_len(&b));
    buf_done(&b);
}

static int recv_hello(struct store_sender *f, struct buf *b)
{
    uint64_t instance;
    int err = buf_get_u64(b, &instance);

    if (err || (err = db_sender_get(f->store->db, instance, &f->number)))
        return err;
    f->instance = instance;
    f->stored = f->number;
    f->known = true;
    f->refusing = false;
    reply_number(f, STORE_MSG_RESUME, f->number);
    return 0;
}

static int dispatch(struct store_sender *f, uint32_t type, struct buf *b, int fd)
{
    switch (type) {
    case STORE_MSG_EVENT:
        return recv_event(f->store, buf_ptr(b), buf_len(b));
    case STORE_MSG_TTY_OPEN:
        return store_tty_open(f, b);
    case STORE_MSG_TTY_DATA:
        return store_tty_data(f, b);
    case STORE_MSG_TTY_CLOSE:
        return store_tty_close(f, b);
    case STORE_MSG_ARTEFACT:
        return store_file_recv(f, b, fd);
    case STORE_MSG_HELLO:
        return recv_hello(f, b);
    default:
        return ERR_PROTOCOL;
    }
}

/* Is a numbered message the next one, and may it come now? */
static bool in_turn(struct store_sender *f, uint64_t number)
{
    if (!f->known || f->refusing || number <= f->number)
        return false;
    if (number != f->number + 1 || f->store->stalled || store_pending(f->store) > BATCH_FULL) {
        f->refusing = true; /* until a RESUME tells where to go on */
        return false;
    }
    f->number = number;
    return true;
}

void store_recv(struct store_sender *f, uint32_t type, const void *body, size_t n, int fd)
{
    struct buf b = buf_wrap(body, n);
    uint64_t number;
    int err = 0;

    if (type & STORE_MSG_NUMBERED) {
        err = buf_get_u64(&b, &number);
        type &= ~(uint32_t)STORE_MSG_NUMBERED;
        if (type == STORE_MSG_HELLO)
            err = ERR_PROTOCOL;
        else if (!err && in_turn(f, number))
            err = dispatch(f, type, &b, fd);
    } else if (type == STORE_MSG_HELLO || store_pending(f->store) <= BATCH_FULL) {
        err = dispatch(f, type, &b, fd);
    } else {
        err = ERR_LIMIT;
    }
    if (err) {
        f->store->stats.nonsense++;
        log_debug("message %u dropped: %s", type, err_text(err));
    }
    if (fd >= 0)
        close(fd);
}

size_t store_pending(const struct store *s)
{
    return buf_len(&s->events) + buf_len(&s->json) + s->file_bytes;
}

void store_get_stats(const struct store *s, struct store_stats *out)
{
    *out = s->stats;
}

/* --- committing ---------------------------------------------------------------------------------
 */

static int put_events(struct store *s)
{
    struct buf b = buf_wrap(buf_ptr(&s->events), buf_len(&s->events));
    size_t at = 0;
    int err = 0;

    while (buf_len(&b) && !err) {
        const uint8_t *p;
        size_t n;
        uint32_t line;
        if (buf_get_string(&b, &p, &n) || buf_get_u32(&b, &line) || event_decode(s->event, p, n))
            return ERR_FORMAT;
        /* without the newline */
        err = db_event(s->db, s->event, event_sn(buf_ptr(&s->json) + at, line - 1));
        at += line;
    }
    return err;
}

static int put_senders(struct store *s)
{
    char time[32];
    int err = 0;

    event_time(time, clock_real_us(s->conf.clock));
    LIST_EACH(l, &s->senders)
    {
        struct store_sender *f = LIST_ENTRY(l, struct store_sender, link);
        if (f->known && f->number != f->stored && !err)
            err = db_sender_set(s->db, f->instance, f->number, time);
    }
    return err;
}

static int transaction(struct store *s, int64_t json_at)
{
    int err = db_begin(s->db);

    if (err)
        return err;
    err = put_events(s);
    if (!err)
        err = db_journal_clear(s->db);
    if (!err && buf_len(&s->json))
        err = db_journal_add(s->db, LOG, json_at, buf_ptr(&s->json), buf_len(&s->json));
    if (!err)
        err = store_tty_put(s);
    if (!err)
        err = put_senders(s);
    if (!err)
        err = db_commit(s->db);
    if (err) {
        log_error("cannot store: %s", db_error(s->db));
        db_rollback(s->db);
    }
    return err;
}

static int write_journalled(void *ctx, const char *relative, int64_t at, const void *p, size_t n)
{
    char path[STORE_PATH];

    store_path(ctx, relative, path);
    return append_at(path, at, p, n);
}

/* What the committed transaction promised to the files. */
static int complete(struct store *s)
{
    int err = db_journal_each(s->db, write_journalled, s);

    if (err)
        log_error("cannot write records below %s: %s", s->conf.dir, strerror(errno));
    return err;
}

static void rotate(struct store *s, const char *log)
{
    int64_t today = clock_real_us(s->conf.clock) / INT64_C(86400000000);
    char day[32], to[STORE_PATH];
    struct stat st;

    if (s->day < 0 && stat(log, &st) == 0)
        s->day = (int64_t)st.st_mtime / 86400;
    if (s->day >= 0 && s->day < today && append_size(log) > 0) {
        event_time(day, s->day * INT64_C(86400000000));
        day[10] = '\0';
        for (unsigned i = 0; i < 1000; i++) {
            bool fits = i ? str_fmt(to, sizeof to, "%s.%s.%u", log, day, i)
                          : str_fmt(to, sizeof to, "%s.%s", log, day);
            if (fits && lstat(to, &st) < 0 && errno == ENOENT) {
                if (rename(log, to) < 0)
                    log_warn("cannot rename %s: %s", log, strerror(errno));
                break;
            }
        }
    }
    s->day = today;
}

static void forget_batch(struct store *s)
{
    store_tty_forget(s);
    store_file_forget(s);
    buf_clear(&s->events);
    buf_clear(&s->json);
}

static void tell_senders(struct store *s)
{
    LIST_EACH(l, &s->senders)
    {
        struct store_sender *f = LIST_ENTRY(l, struct store_sender, link);
        if (!f->known)
            continue;
        if (f->refusing) {
            f->refusing = false;
            reply_number(f, STORE_MSG_RESUME, f->number);
        } else if (f->stored != f->number) {
            reply_number(f, STORE_MSG_ACK, f->number);
        }
        f->stored = f->number;
    }
}

static bool is_idle(const struct store *s)
{
    if (buf_len(&s->events) || !list_empty(&s->files) || !list_empty(&s->dirty))
        return false;
    LIST_EACH(l, &s->senders)
    {
        struct store_sender *f = LIST_ENTRY(l, struct store_sender, link);
        if (f->number != f->stored || f->refusing)
            return false;
    }
    return true;
}

int store_commit(struct store *s)
{
    char log[STORE_PATH];
    int err = 0;

    store_path(s, LOG, log);
    /* Files that lag behind come first: the next transaction forgets what they need. */
    if (s->stalled)
        err = complete(s);
    if (!err && !is_idle(s)) {
        rotate(s, log);
        err = store_file_put(s);
        if (!err)
            err = transaction(s, append_size(log));
        if (!err) {
            s->stats.commits++;
            forget_batch(s);
            err = complete(s);
        }
    }
    s->stats.failures += err != 0;
    if (s->stalled && !err)
        log_info("records are being stored again");
    s->stalled = err != 0;
    if (!err)
        tell_senders(s);
    return err;
}

/* --- opening
 * -------------------------------------------------------------------------------------- */

static int open_parts(struct store *s, char *why, size_t n)
{
    static const char *const dirs[] = {"log", "tty", "artefacts"};
    char path[STORE_PATH];
    int err;

    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        store_path(s, dirs[i], path);
        if (mkdir(path, 0750) < 0 && errno != EEXIST) {
            (void)str_fmt(why, n, "cannot make %s: %s", path, strerror(errno));
            return ERR_IO;
        }
    }
    store_path(s, "qrassh.db", path);
    if ((err = db_open(path, &s->db, why, n)))
        return err;
    if ((err = db_sensor_set(s->db, s->conf.sensor ? s->conf.sensor : "")) ||
        (err = db_meta_set(s->db, "uuid", s->conf.uuid ? s->conf.uuid : "")) || (err = complete(s)))
        (void)str_fmt(why, n, "%s: %s", path, err == ERR_IO ? db_error(s->db) : err_text(err));
    return err;
}

int store_open(const struct store_conf *conf, struct store **out, char *why, size_t n)
{
    struct store *s = x_calloc(1, sizeof *s);
    int err = ERR_NOMEM;

    (void)str_copy(why, n, "out of memory");
    if (!s)
        return err;
    s->conf = *conf;
    s->shown = conf->shown ? conf->shown : conf->dir;
    s->day = -1;
    list_init(&s->senders);
    list_init(&s->dirty);
    list_init(&s->files);
    for (int i = 0; i < TTY_BUCKETS; i++)
        list_init(&s->ttys[i]);
    buf_init(&s->events, BATCH_MAX);
    buf_init(&s->json, BATCH_MAX);
    s->budget.max = 8 << 20;
    s->arena = arena_new(&s->budget, 64 * 1024);
    s->event = x_calloc(1, sizeof *s->event);
    s->second = x_calloc(1, sizeof *s->second);
    if (s->arena && s->event && s->second)
        err = open_parts(s, why, n);
    if (err) {
        store_close(s);
        return err;
    }
    *out = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    LIST_EACH_SAFE(l, &s->senders)
    store_sender_free(LIST_ENTRY(l, struct store_sender, link));
    /* A journal that is not needed any more must not bring lines back into a
     * log that was moved away meanwhile. */
    if (s->db && (store_commit(s) || db_journal_clear(s->db)))
        log_error("the last records were not stored");
    store_tty_free_all(s);
    store_file_forget(s);
    db_close(s->db);
    buf_done(&s->events);
    buf_done(&s->json);
    arena_free(s->arena);
    x_free(s->event);
    x_free(s->second);
    artefact_mime_done();
    x_free(s);
}
