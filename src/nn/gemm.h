/* gemm.h -- the matrix product under every layer.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef NN_GEMM_H
#define NN_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "nn/real.h"

struct nn_dims {
    size_t m, n, k;
};

/* The left matrix: element (i, j) lies at p[i * row + j * col], so a
 * transposed matrix is a view and no copy. */
struct nn_view {
    const nn_real *p;
    size_t row, col;
};

/* c [m][n] = a [m][k] b [k][n], or c += with add. b and c are row-major. */
void nn_gemm(struct nn_dims d, struct nn_view a, const nn_real *b, nn_real *c, bool add);
/* dst [cols][rows] = src [rows][cols] */
void nn_transpose(const nn_real *src, size_t rows, size_t cols, nn_real *dst);
/* sum [cols] += column sums of x [rows][cols] */
void nn_colsum(const nn_real *x, size_t rows, size_t cols, nn_real *sum);

#endif
