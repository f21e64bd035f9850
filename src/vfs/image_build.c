/* image_build.c -- images from folders and tar archives of the host.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "vfs/image_cmd.h"
#include "vfs/tar.h"
#include "vfs/vfs.h"

/* Removes what a whiteout names: "dir/.wh.name" hides dir/name. */
static int whiteout(struct vfs_make *m, const char *path, const char *name)
{
    char hidden[VFS_PATH_MAX];
    if (!str_fmt(hidden, sizeof hidden, "%.*s%s", (int)(name - path), path, name + 4))
        return ERR_RANGE;
    int r = vfs_make_remove(m, hidden);
    return r == ERR_NOTFOUND ? 0 : r;
}

struct adding {
    struct vfs_make *m;
    const struct vfs_build_stubs *stubs;
};

static int tar_node(void *ctx, const struct vfs_tar_entry *e)
{
    const struct adding *a = ctx;
    struct vfs_make *m = a->m;
    struct vfs_make_meta meta = e->meta;
    const char *slash = strrchr(e->path, '/'), *name = slash ? slash + 1 : e->path;
    if (str_starts(name, ".wh."))
        return whiteout(m, e->path, name);
    if (e->hard_link)
        return vfs_make_link(m, e->path, e->link);
    if (S_ISLNK(e->meta.mode))
        return vfs_make_put(m, e->path, &meta, e->link, strlen(e->link));
    for (size_t i = 0; i < a->stubs->n; i++)
        if (strstr(e->path, a->stubs->parts[i]))
            meta.stub = true;
    return vfs_make_put(m, e->path, &meta, e->data, e->n);
}

static int tar_text(void *ctx, const struct vfs_tar_entry *e)
{
    return S_ISREG(e->meta.mode) ? vfs_make_text(ctx, e->path, e->data, e->n) : 0;
}

static int read_tar(const char *file, vfs_tar_fn *fn, void *ctx)
{
    bool is_stdin = strcmp(file, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(file, "re");
    if (!in)
        return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
    int r = vfs_tar_read(in, fn, ctx);
    if (!is_stdin)
        fclose(in);
    return r;
}

int vfs_build_tar(struct vfs_make *m, const char *file, const struct vfs_build_stubs *stubs)
{
    struct adding a = {.m = m, .stubs = stubs};
    return read_tar(file, tar_node, &a);
}

int vfs_build_texts(struct vfs_make *m, const char *file)
{
    return read_tar(file, tar_text, m);
}

static int add_file(struct vfs_make *m, int dir, const char *name, const char *path,
                    const struct vfs_make_meta *meta)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    uint8_t *p = NULL;
    size_t n = 0;
    int r = fd < 0 || fstat(fd, &st) != 0 ? ERR_IO : 0;
    if (!r && !(p = x_malloc((size_t)st.st_size)))
        r = ERR_NOMEM;
    while (!r && n < (size_t)st.st_size) {
        ssize_t got = read(fd, p + n, (size_t)st.st_size - n);
        if (got <= 0)
            r = ERR_IO;
        else
            n += (size_t)got;
    }
    if (!r)
        r = vfs_make_put(m, path, meta, p, n);
    x_free(p);
    if (fd >= 0)
        close(fd);
    return r;
}

static int add_tree(struct vfs_make *m, int parent, const char *name, const char *path);

static int add_node(struct vfs_make *m, int dir, const char *name, const char *path)
{
    struct stat st;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return ERR_IO;
    struct vfs_make_meta meta = {.mode = st.st_mode,
                                 .uid = st.st_uid,
                                 .gid = st.st_gid,
                                 .mtime_ns = st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
                                 .rdev = st.st_rdev};
    if (S_ISREG(st.st_mode))
        return add_file(m, dir, name, path, &meta);
    if (S_ISSOCK(st.st_mode))
        return 0; /* belongs to a process that is not there */
    char target[VFS_PATH_MAX];
    ssize_t n = 0;
    if (S_ISLNK(st.st_mode) && (n = readlinkat(dir, name, target, sizeof target)) < 0)
        return ERR_IO;
    int r = vfs_make_put(m, path, &meta, target, (size_t)n);
    return !r && S_ISDIR(st.st_mode) ? add_tree(m, dir, name, path) : r;
}

static int add_tree(struct vfs_make *m, int parent, const char *name, const char *path)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return ERR_IO;
    }
    int r = 0;
    for (struct dirent *e; !r && (e = readdir(dir)) != NULL;) {
        char below[VFS_PATH_MAX];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        r = str_fmt(below, sizeof below, "%s/%s", path, e->d_name)
                ? add_node(m, dirfd(dir), e->d_name, below)
                : ERR_RANGE;
    }
    closedir(dir);
    return r;
}

int vfs_build_dir(struct vfs_make *m, const char *dir)
{
    struct stat st;
    if (stat(dir, &st) != 0)
        return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
    struct vfs_make_meta meta = {.mode = st.st_mode,
                                 .uid = st.st_uid,
                                 .gid = st.st_gid,
                                 .mtime_ns = st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec};
    if (!S_ISDIR(st.st_mode))
        return ERR_FORMAT;
    int r = vfs_make_put(m, "/", &meta, NULL, 0);
    return r ? r : add_tree(m, AT_FDCWD, dir, "");
}
