/* walk.h -- from paths to nodes: mounts, symbolic links, permissions.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VFS_WALK_H
#define VFS_WALK_H

#include "vfs/vfs.h"

struct vfs_mount {
    char *source, *target, *options; /* as /proc/mounts shows them */
    struct vnode at;                 /* the node it covers, in its parent */
    struct vfs_fs *fs;
};

/* A machine's tree: a root and what is mounted in it, in order. */
struct vfs_tree {
    struct arena *arena;
    struct vfs_mount *mounts; /* [0] is the root */
    size_t nmounts, cap;
};

int vfs_tree_init(struct vfs_tree *t, struct arena *a, struct vfs_fs *root, const char *source,
                  const char *options) NODISCARD;
int vfs_mount_add(struct vfs_tree *t, const char *source, const char *target, struct vfs_fs *fs,
                  const char *options) NODISCARD;
int vfs_mount_remove(struct vfs_tree *t, const char *target) NODISCARD; /* -EINVAL if none */

enum {
    VFS_WALK_NOFOLLOW = 1, /* a last symlink is the result itself */
    VFS_WALK_PARENT = 2,   /* stop at the parent: *last and *last_len name the rest */
};

struct vfs_walk {
    const struct vfs_tree *tree;
    const struct vfs_cred *cred; /* search permission is checked; uid 0 passes */
    void *ctx;                   /* handed to generated file systems */
    struct vnode root, cwd;
};

/* Resolves path: 0 or -ENOENT, -ENOTDIR, -ELOOP (more than 40 links), -EACCES,
 * -ENAMETOOLONG. With VFS_WALK_PARENT out is the directory, last (room for
 * VFS_NAME_MAX + 1) the final name, and existing gets the node of that name or
 * {0}; a path that ends in "/" keeps one in last so that callers can tell. */
int vfs_walk(const struct vfs_walk *w, const char *path, unsigned flags,
             struct vnode *out) NODISCARD;
int vfs_walk_parent(const struct vfs_walk *w, const char *path, unsigned flags, struct vnode *dir,
                    char *last, struct vnode *existing) NODISCARD;

/* access(2)-like check of mode bits: want is of 4 read, 2 write, 1 execute. */
int vfs_permitted(const struct vfs_cred *c, const struct vfs_stat *st, unsigned want) NODISCARD;
/* Absolute path of a directory node by walking up; out gets a C string, result
 * its length or -ENAMETOOLONG, -ENOENT (removed). */
int vfs_path_of(const struct vfs_walk *w, struct vnode dir, char *out, size_t n) NODISCARD;

#endif
