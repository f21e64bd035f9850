/* ssh_version.c -- fuzzes the client's version line and plaintext packets.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct ssh_conn *c = fuzz_conn();
    /* In two pieces, since a line may be cut anywhere. */
    size_t cut = n > 0 ? p[0] % (n + 1) : 0;
    fuzz_feed(c, p, cut);
    fuzz_feed(c, p + cut, n - cut);
    ssh_conn_input_eof(c);
    fuzz_end(c);
    return 0;
}
