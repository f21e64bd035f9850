/* retain.c -- removes what is old or too much.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/retain.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "event/event.h"

enum { PATH = 4352 };
static const int64_t YOUNG_S = 3600; /* never removed for their bytes */

struct file {
    struct file *next;
    int64_t mtime, size;
    bool gone;
    char path[];
};

struct sweep {
    const struct retain_conf *conf;
    struct retain_stats *stats;
    struct file *files;
    size_t n;
    int err;
};

/* --- files ---------------------------------------------------------------------- */

static bool is_todays_log(const char *name)
{
    return strcmp(name, "qrassh.json") == 0;
}

static void collect(struct sweep *w, const char *sub)
{
    char dir[PATH];
    struct stat st;
    DIR *d;

    if (!str_fmt(dir, sizeof dir, "%s/%s", w->conf->dir, sub) || !(d = opendir(dir)))
        return;
    for (struct dirent *e; (e = readdir(d));) {
        size_t n = strlen(dir) + strlen(e->d_name) + 2;
        struct file *f;
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
            continue;
        w->stats->left += (uint64_t)st.st_size;
        if (is_todays_log(e->d_name))
            continue;
        if (!(f = x_malloc(sizeof *f + n))) {
            w->err = ERR_NOMEM;
            break;
        }
        *f = (struct file){.next = w->files, .mtime = st.st_mtime, .size = st.st_size};
        (void)str_fmt(f->path, n, "%s/%s", dir, e->d_name);
        w->files = f;
        w->n++;
    }
    closedir(d);
}

static void take_away(struct sweep *w, struct file *f, const char *why)
{
    if (f->gone)
        return;
    if (w->conf->report)
        fprintf(w->conf->report, "%s  %lld bytes, %s\n", f->path, (long long)f->size, why);
    if (!w->conf->dry && unlink(f->path) < 0) {
        w->err = ERR_IO;
        return;
    }
    f->gone = true;
    w->stats->files++;
    w->stats->bytes += (uint64_t)f->size;
    w->stats->left -= (uint64_t)f->size;
}

static int by_age(const void *a, const void *b)
{
    const struct file *x = *(struct file *const *)a, *y = *(struct file *const *)b;

    return x->mtime < y->mtime ? -1 : x->mtime > y->mtime;
}

/* The oldest first, until what is left fits. */
static void fit(struct sweep *w)
{
    struct file **all;
    size_t i = 0;
    int64_t young = w->conf->now_us / 1000000 - YOUNG_S;

    if (w->stats->left <= w->conf->max_bytes || !w->n)
        return;
    if (!(all = x_calloc(w->n, sizeof *all))) {
        w->err = ERR_NOMEM;
        return;
    }
    for (struct file *f = w->files; f; f = f->next)
        all[i++] = f;
    qsort(all, w->n, sizeof *all, by_age);
    for (i = 0; i < w->n && w->stats->left > w->conf->max_bytes; i++)
        if (all[i]->mtime < young)
            take_away(w, all[i], "too much is kept");
    x_free(all);
}

static void sweep_files(struct sweep *w)
{
    int64_t oldest = (w->conf->now_us - w->conf->keep_us) / 1000000;

    collect(w, "tty");
    collect(w, "artefacts");
    collect(w, "log");
    for (struct file *f = w->files; f; f = f->next)
        if (f->mtime < oldest)
            take_away(w, f, "too old");
    fit(w);
    for (struct file *f = w->files, *next; f; f = next) {
        next = f->next;
        x_free(f);
    }
}

/* --- rows ------------------------------------------------------------------------- */

static const struct {
    const char *table, *key, *time;
} tables[] = {
    {"auth", "id", "timestamp"},
    {"input", "id", "timestamp"},
    {"downloads", "id", "timestamp"},
    {"ttylog", "id", "timestamp"},
    {"keyfingerprints", "id", "timestamp"},
    {"ipforwards", "id", "timestamp"},
    {"ipforwardsdata", "id", "timestamp"},
    {"decisions", "id", "timestamp"},
    {"transitions", "id", "timestamp"},
    {"policies", "id", "timestamp"},
    {"artefact_sources", "id", "timestamp"},
    {"artefacts", "sha256", "last_seen"},
    {"events", "id", "timestamp"},
    {"senders", "instance", "timestamp"},
    {"sessions", "id", "starttime"},
};

static int sweep_table(struct sweep *w, sqlite3 *db, size_t i, const char *oldest)
{
    char sql[300];
    sqlite3_stmt *st = NULL;
    int64_t limit = w->conf->rows_max ? (int64_t)w->conf->rows_max : INT64_MAX;
    int rc;

    (void)str_fmt(sql, sizeof sql,
                  w->conf->dry ? "SELECT COUNT(*) FROM (SELECT %s FROM %s WHERE %s < ? LIMIT ?)"
                               : "DELETE FROM %2$s WHERE %1$s IN"
                                 " (SELECT %1$s FROM %2$s WHERE %3$s < ? LIMIT ?)",
                  tables[i].key, tables[i].table, tables[i].time);
    rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(st, 1, oldest, -1, SQLITE_STATIC);
        sqlite3_bind_int64(st, 2, limit);
        rc = sqlite3_step(st);
        if (rc == SQLITE_ROW)
            w->stats->rows += (uint64_t)sqlite3_column_int64(st, 0);
        else if (rc == SQLITE_DONE)
            w->stats->rows += (uint64_t)sqlite3_changes64(db);
    }
    sqlite3_finalize(st);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : ERR_IO;
}

static void sweep_rows(struct sweep *w)
{
    char path[PATH], oldest[32];
    struct stat st;
    sqlite3 *db = NULL;
    int err = 0;

    if (!str_fmt(path, sizeof path, "%s/qrassh.db", w->conf->dir) || stat(path, &st) < 0)
        return;
    w->stats->left += (uint64_t)st.st_size;
    event_time(oldest, w->conf->now_us > w->conf->keep_us ? w->conf->now_us - w->conf->keep_us : 0);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(db, 10000) != SQLITE_OK)
        err = ERR_IO;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0] && !err; i++)
        err = sweep_table(w, db, i, oldest);
    if (!err && !w->conf->dry &&
        sqlite3_exec(db, "PRAGMA incremental_vacuum(4000)", NULL, NULL, NULL) != SQLITE_OK)
        err = ERR_IO;
    if (err) {
        log_warn("old rows stay: %s", sqlite3_errmsg(db));
        w->err = err;
    }
    sqlite3_close(db);
}

int retain_run(const struct retain_conf *conf, struct retain_stats *out)
{
    struct sweep w = {.conf = conf, .stats = out};

    memset(out, 0, sizeof *out);
    sweep_rows(&w);
    sweep_files(&w);
    return w.err;
}
