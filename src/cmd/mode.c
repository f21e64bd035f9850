/* mode.c -- symbolic and octal file modes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/mode.h"

#include <string.h>
#include <sys/stat.h>

enum { ALL = 07777 };

/* The bits that letters after an operator stand for, spread over u, g and o. */
static uint32_t perms(const char **s, uint32_t old)
{
    uint32_t v = 0;
    for (;; ++*s) {
        switch (**s) {
        case 'r':
            v |= 0444;
            break;
        case 'w':
            v |= 0222;
            break;
        case 'x':
            v |= 0111;
            break;
        case 'X':
            v |= S_ISDIR(old) || (old & 0111) ? 0111 : 0;
            break;
        case 's':
            v |= S_ISUID | S_ISGID;
            break;
        case 't':
            v |= S_ISVTX;
            break;
        default:
            return v;
        }
    }
}

static uint32_t copied(char who, uint32_t old)
{
    uint32_t three = who == 'u' ? old >> 6 : who == 'g' ? old >> 3 : old;
    return (three & 7) * 0111;
}

static bool octal(const char *s, uint32_t old, uint32_t *out)
{
    uint32_t v = 0;
    size_t n = 0;
    for (; s[n] >= '0' && s[n] <= '7'; n++) {
        v = v * 8 + (uint32_t)(s[n] - '0');
        if (v > ALL)
            return false;
    }
    if (s[n])
        return false;
    /* Short numbers leave a directory's set-id bits as they are. */
    if (S_ISDIR(old) && n < 5)
        v |= old & (S_ISUID | S_ISGID);
    *out = v;
    return true;
}

bool mode_change(const char *s, uint32_t old, uint32_t umask, uint32_t *out)
{
    if (*s >= '0' && *s <= '7')
        return octal(s, old, out);
    uint32_t mode = old & ALL;
    for (;;) {
        uint32_t who = 0;
        for (;; s++) {
            if (*s == 'u')
                who |= S_ISUID | 0700;
            else if (*s == 'g')
                who |= S_ISGID | 0070;
            else if (*s == 'o')
                who |= S_ISVTX | 0007;
            else if (*s == 'a')
                who |= ALL;
            else
                break;
        }
        if (!*s || !strchr("+-=", *s))
            return false;
        while (*s && strchr("+-=", *s)) {
            char op = *s++;
            uint32_t v, reach = who ? who : ALL & ~umask;
            uint32_t now = (old & S_IFMT) | mode;
            if (*s && strchr("ugo", *s)) {
                v = copied(*s++, now);
            } else if (*s >= '0' && *s <= '7') {
                v = 0;
                while (*s >= '0' && *s <= '7')
                    v = (v * 8 + (uint32_t)(*s++ - '0')) & ALL;
            } else {
                v = perms(&s, now);
            }
            uint32_t bits = v & reach;
            /* Only the one who asked for it changes a directory's set-id bits. */
            uint32_t keep = S_ISDIR(old) ? (S_ISUID | S_ISGID) & ~v : 0;
            if (op == '+')
                mode |= bits;
            else if (op == '-')
                mode &= ~bits;
            else
                mode = (mode & ~((who ? who : ALL) & ~keep)) | bits;
        }
        if (!*s)
            break;
        if (*s++ != ',')
            return false;
    }
    *out = mode;
    return true;
}
