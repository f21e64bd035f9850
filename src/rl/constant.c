/* constant.c -- agents that learn nothing: always allow, and pure chance.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/agent_priv.h"
#include "base/str.h"

#include <string.h>

static bool is_random(const struct rl_agent *a)
{
    return a->ops == &rl_agent_random;
}

static int defaults(struct rl_agent_config *c, const char *profile)
{
    if (!str_eq(profile, "standard"))
        return ERR_NOTFOUND;
    const bool chance = str_eq(c->agent, "random");
    c->observe = 0;
    c->eps_steps = 0;
    c->eps_start = c->eps_end = chance ? 1 : 0;
    c->explore = chance ? RL_EXPLORE_EPSILON : RL_EXPLORE_GREEDY;
    return 0;
}

static struct rl_agent *create(const struct rl_agent_config *c)
{
    struct rl_agent *a = x_calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->ops = str_eq(c->agent, "random") ? &rl_agent_random : &rl_agent_allow;
    a->cfg = *c;
    return a;
}

static void destroy(struct rl_agent *a)
{
    x_free(a);
}

static void observe(struct rl_agent *a, const struct rl_transition *t)
{
    (void)a;
    (void)t;
}

static int update(struct rl_agent *a)
{
    (void)a;
    return 0;
}

static const uint32_t *values(struct rl_agent *a, const struct rl_state *s, float *q)
{
    (void)s;
    memset(q, 0, RL_ACTION_COUNT * sizeof *q);
    q[RL_ALLOW] = is_random(a) ? 0 : 1;
    return NULL;
}

static int snapshot(struct rl_agent *a, struct rl_policy *head, struct buf *out)
{
    head->body = RL_BODY_CONST;
    head->constant[RL_ALLOW] = is_random(a) ? 0 : 1;
    return rl_policy_write(out, head, NULL, 0);
}

static int save(struct rl_agent *a, bool full, struct rl_parts *p)
{
    (void)a;
    (void)full;
    (void)p;
    return 0;
}

static int load(struct rl_agent *a, const struct nn_ckpt *c, char *why, size_t n)
{
    (void)a;
    (void)c;
    (void)why;
    (void)n;
    return 0;
}

#define COMMON                                                                                     \
    .defaults = defaults, .create = create, .destroy = destroy, .observe = observe,                \
    .update = update, .values = values, .snapshot = snapshot, .save = save, .load = load

const struct rl_agent_ops rl_agent_random = {
    .name = "random", .about = "each of the five actions with the same chance", COMMON};
const struct rl_agent_ops rl_agent_allow = {
    .name = "allow", .about = "allows every command", COMMON};
