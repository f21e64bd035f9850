/* proto.c -- from options to the agent's settings.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "role/proto.h"

#include <string.h>

/* Options whose value is auto (-1) leave the profile's own. */
static void set_u32(uint32_t *to, int64_t option)
{
    if (option >= 0)
        *to = (uint32_t)option;
}

static void set_float(float *to, double option)
{
    if (option >= 0)
        *to = (float)option;
}

int proto_learner_config(const struct conf *conf, uint64_t seed, struct rl_learner_config *out)
{
    struct rl_agent_config *a = &out->agent;
    bool own = strcmp(conf->learner.profile, "auto") == 0;
    int r = rl_agent_defaults(a, conf->policy.agent, own ? NULL : conf->learner.profile);

    if (r < 0)
        return r;
    a->seed = seed;
    a->reward_profile = rl_reward_find(conf->policy.reward);
    set_float(&a->lr, conf->learner.rate);
    set_float(&a->gamma, conf->learner.gamma);
    set_float(&a->eps_start, conf->learner.epsilon_start);
    set_float(&a->eps_end, conf->learner.epsilon_end);
    set_u32(&a->eps_steps, conf->learner.epsilon_steps);
    set_u32(&a->observe, conf->learner.observe);
    set_u32(&a->batch, conf->learner.batch);
    set_u32(&a->replay, conf->learner.replay);
    set_u32(&a->target_every, conf->learner.target_every);
    out->frozen = !conf->learner.train;
    return 0;
}
