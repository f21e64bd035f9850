/* tar_write.c -- tar c: files and directories as an archive in GNU format.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/tar.h"

struct tar_link {
    uint64_t dev, ino;
    const char *name;
    struct tar_link *next;
};

static void put(struct tar *t, const void *buf, size_t n)
{
    int e = pack_write(t->pack, buf, n);
    if (e) {
        cmd_warn_err(t->r, e, "%s: Cannot write", t->file);
        tar_die(t);
    }
    t->total += n;
}

static void pad(struct tar *t, uint64_t size, size_t unit)
{
    static const char zeros[TAR_BLOCK];
    for (size_t n = (unit - size % unit) % unit; n;) {
        size_t k = n < TAR_BLOCK ? n : TAR_BLOCK;
        put(t, zeros, k);
        n -= k;
    }
}

/* Octal digits with a final NUL; numbers too large in base 256. */
static void number(char *at, size_t n, uint64_t v)
{
    if (v >> 3 * (n - 1)) {
        for (size_t i = n; i-- > 1; v >>= 8)
            at[i] = (char)v;
        at[0] = (char)0x80;
        return;
    }
    char text[24];
    snprintf(text, sizeof(text), "%0*llo", (int)n - 1, (unsigned long long)v);
    memcpy(at, text, n);
}

static void put_header(struct tar *t, struct tar_header *h)
{
    unsigned sum = 0;
    memcpy(h->magic, "ustar  ", 8);
    memset(h->sum, ' ', 8);
    for (size_t i = 0; i < sizeof(*h); i++)
        sum += ((unsigned char *)h)[i];
    char text[16];
    snprintf(text, sizeof(text), "%06o", sum & 0777777);
    memcpy(h->sum, text, 7);
    put(t, h, sizeof(*h));
}

/* A name longer than its field comes first, as a member of its own. */
static void put_long(struct tar *t, char type, const char *name)
{
    struct tar_header h = {.type = type};
    memcpy(h.name, "././@LongLink", 13);
    number(h.mode, 8, 0644);
    number(h.uid, 8, 0);
    number(h.gid, 8, 0);
    number(h.size, 12, strlen(name) + 1);
    number(h.mtime, 12, 0);
    memcpy(h.uname, "root", 4);
    memcpy(h.gname, "root", 4);
    put_header(t, &h);
    put(t, name, strlen(name) + 1);
    pad(t, strlen(name) + 1, TAR_BLOCK);
}

static void field(char *to, size_t n, const char *from)
{
    size_t len = strlen(from);
    memcpy(to, from, len < n ? len : n);
}

static void put_member(struct tar *t, const char *name, const char *link, const struct vfs_stat *st,
                       char type)
{
    struct tar_header h = {.type = type};
    if (link && strlen(link) > sizeof(h.link))
        put_long(t, 'K', link);
    if (strlen(name) > sizeof(h.name))
        put_long(t, 'L', name);
    field(h.name, sizeof(h.name), name);
    if (link)
        field(h.link, sizeof(h.link), link);
    number(h.mode, 8, st->mode & 07777);
    number(h.uid, 8, st->uid);
    number(h.gid, 8, st->gid);
    number(h.size, 12, type == '0' ? (uint64_t)st->size : 0);
    number(h.mtime, 12, (uint64_t)(st->mtime.tv_sec < 0 ? 0 : st->mtime.tv_sec));
    const char *u = cmd_user_name(t->r, st->uid), *g = cmd_group_name(t->r, st->gid);
    field(h.uname, sizeof(h.uname) - 1, u ? u : "");
    field(h.gname, sizeof(h.gname) - 1, g ? g : "");
    if (type == '3' || type == '4') {
        number(h.major, 8, st->rdev >> 8 & 0xfff);
        number(h.minor, 8, st->rdev & 0xff);
    }
    struct vfs_stat shown = *st;
    if (type == '1' || type == '2')
        shown.size = 0;
    if (t->verbose)
        tar_show(t, &shown, name, link, tar_user_group(t, u, st->uid, g, st->gid));
    put_header(t, &h);
}

static void put_file(struct tar *t, const char *path, const char *name, const struct vfs_stat *st)
{
    struct proc *p = t->r->p;
    int fd = vm_open(p, path, O_RDONLY, 0);
    if (fd < 0) {
        tar_fail(t, fd, path, "Cannot open");
        return;
    }
    put_member(t, name, NULL, st, '0');
    char *block = vm_alloc(p, TAR_RECORD);
    uint64_t left = (uint64_t)st->size;
    while (left) {
        ssize_t n = vm_read(p, fd, block, left < TAR_RECORD ? left : TAR_RECORD);
        if (n <= 0) {
            if (n < 0)
                tar_fail(t, (int)n, path, "Cannot read");
            else
                cmd_warn(t->r, "%s: File shrank by %llu bytes; padding with zeros", path,
                         (unsigned long long)left);
            memset(block, 0, TAR_RECORD);
            n = (ssize_t)(left < TAR_RECORD ? left : TAR_RECORD);
        }
        put(t, block, (size_t)n);
        left -= (uint64_t)n;
    }
    pad(t, (uint64_t)st->size, TAR_BLOCK);
    vm_release(p, block, TAR_RECORD);
    vm_close(p, fd);
}

/* The name under which the same file was stored before, or NULL. */
static const char *met_before(struct tar *t, const struct vfs_stat *st, const char *name)
{
    if (st->nlink < 2 || S_ISDIR(st->mode))
        return NULL;
    for (struct tar_link *l = t->links; l; l = l->next)
        if (l->ino == st->ino && l->dev == st->dev)
            return l->name;
    struct tar_link *l = vm_alloc(t->r->p, sizeof(*l));
    *l = (struct tar_link){st->dev, st->ino, vm_strdup(t->r->p, name), t->links};
    t->links = l;
    return NULL;
}

static void add(struct tar *t, const char *path, bool top);

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct vm_dirent *)a)->name, ((const struct vm_dirent *)b)->name);
}

static void add_folder(struct tar *t, const char *path, const struct vfs_stat *st)
{
    struct vm_dirent *list;
    size_t n = strlen(path);
    const char *slashed = n && path[n - 1] == '/' ? path : vm_asprintf(t->r->p, "%s/", path);
    int count = vm_readdir(t->r->p, path, &list);
    if (count < 0) {
        tar_fail(t, count, path, "Cannot open");
        return;
    }
    if (t->sort)
        qsort(list, (size_t)count, sizeof(*list), by_name);
    const char *name = tar_safe(t, slashed, false);
    put_member(t, !strcmp(name, ".") ? "./" : name, NULL, st, '5');
    if (!t->no_recursion && !vm_deep(t->r->p))
        for (int i = 0; i < count; i++)
            add(t, vm_asprintf(t->r->p, "%s%s", slashed, list[i].name), false);
    if (t->remove)
        vm_rmdir(t->r->p, path);
}

static void add(struct tar *t, const char *path, bool top)
{
    struct proc *p = t->r->p;
    struct vfs_stat st, self;
    char target[VFS_PATH_MAX];
    int e = t->follow ? vm_stat(p, path, &st) : vm_lstat(p, path, &st);
    if (e < 0) {
        tar_fail(t, e, path, "Cannot stat");
        return;
    }
    if (tar_excluded(t, path) && (!top || t->excludes))
        return;
    if (S_ISDIR(st.mode)) {
        add_folder(t, path, &st);
        return;
    }
    if (S_ISREG(st.mode) && strcmp(t->file, "-") && !vm_fstat(p, t->fd, &self) &&
        self.ino == st.ino && self.dev == st.dev) {
        cmd_warn(t->r, "%s: file is the archive; not dumped", path);
        return;
    }
    const char *name = tar_safe(t, path, false);
    const char *twin = met_before(t, &st, name);
    if (S_ISSOCK(st.mode)) {
        cmd_warn(t->r, "%s: socket ignored", path);
        return;
    }
    if (twin) {
        put_member(t, name, tar_safe(t, twin, true), &st, '1');
    } else if (S_ISLNK(st.mode)) {
        ssize_t n = vm_readlink(p, path, target, sizeof(target) - 1);
        target[n < 0 ? 0 : n] = '\0';
        put_member(t, name, target, &st, '2');
    } else if (S_ISREG(st.mode)) {
        put_file(t, path, name, &st);
    } else {
        put_member(t, name, NULL, &st, S_ISCHR(st.mode) ? '3' : S_ISBLK(st.mode) ? '4' : '6');
    }
    if (t->remove)
        vm_unlink(p, path);
}

void tar_create(struct tar *t)
{
    for (int i = 0; i < t->r->argc; i++)
        add(t, t->r->argv[i], true);
    static const char end[2 * TAR_BLOCK];
    put(t, end, sizeof(end));
    pad(t, t->total, TAR_RECORD);
    int e = pack_finish(t->pack);
    if (e) {
        cmd_warn_err(t->r, e, "%s: Cannot write", t->file);
        tar_die(t);
    }
}
