/* sim.h -- subcommands that need no network and no attacker.
 *
 * Each takes the arguments behind its name and returns an exit status: 0, 1 on
 * failure, 2 on wrong usage (told on standard error).
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_SIM_H
#define SIM_SIM_H

int sim_cmd_train(int argc, char **argv);      /* a warm-start policy from the simulator */
int sim_cmd_simulate(int argc, char **argv);   /* sessions of simulated attackers */
int sim_cmd_experiment(int argc, char **argv); /* compare, fig7, fig8 */
int sim_cmd_evaluate(int argc, char **argv);   /* off-policy estimates from logs */
int sim_cmd_policy(int argc, char **argv);     /* dump, explain a policy */

#endif
