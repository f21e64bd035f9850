/* reward.h -- what an action was worth: named profiles over one outcome.
 *
 * The reward of an action is known when the next command arrives or the
 * session ends. The paper's profiles look at the next command only (and so pay
 * an agent for refusing downloads, because refused attackers ask again); the
 * default pays for what was really captured.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_REWARD_H
#define RL_REWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All that a profile may look at. Plain data; travels inside transitions. */
struct rl_outcome {
    uint8_t action;     /* the action judged */
    uint8_t class;      /* enum rl_class of the command it was taken on */
    uint8_t next_class; /* of the command that followed; NONE if none did */
    uint8_t next_found; /* 1: that command exists on this machine */
    uint8_t ended;      /* 1: the session ended (exit or any other way) */
    uint8_t pad;
    uint16_t artefacts; /* files with a hash never seen before, since the action */
    float wait_s;       /* seconds until the next command, our own delay excluded */
    float novelty;      /* 0 .. 1: how unlike earlier commands the next one is */
};

/* X(NAME, name, usual size of a reward, what it pays) */
#define RL_REWARDS(X)                                                                              \
    X(SIMPLE, simple, 500, "+500 next command is a download, -500 session ends")                   \
    X(COMPLEX, complex, 500, "as simple; +200 hacking tool, -200 command not found")               \
    X(ARTEFACT, artefact, 500, "+500 for each new file captured, -500 session ends")               \
    X(DOWLING, dowling, 1, "+1 for each further command")                                          \
    X(HELIZA, heliza, 10, "seconds until the next command times (novelty + 1)")                    \
    X(ASGARD, asgard, 1, "+1 download allowed, +1 attacker's program refused, -1 run")

enum rl_reward_profile {
#define RL_REWARD_ENUM(NAME, name, scale, text) RL_REWARD_##NAME,
    RL_REWARDS(RL_REWARD_ENUM)
#undef RL_REWARD_ENUM
        RL_REWARD_COUNT
};

/* The profile of a name, or -1. */
int rl_reward_find(const char *name);
const char *rl_reward_name(int profile); /* "?" for none */
const char *rl_reward_about(int profile);
/* The reward of an outcome; always finite. */
float rl_reward(int profile, const struct rl_outcome *o);
/* The largest |reward| that one step usually brings: agents divide by it. */
float rl_reward_scale(int profile);

#endif
