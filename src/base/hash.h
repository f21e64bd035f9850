/* hash.h -- hashing, and one map from strings to pointers.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* SipHash-1-3 keyed once per process from secret randomness, so that an
 * attacker cannot choose colliding keys. */
uint64_t hash_bytes(const void *p, size_t n);
uint64_t hash_str(const char *s);
uint64_t hash_sip13(const uint64_t key[2], const void *p, size_t n); /* the same, key given */
/* Unkeyed 64-bit mixer with a fixed result for ever (names, seeds, content). */
uint64_t hash_fixed(const void *p, size_t n, uint64_t seed);

void hash_sha256(uint8_t out[32], const void *p, size_t n);
void hash_md5(uint8_t out[16], const void *p, size_t n);

/* Insertion-ordered map from byte strings to pointers. Keys are copied into
 * the arena. Deleting keeps the order of the rest. */
struct map;
struct map_iter {
    size_t at;
};
struct map *map_new(struct arena *a) NODISCARD; /* NULL: no memory */
void *map_get(const struct map *m, const char *key);
bool map_has(const struct map *m, const char *key);
int map_set(struct map *m, const char *key, void *value) NODISCARD; /* 0 or ERR_NOMEM */
void *map_del(struct map *m, const char *key);                      /* old value or NULL */
size_t map_len(const struct map *m);
void map_clear(struct map *m);
/* for (struct map_iter i = {0}; map_next(m, &i, &k, &v);) -- deleting the
 * current entry is allowed, adding is not. value may be NULL. */
bool map_next(const struct map *m, struct map_iter *i, const char **key, void **value);

#endif
