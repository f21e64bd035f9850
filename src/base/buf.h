/* buf.h -- a growing byte queue with a mandatory maximum; SSH wire types.
 *
 * Bytes are put at the end and taken from the front. All integers are
 * big-endian (RFC 4251 section 5). This is the only code that touches wire
 * bytes: every get checks lengths and leaves the buffer unchanged on failure.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct buf {
    uint8_t *mem;
    size_t off, end, cap; /* live bytes are mem[off..end) */
    size_t max;           /* live bytes never exceed this */
    bool borrowed;        /* mem is somebody's: read only (buf_wrap) */
};

void buf_init(struct buf *b, size_t max); /* takes no memory yet */
void buf_done(struct buf *b);             /* frees; the buffer may be used again */
void buf_clear(struct buf *b);            /* empties, keeps memory */
void buf_shrink(struct buf *b);           /* gives memory back if empty */
void buf_wipe(struct buf *b);             /* empties, erases what was there */
/* A read-only view of somebody's bytes, which must outlive it. */
struct buf buf_wrap(const void *p, size_t n);

static inline size_t buf_len(const struct buf *b)
{
    return b->end - b->off;
}
static inline const uint8_t *buf_ptr(const struct buf *b)
{
    return b->mem + b->off;
}
static inline uint8_t *buf_mut(struct buf *b)
{
    return b->mem + b->off;
}

/* put: 0, ERR_LIMIT (over max) or ERR_NOMEM; nothing is put on failure. */
int buf_put(struct buf *b, const void *p, size_t n) NODISCARD;
int buf_put_u8(struct buf *b, uint8_t v) NODISCARD;
int buf_put_u32(struct buf *b, uint32_t v) NODISCARD;
int buf_put_u64(struct buf *b, uint64_t v) NODISCARD;
int buf_put_bool(struct buf *b, bool v) NODISCARD;
int buf_put_string(struct buf *b, const void *p, size_t n) NODISCARD; /* u32 length first */
int buf_put_cstring(struct buf *b, const char *s) NODISCARD;
int buf_put_mpint(struct buf *b, const uint8_t *be, size_t n) NODISCARD; /* unsigned, big-endian */
int buf_put_text(struct buf *b, const char *fmt, ...) NODISCARD PRINTF_LIKE(2, 3); /* no length */
/* Room for n bytes at the end: *out points at it, valid until the next call. */
int buf_reserve(struct buf *b, size_t n, uint8_t **out) NODISCARD;
void buf_commit(struct buf *b, size_t n); /* n of the reserved bytes are filled */
void buf_trim(struct buf *b, size_t n);   /* drops the last n bytes (n <= len) */

/* get: 0 or ERR_AGAIN when too few bytes are there (ERR_FORMAT for a malformed
 * mpint or over-long string). */
int buf_get(struct buf *b, void *p, size_t n) NODISCARD;
int buf_get_u8(struct buf *b, uint8_t *v) NODISCARD;
int buf_get_u32(struct buf *b, uint32_t *v) NODISCARD;
int buf_get_u64(struct buf *b, uint64_t *v) NODISCARD;
int buf_get_bool(struct buf *b, bool *v) NODISCARD;
/* *p points into the buffer, valid until the next put; not NUL-terminated. */
int buf_get_string(struct buf *b, const uint8_t **p, size_t *n) NODISCARD;
int buf_get_mpint(struct buf *b, const uint8_t **p,
                  size_t *n) NODISCARD; /* leading zeros removed */
int buf_peek_u32(const struct buf *b, size_t at, uint32_t *v) NODISCARD;
void buf_consume(struct buf *b, size_t n); /* n <= len */

#endif
