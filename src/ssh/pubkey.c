/* pubkey.c -- public keys that clients log in with: parse and verify.
 *
 * Follows what sshd 9.2 takes by default: Ed25519, ECDSA and their hardware
 * ("sk") forms, RSA with SHA-2 from 1024 bits on. Certificates are recognised
 * but never pass, since no authority is trusted; DSA and RSA with SHA-1 are
 * parsed and refused.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/hash.h"
#include "ssh/keys_priv.h"

enum kind { KIND_RSA, KIND_DSA, KIND_ECDSA, KIND_ED25519, KIND_CERT };
enum { RSA_BITS_MIN = 1024, RSA_BITS_MAX = 16384 };

struct type {
    const char *name;
    enum kind kind;
    bool sk;
    const char *curve, *group; /* ECDSA: SSH's name, libcrypto's name */
    int bits;
};

static const struct type types[] = {
    {"ssh-ed25519", KIND_ED25519, false, NULL, NULL, 256},
    {"sk-ssh-ed25519@openssh.com", KIND_ED25519, true, NULL, NULL, 256},
    {"ecdsa-sha2-nistp256", KIND_ECDSA, false, "nistp256", "P-256", 256},
    {"ecdsa-sha2-nistp384", KIND_ECDSA, false, "nistp384", "P-384", 384},
    {"ecdsa-sha2-nistp521", KIND_ECDSA, false, "nistp521", "P-521", 521},
    {"sk-ecdsa-sha2-nistp256@openssh.com", KIND_ECDSA, true, "nistp256", "P-256", 256},
    {"ssh-rsa", KIND_RSA, false, NULL, NULL, 0},
    {"ssh-dss", KIND_DSA, false, NULL, NULL, 1024},
    {"ssh-ed25519-cert-v01@openssh.com", KIND_CERT, false, NULL, NULL, 0},
    {"sk-ssh-ed25519-cert-v01@openssh.com", KIND_CERT, false, NULL, NULL, 0},
    {"ecdsa-sha2-nistp256-cert-v01@openssh.com", KIND_CERT, false, NULL, NULL, 0},
    {"ecdsa-sha2-nistp384-cert-v01@openssh.com", KIND_CERT, false, NULL, NULL, 0},
    {"ecdsa-sha2-nistp521-cert-v01@openssh.com", KIND_CERT, false, NULL, NULL, 0},
    {"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", KIND_CERT, false, NULL, NULL, 0},
    {"ssh-rsa-cert-v01@openssh.com", KIND_CERT, false, NULL, NULL, 0},
};

/* Signature algorithms that log in, and the key type of each. */
static const struct {
    const char *alg, *type, *md;
} algs[] = {
    {"ssh-ed25519", "ssh-ed25519", NULL},
    {"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com", NULL},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", "SHA256"},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", "SHA384"},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", "SHA512"},
    {"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", "SHA256"},
    {"rsa-sha2-256", "ssh-rsa", "SHA256"},
    {"rsa-sha2-512", "ssh-rsa", "SHA512"},
};

const char *ssh_pubkey_accepted(void)
{
    /* What sshd prints: all it can verify, not only what it accepts. */
    return "ssh-ed25519,sk-ssh-ed25519@openssh.com,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
           "ecdsa-sha2-nistp521,sk-ecdsa-sha2-nistp256@openssh.com,"
           "webauthn-sk-ecdsa-sha2-nistp256@openssh.com,ssh-dss,ssh-rsa,rsa-sha2-256,"
           "rsa-sha2-512";
}

static bool same(const uint8_t *p, size_t n, const char *s)
{
    return strlen(s) == n && memcmp(p, s, n) == 0;
}

static const struct type *read_type(struct buf *b)
{
    const uint8_t *p;
    size_t n;
    if (buf_get_string(b, &p, &n) < 0)
        return NULL;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (same(p, n, types[i].name))
            return &types[i];
    return NULL;
}

static EVP_PKEY *pkey_from(const char *name, OSSL_PARAM_BLD *bld)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *read_rsa(struct buf *b, int *bits)
{
    const uint8_t *e, *n;
    size_t e_n, n_n;
    if (buf_get_mpint(b, &e, &e_n) < 0 || buf_get_mpint(b, &n, &n_n) < 0 ||
        n_n > RSA_BITS_MAX / 8 || e_n > n_n || n_n == 0)
        return NULL;
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *be = BN_bin2bn(e, (int)e_n, NULL), *bn = BN_bin2bn(n, (int)n_n, NULL);
    EVP_PKEY *key = NULL;
    if (bld && be && bn && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) == 1)
        key = pkey_from("RSA", bld);
    *bits = bn ? BN_num_bits(bn) : 0;
    OSSL_PARAM_BLD_free(bld);
    BN_free(be);
    BN_free(bn);
    return key;
}

static EVP_PKEY *read_ecdsa(struct buf *b, const struct type *t)
{
    const uint8_t *curve, *point;
    size_t curve_n, point_n;
    if (buf_get_string(b, &curve, &curve_n) < 0 || !same(curve, curve_n, t->curve) ||
        buf_get_string(b, &point, &point_n) < 0 || point_n < 1 || point[0] != 4)
        return NULL;
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    if (bld && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, t->group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, point_n) == 1)
        key = pkey_from("EC", bld);
    OSSL_PARAM_BLD_free(bld);
    return key;
}

/* Reads a whole blob. *app: of hardware keys, the application string. */
static EVP_PKEY *read_key(struct buf *b, const struct type *t, int *bits, struct buf *app)
{
    const uint8_t *p;
    size_t n;
    EVP_PKEY *key = NULL;
    *bits = t->bits;
    if (t->kind == KIND_RSA)
        key = read_rsa(b, bits);
    else if (t->kind == KIND_ECDSA)
        key = read_ecdsa(b, t);
    else if (t->kind == KIND_ED25519 && buf_get_string(b, &p, &n) == 0 && n == 32)
        key = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, p, n);
    if (key && t->sk) {
        if (buf_get_string(b, &p, &n) < 0)
            goto bad;
        *app = buf_wrap(p, n);
    }
    if (key && buf_len(b) == 0)
        return key;
bad:
    EVP_PKEY_free(key);
    return NULL;
}

void ssh_pubkey_parse(struct ssh_pubkey *k, const uint8_t *blob, size_t n)
{
    struct buf b = buf_wrap(blob, n), app = {0};
    const struct type *t = read_type(&b);
    memset(k, 0, sizeof(*k));
    if (!t)
        return;
    k->type = t->name;
    k->cert = t->kind == KIND_CERT;
    EVP_PKEY *key = read_key(&b, t, &k->bits, &app);
    k->parsed = key != NULL;
    EVP_PKEY_free(key);
}

bool ssh_pubkey_alg_fits(const struct ssh_pubkey *k, const char *alg)
{
    if (!k->type || !k->parsed || (strcmp(k->type, "ssh-rsa") == 0 && k->bits < RSA_BITS_MIN))
        return false;
    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
        if (strcmp(algs[i].alg, alg) == 0)
            return strcmp(algs[i].type, k->type) == 0;
    return false;
}

/* r and s as SSH writes them into DER, which libcrypto wants. */
static size_t ecdsa_der(struct buf *sig, uint8_t *der, size_t max)
{
    const uint8_t *p, *r, *s;
    size_t n, r_n, s_n;
    if (buf_get_string(sig, &p, &n) < 0)
        return 0;
    struct buf inner = buf_wrap(p, n);
    if (buf_get_mpint(&inner, &r, &r_n) < 0 || buf_get_mpint(&inner, &s, &s_n) < 0 || r_n > 66 ||
        s_n > 66 || buf_len(&inner) != 0)
        return 0;
    ECDSA_SIG *es = ECDSA_SIG_new();
    BIGNUM *br = BN_bin2bn(r, (int)r_n, NULL), *bs = BN_bin2bn(s, (int)s_n, NULL);
    size_t len = 0;
    if (es && br && bs && ECDSA_SIG_set0(es, br, bs) == 1) {
        br = bs = NULL;
        int need = i2d_ECDSA_SIG(es, NULL);
        if (need > 0 && (size_t)need <= max)
            len = (size_t)i2d_ECDSA_SIG(es, &der);
    }
    BN_free(br);
    BN_free(bs);
    ECDSA_SIG_free(es);
    return len;
}

/* What a hardware key signs: hash of application, flags, counter, hash of data. */
static int sk_message(struct buf *msg, const struct buf *app, struct buf *sig,
                      const struct buf *data)
{
    uint8_t h[32], flags;
    uint32_t counter;
    if (buf_get_u8(sig, &flags) < 0 || buf_get_u32(sig, &counter) < 0)
        return ERR_FORMAT;
    hash_sha256(h, buf_ptr(app), buf_len(app));
    int err = buf_put(msg, h, sizeof(h));
    if (err == 0)
        err = buf_put_u8(msg, flags);
    if (err == 0)
        err = buf_put_u32(msg, counter);
    hash_sha256(h, buf_ptr(data), buf_len(data));
    return err < 0 ? err : buf_put(msg, h, sizeof(h));
}

bool ssh_pubkey_verify(const uint8_t *blob, size_t blob_n, const char *alg, const struct buf *sig,
                       const struct buf *data)
{
    struct buf b = buf_wrap(blob, blob_n), s = buf_wrap(buf_ptr(sig), buf_len(sig)), app = {0}, msg;
    uint8_t der[160];
    const uint8_t *p;
    const char *md = NULL;
    size_t n;
    int bits;
    bool ok = false;
    const struct type *t = read_type(&b);
    EVP_PKEY *key = t ? read_key(&b, t, &bits, &app) : NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    buf_init(&msg, 256);
    if (!key || !ctx || buf_get_string(&s, &p, &n) < 0 || !same(p, n, alg))
        goto out;
    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
        if (strcmp(algs[i].alg, alg) == 0)
            md = algs[i].md;
    if (t->kind == KIND_ECDSA) {
        n = ecdsa_der(&s, der, sizeof(der));
        p = der;
    } else if (buf_get_string(&s, &p, &n) < 0) {
        n = 0;
    }
    if (n == 0 || (t->sk && sk_message(&msg, &app, &s, data) < 0) || buf_len(&s) != 0)
        goto out;
    const struct buf *signed_data = t->sk ? &msg : data;
    ok = EVP_DigestVerifyInit_ex(ctx, NULL, md, NULL, NULL, key, NULL) == 1 &&
         EVP_DigestVerify(ctx, p, n, buf_ptr(signed_data), buf_len(signed_data)) == 1;
out:
    buf_done(&msg);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok;
}
