/* crypto.c -- libcrypto's algorithms, fetched once per server.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/crypto.h"

#include <string.h>

static const char *const md_names[SSH_MD_N] = {
    [SSH_MD_SHA1] = "SHA1",     [SSH_MD_SHA256] = "SHA256", [SSH_MD_SHA384] = "SHA384",
    [SSH_MD_SHA512] = "SHA512", [SSH_MD_MD5] = "MD5",
};

static const char *const cipher_names[SSH_EVP_N] = {
    [SSH_EVP_AES128_CTR] = "AES-128-CTR", [SSH_EVP_AES192_CTR] = "AES-192-CTR",
    [SSH_EVP_AES256_CTR] = "AES-256-CTR", [SSH_EVP_AES128_GCM] = "AES-128-GCM",
    [SSH_EVP_AES256_GCM] = "AES-256-GCM", [SSH_EVP_AES128_ECB] = "AES-128-ECB",
    [SSH_EVP_CHACHA20] = "ChaCha20",
};

int ssh_crypto_init(struct ssh_crypto *c)
{
    memset(c, 0, sizeof(*c));
    for (int i = 0; i < SSH_MD_N; i++) {
        c->md[i] = EVP_MD_fetch(NULL, md_names[i], NULL);
        if (!c->md[i])
            return ERR_CRYPTO;
    }
    for (int i = 0; i < SSH_EVP_N; i++) {
        c->cipher[i] = EVP_CIPHER_fetch(NULL, cipher_names[i], NULL);
        if (!c->cipher[i])
            return ERR_CRYPTO;
    }
    c->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    c->poly1305 = EVP_MAC_fetch(NULL, "POLY1305", NULL);
    c->md_ctx = EVP_MD_CTX_new();
    c->chacha_ctx = EVP_CIPHER_CTX_new();
    if (!c->hmac || !c->poly1305 || !c->md_ctx || !c->chacha_ctx)
        return ERR_CRYPTO;
    c->poly_ctx = EVP_MAC_CTX_new(c->poly1305);
    if (!c->poly_ctx ||
        EVP_EncryptInit_ex2(c->chacha_ctx, c->cipher[SSH_EVP_CHACHA20], NULL, NULL, NULL) != 1)
        return ERR_CRYPTO;
    return 0;
}

void ssh_crypto_done(struct ssh_crypto *c)
{
    for (int i = 0; i < SSH_MD_N; i++)
        EVP_MD_free(c->md[i]);
    for (int i = 0; i < SSH_EVP_N; i++)
        EVP_CIPHER_free(c->cipher[i]);
    EVP_MAC_CTX_free(c->poly_ctx);
    EVP_MAC_free(c->hmac);
    EVP_MAC_free(c->poly1305);
    EVP_MD_CTX_free(c->md_ctx);
    EVP_CIPHER_CTX_free(c->chacha_ctx);
    memset(c, 0, sizeof(*c));
}

int ssh_crypto_hash(const struct ssh_crypto *c, enum ssh_md md, const void *p, size_t n,
                    uint8_t *out)
{
    unsigned len = 0;
    if (EVP_DigestInit_ex2(c->md_ctx, c->md[md], NULL) != 1 ||
        EVP_DigestUpdate(c->md_ctx, p, n) != 1 || EVP_DigestFinal_ex(c->md_ctx, out, &len) != 1)
        return ERR_CRYPTO;
    return (int)len;
}

size_t ssh_md_len(enum ssh_md md)
{
    static const uint8_t len[SSH_MD_N] = {
        [SSH_MD_SHA1] = 20,   [SSH_MD_SHA256] = 32, [SSH_MD_SHA384] = 48,
        [SSH_MD_SHA512] = 64, [SSH_MD_MD5] = 16,
    };
    return len[md];
}
