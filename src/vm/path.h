/* path.h -- what path.c and names.c share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VM_PATH_H
#define VM_PATH_H

#include "vm/priv.h"

/* Walks to a node and tells of it. */
int path_stat(struct proc *p, const char *path, unsigned flags, struct vnode *v,
              struct vfs_stat *st);
/* May p change the entries of dir? 0 (and *st), -EACCES, -EROFS, -EPERM. */
int path_dir_writable(struct proc *p, struct vnode dir, struct vfs_stat *st);
/* Hands err on; tells the host when it says that the disk is full. */
int path_full(struct proc *p, int err);
/* Takes the trailing slashes off a last name; true if there were any. */
bool path_strip_slash(char *last);

#endif
