/* world.h -- simulated attackers as one small Markov decision process.
 *
 * A node is what an attacker is about to do: who it is, which phase, which
 * tool, what went wrong before. An action moves it on, and may bring a file.
 * There are fewer than a hundred nodes, so everything can be solved exactly.
 *
 * What the agent sees of a node is a command. OPEN: one code per node, so that
 * nothing is hidden and the optimum is that of the decision process. HIDDEN:
 * real commands, which several kinds of attackers share; the optimum of OPEN
 * is then an upper bound.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>

#include "base/rng.h"
#include "rl/vocab.h"
#include "sim/mdp.h"

enum { SIM_NODES_MAX = 99, SIM_ACTIONS = 5 };

enum sim_param {
#define X(NAME, value, low, high, source, text) SIM_##NAME,
#include "../../data/sim_params.def"
#undef X
    SIM_PARAMS
};

enum sim_source { SIM_PUBLISHED, SIM_ASSUMED };
struct sim_param_info {
    const char *name;
    double value, low, high;
    enum sim_source source;
    const char *text;
};
extern const struct sim_param_info sim_params[SIM_PARAMS];

enum sim_type { SIM_REPLAYER, SIM_LOADER, SIM_FALLBACK, SIM_CHECKER, SIM_HUMAN, SIM_TYPES };

enum sim_phase {
    SIM_HARDWARE,
    SIM_PASSWORD,
    SIM_CONFIG,
    SIM_DOWNLOAD,
    SIM_RUN,
    SIM_INSTALL,
    SIM_SOFTWARE,
    SIM_CHAIN_PHASES, /* those of data/sim_chain.def */
    SIM_PROBE = SIM_CHAIN_PHASES,
    SIM_PHASES
};

struct sim_node {
    uint8_t type, phase, tool;    /* tool: which download tool */
    uint8_t variant;              /* 1: after a refusal or a fake */
    double artefact[SIM_ACTIONS]; /* chance that the action brings a new file */
};

struct sim_world {
    double param[SIM_PARAMS];
    size_t count;
    struct sim_node node[SIM_NODES_MAX];
    double start[SIM_NODES_MAX];
    double next[SIM_NODES_MAX][SIM_ACTIONS][SIM_NODES_MAX]; /* rest: the session ends */
    bool open;                                              /* see above */
};

/* The parameters as given in the data file. */
void sim_world_params(double param[SIM_PARAMS]);
/* Shares of one of the named mixtures: "standard", "gate30" (70 % replayers,
 * 30 % loaders), "replayer". ERR_NOTFOUND. */
int sim_world_mix(const char *name, double param[SIM_PARAMS]) NODISCARD;
void sim_world_make(struct sim_world *w, const double param[SIM_PARAMS], bool open);

/* The command that a node types. */
struct rl_command sim_world_command(const struct sim_world *w, size_t node, struct rng *rng);
int sim_world_class(const struct sim_world *w, size_t node); /* enum rl_class */
/* Draws: the first node; the next one, or -1 when the session ends. */
int sim_world_start(const struct sim_world *w, struct rng *rng);
int sim_world_step(const struct sim_world *w, int node, int action, struct rng *rng);
/* The same as a decision process, for the exact optimum under a reward. */
int sim_world_mdp(const struct sim_world *w, int reward_profile, double gamma,
                  struct mdp *m) NODISCARD;
const char *sim_type_name(int type);
const char *sim_phase_name(int phase);

#endif
