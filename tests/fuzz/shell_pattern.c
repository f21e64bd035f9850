/* shell_pattern.c -- pattern and subject from one input, split at the first NUL.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdint.h>
#include <string.h>

#include "shell/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena_budget budget = {.max = 256u << 20};
    if (n < 2 || n > 2000)
        return 0;
    struct arena *a = arena_new(&budget, 0);
    char *text = arena_memdup(a, data + 1, n - 1);
    size_t k = strlen(text);
    const char *s = k < n - 1 ? text + k + 1 : "";
    struct pattern *p = pattern_compile(a, text, data[0] & 7);
    (void)pattern_match(p, s, strlen(s));
    (void)pattern_prefix(p, s, strlen(s), data[0] & 8);
    arena_free(a);
    return 0;
}
