/* init.c -- initial weights, as Keras 1 drew them.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/net.h"

#include <math.h>

static void fill_uniform(nn_real *w, size_t n, double limit, struct rng *rng)
{
    for (size_t i = 0; i < n; i++)
        w[i] = (nn_real)((2 * rng_unit(rng) - 1) * limit);
}

/* n x n orthogonal, into columns 0 .. n-1 of rows that are stride long: random
 * normal rows, made orthonormal one after the other (twice, for precision). */
static void fill_orthogonal(nn_real *w, size_t n, size_t stride, struct rng *rng)
{
    for (size_t i = 0; i < n; i++) {
        nn_real *row = w + i * stride;
        for (size_t j = 0; j < n; j++)
            row[j] = (nn_real)rng_normal(rng);
        for (int pass = 0; pass < 2; pass++) {
            for (size_t k = 0; k < i; k++) {
                const nn_real *other = w + k * stride;
                double dot = 0;
                for (size_t j = 0; j < n; j++)
                    dot += (double)row[j] * (double)other[j];
                for (size_t j = 0; j < n; j++)
                    row[j] -= (nn_real)(dot * (double)other[j]);
            }
            double norm = 0;
            for (size_t j = 0; j < n; j++)
                norm += (double)row[j] * (double)row[j];
            norm = norm > 0 ? 1 / sqrt(norm) : 1;
            for (size_t j = 0; j < n; j++)
                row[j] = (nn_real)((double)row[j] * norm);
        }
    }
}

void nn_net_init(const struct nn_config *c, nn_real *w, struct rng *rng)
{
    const struct nn_layout l = nn_net_layout(c);
    const size_t e = c->embed, h = c->hidden, d = c->dense;
    for (size_t i = 0; i < l.total; i++)
        w[i] = 0;
    fill_uniform(w + l.embed, c->vocab * e, 0.05, rng);
    for (int dir = 0; dir < 2; dir++) {
        fill_uniform(w + l.wx[dir], e * 4 * h, sqrt(6.0 / (double)(e + h)), rng);
        for (size_t gate = 0; gate < 4; gate++)
            fill_orthogonal(w + l.wh[dir] + gate * h, h, 4 * h, rng);
        for (size_t j = 0; j < h; j++)
            w[l.b[dir] + h + j] = 1; /* the forget gate starts open */
    }
    fill_uniform(w + l.w1, 2 * h * d, sqrt(3.0 / (double)(2 * h)), rng);
    fill_uniform(w + l.w2, d * c->actions, sqrt(3.0 / (double)d), rng);
    if (c->duel)
        fill_uniform(w + l.wv, d, sqrt(3.0 / (double)d), rng);
}
