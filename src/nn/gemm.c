/* gemm.c -- the matrix product, in the widest form this machine has.
 *
 * Our matrices are small (at most 640 x 512 x 512) and live in the second-level
 * cache, so a register tile without packing is enough; a BLAS would bring a
 * pool of threads into every process that links it.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/gemm.h"

#define K_NAME plain
#define K_TARGET
#define K_BYTES 16
#define K_ROWS 4
#define K_VECS 2
#define K_LINE 8
#include "nn/gemm_kernel.inc"

#if defined(__x86_64__) && !defined(NN_DOUBLE)
#define GEMM_X86 1

#define K_NAME avx2
#define K_TARGET __attribute__((target("avx2,fma")))
#define K_BYTES 32
#define K_ROWS 6
#define K_VECS 2
#define K_LINE 8
#include "nn/gemm_kernel.inc"

#define K_NAME avx512
#define K_TARGET __attribute__((target("avx512f")))
#define K_BYTES 64
#define K_ROWS 6
#define K_VECS 4
#define K_LINE 16
#include "nn/gemm_kernel.inc"
#endif

void nn_gemm(struct nn_dims d, struct nn_view a, const nn_real *b, nn_real *c, bool add)
{
#ifdef GEMM_X86
    if (__builtin_cpu_supports("avx512f")) {
        gemm_avx512(d, a, b, c, add);
        return;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        gemm_avx2(d, a, b, c, add);
        return;
    }
#endif
    gemm_plain(d, a, b, c, add);
}

void nn_transpose(const nn_real *src, size_t rows, size_t cols, nn_real *dst)
{
    enum { BLOCK = 16 }; /* whole cache lines on both sides */
    for (size_t i0 = 0; i0 < rows; i0 += BLOCK)
        for (size_t j = 0; j < cols; j++)
            for (size_t i = i0; i < rows && i < i0 + BLOCK; i++)
                dst[j * rows + i] = src[i * cols + j];
}

NN_CLONES void nn_colsum(const nn_real *x, size_t rows, size_t cols, nn_real *sum)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            sum[j] += x[i * cols + j];
}
