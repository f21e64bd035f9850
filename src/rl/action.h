/* action.h -- the five answers to a command: one enumeration for the program.
 *
 * The numbers are written into logs, checkpoints and snapshots: never renumber.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_ACTION_H
#define RL_ACTION_H

/* X(number, NAME, name, SGR colour in tty records) */
#define RL_ACTIONS(X)                                                                              \
    X(0, ALLOW, "allow", 32)                                                                       \
    X(1, DELAY, "delay", 34)                                                                       \
    X(2, FAKE, "fake", 33)                                                                         \
    X(3, INSULT, "insult", 35)                                                                     \
    X(4, BLOCK, "block", 31)

enum rl_action {
#define RL_ACTION_ENUM(number, NAME, name, colour) RL_##NAME = number,
    RL_ACTIONS(RL_ACTION_ENUM)
#undef RL_ACTION_ENUM
        RL_ACTION_COUNT
};

/* "allow" ... ; "?" for a number that is no action. Static storage. */
const char *rl_action_name(int action);
/* The number of a name, or -1. */
int rl_action_find(const char *name);
/* The terminal colour (SGR parameter) used in tty records; 0 for no action. */
int rl_action_colour(int action);

#endif
