/* disk_node.c -- the nodes of a disk's layer: how they are made, found, copied
 * from what is below, and forgotten.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <sys/stat.h>

#include "vfs/disk_priv.h"

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

/* A node that is not in the table yet; the table has room for it. */
static struct dnode *new_node(struct disk *d, uint64_t ino)
{
    if (d->nnodes >= d->nbuckets && !grow_table(d) && !d->nbuckets)
        return NULL;
    struct dnode *n = disk_alloc(d, sizeof *n, true);
    if (n)
        n->ino = ino;
    return n;
}

static void put_in_table(struct disk *d, struct dnode *n)
{
    struct dnode **b = bucket_of(d, n->ino);
    n->next = *b;
    *b = n;
    d->nnodes++;
}

struct dnode *disk_node_add(struct disk *d, uint64_t ino)
{
    struct dnode *n = new_node(d, ino);
    if (n)
        put_in_table(d, n);
    return n;
}

/* Gives back a node and all that hangs on it. */
static void destroy(struct disk *d, struct dnode *n)
{
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

void disk_node_free(struct disk *d, struct dnode *n)
{
    struct dnode **at = bucket_of(d, n->ino);
    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    d->nnodes--;
    if (!n->below)
        d->new_inodes--;
    destroy(d, n);
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
void disk_fill_from_image(const struct disk *d, const struct image_inode *in, struct dnode *n)
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
    disk_fill_from_image(d, in, n);
    *out = n;
    return 0;
}

/* A copy of a node of the disk below, in the table only when it is whole. */
static int copy_below(struct disk *d, const struct dnode *from, struct dnode **out)
{
    struct dnode *n = new_node(d, from->ino);
    if (!n)
        return -ENOSPC;
    *n = *from;
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
    if (r) {
        destroy(d, n);
        return r;
    }
    put_in_table(d, n);
    *out = n;
    return 0;
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
void disk_maybe_forget(struct disk *d, struct dnode *n)
{
    if (n->holds == 0 && (n->nlink == 0 || (!n->changed && n->below)))
        disk_node_free(d, n);
}

/* Ends a change: one that failed leaves no copy of the image's node behind. */
int disk_settle(struct disk *d, uint64_t ino, int result)
{
    struct dnode *n = result < 0 ? disk_find(d, ino) : NULL;
    if (n)
        disk_maybe_forget(d, n);
    return result;
}

void disk_fill_new(struct disk *d, struct dnode *n, const struct dnode *dir,
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

int disk_add_root(struct disk *d)
{
    struct dnode *n = disk_node_add(d, d->fs.root), no_dir = {0};
    struct vfs_cred root = {0};
    if (!n)
        return ERR_NOMEM;
    disk_fill_new(d, n, &no_dir, &root, S_IFDIR | 0755);
    n->nlink = 2;
    n->size = DISK_PAGE;
    n->dir.parent = d->fs.root;
    d->new_inodes++;
    return 0;
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
