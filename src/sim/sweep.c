/* sweep.c -- sensitivity of the conclusions to assumed parameters, exactly.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/sweep.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

struct outcome {
    double optimum, allow, rule; /* new files a session */
    int probe, download;         /* the optimum's answer to a probe, to a loader's wget */
};

/* Files a session under a policy: undiscounted, paid per file. */
static double files(const struct sim_world *w, const int *choice)
{
    struct mdp m;
    double pi[SIM_NODES_MAX * SIM_ACTIONS] = {0}, v[SIM_NODES_MAX], sum = 0;
    if (mdp_init(&m, w->count, SIM_ACTIONS, 1) != 0)
        return -1;
    for (size_t s = 0; s < w->count; s++) {
        pi[s * SIM_ACTIONS + (size_t)choice[s]] = 1;
        for (size_t a = 0; a < SIM_ACTIONS; a++) {
            *mdp_reward(&m, s, a) = w->node[s].artefact[a];
            memcpy(mdp_next(&m, s, a), w->next[s][a], w->count * sizeof(double));
        }
    }
    if (mdp_evaluate(&m, pi, 1e-10, v) >= 0)
        for (size_t s = 0; s < w->count; s++)
            sum += w->start[s] * v[s];
    mdp_done(&m);
    return sum;
}

static bool solve(struct sim_world *w, const struct sim_game *g, struct outcome *out)
{
    struct mdp m;
    int best[SIM_NODES_MAX], allow[SIM_NODES_MAX] = {0}, rule[SIM_NODES_MAX] = {0};
    if (sim_world_mdp(w, g->reward_profile, g->gamma, &m) != 0)
        return false;
    const bool ok = mdp_solve(&m, 1e-9, NULL, best) > 0;
    mdp_done(&m);
    for (size_t s = 0; s < w->count; s++) {
        const struct sim_node *n = &w->node[s];
        rule[s] = n->phase == SIM_PROBE ? RL_FAKE : RL_ALLOW;
        if (n->phase == SIM_PROBE)
            out->probe = best[s];
        if (n->type == SIM_LOADER && n->phase == SIM_DOWNLOAD && n->tool == 0 && !n->variant)
            out->download = best[s];
    }
    out->optimum = files(w, best);
    out->allow = files(w, allow);
    out->rule = files(w, rule);
    return ok;
}

static void show(FILE *csv, const char *name, double value, const struct outcome *o)
{
    printf("%-22s %7.3f %9.3f %7.3f %7.2f %7.3f   %-7s %s\n", name, value, o->optimum, o->allow,
           o->optimum / o->allow, o->rule, rl_action_name(o->probe), rl_action_name(o->download));
    fprintf(csv, "%s,%.4f,%.5f,%.5f,%.5f,%s,%s\n", name, value, o->optimum, o->allow, o->rule,
            rl_action_name(o->probe), rl_action_name(o->download));
}

int sim_sweep(const struct sim_options *o)
{
    struct sim_world *w = x_calloc(1, sizeof *w);
    struct sim_game g;
    struct outcome out = {0};
    double base[SIM_PARAMS], least = 1e9, most = 0;
    char path[4096];
    FILE *csv = NULL;
    int status = 1;
    if (!w || !sim_options_game(o, w, &g) || !solve(w, &g, &out) ||
        !str_fmt(path, sizeof path, "%s/sweep.csv", o->out) || !(csv = fopen(path, "we")))
        goto done;
    memcpy(base, w->param, sizeof base);
    fprintf(csv, "parameter,value,optimum_files,allow_files,rule_files,probe,download\n");
    printf("files a session; the optimum's answers to a probe and to a loader's download\n\n"
           "%-22s %7s %9s %7s %7s %7s   %-7s %s\n",
           "parameter", "value", "optimum", "allow", "ratio", "rule", "probe", "download");
    show(csv, "(as given)", 0, &out);
    for (int i = 0; i < SIM_PARAMS; i++) {
        if (sim_params[i].source != SIM_ASSUMED || base[i] == 0)
            continue;
        for (int end = 0; end < 2; end++) {
            double param[SIM_PARAMS];
            memcpy(param, base, sizeof param);
            param[i] = end ? sim_params[i].high : sim_params[i].low;
            sim_world_make(w, param, true);
            if (!solve(w, &g, &out))
                goto done;
            show(csv, sim_params[i].name, param[i], &out);
            least = out.optimum / out.allow < least ? out.optimum / out.allow : least;
            most = out.optimum / out.allow > most ? out.optimum / out.allow : most;
        }
    }
    printf("\noptimum over always allow: %.2f to %.2f times the files\n", least, most);
    status = 0;
done:
    if (csv && fclose(csv) != 0)
        status = 1;
    if (status)
        fprintf(stderr, "qrassh experiment: the sweep failed\n");
    x_free(w);
    return status;
}
