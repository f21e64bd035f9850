/* test_decide.c -- what a sensor uses: vocabulary, window, episode, choice,
 * snapshot.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/infer.h"
#include "rl/episode.h"
#include "rl/policy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct rl_vocab *ext, *old;

static int code(const struct rl_vocab *v, const char *word)
{
    return rl_vocab_code(v, word).code;
}

static struct rl_command line(const char *text)
{
    static char copy[256];
    const char *argv[16];
    int argc = 0;
    strncpy(copy, text, sizeof copy - 1);
    for (char *p = copy; *p && argc < 16;) {
        argv[argc++] = p;
        p += strcspn(p, " ");
        if (*p)
            *p++ = '\0';
    }
    return rl_vocab_command(ext, argc, argv);
}

static void vocabularies(void **state)
{
    (void)state;
    assert_int_equal(rl_vocab_size(old), 58); /* 57 codes and padding */
    assert_true(rl_vocab_size(ext) <= 100);
    assert_true(rl_vocab_hash(ext) != rl_vocab_hash(old));
    /* the paper's table, a few places */
    assert_int_equal(code(old, "adduser"), 1);
    assert_int_equal(code(old, "wget"), 33);
    assert_int_equal(code(old, "sftp"), 55);
    assert_int_equal(code(old, "exit"), 56);
    assert_int_equal(code(old, "logout"), 56);
    assert_int_equal(code(old, "cd"), 57);
    assert_int_equal(rl_vocab_code(old, "mount").class, RL_CLASS_DOWNLOAD);
    assert_int_equal(rl_vocab_code(old, "nmap").class, RL_CLASS_HACK);
    /* the extended one tells the basics apart */
    static const char *const basics[] = {"cd", "cat", "echo", "rm", "ls", "ps", "chmod", "w", "id"};
    for (size_t i = 0; i < sizeof basics / sizeof *basics; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(code(ext, basics[i]), code(ext, basics[j]));
    assert_int_equal(rl_vocab_code(ext, "masscan").class, RL_CLASS_HACK);
    assert_int_equal(rl_vocab_code(ext, "set").class, RL_CLASS_PLAIN);
    for (int c = 1; c < (int)rl_vocab_size(ext); c++) { /* no hole, words find themselves */
        const char *word = rl_vocab_word(ext, c);
        assert_true(*word);
        if (word[0] != '(')
            assert_int_equal(code(ext, word), c);
    }
    assert_string_equal(rl_vocab_word(ext, 0), "");
    assert_string_equal(rl_vocab_word(ext, 200), "");
}

static void words(void **state)
{
    (void)state;
    const int wget = code(ext, "wget"), custom = code(ext, "./x"), unknown = code(ext, "lkjhasd");
    assert_int_not_equal(custom, unknown);
    assert_int_equal(code(ext, "WGet"), wget);
    assert_int_equal(code(ext, "/usr/bin/wget"), wget);
    assert_int_equal(code(ext, "/bin/./uname"), code(ext, "uname"));
    assert_int_equal(code(ext, "/tmp/wget"), custom);
    assert_int_equal(code(ext, "./wget"), custom);
    assert_int_equal(code(ext, "/usr/bin/../../tmp/wget"), custom);
    assert_int_equal(code(ext, "(custom)"), unknown); /* nobody types a class */
    assert_int_equal(code(ext, "/ip"), code(ext, "/system"));
    assert_int_equal(code(ext, ""), code(ext, ""));
    char longest[70000];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(code(ext, longest), unknown);
    assert_int_equal(code(ext, "\xff\xfe\n\x01"), unknown);
}

static void wrappers(void **state)
{
    (void)state;
    const int wget = code(ext, "wget");
    assert_int_equal(line("wget -q x").code, wget);
    assert_int_equal(line("/bin/busybox wget x").code, wget);
    assert_int_equal(line("busybox").code, code(ext, "busybox"));
    assert_string_equal(rl_vocab_word(ext, line("/bin/busybox ECCHI").code), "(probe)");
    assert_int_equal(line("sudo wget x").code, wget);
    assert_int_equal(line("sudo -u root wget x").code, wget);
    assert_int_equal(line("sudo -n nohup /usr/bin/wget x").code, wget);
    assert_int_equal(line("sudo").code, code(ext, "sudo"));
    assert_int_equal(line("sudo -l").code, code(ext, "sudo"));
    assert_int_equal(line("env LC_ALL=C wget x").code, wget);
    assert_int_equal(line("timeout 5 wget x").code, wget);
    assert_int_equal(line("timeout -s 9 5s wget x").code, wget);
    assert_int_equal(line("nice -n 19 ./x").class, RL_CLASS_CUSTOM);
    assert_string_equal(rl_vocab_word(ext, rl_vocab_command(ext, 0, NULL).code), "(empty)");
    assert_int_equal(line("sudo sudo sudo sudo sudo sudo sudo").code, code(ext, "sudo"));
}

static void window(void **state)
{
    (void)state;
    struct rl_state s;
    rl_state_init(&s);
    for (uint8_t i = 1; i <= 13; i++)
        rl_state_push(&s, i);
    for (int i = 0; i < RL_WINDOW; i++)
        assert_int_equal(s.window[i], 4 + i); /* a real shift: oldest first */
    rl_state_init(&s);
    rl_state_push(&s, 9);
    assert_int_equal(s.window[9], 9);
    assert_int_equal(s.window[8], 0);
}

static struct rl_decision decision(int action)
{
    return (struct rl_decision){.action = (uint8_t)action, .propensity = 0.5f, .policy_version = 7};
}

static void episode_order(void **state)
{
    (void)state;
    struct rl_episode e;
    struct rl_transition t;
    struct rl_decision d = decision(RL_FAKE);
    rl_episode_begin(&e, 99, RL_REWARD_COMPLEX);
    assert_false(rl_episode_end(&e, 0, &t)); /* nothing happened */
    rl_episode_begin(&e, 99, RL_REWARD_COMPLEX);
    assert_false(rl_episode_command(&e, rl_vocab_code(ext, "uname"), true, 1, 1000000, &t));
    rl_episode_decided(&e, &d);
    rl_episode_delayed(&e, 500000);
    d = decision(RL_ALLOW);
    assert_true(rl_episode_command(&e, rl_vocab_code(ext, "wget"), true, 2, 3000000, &t));
    rl_episode_decided(&e, &d);
    assert_true(rl_transition_valid(&t));
    assert_int_equal(t.action, RL_FAKE); /* the download is credited to the fake */
    assert_float_equal(t.reward, 500, 0);
    assert_int_equal(t.s.window[9], code(ext, "uname")); /* s and s' are different things */
    assert_int_equal(t.s.window[8], 0);
    assert_int_equal(t.next.window[9], code(ext, "wget"));
    assert_int_equal(t.next.window[8], code(ext, "uname"));
    assert_int_equal(t.step, 0);
    assert_int_equal(t.done, 0);
    assert_int_equal(t.policy_version, 7);
    assert_float_equal(t.outcome.wait_s, 1.5, 1e-6); /* without our own delay */
    assert_float_equal(t.outcome.novelty, 1, 0);
    /* an unknown command: -200 for the allow of wget; a repeated text is old */
    assert_true(rl_episode_command(&e, rl_vocab_code(ext, "qqq"), false, 2, 4000000, &t));
    d = decision(RL_BLOCK);
    rl_episode_decided(&e, &d);
    assert_float_equal(t.reward, -200, 0);
    assert_int_equal(t.done, 0); /* a download does not end an episode */
    assert_float_equal(t.outcome.novelty, 0, 0);
    /* the connection is cut: -500, once */
    assert_true(rl_episode_end(&e, 5000000, &t));
    assert_int_equal(t.done, 1);
    assert_int_equal(t.action, RL_BLOCK);
    assert_float_equal(t.reward, -500, 0);
    assert_int_equal(t.step, 2);
    assert_false(rl_episode_end(&e, 5000000, &t));
}

static void episode_exit(void **state)
{
    (void)state;
    struct rl_episode e;
    struct rl_transition t;
    const struct rl_decision d = decision(RL_ALLOW);
    rl_episode_begin(&e, 1, RL_REWARD_SIMPLE);
    assert_false(rl_episode_command(&e, rl_vocab_code(ext, "exit"), true, 1, 0, &t));
    rl_episode_decided(&e, &d); /* exit first: nothing to learn, nothing left over */
    assert_false(rl_episode_end(&e, 0, &t));
    rl_episode_begin(&e, 2, RL_REWARD_SIMPLE);
    rl_episode_command(&e, rl_vocab_code(ext, "ls"), true, 1, 0, &t);
    rl_episode_decided(&e, &d);
    assert_true(rl_episode_command(&e, rl_vocab_code(ext, "logout"), true, 2, 0, &t));
    assert_int_equal(t.done, 1);
    assert_float_equal(t.reward, -500, 0);
    rl_episode_decided(&e, &d);
    assert_false(rl_episode_end(&e, 0, &t)); /* paid once */
}

static void episode_artefacts(void **state)
{
    (void)state;
    struct rl_episode e;
    struct rl_transition t;
    const struct rl_decision d = decision(RL_ALLOW);
    rl_episode_begin(&e, 1, RL_REWARD_ARTEFACT);
    rl_episode_artefact(&e); /* before any command: nobody's */
    rl_episode_command(&e, rl_vocab_code(ext, "wget"), true, 1, 0, &t);
    rl_episode_decided(&e, &d);
    rl_episode_artefact(&e);
    assert_true(rl_episode_command(&e, rl_vocab_code(ext, "chmod"), true, 2, 0, &t));
    assert_float_equal(t.reward, 500, 0);
    rl_episode_decided(&e, &d);
    assert_true(rl_episode_end(&e, 0, &t));
    assert_float_equal(t.reward, -500, 0);
}

static void rewards(void **state)
{
    (void)state;
    const struct rl_outcome download = {.action = RL_ALLOW,
                                        .class = RL_CLASS_DOWNLOAD,
                                        .next_class = RL_CLASS_PLAIN,
                                        .next_found = 1,
                                        .wait_s = 2,
                                        .novelty = 1};
    struct rl_outcome o = download;
    assert_float_equal(rl_reward(RL_REWARD_SIMPLE, &o), 0, 0);
    assert_float_equal(rl_reward(RL_REWARD_DOWLING, &o), 1, 0);
    assert_float_equal(rl_reward(RL_REWARD_HELIZA, &o), 4, 0);
    assert_float_equal(rl_reward(RL_REWARD_ASGARD, &o), 1, 0);
    o.action = RL_BLOCK;
    assert_float_equal(rl_reward(RL_REWARD_ASGARD, &o), 0, 0);
    o.class = RL_CLASS_CUSTOM;
    assert_float_equal(rl_reward(RL_REWARD_ASGARD, &o), 1, 0);
    o.action = RL_ALLOW;
    assert_float_equal(rl_reward(RL_REWARD_ASGARD, &o), -1, 0);
    o.next_class = RL_CLASS_HACK;
    assert_float_equal(rl_reward(RL_REWARD_COMPLEX, &o), 200, 0);
    assert_float_equal(rl_reward(RL_REWARD_SIMPLE, &o), 0, 0);
    o.wait_s = INFINITY;
    assert_true(isfinite(rl_reward(RL_REWARD_HELIZA, &o)));
    for (int p = 0; p < RL_REWARD_COUNT; p++)
        assert_int_equal(rl_reward_find(rl_reward_name(p)), p);
    assert_int_equal(rl_reward_find("nothing"), -1);
}

/* Pearson's chi-squared of n draws against the probabilities told. */
static double chi2(const struct rl_decision *d, const int *hits, int n)
{
    double sum = 0;
    for (int a = 0; a < RL_ACTION_COUNT; a++) {
        const double want = n * (double)d->probs[a];
        if (want > 0)
            sum += (hits[a] - want) * (hits[a] - want) / want;
        else
            assert_int_equal(hits[a], 0);
    }
    return sum;
}

static void propensities(void **state)
{
    (void)state;
    enum { N = 40000 };
    const struct rl_explore kinds[] = {
        {RL_EXPLORE_EPSILON, 0.1f, 1, 0, 0},    {RL_EXPLORE_EPSILON, 1, 1, 0, 0},
        {RL_EXPLORE_BOLTZMANN, 0.05f, 2, 0, 0}, {RL_EXPLORE_BOLTZMANN, 0, 1, 0, 0},
        {RL_EXPLORE_UCB, 0.2f, 1, 1, 0},        {RL_EXPLORE_GREEDY, 0.5f, 1, 0, 0},
    };
    const uint32_t counts[5] = {10, 20, 5, 100, 7};
    struct rng rng;
    rng_seed(&rng, 12);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        int hits[5] = {0};
        struct rl_decision d = {.q = {1, 2, 3, 2.5f, -1}};
        rl_explore_decide(&kinds[k], counts, &d, &rng);
        float sum = 0;
        for (int a = 0; a < 5; a++)
            sum += d.probs[a];
        assert_float_equal(sum, 1, 1e-6);
        for (int i = 0; i < N; i++) {
            rl_explore_decide(&kinds[k], counts, &d, &rng);
            hits[d.action]++;
            assert_float_equal(d.propensity, d.probs[d.action], 1e-6);
            assert_int_equal(d.explored, d.action != 2);
        }
        assert_true(chi2(&d, hits, N) < 18.5); /* 4 degrees of freedom, p = .001 */
    }
    const struct rl_explore careful = {RL_EXPLORE_GREEDY, 0, 1, 0, 5};
    struct rl_decision near = {.q = {100, 90, 104, 0, 0}}, far = {.q = {100, 90, 106, 0, 0}};
    rl_explore_decide(&careful, NULL, &near, &rng);
    rl_explore_decide(&careful, NULL, &far, &rng);
    assert_int_equal(near.action, RL_ALLOW); /* in doubt, as a real server */
    assert_int_equal(near.explored, 0);
    assert_int_equal(far.action, RL_FAKE);
    struct rl_decision d = {.q = {NAN, -INFINITY, NAN, INFINITY, 0}}; /* never trips */
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        rl_explore_decide(&kinds[k], NULL, &d, &rng);
        assert_true(d.action < 5);
    }
}

static void builtin(void **state)
{
    (void)state;
    struct rng rng;
    struct rl_decision d;
    struct rl_state s;
    rng_seed(&rng, 4);
    rl_state_init(&s);
    for (int a = 0; a < RL_ACTION_COUNT; a++) {
        rl_policy_decide(rl_policy_builtin(rl_action_name(a)), &s, &rng, &d);
        assert_int_equal(d.action, a);
        assert_float_equal(d.propensity, 1, 0);
    }
    int seen[5] = {0};
    for (int i = 0; i < 2000; i++) {
        rl_policy_decide(rl_policy_builtin("random"), &s, &rng, &d);
        seen[d.action]++;
        assert_float_equal(d.propensity, 0.2, 1e-6);
    }
    for (int a = 0; a < 5; a++) /* all five, block too */
        assert_true(seen[a] > 300);
    assert_null(rl_policy_builtin("dqn"));
    assert_string_equal(rl_vocab_name(rl_policy_vocab(rl_policy_builtin("allow"))), "extended");
}

static int opens(const uint8_t *mem, size_t n)
{
    const struct rl_policy *p;
    return rl_policy_open(mem, n, &p);
}

/* The snapshot of a network gives what the network gives, and damage shows. */
static void snapshots(void **state)
{
    (void)state;
    struct nn_config c;
    assert_int_equal(nn_config_find("paper", &c), 0);
    const size_t n = nn_net_layout(&c).total, folded_n = nn_infer_size(&c);
    float *w = calloc(n, sizeof *w), *folded = calloc(folded_n, sizeof *folded);
    struct rng rng;
    rng_seed(&rng, 21);
    nn_net_init(&c, w, &rng);
    for (size_t i = 0; i < n; i++)
        w[i] += 0.05f * (float)rng_normal(&rng);
    nn_infer_fold(&c, w, folded);
    struct rl_policy head = {.version = 5,
                             .body = RL_BODY_NET,
                             .net = c,
                             .value_scale = 500,
                             .vocab = "extended",
                             .agent = "dqn",
                             .vocab_hash = rl_vocab_hash(ext),
                             .order = 1,
                             .explore = {RL_EXPLORE_EPSILON, 0.1f, 1, 0, 0}};
    struct buf b;
    buf_init(&b, 1 << 24);
    assert_int_equal(rl_policy_write(&b, &head, folded, folded_n * sizeof *folded), 0);
    const size_t size = buf_len(&b);
    uint8_t *mem = aligned_alloc(64, (size + 63) & ~(size_t)63);
    memcpy(mem, buf_ptr(&b), size);
    const struct rl_policy *p;
    assert_int_equal(rl_policy_open(mem, size, &p), 0);
    struct nn_work *k = nn_work_new(&c, 1);
    for (int i = 0; i < 50; i++) {
        struct rl_state s;
        rl_state_init(&s);
        const int filled = (int)rng_below(&rng, RL_WINDOW + 1);
        for (int j = 0; j < filled; j++)
            rl_state_push(&s, (uint8_t)rng_below(&rng, 100));
        float q[5];
        rl_policy_values(p, &s, q);
        const float *want = nn_net_forward(&c, w, k, s.window, 1, NULL);
        for (int a = 0; a < 5; a++)
            assert_true(fabsf(q[a] - 500 * want[a]) < 500 * 2e-5f * (1 + fabsf(want[a])));
    }
    for (size_t at = 0; at < size; at += at < 400 ? 1 : 40009) { /* any damage */
        mem[at] ^= 1;
        assert_true(opens(mem, size) < 0);
        mem[at] ^= 1;
    }
    for (size_t cut = 0; cut < size; cut += 30011)
        assert_true(opens(mem, cut) < 0);
    assert_int_equal(opens(mem, size), 0);
    nn_work_free(k);
    buf_done(&b);
    free(mem);
    free(w);
    free(folded);
}

int main(void)
{
    ext = rl_vocab_find("extended");
    old = rl_vocab_find("legacy57");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vocabularies),      cmocka_unit_test(words),
        cmocka_unit_test(wrappers),          cmocka_unit_test(window),
        cmocka_unit_test(episode_order),     cmocka_unit_test(episode_exit),
        cmocka_unit_test(episode_artefacts), cmocka_unit_test(rewards),
        cmocka_unit_test(propensities),      cmocka_unit_test(builtin),
        cmocka_unit_test(snapshots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
