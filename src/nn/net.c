/* net.c -- the layers put together: forward, backward, and their memory.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/net.h"
#include "base/arena.h"
#include "nn/gemm.h"
#include "nn/layers.h"

#include <string.h>

struct nn_work {
    struct nn_config cfg;
    size_t batch_max, batch;
    bool dropped; /* the last forward drew masks */
    /* codes in use and where each place of each window points */
    size_t used;
    uint8_t codes[NN_VOCAB_MAX];
    uint8_t *index;              /* [B][T] */
    nn_real *rows;               /* [U][E] embedding rows in use */
    nn_real *proj[2], *dproj[2]; /* [U][4H] */
    struct nn_trie trie[2];
    nn_real *gates[2], *h[2], *c[2], *tc[2], *before[2];
    nn_real *cat, *mask1;        /* [B][2H] after dropout */
    nn_real *dense, *mask2;      /* [B][D] after ReLU and dropout */
    nn_real *relu;               /* [B][D] after ReLU, before dropout */
    nn_real *q, *value;          /* [B][A] [B] */
    nn_real *dq, *ddense, *dcat; /* gradients of the same */
    nn_real *dvalue, *drows, *scratch;
    nn_real *block;
};

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Hands out pieces of one block; with base NULL it only counts. */
struct carve {
    nn_real *base;
    size_t at;
};
static nn_real *carve_take(struct carve *c, size_t n)
{
    nn_real *p = c->base ? c->base + c->at : NULL;
    c->at += (n + 15) & ~(size_t)15;
    return p;
}

static void work_carve(struct nn_work *k, struct carve *c)
{
    const struct nn_config *f = &k->cfg;
    const size_t b = k->batch_max, t = f->window, h = f->hidden, g = 4 * h, d = f->dense;
    const size_t u = f->vocab, e = f->embed;
    k->rows = carve_take(c, u * e);
    for (int dir = 0; dir < 2; dir++) {
        k->proj[dir] = carve_take(c, u * g);
        k->dproj[dir] = carve_take(c, u * g);
        k->gates[dir] = carve_take(c, t * b * g);
        k->h[dir] = carve_take(c, t * b * h);
        k->c[dir] = carve_take(c, t * b * h);
        k->before[dir] = carve_take(c, t * b * h);
        k->tc[dir] = carve_take(c, t * b * h);
    }
    k->cat = carve_take(c, b * 2 * h);
    k->mask1 = carve_take(c, b * 2 * h);
    k->dense = carve_take(c, b * d);
    k->relu = carve_take(c, b * d);
    k->mask2 = carve_take(c, b * d);
    k->q = carve_take(c, b * f->actions);
    k->value = carve_take(c, b);
    k->dq = carve_take(c, b * f->actions);
    k->ddense = carve_take(c, b * d);
    k->dcat = carve_take(c, b * 2 * h);
    k->dvalue = carve_take(c, b);
    k->drows = carve_take(c, u * e);
    k->scratch = carve_take(c, max_size(max_size(h * g + 5 * b * h, g * e),
                                        max_size(2 * h * d, d * f->actions + b * d)));
}

struct nn_work *nn_work_new(const struct nn_config *c, size_t batch_max)
{
    struct nn_work *k = x_calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->cfg = *c;
    k->batch_max = batch_max;
    struct carve count = {0};
    work_carve(k, &count);
    k->block = x_calloc(count.at, sizeof *k->block);
    k->index = x_calloc(batch_max, c->window);
    const bool trees = nn_trie_init(&k->trie[0], c->window, batch_max) == 0 &&
                       nn_trie_init(&k->trie[1], c->window, batch_max) == 0;
    if (!k->block || !k->index || !trees) {
        nn_work_free(k);
        return NULL;
    }
    work_carve(k, &(struct carve){k->block, 0});
    return k;
}

void nn_work_free(struct nn_work *k)
{
    if (!k)
        return;
    nn_trie_done(&k->trie[0]);
    nn_trie_done(&k->trie[1]);
    x_free(k->block);
    x_free(k->index);
    x_free(k);
}

/* Numbers the codes that occur, and copies their embedding rows. */
static void work_index(struct nn_work *k, const nn_real *embed, const uint8_t *windows, size_t n)
{
    uint16_t slot[256];
    memset(slot, 0xff, sizeof slot);
    k->used = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t code = windows[i] < k->cfg.vocab ? windows[i] : 0;
        if (slot[code] == 0xffff) {
            slot[code] = (uint16_t)k->used;
            memcpy(k->rows + k->used * k->cfg.embed, embed + (size_t)code * k->cfg.embed,
                   k->cfg.embed * sizeof *embed);
            k->codes[k->used++] = code;
        }
        k->index[i] = (uint8_t)slot[code];
    }
}

static struct nn_embed work_embed(const struct nn_work *k)
{
    return (struct nn_embed){k->used, k->cfg.embed, 4 * (size_t)k->cfg.hidden, k->codes};
}

static struct nn_lstm work_lstm(const struct nn_work *k, const nn_real *w, int dir)
{
    const struct nn_layout l = nn_net_layout(&k->cfg);
    return (struct nn_lstm){
        .trie = &k->trie[dir],
        .hidden = k->cfg.hidden,
        .hard = k->cfg.hard_gates,
        .proj = k->proj[dir],
        .wh = w + l.wh[dir],
        .gates = k->gates[dir],
        .h = k->h[dir],
        .c = k->c[dir],
        .tc = k->tc[dir],
        .before = k->before[dir],
    };
}

const nn_real *nn_net_forward(const struct nn_config *c, const nn_real *w, struct nn_work *k,
                              const uint8_t *windows, size_t batch, struct rng *drop)
{
    const struct nn_layout l = nn_net_layout(c);
    const size_t h = c->hidden, d = c->dense;
    k->batch = batch;
    k->dropped = drop && c->dropout > 0;
    work_index(k, w + l.embed, windows, batch * c->window);
    const struct nn_embed e = work_embed(k);
    for (int dir = 0; dir < 2; dir++) {
        const struct nn_lstm lstm = work_lstm(k, w, dir);
        nn_embed_project(&e, k->rows, w + l.wx[dir], w + l.b[dir], k->proj[dir]);
        nn_trie_build(&k->trie[dir], k->index, batch, dir == 1);
        nn_lstm_forward(&lstm);
        for (size_t b = 0; b < batch; b++)
            memcpy(k->cat + (2 * b + (size_t)dir) * h, k->h[dir] + k->trie[dir].leaf[b] * h,
                   h * sizeof *k->cat);
    }
    if (k->dropped)
        nn_dropout_forward(k->cat, k->mask1, batch * 2 * h, c->dropout, drop);
    nn_dense_forward(&(struct nn_dense){batch, 2 * h, d, w + l.w1, w + l.b1}, k->cat, k->relu);
    nn_relu_forward(k->relu, batch * d);
    memcpy(k->dense, k->relu, batch * d * sizeof *k->relu);
    if (k->dropped)
        nn_dropout_forward(k->dense, k->mask2, batch * d, c->dropout, drop);
    nn_dense_forward(&(struct nn_dense){batch, d, c->actions, w + l.w2, w + l.b2}, k->dense, k->q);
    if (c->duel) {
        nn_dense_forward(&(struct nn_dense){batch, d, 1, w + l.wv, w + l.bv}, k->dense, k->value);
        nn_duel_forward(k->q, k->value, batch, c->actions);
    }
    return k->q;
}

/* From dq to the gradient of the LSTMs' output. */
static void head_backward(const struct nn_config *c, const nn_real *w, struct nn_work *k,
                          nn_real *g)
{
    const struct nn_layout l = nn_net_layout(c);
    const size_t b = k->batch, h = c->hidden, d = c->dense;
    if (c->duel)
        nn_duel_backward(k->dq, k->dvalue, b, c->actions);
    nn_dense_backward(&(struct nn_dense){b, d, c->actions, w + l.w2, w + l.b2}, k->dense, k->dq,
                      &(struct nn_dense_grad){g + l.w2, g + l.b2, k->ddense, k->scratch});
    if (c->duel) {
        nn_real *extra = k->scratch + d; /* the trunk hears both streams */
        nn_dense_backward(&(struct nn_dense){b, d, 1, w + l.wv, w + l.bv}, k->dense, k->dvalue,
                          &(struct nn_dense_grad){g + l.wv, g + l.bv, extra, k->scratch});
        for (size_t i = 0; i < b * d; i++)
            k->ddense[i] += extra[i];
    }
    if (k->dropped)
        nn_dropout_backward(k->mask2, k->ddense, b * d);
    nn_relu_backward(k->relu, k->ddense, b * d);
    nn_dense_backward(&(struct nn_dense){b, 2 * h, d, w + l.w1, w + l.b1}, k->cat, k->ddense,
                      &(struct nn_dense_grad){g + l.w1, g + l.b1, k->dcat, k->scratch});
    if (k->dropped)
        nn_dropout_backward(k->mask1, k->dcat, b * 2 * h);
}

void nn_net_backward(const struct nn_config *c, const nn_real *w, struct nn_work *k,
                     const nn_real *dq, nn_real *g)
{
    const struct nn_layout l = nn_net_layout(c);
    const size_t b_n = k->batch, h = c->hidden, e_n = c->embed, gates = 4 * h;
    const struct nn_embed e = work_embed(k);
    memcpy(k->dq, dq, b_n * c->actions * sizeof *dq);
    head_backward(c, w, k, g);
    memset(k->drows, 0, k->used * e_n * sizeof *k->drows);
    for (int dir = 0; dir < 2; dir++) {
        const struct nn_lstm lstm = work_lstm(k, w, dir);
        memset(k->dproj[dir], 0, k->used * gates * sizeof *k->dproj[dir]);
        nn_lstm_backward(&lstm, &(struct nn_lstm_grad){k->dcat + (size_t)dir * h, 2 * h,
                                                       g + l.wh[dir], k->dproj[dir], k->scratch});
        nn_embed_backward(
            &e, k->rows, w + l.wx[dir], k->dproj[dir],
            &(struct nn_embed_grad){g + l.wx[dir], g + l.b[dir], k->drows, k->scratch});
    }
    for (size_t u = 0; u < k->used; u++)
        for (size_t j = 0; j < e_n; j++)
            g[l.embed + k->codes[u] * e_n + j] += k->drows[u * e_n + j];
}
