/* regex.h -- POSIX regular expressions with the GNU extensions, in bounded
 * time and memory: what grep, sed, awk, find, expr and [[ =~ ]] share.
 *
 * Matching is leftmost-longest. Time is linear in the subject for a search
 * and proportional to pattern times subject for submatches; only patterns
 * with back-references backtrack, and those stop at a limit. Long work calls
 * tick, which may switch away and need not come back.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum {
    REGEX_ERE = 1,         /* extended, else basic */
    REGEX_ICASE = 2,       /* letters match in both cases */
    REGEX_UTF8 = 4,        /* characters are UTF-8 sequences, else bytes */
    REGEX_NEWLINE = 8,     /* ^ and $ match at lines; . and [^x] never match \n */
    REGEX_STRICT = 16,     /* "*" with nothing before it is an error in ERE (regcomp, sed) */
    REGEX_AWK = 32,        /* awk's escapes (\n \/ \" \ooo), also in brackets; no \w \b \1 */
    REGEX_LITERAL = 64,    /* no special characters at all (grep -F) */
    REGEX_PAREN_ORD = 128, /* an unmatched ) in ERE is an ordinary character */
    REGEX_WORDS = 256,     /* only matches with no word character on either side (grep -w) */
    REGEX_LINES = 512,     /* only whole lines or subjects (grep -x) */
};

/* Offsets into the subject; so is (size_t)-1 for a group that did not take part. */
struct regex_match {
    size_t so, eo;
};

struct regex;

/* Compiles n bytes of pattern into memory of the arena, which must outlive it.
 * NULL and glibc's text of the error in *why (static) if it is wrong or too
 * big. tick may be NULL; it is called with the steps taken so far. */
struct regex *regex_new(struct arena *a, const char *pattern, size_t n, unsigned flags,
                        const char **why) NODISCARD;
void regex_tick(struct regex *re, void (*tick)(void *ctx, unsigned steps), void *ctx);
size_t regex_groups(const struct regex *re); /* parenthesised groups, without group 0 */
/* Searches s[from..n), seeing s[0..from) as context. 1 and the first nm
 * offsets in m (group 0 first), 0 no match, ERR_LIMIT
 * when back-references took too long, ERR_NOMEM. Faster with nm 0: then m, if
 * not NULL, only gets eo: where the match that ends first ends. */
int regex_exec(struct regex *re, const char *s, size_t n, size_t from, struct regex_match *m,
               size_t nm) NODISCARD;

#endif
