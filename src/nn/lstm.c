/* lstm.c -- long short-term memory, one direction over a batch of windows.
 *
 *     z = proj[code] + h wh           gates i f g o
 *     i f o = gate(z), g = tanh(z)
 *     c' = f c + i g,  h' = o tanh(c')
 *
 * Rows are nodes of a tree, level by level: h and c of the level before are
 * those of the parent; backward, children add up in their parent.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/gemm.h"
#include "nn/layers.h"
#include "nn/math.h"

#include <string.h>

/* One row: z [4H] becomes the activated gates; c and h of the next step. */
NN_CLONES static void lstm_cell(nn_real *restrict z, const nn_real *restrict c,
                                nn_real *restrict out, size_t n, int hard)
{
    nn_real *i = z, *f = z + n, *g = z + 2 * n, *o = z + 3 * n;
    nn_real *c2 = out, *tc = out + n, *h2 = out + 2 * n;
    if (hard) {
        for (size_t j = 0; j < n; j++) {
            i[j] = nn_gate1(i[j], true);
            f[j] = nn_gate1(f[j], true);
            o[j] = nn_gate1(o[j], true);
        }
    } else {
        for (size_t j = 0; j < n; j++) {
            i[j] = nn_gate1(i[j], false);
            f[j] = nn_gate1(f[j], false);
            o[j] = nn_gate1(o[j], false);
        }
    }
    for (size_t j = 0; j < n; j++) {
        g[j] = nn_tanh1(g[j]);
        c2[j] = f[j] * c[j] + i[j] * g[j];
        tc[j] = nn_tanh1(c2[j]);
        h2[j] = o[j] * tc[j];
    }
}

void nn_lstm_forward(const struct nn_lstm *l)
{
    static const nn_real zero[256]; /* NN_HIDDEN_MAX */
    const struct nn_trie *trie = l->trie;
    const size_t n = l->hidden, row = 4 * n;
    for (size_t t = 0; t < trie->steps; t++) {
        const size_t from = trie->first[t], to = trie->first[t + 1];
        for (size_t k = from; k < to; k++) {
            memcpy(l->gates + k * row, l->proj + trie->code[k] * row, row * sizeof *l->gates);
            memcpy(l->before + k * n, t ? l->h + trie->parent[k] * n : zero, n * sizeof *l->h);
        }
        if (t > 0) /* the first state is zero */
            nn_gemm((struct nn_dims){to - from, row, n},
                    (struct nn_view){l->before + from * n, n, 1}, l->wh, l->gates + from * row,
                    true);
        for (size_t k = from; k < to; k++) {
            nn_real out[3 * 256];
            lstm_cell(l->gates + k * row, t ? l->c + trie->parent[k] * n : zero, out, n, l->hard);
            memcpy(l->c + k * n, out, n * sizeof *out);
            memcpy(l->tc + k * n, out + n, n * sizeof *out);
            memcpy(l->h + k * n, out + 2 * n, n * sizeof *out);
        }
    }
}

/* One row backward: gates z become dz; dc becomes that of the step before. */
NN_CLONES static void lstm_cell_back(nn_real *restrict z, const nn_real *restrict c,
                                     const nn_real *restrict tc, const nn_real *restrict dh,
                                     nn_real *restrict dc, size_t n, int hard)
{
    nn_real *i = z, *f = z + n, *g = z + 2 * n, *o = z + 3 * n;
    for (size_t j = 0; j < n; j++) {
        const nn_real d = dc[j] + dh[j] * o[j] * (1 - tc[j] * tc[j]);
        const nn_real di = d * g[j], df = d * c[j], dg = d * i[j], d_o = dh[j] * tc[j];
        dc[j] = d * f[j];
        if (hard) {
            i[j] = di * nn_gate1_slope(i[j], true);
            f[j] = df * nn_gate1_slope(f[j], true);
            o[j] = d_o * nn_gate1_slope(o[j], true);
        } else {
            i[j] = di * nn_gate1_slope(i[j], false);
            f[j] = df * nn_gate1_slope(f[j], false);
            o[j] = d_o * nn_gate1_slope(o[j], false);
        }
        g[j] = dg * (1 - g[j] * g[j]);
    }
}

NN_CLONES static void add_row(nn_real *restrict to, const nn_real *restrict x, size_t n)
{
    for (size_t j = 0; j < n; j++)
        to[j] += x[j];
}

void nn_lstm_backward(const struct nn_lstm *l, const struct nn_lstm_grad *g)
{
    static const nn_real zero[256]; /* NN_HIDDEN_MAX */
    const struct nn_trie *trie = l->trie;
    const size_t n = l->hidden, row = 4 * n, plane = trie->rows * n;
    nn_real *wh_t = g->scratch, *dh = wh_t + n * row, *dc = dh + plane;
    nn_real *dh_up = dc + plane, *dc_up = dh_up + plane, *back = dc_up + plane;
    nn_transpose(l->wh, n, row, wh_t);
    memset(dh, 0, 2 * plane * sizeof *dh);
    for (size_t r = 0; r < trie->rows; r++)
        add_row(dh + (trie->leaf[r] - trie->first[trie->steps - 1]) * n,
                g->dout + r * g->out_stride, n);
    for (size_t t = trie->steps; t-- > 0;) {
        const size_t from = trie->first[t], count = trie->first[t + 1] - from;
        nn_real *z = l->gates + from * row;
        for (size_t k = 0; k < count; k++) {
            const nn_real *c = t ? l->c + trie->parent[from + k] * n : zero;
            lstm_cell_back(z + k * row, c, l->tc + (from + k) * n, dh + k * n, dc + k * n, n,
                           l->hard);
            add_row(g->dproj + trie->code[from + k] * row, z + k * row, row);
        }
        if (t == 0)
            break;
        nn_gemm((struct nn_dims){count, n, row}, (struct nn_view){z, row, 1}, wh_t, back, false);
        memset(dh_up, 0, 2 * plane * sizeof *dh_up);
        for (size_t k = 0; k < count; k++) {
            const size_t up = (trie->parent[from + k] - trie->first[t - 1]) * n;
            add_row(dh_up + up, back + k * n, n);
            add_row(dc_up + up, dc + k * n, n);
        }
        nn_real *keep = dh; /* dh, dc and dh_up, dc_up are pairs side by side */
        dh = dh_up;
        dc = dh + plane;
        dh_up = keep;
        dc_up = keep + plane;
    }
    const size_t from = trie->first[1 < trie->steps ? 1 : trie->steps];
    const size_t count = trie->first[trie->steps] - from;
    if (count) /* sum of before^T dz; before is zero in level 0 */
        nn_gemm((struct nn_dims){n, row, count}, (struct nn_view){l->before + from * n, 1, n},
                l->gates + from * row, g->dwh, true);
}
