/* mounts.c -- the tree of a machine: its disk and what is mounted in it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>

#include "vm/priv.h"

int machine_mounts(struct vm *vm)
{
    char source[32];
    const struct persona *pe = vm->world->conf.persona;
    str_fmt(source, sizeof(source), "/dev/%s1", pe->disk_name);
    return vfs_tree_init(&vm->tree, vm->arena, vm->disk, source, "rw,relatime,errors=remount-ro");
}

void machine_unmount(struct vm *vm)
{
    for (size_t i = vm->tree.nmounts; i-- > 0;) {
        struct vfs_fs *fs = vm->tree.mounts[i].fs;
        if (fs->ops->free)
            fs->ops->free(fs);
    }
}

int vm_mount(struct proc *p, const char *source, const char *target, const char *type,
             const char *options)
{
    (void)source;
    (void)target;
    (void)type;
    (void)options;
    return p->cred.uid ? -EPERM : -ENODEV;
}

int vm_umount(struct proc *p, const char *target)
{
    (void)target;
    return p->cred.uid ? -EPERM : -EINVAL;
}
