/* image_cmd.c -- `qrassh image`: builds, lists and unpacks disk images.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vfs/image_cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "vfs/image_priv.h"

static const char usage[] =
    "usage: qrassh image build OUT INPUT...   an image of the host's files\n"
    "       qrassh image info IMAGE           what it holds, and its properties\n"
    "       qrassh image ls [-R] IMAGE [PATH] a directory, with -R all below it\n"
    "       qrassh image cat IMAGE PATH       a file's contents\n"
    "       qrassh image texts IMAGE [KEY]    the keys of recorded texts, or one text\n"
    "       qrassh image extract IMAGE DIR    unpacks the tree\n"
    "\n"
    "An IMAGE may be 'builtin': the small tree inside the program. INPUT, taken in\n"
    "order, later ones over earlier ones:\n"
    "  --time SECONDS   when the tree is said to have been installed\n"
    "  --unpacked yes   directories that got files are as old as the installation\n"
    "  --stub PART      of files with PART in their path only 4 KiB are kept\n"
    "  --dir DIR        what a folder holds\n"
    "  --tar FILE       what an archive holds (- for standard input)\n"
    "  --texts TAR      texts: each member's name is the key\n";

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "qrassh image: %s: %s\n", what, why);
    return 1;
}

static int open_image(const char *name, struct vfs_image **own, const struct vfs_image **im)
{
    char why[512] = "";
    if (strcmp(name, "builtin") == 0) {
        *im = vfs_image_builtin();
        return 0;
    }
    int r = vfs_image_open(name, own, why, sizeof why);
    if (r)
        fprintf(stderr, "qrassh image: %s\n", why);
    *im = *own;
    return r;
}

static int sink_write(void *ctx, uint64_t off, const void *p, size_t n)
{
    const uint8_t *at = p;
    while (n > 0) {
        ssize_t w = pwrite(*(int *)ctx, at, n, (off_t)off);
        if (w <= 0)
            return ERR_IO;
        at += w;
        off += (uint64_t)w;
        n -= (size_t)w;
    }
    return 0;
}

static int add_stub(struct vfs_build_stubs *stubs, const char *part)
{
    if (stubs->n == sizeof stubs->parts / sizeof *stubs->parts)
        return ERR_LIMIT;
    stubs->parts[stubs->n++] = part;
    return 0;
}

static int build_step(struct vfs_make *m, struct vfs_build_stubs *stubs, const char *option,
                      const char *value)
{
    int r = strcmp(option, "--dir") == 0        ? vfs_build_dir(m, value)
            : strcmp(option, "--tar") == 0      ? vfs_build_tar(m, value, stubs)
            : strcmp(option, "--stub") == 0     ? add_stub(stubs, value)
            : strcmp(option, "--unpacked") == 0 ? (vfs_make_unpacked(m), 0)
            : strcmp(option, "--texts") == 0    ? vfs_build_texts(m, value)
                                                : ERR_UNSUPPORTED;
    if (r)
        fail(value, err_text(r));
    return r;
}

/* Everything into OUT.new, then renamed: OUT is never half an image. */
static int cmd_build(int argc, char **argv)
{
    char fresh[VFS_PATH_MAX];
    int64_t made = (int64_t)time(NULL);
    if (argc < 1 || argc % 2 == 0 || !str_fmt(fresh, sizeof fresh, "%s.new", argv[0]))
        return 2;
    for (int i = 1; i < argc; i += 2)
        if (strcmp(argv[i], "--time") == 0 && str_int(argv[i + 1], 0, INT32_MAX * 2ll, &made))
            return fail(argv[i + 1], "is no time in seconds");
    int fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(fresh, strerror(errno));
    struct vfs_make_sink sink = {.write = sink_write, .ctx = &fd};
    struct vfs_make *m = vfs_make_new(&sink, made * 1000000000);
    struct vfs_build_stubs stubs = {0};
    uint64_t bytes = 0;
    int r = m ? 0 : ERR_NOMEM;
    for (int i = 1; i < argc && !r; i += 2)
        if (strcmp(argv[i], "--time") != 0)
            r = build_step(m, &stubs, argv[i], argv[i + 1]);
    if (!r && (r = vfs_make_finish(m, &bytes)) != 0)
        fail(fresh, err_text(r));
    vfs_make_free(m);
    if (!r && (ftruncate(fd, (off_t)bytes) != 0 || fsync(fd) != 0 || rename(fresh, argv[0]) != 0)) {
        fail(argv[0], strerror(errno));
        r = ERR_IO;
    }
    close(fd);
    if (r)
        unlink(fresh);
    return r == ERR_UNSUPPORTED ? 2 : r != 0;
}

static int cmd_info(const struct vfs_image *im)
{
    const struct image_header *h = im->h;
    uint64_t kinds[16] = {0}, bytes = 0;
    for (uint64_t i = 0; i < h->inodes.count; i++) {
        kinds[(im->inodes[i].mode & S_IFMT) >> 12]++;
        if (S_ISREG(im->inodes[i].mode))
            bytes += im->inodes[i].size;
    }
    printf("inodes    %" PRIu64 " (%" PRIu64 " files, %" PRIu64 " directories, %" PRIu64
           " links, %" PRIu64 " others)\n",
           h->inodes.count, kinds[8], kinds[4], kinds[10],
           h->inodes.count - kinds[8] - kinds[4] - kinds[10]);
    printf("contents  %" PRIu64 " bytes in files\n", bytes);
    printf("image     %" PRIu64 " bytes, id %016" PRIx64 "\n", h->bytes, h->id);
    printf("texts     %" PRIu64 "\n", h->texts.count);
    for (uint64_t i = 0; i < h->texts.count; i++) {
        const char *key = vfs_image_text_key(im, i), *name = strchr(key, ':');
        if (str_starts(key, "property:") && im->texts[i].len < 200)
            printf("%-9s %s\n", name + 1, vfs_image_text(im, key, NULL));
    }
    return 0;
}

static void mode_text(uint32_t mode, char out[11])
{
    static const char types[] = "?pc?d?b?-?l?s???", bits[] = "rwxrwxrwx";
    out[0] = types[mode >> 12 & 15];
    for (int i = 0; i < 9; i++)
        out[1 + i] = mode & 0400u >> i ? bits[i] : '-';
    for (int i = 0; i < 3; i++)
        if (mode & 04000u >> i)
            out[3 + 3 * i] = (mode & 0100u >> 3 * i ? "sst" : "SST")[i];
    out[10] = 0;
}

static void list_one(const struct vfs_image *im, const struct image_inode *in, const char *path)
{
    char mode[11], size[32], date[32] = "";
    time_t t = (time_t)(in->mtime_ns / 1000000000);
    struct tm tm;
    mode_text(in->mode, mode);
    if (S_ISCHR(in->mode) || S_ISBLK(in->mode))
        str_fmt(size, sizeof size, "%u,%u", major(in->data), minor(in->data));
    else
        str_fmt(size, sizeof size, "%" PRIu64, in->size);
    if (gmtime_r(&t, &tm))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M", &tm);
    printf("%s %u %u/%u %9s %s %s", mode, in->nlink, in->uid, in->gid, size, date, path);
    if (S_ISLNK(in->mode))
        printf(" -> %s", im->names + in->data);
    printf("\n");
}

static void list_dir(const struct vfs_image *im, const struct image_inode *dir, const char *path,
                     bool deep)
{
    for (uint32_t i = 0; i < dir->more; i++) {
        const struct image_entry *e = &im->entries[dir->data + i];
        const struct image_inode *in = &im->inodes[e->inode];
        char below[VFS_PATH_MAX];
        size_t n;
        const char *name = image_name(im, e, &n);
        if (!str_fmt(below, sizeof below, "%s/%s", path, name))
            continue;
        list_one(im, in, below);
        if (deep && S_ISDIR(in->mode))
            list_dir(im, in, below, deep);
    }
}

static int cmd_ls(const struct vfs_image *im, const char *path, bool deep)
{
    uint64_t ino = vfs_image_find(im, path);
    if (!ino)
        return fail(path, "not in the image");
    const struct image_inode *in = image_inode(im, ino);
    if (S_ISDIR(in->mode))
        list_dir(im, in, strcmp(path, "/") == 0 ? "" : path, deep);
    else
        list_one(im, in, path);
    return 0;
}

static int put_out(const void *p, size_t n)
{
    return fwrite(p, 1, n, stdout) == n && fflush(stdout) == 0 ? 0
                                                               : fail("output", strerror(errno));
}

static int cmd_cat(const struct vfs_image *im, const char *path)
{
    size_t n;
    const void *p = vfs_image_data(im, vfs_image_find(im, path), &n);
    return p ? put_out(p, n) : fail(path, "no file of the image");
}

static int cmd_texts(const struct vfs_image *im, const char *key)
{
    size_t n;
    const char *text, *each;
    if (!key) {
        for (uint64_t i = 0; (each = vfs_image_text_key(im, i)) != NULL; i++)
            printf("%s\n", each);
        return 0;
    }
    text = vfs_image_text(im, key, &n);
    return text ? put_out(text, n) : fail(key, "no such text");
}

static int extract_file(const struct vfs_image *im, const struct image_inode *in, int dir,
                        const char *name)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    int r = sink_write(&fd, 0, im->mem + in->data, in->size);
    if (fchmod(fd, in->mode & 0777) != 0)
        r = ERR_IO;
    close(fd);
    return r;
}

/* By descriptors of directories, so that no link of the image is followed.
 * Owners, devices and setuid bits stay behind: they would need root. */
static int extract_dir(const struct vfs_image *im, const struct image_inode *dir, int to)
{
    int r = 0;
    for (uint32_t i = 0; i < dir->more && !r; i++) {
        const struct image_entry *e = &im->entries[dir->data + i];
        const struct image_inode *in = &im->inodes[e->inode];
        struct timespec times[2] = {{.tv_sec = in->mtime_ns / 1000000000},
                                    {.tv_sec = in->mtime_ns / 1000000000}};
        size_t n;
        const char *name = image_name(im, e, &n);
        if (S_ISREG(in->mode)) {
            r = extract_file(im, in, to, name);
        } else if (S_ISLNK(in->mode)) {
            r = symlinkat(im->names + in->data, to, name) == 0 ? 0 : ERR_IO;
        } else if (S_ISDIR(in->mode)) {
            int below = -1;
            if (mkdirat(to, name, 0700) == 0)
                below = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            r = below < 0 ? ERR_IO : extract_dir(im, in, below);
            if (below >= 0 && fchmod(below, (in->mode & 0777) | 0700) != 0)
                r = ERR_IO;
            if (below >= 0)
                close(below);
        } else {
            continue;
        }
        if (!r && utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) != 0)
            r = ERR_IO;
        if (r)
            fail(name, strerror(errno));
    }
    return r;
}

static int cmd_extract(const struct vfs_image *im, const char *dir)
{
    if (mkdir(dir, 0755) != 0 && errno != EEXIST)
        return fail(dir, strerror(errno));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(dir, strerror(errno));
    int r = extract_dir(im, &im->inodes[0], fd);
    close(fd);
    return r != 0;
}

static int run(const char *verb, int argc, char **argv)
{
    struct vfs_image *own = NULL;
    const struct vfs_image *im;
    bool deep = argc > 0 && strcmp(argv[0], "-R") == 0;
    argc -= deep;
    argv += deep;
    const char *arg = argc > 1 ? argv[1] : NULL;
    if (argc < 1 || argc > 2)
        return 2;
    if (open_image(argv[0], &own, &im))
        return 1;
    int r = 2;
    if (strcmp(verb, "info") == 0 && !arg)
        r = cmd_info(im);
    else if (strcmp(verb, "ls") == 0)
        r = cmd_ls(im, arg ? arg : "/", deep);
    else if (strcmp(verb, "cat") == 0 && arg)
        r = cmd_cat(im, arg);
    else if (strcmp(verb, "texts") == 0)
        r = cmd_texts(im, arg);
    else if (strcmp(verb, "extract") == 0 && arg)
        r = cmd_extract(im, arg);
    vfs_image_close(own);
    return r;
}

int vfs_cmd_image(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "--help") == 0) {
        printf("%s", usage);
        return 0;
    }
    int r = strcmp(verb, "build") == 0 ? cmd_build(argc - 2, argv + 2)
            : argc > 2                 ? run(verb, argc - 2, argv + 2)
                                       : 2;
    if (r == 2)
        fputs(usage, stderr);
    return r;
}
