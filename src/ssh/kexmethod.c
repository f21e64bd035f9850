/* kexmethod.c -- the mathematics of key exchange: X25519 (RFC 8731), with
 * sntrup761 beside it, ECDH (RFC 5656), Diffie-Hellman with fixed and with
 * negotiated groups (RFC 8268, 4419).
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/kexmethod.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>

#include "base/arena.h"
#include "base/rng.h"
#include "ssh/sntrup.h"

static const struct ssh_kex_method table[] = {
    {"sntrup761x25519-sha512", KEX_SNTRUP, SSH_MD_SHA512, 0},
    {"sntrup761x25519-sha512@openssh.com", KEX_SNTRUP, SSH_MD_SHA512, 0},
    {"curve25519-sha256", KEX_X25519, SSH_MD_SHA256, 0},
    {"curve25519-sha256@libssh.org", KEX_X25519, SSH_MD_SHA256, 0},
    {"ecdh-sha2-nistp256", KEX_ECDH, SSH_MD_SHA256, 256},
    {"ecdh-sha2-nistp384", KEX_ECDH, SSH_MD_SHA384, 384},
    {"ecdh-sha2-nistp521", KEX_ECDH, SSH_MD_SHA512, 521},
    {"diffie-hellman-group-exchange-sha256", KEX_GEX, SSH_MD_SHA256, 0},
    {"diffie-hellman-group16-sha512", KEX_DH, SSH_MD_SHA512, 16},
    {"diffie-hellman-group18-sha512", KEX_DH, SSH_MD_SHA512, 18},
    {"diffie-hellman-group14-sha256", KEX_DH, SSH_MD_SHA256, 14},
};

enum {
    X25519_LEN = 32,
    POINT_MAX = 133,
    GROUP_MIN = 2048,
    GROUP_MAX = 8192,
    PRIMES_MAX = 16 * 1024 * 1024,
    GROUPS_MAX = 8192,
};

const struct ssh_kex_method *ssh_kex_method_find(const char *name)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const char *ssh_kex_method_names(void)
{
    return "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,"
           "curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
           "ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,"
           "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"
           "diffie-hellman-group14-sha256";
}

/* ---- groups ---- */

/* The next blank-separated field of a line; its length, 0 at the end. */
static size_t field(const char **p, const char *end, const char **f)
{
    while (*p < end && **p == ' ')
        (*p)++;
    *f = *p;
    while (*p < end && **p != ' ')
        (*p)++;
    return (size_t)(*p - *f);
}

static uint32_t decimal(const char *p, size_t n)
{
    uint32_t v = 0;
    for (size_t i = 0; i < n && i < 9; i++) {
        if (p[i] < '0' || p[i] > '9')
            return 0;
        v = v * 10 + (uint32_t)(p[i] - '0');
    }
    return v;
}

/* Fields: time, type (2: safe), tests (>= 4 beyond trivial), tries, size-1,
 * generator, modulus. */
static int parse_group(struct ssh_groups *gs, const char *p, const char *end)
{
    const char *f[7];
    size_t n[7];
    for (int i = 0; i < 7; i++)
        n[i] = field(&p, end, &f[i]);
    uint32_t bits = decimal(f[4], n[4]) + 1, tests = decimal(f[2], n[2]);
    if (n[6] == 0 || n[6] * 4 < bits || n[6] > GROUP_MAX / 4 || decimal(f[1], n[1]) != 2 ||
        (tests & 1) != 0 || (tests & ~1u) == 0 || bits < GROUP_MIN || bits > GROUP_MAX ||
        bits % 8 != 0 || n[6] * 4 != bits)
        return 0;
    uint8_t prime[GROUP_MAX / 8];
    for (size_t i = 0; i < bits / 8; i++) {
        char hex[3] = {f[6][2 * i], f[6][2 * i + 1], '\0'};
        char *stop;
        prime[i] = (uint8_t)strtoul(hex, &stop, 16);
        if (*stop)
            return 0;
    }
    uint32_t gen = (uint32_t)strtoul(f[5], NULL, 16);
    if (gen < 2 || gen > 255 || gs->n >= GROUPS_MAX)
        return 0;
    if (gs->n % 64 == 0) {
        struct ssh_group *g = x_realloc(gs->g, (gs->n + 64) * sizeof(*g));
        if (!g)
            return ERR_NOMEM;
        gs->g = g;
    }
    gs->g[gs->n++] =
        (struct ssh_group){(uint16_t)bits, (uint16_t)gen, (uint32_t)buf_len(&gs->primes)};
    return buf_put(&gs->primes, prime, bits / 8);
}

int ssh_groups_parse(struct ssh_groups *gs, const char *text, size_t n)
{
    memset(gs, 0, sizeof(*gs));
    buf_init(&gs->primes, PRIMES_MAX);
    for (const char *p = text, *end = text ? text + n : NULL; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        if (!nl)
            nl = end;
        int err = *p == '#' ? 0 : parse_group(gs, p, nl);
        if (err < 0)
            return err;
        p = nl + 1;
    }
    return 0;
}

void ssh_groups_done(struct ssh_groups *gs)
{
    x_free(gs->g);
    buf_done(&gs->primes);
    memset(gs, 0, sizeof(*gs));
}

BIGNUM *ssh_kex_prime(int group)
{
    switch (group) {
    case 14:
        return BN_get_rfc3526_prime_2048(NULL);
    case 16:
        return BN_get_rfc3526_prime_4096(NULL);
    case 18:
        return BN_get_rfc3526_prime_8192(NULL);
    default:
        return NULL;
    }
}

static BIGNUM *small_number(unsigned v)
{
    BIGNUM *b = BN_new();
    if (b && BN_set_word(b, v) != 1) {
        BN_free(b);
        return NULL;
    }
    return b;
}

int ssh_groups_choose(const struct ssh_groups *gs, uint32_t min, uint32_t want, uint32_t max,
                      BIGNUM **p, BIGNUM **g)
{
    uint32_t best = 0;
    size_t count = 0;
    for (size_t i = 0; i < gs->n; i++) { /* the smallest that is enough, or the largest */
        uint32_t b = gs->g[i].bits;
        if (b < min || b > max)
            continue;
        if ((b > want && b < best) || (b > best && best < want)) {
            best = b;
            count = 0;
        }
        if (b == best)
            count++;
    }
    if (count == 0) { /* sshd's fixed fallbacks */
        *p = ssh_kex_prime(max < 3072 ? 14 : max < 6144 ? 16 : 18);
        *g = small_number(2);
    } else {
        uint32_t r = 0;
        if (rng_secret(&r, sizeof(r)) < 0)
            return ERR_CRYPTO;
        size_t pick = r % count;
        for (size_t i = 0; i < gs->n; i++)
            if (gs->g[i].bits == best && pick-- == 0) {
                *p = BN_bin2bn(buf_ptr(&gs->primes) + gs->g[i].at, (int)(best / 8), NULL);
                *g = small_number(gs->g[i].generator);
                break;
            }
    }
    if (*p && *g)
        return 0;
    BN_free(*p);
    BN_free(*g);
    *p = *g = NULL;
    return ERR_NOMEM;
}

/* ---- the methods ---- */

/* Our key pair of the same kind as peer, and the secret with it. */
static int derive(EVP_PKEY *ours, EVP_PKEY *theirs, uint8_t *out, size_t *n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
    bool ok = ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, theirs) == 1 &&
              EVP_PKEY_derive(ctx, out, n) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok ? 0 : ERR_CRYPTO;
}

static int x25519(const uint8_t *theirs, struct buf *ours, uint8_t secret[X25519_LEN])
{
    uint8_t pub[X25519_LEN];
    size_t pub_n = sizeof(pub), n = X25519_LEN;
    int err = ERR_CRYPTO;
    EVP_PKEY *mine = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, theirs, X25519_LEN);
    if (mine && peer && EVP_PKEY_get_raw_public_key(mine, pub, &pub_n) == 1)
        err = derive(mine, peer, secret, &n); /* fails on an all-zero result */
    EVP_PKEY_free(mine);
    EVP_PKEY_free(peer);
    return err < 0 ? err : buf_put(ours, pub, sizeof(pub));
}

static int compute_x25519(const struct ssh_kex_input *in, struct buf *ours, struct buf *secret)
{
    uint8_t k[X25519_LEN];
    if (in->theirs_n != X25519_LEN)
        return ERR_FORMAT;
    int err = x25519(in->theirs, ours, k);
    if (err == 0)
        err = buf_put_mpint(secret, k, sizeof(k));
    OPENSSL_cleanse(k, sizeof(k));
    return err;
}

static int compute_sntrup(const struct ssh_crypto *cr, const struct ssh_kex_input *in,
                          struct buf *ours, struct buf *secret)
{
    uint8_t ct[SNTRUP_CT], both[SNTRUP_SS + X25519_LEN], k[64];
    if (in->theirs_n != SNTRUP_PK + X25519_LEN)
        return ERR_FORMAT;
    int err = sntrup_encap(cr, in->theirs, ct, both);
    if (err == 0)
        err = buf_put(ours, ct, sizeof(ct));
    if (err == 0)
        err = x25519(in->theirs + SNTRUP_PK, ours, both + SNTRUP_SS);
    if (err == 0)
        err = ssh_crypto_hash(cr, SSH_MD_SHA512, both, sizeof(both), k);
    if (err > 0)
        err = buf_put_string(secret, k, sizeof(k));
    OPENSSL_cleanse(both, sizeof(both));
    OPENSSL_cleanse(k, sizeof(k));
    return err;
}

static EVP_PKEY *ec_peer(EVP_PKEY *like, const uint8_t *point, size_t n)
{
    EVP_PKEY *peer = EVP_PKEY_new();
    if (peer && n > 0 && point[0] == POINT_CONVERSION_UNCOMPRESSED &&
        EVP_PKEY_copy_parameters(peer, like) == 1 &&
        EVP_PKEY_set1_encoded_public_key(peer, point, n) == 1)
        return peer;
    EVP_PKEY_free(peer);
    return NULL;
}

static int compute_ecdh(const struct ssh_kex_input *in, struct buf *ours, struct buf *secret)
{
    const char *curve = in->method->param == 256   ? "P-256"
                        : in->method->param == 384 ? "P-384"
                                                   : "P-521";
    uint8_t k[66], *pub = NULL;
    size_t n = sizeof(k);
    EVP_PKEY *mine = EVP_EC_gen(curve);
    EVP_PKEY *peer = mine ? ec_peer(mine, in->theirs, in->theirs_n) : NULL;
    int err = ERR_CRYPTO;
    if (peer && derive(mine, peer, k, &n) == 0) {
        size_t pub_n = EVP_PKEY_get1_encoded_public_key(mine, &pub);
        err = pub_n > 0 ? buf_put(ours, pub, pub_n) : ERR_CRYPTO;
    }
    if (err == 0)
        err = buf_put_mpint(secret, k, n);
    OPENSSL_free(pub);
    OPENSSL_cleanse(k, sizeof(k));
    EVP_PKEY_free(mine);
    EVP_PKEY_free(peer);
    return err;
}

/* 1 < value < p-1, and not nearly empty, as sshd demands of a public value. */
static bool dh_public_ok(const BIGNUM *v, const BIGNUM *p)
{
    int set = 0;
    BIGNUM *limit = BN_dup(p);
    bool ok = limit && !BN_is_negative(v) && BN_cmp(v, BN_value_one()) > 0 &&
              BN_sub_word(limit, 1) == 1 && BN_cmp(v, limit) < 0;
    for (int i = 0; ok && i <= BN_num_bits(v); i++)
        set += BN_is_bit_set(v, i);
    BN_free(limit);
    return ok && set >= 4;
}

static int put_number(struct buf *b, const BIGNUM *v)
{
    uint8_t be[GROUP_MAX / 8 + 8];
    if (BN_num_bytes(v) > (int)sizeof(be))
        return ERR_RANGE;
    return buf_put_mpint(b, be, (size_t)BN_bn2bin(v, be));
}

static int dh_exchange(const struct ssh_kex_input *in, BN_CTX *ctx, struct buf *ours,
                       struct buf *secret)
{
    BIGNUM *e = BN_CTX_get(ctx), *x = BN_CTX_get(ctx), *f = BN_CTX_get(ctx), *k = BN_CTX_get(ctx);
    int bits = (int)in->need * 8 < 256 ? 256 : (int)in->need * 8;
    int x_bits = BN_num_bits(in->p) - 1 < bits * 2 ? BN_num_bits(in->p) - 1 : bits * 2;
    BN_MONT_CTX *mont = BN_MONT_CTX_new();
    int err = ERR_CRYPTO;
    /* A zero byte or more before the number is fine, a sign is not. */
    if (!k || !mont || in->theirs_n > GROUP_MAX / 8 + 1 ||
        (in->theirs_n > 0 && in->theirs[0] & 0x80) ||
        !BN_bin2bn(in->theirs, (int)in->theirs_n, e) || !dh_public_ok(e, in->p) ||
        BN_MONT_CTX_set(mont, in->p, ctx) != 1)
        goto out;
    do {
        if (BN_priv_rand(x, x_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1 ||
            BN_mod_exp_mont(f, in->g, x, in->p, ctx, mont) != 1)
            goto out;
    } while (!dh_public_ok(f, in->p));
    if (BN_mod_exp_mont(k, e, x, in->p, ctx, mont) != 1 || BN_cmp(k, BN_value_one()) <= 0)
        goto out;
    err = put_number(ours, f);
    if (err == 0)
        err = put_number(secret, k);
    BN_clear(x);
    BN_clear(k);
out:
    BN_MONT_CTX_free(mont);
    return err;
}

static int compute_dh(const struct ssh_kex_input *in, struct buf *ours, struct buf *secret)
{
    BN_CTX *ctx = BN_CTX_new();
    int err = ERR_CRYPTO;
    if (ctx) {
        BN_CTX_start(ctx);
        err = dh_exchange(in, ctx, ours, secret);
        BN_CTX_end(ctx);
    }
    BN_CTX_free(ctx);
    if (err == 0) /* the reply's string is the mpint, whose length is put by the caller */
        buf_consume(ours, 4);
    return err;
}

int ssh_kex_compute(const struct ssh_crypto *cr, const struct ssh_kex_input *in, struct buf *ours,
                    struct buf *secret)
{
    switch (in->method->kind) {
    case KEX_X25519:
        return compute_x25519(in, ours, secret);
    case KEX_SNTRUP:
        return compute_sntrup(cr, in, ours, secret);
    case KEX_ECDH:
        return compute_ecdh(in, ours, secret);
    case KEX_DH:
    case KEX_GEX:
        return compute_dh(in, ours, secret);
    }
    return ERR_NOTFOUND;
}
