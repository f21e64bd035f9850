/* ope.c -- importance sampling, fitted Q evaluation, doubly robust.
 *
 * Per session i and step t: rho is the product of pi(a|s) / mu(a|s) up to and
 * with t. Weights are normalised over sessions at each step (Thomas), a session
 * that has ended keeping its last one. Doubly robust in the backward form of
 * Jiang and Li: v = V(s) + ratio (r + gamma v' - Q(s, a)).
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/ope.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 60, RESAMPLES = 400, A = OPE_ACTIONS };

const char *ope_name(int estimator)
{
    static const char *const names[] = {"as logged", "weighted IS", "per-decision IS", "fitted Q",
                                        "doubly robust"};
    return estimator >= 0 && estimator < OPE_ESTIMATORS ? names[estimator] : "?";
}

/* The model: mean targets by state key and action, iterated. */
struct cell {
    uint64_t key; /* 0: free */
    double q[A], sum[A], n[A];
};
struct model {
    struct cell *cells;
    size_t slots;
};

static uint64_t key_of(const struct rl_state *s, uint32_t order)
{
    const uint64_t h = hash_fixed(s->window + RL_WINDOW - order, order, 7);
    return h ? h : 1;
}

static struct cell *cell_of(const struct model *m, uint64_t key)
{
    size_t at = key & (m->slots - 1);
    while (m->cells[at].key && m->cells[at].key != key)
        at = (at + 1) & (m->slots - 1);
    return &m->cells[at];
}

static double expect(const struct cell *c, const float *pi)
{
    double v = 0;
    for (int a = 0; a < A; a++)
        v += (double)pi[a] * c->q[a];
    return v;
}

static int fit(struct model *m, const struct ope_log *log)
{
    size_t steps = 0;
    for (size_t i = 0; i < log->count; i++)
        steps += log->sessions[i].count;
    for (m->slots = 64; m->slots < 2 * steps + 2;)
        m->slots *= 2;
    m->cells = x_calloc(m->slots, sizeof *m->cells);
    if (!m->cells)
        return ERR_NOMEM;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < log->count; i++)
            for (size_t t = 0; t < log->sessions[i].count; t++) {
                const struct ope_step *x = &log->sessions[i].steps[t];
                const uint64_t key = key_of(&x->s, log->order);
                struct cell *c = cell_of(m, key);
                c->key = key;
                const double next =
                    x->done ? 0 : expect(cell_of(m, key_of(&x->next, log->order)), x->pi_next);
                c->sum[x->action] += (double)x->reward + log->gamma * next;
                c->n[x->action]++;
            }
        for (size_t i = 0; i < m->slots; i++)
            for (int a = 0; a < A; a++) {
                struct cell *c = &m->cells[i];
                if (c->n[a] > 0)
                    c->q[a] = c->sum[a] / c->n[a];
                c->sum[a] = c->n[a] = 0;
            }
    }
    return 0;
}

static double ratio(const struct ope_step *x)
{
    return (double)x->pi[x->action] / (double)x->mu;
}

/* What each session contributes, independent of the others. */
struct part {
    double logged, fqe, dr;
};

static struct part part_of(const struct ope_session *s, const struct ope_log *log,
                           const struct model *m)
{
    struct part p = {0};
    double v = 0;
    for (size_t t = s->count; t-- > 0;) {
        const struct ope_step *x = &s->steps[t];
        const struct cell *c = cell_of(m, key_of(&x->s, log->order));
        p.logged = (double)x->reward + log->gamma * p.logged;
        v = expect(c, x->pi) + ratio(x) * ((double)x->reward + log->gamma * v - c->q[x->action]);
        if (t == 0)
            p.fqe = expect(c, x->pi);
    }
    p.dr = v;
    return p;
}

struct work {
    const struct ope_log *log;
    const struct part *parts;
    double *rho; /* one number a session, scratch */
};

/* Weighted estimates over a selection of sessions (indices, with repeats). */
static void weighted(const struct work *w, const uint32_t *pick, size_t n, double *wis,
                     double *pdis)
{
    const struct ope_log *log = w->log;
    uint32_t longest = 0;
    double discount = 1, sum = 0;
    *pdis = 0;
    for (size_t i = 0; i < n; i++) {
        const struct ope_session *s = &log->sessions[pick[i]];
        longest = s->count > longest ? s->count : longest;
        w->rho[i] = 1;
    }
    for (uint32_t t = 0; t < longest; t++, discount *= log->gamma) {
        double top = 0;
        sum = 0;
        for (size_t i = 0; i < n; i++) {
            const struct ope_session *s = &log->sessions[pick[i]];
            if (t < s->count) {
                w->rho[i] *= ratio(&s->steps[t]);
                top += w->rho[i] * (double)s->steps[t].reward;
            }
            sum += w->rho[i];
        }
        if (sum <= 0)
            break;
        *pdis += discount * top / sum;
    }
    double top = 0;
    for (size_t i = 0; i < n; i++)
        top += w->rho[i] * w->parts[pick[i]].logged;
    *wis = sum > 0 ? top / sum : 0;
}

static void all_of(const struct work *w, const uint32_t *pick, size_t n, double out[OPE_ESTIMATORS])
{
    memset(out, 0, OPE_ESTIMATORS * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        out[OPE_LOGGED] += w->parts[pick[i]].logged / (double)n;
        out[OPE_FQE] += w->parts[pick[i]].fqe / (double)n;
        out[OPE_DR] += w->parts[pick[i]].dr / (double)n;
    }
    weighted(w, pick, n, &out[OPE_WIS], &out[OPE_PDIS]);
}

static void sizes(const struct work *w, struct ope_result *out)
{
    double sum = 0, squares = 0, top = 0;
    for (size_t i = 0; i < w->log->count; i++) {
        sum += w->rho[i];
        squares += w->rho[i] * w->rho[i];
        top = fmax(top, w->rho[i]);
    }
    out->ess = squares > 0 ? sum * sum / squares : 0;
    out->weight_max = sum > 0 ? top / sum : 1;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct by_source {
    uint64_t source;
    uint32_t index;
};

static int by_source_order(const void *a, const void *b)
{
    const struct by_source *x = a, *y = b;
    return x->source != y->source ? (x->source > y->source ? 1 : -1)
                                  : (x->index > y->index) - (x->index < y->index);
}

/* Resamples sources with all their sessions until as many sessions are drawn. */
static int intervals(const struct work *w, uint64_t seed, struct ope_result *out)
{
    const size_t n = w->log->count;
    struct by_source *order = x_calloc(n, sizeof *order);
    uint32_t *pick = x_calloc(n, sizeof *pick);
    double *values = x_calloc((size_t)RESAMPLES * OPE_ESTIMATORS, sizeof *values);
    struct rng rng;
    int rc = order && pick && values ? 0 : ERR_NOMEM;
    rng_seed(&rng, seed);
    for (size_t i = 0; rc == 0 && i < n; i++)
        order[i] = (struct by_source){w->log->sessions[i].source, (uint32_t)i};
    if (rc == 0)
        qsort(order, n, sizeof *order, by_source_order);
    for (size_t r = 0; rc == 0 && r < RESAMPLES; r++) {
        double est[OPE_ESTIMATORS];
        for (size_t k = 0; k < n;) {
            size_t at = rng_below(&rng, n);
            while (at > 0 && order[at - 1].source == order[at].source)
                at--;
            const uint64_t source = order[at].source;
            for (; k < n && at < n && order[at].source == source; at++)
                pick[k++] = order[at].index;
        }
        all_of(w, pick, n, est);
        for (int e = 0; e < OPE_ESTIMATORS; e++)
            values[(size_t)e * RESAMPLES + r] = est[e];
    }
    for (int e = 0; rc == 0 && e < OPE_ESTIMATORS; e++) {
        double *v = values + (size_t)e * RESAMPLES;
        qsort(v, RESAMPLES, sizeof *v, by_value);
        out->low[e] = stats_quantile(v, RESAMPLES, 0.025);
        out->high[e] = stats_quantile(v, RESAMPLES, 0.975);
    }
    x_free(order);
    x_free(pick);
    x_free(values);
    return rc;
}

/* Where the log was certain and the policy would have done something else:
 * nothing can be said about those. */
static uint64_t count_impossible(const struct ope_log *log)
{
    uint64_t bad = 0;
    for (size_t i = 0; i < log->count; i++)
        for (size_t t = 0; t < log->sessions[i].count; t++) {
            const struct ope_step *x = &log->sessions[i].steps[t];
            bad += x->mu > 0.999f && x->pi[x->action] < 0.001f;
        }
    return bad;
}

int ope_estimate(const struct ope_log *log, uint64_t seed, struct ope_result *out)
{
    struct model m = {0};
    memset(out, 0, sizeof *out);
    if (log->count == 0)
        return ERR_RANGE;
    struct part *parts = x_calloc(log->count, sizeof *parts);
    double *rho = x_calloc(log->count, sizeof *rho);
    uint32_t *every = x_calloc(log->count, sizeof *every);
    int rc = parts && rho && every ? fit(&m, log) : ERR_NOMEM;
    if (rc == 0) {
        const struct work w = {log, parts, rho};
        for (size_t i = 0; i < log->count; i++) {
            parts[i] = part_of(&log->sessions[i], log, &m);
            every[i] = (uint32_t)i;
        }
        all_of(&w, every, log->count, out->mean);
        sizes(&w, out);
        out->impossible = count_impossible(log);
        rc = intervals(&w, seed, out);
    }
    if (rc == 0 && out->ess < OPE_ESS_MIN)
        rc = ERR_RANGE;
    x_free(parts);
    x_free(rho);
    x_free(every);
    x_free(m.cells);
    return rc;
}
