/* retain.h -- nothing that is kept grows without bound.
 *
 * What is older than the age goes, and if all together is larger than the
 * bytes allowed, the oldest files go first. Today's log and files written
 * within the last hour stay in any case.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_RETAIN_H
#define STORE_RETAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

struct retain_conf {
    const char *dir;
    int64_t now_us, keep_us;
    uint64_t max_bytes;
    unsigned rows_max; /* rows removed from one table at most; 0: all */
    bool dry;          /* only count */
    FILE *report;      /* a line for each file; NULL: none */
};
struct retain_stats {
    uint64_t files, bytes, rows; /* removed, or what would be */
    uint64_t left;               /* bytes that stay */
};

/* 0, ERR_IO (some could not be removed; the rest was) or ERR_NOMEM. */
int retain_run(const struct retain_conf *conf, struct retain_stats *out) NODISCARD;

#endif
