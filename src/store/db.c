/* db.c -- events become rows through map.def; nothing here knows one by name.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/db.h"

#include <sqlite3.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "store/schema.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct {
    enum event_id id;
    const char *sql;
} map[] = {
#define MAP(ID, sql) {EVENT_##ID, sql},
#include "store/map.def"
#undef MAP
};
static const char any_sql[] = "INSERT INTO events(session, timestamp, eventid, json)"
                              " VALUES(:session, :timestamp, :eventid, :json)";

/* Where the value of a statement's parameter comes from. */
enum source {
    FROM_FIELD,
    SESSION,
    SRC_IP,
    SRC_PORT,
    DST_IP,
    DST_PORT,
    PROTOCOL,
    TIMESTAMP,
    EVENTID,
    JSON
};
static const char *const envelope[] = {"",         "session",  "src_ip",    "src_port", "dst_ip",
                                       "dst_port", "protocol", "timestamp", "eventid",  "json"};

enum { PARAMS_MAX = 24 };
struct row {
    sqlite3_stmt *st;
    int nparams;
    struct {
        enum source from;
        const struct event_field *field;
    } params[PARAMS_MAX];
};

enum fixed {
    BEGIN,
    COMMIT,
    ROLLBACK,
    JOURNAL_CLEAR,
    JOURNAL_ADD,
    JOURNAL_EACH,
    SENDER_GET,
    SENDER_SET,
    TTY_OPENED,
    TTY_CLOSED,
    TTY_FIND,
    ARTEFACT_KNOWN,
    TYPED_BEFORE,
    META_SET,
    SENSOR_SET,
    FIXED_COUNT
};
static const char *const fixed_sql[FIXED_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [JOURNAL_CLEAR] = "DELETE FROM journal",
    [JOURNAL_ADD] = "INSERT INTO journal(path, at, bytes) VALUES(?, ?, ?)",
    [JOURNAL_EACH] = "SELECT path, at, bytes FROM journal ORDER BY id",
    [SENDER_GET] = "SELECT number FROM senders WHERE instance = ?",
    [SENDER_SET] = "INSERT OR REPLACE INTO senders(instance, number, timestamp) VALUES(?, ?, ?)",
    [TTY_OPENED] = "INSERT OR REPLACE INTO ttyopen(instance, tty, path, head) VALUES(?, ?, ?, ?)",
    [TTY_CLOSED] = "DELETE FROM ttyopen WHERE instance = ? AND tty = ?",
    [TTY_FIND] = "SELECT path, head FROM ttyopen WHERE instance = ? AND tty = ?",
    [ARTEFACT_KNOWN] = "SELECT 1 FROM artefacts WHERE sha256 = ?",
    [TYPED_BEFORE] = "SELECT 1 FROM ttylog WHERE shasum = ? LIMIT 1",
    [META_SET] = "INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)",
    [SENSOR_SET] = "INSERT OR REPLACE INTO sensors(id, ip) VALUES(1, ?)",
};

struct db {
    sqlite3 *sql;
    sqlite3_stmt *fixed[FIXED_COUNT];
    struct row rows[COUNT(map)];
    uint16_t first[EVENT_COUNT], count[EVENT_COUNT]; /* an event's rows; count 0: any */
    struct row any[EVENT_COUNT];                     /* share one statement */
    struct arena_budget budget;
    struct arena *arena; /* texts being bound */
};

const char *db_error(struct db *d)
{
    return sqlite3_errmsg(d->sql);
}

/* --- opening -------------------------------------------------------------------- */

static int user_version(sqlite3 *sql)
{
    sqlite3_stmt *st;
    int v = -1;

    if (sqlite3_prepare_v2(sql, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        v = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return v;
}

/* Each step in a transaction of its own, so that a crash leaves a version. */
static int migrate(sqlite3 *sql)
{
    char set[64];
    int have = user_version(sql);

    if (have < 0)
        return ERR_IO;
    if (have > schema_version())
        return ERR_VERSION;
    for (int v = have + 1; v <= schema_version(); v++) {
        (void)str_fmt(set, sizeof set, "PRAGMA user_version = %d", v);
        if (sqlite3_exec(sql, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(sql, schema_step(v), NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(sql, set, NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(sql, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
            return ERR_IO;
    }
    return 0;
}

static int row_bindings(struct row *r, enum event_id id)
{
    r->nparams = sqlite3_bind_parameter_count(r->st);
    if (r->nparams > PARAMS_MAX)
        return ERR_LIMIT;
    for (int i = 0; i < r->nparams; i++) {
        const char *name = sqlite3_bind_parameter_name(r->st, i + 1) + 1;
        r->params[i].field = event_field(event_desc(id), name);
        if (r->params[i].field)
            continue;
        for (size_t k = 1; k < COUNT(envelope); k++)
            if (strcmp(envelope[k], name) == 0)
                r->params[i].from = (enum source)k;
        if (r->params[i].from == FROM_FIELD)
            return ERR_NOTFOUND;
    }
    return 0;
}

static int prepare(struct db *d, const char *sql, sqlite3_stmt **out)
{
    int rc = sqlite3_prepare_v3(d->sql, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);

    return rc == SQLITE_OK ? 0 : ERR_IO;
}

static int prepare_all(struct db *d)
{
    sqlite3_stmt *any;
    int err;

    for (int i = 0; i < FIXED_COUNT; i++)
        if ((err = prepare(d, fixed_sql[i], &d->fixed[i])))
            return err;
    for (size_t i = 0; i < COUNT(map); i++) {
        if ((err = prepare(d, map[i].sql, &d->rows[i].st)) ||
            (err = row_bindings(&d->rows[i], map[i].id)))
            return err;
        if (!d->count[map[i].id]++)
            d->first[map[i].id] = (uint16_t)i;
    }
    if ((err = prepare(d, any_sql, &any)))
        return err;
    for (unsigned id = 0; id < EVENT_COUNT; id++) {
        d->any[id].st = any;
        if ((err = row_bindings(&d->any[id], id)))
            return err;
    }
    return 0;
}

int db_open(const char *path, struct db **out, char *why, size_t n)
{
    struct db *d = x_calloc(1, sizeof *d);
    int err;

    if (!d)
        return ERR_NOMEM;
    d->budget.max = 16 << 20;
    d->arena = arena_new(&d->budget, 16 * 1024);
    if (sqlite3_open_v2(path, &d->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
            SQLITE_OK ||
        sqlite3_busy_timeout(d->sql, 2000) != SQLITE_OK ||
        sqlite3_exec(d->sql,
                     "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA "
                     "synchronous = NORMAL;"
                     "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;"
                     "PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY",
                     NULL, NULL, NULL) != SQLITE_OK)
        err = ERR_IO;
    else
        err = migrate(d->sql);
    if (!err)
        err = d->arena ? prepare_all(d) : ERR_NOMEM;
    if (err) {
        (void)str_fmt(why, n, "%s: %s", path,
                      err == ERR_VERSION ? "written by a newer version of this program"
                                         : sqlite3_errmsg(d->sql));
        db_close(d);
        return err;
    }
    *out = d;
    return 0;
}

void db_close(struct db *d)
{
    if (!d)
        return;
    for (int i = 0; i < FIXED_COUNT; i++)
        sqlite3_finalize(d->fixed[i]);
    for (size_t i = 0; i < COUNT(map); i++)
        sqlite3_finalize(d->rows[i].st);
    sqlite3_finalize(d->any[0].st);
    if (sqlite3_close(d->sql) != SQLITE_OK)
        log_error("the store would not close: %s", sqlite3_errmsg(d->sql));
    arena_free(d->arena);
    x_free(d);
}

/* --- writing -------------------------------------------------------------------- */

static int run(struct db *d, enum fixed which)
{
    int rc = sqlite3_step(d->fixed[which]);

    sqlite3_reset(d->fixed[which]);
    return rc == SQLITE_DONE ? 0 : ERR_IO;
}

int db_begin(struct db *d)
{
    return run(d, BEGIN);
}

int db_commit(struct db *d)
{
    return run(d, COMMIT);
}

void db_rollback(struct db *d)
{
    if (!sqlite3_get_autocommit(d->sql) && run(d, ROLLBACK))
        log_error("cannot roll back: %s", db_error(d));
}

static void bind_owned(struct db *d, sqlite3_stmt *st, int at, const struct str *s)
{
    (void)d;
    sqlite3_bind_text(st, at, str_text(s), (int)s->n, SQLITE_STATIC);
}

static void bind_list(struct db *d, sqlite3_stmt *st, int at, int type, const void *value)
{
    struct str s;
    char num[32];

    str_init(&s, d->arena);
    json_open(&s, '[');
    if (type == EVENT_NUMS) {
        const struct event_nums *l = value;
        for (size_t i = 0; i < l->n; i++) {
            (void)str_fmt(num, sizeof num, "%.7g", (double)l->v[i]);
            json_raw(&s, num);
        }
    } else {
        const struct event_strs *l = value;
        for (size_t i = 0; i < l->n; i++)
            json_str(&s, l->v[i].p, l->v[i].n);
    }
    json_close(&s, ']');
    bind_owned(d, st, at, &s);
}

static void bind_text(struct db *d, sqlite3_stmt *st, int at, int type, struct event_str v)
{
    struct str s;

    if (!v.p) {
        sqlite3_bind_null(st, at);
    } else if (type == EVENT_STR && utf8_valid(v.p, v.n)) {
        sqlite3_bind_text(st, at, v.p, (int)v.n, SQLITE_STATIC);
    } else {
        str_init(&s, d->arena);
        event_text(&s, type, v);
        bind_owned(d, st, at, &s);
    }
}

static void bind_field(struct db *d, sqlite3_stmt *st, int at, const struct event *e,
                       const struct event_field *f)
{
    const void *value = (const char *)&e->u + f->offset;

    switch (f->type) {
    case EVENT_INT:
        sqlite3_bind_int64(st, at, *(const int64_t *)value);
        break;
    case EVENT_BOOL:
        sqlite3_bind_int(st, at, *(const bool *)value);
        break;
    case EVENT_DBL:
        sqlite3_bind_double(st, at, *(const double *)value);
        break;
    case EVENT_STRS:
    case EVENT_NUMS:
        bind_list(d, st, at, f->type, value);
        break;
    default:
        bind_text(d, st, at, f->type, *(const struct event_str *)value);
    }
}

static void bind_cstr(sqlite3_stmt *st, int at, const char *s)
{
    sqlite3_bind_text(st, at, s, -1, SQLITE_STATIC);
}

static void bind_envelope(sqlite3_stmt *st, int at, const struct event *e, enum source from,
                          const char *time, struct event_str json)
{
    const struct event_source *s = &e->source;

    switch (from) {
    case SESSION:
        bind_cstr(st, at, s->session[0] ? s->session : NULL);
        break;
    case SRC_IP:
        bind_cstr(st, at, s->src_ip);
        break;
    case SRC_PORT:
        sqlite3_bind_int(st, at, s->src_port);
        break;
    case DST_IP:
        bind_cstr(st, at, s->dst_ip);
        break;
    case DST_PORT:
        sqlite3_bind_int(st, at, s->dst_port);
        break;
    case PROTOCOL:
        bind_cstr(st, at, event_protocol_name(s->protocol));
        break;
    case TIMESTAMP:
        bind_cstr(st, at, time);
        break;
    case EVENTID:
        bind_cstr(st, at, event_desc(e->id)->name);
        break;
    case JSON:
        sqlite3_bind_text(st, at, json.p, (int)json.n, SQLITE_STATIC);
        break;
    case FROM_FIELD:
        break;
    }
}

static int put_row(struct db *d, struct row *r, const struct event *e, const char *time,
                   struct event_str json)
{
    struct arena_mark mark = arena_mark(d->arena);
    int rc;

    for (int i = 0; i < r->nparams; i++) {
        if (r->params[i].field)
            bind_field(d, r->st, i + 1, e, r->params[i].field);
        else
            bind_envelope(r->st, i + 1, e, r->params[i].from, time, json);
    }
    rc = sqlite3_step(r->st);
    sqlite3_reset(r->st);
    arena_reset(d->arena, mark);
    /* A row that breaks a rule of the schema is a sensor's nonsense: the JSON
     * line has it; it must not hold up the others. */
    if (rc == SQLITE_CONSTRAINT)
        log_warn("no row for %s: %s", event_desc(e->id)->name, db_error(d));
    return rc == SQLITE_DONE || rc == SQLITE_CONSTRAINT ? 0 : ERR_IO;
}

int db_event(struct db *d, const struct event *e, struct event_str json)
{
    char time[32];
    int err = 0;

    event_time(time, e->real_us);
    if (!d->count[e->id])
        return put_row(d, &d->any[e->id], e, time, json);
    /* The rows of one event need not be neighbours in the map. */
    for (size_t i = d->first[e->id], left = d->count[e->id]; left && !err; i++)
        if (map[i].id == e->id) {
            err = put_row(d, &d->rows[i], e, time, json);
            left--;
        }
    return err;
}

/* --- journal, senders, the rest ----------------------------------------------------- */

int db_journal_clear(struct db *d)
{
    return run(d, JOURNAL_CLEAR);
}

int db_journal_add(struct db *d, const char *path, int64_t at, const void *p, size_t n)
{
    sqlite3_stmt *st = d->fixed[JOURNAL_ADD];

    bind_cstr(st, 1, path);
    sqlite3_bind_int64(st, 2, at);
    sqlite3_bind_blob64(st, 3, p, n, SQLITE_STATIC);
    return run(d, JOURNAL_ADD);
}

int db_journal_each(struct db *d, db_journal_fn *fn, void *ctx)
{
    sqlite3_stmt *st = d->fixed[JOURNAL_EACH];
    int rc, err = 0;

    while (!err && (rc = sqlite3_step(st)) == SQLITE_ROW)
        err = fn(ctx, (const char *)sqlite3_column_text(st, 0), sqlite3_column_int64(st, 1),
                 sqlite3_column_blob(st, 2), (size_t)sqlite3_column_bytes(st, 2));
    sqlite3_reset(st);
    return err ? err : rc == SQLITE_DONE ? 0 : ERR_IO;
}

int db_sender_get(struct db *d, uint64_t instance, uint64_t *number)
{
    sqlite3_stmt *st = d->fixed[SENDER_GET];
    int rc;

    sqlite3_bind_int64(st, 1, (int64_t)instance);
    rc = sqlite3_step(st);
    *number = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : ERR_IO;
}

int db_sender_set(struct db *d, uint64_t instance, uint64_t number, const char *time)
{
    sqlite3_stmt *st = d->fixed[SENDER_SET];

    sqlite3_bind_int64(st, 1, (int64_t)instance);
    sqlite3_bind_int64(st, 2, (int64_t)number);
    bind_cstr(st, 3, time);
    return run(d, SENDER_SET);
}

int db_tty_opened(struct db *d, uint64_t instance, uint64_t tty, const char *path,
                  struct event_str head)
{
    sqlite3_stmt *st = d->fixed[TTY_OPENED];

    sqlite3_bind_int64(st, 1, (int64_t)instance);
    sqlite3_bind_int64(st, 2, (int64_t)tty);
    bind_cstr(st, 3, path);
    sqlite3_bind_blob64(st, 4, head.p, head.n, SQLITE_STATIC);
    return run(d, TTY_OPENED);
}

int db_tty_closed(struct db *d, uint64_t instance, uint64_t tty)
{
    sqlite3_bind_int64(d->fixed[TTY_CLOSED], 1, (int64_t)instance);
    sqlite3_bind_int64(d->fixed[TTY_CLOSED], 2, (int64_t)tty);
    return run(d, TTY_CLOSED);
}

int db_tty_find(struct db *d, uint64_t instance, uint64_t tty, char *path, size_t n,
                struct event_str *head)
{
    sqlite3_stmt *st = d->fixed[TTY_FIND];

    sqlite3_reset(st); /* head lived until now */
    sqlite3_bind_int64(st, 1, (int64_t)instance);
    sqlite3_bind_int64(st, 2, (int64_t)tty);
    if (sqlite3_step(st) != SQLITE_ROW ||
        !str_copy(path, n, (const char *)sqlite3_column_text(st, 0))) {
        sqlite3_reset(st);
        return ERR_NOTFOUND;
    }
    *head = event_sn(sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1));
    return 0;
}

static bool exists(struct db *d, enum fixed which, const char *key)
{
    sqlite3_stmt *st = d->fixed[which];
    bool found;

    bind_cstr(st, 1, key);
    found = sqlite3_step(st) == SQLITE_ROW;
    sqlite3_reset(st);
    return found;
}

bool db_artefact_known(struct db *d, const char *sha256)
{
    return exists(d, ARTEFACT_KNOWN, sha256);
}

bool db_typed_before(struct db *d, const char *shasum)
{
    return exists(d, TYPED_BEFORE, shasum);
}

int db_meta_set(struct db *d, const char *key, const char *value)
{
    bind_cstr(d->fixed[META_SET], 1, key);
    bind_cstr(d->fixed[META_SET], 2, value);
    return run(d, META_SET);
}

int db_sensor_set(struct db *d, const char *name)
{
    bind_cstr(d->fixed[SENSOR_SET], 1, name);
    return run(d, SENSOR_SET);
}
