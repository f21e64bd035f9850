/* fixture.h -- a disk over the built-in tree with a clock that stands still,
 * and a few short ways to use it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef TESTS_VFS_FIXTURE_H
#define TESTS_VFS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "vfs/disk.h"
#include "vfs/walk.h"

struct world {
    struct arena_budget budget;
    struct arena *arena;
    struct clock clock;
    struct vfs_fs *fs;
    struct vfs_tree tree;
    struct vfs_cred cred;
    struct vfs_walk walk;
};

static inline struct vfs_fs *world_disk(struct world *w, const struct vfs_image *im,
                                        const char *type, uint64_t max_bytes)
{
    struct vfs_disk_conf conf = {.image = im,
                                 .arena = w->arena,
                                 .clock = &w->clock,
                                 .dev = im ? 0x801 : 0x17,
                                 .max_bytes = max_bytes,
                                 .max_inodes = 20000,
                                 .shown_blocks = 10000,
                                 .shown_free = 9000,
                                 .shown_inodes = 50000,
                                 .type = type};
    return vfs_disk_new(&conf);
}

static inline int world_setup(void **state)
{
    static struct world world;
    struct world *w = &world;
    memset(w, 0, sizeof *w);
    w->budget.max = 256u << 20;
    w->arena = arena_new(&w->budget, 0);
    clock_init_fake(&w->clock, (int64_t)1760000000 * 1000000);
    w->fs = world_disk(w, vfs_image_builtin(), "ext4", 64u << 20);
    assert_non_null(w->fs);
    assert_int_equal(vfs_tree_init(&w->tree, w->arena, w->fs, "/dev/sda1", "rw"), 0);
    struct vnode root = {w->fs, w->fs->root};
    w->walk = (struct vfs_walk){.tree = &w->tree, .cred = &w->cred, .root = root, .cwd = root};
    *state = w;
    return 0;
}

static inline int world_teardown(void **state)
{
    struct world *w = *state;
    vfs_free(w->fs);
    arena_free(w->arena);
    return w->budget.used == 0 ? 0 : -1;
}

static inline struct vnode at(struct world *w, const char *path)
{
    struct vnode v = {0};
    int r = vfs_walk(&w->walk, path, VFS_WALK_NOFOLLOW, &v);
    return r ? (struct vnode){0} : v;
}

static inline struct vfs_stat stat_of(struct world *w, const char *path)
{
    struct vfs_stat st = {0};
    struct vnode v = at(w, path);
    assert_int_not_equal(v.ino, 0);
    assert_int_equal(vfs_stat(v, NULL, &st), 0);
    return st;
}

/* Makes a node under a path whose directory is there: 0 or -errno. */
static inline int make(struct world *w, const char *path, uint32_t mode, const char *target)
{
    struct vnode dir, there, out;
    char last[VFS_NAME_MAX + 2];
    int r = vfs_walk_parent(&w->walk, path, VFS_WALK_NOFOLLOW, &dir, last, &there);
    return r ? r : vfs_create(dir, NULL, last, &w->cred, mode, 0, target, &out);
}

static inline int removes(struct world *w, const char *path, bool isdir)
{
    struct vnode dir, there;
    char last[VFS_NAME_MAX + 2];
    int r = vfs_walk_parent(&w->walk, path, VFS_WALK_NOFOLLOW, &dir, last, &there);
    return r ? r : vfs_unlink(dir, NULL, last, isdir);
}

static inline int moves(struct world *w, const char *from, const char *to)
{
    struct vnode a, b, there;
    char last[VFS_NAME_MAX + 2], to_last[VFS_NAME_MAX + 2];
    int r = vfs_walk_parent(&w->walk, from, VFS_WALK_NOFOLLOW, &a, last, &there);
    if (!r)
        r = vfs_walk_parent(&w->walk, to, VFS_WALK_NOFOLLOW, &b, to_last, &there);
    return r ? r : vfs_rename(a, last, b, to_last);
}

static inline ssize_t put(struct world *w, const char *path, const char *text, int64_t off)
{
    return vfs_write(at(w, path), NULL, text, strlen(text), off);
}

static inline void assert_holds(struct world *w, const char *path, const char *text)
{
    char got[4096];
    ssize_t n = vfs_read(at(w, path), NULL, got, sizeof got, 0);
    assert_true(n >= 0);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, (size_t)n);
}

#endif
