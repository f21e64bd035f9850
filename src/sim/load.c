/* load.c -- opens checkpoints for looking at them.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/load.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The settings that a checkpoint names. */
static int config_of(const struct buf *b, struct rl_agent_config *c, char *why, size_t n)
{
    struct nn_ckpt *k;
    int rc = nn_ckpt_open(buf_ptr(b), buf_len(b), &k, why, n);
    if (rc != 0)
        return rc;
    const char *agent = nn_ckpt_get(k, "agent"), *profile = nn_ckpt_get(k, "profile");
    const char *vocab = nn_ckpt_get(k, "vocabulary"), *reward = nn_ckpt_get(k, "reward");
    double order, gamma;
    rc = agent && profile && vocab && reward ? rl_agent_defaults(c, agent, profile) : ERR_FORMAT;
    if (rc == 0) {
        c->reward_profile = rl_reward_find(reward);
        str_copy(c->vocab, sizeof c->vocab, vocab);
        if (nn_ckpt_get_double(k, "order", &order) == 0)
            c->order = (uint32_t)order;
        if (nn_ckpt_get_double(k, "gamma", &gamma) == 0)
            c->gamma = (float)gamma;
        rc = rl_agent_check(c, why, n);
    } else {
        str_copy(why, n, "made with settings that this program does not know");
    }
    nn_ckpt_close(k);
    return rc;
}

struct rl_agent *sim_load_agent(const char *path_or_name)
{
    struct rl_agent_config c;
    struct rl_agent *a = NULL;
    char why[160] = "";
    if (str_eq(path_or_name, "allow") || str_eq(path_or_name, "random"))
        return rl_agent_defaults(&c, path_or_name, "") == 0 ? rl_agent_new(&c) : NULL;
    struct buf b;
    buf_init(&b, NN_CKPT_MAX);
    int rc = nn_ckpt_load_file(path_or_name, &b);
    if (rc != 0)
        str_copy(why, sizeof why, rc == ERR_SYS ? strerror(errno) : err_text(rc));
    if (rc == 0)
        rc = config_of(&b, &c, why, sizeof why);
    if (rc == 0 && !(a = rl_agent_new(&c)))
        str_copy(why, sizeof why, "no memory");
    if (a && rl_agent_load(a, buf_ptr(&b), buf_len(&b), why, sizeof why) != 0) {
        rl_agent_free(a);
        a = NULL;
    }
    buf_done(&b);
    if (!a)
        fprintf(stderr, "qrassh: %s: %s\n", path_or_name, why);
    return a;
}
