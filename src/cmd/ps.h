/* ps.h -- the columns of ps.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_PS_H
#define CMD_PS_H

#include "cmd/sys.h"
#include "cmd/tz.h"

enum ps_just { PS_RIGHT, PS_LEFT, PS_USER, PS_REST };

/* What all columns need to know. */
struct ps_view {
    struct cmd_run *r;
    const struct tz *zone;
    int64_t now, uptime_us;
    uint64_t mem_kib;
    bool environ, bsd;  /* e: environment behind the command; BSD: [comm] for lost args */
    bool full;          /* -f: cmd shows arguments */
    const char *branch; /* the drawn tree before the command */
    struct user_cache *users;
};

struct ps_field {
    const char *name, *head;
    int width;
    enum ps_just just;
    /* The text of a row, in the arena or static. */
    const char *(*text)(struct ps_view *v, const struct vm_procinfo *p);
    /* What to sort by; NULL: by the text. */
    int64_t (*key)(struct ps_view *v, const struct vm_procinfo *p);
};

const struct ps_field *ps_field_find(const char *name); /* NULL if unknown */
const char *ps_user(struct ps_view *v, uint32_t uid);

#endif
