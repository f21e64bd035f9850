/* shell_parse.c -- any bytes as a script, for bash and dash.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdint.h>

#include "shell/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const bool extglob = true;
    struct arena_budget budget = {.max = 256u << 20};
    if (n < 1)
        return 0;
    struct parse_host host = {.dash = data[0] & 1, .extglob = &extglob};
    struct arena *a = arena_new(&budget, 0);
    struct parser p;
    parse_init(&p, a, &host);
    parse_feed(&p, (const char *)data + 1, n - 1);
    struct node *node;
    for (;;) {
        enum parse_result r = parse_command(&p, a, &node);
        if (r == PARSE_EOF || r == PARSE_ERROR)
            break;
        parse_forget(&p);
    }
    arena_free(a);
    return 0;
}
