/* mac.c -- packet authentication codes: HMAC (libcrypto) and UMAC.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/mac.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "ssh/umac.h"

static const struct ssh_mac table[] = {
    {"umac-64-etm@openssh.com", true, true, 0, 16, 8},
    {"umac-128-etm@openssh.com", true, true, 0, 16, 16},
    {"hmac-sha2-256-etm@openssh.com", false, true, SSH_MD_SHA256, 32, 32},
    {"hmac-sha2-512-etm@openssh.com", false, true, SSH_MD_SHA512, 64, 64},
    {"hmac-sha1-etm@openssh.com", false, true, SSH_MD_SHA1, 20, 20},
    {"umac-64@openssh.com", true, false, 0, 16, 8},
    {"umac-128@openssh.com", true, false, 0, 16, 16},
    {"hmac-sha2-256", false, false, SSH_MD_SHA256, 32, 32},
    {"hmac-sha2-512", false, false, SSH_MD_SHA512, 64, 64},
    {"hmac-sha1", false, false, SSH_MD_SHA1, 20, 20},
};

const struct ssh_mac *ssh_mac_find(const char *name)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

void ssh_mac_done(struct ssh_mac_state *st)
{
    EVP_MAC_CTX_free(st->hmac);
    umac_free(st->umac);
    memset(st, 0, sizeof(*st));
}

int ssh_mac_init(struct ssh_mac_state *st, const struct ssh_crypto *cr, const struct ssh_mac *mac,
                 const uint8_t *key)
{
    ssh_mac_done(st);
    if (mac->umac) {
        st->umac = umac_new(cr, key, mac->len);
        if (!st->umac)
            return ERR_CRYPTO;
    } else {
        /* OSSL_PARAM wants a mutable string, and does not write to it. */
        char *digest = (char *)EVP_MD_get0_name(cr->md[mac->md]);
        OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_END};
        st->hmac = EVP_MAC_CTX_new(cr->hmac);
        if (!st->hmac || EVP_MAC_init(st->hmac, key, mac->key_len, params) != 1) {
            ssh_mac_done(st);
            return ERR_CRYPTO;
        }
    }
    st->mac = mac;
    return 0;
}

int ssh_mac_compute(struct ssh_mac_state *st, uint32_t seq, const void *p, size_t n,
                    uint8_t out[SSH_MAC_MAX])
{
    uint8_t nonce[8] = {0};
    size_t len = 0;
    for (int i = 0; i < 4; i++)
        nonce[4 + i] = (uint8_t)(seq >> (24 - 8 * i));
    if (st->umac)
        return umac_tag(st->umac, p, n, nonce, out);
    if (EVP_MAC_init(st->hmac, NULL, 0, NULL) != 1 || EVP_MAC_update(st->hmac, nonce + 4, 4) != 1 ||
        EVP_MAC_update(st->hmac, p, n) != 1 || EVP_MAC_final(st->hmac, out, &len, SSH_MAC_MAX) != 1)
        return ERR_CRYPTO;
    return 0;
}
