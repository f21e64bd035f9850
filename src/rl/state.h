/* state.h -- what the agent sees of a session: its last ten commands.
 *
 * Oldest first, newest last, 0 where there was none yet. The decision on a
 * command is taken with that command already pushed. One state a session.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_STATE_H
#define RL_STATE_H

#include <stdint.h>
#include <string.h>

enum { RL_WINDOW = 10 };

struct rl_state {
    uint8_t window[RL_WINDOW];
};

static inline void rl_state_init(struct rl_state *s)
{
    memset(s, 0, sizeof *s);
}

static inline void rl_state_push(struct rl_state *s, uint8_t code)
{
    memmove(s->window, s->window + 1, RL_WINDOW - 1);
    s->window[RL_WINDOW - 1] = code;
}

#endif
