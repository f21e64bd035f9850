/* walk.c -- from paths to nodes: mounts, symbolic links, permissions.
 *
 * The rest of the path is walked in place. Only at a symbolic link is a new
 * path put together (the link's target, then what was left) in a scratch
 * buffer: a small one on the stack first, since fibers keep every stack page
 * they touch, and a large one for the rare path that does not fit.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vfs/walk.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

enum { SCRATCH_SMALL = 640, SCRATCH_LARGE = 2 * VFS_PATH_MAX };

/* One resolution under way. */
struct walker {
    const struct vfs_walk *w;
    const char *rest; /* what is still to be walked */
    char *scratch;    /* rest points here after a symbolic link */
    size_t scratch_n;
    unsigned links;
    bool overflow; /* scratch was too small: try again with more */
};

static bool same(struct vnode a, struct vnode b)
{
    return a.fs == b.fs && a.ino == b.ino;
}

/* Down: the root of what is mounted on v, else v itself. */
static struct vnode mounted_on(const struct vfs_tree *t, struct vnode v)
{
    for (size_t i = 1; i < t->nmounts; i++)
        if (same(t->mounts[i].at, v)) {
            v = (struct vnode){.fs = t->mounts[i].fs, .ino = t->mounts[i].fs->root};
            i = 0; /* something may be mounted on that root in turn */
        }
    return v;
}

/* Up: from the root of a mounted file system to the node it covers. */
static struct vnode covered_by(const struct vfs_tree *t, struct vnode v)
{
    while (v.ino == v.fs->root) {
        size_t i = t->nmounts;
        while (--i > 0 && t->mounts[i].fs != v.fs)
            ;
        if (i == 0)
            break;
        v = t->mounts[i].at;
    }
    return v;
}

static int parent_of(const struct vfs_walk *w, struct vnode dir, struct vnode *out)
{
    if (same(dir, w->root)) {
        *out = dir;
        return 0;
    }
    struct vnode up = covered_by(w->tree, dir);
    int r = vfs_lookup(up, w->ctx, "..", 2, &up);
    if (r)
        return r;
    *out = mounted_on(w->tree, up);
    return 0;
}

int vfs_permitted(const struct vfs_cred *c, const struct vfs_stat *st, unsigned want)
{
    if (c->uid == 0) {
        bool nobody_runs = S_ISREG(st->mode) && !(st->mode & 0111);
        return (want & 1) && nobody_runs ? -EACCES : 0;
    }
    bool in_group = c->gid == st->gid;
    for (unsigned i = 0; i < c->ngroups && !in_group; i++)
        in_group = c->groups[i] == st->gid;
    uint32_t bits = c->uid == st->uid ? st->mode >> 6 : in_group ? st->mode >> 3 : st->mode;
    return (bits & want) == want ? 0 : -EACCES;
}

/* One name in a directory, mounts crossed. */
static int step(const struct vfs_walk *w, struct vnode dir, const char *name, size_t n,
                struct vnode *out)
{
    if (n > VFS_NAME_MAX)
        return -ENAMETOOLONG;
    if (w->cred->uid != 0) {
        struct vfs_stat st;
        int r = vfs_stat(dir, w->ctx, &st);
        if (!r && !S_ISDIR(st.mode))
            r = -ENOTDIR;
        if (!r)
            r = vfs_permitted(w->cred, &st, 1);
        if (r)
            return r;
    }
    if (n == 1 && name[0] == '.') {
        *out = dir;
        return 0;
    }
    if (n == 2 && name[0] == '.' && name[1] == '.')
        return parent_of(w, dir, out);
    struct vnode v;
    int r = vfs_lookup(dir, w->ctx, name, n, &v);
    if (r)
        return r;
    *out = mounted_on(w->tree, v);
    return 0;
}

/* Puts the link's target in front of what is left of the path. */
static int follow(struct walker *k, struct vnode link)
{
    if (++k->links > VFS_LINKS_MAX)
        return -ELOOP;
    size_t rest_n = strlen(k->rest);
    if (rest_n + 2 >= k->scratch_n) {
        k->overflow = true;
        return -ENAMETOOLONG;
    }
    /* The rest moves to the end of the buffer, the target goes before it. */
    char *tail = k->scratch + k->scratch_n - rest_n - 1;
    memmove(tail, k->rest, rest_n + 1);
    size_t room = (size_t)(tail - k->scratch);
    ssize_t n = vfs_readlink(link, k->w->ctx, k->scratch, room);
    if (n < 0)
        return (int)n;
    if ((size_t)n >= room) {
        k->overflow = true;
        return -ENAMETOOLONG;
    }
    if (n == 0)
        return -ENOENT;
    memmove(k->scratch + n, tail, rest_n + 1);
    k->rest = k->scratch;
    return 0;
}

static const char *skip_slashes(const char *s)
{
    while (*s == '/')
        s++;
    return s;
}

static int is_link(struct walker *k, struct vnode v, bool *link, bool *dir)
{
    struct vfs_stat st;
    int r = vfs_stat(v, k->w->ctx, &st);
    if (r)
        return r;
    *link = S_ISLNK(st.mode);
    *dir = S_ISDIR(st.mode);
    return 0;
}

/* Where a walk ended: the parent and, if it is there, the node of the last
 * name. name points into the path (name_n bytes); slash: the path went on
 * with slashes only. */
struct ended {
    struct vnode dir, node;
    const char *name;
    size_t name_n;
    bool slash;
};

/* Goes to the last name. A last symlink is followed unless NOFOLLOW (but
 * always when slashes come after it, as Linux does). */
static int walk_names(struct walker *k, unsigned flags, struct ended *e)
{
    struct vnode at = k->rest[0] == '/' ? k->w->root : k->w->cwd;
    *e = (struct ended){.dir = at, .node = at, .name = k->rest, .slash = k->rest[0] == '/'};
    k->rest = skip_slashes(k->rest);
    while (*k->rest) {
        const char *name = k->rest;
        size_t n = strcspn(name, "/");
        const char *next = skip_slashes(name + n);
        bool last = *next == 0;
        struct vnode v;
        int r = step(k->w, at, name, n, &v);
        *e = (struct ended){.dir = at, .name = name, .name_n = n, .slash = name[n] == '/'};
        if (r == -ENOENT && last)
            return 0;
        if (r)
            return r;
        bool link, dir;
        if ((r = is_link(k, v, &link, &dir)) != 0)
            return r;
        if (link && !(last && !e->slash && (flags & VFS_WALK_NOFOLLOW))) {
            k->rest = name + n;
            if ((r = follow(k, v)) != 0)
                return r;
            if (k->rest[0] == '/')
                at = k->w->root;
            e->dir = e->node = at;
            e->name = k->rest;
            e->name_n = 0;
            k->rest = skip_slashes(k->rest);
            continue;
        }
        if (!dir && e->slash)
            return -ENOTDIR;
        e->node = v;
        at = v;
        k->rest = next;
    }
    return 0;
}

static int walk_with(const struct vfs_walk *w, const char *path, unsigned flags, struct ended *e,
                     struct walker *k)
{
    k->w = w;
    k->rest = path;
    k->links = 0;
    k->overflow = false;
    if (path[0] == 0)
        return -ENOENT;
    if (strnlen(path, VFS_PATH_MAX) == VFS_PATH_MAX)
        return -ENAMETOOLONG;
    return walk_names(k, flags, e);
}

/* Copies what the caller of walk_parent wants to know out of the scratch. */
static int end_parent(const struct ended *e, struct vnode *dir, char *last, struct vnode *existing)
{
    bool slash = e->slash && e->name_n < VFS_NAME_MAX;
    if (e->name_n > VFS_NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(last, e->name, e->name_n);
    last[e->name_n] = slash ? '/' : 0;
    last[e->name_n + (slash ? 1 : 0)] = 0;
    *dir = e->dir;
    *existing = e->node;
    return 0;
}

/* Not inlined, so that only paths which need it touch this much stack. */
__attribute__((noinline)) static int walk_large(const struct vfs_walk *w, const char *path,
                                                unsigned flags, struct ended *e, char *last)
{
    char scratch[SCRATCH_LARGE];
    struct walker k = {.scratch = scratch, .scratch_n = sizeof scratch};
    int r = walk_with(w, path, flags, e, &k);
    struct vnode dir, existing;
    if (r == 0 && last)
        r = end_parent(e, &dir, last, &existing);
    return r;
}

static int walk(const struct vfs_walk *w, const char *path, unsigned flags, struct ended *e,
                char *last)
{
    char scratch[SCRATCH_SMALL];
    struct walker k = {.scratch = scratch, .scratch_n = sizeof scratch};
    int r = walk_with(w, path, flags, e, &k);
    if (k.overflow)
        return walk_large(w, path, flags, e, last);
    struct vnode dir, existing;
    if (r == 0 && last)
        r = end_parent(e, &dir, last, &existing);
    return r;
}

int vfs_walk(const struct vfs_walk *w, const char *path, unsigned flags, struct vnode *out)
{
    struct ended e;
    int r = walk(w, path, flags, &e, NULL);
    if (r)
        return r;
    if (flags & VFS_WALK_PARENT)
        *out = e.dir;
    else if (!e.node.ino)
        return -ENOENT;
    else
        *out = e.node;
    return 0;
}

int vfs_walk_parent(const struct vfs_walk *w, const char *path, unsigned flags, struct vnode *dir,
                    char *last, struct vnode *existing)
{
    struct ended e;
    int r = walk(w, path, flags, &e, last);
    if (r)
        return r;
    if (!e.node.ino) {
        /* A name in something that is no directory. */
        bool link, isdir;
        struct walker k = {.w = w};
        if ((r = is_link(&k, e.dir, &link, &isdir)) != 0)
            return r;
        if (!isdir)
            return -ENOTDIR;
    }
    *dir = e.dir;
    *existing = e.node;
    return 0;
}

/* The name under which parent lists child (before mounts). */
static int name_in(const struct vfs_walk *w, struct vnode parent, struct vnode child,
                   struct vfs_dirent *e)
{
    uint64_t cookie = 0;
    int r;
    while ((r = vfs_readdir(parent, w->ctx, &cookie, e)) == 1)
        if (e->ino == child.ino)
            return 0;
    return r < 0 ? r : -ENOENT;
}

int vfs_path_of(const struct vfs_walk *w, struct vnode dir, char *out, size_t n)
{
    if (n < 2)
        return -ENAMETOOLONG;
    size_t at = n - 1; /* built from the end */
    out[at] = 0;
    for (unsigned depth = 0; !same(dir, w->root); depth++) {
        struct vnode under = covered_by(w->tree, dir), up;
        if (depth > VFS_PATH_MAX / 2)
            return -ENAMETOOLONG;
        int r = vfs_lookup(under, w->ctx, "..", 2, &up);
        struct vfs_dirent e;
        if (!r && same(up, under))
            break; /* a root that is mounted nowhere: as far as it goes */
        if (!r)
            r = name_in(w, up, under, &e);
        if (r)
            return r;
        if (at < e.name_len + 1)
            return -ENAMETOOLONG;
        at -= e.name_len;
        memcpy(out + at, e.name, e.name_len);
        out[--at] = '/';
        dir = mounted_on(w->tree, up);
    }
    if (!out[at])
        out[--at] = '/';
    memmove(out, out + at, n - at);
    return (int)(n - 1 - at);
}

static int mount_push(struct vfs_tree *t, const struct vfs_mount *m)
{
    if (t->nmounts == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 8;
        struct vfs_mount *p =
            arena_realloc(t->arena, t->mounts, t->cap * sizeof *p, cap * sizeof *p);
        if (!p)
            return -ENOMEM;
        t->mounts = p;
        t->cap = cap;
    }
    struct vfs_mount copy = *m;
    copy.source = arena_strdup(t->arena, m->source);
    copy.target = arena_strdup(t->arena, m->target);
    copy.options = arena_strdup(t->arena, m->options);
    if (!copy.source || !copy.target || !copy.options)
        return -ENOMEM;
    t->mounts[t->nmounts++] = copy;
    return 0;
}

int vfs_tree_init(struct vfs_tree *t, struct arena *a, struct vfs_fs *root, const char *source,
                  const char *options)
{
    *t = (struct vfs_tree){.arena = a};
    struct vfs_mount m = {
        .source = (char *)source, .target = (char *)"/", .options = (char *)options, .fs = root};
    return mount_push(t, &m);
}

int vfs_mount_add(struct vfs_tree *t, const char *source, const char *target, struct vfs_fs *fs,
                  const char *options)
{
    struct vfs_cred root = {0};
    struct vnode top = {.fs = t->mounts[0].fs, .ino = t->mounts[0].fs->root};
    struct vfs_walk w = {.tree = t, .cred = &root, .root = top, .cwd = top};
    struct vfs_mount m = {
        .source = (char *)source, .target = (char *)target, .options = (char *)options, .fs = fs};
    int r = vfs_walk(&w, target, 0, &m.at);
    if (r)
        return r;
    struct vfs_stat st;
    if ((r = vfs_stat(m.at, NULL, &st)) != 0)
        return r;
    return S_ISDIR(st.mode) ? mount_push(t, &m) : -ENOTDIR;
}

int vfs_mount_remove(struct vfs_tree *t, const char *target)
{
    for (size_t i = t->nmounts; --i > 0;) {
        struct vfs_mount *m = &t->mounts[i];
        if (!str_eq(m->target, target))
            continue;
        for (size_t j = 0; j < t->nmounts; j++)
            if (t->mounts[j].at.fs == m->fs)
                return -EBUSY;
        arena_release(t->arena, m->source, strlen(m->source) + 1);
        arena_release(t->arena, m->target, strlen(m->target) + 1);
        arena_release(t->arena, m->options, strlen(m->options) + 1);
        memmove(m, m + 1, (--t->nmounts - i) * sizeof *m);
        return 0;
    }
    return -EINVAL;
}
