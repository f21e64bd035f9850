/* pattern.h -- shell patterns, with extended globs, in bounded time.
 *
 * A pattern compiles to a small automaton and is matched by following all its
 * states at once: no backtracking, so no pattern blows up. A backslash quotes
 * the next character.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_PATTERN_H
#define SHELL_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum { PAT_EXTGLOB = 1, PAT_NOCASE = 2, PAT_UTF8 = 4, PAT_NO_CARET = 8 /* [^a] is a set of two */ };

struct pattern;

/* Compiles into a's memory. NULL: too long or too deep (matches nothing). */
struct pattern *pattern_compile(struct arena *a, const char *text, unsigned flags);
/* tick(ctx, n) is called while matching takes long. */
void pattern_set_tick(struct pattern *p, void (*tick)(void *ctx, unsigned n), void *ctx);
bool pattern_match(struct pattern *p, const char *s, size_t n);
/* Length of the longest or shortest prefix of s that matches, or (size_t)-1. */
size_t pattern_prefix(struct pattern *p, const char *s, size_t n, bool longest);
/* Has text an unquoted pattern character? */
bool pattern_has_magic(const char *text, bool extglob);
/* Removes the backslashes. In place. */
void pattern_unquote(char *text);

#endif
