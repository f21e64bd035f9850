/* recent.c -- a set-associative cache of open sessions.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/recent.h"
#include "base/arena.h"

#include <string.h>

enum { SETS = 64, WAYS = 8 };

int rl_recent_init(struct rl_recent *r)
{
    *r = (struct rl_recent){.sets = SETS};
    r->slots = x_calloc((size_t)SETS * WAYS, sizeof *r->slots);
    return r->slots ? 0 : ERR_NOMEM;
}

void rl_recent_done(struct rl_recent *r)
{
    x_free(r->slots);
    r->slots = NULL;
}

struct rl_recent_session *rl_recent_of(struct rl_recent *r, const struct rl_transition *t)
{
    struct rl_recent_session *set = r->slots + (t->session % r->sets) * WAYS, *pick = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].stamp && set[i].session == t->session) {
            pick = &set[i];
            break;
        }
        if (set[i].stamp < pick->stamp)
            pick = &set[i];
    }
    const bool same = pick->stamp && pick->session == t->session;
    const struct rl_transition *last = pick->count ? &pick->steps[pick->count - 1] : NULL;
    if (!same || (last && (last->done || last->step + 1 != t->step)))
        pick->count = 0;
    pick->session = t->session;
    pick->stamp = ++r->stamp;
    return pick;
}

void rl_recent_push(struct rl_recent_session *s, const struct rl_transition *t)
{
    if (s->count == RL_RECENT_DEPTH)
        rl_recent_shift(s);
    s->steps[s->count++] = *t;
}

void rl_recent_shift(struct rl_recent_session *s)
{
    memmove(s->steps, s->steps + 1, (s->count - 1) * sizeof *s->steps);
    s->count--;
}
