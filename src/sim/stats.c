/* stats.c -- robust summaries.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/stats.h"
#include "base/rng.h"

#include <stdlib.h>

enum { N_MAX = 4096, RESAMPLES = 2000 };

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double stats_quantile(const double *sorted, size_t n, double p)
{
    const double at = p * (double)(n - 1);
    const size_t i = (size_t)at;
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

struct stats stats_of(double *x, size_t n, uint64_t seed)
{
    double medians[RESAMPLES];
    double sample[N_MAX];
    struct rng rng;
    rng_seed(&rng, seed);
    n = n > N_MAX ? N_MAX : n;
    qsort(x, n, sizeof *x, by_value);
    for (int r = 0; r < RESAMPLES; r++) {
        for (size_t i = 0; i < n; i++)
            sample[i] = x[rng_below(&rng, n)];
        qsort(sample, n, sizeof *sample, by_value);
        medians[r] = stats_quantile(sample, n, 0.5);
    }
    qsort(medians, RESAMPLES, sizeof *medians, by_value);
    return (struct stats){stats_quantile(x, n, 0.5), stats_quantile(x, n, 0.25),
                          stats_quantile(x, n, 0.75), stats_quantile(medians, RESAMPLES, 0.025),
                          stats_quantile(medians, RESAMPLES, 0.975)};
}
