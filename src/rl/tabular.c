/* tabular.c -- the learning rules over a table, and their entries.
 *
 *     Q-learning      r + gamma max Q(s', .)
 *     SARSA           r + gamma Q(s', a'), once a' is known
 *     Expected SARSA  r + gamma sum pi(a'|s') Q(s', a')
 *     SARSA(lambda)   SARSA's error, also for the steps that led there
 *     bandit          r: Q is the mean of what followed at once
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/str.h"
#include "rl/table.h"

#include <math.h>

static int defaults(struct rl_agent_config *c, const char *profile)
{
    if (!str_eq(profile, "standard"))
        return ERR_NOTFOUND;
    c->observe = 0;
    c->eps_start = 0.3f;
    c->eps_end = 0.05f;
    c->eps_steps = 5000;
    if (str_eq(c->agent, "bandit")) {
        c->gamma = 0;
        c->alpha = 0;
        c->explore = RL_EXPLORE_UCB;
        c->eps_start = c->eps_end = 0.02f;
    }
    return 0;
}

static void learnt(struct rl_tabular *t, float error)
{
    rl_agent_note_loss(&t->base, (double)error * error);
}

static void observe_q(struct rl_agent *a, const struct rl_transition *t)
{
    struct rl_tabular *x = (struct rl_tabular *)a;
    const float next = t->done ? 0 : rl_tabular_max(x, &t->next);
    learnt(x, rl_tabular_towards(x, &t->s, t->action, t->reward + a->cfg.gamma * next, 1));
}

static void observe_expected(struct rl_agent *a, const struct rl_transition *t)
{
    struct rl_tabular *x = (struct rl_tabular *)a;
    const float next = t->done ? 0 : rl_tabular_expected(x, &t->next);
    learnt(x, rl_tabular_towards(x, &t->s, t->action, t->reward + a->cfg.gamma * next, 1));
}

/* The newest step of the session gets its target; with lambda > 0 the older
 * ones a share of the same error. */
static void credit(struct rl_tabular *x, struct rl_recent_session *r, float target, float lambda)
{
    const struct rl_transition *last = &r->steps[r->count - 1];
    const float before = rl_tabular_value(x, &last->s, last->action);
    const float error = rl_tabular_towards(x, &last->s, last->action, target, 1);
    float share = 1;
    for (size_t i = r->count - 1; lambda > 0 && i-- > 0;) {
        const struct rl_transition *t = &r->steps[i];
        share *= x->base.cfg.gamma * lambda;
        const float q = rl_tabular_value(x, &t->s, t->action);
        rl_tabular_towards(x, &t->s, t->action, q + (target - before), share);
    }
    learnt(x, error);
}

static void observe_sarsa_with(struct rl_agent *a, const struct rl_transition *t, float lambda)
{
    struct rl_tabular *x = (struct rl_tabular *)a;
    struct rl_recent_session *r = rl_recent_of(&x->recent, t);
    if (r->count) {
        const struct rl_transition *last = &r->steps[r->count - 1];
        credit(x, r, last->reward + a->cfg.gamma * rl_tabular_value(x, &t->s, t->action), lambda);
    }
    rl_recent_push(r, t);
    if (t->done) {
        credit(x, r, t->reward, lambda);
        r->count = 0;
    }
}

static void observe_sarsa(struct rl_agent *a, const struct rl_transition *t)
{
    observe_sarsa_with(a, t, 0);
}

static void observe_lambda(struct rl_agent *a, const struct rl_transition *t)
{
    observe_sarsa_with(a, t, a->cfg.lambda);
}

#define TABULAR(id, text_name, text_about, fn)                                                     \
    static struct rl_agent *create_##id(const struct rl_agent_config *c)                           \
    {                                                                                              \
        return rl_tabular_create(c, &rl_agent_##id);                                               \
    }                                                                                              \
    const struct rl_agent_ops rl_agent_##id = {                                                    \
        .name = text_name,                                                                         \
        .about = text_about,                                                                       \
        .defaults = defaults,                                                                      \
        .create = create_##id,                                                                     \
        .destroy = rl_tabular_destroy,                                                             \
        .observe = fn,                                                                             \
        .update = rl_tabular_update,                                                               \
        .values = rl_tabular_values,                                                               \
        .snapshot = rl_tabular_snapshot,                                                           \
        .save = rl_tabular_save,                                                                   \
        .load = rl_tabular_load,                                                                   \
    }

TABULAR(qlearning, "qlearning", "tabular Q-learning", observe_q);
TABULAR(sarsa, "sarsa", "tabular SARSA", observe_sarsa);
TABULAR(esarsa, "esarsa", "tabular Expected SARSA", observe_expected);
TABULAR(sarsa_lambda, "sarsa-lambda", "tabular SARSA with eligibility traces", observe_lambda);
TABULAR(bandit, "bandit", "contextual bandit: the next reward only", observe_q);
