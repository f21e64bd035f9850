/* options.h -- the command-line options that the subcommands of sim/ share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/run.h"

struct sim_options {
    const char *agent, *profile, *world, *reward, *out, *in;
    uint64_t seed, commands, sessions, seeds;
    double gamma; /* 0: the agent's */
    bool open, quiet;
    int rest; /* index of the first argument that is no option */
};

/* Fills o from argv over the values it has. Prints help (usage is its first
 * line) or an error. 0 to go on, else the exit status plus 1. */
int sim_options_read(struct sim_options *o, int argc, char **argv, const char *usage);
/* World, reward and discount as asked for; tells what is wrong. false: failed. */
bool sim_options_game(const struct sim_options *o, struct sim_world *w, struct sim_game *g);
/* The agent's settings as asked for. */
bool sim_options_agent(const struct sim_options *o, const char *agent, struct rl_agent_config *c);

/* A progress bar on standard error, if that is a terminal, with time left. */
struct sim_progress {
    const char *what;
    uint64_t total;
    int64_t start_us, shown_us;
    bool quiet;
};
void sim_progress_begin(struct sim_progress *p, const char *what, uint64_t total, bool quiet);
void sim_progress_at(struct sim_progress *p, uint64_t done, const char *note);
void sim_progress_end(struct sim_progress *p);

#endif
