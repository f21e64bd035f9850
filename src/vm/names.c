/* names.c -- calls that make, remove and move names.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/path.h"

/* The directory of path's last name, writable by p; last gets the name. */
static int walk_parent(struct proc *p, const char *path, struct vnode *dir, char *last,
                       struct vnode *existing)
{
    struct vfs_walk w = proc_walk(p);
    return vfs_walk_parent(&w, path, VFS_WALK_NOFOLLOW, dir, last, existing);
}

/* May the name of existing be taken out of dir? */
static int may_remove(struct proc *p, struct vnode dir, struct vnode existing)
{
    struct vfs_stat ds, st;
    int err = path_dir_writable(p, dir, &ds);
    if (err < 0)
        return err;
    err = vfs_stat(existing, p, &st);
    if (err < 0)
        return err;
    uint32_t uid = p->cred.uid;
    if ((ds.mode & S_ISVTX) && uid && uid != ds.uid && uid != st.uid)
        return -EPERM;
    if (ds.attrs & VFS_ATTR_APPEND || st.attrs & (VFS_ATTR_IMMUTABLE | VFS_ATTR_APPEND))
        return -EPERM;
    return 0;
}

static bool is_mountpoint(struct proc *p, struct vnode v)
{
    const struct vfs_tree *t = &p->vm->tree;
    for (size_t i = 1; i < t->nmounts; i++)
        if (v.fs == t->mounts[i].fs && v.ino == t->mounts[i].fs->root)
            return true;
    return false;
}

/* --- names ------------------------------------------------------------------------------------ */
static int make_node(struct proc *p, const char *path, uint32_t mode, uint64_t rdev,
                     const char *target)
{
    char last[VFS_NAME_MAX + 2];
    struct vnode dir, existing;
    struct vfs_stat ds;
    uint64_t ino;
    BURN(p, 3);
    int err = walk_parent(p, path, &dir, last, &existing);
    if (err < 0)
        return err;
    bool slash = path_strip_slash(last);
    if (existing.ino || !last[0] || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
        return -EEXIST;
    if (slash && !S_ISDIR(mode))
        return -ENOENT;
    err = path_dir_writable(p, dir, &ds);
    if (err < 0)
        return err;
    if (!dir.fs->ops->create) /* proc and sysfs have no way to make anything */
        return strcmp(dir.fs->ops->type, "proc") == 0 ? -ENOENT : -EPERM;
    return path_full(
        p, dir.fs->ops->create(dir.fs, p, dir.ino, last, &p->cred, mode, rdev, target, &ino));
}

int vm_mkdir(struct proc *p, const char *path, uint32_t mode)
{
    return make_node(p, path, S_IFDIR | (mode & 01777 & ~p->umask), 0, NULL);
}

int vm_symlink(struct proc *p, const char *target, const char *path)
{
    if (!*target)
        return -ENOENT;
    if (strlen(target) >= VFS_PATH_MAX)
        return -ENAMETOOLONG;
    return make_node(p, path, S_IFLNK | 0777, 0, target);
}

int vm_mknod(struct proc *p, const char *path, uint32_t mode, uint64_t rdev)
{
    uint32_t type = mode & S_IFMT;
    if (p->cred.uid && (type == S_IFCHR || type == S_IFBLK))
        return -EPERM;
    if (type == S_IFDIR || type == S_IFLNK)
        return -EPERM;
    if (!type)
        mode |= S_IFREG;
    return make_node(p, path, (mode & S_IFMT) | (mode & 07777 & ~p->umask), rdev, NULL);
}

static int remove_name(struct proc *p, const char *path, bool isdir)
{
    char last[VFS_NAME_MAX + 2];
    struct vnode dir, existing;
    struct vfs_stat st;
    BURN(p, 3);
    int err = walk_parent(p, path, &dir, last, &existing);
    if (err < 0)
        return err;
    bool slash = path_strip_slash(last);
    if (!last[0] || strcmp(last, "..") == 0)
        return !isdir ? -EISDIR : last[0] ? -ENOTEMPTY : -EBUSY;
    if (strcmp(last, ".") == 0)
        return isdir ? -EINVAL : -EISDIR;
    if (!existing.ino)
        return -ENOENT;
    err = vfs_stat(existing, p, &st);
    if (err < 0)
        return err;
    if (slash && !S_ISDIR(st.mode))
        return -ENOTDIR;
    err = may_remove(p, dir, existing);
    if (err < 0)
        return err;
    if (isdir && !S_ISDIR(st.mode))
        return -ENOTDIR;
    if (!isdir && S_ISDIR(st.mode))
        return -EISDIR;
    if (is_mountpoint(p, existing))
        return -EBUSY;
    if (!dir.fs->ops->unlink)
        return -EPERM;
    return path_full(p, dir.fs->ops->unlink(dir.fs, p, dir.ino, last, isdir));
}

int vm_rmdir(struct proc *p, const char *path)
{
    return remove_name(p, path, true);
}

int vm_unlink(struct proc *p, const char *path)
{
    return remove_name(p, path, false);
}

/* Is dir inside (or the same as) what? */
static bool is_inside(struct proc *p, struct vnode dir, struct vnode what)
{
    for (int i = 0; i < VFS_PATH_MAX / 2; i++) {
        struct vnode up;
        if (dir.fs == what.fs && dir.ino == what.ino)
            return true;
        if (dir.ino == dir.fs->root || vfs_lookup(dir, p, "..", 2, &up) < 0)
            return false;
        dir = up;
    }
    return true;
}

/* What rename(2) asks of source and target before it acts. */
static int rename_check(struct proc *p, struct vnode old, struct vnode to_dir, struct vnode target,
                        bool slash)
{
    struct vfs_stat a, b, ds;
    int err = vfs_stat(old, p, &a);
    if (err < 0)
        return err;
    if (slash && !S_ISDIR(a.mode))
        return -ENOTDIR;
    if (is_mountpoint(p, old) || (target.ino && is_mountpoint(p, target)))
        return -EBUSY;
    if (S_ISDIR(a.mode) && is_inside(p, to_dir, old))
        return -EINVAL;
    if (!target.ino)
        return path_dir_writable(p, to_dir, &ds);
    err = may_remove(p, to_dir, target);
    if (err == 0)
        err = vfs_stat(target, p, &b);
    if (err < 0)
        return err;
    if (S_ISDIR(b.mode) && !S_ISDIR(a.mode))
        return -EISDIR;
    if (!S_ISDIR(b.mode) && S_ISDIR(a.mode))
        return -ENOTDIR;
    return 0;
}

static bool is_dot(const char *name)
{
    return !name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int vm_rename(struct proc *p, const char *from, const char *to)
{
    char a[VFS_NAME_MAX + 2], b[VFS_NAME_MAX + 2];
    struct vnode from_dir, to_dir, old, target;
    BURN(p, 4);
    int err = walk_parent(p, from, &from_dir, a, &old);
    if (err == 0)
        err = walk_parent(p, to, &to_dir, b, &target);
    if (err < 0)
        return err;
    bool slash = path_strip_slash(a);
    slash |= path_strip_slash(b);
    if (is_dot(a) || is_dot(b))
        return -EBUSY;
    if (!old.ino)
        return -ENOENT;
    if (from_dir.fs != to_dir.fs || old.fs != from_dir.fs)
        return old.fs != from_dir.fs ? -EBUSY : -EXDEV;
    err = may_remove(p, from_dir, old);
    if (err == 0)
        err = rename_check(p, old, to_dir, target, slash);
    if (err < 0)
        return err;
    if (old.ino == target.ino)
        return 0;
    if (!from_dir.fs->ops->rename)
        return -EPERM;
    return path_full(p, from_dir.fs->ops->rename(from_dir.fs, from_dir.ino, a, to_dir.ino, b));
}

int vm_link(struct proc *p, const char *from, const char *to)
{
    char last[VFS_NAME_MAX + 2];
    struct vnode v, dir, existing;
    struct vfs_stat st, ds;
    BURN(p, 4);
    int err = path_stat(p, from, VFS_WALK_NOFOLLOW, &v, &st);
    if (err == 0)
        err = walk_parent(p, to, &dir, last, &existing);
    if (err < 0)
        return err;
    if (path_strip_slash(last))
        return -ENOENT;
    if (existing.ino || is_dot(last))
        return -EEXIST;
    if (v.fs != dir.fs)
        return -EXDEV;
    err = path_dir_writable(p, dir, &ds);
    if (err < 0)
        return err;
    if (S_ISDIR(st.mode) || st.attrs & (VFS_ATTR_IMMUTABLE | VFS_ATTR_APPEND))
        return -EPERM;
    if (!dir.fs->ops->link)
        return -EPERM;
    return path_full(p, dir.fs->ops->link(dir.fs, dir.ino, last, v.ino));
}
