/* proto.h -- messages between sensors, learner and recorder that carry no
 * attacker's bytes; those that do are in store/proto.h.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_PROTO_H
#define ROLE_PROTO_H

#include "conf/conf.h"
#include "rl/learner.h"

enum proto {
    PROTO_POLICY = 1, /* learner to sensor: a sealed memfd with a snapshot */
    PROTO_TRANSITION, /* sensor to learner: struct rl_transition */
};

/* The agent's settings as the configuration has them. */
int proto_learner_config(const struct conf *conf, uint64_t seed,
                         struct rl_learner_config *out) NODISCARD;

#endif
