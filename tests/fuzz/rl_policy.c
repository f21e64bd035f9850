/* rl_policy.c -- any bytes as a policy snapshot. The checksum is made right
 * first, so that what lies behind it is reached.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/policy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct rl_policy *p;
    struct rl_decision d;
    struct rng rng;
    if (n > 1 << 20)
        return 0;
    uint8_t *mem = aligned_alloc(64, (n + 64) & ~(size_t)63);
    if (!mem)
        return 0;
    if (n)
        memcpy(mem, data, n);
    if (n > sizeof(struct rl_policy)) {
        struct rl_policy *h = (struct rl_policy *)mem;
        memcpy(h->magic, "qrpolicy", 8);
        h->format = 1;
        h->size = n;
        const size_t from = offsetof(struct rl_policy, format);
        h->crc = (uint32_t)crc32(crc32(0, NULL, 0), mem + from, (uInt)(n - from));
    }
    rng_seed(&rng, 1);
    if (rl_policy_open(mem, n, &p) == 0) {
        const struct rl_state s = {{0, 0, 1, 2, 3, 99, 50, 4, 255, 7}};
        rl_policy_decide(p, &s, &rng, &d);
        if (d.action >= RL_ACTION_COUNT || !(d.propensity > 0))
            abort();
    }
    free(mem);
    return 0;
}
