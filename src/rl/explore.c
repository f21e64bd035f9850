/* explore.c -- distributions over actions, and drawing from them.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/explore.h"
#include "base/str.h"

#include <math.h>

enum { N = RL_ACTION_COUNT };

static const char *const kinds[RL_EXPLORE_COUNT] = {"greedy", "epsilon", "boltzmann", "ucb"};

int rl_explore_find(const char *name)
{
    for (int i = 0; i < RL_EXPLORE_COUNT; i++)
        if (str_eq(kinds[i], name))
            return i;
    return -1;
}

const char *rl_explore_name(int kind)
{
    return kind >= 0 && kind < RL_EXPLORE_COUNT ? kinds[kind] : "?";
}

static int best(const float q[N])
{
    int a = 0;
    for (int i = 1; i < N; i++)
        if (q[i] > q[a] || (isnan(q[a]) && !isnan(q[i])))
            a = i;
    return a;
}

int rl_explore_preferred(const struct rl_explore *x, const float q[N])
{
    const int top = best(q);
    return q[top] <= q[RL_ALLOW] + x->margin ? RL_ALLOW : top;
}

static void boltzmann(float temperature, const float q[N], float probs[N])
{
    const float top = q[best(q)], t = temperature > 1e-6f ? temperature : 1e-6f;
    double sum = 0, e[N];
    for (int a = 0; a < N; a++) {
        e[a] = isfinite(q[a]) && isfinite(top) ? exp((double)(q[a] - top) / t) : 0;
        sum += e[a];
    }
    for (int a = 0; a < N; a++)
        probs[a] = sum > 0 ? (float)(e[a] / sum) : 1.0f / N;
}

/* UCB1: an action never tried comes first. */
static int ucb(float bonus, const float q[N], const uint32_t *counts)
{
    float score[N];
    double total = 1;
    for (int a = 0; a < N; a++)
        total += counts[a];
    for (int a = 0; a < N; a++)
        score[a] = counts[a] ? q[a] + bonus * (float)sqrt(2 * log(total) / counts[a]) : INFINITY;
    return best(score);
}

void rl_explore_probs(const struct rl_explore *x, const float q[N], const uint32_t *counts,
                      float probs[N])
{
    for (int a = 0; a < N; a++)
        probs[a] = 0;
    if (x->kind == RL_EXPLORE_BOLTZMANN)
        boltzmann(x->temperature, q, probs);
    else if (x->kind == RL_EXPLORE_UCB && counts)
        probs[ucb(x->bonus, q, counts)] = 1;
    else
        probs[rl_explore_preferred(x, q)] = 1;
    if (x->kind == RL_EXPLORE_GREEDY)
        return;
    const float eps = x->epsilon > 0 ? fminf(x->epsilon, 1) : 0;
    for (int a = 0; a < N; a++)
        probs[a] = probs[a] * (1 - eps) + eps / N;
}

void rl_explore_decide(const struct rl_explore *x, const uint32_t *counts, struct rl_decision *d,
                       struct rng *rng)
{
    rl_explore_probs(x, d->q, counts, d->probs);
    d->preferred = (uint8_t)rl_explore_preferred(x, d->q);
    double sum = 0;
    for (int a = 0; a < N; a++)
        sum += d->probs[a];
    double u = rng_unit(rng) * sum;
    int chosen = -1;
    for (int a = 0; a < N; a++) {
        if (d->probs[a] <= 0)
            continue;
        chosen = a; /* the last possible one, should rounding use all up */
        u -= d->probs[a];
        if (u < 0)
            break;
    }
    if (chosen < 0)
        chosen = RL_ALLOW;
    d->action = (uint8_t)chosen;
    d->explored = chosen != d->preferred;
    d->propensity = sum > 0 ? (float)(d->probs[chosen] / sum) : 1;
    d->pad = 0;
}
