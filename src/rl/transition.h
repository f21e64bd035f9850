/* transition.h -- one step of experience, as sensors send it to the learner.
 *
 * Plain data of a fixed size, host byte order: it crosses a socket between
 * processes of one program, and is checked by rl_transition_valid on arrival
 * because sensors are not trusted.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_TRANSITION_H
#define RL_TRANSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "rl/reward.h"
#include "rl/state.h"

struct rl_transition {
    uint64_t session;        /* hash of the session's id */
    int64_t time_us;         /* wall clock of the decision */
    uint32_t step;           /* 0, 1, 2 ... within the session */
    uint32_t policy_version; /* of the snapshot that decided */
    struct rl_state s, next; /* next: all as it was at the end if done */
    uint8_t action;
    uint8_t done;     /* 1: nothing follows in this episode */
    uint8_t explored; /* 1: not the greedy action */
    uint8_t reward_profile;
    float reward;     /* of reward_profile, from outcome */
    float propensity; /* probability with which action was chosen in s */
    struct rl_outcome outcome;
};

/* True if every field is within its range: codes < 100, finite numbers. */
bool rl_transition_valid(const struct rl_transition *t);

#endif
