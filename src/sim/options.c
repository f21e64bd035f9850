/* options.c -- reading options, showing progress.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/options.h"
#include "base/clock.h"
#include "base/str.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#define OPTIONS(X)                                                                                 \
    X('a', "agent", "NAME", "learning algorithm")                                                  \
    X('p', "profile", "NAME", "of dqn: standard, paper, nature, small")                            \
    X('w', "world", "NAME", "who attacks: standard, gate30, replayer")                             \
    X('r', "reward", "NAME", "reward profile")                                                     \
    X('s', "seed", "N", "of everything random")                                                    \
    X('c', "commands", "N", "commands to train on")                                                \
    X('n', "sessions", "N", "sessions to measure")                                                 \
    X('k', "seeds", "N", "how many seeds to compare over")                                         \
    X('g', "gamma", "X", "discount, 0 to 1")                                                       \
    X('i', "in", "FILE", "a checkpoint to use")                                                    \
    X('o', "out", "PATH", "where to write")                                                        \
    X('O', "open", NULL, "show the agent which attacker it is (exactly solvable)")                 \
    X('q', "quiet", NULL, "no progress bar")                                                       \
    X('h', "help", NULL, "this text")

static void help(const char *usage)
{
    printf("usage: qrassh %s\n\n", usage);
#define X(letter, name, arg, text) printf("  --%-10s %-5s %s\n", name, arg ? arg : "", text);
    OPTIONS(X)
#undef X
    printf("\nagents:\n");
    for (size_t i = 0; rl_agent_name(i); i++)
        printf("  %-13s %s\n", rl_agent_name(i), rl_agent_about(i));
    printf("\nrewards:\n");
    for (int i = 0; i < RL_REWARD_COUNT; i++)
        printf("  %-13s %s\n", rl_reward_name(i), rl_reward_about(i));
}

static bool number(const char *text, uint64_t *out)
{
    int64_t v;
    if (str_int(text, 0, INT64_MAX, &v) != 0) {
        fprintf(stderr, "qrassh: \"%s\" is not a whole number\n", text);
        return false;
    }
    *out = (uint64_t)v;
    return true;
}

int sim_options_read(struct sim_options *o, int argc, char **argv, const char *usage)
{
    static const struct option longs[] = {
#define X(letter, name, arg, text) {name, arg ? required_argument : no_argument, NULL, letter},
        OPTIONS(X)
#undef X
            {NULL, 0, NULL, 0}};
    bool ok = true;
    optind = 1;
    for (int c; ok && (c = getopt_long(argc, argv, "hq", longs, NULL)) != -1;) {
        switch (c) {
        case 'a':
            o->agent = optarg;
            break;
        case 'p':
            o->profile = optarg;
            break;
        case 'w':
            o->world = optarg;
            break;
        case 'r':
            o->reward = optarg;
            break;
        case 's':
            ok = number(optarg, &o->seed);
            break;
        case 'c':
            ok = number(optarg, &o->commands);
            break;
        case 'n':
            ok = number(optarg, &o->sessions);
            break;
        case 'k':
            ok = number(optarg, &o->seeds);
            break;
        case 'g':
            ok = str_double(optarg, 0, 1, &o->gamma) == 0;
            break;
        case 'i':
            o->in = optarg;
            break;
        case 'o':
            o->out = optarg;
            break;
        case 'O':
            o->open = true;
            break;
        case 'q':
            o->quiet = true;
            break;
        case 'h':
            help(usage);
            return 1;
        default:
            ok = false;
        }
    }
    o->rest = optind;
    if (ok)
        return 0;
    fprintf(stderr, "usage: qrassh %s (--help tells more)\n", usage);
    return 3;
}

bool sim_options_game(const struct sim_options *o, struct sim_world *w, struct sim_game *g)
{
    double param[SIM_PARAMS];
    sim_world_params(param);
    const int reward = rl_reward_find(o->reward);
    if (sim_world_mix(o->world, param) != 0 || reward < 0) {
        fprintf(stderr, "qrassh: no world \"%s\" or no reward \"%s\"\n", o->world, o->reward);
        return false;
    }
    sim_world_make(w, param, o->open);
    *g = (struct sim_game){w, reward, o->gamma > 0 ? o->gamma : 0.95};
    return true;
}

bool sim_options_agent(const struct sim_options *o, const char *agent, struct rl_agent_config *c)
{
    char why[128] = "no such profile";
    const char *profile = str_eq(agent, "dqn") ? o->profile : "";
    int rc = rl_agent_defaults(c, agent, profile);
    if (rc == 0) {
        c->seed = o->seed;
        c->reward_profile = rl_reward_find(o->reward);
        if (o->gamma > 0)
            c->gamma = (float)o->gamma;
        rc = rl_agent_check(c, why, sizeof why);
    }
    if (rc != 0)
        fprintf(stderr, "qrassh: agent %s: %s\n", agent, why);
    return rc == 0;
}

static int64_t now_us(void)
{
    struct clock c;
    clock_init(&c);
    return clock_mono_us(&c);
}

void sim_progress_begin(struct sim_progress *p, const char *what, uint64_t total, bool quiet)
{
    *p = (struct sim_progress){what, total, now_us(), 0, quiet || !isatty(STDERR_FILENO)};
}

void sim_progress_at(struct sim_progress *p, uint64_t done, const char *note)
{
    enum { WIDTH = 30 };
    const int64_t now = now_us();
    if (p->quiet || p->total == 0 || done == 0 || now - p->shown_us < 200000)
        return;
    p->shown_us = now;
    const double share = (double)done / (double)p->total;
    const int filled = (int)(share * WIDTH);
    const double left = (double)(now - p->start_us) / 1e6 * (1 / share - 1);
    fprintf(stderr, "\r%s [%.*s%.*s] %3.0f %%, %.0f s left %s\033[K", p->what, filled,
            "##############################", WIDTH - filled, "..............................",
            share * 100, left, note);
}

void sim_progress_end(struct sim_progress *p)
{
    if (!p->quiet && p->shown_us)
        fprintf(stderr, "\r\033[K");
}
