/* attack.c -- `qrassh attack`: recorded sessions against a running honeypot.
 *
 * Only a loopback address is ever a target: the sessions are real attackers',
 * and what they ask for must not be asked of anybody.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/attack.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <libssh/libssh.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "sim/attack_play.h"

enum { WORKERS_MAX = 256, PLANS_BYTES_MAX = 1 << 30 };

struct attack {
    struct attack_conf conf;
    struct attack_plans plans;
    size_t limit; /* sessions to play */
    atomic_size_t next, done;
    pthread_mutex_t lock; /* of total */
    struct attack_counts total;
    bool progress;
};

static const char usage[] =
    "usage: qrassh attack --sessions FILE [options]\n"
    "Plays recorded SSH sessions against a honeypot on this machine.\n"
    "\n"
    "  --sessions FILE     JSON lines, plain or gzip: logins, events with t, input, kind\n"
    "  --target HOST:PORT  a loopback address (default 127.0.0.1:2222)\n"
    "  --concurrency N     sessions at a time, 1 to 256 (default 4)\n"
    "  --limit N           play N sessions, beginning again after the last (default: all, once)\n"
    "  --scale X           multiply think times by X (default 0: none)\n"
    "  --seed N            of the attackers' reactions (default 1)\n"
    "  --spread            give each recorded source a loopback address of its own\n"
    "  --quiet             no progress line\n";

static int fail(const char *text, const char *arg)
{
    fprintf(stderr, "qrassh attack: %s%s%s; see qrassh attack --help\n", text, arg ? ": " : "",
            arg ? arg : "");
    return 2;
}

/* "HOST:PORT" with HOST in 127.0.0.0/8 or ::1. The host keeps living in out. */
static bool loopback(const char *target, char *host, size_t n, unsigned *port)
{
    const char *colon = strrchr(target, ':');
    struct in_addr v4;
    struct in6_addr v6;
    int64_t number;

    if (!colon || str_int(colon + 1, 1, 65535, &number) < 0 ||
        !str_fmt(host, n, "%.*s", (int)(colon - target), target))
        return false;
    *port = (unsigned)number;
    if (strcmp(host, "localhost") == 0)
        return str_copy(host, n, "127.0.0.1");
    if (host[0] == '[' && str_ends(host, "]")) {
        memmove(host, host + 1, strlen(host));
        host[strlen(host) - 1] = '\0';
    }
    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static void add(struct attack_counts *to, const struct attack_counts *n)
{
    to->sessions += n->sessions;
    to->unreachable += n->unreachable;
    to->logins += n->logins;
    to->accepted += n->accepted;
    to->execs += n->execs;
    to->lines += n->lines;
    to->refused += n->refused;
    to->retries += n->retries;
    to->given_up += n->given_up;
    to->lost += n->lost;
}

static void *work(void *arg)
{
    struct attack *t = arg;
    struct attack_counts mine = {0};
    size_t i;

    while ((i = atomic_fetch_add(&t->next, 1)) < t->limit) {
        struct attack_conf conf = t->conf;
        conf.seed += i / t->plans.n; /* a second round reacts anew */
        attack_play(&conf, &t->plans.v[i % t->plans.n], &mine);
        i = atomic_fetch_add(&t->done, 1) + 1;
        if (t->progress && (i % 10 == 0 || i == t->limit))
            fprintf(stderr, "\r%zu of %zu sessions ", i, t->limit);
    }
    pthread_mutex_lock(&t->lock);
    add(&t->total, &mine);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static void print_report(const struct attack *t)
{
    const struct attack_counts *n = &t->total;

    printf("{\"sessions\":%llu,\"unreachable\":%llu,\"logins\":%llu,\"accepted\":%llu,"
           "\"execs\":%llu,\"lines\":%llu,\"refused\":%llu,\"retries\":%llu,\"given_up\":%llu,"
           "\"lost\":%llu}\n",
           (unsigned long long)n->sessions, (unsigned long long)n->unreachable,
           (unsigned long long)n->logins, (unsigned long long)n->accepted,
           (unsigned long long)n->execs, (unsigned long long)n->lines,
           (unsigned long long)n->refused, (unsigned long long)n->retries,
           (unsigned long long)n->given_up, (unsigned long long)n->lost);
}

static int run(struct attack *t, size_t workers)
{
    pthread_t threads[WORKERS_MAX];
    size_t started = 0;

    pthread_mutex_init(&t->lock, NULL);
    while (started < workers && pthread_create(&threads[started], NULL, work, t) == 0)
        started++;
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (t->progress)
        fputc('\n', stderr);
    print_report(t);
    if (started == 0)
        return fail("cannot start a thread", NULL);
    if (t->total.sessions == 0) {
        fprintf(stderr, "qrassh attack: nobody answers on %s port %u; start it with ./run\n",
                t->conf.host, t->conf.port);
        return 1;
    }
    return 0;
}

int sim_cmd_attack(int argc, char **argv)
{
    enum { SESSIONS = 1, TARGET, CONCURRENCY, LIMIT, SCALE, SEED, SPREAD, QUIET, HELP };
    static const struct option longs[] = {{"sessions", 1, NULL, SESSIONS},
                                          {"target", 1, NULL, TARGET},
                                          {"concurrency", 1, NULL, CONCURRENCY},
                                          {"limit", 1, NULL, LIMIT},
                                          {"scale", 1, NULL, SCALE},
                                          {"seed", 1, NULL, SEED},
                                          {"spread", 0, NULL, SPREAD},
                                          {"quiet", 0, NULL, QUIET},
                                          {"help", 0, NULL, HELP},
                                          {NULL, 0, NULL, 0}};
    struct arena_budget budget = {.max = PLANS_BYTES_MAX};
    struct attack t = {.conf = {.scale = 0, .wait_max_s = 60}, .progress = isatty(2)};
    const char *file = NULL, *target = "127.0.0.1:2222";
    int64_t workers = 4, limit = 0, seed = 1;
    struct arena *a;
    char host[64], why[256];
    int o, r = 0;

    while ((o = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (o) {
        case SESSIONS:
            file = optarg;
            break;
        case TARGET:
            target = optarg;
            break;
        case CONCURRENCY:
            r |= str_int(optarg, 1, WORKERS_MAX, &workers);
            break;
        case LIMIT:
            r |= str_int(optarg, 1, 10000000, &limit);
            break;
        case SCALE:
            r |= str_double(optarg, 0, 100, &t.conf.scale);
            break;
        case SEED:
            r |= str_int(optarg, 0, INT64_MAX / 2, &seed);
            break;
        case SPREAD:
            t.conf.spread = true;
            break;
        case QUIET:
            t.progress = false;
            break;
        case HELP:
            fputs(usage, stdout);
            return 0;
        default:
            return 2;
        }
    }
    if (r < 0)
        return fail("a number is out of its range", NULL);
    if (!file || optind < argc)
        return fail(file ? "unexpected argument" : "--sessions is missing",
                    file ? argv[optind] : NULL);
    if (!loopback(target, host, sizeof host, &t.conf.port))
        return fail("the target must be a loopback address and a port, like 127.0.0.1:2222",
                    target);
    a = arena_new(&budget, 0);
    if (!a)
        return fail("no memory", NULL);
    t.conf.host = host;
    t.conf.seed = (uint64_t)seed;
    if (attack_plans_read(&t.plans, a, file, why, sizeof why) < 0) {
        fprintf(stderr, "qrassh attack: %s\n", why);
        r = 2;
    } else {
        t.limit = limit ? (size_t)limit : t.plans.n;
        ssh_init();
        r = run(&t, (size_t)workers);
    }
    arena_free(a);
    return r;
}
