/* tar.h -- reads tar streams: ustar, GNU long names, pax.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VFS_TAR_H
#define VFS_TAR_H

#include <stdbool.h>
#include <stdio.h>

#include "vfs/make.h"

struct vfs_tar_entry {
    char *path, *link;         /* as the archive says; link: of hard and symbolic links */
    struct vfs_make_meta meta; /* mode with S_IFMT, also for hard links (0) */
    bool hard_link;
    const void *data; /* of regular files */
    size_t n;
};

typedef int vfs_tar_fn(void *ctx, const struct vfs_tar_entry *e);

/* Calls fn for each member; it may stop the reading with an error. Archives
 * that follow each other are read on. 0, ERR_FORMAT, ERR_LIMIT (a member above
 * 2 GiB), ERR_IO or what fn said. */
int vfs_tar_read(FILE *in, vfs_tar_fn *fn, void *ctx) NODISCARD;

#endif
