/* base_regex.c -- fuzzer: any pattern on any subject ends soon, inside the
 * subject, and says the same with and without offsets.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/regex.h"

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond))                                                                               \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    unsigned flags = data[0] & 0xff;
    size_t pattern_n = data[1] % 64;
    const char *pattern = (const char *)data + 2;
    if (pattern_n > size - 2)
        pattern_n = size - 2;
    const char *subject = pattern + pattern_n;
    size_t n = size - 2 - pattern_n;

    struct arena_budget budget = {.max = 8 << 20};
    struct arena *a = arena_new(&budget, 0);
    MUST(a != NULL);
    const char *why = NULL;
    struct regex *re = regex_new(a, pattern, pattern_n, flags, &why);
    if (!re) {
        MUST(why && *why);
        arena_free(a);
        return 0;
    }
    struct regex_match m[12];
    int with = regex_exec(re, subject, n, 0, m, 12),
        without = regex_exec(re, subject, n, 0, NULL, 0);
    if (with >= 0 && without >= 0)
        MUST(with == without);
    for (int i = 0; with == 1 && i < 12; i++) {
        bool absent = m[i].so == (size_t)-1;
        MUST(absent ? i > 0 : m[i].so <= m[i].eo && m[i].so >= m[0].so && m[i].eo <= n);
        MUST(absent || (size_t)i <= regex_groups(re));
    }
    arena_free(a);
    return 0;
}
