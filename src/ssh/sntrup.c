/* sntrup.c -- Streamlined NTRU Prime 761, the encapsulating side.
 *
 * From the NTRU Prime submission (round 3): polynomials modulo x^761 - x - 1
 * over the integers modulo 4591. A client's public key is a polynomial h; we
 * draw a short r (286 coefficients of +-1), send h*r rounded to multiples of
 * three and a hash confirming r; both sides hash r and the message into the
 * shared secret. Sequences of small integers are packed by mixed-radix
 * encoding: pairs are merged, bytes are split off while the radix stays large.
 *
 * r is not hidden from timing: what it protects is a conversation with an
 * intruder, and adding up h once per non-zero coefficient is fastest.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/sntrup.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/rng.h"

enum {
    P = SNTRUP_P,
    Q = 4591,
    HALF = (Q - 1) / 2,
    W = 286,
    ROUNDED = 1007,
    SMALL = 191,
    SPLIT = 16384, /* radices of at least this give off a byte */
};

/* Packs n values (r[i] < radix m[i]); both arrays are used up. */
static void radix_encode(uint8_t *out, uint16_t *r, uint16_t *m, size_t n)
{
    while (n > 1) {
        size_t k = 0;
        for (size_t i = 0; i + 1 < n; i += 2, k++) {
            uint32_t value = r[i] + (uint32_t)m[i] * r[i + 1];
            uint32_t radix = (uint32_t)m[i] * m[i + 1];
            while (radix >= SPLIT) {
                *out++ = (uint8_t)value;
                value >>= 8;
                radix = (radix + 255) >> 8;
            }
            r[k] = (uint16_t)value;
            m[k] = (uint16_t)radix;
        }
        if (n & 1) {
            r[k] = r[n - 1];
            m[k++] = m[n - 1];
        }
        n = k;
    }
    for (uint32_t radix = m[0], value = r[0]; radix > 1; radix = (radix + 255) >> 8, value >>= 8)
        *out++ = (uint8_t)value;
}

/* Unpacks P values of one radix. Each level's split-off bytes are read on the
 * way down, and merged back on the way up. */
static void radix_decode(uint16_t *out, const uint8_t *in, uint16_t radix)
{
    enum { LEVELS = 11 };
    uint16_t m[LEVELS][P];
    uint32_t low[LEVELS][P / 2 + 1], step[LEVELS][P / 2 + 1];
    size_t n[LEVELS] = {P}, level = 0;
    for (size_t i = 0; i < P; i++)
        m[0][i] = radix;
    for (; n[level] > 1; level++) {
        size_t k = 0;
        for (size_t i = 0; i + 1 < n[level]; i += 2, k++) {
            uint32_t rad = (uint32_t)m[level][i] * m[level][i + 1];
            low[level][k] = 0;
            step[level][k] = 1;
            while (rad >= SPLIT) {
                low[level][k] += *in++ * step[level][k];
                step[level][k] <<= 8;
                rad = (rad + 255) >> 8;
            }
            m[level + 1][k] = (uint16_t)rad;
        }
        if (n[level] & 1)
            m[level + 1][k++] = m[level][n[level] - 1];
        n[level + 1] = k;
    }
    uint32_t top = 0, weight = 1;
    for (uint32_t rad = m[level][0]; rad > 1; rad = (rad + 255) >> 8, weight <<= 8)
        top += *in++ * weight;
    out[0] = (uint16_t)(top % m[level][0]);
    while (level-- > 0) { /* from the last pair on, since out is rewritten in place */
        size_t pairs = n[level] / 2;
        if (n[level] & 1)
            out[n[level] - 1] = out[pairs];
        for (size_t k = pairs; k-- > 0;) {
            uint64_t v = low[level][k] + (uint64_t)step[level][k] * out[k];
            out[2 * k + 1] = (uint16_t)(v / m[level][2 * k] % m[level][2 * k + 1]);
            out[2 * k] = (uint16_t)(v % m[level][2 * k]);
        }
    }
}

static int cmp_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* 286 coefficients of +-1 in random places: by sorting tagged random words. */
static void short_from(uint32_t random[P], int8_t r[P])
{
    for (int i = 0; i < P; i++)
        random[i] = i < W ? random[i] & ~1u : (random[i] & ~3u) | 1;
    qsort(random, P, sizeof(random[0]), cmp_u32);
    for (int i = 0; i < P; i++)
        r[i] = (int8_t)((int)(random[i] & 3) - 1);
}

/* h*r modulo x^761 - x - 1, coefficients in (-Q/2, Q/2) */
static void multiply(int16_t out[P], const int16_t h[P], const int8_t r[P])
{
    int32_t sum[2 * P] = {0}; /* |sum| <= 286*2295 + its folding: far from overflow */
    for (int i = 0; i < P; i++) {
        if (r[i] > 0)
            for (int j = 0; j < P; j++)
                sum[i + j] += h[j];
        else if (r[i] < 0)
            for (int j = 0; j < P; j++)
                sum[i + j] -= h[j];
    }
    for (int i = 2 * P - 2; i >= P; i--) { /* x^(P+k) = x^(k+1) + x^k */
        sum[i - P] += sum[i];
        sum[i - P + 1] += sum[i];
    }
    for (int i = 0; i < P; i++) {
        int32_t v = sum[i] % Q;
        v += v < 0 ? Q : 0;
        out[i] = (int16_t)(v > HALF ? v - Q : v);
    }
}

/* First half of SHA-512 of a prefix byte and some bytes. */
static int hash_prefix(const struct ssh_crypto *cr, uint8_t prefix, const uint8_t *p, size_t n,
                       uint8_t out[32])
{
    uint8_t buf[1 + SNTRUP_PK], full[64];
    buf[0] = prefix;
    memcpy(buf + 1, p, n);
    if (ssh_crypto_hash(cr, SSH_MD_SHA512, buf, n + 1, full) < 0)
        return ERR_CRYPTO;
    memcpy(out, full, 32);
    return 0;
}

static void encode_rounded(uint8_t out[ROUNDED], const int16_t c[P])
{
    uint16_t v[P], m[P];
    for (int i = 0; i < P; i++) {
        int third = (c[i] + HALF + 1) / 3; /* nearest multiple of three; HALF is one */
        v[i] = (uint16_t)third;
        m[i] = (Q + 2) / 3;
    }
    radix_encode(out, v, m, P);
}

static void encode_small(uint8_t out[SMALL], const int8_t r[P])
{
    memset(out, 0, SMALL);
    for (int i = 0; i < P; i++)
        out[i / 4] |= (uint8_t)((r[i] + 1) << 2 * (i % 4));
}

int sntrup_encap_from(const struct ssh_crypto *cr, uint32_t random[SNTRUP_P],
                      const uint8_t pk[SNTRUP_PK], uint8_t *ct_and_ss)
{
    uint16_t coded[P];
    int16_t h[P], c[P];
    int8_t r[P];
    uint8_t small[SMALL], both[64], session[32 + SNTRUP_CT];
    uint8_t *ct = ct_and_ss, *ss = ct_and_ss + SNTRUP_CT;
    radix_decode(coded, pk, Q);
    for (int i = 0; i < P; i++)
        h[i] = (int16_t)(coded[i] - HALF);
    short_from(random, r);
    multiply(c, h, r);
    encode_rounded(ct, c);
    encode_small(small, r);
    if (hash_prefix(cr, 3, small, SMALL, both) < 0 ||
        hash_prefix(cr, 4, pk, SNTRUP_PK, both + 32) < 0 ||
        hash_prefix(cr, 2, both, 64, ct + ROUNDED) < 0)
        return ERR_CRYPTO;
    memcpy(session, both, 32);
    memcpy(session + 32, ct, SNTRUP_CT);
    int err = hash_prefix(cr, 1, session, sizeof(session), ss);
    OPENSSL_cleanse(r, sizeof(r));
    OPENSSL_cleanse(small, sizeof(small));
    return err;
}

int sntrup_encap(const struct ssh_crypto *cr, const uint8_t pk[SNTRUP_PK], uint8_t ct[SNTRUP_CT],
                 uint8_t ss[SNTRUP_SS])
{
    uint32_t random[P];
    uint8_t both[SNTRUP_CT + SNTRUP_SS];
    if (rng_secret(random, sizeof(random)) < 0 || sntrup_encap_from(cr, random, pk, both) < 0)
        return ERR_CRYPTO;
    memcpy(ct, both, SNTRUP_CT);
    memcpy(ss, both + SNTRUP_CT, SNTRUP_SS);
    OPENSSL_cleanse(random, sizeof(random));
    return 0;
}
