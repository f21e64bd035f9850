/* builtin.c -- makes the small tree of builtin.def into an image in memory.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/str.h"
#include "vfs/image.h"
#include "vfs/make.h"

#define BUILTIN_TIME ((int64_t)1747699200 * 1000000000) /* 2025-05-20 */

/* Room for the whole image, so that it can be made before anything else. */
struct area {
    _Alignas(4096) uint8_t bytes[1024 * 1024];
    uint64_t used;
};

static int area_write(void *ctx, uint64_t off, const void *p, size_t n)
{
    struct area *a = ctx;
    if (off > sizeof a->bytes || n > sizeof a->bytes - off)
        return ERR_LIMIT;
    memcpy(a->bytes + off, p, n);
    return 0;
}

static int put(struct vfs_make *m, const char *path, const struct vfs_make_meta *meta,
               const char *text)
{
    struct vfs_make_meta copy = *meta;
    copy.mtime_ns = BUILTIN_TIME;
    return vfs_make_put(m, path, &copy, text, text ? strlen(text) : 0);
}

/* A file that `file` and `head -c 4` take for a program; the name makes its
 * contents differ from all others. */
static int put_program(struct vfs_make *m, const char *dir, uint32_t mode, const char *name)
{
    static const uint8_t elf[64] = {0x7f,      'E',       'L',       'F',       2,
                                    1,         1,         [16] = 3,  [18] = 62, [20] = 1,
                                    [40] = 64, [52] = 64, [54] = 56, [58] = 64};
    uint8_t bytes[1024] = {0};
    char path[256];
    struct vfs_make_meta meta = {.mode = S_IFREG | mode, .mtime_ns = BUILTIN_TIME};
    if (!str_fmt(path, sizeof path, "%s/%s", dir, name))
        return ERR_RANGE;
    memcpy(bytes, elf, sizeof elf);
    memcpy(bytes + sizeof elf, name, strlen(name));
    return vfs_make_put(m, path, &meta, bytes, sizeof bytes);
}

static int put_programs(struct vfs_make *m, const char *dir, uint32_t mode, const char *names)
{
    int r = 0;
    for (size_t n; *names && r == 0; names += n + strspn(names + n, " ")) {
        char name[64];
        n = strcspn(names, " ");
        if (n >= sizeof name)
            return ERR_RANGE;
        memcpy(name, names, n);
        name[n] = 0;
        r = put_program(m, dir, mode, name);
    }
    return r;
}

#define META(t, m, u, g)                                                                           \
    &(struct vfs_make_meta)                                                                        \
    {                                                                                              \
        .mode = (t) | (m), .uid = (u), .gid = (g)                                                  \
    }
#define DIR(path, mode) r = r ? r : put(m, path, META(S_IFDIR, mode, 0, 0), NULL);
#define LINK(path, target) r = r ? r : put(m, path, META(S_IFLNK, 0777, 0, 0), target);
#define FILE(path, mode, text) r = r ? r : put(m, path, META(S_IFREG, mode, 0, 0), text);
#define OWNED(path, mode, uid, gid, text)                                                          \
    r = r ? r : put(m, path, META(S_IFREG, mode, uid, gid), text);
#define PROGS(dir, mode, names) r = r ? r : put_programs(m, dir, mode, names);

static int fill(struct vfs_make *m)
{
    int r = 0;
#include "vfs/builtin.def"
    return r;
}

/* The tree is a constant of the program: if it cannot be made, the program is
 * wrong or the host has no memory at all, and nothing was started yet. */
const struct vfs_image *vfs_image_builtin(void)
{
    static struct area area;
    static struct vfs_image *image;
    if (image)
        return image;
    struct vfs_make_sink sink = {.write = area_write, .ctx = &area};
    struct vfs_make *m = vfs_make_new(&sink, BUILTIN_TIME);
    int r = m ? fill(m) : ERR_NOMEM;
    if (r == 0)
        r = vfs_make_finish(m, &area.used);
    vfs_make_free(m);
    if (r == 0)
        r = vfs_image_wrap(area.bytes, area.used, &image);
    if (r)
        __builtin_trap();
    return image;
}
