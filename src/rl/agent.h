/* agent.h -- one interface for every learning algorithm; a file each.
 *
 * An agent is told transitions and answers with values. It does not choose:
 * rl/explore.h turns values into a choice, in the sensor (from a snapshot) or
 * in a simulation (from the agent itself).
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_AGENT_H
#define RL_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "nn/ckpt.h"
#include "nn/net.h"
#include "rl/explore.h"
#include "rl/policy.h"
#include "rl/transition.h"
#include "rl/vocab.h"

/* Every setting of every agent; rl_agent_defaults fills it per profile. */
struct rl_agent_config {
    char agent[16];   /* "dqn", "qlearning", "sarsa", "esarsa", "sarsa-lambda",
                         "bandit", "random", "allow" */
    char profile[16]; /* of dqn: "standard" (default), "paper", "nature", "small" */
    char vocab[16];
    int reward_profile;
    uint64_t seed;
    float gamma;
    /* exploration */
    uint8_t explore; /* enum rl_explore_kind */
    float eps_start, eps_end;
    uint32_t eps_steps; /* training steps from start to end, linear */
    uint32_t observe;   /* transitions before any training: choices are uniform */
    float temperature, bonus;
    float margin; /* see rl_explore, as a share of the reward's usual size */
    /* tables */
    float alpha, lambda;
    float alpha_hold; /* k > 0: alpha k / (n - 1 + k) at the n-th visit; 0: alpha */
    uint32_t order;   /* newest commands that make the key, 1 .. 10 */
    uint32_t table_max;
    /* dqn */
    struct nn_config net;
    float lr, lr_end; /* lr_end > 0: lr falls to it along with exploration */
    uint32_t batch, replay, update_every, target_every; /* target_every 0: none */
    bool double_q, prioritised, huber, full_targets; /* full_targets: as Keras fit(), all outputs */
    uint32_t n_step;
    float reward_scale; /* rewards are divided by it; 0: by the profile's scale */
    float clip_norm;    /* of the gradient; 0: none */
    float per_alpha, per_beta;
};

struct rl_agent_stats {
    uint64_t seen;    /* transitions told */
    uint64_t steps;   /* training steps made */
    double loss;      /* of the last training step; of tables: squared error */
    double loss_mean; /* exponential mean over about 100 steps */
    float epsilon;    /* now */
    double unit;      /* rewards are divided by it before they enter the loss */
    uint64_t size;    /* of replay or table, entries */
    uint32_t version; /* of the newest snapshot */
};

struct rl_agent; /* one of the algorithms, with its state */

/* The settings of an agent. profile NULL or "": its default. ERR_NOTFOUND for
 * an agent or profile that does not exist. */
int rl_agent_defaults(struct rl_agent_config *c, const char *agent, const char *profile) NODISCARD;
/* Checks ranges; why receives a sentence. */
int rl_agent_check(const struct rl_agent_config *c, char *why, size_t n) NODISCARD;
/* NULL: no memory or bad settings (rl_agent_check tells). */
struct rl_agent *rl_agent_new(const struct rl_agent_config *c) NODISCARD;
void rl_agent_free(struct rl_agent *a);

/* Tells one transition. Order within a session matters to n-step and traces;
 * sessions may interleave. */
void rl_agent_observe(struct rl_agent *a, const struct rl_transition *t);
/* Makes at most one training step if one is due: 1 made, 0 nothing due,
 * ERR_RANGE if the loss or a weight is no longer a number (state undefined). */
int rl_agent_update(struct rl_agent *a) NODISCARD;
/* Values of a state, in reward units. */
void rl_agent_values(struct rl_agent *a, const struct rl_state *s, float q[RL_ACTION_COUNT]);
/* Chooses in a simulation: with exploration, or greedily. */
void rl_agent_act(struct rl_agent *a, const struct rl_state *s, bool explore, struct rng *rng,
                  struct rl_decision *d);

const struct rl_agent_config *rl_agent_config(const struct rl_agent *a);
void rl_agent_get_stats(const struct rl_agent *a, struct rl_agent_stats *st);
struct rl_explore rl_agent_explore(const struct rl_agent *a); /* as of now */
/* Greedy: snapshots do not explore (evaluation, a frozen learner). */
void rl_agent_set_greedy(struct rl_agent *a, bool greedy);

/* A snapshot for sensors, a checkpoint with everything (replay and optimiser
 * only if full), and back. load refuses what does not fit, with a reason, and
 * leaves the agent as it was. */
int rl_agent_snapshot(struct rl_agent *a, uint32_t version, struct buf *out) NODISCARD;
int rl_agent_save(struct rl_agent *a, bool full, struct buf *out) NODISCARD;
int rl_agent_load(struct rl_agent *a, const void *mem, size_t n, char *why, size_t why_n) NODISCARD;

/* The names of all agents, for help texts: index 0, 1, ... until NULL. */
const char *rl_agent_name(size_t i);
const char *rl_agent_about(size_t i);

#endif
