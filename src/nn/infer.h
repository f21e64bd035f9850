/* infer.h -- values of a single state, fast and without allocation.
 *
 * A trained network is folded once: embedding and input weights become one
 * table [V][4H] per direction (a look-up replaces a product), and the hidden
 * states that leading padding leaves behind are stored. What remains per
 * decision is the recurrence.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef NN_INFER_H
#define NN_INFER_H

#include "nn/net.h"

/* Numbers in the folded form. */
size_t nn_infer_size(const struct nn_config *c);
/* Folds w into out (nn_infer_size floats, aligned to 64). */
void nn_infer_fold(const struct nn_config *c, const float *w, float *out);
/* q [A] for one window [T]. folded must be aligned to 64; codes >= V count as
 * padding. About 6 KiB of stack. */
void nn_infer_run(const struct nn_config *c, const float *folded, const uint8_t *window, float *q);

#endif
