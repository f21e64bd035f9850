/* test_ope.c -- off-policy estimates where the truth is known: sessions of the
 * simulator, logged under one policy, judged for another.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/ope.h"
#include "sim/run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SESSIONS = 20000, STEPS = 300000 };

static struct sim_world world;
static struct ope_step *steps;
static struct ope_session *sessions;
static size_t n_steps, n_sessions;

/* Logs with a share eps of chance around allow. */
static float log_eps;

static void decide(void *ctx, const struct rl_state *s, int node, struct rng *rng,
                   struct rl_decision *d)
{
    const struct rl_explore x = {RL_EXPLORE_EPSILON, log_eps, 1, 0, 0};
    (void)ctx;
    (void)s;
    (void)node;
    memset(d->q, 0, sizeof d->q);
    d->q[RL_ALLOW] = 1;
    rl_explore_decide(&x, NULL, d, rng);
}

/* The policy judged: fakes probes (their nodes are readable), allows the rest. */
static void target(const struct rl_state *s, float *pi)
{
    const int node = s->window[RL_WINDOW - 1] - 1;
    memset(pi, 0, OPE_ACTIONS * sizeof *pi);
    pi[node >= 0 && world.node[node].phase == SIM_PROBE ? RL_FAKE : RL_ALLOW] = 1;
}

static void told(void *ctx, const struct rl_transition *t)
{
    (void)ctx;
    if (n_steps == STEPS)
        return;
    struct ope_step *x = &steps[n_steps];
    *x = (struct ope_step){t->s, t->next, t->action, t->done, t->reward, t->propensity, {0}, {0}};
    target(&x->s, x->pi);
    target(&x->next, x->pi_next);
    if (t->step == 0)
        sessions[n_sessions++] = (struct ope_session){x, 0, t->session};
    sessions[n_sessions - 1].count++;
    n_steps++;
}

static void record(float eps, uint64_t seed)
{
    const struct sim_game g = {&world, RL_REWARD_ARTEFACT, 0.9};
    const struct sim_player p = {decide, told, NULL};
    struct sim_score score = {0};
    log_eps = eps;
    n_steps = n_sessions = 0;
    for (uint64_t i = 0; i < SESSIONS && n_steps < STEPS - SIM_SESSION_MAX; i++) {
        struct rng rng;
        rng_seed(&rng, seed + i);
        sim_play(&g, &p, i, &rng, &score);
    }
}

static double truth(void)
{
    struct mdp m;
    double pi[SIM_NODES_MAX * SIM_ACTIONS] = {0}, v[SIM_NODES_MAX], sum = 0;
    assert_int_equal(sim_world_mdp(&world, RL_REWARD_ARTEFACT, 0.9, &m), 0);
    for (size_t s = 0; s < world.count; s++)
        pi[s * SIM_ACTIONS + (world.node[s].phase == SIM_PROBE ? RL_FAKE : RL_ALLOW)] = 1;
    assert_true(mdp_evaluate(&m, pi, 1e-9, v) >= 0);
    for (size_t s = 0; s < world.count; s++)
        sum += world.start[s] * v[s];
    mdp_done(&m);
    return sum;
}

static void estimates(void **state)
{
    (void)state;
    struct ope_result r;
    record(0.5f, 1000);
    const double want = truth();
    const struct ope_log log = {sessions, n_sessions, 0.9, 1};
    assert_int_equal(ope_estimate(&log, 1, &r), 0);
    print_message("# truth %.1f, effective sample size %.0f of %zu\n", want, r.ess, n_sessions);
    for (int e = 0; e < OPE_ESTIMATORS; e++) {
        print_message("# %s: %.1f (%.1f to %.1f)\n", ope_name(e), r.mean[e], r.low[e], r.high[e]);
        assert_true(r.low[e] <= r.mean[e] + 1e-9 && r.mean[e] <= r.high[e] + 1e-9);
        if (e != OPE_LOGGED)
            assert_true(fabs(r.mean[e] - want) < 3 * (r.high[e] - r.low[e]) / 3.92 + 4);
    }
    assert_true(fabs(r.mean[OPE_LOGGED] - want) > 60); /* another policy than the logged one */
    assert_true(r.ess > OPE_ESS_MIN && r.ess < (double)n_sessions);
}

/* A log without exploration cannot tell, and that is what is said. */
static void refuses(void **state)
{
    (void)state;
    struct ope_result r;
    record(0, 1000);
    for (size_t i = 0; i < n_steps; i++) { /* judge: always block */
        memset(steps[i].pi, 0, sizeof steps[i].pi);
        steps[i].pi[RL_BLOCK] = 1;
        memcpy(steps[i].pi_next, steps[i].pi, sizeof steps[i].pi);
    }
    const struct ope_log log = {sessions, n_sessions, 0.9, 1};
    assert_int_equal(ope_estimate(&log, 1, &r), ERR_RANGE);
    assert_true(r.ess < OPE_ESS_MIN);
    assert_int_equal(r.impossible, n_steps);
    const struct ope_log empty = {sessions, 0, 0.9, 1};
    assert_int_equal(ope_estimate(&empty, 1, &r), ERR_RANGE);
}

/* The policy that logged is judged as it was: all weights are one. */
static void itself(void **state)
{
    (void)state;
    struct ope_result r;
    record(0.3f, 5);
    for (size_t i = 0; i < n_steps; i++)
        for (int a = 0; a < OPE_ACTIONS; a++)
            steps[i].pi[a] = steps[i].pi_next[a] = 0.06f + (a == RL_ALLOW ? 0.7f : 0);
    const struct ope_log log = {sessions, n_sessions, 0.9, 1};
    assert_int_equal(ope_estimate(&log, 1, &r), 0);
    assert_true(fabs(r.ess - (double)n_sessions) < 1);
    assert_true(fabs(r.mean[OPE_WIS] - r.mean[OPE_LOGGED]) < 0.1);
    assert_true(fabs(r.mean[OPE_PDIS] - r.mean[OPE_LOGGED]) < 0.1);
    /* the model takes the chance out of the actions: close, not the same */
    assert_true(fabs(r.mean[OPE_DR] - r.mean[OPE_LOGGED]) < 5);
}

static int make(void **state)
{
    double param[SIM_PARAMS];
    (void)state;
    sim_world_params(param);
    if (sim_world_mix("gate30", param) != 0)
        return -1;
    sim_world_make(&world, param, true);
    steps = calloc(STEPS, sizeof *steps);
    sessions = calloc(SESSIONS, sizeof *sessions);
    return steps && sessions ? 0 : -1;
}

static int drop(void **state)
{
    (void)state;
    free(steps);
    free(sessions);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates),
        cmocka_unit_test(refuses),
        cmocka_unit_test(itself),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
