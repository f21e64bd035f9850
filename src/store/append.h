/* append.h -- bytes that must be in a file exactly once.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_APPEND_H
#define STORE_APPEND_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Makes sure that n bytes stand at offset at, whether or not an earlier try
 * wrote some of them. A file that is shorter than at was taken away meanwhile:
 * the bytes then begin a new one. 0 or ERR_IO (errno). */
int append_at(const char *path, int64_t at, const void *p, size_t n) NODISCARD;
/* The size of a file; 0 if there is none. */
int64_t append_size(const char *path);

#endif
