/* path.c -- calls that take a path: opening, looking, changing attributes.
 *
 * The walk checks search permission; this file and names.c check the rest
 * (write to the directory, sticky bit, read-only mounts, chattr bits) before
 * they ask the file system to act.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <dirent.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "vm/path.h"

struct vfs_walk proc_walk(struct proc *p)
{
    return (struct vfs_walk){
        .tree = &p->vm->tree,
        .cred = &p->cred,
        .ctx = p,
        .root = {p->vm->disk, p->vm->disk->root},
        .cwd = p->cwd,
    };
}

int path_stat(struct proc *p, const char *path, unsigned flags, struct vnode *v,
              struct vfs_stat *st)
{
    struct vfs_walk w = proc_walk(p);
    int err = vfs_walk(&w, path, flags, v);
    return err < 0 ? err : vfs_stat(*v, p, st);
}

int path_dir_writable(struct proc *p, struct vnode dir, struct vfs_stat *st)
{
    int err = vfs_stat(dir, p, st);
    if (err < 0)
        return err;
    if (dir.fs->readonly)
        return -EROFS;
    err = vfs_permitted(&p->cred, st, 2 | 1);
    if (err < 0)
        return err;
    return st->attrs & VFS_ATTR_IMMUTABLE ? -EPERM : 0;
}

int path_full(struct proc *p, int err)
{
    if (err == -ENOSPC || err == -EDQUOT)
        limit_hit(p->vm, p, LIMIT_DISK);
    return err;
}

bool path_strip_slash(char *last)
{
    size_t n = strlen(last);
    bool had = false;
    while (n && last[n - 1] == '/') {
        last[--n] = 0;
        had = true;
    }
    return had;
}

/* --- open files of the tree ------------------------------------------------------ */
static ssize_t vnode_read(struct proc *p, struct ofile *f, void *buf, size_t n)
{
    struct vfs_stat st;
    int err = vfs_stat(f->v, p, &st);
    if (err < 0)
        return err;
    if (S_ISDIR(st.mode))
        return -EISDIR;
    ssize_t got = vfs_read(f->v, p, buf, n, f->pos);
    if (got > 0)
        f->pos += got;
    return got;
}

static ssize_t vnode_write(struct proc *p, struct ofile *f, const void *buf, size_t n)
{
    if (f->flags & O_APPEND) {
        struct vfs_stat st;
        int err = vfs_stat(f->v, p, &st);
        if (err < 0)
            return err;
        f->pos = st.size;
    }
    ssize_t put = vfs_write(f->v, p, buf, n, f->pos);
    if (put < 0)
        return path_full(p, (int)put);
    f->pos += put;
    f->wrote = true;
    return put;
}

static void vnode_close(struct vm *vm, struct ofile *f)
{
    const struct vm_hooks *h = &vm->world->conf.hooks;
    if (f->wrote && h->file_written && f->path)
        h->file_written(h->ctx, vm, f->login, &(struct vm_written){f->path, f->writer, f->v});
}

const struct ofile_ops vnode_ops = {
    .read = vnode_read,
    .write = vnode_write,
    .close = vnode_close,
};

/* The path as an absolute one, for what shows it later. */
static char *path_absolute(struct proc *p, const char *path)
{
    char full[VFS_PATH_MAX];
    if (vm_realpath(p, path, full, sizeof(full)) < 0)
        str_copy(full, sizeof(full), path);
    return k_strdup(p->vm, full);
}

int node_open(struct proc *p, struct vnode v, const struct vfs_stat *st, const char *path,
              int flags, struct ofile **out)
{
    int err = 0;
    struct ofile *f = NULL;
    if (S_ISFIFO(st->mode))
        err = fifo_open(p, v, flags, &f);
    else if (S_ISCHR(st->mode) || S_ISBLK(st->mode))
        err = dev_open(p, st->rdev | (S_ISBLK(st->mode) ? UINT64_C(1) << 63 : 0), flags, &f);
    else if (S_ISSOCK(st->mode))
        err = -ENXIO;
    else
        f = ofile_new(p->vm, &vnode_ops, flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW));
    if (err < 0)
        return err;
    if (!f)
        return -ENFILE;
    if (!f->v.ino) {
        f->v = v;
        vfs_hold(v);
    }
    f->path = path_absolute(p, path);
    if (p->login && !f->login) {
        f->login = p->login;
        str_copy(f->writer, sizeof(f->writer), p->comm);
        login_ref(p->login);
    }
    *out = f;
    return 0;
}

/* "/dev/fd/3", "/proc/self/fd/3", "/dev/stdin": the number, or -1. */
static int fd_in_path(struct proc *p, const char *path)
{
    static const char *const std[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    char self[32];
    str_fmt(self, sizeof(self), "/proc/%d/fd/", p->pid);
    const char *const dirs[] = {"/dev/fd/", "/proc/self/fd/", self};
    for (int i = 0; i < 3; i++)
        if (strcmp(path, std[i]) == 0)
            return i;
    for (size_t i = 0; i < 3; i++) {
        int64_t fd;
        if (str_starts(path, dirs[i]) && str_int(path + strlen(dirs[i]), 0, INT32_MAX, &fd) == 0)
            return (int)fd;
    }
    return -1;
}

/* Opening a descriptor by its name: pipes and sockets are shared, files opened anew. */
static int open_fd(struct proc *p, int fd, int flags)
{
    struct ofile *f = fd_file(p, fd);
    if (!f)
        return -ENOENT;
    if (f->v.ino && f->ops == &vnode_ops) {
        struct vfs_stat st;
        struct ofile *again;
        int err = vfs_stat(f->v, p, &st);
        if (err == 0)
            err = node_open(p, f->v, &st, f->path ? f->path : "", flags, &again);
        return err < 0 ? err : fd_install(p, again, 0);
    }
    f->refs++;
    int got = fd_install(p, f, 0);
    if (got >= 0)
        p->fds[got].cloexec = (flags & O_CLOEXEC) != 0;
    return got;
}

static int create_file(struct proc *p, const char *path, uint32_t mode, struct vnode *v)
{
    char last[VFS_NAME_MAX + 2];
    struct vnode dir, existing;
    struct vfs_walk w = proc_walk(p);
    int err = vfs_walk_parent(&w, path, 0, &dir, last, &existing);
    if (err < 0)
        return err;
    if (path_strip_slash(last))
        return -EISDIR;
    if (existing.ino)
        return -EEXIST;
    struct vfs_stat ds;
    err = path_dir_writable(p, dir, &ds);
    if (err < 0)
        return err;
    if (!dir.fs->ops->create)
        return strcmp(dir.fs->ops->type, "proc") == 0 ? -ENOENT : -EACCES;
    v->fs = dir.fs;
    return path_full(p,
                     dir.fs->ops->create(dir.fs, p, dir.ino, last, &p->cred,
                                         S_IFREG | (mode & 07777 & ~p->umask), 0, NULL, &v->ino));
}

static int open_check(struct proc *p, struct vnode v, const struct vfs_stat *st, int flags)
{
    int acc = flags & O_ACCMODE;
    unsigned want = (acc != O_WRONLY ? 4u : 0u) | (acc != O_RDONLY ? 2u : 0u);
    bool writes = acc != O_RDONLY || (flags & O_TRUNC);
    if (S_ISLNK(st->mode))
        return -ELOOP;
    if (S_ISDIR(st->mode) && writes)
        return -EISDIR;
    if ((flags & O_DIRECTORY) && !S_ISDIR(st->mode))
        return -ENOTDIR;
    if (flags & O_TRUNC)
        want |= 2;
    int err = vfs_permitted(&p->cred, st, want);
    if (err < 0)
        return err;
    if (!writes || !S_ISREG(st->mode))
        return 0;
    if (v.fs->readonly)
        return -EROFS;
    /* Root may open what no mode bit lets anybody write, but not in sysfs. */
    if (!(st->mode & 0222) && strcmp(v.fs->ops->type, "sysfs") == 0)
        return -EACCES;
    if (st->attrs & VFS_ATTR_IMMUTABLE)
        return -EPERM;
    if ((st->attrs & VFS_ATTR_APPEND) && (!(flags & O_APPEND) || (flags & O_TRUNC)))
        return -EPERM;
    return 0;
}

int vm_open(struct proc *p, const char *path, int flags, uint32_t mode)
{
    struct vnode v = {0};
    struct vfs_stat st;
    bool made = false;
    BURN(p, 3);
    int fd = fd_in_path(p, path);
    if (fd >= 0)
        return open_fd(p, fd, flags);
    struct vfs_walk w = proc_walk(p);
    int err = vfs_walk(&w, path, flags & O_NOFOLLOW ? VFS_WALK_NOFOLLOW : 0, &v);
    if (err == -ENOENT && (flags & O_CREAT)) {
        err = create_file(p, path, mode, &v);
        made = err == 0;
    } else if (err == 0 && (flags & O_CREAT) && (flags & O_EXCL)) {
        err = -EEXIST;
    }
    if (err < 0)
        return err;
    err = vfs_stat(v, p, &st);
    if (err == 0 && (flags & O_CREAT) && S_ISDIR(st.mode))
        err = -EISDIR;
    if (err == 0 && !made)
        err = open_check(p, v, &st, flags);
    if (err < 0)
        return err;
    if ((flags & O_TRUNC) && !made && S_ISREG(st.mode)) {
        struct vfs_setattr a = {.what = VFS_SET_SIZE, .size = 0};
        err = vfs_setattr(v, p, &a);
        if (err < 0 && v.fs->ops->setattr)
            return path_full(p, err);
    }
    struct ofile *f;
    err = node_open(p, v, &st, path, flags, &f);
    if (err < 0)
        return err;
    if (made || ((flags & O_TRUNC) && st.size))
        f->wrote = (flags & O_ACCMODE) != O_RDONLY;
    return fd_install(p, f, 0);
}

/* --- offsets ------------------------------------------------------------------------ */
ssize_t vm_pread(struct proc *p, int fd, void *buf, size_t n, int64_t off)
{
    BURN(p, 1 + n / 1024);
    struct ofile *f = fd_file(p, fd);
    if (!f || (f->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (f->ops != &vnode_ops)
        return -ESPIPE;
    return off < 0 ? -EINVAL : vfs_read(f->v, p, buf, n, off);
}

int64_t vm_lseek(struct proc *p, int fd, int64_t off, int whence)
{
    BURN(p, 1);
    struct ofile *f = fd_file(p, fd);
    struct vfs_stat st;
    int64_t base = 0;
    if (!f)
        return -EBADF;
    if (!f->v.ino || f->ops != &vnode_ops)
        return f->v.ino && !ofile_tty(f) && !f->obj ? 0 : -ESPIPE; /* devices: anywhere */
    if (whence == SEEK_CUR)
        base = f->pos;
    else if (whence == SEEK_END) {
        int err = vfs_stat(f->v, p, &st);
        if (err < 0)
            return err;
        base = st.size;
    } else if (whence != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, off, &base) || base < 0)
        return -EINVAL;
    return f->pos = base;
}

/* --- looking --------------------------------------------------------------------------- */
int vm_stat(struct proc *p, const char *path, struct vfs_stat *st)
{
    struct vnode v;
    BURN(p, 2);
    int fd = fd_in_path(p, path);
    if (fd >= 0)
        return fd_file(p, fd) ? vm_fstat(p, fd, st) : -ENOENT;
    return path_stat(p, path, 0, &v, st);
}

int vm_lstat(struct proc *p, const char *path, struct vfs_stat *st)
{
    struct vnode v;
    BURN(p, 2);
    return path_stat(p, path, VFS_WALK_NOFOLLOW, &v, st);
}

int vm_fstat(struct proc *p, int fd, struct vfs_stat *st)
{
    BURN(p, 1);
    struct ofile *f = fd_file(p, fd);
    if (!f)
        return -EBADF;
    if (f->v.ino)
        return vfs_stat(f->v, p, st);
    char name[64];
    f->ops->name(f, name, sizeof(name));
    *st = (struct vfs_stat){.dev = 14, .nlink = 1, .blksize = 4096, .mode = S_IFIFO | 0600};
    if (str_starts(name, "socket"))
        st->mode = S_IFSOCK | 0777;
    const char *id = strchr(name, '[');
    st->ino = id ? strtoull(id + 1, NULL, 10) : 1;
    st->uid = p->cred.uid;
    st->gid = p->cred.gid;
    st->atime = st->mtime = st->ctime = vm_now(p);
    return 0;
}

ssize_t vm_readlink(struct proc *p, const char *path, char *out, size_t n)
{
    struct vnode v;
    struct vfs_stat st;
    BURN(p, 2);
    int err = path_stat(p, path, VFS_WALK_NOFOLLOW, &v, &st);
    if (err < 0)
        return err;
    if (!S_ISLNK(st.mode))
        return -EINVAL;
    ssize_t got = vfs_readlink(v, p, out, n);
    if (got >= 0 && (size_t)got < n)
        out[got] = 0;
    return got;
}

int vm_access(struct proc *p, const char *path, int mode)
{
    struct vfs_stat st;
    int err = vm_stat(p, path, &st);
    if (err < 0 || mode == 0)
        return err;
    struct vnode v;
    struct vfs_walk w = proc_walk(p);
    if ((mode & 2) && vfs_walk(&w, path, 0, &v) == 0 && v.fs->readonly)
        return -EROFS;
    return vfs_permitted(&p->cred, &st, (unsigned)mode & 7);
}

int vm_realpath(struct proc *p, const char *path, char *out, size_t n)
{
    struct vnode v, dir;
    struct vfs_stat st;
    struct vfs_walk w = proc_walk(p);
    int err = path_stat(p, path, 0, &v, &st);
    if (err < 0)
        return err;
    if (S_ISDIR(st.mode)) {
        int len = vfs_path_of(&w, v, out, n);
        return len < 0 ? len : 0;
    }
    /* A file has no way up: follow the links to its last name by hand. */
    char at[VFS_PATH_MAX], last[VFS_NAME_MAX + 2];
    if (!str_copy(at, sizeof(at), path))
        return -ENAMETOOLONG;
    for (int i = 0; i < VFS_LINKS_MAX; i++) {
        struct vnode node;
        err = vfs_walk_parent(&w, at, VFS_WALK_NOFOLLOW, &dir, last, &node);
        if (err < 0)
            return err;
        path_strip_slash(last);
        int len = vfs_path_of(&w, dir, out, n);
        if (len < 0)
            return len;
        err = vfs_stat(node, p, &st);
        if (err < 0)
            return err;
        if (!S_ISLNK(st.mode)) {
            size_t k = strlen(out);
            return str_fmt(out + k, n - k, "%s%s", k > 1 ? "/" : "", last) ? 0 : -ENAMETOOLONG;
        }
        char target[VFS_PATH_MAX];
        ssize_t got = vfs_readlink(node, p, target, sizeof(target) - 1);
        if (got < 0)
            return (int)got;
        target[got] = 0;
        if (!str_fmt(at, sizeof(at), "%s%s%s", target[0] == '/' ? "" : out,
                     target[0] == '/' ? "" : "/", target))
            return -ENAMETOOLONG;
    }
    return -ELOOP;
}

int vm_statfs(struct proc *p, const char *path, uint64_t *blocks, uint64_t *bfree, uint64_t *files,
              uint64_t *ffree)
{
    struct vnode v;
    struct vfs_walk w = proc_walk(p);
    BURN(p, 2);
    *blocks = *bfree = *files = *ffree = 0;
    int err = vfs_walk(&w, path, 0, &v);
    if (err < 0)
        return err;
    return v.fs->ops->statfs ? v.fs->ops->statfs(v.fs, blocks, bfree, files, ffree) : 0;
}

/* --- changing attributes ------------------------------------------------------------------ */
static bool owns(const struct proc *p, const struct vfs_stat *st)
{
    return p->cred.uid == 0 || p->cred.uid == st->uid;
}

static bool in_group(const struct proc *p, uint32_t gid)
{
    if (p->cred.gid == gid)
        return true;
    for (unsigned i = 0; i < p->cred.ngroups; i++)
        if (p->cred.groups[i] == gid)
            return true;
    return false;
}

static int set_checked(struct proc *p, struct vnode v, const struct vfs_stat *st,
                       const struct vfs_setattr *a)
{
    if (v.fs->readonly)
        return -EROFS;
    if (st->attrs & (VFS_ATTR_IMMUTABLE | VFS_ATTR_APPEND) && !(a->what & VFS_SET_ATTRS))
        return -EPERM;
    return path_full(p, vfs_setattr(v, p, a));
}

static int chmod_node(struct proc *p, struct vnode v, const struct vfs_stat *st, uint32_t mode)
{
    if (!owns(p, st))
        return -EPERM;
    if (p->cred.uid && !in_group(p, st->gid))
        mode &= ~(uint32_t)S_ISGID;
    struct vfs_setattr a = {.what = VFS_SET_MODE, .mode = mode & 07777};
    return set_checked(p, v, st, &a);
}

int vm_chmod(struct proc *p, const char *path, uint32_t mode)
{
    struct vnode v;
    struct vfs_stat st;
    BURN(p, 3);
    int err = path_stat(p, path, 0, &v, &st);
    return err < 0 ? err : chmod_node(p, v, &st, mode);
}

int vm_fchmod(struct proc *p, int fd, uint32_t mode)
{
    struct vfs_stat st;
    int err = vm_fstat(p, fd, &st);
    if (err < 0)
        return err;
    struct ofile *f = fd_file(p, fd);
    return f->v.ino ? chmod_node(p, f->v, &st, mode) : 0;
}

int vm_chown(struct proc *p, const char *path, int64_t uid, int64_t gid, bool follow)
{
    struct vnode v;
    struct vfs_stat st;
    BURN(p, 3);
    int err = path_stat(p, path, follow ? 0 : VFS_WALK_NOFOLLOW, &v, &st);
    if (err < 0)
        return err;
    if (p->cred.uid && ((uid >= 0 && (uint32_t)uid != st.uid) || p->cred.uid != st.uid ||
                        (gid >= 0 && !in_group(p, (uint32_t)gid))))
        return -EPERM;
    struct vfs_setattr a = {.uid = (uint32_t)uid, .gid = (uint32_t)gid};
    a.what = (uid >= 0 ? VFS_SET_UID : 0) | (gid >= 0 ? VFS_SET_GID : 0);
    if (S_ISREG(st.mode) && (st.mode & (S_ISUID | S_ISGID))) {
        a.what |= VFS_SET_MODE;
        /* Without the group's x the bit means something else: it stays. */
        a.mode = st.mode & 07777 & ~(uint32_t)(S_ISUID | (st.mode & S_IXGRP ? S_ISGID : 0));
    }
    return a.what ? set_checked(p, v, &st, &a) : 0;
}

int vm_utimens(struct proc *p, const char *path, const struct timespec times[2], bool follow)
{
    struct vnode v;
    struct vfs_stat st;
    BURN(p, 3);
    int err = path_stat(p, path, follow ? 0 : VFS_WALK_NOFOLLOW, &v, &st);
    if (err < 0)
        return err;
    struct timespec now = vm_now(p);
    struct vfs_setattr a = {.what = VFS_SET_ATIME | VFS_SET_MTIME, .atime = now, .mtime = now};
    bool all_now = !times || (times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW);
    if (times && times[0].tv_nsec == UTIME_OMIT)
        a.what &= ~(unsigned)VFS_SET_ATIME;
    else if (times && times[0].tv_nsec != UTIME_NOW)
        a.atime = times[0];
    if (times && times[1].tv_nsec == UTIME_OMIT)
        a.what &= ~(unsigned)VFS_SET_MTIME;
    else if (times && times[1].tv_nsec != UTIME_NOW)
        a.mtime = times[1];
    if (!owns(p, &st)) {
        if (!all_now)
            return -EPERM;
        err = vfs_permitted(&p->cred, &st, 2);
        if (err < 0)
            return err;
    }
    return a.what ? set_checked(p, v, &st, &a) : 0;
}

int vm_getattrs(struct proc *p, const char *path, uint32_t *attrs)
{
    struct vnode v;
    struct vfs_stat st;
    BURN(p, 2);
    int err = path_stat(p, path, 0, &v, &st);
    if (err < 0)
        return err;
    if (strcmp(v.fs->ops->type, "ext4") != 0)
        return -ENOTTY;
    if (!S_ISREG(st.mode) && !S_ISDIR(st.mode))
        return -EOPNOTSUPP;
    *attrs = st.attrs;
    return 0;
}

int vm_setattrs(struct proc *p, const char *path, uint32_t attrs)
{
    struct vnode v;
    struct vfs_stat st;
    uint32_t now;
    int err = vm_getattrs(p, path, &now);
    if (err == 0)
        err = path_stat(p, path, 0, &v, &st);
    if (err < 0)
        return err;
    if (!owns(p, &st) || ((now ^ attrs) & (VFS_ATTR_IMMUTABLE | VFS_ATTR_APPEND) && p->cred.uid))
        return -EPERM;
    struct vfs_setattr a = {.what = VFS_SET_ATTRS, .attrs = attrs};
    return set_checked(p, v, &st, &a);
}

static int truncate_node(struct proc *p, struct vnode v, const struct vfs_stat *st, int64_t size)
{
    if (size < 0)
        return -EINVAL;
    if (S_ISDIR(st->mode))
        return -EISDIR;
    if (!S_ISREG(st->mode))
        return -EINVAL;
    struct vfs_setattr a = {.what = VFS_SET_SIZE, .size = size};
    return set_checked(p, v, st, &a);
}

int vm_truncate(struct proc *p, const char *path, int64_t size)
{
    struct vnode v;
    struct vfs_stat st;
    BURN(p, 3);
    int err = path_stat(p, path, 0, &v, &st);
    if (err == 0)
        err = vfs_permitted(&p->cred, &st, 2);
    return err < 0 ? err : truncate_node(p, v, &st, size);
}

int vm_ftruncate(struct proc *p, int fd, int64_t size)
{
    struct vfs_stat st;
    int err = vm_fstat(p, fd, &st);
    if (err < 0)
        return err;
    struct ofile *f = fd_file(p, fd);
    if ((f->flags & O_ACCMODE) == O_RDONLY || f->ops != &vnode_ops)
        return -EINVAL;
    f->wrote = true;
    return truncate_node(p, f->v, &st, size);
}

/* --- where a process is -------------------------------------------------------------------------
 */
int vm_chdir(struct proc *p, const char *path)
{
    struct vnode v;
    struct vfs_stat st;
    BURN(p, 2);
    int err = path_stat(p, path, 0, &v, &st);
    if (err < 0)
        return err;
    if (!S_ISDIR(st.mode))
        return -ENOTDIR;
    err = vfs_permitted(&p->cred, &st, 1);
    if (err < 0)
        return err;
    vfs_hold(v);
    vfs_drop(p->cwd);
    p->cwd = v;
    return 0;
}

int vm_getcwd(struct proc *p, char *out, size_t n)
{
    struct vfs_walk w = proc_walk(p);
    int len = vfs_path_of(&w, p->cwd, out, n);
    return len == -ENAMETOOLONG ? -ERANGE : len;
}

uint32_t vm_umask(struct proc *p, uint32_t mask)
{
    uint32_t old = p->umask;
    p->umask = mask & 0777;
    return old;
}

/* --- directories
 * ------------------------------------------------------------------------------------ */
/* A real program has the directory open while it reads it. That shows in one
 * place only: the list of its own descriptors. There it stays open. */
static void show_own_descriptor(struct proc *p, struct vnode dir)
{
    struct vfs_walk w = proc_walk(p);
    char full[64], own[64];
    struct vfs_stat st;
    struct ofile *f;
    if (dir.fs != &p->vm->proc_fs.fs || vfs_path_of(&w, dir, full, sizeof(full)) < 0 ||
        !str_fmt(own, sizeof(own), "/proc/%d/fd", p->pid) || strcmp(full, own) != 0)
        return;
    if (vfs_stat(dir, p, &st) == 0 && node_open(p, dir, &st, full, O_RDONLY | O_CLOEXEC, &f) == 0)
        (void)fd_install(p, f, 3);
}

/* Room for names at first; it doubles, so the number of names tells the room. */
enum { FEW_NAMES = 32 };

void vm_readdir_free(struct proc *p, struct vm_dirent *all, int n)
{
    size_t cap = FEW_NAMES;
    while (cap < (size_t)n + 1)
        cap *= 2;
    for (int i = 0; i < n; i++)
        vm_release(p, all[i].name, strlen(all[i].name) + 1);
    vm_release(p, all, cap * sizeof(*all));
}

int vm_readdir(struct proc *p, const char *path, struct vm_dirent **out)
{
    struct vnode v;
    struct vfs_stat st;
    BURN(p, 3);
    int err = path_stat(p, path, 0, &v, &st);
    if (err < 0)
        return err;
    if (!S_ISDIR(st.mode))
        return -ENOTDIR;
    err = vfs_permitted(&p->cred, &st, 4);
    if (err < 0)
        return err;
    show_own_descriptor(p, v);
    size_t cap = FEW_NAMES, n = 0;
    struct vm_dirent *all = vm_alloc(p, cap * sizeof(*all));
    uint64_t cookie = 0;
    struct vfs_dirent e;
    while ((err = vfs_readdir(v, p, &cookie, &e)) > 0) {
        if (n + 1 == cap) {
            struct vm_dirent *more = vm_alloc(p, 2 * cap * sizeof(*all));
            memcpy(more, all, n * sizeof(*all));
            vm_release(p, all, cap * sizeof(*all));
            all = more;
            cap *= 2;
        }
        char *name = vm_alloc(p, e.name_len + 1);
        memcpy(name, e.name, e.name_len);
        all[n++] = (struct vm_dirent){name, e.ino, e.type};
    }
    if (err < 0)
        return err;
    all[n].name = NULL;
    BURN(p, n / 8);
    *out = all;
    return (int)n;
}
