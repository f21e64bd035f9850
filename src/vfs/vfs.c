/* vfs.c -- calls a file system's operations, answering for those it lacks.
 *
 * A missing reading operation is -EINVAL, a missing changing one -EPERM; a
 * file system marked read-only refuses changes with -EROFS before it is asked.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vfs/vfs.h"

#include <errno.h>
#include <string.h>

/* 0 if the file system may be changed through this operation. */
static int may_change(const struct vfs_fs *fs, bool has_op)
{
    if (fs->readonly)
        return -EROFS;
    return has_op ? 0 : -EPERM;
}

static int check_name(const char *name)
{
    size_t n = strlen(name);
    if (n == 0)
        return -ENOENT;
    return n > VFS_NAME_MAX ? -ENAMETOOLONG : 0;
}

int vfs_lookup(struct vnode dir, void *ctx, const char *name, size_t n, struct vnode *out)
{
    if (!dir.fs->ops->lookup)
        return -EINVAL;
    uint64_t ino;
    int r = dir.fs->ops->lookup(dir.fs, ctx, dir.ino, name, n, &ino);
    if (r == 0)
        *out = (struct vnode){.fs = dir.fs, .ino = ino};
    return r;
}

int vfs_stat(struct vnode v, void *ctx, struct vfs_stat *st)
{
    return v.fs->ops->stat ? v.fs->ops->stat(v.fs, ctx, v.ino, st) : -EINVAL;
}

int vfs_readdir(struct vnode dir, void *ctx, uint64_t *cookie, struct vfs_dirent *e)
{
    return dir.fs->ops->readdir ? dir.fs->ops->readdir(dir.fs, ctx, dir.ino, cookie, e) : -EINVAL;
}

ssize_t vfs_readlink(struct vnode v, void *ctx, char *out, size_t n)
{
    return v.fs->ops->readlink ? v.fs->ops->readlink(v.fs, ctx, v.ino, out, n) : -EINVAL;
}

ssize_t vfs_read(struct vnode v, void *ctx, void *p, size_t n, int64_t off)
{
    return v.fs->ops->read ? v.fs->ops->read(v.fs, ctx, v.ino, p, n, off) : -EINVAL;
}

ssize_t vfs_write(struct vnode v, void *ctx, const void *p, size_t n, int64_t off)
{
    int r = may_change(v.fs, v.fs->ops->write != NULL);
    return r ? r : v.fs->ops->write(v.fs, ctx, v.ino, p, n, off);
}

int vfs_setattr(struct vnode v, void *ctx, const struct vfs_setattr *a)
{
    int r = may_change(v.fs, v.fs->ops->setattr != NULL);
    return r ? r : v.fs->ops->setattr(v.fs, ctx, v.ino, a);
}

int vfs_create(struct vnode dir, void *ctx, const char *name, const struct vfs_cred *c,
               uint32_t mode, uint64_t rdev, const char *target, struct vnode *out)
{
    int r = may_change(dir.fs, dir.fs->ops->create != NULL);
    if (!r)
        r = check_name(name);
    if (r)
        return r;
    uint64_t ino;
    r = dir.fs->ops->create(dir.fs, ctx, dir.ino, name, c, mode, rdev, target, &ino);
    if (r == 0)
        *out = (struct vnode){.fs = dir.fs, .ino = ino};
    return r;
}

int vfs_link(struct vnode dir, const char *name, struct vnode v)
{
    if (dir.fs != v.fs)
        return -EXDEV;
    int r = may_change(dir.fs, dir.fs->ops->link != NULL);
    if (!r)
        r = check_name(name);
    return r ? r : dir.fs->ops->link(dir.fs, dir.ino, name, v.ino);
}

int vfs_unlink(struct vnode dir, void *ctx, const char *name, bool isdir)
{
    int r = may_change(dir.fs, dir.fs->ops->unlink != NULL);
    return r ? r : dir.fs->ops->unlink(dir.fs, ctx, dir.ino, name, isdir);
}

int vfs_rename(struct vnode dir, const char *name, struct vnode to, const char *to_name)
{
    if (dir.fs != to.fs)
        return -EXDEV;
    int r = may_change(dir.fs, dir.fs->ops->rename != NULL);
    if (!r)
        r = check_name(to_name);
    return r ? r : dir.fs->ops->rename(dir.fs, dir.ino, name, to.ino, to_name);
}

int vfs_statfs(struct vfs_fs *fs, uint64_t *blocks, uint64_t *bfree, uint64_t *files,
               uint64_t *ffree)
{
    if (fs->ops->statfs)
        return fs->ops->statfs(fs, blocks, bfree, files, ffree);
    *blocks = *bfree = *files = *ffree = 0;
    return 0;
}

void vfs_hold(struct vnode v)
{
    if (v.fs && v.fs->ops->hold)
        v.fs->ops->hold(v.fs, v.ino);
}

void vfs_drop(struct vnode v)
{
    if (v.fs && v.fs->ops->drop)
        v.fs->ops->drop(v.fs, v.ino);
}

void vfs_free(struct vfs_fs *fs)
{
    if (fs && fs->ops->free)
        fs->ops->free(fs);
}
