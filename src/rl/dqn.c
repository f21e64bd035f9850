/* dqn.c -- deep Q-network: the paper's, and what came after it.
 *
 * Experience goes through an n-step window per session into the replay ring;
 * a training step samples a batch, makes targets from the target network (or
 * the same one, as the paper did) and takes one step of Adam.
 *
 *     y = r + discount * Q_target(s', argmax_a Q(s', a))     double
 *     y = r + discount * max_a Q_target(s', a)               plain
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/agent_priv.h"
#include "base/str.h"
#include "nn/infer.h"
#include "nn/layers.h"
#include "nn/optim.h"
#include "rl/recent.h"
#include "rl/replay.h"

#include <math.h>
#include <string.h>

enum { A = RL_ACTION_COUNT, OWED_MAX = 256 };

struct dqn {
    struct rl_agent base;
    size_t n;                      /* parameters */
    float *w, *target, *g, *m, *v; /* target: w itself if there is none */
    struct nn_adam adam;
    struct nn_work *train, *other, *one; /* batch, batch for targets, single state */
    struct rl_replay replay;
    struct rl_recent recent;
    double owed; /* training steps due */
    float scale; /* rewards are divided by it */
    /* one batch */
    uint32_t *index;
    uint8_t *s, *next;
    float *probs, *weight, *y, *q_next, *dq;
};

static int dqn_defaults(struct rl_agent_config *c, const char *profile)
{
    if (str_eq(profile, "paper")) { /* literally: no target network, raw rewards */
        c->gamma = 0.9f;
        c->eps_end = 0.1f;
        c->full_targets = true;
        c->reward_scale = 1;
        return 0;
    }
    c->target_every = 200;
    c->double_q = true;
    c->huber = true;
    c->clip_norm = 10;
    c->replay = 20000;
    if (str_eq(profile, "standard")) {
        c->margin = 0.05f;
        return 0;
    }
    if (str_eq(profile, "nature")) {
        c->gamma = 0.99f;
        c->double_q = false;
        c->replay = 1000000;
        c->observe = 50000;
        c->update_every = 4;
        c->target_every = 10000 / 4; /* counted in training steps */
        c->batch = 32;
        c->eps_end = 0.1f;
        c->eps_steps = 1000000 / 4;
        c->lr = 0.00025f;
        return 0;
    }
    if (str_eq(profile, "small")) { /* trains in seconds: simulations */
        c->batch = 32;
        c->update_every = 2;
        return nn_config_find("small", &c->net);
    }
    return ERR_NOTFOUND;
}

static void dqn_destroy(struct rl_agent *a)
{
    struct dqn *d = (struct dqn *)a;
    if (d->target != d->w)
        x_free(d->target);
    x_free(d->w);
    x_free(d->g);
    x_free(d->m);
    x_free(d->v);
    nn_work_free(d->train);
    nn_work_free(d->other);
    nn_work_free(d->one);
    rl_replay_done(&d->replay);
    rl_recent_done(&d->recent);
    x_free(d->index);
    x_free(d->s);
    x_free(d->next);
    x_free(d->probs);
    x_free(d->weight);
    x_free(d->y);
    x_free(d->q_next);
    x_free(d->dq);
    x_free(d);
}

static bool dqn_memory(struct dqn *d, const struct rl_agent_config *c)
{
    const size_t b = c->batch;
    d->w = x_calloc(d->n, sizeof *d->w);
    d->target = c->target_every ? x_calloc(d->n, sizeof *d->w) : d->w;
    d->g = x_calloc(d->n, sizeof *d->g);
    d->m = x_calloc(d->n, sizeof *d->m);
    d->v = x_calloc(d->n, sizeof *d->v);
    d->train = nn_work_new(&c->net, b);
    d->other = nn_work_new(&c->net, b);
    d->one = nn_work_new(&c->net, 1);
    d->index = x_calloc(b, sizeof *d->index);
    d->s = x_calloc(b, RL_WINDOW);
    d->next = x_calloc(b, RL_WINDOW);
    d->probs = x_calloc(b, sizeof *d->probs);
    d->weight = x_calloc(b, sizeof *d->weight);
    d->y = x_calloc(b * A, sizeof *d->y);
    d->q_next = x_calloc(b * A, sizeof *d->q_next);
    d->dq = x_calloc(b * A, sizeof *d->dq);
    return d->w && d->target && d->g && d->m && d->v && d->train && d->other && d->one &&
           d->index && d->s && d->next && d->probs && d->weight && d->y && d->q_next && d->dq &&
           rl_replay_init(&d->replay, c->replay, c->prioritised) == 0 &&
           rl_recent_init(&d->recent) == 0;
}

static struct rl_agent *dqn_create(const struct rl_agent_config *c)
{
    struct dqn *d = x_calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->base.ops = &rl_agent_dqn;
    d->base.cfg = *c;
    d->n = nn_net_layout(&c->net).total;
    d->scale = c->reward_scale > 0 ? c->reward_scale : rl_reward_scale(c->reward_profile);
    d->base.st.unit = d->scale;
    d->adam = (struct nn_adam){c->lr, 0.9f, 0.999f, 1e-8f, 0};
    if (!dqn_memory(d, c)) {
        dqn_destroy(&d->base);
        return NULL;
    }
    d->base.rng = rng_named(c->seed, "dqn");
    struct rng init = rng_named(c->seed, "dqn weights");
    nn_net_init(&c->net, d->w, &init);
    memcpy(d->target, d->w, d->n * sizeof *d->w);
    return &d->base;
}

/* The oldest step of a session becomes an item: the discounted sum of the
 * rewards behind it, and the state where they end. */
static void store_oldest(struct dqn *d, struct rl_recent_session *r)
{
    const struct rl_transition *first = &r->steps[0], *last = &r->steps[r->count - 1];
    struct rl_replay_item it = {.s = first->s,
                                .next = last->next,
                                .action = first->action,
                                .done = last->done,
                                .discount = 1};
    for (size_t i = 0; i < r->count; i++) {
        it.reward += it.discount * r->steps[i].reward / d->scale;
        it.discount *= d->base.cfg.gamma;
    }
    rl_replay_add(&d->replay, &it);
    rl_recent_shift(r);
}

static void dqn_observe(struct rl_agent *a, const struct rl_transition *t)
{
    struct dqn *d = (struct dqn *)a;
    struct rl_recent_session *r = rl_recent_of(&d->recent, t);
    rl_recent_push(r, t);
    if (r->count >= a->cfg.n_step)
        store_oldest(d, r);
    while (t->done && r->count)
        store_oldest(d, r);
    a->st.size = d->replay.count;
    if (a->st.seen > a->cfg.observe)
        d->owed = fmin(d->owed + 1.0 / a->cfg.update_every, OWED_MAX);
}

static int argmax(const float *q)
{
    int best = 0;
    for (int i = 1; i < A; i++)
        best = q[i] > q[best] ? i : best;
    return best;
}

/* Fills y for the taken actions from the values of the next states. */
static void make_targets(struct dqn *d)
{
    const struct rl_agent_config *c = &d->base.cfg;
    const size_t n = c->batch, bytes = n * A * sizeof(float);
    memcpy(d->q_next, nn_net_forward(&c->net, d->target, d->other, d->next, n, NULL), bytes);
    const float *chooser = d->q_next;
    if (c->double_q && d->target != d->w)
        chooser = nn_net_forward(&c->net, d->w, d->other, d->next, n, NULL);
    for (size_t b = 0; b < n; b++) {
        const struct rl_replay_item *it = &d->replay.items[d->index[b]];
        const float value = it->done ? 0 : d->q_next[b * A + (size_t)argmax(chooser + b * A)];
        d->y[b * A + it->action] = it->reward + it->discount * value;
    }
}

static void weigh(struct dqn *d)
{
    const struct rl_agent_config *c = &d->base.cfg;
    const double beta =
        fmin(1, c->per_beta + (1 - c->per_beta) * (double)d->base.st.steps / 100000.0);
    float top = 0;
    for (size_t b = 0; b < c->batch; b++) {
        d->weight[b] = (float)pow((double)d->replay.count * d->probs[b], -beta);
        top = fmaxf(top, d->weight[b]);
    }
    for (size_t b = 0; b < c->batch; b++)
        d->weight[b] /= top;
}

static void reprioritise(struct dqn *d, const float *q)
{
    const struct rl_agent_config *c = &d->base.cfg;
    for (size_t b = 0; b < c->batch; b++) {
        const size_t at = b * A + d->replay.items[d->index[b]].action;
        const double error = fabs((double)d->y[at] - (double)q[at]);
        rl_replay_set_priority(&d->replay, d->index[b], pow(error + 1e-3, c->per_alpha));
    }
}

static void sample(struct dqn *d)
{
    const size_t n = d->base.cfg.batch;
    rl_replay_sample(&d->replay, &d->base.rng, n, d->index, d->probs);
    for (size_t b = 0; b < n; b++) {
        const struct rl_replay_item *it = &d->replay.items[d->index[b]];
        memcpy(d->s + b * RL_WINDOW, it->s.window, RL_WINDOW);
        memcpy(d->next + b * RL_WINDOW, it->next.window, RL_WINDOW);
    }
}

/* The loss over the sampled batch, its gradient in d->g. */
static double batch_gradient(struct dqn *d)
{
    const struct rl_agent_config *c = &d->base.cfg;
    const size_t n = c->batch, bytes = n * A * sizeof(float);
    if (c->full_targets) { /* what Keras' fit() sees: predictions without dropout */
        memcpy(d->y, nn_net_forward(&c->net, d->w, d->other, d->s, n, NULL), bytes);
        make_targets(d);
    }
    const float *q = nn_net_forward(&c->net, d->w, d->train, d->s, n, &d->base.rng);
    if (!c->full_targets) {
        memcpy(d->y, q, bytes); /* no error but in the action taken */
        make_targets(d);
    }
    if (c->prioritised)
        weigh(d);
    const struct nn_loss_in in = {
        .q = q,
        .y = d->y,
        .weight = c->prioritised ? d->weight : NULL,
        .batch = n,
        .actions = A,
        .divisor = (double)n * (c->full_targets ? A : 1),
        .huber = c->huber,
    };
    const double loss = nn_loss(&in, d->dq);
    if (c->prioritised)
        reprioritise(d, q);
    memset(d->g, 0, d->n * sizeof *d->g);
    nn_net_backward(&c->net, d->w, d->train, d->dq, d->g);
    return loss;
}

static int dqn_update(struct rl_agent *a)
{
    struct dqn *d = (struct dqn *)a;
    const struct rl_agent_config *c = &a->cfg;
    if (d->owed < 1 || d->replay.count < c->batch)
        return 0;
    d->owed -= 1;
    sample(d);
    const double loss = batch_gradient(d);
    const double norm = nn_clip_norm(d->g, d->n, c->clip_norm);
    if (!isfinite(loss) || !isfinite(norm))
        return ERR_RANGE;
    if (c->lr_end > 0)
        d->adam.lr = (float)(c->lr + (c->lr_end - c->lr) * rl_agent_progress(a));
    nn_adam_step(&d->adam, &(struct nn_params){d->w, d->m, d->v, d->g, d->n});
    rl_agent_note_loss(a, loss);
    if (c->target_every && a->st.steps % c->target_every == 0)
        memcpy(d->target, d->w, d->n * sizeof *d->w);
    return 1;
}

static const uint32_t *dqn_values(struct rl_agent *a, const struct rl_state *s, float *q)
{
    struct dqn *d = (struct dqn *)a;
    const float *out = nn_net_forward(&a->cfg.net, d->w, d->one, s->window, 1, NULL);
    for (int i = 0; i < A; i++)
        q[i] = out[i] * d->scale;
    return NULL;
}

static int dqn_snapshot(struct rl_agent *a, struct rl_policy *head, struct buf *out)
{
    struct dqn *d = (struct dqn *)a;
    const size_t n = nn_infer_size(&a->cfg.net);
    float *folded = x_calloc(n, sizeof *folded);
    if (!folded)
        return ERR_NOMEM;
    nn_infer_fold(&a->cfg.net, d->w, folded);
    head->body = RL_BODY_NET;
    head->net = a->cfg.net;
    head->value_scale = d->scale;
    const int rc = rl_policy_write(out, head, folded, n * sizeof *folded);
    x_free(folded);
    return rc;
}

static void net_text(const struct nn_config *c, char *text, size_t n)
{
    str_fmt(text, n, "%d-%d-%d-%d-%d-%d%s%s", c->vocab, c->embed, c->hidden, c->dense, c->actions,
            c->window, c->hard_gates ? " hard" : "", c->duel ? " duel" : "");
}

static int dqn_save(struct rl_agent *a, bool full, struct rl_parts *p)
{
    struct dqn *d = (struct dqn *)a;
    struct nn_tensor_name t[NN_TENSORS_MAX];
    const size_t n = nn_net_tensors(&a->cfg.net, t);
    char net[64];
    net_text(&a->cfg.net, net, sizeof net);
    rl_parts_meta(p, "network", "%s", net);
    rl_parts_meta(p, "scale", "%.9g", (double)d->scale);
    for (size_t i = 0; i < n; i++)
        rl_parts_tensor(p, t[i].name, NN_F32, t[i].rows, t[i].cols, d->w + t[i].at);
    if (!full)
        return 0;
    rl_parts_meta(p, "adam_t", "%llu", (unsigned long long)d->adam.t);
    rl_parts_meta(p, "replay_head", "%zu", d->replay.head);
    rl_parts_tensor(p, "adam.m", NN_F32, d->n, 0, d->m);
    rl_parts_tensor(p, "adam.v", NN_F32, d->n, 0, d->v);
    rl_parts_tensor(p, "target", NN_F32, d->n, 0, d->target);
    /* rows of 32 bytes: s 10, s' 10, action, done, 2 unused, reward and
     * discount as little-endian floats */
    if (d->replay.count)
        rl_parts_tensor(p, "replay", NN_U8, d->replay.count, sizeof *d->replay.items,
                        d->replay.items);
    return 0;
}

static bool item_valid(const struct rl_replay_item *it)
{
    for (int i = 0; i < RL_WINDOW; i++)
        if (it->s.window[i] >= RL_VOCAB_MAX || it->next.window[i] >= RL_VOCAB_MAX)
            return false;
    return it->action < A && it->done <= 1 && isfinite(it->reward) && it->discount >= 0 &&
           it->discount <= 1;
}

/* Items one by one through rl_replay_add, oldest first, so that a ring of
 * another size takes the newest ones. */
static void load_replay(struct dqn *d, const struct nn_ckpt *c)
{
    const struct nn_ckpt_tensor *t = nn_ckpt_find(c, "replay");
    double head = 0;
    if (!t || t->type != NN_U8 || t->cols != sizeof(struct rl_replay_item) || t->rows == 0 ||
        nn_ckpt_get_double(c, "replay_head", &head) != 0 || !(head >= 0))
        return;
    d->replay.count = d->replay.head = 0;
    for (size_t i = 0; i < t->rows; i++) {
        struct rl_replay_item it;
        const size_t at = ((size_t)head + i) % t->rows;
        memcpy(&it, (const uint8_t *)t->data + at * sizeof it, sizeof it);
        if (item_valid(&it))
            rl_replay_add(&d->replay, &it);
    }
    d->base.st.size = d->replay.count;
}

static bool finite_all(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* Optimiser and target as stored; without them, a fresh start from w. */
static void load_optimiser(struct dqn *d, const struct nn_ckpt *c)
{
    double t = 0;
    const bool have = nn_ckpt_get_double(c, "adam_t", &t) == 0 && t >= 0 && t < 1e15 &&
                      nn_ckpt_copy(c, "adam.m", NN_F32, d->m, d->n) == 0 &&
                      nn_ckpt_copy(c, "adam.v", NN_F32, d->v, d->n) == 0 &&
                      finite_all(d->m, d->n) && finite_all(d->v, d->n);
    if (!have) {
        memset(d->m, 0, d->n * sizeof *d->m);
        memset(d->v, 0, d->n * sizeof *d->v);
    }
    d->adam.t = have ? (uint64_t)t : 0;
    if (d->target == d->w)
        return;
    if (!have || nn_ckpt_copy(c, "target", NN_F32, d->target, d->n) != 0 ||
        !finite_all(d->target, d->n))
        memcpy(d->target, d->w, d->n * sizeof *d->w);
}

static int dqn_load(struct rl_agent *a, const struct nn_ckpt *c, char *why, size_t n)
{
    struct dqn *d = (struct dqn *)a;
    struct nn_tensor_name t[NN_TENSORS_MAX];
    const size_t count = nn_net_tensors(&a->cfg.net, t);
    char net[64];
    double scale = 0;
    net_text(&a->cfg.net, net, sizeof net);
    if (!str_eq(nn_ckpt_get(c, "network"), net)) {
        str_fmt(why, n, "another network: %.60s", nn_ckpt_get(c, "network"));
        return ERR_FORMAT;
    }
    if (nn_ckpt_get_double(c, "scale", &scale) != 0 || (float)scale != d->scale) {
        str_copy(why, n, "another reward scale");
        return ERR_FORMAT;
    }
    float *w = x_calloc(d->n, sizeof *w);
    if (!w)
        return ERR_NOMEM;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = nn_ckpt_copy(c, t[i].name, NN_F32, w + t[i].at,
                          t[i].rows * (t[i].cols ? t[i].cols : 1));
    if (rc == 0 && !finite_all(w, d->n))
        rc = ERR_FORMAT;
    if (rc == 0) {
        memcpy(d->w, w, d->n * sizeof *w);
        load_optimiser(d, c);
        load_replay(d, c);
        d->owed = 0;
    } else {
        str_copy(why, n, "weights are missing, misshapen or not finite");
    }
    x_free(w);
    return rc;
}

const struct rl_agent_ops rl_agent_dqn = {
    .name = "dqn",
    .about = "deep Q-network: embedding, bidirectional LSTM, dense layers",
    .defaults = dqn_defaults,
    .create = dqn_create,
    .destroy = dqn_destroy,
    .observe = dqn_observe,
    .update = dqn_update,
    .values = dqn_values,
    .snapshot = dqn_snapshot,
    .save = dqn_save,
    .load = dqn_load,
};
