/* mac.h -- packet authentication codes: the table and one direction's state.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SSH_MAC_H
#define SSH_MAC_H

#include <stdbool.h>

#include "ssh/crypto.h"

struct umac;

struct ssh_mac {
    const char *name;
    bool umac, etm; /* etm: over the ciphertext */
    enum ssh_md md;
    uint8_t key_len, len;
};

enum { SSH_MAC_MAX = 64 };

struct ssh_mac_state {
    const struct ssh_mac *mac; /* NULL: none */
    EVP_MAC_CTX *hmac;
    struct umac *umac;
};

const struct ssh_mac *ssh_mac_find(const char *name);
/* Replaces what st held. 0 or ERR_CRYPTO. */
int ssh_mac_init(struct ssh_mac_state *st, const struct ssh_crypto *cr, const struct ssh_mac *mac,
                 const uint8_t *key) NODISCARD;
void ssh_mac_done(struct ssh_mac_state *st);
int ssh_mac_compute(struct ssh_mac_state *st, uint32_t seq, const void *p, size_t n,
                    uint8_t out[SSH_MAC_MAX]) NODISCARD;

#endif
