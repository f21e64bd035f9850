/* attack_react.h -- how an attacker reacts to what a command brought.
 *
 * The model of the simulator in small: after a refusal attackers retry the same
 * tool, take the next one, carry on, or leave. The numbers are assumptions
 * (learning notes, "Proposed simulator"), said in the table of attack_react.c.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_ATTACK_REACT_H
#define SIM_ATTACK_REACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/rng.h"

enum attack_reaction { ATTACK_CARRY_ON, ATTACK_RETRY, ATTACK_NEXT_TOOL, ATTACK_GIVE_UP };

struct attack_mood {
    struct rng rng;
    unsigned refusals_in_a_row, retries; /* retries of the command at hand */
};

/* Does output look like a refusal? status: exit status, or -1 if not known. */
bool attack_refused(const char *output, size_t n, int status);
enum attack_reaction attack_react(struct attack_mood *m, const char *input, bool refused);
/* The same download by the tool that comes next (wget, curl, tftp, ftpget); NULL
 * if the command names none or it was the last. */
const char *attack_next_tool(struct arena *a, const char *input);

#endif
