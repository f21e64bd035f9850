/* disk.h -- small files of a machine, read as its own daemons would: as root.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_DISK_H
#define SESSION_DISK_H

#include "base/str.h"
#include "vfs/walk.h"
#include "vm/host.h"

struct vfs_walk disk_walk(struct vm *vm);
/* Appends a file's first 256 KiB to b and tells its node: 0 or -errno. */
int disk_read(struct vm *vm, const char *path, struct str *b, struct vnode *v) NODISCARD;

#endif
