/* cmd_experiment.c -- qrassh experiment: compare, fig7, fig8.
 *
 * Writes CSV and SVG files side by side, and a summary to standard output.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/str.h"
#include "sim/figures.h"
#include "sim/gate44.h"
#include "sim/load.h"
#include "sim/options.h"
#include "sim/plot.h"
#include "sim/sim.h"
#include "sim/sweep.h"

#include <stdio.h>
#include <sys/stat.h>

enum { SEEDS_MAX = 256 };

/* What is compared: learners by name, players that do not learn. */
static const struct {
    const char *name, *agent;
    int fixed; /* an action, or FIXED_RULE */
} rows[] = {
    {"optimum", NULL, -2},
    {"best by command", NULL, -3},
    {"rule of thumb", NULL, -1},
    {"always allow", NULL, RL_ALLOW},
    {"always delay", NULL, RL_DELAY},
    {"always fake", NULL, RL_FAKE},
    {"always insult", NULL, RL_INSULT},
    {"always block", NULL, RL_BLOCK},
    {"random", "random", 0},
    {"bandit", "bandit", 0},
    {"Q-learning", "qlearning", 0},
    {"SARSA", "sarsa", 0},
    {"Expected SARSA", "esarsa", 0},
    {"SARSA(lambda)", "sarsa-lambda", 0},
    {"DQN", "dqn", 0},
};
enum { ROWS = sizeof rows / sizeof *rows };

struct compare {
    struct sim_options o;
    struct sim_world world;
    struct sim_game game;
    double best, chance; /* exact values of the optimum and of chance */
    int optimal[SIM_NODES_MAX];
    int memoryless[SIM_NODES_MAX]; /* the best that sees only what is typed */
};

/* The exact ends of the scale. */
static bool solve(struct compare *c)
{
    struct mdp m;
    double v[SIM_NODES_MAX], pi[SIM_NODES_MAX * SIM_ACTIONS];
    if (sim_world_mdp(&c->world, c->game.reward_profile, c->game.gamma, &m) != 0)
        return false;
    bool ok = mdp_solve(&m, 1e-9, v, c->optimal) > 0;
    c->best = c->chance = 0;
    for (size_t s = 0; s < c->world.count; s++)
        c->best += c->world.start[s] * v[s];
    int group[SIM_NODES_MAX], choice[SIM_PHASES * 4];
    for (size_t s = 0; s < c->world.count; s++)
        group[s] = c->world.node[s].phase * 4 +
                   (c->world.node[s].phase == SIM_DOWNLOAD ? c->world.node[s].tool : 0);
    mdp_best_grouped(&m, c->world.start, group, SIM_PHASES * 4, choice);
    for (size_t s = 0; s < c->world.count; s++)
        c->memoryless[s] = choice[group[s]];
    for (size_t i = 0; i < c->world.count * SIM_ACTIONS; i++)
        pi[i] = 1.0 / SIM_ACTIONS;
    ok = ok && mdp_evaluate(&m, pi, 1e-9, v) >= 0;
    for (size_t s = 0; s < c->world.count; s++)
        c->chance += c->world.start[s] * v[s];
    mdp_done(&m);
    return ok;
}

/* Settings of a learner in a comparison: enough exploration for the budget. */
static bool learner(const struct compare *c, const char *name, uint64_t seed,
                    struct rl_agent_config *out)
{
    struct sim_options o = c->o;
    o.seed = seed;
    if (!sim_options_agent(&o, name, out))
        return false;
    out->gamma = str_eq(name, "bandit") ? 0 : (float)c->game.gamma;
    out->order = c->o.open ? 1 : 2;
    if (str_eq(name, "dqn")) {
        out->update_every = 4;
        out->eps_steps = (uint32_t)(c->o.commands / out->update_every * 2 / 3);
        out->eps_end = 0.1f;
        out->lr_end = 0.0001f;
    } else if (!str_eq(name, "random") && !str_eq(name, "bandit")) {
        out->alpha = 0.2f;
        out->alpha_hold = 30;
        out->eps_start = 1;
        out->eps_end = 0.2f;
        out->eps_steps = (uint32_t)(c->o.commands * 2 / 3);
    }
    return true;
}

static bool play(struct compare *c, size_t row, uint64_t seed, struct sim_score *score)
{
    const struct sim_game *g = &c->game;
    struct sim_player p;
    struct rl_agent *a = NULL;
    if (rows[row].agent) {
        struct rl_agent_config cfg;
        if (!learner(c, rows[row].agent, seed, &cfg) || !(a = rl_agent_new(&cfg)))
            return false;
        if (sim_train(g, a, c->o.commands, seed, NULL, NULL) != 0) {
            rl_agent_free(a);
            return false;
        }
        p = str_eq(rows[row].agent, "random") ? sim_player_builtin("random") : sim_player_agent(a);
    } else if (rows[row].fixed == -2) {
        p = sim_player_optimal(c->optimal);
    } else if (rows[row].fixed == -3) {
        p = sim_player_optimal(c->memoryless);
    } else if (rows[row].fixed == -1) {
        p = sim_player_rule(&c->world);
    } else {
        p = sim_player_builtin(rl_action_name(rows[row].fixed));
    }
    *score = sim_measure(g, &p, c->o.sessions, 1000 + seed); /* paired across rows */
    rl_agent_free(a);
    return true;
}

static bool compare_row(struct compare *c, size_t row, FILE *csv, struct stats *fraction,
                        struct sim_progress *bar)
{
    double f[SEEDS_MAX], artefacts[SEEDS_MAX], commands[SEEDS_MAX];
    const size_t n = c->o.seeds;
    for (size_t i = 0; i < n; i++) {
        struct sim_score s;
        if (!play(c, row, c->o.seed + i, &s))
            return false;
        f[i] = (s.value / s.sessions - c->chance) / (c->best - c->chance);
        artefacts[i] = s.artefacts / s.sessions;
        commands[i] = s.commands / s.sessions;
        fprintf(csv, "%s,%zu,%.4f,%.5f,%.5f,%.4f\n", rows[row].name, (size_t)c->o.seed + i,
                s.value / s.sessions, f[i], artefacts[i], commands[i]);
        sim_progress_at(bar, row * n + i + 1, rows[row].name);
    }
    *fraction = stats_of(f, n, 1);
    const struct stats files = stats_of(artefacts, n, 2), length = stats_of(commands, n, 3);
    sim_progress_end(bar);
    printf("%-16s %7.3f [%6.3f %6.3f]  (%6.3f %6.3f) %9.3f %9.2f\n", rows[row].name,
           fraction->median, fraction->q1, fraction->q3, fraction->low, fraction->high,
           files.median, length.median);
    fflush(stdout);
    return true;
}

static int compare(const struct sim_options *o)
{
    struct compare *c = x_calloc(1, sizeof *c);
    struct plot_bar bars[ROWS];
    char csv_path[4096], svg_path[4096];
    int status = 2;
    FILE *csv = NULL;
    if (!c)
        return 1;
    c->o = *o;
    c->o.seeds = o->seeds > SEEDS_MAX ? SEEDS_MAX : o->seeds ? o->seeds : 1;
    if (!sim_options_game(o, &c->world, &c->game))
        goto out;
    status = 1;
    if (!solve(c) || !str_fmt(csv_path, sizeof csv_path, "%s/compare.csv", o->out) ||
        !str_fmt(svg_path, sizeof svg_path, "%s/compare.svg", o->out) ||
        !(csv = fopen(csv_path, "we"))) {
        fprintf(stderr, "qrassh experiment: cannot write below %s\n", o->out);
        goto out;
    }
    printf("world %s (%s), reward %s, gamma %.2f, %llu commands to learn, %llu seeds\n"
           "exact return of a session: optimum %.2f, chance %.2f\n\n"
           "%-16s %7s %-16s %-18s %8s %9s\n",
           o->world, o->open ? "open" : "hidden: the optimum knows who attacks", o->reward,
           c->game.gamma, (unsigned long long)o->commands, (unsigned long long)c->o.seeds, c->best,
           c->chance, "policy", "share", " [quartiles]", " (95 % of median)", "files", "commands");
    fprintf(csv, "policy,seed,return,fraction_of_optimum,files_per_session,commands_per_session\n");
    struct sim_progress bar;
    sim_progress_begin(&bar, "comparing", ROWS * c->o.seeds, o->quiet);
    for (size_t r = 0; r < ROWS; r++) {
        bars[r].name = rows[r].name;
        if (!compare_row(c, r, csv, &bars[r].s, &bar))
            goto out;
    }
    sim_progress_end(&bar);
    const struct plot_text text = {"Share of the optimum (chance = 0)",
                                   "median, quartiles (light), 95 % interval (dark)", ""};
    status = plot_bars(svg_path, &text, bars, ROWS) == 0 ? 0 : 1;
    printf("\n%s\n%s\n", csv_path, svg_path);
out:
    if (csv && fclose(csv) != 0)
        status = 1;
    x_free(c);
    return status;
}

/* The gate bot: tables from nothing, and a trained policy if one is given. */
static int gate(const struct sim_options *o)
{
    enum { MAX = 400 };
    static const char *const names[] = {"allow", "random", "qlearning", "sarsa", "esarsa"};
    const size_t known = sizeof names / sizeof *names;
    char path[4096];
    const size_t seeds = o->seeds > SEEDS_MAX ? SEEDS_MAX : o->seeds ? o->seeds : 1;
    FILE *csv = str_fmt(path, sizeof path, "%s/gate.csv", o->out) ? fopen(path, "we") : NULL;
    if (!csv) {
        fprintf(stderr, "qrassh experiment: cannot write below %s\n", o->out);
        return 1;
    }
    fprintf(csv, "policy,seed,attacks\n");
    printf("attacks until all 44 commands ran, %zu seeds, at most %d\n\n%-24s %8s %16s %8s\n",
           seeds, MAX, "policy", "median", "quartiles", "never");
    int status = 0;
    for (size_t k = 0; k < known + (o->in != NULL) && status == 0; k++) {
        double first[SEEDS_MAX];
        size_t never = 0;
        for (size_t i = 0; i < seeds && status == 0; i++) {
            struct sim_options mine = *o;
            struct rl_agent_config c;
            struct rl_agent *a = NULL;
            mine.seed = o->seed + i;
            mine.reward = "dowling";
            mine.gamma = 0;
            if (k == known) {
                a = sim_load_agent(o->in);
            } else if (sim_options_agent(&mine, names[k], &c)) {
                c.order = 1; /* as published: alpha .5, gamma 1, epsilon .1 */
                c.alpha = 0.5f;
                c.gamma = 1;
                c.eps_start = c.eps_end = k < 2 ? c.eps_end : 0.1f;
                a = rl_agent_new(&c);
            }
            if (!a) {
                status = 1;
                break;
            }
            const int n = sim_gate44_first(a, rl_agent_config(a)->reward_profile, MAX, mine.seed);
            first[i] = n;
            never += n > MAX;
            fprintf(csv, "%s,%zu,%d\n", k < known ? names[k] : o->in, (size_t)mine.seed, n);
            rl_agent_free(a);
        }
        if (status == 0) {
            const struct stats s = stats_of(first, seeds, 1);
            printf("%-24.24s %8.0f %7.0f %8.0f %8zu\n", k < known ? names[k] : o->in, s.median,
                   s.q1, s.q3, never);
        }
    }
    return fclose(csv) == 0 ? status : 1;
}

int sim_cmd_experiment(int argc, char **argv)
{
    struct sim_options o = {.agent = "dqn",
                            .profile = "small",
                            .world = "gate30",
                            .reward = "artefact",
                            .out = "results",
                            .gamma = 0.9,
                            .seed = 1,
                            .commands = 40000,
                            .sessions = 4000,
                            .seeds = 30};
    const int stop =
        sim_options_read(&o, argc, argv, "experiment compare|gate|sweep|fig7|fig8 [OPTIONS]");
    if (stop)
        return stop - 1;
    const char *what = o.rest < argc ? argv[o.rest] : "";
    mkdir(o.out, 0755); /* it may be there */
    if (str_eq(what, "compare"))
        return compare(&o);
    if (str_eq(what, "sweep"))
        return sim_sweep(&o);
    if (str_eq(what, "gate"))
        return gate(&o);
    if (str_eq(what, "fig7"))
        return sim_figure(&o, 7);
    if (str_eq(what, "fig8"))
        return sim_figure(&o, 8);
    fprintf(stderr, "usage: qrassh experiment compare|gate|sweep|fig7|fig8 (--help tells more)\n");
    return 2;
}
