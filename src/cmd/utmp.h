/* utmp.h -- records of logins as utmp(5) lays them out.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_UTMP_H
#define CMD_UTMP_H

#include <utmp.h>

#include "cmd/sys.h"
#include "cmd/tz.h"

/* All records of a file in the arena, in its order; NULL (and *err) if it
 * cannot be read. */
struct utmp *utmp_read(struct cmd_run *r, const char *path, size_t *n, int *err);
/* A field that need not end in NUL, in the arena. */
const char *utmp_field(struct cmd_run *r, const char *field, size_t size);
#define UTMP_TEXT(r, field) utmp_field((r), (field), sizeof(field))
/* Terminals that somebody is logged in on. */
unsigned utmp_users(struct cmd_run *r);
/* " 22:16:00 up  1:22,  1 user,  load average: 0.00, 0.01, 0.00" */
const char *utmp_uptime(struct cmd_run *r);

#endif
