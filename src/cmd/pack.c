/* pack.c -- gzip, bzip2 and xz streams: one buffer in front of each library.
 *
 * A small file may hold a huge one: each block costs fuel for what it grew to,
 * and whoever writes it meets the limits of the disk.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/pack.h"

#include <bzlib.h>
#include <errno.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>

enum { BUFFER = 32768, STEP_BYTES = 128 };

struct pack {
    struct proc *p;
    enum pack_kind kind;
    int fd;
    bool writing, eof, done, garbage, any;
    int error; /* to be told once what came before it is read */
    uint64_t taken;
    uint8_t *next; /* input not yet decoded */
    size_t have;
    z_stream z;
    gz_header head;
    bz_stream b;
    lzma_stream x;
    lzma_allocator xa;
    uint8_t buf[BUFFER];
};

/* --- the libraries' memory ------------------------------------------------------ */

/* The libraries free without a size: it stands in front of each block. */
static void *take(struct proc *p, size_t n)
{
    size_t *m = vm_alloc(p, n + 16);
    *m = n + 16;
    return (char *)m + 16;
}

static void give(struct proc *p, void *mem)
{
    if (!mem)
        return;
    void *block = (char *)mem - 16;
    size_t n = *(size_t *)block;
    vm_release(p, block, n);
}

static void *z_take(void *p, unsigned n, unsigned size)
{
    return take(p, (size_t)n * size);
}

static void *b_take(void *p, int n, int size)
{
    return take(p, (size_t)n * (size_t)size);
}

static void *x_take(void *p, size_t n, size_t size)
{
    return take(p, n * size);
}

static void lib_give(void *p, void *mem)
{
    give(p, mem);
}

static struct pack *pack_new(struct proc *p, enum pack_kind kind, int fd)
{
    struct pack *k = vm_alloc(p, sizeof(*k));
    k->p = p;
    k->kind = kind;
    k->fd = fd;
    k->next = k->buf;
    k->z.zalloc = z_take;
    k->z.zfree = lib_give;
    k->z.opaque = p;
    k->b.bzalloc = b_take;
    k->b.bzfree = lib_give;
    k->b.opaque = p;
    k->xa = (lzma_allocator){x_take, lib_give, p};
    k->x = (lzma_stream)LZMA_STREAM_INIT;
    k->x.allocator = &k->xa;
    return k;
}

enum pack_kind pack_guess(const void *data, size_t n)
{
    const uint8_t *d = data;
    if (n >= 2 && d[0] == 0x1f && d[1] == 0x8b)
        return PACK_GZIP;
    if (n >= 3 && !memcmp(d, "BZh", 3))
        return PACK_BZIP2;
    if (n >= 6 && !memcmp(d,
                          "\xfd"
                          "7zXZ",
                          6))
        return PACK_XZ;
    if (n >= 4 && d[0] == 0x5d && !d[1] && !d[2])
        return PACK_LZMA;
    return PACK_NONE;
}

/* --- reading ----------------------------------------------------------------------- */

static int start_reading(struct pack *k)
{
    switch (k->kind) {
    case PACK_GZIP:
        return inflateInit2(&k->z, 15 + 16) == Z_OK ? 0 : -ENOMEM;
    case PACK_BZIP2:
        return BZ2_bzDecompressInit(&k->b, 0, 0) == BZ_OK ? 0 : -ENOMEM;
    case PACK_XZ:
        return lzma_stream_decoder(&k->x, UINT64_MAX, LZMA_CONCATENATED) == LZMA_OK ? 0 : -ENOMEM;
    case PACK_LZMA:
        return lzma_alone_decoder(&k->x, UINT64_MAX) == LZMA_OK ? 0 : -ENOMEM;
    case PACK_NONE:
        break;
    }
    return 0;
}

/* More input, behind what there is: false at the end or on error. */
static bool fill(struct pack *k)
{
    if (k->eof)
        return false;
    if (k->have && k->next != k->buf)
        memmove(k->buf, k->next, k->have);
    k->next = k->buf;
    ssize_t n = vm_read(k->p, k->fd, k->buf + k->have, BUFFER - k->have);
    if (n <= 0) {
        k->eof = true;
        k->error = n < 0 ? (int)n : k->error;
        return false;
    }
    k->have += (size_t)n;
    k->taken += (uint64_t)n;
    return true;
}

struct pack *pack_reader(struct proc *p, enum pack_kind kind, int fd, const void *head, size_t n)
{
    struct pack *k = pack_new(p, kind, fd);
    memcpy(k->buf, head, n);
    k->have = k->taken = n;
    while (k->have < 6 && fill(k)) {
    }
    if (kind != PACK_NONE && pack_guess(k->next, k->have) != kind && !k->error)
        k->error = k->have ? PACK_FOREIGN : PACK_SHORT;
    if (!k->error)
        k->error = start_reading(k);
    return k;
}

/* One member ended: is there another behind it? gzip skips zeroes. */
static void next_member(struct pack *k)
{
    if (k->kind == PACK_GZIP)
        while ((k->have || fill(k)) && !*k->next)
            k->next++, k->have--;
    while (k->have < 3 && fill(k)) {
    }
    k->done = true;
    if (!k->have || pack_guess(k->next, k->have) != k->kind) {
        k->garbage = k->have > 0;
        return;
    }
    k->done = false;
    if (k->kind == PACK_GZIP) {
        inflateReset(&k->z);
    } else {
        BZ2_bzDecompressEnd(&k->b);
        k->error = start_reading(k);
    }
}

static size_t step_gzip(struct pack *k, uint8_t *buf, size_t n)
{
    k->z.next_in = k->next;
    k->z.avail_in = (unsigned)k->have;
    k->z.next_out = buf;
    k->z.avail_out = (unsigned)n;
    int e = inflate(&k->z, Z_NO_FLUSH);
    k->next = k->z.next_in;
    k->have = k->z.avail_in;
    if (e == Z_STREAM_END)
        next_member(k);
    else if (e != Z_OK && e != Z_BUF_ERROR)
        k->error = k->z.msg && strstr(k->z.msg, "check") ? PACK_CRC : PACK_BAD;
    return n - k->z.avail_out;
}

static size_t step_bzip2(struct pack *k, uint8_t *buf, size_t n)
{
    k->b.next_in = (char *)k->next;
    k->b.avail_in = (unsigned)k->have;
    k->b.next_out = (char *)buf;
    k->b.avail_out = (unsigned)n;
    int e = BZ2_bzDecompress(&k->b);
    k->next = (uint8_t *)k->b.next_in;
    k->have = k->b.avail_in;
    n -= k->b.avail_out;
    if (e == BZ_STREAM_END)
        next_member(k);
    else if (e != BZ_OK)
        k->error = e == BZ_DATA_ERROR_MAGIC ? PACK_FOREIGN : PACK_BAD;
    return n;
}

static size_t step_xz(struct pack *k, uint8_t *buf, size_t n)
{
    k->x.next_in = k->next;
    k->x.avail_in = k->have;
    k->x.next_out = buf;
    k->x.avail_out = n;
    lzma_ret e = lzma_code(&k->x, k->eof ? LZMA_FINISH : LZMA_RUN);
    k->next = k->buf + (k->x.next_in - k->buf);
    k->have = k->x.avail_in;
    if (e == LZMA_STREAM_END)
        k->done = true;
    else if (e == LZMA_FORMAT_ERROR)
        k->error = PACK_FOREIGN;
    else if (e != LZMA_OK)
        k->error = e == LZMA_BUF_ERROR ? PACK_SHORT : PACK_BAD;
    return n - k->x.avail_out;
}

static ssize_t read_plain(struct pack *k, void *buf, size_t n)
{
    if (!k->have)
        return vm_read(k->p, k->fd, buf, n);
    n = k->have < n ? k->have : n;
    memcpy(buf, k->next, n);
    k->next += n;
    k->have -= n;
    return (ssize_t)n;
}

ssize_t pack_read(struct pack *k, void *buf, size_t n)
{
    if (k->kind == PACK_NONE && !k->error)
        return read_plain(k, buf, n);
    while (!k->done && !k->error) {
        if (!k->have && !fill(k) && k->error)
            break;
        bool dry = !k->have;
        size_t got = k->kind == PACK_GZIP    ? step_gzip(k, buf, n)
                     : k->kind == PACK_BZIP2 ? step_bzip2(k, buf, n)
                                             : step_xz(k, buf, n);
        vm_tick(k->p, (unsigned)(1 + got / STEP_BYTES));
        if (got)
            return (ssize_t)got;
        if (dry && !k->done && !k->error)
            k->error = PACK_SHORT;
    }
    return k->error;
}

bool pack_garbage(const struct pack *k)
{
    return k->garbage;
}

uint64_t pack_taken(const struct pack *k)
{
    return k->taken;
}

/* --- writing ------------------------------------------------------------------------- */

struct pack *pack_writer(struct proc *p, enum pack_kind kind, int fd, int level)
{
    struct pack *k = pack_new(p, kind, fd);
    lzma_options_lzma o;
    bool good = true;
    k->writing = true;
    switch (kind) {
    case PACK_GZIP:
        good = deflateInit2(&k->z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
        k->head.os = 3;
        if (good)
            deflateSetHeader(&k->z, &k->head);
        break;
    case PACK_BZIP2:
        good = BZ2_bzCompressInit(&k->b, level, 0, 0) == BZ_OK;
        break;
    case PACK_XZ:
        /* The real levels take up to 674 MiB; a stream says nothing of them. */
        good =
            lzma_easy_encoder(&k->x, level > 1 ? 1 : (uint32_t)level, LZMA_CHECK_CRC64) == LZMA_OK;
        break;
    case PACK_LZMA:
        good = !lzma_lzma_preset(&o, level > 1 ? 1 : (uint32_t)level) &&
               lzma_alone_encoder(&k->x, &o) == LZMA_OK;
        break;
    case PACK_NONE:
        break;
    }
    k->error = good ? 0 : -ENOMEM;
    return k;
}

void pack_label(struct pack *k, const char *name, uint32_t mtime)
{
    k->head.time = mtime;
    k->head.name = name ? (Bytef *)vm_strdup(k->p, name) : NULL;
}

/* One call of the library, output to buf: its length. *more: call again. */
static size_t squeeze(struct pack *k, const void **in, size_t *n, bool finish, bool *more)
{
    size_t room = BUFFER;
    if (k->kind == PACK_GZIP) {
        k->z.next_in = (Bytef *)(uintptr_t)*in;
        k->z.avail_in = (unsigned)*n;
        k->z.next_out = k->buf;
        k->z.avail_out = BUFFER;
        int e = deflate(&k->z, finish ? Z_FINISH : Z_NO_FLUSH);
        *in = k->z.next_in;
        *n = k->z.avail_in;
        room = k->z.avail_out;
        *more = finish ? e == Z_OK : *n || !room;
    } else if (k->kind == PACK_BZIP2) {
        k->b.next_in = (char *)(uintptr_t)*in;
        k->b.avail_in = (unsigned)*n;
        k->b.next_out = (char *)k->buf;
        k->b.avail_out = BUFFER;
        int e = BZ2_bzCompress(&k->b, finish ? BZ_FINISH : BZ_RUN);
        *in = k->b.next_in;
        *n = k->b.avail_in;
        room = k->b.avail_out;
        *more = finish ? e == BZ_FINISH_OK : *n > 0;
    } else {
        k->x.next_in = *in;
        k->x.avail_in = *n;
        k->x.next_out = k->buf;
        k->x.avail_out = BUFFER;
        lzma_ret e = lzma_code(&k->x, finish ? LZMA_FINISH : LZMA_RUN);
        *in = k->x.next_in;
        *n = k->x.avail_in;
        room = k->x.avail_out;
        *more = finish ? e == LZMA_OK : *n > 0;
    }
    return BUFFER - room;
}

static int push(struct pack *k, const void *buf, size_t n, bool finish)
{
    if (k->error)
        return k->error;
    for (bool more = true; more;) {
        size_t before = n;
        size_t got = squeeze(k, &buf, &n, finish, &more);
        vm_tick(k->p, (unsigned)(1 + (before - n) / STEP_BYTES * 4));
        ssize_t w = got ? vm_write_all(k->p, k->fd, k->buf, got) : 0;
        if (w < 0)
            return k->error = (int)w;
        k->taken += got;
    }
    return 0;
}

int pack_write(struct pack *k, const void *buf, size_t n)
{
    if (k->kind == PACK_NONE) {
        ssize_t w = vm_write_all(k->p, k->fd, buf, n);
        return w < 0 ? (int)w : 0;
    }
    while (n) { /* in pieces, so that each costs its fuel in time */
        size_t some = n < BUFFER ? n : BUFFER;
        int e = push(k, buf, some, false);
        if (e)
            return e;
        buf = (const char *)buf + some;
        n -= some;
    }
    return k->error;
}

int pack_finish(struct pack *k)
{
    return k->kind == PACK_NONE ? 0 : push(k, NULL, 0, true);
}

void pack_close(struct pack *k)
{
    if (!k)
        return;
    if (k->kind == PACK_GZIP && k->writing)
        deflateEnd(&k->z);
    else if (k->kind == PACK_GZIP)
        inflateEnd(&k->z);
    else if (k->kind == PACK_BZIP2 && k->writing)
        BZ2_bzCompressEnd(&k->b);
    else if (k->kind == PACK_BZIP2)
        BZ2_bzDecompressEnd(&k->b);
    else if (k->kind != PACK_NONE)
        lzma_end(&k->x);
    vm_release(k->p, k, sizeof(*k));
}
