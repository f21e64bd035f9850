/* lstm.c -- long short-term memory, one direction over a whole window.
 *
 *     z = proj[code] + h wh           [B][4H], gates i f g o
 *     i f o = gate(z), g = tanh(z)
 *     c' = f c + i g,  h' = o tanh(c')
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/gemm.h"
#include "nn/layers.h"
#include "nn/math.h"

#include <string.h>

static size_t lstm_place(const struct nn_lstm *l, size_t t)
{
    return l->reverse ? l->steps - 1 - t : t;
}

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
    const size_t b_n = l->batch, n = l->hidden, row = 4 * n;
    memset(l->h, 0, b_n * n * sizeof *l->h);
    memset(l->c, 0, b_n * n * sizeof *l->c);
    for (size_t t = 0; t < l->steps; t++) {
        nn_real *z = l->gates + t * b_n * row;
        for (size_t b = 0; b < b_n; b++)
            memcpy(z + b * row, l->proj + l->index[b * l->steps + lstm_place(l, t)] * row,
                   row * sizeof *z);
        if (t > 0) /* the first state is zero */
            nn_gemm((struct nn_dims){b_n, row, n}, (struct nn_view){l->h + t * b_n * n, n, 1},
                    l->wh, z, true);
        for (size_t b = 0; b < b_n; b++) {
            nn_real out[3 * 256]; /* NN_HIDDEN_MAX */
            const size_t at = t * b_n * n + b * n, next = at + b_n * n;
            lstm_cell(z + b * row, l->c + at, out, n, l->hard);
            memcpy(l->c + next, out, n * sizeof *out);
            memcpy(l->tc + at, out + n, n * sizeof *out);
            memcpy(l->h + next, out + 2 * n, n * sizeof *out);
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

void nn_lstm_backward(const struct nn_lstm *l, nn_real *dh, nn_real *dwh, nn_real *dproj,
                      nn_real *scratch)
{
    const size_t b_n = l->batch, n = l->hidden, row = 4 * n, plane = b_n * n;
    nn_real *wh_t = scratch, *dc = scratch + n * row;
    nn_transpose(l->wh, n, row, wh_t);
    memset(dc, 0, plane * sizeof *dc);
    for (size_t t = l->steps; t-- > 0;) {
        nn_real *z = l->gates + t * b_n * row;
        for (size_t b = 0; b < b_n; b++) {
            const size_t at = t * plane + b * n;
            lstm_cell_back(z + b * row, l->c + at, l->tc + at, dh + b * n, dc + b * n, n, l->hard);
            add_row(dproj + l->index[b * l->steps + lstm_place(l, t)] * row, z + b * row, row);
        }
        if (t > 0)
            nn_gemm((struct nn_dims){b_n, n, row}, (struct nn_view){z, row, 1}, wh_t, dh, false);
    }
    if (l->steps > 1) /* sum over t of h[t]^T dz[t]; h[0] is zero */
        nn_gemm((struct nn_dims){n, row, (l->steps - 1) * b_n},
                (struct nn_view){l->h + plane, 1, n}, l->gates + b_n * row, dwh, true);
}
