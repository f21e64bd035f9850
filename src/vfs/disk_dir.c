/* disk_dir.c -- directories of a disk: the image's entries, and a layer of
 * names added and hidden.
 *
 * Both sides are ordered by the hash of the name, so listing is a merge and
 * the cookie of a listing is simply the next hash to look at: it stays right
 * whatever is added or removed meanwhile, as on ext4.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <sys/stat.h>

#include "vfs/disk_priv.h"

/* Where a name belongs in the order: before (-1), at (0) or after (1) e. */
static int compare(uint64_t hash, const char *name, size_t n, const struct dentry *e)
{
    if (hash != e->hash)
        return hash < e->hash ? -1 : 1;
    if (n != e->len)
        return n < e->len ? -1 : 1;
    return memcmp(name, e->name, n);
}

static struct dentry *find(struct dentry *t, uint64_t hash, const char *name, size_t n)
{
    while (t) {
        int c = compare(hash, name, n, t);
        if (c == 0)
            return t;
        t = c < 0 ? t->left : t->right;
    }
    return NULL;
}

/* Everything before e goes to *left, the rest to *right. */
static void split(struct dentry *t, const struct dentry *e, struct dentry **left,
                  struct dentry **right)
{
    while (t) {
        if (compare(e->hash, e->name, e->len, t) > 0) {
            *left = t;
            left = &t->right;
            t = t->right;
        } else {
            *right = t;
            right = &t->left;
            t = t->left;
        }
    }
    *left = *right = NULL;
}

static struct dentry *merge(struct dentry *a, struct dentry *b)
{
    struct dentry *top, **at = &top;
    while (a && b) {
        if (a->prio > b->prio) {
            *at = a;
            at = &a->right;
            a = a->right;
        } else {
            *at = b;
            at = &b->left;
            b = b->left;
        }
    }
    *at = a ? a : b;
    return top;
}

static void insert(struct dentry **at, struct dentry *e)
{
    while (*at && (*at)->prio >= e->prio)
        at = compare(e->hash, e->name, e->len, *at) < 0 ? &(*at)->left : &(*at)->right;
    split(*at, e, &e->left, &e->right);
    *at = e;
}

static void detach(struct dentry **at, const struct dentry *e)
{
    while (*at != e)
        at = compare(e->hash, e->name, e->len, *at) < 0 ? &(*at)->left : &(*at)->right;
    *at = merge(e->left, e->right);
}

int disk_dir_lookup(const struct disk *d, uint64_t dir, const char *name, size_t n, uint64_t *ino)
{
    const struct dnode *node = disk_shown(d, dir);
    const struct image_inode *base = node ? node->base : image_inode(d->conf.image, dir);
    if (!node && !base)
        return -ENOENT;
    if (!S_ISDIR(node ? node->mode : base->mode))
        return -ENOTDIR;
    if (n == 2 && name[0] == '.' && name[1] == '.') {
        *ino = node ? node->dir.parent : image_ino(base->parent);
        return 0;
    }
    uint64_t found = 0;
    const struct dentry *e = node && node->dir.entries
                                 ? find(node->dir.entries, image_name_hash(name, n), name, n)
                                 : NULL;
    if (e) {
        found = e->ino;
    } else if (base) {
        const struct image_entry *ie = image_lookup(d->conf.image, base, name, n);
        found = ie ? image_ino(ie->inode) : 0;
    }
    if (!found)
        return -ENOENT;
    *ino = found;
    return 0;
}

struct dentry *disk_dentry_new(struct disk *d, const char *name)
{
    size_t n = strlen(name);
    struct dentry *e = disk_alloc(d, sizeof *e + n + 1, true);
    if (!e)
        return NULL;
    e->hash = image_name_hash(name, n);
    e->prio = (uint32_t)hash_bytes(name, n);
    e->len = (uint8_t)n;
    memcpy(e->name, name, n);
    return e;
}

void disk_dentry_free(struct disk *d, struct dentry *e)
{
    if (e)
        disk_release(d, e, sizeof *e + e->len + 1);
}

/* Bytes an entry takes in a block of ext4. */
static uint64_t entry_bytes(size_t name_n)
{
    return 8 + ((name_n + 3) & ~(size_t)3);
}

static void account(struct disk *d, struct dnode *dir, const struct dentry *e, int change)
{
    dir->dir.live += (uint64_t)(int64_t)change;
    dir->dir.name_bytes += (uint64_t)((int64_t)entry_bytes(e->len) * change);
    dir->mtime = dir->ctime = disk_now(d);
    dir->changed = true;
    int64_t size = image_dir_size(dir->dir.name_bytes);
    if (size > dir->size) /* directories never shrink on ext4 */
        dir->size = size;
}

void disk_dir_set(struct disk *d, struct dnode *dir, struct dentry *e, uint64_t ino)
{
    struct dentry *old = find(dir->dir.entries, e->hash, e->name, e->len);
    bool was_there =
        old ? old->ino != 0 : dir->base && image_lookup(d->conf.image, dir->base, e->name, e->len);
    if (old) {
        detach(&dir->dir.entries, old);
        disk_dentry_free(d, old);
    }
    e->ino = ino;
    insert(&dir->dir.entries, e);
    account(d, dir, e, !was_there);
}

bool disk_dir_hides(const struct disk *d, const struct dnode *dir, const char *name)
{
    return dir->base && image_lookup(d->conf.image, dir->base, name, strlen(name));
}

void disk_dir_unset(struct disk *d, struct dnode *dir, const char *name, struct dentry *hide)
{
    size_t n = strlen(name);
    struct dentry *old = find(dir->dir.entries, image_name_hash(name, n), name, n);
    if (old)
        detach(&dir->dir.entries, old);
    if (hide) {
        hide->ino = 0;
        insert(&dir->dir.entries, hide);
    }
    account(d, dir, old ? old : hide, -1);
    disk_dentry_free(d, old);
}

/* The first entry whose hash is at least from. */
static const struct dentry *entry_from(const struct dentry *t, uint64_t from)
{
    const struct dentry *best = NULL;
    while (t) {
        if (t->hash >= from) {
            best = t;
            t = t->left;
        } else {
            t = t->right;
        }
    }
    return best;
}

static uint8_t type_of(const struct disk *d, uint64_t ino)
{
    return (uint8_t)((disk_mode(d, ino) & S_IFMT) >> 12); /* DT_* are these bits */
}

int disk_dir_next(const struct disk *d, uint64_t dir, uint64_t *cookie, struct vfs_dirent *out)
{
    const struct dnode *node = disk_shown(d, dir);
    const struct image_inode *base = node ? node->base : image_inode(d->conf.image, dir);
    if (!node && !base)
        return -ENOENT;
    if (!S_ISDIR(node ? node->mode : base->mode))
        return -ENOTDIR;
    for (uint64_t at = *cookie;;) {
        const struct dentry *e = node ? entry_from(node->dir.entries, at) : NULL;
        const struct image_entry *ie = base ? image_entry_from(d->conf.image, base, at) : NULL;
        if (!e && !ie)
            return 0;
        if (e && (!ie || e->hash <= ie->hash)) { /* equal: the layer's hides the image's */
            at = e->hash + 1;
            if (!e->ino)
                continue;
            *out = (struct vfs_dirent){.ino = e->ino, .name = e->name, .name_len = e->len};
        } else {
            at = ie->hash + 1;
            out->ino = image_ino(ie->inode);
            out->name = image_name(d->conf.image, ie, &out->name_len);
        }
        out->type = type_of(d, out->ino);
        *cookie = at;
        return 1;
    }
}

void disk_dir_free(struct disk *d, struct dnode *dir)
{
    /* Rotates left children up, so that no stack is needed. */
    struct dentry *t = dir->dir.entries;
    while (t) {
        struct dentry *left = t->left;
        if (left) {
            t->left = left->right;
            left->right = t;
            t = left;
        } else {
            struct dentry *right = t->right;
            disk_dentry_free(d, t);
            t = right;
        }
    }
    dir->dir.entries = NULL;
}

int disk_dir_each(const struct dnode *dir, disk_dentry_fn *fn, void *ctx)
{
    const struct dentry *e;
    for (uint64_t at = 0; (e = entry_from(dir->dir.entries, at)) != NULL; at = e->hash + 1) {
        int r = fn(ctx, e);
        if (r)
            return r;
    }
    return 0;
}

struct copying {
    struct disk *d;
    struct dnode *to;
};

static int copy_entry(void *ctx, const struct dentry *from)
{
    struct copying *c = ctx;
    struct dentry *e = disk_dentry_new(c->d, from->name);
    if (!e)
        return -ENOSPC;
    e->ino = from->ino;
    insert(&c->to->dir.entries, e);
    return 0;
}

int disk_dir_copy(struct disk *d, struct dnode *to, const struct dnode *from)
{
    struct copying c = {.d = d, .to = to};
    to->dir = from->dir;
    to->dir.entries = NULL;
    return disk_dir_each(from, copy_entry, &c);
}
