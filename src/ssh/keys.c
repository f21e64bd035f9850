/* keys.c -- the server's host keys: make, load, save, sign.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/keys.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"
#include "ssh/keys_priv.h"

struct ssh_hostkeys {
    EVP_PKEY *key[SSH_HOSTKEY_N];
    struct buf blob[SSH_HOSTKEY_N];
};

enum { BLOB_MAX = 4096, PEM_MAX = 16384, RSA_BITS = 3072 };

static const char *const names[SSH_HOSTKEY_N] = {"ssh-rsa", "ecdsa-sha2-nistp256", "ssh-ed25519"};
static const char *const files[SSH_HOSTKEY_N] = {"ssh_host_rsa_key", "ssh_host_ecdsa_key",
                                                 "ssh_host_ed25519_key"};

const char *ssh_hostkey_name(enum ssh_hostkey_type t)
{
    return names[t];
}

const char *ssh_hostkey_file(enum ssh_hostkey_type t)
{
    return files[t];
}

struct ssh_hostkeys *ssh_hostkeys_new(void)
{
    struct ssh_hostkeys *k = x_calloc(1, sizeof(*k));
    for (int t = 0; k && t < SSH_HOSTKEY_N; t++)
        buf_init(&k->blob[t], BLOB_MAX);
    return k;
}

void ssh_hostkeys_free(struct ssh_hostkeys *k)
{
    if (!k)
        return;
    for (int t = 0; t < SSH_HOSTKEY_N; t++) {
        EVP_PKEY_free(k->key[t]);
        buf_done(&k->blob[t]);
    }
    x_free(k);
}

static int put_bn_param(struct buf *b, const EVP_PKEY *key, const char *name)
{
    uint8_t be[BLOB_MAX];
    BIGNUM *bn = NULL;
    int err = ERR_CRYPTO;
    if (EVP_PKEY_get_bn_param(key, name, &bn) == 1 && BN_num_bytes(bn) <= (int)sizeof(be))
        err = buf_put_mpint(b, be, (size_t)BN_bn2bin(bn, be));
    BN_free(bn);
    return err;
}

static int put_blob(struct buf *b, enum ssh_hostkey_type t, const EVP_PKEY *key)
{
    uint8_t raw[133];
    size_t n = sizeof(raw);
    int err = buf_put_cstring(b, names[t]);
    if (err < 0)
        return err;
    switch (t) {
    case SSH_HOSTKEY_RSA:
        err = put_bn_param(b, key, OSSL_PKEY_PARAM_RSA_E);
        return err < 0 ? err : put_bn_param(b, key, OSSL_PKEY_PARAM_RSA_N);
    case SSH_HOSTKEY_ECDSA:
        if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof(raw), &n) !=
            1)
            return ERR_CRYPTO;
        err = buf_put_cstring(b, "nistp256");
        return err < 0 ? err : buf_put_string(b, raw, n);
    case SSH_HOSTKEY_ED25519:
        if (EVP_PKEY_get_raw_public_key(key, raw, &n) != 1)
            return ERR_CRYPTO;
        return buf_put_string(b, raw, n);
    default:
        return ERR_RANGE;
    }
}

static bool is_type(const EVP_PKEY *key, enum ssh_hostkey_type t)
{
    char group[32] = "";
    switch (t) {
    case SSH_HOSTKEY_RSA:
        return EVP_PKEY_is_a(key, "RSA");
    case SSH_HOSTKEY_ECDSA:
        return EVP_PKEY_is_a(key, "EC") &&
               EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
               strcmp(group, "prime256v1") == 0;
    case SSH_HOSTKEY_ED25519:
        return EVP_PKEY_is_a(key, "ED25519");
    default:
        return false;
    }
}

/* Takes key over, also on failure. */
static int adopt(struct ssh_hostkeys *k, enum ssh_hostkey_type t, EVP_PKEY *key)
{
    if (!is_type(key, t)) {
        EVP_PKEY_free(key);
        return ERR_RANGE;
    }
    if (t == SSH_HOSTKEY_ECDSA)
        EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED);
    buf_clear(&k->blob[t]);
    int err = put_blob(&k->blob[t], t, key);
    if (err < 0) {
        EVP_PKEY_free(key);
        return err;
    }
    EVP_PKEY_free(k->key[t]);
    k->key[t] = key;
    return 0;
}

int ssh_hostkeys_generate(struct ssh_hostkeys *k, enum ssh_hostkey_type t)
{
    EVP_PKEY *key = NULL;
    if (t == SSH_HOSTKEY_RSA)
        key = EVP_RSA_gen(RSA_BITS);
    else if (t == SSH_HOSTKEY_ECDSA)
        key = EVP_EC_gen("P-256");
    else if (t == SSH_HOSTKEY_ED25519)
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return key ? adopt(k, t, key) : ERR_CRYPTO;
}

int ssh_hostkeys_load(struct ssh_hostkeys *k, enum ssh_hostkey_type t, const void *pem, size_t n)
{
    if (n == 0 || n > PEM_MAX)
        return ERR_FORMAT;
    BIO *bio = BIO_new_mem_buf(pem, (int)n);
    /* An empty passphrase, so that an encrypted file is an error and not a prompt. */
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
    BIO_free(bio);
    return key ? adopt(k, t, key) : ERR_FORMAT;
}

int ssh_hostkeys_save(const struct ssh_hostkeys *k, enum ssh_hostkey_type t, struct buf *out)
{
    char *p = NULL;
    if (!k->key[t])
        return ERR_NOTFOUND;
    BIO *bio = BIO_new(BIO_s_mem());
    int err = ERR_CRYPTO;
    if (bio && PEM_write_bio_PrivateKey(bio, k->key[t], NULL, NULL, 0, NULL, NULL) == 1) {
        long n = BIO_get_mem_data(bio, &p);
        err = buf_put(out, p, (size_t)n);
    }
    BIO_free(bio);
    return err;
}

bool ssh_hostkeys_has(const struct ssh_hostkeys *k, enum ssh_hostkey_type t)
{
    return k->key[t] != NULL;
}

const uint8_t *ssh_hostkeys_blob(const struct ssh_hostkeys *k, enum ssh_hostkey_type t, size_t *n)
{
    if (!k->key[t])
        return NULL;
    *n = buf_len(&k->blob[t]);
    return buf_ptr(&k->blob[t]);
}

int ssh_hostkeys_public_line(const struct ssh_hostkeys *k, enum ssh_hostkey_type t,
                             const char *comment, struct buf *out)
{
    char b64[BLOB_MAX / 3 * 4 + 8];
    if (!k->key[t])
        return ERR_NOTFOUND;
    base64_encode(b64, buf_ptr(&k->blob[t]), buf_len(&k->blob[t]));
    return buf_put_text(out, "%s %s %s\n", names[t], b64, comment);
}

void ssh_fingerprint(char out[SSH_FP_LEN], const void *blob, size_t n)
{
    uint8_t digest[32];
    char b64[48];
    hash_sha256(digest, blob, n);
    base64_encode(b64, digest, sizeof(digest)); /* 43 characters and one '=' */
    memcpy(out, "SHA256:", 7);
    memcpy(out + 7, b64, 43);
    out[7 + 43] = '\0';
}

static int put_ecdsa_sig(struct buf *out, const uint8_t *der, size_t n)
{
    uint8_t r[32], s[32];
    const BIGNUM *br, *bs;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
    if (!sig)
        return ERR_CRYPTO;
    ECDSA_SIG_get0(sig, &br, &bs);
    struct buf inner;
    buf_init(&inner, 128);
    int err = ERR_CRYPTO;
    if (BN_bn2binpad(br, r, 32) == 32 && BN_bn2binpad(bs, s, 32) == 32)
        err = buf_put_mpint(&inner, r, 32);
    if (err == 0)
        err = buf_put_mpint(&inner, s, 32);
    if (err == 0)
        err = buf_put_string(out, buf_ptr(&inner), buf_len(&inner));
    buf_done(&inner);
    ECDSA_SIG_free(sig);
    return err;
}

int ssh_hostkeys_sign(const struct ssh_hostkeys *k, const char *alg, const struct buf *data,
                      struct buf *out)
{
    static const struct {
        const char *alg;
        enum ssh_hostkey_type type;
        const char *md;
    } sigs[] = {
        {"rsa-sha2-512", SSH_HOSTKEY_RSA, "SHA512"},
        {"rsa-sha2-256", SSH_HOSTKEY_RSA, "SHA256"},
        {"ssh-rsa", SSH_HOSTKEY_RSA, "SHA1"},
        {"ecdsa-sha2-nistp256", SSH_HOSTKEY_ECDSA, "SHA256"},
        {"ssh-ed25519", SSH_HOSTKEY_ED25519, NULL},
    };
    size_t i = 0, count = sizeof(sigs) / sizeof(sigs[0]);
    while (i < count && strcmp(sigs[i].alg, alg) != 0)
        i++;
    if (i == count || !k->key[sigs[i].type])
        return ERR_NOTFOUND;
    uint8_t sig[1024];
    size_t n = sizeof(sig);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int err = ERR_CRYPTO;
    if (ctx &&
        EVP_DigestSignInit_ex(ctx, NULL, sigs[i].md, NULL, NULL, k->key[sigs[i].type], NULL) == 1 &&
        EVP_DigestSign(ctx, sig, &n, buf_ptr(data), buf_len(data)) == 1)
        err = buf_put_cstring(out, alg);
    EVP_MD_CTX_free(ctx);
    if (err < 0)
        return err;
    return sigs[i].type == SSH_HOSTKEY_ECDSA ? put_ecdsa_sig(out, sig, n)
                                             : buf_put_string(out, sig, n);
}

const struct buf *ssh_hostkeys_blob_buf(const struct ssh_hostkeys *k, enum ssh_hostkey_type t)
{
    return &k->blob[t];
}
