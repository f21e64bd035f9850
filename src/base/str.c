/* str.c -- strings: a growing one in an arena, and a few safe helpers.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void str_init(struct str *b, struct arena *a)
{
    *b = (struct str){.arena = a};
}

/* Makes room for n more bytes and the NUL. */
static bool make_room(struct str *b, size_t n)
{
    if (b->bad)
        return false;
    if (n < b->cap - b->n) /* cap counts the NUL */
        return true;
    if (n > SIZE_MAX / 4) {
        b->bad = true;
        return false;
    }
    size_t cap = b->cap ? b->cap * 2 : 32;
    if (cap < b->n + n + 1)
        cap = b->n + n + 1;
    char *s = arena_realloc(b->arena, b->s, b->cap, cap);
    if (!s) {
        b->bad = true;
        return false;
    }
    b->s = s;
    b->cap = cap;
    return true;
}

void str_add(struct str *b, const void *p, size_t n)
{
    const char *from = p;
    bool own = b->s && from >= b->s && from <= b->s + b->n;
    size_t at = own ? (size_t)(from - b->s) : 0;

    if (!make_room(b, n))
        return;
    if (own) /* its own text may have moved */
        p = b->s + at;
    if (n)
        memcpy(b->s + b->n, p, n);
    b->n += n;
    b->s[b->n] = 0;
}

void str_puts(struct str *b, const char *s)
{
    str_add(b, s, strlen(s));
}

void str_putc(struct str *b, int c)
{
    if (!make_room(b, 1))
        return;
    b->s[b->n++] = (char)c;
    b->s[b->n] = 0;
}

void str_fill(struct str *b, int c, size_t n)
{
    if (!make_room(b, n))
        return;
    memset(b->s + b->n, c, n);
    b->n += n;
    b->s[b->n] = 0;
}

void str_vprintf(struct str *b, const char *fmt, va_list ap)
{
    if (!make_room(b, 64))
        return;
    va_list again;
    va_copy(again, ap);
    size_t room = b->cap - b->n;
    int n = vsnprintf(b->s + b->n, room, fmt, ap);
    if (n >= 0 && (size_t)n < room) {
        b->n += (size_t)n;
    } else {
        b->s[b->n] = 0; /* drop the cut text */
        if (n >= 0 && make_room(b, (size_t)n)) {
            vsnprintf(b->s + b->n, (size_t)n + 1, fmt, again);
            b->n += (size_t)n;
        }
    }
    va_end(again);
}

void str_printf(struct str *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str_vprintf(b, fmt, ap);
    va_end(ap);
}

void str_utf8(struct str *b, uint32_t rune)
{
    char bytes[4];
    str_add(b, bytes, utf8_encode(rune, bytes));
}

void str_trunc(struct str *b, size_t n)
{
    b->n = n;
    if (b->s)
        b->s[n] = 0;
}

void str_release(struct str *b)
{
    arena_release(b->arena, b->s, b->cap);
    str_init(b, b->arena);
}

bool str_copy(char *dst, size_t n, const char *src)
{
    size_t len = strlen(src);
    if (!n)
        return false;
    size_t part = len < n ? len : n - 1;
    memcpy(dst, src, part);
    dst[part] = 0;
    return part == len;
}

bool str_fmt(char *dst, size_t n, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(dst, n, fmt, ap);
    va_end(ap);
    return len >= 0 && (size_t)len < n;
}

int str_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
    const char *p = s + (*s == '-' || *s == '+');
    if (*p < '0' || *p > '9')
        return ERR_FORMAT;
    for (; *p; p++) {
        if (*p < '0' || *p > '9')
            return ERR_FORMAT;
    }
    errno = 0;
    long long v = strtoll(s, NULL, 10);
    if (errno == ERANGE || v < min || v > max)
        return ERR_RANGE;
    *out = v;
    return 0;
}

int str_double(const char *s, double min, double max, double *out)
{
    /* strtod also takes blanks, hexadecimal, inf and nan: not these here. */
    if (!*s || s[strspn(s, "+-.0123456789eE")])
        return ERR_FORMAT;
    char *end;
    double v = strtod(s, &end);
    if (*end || end == s)
        return ERR_FORMAT;
    if (!isfinite(v) || v < min || v > max)
        return ERR_RANGE;
    *out = v;
    return 0;
}

bool str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool str_eq(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool str_eqi(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Only the last star ever needs another try: linear times the pattern. */
bool str_match(const char *pattern, const char *s)
{
    const char *star = NULL, *retry = NULL;
    while (*s) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = s;
        } else if (*pattern == '?' || *pattern == *s) {
            pattern++;
            s++;
        } else if (star) {
            pattern = star;
            s = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

void hex_encode(char *out, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = p;
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[in[i] >> 4];
        *out++ = digits[in[i] & 15];
    }
    *out = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_decode(uint8_t *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(s[2 * i]);
        int low = high < 0 ? -1 : hex_digit(s[2 * i + 1]);
        if (low < 0)
            return ERR_FORMAT;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(char *out, const void *p, size_t n)
{
    const uint8_t *in = p;
    char *start = out;
    for (; n >= 3; n -= 3, in += 3) {
        uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        for (int shift = 18; shift >= 0; shift -= 6)
            *out++ = base64_digits[v >> shift & 63];
    }
    if (n) {
        uint32_t v = (uint32_t)in[0] << 16 | (n == 2 ? (uint32_t)in[1] << 8 : 0);
        *out++ = base64_digits[v >> 18];
        *out++ = base64_digits[v >> 12 & 63];
        *out++ = n == 2 ? base64_digits[v >> 6 & 63] : '=';
        *out++ = '=';
    }
    *out = 0;
    return (size_t)(out - start);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(uint8_t *out, size_t *len, const char *s, size_t n)
{
    if (n % 4)
        return ERR_FORMAT;
    size_t pad = n && s[n - 1] == '=' ? 1 + (s[n - 2] == '=') : 0;
    uint8_t *start = out;
    for (size_t i = 0; i < n; i += 4) {
        size_t digits = i + 4 == n ? 4 - pad : 4;
        uint32_t v = 0;
        for (size_t j = 0; j < 4; j++) {
            int d = j < digits ? base64_value(s[i + j]) : 0;
            if (d < 0)
                return ERR_FORMAT;
            v = v << 6 | (uint32_t)d;
        }
        /* Bits beyond the last byte must be zero: one text per value. */
        if (digits < 4 && (v & (digits == 3 ? 0xffu : 0xffffu)))
            return ERR_FORMAT;
        for (size_t j = 0; j + 1 < digits; j++)
            *out++ = (uint8_t)(v >> (16 - 8 * j));
    }
    *len = (size_t)(out - start);
    return 0;
}
