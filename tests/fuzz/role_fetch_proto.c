/* role_fetch_proto.c -- fuzzes what sensor and fetcher read from each other.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>
#include <string.h>

#include "role/fetch_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What was read can be written, and is then the same. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct fetch_start start;
    struct fetch_headers headers;
    struct fetch_end end;
    struct buf b;

    buf_init(&b, 1 << 20);
    if (fetch_get_headers(&headers, p, n) == 0 && fetch_put_headers(&b, &headers) == 0 &&
        fetch_get_headers(&headers, buf_ptr(&b), buf_len(&b)) < 0)
        abort();
    buf_clear(&b);
    if (fetch_get_end(&end, p, n) == 0 && (fetch_put_end(&b, &end) < 0 || buf_len(&b) != n))
        abort();
    buf_done(&b);
    if (fetch_get_start(&start, p, n) == 0 && strlen(start.url) > n)
        abort();
    return 0;
}
