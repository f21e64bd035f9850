/* load.h -- an agent from a checkpoint file, whatever it was trained with.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_LOAD_H
#define SIM_LOAD_H

#include "rl/agent.h"

/* The agent of a checkpoint, or of a name ("allow", "random") that needs none.
 * NULL, and told on standard error, if it cannot be had. */
struct rl_agent *sim_load_agent(const char *path_or_name);

#endif
