/* disk.c -- a machine's disk: the operations that read it, and what is public.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vfs/disk.h"

#include <errno.h>
#include <sys/stat.h>

#include "vfs/disk_priv.h"

static struct disk *disk_of(struct vfs_fs *fs)
{
    return (struct disk *)fs;
}

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
        disk_fill_from_image(d, in, &shown);
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

static void op_free(struct vfs_fs *fs)
{
    struct disk *d = disk_of(fs);
    disk_clear(d);
    arena_release(d->conf.arena, d, sizeof *d);
}

#define DISK_OPS(name)                                                                             \
    {                                                                                              \
        .type = name, .lookup = op_lookup, .stat = op_stat, .readdir = op_readdir,                 \
        .readlink = op_readlink, .read = op_read, .write = disk_op_write,                          \
        .create = disk_op_create, .link = disk_op_link, .unlink = disk_op_unlink,                  \
        .rename = disk_op_rename, .setattr = disk_op_setattr, .hold = disk_op_hold,                \
        .drop = disk_op_drop, .statfs = op_statfs, .free = op_free,                                \
    }
static const struct vfs_ops ext4_ops = DISK_OPS("ext4");
static const struct vfs_ops tmpfs_ops = DISK_OPS("tmpfs");

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
