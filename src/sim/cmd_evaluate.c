/* cmd_evaluate.c -- qrassh evaluate: another policy on recorded sessions.
 *
 * Reads the qrassh.transition events of JSON log files and estimates what the
 * policy of a checkpoint would have earned there. Says so when the log cannot
 * tell: a log of a honeypot that always allowed knows nothing of refusals.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/hash.h"
#include "base/str.h"
#include "sim/load.h"
#include "sim/ope.h"
#include "sim/options.h"
#include "sim/sim.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct record {
    uint64_t session, source;
    uint32_t step;
    struct ope_step x;
};

struct records {
    struct record *at;
    size_t count, cap;
    uint64_t skipped;
};

static bool state_of(const cJSON *list, struct rl_state *s)
{
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != RL_WINDOW)
        return false;
    for (int i = 0; i < RL_WINDOW; i++) {
        const cJSON *v = cJSON_GetArrayItem(list, i);
        if (!cJSON_IsNumber(v) || v->valueint < 0 || v->valueint >= RL_VOCAB_MAX)
            return false;
        s->window[i] = (uint8_t)v->valueint;
    }
    return true;
}

static double number_of(const cJSON *e, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(e, key);
    return cJSON_IsNumber(v) ? v->valuedouble : cJSON_IsBool(v) ? cJSON_IsTrue(v) : NAN;
}

static uint64_t text_hash(const cJSON *e, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(e, key);
    return cJSON_IsString(v) ? hash_fixed(v->valuestring, strlen(v->valuestring), 3) : 0;
}

static bool record_of(const cJSON *e, struct record *r)
{
    const double action = number_of(e, "action_id"), reward = number_of(e, "reward");
    const double mu = number_of(e, "propensity"), step = number_of(e, "step");
    r->session = text_hash(e, "session");
    r->source = text_hash(e, "src_ip");
    r->source = r->source ? r->source : r->session;
    if (!(action >= 0 && action < RL_ACTION_COUNT) || !isfinite(reward) ||
        !(mu > 0 && mu <= 1.001) || !(step >= 0 && step < 1e9) || !r->session)
        return false;
    r->step = (uint32_t)step;
    r->x.action = (uint8_t)action;
    r->x.reward = (float)reward;
    r->x.mu = (float)mu;
    r->x.done = number_of(e, "done") > 0;
    return state_of(cJSON_GetObjectItemCaseSensitive(e, "state"), &r->x.s) &&
           state_of(cJSON_GetObjectItemCaseSensitive(e, "next_state"), &r->x.next);
}

static int keep(struct records *all, const struct record *r)
{
    if (all->count == all->cap) {
        const size_t cap = all->cap ? 2 * all->cap : 1024;
        struct record *at = x_realloc(all->at, cap * sizeof *at);
        if (!at)
            return ERR_NOMEM;
        all->at = at;
        all->cap = cap;
    }
    all->at[all->count++] = *r;
    return 0;
}

static int read_log(const char *path, struct records *all)
{
    enum { LINE_MAX_BYTES = 1 << 16 }; /* a longer one is no transition */
    FILE *f = fopen(path, "re");
    char *line = x_malloc(LINE_MAX_BYTES);
    int rc = f ? line ? 0 : ERR_NOMEM : ERR_SYS;
    while (rc == 0 && fgets(line, LINE_MAX_BYTES, f)) {
        if (!strstr(line, "\"qrassh.transition\""))
            continue;
        struct record r;
        cJSON *e = cJSON_Parse(line);
        if (e && record_of(e, &r))
            rc = keep(all, &r);
        else
            all->skipped++;
        cJSON_Delete(e);
    }
    x_free(line);
    if (f)
        fclose(f);
    return rc;
}

static int by_session(const void *a, const void *b)
{
    const struct record *x = a, *y = b;
    if (x->session != y->session)
        return x->session > y->session ? 1 : -1;
    return (x->step > y->step) - (x->step < y->step);
}

static void probs(struct rl_agent *a, const struct rl_state *s, float *pi)
{
    float q[RL_ACTION_COUNT];
    const struct rl_explore chance = {.kind = RL_EXPLORE_EPSILON, .epsilon = 1};
    struct rl_explore greedy = rl_agent_explore(a);
    greedy.kind = RL_EXPLORE_GREEDY;
    rl_agent_values(a, s, q);
    rl_explore_probs(rl_agent_config(a)->eps_end >= 1 ? &chance : &greedy, q, NULL, pi);
}

/* Records in order become sessions; steps and sessions are the caller's. */
static size_t group(const struct records *all, struct rl_agent *a, struct ope_step *steps,
                    struct ope_session *sessions)
{
    size_t n = 0;
    for (size_t i = 0; i < all->count; i++) {
        steps[i] = all->at[i].x;
        probs(a, &steps[i].s, steps[i].pi);
        probs(a, &steps[i].next, steps[i].pi_next);
        const bool begins =
            i == 0 || all->at[i].session != all->at[i - 1].session || steps[i - 1].done;
        if (begins)
            sessions[n++] = (struct ope_session){&steps[i], 0, all->at[i].source};
        sessions[n - 1].count++;
    }
    return n;
}

static int report(const struct ope_log *log, uint64_t seed)
{
    struct ope_result r;
    const int rc = ope_estimate(log, seed, &r);
    printf("sessions %zu, effective sample size %.1f, largest weight %.3f\n", log->count, r.ess,
           r.weight_max);
    if (rc == ERR_RANGE) {
        printf("Too few logged sessions resemble this policy (at least %d are needed): no "
               "estimate.\n",
               OPE_ESS_MIN);
        if (r.impossible)
            printf("%llu decisions were certain in the log and are others in this policy; only a "
                   "log with exploration can tell.\n",
                   (unsigned long long)r.impossible);
        return 1;
    }
    if (rc != 0) {
        fprintf(stderr, "qrassh evaluate: %s\n", err_text(rc));
        return 1;
    }
    for (int e = 0; e < OPE_ESTIMATORS; e++)
        printf("%-16s %10.2f  (95 %%: %.2f to %.2f)\n", ope_name(e), r.mean[e], r.low[e],
               r.high[e]);
    return 0;
}

int sim_cmd_evaluate(int argc, char **argv)
{
    struct sim_options o = {.in = "random", .gamma = 0.95, .seed = 1};
    const char *usage = "evaluate --in CHECKPOINT|allow|random LOG.json...";
    const int stop = sim_options_read(&o, argc, argv, usage);
    if (stop)
        return stop - 1;
    struct records all = {0};
    int rc = o.rest < argc ? 0 : ERR_NOTFOUND;
    for (int i = o.rest; rc == 0 && i < argc; i++) {
        rc = read_log(argv[i], &all);
        if (rc != 0)
            fprintf(stderr, "qrassh evaluate: %s: %s\n", argv[i], err_text(rc));
    }
    if (o.rest == argc)
        fprintf(stderr, "usage: qrassh %s\n", usage);
    struct rl_agent *a = rc == 0 ? sim_load_agent(o.in) : NULL;
    struct ope_step *steps = x_calloc(all.count + 1, sizeof *steps);
    struct ope_session *sessions = x_calloc(all.count + 1, sizeof *sessions);
    int status = o.rest == argc ? 2 : 1;
    if (a && steps && sessions && all.count == 0) {
        fprintf(stderr, "qrassh evaluate: no transitions in the log\n");
    } else if (a && steps && sessions) {
        qsort(all.at, all.count, sizeof *all.at, by_session);
        const size_t n = group(&all, a, steps, sessions);
        if (all.skipped)
            printf("%llu malformed records skipped\n", (unsigned long long)all.skipped);
        status = report(&(struct ope_log){sessions, n, o.gamma, 2}, o.seed);
    }
    rl_agent_free(a);
    x_free(steps);
    x_free(sessions);
    x_free(all.at);
    return status;
}
