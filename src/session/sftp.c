/* sftp.c -- the emulated /usr/lib/openssh/sftp-server: SFTP version 3 with
 * OpenSSH's extensions, on the machine's own disk.
 *
 * It is a program like any other: sshd starts it for the subsystem, it reads
 * requests on standard input and answers on standard output, and what it opens
 * and writes is seen by the shell (draft-ietf-secsh-filexfer-02, OpenSSH's
 * PROTOCOL). One request is one function in a table; a request that is cut
 * short ends the program, as it does the real one.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "session/sftp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/str.h"
#include "session/sftp_text.h"
#include "vm/stdio.h"

enum {
    PACKET_MAX = 256 * 1024,
    READ_MAX = PACKET_MAX - 1024,
    HANDLES = 100,
    NAMES_A_READDIR = 100,
};

enum {
    FXP_INIT = 1,
    FXP_VERSION,
    FXP_OPEN,
    FXP_CLOSE,
    FXP_READ,
    FXP_WRITE,
    FXP_LSTAT,
    FXP_FSTAT,
    FXP_SETSTAT,
    FXP_FSETSTAT,
    FXP_OPENDIR,
    FXP_READDIR,
    FXP_REMOVE,
    FXP_MKDIR,
    FXP_RMDIR,
    FXP_REALPATH,
    FXP_STAT,
    FXP_RENAME,
    FXP_READLINK,
    FXP_SYMLINK,
    FXP_STATUS = 101,
    FXP_HANDLE,
    FXP_DATA,
    FXP_NAME,
    FXP_ATTRS,
    FXP_EXTENDED = 200,
    FXP_EXTENDED_REPLY,
};

enum {
    ATTR_SIZE = 1,
    ATTR_UIDGID = 2,
    ATTR_PERMISSIONS = 4,
    ATTR_ACMODTIME = 8,
    ATTR_EXTENDED = 1u << 31
};
enum { PF_READ = 1, PF_WRITE = 2, PF_APPEND = 4, PF_CREAT = 8, PF_TRUNC = 16, PF_EXCL = 32 };

enum status {
    FX_OK,
    FX_EOF,
    FX_NO_SUCH_FILE,
    FX_PERMISSION_DENIED,
    FX_FAILURE,
    FX_BAD_MESSAGE,
    FX_NO_CONNECTION,
    FX_CONNECTION_LOST,
    FX_OP_UNSUPPORTED,
};

static const char *const status_texts[] = {
    "Success",     "End of file",   "No such file",    "Permission denied",     "Failure",
    "Bad message", "No connection", "Connection lost", "Operation unsupported",
};

struct handle {
    bool used, dir, append;
    int fd;                    /* of a file */
    char *path;                /* of a directory */
    struct vm_dirent *entries; /* of a directory: . and .. come first */
    size_t n, next;
};

struct sftp {
    struct proc *p;
    struct buf in, out; /* in: the request's payload */
    struct handle handles[HANDLES];
    uint32_t id, version;
    struct arena *scratch; /* of one request */
};

struct attrs {
    uint32_t flags, uid, gid, perm, atime, mtime;
    uint64_t size;
};

/* --- answers ------------------------------------------------------------------ */

static enum status status_of(int err)
{
    switch (err < 0 ? -err : err) {
    case 0:
        return FX_OK;
    case ENOENT:
    case ENOTDIR:
    case EBADF:
    case ELOOP:
        return FX_NO_SUCH_FILE;
    case EPERM:
    case EACCES:
    case EFAULT:
        return FX_PERMISSION_DENIED;
    case ENAMETOOLONG:
    case EINVAL:
        return FX_BAD_MESSAGE;
    case ENOSYS:
        return FX_OP_UNSUPPORTED;
    default:
        return FX_FAILURE;
    }
}

/* Sends what was put after start: the length goes in front. */
static int send_packet(struct sftp *s)
{
    uint8_t length[4];
    uint32_t n = (uint32_t)buf_len(&s->out);
    ssize_t r;

    for (int i = 0; i < 4; i++)
        length[i] = (uint8_t)(n >> (24 - 8 * i));
    r = vm_write_all(s->p, 1, length, 4);
    if (r >= 0)
        r = vm_write_all(s->p, 1, buf_ptr(&s->out), n);
    buf_clear(&s->out);
    return r < 0 ? ERR_IO : 0;
}

static int begin(struct sftp *s, uint8_t type)
{
    int r;

    buf_clear(&s->out);
    r = buf_put_u8(&s->out, type);
    return r < 0 ? r : buf_put_u32(&s->out, s->id);
}

static int reply_status(struct sftp *s, enum status st)
{
    int r = begin(s, FXP_STATUS);

    if (r == 0)
        r = buf_put_u32(&s->out, st);
    if (r == 0 && s->version >= 3) {
        r = buf_put_cstring(&s->out, status_texts[st]);
        if (r == 0)
            r = buf_put_cstring(&s->out, "");
    }
    return r < 0 ? r : send_packet(s);
}

static int reply_err(struct sftp *s, int err)
{
    return reply_status(s, status_of(err));
}

static int put_attrs(struct buf *b, const struct vfs_stat *st)
{
    int r = buf_put_u32(b, ATTR_SIZE | ATTR_UIDGID | ATTR_PERMISSIONS | ATTR_ACMODTIME);

    if (r == 0)
        r = buf_put_u64(b, (uint64_t)st->size);
    if (r == 0)
        r = buf_put_u32(b, st->uid);
    if (r == 0)
        r = buf_put_u32(b, st->gid);
    if (r == 0)
        r = buf_put_u32(b, st->mode);
    if (r == 0)
        r = buf_put_u32(b, (uint32_t)st->atime.tv_sec);
    if (r == 0)
        r = buf_put_u32(b, (uint32_t)st->mtime.tv_sec);
    return r;
}

static int reply_attrs(struct sftp *s, const struct vfs_stat *st)
{
    int r = begin(s, FXP_ATTRS);

    if (r == 0)
        r = put_attrs(&s->out, st);
    return r < 0 ? r : send_packet(s);
}

/* One name without attributes: realpath, readlink. */
static int reply_name(struct sftp *s, const char *name)
{
    int r = begin(s, FXP_NAME);

    if (r == 0)
        r = buf_put_u32(&s->out, 1);
    if (r == 0)
        r = buf_put_cstring(&s->out, name);
    if (r == 0)
        r = buf_put_cstring(&s->out, name);
    if (r == 0)
        r = buf_put_u32(&s->out, 0);
    return r < 0 ? r : send_packet(s);
}

/* --- requests: their parts ------------------------------------------------------ */

static int get_text(struct sftp *s, char **out)
{
    const uint8_t *p;
    size_t n;
    int r = buf_get_string(&s->in, &p, &n);

    if (r < 0 || memchr(p, 0, n))
        return ERR_FORMAT;
    *out = arena_memdup(s->scratch, p, n);
    if (!**out)
        *out = arena_strdup(s->scratch, ".");
    return *out ? 0 : ERR_NOMEM;
}

static int get_attrs(struct sftp *s, struct attrs *a)
{
    int r = buf_get_u32(&s->in, &a->flags);

    if (r == 0 && (a->flags & ATTR_SIZE))
        r = buf_get_u64(&s->in, &a->size);
    if (r == 0 && (a->flags & ATTR_UIDGID)) {
        r = buf_get_u32(&s->in, &a->uid);
        if (r == 0)
            r = buf_get_u32(&s->in, &a->gid);
    }
    if (r == 0 && (a->flags & ATTR_PERMISSIONS))
        r = buf_get_u32(&s->in, &a->perm);
    if (r == 0 && (a->flags & ATTR_ACMODTIME)) {
        r = buf_get_u32(&s->in, &a->atime);
        if (r == 0)
            r = buf_get_u32(&s->in, &a->mtime);
    }
    return r;
}

/* *h is NULL for a handle that is none of ours. */
static int get_handle(struct sftp *s, struct handle **h)
{
    const uint8_t *p;
    size_t n;
    uint32_t i = HANDLES;
    int r = buf_get_string(&s->in, &p, &n);

    if (r < 0)
        return r;
    if (n == 4)
        i = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    *h = i < HANDLES && s->handles[i].used ? &s->handles[i] : NULL;
    return 0;
}

static struct handle *free_handle(struct sftp *s)
{
    for (size_t i = 0; i < HANDLES; i++)
        if (!s->handles[i].used) {
            s->handles[i] = (struct handle){.used = true, .fd = -1};
            return &s->handles[i];
        }
    return NULL;
}

static int reply_handle(struct sftp *s, const struct handle *h)
{
    uint32_t i = (uint32_t)(h - s->handles);
    uint8_t name[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
    int r = begin(s, FXP_HANDLE);

    if (r == 0)
        r = buf_put_string(&s->out, name, 4);
    return r < 0 ? r : send_packet(s);
}

/* --- files ------------------------------------------------------------------------ */

static int do_open(struct sftp *s)
{
    struct attrs a = {0};
    struct handle *h;
    uint32_t pf;
    int flags, fd, r;
    char *path;

    if ((r = get_text(s, &path)) < 0 || (r = buf_get_u32(&s->in, &pf)) < 0 ||
        (r = get_attrs(s, &a)) < 0)
        return r;
    flags = (pf & PF_READ) && (pf & PF_WRITE) ? O_RDWR : (pf & PF_WRITE) ? O_WRONLY : O_RDONLY;
    if (pf & PF_WRITE)
        flags |= (pf & PF_APPEND ? O_APPEND : 0) | (pf & PF_CREAT ? O_CREAT : 0) |
                 (pf & PF_TRUNC ? O_TRUNC : 0) | (pf & PF_EXCL ? O_EXCL : 0);
    h = free_handle(s);
    if (!h)
        return reply_status(s, FX_FAILURE);
    fd = vm_open(s->p, path, flags, a.flags & ATTR_PERMISSIONS ? a.perm & 07777 : 0666);
    if (fd < 0) {
        h->used = false;
        return reply_err(s, fd);
    }
    h->fd = fd;
    h->append = pf & PF_APPEND;
    return reply_handle(s, h);
}

static int do_close(struct sftp *s)
{
    struct handle *h;
    int r = get_handle(s, &h);

    if (r < 0)
        return r;
    if (!h)
        return reply_status(s, FX_NO_SUCH_FILE);
    r = h->dir ? 0 : vm_close(s->p, h->fd);
    if (h->dir) {
        for (size_t i = 0; i < h->n; i++)
            vm_release(s->p, h->entries[i].name, strlen(h->entries[i].name) + 1);
        vm_release(s->p, h->path, strlen(h->path) + 1);
    }
    h->used = false;
    return reply_err(s, r);
}

static int do_read(struct sftp *s)
{
    struct handle *h;
    uint64_t off;
    uint32_t len;
    uint8_t *bytes;
    ssize_t n;
    int r;

    if ((r = get_handle(s, &h)) < 0 || (r = buf_get_u64(&s->in, &off)) < 0 ||
        (r = buf_get_u32(&s->in, &len)) < 0)
        return r;
    if (!h || h->dir)
        return reply_status(s, FX_FAILURE);
    if (len > READ_MAX)
        len = READ_MAX;
    bytes = arena_alloc(s->scratch, len ? len : 1);
    if (!bytes)
        return ERR_NOMEM;
    n = vm_pread(s->p, h->fd, bytes, len, (int64_t)off);
    if (n <= 0)
        return n < 0 ? reply_err(s, (int)n) : reply_status(s, len ? FX_EOF : FX_EOF);
    r = begin(s, FXP_DATA);
    if (r == 0)
        r = buf_put_string(&s->out, bytes, (size_t)n);
    return r < 0 ? r : send_packet(s);
}

static int do_write(struct sftp *s)
{
    struct handle *h;
    uint64_t off;
    const uint8_t *p;
    size_t n;
    int64_t at;
    int r;

    if ((r = get_handle(s, &h)) < 0 || (r = buf_get_u64(&s->in, &off)) < 0 ||
        (r = buf_get_string(&s->in, &p, &n)) < 0)
        return r;
    if (!h || h->dir)
        return reply_status(s, FX_FAILURE);
    at = h->append ? 0 : vm_lseek(s->p, h->fd, (int64_t)off, SEEK_SET);
    if (at < 0)
        return reply_err(s, (int)at);
    at = vm_write_all(s->p, h->fd, p, n);
    return reply_err(s, at < 0 ? (int)at : 0);
}

static int stat_of(struct sftp *s, int (*call)(struct proc *, const char *, struct vfs_stat *))
{
    struct vfs_stat st;
    char *path;
    int r = get_text(s, &path);

    if (r < 0)
        return r;
    r = call(s->p, path, &st);
    return r < 0 ? reply_err(s, r) : reply_attrs(s, &st);
}

static int do_stat(struct sftp *s)
{
    return stat_of(s, vm_stat);
}
static int do_lstat(struct sftp *s)
{
    return stat_of(s, vm_lstat);
}

static int do_fstat(struct sftp *s)
{
    struct handle *h;
    struct vfs_stat st;
    int r = get_handle(s, &h);

    if (r < 0)
        return r;
    if (!h || h->dir)
        return reply_status(s, FX_NO_SUCH_FILE);
    r = vm_fstat(s->p, h->fd, &st);
    return r < 0 ? reply_err(s, r) : reply_attrs(s, &st);
}

/* Applies attributes to a path; the last failure counts, as in the real one. */
static int set_attrs(struct sftp *s, const char *path, const struct attrs *a, bool follow)
{
    struct timespec times[2] = {{.tv_sec = a->atime}, {.tv_sec = a->mtime}};
    int r = 0, e;

    if ((a->flags & ATTR_SIZE) && (e = vm_truncate(s->p, path, (int64_t)a->size)) < 0)
        r = e;
    if ((a->flags & ATTR_PERMISSIONS) && (e = vm_chmod(s->p, path, a->perm & 07777)) < 0)
        r = e;
    if ((a->flags & ATTR_ACMODTIME) && (e = vm_utimens(s->p, path, times, follow)) < 0)
        r = e;
    if ((a->flags & ATTR_UIDGID) && (e = vm_chown(s->p, path, a->uid, a->gid, follow)) < 0)
        r = e;
    return reply_err(s, r);
}

static int set_of_path(struct sftp *s, bool follow)
{
    struct attrs a = {0};
    char *path;
    int r = get_text(s, &path);

    if (r == 0)
        r = get_attrs(s, &a);
    return r < 0 ? r : set_attrs(s, path, &a, follow);
}

static int do_setstat(struct sftp *s)
{
    return set_of_path(s, true);
}

static int do_fsetstat(struct sftp *s)
{
    struct attrs a = {0};
    struct handle *h;
    char path[VFS_PATH_MAX];
    int r = get_handle(s, &h);

    if (r == 0)
        r = get_attrs(s, &a);
    if (r < 0)
        return r;
    if (!h)
        return reply_status(s, FX_NO_SUCH_FILE);
    if (h->dir)
        return set_attrs(s, h->path, &a, true);
    r = vm_fd_path(s->p, h->fd, path, sizeof path);
    return r < 0 ? reply_err(s, r) : set_attrs(s, path, &a, true);
}

/* --- directories --------------------------------------------------------------------- */

static int do_opendir(struct sftp *s)
{
    struct handle *h;
    struct vm_dirent *list;
    char *path;
    int n, r = get_text(s, &path);

    if (r < 0)
        return r;
    n = vm_readdir(s->p, path, &list);
    if (n < 0)
        return reply_err(s, n);
    h = free_handle(s);
    if (!h)
        return reply_status(s, FX_FAILURE);
    h->dir = true;
    h->path = vm_strdup(s->p, path);
    h->entries = list;
    h->n = (size_t)n;
    return reply_handle(s, h);
}

static const char *entry_name(const struct handle *h, size_t i)
{
    return i == 0 ? "." : i == 1 ? ".." : h->entries[i - 2].name;
}

static int do_readdir(struct sftp *s)
{
    struct handle *h;
    size_t count_at, n = 0;
    uint8_t *count;
    int r = get_handle(s, &h);

    if (r < 0)
        return r;
    if (!h || !h->dir)
        return reply_status(s, FX_FAILURE);
    if (h->next >= h->n + 2)
        return reply_status(s, FX_EOF);
    r = begin(s, FXP_NAME);
    count_at = buf_len(&s->out);
    if (r == 0)
        r = buf_put_u32(&s->out, 0);
    for (; r == 0 && h->next < h->n + 2 && n < NAMES_A_READDIR; h->next++) {
        const char *name = entry_name(h, h->next);
        const char *full = arena_printf(s->scratch, "%s/%s", h->path, name);
        struct vfs_stat st;
        if (!full || vm_lstat(s->p, full, &st) < 0)
            continue;
        r = buf_put_cstring(&s->out, name);
        if (r == 0)
            r = buf_put_cstring(&s->out, sftp_longname(s->p, s->scratch, name, &st));
        if (r == 0)
            r = put_attrs(&s->out, &st);
        n++;
    }
    if (r < 0)
        return r;
    count = buf_mut(&s->out) + count_at;
    count[2] = (uint8_t)(n >> 8);
    count[3] = (uint8_t)n;
    return send_packet(s);
}

static int path_call(struct sftp *s, int (*call)(struct proc *, const char *))
{
    char *path;
    int r = get_text(s, &path);

    return r < 0 ? r : reply_err(s, call(s->p, path));
}

static int do_remove(struct sftp *s)
{
    return path_call(s, vm_unlink);
}
static int do_rmdir(struct sftp *s)
{
    return path_call(s, vm_rmdir);
}

static int do_mkdir(struct sftp *s)
{
    struct attrs a = {0};
    char *path;
    int r = get_text(s, &path);

    if (r == 0)
        r = get_attrs(s, &a);
    if (r < 0)
        return r;
    return reply_err(s, vm_mkdir(s->p, path, a.flags & ATTR_PERMISSIONS ? a.perm & 07777 : 0777));
}

/* realpath of OpenSSH: a last component that does not exist is fine. */
static int reply_realpath(struct sftp *s, const char *path)
{
    char out[VFS_PATH_MAX];
    int r = vm_realpath(s->p, path, out, sizeof out);

    if (r == -ENOENT) {
        const char *slash = strrchr(path, '/');
        const char *dir = !slash ? "."
                          : slash == path
                              ? "/"
                              : arena_printf(s->scratch, "%.*s", (int)(slash - path), path);
        const char *last = slash ? slash + 1 : path;
        r = dir ? vm_realpath(s->p, dir, out, sizeof out - 1) : -ENOMEM;
        if (r >= 0) {
            size_t n = strlen(out);
            if (!str_fmt(out + n, sizeof out - n, "%s%s", n > 1 ? "/" : "", last))
                r = -ENAMETOOLONG;
        }
    }
    return r < 0 ? reply_err(s, r) : reply_name(s, out);
}

static int do_realpath(struct sftp *s)
{
    char *path;
    int r = get_text(s, &path);

    return r < 0 ? r : reply_realpath(s, path);
}

/* Version 3 rename does not replace: a hard link, then the old name goes. */
static int do_rename(struct sftp *s)
{
    struct vfs_stat st;
    char *from, *to;
    int r = get_text(s, &from);

    if (r == 0)
        r = get_text(s, &to);
    if (r < 0)
        return r;
    r = vm_lstat(s->p, from, &st);
    if (r == 0 && vm_lstat(s->p, to, &st) == 0)
        r = -EEXIST;
    return reply_err(s, r < 0 ? r : vm_rename(s->p, from, to));
}

static int do_readlink(struct sftp *s)
{
    char *path, target[VFS_PATH_MAX];
    ssize_t n;
    int r = get_text(s, &path);

    if (r < 0)
        return r;
    n = vm_readlink(s->p, path, target, sizeof target - 1);
    if (n < 0)
        return reply_err(s, (int)n);
    target[n] = '\0';
    return reply_name(s, target);
}

static int two_paths(struct sftp *s, int (*call)(struct proc *, const char *, const char *))
{
    char *a, *b;
    int r = get_text(s, &a);

    if (r == 0)
        r = get_text(s, &b);
    return r < 0 ? r : reply_err(s, call(s->p, a, b));
}

static int do_symlink(struct sftp *s)
{
    return two_paths(s, vm_symlink);
}

/* --- OpenSSH's extensions -------------------------------------------------------------- */

static int ext_posix_rename(struct sftp *s)
{
    return two_paths(s, vm_rename);
}
static int ext_hardlink(struct sftp *s)
{
    return two_paths(s, vm_link);
}
static int ext_lsetstat(struct sftp *s)
{
    return set_of_path(s, false);
}

static int reply_statvfs(struct sftp *s, const char *path)
{
    uint64_t blocks, bfree, files, ffree;
    int r = vm_statfs(s->p, path, &blocks, &bfree, &files, &ffree);
    uint64_t v[] = {4096, 4096, 0, 0, 0, 0, 0, 0, 0x10305, 0, 255};

    if (r < 0)
        return reply_err(s, r);
    v[2] = blocks;
    v[3] = bfree;
    v[4] = bfree - bfree / 20; /* ext4 keeps five percent for root */
    v[5] = files;
    v[6] = v[7] = ffree;
    r = begin(s, FXP_EXTENDED_REPLY);
    for (size_t i = 0; r == 0 && i < sizeof v / sizeof *v; i++)
        r = buf_put_u64(&s->out, v[i]);
    return r < 0 ? r : send_packet(s);
}

static int ext_statvfs(struct sftp *s)
{
    char *path;
    int r = get_text(s, &path);

    return r < 0 ? r : reply_statvfs(s, path);
}

static int ext_fstatvfs(struct sftp *s)
{
    struct handle *h;
    int r = get_handle(s, &h);

    if (r < 0)
        return r;
    return h && !h->dir ? reply_statvfs(s, "/") : reply_status(s, FX_FAILURE);
}

static int ext_fsync(struct sftp *s)
{
    struct handle *h;
    int r = get_handle(s, &h);

    if (r < 0)
        return r;
    return reply_status(s, !h ? FX_NO_SUCH_FILE : h->dir ? FX_OP_UNSUPPORTED : FX_OK);
}

static int ext_limits(struct sftp *s)
{
    uint64_t soft, hard, v[] = {PACKET_MAX, READ_MAX, READ_MAX, 0};
    int r = begin(s, FXP_EXTENDED_REPLY);

    if (vm_getrlimit(s->p, 7 /* RLIMIT_NOFILE */, &soft, &hard) == 0 && soft > 5)
        v[3] = soft - 5;
    for (size_t i = 0; r == 0 && i < 4; i++)
        r = buf_put_u64(&s->out, v[i]);
    return r < 0 ? r : send_packet(s);
}

static int ext_expand_path(struct sftp *s)
{
    const char *home = vm_getenv(s->p, "HOME");
    char *path;
    int r = get_text(s, &path);

    if (r < 0)
        return r;
    if (path[0] == '~' && (path[1] == '\0' || path[1] == '/'))
        path = arena_printf(s->scratch, "%s%s", home ? home : "/", path + 1);
    return path ? reply_realpath(s, path) : ERR_NOMEM;
}

static int ext_home(struct sftp *s)
{
    char *user, home[256];
    int r = get_text(s, &user);

    if (r < 0)
        return r;
    if (!sftp_home_of(s->p, s->scratch, user, home, sizeof home))
        return reply_status(s, FX_FAILURE);
    return reply_name(s, home);
}

static int ext_copy_data(struct sftp *s)
{
    struct handle *from, *to;
    uint64_t at, len, to_at, done = 0;
    uint8_t *block = arena_alloc(s->scratch, 65536);
    int r;

    if ((r = get_handle(s, &from)) < 0 || (r = buf_get_u64(&s->in, &at)) < 0 ||
        (r = buf_get_u64(&s->in, &len)) < 0 || (r = get_handle(s, &to)) < 0 ||
        (r = buf_get_u64(&s->in, &to_at)) < 0)
        return r;
    if (!block || !from || !to || from == to || from->dir || to->dir)
        return reply_status(s, FX_FAILURE);
    while (len == 0 || done < len) {
        size_t want = len && len - done < 65536 ? (size_t)(len - done) : 65536;
        ssize_t n = vm_pread(s->p, from->fd, block, want, (int64_t)(at + done));
        int64_t w = n > 0 ? vm_lseek(s->p, to->fd, (int64_t)(to_at + done), SEEK_SET) : n;
        if (n > 0 && w >= 0)
            w = vm_write_all(s->p, to->fd, block, (size_t)n);
        if (w < 0)
            return reply_err(s, (int)w);
        if (n == 0)
            break;
        done += (uint64_t)n;
    }
    return reply_status(s, len == 0 || done == len ? FX_OK : FX_EOF);
}

/* A queue of fixed size in the process's own memory. */
static struct buf arena_buf(struct arena *a, size_t max)
{
    uint8_t *mem = arena_alloc(a, max);

    return (struct buf){.mem = mem, .cap = mem ? max : 0, .max = mem ? max : 0};
}

/* users-groups-by-id@openssh.com: names for lists of numbers. */
static int ext_users_groups(struct sftp *s)
{
    const uint8_t *ids[2];
    size_t n[2];
    int r = 0;

    for (int k = 0; k < 2; k++)
        if ((r = buf_get_string(&s->in, &ids[k], &n[k])) < 0)
            return r;
    r = begin(s, FXP_EXTENDED_REPLY);
    for (int k = 0; r == 0 && k < 2; k++) {
        struct buf list = buf_wrap(ids[k], n[k]);
        struct buf names = arena_buf(s->scratch, PACKET_MAX / 2);
        uint32_t id;
        while (r == 0 && buf_get_u32(&list, &id) == 0)
            r = buf_put_cstring(&names, sftp_name_of(s->p, s->scratch, k == 1, id));
        if (r == 0)
            r = buf_put_string(&s->out, buf_ptr(&names), buf_len(&names));
    }
    return r < 0 ? r : send_packet(s);
}

static const struct extension {
    const char *name, *version;
    int (*run)(struct sftp *s);
} extensions[] = {
    {"posix-rename@openssh.com", "1", ext_posix_rename},
    {"statvfs@openssh.com", "2", ext_statvfs},
    {"fstatvfs@openssh.com", "2", ext_fstatvfs},
    {"hardlink@openssh.com", "1", ext_hardlink},
    {"fsync@openssh.com", "1", ext_fsync},
    {"lsetstat@openssh.com", "1", ext_lsetstat},
    {"limits@openssh.com", "1", ext_limits},
    {"expand-path@openssh.com", "1", ext_expand_path},
    {"copy-data", "1", ext_copy_data},
    {"home-directory", "1", ext_home},
    {"users-groups-by-id@openssh.com", "1", ext_users_groups},
};

static int do_extended(struct sftp *s)
{
    const uint8_t *name;
    size_t n;
    int r = buf_get_string(&s->in, &name, &n);

    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (strlen(extensions[i].name) == n && memcmp(extensions[i].name, name, n) == 0)
            return extensions[i].run(s);
    return reply_status(s, FX_OP_UNSUPPORTED);
}

/* --- the loop ---------------------------------------------------------------------------- */

static int (*const requests[])(struct sftp *s) = {
    [FXP_OPEN] = do_open,         [FXP_CLOSE] = do_close,       [FXP_READ] = do_read,
    [FXP_WRITE] = do_write,       [FXP_LSTAT] = do_lstat,       [FXP_FSTAT] = do_fstat,
    [FXP_SETSTAT] = do_setstat,   [FXP_FSETSTAT] = do_fsetstat, [FXP_OPENDIR] = do_opendir,
    [FXP_READDIR] = do_readdir,   [FXP_REMOVE] = do_remove,     [FXP_MKDIR] = do_mkdir,
    [FXP_RMDIR] = do_rmdir,       [FXP_REALPATH] = do_realpath, [FXP_STAT] = do_stat,
    [FXP_RENAME] = do_rename,     [FXP_READLINK] = do_readlink, [FXP_SYMLINK] = do_symlink,
    [FXP_EXTENDED] = do_extended,
};

static int do_init(struct sftp *s)
{
    int r = buf_get_u32(&s->in, &s->version);

    buf_clear(&s->out);
    if (r == 0)
        r = buf_put_u8(&s->out, FXP_VERSION);
    if (r == 0)
        r = buf_put_u32(&s->out, 3);
    for (size_t i = 0; r == 0 && i < sizeof extensions / sizeof *extensions; i++) {
        r = buf_put_cstring(&s->out, extensions[i].name);
        if (r == 0)
            r = buf_put_cstring(&s->out, extensions[i].version);
    }
    return r < 0 ? r : send_packet(s);
}

static int handle_request(struct sftp *s)
{
    uint8_t type;
    int r = buf_get_u8(&s->in, &type);

    if (r < 0)
        return r;
    if (type == FXP_INIT)
        return do_init(s);
    if (s->version == 0) /* nothing before INIT */
        return ERR_PROTOCOL;
    r = buf_get_u32(&s->in, &s->id);
    if (r < 0)
        return r;
    if (type >= sizeof requests / sizeof *requests || !requests[type])
        return reply_status(s, FX_OP_UNSUPPORTED);
    return requests[type](s);
}

static bool read_exactly(struct proc *p, uint8_t *to, size_t n)
{
    while (n > 0) {
        ssize_t r = vm_read(p, 0, to, n);
        if (r <= 0)
            return false;
        to += r;
        n -= (size_t)r;
    }
    return true;
}

static int sftp_main(struct proc *p, int argc, char **argv)
{
    struct sftp *s = vm_alloc(p, sizeof *s);
    uint8_t head[4], *packet = vm_alloc(p, PACKET_MAX);
    int r = 0;

    (void)argc, (void)argv;
    s->p = p;
    /* Bytes of these belong to the C library's heap only inside a request:
     * both live in the process's arena otherwise. */
    s->out = (struct buf){
        .mem = vm_alloc(p, PACKET_MAX + 1024), .cap = PACKET_MAX + 1024, .max = PACKET_MAX + 1024};
    while (r == 0 && read_exactly(p, head, 4)) {
        uint32_t n =
            (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
        if (n > PACKET_MAX || !read_exactly(p, packet, n))
            return n > PACKET_MAX ? 11 : 0;
        s->in = buf_wrap(packet, n);
        s->scratch = vm_arena_new(p);
        r = handle_request(s);
        vm_arena_drop(p, s->scratch);
    }
    return r < 0 ? 11 : 0;
}

static const char *const sftp_paths[] = {"/usr/lib/openssh/sftp-server", "/usr/lib/sftp-server",
                                         NULL};
const struct vm_program sftp_programs[] = {{"sftp-server", sftp_paths, sftp_main}, {0}};
