/* ckpt.h -- checkpoints: named tensors and settings in a safetensors file.
 *
 * 8 bytes little-endian length, a JSON header, the data. The header's
 * __metadata__ carries the settings and a CRC-32 over header and data, so that
 * damage anywhere is noticed. Any safetensors reader can open the file.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef NN_CKPT_H
#define NN_CKPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { NN_CKPT_VERSION = 1, NN_CKPT_HEADER_MAX = 1 << 20, NN_CKPT_MAX = 256 << 20 };

enum nn_dtype { NN_F32, NN_F64, NN_U8, NN_U32, NN_I64, NN_DTYPES };

struct nn_ckpt_tensor {
    const char *name;
    enum nn_dtype type;
    size_t rows, cols; /* cols 0: rank 1 */
    const void *data;
};
struct nn_ckpt_meta {
    const char *key, *value;
};

/* Writes a checkpoint behind what out holds. */
int nn_ckpt_write(struct buf *out, const struct nn_ckpt_tensor *t, size_t n_t,
                  const struct nn_ckpt_meta *m, size_t n_m) NODISCARD;

struct nn_ckpt; /* an opened one; borrows the bytes */
/* Checks everything. On failure why receives a sentence. Free with
 * nn_ckpt_close. */
int nn_ckpt_open(const void *mem, size_t n, struct nn_ckpt **out, char *why,
                 size_t why_n) NODISCARD;
void nn_ckpt_close(struct nn_ckpt *c);
/* The tensor, or NULL. data may be unaligned: copy it. */
const struct nn_ckpt_tensor *nn_ckpt_find(const struct nn_ckpt *c, const char *name);
size_t nn_ckpt_bytes(const struct nn_ckpt_tensor *t);
/* Copies a tensor of exactly this type and size: 0, ERR_NOTFOUND, ERR_FORMAT. */
int nn_ckpt_copy(const struct nn_ckpt *c, const char *name, enum nn_dtype type, void *dst,
                 size_t count) NODISCARD;
const char *nn_ckpt_get(const struct nn_ckpt *c, const char *key); /* NULL if absent */
int nn_ckpt_get_double(const struct nn_ckpt *c, const char *key, double *out) NODISCARD;

/* The bytes of out into a file, all or nothing: a temporary beside it, fsync,
 * rename. And back (at most NN_CKPT_MAX bytes). 0 or ERR_SYS, see errno. */
int nn_ckpt_save_file(const char *path, const struct buf *bytes) NODISCARD;
int nn_ckpt_load_file(const char *path, struct buf *bytes) NODISCARD;

#endif
