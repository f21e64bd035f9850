/* attack.h -- `qrassh attack`: recorded sessions against a running honeypot.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_ATTACK_H
#define SIM_ATTACK_H

int sim_cmd_attack(int argc, char **argv); /* an exit status */

#endif
