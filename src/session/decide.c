/* decide.c -- what the agent decided on a session's commands, told upward.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "base/str.h"
#include "session/session_priv.h"

/* The action stands on the timeline of the terminal's record; the attacker
 * never sees it. With several channels at once it is the youngest that runs. */
static void mark(struct session *s, const struct event_action *e)
{
    const struct session_sink *k = s->h->sink;
    char text[512];

    for (struct list *l = s->channels.prev; l != &s->channels; l = l->prev) {
        struct channel *c = LIST_ENTRY(l, struct channel, link);
        if (!c->recording)
            continue;
        str_fmt(text, sizeof text, "%.*s %.*s", (int)e->action.n, e->action.p, (int)e->input.n,
                e->input.p);
        k->record_data(k->ctx, c->record, 'm', text, strlen(text));
        return;
    }
}

static void decided(void *ctx, const struct event_action *e)
{
    struct session *s = ctx;
    struct event_command_failed failed = {.input = e->input};

    session_event(s, EVENT_ACTION, e);
    if (e->kind.n == strlen("notfound") && memcmp(e->kind.p, "notfound", e->kind.n) == 0)
        session_event(s, EVENT_COMMAND_FAILED, &failed);
    mark(s, e);
}

static void line(void *ctx, const char *text, size_t n)
{
    struct event_command_input e = {.input = event_sn(text, n)};

    session_event(ctx, EVENT_COMMAND_INPUT, &e);
}

static void transition(void *ctx, const struct rl_transition *t)
{
    struct session *s = ctx;
    struct policy_windows windows;
    struct event_transition e;

    policy_transition_event(t, &windows, &e);
    session_event(s, EVENT_TRANSITION, &e);
    s->h->sink->transition(s->h->sink->ctx, t);
}

static void undecided(void *ctx, uint64_t count)
{
    struct event_limit e = {.which = event_s("decisions"), .count = (int64_t)count};

    session_event(ctx, EVENT_LIMIT, &e);
}

static const struct policy_sink calls = {
    .line = line, .decided = decided, .transition = transition, .undecided = undecided};

struct policy_session *session_policy_new(struct session *s)
{
    struct policy_sink sink = calls;

    sink.ctx = s;
    return policy_session_new(s->h->policy, s->src.session, s->country[0] ? s->country : NULL,
                              &sink);
}
