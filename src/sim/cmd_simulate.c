/* cmd_simulate.c -- qrassh simulate: what a policy does to simulated attackers.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/load.h"
#include "sim/options.h"
#include "sim/sim.h"

#include <math.h>
#include <stdio.h>

int sim_cmd_simulate(int argc, char **argv)
{
    struct sim_options o = {.in = "allow",
                            .world = "standard",
                            .reward = "artefact",
                            .gamma = 0.95,
                            .seed = 1,
                            .sessions = 5000};
    const int stop =
        sim_options_read(&o, argc, argv, "simulate [--in CHECKPOINT|allow|random] [OPTIONS]");
    if (stop)
        return stop - 1;
    struct sim_world *w = x_calloc(1, sizeof *w);
    struct sim_game g;
    struct rl_agent *a = NULL;
    int status = 2;
    if (w && sim_options_game(&o, w, &g) && o.sessions > 0 && (a = sim_load_agent(o.in))) {
        const bool chance = rl_agent_config(a)->eps_end >= 1;
        const struct sim_player p = chance ? sim_player_builtin("random") : sim_player_agent(a);
        const struct sim_score s = sim_measure(&g, &p, o.sessions, o.seed);
        const double mean = s.value / s.sessions;
        printf("sessions           %10.0f\n", s.sessions);
        printf("return             %10.2f +- %.2f (%s, gamma %.2f)\n", mean,
               1.96 * sqrt(fmax(0, s.square / s.sessions - mean * mean) / s.sessions), o.reward,
               g.gamma);
        printf("files a session    %10.3f\n", s.artefacts / s.sessions);
        printf("commands a session %10.2f\n", s.commands / s.sessions);
        for (int i = 0; i < SIM_ACTIONS; i++)
            printf("%-18s %9.1f%%\n", rl_action_name(i), 100 * s.actions[i] / s.commands);
        status = 0;
    }
    rl_agent_free(a);
    x_free(w);
    return status;
}
