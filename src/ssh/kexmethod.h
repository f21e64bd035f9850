/* kexmethod.h -- the mathematics of key exchange, apart from its messages.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SSH_KEXMETHOD_H
#define SSH_KEXMETHOD_H

#include <stdbool.h>

#include <openssl/bn.h>

#include "base/buf.h"
#include "ssh/crypto.h"

enum ssh_kex_kind { KEX_X25519, KEX_SNTRUP, KEX_ECDH, KEX_DH, KEX_GEX };

struct ssh_kex_method {
    const char *name;
    enum ssh_kex_kind kind;
    enum ssh_md md;
    int param; /* curve (256, 384, 521) or group (14, 16, 18) */
};

const struct ssh_kex_method *ssh_kex_method_find(const char *name); /* NULL: unknown */
/* All names in sshd's order, comma-separated, without markers. */
const char *ssh_kex_method_names(void);

/* Groups for group exchange. */
struct ssh_group {
    uint16_t bits, generator;
    uint32_t at; /* of the prime in the bytes below, bits/8 long */
};
struct ssh_groups {
    struct ssh_group *g;
    size_t n;
    struct buf primes;
};
/* Parses a moduli file; lines that do not fit are skipped, as sshd does. */
int ssh_groups_parse(struct ssh_groups *gs, const char *text, size_t n) NODISCARD;
void ssh_groups_done(struct ssh_groups *gs);

/* The group sshd would choose: *p and *g are new numbers of the caller's.
 * ERR_NOMATCH: none. */
int ssh_groups_choose(const struct ssh_groups *gs, uint32_t min, uint32_t want, uint32_t max,
                      BIGNUM **p, BIGNUM **g) NODISCARD;

/* Our half: from the client's public value make our public value (appended to
 * ours, as in the reply's string) and the shared secret, encoded as it is
 * hashed (mpint or string, appended to secret). p, g: for DH kinds. need:
 * bytes of the strongest key wanted. */
struct ssh_kex_input {
    const struct ssh_kex_method *method;
    const uint8_t *theirs;
    size_t theirs_n;
    BIGNUM *p, *g;
    size_t need;
};
int ssh_kex_compute(const struct ssh_crypto *cr, const struct ssh_kex_input *in, struct buf *ours,
                    struct buf *secret) NODISCARD;
/* The fixed prime of a group 14, 16 or 18; a new number, NULL on failure. */
BIGNUM *ssh_kex_prime(int group) NODISCARD;

#endif
