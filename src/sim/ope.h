/* ope.h -- off-policy evaluation: what would another policy have earned in
 * the sessions that were logged?
 *
 * Needs the propensity with which each logged action was chosen. Estimators:
 * weighted importance sampling over whole sessions, the per-decision form,
 * fitted Q evaluation (a model of values, no weights), and doubly robust,
 * which corrects the model with the weights.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_OPE_H
#define SIM_OPE_H

#include <stdint.h>

#include "base/err.h"
#include "rl/transition.h"
#include "sim/stats.h"

enum { OPE_ACTIONS = 5, OPE_ESS_MIN = 50 };

/* One logged decision and what the policy in question thinks of it. */
struct ope_step {
    struct rl_state s, next;
    uint8_t action, done;
    float reward, mu;           /* mu: propensity of action when logged */
    float pi[OPE_ACTIONS];      /* of the policy in question in s */
    float pi_next[OPE_ACTIONS]; /* in next */
};
struct ope_session {
    const struct ope_step *steps;
    uint32_t count;
    uint64_t source; /* sessions of one source are resampled together */
};
struct ope_log {
    const struct ope_session *sessions;
    size_t count;
    double gamma;
    uint32_t order; /* commands that make a state of the model */
};

enum ope_estimator { OPE_LOGGED, OPE_WIS, OPE_PDIS, OPE_FQE, OPE_DR, OPE_ESTIMATORS };
const char *ope_name(int estimator);

struct ope_result {
    double mean[OPE_ESTIMATORS];                      /* discounted return of a session */
    double low[OPE_ESTIMATORS], high[OPE_ESTIMATORS]; /* 95 %, bootstrap by source */
    double ess;          /* effective sample size of the session weights */
    double weight_max;   /* the largest normalised weight */
    uint64_t impossible; /* decisions of the policy that the log never made */
};

/* 0; ERR_RANGE if the effective sample size is below OPE_ESS_MIN (the result
 * is filled, but nothing but ess should be believed); ERR_NOMEM. */
int ope_estimate(const struct ope_log *log, uint64_t seed, struct ope_result *out) NODISCARD;

#endif
