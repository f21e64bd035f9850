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
#include "nn/trie.h"

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

/* One direction of the LSTM, node by node of a tree of shared beginnings
 * (trie.h). N nodes in all, B rows of the batch. */
struct nn_lstm {
    const struct nn_trie *trie;
    size_t hidden; /* H */
    bool hard;
    const nn_real *proj; /* [U][4H], input product and bias */
    const nn_real *wh;   /* [H][4H] */
    nn_real *gates;      /* [N][4H], activated; backward leaves dz here */
    nn_real *h, *c, *tc; /* [N][H]; tc: tanh of c */
    nn_real *before;     /* [N][H]: h of the parent; zero in level 0 */
};
/* The result of row r is h of the trie's leaf r. */
void nn_lstm_forward(const struct nn_lstm *l);
/* dout [B][H], rows out_stride apart: gradient of the result. dwh [H][4H] +=,
 * dproj [U][4H] +=. scratch: H * 4H + 5 * B * H numbers. */
struct nn_lstm_grad {
    const nn_real *dout;
    size_t out_stride;
    nn_real *dwh, *dproj, *scratch;
};
void nn_lstm_backward(const struct nn_lstm *l, const struct nn_lstm_grad *g);

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
