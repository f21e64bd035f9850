/* agent.c -- the table of algorithms and what they have in common.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/agent_priv.h"
#include "base/str.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct rl_agent_ops *const agents[] = {
    &rl_agent_dqn,          &rl_agent_qlearning, &rl_agent_sarsa,  &rl_agent_esarsa,
    &rl_agent_sarsa_lambda, &rl_agent_bandit,    &rl_agent_random, &rl_agent_allow,
};
enum { AGENTS = sizeof agents / sizeof *agents };

static const struct rl_agent_ops *find(const char *name)
{
    for (size_t i = 0; i < AGENTS; i++)
        if (str_eq(agents[i]->name, name))
            return agents[i];
    return NULL;
}

const char *rl_agent_name(size_t i)
{
    return i < AGENTS ? agents[i]->name : NULL;
}

const char *rl_agent_about(size_t i)
{
    return i < AGENTS ? agents[i]->about : NULL;
}

int rl_agent_defaults(struct rl_agent_config *c, const char *agent, const char *profile)
{
    const struct rl_agent_ops *ops = find(agent);
    if (!ops)
        return ERR_NOTFOUND;
    struct rl_agent_config d = {
        .reward_profile = RL_REWARD_ARTEFACT,
        .seed = 1,
        .gamma = 0.95f,
        .explore = RL_EXPLORE_EPSILON,
        .eps_start = 1,
        .eps_end = 0.05f,
        .eps_steps = 9000,
        .observe = 1000,
        .temperature = 0.1f,
        .bonus = 100,
        .alpha = 0.1f,
        .lambda = 0.8f,
        .order = 3,
        .table_max = 1 << 16,
        .lr = 0.001f,
        .batch = 64,
        .replay = 5000,
        .update_every = 1,
        .n_step = 1,
        .per_alpha = 0.6f,
        .per_beta = 0.4f,
    };
    str_copy(d.agent, sizeof d.agent, agent);
    str_copy(d.vocab, sizeof d.vocab, rl_vocab_name(rl_vocab_default()));
    if (nn_config_find("paper", &d.net) != 0)
        return ERR_NOTFOUND;
    profile = profile && *profile ? profile : "standard";
    if (!str_copy(d.profile, sizeof d.profile, profile))
        return ERR_NOTFOUND;
    const int rc = ops->defaults(&d, profile);
    if (rc == 0)
        *c = d;
    return rc;
}

/* Ranges of the numbers, as a table: field, minimum, maximum. */
#define RANGES(X)                                                                                  \
    X(gamma, 0, 1)                                                                                 \
    X(eps_start, 0, 1)                                                                             \
    X(eps_end, 0, 1)                                                                               \
    X(eps_steps, 0, 1e9)                                                                           \
    X(observe, 0, 1e9)                                                                             \
    X(temperature, 1e-6, 1e6)                                                                      \
    X(margin, 0, 1e6)                                                                              \
    X(bonus, 0, 1e9)                                                                               \
    X(alpha, 0, 1)                                                                                 \
    X(alpha_hold, 0, 1e9)                                                                          \
    X(lambda, 0, 1)                                                                                \
    X(order, 1, RL_WINDOW)                                                                         \
    X(table_max, 1, 1 << 18)                                                                       \
    X(lr_end, 0, 1)                                                                                \
    X(lr, 0, 1)                                                                                    \
    X(batch, 1, 1024)                                                                              \
    X(replay, 1, 1000000)                                                                          \
    X(update_every, 1, 1000000)                                                                    \
    X(target_every, 0, 1e9)                                                                        \
    X(n_step, 1, 15)                                                                               \
    X(reward_scale, 0, 1e6)                                                                        \
    X(clip_norm, 0, 1e9)                                                                           \
    X(per_alpha, 0, 1)                                                                             \
    X(per_beta, 0, 1)

int rl_agent_check(const struct rl_agent_config *c, char *why, size_t n)
{
    if (!find(c->agent)) {
        str_fmt(why, n, "no agent is called \"%.15s\"", c->agent);
        return ERR_NOTFOUND;
    }
    const struct rl_vocab *v = rl_vocab_find(c->vocab);
    if (!v || c->reward_profile < 0 || c->reward_profile >= RL_REWARD_COUNT) {
        str_fmt(why, n, "unknown vocabulary or reward profile");
        return ERR_NOTFOUND;
    }
#define RANGE(field, min, max)                                                                     \
    if (!((double)c->field >= (min) && (double)c->field <= (max))) {                               \
        str_fmt(why, n, #field " is %g, allowed are %g to %g", (double)c->field, (double)(min),    \
                (double)(max));                                                                    \
        return ERR_RANGE;                                                                          \
    }
    RANGES(RANGE)
#undef RANGE
    if (nn_config_check(&c->net) != 0 || c->net.vocab < rl_vocab_size(v) ||
        c->net.actions != RL_ACTION_COUNT || c->net.window != RL_WINDOW) {
        str_fmt(why, n, "the network's sizes do not fit");
        return ERR_RANGE;
    }
    return 0;
}

struct rl_agent *rl_agent_new(const struct rl_agent_config *c)
{
    char why[128];
    if (rl_agent_check(c, why, sizeof why) != 0)
        return NULL;
    struct rl_agent *a = find(c->agent)->create(c);
    if (a && a->st.unit <= 0)
        a->st.unit = 1;
    return a;
}

void rl_agent_free(struct rl_agent *a)
{
    if (a)
        a->ops->destroy(a);
}

void rl_agent_observe(struct rl_agent *a, const struct rl_transition *t)
{
    a->st.seen++;
    a->ops->observe(a, t);
}

int rl_agent_update(struct rl_agent *a)
{
    return a->ops->update(a);
}

void rl_agent_note_loss(struct rl_agent *a, double loss)
{
    a->st.steps++;
    a->st.loss = loss;
    const double share = a->st.steps < 100 ? 1.0 / (double)a->st.steps : 0.01;
    a->st.loss_mean += share * (loss - a->st.loss_mean);
}

void rl_agent_values(struct rl_agent *a, const struct rl_state *s, float q[RL_ACTION_COUNT])
{
    a->ops->values(a, s, q);
}

double rl_agent_progress(const struct rl_agent *a)
{
    const double since = (double)(a->st.steps - a->eps_from_step);
    const double done = a->cfg.eps_steps ? a->eps_from + since / a->cfg.eps_steps : 1;
    return done < 1 ? done : 1;
}

struct rl_explore rl_agent_explore(const struct rl_agent *a)
{
    const struct rl_agent_config *c = &a->cfg;
    struct rl_explore x = {c->explore, 0, c->temperature, c->bonus,
                           c->margin * rl_reward_scale(c->reward_profile)};
    if (a->greedy) {
        x.kind = RL_EXPLORE_GREEDY;
    } else if (a->st.seen < c->observe) {
        x.kind = RL_EXPLORE_EPSILON; /* pure chance, before anything is known */
        x.epsilon = 1;
    } else {
        const double done = rl_agent_progress(a);
        x.epsilon = (float)(c->eps_start + (c->eps_end - c->eps_start) * done);
    }
    return x;
}

void rl_agent_set_greedy(struct rl_agent *a, bool greedy)
{
    a->greedy = greedy;
}

void rl_agent_act(struct rl_agent *a, const struct rl_state *s, bool explore, struct rng *rng,
                  struct rl_decision *d)
{
    const uint32_t *visits = a->ops->values(a, s, d->q);
    struct rl_explore x = rl_agent_explore(a);
    if (!explore)
        x.kind = RL_EXPLORE_GREEDY;
    rl_explore_decide(&x, visits, d, rng);
    d->policy_version = a->st.version;
}

const struct rl_agent_config *rl_agent_config(const struct rl_agent *a)
{
    return &a->cfg;
}

void rl_agent_get_stats(const struct rl_agent *a, struct rl_agent_stats *st)
{
    *st = a->st;
    st->epsilon = rl_agent_explore(a).epsilon;
}

int rl_agent_snapshot(struct rl_agent *a, uint32_t version, struct buf *out)
{
    const struct rl_vocab *v = rl_vocab_find(a->cfg.vocab);
    struct rl_policy head = {
        .version = version,
        .vocab_hash = rl_vocab_hash(v),
        .explore = rl_agent_explore(a),
        .steps = a->st.steps,
        .value_scale = 1,
        .order = a->cfg.order,
    };
    str_copy(head.vocab, sizeof head.vocab, a->cfg.vocab);
    str_copy(head.agent, sizeof head.agent, a->cfg.agent);
    const int rc = a->ops->snapshot(a, &head, out);
    if (rc == 0)
        a->st.version = version;
    return rc;
}

void rl_parts_tensor(struct rl_parts *p, const char *name, enum nn_dtype type, size_t rows,
                     size_t cols, const void *data)
{
    p->t[p->n_t++] = (struct nn_ckpt_tensor){name, type, rows, cols, data};
}

void rl_parts_meta(struct rl_parts *p, const char *key, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->text[p->n_m], sizeof p->text[0], fmt, ap);
    va_end(ap);
    p->m[p->n_m] = (struct nn_ckpt_meta){key, p->text[p->n_m]};
    p->n_m++;
}

int rl_agent_save(struct rl_agent *a, bool full, struct buf *out)
{
    struct rl_parts p = {0};
    const struct rl_agent_config *c = &a->cfg;
    rl_parts_meta(&p, "agent", "%s", c->agent);
    rl_parts_meta(&p, "profile", "%s", c->profile);
    rl_parts_meta(&p, "vocabulary", "%s", c->vocab);
    rl_parts_meta(&p, "vocabulary_hash", "%016llx",
                  (unsigned long long)rl_vocab_hash(rl_vocab_find(c->vocab)));
    rl_parts_meta(&p, "reward", "%s", rl_reward_name(c->reward_profile));
    rl_parts_meta(&p, "gamma", "%.9g", (double)c->gamma);
    rl_parts_meta(&p, "seen", "%llu", (unsigned long long)a->st.seen);
    rl_parts_meta(&p, "steps", "%llu", (unsigned long long)a->st.steps);
    rl_parts_meta(&p, "exploration", "%.9g", rl_agent_progress(a));
    rl_parts_meta(&p, "loss_mean", "%.9g", a->st.loss_mean);
    rl_parts_meta(&p, "policy_version", "%u", a->st.version);
    const int rc = a->ops->save(a, full, &p);
    return rc == 0 ? nn_ckpt_write(out, p.t, p.n_t, p.m, p.n_m) : rc;
}

static int same(const struct nn_ckpt *k, const char *key, const char *mine, char *why, size_t n)
{
    const char *theirs = nn_ckpt_get(k, key);
    if (str_eq(theirs, mine))
        return 0;
    str_fmt(why, n, "made for %s \"%.40s\", configured is \"%.40s\"", key, theirs ? theirs : "",
            mine);
    return ERR_FORMAT;
}

static int load_checked(struct rl_agent *a, const struct nn_ckpt *k, char *why, size_t n)
{
    char hash[20];
    double seen, steps, loss, version, explored;
    str_fmt(hash, sizeof hash, "%016llx",
            (unsigned long long)rl_vocab_hash(rl_vocab_find(a->cfg.vocab)));
    int rc = same(k, "agent", a->cfg.agent, why, n);
    if (rc == 0)
        rc = same(k, "vocabulary", a->cfg.vocab, why, n);
    if (rc == 0)
        rc = same(k, "vocabulary_hash", hash, why, n);
    if (rc == 0)
        rc = same(k, "reward", rl_reward_name(a->cfg.reward_profile), why, n);
    if (rc != 0)
        return rc;
    if (nn_ckpt_get_double(k, "seen", &seen) != 0 || nn_ckpt_get_double(k, "steps", &steps) != 0 ||
        nn_ckpt_get_double(k, "loss_mean", &loss) != 0 ||
        nn_ckpt_get_double(k, "exploration", &explored) != 0 || !(explored >= 0 && explored <= 1) ||
        nn_ckpt_get_double(k, "policy_version", &version) != 0 || !(seen >= 0 && seen < 1e15) ||
        !(steps >= 0 && steps < 1e15) || !(version >= 0 && version < 4e9) || !isfinite(loss)) {
        str_copy(why, n, "counters are missing or impossible");
        return ERR_FORMAT;
    }
    rc = a->ops->load(a, k, why, n);
    if (rc != 0)
        return rc;
    a->st.seen = (uint64_t)seen;
    a->st.steps = a->eps_from_step = (uint64_t)steps;
    a->eps_from = explored;
    a->st.loss_mean = loss;
    a->st.version = (uint32_t)version;
    return 0;
}

int rl_agent_load(struct rl_agent *a, const void *mem, size_t n, char *why, size_t why_n)
{
    struct nn_ckpt *k = NULL;
    int rc = nn_ckpt_open(mem, n, &k, why, why_n);
    if (rc == 0)
        rc = load_checked(a, k, why, why_n);
    nn_ckpt_close(k);
    return rc;
}
