/* recent.h -- the last few steps of each open session: what n-step returns,
 * SARSA and eligibility traces look back on.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_RECENT_H
#define RL_RECENT_H

#include <stddef.h>

#include "base/err.h"
#include "rl/transition.h"

enum { RL_RECENT_DEPTH = 16 };

/* Steps of one session, oldest first. */
struct rl_recent_session {
    uint64_t session, stamp;
    size_t count;
    struct rl_transition steps[RL_RECENT_DEPTH];
};

/* A bounded number of sessions; the one idle longest in its set makes room. */
struct rl_recent {
    struct rl_recent_session *slots;
    size_t sets;
    uint64_t stamp;
};

int rl_recent_init(struct rl_recent *r) NODISCARD;
void rl_recent_done(struct rl_recent *r);
/* The session's entry, emptied if it is new or its steps do not lead up to t. */
struct rl_recent_session *rl_recent_of(struct rl_recent *r, const struct rl_transition *t);
/* Adds a step behind the others; the oldest leaves when it is full. */
void rl_recent_push(struct rl_recent_session *s, const struct rl_transition *t);
void rl_recent_shift(struct rl_recent_session *s); /* drops the oldest */

#endif
