/* run.h -- sessions of simulated attackers, played against a policy or an
 * agent that learns.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "rl/agent.h"
#include "rl/episode.h"
#include "sim/world.h"

enum { SIM_SESSION_MAX = 400 }; /* commands; longer sessions are cut */

/* Decides on a command. node: what only a clairvoyant may look at. */
typedef void sim_decide_fn(void *ctx, const struct rl_state *s, int node, struct rng *rng,
                           struct rl_decision *d);
/* Is told each finished transition; may be NULL. */
typedef void sim_told_fn(void *ctx, const struct rl_transition *t);

struct sim_player {
    sim_decide_fn *decide;
    sim_told_fn *told;
    void *ctx;
};

struct sim_score {
    double sessions, commands, artefacts;
    double value;  /* sum over sessions of the discounted return */
    double square; /* of its squares */
    double actions[SIM_ACTIONS];
};

struct sim_game {
    const struct sim_world *world;
    int reward_profile;
    double gamma;
};

/* Plays one session and adds it to the score. Returns its commands. */
int sim_play(const struct sim_game *g, const struct sim_player *p, uint64_t session,
             struct rng *rng, struct sim_score *score);
/* Trains the agent for so many commands, exploring as it is set to. progress:
 * called now and then with commands done, or NULL. */
int sim_train(const struct sim_game *g, struct rl_agent *agent, uint64_t commands, uint64_t seed,
              void (*progress)(void *ctx, uint64_t done, const struct rl_agent_stats *st),
              void *ctx) NODISCARD;
/* Mean score of so many sessions. */
struct sim_score sim_measure(const struct sim_game *g, const struct sim_player *p,
                             uint64_t sessions, uint64_t seed);

/* Players: an agent, greedily; a snapshot, greedily; a fixed action; chance; fakes
 * probes and allows the rest; the exact optimum (ctx: int best[nodes]). */
struct sim_player sim_player_agent(struct rl_agent *a);
struct sim_player sim_player_policy(const struct rl_policy *p);
struct sim_player sim_player_builtin(const char *name);
struct sim_player sim_player_optimal(const int *best);
struct sim_player sim_player_rule(const struct sim_world *w);

#endif
