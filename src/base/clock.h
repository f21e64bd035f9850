/* clock.h -- time as a parameter, so that tests can hold it still.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* All times are int64_t. _us and _ms in a name give the unit. A clock is read
 * through clock_mono_us and clock_real_us only. */
struct clock {
    int64_t fake_mono_us, fake_real_us; /* used when fake */
    int fake;
};

void clock_init(struct clock *c);                       /* the host's clock */
void clock_init_fake(struct clock *c, int64_t real_us); /* stands still */
void clock_advance(struct clock *c, int64_t us);        /* fake clocks only */
int64_t clock_mono_us(const struct clock *c);           /* since some start, never back */
int64_t clock_real_us(const struct clock *c);           /* since 1970-01-01 UTC */
static inline int64_t clock_mono_ms(const struct clock *c)
{
    return clock_mono_us(c) / 1000;
}

#endif
