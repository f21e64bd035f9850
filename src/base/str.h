/* str.h -- strings: a growing one in an arena, and a few safe helpers.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* A string under construction. s is always NUL-terminated once anything was
 * added (str_text gives "" before); it may hold NULs in between. When the
 * arena answers NULL the string keeps what it had and bad is set. */
struct str {
    struct arena *arena;
    char *s;
    size_t n, cap;
    bool bad;
};

void str_init(struct str *b, struct arena *a);
void str_add(struct str *b, const void *p, size_t n); /* p may be its own text */
void str_puts(struct str *b, const char *s);
void str_putc(struct str *b, int c);
void str_fill(struct str *b, int c, size_t n);
void str_printf(struct str *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void str_vprintf(struct str *b, const char *fmt, va_list ap);
void str_utf8(struct str *b, uint32_t rune); /* encodes one code point */
void str_trunc(struct str *b, size_t n);     /* n <= b->n */
void str_release(struct str *b);             /* gives the memory back to the arena */
static inline const char *str_text(const struct str *b)
{
    return b->s ? b->s : "";
}

/* As strlcpy: copies at most n-1 bytes and terminates; true if all fitted. */
bool str_copy(char *dst, size_t n, const char *src);
/* As snprintf; true if all fitted. */
bool str_fmt(char *dst, size_t n, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Whole-string decimal: 0, ERR_FORMAT or ERR_RANGE (outside min..max). */
int str_int(const char *s, int64_t min, int64_t max, int64_t *out) NODISCARD;
int str_double(const char *s, double min, double max, double *out) NODISCARD;
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_eq(const char *a, const char *b);  /* NULLs are equal to NULL only */
bool str_eqi(const char *a, const char *b); /* ASCII case ignored */
/* Shell-like wildcard match with * and ? only (configuration patterns). */
bool str_match(const char *pattern, const char *s);

/* Decodes one UTF-8 sequence: its length 1..4 and *rune, or 0 if the bytes are
 * not valid UTF-8 (over-long, surrogate, beyond U+10FFFF, cut off). n >= 1. */
size_t utf8_decode(const char *s, size_t n, uint32_t *rune);
size_t utf8_encode(uint32_t rune, char out[4]);
bool utf8_valid(const char *s, size_t n);
int utf8_width(uint32_t rune); /* terminal columns: 0, 1 or 2 */

void hex_encode(char *out, const void *p, size_t n);             /* 2n+1 bytes */
int hex_decode(uint8_t *out, const char *s, size_t n) NODISCARD; /* n bytes from 2n digits */
/* base64: out needs 4*((n+2)/3)+1; returns the length. */
size_t base64_encode(char *out, const void *p, size_t n);
/* strict; out needs 3*(n/4)+3; *len set; ERR_FORMAT otherwise. */
int base64_decode(uint8_t *out, size_t *len, const char *s, size_t n) NODISCARD;

#endif
