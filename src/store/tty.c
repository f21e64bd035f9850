/* tty.c -- records of terminals between message and file.
 *
 * A record is a cast in memory whose new bytes go into the file with each
 * commit. What a new recorder needs to go on with it stands in the database.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/store_priv.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/log.h"

static struct list *bucket(struct store *s, uint64_t instance, uint64_t id)
{
    return &s->ttys[(instance * 31 + id * 0x9e3779b97f4a7c15u) >> 40 & (TTY_BUCKETS - 1)];
}

static void tty_relative(const struct store_tty *t, char out[80])
{
    (void)str_fmt(out, 80, "tty/%s.cast", t->name);
}

static void tty_path(const struct store *s, const struct store_tty *t, char out[STORE_PATH])
{
    char relative[80];

    tty_relative(t, relative);
    store_path(s, relative, out);
}

static void tty_shown(const struct store *s, const struct store_tty *t, char out[STORE_PATH])
{
    char relative[80];

    tty_relative(t, relative);
    store_shown(s, relative, out);
}

static void touch(struct store *s, struct store_tty *t)
{
    if (t->dirty.next == &t->dirty)
        list_push(&s->dirty, &t->dirty);
}

static struct store_tty *tty_make(struct store_sender *f, uint64_t id)
{
    struct store_tty *t = x_calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->instance = f->instance;
    t->id = id;
    buf_init(&t->head, EVENT_MAX);
    list_init(&t->dirty);
    list_push(bucket(f->store, f->instance, id), &t->all);
    list_push(&f->ttys, &t->own);
    return t;
}

static void tty_free(struct store_tty *t)
{
    list_del(&t->all);
    list_del(&t->dirty);
    list_del(&t->own);
    cast_free(t->cast);
    buf_done(&t->head);
    x_free(t);
}

/* A record that an earlier recorder began: found in the store, read from its
 * file. NULL if there is none. */
static struct store_tty *tty_resume(struct store_sender *f, uint64_t id)
{
    struct store *s = f->store;
    struct event_str head;
    struct store_tty *t;
    char name[64], path[STORE_PATH];

    if (!f->known || db_tty_find(s->db, f->instance, id, name, sizeof name, &head) ||
        event_decode(s->event, head.p, head.n) || !(t = tty_make(f, id)))
        return NULL;
    (void)str_copy(t->name, sizeof t->name, name);
    tty_path(s, t, path);
    t->stored = true;
    t->cast = cast_resume(path, s->event);
    if (!t->cast) {
        tty_free(t);
        return NULL;
    }
    if (s->conf.tty_max)
        cast_limit(t->cast, s->conf.tty_max);
    return t;
}

static struct store_tty *tty_find(struct store_sender *f, uint64_t id)
{
    LIST_EACH(l, bucket(f->store, f->instance, id))
    {
        struct store_tty *t = LIST_ENTRY(l, struct store_tty, all);
        if (t->instance == f->instance && t->id == id && !t->closed)
            return t;
    }
    return tty_resume(f, id);
}

/* File names come from a sensor: letters, digits and dashes only, and none
 * that is taken. */
static void tty_name(struct store *s, struct store_tty *t, struct event_str wish,
                     const char *session)
{
    char path[STORE_PATH], base[48] = "";
    struct stat st;
    size_t n = 0;

    for (size_t i = 0; i < wish.n && n < sizeof base - 1; i++) {
        char c = wish.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c == '-' && n))
            base[n++] = c;
    }
    base[n] = '\0';
    if (!n)
        (void)str_copy(base, sizeof base, session[0] ? session : "record");
    for (unsigned i = 1; i < 1000; i++) {
        bool taken = false;
        if (i == 1)
            (void)str_copy(t->name, sizeof t->name, base);
        else
            (void)str_fmt(t->name, sizeof t->name, "%s-%u", base, i);
        tty_path(s, t, path);
        LIST_EACH(l, &s->dirty)
        taken |= strcmp(LIST_ENTRY(l, struct store_tty, dirty)->name, t->name) == 0;
        if (!taken && lstat(path, &st) < 0 && errno == ENOENT)
            return;
    }
}

int store_tty_open(struct store_sender *f, struct buf *b)
{
    struct store *s = f->store;
    struct store_tty_open m;
    struct store_tty *t;
    char path[STORE_PATH];
    int err = store_get_tty_open(b, &m);

    if (err || (err = event_decode(s->event, m.head.p, m.head.n)))
        return err;
    if (s->event->id != EVENT_LOG_OPEN || tty_find(f, m.tty))
        return ERR_FORMAT;
    if (!(t = tty_make(f, m.tty)))
        return ERR_NOMEM;
    tty_name(s, t, m.name, s->event->source.session);
    tty_shown(s, t, path);
    t->cast = cast_new(&m, s->event);
    if (!t->cast || buf_put(&t->head, m.head.p, m.head.n)) {
        tty_free(t);
        return ERR_NOMEM;
    }
    if (s->conf.tty_max)
        cast_limit(t->cast, s->conf.tty_max);
    touch(s, t);
    return store_add_new(s, EVENT_LOG_OPEN, cast_source(t->cast), s->event->real_us,
                         &(struct event_log_open){.ttylog = event_s(path)});
}

int store_tty_data(struct store_sender *f, struct buf *b)
{
    struct store_tty_data m;
    struct store_tty *t;
    int err = store_get_tty_data(b, &m);

    if (err)
        return err;
    if (!(t = tty_find(f, m.tty)))
        return ERR_NOTFOUND;
    touch(f->store, t);
    return cast_add(t->cast, m.real_us, m.kind, m.bytes);
}

static int tty_close(struct store *s, struct store_tty *t, int64_t real_us)
{
    struct event_log_closed e;
    char path[STORE_PATH], sha[65];

    tty_shown(s, t, path);
    cast_closed(t->cast, real_us, sha, &e);
    e.ttylog = event_s(path);
    e.duplicate = db_typed_before(s->db, sha);
    t->closed = true;
    touch(s, t);
    return store_add_new(s, EVENT_LOG_CLOSED, cast_source(t->cast), real_us, &e);
}

int store_tty_close(struct store_sender *f, struct buf *b)
{
    struct store_tty_close m;
    struct store_tty *t;
    int err = store_get_tty_close(b, &m);

    if (err)
        return err;
    t = tty_find(f, m.tty);
    return t ? tty_close(f->store, t, m.real_us) : ERR_NOTFOUND;
}

/* --- at the commit ----------------------------------------------------------------- */

int store_tty_put(struct store *s)
{
    char path[80];
    int err = 0;

    LIST_EACH(l, &s->dirty)
    {
        struct store_tty *t = LIST_ENTRY(l, struct store_tty, dirty);
        struct event_str w = cast_waiting(t->cast);
        tty_relative(t, path);
        if (w.n && (err = db_journal_add(s->db, path, cast_at(t->cast), w.p, w.n)))
            return err;
        if (!t->stored && !t->closed)
            err = db_tty_opened(s->db, t->instance, t->id, t->name,
                                event_sn(buf_ptr(&t->head), buf_len(&t->head)));
        else if (t->stored && t->closed)
            err = db_tty_closed(s->db, t->instance, t->id);
        if (err)
            return err;
    }
    return 0;
}

void store_tty_forget(struct store *s)
{
    LIST_EACH_SAFE(l, &s->dirty)
    {
        struct store_tty *t = LIST_ENTRY(l, struct store_tty, dirty);
        cast_taken(t->cast);
        t->stored = true;
        buf_clear(&t->head);
        buf_shrink(&t->head);
        list_del(&t->dirty);
        if (t->closed)
            tty_free(t);
    }
}

void store_tty_orphan(struct store_sender *f)
{
    int64_t now = clock_real_us(f->store->conf.clock);

    LIST_EACH_SAFE(l, &f->ttys)
    {
        struct store_tty *t = LIST_ENTRY(l, struct store_tty, own);
        if (!t->closed && tty_close(f->store, t, now))
            log_warn("a terminal's record was not closed");
        list_del(&t->own); /* freed by the commit that stores it */
    }
}

void store_tty_free_all(struct store *s)
{
    for (int i = 0; i < TTY_BUCKETS; i++)
        LIST_EACH_SAFE(l, &s->ttys[i])
    tty_free(LIST_ENTRY(l, struct store_tty, all));
}
