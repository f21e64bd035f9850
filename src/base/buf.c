/* buf.c -- a growing byte queue with a mandatory maximum; SSH wire types.
 *
 * Taken bytes leave a gap at the front. Putting closes the gap when that moves
 * no more bytes than were taken, else grows; capacity may exceed the maximum
 * by an eighth, so that a full queue that is fed byte by byte does not move
 * all of itself for each.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

enum {
    CAP_FIRST = 256,
    STRING_MAX = 128 * 1024 * 1024, /* of a borrowed buffer, as no packet is longer */
    MPINT_MAX = 16384 / 8 + 1,      /* bytes: 16384 bits and the sign */
};

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_done(struct buf *b)
{
    if (!b->borrowed)
        x_free(b->mem);
    buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
    b->off = b->end = 0;
}

void buf_shrink(struct buf *b)
{
    if (b->off == b->end)
        buf_done(b);
}

void buf_wipe(struct buf *b)
{
    if (b->mem && !b->borrowed)
        explicit_bzero(b->mem, b->cap);
    buf_clear(b);
}

struct buf buf_wrap(const void *p, size_t n)
{
    return (struct buf){
        .mem = (uint8_t *)p, .end = n, .cap = n, .max = STRING_MAX, .borrowed = true};
}

/* Makes room for n more bytes behind end. */
static int make_room(struct buf *b, size_t n)
{
    size_t len = buf_len(b);
    if (b->borrowed || n > b->max || len > b->max - n)
        return ERR_LIMIT;
    if (b->cap - b->end >= n)
        return 0;
    if (b->off >= len && b->cap - len >= n) {
        memmove(b->mem, b->mem + b->off, len);
        b->off = 0;
        b->end = len;
        return 0;
    }
    size_t most = b->max + b->max / 8 + 16;
    size_t cap = b->cap ? b->cap * 2 : CAP_FIRST;
    if (cap < len + n)
        cap = len + n;
    if (cap > most)
        cap = most;
    if (cap > b->cap) {
        uint8_t *mem = x_realloc(b->mem, cap);
        if (!mem)
            return ERR_NOMEM;
        b->mem = mem;
        b->cap = cap;
    }
    if (b->cap - b->end < n) {
        memmove(b->mem, b->mem + b->off, len);
        b->off = 0;
        b->end = len;
    }
    return 0;
}

int buf_put(struct buf *b, const void *p, size_t n)
{
    int err = make_room(b, n);
    if (err)
        return err;
    if (n)
        memcpy(b->mem + b->end, p, n);
    b->end += n;
    return 0;
}

static void store_be(uint8_t *p, uint64_t v, size_t n)
{
    while (n--) {
        p[n] = (uint8_t)v;
        v >>= 8;
    }
}

static uint64_t load_be(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static int put_be(struct buf *b, uint64_t v, size_t n)
{
    int err = make_room(b, n);
    if (err)
        return err;
    store_be(b->mem + b->end, v, n);
    b->end += n;
    return 0;
}

int buf_put_u8(struct buf *b, uint8_t v)
{
    return put_be(b, v, 1);
}

int buf_put_u32(struct buf *b, uint32_t v)
{
    return put_be(b, v, 4);
}

int buf_put_u64(struct buf *b, uint64_t v)
{
    return put_be(b, v, 8);
}

int buf_put_bool(struct buf *b, bool v)
{
    return put_be(b, v, 1);
}

int buf_put_string(struct buf *b, const void *p, size_t n)
{
    if (n > UINT32_MAX - 4)
        return ERR_LIMIT;
    int err = make_room(b, n + 4);
    if (err)
        return err;
    store_be(b->mem + b->end, n, 4);
    if (n)
        memcpy(b->mem + b->end + 4, p, n);
    b->end += n + 4;
    return 0;
}

int buf_put_cstring(struct buf *b, const char *s)
{
    return buf_put_string(b, s, strlen(s));
}

int buf_put_mpint(struct buf *b, const uint8_t *be, size_t n)
{
    while (n && !*be) {
        be++;
        n--;
    }
    if (n > UINT32_MAX - 8)
        return ERR_LIMIT;
    size_t sign = n && (*be & 0x80); /* a zero byte keeps it positive */
    int err = make_room(b, n + sign + 4);
    if (err)
        return err;
    uint8_t *p = b->mem + b->end;
    store_be(p, n + sign, 4);
    p[4] = 0; /* overwritten unless it is the sign */
    if (n)
        memcpy(p + 4 + sign, be, n);
    b->end += n + sign + 4;
    return 0;
}

int buf_put_text(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return ERR_FORMAT;
    /* vsnprintf writes a NUL, which is not a live byte: cap may need one more. */
    char small[512];
    char *text = (size_t)n < sizeof small ? small : x_malloc((size_t)n + 1);
    if (!text)
        return ERR_NOMEM;
    va_start(ap, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    int err = buf_put(b, text, (size_t)n);
    if (text != small)
        x_free(text);
    return err;
}

int buf_reserve(struct buf *b, size_t n, uint8_t **out)
{
    int err = make_room(b, n);
    if (!err)
        *out = b->mem + b->end;
    return err;
}

void buf_commit(struct buf *b, size_t n)
{
    b->end += n;
}

void buf_trim(struct buf *b, size_t n)
{
    b->end -= n;
}

void buf_consume(struct buf *b, size_t n)
{
    b->off += n;
    if (b->off == b->end && !b->borrowed)
        b->off = b->end = 0;
}

int buf_get(struct buf *b, void *p, size_t n)
{
    if (buf_len(b) < n)
        return ERR_AGAIN;
    if (n)
        memcpy(p, buf_ptr(b), n);
    buf_consume(b, n);
    return 0;
}

int buf_get_u8(struct buf *b, uint8_t *v)
{
    return buf_get(b, v, 1);
}

int buf_peek_u32(const struct buf *b, size_t at, uint32_t *v)
{
    if (buf_len(b) < 4 || at > buf_len(b) - 4)
        return ERR_AGAIN;
    *v = (uint32_t)load_be(buf_ptr(b) + at, 4);
    return 0;
}

int buf_get_u32(struct buf *b, uint32_t *v)
{
    int err = buf_peek_u32(b, 0, v);
    if (!err)
        buf_consume(b, 4);
    return err;
}

int buf_get_u64(struct buf *b, uint64_t *v)
{
    if (buf_len(b) < 8)
        return ERR_AGAIN;
    *v = load_be(buf_ptr(b), 8);
    buf_consume(b, 8);
    return 0;
}

int buf_get_bool(struct buf *b, bool *v)
{
    uint8_t byte;
    int err = buf_get_u8(b, &byte);
    if (!err)
        *v = byte != 0;
    return err;
}

int buf_get_string(struct buf *b, const uint8_t **p, size_t *n)
{
    uint32_t len;
    int err = buf_peek_u32(b, 0, &len);
    if (err)
        return err;
    if (len > b->max)
        return ERR_FORMAT;
    if (buf_len(b) - 4 < len)
        return ERR_AGAIN;
    *p = buf_ptr(b) + 4;
    *n = len;
    buf_consume(b, 4 + (size_t)len);
    return 0;
}

int buf_get_mpint(struct buf *b, const uint8_t **p, size_t *n)
{
    struct buf before = *b;
    const uint8_t *s;
    size_t len;
    int err = buf_get_string(b, &s, &len);
    if (err)
        return err;
    if ((len && (*s & 0x80)) || len > MPINT_MAX) {
        *b = before;
        return ERR_FORMAT;
    }
    while (len && !*s) {
        s++;
        len--;
    }
    *p = s;
    *n = len;
    return 0;
}
