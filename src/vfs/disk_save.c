/* disk_save.c -- a disk's layer as bytes, and back.
 *
 * A header, then each changed node: a fixed record and what hangs on it (a
 * directory's entries, a file's chunks, a link's target). Numbers are
 * little-endian. Loading trusts nothing: sizes are checked against what is
 * left, the layer's budget holds, every directory must hang where it says, and
 * on any error the disk is empty again.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <sys/stat.h>

#include "vfs/disk.h"
#include "vfs/disk_priv.h"

#define SAVE_MAGIC "qrdisk\x1a\1"

struct saved_head {
    char magic[8];
    uint64_t ground, next_ino, nodes;
};

struct saved_node {
    uint64_t ino, rdev, parent;
    int64_t size, base_size, atime, mtime, ctime, btime;
    uint32_t mode, uid, gid, attrs, nlink;
    uint32_t data_changed;
    uint64_t items; /* entries, chunks, or bytes of the target */
};

struct saved_item {
    uint64_t key;       /* an entry's inode; a chunk's index */
    uint32_t len, bits; /* bytes that follow; a chunk's pages */
};

struct saving {
    int (*put)(void *ctx, const void *p, size_t n);
    void *ctx;
    const struct dnode *node;
    uint64_t count;
};

/* What a layer was made over: it fits nothing else. */
static uint64_t ground(const struct disk *d)
{
    uint64_t id = d->conf.image ? d->conf.image->h->id : 0;
    const struct disk *below = (const struct disk *)d->conf.below;
    if (below)
        id ^= (below->next_ino << 20) + below->nnodes;
    return id;
}

static bool worth_saving(const struct dnode *n)
{
    return n->changed && n->nlink > 0;
}

static int count_entry(void *ctx, const struct dentry *e)
{
    (void)e;
    ((struct saving *)ctx)->count++;
    return 0;
}

static int count_chunk(void *ctx, uint64_t index, const struct chunk *c)
{
    (void)index, (void)c;
    ((struct saving *)ctx)->count++;
    return 0;
}

static int save_entry(void *ctx, const struct dentry *e)
{
    struct saving *s = ctx;
    struct saved_item it = {.key = e->ino, .len = e->len};
    int r = s->put(s->ctx, &it, sizeof it);
    return r ? r : s->put(s->ctx, e->name, e->len);
}

static int save_chunk(void *ctx, uint64_t index, const struct chunk *c)
{
    struct saving *s = ctx;
    uint64_t left = (uint64_t)s->node->size - index * DISK_CHUNK;
    struct saved_item it = {.key = index, .len = c->cap, .bits = c->pages};
    if (it.len > left)
        it.len = (uint32_t)left;
    int r = s->put(s->ctx, &it, sizeof it);
    return r ? r : s->put(s->ctx, c->data, it.len);
}

static int save_node(struct saving *s, const struct dnode *n)
{
    struct saved_node out = {.ino = n->ino,
                             .size = n->size,
                             .atime = n->atime,
                             .mtime = n->mtime,
                             .ctime = n->ctime,
                             .btime = n->btime,
                             .mode = n->mode,
                             .uid = n->uid,
                             .gid = n->gid,
                             .attrs = n->attrs,
                             .nlink = n->nlink,
                             .data_changed = n->data_changed};
    int r = 0;
    s->node = n;
    s->count = 0;
    switch (n->mode & S_IFMT) {
    case S_IFDIR:
        out.parent = n->dir.parent;
        r = disk_dir_each(n, count_entry, s);
        break;
    case S_IFREG:
        out.base_size = n->file.base_size;
        r = disk_data_each(n, count_chunk, s);
        break;
    case S_IFLNK:
        s->count = n->base ? 0 : (uint64_t)n->size;
        break;
    default:
        out.rdev = n->rdev;
    }
    out.items = s->count;
    if (!r)
        r = s->put(s->ctx, &out, sizeof out);
    if (!r && S_ISDIR(n->mode))
        r = disk_dir_each(n, save_entry, s);
    if (!r && S_ISREG(n->mode))
        r = disk_data_each(n, save_chunk, s);
    if (!r && S_ISLNK(n->mode))
        r = s->put(s->ctx, n->target, s->count);
    return r;
}

int vfs_disk_save(struct vfs_fs *fs, int (*put)(void *ctx, const void *p, size_t n), void *ctx)
{
    const struct disk *d = (const struct disk *)fs;
    struct saving s = {.put = put, .ctx = ctx};
    struct saved_head h = {.magic = SAVE_MAGIC, .next_ino = d->next_ino};
    h.ground = ground(d);
    for (uint32_t i = 0; i < d->nbuckets; i++)
        for (const struct dnode *n = d->buckets[i]; n; n = n->next)
            h.nodes += worth_saving(n);
    int r = put(ctx, &h, sizeof h);
    for (uint32_t i = 0; i < d->nbuckets && !r; i++)
        for (const struct dnode *n = d->buckets[i]; n && !r; n = n->next)
            if (worth_saving(n))
                r = save_node(&s, n);
    return r;
}

/* What is left to read. */
struct loading {
    struct disk *d;
    const uint8_t *p;
    size_t n;
};

static bool take(struct loading *l, void *out, size_t n)
{
    if (l->n < n)
        return false;
    memcpy(out, l->p, n);
    l->p += n;
    l->n -= n;
    return true;
}

static int load_entry(struct loading *l, struct dnode *dir)
{
    struct saved_item it;
    char name[VFS_NAME_MAX + 1];
    if (!take(l, &it, sizeof it) || it.len == 0 || it.len > VFS_NAME_MAX || !take(l, name, it.len))
        return ERR_FORMAT;
    name[it.len] = 0;
    if (strlen(name) != it.len || memchr(name, '/', it.len) || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0)
        return ERR_FORMAT;
    struct dentry *e = disk_dentry_new(l->d, name);
    if (!e)
        return ERR_LIMIT;
    if (it.key) {
        disk_dir_set(l->d, dir, e, it.key);
    } else if (disk_dir_hides(l->d, dir, name)) {
        uint64_t ino;
        if (disk_dir_lookup(l->d, dir->ino, name, it.len, &ino) == 0) {
            disk_dir_unset(l->d, dir, name, e);
            return 0;
        }
        disk_dentry_free(l->d, e); /* said twice */
    } else {
        disk_dentry_free(l->d, e); /* hides nothing */
    }
    return 0;
}

static int load_chunk(struct loading *l, struct dnode *n)
{
    struct saved_item it;
    if (!take(l, &it, sizeof it) || it.len > DISK_CHUNK || l->n < it.len || it.bits > 0xff ||
        it.key > (uint64_t)DISK_FILE_MAX / DISK_CHUNK ||
        it.key * DISK_CHUNK + it.len > (uint64_t)n->size)
        return ERR_FORMAT;
    struct chunk *c = disk_data_chunk(l->d, n, it.key, it.len);
    if (!c)
        return ERR_LIMIT;
    memcpy(c->data, l->p, it.len);
    c->pages = it.bits;
    l->p += it.len;
    l->n -= it.len;
    return 0;
}

static int load_target(struct loading *l, struct dnode *n, uint64_t len)
{
    if (n->base)
        return len ? ERR_FORMAT : 0;
    if (len >= VFS_PATH_MAX || len != (uint64_t)n->size || l->n < len || memchr(l->p, 0, len))
        return ERR_FORMAT;
    n->target = disk_alloc(l->d, len + 1, true);
    if (!n->target)
        return ERR_LIMIT;
    return take(l, n->target, len) ? 0 : ERR_FORMAT;
}

static bool sane(const struct saved_node *s)
{
    switch (s->mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFLNK:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
        break;
    default:
        return false;
    }
    return s->ino > 0 && s->ino < INT64_MAX && s->nlink > 0 && s->size >= 0 &&
           s->size <= DISK_FILE_MAX && s->base_size >= 0 && s->base_size <= s->size &&
           !(s->mode & ~(uint32_t)(S_IFMT | 07777));
}

/* The node a record speaks of: the image's, or a new one of its type. */
static int node_for(struct disk *d, const struct saved_node *s, struct dnode **out)
{
    struct dnode *n = disk_find(d, s->ino);
    bool is_root = n && s->ino == d->fs.root && !n->below;
    if (n && !is_root)
        return ERR_FORMAT; /* told twice */
    if (!n && image_inode(d->conf.image, s->ino)) {
        if (disk_node_plain(d, s->ino, &n))
            return ERR_LIMIT;
    } else if (!n) {
        bool below = disk_shown(d, s->ino) != NULL;
        if (s->ino >= d->next_ino || d->new_inodes + !below > d->conf.max_inodes)
            return ERR_FORMAT;
        n = disk_node_add(d, s->ino);
        if (!n)
            return ERR_LIMIT;
        n->below = below;
        d->new_inodes += !below;
        n->mode = s->mode;
    }
    if ((n->mode & S_IFMT) != (s->mode & S_IFMT))
        return ERR_FORMAT;
    if (S_ISLNK(n->mode) && n->base && s->size != n->size)
        return ERR_FORMAT;
    *out = n;
    return 0;
}

static int load_node(struct loading *l)
{
    struct saved_node s;
    struct dnode *n;
    if (!take(l, &s, sizeof s) || !sane(&s))
        return ERR_FORMAT;
    int r = node_for(l->d, &s, &n);
    if (r)
        return r;
    if (S_ISREG(n->mode)) {
        if (s.base_size > (n->base ? (int64_t)n->base->size : 0))
            return ERR_FORMAT;
        n->file.base_size = s.base_size;
    } else if (S_ISDIR(n->mode)) {
        n->dir.parent = s.parent;
    } else if (!S_ISLNK(n->mode)) {
        n->rdev = s.rdev;
    }
    n->size = s.size;
    for (uint64_t i = 0; i < s.items && !r; i++) {
        if (S_ISDIR(n->mode)) {
            r = load_entry(l, n);
        } else if (S_ISREG(n->mode)) {
            r = load_chunk(l, n);
        } else {
            r = S_ISLNK(n->mode) && i == 0 ? load_target(l, n, s.items) : ERR_FORMAT;
            break;
        }
    }
    if (!r && S_ISREG(n->mode))
        disk_data_recount(n);
    if (!r && S_ISLNK(n->mode) && !n->target)
        r = ERR_FORMAT;
    n->mode = s.mode;
    n->uid = s.uid;
    n->gid = s.gid;
    n->attrs = s.attrs;
    n->nlink = s.nlink;
    n->size = s.size; /* a directory's moved while its entries were added */
    n->changed = true;
    n->data_changed = s.data_changed != 0;
    n->atime = s.atime;
    n->mtime = s.mtime;
    n->ctime = s.ctime;
    n->btime = s.btime;
    return r;
}

struct checking {
    const struct disk *d;
    uint64_t dir;
};

/* An entry leads to an inode that is there; a directory to its own child. */
static int check_entry(void *ctx, const struct dentry *e)
{
    const struct checking *c = ctx;
    uint32_t mode = e->ino ? disk_mode(c->d, e->ino) : 0;
    uint64_t up;
    if (!e->ino)
        return 0;
    if (!mode || e->ino == c->d->fs.root)
        return ERR_FORMAT;
    if (S_ISDIR(mode) && (disk_dir_lookup(c->d, e->ino, "..", 2, &up) || up != c->dir))
        return ERR_FORMAT;
    return 0;
}

/* Every directory of the layer reaches the root: no walk upwards can run in
 * circles. Paths of the layer are short, or it would not have been saved. */
static bool reaches_root(const struct disk *d, uint64_t ino)
{
    for (uint64_t steps = 0, up; ino != d->fs.root; ino = up)
        if (steps++ > 4096 || disk_dir_lookup(d, ino, "..", 2, &up))
            return false;
    return true;
}

static int check(const struct disk *d)
{
    for (uint32_t i = 0; i < d->nbuckets; i++)
        for (const struct dnode *n = d->buckets[i]; n; n = n->next) {
            struct checking c = {.d = d, .dir = n->ino};
            if (!S_ISDIR(n->mode))
                continue;
            if (n->ino == d->fs.root ? n->dir.parent != n->ino : !reaches_root(d, n->ino))
                return ERR_FORMAT;
            int r = disk_dir_each(n, check_entry, &c);
            if (r)
                return r;
        }
    return 0;
}

int vfs_disk_load(struct vfs_fs *fs, const void *p, size_t n)
{
    struct disk *d = (struct disk *)fs;
    struct loading l = {.d = d, .p = p, .n = n};
    struct saved_head h;
    uint64_t first = d->next_ino;
    if (!take(&l, &h, sizeof h) || memcmp(h.magic, SAVE_MAGIC, sizeof h.magic) != 0)
        return ERR_FORMAT;
    if (h.ground != ground(d))
        return ERR_VERSION; /* of another tree */
    if (h.next_ino < first || h.next_ino > INT64_MAX)
        return ERR_FORMAT;
    d->next_ino = h.next_ino;
    int r = 0;
    for (uint64_t i = 0; i < h.nodes && !r; i++)
        r = load_node(&l);
    if (!r)
        r = l.n ? ERR_FORMAT : check(d);
    if (r) {
        disk_clear(d);
        d->next_ino = first;
        if (!d->conf.image && !d->conf.below && disk_add_root(d))
            return ERR_NOMEM;
    }
    return r;
}
