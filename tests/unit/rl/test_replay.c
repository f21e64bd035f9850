/* test_replay.c -- replay, priorities, n-step returns, over-estimation: what
 * the switches of the DQN promise.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/agent.h"
#include "rl/recent.h"
#include "rl/replay.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void ring(void **state)
{
    (void)state;
    struct rl_replay r;
    assert_int_equal(rl_replay_init(&r, 5, false), 0);
    for (int i = 0; i < 13; i++) {
        const struct rl_replay_item it = {.reward = (float)i};
        rl_replay_add(&r, &it);
        assert_int_equal(r.count, i < 5 ? i + 1 : 5);
    }
    float sum = 0;
    for (int i = 0; i < 5; i++)
        sum += r.items[i].reward;
    assert_float_equal(sum, 8 + 9 + 10 + 11 + 12, 0); /* the newest five */
    rl_replay_done(&r);
}

/* Draws follow the priorities, and the probability told is the true one. */
static void priorities(void **state)
{
    (void)state;
    enum { N = 7, DRAWS = 70000 };
    struct rl_replay r;
    struct rng rng;
    uint32_t index[100];
    float probs[100];
    int hits[N] = {0};
    double sum = 0, chi2 = 0;
    rng_seed(&rng, 3);
    assert_int_equal(rl_replay_init(&r, N, true), 0);
    for (int i = 0; i < N; i++) {
        rl_replay_add(&r, &(struct rl_replay_item){.reward = (float)i});
        rl_replay_set_priority(&r, (size_t)i, 1 + i * i);
        sum += 1 + i * i;
    }
    assert_true(fabs(r.tree[1] - sum) < 1e-9); /* the root is the sum */
    for (int d = 0; d < DRAWS / 100; d++) {
        rl_replay_sample(&r, &rng, 100, index, probs);
        for (int k = 0; k < 100; k++) {
            hits[index[k]]++;
            assert_true(fabs(probs[k] - (1 + index[k] * index[k]) / sum) < 1e-6);
        }
    }
    double unbiased = 0; /* with weights 1 / (N p), the mean of i is uniform's */
    for (int i = 0; i < N; i++) {
        const double p = (1 + i * i) / sum, want = DRAWS * p;
        chi2 += (hits[i] - want) * (hits[i] - want) / want;
        unbiased += hits[i] * i / (N * p) / DRAWS;
    }
    assert_true(chi2 < 22.5); /* 6 degrees of freedom, p = .001 */
    assert_true(fabs(unbiased - 3) < 0.1);
    rl_replay_done(&r);
}

static struct rl_transition step_of(uint64_t session, uint32_t step, float reward, bool done)
{
    struct rl_transition t = {
        .session = session, .step = step, .reward = reward, .done = done, .propensity = 1};
    rl_state_push(&t.s, (uint8_t)(step + 1));
    rl_state_init(&t.next);
    rl_state_push(&t.next, (uint8_t)(step + 2));
    return t;
}

static void sessions_apart(void **state)
{
    (void)state;
    struct rl_recent r;
    assert_int_equal(rl_recent_init(&r), 0);
    for (uint32_t i = 0; i < 5; i++)
        for (uint64_t s = 1; s <= 3; s++) { /* interleaved */
            const struct rl_transition t = step_of(s, i, (float)s, false);
            struct rl_recent_session *x = rl_recent_of(&r, &t);
            assert_int_equal(x->count, i);
            rl_recent_push(x, &t);
        }
    const struct rl_transition gap = step_of(2, 9, 0, false); /* steps were lost */
    assert_int_equal(rl_recent_of(&r, &gap)->count, 0);
    for (uint64_t s = 1000; s < 50000; s++) { /* more sessions than there is room */
        const struct rl_transition t = step_of(s, 0, 0, false);
        rl_recent_push(rl_recent_of(&r, &t), &t);
    }
    rl_recent_done(&r);
}

/* Values of a chain of seven states learnt with n-step returns: the reward at
 * the end arrives, discounted once a step, whatever n is. */
static void n_step(void **state)
{
    (void)state;
    enum { CHAIN = 7 };
    for (uint32_t n = 1; n <= 5; n += 2) {
        struct rl_agent_config c;
        assert_int_equal(rl_agent_defaults(&c, "dqn", "small"), 0);
        c.n_step = n;
        c.observe = 0;
        c.gamma = 0.9f;
        c.target_every = 20;
        c.prioritised = n == 3;
        c.reward_profile = RL_REWARD_DOWLING; /* scale 1 */
        struct rl_agent *a = rl_agent_new(&c);
        assert_non_null(a);
        for (uint64_t e = 0; e < 400; e++)
            for (uint32_t i = 0; i < CHAIN; i++) {
                struct rl_transition t = step_of(e, i, i == CHAIN - 1 ? 1 : 0, i == CHAIN - 1);
                t.action = (uint8_t)((e + i) % 5);
                rl_agent_observe(a, &t);
                while (rl_agent_update(a) > 0) {
                }
            }
        double worst = 0;
        for (uint32_t i = 0; i < CHAIN; i++) {
            const struct rl_transition t = step_of(0, i, 0, false);
            float q[5];
            rl_agent_values(a, &t.s, q);
            for (int k = 0; k < 5; k++)
                worst = fmax(worst, fabs(q[k] - pow(0.9, CHAIN - 1 - (int)i)));
        }
        print_message("# %u steps: worst error %.3f\n", n, worst);
        assert_true(worst < 0.15);
        rl_agent_free(a);
    }
}

/* One state leads to another whose five actions all pay noise of mean zero: the
 * maximum of estimates is too high, a double estimate is less so. */
static double estimate(bool twice, uint64_t seed)
{
    struct rl_agent_config c;
    struct rng rng;
    rng_seed(&rng, seed);
    assert_int_equal(rl_agent_defaults(&c, "dqn", "small"), 0);
    c.observe = 0;
    c.seed = seed;
    c.gamma = 0.99f;
    c.double_q = twice;
    c.huber = false;
    c.target_every = 200;
    c.replay = 64; /* few samples, often new ones: two estimates differ */
    c.update_every = 1;
    c.reward_profile = RL_REWARD_DOWLING;
    struct rl_agent *a = rl_agent_new(&c);
    assert_non_null(a);
    double sum = 0;
    for (uint32_t e = 0; e < 1200; e++) {
        struct rl_transition t = step_of(e, 0, 0, false);
        t.action = (uint8_t)rng_below(&rng, 5);
        rl_agent_observe(a, &t);
        t = step_of(e, 1, (float)rng_normal(&rng) * 2, true);
        t.action = (uint8_t)rng_below(&rng, 5);
        rl_agent_observe(a, &t);
        while (rl_agent_update(a) > 0) {
        }
        if (e >= 400) {
            float q[5];
            const struct rl_transition first = step_of(0, 0, 0, false);
            rl_agent_values(a, &first.s, q);
            for (int k = 0; k < 5; k++)
                sum += q[k] / 5 / 800;
        }
    }
    rl_agent_free(a);
    return sum;
}

static void over_estimation(void **state)
{
    (void)state;
    double one = 0, two = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        one += estimate(false, seed) / 6;
        two += estimate(true, seed) / 6;
    }
    print_message("# true value 0: single estimate %.3f, double %.3f\n", one, two);
    assert_true(one > 0.1);
    assert_true(two < one - 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring),
        cmocka_unit_test(priorities),
        cmocka_unit_test(sessions_apart),
        cmocka_unit_test(n_step),
        cmocka_unit_test(over_estimation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
