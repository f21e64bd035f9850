/* ssh_pubkey.c -- fuzzes public keys, signatures, and moduli files.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdint.h>

#include "ssh/keys_priv.h"
#include "ssh/kexmethod.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct ssh_pubkey key;
    struct ssh_groups groups;
    size_t cut = n > 0 ? p[0] * n / 256 : 0;
    struct buf sig = buf_wrap(p + cut, n - cut), data = buf_wrap(p, n);
    ssh_pubkey_parse(&key, p, cut);
    if (key.type)
        (void)ssh_pubkey_verify(p, cut, key.type, &sig, &data);
    if (ssh_groups_parse(&groups, (const char *)p, n) == 0)
        ssh_groups_done(&groups);
    else
        ssh_groups_done(&groups);
    return 0;
}
