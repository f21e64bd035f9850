/* make.c -- puts a disk image together. The layout is image_priv.h's.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vfs/make.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/str.h"
#include "vfs/image_priv.h"

enum { TREE_MAX = 1 << 30 }; /* memory of the tree: millions of files */

struct make_inode {
    struct vfs_make_meta meta;
    uint64_t size, off, hash; /* of a file's contents */
    char *target;             /* of a symbolic link */
    struct map *children;     /* of a directory: names to struct make_inode */
    struct make_inode *parent;
    uint32_t nlink, index;
    bool numbered;
};

struct make_text {
    char *key;
    uint64_t off, len;
};

struct stored { /* contents that are in the output already */
    uint64_t off;
};

struct vfs_make {
    struct arena_budget budget;
    struct arena *arena;
    struct vfs_make_sink sink;
    int64_t made_ns;
    uint64_t end; /* of what has been written */
    bool unpacked;
    struct make_inode *root;
    struct map *stored; /* by SHA-256 in hexadecimal */
    struct make_text *texts;
    size_t ntexts, texts_cap;
};

static struct make_inode *new_inode(struct vfs_make *m, const struct vfs_make_meta *meta)
{
    struct make_inode *in = arena_zalloc(m->arena, sizeof *in);
    if (!in)
        return NULL;
    in->meta = *meta;
    if (S_ISDIR(meta->mode)) {
        in->children = map_new(m->arena);
        if (!in->children)
            return NULL;
    }
    return in;
}

struct vfs_make *vfs_make_new(const struct vfs_make_sink *sink, int64_t made_ns)
{
    struct vfs_make *m = x_calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->budget.max = TREE_MAX;
    m->sink = *sink;
    m->made_ns = made_ns;
    m->end = (sizeof(struct image_header) + 7) & ~(uint64_t)7;
    struct vfs_make_meta dir = {.mode = S_IFDIR | 0755, .mtime_ns = made_ns};
    m->arena = arena_new(&m->budget, 65536);
    if (m->arena) {
        m->root = new_inode(m, &dir);
        m->stored = map_new(m->arena);
    }
    if (!m->arena || !m->root || !m->stored) {
        vfs_make_free(m);
        return NULL;
    }
    m->root->parent = m->root;
    return m;
}

void vfs_make_free(struct vfs_make *m)
{
    if (!m)
        return;
    arena_free(m->arena);
    x_free(m->texts);
    x_free(m);
}

/* The directory a path's last name belongs to; *last is that name. Missing
 * directories are made if asked. */
static int parent_of(struct vfs_make *m, const char *path, bool make, struct make_inode **dir,
                     char last[static VFS_NAME_MAX + 1])
{
    char walked[VFS_PATH_MAX], joined[VFS_PATH_MAX];
    unsigned links = 0;
    struct make_inode *at = m->root;
    last[0] = 0;
    if (!str_copy(walked, sizeof walked, path))
        return ERR_RANGE;
    for (char *rest = walked; *(rest += strspn(rest, "/")) != 0;) {
        size_t n = strcspn(rest, "/");
        if (n > VFS_NAME_MAX)
            return ERR_RANGE;
        char name[VFS_NAME_MAX + 1];
        memcpy(name, rest, n);
        name[n] = 0;
        rest += n;
        if (n == 1 && name[0] == '.')
            continue;
        if (n == 2 && name[0] == '.' && name[1] == '.') {
            at = at->parent;
            continue;
        }
        if (!rest[strspn(rest, "/")]) {
            memcpy(last, name, n + 1);
            break;
        }
        struct make_inode *next = map_get(at->children, name);
        if (!next && make) {
            struct vfs_make_meta meta = {.mode = S_IFDIR | 0755, .mtime_ns = m->made_ns};
            next = new_inode(m, &meta);
            if (!next || map_set(at->children, name, next))
                return ERR_NOMEM;
            next->parent = at;
        }
        if (!next)
            return ERR_NOTFOUND;
        if (S_ISLNK(next->meta.mode)) {
            if (++links > VFS_LINKS_MAX ||
                !str_fmt(joined, sizeof joined, "%s%s", next->target, rest))
                return ERR_RANGE;
            memcpy(walked, joined, sizeof walked);
            rest = walked;
            if (walked[0] == '/')
                at = m->root;
            continue;
        }
        if (!next->children)
            return ERR_FORMAT;
        at = next;
    }
    *dir = at;
    return 0;
}

/* Appends bytes to the output at a multiple of align. */
static int put(struct vfs_make *m, const void *p, size_t n, uint64_t align, uint64_t *off)
{
    m->end = (m->end + align - 1) & ~(align - 1);
    int r = n ? m->sink.write(m->sink.ctx, m->end, p, n) : 0;
    if (r)
        return r;
    *off = m->end;
    m->end += n;
    return 0;
}

/* The first page, and a hole in the output for the rest. */
static int put_stub(struct vfs_make *m, struct make_inode *in, const void *p, size_t n)
{
    in->size = n;
    int r = put(m, p, IMAGE_PAGE, IMAGE_PAGE, &in->off);
    m->end += n - IMAGE_PAGE;
    return r;
}

static int put_contents(struct vfs_make *m, struct make_inode *in, const void *p, size_t n)
{
    uint8_t sha[32];
    char key[65];
    hash_sha256(sha, p, n);
    hex_encode(key, sha, sizeof sha);
    in->size = n;
    in->hash = hash_fixed(p, n, n);
    struct stored *s = map_get(m->stored, key);
    if (!s) {
        s = arena_alloc(m->arena, sizeof *s);
        if (!s || map_set(m->stored, key, s))
            return ERR_NOMEM;
        int r = put(m, p, n, n >= IMAGE_PAGE ? IMAGE_PAGE : 8, &s->off);
        if (r)
            return r;
    }
    in->off = s->off;
    return 0;
}

/* Does a symbolic link in dir lead to a directory of the tree? */
static bool leads_to_dir(struct vfs_make *m, const struct make_inode *link, const char *path)
{
    char through[VFS_PATH_MAX], last[VFS_NAME_MAX + 1];
    struct make_inode *dir;
    return S_ISLNK(link->meta.mode) && str_fmt(through, sizeof through, "%s/x", path) &&
           parent_of(m, through, false, &dir, last) == 0;
}

int vfs_make_put(struct vfs_make *m, const char *path, const struct vfs_make_meta *meta,
                 const void *data, size_t n)
{
    struct make_inode *dir;
    char last[VFS_NAME_MAX + 1];
    int r = parent_of(m, path, true, &dir, last);
    if (r)
        return r;
    struct make_inode *old = last[0] ? map_get(dir->children, last) : dir;
    if (S_ISDIR(meta->mode) && old && old->children) {
        old->meta = *meta;
        return 0;
    }
    if (!last[0])
        return ERR_EXISTS; /* only a directory can be the root */
    if (S_ISDIR(meta->mode) && old && leads_to_dir(m, old, path))
        return 0;
    struct make_inode *in = new_inode(m, meta);
    if (!in)
        return ERR_NOMEM;
    in->parent = dir;
    if (S_ISREG(meta->mode))
        r = meta->stub && n > IMAGE_PAGE ? put_stub(m, in, data, n) : put_contents(m, in, data, n);
    if (S_ISLNK(meta->mode)) {
        if (n == 0 || n >= VFS_PATH_MAX || memchr(data, 0, n))
            return ERR_RANGE;
        in->target = arena_memdup(m->arena, data, n);
        in->size = n;
        r = in->target ? 0 : ERR_NOMEM;
    }
    return r ? r : map_set(dir->children, last, in);
}

int vfs_make_link(struct vfs_make *m, const char *path, const char *target)
{
    struct make_inode *dir, *from;
    char last[VFS_NAME_MAX + 1];
    int r = parent_of(m, target, false, &from, last);
    if (r)
        return r;
    struct make_inode *in = last[0] ? map_get(from->children, last) : NULL;
    if (!in || in->children)
        return ERR_NOTFOUND;
    r = parent_of(m, path, true, &dir, last);
    if (r == 0 && !last[0])
        r = ERR_EXISTS;
    return r ? r : map_set(dir->children, last, in);
}

int vfs_make_remove(struct vfs_make *m, const char *path)
{
    struct make_inode *dir;
    char last[VFS_NAME_MAX + 1];
    int r = parent_of(m, path, false, &dir, last);
    if (r)
        return r;
    return last[0] && map_del(dir->children, last) ? 0 : ERR_NOTFOUND;
}

int vfs_make_text(struct vfs_make *m, const char *key, const void *p, size_t n)
{
    if (m->ntexts == m->texts_cap) {
        size_t cap = m->texts_cap ? m->texts_cap * 2 : 64;
        struct make_text *t = x_realloc(m->texts, cap * sizeof *t);
        if (!t)
            return ERR_NOMEM;
        m->texts = t;
        m->texts_cap = cap;
    }
    struct make_text t = {.key = arena_strdup(m->arena, key), .len = n};
    if (!t.key)
        return ERR_NOMEM;
    uint64_t end;
    int r = put(m, p, n, 8, &t.off);
    if (r == 0)
        r = put(m, "", 1, 1, &end);
    if (r == 0)
        m->texts[m->ntexts++] = t;
    return r;
}

void vfs_make_unpacked(struct vfs_make *m)
{
    m->unpacked = true;
}

/* The tables while they are put together. */
struct tables {
    struct make_inode **order; /* inodes by index */
    size_t ninodes, order_cap;
    struct image_inode *inodes;
    struct image_entry *entries;
    size_t nentries, entries_cap;
    struct image_content *contents;
    size_t ncontents;
    struct image_text *texts;
    char *names;
    size_t nnames, names_cap;
};

static int grow(void **p, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return 0;
    size_t n = *cap ? *cap * 2 : 1024;
    while (n < need)
        n *= 2;
    void *q = x_realloc(*p, n * size);
    if (!q)
        return ERR_NOMEM;
    *p = q;
    *cap = n;
    return 0;
}

/* Adds a string to the names, after a length byte if it is an entry's. */
static int add_name(struct tables *t, const char *s, bool entry, uint32_t *at)
{
    size_t n = strlen(s), pre = entry ? 1 : 0;
    int r = grow((void **)&t->names, &t->names_cap, t->nnames + n + 2, 1);
    if (r)
        return r;
    if (t->nnames + n + 2 > UINT32_MAX)
        return ERR_LIMIT;
    *at = (uint32_t)t->nnames;
    if (entry)
        t->names[t->nnames] = (char)(uint8_t)n;
    memcpy(t->names + t->nnames + pre, s, n + 1);
    t->nnames += pre + n + 1;
    return 0;
}

static int number(struct tables *t, struct make_inode *in)
{
    if (in->numbered)
        return 0;
    int r = grow((void **)&t->order, &t->order_cap, t->ninodes + 1, sizeof(struct make_inode *));
    if (r)
        return r;
    in->numbered = true;
    in->index = (uint32_t)t->ninodes;
    t->order[t->ninodes++] = in;
    return 0;
}

struct named {
    const char *name;
    struct make_inode *in;
};

/* As qsort, but an empty table may be NULL. */
static void sort(void *p, size_t n, size_t size, int (*cmp)(const void *a, const void *b))
{
    if (n > 1)
        qsort(p, n, size, cmp);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* Numbers what a directory holds, in the order of names (lost+found, which
 * mkfs makes, before all else), and counts links. */
static int number_children(struct vfs_make *m, struct tables *t, struct make_inode *dir)
{
    bool holds_files = false;
    size_t n = map_len(dir->children), i = 0;
    struct named *list = x_malloc(n * sizeof *list);
    if (!list)
        return ERR_NOMEM;
    const char *name;
    void *value;
    for (struct map_iter it = {0}; map_next(dir->children, &it, &name, &value);)
        list[i++] = (struct named){name, value};
    sort(list, n, sizeof *list, by_name);
    int r = 0;
    struct make_inode *lost = map_get(dir->children, "lost+found");
    if (lost && dir->index == 0)
        r = number(t, lost);
    dir->nlink = 2;
    for (i = 0; i < n && !r; i++) {
        r = number(t, list[i].in);
        if (list[i].in->children)
            dir->nlink++;
        else
            list[i].in->nlink++;
        holds_files |= !list[i].in->children;
    }
    if (m->unpacked && holds_files && dir->meta.mtime_ns < m->made_ns)
        dir->meta.mtime_ns = m->made_ns + (int64_t)(hash_fixed(&dir->index, 4, 3) % 100000000000);
    x_free(list);
    return r;
}

static int by_hash(const void *a, const void *b)
{
    const struct image_entry *x = a, *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static int add_entries(struct tables *t, struct make_inode *dir, struct image_inode *out)
{
    size_t n = map_len(dir->children), first = t->nentries;
    uint64_t bytes = 0;
    int r = grow((void **)&t->entries, &t->entries_cap, first + n, sizeof *t->entries);
    const char *name;
    void *value;
    for (struct map_iter it = {0}; !r && map_next(dir->children, &it, &name, &value);) {
        struct image_entry *e = &t->entries[t->nentries++];
        struct make_inode *child = value;
        e->hash = image_name_hash(name, strlen(name));
        e->inode = child->index;
        bytes += 8 + ((strlen(name) + 3) & ~(size_t)3);
        r = add_name(t, name, true, &e->name);
    }
    if (r)
        return r;
    sort(t->entries + first, n, sizeof *t->entries, by_hash);
    for (size_t i = first + 1; i < t->nentries; i++)
        if (t->entries[i].hash == t->entries[i - 1].hash)
            return ERR_LIMIT; /* once in 10^14 pairs of names */
    out->data = first;
    out->more = (uint32_t)n;
    out->size = (uint64_t)image_dir_size(bytes);
    out->parent = dir->parent->index;
    return 0;
}

static int fill_inode(struct tables *t, struct make_inode *in, struct image_inode *out)
{
    *out = (struct image_inode){.mode = in->meta.mode,
                                .uid = in->meta.uid,
                                .gid = in->meta.gid,
                                .nlink = in->nlink,
                                .mtime_ns = in->meta.mtime_ns};
    uint32_t at = 0;
    int r = 0;
    switch (in->meta.mode & S_IFMT) {
    case S_IFDIR:
        return add_entries(t, in, out);
    case S_IFREG:
        out->size = in->size;
        out->data = in->off;
        if (in->meta.stub)
            break; /* not the true bytes: nothing can be the same */
        t->contents[t->ncontents++] =
            (struct image_content){.size = in->size, .hash = in->hash, .inode = in->index};
        break;
    case S_IFLNK:
        r = add_name(t, in->target, false, &at);
        out->size = in->size;
        out->data = at;
        break;
    default:
        out->data = in->meta.rdev;
    }
    return r;
}

static int by_content(const void *a, const void *b)
{
    const struct image_content *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct make_text *)a)->key, ((const struct make_text *)b)->key);
}

static int fill_tables(struct vfs_make *m, struct tables *t)
{
    int r = number(t, m->root);
    for (size_t i = 0; i < t->ninodes && !r; i++)
        if (t->order[i]->children)
            r = number_children(m, t, t->order[i]);
    if (r)
        return r;
    t->inodes = x_calloc(t->ninodes, sizeof *t->inodes);
    t->contents = x_calloc(t->ninodes, sizeof *t->contents);
    t->texts = x_calloc(m->ntexts, sizeof *t->texts);
    if (!t->inodes || !t->contents || !t->texts)
        return ERR_NOMEM;
    for (size_t i = 0; i < t->ninodes && !r; i++)
        r = fill_inode(t, t->order[i], &t->inodes[i]);
    sort(t->contents, t->ncontents, sizeof *t->contents, by_content);
    sort(m->texts, m->ntexts, sizeof *m->texts, by_key);
    for (size_t i = 0; i < m->ntexts && !r; i++) {
        t->texts[i] = (struct image_text){.off = m->texts[i].off, .len = m->texts[i].len};
        r = add_name(t, m->texts[i].key, false, &t->texts[i].key);
    }
    uint32_t at;
    return r ? r : add_name(t, "", false, &at);
}

static int put_part(struct vfs_make *m, const void *p, size_t count, size_t size,
                    struct image_part *part)
{
    part->count = count;
    return put(m, p, count * size, 8, &part->off);
}

static int write_tables(struct vfs_make *m, const struct tables *t)
{
    struct image_header h = {
        .magic = IMAGE_MAGIC,
        .version = IMAGE_VERSION,
        .page = IMAGE_PAGE,
        .hash_probe = hash_fixed("qrassh", 6, 1),
        .made_ns = m->made_ns,
    };
    uint64_t tree = hash_fixed(t->inodes, t->ninodes * sizeof *t->inodes, (uint64_t)m->made_ns);
    tree = hash_fixed(t->names, t->nnames, tree);
    h.id = hash_fixed(t->contents, t->ncontents * sizeof *t->contents, tree);
    int r = put_part(m, t->inodes, t->ninodes, sizeof *t->inodes, &h.inodes);
    if (!r)
        r = put_part(m, t->entries, t->nentries, sizeof *t->entries, &h.entries);
    if (!r)
        r = put_part(m, t->contents, t->ncontents, sizeof *t->contents, &h.contents);
    if (!r)
        r = put_part(m, t->texts, m->ntexts, sizeof *t->texts, &h.texts);
    if (!r)
        r = put_part(m, t->names, t->nnames, 1, &h.names);
    h.bytes = m->end;
    return r ? r : m->sink.write(m->sink.ctx, 0, &h, sizeof h);
}

int vfs_make_finish(struct vfs_make *m, uint64_t *bytes)
{
    struct tables t = {0};
    int r = fill_tables(m, &t);
    if (!r)
        r = write_tables(m, &t);
    x_free(t.order);
    x_free(t.inodes);
    x_free(t.entries);
    x_free(t.contents);
    x_free(t.texts);
    x_free(t.names);
    if (r == 0)
        *bytes = m->end;
    return r;
}
