/* listen.c -- the monitor's listening sockets.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "role/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

static void to_v6(const struct sockaddr_storage *in, struct sockaddr_in6 *out)
{
    memset(out, 0, sizeof *out);
    if (in->ss_family == AF_INET6) {
        memcpy(out, in, sizeof *out);
    } else {
        const struct sockaddr_in *v4 = (const void *)in;
        out->sin6_family = AF_INET6;
        out->sin6_port = v4->sin_port;
        out->sin6_addr.s6_addr[10] = out->sin6_addr.s6_addr[11] = 0xff;
        memcpy(&out->sin6_addr.s6_addr[12], &v4->sin_addr, 4);
    }
}

void listen_addr_text(const struct sockaddr_in6 *a, char *out, size_t n)
{
    bool v4 = IN6_IS_ADDR_V4MAPPED(&a->sin6_addr);
    const void *src = v4 ? (const void *)&a->sin6_addr.s6_addr[12] : &a->sin6_addr;

    if (!inet_ntop(v4 ? AF_INET : AF_INET6, src, out, (socklen_t)n))
        str_copy(out, n, "?");
}

void listen_name(int fd, char *out, size_t n)
{
    struct sockaddr_storage ss;
    struct sockaddr_in6 a;
    socklen_t len = sizeof ss;
    char host[INET6_ADDRSTRLEN];

    memset(&ss, 0, sizeof ss);
    if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0) {
        str_copy(out, n, "?");
        return;
    }
    to_v6(&ss, &a);
    listen_addr_text(&a, host, sizeof host);
    if (ss.ss_family == AF_INET6)
        str_fmt(out, n, "[%s]:%u", host, ntohs(a.sin6_port));
    else
        str_fmt(out, n, "%s:%u", host, ntohs(a.sin6_port));
}

/* Splits "HOST:PORT"; the host may be in brackets. */
static bool split(const char *address, char *host, size_t host_n, const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t n;

    if (!colon || !colon[1])
        return false;
    n = (size_t)(colon - address);
    if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
        address++;
        n -= 2;
    }
    *port = colon + 1;
    return str_fmt(host, host_n, "%.*s", (int)n, address);
}

static const char *advice(int e)
{
    switch (e) {
    case EADDRINUSE:
        return "another program listens there: stop it or set ssh.listen to another port";
    case EACCES:
        return "ports below 1024 need root: choose a higher port or start as root";
    case EADDRNOTAVAIL:
        return "this host has no such address: see 'ip address'";
    default:
        return "check the address";
    }
}

int listen_open(const char *address, char *why, size_t why_n)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *ai = NULL;
    char host[128];
    const char *port;
    int fd = -1, one = 1, r = ERR_FORMAT;

    if (!split(address, host, sizeof host, &port) || getaddrinfo(host, port, &hints, &ai) != 0) {
        str_fmt(why, why_n, "'%s' is not an address: write it as 0.0.0.0:2222 or [::]:2222",
                address);
        return ERR_FORMAT;
    }
    fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (ai->ai_family == AF_INET6 && strcmp(host, "::") != 0)
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
        if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, 1024) == 0)
            r = 0;
    }
    if (r < 0) {
        r = errno == EADDRINUSE ? ERR_BUSY : ERR_SYS;
        str_fmt(why, why_n, "cannot listen on %s: %s; %s", address, strerror(errno), advice(errno));
        if (fd >= 0)
            close(fd);
    }
    freeaddrinfo(ai);
    return r < 0 ? r : fd;
}

int listen_accept(int fd, struct sockaddr_in6 *peer, struct sockaddr_in6 *local)
{
    struct sockaddr_storage ss;
    socklen_t n = sizeof ss;
    int one = 1;
    int conn = accept4(fd, (struct sockaddr *)&ss, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (conn < 0)
        return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? ERR_AGAIN : ERR_SYS;
    to_v6(&ss, peer);
    n = sizeof ss;
    if (getsockname(conn, (struct sockaddr *)&ss, &n) < 0) {
        close(conn);
        return ERR_AGAIN;
    }
    to_v6(&ss, local);
    setsockopt(conn, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(conn, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    return conn;
}
