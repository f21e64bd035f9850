/* fetch_addr.h -- which addresses the fetcher may connect to.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_FETCH_ADDR_H
#define ROLE_FETCH_ADDR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"

/* NULL if sa is an address of the public internet, else the kind that is
 * refused ("loopback", "private", ...), a static text. Addresses that carry an
 * IPv4 address inside are refused whole, whatever they carry. */
const char *fetch_addr_refused(const struct sockaddr *sa);

/* Is sa an address of this host itself? Asks the kernel's routing; nothing is
 * sent. */
bool fetch_addr_is_own(const struct sockaddr *sa, socklen_t n);

/* Same address and port? */
bool fetch_addr_equal(const struct sockaddr *a, const struct sockaddr *b);

/* "127.0.0.1:80" or "[::1]:80", numbers only. 0 or ERR_FORMAT. */
int fetch_addr_parse(const char *text, struct sockaddr_storage *out, socklen_t *n) NODISCARD;

/* What a limit per destination counts by: IPv4 address or IPv6 /64. */
unsigned long long fetch_addr_key(const struct sockaddr *sa);

#endif
