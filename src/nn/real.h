/* real.h -- the number type of the network: float, or double for checks.
 *
 * The layers are compiled twice. float is what runs; nn/double.c includes the
 * same sources with NN_DOUBLE, under names ending in _d, so that gradients can
 * be compared with finite differences to 1e-6 and better. A test that wants
 * the double network defines NN_DOUBLE before its first include.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef NN_REAL_H
#define NN_REAL_H

#ifdef NN_DOUBLE
typedef double nn_real;
#define nn_gemm nn_gemm_d
#define nn_transpose nn_transpose_d
#define nn_colsum nn_colsum_d
#define nn_embed_project nn_embed_project_d
#define nn_embed_backward nn_embed_backward_d
#define nn_lstm_forward nn_lstm_forward_d
#define nn_lstm_backward nn_lstm_backward_d
#define nn_dense_forward nn_dense_forward_d
#define nn_dense_backward nn_dense_backward_d
#define nn_relu_forward nn_relu_forward_d
#define nn_relu_backward nn_relu_backward_d
#define nn_dropout_forward nn_dropout_forward_d
#define nn_dropout_backward nn_dropout_backward_d
#define nn_duel_forward nn_duel_forward_d
#define nn_duel_backward nn_duel_backward_d
#define nn_loss nn_loss_d
#define nn_clip_norm nn_clip_norm_d
#define nn_adam_step nn_adam_step_d
#define nn_rmsprop_step nn_rmsprop_step_d
#define nn_net_init nn_net_init_d
#define nn_net_forward nn_net_forward_d
#define nn_net_backward nn_net_backward_d
#define nn_work_new nn_work_new_d
#define nn_work_free nn_work_free_d
#else
typedef float nn_real;
#endif

/* Functions made of plain loops are compiled for several vector widths and
 * picked when the program starts. */
#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__clang__) &&                         \
    !defined(__SANITIZE_ADDRESS__) && !defined(NN_DOUBLE)
#define NN_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define NN_CLONES
#endif

#endif
