/* crypto.h -- libcrypto's algorithms, fetched once per server.
 *
 * Fetching by name costs more than a packet's encryption, so everything is
 * looked up here, and contexts that hold no state between two calls are
 * shared by all connections of the sensor (which has one thread).
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SSH_CRYPTO_H
#define SSH_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/err.h"

enum ssh_md { SSH_MD_SHA1, SSH_MD_SHA256, SSH_MD_SHA384, SSH_MD_SHA512, SSH_MD_MD5, SSH_MD_N };
enum ssh_evp {
    SSH_EVP_AES128_CTR,
    SSH_EVP_AES192_CTR,
    SSH_EVP_AES256_CTR,
    SSH_EVP_AES128_GCM,
    SSH_EVP_AES256_GCM,
    SSH_EVP_AES128_ECB,
    SSH_EVP_CHACHA20,
    SSH_EVP_N
};

struct ssh_crypto {
    EVP_MD *md[SSH_MD_N];
    EVP_CIPHER *cipher[SSH_EVP_N];
    EVP_MAC *hmac, *poly1305;
    EVP_MD_CTX *md_ctx;         /* scratch: hashes */
    EVP_CIPHER_CTX *chacha_ctx; /* scratch: keyed for each packet */
    EVP_MAC_CTX *poly_ctx;      /* likewise */
};

int ssh_crypto_init(struct ssh_crypto *c) NODISCARD; /* 0 or ERR_CRYPTO; done is due either way */
void ssh_crypto_done(struct ssh_crypto *c);
/* Hash of n bytes into out; the digest's length, or ERR_CRYPTO. */
int ssh_crypto_hash(const struct ssh_crypto *c, enum ssh_md md, const void *p, size_t n,
                    uint8_t *out) NODISCARD;
size_t ssh_md_len(enum ssh_md md);

#endif
