/* event_decode.c -- any bytes: refused, or an event that can be written.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>

#include "event/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct event e;
    const struct event_json_conf conf = {.sensor = "s", .uuid = "u"};
    struct arena_budget budget = {.max = 8 << 20};
    struct arena *a;
    struct str out;

    if (event_decode(&e, data, n))
        return 0;
    a = arena_new(&budget, 0);
    str_init(&out, a);
    event_json(&out, &e, &conf);
    if (!utf8_valid(str_text(&out), out.n) || memchr(str_text(&out), '\n', out.n))
        abort();
    arena_free(a);
    return 0;
}
