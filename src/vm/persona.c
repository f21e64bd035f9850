/* persona.c -- one coherent description of the server that does not exist.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/persona.h"

#include <string.h>

#include "base/rng.h"
#include "base/str.h"

void persona_draw(struct persona *p, uint64_t seed, int64_t now_real_us, const struct vfs_image *im)
{
    (void)im;
    memset(p, 0, sizeof(*p));
    p->seed = seed;
    struct rng r = rng_named(seed, "persona");
    str_copy(p->hostname, sizeof(p->hostname), "web01");
    str_copy(p->disk_name, sizeof(p->disk_name), "vda");
    str_copy(p->locale, sizeof(p->locale), "en_US.UTF-8");
    str_copy(p->kernel_release, sizeof(p->kernel_release), "6.1.0-37-amd64");
    str_copy(p->ip4, sizeof(p->ip4), "10.0.0.5");
    p->mem_kib = 2 << 20;
    p->cpu.count = 2;
    p->disk_bytes = UINT64_C(40) << 30;
    p->root_used_bytes = UINT64_C(3) << 30;
    p->boot_real_us = now_real_us - rng_range(&r, 3, 90) * INT64_C(86400000000);
}
