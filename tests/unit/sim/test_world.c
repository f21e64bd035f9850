/* test_world.c -- the simulator against itself: probabilities are such, play
 * agrees with the exact solution, and the known conclusions hold.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sim_world world;

static void make(const char *mix, bool open)
{
    double param[SIM_PARAMS];
    sim_world_params(param);
    assert_int_equal(sim_world_mix(mix, param), 0);
    sim_world_make(&world, param, open);
}

static void sound(void **state)
{
    (void)state;
    make("standard", false);
    double start = 0;
    struct rng rng;
    rng_seed(&rng, 1);
    assert_true(world.count < SIM_NODES_MAX);
    for (size_t s = 0; s < world.count; s++) {
        start += world.start[s];
        for (int a = 0; a < SIM_ACTIONS; a++) {
            double sum = 0;
            for (size_t t = 0; t < world.count; t++) {
                assert_true(world.next[s][a][t] >= 0);
                sum += world.next[s][a][t];
            }
            assert_true(sum < 1 + 1e-9);
            assert_true(world.node[s].artefact[a] >= 0 && world.node[s].artefact[a] <= 1);
        }
        for (int i = 0; i < 20; i++) {
            const struct rl_command c = sim_world_command(&world, s, &rng);
            assert_true(c.code > 0 && c.code < RL_VOCAB_MAX);
        }
    }
    assert_true(fabs(start - 1) < 1e-9);
    for (int i = 0; i < SIM_PARAMS; i++)
        assert_true(sim_params[i].low <= sim_params[i].value &&
                    sim_params[i].value <= sim_params[i].high);
}

/* What is played has, within its error, the value that is computed. */
static void agrees(void **state)
{
    (void)state;
    static const char *const mixes[] = {"standard", "gate30", "replayer"};
    const double gamma = 0.9;
    for (size_t i = 0; i < 3; i++)
        for (int profile = 0; profile < 3; profile++) {
            make(mixes[i], true);
            const struct sim_game g = {&world, profile, gamma};
            struct mdp m;
            double v[SIM_NODES_MAX], want = 0;
            int best[SIM_NODES_MAX];
            assert_int_equal(sim_world_mdp(&world, profile, gamma, &m), 0);
            assert_true(mdp_solve(&m, 1e-9, v, best) > 0);
            for (size_t s = 0; s < world.count; s++)
                want += world.start[s] * v[s];
            const struct sim_player p = sim_player_optimal(best);
            const struct sim_score got = sim_measure(&g, &p, 20000, 7);
            const double mean = got.value / got.sessions;
            const double error = sqrt((got.square / got.sessions - mean * mean) / got.sessions);
            print_message("# %s %s: exact %.2f played %.2f +- %.2f, %.3f artefacts\n", mixes[i],
                          rl_reward_name(profile), want, mean, error, got.artefacts / got.sessions);
            assert_true(fabs(mean - want) < 4 * error + 0.5);
            mdp_done(&m);
        }
}

static double artefacts_of(const struct sim_player *p, int profile)
{
    const struct sim_game g = {&world, profile, 0.9};
    const struct sim_score s = sim_measure(&g, p, 20000, 3);
    return s.artefacts / s.sessions;
}

static double optimal_artefacts(const char *mix, int profile)
{
    struct mdp m;
    int best[SIM_NODES_MAX];
    make(mix, true);
    assert_int_equal(sim_world_mdp(&world, profile, 0.9, &m), 0);
    assert_true(mdp_solve(&m, 1e-9, NULL, best) > 0);
    mdp_done(&m);
    const struct sim_player p = sim_player_optimal(best);
    return artefacts_of(&p, profile);
}

/* The paper's simple reward pays for refusing downloads: its optimum captures
 * nothing. The artefact reward's optimum captures 2.5 times what allowing
 * everything does once 30 % of the attackers test for honeypots. */
static void conclusions(void **state)
{
    (void)state;
    assert_true(optimal_artefacts("replayer", RL_REWARD_SIMPLE) < 0.02);
    const double best = optimal_artefacts("gate30", RL_REWARD_ARTEFACT);
    make("gate30", true);
    const struct sim_player allow = sim_player_builtin("allow");
    const double allowed = artefacts_of(&allow, RL_REWARD_ARTEFACT);
    print_message("# 30 %% loaders: optimum %.3f, allow %.3f artefacts a session\n", best, allowed);
    assert_true(best > 2.5 * allowed);
    const double plain = optimal_artefacts("replayer", RL_REWARD_ARTEFACT);
    const double plain_allow = artefacts_of(&allow, RL_REWARD_ARTEFACT);
    print_message("# replayers only: optimum %.3f, allow %.3f\n", plain, plain_allow);
    assert_true(fabs(plain - plain_allow) < 0.1); /* nothing to win, and we say so */
}

/* Tabular Q-learning finds the optimum of the open world. */
static void q_learns(void **state)
{
    (void)state;
    make("gate30", true);
    const struct sim_game g = {&world, RL_REWARD_ARTEFACT, 0.9};
    struct rl_agent_config c;
    assert_int_equal(rl_agent_defaults(&c, "qlearning", ""), 0);
    c.order = 1;
    c.gamma = 0.9f;
    c.alpha = 0.02f;
    c.eps_start = 1;
    c.eps_end = 0.2f;
    c.eps_steps = 50000;
    struct rl_agent *a = rl_agent_new(&c);
    assert_non_null(a);
    assert_int_equal(sim_train(&g, a, 100000, 4, NULL, NULL), 0);
    struct mdp m;
    double v[SIM_NODES_MAX], best = 0;
    assert_int_equal(sim_world_mdp(&world, g.reward_profile, g.gamma, &m), 0);
    assert_true(mdp_solve(&m, 1e-9, v, NULL) > 0);
    mdp_done(&m);
    for (size_t s = 0; s < world.count; s++)
        best += world.start[s] * v[s];
    const struct sim_player greedy = sim_player_agent(a), chance = sim_player_builtin("random");
    const struct sim_score got = sim_measure(&g, &greedy, 20000, 9),
                           low = sim_measure(&g, &chance, 20000, 9);
    const double mine = got.value / got.sessions, random = low.value / low.sessions;
    print_message("# Q-learning %.1f, optimum %.1f, random %.1f\n", mine, best, random);
    assert_true((mine - random) / (best - random) > 0.95);
    rl_agent_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound),
        cmocka_unit_test(agrees),
        cmocka_unit_test(conclusions),
        cmocka_unit_test(q_learns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
