/* vfs.c -- what the disk costs: look-ups, machines' layers, writes.
 *
 * Over the image that QRASSH_TEST_IMAGE names, else over the small built-in
 * tree. CPU time of this thread, the least of five rounds.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/arena.h"
#include "base/str.h"
#include "vfs/disk.h"
#include "vfs/walk.h"

enum { PATHS_MAX = 100000 };

static struct arena_budget budget = {.max = (size_t)2 << 30};
static struct clock wall;
static const struct vfs_image *image;
static struct vfs_walk at;
static char *paths[PATHS_MAX];
static size_t npaths;
static struct vnode file;

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* run answers how many operations it did. */
static void measure(const char *name, size_t (*run)(void))
{
    double best = 1e18;
    for (int round = 0; round < 5; round++) {
        double t = cpu_ns();
        size_t n = run();
        t = (cpu_ns() - t) / (double)(n ? n : 1);
        best = t < best ? t : best;
    }
    printf("%-38s %9.1f ns\n", name, best);
}

static struct vfs_fs *disk(struct arena *a, const struct vfs_fs *below)
{
    struct vfs_disk_conf conf = {.image = image,
                                 .below = below,
                                 .arena = a,
                                 .clock = &wall,
                                 .max_bytes = 256 << 20,
                                 .max_inodes = 100000,
                                 .type = "ext4"};
    return vfs_disk_new(&conf);
}

static void collect(struct vnode dir, const char *path, struct arena *a)
{
    struct vfs_dirent e;
    for (uint64_t cookie = 0; vfs_readdir(dir, NULL, &cookie, &e) == 1 && npaths < PATHS_MAX;) {
        char *below = arena_printf(a, "%s/%s", path, e.name);
        paths[npaths++] = below;
        if (e.type == S_IFDIR >> 12)
            collect((struct vnode){dir.fs, e.ino}, below, a);
    }
}

static size_t all_paths(void)
{
    struct vnode v;
    for (size_t i = 0; i < npaths; i++)
        if (vfs_walk(&at, paths[i], VFS_WALK_NOFOLLOW, &v))
            abort();
    return npaths;
}

static size_t bin_ls(void)
{
    struct vnode v;
    for (int i = 0; i < 100000; i++)
        (void)!vfs_walk(&at, "/bin/ls", 0, &v);
    return 100000;
}

static size_t stats(void)
{
    struct vfs_stat st;
    for (int i = 0; i < 100000; i++)
        (void)!vfs_stat(file, NULL, &st);
    return 100000;
}

static size_t machines(void)
{
    enum { N = 2000 };
    static struct arena *arenas[N];
    for (int i = 0; i < N; i++) {
        arenas[i] = arena_new(&budget, 0);
        if (!arenas[i] || !disk(arenas[i], NULL))
            abort();
    }
    for (int i = 0; i < N; i++)
        arena_free(arenas[i]);
    return N;
}

static size_t creates_and_removes(void)
{
    struct vnode dir, out;
    char name[32];
    (void)!vfs_walk(&at, "/tmp", 0, &dir);
    for (int i = 0; i < 10000; i++) {
        str_fmt(name, sizeof name, "f%d", i);
        (void)!vfs_create(dir, NULL, name, at.cred, S_IFREG | 0644, 0, NULL, &out);
    }
    for (int i = 0; i < 10000; i++) {
        str_fmt(name, sizeof name, "f%d", i);
        (void)!vfs_unlink(dir, NULL, name, false);
    }
    return 10000;
}

static size_t appends(void)
{
    struct vfs_stat st;
    struct vfs_setattr empty = {.what = VFS_SET_SIZE};
    (void)!vfs_setattr(file, NULL, &empty);
    for (int i = 0; i < 100000; i++) {
        (void)!vfs_stat(file, NULL, &st);
        (void)!vfs_write(file, NULL, "one line\n", 9, st.size);
    }
    return 100000;
}

static size_t kilobytes(void)
{
    static char block[65536];
    struct vfs_setattr empty = {.what = VFS_SET_SIZE};
    (void)!vfs_setattr(file, NULL, &empty);
    for (int64_t i = 0; i < 800; i++)
        (void)!vfs_write(file, NULL, block, sizeof block, i * 65536);
    return 800 * 64;
}

static size_t listing(void)
{
    struct arena *a = arena_new(&budget, 0);
    npaths = 0;
    collect(at.root, "", a);
    size_t n = npaths;
    arena_free(a);
    return n;
}

int main(void)
{
    const char *name = getenv("QRASSH_TEST_IMAGE");
    struct vfs_image *own = NULL;
    char why[256];
    clock_init(&wall);
    double t = cpu_ns();
    if (name && *name && vfs_image_open(name, &own, why, sizeof why) != 0) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    printf("%-38s %9.1f us\n", "open the image", (cpu_ns() - t) / 1000);
    image = own ? own : vfs_image_builtin();
    static struct vfs_cred root;
    static struct vfs_tree tree;
    struct arena *a = arena_new(&budget, 0), *names = arena_new(&budget, 0);
    struct vfs_fs *fs = a ? disk(a, NULL) : NULL;
    if (!fs || !names || vfs_tree_init(&tree, a, fs, "/dev/sda1", "rw"))
        return 1;
    struct vnode top = {fs, fs->root};
    at = (struct vfs_walk){.tree = &tree, .cred = &root, .root = top, .cwd = top};
    measure("list the whole tree, an entry", listing);
    npaths = 0;
    collect(top, "", names);
    printf("%-38s %9zu\n", "paths", npaths);
    measure("walk each path", all_paths);
    measure("walk /bin/ls", bin_ls);
    (void)!vfs_walk(&at, "/etc/motd", 0, &file);
    measure("stat", stats);
    measure("a machine's arena and disk", machines);
    measure("create and remove a file", creates_and_removes);
    measure("append a line", appends);
    measure("write a KiB of 50 MB", kilobytes);
    arena_free(names);
    arena_free(a);
    vfs_image_close(own);
    return 0;
}
