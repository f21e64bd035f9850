/* reward.c -- the reward profiles.
 *
 * simple, complex: the 2018 paper, from the text of the next command alone.
 * artefact: action-coupled; what came in is what counts.
 * dowling: Dowling 2018, commands as such. heliza: Wagener 2011, time times
 * novelty. asgard: after Touch 2022, collect downloads but protect the system
 * from programs the attacker brought.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/reward.h"
#include "base/str.h"
#include "rl/action.h"
#include "rl/vocab.h"

#include <math.h>

static float reward_simple(const struct rl_outcome *o)
{
    if (o->ended)
        return -500;
    return o->next_class == RL_CLASS_DOWNLOAD ? 500 : 0;
}

static float reward_complex(const struct rl_outcome *o)
{
    if (o->ended)
        return -500;
    switch (o->next_class) {
    case RL_CLASS_DOWNLOAD:
        return 500;
    case RL_CLASS_HACK:
        return 200;
    default:
        return o->next_found ? 0 : -200;
    }
}

static float reward_artefact(const struct rl_outcome *o)
{
    return 500.0f * (float)o->artefacts - (o->ended ? 500 : 0);
}

static float reward_dowling(const struct rl_outcome *o)
{
    return o->ended ? 0 : 1;
}

static float reward_heliza(const struct rl_outcome *o)
{
    enum { PATIENCE_S = 300 }; /* an idle terminal is not a busy attacker */
    if (o->ended || !isfinite(o->wait_s) || !isfinite(o->novelty))
        return 0;
    return fminf(fmaxf(o->wait_s, 0), PATIENCE_S) * (o->novelty + 1);
}

static float reward_asgard(const struct rl_outcome *o)
{
    const bool runs = o->action == RL_ALLOW || o->action == RL_DELAY;
    if (o->class == RL_CLASS_DOWNLOAD)
        return runs ? 1 : 0;
    if (o->class == RL_CLASS_CUSTOM)
        return runs ? -1 : 1;
    return 0;
}

static const struct {
    const char *name, *about;
    float (*fn)(const struct rl_outcome *o);
    float scale;
} profiles[] = {
#define REWARD_ROW(NAME, fn, scale, about) [RL_REWARD_##NAME] = {#fn, about, reward_##fn, scale},
    RL_REWARDS(REWARD_ROW)
#undef REWARD_ROW
};

int rl_reward_find(const char *name)
{
    for (int i = 0; i < RL_REWARD_COUNT; i++)
        if (str_eq(profiles[i].name, name))
            return i;
    return -1;
}

static bool known(int profile)
{
    return profile >= 0 && profile < RL_REWARD_COUNT;
}

const char *rl_reward_name(int profile)
{
    return known(profile) ? profiles[profile].name : "?";
}

const char *rl_reward_about(int profile)
{
    return known(profile) ? profiles[profile].about : "";
}

float rl_reward(int profile, const struct rl_outcome *o)
{
    return known(profile) ? profiles[profile].fn(o) : 0;
}

float rl_reward_scale(int profile)
{
    return known(profile) ? profiles[profile].scale : 1;
}
