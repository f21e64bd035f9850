/* explore.h -- from values to a choice, with its true probability.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_EXPLORE_H
#define RL_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "rl/action.h"

enum rl_explore_kind {
    RL_EXPLORE_GREEDY,    /* the best, always (evaluation) */
    RL_EXPLORE_EPSILON,   /* the best with 1 - eps, else uniform over all five */
    RL_EXPLORE_BOLTZMANN, /* exp(q / temperature), mixed with eps uniform */
    RL_EXPLORE_UCB,       /* best of q + bonus (tables), mixed with eps uniform */
    RL_EXPLORE_COUNT
};

struct rl_explore {
    uint8_t kind;      /* enum rl_explore_kind */
    float epsilon;     /* share of uniform choices, 0 .. 1 */
    float temperature; /* of Boltzmann, > 0 */
    float bonus;       /* of UCB, >= 0 */
    float margin;      /* another action must beat allow by this much to be preferred */
};

/* What was decided, and all that a log needs to judge it later. */
struct rl_decision {
    uint8_t action;
    uint8_t explored;  /* 1: not the greedy action */
    uint8_t preferred; /* the greedy action */
    uint8_t pad;
    uint32_t policy_version;
    float propensity;             /* probability of action under this policy */
    float q[RL_ACTION_COUNT];     /* the values, in reward units */
    float probs[RL_ACTION_COUNT]; /* the whole distribution; sums to 1 */
};

int rl_explore_find(const char *name); /* "greedy", "epsilon", "boltzmann", "ucb"; -1 */
const char *rl_explore_name(int kind);

/* The action preferred for q: the best, or allow if that is nearly as good. In
 * doubt, the server behaves as a real one would. */
int rl_explore_preferred(const struct rl_explore *x, const float q[RL_ACTION_COUNT]);
/* Fills probs from q (of equal best values the lowest action wins; values that
 * are not numbers count as worst). counts: visits of each action or NULL. */
void rl_explore_probs(const struct rl_explore *x, const float q[RL_ACTION_COUNT],
                      const uint32_t *counts, float probs[RL_ACTION_COUNT]);
/* From d->q: sets preferred and probs, draws, and sets action, explored and
 * propensity. */
void rl_explore_decide(const struct rl_explore *x, const uint32_t *counts, struct rl_decision *d,
                       struct rng *rng);

#endif
