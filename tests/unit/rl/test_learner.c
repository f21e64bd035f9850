/* test_learner.c -- the learner as a role drives it: transitions in, snapshots
 * and checkpoints out, and what happens when things go wrong.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/episode.h"
#include "rl/learner.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A world of one secret: after command 7 the right answer is fake, else allow;
 * a right answer brings an artefact. */
static int right_action(uint8_t code)
{
    return code == 7 ? RL_FAKE : RL_ALLOW;
}

static struct rl_transition play(struct rl_state *s, int action, uint32_t step, struct rng *rng)
{
    struct rl_transition t = {
        .session = 42,
        .step = step,
        .s = *s,
        .action = (uint8_t)action,
        .propensity = 0.2f,
        .reward_profile = RL_REWARD_ARTEFACT,
        .outcome = {.action = (uint8_t)action, .class = RL_CLASS_PLAIN, .next_class = 1},
    };
    t.outcome.artefacts = action == right_action(s->window[RL_WINDOW - 1]);
    t.reward = rl_reward(t.reward_profile, &t.outcome);
    rl_state_push(s, (uint8_t)(6 + rng_below(rng, 3)));
    t.next = *s;
    return t;
}

static struct rl_learner_config config(void)
{
    struct rl_learner_config c = {.publish_every = 50};
    assert_int_equal(rl_agent_defaults(&c.agent, "dqn", "small"), 0);
    c.agent.observe = 100;
    c.agent.eps_steps = 300;
    c.agent.gamma = 0;
    return c;
}

static struct rl_learner *learner_make(const struct rl_learner_config *c)
{
    char why[128] = "";
    struct rl_learner *l = rl_learner_new(c, why, sizeof why);
    assert_non_null(l);
    return l;
}

static void feed(struct rl_learner *l, int n, uint64_t seed)
{
    struct rng rng;
    struct rl_state s;
    rng_seed(&rng, seed);
    rl_state_init(&s);
    rl_state_push(&s, 7);
    for (int i = 0; i < n; i++) {
        const struct rl_transition t = play(&s, (int)rng_below(&rng, 5), (uint32_t)i, &rng);
        assert_int_equal(rl_learner_add(l, &t), 0);
        while (rl_learner_step(l)) {
        }
    }
}

/* Snapshots must lie at a multiple of 64, as mapped memory does. */
static const struct rl_policy *open_policy(const struct buf *b, void **mem)
{
    const struct rl_policy *p = NULL;
    *mem = aligned_alloc(64, (buf_len(b) + 63) & ~(size_t)63);
    memcpy(*mem, buf_ptr(b), buf_len(b));
    assert_int_equal(rl_policy_open(*mem, buf_len(b), &p), 0);
    return p;
}

static void learns_and_publishes(void **state)
{
    (void)state;
    const struct rl_learner_config c = config();
    struct rl_learner *l = learner_make(&c);
    struct buf b;
    void *mem;
    buf_init(&b, NN_CKPT_MAX);
    assert_true(rl_learner_due(l));
    assert_int_equal(rl_learner_snapshot(l, &b), 0);
    const struct rl_policy *p = open_policy(&b, &mem);
    assert_int_equal(rl_policy_version(p), 1);
    assert_float_equal(p->explore.epsilon, 1, 0); /* nothing known: chance */
    free(mem);
    assert_false(rl_learner_due(l));
    feed(l, 1500, 1);
    assert_true(rl_learner_due(l));
    assert_int_equal(rl_learner_snapshot(l, &b), 0);
    p = open_policy(&b, &mem);
    assert_int_equal(rl_policy_version(p), 2);
    assert_string_equal(rl_policy_agent(p), "dqn");
    struct rng rng;
    rng_seed(&rng, 3);
    for (int code = 6; code <= 8; code++) {
        struct rl_state s = {{8, 6, 7, 6, 8, 7, 7, 6, 8, (uint8_t)code}};
        float q[5];
        rl_policy_values(p, &s, q);
        for (int a = 0; a < 5; a++)
            assert_true(a == right_action((uint8_t)code) || q[a] < q[right_action((uint8_t)code)]);
        assert_true(fabsf(q[right_action((uint8_t)code)] - 500) < 150);
        struct rl_decision d;
        rl_policy_decide(p, &s, &rng, &d);
        assert_int_equal(d.policy_version, 2);
        assert_true(d.propensity > 0 && d.propensity <= 1);
    }
    free(mem);
    struct rl_learner_stats st;
    rl_learner_get_stats(l, &st);
    assert_int_equal(st.accepted, 1500);
    assert_int_equal(st.agent.steps, 700); /* every second one after 100 */
    assert_int_equal(st.rescued, 0);
    assert_true(st.agent.epsilon < 0.06f && isfinite(st.agent.loss));
    buf_done(&b);
    rl_learner_free(l);
}

/* A restart goes on exactly where it was: the same next snapshot. */
static void resumes(void **state)
{
    (void)state;
    const struct rl_learner_config c = config();
    struct rl_learner *l = learner_make(&c), *l2 = learner_make(&c);
    struct buf b, x, y;
    char why[128] = "";
    buf_init(&b, NN_CKPT_MAX);
    buf_init(&x, NN_CKPT_MAX);
    buf_init(&y, NN_CKPT_MAX);
    feed(l, 600, 2);
    assert_int_equal(rl_learner_snapshot(l, &x), 0);
    assert_int_equal(rl_learner_save(l, &b), 0);
    assert_int_equal(rl_learner_load(l2, buf_ptr(&b), buf_len(&b), why, sizeof why), 0);
    assert_int_equal(rl_learner_save(l2, &x), 0); /* all of it came back */
    assert_int_equal(buf_len(&b), buf_len(&x));
    assert_memory_equal(buf_ptr(&b), buf_ptr(&x), buf_len(&b));
    struct rl_learner_stats st;
    rl_learner_get_stats(l2, &st);
    assert_int_equal(st.version, 1);
    assert_int_equal(st.agent.seen, 600);
    /* a warm start explores as little as it did at its end, also where the
     * schedule is longer */
    struct rl_learner_config longer = c;
    longer.agent.eps_steps = 1000000;
    struct rl_learner *l3 = learner_make(&longer);
    float before = st.agent.epsilon;
    assert_int_equal(rl_learner_load(l3, buf_ptr(&b), buf_len(&b), why, sizeof why), 0);
    rl_learner_get_stats(l3, &st);
    assert_float_equal(st.agent.epsilon, before, 1e-5);
    rl_learner_free(l3);
    rl_learner_get_stats(l2, &st);
    assert_int_equal(st.agent.size, 600);
    assert_true(rl_learner_due(l2));
    assert_int_equal(rl_learner_snapshot(l2, &y), 0);
    const struct rl_policy *p;
    void *mem;
    p = open_policy(&y, &mem);
    assert_int_equal(rl_policy_version(p), 2);
    free(mem);
    buf_done(&b);
    buf_done(&x);
    buf_done(&y);
    rl_learner_free(l);
    rl_learner_free(l2);
}

static void refuses(void **state)
{
    (void)state;
    struct rl_learner_config c = config();
    struct rl_learner *l = learner_make(&c);
    struct buf b;
    char why[128] = "";
    buf_init(&b, NN_CKPT_MAX);
    feed(l, 300, 2);
    assert_int_equal(rl_learner_save(l, &b), 0);
    uint8_t *bytes = buf_mut(&b);
    const size_t n = buf_len(&b);
    /* any damaged byte is noticed: a spread of places, header and data */
    for (size_t at = 0; at < n; at += at < 3000 ? 37 : 9973) {
        bytes[at] ^= 0x20;
        why[0] = '\0';
        assert_true(rl_learner_load(l, bytes, n, why, sizeof why) < 0);
        assert_true(strlen(why) > 0);
        bytes[at] ^= 0x20;
    }
    for (size_t cut = 0; cut < n; cut += 5021)
        assert_true(rl_learner_load(l, bytes, cut, why, sizeof why) < 0);
    assert_int_equal(rl_learner_load(l, bytes, n, why, sizeof why), 0);
    /* another agent, network, reward */
    struct rl_learner_config other = c;
    other.agent.net.hidden = 16;
    struct rl_learner *l2 = learner_make(&other);
    assert_true(rl_learner_load(l2, bytes, n, why, sizeof why) < 0);
    assert_non_null(strstr(why, "network"));
    rl_learner_free(l2);
    other = c;
    other.agent.reward_profile = RL_REWARD_SIMPLE;
    l2 = learner_make(&other);
    assert_true(rl_learner_load(l2, bytes, n, why, sizeof why) < 0);
    assert_non_null(strstr(why, "artefact"));
    rl_learner_free(l2);
    /* transitions with impossible fields */
    struct rl_state s = {{0}};
    struct rng rng;
    rng_seed(&rng, 1);
    struct rl_transition t = play(&s, 1, 0, &rng);
    t.reward = NAN;
    assert_int_equal(rl_learner_add(l, &t), ERR_RANGE);
    t = play(&s, 1, 0, &rng);
    t.action = 5;
    assert_int_equal(rl_learner_add(l, &t), ERR_RANGE);
    t = play(&s, 1, 0, &rng);
    t.s.window[3] = 200;
    assert_int_equal(rl_learner_add(l, &t), ERR_RANGE);
    struct rl_learner_stats st;
    rl_learner_get_stats(l, &st);
    assert_int_equal(st.rejected, 3);
    buf_done(&b);
    rl_learner_free(l);
}

/* A learning rate that blows up is caught, the last good policy comes back. */
static void rescues(void **state)
{
    (void)state;
    struct rl_learner_config c = config();
    c.agent.lr = 1;
    c.agent.clip_norm = 0;
    c.agent.huber = false;
    c.agent.gamma = 0.99f;
    c.explode = 10;
    struct rl_learner *l = learner_make(&c);
    feed(l, 2000, 5);
    struct rl_learner_stats st;
    rl_learner_get_stats(l, &st);
    assert_true(st.rescued > 0);
    float q[5];
    struct buf b;
    void *mem;
    buf_init(&b, NN_CKPT_MAX);
    assert_int_equal(rl_learner_rollback(l), 0);
    assert_int_equal(rl_learner_snapshot(l, &b), 0);
    rl_policy_values(open_policy(&b, &mem), &(struct rl_state){{0}}, q);
    for (int a = 0; a < 5; a++)
        assert_true(isfinite(q[a]));
    free(mem);
    buf_done(&b);
    rl_learner_free(l);
}

static void freezes(void **state)
{
    (void)state;
    const struct rl_learner_config c = config();
    struct rl_learner *l = learner_make(&c);
    struct buf b;
    void *mem;
    buf_init(&b, NN_CKPT_MAX);
    feed(l, 300, 2);
    rl_learner_freeze(l, true);
    struct rl_learner_stats before, after;
    rl_learner_get_stats(l, &before);
    feed(l, 300, 3);
    rl_learner_get_stats(l, &after);
    assert_int_equal(before.agent.steps, after.agent.steps);
    assert_int_equal(after.accepted, 600);
    assert_int_equal(rl_learner_snapshot(l, &b), 0);
    const struct rl_policy *p = open_policy(&b, &mem);
    struct rng rng;
    rng_seed(&rng, 1);
    for (int i = 0; i < 50; i++) {
        struct rl_decision d;
        rl_policy_decide(p, &(struct rl_state){{0, 0, 0, 0, 0, 0, 0, 0, 0, 7}}, &rng, &d);
        assert_int_equal(d.explored, 0);
        assert_float_equal(d.propensity, 1, 0);
    }
    free(mem);
    buf_done(&b);
    rl_learner_free(l);
}

/* Every agent can learn, publish, save and come back. */
static void all_agents(void **state)
{
    (void)state;
    for (size_t i = 0; rl_agent_name(i); i++) {
        struct rl_learner_config c = {0};
        const char *profile = strcmp(rl_agent_name(i), "dqn") == 0 ? "small" : "";
        assert_int_equal(rl_agent_defaults(&c.agent, rl_agent_name(i), profile), 0);
        c.agent.order = 1;
        c.agent.observe = 0;
        struct rl_learner *l = learner_make(&c), *l2 = learner_make(&c);
        struct buf b, x;
        char why[128] = "";
        buf_init(&b, NN_CKPT_MAX);
        buf_init(&x, NN_CKPT_MAX);
        feed(l, 1200, 11);
        assert_int_equal(rl_learner_save(l, &b), 0);
        assert_int_equal(rl_learner_load(l2, buf_ptr(&b), buf_len(&b), why, sizeof why), 0);
        rl_learner_freeze(l, true);
        rl_learner_freeze(l2, true);
        assert_int_equal(rl_learner_snapshot(l, &b), 0);
        assert_int_equal(rl_learner_snapshot(l2, &x), 0);
        void *m1, *m2;
        const struct rl_policy *p = open_policy(&b, &m1), *p2 = open_policy(&x, &m2);
        for (int code = 6; code <= 8; code++) {
            const struct rl_state s = {{7, 8, 6, 7, 8, 7, 6, 7, 8, (uint8_t)code}};
            float q[5], q2[5];
            rl_policy_values(p, &s, q);
            rl_policy_values(p2, &s, q2);
            assert_memory_equal(q, q2, sizeof q);
            if (strcmp(c.agent.agent, "random") == 0 || strcmp(c.agent.agent, "allow") == 0)
                continue;
            const int want = right_action((uint8_t)code);
            for (int a = 0; a < 5; a++)
                assert_true(a == want || q[a] < q[want]);
        }
        free(m1);
        free(m2);
        buf_done(&b);
        buf_done(&x);
        rl_learner_free(l);
        rl_learner_free(l2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_and_publishes),
        cmocka_unit_test(resumes),
        cmocka_unit_test(refuses),
        cmocka_unit_test(rescues),
        cmocka_unit_test(freezes),
        cmocka_unit_test(all_agents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
