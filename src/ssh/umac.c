/* umac.c -- UMAC-64 and UMAC-128 (RFC 4418), as OpenSSH uses them.
 *
 * A tag is a universal hash of the message XORed with a pad that depends on
 * the nonce. The hash runs one stream per 32 bits of tag, each three layers:
 * NH over blocks of 1024 bytes (L1), a polynomial modulo 2^64-59 over the
 * results (L2, skipped for one block), an inner product modulo 2^36-5 (L3).
 * A packet is far below 16 MiB, so L2's second, 128-bit polynomial is not
 * needed. Names follow the RFC.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/umac.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/arena.h"

enum { L1_BLOCK = 1024 };
static const uint64_t p36 = 0xFFFFFFFFBull, p64 = 0xFFFFFFFFFFFFFFC5ull;
static const uint64_t l2_mask = 0x01FFFFFF01FFFFFFull;

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t be64(const uint8_t *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

/* The RFC's KDF: n bytes (a multiple of 16 is computed) for an index. */
static int kdf(EVP_CIPHER_CTX *aes, uint8_t index, uint8_t *out, size_t n)
{
    uint8_t block[16] = {0}, enc[16];
    int len;
    block[7] = index;
    for (size_t i = 1, at = 0; at < n; i++, at += 16) {
        block[14] = (uint8_t)(i >> 8);
        block[15] = (uint8_t)i;
        if (EVP_EncryptUpdate(aes, enc, &len, block, 16) != 1)
            return ERR_CRYPTO;
        memcpy(out + at, enc, n - at < 16 ? n - at : 16);
    }
    return 0;
}

static int derive_keys(struct umac *u, EVP_CIPHER_CTX *aes)
{
    uint8_t buf[L1_BLOCK + 16 * (UMAC_STREAMS_MAX - 1)];
    unsigned s = u->streams;
    size_t n = L1_BLOCK + 16 * (s - 1);
    if (kdf(aes, 1, buf, n) < 0)
        return ERR_CRYPTO;
    for (size_t i = 0; i < n / 4; i++)
        u->l1_key[i] = be32(buf + 4 * i);
    if (kdf(aes, 2, buf, 24 * s) < 0)
        return ERR_CRYPTO;
    for (unsigned i = 0; i < s; i++)
        u->l2_key[i] = be64(buf + 24 * i) & l2_mask;
    if (kdf(aes, 3, buf, 64 * s) < 0)
        return ERR_CRYPTO;
    for (unsigned i = 0; i < 8 * s; i++)
        u->l3_key[i / 8][i % 8] = be64(buf + 8 * i) % p36;
    if (kdf(aes, 4, buf, 4 * s) < 0)
        return ERR_CRYPTO;
    for (unsigned i = 0; i < s; i++)
        u->l3_xor[i] = be32(buf + 4 * i);
    OPENSSL_cleanse(buf, sizeof(buf));
    return 0;
}

struct umac *umac_new(const struct ssh_crypto *cr, const uint8_t key[UMAC_KEY], unsigned tag_len)
{
    struct umac *u = x_calloc(1, sizeof(*u));
    if (!u)
        return NULL;
    uint8_t pad_key[16];
    EVP_CIPHER_CTX *aes = u->pad_aes = EVP_CIPHER_CTX_new();
    u->streams = tag_len / 4;
    if (!aes || EVP_EncryptInit_ex2(aes, cr->cipher[SSH_EVP_AES128_ECB], key, NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(aes, 0) != 1 || derive_keys(u, aes) < 0 ||
        kdf(aes, 0, pad_key, 16) < 0 || EVP_EncryptInit_ex2(aes, NULL, pad_key, NULL, NULL) != 1) {
        umac_free(u);
        return NULL;
    }
    OPENSSL_cleanse(pad_key, sizeof(pad_key));
    return u;
}

void umac_free(struct umac *u)
{
    if (!u)
        return;
    EVP_CIPHER_CTX_free(u->pad_aes);
    OPENSSL_cleanse(u, sizeof(*u));
    x_free(u);
}

/* NH of one block (a multiple of 32 bytes), the message as little-endian words. */
static uint64_t nh(const uint32_t *k, const uint8_t *p, size_t n)
{
    uint64_t y = 0;
    for (size_t at = 0; at < n; at += 32, k += 8, p += 32) {
        uint32_t m[8];
        memcpy(m, p, 32);
        for (int i = 0; i < 4; i++)
            y += (uint64_t)(uint32_t)(m[i] + k[i]) * (uint32_t)(m[i + 4] + k[i + 4]);
    }
    return y;
}

static uint64_t mul_add_p64(uint64_t k, uint64_t y, uint64_t m)
{
    unsigned __int128 v = (unsigned __int128)k * y + m;
    return (uint64_t)(v % p64);
}

static uint64_t poly64_step(uint64_t k, uint64_t y, uint64_t m)
{
    if (m >= 0xFFFFFFFF00000000ull) { /* such words are escaped by a marker */
        y = mul_add_p64(k, y, p64 - 1);
        m -= 59;
    }
    return mul_add_p64(k, y, m);
}

static uint32_t l3(const uint64_t key[8], uint32_t xor, uint64_t hi, uint64_t lo)
{
    uint64_t y = 0;
    for (int i = 0; i < 4; i++) {
        y += (hi >> (48 - 16 * i) & 0xFFFF) * key[i];
        y += (lo >> (48 - 16 * i) & 0xFFFF) * key[i + 4];
    }
    return (uint32_t)(y % p36) ^ xor;
}

/* The pad of a nonce: AES of it; of two 64-bit halves the lowest bit picks. */
static int pad(struct umac *u, const uint8_t nonce[8], uint8_t *out, unsigned tag_len)
{
    uint8_t block[16] = {0}, enc[16];
    unsigned index = 0;
    int len;
    memcpy(block, nonce, 8);
    if (tag_len == 8) {
        index = block[7] & 1;
        block[7] ^= (uint8_t)index;
    }
    if (EVP_EncryptUpdate(u->pad_aes, enc, &len, block, 16) != 1)
        return ERR_CRYPTO;
    memcpy(out, enc + index * tag_len, tag_len);
    return 0;
}

int umac_tag(struct umac *u, const void *p, size_t n, const uint8_t nonce[8], uint8_t *tag)
{
    uint64_t y[UMAC_STREAMS_MAX] = {0};
    const uint8_t *m = p;
    bool many = n > L1_BLOCK;
    size_t left = n;
    do {
        uint8_t last[L1_BLOCK];
        size_t len = left < L1_BLOCK ? left : L1_BLOCK, padded = len;
        const uint8_t *block = m;
        if (len == 0 || len % 32 != 0) { /* zero-pad to a positive multiple of 32 */
            padded = len == 0 ? 32 : (len + 31) / 32 * 32;
            memset(last, 0, padded);
            if (len > 0)
                memcpy(last, m, len);
            block = last;
        }
        for (unsigned s = 0; s < u->streams; s++) {
            uint64_t h = nh(u->l1_key + 4 * s, block, padded) + 8 * len;
            if (many)
                y[s] = poly64_step(u->l2_key[s], m == p ? 1 : y[s], h);
            else
                y[s] = h;
        }
        m += len;
        left -= len;
    } while (left > 0);
    if (pad(u, nonce, tag, 4 * u->streams) < 0)
        return ERR_CRYPTO;
    for (unsigned s = 0; s < u->streams; s++) {
        uint32_t h = l3(u->l3_key[s], u->l3_xor[s], 0, y[s]);
        for (int i = 0; i < 4; i++)
            tag[4 * s + i] ^= (uint8_t)(h >> (24 - 8 * i));
    }
    return 0;
}
