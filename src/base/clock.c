/* clock.c -- time as a parameter.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/clock.h"

#include <time.h>

static int64_t host_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void clock_init(struct clock *c)
{
    *c = (struct clock){0};
}

void clock_init_fake(struct clock *c, int64_t real_us)
{
    /* Not zero: loops take a monotonic time of 0 for "at once". */
    *c = (struct clock){.fake = 1, .fake_mono_us = 1000000, .fake_real_us = real_us};
}

void clock_advance(struct clock *c, int64_t us)
{
    c->fake_mono_us += us;
    c->fake_real_us += us;
}

int64_t clock_mono_us(const struct clock *c)
{
    return c->fake ? c->fake_mono_us : host_us(CLOCK_MONOTONIC);
}

int64_t clock_real_us(const struct clock *c)
{
    return c->fake ? c->fake_real_us : host_us(CLOCK_REALTIME);
}
