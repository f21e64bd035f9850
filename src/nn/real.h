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
#define nn_tanh nn_tanh_d
#define nn_gate nn_gate_d
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
#define nn_loss_mse nn_loss_mse_d
#define nn_loss_huber nn_loss_huber_d
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

#endif
