/* disk_change.c -- the operations that change a disk.
 *
 * Permissions are the kernel's business; what is refused here is what the file
 * system itself refuses: attributes, budgets, the order of directories.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <sys/stat.h>

#include "vfs/disk_priv.h"

static struct disk *disk_of(struct vfs_fs *fs)
{
    return (struct disk *)fs;
}

ssize_t disk_op_write(struct vfs_fs *fs, void *ctx, uint64_t ino, const void *p, size_t n,
                      int64_t off)
{
    (void)ctx;
    struct disk *d = disk_of(fs);
    struct dnode *node;
    int r = disk_node(d, ino, &node);
    if (r)
        return r;
    ssize_t w;
    if (!S_ISREG(node->mode))
        w = S_ISDIR(node->mode) ? -EISDIR : -EINVAL;
    else if ((node->attrs & VFS_ATTR_IMMUTABLE) ||
             ((node->attrs & VFS_ATTR_APPEND) && off != node->size))
        w = -EPERM;
    else
        w = disk_data_write(d, node, p, n, off);
    if (w > 0)
        node->mtime = node->ctime = disk_now(d);
    return w < 0 ? disk_settle(d, ino, (int)w) : w;
}

/* The directory of a change: 0, or why nothing may be changed in it. */
static int changing_dir(struct disk *d, uint64_t ino, bool removes, struct dnode **out)
{
    struct dnode *dir;
    int r = disk_node(d, ino, &dir);
    if (r)
        return r;
    if (!S_ISDIR(dir->mode))
        return -ENOTDIR;
    if (dir->nlink == 0)
        return -ENOENT;
    if (dir->attrs & (VFS_ATTR_IMMUTABLE | (removes ? VFS_ATTR_APPEND : 0)))
        return -EPERM;
    *out = dir;
    return 0;
}

/* Is the name free? The entry for it, if so. */
static int new_name(struct disk *d, uint64_t dir, const char *name, struct dentry **out)
{
    uint64_t ino;
    size_t n = strlen(name);
    int r = disk_dir_lookup(d, dir, name, n, &ino);
    if (r != -ENOENT)
        return r ? r : -EEXIST;
    *out = disk_dentry_new(d, name);
    return *out ? 0 : -ENOSPC;
}

int disk_op_create(struct vfs_fs *fs, void *ctx, uint64_t dir_ino, const char *name,
                   const struct vfs_cred *c, uint32_t mode, uint64_t rdev, const char *target,
                   uint64_t *ino)
{
    (void)ctx;
    struct disk *d = disk_of(fs);
    struct dnode *dir, *n;
    struct dentry *e = NULL;
    char *copy = NULL;
    size_t target_n = strlen(target ? target : "");
    int r = changing_dir(d, dir_ino, false, &dir);
    if (!r)
        r = new_name(d, dir_ino, name, &e);
    if (!r && d->new_inodes >= d->conf.max_inodes)
        r = -ENOSPC;
    if (!r && S_ISLNK(mode) && !(copy = disk_alloc(d, target_n + 1, true)))
        r = -ENOSPC;
    if (!r && !(n = disk_node_add(d, d->next_ino)))
        r = -ENOSPC;
    if (r) {
        disk_dentry_free(d, e);
        if (copy)
            disk_release(d, copy, target_n + 1);
        return disk_settle(d, dir_ino, r);
    }
    d->next_ino++;
    d->new_inodes++;
    disk_fill_new(d, n, dir, c, mode);
    if (S_ISDIR(mode)) {
        n->size = DISK_PAGE;
        n->nlink = 2;
        n->dir.parent = dir_ino;
        dir->nlink++;
    } else if (S_ISLNK(mode)) {
        memcpy(copy, target ? target : "", target_n);
        n->target = copy;
        n->size = (int64_t)target_n;
    } else if (!S_ISREG(mode)) {
        n->rdev = rdev;
    }
    disk_dir_set(d, dir, e, n->ino);
    *ino = n->ino;
    return 0;
}

static int add_link(struct disk *d, uint64_t dir_ino, const char *name, uint64_t ino)
{
    struct dnode *dir, *n;
    struct dentry *e;
    int r = disk_node(d, ino, &n);
    if (r)
        return r;
    if (S_ISDIR(n->mode) || (n->attrs & (VFS_ATTR_IMMUTABLE | VFS_ATTR_APPEND)))
        return -EPERM;
    if (n->nlink == 0)
        return -ENOENT;
    if (n->nlink >= DISK_LINKS_MAX)
        return -EMLINK;
    if ((r = changing_dir(d, dir_ino, false, &dir)) != 0 ||
        (r = new_name(d, dir_ino, name, &e)) != 0)
        return r;
    n->nlink++;
    n->changed = true;
    n->ctime = disk_now(d);
    disk_dir_set(d, dir, e, ino);
    return 0;
}

int disk_op_link(struct vfs_fs *fs, uint64_t dir, const char *name, uint64_t ino)
{
    struct disk *d = disk_of(fs);
    int r = add_link(d, dir, name, ino);
    return disk_settle(d, dir, disk_settle(d, ino, r));
}

/* One name of a node is gone; dir was its directory. */
static void lose_name(struct disk *d, struct dnode *dir, struct dnode *n)
{
    n->changed = true;
    n->ctime = disk_now(d);
    if (S_ISDIR(n->mode)) {
        n->nlink = 0;
        dir->nlink--;
    } else {
        n->nlink--;
    }
    disk_maybe_forget(d, n);
}

/* May this node lose its name? */
static int removable(const struct dnode *n, bool isdir)
{
    if (n->attrs & (VFS_ATTR_IMMUTABLE | VFS_ATTR_APPEND))
        return -EPERM;
    if (isdir && !S_ISDIR(n->mode))
        return -ENOTDIR;
    if (!isdir && S_ISDIR(n->mode))
        return -EISDIR;
    return isdir && n->dir.live ? -ENOTEMPTY : 0;
}

int disk_op_unlink(struct vfs_fs *fs, void *ctx, uint64_t dir_ino, const char *name, bool isdir)
{
    (void)ctx;
    struct disk *d = disk_of(fs);
    struct dnode *dir, *n;
    struct dentry *hide = NULL;
    uint64_t ino;
    int r = changing_dir(d, dir_ino, true, &dir);
    if (!r)
        r = disk_dir_lookup(d, dir_ino, name, strlen(name), &ino);
    if (!r)
        r = disk_node(d, ino, &n);
    if (r)
        return disk_settle(d, dir_ino, r);
    r = removable(n, isdir);
    if (!r && disk_dir_hides(d, dir, name) && !(hide = disk_dentry_new(d, name)))
        r = -ENOSPC;
    if (r)
        return disk_settle(d, dir_ino, disk_settle(d, ino, r));
    disk_dir_unset(d, dir, name, hide);
    lose_name(d, dir, n);
    return 0;
}

/* Does dir lie in (or is it) the directory ino? */
static bool is_below(const struct disk *d, uint64_t dir, uint64_t ino)
{
    for (uint64_t up; dir != ino; dir = up)
        if (disk_dir_lookup(d, dir, "..", 2, &up) || up == dir)
            return false;
    return true;
}

/* May n replace what stands under the new name? */
static int replaceable(const struct dnode *n, const struct dnode *old)
{
    if (!old)
        return 0;
    if (S_ISDIR(n->mode) && !S_ISDIR(old->mode))
        return -ENOTDIR;
    return removable(old, S_ISDIR(n->mode));
}

/* Both ends of a renaming, found. */
struct renaming {
    struct dnode *from, *to, *n, *old; /* old: what is replaced, or NULL */
};

static int rename_find(struct disk *d, struct renaming *m, uint64_t dir, const char *name,
                       uint64_t to_dir, const char *to_name)
{
    uint64_t ino, old_ino = 0;
    int r = changing_dir(d, dir, true, &m->from);
    if (!r)
        r = changing_dir(d, to_dir, false, &m->to);
    if (!r)
        r = disk_dir_lookup(d, dir, name, strlen(name), &ino);
    if (!r)
        r = disk_node(d, ino, &m->n);
    if (r)
        return r;
    r = disk_dir_lookup(d, to_dir, to_name, strlen(to_name), &old_ino);
    if (r == 0)
        r = disk_node(d, old_ino, &m->old);
    else if (r == -ENOENT)
        r = 0;
    if (r || m->old == m->n)
        return r;
    if (m->n->attrs & (VFS_ATTR_IMMUTABLE | VFS_ATTR_APPEND))
        return -EPERM;
    if (S_ISDIR(m->n->mode) && is_below(d, to_dir, ino))
        return -EINVAL;
    if (m->old && is_below(d, dir, m->old->ino) && S_ISDIR(m->old->mode))
        return -ENOTEMPTY;
    return replaceable(m->n, m->old);
}

int disk_op_rename(struct vfs_fs *fs, uint64_t dir_ino, const char *name, uint64_t to_dir,
                   const char *to_name)
{
    struct disk *d = disk_of(fs);
    struct renaming m = {0};
    struct dentry *hide = NULL, *e = NULL;
    int r = rename_find(d, &m, dir_ino, name, to_dir, to_name);
    if (r || m.old == m.n) {
        if (m.old && m.old != m.n)
            r = disk_settle(d, m.old->ino, r);
        if (m.n)
            r = disk_settle(d, m.n->ino, r);
        return disk_settle(d, dir_ino, disk_settle(d, to_dir, r));
    }
    if ((disk_dir_hides(d, m.from, name) && !(hide = disk_dentry_new(d, name))) ||
        !(e = disk_dentry_new(d, to_name))) {
        disk_dentry_free(d, hide);
        return -ENOSPC;
    }
    disk_dir_unset(d, m.from, name, hide);
    disk_dir_set(d, m.to, e, m.n->ino);
    m.n->changed = true;
    m.n->ctime = disk_now(d);
    if (S_ISDIR(m.n->mode)) {
        m.from->nlink--;
        m.to->nlink++;
        m.n->dir.parent = to_dir;
    }
    if (m.old)
        lose_name(d, m.to, m.old);
    return 0;
}

/* Beyond what a count of ns can hold (the year 2262) times stop, as they do
 * at the end of ext4's range. */
static int64_t from_timespec(struct timespec t)
{
    enum { FIRST = INT32_MIN };
    const int64_t last = INT64_MAX / 1000000000 - 1;
    int64_t s = t.tv_sec < FIRST ? FIRST : t.tv_sec > last ? last : t.tv_sec;
    return s * 1000000000 + t.tv_nsec;
}

static int may_set(const struct dnode *n, const struct vfs_setattr *a)
{
    unsigned what = a->what & ~(unsigned)(VFS_SET_ATTRS | VFS_SET_CTIME);
    if ((n->attrs & VFS_ATTR_IMMUTABLE) && what)
        return -EPERM;
    if ((n->attrs & VFS_ATTR_APPEND) &&
        (what & (VFS_SET_MODE | VFS_SET_UID | VFS_SET_GID | VFS_SET_SIZE)))
        return -EPERM;
    if (!(what & VFS_SET_SIZE))
        return 0;
    if (S_ISDIR(n->mode))
        return -EISDIR;
    if (!S_ISREG(n->mode) || a->size < 0)
        return -EINVAL;
    return a->size > DISK_FILE_MAX ? -EFBIG : 0;
}

int disk_op_setattr(struct vfs_fs *fs, void *ctx, uint64_t ino, const struct vfs_setattr *a)
{
    (void)ctx;
    struct disk *d = disk_of(fs);
    struct dnode *n;
    int r = disk_node(d, ino, &n);
    if (!r)
        r = may_set(n, a);
    if (r)
        return disk_settle(d, ino, r);
    if (a->what & VFS_SET_MODE)
        n->mode = (n->mode & S_IFMT) | (a->mode & 07777);
    if (a->what & VFS_SET_UID)
        n->uid = a->uid;
    if (a->what & VFS_SET_GID)
        n->gid = a->gid;
    if (a->what & VFS_SET_ATTRS)
        n->attrs = a->attrs;
    if (a->what & VFS_SET_SIZE) {
        disk_data_resize(d, n, a->size);
        n->mtime = disk_now(d);
    }
    if (a->what & VFS_SET_ATIME)
        n->atime = from_timespec(a->atime);
    if (a->what & VFS_SET_MTIME)
        n->mtime = from_timespec(a->mtime);
    n->ctime = a->what & VFS_SET_CTIME ? from_timespec(a->ctime) : disk_now(d);
    n->changed = true;
    return 0;
}

void disk_op_hold(struct vfs_fs *fs, uint64_t ino)
{
    struct dnode *n;
    if (disk_node(disk_of(fs), ino, &n) == 0)
        n->holds++;
}

void disk_op_drop(struct vfs_fs *fs, uint64_t ino)
{
    struct disk *d = disk_of(fs);
    struct dnode *n = disk_find(d, ino);
    if (!n || n->holds == 0)
        return; /* there was no memory to count the hold */
    n->holds--;
    disk_maybe_forget(d, n);
}
