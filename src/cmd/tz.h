/* tz.h -- local time of a virtual machine: TZ, /etc/localtime, zoneinfo.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_TZ_H
#define CMD_TZ_H

#include "vm/vm.h"

struct tz_rule {
    int64_t from;   /* in force from this time on */
    int32_t offset; /* seconds east of Greenwich */
    bool dst;
    char name[8];
};

struct tz {
    struct tz_rule *rule; /* at least one, in order of time */
    size_t n;
    bool has_dst;             /* the last rule goes on with the two below */
    struct tz_rule yearly[2]; /* standard, daylight; from is not used */
    int start[3], end[3];     /* month, week, day of week of the changes */
    int start_s, end_s;       /* seconds after midnight, local */
};

/* The zone of a process: its TZ, else /etc/localtime; UTC if there is none.
 * name: a zone to use instead of TZ, or NULL. */
const struct tz *tz_of(struct proc *p, const char *name);
/* Broken-down local time with tm_gmtoff and tm_zone set. */
void tz_local(const struct tz *z, int64_t t, struct tm *out);
/* The reverse (fields may be out of range); tm_isdst as in mktime. */
int64_t tz_make(const struct tz *z, struct tm *tm);
/* Days since 1970-01-01 of a date (month 0..11). */
int64_t tz_days(int64_t year, int month, int day);

#endif
