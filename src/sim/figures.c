/* figures.c -- training loss, three ways.
 *
 *   as published   the paper's agent, told what the original code told itself:
 *                  the state after the command in place of the one before,
 *                  downloads as ends of an episode, and commands drawn at
 *                  random whatever the answer was
 *   paper          the same agent and reward, told the truth
 *   standard       target network, double estimate, scaled rewards
 *
 * A loss says how well targets are predicted, not how good a policy is: the
 * published curve falls, or stays, while nothing is learnt about the actions.
 * The printed table therefore measures each policy.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/figures.h"
#include "base/str.h"
#include "sim/plot.h"

#include <math.h>
#include <stdio.h>

enum { STEPS_MAX = 20000, CURVES = 3 };

struct curve {
    const char *name, *profile, *colour;
    bool defects;
    struct rl_agent *agent;
    struct rng words; /* of the random commands */
    size_t n;
    double *step, *loss;
};

/* What the original learnt from. */
static struct rl_transition as_published(struct curve *c, const struct rl_transition *t,
                                         int profile)
{
    struct rl_transition bad = *t;
    const struct rl_vocab *v = rl_vocab_find("legacy57");
    const uint8_t code = (uint8_t)(1 + rng_below(&c->words, 57));
    bad.next = t->s;
    rl_state_push(&bad.next, code);
    struct rl_outcome o = {.action = t->action,
                           .class = RL_CLASS_PLAIN,
                           .next_class = (uint8_t)rl_vocab_class(v, code),
                           .next_found = code < 57,
                           .ended = code == 56};
    bad.reward = rl_reward(profile, &o);
    bad.s = bad.next;
    bad.done = fabsf(bad.reward) == 500;
    return bad;
}

struct told {
    struct curve *c;
    int profile, failed;
};

static void decide(void *ctx, const struct rl_state *s, int node, struct rng *rng,
                   struct rl_decision *d)
{
    (void)node;
    rl_agent_act(((struct told *)ctx)->c->agent, s, true, rng, d);
}

static void told(void *ctx, const struct rl_transition *t)
{
    struct told *x = ctx;
    struct curve *c = x->c;
    const struct rl_transition use = c->defects ? as_published(c, t, x->profile) : *t;
    rl_agent_observe(c->agent, &use);
    for (int rc; (rc = rl_agent_update(c->agent)) != 0;) {
        struct rl_agent_stats st;
        rl_agent_get_stats(c->agent, &st);
        if (rc < 0 || c->n == STEPS_MAX) {
            x->failed = rc;
            return;
        }
        c->step[c->n] = (double)st.steps;
        c->loss[c->n++] = st.loss * st.unit * st.unit; /* squared reward units for all */
    }
}

static bool run(struct curve *c, const struct sim_options *o, const struct sim_game *g,
                struct sim_progress *bar)
{
    struct sim_options mine = *o;
    struct rl_agent_config cfg;
    mine.profile = c->profile;
    if (!sim_options_agent(&mine, "dqn", &cfg))
        return false;
    cfg.observe = 200;
    cfg.update_every = 1;
    c->agent = rl_agent_new(&cfg);
    c->step = x_calloc(STEPS_MAX, sizeof *c->step);
    c->loss = x_calloc(STEPS_MAX, sizeof *c->loss);
    if (!c->agent || !c->step || !c->loss)
        return false;
    c->words = rng_named(o->seed, "random commands");
    struct told x = {c, g->reward_profile, 0};
    const struct sim_player p = {decide, told, &x};
    struct sim_score score = {0};
    struct rng rng = rng_named(o->seed, "attackers");
    uint64_t done = 0;
    for (uint64_t i = 0; done < o->commands && !x.failed; i++) {
        done += (uint64_t)sim_play(g, &p, i, &rng, &score);
        sim_progress_at(bar, done, c->name);
    }
    return x.failed == 0;
}

/* A moving mean, as the paper's plots have. */
static void smooth(double *y, size_t n)
{
    double mean = n ? y[0] : 0;
    for (size_t i = 0; i < n; i++) {
        mean += 0.02 * (y[i] - mean);
        y[i] = mean;
    }
}

static bool write_csv(const char *path, const struct curve *c)
{
    FILE *f = fopen(path, "we");
    if (!f)
        return false;
    fprintf(f, "step,variant,loss\n");
    for (int k = 0; k < CURVES; k++)
        for (size_t i = 0; i < c[k].n; i++)
            fprintf(f, "%.0f,%s,%.6g\n", c[k].step[i], c[k].name, c[k].loss[i]);
    return fclose(f) == 0;
}

int sim_figure(const struct sim_options *o, int figure)
{
    struct curve c[CURVES] = {
        {"as published", "paper", "#c0392b", true, NULL, {{0}}, 0, NULL, NULL},
        {"paper", "paper", "#1f4e8c", false, NULL, {{0}}, 0, NULL, NULL},
        {"standard", "standard", "#2e8b57", false, NULL, {{0}}, 0, NULL, NULL},
    };
    struct sim_options mine = *o;
    mine.reward = figure == 7 ? "simple" : "complex";
    mine.commands = o->commands > STEPS_MAX ? 2200 : o->commands;
    struct sim_world *w = x_calloc(1, sizeof *w);
    struct sim_game g;
    char path[4096];
    int status = 1;
    if (!w || !sim_options_game(&mine, w, &g))
        goto out;
    printf("%-14s %16s %18s %16s\n", "variant", "last mean loss", "return a session",
           "files a session");
    for (int k = 0; k < CURVES; k++) {
        struct sim_progress bar;
        sim_progress_begin(&bar, "training", mine.commands, o->quiet);
        const bool ok = run(&c[k], &mine, &g, &bar);
        sim_progress_end(&bar);
        if (!ok)
            goto out;
        smooth(c[k].loss, c[k].n);
        const struct sim_player p = sim_player_agent(c[k].agent);
        const struct sim_score s = sim_measure(&g, &p, 1000, 77);
        printf("%-14s %16.4g %18.1f %16.3f\n", c[k].name, c[k].n ? c[k].loss[c[k].n - 1] : 0,
               s.value / s.sessions, s.artefacts / s.sessions);
    }
    str_fmt(path, sizeof path, "%s/fig%d.csv", o->out, figure);
    if (!write_csv(path, c))
        goto out;
    str_fmt(path, sizeof path, "%s/fig%d.svg", o->out, figure);
    char title[64];
    str_fmt(title, sizeof title, "Training loss, %s reward", mine.reward);
    struct plot_curve curves[CURVES];
    for (int k = 0; k < CURVES; k++)
        curves[k] = (struct plot_curve){c[k].name, c[k].colour, c[k].step, c[k].loss, c[k].n};
    status = plot_curves(path, &(struct plot_text){title, "training step", "loss"}, curves, CURVES,
                         true) == 0
                 ? 0
                 : 1;
out:
    if (status)
        fprintf(stderr, "qrassh experiment: figure %d failed\n", figure);
    for (int k = 0; k < CURVES; k++) {
        rl_agent_free(c[k].agent);
        x_free(c[k].step);
        x_free(c[k].loss);
    }
    x_free(w);
    return status;
}
