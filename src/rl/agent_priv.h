/* agent_priv.h -- what an algorithm implements, and what all of them share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_AGENT_PRIV_H
#define RL_AGENT_PRIV_H

#include "rl/agent.h"

/* Tensors and settings on their way into a checkpoint. */
struct rl_parts {
    struct nn_ckpt_tensor t[64];
    size_t n_t;
    struct nn_ckpt_meta m[32];
    size_t n_m;
    char text[32][64]; /* where values of m live */
};
void rl_parts_tensor(struct rl_parts *p, const char *name, enum nn_dtype type, size_t rows,
                     size_t cols, const void *data);
void rl_parts_meta(struct rl_parts *p, const char *key, const char *fmt, ...) PRINTF_LIKE(3, 4);

struct rl_agent_ops {
    const char *name, *about;
    /* Sets what differs from the common defaults; ERR_NOTFOUND: no such profile. */
    int (*defaults)(struct rl_agent_config *c, const char *profile);
    struct rl_agent *(*create)(const struct rl_agent_config *c);
    void (*destroy)(struct rl_agent *a);
    void (*observe)(struct rl_agent *a, const struct rl_transition *t);
    int (*update)(struct rl_agent *a);
    /* Fills q; returns the visits of each action, or NULL. */
    const uint32_t *(*values)(struct rl_agent *a, const struct rl_state *s, float *q);
    int (*snapshot)(struct rl_agent *a, struct rl_policy *head, struct buf *out);
    int (*save)(struct rl_agent *a, bool full, struct rl_parts *p);
    int (*load)(struct rl_agent *a, const struct nn_ckpt *c, char *why, size_t n);
};

/* The first member of every algorithm's own struct. */
struct rl_agent {
    const struct rl_agent_ops *ops;
    struct rl_agent_config cfg;
    struct rl_agent_stats st;
    struct rng rng;
    bool greedy;
    /* exploration goes on from where a checkpoint left it, whatever the length
     * of the schedule was there */
    double eps_from;
    uint64_t eps_from_step;
};

extern const struct rl_agent_ops rl_agent_dqn, rl_agent_qlearning, rl_agent_sarsa, rl_agent_esarsa,
    rl_agent_sarsa_lambda, rl_agent_bandit, rl_agent_random, rl_agent_allow;

/* How far exploration and step size have come on their way: 0 to 1. */
double rl_agent_progress(const struct rl_agent *a);
/* Records the loss of a training step. */
void rl_agent_note_loss(struct rl_agent *a, double loss);

#endif
