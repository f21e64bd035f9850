/* store_cast.c -- a record of a terminal that is anything at all.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/cast.h"
#include "store/tool.h"

static FILE *null;
static const char header[] = "{\"version\":2,\"width\":80,\"height\":24}\n";

static int line(void *ctx, const struct cast_line *l)
{
    tool_filter(ctx, null, l->text, l->n);
    tool_print_safe(null, l->text, l->n);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct cast_header h;
    struct tool_filter f = {0};

    if (!null && !(null = fopen("/dev/null", "w")))
        abort();
    if (cast_read((const char *)data, n, &h, line, &f) == 0 && (h.cols == 0 || h.rows == 0))
        abort();
    /* and behind a sound header, so that lines are reached at once */
    char *all = malloc(sizeof header - 1 + n);
    if (!all)
        abort();
    memcpy(all, header, sizeof header - 1);
    memcpy(all + sizeof header - 1, data, n);
    if (cast_read(all, sizeof header - 1 + n, &h, line, &f))
        abort();
    free(all);
    tool_filter(&f, null, (const char *)data, n);
    return 0;
}
