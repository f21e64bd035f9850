/* rng.h -- random numbers: seeded ones for worlds that must repeat, secret
 * ones for keys.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* xoshiro256** (Blackman and Vigna, 2018), seeded through splitmix64. */
struct rng {
    uint64_t s[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n);            /* uniform in [0, n), unbiased; n >= 1 */
int64_t rng_range(struct rng *r, int64_t lo, int64_t hi); /* uniform in [lo, hi] */
double rng_unit(struct rng *r);                           /* uniform in [0, 1), 53 bits */
double rng_normal(struct rng *r);                         /* mean 0, variance 1 */
double rng_exp(struct rng *r, double mean);
void rng_fill(struct rng *r, void *p, size_t n);
/* An independent stream named by a text: same seed and name, same stream. */
struct rng rng_named(uint64_t seed, const char *name);

/* Bytes from libcrypto's generator: keys, cookies, salts. 0 or ERR_CRYPTO. */
int rng_secret(void *p, size_t n) NODISCARD;

#endif
