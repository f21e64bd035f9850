/* disk_priv.h -- what the parts of a disk share: nodes, directories, contents.
 *
 * A node of the layer (struct dnode) exists for each inode that differs from
 * the image, is new, or is held open; all others are read from the image. Nodes
 * refer to each other by number only, so a missing one is an error answer and
 * never a dangling pointer.
 *
 * A disk may lie over another one that no longer changes (conf.below): its nodes
 * show through, and are copied whole when they are to change.
 *
 * An allocation may not return (the machine's budget may end the process that
 * asked), so every function allocates first and links afterwards: the layer is
 * consistent whenever memory is asked for.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VFS_DISK_PRIV_H
#define VFS_DISK_PRIV_H

#include "vfs/disk.h"
#include "vfs/image_priv.h"

enum {
    DISK_PAGE = 4096,
    DISK_CHUNK = 32 * 1024, /* contents are kept in pieces of at most this */
    DISK_FAN = 64,          /* children of a node of the tree of pieces */
    DISK_LINKS_MAX = 65000, /* as ext4 */
};
#define DISK_FILE_MAX ((int64_t)16 << 40) /* ext4 with 4 KiB blocks: 16 TiB - 4 KiB */

/* An entry of a directory: a name added, or (ino 0) one of the image hidden.
 * Entries form a treap ordered by hash; prio keeps it balanced. */
struct dentry {
    struct dentry *left, *right;
    uint64_t hash, ino;
    uint32_t prio;
    uint8_t len;
    char name[];
};

struct chunk {
    uint32_t cap;   /* bytes of data[]: those beyond read as zero */
    uint32_t pages; /* bit per 4 KiB page that holds data (not a hole) */
    uint8_t data[];
};

struct dnode {
    struct dnode *next;             /* of the same bucket */
    const struct image_inode *base; /* what the image says; NULL for new nodes */
    uint64_t ino;
    uint32_t mode, uid, gid, attrs, nlink, holds;
    bool changed, data_changed; /* from what is below: at all; from the image: its contents */
    bool below;                 /* the image or the disk below has this inode */
    uint8_t height;             /* of the tree of chunks */
    int64_t size, atime, mtime, ctime, btime; /* times in ns */
    union {
        struct { /* S_ISDIR */
            struct dentry *entries;
            uint64_t parent, live, name_bytes; /* live: how many names it has */
        } dir;
        struct {               /* S_ISREG */
            void *top;         /* a struct chunk, or with height > 0 void *[DISK_FAN] */
            uint64_t pages;    /* that hold data */
            int64_t base_size; /* so much of the image's bytes shows through */
        } file;
        char *target; /* S_ISLNK */
        uint64_t rdev;
    };
};

struct disk {
    struct vfs_fs fs; /* first: a struct vfs_fs * is a struct disk * */
    struct vfs_disk_conf conf;
    struct dnode **buckets;
    uint32_t nbuckets, nnodes;
    uint64_t next_ino, new_inodes, bytes;
    bool tmpfs;
};

/* disk_node.c: nodes. */
struct dnode *disk_find(const struct disk *d, uint64_t ino);        /* of the layer, or NULL */
const struct dnode *disk_shown(const struct disk *d, uint64_t ino); /* or of the disk below */
/* The node of the layer for an inode, copied from the image if need be: 0,
 * -ENOENT or -ENOSPC. */
int disk_node(struct disk *d, uint64_t ino, struct dnode **out) NODISCARD;
/* The same, but as the image has it: what the disk below says is left out. */
int disk_node_plain(struct disk *d, uint64_t ino, struct dnode **out) NODISCARD;
/* A new unlinked node in the table; takes no name. NULL: no memory. */
struct dnode *disk_node_add(struct disk *d, uint64_t ino) NODISCARD;
void disk_node_free(struct disk *d, struct dnode *n);
void disk_clear(struct disk *d);             /* forgets all changes */
int disk_add_root(struct disk *d) NODISCARD; /* of a disk without an image: 0 or ERR_NOMEM */
uint32_t disk_mode(const struct disk *d, uint64_t ino); /* 0: no such inode */
int64_t disk_now(const struct disk *d);
/* Zeroed memory of the layer, within max_bytes (metadata: a quarter more, so
 * that a full disk can still be tidied up). NULL when there is none. */
void *disk_alloc(struct disk *d, size_t n, bool metadata) NODISCARD;
void disk_release(struct disk *d, void *p, size_t n);

/* What the image says about an inode, in the form of the layer. */
void disk_fill_from_image(const struct disk *d, const struct image_inode *in, struct dnode *n);
/* A new node: owner, times, the group of a set-group-id directory. */
void disk_fill_new(struct disk *d, struct dnode *n, const struct dnode *dir,
                   const struct vfs_cred *c, uint32_t mode);
/* Frees a node without names and holds, or one that still says what is below. */
void disk_maybe_forget(struct disk *d, struct dnode *n);
/* Ends a change: one that failed leaves no copy of an unchanged node behind. */
int disk_settle(struct disk *d, uint64_t ino, int result);

/* disk_change.c: struct vfs_ops' changing operations. */
ssize_t disk_op_write(struct vfs_fs *fs, void *ctx, uint64_t ino, const void *p, size_t n,
                      int64_t off);
int disk_op_create(struct vfs_fs *fs, void *ctx, uint64_t dir, const char *name,
                   const struct vfs_cred *c, uint32_t mode, uint64_t rdev, const char *target,
                   uint64_t *ino);
int disk_op_link(struct vfs_fs *fs, uint64_t dir, const char *name, uint64_t ino);
int disk_op_unlink(struct vfs_fs *fs, void *ctx, uint64_t dir, const char *name, bool isdir);
int disk_op_rename(struct vfs_fs *fs, uint64_t dir, const char *name, uint64_t to_dir,
                   const char *to_name);
int disk_op_setattr(struct vfs_fs *fs, void *ctx, uint64_t ino, const struct vfs_setattr *a);
void disk_op_hold(struct vfs_fs *fs, uint64_t ino);
void disk_op_drop(struct vfs_fs *fs, uint64_t ino);

/* disk_dir.c: directories. */
int disk_dir_lookup(const struct disk *d, uint64_t dir, const char *name, size_t n,
                    uint64_t *ino) NODISCARD;
/* Reserves an entry for a name, not yet in the directory. */
struct dentry *disk_dentry_new(struct disk *d, const char *name) NODISCARD;
void disk_dentry_free(struct disk *d, struct dentry *e);
/* Links a reserved entry, replacing one of the same name. Never fails. */
void disk_dir_set(struct disk *d, struct dnode *dir, struct dentry *e, uint64_t ino);
/* Removes a name; hide is a reserved entry of that name if the image has it
 * (see disk_dir_hides), else NULL. Never fails. */
void disk_dir_unset(struct disk *d, struct dnode *dir, const char *name, struct dentry *hide);
bool disk_dir_hides(const struct disk *d, const struct dnode *dir, const char *name);
int disk_dir_next(const struct disk *d, uint64_t dir, uint64_t *cookie,
                  struct vfs_dirent *e) NODISCARD;
void disk_dir_free(struct disk *d, struct dnode *dir);
int disk_dir_copy(struct disk *d, struct dnode *to, const struct dnode *from) NODISCARD;
typedef int disk_dentry_fn(void *ctx, const struct dentry *e);
int disk_dir_each(const struct dnode *dir, disk_dentry_fn *fn, void *ctx) NODISCARD;

/* disk_data.c: contents of regular files. */
ssize_t disk_data_read(const struct disk *d, const struct dnode *n, void *p, size_t len,
                       int64_t off) NODISCARD;
ssize_t disk_data_write(struct disk *d, struct dnode *n, const void *p, size_t len,
                        int64_t off) NODISCARD;
void disk_data_resize(struct disk *d, struct dnode *n, int64_t size);
/* A chunk of room for need bytes at this index; NULL: no space. */
struct chunk *disk_data_chunk(struct disk *d, struct dnode *n, uint64_t index,
                              size_t need) NODISCARD;
int disk_data_copy(struct disk *d, struct dnode *to, const struct dnode *from) NODISCARD;
void disk_data_recount(struct dnode *n); /* pages, after chunks were put in */
typedef int disk_chunk_fn(void *ctx, uint64_t index, const struct chunk *c);
int disk_data_each(const struct dnode *n, disk_chunk_fn *fn, void *ctx) NODISCARD;

#endif
