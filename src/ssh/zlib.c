/* zlib.c -- compression of payloads (RFC 4253 6.2), bounded both ways.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/priv.h"

#include <zlib.h>

#include "base/arena.h"

enum { STEP = 4096, LEVEL = 6 };

static void *z_alloc(void *ctx, unsigned n, unsigned size)
{
    (void)ctx;
    return x_calloc(n, size);
}

static void z_free(void *ctx, void *p)
{
    (void)ctx;
    x_free(p);
}

struct z_stream_s *ssh_zlib_new(bool deflating)
{
    z_stream *z = x_calloc(1, sizeof(*z));
    if (!z)
        return NULL;
    z->zalloc = z_alloc;
    z->zfree = z_free;
    int r = deflating ? deflateInit(z, LEVEL) : inflateInit(z);
    if (r == Z_OK)
        return z;
    x_free(z);
    return NULL;
}

void ssh_zlib_free(struct z_stream_s *z, bool deflating)
{
    if (!z)
        return;
    if (deflating)
        deflateEnd(z);
    else
        inflateEnd(z);
    x_free(z);
}

int ssh_zlib_deflate(struct z_stream_s *z, const uint8_t *p, size_t n, struct buf *out)
{
    z->next_in = (uint8_t *)p;
    z->avail_in = (unsigned)n;
    do {
        uint8_t *room;
        int err = buf_reserve(out, STEP, &room);
        if (err < 0)
            return err;
        z->next_out = room;
        z->avail_out = STEP;
        if (deflate(z, Z_PARTIAL_FLUSH) != Z_OK)
            return ERR_FORMAT;
        buf_commit(out, STEP - z->avail_out);
    } while (z->avail_out == 0);
    return 0;
}

int ssh_zlib_inflate(struct z_stream_s *z, const uint8_t *p, size_t n, struct buf *out)
{
    z->next_in = (uint8_t *)p;
    z->avail_in = (unsigned)n;
    for (;;) {
        uint8_t *room;
        int err = buf_reserve(out, STEP, &room); /* the maximum stops bombs */
        if (err < 0)
            return err;
        z->next_out = room;
        z->avail_out = STEP;
        int r = inflate(z, Z_SYNC_FLUSH);
        if (r != Z_OK && r != Z_BUF_ERROR)
            return ERR_FORMAT;
        buf_commit(out, STEP - z->avail_out);
        if (r == Z_BUF_ERROR || (z->avail_in == 0 && z->avail_out > 0))
            return 0;
    }
}
