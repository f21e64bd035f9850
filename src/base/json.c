/* json.c -- writing JSON.
 *
 * Whether a comma is due is read off the last byte written: none after an
 * opening bracket, a colon, a line feed (several documents in one string) or
 * nothing at all.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void comma(struct str *b)
{
    if (b->n && !strchr("{[:,\n", b->s[b->n - 1]))
        str_putc(b, ',');
}

void json_open(struct str *b, char bracket)
{
    comma(b);
    str_putc(b, bracket);
}

void json_close(struct str *b, char bracket)
{
    str_putc(b, bracket);
}

/* Bytes of s that can be copied as they are. */
static size_t plain(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n && (unsigned char)s[i] >= ' ' && (unsigned char)s[i] < 0x80 && s[i] != '"' &&
           s[i] != '\\')
        i++;
    return i;
}

static void put_escaped(struct str *b, char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *at = c ? strchr(from, c) : NULL;
    if (at) {
        str_putc(b, '\\');
        str_putc(b, to[at - from]);
    } else {
        str_printf(b, "\\u%04x", (unsigned char)c);
    }
}

static void put_string(struct str *b, const char *s, size_t n)
{
    str_putc(b, '"');
    while (n) {
        size_t len = plain(s, n);
        if (len) {
            str_add(b, s, len);
        } else if ((unsigned char)*s < 0x80) {
            put_escaped(b, *s);
            len = 1;
        } else {
            uint32_t rune;
            len = utf8_decode(s, n, &rune);
            if (len)
                str_add(b, s, len);
            else
                str_utf8(b, 0xfffd);
            len += !len;
        }
        s += len;
        n -= len;
    }
    str_putc(b, '"');
}

void json_key(struct str *b, const char *key)
{
    comma(b);
    put_string(b, key, strlen(key));
    str_putc(b, ':');
}

void json_str(struct str *b, const char *s, size_t n)
{
    comma(b);
    put_string(b, s, n);
}

void json_cstr(struct str *b, const char *s)
{
    if (s)
        json_str(b, s, strlen(s));
    else
        json_raw(b, "null");
}

void json_int(struct str *b, int64_t v)
{
    comma(b);
    str_printf(b, "%" PRId64, v);
}

/* The shortest text that reads back as the same number. */
void json_double(struct str *b, double v)
{
    char text[32];
    if (!isfinite(v)) {
        json_raw(b, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    json_raw(b, text);
}

void json_bool(struct str *b, bool v)
{
    json_raw(b, v ? "true" : "false");
}

void json_raw(struct str *b, const char *text)
{
    comma(b);
    str_puts(b, text);
}
