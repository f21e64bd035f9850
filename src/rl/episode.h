/* episode.h -- one session as the agent sees it, from first command to end.
 *
 * Keeps the order of things that is easy to get wrong: a command first closes
 * the transition of the decision before it, then enters the window, then is
 * decided upon. Every way a session can end calls rl_episode_end once more.
 *
 *     rl_episode_begin(&e, id, profile);
 *     each command:  if (rl_episode_command(&e, cmd, found, now, &t)) send t
 *                    rl_policy_decide(policy, &e.state, rng, &d);
 *                    rl_episode_decided(&e, &d);
 *     each new file: rl_episode_artefact(&e);
 *     the end:       if (rl_episode_end(&e, now, &t)) send t
 *
 * `exit` and `logout` end the episode at once: what the action on them was is
 * not learnt from, and should the session go on (a nested shell), the next
 * command begins a new episode.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_EPISODE_H
#define RL_EPISODE_H

#include <stdbool.h>
#include <stdint.h>

#include "rl/policy.h"
#include "rl/transition.h"
#include "rl/vocab.h"

struct rl_episode {
    struct rl_state state;
    struct rl_transition open; /* the decision that waits for its reward */
    bool pending;
    uint8_t class; /* of the newest command */
    int profile;
    uint32_t step;
    uint64_t session;
    int64_t command_us; /* when the newest command came */
    int64_t delayed_us; /* our own pauses since then */
    uint64_t seen[4];   /* bloom filter of command texts: novelty */
};

void rl_episode_begin(struct rl_episode *e, uint64_t session, int reward_profile);
/* A command was parsed and is about to be decided. found: it exists on this
 * machine. text_hash: of the whole simple command (novelty), 0 if unknown.
 * True if *t was filled with a finished transition. */
bool rl_episode_command(struct rl_episode *e, struct rl_command cmd, bool found, uint64_t text_hash,
                        int64_t now_us, struct rl_transition *t);
/* The decision on the command just told. */
void rl_episode_decided(struct rl_episode *e, const struct rl_decision *d);
void rl_episode_artefact(struct rl_episode *e);            /* a file with a new hash came in */
void rl_episode_delayed(struct rl_episode *e, int64_t us); /* we kept the attacker waiting */
/* The session is over, for whatever reason. Harmless when called again. */
bool rl_episode_end(struct rl_episode *e, int64_t now_us, struct rl_transition *t);

#endif
