/* embed.c -- the embedding table, and its product with the LSTM's input
 * weights.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/gemm.h"
#include "nn/layers.h"

#include <string.h>

void nn_embed_project(const struct nn_embed *e, const nn_real *rows, const nn_real *wx,
                      const nn_real *b, nn_real *proj)
{
    for (size_t u = 0; u < e->used; u++)
        memcpy(proj + u * e->gates, b, e->gates * sizeof *b);
    nn_gemm((struct nn_dims){e->used, e->gates, e->embed}, (struct nn_view){rows, e->embed, 1}, wx,
            proj, true);
}

void nn_embed_backward(const struct nn_embed *e, const nn_real *rows, const nn_real *wx,
                       const nn_real *dproj, const struct nn_embed_grad *g)
{
    nn_colsum(dproj, e->used, e->gates, g->db);
    nn_gemm((struct nn_dims){e->embed, e->gates, e->used}, (struct nn_view){rows, 1, e->embed},
            dproj, g->dwx, true);
    nn_transpose(wx, e->embed, e->gates, g->scratch);
    nn_gemm((struct nn_dims){e->used, e->embed, e->gates}, (struct nn_view){dproj, e->gates, 1},
            g->scratch, g->drows, true);
}
