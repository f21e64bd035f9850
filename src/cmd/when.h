/* when.h -- dates as people write them: date -d, touch -d.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_WHEN_H
#define CMD_WHEN_H

#include "cmd/tz.h"

/* "2024-01-02 03:04:05", "@1700000000", "yesterday", "3 days ago", "next week",
 * "10:30", "Jan 2 2024", ...: false if it is not understood. */
bool when_parse(const struct tz *z, const char *text, struct timespec now, struct timespec *out);

#endif
