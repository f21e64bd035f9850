/* glob.c -- shell patterns on names.
 *
 * The last star is remembered and tried again one further on: no recursion,
 * and no pattern takes more than length times length steps.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/glob.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static int fold(int c, unsigned flags)
{
    return flags & GLOB_ICASE && c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool in_class(const char *name, size_t n, int c)
{
    static const struct {
        const char *name;
        int (*is)(int c);
    } classes[] = {{"alpha", isalpha}, {"digit", isdigit}, {"alnum", isalnum},
                   {"upper", isupper}, {"lower", islower}, {"space", isspace},
                   {"blank", isblank}, {"punct", ispunct}, {"print", isprint},
                   {"graph", isgraph}, {"cntrl", iscntrl}, {"xdigit", isxdigit}};
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
        if (strlen(classes[i].name) == n && !memcmp(classes[i].name, name, n))
            return classes[i].is(c);
    return false;
}

/* p is behind "[": what follows the set, or NULL if it is not closed. */
static const char *match_set(const char *p, int c, unsigned flags, bool *hit)
{
    bool neg = *p == '!' || *p == '^', in = false;
    p += neg;
    for (bool first = true; *p && (*p != ']' || first); first = false) {
        const char *end = p[0] == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;
        if (end) {
            in |= in_class(p + 2, (size_t)(end - p - 2), c);
            p = end + 2;
            continue;
        }
        if (*p == '\\' && p[1])
            p++;
        int lo = fold((unsigned char)*p++, flags), hi = lo;
        if (p[0] == '-' && p[1] && p[1] != ']') {
            p++;
            if (*p == '\\' && p[1])
                p++;
            hi = fold((unsigned char)*p++, flags);
        }
        int f = fold(c, flags);
        in |= f >= lo && f <= hi;
    }
    if (!*p)
        return NULL;
    *hit = in != neg;
    return p + 1;
}

bool glob_match(const char *p, const char *s, unsigned flags)
{
    const char *star = NULL, *retry = NULL;
    const char *start = s;
    for (;;) {
        bool dot =
            flags & GLOB_PERIOD && *s == '.' && (s == start || (flags & GLOB_PATH && s[-1] == '/'));
        if (*p == '*' && !dot) {
            star = ++p;
            retry = s;
            continue;
        }
        bool ok = false;
        const char *next = p + 1;
        if (!*s) {
            if (!*p)
                return true;
        } else if (*p == '?' && !dot) {
            ok = !(flags & GLOB_PATH && *s == '/');
        } else if (*p == '[' && !dot) {
            next = match_set(p + 1, (unsigned char)*s, flags, &ok);
            if (!next) {
                next = p + 1;
                ok = *s == '[';
            } else if (flags & GLOB_PATH && *s == '/') {
                ok = false;
            }
        } else if (*p) {
            if (*p == '\\' && p[1])
                next = ++p + 1;
            ok = fold((unsigned char)*p, flags) == fold((unsigned char)*s, flags);
        }
        if (ok) {
            p = next;
            s++;
            continue;
        }
        if (!star || !*retry || (flags & GLOB_PATH && *retry == '/'))
            return false;
        p = star;
        s = ++retry;
    }
}
