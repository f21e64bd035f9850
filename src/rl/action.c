/* action.c -- names and colours of the actions.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/action.h"
#include "base/str.h"

static const struct {
    const char *name;
    int colour;
} actions[] = {
#define ACTION_ROW(number, NAME, name, colour) [number] = {name, colour},
    RL_ACTIONS(ACTION_ROW)
#undef ACTION_ROW
};

const char *rl_action_name(int action)
{
    return action >= 0 && action < RL_ACTION_COUNT ? actions[action].name : "?";
}

int rl_action_find(const char *name)
{
    for (int a = 0; a < RL_ACTION_COUNT; a++)
        if (str_eq(actions[a].name, name))
            return a;
    return -1;
}

int rl_action_colour(int action)
{
    return action >= 0 && action < RL_ACTION_COUNT ? actions[action].colour : 0;
}
