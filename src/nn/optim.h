/* optim.h -- optimisers: one step from a gradient.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef NN_OPTIM_H
#define NN_OPTIM_H

#include <stddef.h>
#include <stdint.h>

#include "nn/real.h"

struct nn_adam {
    float lr, beta1, beta2, eps; /* paper: .001 .9 .999 1e-8 */
    uint64_t t;                  /* steps made */
};
/* w moves against g; m and v are the moments, zero at the start; n each. */
struct nn_params {
    nn_real *w, *m, *v;
    const nn_real *g;
    size_t n;
};
void nn_adam_step(struct nn_adam *a, const struct nn_params *p);

/* Centred RMSProp (Nature DQN: lr .00025, decay .95, eps 1e-5). m is the mean
 * gradient, v the mean square. */
struct nn_rmsprop {
    float lr, decay, eps;
};
void nn_rmsprop_step(const struct nn_rmsprop *a, const struct nn_params *p);

/* Scales g so that its 2-norm is at most max; returns the norm it had (which
 * is not finite if any number was not). max 0: measures only. */
double nn_clip_norm(nn_real *g, size_t n, double max);

#endif
