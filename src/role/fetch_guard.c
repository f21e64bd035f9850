/* fetch_guard.c -- may this connection be made? Asked before each one.
 *
 * Destinations are counted in a fixed table: two that share a place share
 * their limits. For tests an address of this host may be given; then it stands
 * in for the whole public internet, so that a test reaches nothing else, and
 * refusals are those of real life.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "role/fetch_guard.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"

enum { PLACES = 1024, BURST_S = 20 };

struct fetch_place {
    unsigned long long key;
    double tokens;
    int64_t last_us;
    unsigned open;
};

struct fetch_guard {
    struct fetch_guard_conf conf;
    struct sockaddr_storage test[CONF_LIST];
    socklen_t test_n[CONF_LIST];
    size_t ntest;
    struct fetch_place places[PLACES];
};

struct fetch_guard *fetch_guard_new(const struct fetch_guard_conf *conf, const char **bad)
{
    struct fetch_guard *g = x_calloc(1, sizeof *g);

    *bad = NULL;
    if (!g)
        return NULL;
    g->conf = *conf;
    for (size_t i = 0; conf->test && i < conf->test->n; i++) {
        if (fetch_addr_parse(conf->test->v[i], &g->test[i], &g->test_n[i]) < 0) {
            *bad = conf->test->v[i];
            x_free(g);
            return NULL;
        }
        g->ntest++;
    }
    return g;
}

void fetch_guard_free(struct fetch_guard *g)
{
    x_free(g);
}

void fetch_pass_done(struct fetch_pass *p)
{
    if (p->place)
        p->place->open--;
    p->place = NULL;
}

static bool is_test(const struct fetch_guard *g, const struct sockaddr *sa)
{
    for (size_t i = 0; i < g->ntest; i++)
        if (fetch_addr_equal(sa, (const struct sockaddr *)&g->test[i]))
            return true;
    return false;
}

/* A bucket that a minute fills, and that holds a third of it at most. */
static bool take_token(const struct fetch_guard *g, struct fetch_place *pl, int64_t now_us)
{
    double per_us = g->conf.rate / 60e6, most = g->conf.rate * (double)BURST_S / 60;

    if (!g->conf.rate)
        return true;
    if (most < 1)
        most = 1;
    pl->tokens = pl->last_us ? pl->tokens + (double)(now_us - pl->last_us) * per_us : most;
    if (pl->tokens > most)
        pl->tokens = most;
    pl->last_us = now_us;
    if (pl->tokens < 1)
        return false;
    pl->tokens -= 1;
    return true;
}

static const char *over_limit(struct fetch_pass *p, const struct sockaddr *sa, int64_t now_us)
{
    struct fetch_guard *g = p->guard;
    struct fetch_place *pl = &g->places[fetch_addr_key(sa) % PLACES];

    if (p->place != pl) {
        if (g->conf.together && pl->open >= g->conf.together)
            return "too many at once from there";
        fetch_pass_done(p);
        p->place = pl;
        pl->open++;
    }
    return take_token(g, pl, now_us) ? NULL : "too many a minute from there";
}

int fetch_pass_connect(struct fetch_pass *p, struct sockaddr *sa, socklen_t *n, int64_t now_us)
{
    struct fetch_guard *g = p->guard;
    const char *why = NULL;
    bool test = is_test(g, sa);

    memset(&p->to, 0, sizeof p->to);
    memcpy(&p->to, sa, *n < sizeof p->to ? *n : sizeof p->to);
    if (!test)
        why = fetch_addr_refused(sa);
    if (!why && !test && fetch_addr_is_own(sa, *n))
        why = "this host";
    if (!why)
        why = over_limit(p, sa, now_us);
    if (why) {
        p->refused = why;
        return ERR_DENIED;
    }
    if (g->ntest && !test) {
        memcpy(sa, &g->test[0], g->test_n[0]);
        *n = g->test_n[0];
    }
    return 0;
}

const char *fetch_guard_test_name(const struct fetch_guard *g, const char *host)
{
    if (!g->ntest)
        return NULL;
    return str_starts(host, "loopback.") ? "127.0.0.1" : "9.9.9.9";
}
