/* mdp.h -- Markov decision processes small enough to be solved exactly.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_MDP_H
#define SIM_MDP_H

#include <stddef.h>

#include "base/err.h"

/* Dense: S states, A actions. next[(s * A + a) * S + t] is the probability of
 * going to t; what is missing to 1 ends the episode. reward[s * A + a] is the
 * expected reward of the step. */
struct mdp {
    size_t states, actions;
    double gamma;
    double *next, *reward;
};

int mdp_init(struct mdp *m, size_t states, size_t actions, double gamma) NODISCARD;
void mdp_done(struct mdp *m);
double *mdp_next(const struct mdp *m, size_t s, size_t a); /* the row [S] */
double *mdp_reward(const struct mdp *m, size_t s, size_t a);

/* Value iteration until no value moves by more than tolerance: fills v [S] and
 * best [S] (either may be NULL); returns the rounds, or ERR_LIMIT after a
 * million of them (gamma 1 without an end). */
int mdp_solve(const struct mdp *m, double tolerance, double *v, int *best) NODISCARD;
/* Q(s, a) of given values. */
double mdp_q(const struct mdp *m, const double *v, size_t s, size_t a);
/* Values of a stochastic policy pi [S][A]. */
int mdp_evaluate(const struct mdp *m, const double *pi, double tolerance, double *v) NODISCARD;
/* The best policy that must act alike in all states of a group: group [S] <
 * groups; coordinate ascent from all constant policies, weighted by start [S].
 * Fills choice [groups]; returns its value. A lower bound of the best. */
double mdp_best_grouped(const struct mdp *m, const double *start, const int *group, size_t groups,
                        int *choice);

#endif
