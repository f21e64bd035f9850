/* text.c -- escapes and quoting.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/text.h"

#include <string.h>

static int hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void put_octal(struct str *out, const char **s, const char *end, int max)
{
    int v = 0, k = 0;
    while (k < max && *s < end && **s >= '0' && **s <= '7') {
        v = v * 8 + (*(*s)++ - '0');
        k++;
    }
    str_putc(out, v & 255);
}

/* \xHH \uHHHH \UHHHHHHHH: false if no digit follows. */
static bool put_hex(struct str *out, const char **s, const char *end, int max, bool rune)
{
    uint32_t v = 0;
    int k = 0;
    while (k < max && *s < end && hex_digit((unsigned char)**s) >= 0) {
        v = v * 16 + (uint32_t)hex_digit((unsigned char)*(*s)++);
        k++;
    }
    if (!k)
        return false;
    if (rune && v > 127)
        str_utf8(out, v);
    else
        str_putc(out, (int)(v & 255));
    return true;
}

bool text_escape_one(struct str *out, const char **s, const char *end, enum text_escapes kind)
{
    static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
    if (*s >= end) {
        str_putc(out, '\\');
        return true;
    }
    int c = (unsigned char)*(*s)++;
    const char *f = strchr(from, c);
    bool dash = kind == TEXT_DASH, hex = !dash && kind != TEXT_DASH_FORMAT;
    if (f && c) {
        str_putc(out, to[f - from]);
    } else if (c == '\\') {
        str_putc(out, '\\');
    } else if ((c == 'e' || c == 'E') && !dash) {
        str_putc(out, 27);
    } else if (c == 'c' && kind != TEXT_ANSI && kind != TEXT_FORMAT && kind != TEXT_DASH_FORMAT) {
        return false;
    } else if (c == 'c' && kind == TEXT_ANSI && *s < end) {
        int d = (unsigned char)*(*s)++;
        if (d == '\\' && *s < end && **s == '\\')
            (*s)++;
        str_putc(out, d == '?' ? 127 : d & 0x1f);
    } else if (c == '0' && (kind == TEXT_ECHO || kind == TEXT_DASH || kind == TEXT_PRINTF_B)) {
        put_octal(out, s, end, 3);
    } else if (c >= '0' && c <= '7' && kind != TEXT_ECHO) {
        (*s)--;
        put_octal(out, s, end, 3);
    } else if (c == 'x' && hex && put_hex(out, s, end, 2, false)) {
        ;
    } else if (c == 'u' && hex && put_hex(out, s, end, 4, true)) {
        ;
    } else if (c == 'U' && hex && put_hex(out, s, end, 8, true)) {
        ;
    } else if (c == '"' && (kind == TEXT_ANSI || kind == TEXT_FORMAT || kind == TEXT_DASH_FORMAT ||
                            kind == TEXT_PRINTF_B)) {
        str_putc(out, c);
    } else if ((c == '\'' || c == '?') && (kind == TEXT_ANSI || kind == TEXT_PRINTF_B)) {
        str_putc(out, c);
    } else {
        str_putc(out, '\\');
        str_putc(out, c);
    }
    return true;
}

bool text_unescape(struct str *out, const char *s, size_t n, enum text_escapes kind)
{
    const char *end = s + n;
    while (s < end) {
        if (*s != '\\') {
            str_putc(out, *s++);
            continue;
        }
        s++;
        if (!text_escape_one(out, &s, end, kind))
            return false;
    }
    return true;
}

bool text_has_control(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 32 || *s == 127)
            return true;
    return false;
}

/* Bytes that are no valid UTF-8 are written in octal, as bash does. */
static bool needs_ansi(const char *s)
{
    return text_has_control(s) || !utf8_valid(s, strlen(s));
}

void text_quote_ansi(struct str *out, const char *s)
{
    static const char from[] = "\a\b\f\n\r\t\v\033", to[] = "abfnrtvE";
    size_t n = strlen(s);
    str_puts(out, "$'");
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        uint32_t rune;
        size_t k = c >= 0x80 ? utf8_decode(s + i, n - i, &rune) : 1;
        const char *f = strchr(from, c);
        if (f && c) {
            str_putc(out, '\\');
            str_putc(out, to[f - from]);
        } else if (c == '\'' || c == '\\') {
            str_putc(out, '\\');
            str_putc(out, c);
        } else if (c < 32 || c == 127 || k == 0) {
            str_printf(out, "\\%03o", c);
        } else {
            str_add(out, s + i, k);
        }
        i += k ? k : 1;
    }
    str_putc(out, '\'');
}

void text_quote_single(struct str *out, const char *s)
{
    str_putc(out, '\'');
    for (; *s; s++) {
        if (*s == '\'')
            str_puts(out, "'\\''");
        else
            str_putc(out, *s);
    }
    str_putc(out, '\'');
}

void text_quote_at(struct str *out, const char *s)
{
    if (needs_ansi(s))
        text_quote_ansi(out, s);
    else
        text_quote_single(out, s);
}

void text_quote_backslash(struct str *out, const char *s)
{
    if (!*s) {
        str_puts(out, "''");
        return;
    }
    if (needs_ansi(s)) {
        text_quote_ansi(out, s);
        return;
    }
    const char *start = s;
    for (; *s; s++) {
        if (strchr(" \t\n!\"$&'()*,;<>?[\\]^`{|}", *s) || (*s == '#' && s == start) ||
            (*s == '~' && s == start))
            str_putc(out, '\\');
        str_putc(out, *s);
    }
}

void text_quote_value(struct str *out, const char *s)
{
    if (needs_ansi(s))
        text_quote_ansi(out, s);
    else if (strpbrk(s, " \t\n\\'\"|&;()<>!{}*[]?^$`") || *s == '#' || *s == '~' ||
             strstr(s, "=~") || strstr(s, ":~"))
        text_quote_single(out, s);
    else
        str_puts(out, s);
}

void text_quote_double(struct str *out, const char *s)
{
    if (needs_ansi(s)) {
        text_quote_ansi(out, s);
        return;
    }
    str_putc(out, '"');
    for (; *s; s++) {
        if (strchr("\"$`\\", *s))
            str_putc(out, '\\');
        str_putc(out, *s);
    }
    str_putc(out, '"');
}
