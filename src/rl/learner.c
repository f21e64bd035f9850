/* learner.c -- the guarded agent.
 *
 * A copy of the last good policy is a checkpoint in memory. "Good" is what
 * survived good_every training steps with a finite, not exploding loss.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/learner.h"
#include "base/log.h"
#include "base/str.h"

#include <math.h>

struct rl_learner {
    struct rl_learner_config cfg;
    struct rl_agent *agent;
    struct rl_learner_stats st;
    struct buf good;  /* the last good policy, weights only */
    uint64_t good_at; /* training step at which it was taken */
    double largest;   /* |reward| seen so far */
    uint64_t since_snapshot;
    bool stale; /* a snapshot is due whatever the count */
};

static int keep_good(struct rl_learner *l)
{
    struct rl_agent_stats st;
    rl_agent_get_stats(l->agent, &st);
    buf_clear(&l->good);
    l->good_at = st.steps;
    return rl_agent_save(l->agent, false, &l->good);
}

struct rl_learner *rl_learner_new(const struct rl_learner_config *c, char *why, size_t n)
{
    if (rl_agent_check(&c->agent, why, n) != 0)
        return NULL;
    struct rl_learner *l = x_calloc(1, sizeof *l);
    if (!l) {
        str_copy(why, n, "no memory");
        return NULL;
    }
    l->cfg = *c;
    l->cfg.publish_every = c->publish_every ? c->publish_every : 50;
    l->cfg.good_every = c->good_every ? c->good_every : 500;
    l->cfg.explode = c->explode > 0 ? c->explode : 1000;
    buf_init(&l->good, NN_CKPT_MAX);
    l->agent = rl_agent_new(&c->agent);
    l->stale = true;
    if (!l->agent || keep_good(l) != 0) {
        str_copy(why, n, "no memory for the agent");
        rl_learner_free(l);
        return NULL;
    }
    rl_learner_freeze(l, c->frozen);
    return l;
}

void rl_learner_free(struct rl_learner *l)
{
    if (!l)
        return;
    rl_agent_free(l->agent);
    buf_done(&l->good);
    x_free(l);
}

int rl_learner_add(struct rl_learner *l, const struct rl_transition *t)
{
    if (!rl_transition_valid(t)) {
        l->st.rejected++;
        return ERR_RANGE;
    }
    struct rl_transition mine = *t;
    if (t->reward_profile != l->cfg.agent.reward_profile) { /* told under another profile */
        mine.reward_profile = (uint8_t)l->cfg.agent.reward_profile;
        mine.reward = rl_reward(mine.reward_profile, &mine.outcome);
    }
    l->st.accepted++;
    const double share = l->st.accepted < 100 ? 1.0 / (double)l->st.accepted : 0.01;
    l->st.reward_mean += share * (mine.reward - l->st.reward_mean);
    if (l->st.frozen)
        return 0;
    l->since_snapshot++;
    l->largest = fmax(l->largest, fabs((double)mine.reward));
    rl_agent_observe(l->agent, &mine);
    return 0;
}

/* The policy went bad: back to the last good one. */
static void rescue(struct rl_learner *l, const char *what)
{
    l->st.rescued++;
    log_warn("learner: %s; going back to the last good policy", what);
    if (rl_learner_rollback(l) != 0)
        log_error("learner: the last good policy could not be restored");
}

static void judge(struct rl_learner *l)
{
    struct rl_agent_stats st;
    rl_agent_get_stats(l->agent, &st);
    if (st.steps < 100)
        return;
    const double reward = l->largest / st.unit + 0.1;
    if (!isfinite(st.loss_mean) || st.loss_mean > l->cfg.explode * reward * reward) {
        rescue(l, "the loss exploded");
        return;
    }
    if (st.steps >= l->good_at + l->cfg.good_every && keep_good(l) != 0)
        log_error("learner: no memory to keep a copy of the policy");
}

bool rl_learner_step(struct rl_learner *l)
{
    if (l->st.frozen)
        return false;
    const int rc = rl_agent_update(l->agent);
    if (rc < 0) {
        rescue(l, "a weight or the loss is not a number");
        return false;
    }
    if (rc > 0)
        judge(l);
    return rc > 0;
}

bool rl_learner_due(const struct rl_learner *l)
{
    return l->stale || l->since_snapshot >= l->cfg.publish_every;
}

int rl_learner_snapshot(struct rl_learner *l, struct buf *out)
{
    buf_clear(out);
    const int rc = rl_agent_snapshot(l->agent, l->st.version + 1, out);
    if (rc != 0)
        return rc;
    l->st.version++;
    l->since_snapshot = 0;
    l->stale = false;
    return 0;
}

int rl_learner_save(struct rl_learner *l, struct buf *out)
{
    buf_clear(out);
    return rl_agent_save(l->agent, true, out);
}

int rl_learner_load(struct rl_learner *l, const void *mem, size_t n, char *why, size_t why_n)
{
    const int rc = rl_agent_load(l->agent, mem, n, why, why_n);
    if (rc != 0)
        return rc;
    struct rl_agent_stats st;
    rl_agent_get_stats(l->agent, &st);
    l->st.version = st.version > l->st.version ? st.version : l->st.version;
    l->st.accepted = st.seen;
    l->stale = true;
    return keep_good(l);
}

void rl_learner_freeze(struct rl_learner *l, bool frozen)
{
    l->st.frozen = frozen;
    rl_agent_set_greedy(l->agent, frozen);
    l->stale = true;
}

int rl_learner_rollback(struct rl_learner *l)
{
    char why[128];
    if (buf_len(&l->good) == 0)
        return ERR_NOTFOUND;
    l->stale = true;
    return rl_agent_load(l->agent, buf_ptr(&l->good), buf_len(&l->good), why, sizeof why);
}

void rl_learner_get_stats(const struct rl_learner *l, struct rl_learner_stats *st)
{
    *st = l->st;
    rl_agent_get_stats(l->agent, &st->agent);
}
