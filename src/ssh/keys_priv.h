/* keys_priv.h -- signatures, for this folder only.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SSH_KEYS_PRIV_H
#define SSH_KEYS_PRIV_H

#include "ssh/keys.h"

/* Appends the signature (string algorithm, string bytes) of data to out.
 * ERR_NOTFOUND: no such algorithm or key. */
int ssh_hostkeys_sign(const struct ssh_hostkeys *k, const char *alg, const struct buf *data,
                      struct buf *out) NODISCARD;
/* The public key in wire format; empty if there is none. */
const struct buf *ssh_hostkeys_blob_buf(const struct ssh_hostkeys *k, enum ssh_hostkey_type t);

/* A client's public key. */
struct ssh_pubkey {
    const char *type; /* of the blob: static storage; NULL: unknown */
    int bits;
    bool cert, parsed; /* parsed: well-formed (of certificates only the name is read) */
};

/* Examines a blob as far as sshd would before it looks for the key. */
void ssh_pubkey_parse(struct ssh_pubkey *k, const uint8_t *blob, size_t n);
/* True if sshd accepts this signature algorithm for this kind of key. */
bool ssh_pubkey_alg_fits(const struct ssh_pubkey *k, const char *alg);
/* True if the signature over data is good. Any bytes are fine. */
bool ssh_pubkey_verify(const uint8_t *blob, size_t blob_n, const char *alg, const struct buf *sig,
                       const struct buf *data);
/* All algorithms accepted in user authentication, as server-sig-algs names them. */
const char *ssh_pubkey_accepted(void);

#endif
