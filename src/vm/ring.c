/* ring.c -- bytes in a circle that grows as needed.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/priv.h"

enum { RING_FIRST = 512 };

static bool ring_grow(struct vm *vm, struct ring *r, size_t want, size_t max)
{
    uint32_t cap = r->cap ? r->cap : RING_FIRST;
    while (cap < want)
        cap *= 2;
    if (cap > max)
        cap = (uint32_t)max;
    if (cap <= r->cap)
        return true;
    uint8_t *mem = k_alloc(vm, cap);
    if (!mem)
        return false;
    uint32_t first = r->cap - r->off < r->len ? r->cap - r->off : r->len;
    if (r->mem) {
        memcpy(mem, r->mem + r->off, first);
        memcpy(mem + first, r->mem, r->len - first);
        k_free(vm, r->mem, r->cap);
    }
    r->mem = mem;
    r->cap = cap;
    r->off = 0;
    return true;
}

size_t ring_put(struct vm *vm, struct ring *r, const void *p, size_t n, size_t max)
{
    if (n > max - r->len)
        n = max - r->len;
    if (!n)
        return 0;
    if (r->len + n > r->cap && !ring_grow(vm, r, r->len + n, max))
        n = r->cap - r->len;
    uint32_t at = r->cap ? (r->off + r->len) % r->cap : 0;
    size_t first = n < r->cap - at ? n : r->cap - at;
    if (n) {
        memcpy(r->mem + at, p, first);
        memcpy(r->mem, (const uint8_t *)p + first, n - first);
    }
    r->len += (uint32_t)n;
    return n;
}

size_t ring_peek(const struct ring *r, const uint8_t **p)
{
    *p = r->mem + r->off;
    return r->len < r->cap - r->off ? r->len : r->cap - r->off;
}

void ring_drop(struct vm *vm, struct ring *r, size_t n)
{
    (void)vm;
    if (n >= r->len) {
        r->off = r->len = 0;
        return;
    }
    r->off = (uint32_t)((r->off + n) % r->cap);
    r->len -= (uint32_t)n;
}

size_t ring_get(struct vm *vm, struct ring *r, void *p, size_t n)
{
    size_t done = 0;
    while (done < n && r->len) {
        const uint8_t *from;
        size_t k = ring_peek(r, &from);
        if (k > n - done)
            k = n - done;
        memcpy((uint8_t *)p + done, from, k);
        ring_drop(vm, r, k);
        done += k;
    }
    return done;
}

void ring_done(struct vm *vm, struct ring *r)
{
    k_free(vm, r->mem, r->cap);
    *r = (struct ring){0};
}
