/* arena.c -- memory with a lifetime.
 *
 * Small blocks are cut off the newest chunk, rounded up to a size class; a
 * released one goes on its class's free list, or back to the chunk if it was
 * the last cut. Blocks above SMALL_MAX are allocated one by one and linked,
 * newest first, with a serial number, so that a mark is simply the serial
 * reached when it was taken. Under AddressSanitizer everything that is not
 * handed out is poisoned.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitize.h"

enum {
    ALIGN = 16,
    SMALL_MAX = 4096,   /* larger blocks are separate */
    CHUNK_FIRST = 2048, /* bytes, header included */
    CHUNK_MAX = 64 * 1024,
    CLASSES = 32, /* 16 steps of 16 bytes, then four to each doubling */
};

struct chunk {
    struct chunk *older;
    size_t size, used; /* header included */
    size_t pad;        /* keeps blocks aligned */
};

struct large {
    struct large *older, *newer;
    size_t size; /* header included */
    uintptr_t serial;
};

struct cleanup {
    struct cleanup *older;
    void (*fn)(void *ctx);
    void *ctx;
};

struct freed {
    struct freed *next;
};

struct arena {
    struct arena_budget *budget;
    struct chunk *chunk;
    struct large *large;
    struct cleanup *cleanup;
    size_t total;      /* charged to the budget */
    size_t next_chunk; /* size of the next one */
    uintptr_t serial;
    struct freed *freed[CLASSES];
};

_Static_assert(sizeof(struct chunk) % ALIGN == 0, "blocks must stay aligned");
_Static_assert(sizeof(struct large) % ALIGN == 0, "blocks must stay aligned");

/* The class of a small size, and the bytes that blocks of it take. */
static unsigned class_of(size_t n, size_t *bytes)
{
    if (n <= 256) {
        unsigned c = n ? (unsigned)((n - 1) / ALIGN) : 0;
        *bytes = (size_t)(c + 1) * ALIGN;
        return c;
    }
    unsigned log2 = 63u - (unsigned)__builtin_clzll(n - 1); /* 8..11 */
    unsigned quarter = (unsigned)((n - 1) >> (log2 - 2)) & 3;
    *bytes = ((size_t)5 + quarter) << (log2 - 2);
    return 16 + (log2 - 8) * 4 + quarter;
}

static bool charge(struct arena_budget *b, size_t n)
{
    if (n > b->max || b->used > b->max - n)
        return false;
    b->used += n;
    if (b->used > b->peak)
        b->peak = b->used;
    return true;
}

static void *refuse(struct arena *a)
{
    if (a->budget->on_limit)
        a->budget->on_limit(a->budget->ctx);
    return NULL;
}

struct arena *arena_new(struct arena_budget *budget, size_t chunk)
{
    if (!charge(budget, sizeof(struct arena))) {
        if (budget->on_limit)
            budget->on_limit(budget->ctx);
        return NULL;
    }
    struct arena *a = calloc(1, sizeof *a);
    if (!a) {
        budget->used -= sizeof *a;
        return NULL;
    }
    a->budget = budget;
    a->total = sizeof *a;
    a->next_chunk = chunk ? chunk : CHUNK_FIRST;
    return a;
}

static void drop_chunk(struct arena *a)
{
    struct chunk *c = a->chunk;
    a->chunk = c->older;
    a->total -= c->size;
    a->budget->used -= c->size;
    free(c);
}

static void drop_large(struct arena *a, struct large *l)
{
    if (l->newer)
        l->newer->older = l->older;
    else
        a->large = l->older;
    if (l->older)
        l->older->newer = l->newer;
    a->total -= l->size;
    a->budget->used -= l->size;
    free(l);
}

static void run_cleanups(struct arena *a, const struct cleanup *until)
{
    while (a->cleanup && a->cleanup != until) {
        struct cleanup c = *a->cleanup;
        a->cleanup = c.older;
        c.fn(c.ctx);
    }
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    run_cleanups(a, NULL);
    while (a->large)
        drop_large(a, a->large);
    while (a->chunk)
        drop_chunk(a);
    a->budget->used -= sizeof *a;
    free(a);
}

static bool add_chunk(struct arena *a, size_t bytes)
{
    size_t size = a->next_chunk;
    if (size < sizeof(struct chunk) + bytes)
        size = sizeof(struct chunk) + bytes;
    /* Near the maximum a chunk just large enough may still fit. */
    if (!charge(a->budget, size)) {
        size = sizeof(struct chunk) + bytes;
        if (!charge(a->budget, size))
            return false;
    }
    struct chunk *c = malloc(size);
    if (!c) {
        a->budget->used -= size;
        return false;
    }
    *c = (struct chunk){.older = a->chunk, .size = size, .used = sizeof *c};
    POISON(c + 1, size - sizeof *c);
    a->chunk = c;
    a->total += size;
    /* An eighth of what is there: hardly any of it stays unused. */
    if (a->total / 8 > a->next_chunk)
        a->next_chunk = a->total / 8 < CHUNK_MAX ? a->total / 8 : CHUNK_MAX;
    return true;
}

static void *alloc_large(struct arena *a, size_t n, bool zero)
{
    if (n > SIZE_MAX / 2)
        return refuse(a);
    size_t size = sizeof(struct large) + n;
    if (!charge(a->budget, size))
        return refuse(a);
    struct large *l = zero ? calloc(1, size) : malloc(size);
    if (!l) {
        a->budget->used -= size;
        return refuse(a);
    }
    *l = (struct large){.older = a->large, .size = size, .serial = ++a->serial};
    if (a->large)
        a->large->newer = l;
    a->large = l;
    a->total += size;
    return l + 1;
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (n > SMALL_MAX)
        return alloc_large(a, n, false);
    size_t bytes;
    unsigned c = class_of(n, &bytes);
    struct freed *f = a->freed[c];
    if (f) {
        UNPOISON(f, sizeof *f);
        a->freed[c] = f->next;
        POISON(f, sizeof *f);
        UNPOISON(f, n);
        return f;
    }
    if (!a->chunk || a->chunk->size - a->chunk->used < bytes) {
        if (!add_chunk(a, bytes))
            return refuse(a);
    }
    char *p = (char *)a->chunk + a->chunk->used;
    a->chunk->used += bytes;
    UNPOISON(p, n);
    return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
    if (n > SMALL_MAX)
        return alloc_large(a, n, true);
    void *p = arena_alloc(a, n);
    if (p)
        memset(p, 0, n);
    return p;
}

static bool is_last(const struct arena *a, const void *p, size_t bytes)
{
    return a->chunk && (const char *)p + bytes == (const char *)a->chunk + a->chunk->used;
}

void arena_release(struct arena *a, void *p, size_t n)
{
    if (!p)
        return;
    if (n > SMALL_MAX) {
        drop_large(a, (struct large *)p - 1);
        return;
    }
    size_t bytes;
    unsigned c = class_of(n, &bytes);
    if (is_last(a, p, bytes)) {
        a->chunk->used -= bytes;
        POISON(p, bytes);
        return;
    }
    struct freed *f = p;
    UNPOISON(f, sizeof *f);
    f->next = a->freed[c];
    a->freed[c] = f;
    POISON(p, bytes);
}

/* Large to large: the host's realloc may move pages instead of bytes. */
static void *realloc_large(struct arena *a, struct large *l, size_t n)
{
    if (n > SIZE_MAX / 2)
        return refuse(a);
    size_t size = sizeof *l + n, old = l->size;
    if (size > old && !charge(a->budget, size - old))
        return refuse(a);
    struct large *moved = realloc(l, size);
    if (!moved) {
        if (size > old)
            a->budget->used -= size - old;
        return refuse(a);
    }
    if (size < old)
        a->budget->used -= old - size;
    a->total = a->total - old + size;
    moved->size = size;
    if (moved->newer)
        moved->newer->older = moved;
    else
        a->large = moved;
    if (moved->older)
        moved->older->newer = moved;
    return moved + 1;
}

void *arena_realloc(struct arena *a, void *p, size_t old_n, size_t n)
{
    if (!p)
        return arena_alloc(a, n);
    if (old_n > SMALL_MAX && n > SMALL_MAX)
        return realloc_large(a, (struct large *)p - 1, n);
    if (old_n <= SMALL_MAX && n <= SMALL_MAX) {
        size_t old_bytes, bytes;
        unsigned old_c = class_of(old_n, &old_bytes), c = class_of(n, &bytes);
        bool fits = old_c == c;
        if (!fits && is_last(a, p, old_bytes) &&
            (bytes < old_bytes || bytes - old_bytes <= a->chunk->size - a->chunk->used)) {
            a->chunk->used = a->chunk->used - old_bytes + bytes;
            fits = true;
        }
        if (fits) {
            POISON(p, bytes > old_bytes ? bytes : old_bytes);
            UNPOISON(p, n);
            return p;
        }
    }
    void *q = arena_alloc(a, n);
    if (!q)
        return NULL;
    memcpy(q, p, old_n < n ? old_n : n);
    arena_release(a, p, old_n);
    return q;
}

char *arena_memdup(struct arena *a, const void *p, size_t n)
{
    if (n == SIZE_MAX)
        return refuse(a);
    char *q = arena_alloc(a, n + 1);
    if (q) {
        if (n)
            memcpy(q, p, n);
        q[n] = 0;
    }
    return q;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_memdup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    char first[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(first, sizeof first, fmt, ap);
    va_end(ap);
    if (n < 0)
        return NULL;
    if ((size_t)n < sizeof first)
        return arena_memdup(a, first, (size_t)n);
    char *q = arena_alloc(a, (size_t)n + 1);
    if (!q)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(q, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return q;
}

struct arena_mark arena_mark(struct arena *a)
{
    return (struct arena_mark){
        .chunk = a->chunk,
        .used = a->chunk ? a->chunk->used : 0,
        .large = (void *)a->serial, // NOLINT(performance-no-int-to-ptr)
        .cleanup = a->cleanup,
    };
}

void arena_reset(struct arena *a, struct arena_mark m)
{
    run_cleanups(a, m.cleanup);
    while (a->large && a->large->serial > (uintptr_t)m.large)
        drop_large(a, a->large);
    while (a->chunk && a->chunk != m.chunk)
        drop_chunk(a);
    if (a->chunk && a->chunk->used > m.used) {
        POISON((char *)a->chunk + m.used, a->chunk->used - m.used);
        a->chunk->used = m.used;
    }
    memset(a->freed, 0, sizeof a->freed);
}

int arena_on_free(struct arena *a, void (*fn)(void *ctx), void *ctx)
{
    struct cleanup *c = arena_alloc(a, sizeof *c);
    if (!c)
        return ERR_NOMEM;
    *c = (struct cleanup){.older = a->cleanup, .fn = fn, .ctx = ctx};
    a->cleanup = c;
    return 0;
}

size_t arena_used(const struct arena *a)
{
    return a->total;
}

void *x_malloc(size_t n)
{
    return malloc(n ? n : 1);
}

void *x_calloc(size_t n, size_t size)
{
    return calloc(n ? n : 1, size ? size : 1);
}

void *x_realloc(void *p, size_t n)
{
    return realloc(p, n ? n : 1);
}

char *x_strdup(const char *s)
{
    return strdup(s);
}

void x_free(void *p)
{
    free(p);
}
