/* nn_ckpt.c -- any bytes as a checkpoint: opened or refused with a reason.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/ckpt.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct nn_ckpt *c;
    char why[100] = "";
    float w[16];
    if (nn_ckpt_open(data, n, &c, why, sizeof why) != 0) {
        if (why[0] == '\0')
            abort();
        return 0;
    }
    double x;
    if (nn_ckpt_copy(c, "w", NN_F32, w, 16) == 0 && nn_ckpt_get_double(c, "gamma", &x) == 0)
        x += (double)w[0];
    nn_ckpt_close(c);
    return 0;
}
