/* image_priv.h -- the layout of an image file, shared by who writes and reads.
 *
 *     header | contents | inodes | entries | contents' index | texts | names
 *
 * All numbers are little-endian and aligned; everything is found by offset, so
 * the file is used as it lies in the page cache. Inodes stand breadth first
 * (a directory before what it holds), which makes cycles impossible by order
 * alone. A directory's entries are adjacent and sorted by the hash of their
 * names: look-up is a binary search over integers, and listing shows the
 * scattered order of ext4. Equal contents are stored once.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VFS_IMAGE_PRIV_H
#define VFS_IMAGE_PRIV_H

#include <string.h>

#include "base/hash.h"
#include "vfs/image.h"

enum {
    IMAGE_VERSION = 1,
    IMAGE_PAGE = 4096,    /* contents from this size on start on a page */
    IMAGE_ROOT = 2,       /* inode numbers as ext4 gives them: the root, */
    IMAGE_FIRST = 11,     /* then lost+found and the others */
    IMAGE_NAME_SEED = 23, /* of the hash that sorts entries */
};

#define IMAGE_MAGIC "qrassh\x1aI"

struct image_part {
    uint64_t off, count;
};

struct image_header {
    char magic[8];
    uint32_t version, page;
    uint64_t bytes;      /* of the whole file */
    uint64_t hash_probe; /* hash_fixed("qrassh", 6, 1): its definition did not change */
    uint64_t id;         /* differs between any two trees */
    int64_t made_ns;     /* when the tree was put together: ctime and birth */
    struct image_part inodes, entries, contents, texts, names; /* names: bytes */
};

/* 48 bytes. data: a directory's first entry; a file's offset; a symlink's
 * offset in names; a device's number. more: a directory's number of entries.
 * parent: index of a directory's parent (the root: 0). */
struct image_inode {
    uint32_t mode, uid, gid, nlink;
    uint64_t size;
    int64_t mtime_ns;
    uint64_t data;
    uint32_t more, parent;
};

/* Names lie in the pool as one length byte, the bytes, a NUL. */
struct image_entry {
    uint64_t hash; /* image_name_hash */
    uint32_t name, inode;
};

/* Regular files by size, then hash: finds the file that holds given bytes. */
struct image_content {
    uint64_t size, hash;
    uint32_t inode, pad;
};

/* Sorted by key; the text is NUL-terminated. */
struct image_text {
    uint64_t off, len;
    uint32_t key, pad; /* offset in names: a C string */
};

struct vfs_image {
    const uint8_t *mem;
    size_t n;
    bool mapped;
    const struct image_header *h;
    const struct image_inode *inodes;
    const struct image_entry *entries;
    const struct image_content *contents;
    const struct image_text *texts;
    const char *names;
};

/* Position of a name in a directory: also the cookie of readdir, hence never
 * 0 and always positive. */
static inline uint64_t image_name_hash(const char *name, size_t n)
{
    return (hash_fixed(name, n, IMAGE_NAME_SEED) >> 1) | 1;
}

static inline uint64_t image_ino(uint32_t index)
{
    return index == 0 ? IMAGE_ROOT : (uint64_t)index + IMAGE_FIRST - 1;
}

/* The inode of a number, or NULL. */
static inline const struct image_inode *image_inode(const struct vfs_image *im, uint64_t ino)
{
    uint64_t i = ino == IMAGE_ROOT ? 0 : ino - (IMAGE_FIRST - 1);
    if (!im || (ino != IMAGE_ROOT && ino < IMAGE_FIRST) || i >= im->h->inodes.count)
        return NULL;
    return &im->inodes[i];
}

/* The entry of a name in a directory's inode, or NULL. */
const struct image_entry *image_lookup(const struct vfs_image *im, const struct image_inode *dir,
                                       const char *name, size_t n);
/* The first entry whose hash is at least from, or NULL. */
const struct image_entry *image_entry_from(const struct vfs_image *im,
                                           const struct image_inode *dir, uint64_t from);
static inline const char *image_name(const struct vfs_image *im, const struct image_entry *e,
                                     size_t *n)
{
    *n = (uint8_t)im->names[e->name];
    return im->names + e->name + 1;
}
/* The size that ext4 would show for a directory whose entries take so many
 * bytes: a block, or an index block and leaves about 70 % full. */
static inline int64_t image_dir_size(uint64_t entry_bytes)
{
    if (entry_bytes + 36 <= IMAGE_PAGE)
        return IMAGE_PAGE;
    return (int64_t)(1 + (entry_bytes + 2899) / 2900) * IMAGE_PAGE;
}
bool image_has_size(const struct vfs_image *im, uint64_t size); /* has a file of it */
/* The number of a file that holds exactly these bytes, or 0. */
uint64_t image_by_content(const struct vfs_image *im, const void *p, size_t n);

#endif
