/* optim.c -- Adam, RMSProp, clipping.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/optim.h"

#include <math.h>

/* Adam (Kingma and Ba, 2015), in the form Keras uses: the bias corrections go
 * into the step size, eps stands outside the root. */
NN_CLONES static void adam_loop(const struct nn_params *p, nn_real step, nn_real b1, nn_real b2,
                                nn_real eps)
{
    nn_real *restrict w = p->w, *restrict m = p->m, *restrict v = p->v;
    const nn_real *restrict g = p->g;
    const size_t n = p->n;
    for (size_t i = 0; i < n; i++) {
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
#ifdef NN_DOUBLE
        w[i] -= step * m[i] / (sqrt(v[i]) + eps);
#else
        w[i] -= step * m[i] / (sqrtf(v[i]) + eps);
#endif
    }
}

void nn_adam_step(struct nn_adam *a, const struct nn_params *p)
{
    a->t++;
    const double t = (double)a->t;
    const double step = a->lr * sqrt(1 - pow(a->beta2, t)) / (1 - pow(a->beta1, t));
    adam_loop(p, (nn_real)step, (nn_real)a->beta1, (nn_real)a->beta2, (nn_real)a->eps);
}

NN_CLONES void nn_rmsprop_step(const struct nn_rmsprop *a, const struct nn_params *p)
{
    nn_real *restrict w = p->w, *restrict m = p->m, *restrict v = p->v;
    const nn_real *restrict g = p->g;
    const nn_real decay = (nn_real)a->decay, eps = (nn_real)a->eps, lr = (nn_real)a->lr;
    const size_t n = p->n;
    for (size_t i = 0; i < n; i++) {
        m[i] = decay * m[i] + (1 - decay) * g[i];
        v[i] = decay * v[i] + (1 - decay) * g[i] * g[i];
#ifdef NN_DOUBLE
        w[i] -= lr * g[i] / sqrt(v[i] - m[i] * m[i] + eps);
#else
        w[i] -= lr * g[i] / sqrtf(v[i] - m[i] * m[i] + eps);
#endif
    }
}

double nn_clip_norm(nn_real *g, size_t n, double max)
{
    double part[8] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            part[k] += (double)g[i + k] * (double)g[i + k];
    for (; i < n; i++)
        sum += (double)g[i] * (double)g[i];
    for (size_t k = 0; k < 8; k++)
        sum += part[k];
    const double norm = sqrt(sum);
    if (max > 0 && norm > max)
        for (i = 0; i < n; i++)
            g[i] *= (nn_real)(max / norm);
    return norm;
}
