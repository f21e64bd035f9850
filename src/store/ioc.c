/* ioc.c -- finds indicators in what is kept.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/ioc.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"

const char *ioc_kind_name(enum ioc_kind k)
{
    static const char *const names[IOC_KINDS] = {"address", "contact",   "domain",      "url",
                                                 "sha256",  "filename",  "credentials", "ssh-key",
                                                 "hassh",   "ssh-client"};

    return names[k];
}

/* --- in texts --------------------------------------------------------------------- */

enum { URL_MAX = 2048, HOST_MAX = 253 };

static bool is_public(const char *ip)
{
    struct in_addr a;

    if (inet_pton(AF_INET, ip, &a) != 1)
        return false;
    uint32_t v = ntohl(a.s_addr);
    return v >> 24 != 0 && v >> 24 != 10 && v >> 24 != 127 && v >> 20 != 0xac1 &&
           v >> 16 != 0xc0a8 && v >> 16 != 0xa9fe && v >> 22 != (100u << 2 | 1) && v >> 28 < 14;
}

/* A host of a URL, or a bare address. */
static void found_host(const char *p, size_t n, ioc_found_fn *fn, void *ctx)
{
    char host[HOST_MAX + 1];
    size_t letters = 0, dots = 0;

    if (n < 4 || n > HOST_MAX)
        return;
    for (size_t i = 0; i < n; i++) {
        char c = p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_')
            return;
        host[i] = letter ? (char)(c | 0x20) : c;
        letters += letter;
        dots += c == '.';
    }
    host[n] = '\0';
    if (!letters && is_public(host))
        fn(ctx, IOC_CONTACT, host, n);
    else if (letters && dots && host[0] != '.' && host[n - 1] != '.')
        fn(ctx, IOC_DOMAIN, host, n);
}

static size_t url_length(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && i < URL_MAX && (unsigned char)p[i] > ' ' && p[i] != 0x7f &&
           !strchr("\"'`<>|;&()\\{}", p[i]))
        i++;
    while (i && strchr(".,", p[i - 1]))
        i--;
    return i;
}

/* The length of a URL's scheme with "://" at p, or 0. */
static size_t scheme(const char *p, size_t n)
{
    static const char *const schemes[] = {"http://", "https://", "ftp://", "tftp://"};

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i]);
        if (n > len && strncasecmp(p, schemes[i], len) == 0)
            return len;
    }
    return 0;
}

static size_t found_url(const char *p, size_t n, size_t head, ioc_found_fn *fn, void *ctx)
{
    size_t len = url_length(p, n), end = head, at = head;

    if (len <= head)
        return head;
    while (end < len && !strchr("/?#", p[end]))
        end++;
    for (size_t i = head; i < end; i++)
        if (p[i] == '@')
            at = i + 1;
    while (at < end && end > at && memchr(p + at, ':', end - at))
        end = (size_t)((const char *)memchr(p + at, ':', end - at) - p);
    if (end == at)
        return head;
    fn(ctx, IOC_URL, p, len);
    found_host(p + at, end - at, fn, ctx);
    return len;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
}

void ioc_find(const char *text, size_t n, ioc_found_fn *fn, void *ctx)
{
    for (size_t i = 0; i < n;) {
        size_t len = scheme(text + i, n - i), digits = 0;
        bool begins = !i || (!is_word(text[i - 1]) && text[i - 1] != '.');
        if (len && begins) {
            i += found_url(text + i, n - i, len, fn, ctx);
            continue;
        }
        while (i + digits < n && digits < 16 &&
               ((text[i + digits] >= '0' && text[i + digits] <= '9') || text[i + digits] == '.'))
            digits++;
        if (begins && digits >= 7 && (i + digits == n || !is_word(text[i + digits]))) {
            size_t host = digits;
            while (host && text[i + host - 1] == '.')
                host--;
            found_host(text + i, host, fn, ctx);
        }
        i += digits ? digits : 1;
    }
}

/* --- in the store -------------------------------------------------------------------- */

struct gather {
    struct arena *a;
    struct map *map;
    const char *time, *session;
    bool full;
};

static void add(void *ctx, enum ioc_kind kind, const char *value, size_t n)
{
    struct gather *g = ctx;
    char key[URL_MAX + 16];
    struct ioc *i;

    if (!n || n > URL_MAX || g->full)
        return;
    (void)str_fmt(key, sizeof key, "%d %.*s", (int)kind, (int)n, value);
    if (!(i = map_get(g->map, key))) {
        i = arena_zalloc(g->a, sizeof *i);
        if (!i || !(i->value = arena_memdup(g->a, value, n)) || map_set(g->map, key, i)) {
            g->full = true;
            return;
        }
        i->kind = kind;
    }
    i->count++;
    if (!i->first[0] || strcmp(g->time, i->first) < 0)
        (void)str_copy(i->first, sizeof i->first, g->time);
    if (strcmp(g->time, i->last) > 0)
        (void)str_copy(i->last, sizeof i->last, g->time);
    if (strcmp(g->session, i->session) != 0) {
        i->sessions++;
        (void)str_copy(i->session, sizeof i->session, g->session);
    }
}

enum how { WHOLE, INSIDE };
/* Rows come ordered by session so that sessions are counted once each. */
static const struct {
    enum ioc_kind kind;
    enum how how;
    const char *sql; /* value, session, time; parameter: since */
} sources[] = {
    {IOC_ADDRESS, WHOLE, "SELECT ip, id, starttime FROM sessions WHERE starttime >= ? ORDER BY id"},
    {IOC_HASSH, WHOLE,
     "SELECT hassh, id, starttime FROM sessions WHERE starttime >= ? ORDER BY id"},
    {IOC_CLIENT, WHOLE,
     "SELECT version, s.id, starttime FROM sessions s JOIN clients c ON c.id = s.client"
     " WHERE starttime >= ? ORDER BY s.id"},
    {IOC_LOGIN, WHOLE,
     "SELECT username || char(10) || password, session, timestamp FROM auth"
     " WHERE timestamp >= ? AND password IS NOT NULL ORDER BY session"},
    {IOC_KEY, WHOLE,
     "SELECT fingerprint, session, timestamp FROM keyfingerprints WHERE timestamp >= ?"
     " ORDER BY session"},
    {IOC_SHA256, WHOLE,
     "SELECT sha256, session, timestamp FROM artefact_sources WHERE timestamp >= ?"
     " ORDER BY session"},
    {IOC_FILENAME, WHOLE,
     "SELECT path, session, timestamp FROM artefact_sources WHERE timestamp >= ?"
     " ORDER BY session"},
    {IOC_URL, INSIDE,
     "SELECT url, session, timestamp FROM artefact_sources WHERE timestamp >= ?1"
     " UNION ALL SELECT url, session, timestamp FROM downloads WHERE timestamp >= ?1"
     " UNION ALL SELECT input, session, timestamp FROM input WHERE timestamp >= ?1"
     " ORDER BY 2"},
};

static const char *column(sqlite3_stmt *st, int i)
{
    const char *s = (const char *)sqlite3_column_text(st, i);

    return s ? s : "";
}

static int gather_from(struct gather *g, sqlite3 *db, size_t which, const char *since)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, sources[which].sql, -1, &st, NULL);

    if (rc == SQLITE_OK)
        sqlite3_bind_text(st, 1, since, -1, SQLITE_STATIC);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        if ((rc = sqlite3_step(st)) != SQLITE_ROW)
            break;
        const char *value = column(st, 0);
        g->session = column(st, 1);
        g->time = column(st, 2);
        if (sources[which].how == WHOLE)
            add(g, sources[which].kind, value, strlen(value));
        else
            ioc_find(value, strlen(value), add, g);
    }
    sqlite3_finalize(st);
    return rc != SQLITE_DONE ? ERR_IO : g->full ? ERR_NOMEM : 0;
}

int ioc_gather(sqlite3 *db, const char *since, struct arena *a, struct map **out)
{
    struct gather g = {.a = a, .map = map_new(a)};
    int err = g.map ? 0 : ERR_NOMEM;

    for (size_t i = 0; i < sizeof sources / sizeof sources[0] && !err; i++)
        err = gather_from(&g, db, i, since);
    if (!err)
        *out = g.map;
    return err;
}
