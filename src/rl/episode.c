/* episode.c -- which reward belongs to which decision.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/episode.h"

#include <string.h>

void rl_episode_begin(struct rl_episode *e, uint64_t session, int reward_profile)
{
    memset(e, 0, sizeof *e);
    rl_state_init(&e->state);
    e->session = session;
    e->profile = reward_profile;
}

/* 1 for a text not seen in this session, 0 for one seen: two bits of 256. */
static float novelty(struct rl_episode *e, uint64_t hash)
{
    bool seen = true;
    for (int i = 0; i < 2; i++) {
        const unsigned bit = (unsigned)(hash >> (8 * i)) & 255;
        seen = seen && (e->seen[bit / 64] >> (bit % 64) & 1);
        e->seen[bit / 64] |= 1ull << (bit % 64);
    }
    return seen ? 0 : 1;
}

/* Completes the open transition; the outcome's fields of what followed are
 * set by the caller. */
static void finish(struct rl_episode *e, int64_t now_us, bool done, struct rl_transition *t)
{
    struct rl_transition *o = &e->open;
    const int64_t wait = now_us - e->command_us - e->delayed_us;
    o->outcome.wait_s = wait > 0 ? (float)wait / 1e6f : 0;
    o->outcome.ended = done;
    o->done = done;
    o->next = e->state;
    o->reward_profile = (uint8_t)e->profile;
    o->reward = rl_reward(e->profile, &o->outcome);
    *t = *o;
    e->pending = false;
}

bool rl_episode_command(struct rl_episode *e, struct rl_command cmd, bool found, uint64_t text_hash,
                        int64_t now_us, struct rl_transition *t)
{
    const bool was_pending = e->pending, ends = cmd.class == RL_CLASS_EXIT;
    const float fresh = novelty(e, text_hash);
    rl_state_push(&e->state, cmd.code);
    if (was_pending) {
        e->open.outcome.next_class = cmd.class;
        e->open.outcome.next_found = found;
        e->open.outcome.novelty = fresh;
        finish(e, now_us, ends, t);
    }
    e->class = cmd.class;
    e->command_us = now_us;
    e->delayed_us = 0;
    return was_pending;
}

void rl_episode_decided(struct rl_episode *e, const struct rl_decision *d)
{
    if (e->class == RL_CLASS_EXIT)
        return; /* its episode is over */
    e->open = (struct rl_transition){
        .session = e->session,
        .time_us = e->command_us,
        .step = e->step++,
        .policy_version = d->policy_version,
        .s = e->state,
        .action = d->action,
        .explored = d->explored,
        .propensity = d->propensity,
        .outcome = {.action = d->action, .class = e->class},
    };
    e->pending = true;
}

void rl_episode_artefact(struct rl_episode *e)
{
    if (e->pending && e->open.outcome.artefacts < UINT16_MAX)
        e->open.outcome.artefacts++;
}

void rl_episode_delayed(struct rl_episode *e, int64_t us)
{
    e->delayed_us += us;
}

bool rl_episode_end(struct rl_episode *e, int64_t now_us, struct rl_transition *t)
{
    if (!e->pending)
        return false;
    e->open.outcome.next_class = RL_CLASS_NONE;
    finish(e, now_us, true, t);
    return true;
}
