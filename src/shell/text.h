/* text.h -- escapes and quoting of strings, shared by lexer and builtins.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_TEXT_H
#define SHELL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum text_escapes {
    TEXT_ANSI,     /* $'...' */
    TEXT_ECHO,     /* echo -e: \0nnn; \c stops */
    TEXT_PRINTF_B, /* %b: \0nnn and \nnn; \c stops */
    TEXT_FORMAT,   /* printf's format: \nnn; no \c */
    TEXT_DASH,     /* dash's echo: \0nnn; no \x, \e, \u */
    TEXT_DASH_FORMAT
};

/* Appends s with its escapes replaced. False: \c was met, output ends here. */
bool text_unescape(struct str *out, const char *s, size_t n, enum text_escapes kind);
/* One escape at *s (behind the backslash); advances. False: \c. */
bool text_escape_one(struct str *out, const char **s, const char *end, enum text_escapes kind);

/* As bash quotes for reuse: %q (backslashes or $'...'; '' when empty). */
void text_quote_backslash(struct str *out, const char *s);
/* 'single quotes', with '\'' for a quote inside; $'...' when control characters are in it
 * and ansi is set. */
void text_quote_single(struct str *out, const char *s);
void text_quote_ansi(struct str *out, const char *s);   /* always $'...' */
void text_quote_at(struct str *out, const char *s);     /* ${x@Q}: '...' or $'...' */
void text_quote_value(struct str *out, const char *s);  /* as `set` prints values */
void text_quote_double(struct str *out, const char *s); /* "..." as declare -p, or $'...' */
bool text_has_control(const char *s);

#endif
