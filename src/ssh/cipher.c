/* cipher.c -- packet ciphers over libcrypto: AES in counter and Galois mode,
 * and OpenSSH's ChaCha20-Poly1305 (PROTOCOL.chacha20poly1305).
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/cipher.h"

#include <string.h>

#include <openssl/crypto.h>

static const struct ssh_cipher table[] = {
    {"chacha20-poly1305@openssh.com", SSH_CIPHER_CHACHA, SSH_EVP_CHACHA20, 64, 0, 8, 16},
    {"aes128-ctr", SSH_CIPHER_CTR, SSH_EVP_AES128_CTR, 16, 16, 16, 0},
    {"aes192-ctr", SSH_CIPHER_CTR, SSH_EVP_AES192_CTR, 24, 16, 16, 0},
    {"aes256-ctr", SSH_CIPHER_CTR, SSH_EVP_AES256_CTR, 32, 16, 16, 0},
    {"aes128-gcm@openssh.com", SSH_CIPHER_GCM, SSH_EVP_AES128_GCM, 16, 12, 16, 16},
    {"aes256-gcm@openssh.com", SSH_CIPHER_GCM, SSH_EVP_AES256_GCM, 32, 12, 16, 16},
};

const struct ssh_cipher *ssh_cipher_find(const char *name)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

void ssh_cipher_done(struct ssh_cipher_state *st)
{
    EVP_CIPHER_CTX_free(st->evp);
    OPENSSL_cleanse(st, sizeof(*st));
}

int ssh_cipher_init(struct ssh_cipher_state *st, const struct ssh_crypto *cr,
                    const struct ssh_cipher *cipher, const uint8_t *key, bool encrypt)
{
    ssh_cipher_done(st);
    if (cipher->kind == SSH_CIPHER_CHACHA) {
        memcpy(st->key, key, sizeof(st->key));
    } else {
        st->evp = EVP_CIPHER_CTX_new();
        if (!st->evp ||
            EVP_CipherInit_ex2(st->evp, cr->cipher[cipher->evp], key, NULL, encrypt, NULL) != 1) {
            ssh_cipher_done(st);
            return ERR_CRYPTO;
        }
    }
    st->cipher = cipher;
    st->encrypt = encrypt;
    return 0;
}

int ssh_cipher_set_iv(struct ssh_cipher_state *st, const uint8_t *iv)
{
    if (st->cipher->kind == SSH_CIPHER_GCM)
        memcpy(st->iv, iv, sizeof(st->iv));
    else if (st->cipher->kind == SSH_CIPHER_CTR &&
             EVP_CipherInit_ex2(st->evp, NULL, NULL, iv, -1, NULL) != 1)
        return ERR_CRYPTO;
    return 0;
}

/* Runs ChaCha20 from a block counter on, with the sequence number as nonce. */
static int chacha(const struct ssh_crypto *cr, const uint8_t *key, uint32_t seq, uint8_t counter,
                  uint8_t *out, const uint8_t *in, size_t n)
{
    uint8_t iv[16] = {counter};
    iv[12] = (uint8_t)(seq >> 24);
    iv[13] = (uint8_t)(seq >> 16);
    iv[14] = (uint8_t)(seq >> 8);
    iv[15] = (uint8_t)seq;
    int len = 0;
    if (EVP_EncryptInit_ex2(cr->chacha_ctx, NULL, key, iv, NULL) != 1 ||
        EVP_EncryptUpdate(cr->chacha_ctx, out, &len, in, (int)n) != 1)
        return ERR_CRYPTO;
    return 0;
}

int ssh_cipher_length(const struct ssh_cipher_state *st, const struct ssh_crypto *cr, uint32_t seq,
                      const uint8_t in[4], uint32_t *len)
{
    uint8_t b[4];
    if (st->cipher && st->cipher->kind == SSH_CIPHER_CHACHA) {
        if (chacha(cr, st->key + 32, seq, 0, b, in, 4) < 0)
            return ERR_CRYPTO;
    } else {
        memcpy(b, in, 4);
    }
    *len = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return 0;
}

static int poly_tag(const struct ssh_crypto *cr, const uint8_t key[32], const uint8_t *p, size_t n,
                    uint8_t tag[16])
{
    size_t len = 0;
    if (EVP_MAC_init(cr->poly_ctx, key, 32, NULL) != 1 || EVP_MAC_update(cr->poly_ctx, p, n) != 1 ||
        EVP_MAC_final(cr->poly_ctx, tag, &len, 16) != 1)
        return ERR_CRYPTO;
    return 0;
}

static int chacha_crypt(struct ssh_cipher_state *st, const struct ssh_crypto *cr, uint32_t seq,
                        uint8_t *p, const size_t part[2])
{
    static const uint8_t zero[32];
    uint8_t poly_key[32], tag[16];
    size_t aad = part[0], n = part[1];
    if (chacha(cr, st->key, seq, 0, poly_key, zero, sizeof(zero)) < 0)
        return ERR_CRYPTO;
    if (!st->encrypt) {
        if (poly_tag(cr, poly_key, p, aad + n, tag) < 0)
            return ERR_CRYPTO;
        if (CRYPTO_memcmp(tag, p + aad + n, sizeof(tag)) != 0)
            return ERR_MAC;
    }
    if (chacha(cr, st->key + 32, seq, 0, p, p, aad) < 0 ||
        chacha(cr, st->key, seq, 1, p + aad, p + aad, n) < 0)
        return ERR_CRYPTO;
    return st->encrypt ? poly_tag(cr, poly_key, p, aad + n, p + aad + n) : 0;
}

static int gcm_crypt(struct ssh_cipher_state *st, uint8_t *p, const size_t part[2])
{
    int len = 0;
    uint8_t *body = p + part[0], *tag = body + part[1];
    if (EVP_CipherInit_ex2(st->evp, NULL, NULL, st->iv, -1, NULL) != 1)
        return ERR_CRYPTO;
    for (size_t i = sizeof(st->iv); i-- > 4;) /* the invocation counter, RFC 5647 7.1 */
        if (++st->iv[i] != 0)
            break;
    if (!st->encrypt && EVP_CIPHER_CTX_ctrl(st->evp, EVP_CTRL_AEAD_SET_TAG, 16, tag) != 1)
        return ERR_CRYPTO;
    if (EVP_CipherUpdate(st->evp, NULL, &len, p, (int)part[0]) != 1 ||
        EVP_CipherUpdate(st->evp, body, &len, body, (int)part[1]) != 1)
        return ERR_CRYPTO;
    if (EVP_CipherFinal_ex(st->evp, tag, &len) != 1)
        return st->encrypt ? ERR_CRYPTO : ERR_MAC;
    if (st->encrypt && EVP_CIPHER_CTX_ctrl(st->evp, EVP_CTRL_AEAD_GET_TAG, 16, tag) != 1)
        return ERR_CRYPTO;
    return 0;
}

int ssh_cipher_crypt(struct ssh_cipher_state *st, const struct ssh_crypto *cr, uint32_t seq,
                     uint8_t *p, size_t aad_and_n[2])
{
    int len = 0;
    if (!st->cipher)
        return 0;
    switch (st->cipher->kind) {
    case SSH_CIPHER_CHACHA:
        return chacha_crypt(st, cr, seq, p, aad_and_n);
    case SSH_CIPHER_GCM:
        return gcm_crypt(st, p, aad_and_n);
    case SSH_CIPHER_CTR:
        p += aad_and_n[0];
        return EVP_CipherUpdate(st->evp, p, &len, p, (int)aad_and_n[1]) == 1 ? 0 : ERR_CRYPTO;
    }
    return ERR_CRYPTO;
}
