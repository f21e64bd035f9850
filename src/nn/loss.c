/* loss.c -- what is to be made small: squared error or Huber's.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/layers.h"

#include <math.h>

double nn_loss(const struct nn_loss_in *in, nn_real *dq)
{
    double loss = 0;
    for (size_t b = 0; b < in->batch; b++) {
        const double weight = (in->weight ? (double)in->weight[b] : 1) / in->divisor;
        for (size_t a = 0; a < in->actions; a++) {
            const size_t at = b * in->actions + a;
            const double e = (double)in->q[at] - (double)in->y[at];
            if (!in->huber) {
                loss += weight * e * e;
                dq[at] = (nn_real)(2 * weight * e);
            } else if (fabs(e) <= 1) {
                loss += weight * 0.5 * e * e;
                dq[at] = (nn_real)(weight * e);
            } else {
                loss += weight * (fabs(e) - 0.5);
                dq[at] = (nn_real)(e > 0 ? weight : -weight);
            }
        }
    }
    return loss;
}
