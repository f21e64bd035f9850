/* effects.h -- how block, fake and insult look for a given command.
 *
 * Choices are deterministic in the machine's seed: the same machine tells the
 * same story again. All are pure functions of tables and the command.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef POLICY_EFFECTS_H
#define POLICY_EFFECTS_H

#include "base/rng.h"
#include "policy/text.h"

struct policy_effect {
    const char *name; /* of the command; "" for the general ones */
    const char *condition;
    int status; /* exit status shown */
    int fd;     /* 1 or 2 */
    const char *text;
};

/* Never NULL. */
const struct policy_effect *policy_block_choose(const struct policy_command *c, uint64_t seed);
const struct policy_effect *policy_fake_choose(const struct policy_command *c, uint64_t seed);
/* country: two letters or NULL. language receives the language's code. */
const char *policy_insult_choose(const char *country, struct rng *rng, const char **language);
/* Appends what an effect shows. p lends locale, time and persona; it may yield. */
void policy_effect_render(struct str *out, struct proc *p, const struct policy_command *c,
                          const struct policy_effect *e, uint64_t seed);

#endif
