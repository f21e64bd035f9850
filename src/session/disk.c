/* disk.c -- small files of a machine, read as its own daemons would: as root.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "session/disk.h"

enum { FILE_MAX = 256 * 1024 };

static const struct vfs_cred root_cred;

struct vfs_walk disk_walk(struct vm *vm)
{
    const struct vfs_tree *t = vm_tree(vm);
    struct vnode root = {t->mounts[0].fs, t->mounts[0].fs->root};

    return (struct vfs_walk){.tree = t, .cred = &root_cred, .root = root, .cwd = root};
}

int disk_read(struct vm *vm, const char *path, struct str *b, struct vnode *v)
{
    struct vfs_walk w = disk_walk(vm);
    int r = vfs_walk(&w, path, 0, v);

    while (r == 0 && b->n < FILE_MAX) {
        char block[4096];
        ssize_t n = vfs_read(*v, NULL, block, sizeof block, (int64_t)b->n);
        if (n <= 0)
            return (int)n;
        str_add(b, block, (size_t)n);
    }
    return r;
}
