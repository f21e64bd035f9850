/* ssh_auth.c -- fuzzes authentication messages, as if the keys were exchanged.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct ssh_conn *c = fuzz_conn();
    fuzz_feed(c, "SSH-2.0-fuzz\r\n", 14);
    fuzz_set_phase(c, SSH_PHASE_AUTH);
    fuzz_messages(c, p, n);
    fuzz_end(c);
    return 0;
}
