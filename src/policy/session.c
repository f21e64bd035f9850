/* session.c -- a connection's episode: window, decisions, rewards.
 *
 * Decisions cost computing time that an attacker's endless loop could claim, so
 * each session has a bucket of them: beyond it commands run unasked and only
 * their number is told. Lines read have one as well; the terminal's record
 * holds them in any case.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "policy/session.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "policy/effects.h"
#include "rl/episode.h"

enum {
    DECISIONS = 1000,  /* at once */
    DECISIONS_S = 100, /* and a second from then on */
    LINES = 10000,     /* typed ones recorded, likewise */
    LINES_S = 200,
    TELL_EVERY = 1000000, /* microseconds between reports of undecided commands */
};
static const int64_t DELAY_DEFAULT_US = 3000000;

struct policy_world {
    struct policy_world_conf conf;
    const struct rl_policy *policy;
};

struct bucket {
    double tokens;
    int64_t us; /* when they were counted last */
};

struct policy_session {
    struct policy_world *world;
    struct policy_sink sink;
    struct rl_episode episode;
    struct rng rng;
    char id[16], country[3];
    uint64_t id_hash;
    bool begun; /* an episode runs */
    struct bucket decisions, lines;
    int64_t undecided_us; /* when that was reported last */
    uint64_t undecided;   /* since that report */
    struct policy_stats stats;
};

struct policy_world *policy_world_new(const struct policy_world_conf *conf)
{
    struct policy_world *w = x_calloc(1, sizeof *w);

    if (!w)
        return NULL;
    w->conf = *conf;
    if (!w->conf.delay_us)
        w->conf.delay_us = DELAY_DEFAULT_US;
    w->policy = rl_policy_builtin("allow");
    return w;
}

void policy_world_free(struct policy_world *w)
{
    x_free(w);
}

void policy_world_use(struct policy_world *w, const struct rl_policy *p)
{
    w->policy = p;
}

const struct rl_policy *policy_world_policy(const struct policy_world *w)
{
    return w->policy;
}

struct policy_session *policy_session_new(struct policy_world *w, const char *id,
                                          const char *country, const struct policy_sink *sink)
{
    struct policy_session *s = x_calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->world = w;
    s->sink = *sink;
    (void)str_copy(s->id, sizeof s->id, id);
    (void)str_copy(s->country, sizeof s->country, country ? country : "");
    s->id_hash = hash_fixed(s->id, strlen(s->id), 0);
    s->rng = rng_named(w->conf.seed, s->id);
    s->decisions = (struct bucket){DECISIONS, clock_mono_us(w->conf.clock)};
    s->lines = (struct bucket){LINES, s->decisions.us};
    return s;
}

static void tell_undecided(struct policy_session *s, int64_t now_us)
{
    if (s->undecided && s->sink.undecided)
        s->sink.undecided(s->sink.ctx, s->undecided);
    s->undecided = 0;
    s->undecided_us = now_us;
}

void policy_session_end(struct policy_session *s)
{
    struct rl_transition t;
    int64_t now = clock_real_us(s->world->conf.clock);

    tell_undecided(s, clock_mono_us(s->world->conf.clock));
    if (s->begun && rl_episode_end(&s->episode, now, &t) && s->sink.transition)
        s->sink.transition(s->sink.ctx, &t);
    s->begun = false;
}

void policy_session_free(struct policy_session *s)
{
    if (!s)
        return;
    policy_session_end(s);
    x_free(s);
}

void policy_note_artefact(struct policy_session *s)
{
    s->stats.artefacts++;
    if (s->begun)
        rl_episode_artefact(&s->episode);
}

void policy_session_stats(const struct policy_session *s, struct policy_stats *out)
{
    *out = s->stats;
}

void policy_session_status(struct policy_session *s, int status)
{
    s->stats.last_status = status;
}

/* --- deciding ------------------------------------------------------------------ */

static bool bucket_take(struct bucket *b, int64_t now, double most, double per_second)
{
    b->tokens = fmin(most, b->tokens + (double)(now - b->us) * 1e-6 * per_second);
    b->us = now;
    if (b->tokens < 1)
        return false;
    b->tokens -= 1;
    return true;
}

static bool may_decide(struct policy_session *s)
{
    int64_t now = clock_mono_us(s->world->conf.clock);

    if (bucket_take(&s->decisions, now, DECISIONS, DECISIONS_S))
        return true;
    s->undecided++;
    s->stats.undecided++;
    if (now - s->undecided_us >= TELL_EVERY)
        tell_undecided(s, now);
    return false;
}

/* Log-normal around the mean, between a fifth and four times of it. */
static int64_t draw_delay(struct policy_session *s)
{
    const double sigma = 0.5, mean = (double)s->world->conf.delay_us;
    double us = mean * exp(sigma * rng_normal(&s->rng) - sigma * sigma / 2);

    return (int64_t)fmin(fmax(us, mean / 5), mean * 4);
}

static const char *kind_name(enum policy_kind kind)
{
    static const char *const names[] = {"builtin", "function", "program", "script", "notfound"};

    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "?";
}

/* Fills what the plan's action needs; a short name of it for the record. */
static void plan_effect(struct policy_session *s, const struct policy_command *c,
                        struct policy_plan *plan, char *effect, size_t n)
{
    const char *language;

    effect[0] = '\0';
    switch (plan->action) {
    case RL_DELAY:
        plan->delay_us = draw_delay(s);
        rl_episode_delayed(&s->episode, plan->delay_us);
        break;
    case RL_FAKE:
        plan->effect = policy_fake_choose(c, plan->machine_seed);
        (void)str_fmt(effect, n, "fake:%s%s%s", plan->effect->name,
                      plan->effect->condition[0] && plan->effect->name[0] ? ":" : "",
                      plan->effect->condition);
        break;
    case RL_INSULT:
        plan->insult = policy_insult_choose(s->country, &s->rng, &language);
        (void)str_fmt(effect, n, "insult:%s", language);
        break;
    case RL_BLOCK:
        plan->effect = policy_block_choose(c, plan->machine_seed);
        (void)str_fmt(effect, n, "block:%s%s", plan->effect->name, plan->effect->condition);
        break;
    default:
        break;
    }
}

static void report(struct policy_session *s, const struct policy_command *c,
                   const struct rl_decision *d, struct event_action *e)
{
    float window[RL_WINDOW];

    for (int i = 0; i < RL_WINDOW; i++)
        window[i] = s->episode.state.window[i];
    e->action = event_s(rl_action_name(d->action));
    e->action_id = d->action;
    e->kind = event_s(kind_name(c->kind));
    e->path = event_s(c->path);
    e->step = (int64_t)s->stats.commands - 1;
    e->state = (struct event_nums){window, RL_WINDOW};
    e->q = (struct event_nums){d->q, RL_ACTION_COUNT};
    e->propensity = (double)d->propensity;
    e->explored = d->explored;
    e->policy_version = d->policy_version;
    e->agent = event_s(rl_policy_agent(s->world->policy));
    if (s->sink.decided)
        s->sink.decided(s->sink.ctx, e);
}

void policy_session_decide(struct policy_session *s, const struct policy_command *c,
                           enum policy_wish wish, struct event_str input, struct policy_plan *plan)
{
    const struct rl_policy *policy = s->world->policy;
    const struct clock *clock = s->world->conf.clock;
    struct rl_decision d = {.action = RL_ALLOW, .propensity = 1, .probs = {1}};
    struct event_action e = {.input = input};
    struct rl_transition t;
    char effect[64] = "terminal";

    plan->action = RL_ALLOW;
    if (!may_decide(s))
        return;
    if (!s->begun)
        rl_episode_begin(&s->episode, s->id_hash, s->world->conf.reward_profile);
    s->begun = true;
    struct rl_command cmd =
        rl_vocab_command(rl_policy_vocab(policy), c->argc, (const char *const *)c->argv);
    if (rl_episode_command(&s->episode, cmd, c->kind != POLICY_NOTFOUND,
                           hash_fixed(input.p, input.n, 0), clock_real_us(clock), &t) &&
        s->sink.transition)
        s->sink.transition(s->sink.ctx, &t);
    e.code = cmd.code;
    s->stats.commands++;
    if (wish == POLICY_DECIDE) {
        int64_t start = clock_mono_us(clock);
        rl_policy_decide(policy, &s->episode.state, &s->rng, &d);
        e.decide_us = clock_mono_us(clock) - start;
        rl_episode_decided(&s->episode, &d);
        plan->action = d.action;
        plan_effect(s, c, plan, effect, sizeof effect);
        e.delay_ms = plan->delay_us / 1000;
    }
    s->stats.actions[plan->action]++;
    e.effect = event_s(effect[0] ? effect : NULL);
    report(s, c, &d, &e);
}

/* --- as events --------------------------------------------------------------------- */

void policy_transition_event(const struct rl_transition *t, struct policy_windows *windows,
                             struct event_transition *out)
{
    for (int i = 0; i < RL_WINDOW; i++) {
        windows->state[i] = t->s.window[i];
        windows->next[i] = t->next.window[i];
    }
    *out = (struct event_transition){
        .step = t->step,
        .action = event_s(rl_action_name(t->action)),
        .action_id = t->action,
        .reward = (double)t->reward,
        .reward_profile = event_s(rl_reward_name(t->reward_profile)),
        .done = t->done,
        .explored = t->explored,
        .propensity = (double)t->propensity,
        .policy_version = t->policy_version,
        .state = {windows->state, RL_WINDOW},
        .next_state = {windows->next, RL_WINDOW},
        .artefacts = t->outcome.artefacts,
        .wait_s = (double)t->outcome.wait_s,
        .novelty = (double)t->outcome.novelty,
    };
}

void policy_session_line(struct policy_session *s, const char *line, size_t n)
{
    int64_t now = clock_mono_us(s->world->conf.clock);

    if (s->sink.line && bucket_take(&s->lines, now, LINES, LINES_S))
        s->sink.line(s->sink.ctx, line, n);
}
