/* run.c -- plays sessions.
 *
 * Sessions go through rl/episode, the same code that runs in a sensor, so what
 * is learnt here was credited as it will be credited there.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/run.h"
#include "base/hash.h"

#include <math.h>
#include <string.h>

struct session {
    const struct sim_game *game;
    const struct sim_player *player;
    struct sim_score *score;
    double discount, value;
};

static void finished(struct session *s, const struct rl_transition *t)
{
    s->value += s->discount * (double)t->reward;
    s->discount *= s->game->gamma;
    if (s->player->told)
        s->player->told(s->player->ctx, t);
}

int sim_play(const struct sim_game *g, const struct sim_player *p, uint64_t session,
             struct rng *rng, struct sim_score *score)
{
    const struct sim_world *w = g->world;
    struct session s = {g, p, score, 1, 0};
    struct rl_episode e;
    struct rl_transition t;
    int commands = 0;
    int64_t now = 0;
    rl_episode_begin(&e, session, g->reward_profile);
    int node = sim_world_start(w, rng);
    while (node >= 0 && commands < SIM_SESSION_MAX) {
        const struct rl_command c = sim_world_command(w, (size_t)node, rng);
        const uint64_t text = hash_fixed(&node, sizeof node, 1);
        now += 1000000;
        if (rl_episode_command(&e, c, true, text, now, &t))
            finished(&s, &t);
        struct rl_decision d = {0};
        p->decide(p->ctx, &e.state, node, rng, &d);
        rl_episode_decided(&e, &d);
        commands++;
        score->actions[d.action]++;
        if (rng_unit(rng) < w->node[node].artefact[d.action]) {
            rl_episode_artefact(&e);
            score->artefacts++;
        }
        node = sim_world_step(w, node, d.action, rng);
    }
    if (rl_episode_end(&e, now, &t))
        finished(&s, &t);
    score->sessions++;
    score->commands += commands;
    score->value += s.value;
    score->square += s.value * s.value;
    return commands;
}

struct sim_score sim_measure(const struct sim_game *g, const struct sim_player *p,
                             uint64_t sessions, uint64_t seed)
{
    struct sim_score score = {0};
    for (uint64_t i = 0; i < sessions; i++) {
        struct rng rng; /* a stream a session: the same luck for every policy */
        rng_seed(&rng, seed * 1000003 + i);
        sim_play(g, p, i, &rng, &score);
    }
    return score;
}

static void agent_decide(void *ctx, const struct rl_state *s, int node, struct rng *rng,
                         struct rl_decision *d)
{
    (void)node;
    rl_agent_act(ctx, s, true, rng, d);
}

static void agent_decide_greedy(void *ctx, const struct rl_state *s, int node, struct rng *rng,
                                struct rl_decision *d)
{
    (void)node;
    rl_agent_act(ctx, s, false, rng, d);
}

struct training {
    struct rl_agent *agent;
    int failed;
};

static void train_decide(void *ctx, const struct rl_state *s, int node, struct rng *rng,
                         struct rl_decision *d)
{
    agent_decide(((struct training *)ctx)->agent, s, node, rng, d);
}

static void train_told(void *ctx, const struct rl_transition *t)
{
    struct training *x = ctx;
    rl_agent_observe(x->agent, t);
    int rc;
    while ((rc = rl_agent_update(x->agent)) > 0) {
    }
    x->failed = rc < 0 ? rc : x->failed;
}

int sim_train(const struct sim_game *g, struct rl_agent *agent, uint64_t commands, uint64_t seed,
              void (*progress)(void *ctx, uint64_t done, const struct rl_agent_stats *st),
              void *ctx)
{
    struct training x = {agent, 0};
    const struct sim_player p = {train_decide, train_told, &x};
    struct sim_score score = {0};
    struct rng rng = rng_named(seed, "attackers");
    uint64_t told = 0;
    for (uint64_t done = 0, session = 0; done < commands && !x.failed; session++) {
        done += (uint64_t)sim_play(g, &p, session, &rng, &score);
        if (progress && done / 200 != told / 200) {
            struct rl_agent_stats st;
            rl_agent_get_stats(agent, &st);
            progress(ctx, done < commands ? done : commands, &st);
            told = done;
        }
    }
    return x.failed;
}

struct sim_player sim_player_agent(struct rl_agent *a)
{
    return (struct sim_player){agent_decide_greedy, NULL, a};
}

static void policy_decide_greedy(void *ctx, const struct rl_state *s, int node, struct rng *rng,
                                 struct rl_decision *d)
{
    const struct rl_policy *p = ctx;
    struct rl_explore greedy = p->explore;
    (void)node;
    greedy.kind = RL_EXPLORE_GREEDY;
    rl_policy_values(p, s, d->q);
    rl_explore_decide(&greedy, NULL, d, rng);
}

static void policy_decide(void *ctx, const struct rl_state *s, int node, struct rng *rng,
                          struct rl_decision *d)
{
    (void)node;
    rl_policy_decide(ctx, s, rng, d);
}

/* Players take their context as void *; none of these writes through it. */
struct sim_player sim_player_policy(const struct rl_policy *p)
{
    return (struct sim_player){policy_decide_greedy, NULL, (void *)(uintptr_t)p};
}

struct sim_player sim_player_builtin(const char *name)
{
    return (struct sim_player){policy_decide, NULL, (void *)(uintptr_t)rl_policy_builtin(name)};
}

static void decide_one(struct rl_decision *d, int action)
{
    memset(d, 0, sizeof *d);
    d->action = (uint8_t)action;
    d->q[action] = 1;
    d->probs[action] = d->propensity = 1;
}

static void optimal_decide(void *ctx, const struct rl_state *s, int node, struct rng *rng,
                           struct rl_decision *d)
{
    (void)s;
    (void)rng;
    decide_one(d, ((const int *)ctx)[node]);
}

struct sim_player sim_player_optimal(const int *best)
{
    return (struct sim_player){optimal_decide, NULL, (void *)(uintptr_t)best};
}

static void rule_decide(void *ctx, const struct rl_state *s, int node, struct rng *rng,
                        struct rl_decision *d)
{
    const struct sim_world *w = ctx;
    (void)s;
    (void)rng;
    decide_one(d, w->node[node].phase == SIM_PROBE ? RL_FAKE : RL_ALLOW);
}

struct sim_player sim_player_rule(const struct sim_world *w)
{
    return (struct sim_player){rule_decide, NULL, (void *)(uintptr_t)w};
}
