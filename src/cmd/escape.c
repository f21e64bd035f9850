/* escape.c -- backslash escapes as echo -e and printf know them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/escape.h"

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Reads at most max digits of a base: how many; *v their value. */
static size_t number(const char *s, size_t max, int base, uint32_t *v)
{
    size_t n = 0;
    for (*v = 0; n < max && digit(s[n]) < base; n++)
        *v = *v * (uint32_t)base + (uint32_t)digit(s[n]);
    return n;
}

/* Escapes both know: bytes used, 0 if it is not one of them. */
static size_t common(struct str *b, const char *s, bool *stop)
{
    static const char from[] = "abefnrtv\\", to[] = "\a\b\033\f\n\r\t\v\\";
    const char *e = *s ? strchr(from, *s) : NULL;
    uint32_t v;
    if (e) {
        str_putc(b, to[e - from]);
        return 1;
    }
    if (*s == 'c') {
        *stop = true;
        return 1;
    }
    if (*s == 'x') {
        size_t n = number(s + 1, 2, 16, &v);
        if (n)
            str_putc(b, (int)v);
        return n ? n + 1 : 0;
    }
    return 0;
}

bool escape_echo(struct str *b, const char *text)
{
    bool stop = false;
    for (const char *s = text; *s && !stop;) {
        size_t plain = strcspn(s, "\\");
        str_add(b, s, plain);
        s += plain;
        if (!*s)
            break;
        size_t n = common(b, ++s, &stop);
        uint32_t v;
        if (n) {
            s += n;
        } else if (*s == '0') {
            s += 1 + number(s + 1, 3, 8, &v);
            str_putc(b, (int)(v & 255));
        } else if (*s >= '1' && *s <= '7') {
            s += number(s, 3, 8, &v);
            str_putc(b, (int)(v & 255));
        } else {
            str_putc(b, '\\');
        }
    }
    return stop;
}

size_t escape_printf(struct str *b, const char *s, bool *stop)
{
    uint32_t v;
    size_t n = common(b, s, stop);
    if (n)
        return n;
    if (*s >= '0' && *s <= '7') {
        n = number(s, 3, 8, &v);
        str_putc(b, (int)(v & 255));
        return n;
    }
    if (*s == 'u' || *s == 'U') {
        n = number(s + 1, *s == 'u' ? 4 : 8, 16, &v);
        if (n == (*s == 'u' ? 4 : 8)) {
            str_utf8(b, v);
            return n + 1;
        }
    }
    if (*s == '"') {
        str_putc(b, '"');
        return 1;
    }
    str_putc(b, '\\');
    return 0;
}
