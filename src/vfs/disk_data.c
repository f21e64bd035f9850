/* disk_data.c -- contents of a disk's regular files.
 *
 * A changed file is a sparse array of chunks of up to 32 KiB over what still
 * shows through of the image's bytes. A chunk has only the room that was
 * needed, doubling as it grows, so a small file costs little and appending is
 * linear. One chunk hangs directly on the node; more hang on a radix tree of
 * 64-way nodes, as high as the largest index asks.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>

#include "vfs/disk_priv.h"

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static uint64_t pages_of(int64_t bytes)
{
    return ((uint64_t)bytes + DISK_PAGE - 1) / DISK_PAGE;
}

/* How many chunks a tree of this height holds. */
static uint64_t span(unsigned height)
{
    return (uint64_t)1 << (6 * height);
}

static struct chunk *chunk_at(const struct dnode *n, uint64_t index)
{
    if (index >= span(n->height))
        return NULL;
    void *p = n->file.top;
    for (unsigned h = n->height; h > 0 && p; h--)
        p = ((void **)p)[index >> (6 * (h - 1)) & (DISK_FAN - 1)];
    return p;
}

/* Bytes of the image that show through at the start of a chunk's range. */
static size_t base_bytes(const struct dnode *n, uint64_t index)
{
    int64_t left = n->file.base_size - (int64_t)(index * DISK_CHUNK);
    return left <= 0 ? 0 : min_size((size_t)left, DISK_CHUNK);
}

static const uint8_t *base_data(const struct disk *d, const struct dnode *n, uint64_t index)
{
    return d->conf.image->mem + n->base->data + index * DISK_CHUNK;
}

ssize_t disk_data_read(const struct disk *d, const struct dnode *n, void *p, size_t len,
                       int64_t off)
{
    if (off >= n->size)
        return 0;
    len = min_size(len, (size_t)(n->size - off));
    for (size_t done = 0; done < len;) {
        uint64_t index = (uint64_t)(off + (int64_t)done) / DISK_CHUNK;
        size_t at = (size_t)(off + (int64_t)done) % DISK_CHUNK;
        size_t part = min_size(len - done, DISK_CHUNK - at), have = 0;
        const struct chunk *c = chunk_at(n, index);
        const uint8_t *from = c ? c->data : NULL;
        size_t valid = c ? c->cap : base_bytes(n, index);
        if (!c && valid)
            from = base_data(d, n, index);
        if (at < valid) {
            have = min_size(part, valid - at);
            memcpy((uint8_t *)p + done, from + at, have);
        }
        memset((uint8_t *)p + done + have, 0, part - have);
        done += part;
    }
    return (ssize_t)len;
}

/* Room in whole allocations: powers of two up to 16 KiB, then a full chunk. */
static size_t cap_for(size_t need)
{
    size_t total = 64;
    while (total < need + sizeof(struct chunk))
        total *= 2;
    return total > DISK_CHUNK / 2 ? DISK_CHUNK : total - sizeof(struct chunk);
}

/* Makes the tree high enough for an index. */
static int grow_tree(struct disk *d, struct dnode *n, uint64_t index)
{
    while (index >= span(n->height)) {
        if (n->file.top) {
            void **node = disk_alloc(d, DISK_FAN * sizeof *node, true);
            if (!node)
                return -ENOSPC;
            node[0] = n->file.top;
            n->file.top = node;
        }
        n->height++;
    }
    return 0;
}

static int slot_of(struct disk *d, struct dnode *n, uint64_t index, struct chunk ***out)
{
    if (grow_tree(d, n, index))
        return -ENOSPC;
    void **slot = &n->file.top;
    for (unsigned h = n->height; h > 0; h--) {
        if (!*slot) {
            void *node = disk_alloc(d, DISK_FAN * sizeof(void *), true);
            if (!node)
                return -ENOSPC;
            *slot = node;
        }
        slot = &((void **)*slot)[index >> (6 * (h - 1)) & (DISK_FAN - 1)];
    }
    *out = (struct chunk **)slot;
    return 0;
}

struct chunk *disk_data_chunk(struct disk *d, struct dnode *n, uint64_t index, size_t need)
{
    struct chunk **slot;
    if (slot_of(d, n, index, &slot))
        return NULL;
    struct chunk *old = *slot;
    if (old && old->cap >= need)
        return old;
    size_t base = old ? 0 : base_bytes(n, index);
    size_t cap = cap_for(need > base ? need : base);
    struct chunk *c = disk_alloc(d, sizeof *c + cap, false);
    if (!c)
        return NULL;
    if (old) {
        memcpy(c->data, old->data, old->cap);
        c->pages = old->pages;
    } else if (base) {
        memcpy(c->data, base_data(d, n, index), base);
        c->pages = (1u << pages_of((int64_t)base)) - 1;
    }
    c->cap = (uint32_t)cap;
    *slot = c;
    if (old)
        disk_release(d, old, sizeof *old + old->cap);
    return c;
}

static void mark_pages(struct dnode *n, struct chunk *c, size_t at, size_t len)
{
    for (size_t page = at / DISK_PAGE; page <= (at + len - 1) / DISK_PAGE; page++)
        if (!(c->pages & 1u << page)) {
            c->pages |= 1u << page;
            n->file.pages++;
        }
}

ssize_t disk_data_write(struct disk *d, struct dnode *n, const void *p, size_t len, int64_t off)
{
    if (off < 0)
        return -EINVAL;
    if (off >= DISK_FILE_MAX)
        return -EFBIG;
    len = min_size(len, (size_t)(DISK_FILE_MAX - off));
    size_t done = 0;
    while (done < len) {
        int64_t pos = off + (int64_t)done;
        size_t at = (size_t)pos % DISK_CHUNK, part = min_size(len - done, DISK_CHUNK - at);
        struct chunk *c = disk_data_chunk(d, n, (uint64_t)pos / DISK_CHUNK, at + part);
        if (!c)
            break;
        memcpy(c->data + at, (const uint8_t *)p + done, part);
        mark_pages(n, c, at, part);
        done += part;
        if (pos + (int64_t)part > n->size)
            n->size = pos + (int64_t)part;
        n->changed = n->data_changed = true;
    }
    return done || !len ? (ssize_t)done : -ENOSPC;
}

/* Frees the chunks from index first on in a subtree that begins at index at;
 * true if nothing is left of it. */
static bool cut(struct disk *d, void *p, unsigned height, uint64_t at, uint64_t first)
{
    if (!p)
        return true;
    if (height == 0) {
        struct chunk *c = p;
        if (at < first)
            return false;
        disk_release(d, c, sizeof *c + c->cap);
        return true;
    }
    void **node = p;
    bool empty = true;
    for (unsigned i = 0; i < DISK_FAN; i++) {
        uint64_t begin = at + i * span(height - 1);
        if (node[i] && begin + span(height - 1) <= first)
            empty = false;
        else if (cut(d, node[i], height - 1, begin, first))
            node[i] = NULL;
        else
            empty = false;
    }
    if (empty)
        disk_release(d, node, DISK_FAN * sizeof *node);
    return empty;
}

static int each(const void *p, unsigned height, uint64_t at, disk_chunk_fn *fn, void *ctx)
{
    if (!p)
        return 0;
    if (height == 0)
        return fn(ctx, at, p);
    int r = 0;
    for (unsigned i = 0; i < DISK_FAN && !r; i++)
        r = each(((void *const *)p)[i], height - 1, at + i * span(height - 1), fn, ctx);
    return r;
}

int disk_data_each(const struct dnode *n, disk_chunk_fn *fn, void *ctx)
{
    return each(n->file.top, n->height, 0, fn, ctx);
}

static int count_chunk(void *ctx, uint64_t index, const struct chunk *c)
{
    struct dnode *n = ctx;
    n->file.pages -= pages_of((int64_t)base_bytes(n, index));
    n->file.pages += (unsigned)__builtin_popcount(c->pages);
    return 0;
}

void disk_data_recount(struct dnode *n)
{
    n->file.pages = pages_of(n->file.base_size);
    int r = disk_data_each(n, count_chunk, n);
    (void)r; /* count_chunk never stops it */
}

struct copying {
    struct disk *d;
    struct dnode *to;
};

static int copy_chunk(void *ctx, uint64_t index, const struct chunk *from)
{
    struct copying *k = ctx;
    struct chunk *c = disk_data_chunk(k->d, k->to, index, from->cap);
    if (!c)
        return -ENOSPC;
    memcpy(c->data, from->data, from->cap);
    c->pages = from->pages;
    return 0;
}

int disk_data_copy(struct disk *d, struct dnode *to, const struct dnode *from)
{
    struct copying k = {.d = d, .to = to};
    to->file.base_size = from->file.base_size;
    int r = disk_data_each(from, copy_chunk, &k);
    to->file.pages = from->file.pages;
    return r;
}

void disk_data_resize(struct disk *d, struct dnode *n, int64_t size)
{
    if (size < n->size) {
        uint64_t first = ((uint64_t)size + DISK_CHUNK - 1) / DISK_CHUNK;
        if (cut(d, n->file.top, n->height, 0, first)) {
            n->file.top = NULL;
            n->height = 0;
        }
        struct chunk *c = size % DISK_CHUNK ? chunk_at(n, (uint64_t)size / DISK_CHUNK) : NULL;
        size_t keep = (size_t)size % DISK_CHUNK;
        if (c && keep < c->cap) /* what is cut off must not come back when it grows */
            memset(c->data + keep, 0, c->cap - keep);
        if (c)
            c->pages &= (1u << pages_of((int64_t)keep)) - 1;
        if (size < n->file.base_size)
            n->file.base_size = size;
        disk_data_recount(n);
    }
    n->size = size;
    n->changed = n->data_changed = true;
}
