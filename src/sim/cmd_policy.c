/* cmd_policy.c -- qrassh policy: what a checkpoint would do, in words.
 *
 *     qrassh policy --in FILE                  every command, typed first
 *     qrassh policy --in FILE uname wget ...   after these commands
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/load.h"
#include "sim/options.h"
#include "sim/sim.h"

#include <stdio.h>

static void row(struct rl_agent *a, const char *name, const struct rl_state *s)
{
    float q[RL_ACTION_COUNT];
    const struct rl_explore x = rl_agent_explore(a);
    rl_agent_values(a, s, q);
    printf("%-24s", name);
    for (int i = 0; i < RL_ACTION_COUNT; i++) {
        printf(" %9.1f", (double)q[i]);
    }
    printf("  %s\n", rl_action_name(rl_explore_preferred(&x, q)));
}

int sim_cmd_policy(int argc, char **argv)
{
    struct sim_options o = {.in = NULL};
    const int stop = sim_options_read(&o, argc, argv, "policy --in CHECKPOINT [COMMAND...]");
    if (stop)
        return stop - 1;
    if (!o.in) {
        fprintf(stderr, "usage: qrassh policy --in CHECKPOINT [COMMAND...]\n");
        return 2;
    }
    struct rl_agent *a = sim_load_agent(o.in);
    if (!a)
        return 1;
    const struct rl_vocab *v = rl_vocab_find(rl_agent_config(a)->vocab);
    struct rl_agent_stats st;
    rl_agent_get_stats(a, &st);
    printf("agent %s, vocabulary %s, reward %s, version %u, %llu steps after %llu decisions\n\n",
           rl_agent_config(a)->agent, rl_vocab_name(v),
           rl_reward_name(rl_agent_config(a)->reward_profile), st.version,
           (unsigned long long)st.steps, (unsigned long long)st.seen);
    printf("%-24s", "newest command");
    for (int i = 0; i < RL_ACTION_COUNT; i++)
        printf(" %9s", rl_action_name(i));
    printf("  choice\n");
    struct rl_state s;
    rl_state_init(&s);
    for (int i = o.rest; i < argc; i++) {
        rl_state_push(&s, rl_vocab_code(v, argv[i]).code);
        row(a, argv[i], &s);
    }
    for (int code = 1; o.rest == argc && code < (int)rl_vocab_size(v); code++) {
        rl_state_init(&s);
        rl_state_push(&s, (uint8_t)code);
        row(a, rl_vocab_word(v, code), &s);
    }
    rl_agent_free(a);
    return 0;
}
