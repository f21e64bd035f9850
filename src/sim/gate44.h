/* gate44.h -- the bot of 44 commands that leaves at the first wrong answer.
 *
 * After Dowling 2018: it ended after 8 commands in 100 of 100 attacks on a
 * honeypot that gave the default answer to `mount`, after 12 where `cat` was
 * substituted, and ran to its 44th where `mount` was not answered as usual and
 * `cat`, `rm` and the compound `echo` were. The commands between the gates are
 * stand-ins of the same kinds; any answer to them lets it go on.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_GATE44_H
#define SIM_GATE44_H

#include "sim/run.h"

enum { SIM_GATE_COMMANDS = 44 };

/* One attack; returns how many commands it ran (44: all). Reward as asked. */
int sim_gate44_attack(const struct sim_player *p, int reward_profile, uint64_t session,
                      struct rng *rng);
/* Attacks until the first that runs to the end, learning on the way (agent
 * explores as it is set to); max + 1 if none did. */
int sim_gate44_first(struct rl_agent *agent, int reward_profile, int max, uint64_t seed);

#endif
