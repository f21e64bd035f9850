/* ssh_kexinit.c -- fuzzes messages of the key exchange, framed for the fuzzer.
 *
 * Input: messages, each with a 16-bit length before it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct ssh_conn *c = fuzz_conn();
    fuzz_feed(c, "SSH-2.0-fuzz\r\n", 14);
    fuzz_messages(c, p, n);
    fuzz_end(c);
    return 0;
}
