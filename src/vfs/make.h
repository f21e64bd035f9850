/* make.h -- puts a disk image together, node by node, and writes it.
 *
 * Contents go to the output as they come (equal ones once); the tree is kept
 * in memory until the end. A path given twice replaces what was there, as
 * unpacking over it would: directories keep what they hold, and a directory
 * given where a symbolic link leads to one leaves the link.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VFS_MAKE_H
#define VFS_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct vfs_make;

struct vfs_make_sink { /* where the image goes; 0 or ERR_* */
    int (*write)(void *ctx, uint64_t off, const void *p, size_t n);
    void *ctx;
};

struct vfs_make_meta {
    uint32_t mode, uid, gid; /* mode with S_IFMT */
    int64_t mtime_ns;
    uint64_t rdev;
    bool stub; /* of a file only the first page is kept, the rest reads as zeros */
};

/* made_ns: when the tree is said to have been installed. NULL: no memory. */
struct vfs_make *vfs_make_new(const struct vfs_make_sink *sink, int64_t made_ns) NODISCARD;
void vfs_make_free(struct vfs_make *m);

/* Adds or replaces a node; directories on the way are made (0755 root). data:
 * a file's contents or a link's target. Parents may be symbolic links. */
int vfs_make_put(struct vfs_make *m, const char *path, const struct vfs_make_meta *meta,
                 const void *data, size_t n) NODISCARD;
/* Another name for a file that is there (ERR_NOTFOUND otherwise). */
int vfs_make_link(struct vfs_make *m, const char *path, const char *target) NODISCARD;
/* Removes a name and all below it; ERR_NOTFOUND if absent. */
int vfs_make_remove(struct vfs_make *m, const char *path) NODISCARD;
int vfs_make_text(struct vfs_make *m, const char *key, const void *p, size_t n) NODISCARD;
/* The tree comes from packages: directories that files were put into are as
 * old as the installation, whatever the packages say. */
void vfs_make_unpacked(struct vfs_make *m);
/* Writes the tables: the image is complete. bytes: its size. */
int vfs_make_finish(struct vfs_make *m, uint64_t *bytes) NODISCARD;

#endif
