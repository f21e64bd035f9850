/* replay.h -- the ring of experience that a network learns from.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_REPLAY_H
#define RL_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "rl/state.h"

struct rl_replay_item {
    struct rl_state s, next;
    uint8_t action, done, pad[2];
    float reward;   /* scaled; of n steps: discounted sum */
    float discount; /* of the value of next: gamma, or gamma to the n */
};

/* Uniform ring; with a priority tree, proportional sampling. */
struct rl_replay {
    size_t cap, count, head;
    struct rl_replay_item *items;
    double *tree; /* NULL: uniform. [2 * leaves], root at 1 */
    size_t leaves;
    double top; /* the largest priority so far: what a new item gets */
};

int rl_replay_init(struct rl_replay *r, size_t cap, bool prioritised) NODISCARD;
void rl_replay_done(struct rl_replay *r);
void rl_replay_add(struct rl_replay *r, const struct rl_replay_item *it);
/* n indices; probs[i] is the probability of that draw. count must be > 0. */
void rl_replay_sample(const struct rl_replay *r, struct rng *rng, size_t n, uint32_t *index,
                      float *probs);
void rl_replay_set_priority(struct rl_replay *r, size_t index, double priority);
double rl_replay_priority(const struct rl_replay *r, size_t index);

#endif
