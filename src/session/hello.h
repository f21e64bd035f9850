/* hello.h -- the name in a TLS ClientHello.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_HELLO_H
#define SESSION_HELLO_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The server name (RFC 6066) that the hello at the start of a TLS stream asks
 * for: 0; ERR_AGAIN: more bytes are needed; ERR_FORMAT: none, or no hello. */
int hello_server_name(const uint8_t *p, size_t n, char *out, size_t out_n) NODISCARD;

#endif
