/* transition.c -- checks what came from a sensor.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/transition.h"
#include "rl/action.h"
#include "rl/vocab.h"

#include <math.h>

static bool state_valid(const struct rl_state *s)
{
    for (int i = 0; i < RL_WINDOW; i++)
        if (s->window[i] >= RL_VOCAB_MAX)
            return false;
    return true;
}

bool rl_transition_valid(const struct rl_transition *t)
{
    const struct rl_outcome *o = &t->outcome;
    return state_valid(&t->s) && state_valid(&t->next) && t->action < RL_ACTION_COUNT &&
           t->done <= 1 && t->explored <= 1 && t->reward_profile < RL_REWARD_COUNT &&
           isfinite(t->reward) && fabsf(t->reward) <= 1e6f && t->propensity > 0 &&
           t->propensity <= 1.0001f && o->action == t->action && o->class < RL_CLASS_COUNT &&
           o->next_class < RL_CLASS_COUNT && o->next_found <= 1 && o->ended <= 1 &&
           isfinite(o->wait_s) && isfinite(o->novelty);
}
