/* cmd_train.c -- qrassh train: a policy to start with, from the simulator.
 *
 * The checkpoint holds weights and counters, not the simulated experience: a
 * sensor's learner goes on from here with real sessions only. Same seed, same
 * file.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/str.h"
#include "sim/options.h"
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void show(void *ctx, uint64_t done, const struct rl_agent_stats *st)
{
    char note[64];
    str_fmt(note, sizeof note, "(loss %.4f, exploring %.2f)", st->loss_mean, (double)st->epsilon);
    sim_progress_at(ctx, done, note);
}

static bool write_out(struct rl_agent *a, const char *path)
{
    struct buf b;
    char folder[4096];
    char *slash = str_copy(folder, sizeof folder, path) ? strrchr(folder, '/') : NULL;
    if (slash && slash != folder) {
        *slash = '\0';
        mkdir(folder, 0700); /* it may be there; saving tells if it could not be made */
    }
    buf_init(&b, NN_CKPT_MAX);
    int rc = rl_agent_save(a, false, &b);
    if (rc == 0)
        rc = nn_ckpt_save_file(path, &b);
    buf_done(&b);
    if (rc != 0)
        fprintf(stderr, "qrassh train: %s: %s\n", path, err_text(rc));
    return rc == 0;
}

static void report(const struct sim_game *g, struct rl_agent *a, const struct sim_options *o)
{
    const struct {
        const char *name;
        struct sim_player p;
    } rows[] = {
        {o->agent, sim_player_agent(a)},
        {"allow", sim_player_builtin("allow")},
        {"random", sim_player_builtin("random")},
    };
    printf("%-10s %12s %18s %18s\n", "policy", "return", "files/session", "commands/session");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sim_score s = sim_measure(g, &rows[i].p, o->sessions, o->seed + 1);
        printf("%-10s %12.1f %18.3f %18.2f\n", rows[i].name, s.value / s.sessions,
               s.artefacts / s.sessions, s.commands / s.sessions);
    }
}

int sim_cmd_train(int argc, char **argv)
{
    struct sim_options o = {.agent = "dqn",
                            .profile = "standard",
                            .world = "standard",
                            .reward = "artefact",
                            .seed = 1,
                            .commands = 24000,
                            .sessions = 2000};
    const int stop = sim_options_read(&o, argc, argv, "train [--out FILE] [OPTIONS]");
    if (stop)
        return stop - 1;
    struct sim_world *w = x_calloc(1, sizeof *w);
    struct sim_game g;
    struct rl_agent_config c;
    struct rl_agent *a = NULL;
    int status = 2;
    if (!w || !sim_options_game(&o, w, &g) || !sim_options_agent(&o, o.agent, &c))
        goto out;
    g.gamma = c.gamma;
    if (str_eq(o.profile, "standard")) { /* seconds matter more than samples here */
        c.update_every = 8;
        c.batch = 32;
        c.lr_end = 0.0002f;
    }
    c.eps_steps = (uint32_t)(o.commands / c.update_every * 2 / 3);
    a = rl_agent_new(&c);
    struct sim_progress bar;
    sim_progress_begin(&bar, "training", o.commands, o.quiet);
    const int rc = a ? sim_train(&g, a, o.commands, o.seed, show, &bar) : ERR_NOMEM;
    sim_progress_end(&bar);
    status = 1;
    if (rc != 0) {
        fprintf(stderr, "qrassh train: %s\n", err_text(rc));
        goto out;
    }
    if (!o.out || write_out(a, o.out))
        status = 0;
    if (!o.quiet)
        report(&g, a, &o);
out:
    rl_agent_free(a);
    x_free(w);
    return status;
}
