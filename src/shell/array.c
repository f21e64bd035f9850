/* array.c -- indexed arrays (sorted, sparse) and associative ones (hashed).
 *
 * Associative arrays list their keys in bash's order: by bucket of its hash
 * table, the youngest first inside a bucket.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>
#include <string.h>

#include "shell/shell.h"

struct array *array_new(struct shell *sh)
{
    return arena_zalloc(sh->heap, sizeof(struct array));
}

void array_free(struct shell *sh, struct array *a, bool assoc)
{
    for (size_t i = 0; i < a->n; i++) {
        sh_heap_free(sh, a->e[i].val);
        if (assoc)
            sh_heap_free(sh, a->e[i].key);
    }
    if (a->cap)
        arena_release(sh->heap, a->e, a->cap * sizeof *a->e);
    if (a->nslots)
        arena_release(sh->heap, a->slots, a->nslots * sizeof *a->slots);
    arena_release(sh->heap, a, sizeof *a);
}

static void reserve(struct shell *sh, struct array *a)
{
    if (a->n < a->cap)
        return;
    size_t cap = a->cap ? a->cap * 2 : 8;
    a->e = arena_realloc(sh->heap, a->e, a->cap * sizeof *a->e, cap * sizeof *a->e);
    a->cap = cap;
}

/* Where index i is or belongs. */
static size_t find(const struct array *a, int64_t i)
{
    size_t lo = 0, hi = a->n;
    if (hi && a->e[hi - 1].index < i)
        return hi;
    if (i >= 0 && (size_t)i < hi && a->e[i].index == i)
        return (size_t)i;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (a->e[mid].index < i)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const char *array_get(const struct array *a, int64_t i)
{
    size_t at = find(a, i);
    return at < a->n && a->e[at].index == i ? a->e[at].val : NULL;
}

void array_set(struct shell *sh, struct array *a, int64_t i, const char *value)
{
    size_t at = find(a, i);
    char *copy = sh_heap_strdup(sh, value);
    if (at < a->n && a->e[at].index == i) {
        sh_heap_free(sh, a->e[at].val);
        a->e[at].val = copy;
        return;
    }
    reserve(sh, a);
    memmove(a->e + at + 1, a->e + at, (a->n - at) * sizeof *a->e);
    a->e[at] = (struct elem){.index = i, .val = copy};
    a->n++;
}

bool array_unset(struct shell *sh, struct array *a, int64_t i)
{
    size_t at = find(a, i);
    if (at >= a->n || a->e[at].index != i)
        return false;
    sh_heap_free(sh, a->e[at].val);
    memmove(a->e + at, a->e + at + 1, (a->n - at - 1) * sizeof *a->e);
    a->n--;
    return true;
}

int64_t array_next_index(const struct array *a)
{
    return a->n ? a->e[a->n - 1].index + 1 : 0;
}

/* --- associative ------------------------------------------------------------------ */

/* bash's hash (FNV-1), which decides its listing order. */
static uint32_t fnv(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s; s++) {
        h *= 16777619u;
        h ^= (uint32_t)(signed char)*s;
    }
    return h;
}

static uint32_t mix(uint32_t h, const struct array *a)
{
    return (uint32_t)((h * 0x9E3779B97F4A7C15ull) >> 32) & (uint32_t)(a->nslots - 1);
}

static size_t assoc_slot(const struct array *a, const char *key, uint32_t h)
{
    size_t i = mix(h, a);
    while (a->slots[i]) {
        const struct elem *e = &a->e[a->slots[i] - 1];
        if (e->hash == h && strcmp(e->key, key) == 0)
            break;
        i = (i + 1) & (a->nslots - 1);
    }
    return i;
}

static void rehash(struct shell *sh, struct array *a, size_t nslots)
{
    if (a->nslots)
        arena_release(sh->heap, a->slots, a->nslots * sizeof *a->slots);
    a->slots = arena_zalloc(sh->heap, nslots * sizeof *a->slots);
    a->nslots = nslots;
    for (size_t i = 0; i < a->n; i++)
        a->slots[assoc_slot(a, a->e[i].key, a->e[i].hash)] = (uint32_t)i + 1;
}

const char *assoc_get(const struct array *a, const char *key)
{
    if (!a->nslots)
        return NULL;
    uint32_t i = a->slots[assoc_slot(a, key, fnv(key))];
    return i ? a->e[i - 1].val : NULL;
}

void assoc_set(struct shell *sh, struct array *a, const char *key, const char *value)
{
    if ((a->n + 1) * 4 > a->nslots * 3)
        rehash(sh, a, a->nslots ? a->nslots * 2 : 16);
    uint32_t h = fnv(key);
    size_t s = assoc_slot(a, key, h);
    char *copy = sh_heap_strdup(sh, value);
    if (a->slots[s]) {
        struct elem *e = &a->e[a->slots[s] - 1];
        sh_heap_free(sh, e->val);
        e->val = copy;
        return;
    }
    reserve(sh, a);
    a->e[a->n] = (struct elem){.key = sh_heap_strdup(sh, key), .hash = h, .val = copy};
    a->slots[s] = (uint32_t)++a->n;
}

bool assoc_unset(struct shell *sh, struct array *a, const char *key)
{
    if (!a->nslots)
        return false;
    uint32_t i = a->slots[assoc_slot(a, key, fnv(key))];
    if (!i)
        return false;
    sh_heap_free(sh, a->e[i - 1].key);
    sh_heap_free(sh, a->e[i - 1].val);
    memmove(a->e + i - 1, a->e + i, (a->n - i) * sizeof *a->e);
    a->n--;
    rehash(sh, a, a->nslots);
    return true;
}

struct order {
    uint32_t bucket;
    size_t at;
};

static int by_bucket(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    if (x->bucket != y->bucket)
        return x->bucket < y->bucket ? -1 : 1;
    return x->at < y->at ? 1 : -1;
}

size_t *assoc_order(struct shell *sh, const struct array *a)
{
    uint32_t buckets = 1024;
    while (a->n >= 2 * (size_t)buckets)
        buckets *= 4;
    struct order *o = sh_tmp(sh, (a->n + 1) * sizeof *o);
    size_t *out = sh_tmp(sh, (a->n + 1) * sizeof *out);
    for (size_t i = 0; i < a->n; i++)
        o[i] = (struct order){a->e[i].hash & (buckets - 1), i};
    qsort(o, a->n, sizeof *o, by_bucket);
    for (size_t i = 0; i < a->n; i++)
        out[i] = o[i].at;
    return out;
}
