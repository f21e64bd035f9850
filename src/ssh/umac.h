/* umac.h -- UMAC-64 and UMAC-128 (RFC 4418) for messages up to 16 MiB.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SSH_UMAC_H
#define SSH_UMAC_H

#include "ssh/crypto.h"

enum { UMAC_KEY = 16, UMAC_TAG_MAX = 16, UMAC_STREAMS_MAX = 4 };

struct umac {
    EVP_CIPHER_CTX *pad_aes; /* AES-128 under the pad's key */
    unsigned streams;        /* 2: UMAC-64, 4: UMAC-128 */
    uint32_t l1_key[256 + 4 * (UMAC_STREAMS_MAX - 1)];
    uint64_t l2_key[UMAC_STREAMS_MAX];
    uint64_t l3_key[UMAC_STREAMS_MAX][8];
    uint32_t l3_xor[UMAC_STREAMS_MAX];
};

/* A keyed state; tag_len 8 or 16. NULL on failure. */
struct umac *umac_new(const struct ssh_crypto *cr, const uint8_t key[UMAC_KEY],
                      unsigned tag_len) NODISCARD;
void umac_free(struct umac *u); /* NULL is fine */
/* Tag of n bytes under an 8-byte nonce. 0 or ERR_CRYPTO. */
int umac_tag(struct umac *u, const void *p, size_t n, const uint8_t nonce[8],
             uint8_t *tag) NODISCARD;

#endif
