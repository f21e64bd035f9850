/* vfs.h -- the virtual file system: what a machine's disks and generated trees
 * look like to the kernel in vm/.
 *
 * A `struct vfs_fs` is one mounted file system: the Debian image with a
 * machine's copy-on-write layer (vfs/disk.h), an empty one in memory (tmpfs:
 * the same code without an image), or a generated one (proc, sys, dev: vm/
 * provides those operations). A node is a file system and a number in it; the
 * walk from paths to nodes, with mounts, symbolic links and permissions, is
 * vfs/walk.h. All calls answer 0 or more, or -errno as Linux would.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VFS_VFS_H
#define VFS_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/arena.h"

struct vfs_fs;

struct vnode {
    struct vfs_fs *fs;
    uint64_t ino; /* 0: no node */
};

/* Mode bits, O_ and errno values are the host's Linux ones (fcntl.h, sys/stat.h,
 * errno.h): numbers only, nothing here reaches the host's files. */
struct vfs_stat {
    uint64_t dev, ino, nlink, rdev;
    uint32_t mode, uid, gid;
    int64_t size, blocks; /* blocks of 512 bytes, as stat(2) */
    uint32_t blksize;
    uint32_t attrs; /* chattr bits: VFS_ATTR_* */
    struct timespec atime, mtime, ctime, btime;
};

enum { VFS_ATTR_IMMUTABLE = 0x10, VFS_ATTR_APPEND = 0x20, VFS_ATTR_EXTENTS = 0x80000 };
enum { VFS_NAME_MAX = 255, VFS_PATH_MAX = 4096, VFS_LINKS_MAX = 40 };

struct vfs_dirent {
    uint64_t ino;
    uint8_t type;     /* DT_* of dirent.h */
    const char *name; /* valid until the next call on this file system */
    size_t name_len;
};

/* What to change with setattr. */
enum {
    VFS_SET_MODE = 1,
    VFS_SET_UID = 2,
    VFS_SET_GID = 4,
    VFS_SET_SIZE = 8,
    VFS_SET_ATIME = 16,
    VFS_SET_MTIME = 32,
    VFS_SET_ATTRS = 64,
    VFS_SET_CTIME = 128,
};
struct vfs_setattr {
    unsigned what;
    uint32_t mode, uid, gid, attrs;
    int64_t size;
    struct timespec atime, mtime, ctime; /* ctime only restores (copying a tree) */
};

/* Who asks: used for ownership of new nodes; permission checks are the
 * walk's and the kernel's business, not a file system's. */
struct vfs_cred {
    uint32_t uid, gid; /* effective */
    uint32_t groups[16];
    unsigned ngroups;
};

/* Operations. Any may be NULL: reading ones then answer -EINVAL, changing ones
 * -EPERM (generated trees). ctx is for generated trees that show the asking
 * process (/proc/self, /dev/tty): the struct proc, or NULL. */
struct vfs_ops {
    const char *type; /* "ext4", "tmpfs", "proc", ... as in /proc/mounts */
    /* 0, -ENOENT, -ENOTDIR. ".." must be answered as well: the directory that
     * holds dir (the root: itself); walks rely on it. "." is never asked. */
    int (*lookup)(struct vfs_fs *fs, void *ctx, uint64_t dir, const char *name, size_t n,
                  uint64_t *ino);
    int (*stat)(struct vfs_fs *fs, void *ctx, uint64_t ino, struct vfs_stat *st);
    /* Entries from *cookie on (0 at first), without . and ..; 1 entry told and
     * *cookie moved, 0 at the end. Entries made or removed meanwhile may or may
     * not show, others do exactly once. */
    int (*readdir)(struct vfs_fs *fs, void *ctx, uint64_t dir, uint64_t *cookie,
                   struct vfs_dirent *e);
    ssize_t (*readlink)(struct vfs_fs *fs, void *ctx, uint64_t ino, char *out, size_t n);
    ssize_t (*read)(struct vfs_fs *fs, void *ctx, uint64_t ino, void *p, size_t n, int64_t off);
    ssize_t (*write)(struct vfs_fs *fs, void *ctx, uint64_t ino, const void *p, size_t n,
                     int64_t off);
    /* Makes a node of mode (S_IFMT included; rdev for devices; target for
     * symlinks, else NULL). */
    int (*create)(struct vfs_fs *fs, void *ctx, uint64_t dir, const char *name,
                  const struct vfs_cred *c, uint32_t mode, uint64_t rdev, const char *target,
                  uint64_t *ino);
    int (*link)(struct vfs_fs *fs, uint64_t dir, const char *name, uint64_t ino);
    int (*unlink)(struct vfs_fs *fs, void *ctx, uint64_t dir, const char *name, bool isdir);
    int (*rename)(struct vfs_fs *fs, uint64_t dir, const char *name, uint64_t to_dir,
                  const char *to_name);
    int (*setattr)(struct vfs_fs *fs, void *ctx, uint64_t ino, const struct vfs_setattr *a);
    /* An open file keeps an unlinked node alive: balanced calls. */
    void (*hold)(struct vfs_fs *fs, uint64_t ino);
    void (*drop)(struct vfs_fs *fs, uint64_t ino);
    int (*statfs)(struct vfs_fs *fs, uint64_t *blocks, uint64_t *bfree, uint64_t *files,
                  uint64_t *ffree);
    void (*free)(struct vfs_fs *fs);
};

struct vfs_fs {
    const struct vfs_ops *ops;
    uint64_t dev;  /* st_dev of its nodes */
    uint64_t root; /* number of its root directory */
    bool readonly;
};

/* The operations with their NULLs answered, used by walk and the kernel. */
int vfs_lookup(struct vnode dir, void *ctx, const char *name, size_t n,
               struct vnode *out) NODISCARD;
int vfs_stat(struct vnode v, void *ctx, struct vfs_stat *st) NODISCARD;
int vfs_readdir(struct vnode dir, void *ctx, uint64_t *cookie, struct vfs_dirent *e) NODISCARD;
ssize_t vfs_readlink(struct vnode v, void *ctx, char *out, size_t n) NODISCARD;
ssize_t vfs_read(struct vnode v, void *ctx, void *p, size_t n, int64_t off) NODISCARD;
ssize_t vfs_write(struct vnode v, void *ctx, const void *p, size_t n, int64_t off) NODISCARD;
int vfs_setattr(struct vnode v, void *ctx, const struct vfs_setattr *a) NODISCARD;
int vfs_create(struct vnode dir, void *ctx, const char *name, const struct vfs_cred *c,
               uint32_t mode, uint64_t rdev, const char *target, struct vnode *out) NODISCARD;
int vfs_link(struct vnode dir, const char *name, struct vnode v) NODISCARD; /* -EXDEV elsewhere */
int vfs_unlink(struct vnode dir, void *ctx, const char *name, bool isdir) NODISCARD;
int vfs_rename(struct vnode dir, const char *name, struct vnode to,
               const char *to_name) NODISCARD; /* -EXDEV between file systems */
int vfs_statfs(struct vfs_fs *fs, uint64_t *blocks, uint64_t *bfree, uint64_t *files,
               uint64_t *ffree) NODISCARD; /* zeros where a tree has none */
void vfs_free(struct vfs_fs *fs);          /* NULL is fine */
void vfs_hold(struct vnode v);
void vfs_drop(struct vnode v);

#endif
