/* infer.c -- one state, folded weights: the hot path of every decision.
 *
 * The block: tables [2][V][4H] (embedding times input weights plus bias), the
 * forward state after 0 .. T paddings [T+1][2][H], then recurrent [2][H][4H]
 * and the head as in the network. Both directions take T steps of one vector-
 * matrix product each; its result stays in registers over the whole product.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/infer.h"
#include "nn/gemm.h"
#include "nn/math.h"

#include <string.h>

struct fold {
    size_t table[2], pads, wh[2], head, total;
};

static size_t round16(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

static struct fold fold_layout(const struct nn_config *c)
{
    const struct nn_layout l = nn_net_layout(c);
    const size_t gates = 4 * (size_t)c->hidden;
    struct fold f;
    size_t at = 0;
    for (int d = 0; d < 2; d++) {
        f.table[d] = at;
        at += round16(c->vocab * gates);
    }
    f.pads = at;
    at += round16((c->window + 1u) * 2u * c->hidden);
    for (int d = 0; d < 2; d++) {
        f.wh[d] = at;
        at += round16(c->hidden * gates);
    }
    f.head = at;
    at += round16(l.total - l.w1);
    f.total = at;
    return f;
}

size_t nn_infer_size(const struct nn_config *c)
{
    return fold_layout(c).total;
}

NN_CLONES static void cell(float *restrict z, float *restrict h, float *restrict c, size_t n,
                           int hard)
{
    float *i = z, *f = z + n, *g = z + 2 * n, *o = z + 3 * n;
    if (hard) {
        for (size_t j = 0; j < n; j++) {
            c[j] = nn_gate1(f[j], true) * c[j] + nn_gate1(i[j], true) * nn_tanh1(g[j]);
            h[j] = nn_gate1(o[j], true) * nn_tanh1(c[j]);
        }
    } else {
        for (size_t j = 0; j < n; j++) {
            c[j] = nn_gate1(f[j], false) * c[j] + nn_gate1(i[j], false) * nn_tanh1(g[j]);
            h[j] = nn_gate1(o[j], false) * nn_tanh1(c[j]);
        }
    }
}

/* One step: z = row + h wh, then the cell. */
static void step(const struct nn_config *c, const float *row, const float *wh, float *h,
                 float *cell_state)
{
    float z[4 * NN_HIDDEN_MAX] __attribute__((aligned(64)));
    const size_t n = c->hidden;
    memcpy(z, row, 4 * n * sizeof *z);
    nn_gemm((struct nn_dims){1, 4 * n, n}, (struct nn_view){h, n, 1}, wh, z, true);
    cell(z, h, cell_state, n, c->hard_gates);
}

void nn_infer_fold(const struct nn_config *c, const float *w, float *out)
{
    const struct nn_layout l = nn_net_layout(c);
    const struct fold f = fold_layout(c);
    const size_t gates = 4 * (size_t)c->hidden, h = c->hidden;
    memset(out, 0, f.total * sizeof *out);
    for (int d = 0; d < 2; d++) {
        float *table = out + f.table[d];
        for (size_t v = 0; v < c->vocab; v++)
            memcpy(table + v * gates, w + l.b[d], gates * sizeof *w);
        nn_gemm((struct nn_dims){c->vocab, gates, c->embed},
                (struct nn_view){w + l.embed, c->embed, 1}, w + l.wx[d], table, true);
        memcpy(out + f.wh[d], w + l.wh[d], h * gates * sizeof *w);
    }
    memcpy(out + f.head, w + l.w1, (l.total - l.w1) * sizeof *w);
    for (size_t t = 0; t < c->window; t++) {
        float *from = out + f.pads + t * 2 * h, *to = from + 2 * h;
        memcpy(to, from, 2 * h * sizeof *to);
        step(c, out + f.table[0], out + f.wh[0], to, to + h);
    }
}

/* Dense, ReLU, output: cat [2H] to q [A]. */
static void head(const struct nn_config *c, const float *folded, const float *cat, float *q)
{
    const struct nn_layout l = nn_net_layout(c);
    const float *w = folded + fold_layout(c).head - l.w1; /* as in the network */
    const size_t d = c->dense;
    float y[NN_DENSE_MAX];
    memcpy(y, w + l.b1, d * sizeof *y);
    nn_gemm((struct nn_dims){1, d, 2u * c->hidden}, (struct nn_view){cat, 0, 1}, w + l.w1, y, true);
    for (size_t j = 0; j < d; j++)
        y[j] = y[j] > 0 ? y[j] : 0;
    float value = 0, mean = 0;
    for (size_t a = 0; a < c->actions; a++) {
        q[a] = w[l.b2 + a];
        for (size_t j = 0; j < d; j++)
            q[a] += y[j] * w[l.w2 + j * c->actions + a];
        mean += q[a] / c->actions;
    }
    if (!c->duel)
        return;
    value = w[l.bv];
    for (size_t j = 0; j < d; j++)
        value += y[j] * w[l.wv + j];
    for (size_t a = 0; a < c->actions; a++)
        q[a] += value - mean;
}

void nn_infer_run(const struct nn_config *c, const float *folded, const uint8_t *window, float *q)
{
    const struct fold f = fold_layout(c);
    const size_t h = c->hidden, gates = 4 * h, t_n = c->window;
    float cat[2 * NN_HIDDEN_MAX], state[NN_HIDDEN_MAX];
    uint8_t code[NN_WINDOW_MAX];
    for (size_t t = 0; t < t_n; t++)
        code[t] = window[t] < c->vocab ? window[t] : 0;

    size_t t = 0; /* leading padding: its state is known */
    while (t < t_n && code[t] == 0)
        t++;
    memcpy(cat, folded + f.pads + t * 2 * h, h * sizeof *cat);
    memcpy(state, folded + f.pads + t * 2 * h + h, h * sizeof *state);
    for (; t < t_n; t++)
        step(c, folded + f.table[0] + code[t] * gates, folded + f.wh[0], cat, state);

    memset(cat + h, 0, h * sizeof *cat);
    memset(state, 0, h * sizeof *state);
    for (t = t_n; t-- > 0;)
        step(c, folded + f.table[1] + code[t] * gates, folded + f.wh[1], cat + h, state);
    head(c, folded, cat, q);
}
