/* math.h -- tanh and the gate functions over arrays, and scalar forms that
 * vectorise when inlined.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef NN_MATH_H
#define NN_MATH_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nn/real.h"

#ifdef NN_DOUBLE
static inline nn_real nn_tanh1(nn_real x)
{
    return tanh(x);
}
#else
/* 1 - 2 / (e^2x + 1), to about 2e-7. 2^y is split into its whole part, put
 * straight into the exponent bits, and a Taylor series of the rest. */
static inline __attribute__((always_inline)) float nn_tanh1(float x)
{
    const float y0 = x * 2.885390081777927f; /* 2 / ln 2 */
    const float y = y0 < -40 ? -40 : y0 > 40 ? 40 : y0;
    const float bias = 12582912.0f; /* 1.5 * 2^23: rounds to a whole number */
    const float whole = (y + bias) - bias;
    const float f = (y - whole) * 0.6931471805599453f;
    const float series =
        1 + f * (1 + f * (1 / 2.0f +
                          f * (1 / 6.0f + f * (1 / 24.0f + f * (1 / 120.0f + f * (1 / 720.0f))))));
    const uint32_t bits = (uint32_t)((int32_t)whole + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return 1 - 2 / (series * power + 1);
}
#endif

/* The gates' squashing: Keras 1's hard sigmoid, or the logistic function. */
static inline __attribute__((always_inline)) nn_real nn_gate1(nn_real x, bool hard)
{
    if (!hard)
        return nn_tanh1(x * (nn_real)0.5) * (nn_real)0.5 + (nn_real)0.5;
    const nn_real y = (nn_real)0.2 * x + (nn_real)0.5;
    return y < 0 ? 0 : y > 1 ? 1 : y;
}

/* Its derivative, from its value. */
static inline __attribute__((always_inline)) nn_real nn_gate1_slope(nn_real y, bool hard)
{
    if (!hard)
        return y * (1 - y);
    return y > 0 && y < 1 ? (nn_real)0.2 : 0;
}

#endif
