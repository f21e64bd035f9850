/* report.h -- what the monitor tells the recorder.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_REPORT_H
#define ROLE_REPORT_H

#include "base/buf.h"
#include "role/role.h"

struct report {
    enum role_kind kind;
    unsigned index;
    pid_t pid;
    const char *what, *reason;
};

/* Appends an encoded qrassh.role event. */
int report_encode(struct buf *b, const struct clock *clock, const struct report *r) NODISCARD;

#endif
