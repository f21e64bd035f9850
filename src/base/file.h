/* file.h -- whole files of the host, for start-up and for what a role keeps.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

#include "base/buf.h"

/* Appends a file's bytes to b: 0, ERR_NOTFOUND, ERR_LIMIT (over b->max),
 * ERR_IO with errno set. */
int file_read(const char *path, struct buf *b) NODISCARD;
/* Writes a file so that either the old or the new one is there after a crash:
 * temporary name, fsync, rename, fsync of the folder. 0 or ERR_IO (errno). */
int file_write(const char *path, const void *p, size_t n, unsigned mode) NODISCARD;
/* Writes all bytes to a descriptor that blocks: 0 or ERR_IO (errno). */
int file_write_all(int fd, const void *p, size_t n) NODISCARD;

#endif
