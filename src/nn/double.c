/* double.c -- the layers once more in double precision, for gradient checks.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#define NN_DOUBLE 1

#include "nn/gemm.c"
#include "nn/embed.c"
#include "nn/lstm.c"
#include "nn/dense.c"
#include "nn/loss.c"
#include "nn/optim.c"
#include "nn/init.c"
#include "nn/net.c"
