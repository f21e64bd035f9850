/* dense.c -- fully connected layer, rectifier, dropout, duelling head.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/gemm.h"
#include "nn/layers.h"

#include <string.h>

void nn_dense_forward(const struct nn_dense *l, const nn_real *x, nn_real *y)
{
    for (size_t b = 0; b < l->batch; b++)
        memcpy(y + b * l->out, l->b, l->out * sizeof *y);
    nn_gemm((struct nn_dims){l->batch, l->out, l->in}, (struct nn_view){x, l->in, 1}, l->w, y,
            true);
}

void nn_dense_backward(const struct nn_dense *l, const nn_real *x, const nn_real *dy,
                       const struct nn_dense_grad *g)
{
    nn_colsum(dy, l->batch, l->out, g->db);
    nn_gemm((struct nn_dims){l->in, l->out, l->batch}, (struct nn_view){x, 1, l->in}, dy, g->dw,
            true);
    if (!g->dx)
        return;
    nn_transpose(l->w, l->in, l->out, g->scratch);
    nn_gemm((struct nn_dims){l->batch, l->in, l->out}, (struct nn_view){dy, l->out, 1}, g->scratch,
            g->dx, false);
}

void nn_relu_forward(nn_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] > 0 ? x[i] : 0;
}

void nn_relu_backward(const nn_real *y, nn_real *dy, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dy[i] = y[i] > 0 ? dy[i] : 0;
}

void nn_dropout_forward(nn_real *x, nn_real *mask, size_t n, float p, struct rng *rng)
{
    const uint32_t limit = (uint32_t)(p * 4294967296.0);
    const nn_real keep = 1 / (1 - (nn_real)p);
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        bits = i & 1 ? bits >> 32 : rng_u64(rng);
        mask[i] = (uint32_t)bits < limit ? 0 : keep;
        x[i] *= mask[i];
    }
}

void nn_dropout_backward(const nn_real *mask, nn_real *dx, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] *= mask[i];
}

void nn_duel_forward(nn_real *a, const nn_real *v, size_t batch, size_t actions)
{
    for (size_t b = 0; b < batch; b++, a += actions) {
        nn_real mean = 0;
        for (size_t i = 0; i < actions; i++)
            mean += a[i] / (nn_real)actions;
        for (size_t i = 0; i < actions; i++)
            a[i] += v[b] - mean;
    }
}

void nn_duel_backward(nn_real *dq, nn_real *dv, size_t batch, size_t actions)
{
    for (size_t b = 0; b < batch; b++, dq += actions) {
        nn_real sum = 0;
        for (size_t i = 0; i < actions; i++)
            sum += dq[i];
        dv[b] = sum;
        for (size_t i = 0; i < actions; i++)
            dq[i] -= sum / (nn_real)actions;
    }
}
