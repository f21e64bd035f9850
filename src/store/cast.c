/* cast.c -- asciicast version 2, written piece by piece and read whole.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/cast.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <openssl/evp.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"

struct cast {
    struct event_source source;
    int64_t start_us, at; /* at: bytes that are in the file */
    uint64_t size;        /* bytes of output, dropped ones included */
    int64_t max;          /* bytes of the file */
    struct buf out;
    bool full;
    EVP_MD_CTX *typed;
    struct {
        char bytes[4];
        size_t n;
    } cut[2]; /* the beginning of a sequence, of output and input */
};

static struct cast *make(const struct event *head)
{
    struct cast *c = x_calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->source = head->source;
    c->start_us = head->real_us;
    c->max = CAST_MAX;
    buf_init(&c->out, CAST_MAX + IPC_MAX);
    c->typed = EVP_MD_CTX_new();
    if (!c->typed || !EVP_DigestInit_ex(c->typed, EVP_sha256(), NULL)) {
        cast_free(c);
        return NULL;
    }
    return c;
}

void cast_free(struct cast *c)
{
    if (!c)
        return;
    EVP_MD_CTX_free(c->typed);
    buf_done(&c->out);
    x_free(c);
}

void cast_limit(struct cast *c, int64_t max)
{
    c->max = max;
}

/* --- writing -------------------------------------------------------------------- */

static void put_pair(struct str *s, const char *key, struct event_str v)
{
    if (!v.p || !v.n)
        return;
    json_key(s, key);
    json_str(s, v.p, v.n);
}

static void put_header(struct str *s, const struct store_tty_open *m, const struct event *head)
{
    const struct event_source *src = &head->source;
    char title[256];

    json_open(s, '{');
    json_key(s, "version");
    json_int(s, 2);
    json_key(s, "width");
    json_int(s, m->cols && m->cols < 10000 ? m->cols : 80);
    json_key(s, "height");
    json_int(s, m->rows && m->rows < 10000 ? m->rows : 24);
    json_key(s, "timestamp");
    json_int(s, head->real_us / 1000000);
    (void)str_fmt(title, sizeof title, "%.*s%s%s %s", (int)(m->user.n < 64 ? m->user.n : 64),
                  m->user.p ? m->user.p : "", m->user.n ? "@" : "", src->src_ip, src->session);
    json_key(s, "title");
    json_cstr(s, title);
    put_pair(s, "command", m->command);
    json_key(s, "env");
    json_open(s, '{');
    json_key(s, "SHELL");
    json_cstr(s, "/bin/bash");
    put_pair(s, "TERM", m->term);
    json_close(s, '}');
    json_key(s, "qrassh");
    json_open(s, '{');
    put_pair(s, "session", event_s(src->session));
    put_pair(s, "src_ip", event_s(src->src_ip));
    json_close(s, '}');
    json_close(s, '}');
    str_putc(s, '\n');
}

struct cast *cast_new(const struct store_tty_open *m, const struct event *head)
{
    struct arena_budget budget = {.max = 4 << 20};
    struct arena *a = arena_new(&budget, 0);
    struct cast *c = a ? make(head) : NULL;
    struct str s;

    if (c) {
        str_init(&s, a);
        put_header(&s, m, head);
        if (s.bad || buf_put(&c->out, str_text(&s), s.n)) {
            cast_free(c);
            c = NULL;
        }
    }
    arena_free(a);
    return c;
}

/* How many of the last bytes begin a UTF-8 sequence that may go on. */
static size_t cut_tail(const char *p, size_t n)
{
    for (size_t back = 1; back <= 3 && back <= n; back++) {
        unsigned char c = (unsigned char)p[n - back];
        size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;
        if (c < 0x80 || c >= 0xc0)
            return len > back ? back : 0;
    }
    return 0;
}

/* Puts {cut, bytes} together without what is cut at its end. */
static int join(struct cast *c, int which, struct event_str in, struct str *out)
{
    size_t tail;

    str_add(out, c->cut[which].bytes, c->cut[which].n);
    str_add(out, in.p, in.n);
    tail = cut_tail(str_text(out), out->n);
    memcpy(c->cut[which].bytes, str_text(out) + out->n - tail, tail);
    c->cut[which].n = tail;
    str_trunc(out, out->n - tail);
    return out->bad ? ERR_NOMEM : 0;
}

static bool is_size(struct event_str s)
{
    size_t i = 0, digits = 0;

    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    if (!i || i > 5 || i >= s.n || s.p[i] != 'x')
        return false;
    while (i + 1 + digits < s.n && s.p[i + 1 + digits] >= '0' && s.p[i + 1 + digits] <= '9')
        digits++;
    return digits && digits <= 5 && i + 1 + digits == s.n;
}

static int put_line(struct cast *c, int64_t real_us, char kind, struct event_str text,
                    struct arena *a)
{
    int64_t us = real_us > c->start_us ? real_us - c->start_us : 0;
    char head[64];
    struct str s;

    (void)str_fmt(head, sizeof head, "[%lld.%06lld, \"%c\", ", (long long)(us / 1000000),
                  (long long)(us % 1000000), kind);
    str_init(&s, a);
    str_puts(&s, head);
    str_putc(&s, '\n'); /* json_str adds a comma unless a line begins */
    json_str(&s, text.p, text.n);
    if (s.bad)
        return ERR_NOMEM;
    size_t skip = strlen(head);
    int err = buf_put(&c->out, head, skip);
    if (!err)
        err = buf_put(&c->out, s.s + skip + 1, s.n - skip - 1);
    return err ? err : buf_put(&c->out, "]\n", 2);
}

int cast_add(struct cast *c, int64_t real_us, char kind, struct event_str bytes)
{
    struct arena_budget budget = {.max = 4 << 20};
    struct arena *a;
    struct str text;
    int err = 0;

    if (kind == 'o')
        c->size += bytes.n;
    if (kind == 'i' && !EVP_DigestUpdate(c->typed, bytes.p, bytes.n))
        return ERR_CRYPTO;
    if (c->full || (kind == 'r' && !is_size(bytes)))
        return 0;
    if (!(a = arena_new(&budget, 0)))
        return ERR_NOMEM;
    str_init(&text, a);
    if (kind == 'o' || kind == 'i')
        err = join(c, kind == 'i', bytes, &text);
    else
        str_add(&text, bytes.p, bytes.n);
    if (!err && c->at + (int64_t)buf_len(&c->out) > c->max) {
        c->full = true;
        err = put_line(c, real_us, 'm', event_s("record ends here: too long"), a);
    } else if (!err && text.n) {
        err = put_line(c, real_us, kind, event_sn(str_text(&text), text.n), a);
    }
    arena_free(a);
    return err;
}

struct event_str cast_waiting(const struct cast *c)
{
    return event_sn(buf_ptr(&c->out), buf_len(&c->out));
}

void cast_taken(struct cast *c)
{
    c->at += (int64_t)buf_len(&c->out);
    buf_clear(&c->out);
    buf_shrink(&c->out);
}

int64_t cast_at(const struct cast *c)
{
    return c->at;
}

const struct event_source *cast_source(const struct cast *c)
{
    return &c->source;
}

void cast_closed(const struct cast *c, int64_t real_us, char sha[65], struct event_log_closed *out)
{
    unsigned char digest[32] = {0};
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    int64_t ms = real_us > c->start_us ? (real_us - c->start_us) / 1000 : 0;

    if (copy && EVP_MD_CTX_copy_ex(copy, c->typed))
        (void)!EVP_DigestFinal_ex(copy, digest, NULL);
    EVP_MD_CTX_free(copy);
    hex_encode(sha, digest, sizeof digest);
    *out = (struct event_log_closed){.size = (int64_t)c->size,
                                     .shasum = event_s(sha),
                                     .duration_ms = ms,
                                     .duration = (double)ms / 1000};
}

/* --- reading ---------------------------------------------------------------------- */

static void copy_text(const cJSON *j, const char *key, char *out, size_t n)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j, key));

    (void)str_copy(out, n, s ? s : "");
}

static unsigned get_size(const cJSON *j, const char *key, unsigned otherwise)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(j, key);

    return cJSON_IsNumber(v) && v->valuedouble >= 1 && v->valuedouble < 10000
               ? (unsigned)v->valuedouble
               : otherwise;
}

static int read_header(const char *line, size_t n, struct cast_header *h)
{
    cJSON *j = cJSON_ParseWithLength(line, n);
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(j, "timestamp");
    bool good = cJSON_IsObject(j) &&
                cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(j, "version")) == 2.0;

    memset(h, 0, sizeof *h);
    h->cols = get_size(j, "width", 80);
    h->rows = get_size(j, "height", 24);
    if (cJSON_IsNumber(start) && start->valuedouble >= 0 && start->valuedouble < 2.5e11)
        h->start_s = (int64_t)start->valuedouble;
    copy_text(j, "title", h->title, sizeof h->title);
    copy_text(j, "command", h->command, sizeof h->command);
    copy_text(cJSON_GetObjectItemCaseSensitive(j, "qrassh"), "session", h->session,
              sizeof h->session);
    cJSON_Delete(j);
    return good ? 0 : ERR_FORMAT;
}

static int read_line(const char *line, size_t n, cast_line_fn *fn, void *ctx)
{
    cJSON *j = cJSON_ParseWithLength(line, n);
    const cJSON *t = cJSON_GetArrayItem(j, 0);
    const char *kind = cJSON_GetStringValue(cJSON_GetArrayItem(j, 1));
    const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(j, 2));
    int err = 0;

    if (cJSON_IsArray(j) && cJSON_IsNumber(t) && isfinite(t->valuedouble) && t->valuedouble >= 0 &&
        kind && strlen(kind) == 1 && text) {
        struct cast_line l = {t->valuedouble, kind[0], text, strlen(text)};
        err = fn(ctx, &l);
    }
    cJSON_Delete(j);
    return err;
}

int cast_read(const char *text, size_t n, struct cast_header *h, cast_line_fn *fn, void *ctx)
{
    bool first = true;
    int err = 0;

    for (size_t at = 0; at < n && !err;) {
        const char *nl = memchr(text + at, '\n', n - at);
        size_t len = nl ? (size_t)(nl - (text + at)) : n - at;
        if (first)
            err = read_header(text + at, len, h);
        else if (len)
            err = read_line(text + at, len, fn, ctx);
        first = false;
        at += len + 1;
    }
    return first ? ERR_FORMAT : err;
}

static int resume_line(void *ctx, const struct cast_line *l)
{
    struct cast *c = ctx;

    if (l->kind == 'o')
        c->size += l->n;
    if (l->kind == 'i' && !EVP_DigestUpdate(c->typed, l->text, l->n))
        return ERR_CRYPTO;
    return 0;
}

struct cast *cast_resume(const char *path, const struct event *head)
{
    struct cast_header h;
    struct cast *c = make(head);
    struct buf b;

    if (!c)
        return NULL;
    buf_init(&b, CAST_READ_MAX);
    if (file_read(path, &b) ||
        cast_read((const char *)buf_ptr(&b), buf_len(&b), &h, resume_line, c)) {
        cast_free(c);
        c = NULL;
    } else {
        c->at = (int64_t)buf_len(&b);
    }
    buf_done(&b);
    return c;
}
