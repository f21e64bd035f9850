/* ssh_channel.c -- fuzzes connection messages, as if somebody had logged in.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct ssh_conn *c = fuzz_conn();
    fuzz_feed(c, "SSH-2.0-OpenSSH_9.2p1\r\n", 23);
    fuzz_set_phase(c, SSH_PHASE_OPEN);
    fuzz_messages(c, p, n);
    fuzz_end(c);
    return 0;
}
