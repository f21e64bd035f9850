/* size.c -- sizes as people read them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/size.h"

#include <stdbool.h>

#include "base/str.h"

const char *size_human(uint64_t bytes, unsigned base, char out[SIZE_TEXT])
{
    static const char letters[] = "KMGTPE";
    uint64_t v = bytes, tenths = 0;
    bool more = false;
    int k = -1;
    while (v >= base && k < 5) {
        uint64_t rest = v % base * 10 + tenths;
        more |= rest % base != 0;
        tenths = rest / base;
        v /= base;
        k++;
    }
    if (k < 0) {
        (void)str_fmt(out, SIZE_TEXT, "%llu", (unsigned long long)v);
        return out;
    }
    bool small = v < 10;
    if (small) {
        tenths += more;
        v += tenths > 9;
        tenths %= 10;
    } else {
        v += tenths || more;
    }
    if (v == base && k < 5) {
        v = 1;
        tenths = 0;
        small = true;
        k++;
    }
    char unit = base == 1000 && !k ? 'k' : letters[k];
    if (small && v < 10)
        (void)str_fmt(out, SIZE_TEXT, "%llu.%llu%c", (unsigned long long)v,
                      (unsigned long long)tenths, unit);
    else
        (void)str_fmt(out, SIZE_TEXT, "%llu%c", (unsigned long long)v, unit);
    return out;
}
