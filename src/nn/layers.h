/* layers.h -- the layers, forward and backward.
 *
 * B rows at a time. Backward functions add to the gradients of parameters and
 * overwrite the gradients of inputs. Matrices as in net.h.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef NN_LAYERS_H
#define NN_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "nn/real.h"

/* Embedding and input product together. A batch holds few different codes, so
 * the product is made once per code in use, not once per place: rows [U][E]
 * of the table, projected to proj [U][4H]. */
struct nn_embed {
    size_t used, embed, gates; /* U E 4H */
    const uint8_t *codes;      /* [U] the codes in use */
};
void nn_embed_project(const struct nn_embed *e, const nn_real *rows, const nn_real *wx,
                      const nn_real *b, nn_real *proj);
/* From dproj [U][4H]: dwx += , db += , drows [U][E] (+=, so that both
 * directions can add up). scratch: 4H * E numbers. */
struct nn_embed_grad {
    nn_real *dwx, *db, *drows, *scratch;
};
void nn_embed_backward(const struct nn_embed *e, const nn_real *rows, const nn_real *wx,
                       const nn_real *dproj, const struct nn_embed_grad *g);

/* One direction of the LSTM over T steps. Step t of the work reads place t of
 * the window, or T - 1 - t in reverse. */
struct nn_lstm {
    size_t steps, batch, hidden; /* T B H */
    bool reverse, hard;
    const uint8_t *index; /* [B][T]: row of proj for each place */
    const nn_real *proj;  /* [U][4H], input product and bias */
    const nn_real *wh;    /* [H][4H] */
    nn_real *gates;       /* [T][B][4H], activated; backward leaves dz here */
    nn_real *h, *c;       /* [T + 1][B][H]; row 0 is the zero state */
    nn_real *tc;          /* [T][B][H], tanh of c */
};
/* The result is h at row T. */
void nn_lstm_forward(const struct nn_lstm *l);
/* dh [B][H]: gradient of the result; used up. dwh [H][4H] +=, dproj [U][4H] +=.
 * scratch: H * 4H + B * H numbers. */
void nn_lstm_backward(const struct nn_lstm *l, nn_real *dh, nn_real *dwh, nn_real *dproj,
                      nn_real *scratch);

struct nn_dense {
    size_t batch, in, out;
    const nn_real *w, *b; /* [in][out] [out] */
};
void nn_dense_forward(const struct nn_dense *l, const nn_real *x, nn_real *y);
/* dx may be NULL. scratch: in * out numbers. */
struct nn_dense_grad {
    nn_real *dw, *db, *dx, *scratch;
};
void nn_dense_backward(const struct nn_dense *l, const nn_real *x, const nn_real *dy,
                       const struct nn_dense_grad *g);

void nn_relu_forward(nn_real *x, size_t n);
void nn_relu_backward(const nn_real *y, nn_real *dy, size_t n); /* y: the output */

/* Inverted dropout: mask receives 0 or 1 / (1 - p). */
void nn_dropout_forward(nn_real *x, nn_real *mask, size_t n, float p, struct rng *rng);
void nn_dropout_backward(const nn_real *mask, nn_real *dx, size_t n);

/* q = v + a - mean(a), in place of a [B][A]; v [B]. And back: dq becomes da. */
void nn_duel_forward(nn_real *a, const nn_real *v, size_t batch, size_t actions);
void nn_duel_backward(nn_real *dq, nn_real *dv, size_t batch, size_t actions);

/* Squared or Huber (delta 1) error of q against y, [B][A] both, row b weighted
 * by weight[b] (NULL: 1), divided by divisor. Fills dq; returns the loss. */
struct nn_loss_in {
    const nn_real *q, *y, *weight;
    size_t batch, actions;
    double divisor;
    bool huber;
};
double nn_loss(const struct nn_loss_in *in, nn_real *dq);

#endif
