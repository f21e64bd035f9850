/* rng.c -- xoshiro256** for worlds that must repeat, libcrypto for secrets.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/rng.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/hash.h"

static uint64_t splitmix64(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void rng_seed(struct rng *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix64(&seed);
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

/* Lemire's multiplication: the rare biased low parts are drawn again. */
uint64_t rng_below(struct rng *r, uint64_t n)
{
    unsigned __int128 m = (unsigned __int128)rng_u64(r) * n;
    if ((uint64_t)m < n) {
        uint64_t reject = -n % n;
        while ((uint64_t)m < reject)
            m = (unsigned __int128)rng_u64(r) * n;
    }
    return (uint64_t)(m >> 64);
}

int64_t rng_range(struct rng *r, int64_t lo, int64_t hi)
{
    uint64_t span = (uint64_t)hi - (uint64_t)lo + 1; /* 0: all 64 bits */
    uint64_t v = span ? rng_below(r, span) : rng_u64(r);
    return (int64_t)((uint64_t)lo + v);
}

double rng_unit(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

/* Box-Muller; the second value is thrown away so that a draw has no memory. */
double rng_normal(struct rng *r)
{
    double u = 1.0 - rng_unit(r); /* (0, 1] */
    double v = rng_unit(r);
    return sqrt(-2.0 * log(u)) * cos(2.0 * 3.14159265358979323846 * v);
}

double rng_exp(struct rng *r, double mean)
{
    return -mean * log(1.0 - rng_unit(r));
}

void rng_fill(struct rng *r, void *p, size_t n)
{
    uint8_t *out = p;
    while (n) {
        uint64_t v = rng_u64(r);
        size_t part = n < sizeof v ? n : sizeof v;
        memcpy(out, &v, part);
        out += part;
        n -= part;
    }
}

struct rng rng_named(uint64_t seed, const char *name)
{
    struct rng r;
    rng_seed(&r, hash_fixed(name, strlen(name), seed));
    return r;
}

int rng_secret(void *p, size_t n)
{
    uint8_t *out = p;
    while (n) {
        int part = n < INT_MAX ? (int)n : INT_MAX;
        if (RAND_bytes(out, part) != 1)
            return ERR_CRYPTO;
        out += part;
        n -= (size_t)part;
    }
    return 0;
}
