/* gate44.c -- a deterministic attacker with four gates.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/gate44.h"

#include <string.h>

static const char *const script[SIM_GATE_COMMANDS] = {
    "enable", "system",  "shell",    "sh",     "cd",    "ps",       "busybox", "mount",
    "ls",     "uname",   "head",     "cat",    "rm",    "echo",     "cp",      "chmod",
    "dd",     "free",    "w",        "nproc",  "mkdir", "touch",    "export",  "history",
    "unset",  "crontab", "hostname", "id",     "df",    "ifconfig", "netstat", "which",
    "wget",   "curl",    "tftp",     "ftpget", "tar",   "mv",       "chattr",  "nohup",
    "top",    "kill",    "sleep",    "passwd",
};

static bool usual(int action)
{
    return action == RL_ALLOW || action == RL_DELAY;
}

/* Does the bot go on after this answer to its command i? */
static bool passes(int i, int action)
{
    if (strcmp(script[i], "mount") == 0)
        return !usual(action);
    if (strcmp(script[i], "cat") == 0 || strcmp(script[i], "rm") == 0 ||
        strcmp(script[i], "echo") == 0)
        return usual(action);
    return true;
}

int sim_gate44_attack(const struct sim_player *p, int reward_profile, uint64_t session,
                      struct rng *rng)
{
    struct rl_episode e;
    struct rl_transition t;
    int i = 0;
    rl_episode_begin(&e, session, reward_profile);
    for (bool on = true; on && i < SIM_GATE_COMMANDS; i++) {
        const struct rl_command c = rl_vocab_code(rl_vocab_default(), script[i]);
        struct rl_decision d = {0};
        const bool closed = rl_episode_command(&e, c, true, (uint64_t)i + 1, i * 1000000, &t);
        if (closed && p->told)
            p->told(p->ctx, &t);
        p->decide(p->ctx, &e.state, -1, rng, &d);
        rl_episode_decided(&e, &d);
        if (c.class == RL_CLASS_DOWNLOAD && usual(d.action))
            rl_episode_artefact(&e);
        on = passes(i, d.action);
    }
    if (rl_episode_end(&e, (int64_t)i * 1000000, &t) && p->told)
        p->told(p->ctx, &t);
    return i;
}

static void decide(void *ctx, const struct rl_state *s, int node, struct rng *rng,
                   struct rl_decision *d)
{
    (void)node;
    rl_agent_act(ctx, s, true, rng, d);
}

static void told(void *ctx, const struct rl_transition *t)
{
    rl_agent_observe(ctx, t);
    while (rl_agent_update(ctx) > 0) {
    }
}

int sim_gate44_first(struct rl_agent *agent, int reward_profile, int max, uint64_t seed)
{
    const struct sim_player p = {decide, told, agent};
    struct rng rng = rng_named(seed, "gate bot");
    for (int attack = 1; attack <= max; attack++) {
        const int ran = sim_gate44_attack(&p, reward_profile, (uint64_t)attack, &rng);
        if (ran == SIM_GATE_COMMANDS)
            return attack;
    }
    return max + 1;
}
