/* world.c -- builds the simulated attackers from their parameters.
 *
 * Each kind of attacker is a function that adds nodes and, for every node and
 * action, where it goes. Numbers come from data/sim_params.def and
 * data/sim_chain.def only.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/world.h"
#include "base/str.h"
#include "rl/action.h"
#include "rl/reward.h"

#include <string.h>

const struct sim_param_info sim_params[SIM_PARAMS] = {
#define X(NAME, value, low, high, source, text)                                                    \
    [SIM_##NAME] = {#NAME, value, low, high, SIM_##source, text},
#include "../../data/sim_params.def"
#undef X
};

enum { SIM_START = SIM_PHASES };
static const struct {
    int from, to;
    double p;
} chain[] = {
#define X(FROM, TO, p) {SIM_##FROM, SIM_##TO, p},
#include "../../data/sim_chain.def"
#undef X
};

/* What a phase looks like when typed: words of the extended vocabulary, the
 * more frequent ones more than once. Downloads: by tool. */
enum { WORDS_MAX = 48 };
static const char *const words[SIM_PHASES][WORDS_MAX] = {
    [SIM_HARDWARE] = {"uname", "uname",   "uname",     "uname", "cat",     "cat",   "cat",
                      "free",  "free",    "lscpu",     "lscpu", "w",       "w",     "top",
                      "ls",    "grep",    "head",      "wc",    "awk",     "which", "crontab",
                      "nproc", "ps",      "whoami",    "id",    "uptime",  "df",    "hostname",
                      "pwd",   "netstat", "dmidecode", "last",  "history", "lspci", "ifconfig",
                      "env",   "cut",     "tr",        "tail",  "sed",     "dmesg", "date",
                      "ping",  "sort",    "help"},
    [SIM_PASSWORD] = {"passwd", "chpasswd", "echo", "passwd", "echo", "su", "useradd", "sudo"},
    [SIM_CONFIG] = {"chattr", "mkdir",  "echo",     "rm",    "export",  "cd",    "cd",   "rm",
                    "lockr",  "unset",  "sh",       "bash",  "touch",   "[",     "kill", "mv",
                    "cp",     "chown",  "iptables", "sleep", "service", "true",  "read", "enable",
                    "shell",  "system", "rmdir",    "nano",  "find",    "reboot"},
    [SIM_DOWNLOAD] = {"wget", "curl", "tftp", "ftpget"},
    [SIM_RUN] = {"(custom)", "(custom)", "(custom)", "(custom)", "nohup"},
    [SIM_INSTALL] = {"chmod", "tar", "chmod", "base64", "chmod", "gcc", "printf"},
    [SIM_SOFTWARE] = {"which", "apt-get", "perl", "python", "php", "ssh"},
    [SIM_PROBE] = {"(probe)", "mount", "(probe)", "mount", "dd"},
};

static const char *word_of(const struct sim_node *n, struct rng *rng)
{
    const char *const *list = words[n->phase];
    size_t count = 0;
    while (count < WORDS_MAX && list[count])
        count++;
    return n->phase == SIM_DOWNLOAD ? list[n->tool] : list[rng_below(rng, count)];
}

const char *sim_type_name(int type)
{
    static const char *const names[] = {"replayer", "loader", "fallback", "checker", "human"};
    return type >= 0 && type < SIM_TYPES ? names[type] : "?";
}

const char *sim_phase_name(int phase)
{
    static const char *const names[] = {"hardware", "password", "config",   "download",
                                        "run",      "install",  "software", "probe"};
    return phase >= 0 && phase < SIM_PHASES ? names[phase] : "?";
}

void sim_world_params(double param[SIM_PARAMS])
{
    for (int i = 0; i < SIM_PARAMS; i++)
        param[i] = sim_params[i].value;
}

int sim_world_mix(const char *name, double param[SIM_PARAMS])
{
    static const struct {
        const char *name;
        double share[SIM_TYPES];
    } mixes[] = {
        {"gate30", {0.7, 0.3, 0, 0, 0}},
        {"replayer", {1, 0, 0, 0, 0}},
    };
    if (str_eq(name, "standard"))
        return 0;
    for (size_t i = 0; i < sizeof mixes / sizeof *mixes; i++)
        if (str_eq(name, mixes[i].name)) {
            memcpy(param + SIM_SHARE_REPLAYER, mixes[i].share, sizeof mixes[i].share);
            return 0;
        }
    return ERR_NOTFOUND;
}

static size_t add(struct sim_world *w, int type, int phase, int tool, int variant)
{
    w->node[w->count] =
        (struct sim_node){(uint8_t)type, (uint8_t)phase, (uint8_t)tool, (uint8_t)variant, {0}};
    return w->count++;
}

static void go(struct sim_world *w, size_t from, int action, size_t to, double p)
{
    w->next[from][action][to] += p;
}

/* A download that is allowed brings a file; one that is delayed too. */
static void brings(struct sim_world *w, size_t node, double p)
{
    w->node[node].artefact[RL_ALLOW] = p;
    w->node[node].artefact[RL_DELAY] = p;
}

/* delay is allow, less those who will not wait. Call when allow is complete. */
static void delay_as_allow(struct sim_world *w, size_t node)
{
    for (size_t t = 0; t < w->count; t++)
        go(w, node, RL_DELAY, t, w->next[node][RL_ALLOW][t] * (1 - w->param[SIM_DELAY_QUIT]));
}

static double chain_p(int from, int to)
{
    for (size_t i = 0; i < sizeof chain / sizeof *chain; i++)
        if (chain[i].from == from && chain[i].to == to)
            return chain[i].p;
    return 0;
}

static double stay(const struct sim_world *w, int phase)
{
    switch (phase) {
    case SIM_DOWNLOAD:
        return w->param[SIM_BLOCK_STAY_DOWNLOAD];
    case SIM_RUN:
        return w->param[SIM_BLOCK_STAY_RUN];
    case SIM_INSTALL:
        return w->param[SIM_BLOCK_STAY_INSTALL];
    default:
        return w->param[SIM_BLOCK_STAY_OTHER];
    }
}

/* Carries on after a refusal: what needs the refused thing is left out. */
static void go_without(struct sim_world *w, size_t from, int action, const size_t *to, double p)
{
    const int phase = w->node[from].phase;
    const bool needed = phase == SIM_DOWNLOAD || phase == SIM_INSTALL;
    double kept = 0, all = 0;
    for (int t = 0; t < SIM_CHAIN_PHASES; t++) {
        all += chain_p(phase, t);
        kept += needed && t == SIM_RUN ? 0 : chain_p(phase, t);
    }
    for (int t = 0; t < SIM_CHAIN_PHASES; t++)
        if (!(needed && t == SIM_RUN) && kept > 0)
            go(w, from, action, to[t], p * chain_p(phase, t) * all / kept);
}

/* One node of a chain; clean[] are the nodes reached normally, blocked[] those
 * reached after a block. */
static void chain_node(struct sim_world *w, size_t s, const size_t *clean, const size_t *blocked)
{
    const double *p = w->param;
    const struct sim_node *n = &w->node[s];
    const int phase = n->phase;
    const bool loud = phase == SIM_DOWNLOAD || phase == SIM_RUN;
    for (int t = 0; t < SIM_CHAIN_PHASES; t++)
        go(w, s, RL_ALLOW, clean[t], chain_p(phase, t));
    delay_as_allow(w, s);
    if (phase == SIM_DOWNLOAD)
        brings(w, s, p[SIM_NEW_FIRST]);

    /* a machine that replays ends at the second block in a row */
    const double quit =
        n->variant ? n->type == SIM_REPLAYER ? 1 : p[SIM_BLOCK_QUIT_2] : p[SIM_BLOCK_QUIT_1];
    go(w, s, RL_BLOCK, blocked[phase], (1 - quit) * stay(w, phase));
    go_without(w, s, RL_BLOCK, blocked, (1 - quit) * (1 - stay(w, phase)));

    const double unseen =
        1 - p[loud ? SIM_FAKE_SEEN_LOUD : SIM_FAKE_SEEN_QUIET] * p[SIM_FAKE_SEEN_QUIT];
    const double again = phase == SIM_DOWNLOAD ? p[SIM_FAKE_AGAIN] : 0;
    go(w, s, RL_FAKE, clean[SIM_DOWNLOAD], unseen * again);
    for (int t = 0; t < SIM_CHAIN_PHASES; t++)
        go(w, s, RL_FAKE, clean[t], unseen * (1 - again) * chain_p(phase, t));

    go(w, s, RL_INSULT, clean[phase], (1 - p[SIM_INSULT_QUIT]) * stay(w, phase));
    go_without(w, s, RL_INSULT, clean, (1 - p[SIM_INSULT_QUIT]) * (1 - stay(w, phase)));
}

/* Replayers and humans: the published chain. */
static void make_chain(struct sim_world *w, int type, double share)
{
    size_t clean[SIM_CHAIN_PHASES], blocked[SIM_CHAIN_PHASES];
    double start = 0;
    for (int t = 0; t < SIM_CHAIN_PHASES; t++) {
        clean[t] = add(w, type, t, 0, 0);
        blocked[t] = add(w, type, t, 0, 1);
        start += chain_p(SIM_START, t);
    }
    for (int t = 0; t < SIM_CHAIN_PHASES; t++) {
        w->start[clean[t]] = share * chain_p(SIM_START, t) / start;
        chain_node(w, clean[t], clean, blocked);
        chain_node(w, blocked[t], clean, blocked);
    }
}

/* Where a loader's tool k leads. */
struct tools {
    int type, count;
    size_t fetch[4], again, install, run, broken_install, broken_run;
};

static void tool_node(struct sim_world *w, const struct tools *t, int k)
{
    const double *p = w->param;
    const size_t s = t->fetch[k];
    const double quit = p[SIM_BLOCK_QUIT_1 + (k < 2 ? k : 2)];
    const bool more = k + 1 < t->count;
    brings(w, s, p[SIM_NEW_FIRST]);
    go(w, s, RL_ALLOW, t->install, 1);
    delay_as_allow(w, s);
    for (int insult = 0; insult < 2; insult++) {
        const int action = insult ? RL_INSULT : RL_BLOCK;
        const double left = (1 - quit) * (insult ? 1 - p[SIM_INSULT_QUIT] : 1);
        go(w, s, action, s, left * p[SIM_BLOCK_RETRY_SAME]);
        if (more)
            go(w, s, action, t->fetch[k + 1], left * (1 - p[SIM_BLOCK_RETRY_SAME]));
    }
    go(w, s, RL_FAKE, t->broken_install, 1 - p[SIM_FAKE_SEEN_LOUD] * p[SIM_FAKE_SEEN_QUIT]);
}

/* install -> run -> more, or the end. broken: the file is none. */
static void program_nodes(struct sim_world *w, const struct tools *t, bool broken)
{
    const double *p = w->param;
    const size_t install = broken ? t->broken_install : t->install;
    const size_t run = broken ? t->broken_run : t->run;
    const size_t again = broken ? t->fetch[0] : t->again;
    for (int a = 0; a < SIM_ACTIONS; a++) {
        const double quit = a == RL_BLOCK    ? p[SIM_BLOCK_QUIT_2]
                            : a == RL_INSULT ? p[SIM_INSULT_QUIT]
                            : a == RL_FAKE   ? p[SIM_FAKE_SEEN_QUIET] * p[SIM_FAKE_SEEN_QUIT]
                            : a == RL_DELAY  ? p[SIM_DELAY_QUIT]
                                             : 0;
        go(w, install, a, run, 1 - quit);
        if (broken) { /* it fails whatever we do */
            go(w, run, a, again, (1 - quit) * p[SIM_FAKE_AGAIN]);
        } else if (a == RL_ALLOW || a == RL_DELAY) {
            go(w, run, a, again, (1 - quit) * p[SIM_ALLOW_RUN_DOWNLOAD]);
            go(w, run, a, run, (1 - quit) * (1 - p[SIM_ALLOW_RUN_DOWNLOAD] - p[SIM_ALLOW_RUN_END]));
        } else {
            go(w, run, a, again, p[SIM_BLOCK_RUN_DOWNLOAD]);
            go(w, run, a, install, 1 - p[SIM_BLOCK_RUN_DOWNLOAD] - p[SIM_BLOCK_RUN_END]);
        }
    }
}

static void make_tools(struct sim_world *w, struct tools *t, int type, int count)
{
    t->type = type;
    t->count = count;
    for (int k = 0; k < count; k++)
        t->fetch[k] = add(w, type, SIM_DOWNLOAD, k, 0);
    t->again = add(w, type, SIM_DOWNLOAD, 0, 1);
    t->install = add(w, type, SIM_INSTALL, 0, 0);
    t->run = add(w, type, SIM_RUN, 0, 0);
    t->broken_install = add(w, type, SIM_INSTALL, 0, 1);
    t->broken_run = add(w, type, SIM_RUN, 0, 1);
    for (int k = 0; k < count; k++)
        tool_node(w, t, k);
    brings(w, t->again, w->param[SIM_NEW_AGAIN]);
    for (int a = 0; a < SIM_ACTIONS; a++) /* the last act of the script */
        if (a == RL_ALLOW)
            go(w, t->again, a, t->run, 1 - w->param[SIM_ALLOW_RUN_END]);
    delay_as_allow(w, t->again);
    go(w, t->again, RL_BLOCK, t->again, 1 - w->param[SIM_BLOCK_QUIT_3]);
    program_nodes(w, t, false);
    program_nodes(w, t, true);
}

/* Tests first: an ordinary answer to the probe gives a honeypot away. */
static void make_loader(struct sim_world *w, double share)
{
    struct tools t;
    const double *p = w->param;
    const size_t probe = add(w, SIM_LOADER, SIM_PROBE, 0, 0);
    make_tools(w, &t, SIM_LOADER, 3);
    w->start[probe] = share;
    go(w, probe, RL_ALLOW, t.fetch[0], 1 - p[SIM_GATE_LEAVE]);
    delay_as_allow(w, probe);
    go(w, probe, RL_FAKE, t.fetch[0], 1 - p[SIM_GATE_FAKE_LEAVE]);
    go(w, probe, RL_BLOCK, t.fetch[0], 1 - p[SIM_GATE_BLOCK_LEAVE]);
    go(w, probe, RL_INSULT, t.fetch[0], 1 - p[SIM_GATE_LEAVE]);
}

static void make_fallback(struct sim_world *w, double share)
{
    struct tools t;
    make_tools(w, &t, SIM_FALLBACK, 4);
    w->start[t.fetch[0]] = share;
}

/* Three looks at the hardware; better hardware may tempt it. */
static void make_checker(struct sim_world *w, double share)
{
    enum { LOOKS = 3 };
    struct tools t;
    const double *p = w->param;
    size_t look[LOOKS];
    for (int i = 0; i < LOOKS; i++)
        look[i] = add(w, SIM_CHECKER, SIM_HARDWARE, i, 0);
    make_tools(w, &t, SIM_CHECKER, 1);
    w->start[look[0]] = share;
    for (int i = 0; i < LOOKS; i++) {
        const bool last = i == LOOKS - 1;
        const double tempted = p[SIM_CHECK_TEMPTED], fake = p[SIM_CHECK_TEMPTED_FAKE];
        go(w, look[i], RL_ALLOW, t.fetch[0], tempted);
        go(w, look[i], RL_FAKE, t.fetch[0], fake);
        if (!last) {
            go(w, look[i], RL_ALLOW, look[i + 1], 1 - tempted);
            go(w, look[i], RL_FAKE, look[i + 1], 1 - fake - p[SIM_GATE_FAKE_LEAVE]);
            go(w, look[i], RL_BLOCK, look[i + 1], 1 - p[SIM_BLOCK_QUIT_2]);
            go(w, look[i], RL_INSULT, look[i + 1], 1 - p[SIM_INSULT_QUIT]);
        }
        delay_as_allow(w, look[i]);
    }
}

void sim_world_make(struct sim_world *w, const double param[SIM_PARAMS], bool open)
{
    memset(w, 0, sizeof *w);
    memcpy(w->param, param, sizeof w->param);
    w->open = open;
    double share[SIM_TYPES], sum = 0;
    for (int i = 0; i < SIM_TYPES; i++)
        sum += param[SIM_SHARE_REPLAYER + i];
    for (int i = 0; i < SIM_TYPES; i++)
        share[i] = param[SIM_SHARE_REPLAYER + i] / sum;
    make_chain(w, SIM_REPLAYER, share[SIM_REPLAYER]);
    make_loader(w, share[SIM_LOADER]);
    make_fallback(w, share[SIM_FALLBACK]);
    make_checker(w, share[SIM_CHECKER]);
    make_chain(w, SIM_HUMAN, share[SIM_HUMAN]);
}

int sim_world_class(const struct sim_world *w, size_t node)
{
    switch (w->node[node].phase) {
    case SIM_DOWNLOAD:
        return RL_CLASS_DOWNLOAD;
    case SIM_RUN:
        return RL_CLASS_CUSTOM;
    default:
        return RL_CLASS_PLAIN;
    }
}

struct rl_command sim_world_command(const struct sim_world *w, size_t node, struct rng *rng)
{
    const struct sim_node *n = &w->node[node];
    if (w->open)
        return (struct rl_command){(uint8_t)(node + 1), (uint8_t)sim_world_class(w, node)};
    const char *word = word_of(n, rng);
    struct rl_command c = rl_vocab_code(rl_vocab_default(), word);
    if (word[0] == '(') /* a class row: any word of that class stands for it */
        c = rl_vocab_code(rl_vocab_default(), "./x");
    if (str_eq(word, "(probe)")) {
        static const char *const probe[] = {"busybox", "ECCHI"};
        c = rl_vocab_command(rl_vocab_default(), 2, probe);
    }
    c.class = (uint8_t)sim_world_class(w, node);
    return c;
}

static int draw(const double *p, size_t n, struct rng *rng)
{
    double u = rng_unit(rng);
    for (size_t i = 0; i < n; i++)
        if ((u -= p[i]) < 0)
            return (int)i;
    return -1;
}

int sim_world_start(const struct sim_world *w, struct rng *rng)
{
    const int s = draw(w->start, w->count, rng);
    return s < 0 ? 0 : s; /* rounding */
}

int sim_world_step(const struct sim_world *w, int node, int action, struct rng *rng)
{
    return draw(w->next[node][action], w->count, rng);
}

int sim_world_mdp(const struct sim_world *w, int reward_profile, double gamma, struct mdp *m)
{
    const int rc = mdp_init(m, w->count, SIM_ACTIONS, gamma);
    if (rc != 0)
        return rc;
    for (size_t s = 0; s < w->count; s++)
        for (int a = 0; a < SIM_ACTIONS; a++) {
            struct rl_outcome o = {
                .action = (uint8_t)a, .class = (uint8_t)sim_world_class(w, s), .next_found = 1};
            double end = 1, sum = 0;
            for (size_t t = 0; t < w->count; t++) {
                const double p = w->next[s][a][t];
                mdp_next(m, s, (size_t)a)[t] = p;
                end -= p;
                o.next_class = (uint8_t)sim_world_class(w, t);
                sum += p * (double)rl_reward(reward_profile, &o);
            }
            o.next_class = RL_CLASS_NONE;
            o.ended = 1;
            sum += end * (double)rl_reward(reward_profile, &o);
            o.ended = 0; /* what a file adds, apart from the rest */
            const double base = (double)rl_reward(reward_profile, &o);
            o.artefacts = 1;
            sum += w->node[s].artefact[a] * ((double)rl_reward(reward_profile, &o) - base);
            *mdp_reward(m, s, (size_t)a) = sum;
        }
    return 0;
}
