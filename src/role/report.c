/* report.c -- what the monitor tells the recorder.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "role/report.h"

#include "base/str.h"
#include "event/event.h"

int report_encode(struct buf *b, const struct clock *clock, const struct report *r)
{
    char name[32] = "";
    struct event_role e = {.role = event_s(name),
                           .what = event_s(r->what),
                           .pid = r->pid,
                           .reason = event_s(r->reason)};

    if (r->kind == ROLE_SENSOR)
        str_fmt(name, sizeof name, "sensor %u", r->index);
    else
        str_copy(name, sizeof name, role_name(r->kind));
    e.role = event_s(name);
    return event_encode(b, EVENT_ROLE, NULL, clock_real_us(clock), &e);
}
