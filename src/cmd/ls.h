/* ls.h -- how file names and times look in lists: ls, and find -ls.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_LS_H
#define CMD_LS_H

#include "cmd/cmd.h"
#include "cmd/tz.h"

/* "4.0K" and the like, rounded up as ls -h, du -h and df -h do; base 1024 or
 * 1000. */
void ls_human(uint64_t n, unsigned base, char *out, size_t out_n);
/* "Jan  2 15:04" or "Jan  2  2021", as ls -l prints times half a year old. */
void ls_time(const struct tz *z, int64_t t, int64_t now, char *out, size_t n);

#endif
