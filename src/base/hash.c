/* hash.c -- hashing, and one map from strings to pointers.
 *
 * The map keeps its entries in an array in the order of insertion; beyond
 * SCAN_MAX of them an open-addressed table of indices finds one by its hash.
 * A deleted entry keeps its place, without a key, until the array must grow.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/hash.h"

#include <endian.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

static uint64_t load_le64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return le64toh(v);
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] = rotl(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] = rotl(v[2], 32);
}

uint64_t hash_sip13(const uint64_t key[2], const void *p, size_t n)
{
    const uint8_t *in = p;
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
                     key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u};
    uint64_t last = (uint64_t)n << 56;
    for (; n >= 8; n -= 8, in += 8) {
        uint64_t m = load_le64(in);
        v[3] ^= m;
        sip_round(v);
        v[0] ^= m;
    }
    for (size_t i = 0; i < n; i++)
        last |= (uint64_t)in[i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hash_bytes(const void *p, size_t n)
{
    static uint64_t key[2];
    static bool keyed;
    if (!keyed) {
        /* Should the host refuse, an unkeyed hash is still a hash. */
        if (getrandom(key, sizeof key, 0) != sizeof key)
            key[0] = (uintptr_t)&key;
        keyed = true;
    }
    return hash_sip13(key, p, n);
}

uint64_t hash_str(const char *s)
{
    return hash_bytes(s, strlen(s));
}

/* Multiplies to 128 bits and folds: every input bit reaches every output bit. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 m = (unsigned __int128)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

uint64_t hash_fixed(const void *p, size_t n, uint64_t seed)
{
    const uint64_t k1 = 0x9e3779b97f4a7c15u, k2 = 0xd1342543de82ef95u;
    const uint8_t *in = p;
    uint64_t h = fold(seed ^ k1, (uint64_t)n ^ k2);
    for (; n >= 8; n -= 8, in += 8)
        h = fold(h ^ load_le64(in), k1) + k2;
    uint64_t last = 0;
    for (size_t i = 0; i < n; i++)
        last |= (uint64_t)in[i] << (8 * i);
    h = fold(h ^ last, k1) + k2;
    return fold(h ^ (h >> 32), k2);
}

void hash_sha256(uint8_t out[32], const void *p, size_t n)
{
    SHA256(p, n, out);
}

void hash_md5(uint8_t out[16], const void *p, size_t n)
{
    /* A host whose policy forbids MD5 gives zeros: it names files, no more. */
    if (EVP_Digest(p, n, out, NULL, EVP_md5(), NULL) != 1)
        memset(out, 0, 16);
}

struct entry {
    char *key; /* NULL: deleted */
    void *value;
    uint64_t hash;
};

struct map {
    struct arena *arena;
    struct entry *entries;
    uint32_t *index; /* entry number + 1; 0 is free. NULL while few */
    size_t n, cap;   /* entries used, deleted ones included */
    size_t live;
    size_t slots; /* of index: a power of two, at least twice cap */
};

enum { SCAN_MAX = 8 };

struct map *map_new(struct arena *a)
{
    struct map *m = arena_zalloc(a, sizeof *m);
    if (m)
        m->arena = a;
    return m;
}

static size_t find(const struct map *m, const char *key, uint64_t hash)
{
    if (!m->index) {
        for (size_t i = 0; i < m->n; i++) {
            const struct entry *e = &m->entries[i];
            if (e->hash == hash && e->key && strcmp(e->key, key) == 0)
                return i;
        }
        return SIZE_MAX;
    }
    for (size_t at = hash & (m->slots - 1);; at = (at + 1) & (m->slots - 1)) {
        uint32_t i = m->index[at];
        if (!i)
            return SIZE_MAX;
        const struct entry *e = &m->entries[i - 1];
        if (e->hash == hash && e->key && strcmp(e->key, key) == 0)
            return i - 1;
    }
}

void *map_get(const struct map *m, const char *key)
{
    if (!m->live)
        return NULL;
    size_t i = find(m, key, hash_str(key));
    return i == SIZE_MAX ? NULL : m->entries[i].value;
}

bool map_has(const struct map *m, const char *key)
{
    return m->live && find(m, key, hash_str(key)) != SIZE_MAX;
}

static void index_entry(struct map *m, size_t i)
{
    size_t at = m->entries[i].hash & (m->slots - 1);
    while (m->index[at])
        at = (at + 1) & (m->slots - 1);
    m->index[at] = (uint32_t)i + 1;
}

/* A new, larger array (or one of the same size without the deleted entries)
 * and its index. */
static int rebuild(struct map *m)
{
    size_t cap = m->live * 2 < m->cap ? m->cap : m->cap ? m->cap * 2 : 4;
    size_t slots = cap > SCAN_MAX ? cap * 2 : 0;
    if (cap > UINT32_MAX / 2)
        return ERR_NOMEM;
    struct entry *entries = arena_alloc(m->arena, cap * sizeof *entries);
    uint32_t *index = slots ? arena_zalloc(m->arena, slots * sizeof *index) : NULL;
    if (!entries || (slots && !index)) {
        arena_release(m->arena, index, slots * sizeof *index);
        arena_release(m->arena, entries, cap * sizeof *entries);
        return ERR_NOMEM;
    }
    struct entry *old = m->entries;
    size_t old_n = m->n, old_cap = m->cap;
    arena_release(m->arena, m->index, m->slots * sizeof *m->index);
    m->entries = entries;
    m->index = index;
    m->cap = cap;
    m->slots = slots;
    m->n = 0;
    for (size_t i = 0; i < old_n; i++) {
        if (!old[i].key)
            continue;
        entries[m->n] = old[i];
        if (index)
            index_entry(m, m->n);
        m->n++;
    }
    arena_release(m->arena, old, old_cap * sizeof *old);
    return 0;
}

int map_set(struct map *m, const char *key, void *value)
{
    uint64_t hash = hash_str(key);
    size_t i = find(m, key, hash);
    if (i != SIZE_MAX) {
        m->entries[i].value = value;
        return 0;
    }
    if (m->n == m->cap && rebuild(m))
        return ERR_NOMEM;
    char *copy = arena_strdup(m->arena, key);
    if (!copy)
        return ERR_NOMEM;
    m->entries[m->n] = (struct entry){.key = copy, .value = value, .hash = hash};
    if (m->index)
        index_entry(m, m->n);
    m->n++;
    m->live++;
    return 0;
}

void *map_del(struct map *m, const char *key)
{
    size_t i = m->live ? find(m, key, hash_str(key)) : SIZE_MAX;
    if (i == SIZE_MAX)
        return NULL;
    struct entry *e = &m->entries[i];
    /* key may be this entry's own: nothing reads it after this. */
    arena_release(m->arena, e->key, strlen(e->key) + 1);
    e->key = NULL;
    m->live--;
    return e->value;
}

size_t map_len(const struct map *m)
{
    return m->live;
}

void map_clear(struct map *m)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->entries[i].key)
            arena_release(m->arena, m->entries[i].key, strlen(m->entries[i].key) + 1);
    }
    arena_release(m->arena, m->index, m->slots * sizeof *m->index);
    arena_release(m->arena, m->entries, m->cap * sizeof *m->entries);
    *m = (struct map){.arena = m->arena};
}

bool map_next(const struct map *m, struct map_iter *i, const char **key, void **value)
{
    while (i->at < m->n) {
        const struct entry *e = &m->entries[i->at++];
        if (!e->key)
            continue;
        *key = e->key;
        if (value)
            *value = e->value;
        return true;
    }
    return false;
}
