/* hello.c -- the name in a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3).
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "session/hello.h"

#include <string.h>

/* What is left of a part of the message. */
struct part {
    const uint8_t *p;
    size_t n;
};

static int number(struct part *b, unsigned bytes, size_t *out)
{
    size_t v = 0;

    if (b->n < bytes)
        return ERR_FORMAT;
    for (; bytes > 0; bytes--, b->p++, b->n--)
        v = v << 8 | *b->p;
    *out = v;
    return 0;
}

/* Takes a part that is preceded by its length. */
static int part(struct part *b, unsigned bytes, struct part *out)
{
    size_t n;

    if (number(b, bytes, &n) < 0 || n > b->n)
        return ERR_FORMAT;
    *out = (struct part){b->p, n};
    b->p += n;
    b->n -= n;
    return 0;
}

static int skip(struct part *b, size_t n)
{
    if (b->n < n)
        return ERR_FORMAT;
    b->p += n;
    b->n -= n;
    return 0;
}

static int name_of(struct part extension, char *out, size_t out_n)
{
    struct part list, name;
    size_t type;

    if (part(&extension, 2, &list) < 0 || number(&list, 1, &type) < 0 || type != 0 ||
        part(&list, 2, &name) < 0 || name.n == 0 || name.n >= out_n || memchr(name.p, 0, name.n))
        return ERR_FORMAT;
    memcpy(out, name.p, name.n);
    out[name.n] = '\0';
    return 0;
}

int hello_server_name(const uint8_t *p, size_t n, char *out, size_t out_n)
{
    struct part b = {p, n}, record, hello, skipped, list, one;
    size_t v;

    if (n < 5)
        return ERR_AGAIN;
    if (p[0] != 22 || p[1] != 3)
        return ERR_FORMAT;
    if (n < 5 + ((size_t)p[3] << 8 | p[4]))
        return ERR_AGAIN;
    if (skip(&b, 3) < 0 || part(&b, 2, &record) < 0 || number(&record, 1, &v) < 0 || v != 1 ||
        part(&record, 3, &hello) < 0 || skip(&hello, 2 + 32) < 0 || part(&hello, 1, &skipped) < 0 ||
        part(&hello, 2, &skipped) < 0 || part(&hello, 1, &skipped) < 0 ||
        part(&hello, 2, &list) < 0)
        return ERR_FORMAT;
    while (number(&list, 2, &v) == 0 && part(&list, 2, &one) == 0)
        if (v == 0)
            return name_of(one, out, out_n);
    return ERR_FORMAT;
}
