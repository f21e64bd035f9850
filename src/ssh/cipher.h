/* cipher.h -- packet ciphers: the table and one direction's state.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SSH_CIPHER_H
#define SSH_CIPHER_H

#include <stdbool.h>

#include "ssh/crypto.h"

enum ssh_cipher_kind { SSH_CIPHER_CTR, SSH_CIPHER_GCM, SSH_CIPHER_CHACHA };

struct ssh_cipher {
    const char *name;
    enum ssh_cipher_kind kind;
    enum ssh_evp evp;
    uint8_t key_len, iv_len, block, tag_len; /* tag_len > 0: authenticates by itself */
};

enum { SSH_CIPHER_KEY_MAX = 64, SSH_CIPHER_IV_MAX = 16 };

struct ssh_cipher_state {
    const struct ssh_cipher *cipher; /* NULL: plaintext */
    EVP_CIPHER_CTX *evp;             /* AES */
    uint8_t key[64];                 /* chacha20: payload key, then length key */
    uint8_t iv[12];                  /* gcm: the next packet's */
    bool encrypt;
};

const struct ssh_cipher *ssh_cipher_find(const char *name); /* NULL: unknown */

/* Replaces what st held. 0 or ERR_CRYPTO (st is then plaintext). */
int ssh_cipher_init(struct ssh_cipher_state *st, const struct ssh_crypto *cr,
                    const struct ssh_cipher *cipher, const uint8_t *key, bool encrypt) NODISCARD;
int ssh_cipher_set_iv(struct ssh_cipher_state *st, const uint8_t *iv) NODISCARD;
void ssh_cipher_done(struct ssh_cipher_state *st);

/* The packet length out of the first four bytes as they came; only for
 * ciphers with a tag and for encrypt-then-MAC. */
int ssh_cipher_length(const struct ssh_cipher_state *st, const struct ssh_crypto *cr, uint32_t seq,
                      const uint8_t in[4], uint32_t *len) NODISCARD;
/* En- or decrypts p in place: aad bytes that stay (chacha20 encrypts them
 * apart), n bytes of payload, then room for the tag. 0, ERR_MAC, ERR_CRYPTO. */
int ssh_cipher_crypt(struct ssh_cipher_state *st, const struct ssh_crypto *cr, uint32_t seq,
                     uint8_t *p, size_t aad_and_n[2]) NODISCARD;

#endif
