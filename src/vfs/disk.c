/* disk.c -- a machine's disk: the table of changed nodes, and the operations.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vfs/disk.h"

#include <errno.h>
#include <sys/stat.h>

#include "vfs/disk_priv.h"

/* How nodes are made, found and forgotten. */

static struct disk *disk_of(struct vfs_fs *fs)
{
    return (struct disk *)fs;
}

void *disk_alloc(struct disk *d, size_t n, bool metadata)
{
    uint64_t max = d->conf.max_bytes;
    if (metadata)
        max += max / 4 + 65536;
    if (n > max || d->bytes > max - n)
        return NULL;
    void *p = arena_zalloc(d->conf.arena, n);
    if (p)
        d->bytes += n;
    return p;
}

void disk_release(struct disk *d, void *p, size_t n)
{
    arena_release(d->conf.arena, p, n);
    d->bytes -= n;
}

/* The machine's time; the host's clock has microseconds, ext4 shows more. */
int64_t disk_now(const struct disk *d)
{
    int64_t us = clock_real_us(d->conf.clock);
    return us * 1000 + (int64_t)((uint64_t)us * 2654435761u >> 7) % 1000;
}

static struct dnode **bucket_of(const struct disk *d, uint64_t ino)
{
    return &d->buckets[(ino * 0x9e3779b97f4a7c15u) >> 32 & (d->nbuckets - 1)];
}

struct dnode *disk_find(const struct disk *d, uint64_t ino)
{
    if (!d->nbuckets)
        return NULL;
    struct dnode *n = *bucket_of(d, ino);
    while (n && n->ino != ino)
        n = n->next;
    return n;
}

const struct dnode *disk_shown(const struct disk *d, uint64_t ino)
{
    const struct dnode *n = disk_find(d, ino);
    return n || !d->conf.below ? n : disk_find((const struct disk *)d->conf.below, ino);
}

static bool grow_table(struct disk *d)
{
    uint32_t n = d->nbuckets ? d->nbuckets * 2 : 8, old_n = d->nbuckets;
    struct dnode **fresh = disk_alloc(d, n * sizeof *fresh, true);
    if (!fresh)
        return false;
    struct dnode **old = d->buckets;
    d->buckets = fresh;
    d->nbuckets = n;
    for (uint32_t i = 0; i < old_n; i++)
        for (struct dnode *at = old[i], *next; at; at = next) {
            struct dnode **b = bucket_of(d, at->ino);
            next = at->next;
            at->next = *b;
            *b = at;
        }
    if (old)
        disk_release(d, old, old_n * sizeof *old);
    return true;
}

struct dnode *disk_node_add(struct disk *d, uint64_t ino)
{
    if (d->nnodes >= d->nbuckets && !grow_table(d) && !d->nbuckets)
        return NULL;
    struct dnode *n = disk_alloc(d, sizeof *n, true);
    if (!n)
        return NULL;
    struct dnode **b = bucket_of(d, ino);
    n->ino = ino;
    n->next = *b;
    *b = n;
    d->nnodes++;
    return n;
}

void disk_node_free(struct disk *d, struct dnode *n)
{
    struct dnode **at = bucket_of(d, n->ino);
    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    d->nnodes--;
    if (!n->below)
        d->new_inodes--;
    if (S_ISDIR(n->mode)) {
        disk_dir_free(d, n);
    } else if (S_ISREG(n->mode)) {
        n->size = INT64_MAX; /* cut down whatever is there */
        disk_data_resize(d, n, 0);
    } else if (S_ISLNK(n->mode) && n->target && !n->base) {
        disk_release(d, n->target, strlen(n->target) + 1);
    }
    disk_release(d, n, sizeof *n);
}

/* Times of an inode of the image: it was unpacked when the tree was made, one
 * file after the other. */
static int64_t image_ctime(const struct vfs_image *im, const struct image_inode *in)
{
    uint64_t i = (uint64_t)(in - im->inodes);
    int64_t t = im->h->made_ns + (int64_t)(i * 7000000 + hash_fixed(&i, sizeof i, 7) % 7000000);
    return t > in->mtime_ns ? t : in->mtime_ns;
}

/* What the image says about an inode, in the form of the layer. */
static void fill_from_image(const struct disk *d, const struct image_inode *in, struct dnode *n)
{
    n->base = in;
    n->below = true;
    n->mode = in->mode;
    n->uid = in->uid;
    n->gid = in->gid;
    n->nlink = in->nlink;
    n->size = (int64_t)in->size;
    n->mtime = in->mtime_ns;
    n->atime = n->ctime = n->btime = image_ctime(d->conf.image, in);
    if (S_ISREG(in->mode) || S_ISDIR(in->mode))
        n->attrs = VFS_ATTR_EXTENTS;
    if (S_ISDIR(in->mode)) {
        n->dir.parent = image_ino(in->parent);
        n->dir.live = in->more;
        n->dir.name_bytes =
            in->size > IMAGE_PAGE ? (in->size / IMAGE_PAGE - 1) * 2900 : in->more * 24;
    } else if (S_ISREG(in->mode)) {
        n->file.base_size = (int64_t)in->size;
        n->file.pages = (in->size + DISK_PAGE - 1) / DISK_PAGE;
    } else if (S_ISLNK(in->mode)) {
        n->target = (char *)d->conf.image->names + in->data;
    } else {
        n->rdev = in->data;
    }
}

int disk_node_plain(struct disk *d, uint64_t ino, struct dnode **out)
{
    const struct image_inode *in = image_inode(d->conf.image, ino);
    if (!in)
        return -ENOENT;
    struct dnode *n = disk_node_add(d, ino);
    if (!n)
        return -ENOSPC;
    fill_from_image(d, in, n);
    *out = n;
    return 0;
}

/* A copy of a node of the disk below, with all that hangs on it. */
static int copy_below(struct disk *d, const struct dnode *from, struct dnode **out)
{
    struct dnode *n = disk_node_add(d, from->ino);
    if (!n)
        return -ENOSPC;
    struct dnode *next = n->next;
    *n = *from;
    n->next = next;
    n->below = true;
    n->changed = false;
    n->holds = 0;
    int r = 0;
    if (S_ISDIR(n->mode)) {
        r = disk_dir_copy(d, n, from);
    } else if (S_ISREG(n->mode)) {
        n->file.top = NULL;
        n->height = 0;
        r = disk_data_copy(d, n, from);
    } else if (S_ISLNK(n->mode) && !n->base) {
        size_t size = (size_t)n->size + 1;
        n->target = disk_alloc(d, size, true);
        if (n->target)
            memcpy(n->target, from->target, size);
        else
            r = -ENOSPC;
    }
    if (r)
        disk_node_free(d, n);
    else
        *out = n;
    return r;
}

int disk_node(struct disk *d, uint64_t ino, struct dnode **out)
{
    struct dnode *n = disk_find(d, ino);
    if (n) {
        *out = n;
        return 0;
    }
    const struct dnode *below = disk_shown(d, ino);
    return below ? copy_below(d, below, out) : disk_node_plain(d, ino, out);
}

uint32_t disk_mode(const struct disk *d, uint64_t ino)
{
    const struct dnode *n = disk_shown(d, ino);
    const struct image_inode *in = n ? NULL : image_inode(d->conf.image, ino);
    return n ? n->mode : in ? in->mode : 0;
}

/* After a name or a hold went away. */
static void maybe_forget(struct disk *d, struct dnode *n)
{
    if (n->holds == 0 && (n->nlink == 0 || (!n->changed && n->below)))
        disk_node_free(d, n);
}

/* Ends a change: one that failed leaves no copy of the image's node behind. */
static int settle(struct disk *d, uint64_t ino, int result)
{
    struct dnode *n = result < 0 ? disk_find(d, ino) : NULL;
    if (n)
        maybe_forget(d, n);
    return result;
}

/* Reading operations. */

static int op_lookup(struct vfs_fs *fs, void *ctx, uint64_t dir, const char *name, size_t n,
                     uint64_t *ino)
{
    (void)ctx;
    return disk_dir_lookup(disk_of(fs), dir, name, n, ino);
}

static int op_readdir(struct vfs_fs *fs, void *ctx, uint64_t dir, uint64_t *cookie,
                      struct vfs_dirent *e)
{
    (void)ctx;
    return disk_dir_next(disk_of(fs), dir, cookie, e);
}

static struct timespec to_timespec(int64_t ns)
{
    int64_t s = ns / 1000000000, rest = ns % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        s--;
    }
    return (struct timespec){.tv_sec = s, .tv_nsec = rest};
}

/* 512-byte blocks, as ext4 or tmpfs counts them. */
static int64_t blocks_of(const struct disk *d, const struct dnode *n)
{
    if (S_ISREG(n->mode))
        return (int64_t)n->file.pages * (DISK_PAGE / 512);
    if (S_ISDIR(n->mode))
        return d->tmpfs ? 0 : n->size / 512;
    return S_ISLNK(n->mode) && n->size >= 60 ? DISK_PAGE / 512 : 0;
}

static int op_stat(struct vfs_fs *fs, void *ctx, uint64_t ino, struct vfs_stat *st)
{
    (void)ctx;
    struct disk *d = disk_of(fs);
    const struct dnode *n = disk_shown(d, ino);
    struct dnode shown;
    if (!n) {
        const struct image_inode *in = image_inode(d->conf.image, ino);
        if (!in)
            return -ENOENT;
        shown = (struct dnode){0};
        fill_from_image(d, in, &shown);
        n = &shown;
    }
    bool dev = S_ISCHR(n->mode) || S_ISBLK(n->mode);
    *st = (struct vfs_stat){
        .dev = fs->dev,
        .ino = ino,
        .nlink = n->nlink,
        .rdev = dev ? n->rdev : 0,
        .mode = n->mode,
        .uid = n->uid,
        .gid = n->gid,
        .size = S_ISDIR(n->mode) && d->tmpfs ? (int64_t)(n->dir.live + 2) * 20 : n->size,
        .blocks = blocks_of(d, n),
        .blksize = DISK_PAGE,
        .attrs = n->attrs,
        .atime = to_timespec(n->atime),
        .mtime = to_timespec(n->mtime),
        .ctime = to_timespec(n->ctime),
        .btime = to_timespec(n->btime),
    };
    return 0;
}

static ssize_t op_readlink(struct vfs_fs *fs, void *ctx, uint64_t ino, char *out, size_t n)
{
    (void)ctx;
    struct disk *d = disk_of(fs);
    const struct dnode *node = disk_shown(d, ino);
    const struct image_inode *in = node ? NULL : image_inode(d->conf.image, ino);
    if (!node && !in)
        return -ENOENT;
    if (!S_ISLNK(node ? node->mode : in->mode))
        return -EINVAL;
    const char *target = node ? node->target : d->conf.image->names + in->data;
    size_t len = node ? (size_t)node->size : in->size;
    if (len > n)
        len = n;
    memcpy(out, target, len);
    return (ssize_t)len;
}

static ssize_t op_read(struct vfs_fs *fs, void *ctx, uint64_t ino, void *p, size_t n, int64_t off)
{
    (void)ctx;
    struct disk *d = disk_of(fs);
    if (off < 0)
        return -EINVAL;
    const struct dnode *node = disk_shown(d, ino);
    const struct image_inode *in = node ? NULL : image_inode(d->conf.image, ino);
    if (!node && !in)
        return -ENOENT;
    uint32_t mode = node ? node->mode : in->mode;
    if (S_ISDIR(mode))
        return -EISDIR;
    if (!S_ISREG(mode))
        return -EINVAL;
    if (node)
        return disk_data_read(d, node, p, n, off);
    if ((uint64_t)off >= in->size)
        return 0;
    if (n > in->size - (uint64_t)off)
        n = in->size - (uint64_t)off;
    memcpy(p, d->conf.image->mem + in->data + off, n);
    return (ssize_t)n;
}

static int op_statfs(struct vfs_fs *fs, uint64_t *blocks, uint64_t *bfree, uint64_t *files,
                     uint64_t *ffree)
{
    struct disk *d = disk_of(fs);
    uint64_t used = (d->bytes + DISK_PAGE - 1) / DISK_PAGE;
    uint64_t inodes = d->new_inodes + (d->conf.image ? d->conf.image->h->inodes.count : 0);
    *blocks = d->conf.shown_blocks;
    *bfree = d->conf.shown_free > used ? d->conf.shown_free - used : 0;
    *files = d->conf.shown_inodes;
    *ffree = *files > inodes ? *files - inodes : 0;
    return 0;
}

/* Changing operations. */

static ssize_t op_write(struct vfs_fs *fs, void *ctx, uint64_t ino, const void *p, size_t n,
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
    return w < 0 ? settle(d, ino, (int)w) : w;
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

static void fill_new(struct disk *d, struct dnode *n, const struct dnode *dir,
                     const struct vfs_cred *c, uint32_t mode)
{
    n->mode = mode;
    n->uid = c->uid;
    n->gid = c->gid;
    n->nlink = 1;
    n->changed = n->data_changed = true;
    n->atime = n->mtime = n->ctime = n->btime = disk_now(d);
    if (!d->tmpfs && (S_ISREG(mode) || S_ISDIR(mode)))
        n->attrs = VFS_ATTR_EXTENTS;
    if (dir->mode & S_ISGID) {
        n->gid = dir->gid;
        if (S_ISDIR(mode))
            n->mode |= S_ISGID;
    }
}

static int op_create(struct vfs_fs *fs, void *ctx, uint64_t dir_ino, const char *name,
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
        return settle(d, dir_ino, r);
    }
    d->next_ino++;
    d->new_inodes++;
    fill_new(d, n, dir, c, mode);
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

static int op_link(struct vfs_fs *fs, uint64_t dir, const char *name, uint64_t ino)
{
    struct disk *d = disk_of(fs);
    int r = add_link(d, dir, name, ino);
    return settle(d, dir, settle(d, ino, r));
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
    maybe_forget(d, n);
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

static int op_unlink(struct vfs_fs *fs, void *ctx, uint64_t dir_ino, const char *name, bool isdir)
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
        return settle(d, dir_ino, r);
    r = removable(n, isdir);
    if (!r && disk_dir_hides(d, dir, name) && !(hide = disk_dentry_new(d, name)))
        r = -ENOSPC;
    if (r)
        return settle(d, dir_ino, settle(d, ino, r));
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

static int op_rename(struct vfs_fs *fs, uint64_t dir_ino, const char *name, uint64_t to_dir,
                     const char *to_name)
{
    struct disk *d = disk_of(fs);
    struct renaming m = {0};
    struct dentry *hide = NULL, *e = NULL;
    int r = rename_find(d, &m, dir_ino, name, to_dir, to_name);
    if (r || m.old == m.n) {
        if (m.old && m.old != m.n)
            r = settle(d, m.old->ino, r);
        if (m.n)
            r = settle(d, m.n->ino, r);
        return settle(d, dir_ino, settle(d, to_dir, r));
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

static int op_setattr(struct vfs_fs *fs, void *ctx, uint64_t ino, const struct vfs_setattr *a)
{
    (void)ctx;
    struct disk *d = disk_of(fs);
    struct dnode *n;
    int r = disk_node(d, ino, &n);
    if (!r)
        r = may_set(n, a);
    if (r)
        return settle(d, ino, r);
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

static void op_hold(struct vfs_fs *fs, uint64_t ino)
{
    struct dnode *n;
    if (disk_node(disk_of(fs), ino, &n) == 0)
        n->holds++;
}

static void op_drop(struct vfs_fs *fs, uint64_t ino)
{
    struct disk *d = disk_of(fs);
    struct dnode *n = disk_find(d, ino);
    if (!n || n->holds == 0)
        return; /* there was no memory to count the hold */
    n->holds--;
    maybe_forget(d, n);
}

void disk_clear(struct disk *d)
{
    for (uint32_t i = 0; i < d->nbuckets; i++)
        while (d->buckets[i])
            disk_node_free(d, d->buckets[i]);
    if (d->buckets)
        disk_release(d, d->buckets, d->nbuckets * sizeof *d->buckets);
    d->buckets = NULL;
    d->nbuckets = 0;
}

static void op_free(struct vfs_fs *fs)
{
    struct disk *d = disk_of(fs);
    disk_clear(d);
    arena_release(d->conf.arena, d, sizeof *d);
}

#define DISK_OPS(name)                                                                             \
    {                                                                                              \
        .type = name, .lookup = op_lookup, .stat = op_stat, .readdir = op_readdir,                 \
        .readlink = op_readlink, .read = op_read, .write = op_write, .create = op_create,          \
        .link = op_link, .unlink = op_unlink, .rename = op_rename, .setattr = op_setattr,          \
        .hold = op_hold, .drop = op_drop, .statfs = op_statfs, .free = op_free,                    \
    }
static const struct vfs_ops ext4_ops = DISK_OPS("ext4");
static const struct vfs_ops tmpfs_ops = DISK_OPS("tmpfs");

int disk_add_root(struct disk *d)
{
    struct dnode *n = disk_node_add(d, d->fs.root), no_dir = {0};
    struct vfs_cred root = {0};
    if (!n)
        return ERR_NOMEM;
    fill_new(d, n, &no_dir, &root, S_IFDIR | 0755);
    n->nlink = 2;
    n->size = DISK_PAGE;
    n->dir.parent = d->fs.root;
    d->new_inodes++;
    return 0;
}

struct vfs_fs *vfs_disk_new(const struct vfs_disk_conf *conf)
{
    struct disk *d = arena_zalloc(conf->arena, sizeof *d);
    if (!d)
        return NULL;
    d->conf = *conf;
    d->tmpfs = strcmp(conf->type, "tmpfs") == 0;
    d->fs = (struct vfs_fs){.ops = d->tmpfs ? &tmpfs_ops : &ext4_ops,
                            .dev = conf->dev,
                            .root = d->tmpfs ? 1 : IMAGE_ROOT};
    if (conf->image)
        d->fs.root = IMAGE_ROOT;
    if (conf->below)
        d->next_ino = ((const struct disk *)conf->below)->next_ino;
    else if (conf->image)
        d->next_ino = vfs_image_inodes(conf->image);
    else
        d->next_ino = d->tmpfs ? 2 : IMAGE_FIRST;
    if (!conf->image && !conf->below && disk_add_root(d)) {
        op_free(&d->fs);
        return NULL;
    }
    return &d->fs;
}

bool vfs_disk_is_changed(struct vfs_fs *fs, uint64_t ino)
{
    const struct disk *d = disk_of(fs);
    const struct dnode *n = disk_find(d, ino);
    if ((!n || !n->changed) && d->conf.below)
        n = disk_find((const struct disk *)d->conf.below, ino);
    return n && n->changed;
}

uint64_t vfs_disk_bytes(struct vfs_fs *fs)
{
    return disk_of(fs)->bytes;
}

uint64_t vfs_disk_same_as(struct vfs_fs *fs, uint64_t ino, size_t max)
{
    struct disk *d = disk_of(fs);
    const struct vfs_image *im = d->conf.image;
    const struct dnode *n = disk_shown(d, ino);
    if (!im || !S_ISREG(disk_mode(d, ino)))
        return 0;
    if (!n || !n->data_changed)
        return ino;
    if ((uint64_t)n->size > max || !image_has_size(im, (uint64_t)n->size))
        return 0;
    uint8_t *bytes = x_malloc((size_t)n->size);
    uint64_t same = 0;
    if (bytes && disk_data_read(d, n, bytes, (size_t)n->size, 0) == n->size)
        same = image_by_content(im, bytes, (size_t)n->size);
    x_free(bytes);
    return same;
}
