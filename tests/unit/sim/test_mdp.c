/* test_mdp.c -- exact planning and tabular learning against known answers.
 *
 * FrozenLake (slippery, 4 x 4), CliffWalking (Sutton and Barto, example 6.6),
 * RiverSwim with six states: values computed independently.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/agent.h"
#include "sim/mdp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- FrozenLake: S frozen, F frozen, H hole, G goal */
static const char lake[] = "SFFFFHFHFFFHHFFG";

static size_t lake_move(size_t s, size_t dir) /* left down right up */
{
    const size_t row = s / 4, col = s % 4;
    switch (dir) {
    case 0:
        return col > 0 ? s - 1 : s;
    case 1:
        return row < 3 ? s + 4 : s;
    case 2:
        return col < 3 ? s + 1 : s;
    default:
        return row > 0 ? s - 4 : s;
    }
}

static void lake_make(struct mdp *m, double gamma)
{
    assert_int_equal(mdp_init(m, 16, 4, gamma), 0);
    for (size_t s = 0; s < 16; s++) {
        if (lake[s] == 'H' || lake[s] == 'G')
            continue;
        for (size_t a = 0; a < 4; a++)
            for (size_t slip = 0; slip < 3; slip++) {
                const size_t t = lake_move(s, (a + 3 + slip) % 4);
                if (lake[t] == 'G')
                    *mdp_reward(m, s, a) += 1.0 / 3;
                if (lake[t] == 'S' || lake[t] == 'F')
                    mdp_next(m, s, a)[t] += 1.0 / 3;
            }
    }
}

static void frozen_lake(void **state)
{
    (void)state;
    const double gammas[] = {0.9, 0.99, 1}, want[] = {0.068891, 0.542026, 0.823529};
    for (int i = 0; i < 3; i++) {
        struct mdp m;
        double v[16];
        lake_make(&m, gammas[i]);
        assert_true(mdp_solve(&m, 1e-12, v, NULL) > 0);
        assert_true(fabs(v[0] - want[i]) < 1e-6);
        mdp_done(&m);
    }
}

/* ---- CliffWalking: 4 x 12, start bottom left, goal bottom right */
enum { CLIFF_START = 36, CLIFF_GOAL = 47 };

static size_t cliff_move(size_t s, size_t a, double *reward, int *done)
{
    size_t row = s / 12, col = s % 12;
    if (a == 0 && col > 0)
        col--;
    else if (a == 1 && row < 3)
        row++;
    else if (a == 2 && col < 11)
        col++;
    else if (a == 3 && row > 0)
        row--;
    *reward = -1;
    *done = 0;
    if (row == 3 && col > 0 && col < 11) {
        *reward = -100;
        return CLIFF_START;
    }
    *done = row == 3 && col == 11;
    return row * 12 + col;
}

static void cliff(void **state)
{
    (void)state;
    struct mdp m;
    double v[48];
    assert_int_equal(mdp_init(&m, 48, 4, 1), 0);
    for (size_t s = 0; s < 47; s++)
        for (size_t a = 0; a < 4; a++) {
            double r;
            int done;
            const size_t t = cliff_move(s, a, &r, &done);
            *mdp_reward(&m, s, a) = r;
            if (!done)
                mdp_next(&m, s, a)[t] = 1;
        }
    assert_true(mdp_solve(&m, 1e-12, v, NULL) > 0);
    assert_true(fabs(v[CLIFF_START] + 13) < 1e-9);
    mdp_done(&m);
}

/* ---- RiverSwim: left .005 at the left end, right 1 at the right end */
static void river_row(size_t s, size_t a, double p[6], double *r)
{
    memset(p, 0, 6 * sizeof *p);
    *r = 0;
    if (a == 0) {
        p[s > 0 ? s - 1 : 0] = 1;
        *r = s == 0 ? 0.005 : 0;
    } else if (s == 0) {
        p[0] = 0.4;
        p[1] = 0.6;
    } else if (s == 5) {
        p[5] = 0.6;
        p[4] = 0.4;
        *r = 1;
    } else {
        p[s + 1] = 0.35;
        p[s] = 0.6;
        p[s - 1] = 0.05;
    }
}

static void river_swim(void **state)
{
    (void)state;
    const double want[6] = {4.6693, 5.078888, 5.901143, 6.905998, 8.088045, 9.473156};
    struct mdp m;
    double v[6];
    int best[6];
    assert_int_equal(mdp_init(&m, 6, 2, 0.95), 0);
    for (size_t s = 0; s < 6; s++)
        for (size_t a = 0; a < 2; a++)
            river_row(s, a, mdp_next(&m, s, a), mdp_reward(&m, s, a));
    assert_true(mdp_solve(&m, 1e-12, v, best) > 0);
    for (int s = 0; s < 6; s++) {
        print_message("# river %d: %.6f\n", s, v[s]);
        assert_true(fabs(v[s] - want[s]) < 1e-4);
        assert_int_equal(best[s], 1);
    }
    /* evaluating the optimal policy gives the optimal value */
    double pi[12] = {0}, v2[6];
    for (int s = 0; s < 6; s++)
        pi[s * 2 + 1] = 1;
    assert_true(mdp_evaluate(&m, pi, 1e-12, v2) > 0);
    for (int s = 0; s < 6; s++)
        assert_true(fabs(v[s] - v2[s]) < 1e-9);
    mdp_done(&m);
}

/* ---- learning: states are codes, the fifth action repeats the first */
static struct rl_state state_of(size_t s)
{
    struct rl_state x;
    rl_state_init(&x);
    rl_state_push(&x, (uint8_t)(s + 1));
    return x;
}

static struct rl_agent *agent_make(const char *name, float alpha, float eps, float gamma)
{
    struct rl_agent_config c;
    assert_int_equal(rl_agent_defaults(&c, name, ""), 0);
    c.order = 1;
    c.alpha = alpha;
    c.gamma = gamma;
    c.eps_start = c.eps_end = eps;
    c.observe = 0;
    struct rl_agent *a = rl_agent_new(&c);
    assert_non_null(a);
    return a;
}

/* Walks the cliff; returns the mean return of the last quarter of episodes. */
static double cliff_run(struct rl_agent *agent, int episodes, struct rng *rng)
{
    double late = 0;
    for (int e = 0; e < episodes; e++) {
        size_t s = CLIFF_START;
        double sum = 0;
        int done = 0;
        for (uint32_t step = 0; !done && step < 2000; step++) {
            const struct rl_state x = state_of(s);
            struct rl_decision d;
            rl_agent_act(agent, &x, true, rng, &d);
            double r;
            s = cliff_move(s, d.action % 4, &r, &done);
            sum += r;
            const struct rl_transition t = {.session = (uint64_t)e,
                                            .step = step,
                                            .s = x,
                                            .next = state_of(s),
                                            .action = d.action,
                                            .done = (uint8_t)done,
                                            .reward = (float)r,
                                            .propensity = d.propensity};
            rl_agent_observe(agent, &t);
        }
        late += e >= episodes * 3 / 4 ? sum : 0;
    }
    return late / (episodes / 4);
}

/* The greedy path's length and how often it walks along the edge. */
static void cliff_path(struct rl_agent *agent, int *length, int *edge)
{
    struct rng rng;
    rng_seed(&rng, 1);
    size_t s = CLIFF_START;
    int done = 0;
    *edge = 0;
    for (*length = 0; !done && *length < 100; (*length)++) {
        const struct rl_state x = state_of(s);
        struct rl_decision d;
        double r;
        rl_agent_act(agent, &x, false, &rng, &d);
        s = cliff_move(s, d.action % 4, &r, &done);
        *edge += s / 12 == 2 && s % 12 > 0 && s % 12 < 11;
    }
}

static void cliff_learners(void **state)
{
    (void)state;
    struct rng rng;
    int length, edge;
    rng_seed(&rng, 5);
    struct rl_agent *q = agent_make("qlearning", 0.5f, 0.1f, 1);
    const double online_q = cliff_run(q, 4000, &rng);
    cliff_path(q, &length, &edge);
    assert_int_equal(length, 13); /* along the edge */
    assert_int_equal(edge, 10);
    struct rl_agent *s = agent_make("sarsa", 0.1f, 0.1f, 1);
    const double online_s = cliff_run(s, 4000, &rng);
    cliff_path(s, &length, &edge);
    assert_true(length > 13 && length < 25 && edge <= 4); /* the safe way round */
    struct rl_agent *e = agent_make("esarsa", 0.5f, 0.1f, 1);
    const double online_e = cliff_run(e, 4000, &rng);
    struct rl_agent *l = agent_make("sarsa-lambda", 0.1f, 0.1f, 1);
    const double online_l = cliff_run(l, 4000, &rng);
    print_message("# cliff, while exploring: Q %.1f SARSA %.1f Expected %.1f lambda %.1f\n",
                  online_q, online_s, online_e, online_l);
    assert_true(online_s > online_q + 5); /* pays less while it explores */
    assert_true(online_e > online_q + 5);
    assert_true(online_l > -60);
    rl_agent_free(q);
    rl_agent_free(s);
    rl_agent_free(e);
    rl_agent_free(l);
}

static void river_learner(void **state)
{
    (void)state;
    struct rl_agent_config c;
    assert_int_equal(rl_agent_defaults(&c, "qlearning", ""), 0);
    c.order = 1;
    c.alpha = 0.004f;
    c.gamma = 0.95f;
    c.eps_start = c.eps_end = 1; /* off-policy: a random walk is enough */
    struct rl_agent *a = rl_agent_new(&c);
    struct rng rng;
    rng_seed(&rng, 2);
    size_t s = 0;
    for (uint32_t i = 0; i < 1000000; i++) {
        const struct rl_state x = state_of(s);
        struct rl_decision d;
        double p[6], r, u = rng_unit(&rng);
        rl_agent_act(a, &x, true, &rng, &d);
        river_row(s, d.action == 0 ? 0 : 1, p, &r);
        size_t t = 0;
        while (t < 5 && (u -= p[t]) >= 0)
            t++;

        const struct rl_transition tr = {.session = 1,
                                         .step = i,
                                         .s = x,
                                         .next = state_of(t),
                                         .action = d.action > 0,
                                         .reward = (float)r};
        rl_agent_observe(a, &tr);
        s = t;
    }
    const double want[6] = {4.6693, 5.078888, 5.901143, 6.905998, 8.088045, 9.473156};
    for (size_t i = 0; i < 6; i++) {
        const struct rl_state x = state_of(i);
        float q[5], top = -1;
        rl_agent_values(a, &x, q);
        for (int k = 0; k < 5; k++)
            top = fmaxf(top, q[k]);
        print_message("# river %zu: learnt %.3f, exact %.3f\n", i, (double)top, want[i]);
        assert_true(fabs(top - want[i]) < 0.3);
        assert_true(top > q[0]);
    }
    rl_agent_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frozen_lake),   cmocka_unit_test(cliff),
        cmocka_unit_test(river_swim),    cmocka_unit_test(cliff_learners),
        cmocka_unit_test(river_learner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
