/* sntrup.h -- encapsulation with Streamlined NTRU Prime 761.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SSH_SNTRUP_H
#define SSH_SNTRUP_H

#include "ssh/crypto.h"

enum { SNTRUP_P = 761, SNTRUP_PK = 1158, SNTRUP_CT = 1039, SNTRUP_SS = 32 };

/* Ciphertext and shared secret for a public key. 0 or ERR_CRYPTO. */
int sntrup_encap(const struct ssh_crypto *cr, const uint8_t pk[SNTRUP_PK], uint8_t ct[SNTRUP_CT],
                 uint8_t ss[SNTRUP_SS]) NODISCARD;
/* The same for given randomness, for tests: 761 words. */
int sntrup_encap_from(const struct ssh_crypto *cr, uint32_t random[SNTRUP_P],
                      const uint8_t pk[SNTRUP_PK], uint8_t *ct_and_ss) NODISCARD;

#endif
