/* fetch_addr.c -- which addresses the fetcher may connect to.
 *
 * The check is made on the socket address just before connecting, so it does
 * not matter how a URL wrote it or what a name resolved to this time. IPv4:
 * everything of IANA's special-purpose registry is refused. IPv6: only global
 * unicast is let through, less its special blocks and all ways of wrapping
 * an IPv4 address.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "role/fetch_addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/str.h"

struct block4 {
    uint32_t net;
    unsigned bits;
    const char *kind;
};

#define NET4(a, b, c, d)                                                                           \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct block4 blocks4[] = {
    {NET4(0, 0, 0, 0), 8, "this network"},
    {NET4(10, 0, 0, 0), 8, "private"},
    {NET4(100, 64, 0, 0), 10, "carrier-grade NAT"},
    {NET4(127, 0, 0, 0), 8, "loopback"},
    {NET4(168, 63, 129, 16), 32, "metadata"}, /* Azure's, in the midst of public space */
    {NET4(169, 254, 169, 254), 32, "metadata"},
    {NET4(169, 254, 0, 0), 16, "link-local"},
    {NET4(172, 16, 0, 0), 12, "private"},
    {NET4(192, 0, 0, 0), 24, "reserved"},
    {NET4(192, 0, 2, 0), 24, "documentation"},
    {NET4(192, 31, 196, 0), 24, "reserved"},
    {NET4(192, 52, 193, 0), 24, "reserved"},
    {NET4(192, 88, 99, 0), 24, "6to4 relay"},
    {NET4(192, 168, 0, 0), 16, "private"},
    {NET4(192, 175, 48, 0), 24, "reserved"},
    {NET4(198, 18, 0, 0), 15, "benchmarking"},
    {NET4(198, 51, 100, 0), 24, "documentation"},
    {NET4(203, 0, 113, 0), 24, "documentation"},
    {NET4(224, 0, 0, 0), 4, "multicast"},
    {NET4(240, 0, 0, 0), 4, "reserved"}, /* with the broadcast address */
};

struct block6 {
    uint8_t net[16];
    unsigned bits;
    const char *kind;
};

/* In the order of asking: the first that matches names the kind. */
static const struct block6 blocks6[] = {
    {{[15] = 1}, 128, "loopback"},
    {{[10] = 0xff, 0xff}, 96, "IPv4-mapped"},
    {{[8] = 0xff, 0xff}, 96, "IPv4-translated"},
    {{0}, 96, "IPv4-compatible"},
    {{0x00, 0x64, 0xff, 0x9b}, 32, "NAT64"}, /* also 64:ff9b:1::/48, for local use */
    {{0xfc}, 7, "private"},
    {{0xfe, 0x80}, 10, "link-local"},
    {{0xfe, 0xc0}, 10, "site-local"},
    {{0xff}, 8, "multicast"},
    {{0x20, 0x01, 0x00, 0x00}, 32, "Teredo"},
    {{0x20, 0x01, 0x00}, 23, "reserved"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
    {{0x20, 0x02}, 16, "6to4"},
    {{0x26, 0x20, 0x00, 0x4f, 0x80}, 48, "reserved"},
    {{0x3f, 0xfe}, 16, "reserved"},
    {{0x3f, 0xff}, 20, "documentation"},
};

static bool within(const uint8_t *a, const uint8_t *net, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(a, net, whole) == 0 &&
           (!rest || ((a[whole] ^ net[whole]) & (uint8_t)(0xff << (8 - rest))) == 0);
}

static const char *refused4(uint32_t a)
{
    for (size_t i = 0; i < sizeof blocks4 / sizeof *blocks4; i++)
        if (((a ^ blocks4[i].net) & (UINT32_MAX << (32 - blocks4[i].bits))) == 0)
            return blocks4[i].kind;
    return NULL;
}

static const char *refused6(const uint8_t *a)
{
    static const uint8_t isatap[] = {0x5e, 0xfe};

    for (size_t i = 0; i < sizeof blocks6 / sizeof *blocks6; i++)
        if (within(a, blocks6[i].net, blocks6[i].bits))
            return blocks6[i].kind;
    if (a[0] >> 5 != 1) /* 2000::/3 is all that has been given out */
        return "reserved";
    if ((a[8] & ~2) == 0 && a[9] == 0 && memcmp(a + 10, isatap, 2) == 0)
        return "ISATAP";
    return NULL;
}

const char *fetch_addr_refused(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET)
        return refused4(ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr));
    if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const void *)sa;
        return a->sin6_scope_id ? "link-local" : refused6(a->sin6_addr.s6_addr);
    }
    return "no internet address";
}

/* The address bytes of sa; their number. */
static size_t bytes_of(const struct sockaddr *sa, const void **p)
{
    if (sa->sa_family == AF_INET) {
        *p = &((const struct sockaddr_in *)(const void *)sa)->sin_addr;
        return 4;
    }
    *p = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
    return 16;
}

static in_port_t port_of(const struct sockaddr *sa)
{
    return sa->sa_family == AF_INET ? ((const struct sockaddr_in *)(const void *)sa)->sin_port
                                    : ((const struct sockaddr_in6 *)(const void *)sa)->sin6_port;
}

static bool same_host(const struct sockaddr *a, const struct sockaddr *b)
{
    const void *p, *q;

    return a->sa_family == b->sa_family && bytes_of(a, &p) == bytes_of(b, &q) &&
           memcmp(p, q, bytes_of(a, &p)) == 0;
}

/* To reach an own address Linux chooses that very address as the source. */
bool fetch_addr_is_own(const struct sockaddr *sa, socklen_t n)
{
    struct sockaddr_storage local = {0};
    socklen_t len = sizeof local;
    int fd = socket(sa->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool own = fd >= 0 && connect(fd, sa, n) == 0 &&
               getsockname(fd, (struct sockaddr *)&local, &len) == 0 &&
               same_host(sa, (struct sockaddr *)&local);

    if (fd >= 0)
        close(fd);
    return own;
}

bool fetch_addr_equal(const struct sockaddr *a, const struct sockaddr *b)
{
    return same_host(a, b) && port_of(a) == port_of(b);
}

int fetch_addr_parse(const char *text, struct sockaddr_storage *out, socklen_t *n)
{
    const char *colon = strrchr(text, ':');
    struct sockaddr_in *v4 = (void *)out;
    struct sockaddr_in6 *v6 = (void *)out;
    bool six = text[0] == '[';
    char host[INET6_ADDRSTRLEN];
    size_t len = colon ? (size_t)(colon - text) : 0;
    int64_t port;

    if (len < 2 || str_int(colon + 1, 1, 65535, &port) < 0)
        return ERR_FORMAT;
    if (six && text[len - 1] != ']')
        return ERR_FORMAT;
    if (!str_fmt(host, sizeof host, "%.*s", (int)(six ? len - 2 : len), text + six))
        return ERR_FORMAT;
    memset(out, 0, sizeof *out);
    out->ss_family = six ? AF_INET6 : AF_INET;
    if (inet_pton(out->ss_family, host, six ? (void *)&v6->sin6_addr : &v4->sin_addr) != 1)
        return ERR_FORMAT;
    if (six)
        v6->sin6_port = htons((uint16_t)port);
    else
        v4->sin_port = htons((uint16_t)port);
    *n = six ? sizeof *v6 : sizeof *v4;
    return 0;
}

unsigned long long fetch_addr_key(const struct sockaddr *sa)
{
    const void *p;
    size_t n = bytes_of(sa, &p);

    return hash_bytes(p, n == 16 ? 8 : n);
}
