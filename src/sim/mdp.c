/* mdp.c -- value iteration and policy evaluation.
 *
 * Values are updated in place (Gauss-Seidel), which converges faster and to
 * the same fixed point.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/mdp.h"
#include "base/arena.h"

#include <math.h>
#include <string.h>

enum { ROUNDS_MAX = 1000000 };

int mdp_init(struct mdp *m, size_t states, size_t actions, double gamma)
{
    *m = (struct mdp){.states = states, .actions = actions, .gamma = gamma};
    m->next = x_calloc(states * actions * states, sizeof *m->next);
    m->reward = x_calloc(states * actions, sizeof *m->reward);
    if (m->next && m->reward)
        return 0;
    mdp_done(m);
    return ERR_NOMEM;
}

void mdp_done(struct mdp *m)
{
    x_free(m->next);
    x_free(m->reward);
    m->next = m->reward = NULL;
}

double *mdp_next(const struct mdp *m, size_t s, size_t a)
{
    return m->next + (s * m->actions + a) * m->states;
}

double *mdp_reward(const struct mdp *m, size_t s, size_t a)
{
    return m->reward + s * m->actions + a;
}

double mdp_q(const struct mdp *m, const double *v, size_t s, size_t a)
{
    const double *p = mdp_next(m, s, a);
    double sum = 0;
    for (size_t t = 0; t < m->states; t++)
        sum += p[t] * v[t];
    return *mdp_reward(m, s, a) + m->gamma * sum;
}

int mdp_solve(const struct mdp *m, double tolerance, double *v, int *best)
{
    double *value = v ? v : x_calloc(m->states, sizeof *value);
    if (!value)
        return ERR_NOMEM;
    memset(value, 0, m->states * sizeof *value);
    int round = 0;
    for (double moved = INFINITY; moved > tolerance && round < ROUNDS_MAX; round++) {
        moved = 0;
        for (size_t s = 0; s < m->states; s++) {
            double top = -INFINITY;
            for (size_t a = 0; a < m->actions; a++) {
                const double q = mdp_q(m, value, s, a);
                if (q > top + 1e-12 || a == 0) {
                    top = q;
                    if (best)
                        best[s] = (int)a;
                }
            }
            moved = fmax(moved, fabs(top - value[s]));
            value[s] = top;
        }
    }
    if (!v)
        x_free(value);
    return round < ROUNDS_MAX ? round : ERR_LIMIT;
}

int mdp_evaluate(const struct mdp *m, const double *pi, double tolerance, double *v)
{
    memset(v, 0, m->states * sizeof *v);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        double moved = 0;
        for (size_t s = 0; s < m->states; s++) {
            double sum = 0;
            for (size_t a = 0; a < m->actions; a++)
                if (pi[s * m->actions + a] > 0)
                    sum += pi[s * m->actions + a] * mdp_q(m, v, s, a);
            moved = fmax(moved, fabs(sum - v[s]));
            v[s] = sum;
        }
        if (moved <= tolerance)
            return round;
    }
    return ERR_LIMIT;
}

struct grouped {
    const struct mdp *m;
    const double *start;
    const int *group;
    double *pi, *v;
};

static double grouped_value(struct grouped *g, const int *choice)
{
    const size_t n = g->m->states, actions = g->m->actions;
    memset(g->pi, 0, n * actions * sizeof *g->pi);
    for (size_t s = 0; s < n; s++)
        g->pi[s * actions + (size_t)choice[g->group[s]]] = 1;
    if (mdp_evaluate(g->m, g->pi, 1e-9, g->v) < 0)
        return -INFINITY;
    double sum = 0;
    for (size_t s = 0; s < n; s++)
        sum += g->start[s] * g->v[s];
    return sum;
}

/* Changes one group's action at a time while that helps. */
static double climb(struct grouped *g, size_t groups, int *choice)
{
    double top = grouped_value(g, choice);
    for (int better = 1; better;) {
        better = 0;
        for (size_t i = 0; i < groups; i++) {
            const int keep = choice[i];
            int pick = keep;
            for (size_t a = 0; a < g->m->actions; a++) {
                choice[i] = (int)a;
                const double value = grouped_value(g, choice);
                if (value > top + 1e-9) {
                    top = value;
                    pick = (int)a;
                    better = 1;
                }
            }
            choice[i] = pick;
        }
    }
    return top;
}

double mdp_best_grouped(const struct mdp *m, const double *start, const int *group, size_t groups,
                        int *choice)
{
    struct grouped g = {m, start, group, x_calloc(m->states * m->actions, sizeof(double)),
                        x_calloc(m->states, sizeof(double))};
    int *trial = x_calloc(groups, sizeof *trial);
    double best = -INFINITY;
    for (size_t a = 0; g.pi && g.v && trial && a < m->actions; a++) {
        for (size_t i = 0; i < groups; i++)
            trial[i] = (int)a;
        const double value = climb(&g, groups, trial);
        if (value > best) {
            best = value;
            memcpy(choice, trial, groups * sizeof *choice);
        }
    }
    x_free(g.pi);
    x_free(g.v);
    x_free(trial);
    return best;
}
