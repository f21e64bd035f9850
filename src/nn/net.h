/* net.h -- the paper's network: commands in, one value per action out.
 *
 *     window [B][T] -> Embedding [V][E] -> bidirectional LSTM [H] x 2
 *       -> dropout -> Dense [D] ReLU -> dropout -> Dense [A] (or duelling head)
 *
 * All parameters are one block of numbers; nn_net_layout says what lies where.
 * B batch, T window length, V vocabulary, E embedding, H hidden, D dense,
 * A actions. Matrices are row-major, inputs by outputs, gates in the order
 * input, forget, cell, output.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef NN_NET_H
#define NN_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "nn/real.h"

/* Plain data: stored in snapshots as it is. */
struct nn_config {
    uint16_t vocab, embed, hidden, dense, actions, window;
    uint8_t hard_gates; /* 1: hard sigmoid as in Keras 1 (paper), 0: logistic */
    uint8_t duel;       /* 1: value and advantage streams */
    uint16_t pad;
    float dropout; /* probability of dropping, training only */
};

enum {
    NN_VOCAB_MAX = 256,
    NN_HIDDEN_MAX = 256,
    NN_DENSE_MAX = 512,
    NN_ACTIONS_MAX = 8,
    NN_WINDOW_MAX = 16
};

/* Where each tensor starts, in numbers; total is the size of the block. */
struct nn_layout {
    size_t embed;              /* [V][E] */
    size_t wx[2], wh[2], b[2]; /* [E][4H] [H][4H] [4H], forward and backward */
    size_t w1, b1;             /* [2H][D] [D] */
    size_t w2, b2;             /* [D][A] [A] */
    size_t wv, bv;             /* [D] [1], duelling only */
    size_t total;
};

struct nn_tensor_name {
    const char *name;
    size_t at, rows, cols; /* cols 0: a vector of rows numbers */
};
enum { NN_TENSORS_MAX = 16 };

/* "paper" (hard gates, E 64), "code" (E 32), "modern" (logistic gates, small
 * enough to train in seconds): ERR_NOTFOUND for others. */
int nn_config_find(const char *profile, struct nn_config *c) NODISCARD;
/* 0, or ERR_RANGE: sizes out of bounds or not multiples of 8 where needed. */
int nn_config_check(const struct nn_config *c) NODISCARD;
struct nn_layout nn_net_layout(const struct nn_config *c);
/* Names, places and shapes of all tensors; returns their number. */
size_t nn_net_tensors(const struct nn_config *c, struct nn_tensor_name out[NN_TENSORS_MAX]);

/* Draws initial weights as Keras 1 did: uniform embedding, glorot-uniform
 * inputs, orthogonal recurrence, forget bias 1, lecun-uniform dense. */
void nn_net_init(const struct nn_config *c, nn_real *w, struct rng *rng);

/* Activations of one batch, kept between forward and backward. */
struct nn_work;
struct nn_work *nn_work_new(const struct nn_config *c, size_t batch_max) NODISCARD;
void nn_work_free(struct nn_work *k);

/* Values q [B][A] for B windows (codes >= V count as padding). drop: NULL for
 * inference; otherwise dropout masks are drawn from it. The result is valid
 * until the next forward with this work. */
const nn_real *nn_net_forward(const struct nn_config *c, const nn_real *w, struct nn_work *k,
                              const uint8_t *windows, size_t batch, struct rng *drop);
/* Adds the gradient of sum(dq * q) to g (same layout as w), for the batch of
 * the last forward. */
void nn_net_backward(const struct nn_config *c, const nn_real *w, struct nn_work *k,
                     const nn_real *dq, nn_real *g);

#endif
