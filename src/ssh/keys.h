/* keys.h -- the server's host keys, and public keys that clients show.
 *
 * Three host keys as Debian's package makes them: RSA of 3072 bits, ECDSA on
 * P-256, Ed25519. They are saved and loaded as text (PEM of PKCS#8); where
 * the bytes live is the caller's business.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SSH_KEYS_H
#define SSH_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum ssh_hostkey_type { SSH_HOSTKEY_RSA, SSH_HOSTKEY_ECDSA, SSH_HOSTKEY_ED25519, SSH_HOSTKEY_N };
enum { SSH_FP_LEN = 7 + 43 + 1 }; /* "SHA256:" base64 NUL */

struct ssh_hostkeys;

struct ssh_hostkeys *ssh_hostkeys_new(void) NODISCARD; /* holds none yet; NULL: no memory */
void ssh_hostkeys_free(struct ssh_hostkeys *k);
/* Makes the key of this type; RSA takes up to a second. 0 or ERR_CRYPTO. */
int ssh_hostkeys_generate(struct ssh_hostkeys *k, enum ssh_hostkey_type t) NODISCARD;
/* pem: private key in PEM. 0, ERR_FORMAT, or ERR_RANGE for another type. */
int ssh_hostkeys_load(struct ssh_hostkeys *k, enum ssh_hostkey_type t, const void *pem,
                      size_t n) NODISCARD;
/* Appends the private key as PEM to out. */
int ssh_hostkeys_save(const struct ssh_hostkeys *k, enum ssh_hostkey_type t,
                      struct buf *out) NODISCARD;
bool ssh_hostkeys_has(const struct ssh_hostkeys *k, enum ssh_hostkey_type t);
/* The public key in wire format; NULL if there is none. Lives as long as k. */
const uint8_t *ssh_hostkeys_blob(const struct ssh_hostkeys *k, enum ssh_hostkey_type t, size_t *n);
const char *ssh_hostkey_name(enum ssh_hostkey_type t); /* "ssh-rsa" ... */
const char *ssh_hostkey_file(enum ssh_hostkey_type t); /* "ssh_host_rsa_key" ... */
/* One line as in ssh_host_*_key.pub: "type base64 comment" LF, appended. */
int ssh_hostkeys_public_line(const struct ssh_hostkeys *k, enum ssh_hostkey_type t,
                             const char *comment, struct buf *out) NODISCARD;
/* "SHA256:..." of a public key in wire format. */
void ssh_fingerprint(char out[SSH_FP_LEN], const void *blob, size_t n);

#endif
