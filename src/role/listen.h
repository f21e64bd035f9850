/* listen.h -- the monitor's listening sockets.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_LISTEN_H
#define ROLE_LISTEN_H

#include <netinet/in.h>
#include <stddef.h>

#include "base/err.h"

/* Opens a listening TCP socket on "HOST:PORT" ("0.0.0.0:2222", "[::]:22",
 * "127.0.0.1:0"). The descriptor, or ERR_* with one sentence in why that says
 * what is wrong and how to mend it. */
int listen_open(const char *address, char *why, size_t why_n) NODISCARD;
/* The address a listening socket is bound to, as text. */
void listen_name(int fd, char *out, size_t n);
/* Accepts one connection: descriptor (non-blocking, close-on-exec) with both
 * ends' addresses as IPv6 (IPv4 mapped), or ERR_AGAIN, or ERR_SYS. */
int listen_accept(int fd, struct sockaddr_in6 *peer, struct sockaddr_in6 *local) NODISCARD;
/* The address part as text, IPv4 in dotted form. out: INET6_ADDRSTRLEN. */
void listen_addr_text(const struct sockaddr_in6 *a, char *out, size_t n);

#endif
