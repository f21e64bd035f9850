/* fetch_proto.c -- messages between a sensor and the fetcher, as bytes.
 *
 * Texts travel with their NUL, so that the reader can point into the message.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "role/fetch_proto.h"

#include <string.h>

static int put_text(struct buf *b, const char *s, size_t max)
{
    size_t n = s ? strlen(s) + 1 : 0;

    return n > max ? ERR_LIMIT : buf_put_string(b, s ? s : "", n);
}

/* NULL comes back as NULL. */
static int get_text(struct buf *b, const char **s)
{
    const uint8_t *p;
    size_t n;

    if (buf_get_string(b, &p, &n) < 0 || (n && strnlen((const char *)p, n) != n - 1))
        return ERR_FORMAT;
    *s = n ? (const char *)p : NULL;
    return 0;
}

/* --- a request ----------------------------------------------------------------- */

static int put_lines(struct buf *b, const char *const *lines)
{
    uint32_t n = 0;
    int r;

    while (lines[n])
        n++;
    r = buf_put_u32(b, n);
    for (uint32_t i = 0; r == 0 && i < n; i++)
        r = put_text(b, lines[i], FETCH_TEXT_MAX);
    return r;
}

int fetch_put_start(struct buf *b, const struct fetch_start *m)
{
    int r = buf_put_u64(b, m->ticket);

    if (r == 0)
        r = buf_put_bool(b, m->has_src);
    if (r == 0)
        r = buf_put(b, &m->src, sizeof m->src);
    if (r == 0)
        r = put_text(b, m->tool, 64);
    if (r == 0)
        r = put_text(b, m->method, 16);
    if (r == 0)
        r = put_text(b, m->url, FETCH_URL_MAX);
    if (r == 0)
        r = put_text(b, m->user_agent, FETCH_TEXT_MAX);
    if (r == 0)
        r = put_lines(b, m->lines);
    if (r == 0)
        r = buf_put_u32(b, m->max_redirects);
    if (r == 0)
        r = buf_put_u32(b, m->timeout_ms);
    return r == 0 ? buf_put_bool(b, m->insecure) : r;
}

static int get_lines(struct buf *b, const char **lines)
{
    uint32_t n;

    if (buf_get_u32(b, &n) < 0 || n > FETCH_LINES_MAX)
        return ERR_FORMAT;
    for (uint32_t i = 0; i < n; i++)
        if (get_text(b, &lines[i]) < 0 || !lines[i])
            return ERR_FORMAT;
    lines[n] = NULL;
    return 0;
}

int fetch_get_start(struct fetch_start *m, const void *p, size_t n)
{
    struct buf b = buf_wrap(p, n);

    if (buf_get_u64(&b, &m->ticket) < 0 || buf_get_bool(&b, &m->has_src) < 0 ||
        buf_get(&b, &m->src, sizeof m->src) < 0 || get_text(&b, &m->tool) < 0 ||
        get_text(&b, &m->method) < 0 || get_text(&b, &m->url) < 0 ||
        get_text(&b, &m->user_agent) < 0 || get_lines(&b, m->lines) < 0 ||
        buf_get_u32(&b, &m->max_redirects) < 0 || buf_get_u32(&b, &m->timeout_ms) < 0 ||
        buf_get_bool(&b, &m->insecure) < 0 || !m->tool || !m->method || !m->url || buf_len(&b))
        return ERR_FORMAT;
    m->src.session[sizeof m->src.session - 1] = 0;
    m->src.src_ip[sizeof m->src.src_ip - 1] = 0;
    m->src.dst_ip[sizeof m->src.dst_ip - 1] = 0;
    return 0;
}

/* --- its answer ------------------------------------------------------------------ */

int fetch_put_headers(struct buf *b, const struct fetch_headers *m)
{
    int r = buf_put_u64(b, m->ticket);

    if (r == 0)
        r = buf_put_u32(b, (uint32_t)m->r.error);
    if (r == 0)
        r = buf_put_u32(b, (uint32_t)m->r.status);
    if (r == 0)
        r = buf_put_u64(b, (uint64_t)m->r.length);
    if (r == 0)
        r = buf_put_u32(b, (uint32_t)m->r.port);
    if (r == 0)
        r = put_text(b, m->r.effective_url, FETCH_URL_MAX);
    if (r == 0)
        r = put_text(b, m->r.addr, 64);
    return r == 0 ? put_text(b, m->r.headers, FETCH_HEADERS_MAX + 1) : r;
}

int fetch_get_headers(struct fetch_headers *m, const void *p, size_t n)
{
    struct buf b = buf_wrap(p, n);
    uint32_t error, status, port;
    uint64_t length;

    if (buf_get_u64(&b, &m->ticket) < 0 || buf_get_u32(&b, &error) < 0 ||
        buf_get_u32(&b, &status) < 0 || buf_get_u64(&b, &length) < 0 ||
        buf_get_u32(&b, &port) < 0 || get_text(&b, &m->r.effective_url) < 0 ||
        get_text(&b, &m->r.addr) < 0 || get_text(&b, &m->r.headers) < 0 || buf_len(&b) ||
        error > VM_FETCH_DENIED || status > 999 || port > 65535)
        return ERR_FORMAT;
    m->r.error = (enum vm_fetch_error)error;
    m->r.status = (int)status;
    m->r.length = (int64_t)length < 0 ? -1 : (int64_t)length;
    m->r.port = (int)port;
    return 0;
}

int fetch_put_end(struct buf *b, const struct fetch_end *m)
{
    int r = buf_put_u64(b, m->ticket);

    if (r == 0)
        r = buf_put_u32(b, (uint32_t)m->error);
    if (r == 0)
        r = buf_put_bool(b, m->kept);
    if (r == 0)
        r = buf_put_u64(b, m->size);
    return r == 0 ? buf_put(b, m->sha, sizeof m->sha) : r;
}

int fetch_get_end(struct fetch_end *m, const void *p, size_t n)
{
    struct buf b = buf_wrap(p, n);
    uint32_t error;

    if (buf_get_u64(&b, &m->ticket) < 0 || buf_get_u32(&b, &error) < 0 ||
        buf_get_bool(&b, &m->kept) < 0 || buf_get_u64(&b, &m->size) < 0 ||
        buf_get(&b, m->sha, sizeof m->sha) < 0 || buf_len(&b) || error > VM_FETCH_DENIED)
        return ERR_FORMAT;
    m->error = (enum vm_fetch_error)error;
    return 0;
}
