/* stats.h -- summaries over seeds: median, quartiles, bootstrap intervals.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_STATS_H
#define SIM_STATS_H

#include <stddef.h>
#include <stdint.h>

struct stats {
    double median, q1, q3; /* quartiles, linear between ranks */
    double low, high;      /* 95 % interval of the median, bootstrap */
};

/* x is sorted in place. n >= 1, at most 4096 values. */
struct stats stats_of(double *x, size_t n, uint64_t seed);
double stats_quantile(const double *sorted, size_t n, double p);

#endif
