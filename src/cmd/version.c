/* version.c -- GNU's order of version numbers.
 *
 * Runs of digits are compared by value, other runs by character with letters
 * before the rest and ~ before everything; what looks like a suffix (".tar.gz")
 * counts only if all before it is equal.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/version.h"

#include <stdbool.h>
#include <string.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static int rank(const char *s, size_t i, size_t n)
{
    if (i >= n)
        return -1;
    if (digit(s[i]))
        return 0;
    if (letter(s[i]))
        return (unsigned char)s[i];
    return s[i] == '~' ? -2 : (unsigned char)s[i] + 256;
}

static int runs(const char *a, size_t an, const char *b, size_t bn)
{
    size_t i = 0, j = 0;
    while (i < an || j < bn) {
        while ((i < an && !digit(a[i])) || (j < bn && !digit(b[j]))) {
            int x = rank(a, i, an), y = rank(b, j, bn);
            if (x != y)
                return x < y ? -1 : 1;
            i++, j++;
        }
        while (i < an && a[i] == '0')
            i++;
        while (j < bn && b[j] == '0')
            j++;
        size_t x = i, y = j;
        while (x < an && digit(a[x]))
            x++;
        while (y < bn && digit(b[y]))
            y++;
        if (x - i != y - j)
            return x - i < y - j ? -1 : 1;
        int d = memcmp(a + i, b + j, x - i);
        if (d)
            return d;
        i = x, j = y;
    }
    return 0;
}

/* The length without what looks like suffixes. */
static size_t stem(const char *s, size_t n)
{
    size_t end = n;
    for (size_t i = n; i-- > 1;) {
        if (s[i] == '.' && i + 1 < n && (letter(s[i + 1]) || s[i + 1] == '~'))
            end = i;
        else if (!digit(s[i]) && !letter(s[i]) && s[i] != '~')
            break;
    }
    return end;
}

int version_compare(const char *a, size_t an, const char *b, size_t bn)
{
    if (!an || !bn)
        return (an != 0) - (bn != 0);
    if ((*a == '.') != (*b == '.'))
        return *a == '.' ? -1 : 1;
    int d = runs(a, stem(a, an), b, stem(b, bn));
    return d ? d : runs(a, an, b, bn);
}
