/* disk.h -- a machine's disk: a shared read-only image under a copy-on-write
 * layer of its own; and, without an image, a tmpfs.
 *
 * Node numbers of the image are kept; new ones are numbered above them. All
 * memory of the layer comes from the arena given (so it is charged to the
 * machine) and within quota; beyond it calls answer -ENOSPC.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VFS_DISK_H
#define VFS_DISK_H

#include "base/clock.h"
#include "vfs/image.h"
#include "vfs/vfs.h"

struct vfs_disk_conf {
    const struct vfs_image *image; /* NULL: starts with an empty root directory */
    struct arena *arena;           /* outlives the disk */
    /* Another disk on the same image whose changes show through, or NULL. It
     * outlives this one and is not changed any more: what all machines begin
     * with is written once and costs each of them nothing. */
    const struct vfs_fs *below;
    const struct clock *clock; /* times of changes */
    uint64_t dev;
    uint64_t max_bytes, max_inodes;    /* of the layer */
    uint64_t shown_blocks, shown_free; /* what statfs tells, in 4 KiB blocks */
    uint64_t shown_inodes;
    const char *type; /* "ext4" or "tmpfs" */
};

struct vfs_fs *vfs_disk_new(const struct vfs_disk_conf *conf) NODISCARD; /* NULL: no memory */

/* Identity of a regular file's bytes: for files of the image (also copies
 * written whole by an attacker) the image node that holds the same bytes, else
 * 0. Hashes at most max bytes of a changed file, 0 beyond that. This is how a
 * copied /bin/ls still runs. */
uint64_t vfs_disk_same_as(struct vfs_fs *fs, uint64_t ino, size_t max);
bool vfs_disk_is_changed(struct vfs_fs *fs, uint64_t ino); /* differs from the image */
uint64_t vfs_disk_bytes(struct vfs_fs *fs);                /* held by the layer */

/* The layer as bytes (for keeping a machine over a restart) and back. */
int vfs_disk_save(struct vfs_fs *fs, int (*put)(void *ctx, const void *p, size_t n),
                  void *ctx) NODISCARD;
int vfs_disk_load(struct vfs_fs *fs, const void *p, size_t n) NODISCARD; /* hostile-proof */

#endif
