/* learner.h -- the learner without its process: transitions in, policies out.
 *
 * No input or output: role/learner feeds it and stores what it yields. It
 * guards the agent: a loss that is not a number or that explodes brings back
 * the last good policy, and the event is counted.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_LEARNER_H
#define RL_LEARNER_H

#include "rl/agent.h"

struct rl_learner_config {
    struct rl_agent_config agent;
    uint32_t publish_every; /* transitions between snapshots; 0: 50 */
    uint32_t good_every;    /* training steps between good-policy copies; 0: 500 */
    double explode;         /* mean loss above this many squared rewards is bad; 0: 1000 */
    bool frozen;            /* evaluate only: no training, no exploration */
};

struct rl_learner_stats {
    struct rl_agent_stats agent;
    uint32_t version;   /* of the newest snapshot */
    uint64_t accepted;  /* transitions */
    uint64_t rejected;  /* transitions with impossible fields */
    uint64_t rescued;   /* times the last good policy was brought back */
    double reward_mean; /* exponential mean over about 100 transitions */
    bool frozen;
};

struct rl_learner;

/* NULL with a sentence in why. */
struct rl_learner *rl_learner_new(const struct rl_learner_config *c, char *why, size_t n) NODISCARD;
void rl_learner_free(struct rl_learner *l);

/* Takes one transition from a sensor: 0 or ERR_RANGE (not used). */
int rl_learner_add(struct rl_learner *l, const struct rl_transition *t) NODISCARD;
/* Makes at most one training step (milliseconds); true while more are due.
 * Call when idle. */
bool rl_learner_step(struct rl_learner *l);

/* True if a snapshot should be published (also once at the start). */
bool rl_learner_due(const struct rl_learner *l);
/* A new version, for ipc_memfd. out is cleared first. */
int rl_learner_snapshot(struct rl_learner *l, struct buf *out) NODISCARD;

/* Everything: agent, optimiser, replay, counters, version. out is cleared. */
int rl_learner_save(struct rl_learner *l, struct buf *out) NODISCARD;
/* Goes on from a checkpoint. Refuses a damaged or foreign one with a sentence
 * in why and stays as it was. */
int rl_learner_load(struct rl_learner *l, const void *mem, size_t n, char *why,
                    size_t why_n) NODISCARD;

void rl_learner_freeze(struct rl_learner *l, bool frozen);
/* Back to the last good policy; ERR_NOTFOUND if there is none yet. */
int rl_learner_rollback(struct rl_learner *l) NODISCARD;
void rl_learner_get_stats(const struct rl_learner *l, struct rl_learner_stats *st);

#endif
