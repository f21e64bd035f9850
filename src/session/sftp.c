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
#include <sys/stat.h>

#include "session/sftp_priv.h"
#include "session/sftp_text.h"

/* The largest file of ext4 with blocks of 4 KiB. */
#define FILE_SIZE_MAX (UINT64_C(0xffffffff) << 12)

/* --- files ------------------------------------------------------------------------ */

static int do_open(struct sftp *s)
{
    struct attrs a = {0};
    struct handle *h;
    uint32_t pf;
    int flags, fd, r;
    char *path;

    if ((r = sftp_get_text(s, &path)) < 0 || (r = buf_get_u32(&s->in, &pf)) < 0 ||
        (r = sftp_get_attrs(s, &a)) < 0)
        return r;
    flags = (pf & PF_READ) && (pf & PF_WRITE) ? O_RDWR : (pf & PF_WRITE) ? O_WRONLY : O_RDONLY;
    if (pf & PF_WRITE)
        flags |= (pf & PF_APPEND ? O_APPEND : 0) | (pf & PF_CREAT ? O_CREAT : 0) |
                 (pf & PF_TRUNC ? O_TRUNC : 0) | (pf & PF_EXCL ? O_EXCL : 0);
    h = sftp_free_handle(s);
    if (!h)
        return sftp_reply_status(s, FX_FAILURE);
    fd = vm_open(s->p, path, flags, a.flags & ATTR_PERMISSIONS ? a.perm & 07777 : 0666);
    if (fd < 0) {
        h->used = false;
        return sftp_reply_err(s, fd);
    }
    h->fd = fd;
    h->append = pf & PF_APPEND;
    return sftp_reply_handle(s, h);
}

static int do_close(struct sftp *s)
{
    struct handle *h;
    int r = sftp_get_handle(s, &h);

    if (r < 0)
        return r;
    if (!h)
        return sftp_reply_status(s, FX_NO_SUCH_FILE);
    r = h->dir ? 0 : vm_close(s->p, h->fd);
    if (h->dir) {
        for (size_t i = 0; i < h->n; i++)
            vm_release(s->p, h->entries[i].name, strlen(h->entries[i].name) + 1);
        vm_release(s->p, h->path, strlen(h->path) + 1);
    }
    h->used = false;
    return sftp_reply_err(s, r);
}

static int do_read(struct sftp *s)
{
    struct handle *h;
    uint64_t off;
    uint32_t len;
    uint8_t *bytes;
    ssize_t n;
    int r;

    if ((r = sftp_get_handle(s, &h)) < 0 || (r = buf_get_u64(&s->in, &off)) < 0 ||
        (r = buf_get_u32(&s->in, &len)) < 0)
        return r;
    if (!h || h->dir)
        return sftp_reply_status(s, FX_FAILURE);
    if (off > FILE_SIZE_MAX)
        return sftp_reply_err(s, -EINVAL);
    if (len > READ_MAX)
        len = READ_MAX;
    bytes = arena_alloc(s->scratch, len ? len : 1);
    if (!bytes)
        return ERR_NOMEM;
    n = vm_pread(s->p, h->fd, bytes, len, (int64_t)off);
    if (n < 0 || (n == 0 && len > 0))
        return n < 0 ? sftp_reply_err(s, (int)n) : sftp_reply_status(s, FX_EOF);
    r = sftp_begin(s, FXP_DATA);
    if (r == 0)
        r = buf_put_string(&s->out, bytes, (size_t)n);
    return r < 0 ? r : sftp_send_packet(s);
}

static int do_write(struct sftp *s)
{
    struct handle *h;
    uint64_t off;
    const uint8_t *p;
    size_t n;
    int64_t at;
    int r;

    if ((r = sftp_get_handle(s, &h)) < 0 || (r = buf_get_u64(&s->in, &off)) < 0 ||
        (r = buf_get_string(&s->in, &p, &n)) < 0)
        return r;
    if (!h || h->dir)
        return sftp_reply_status(s, FX_FAILURE);
    if (off > FILE_SIZE_MAX)
        return sftp_reply_err(s, -EINVAL);
    at = h->append ? 0 : vm_lseek(s->p, h->fd, (int64_t)off, SEEK_SET);
    if (at < 0)
        return sftp_reply_err(s, (int)at);
    at = vm_write_all(s->p, h->fd, p, n);
    return sftp_reply_err(s, at < 0 ? (int)at : 0);
}

static int stat_of(struct sftp *s, int (*call)(struct proc *, const char *, struct vfs_stat *))
{
    struct vfs_stat st;
    char *path;
    int r = sftp_get_text(s, &path);

    if (r < 0)
        return r;
    r = call(s->p, path, &st);
    return r < 0 ? sftp_reply_err(s, r) : sftp_reply_attrs(s, &st);
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
    int r = sftp_get_handle(s, &h);

    if (r < 0)
        return r;
    if (!h || h->dir)
        return sftp_reply_status(s, FX_FAILURE);
    r = vm_fstat(s->p, h->fd, &st);
    return r < 0 ? sftp_reply_err(s, r) : sftp_reply_attrs(s, &st);
}

/* Applies attributes to a path; the last failure counts, as in the real one. r: the
 * one so far. */
static int set_attrs(struct sftp *s, const char *path, const struct attrs *a, bool follow, int r)
{
    struct timespec times[2] = {{.tv_sec = a->atime}, {.tv_sec = a->mtime}};
    struct vfs_stat st;
    int e;
    bool link = !follow && vm_lstat(s->p, path, &st) == 0 && S_ISLNK(st.mode);

    if ((a->flags & ATTR_SIZE) && !follow)
        return sftp_reply_status(s, FX_BAD_MESSAGE); /* makes no sense for links */
    if ((a->flags & ATTR_SIZE) && (e = vm_truncate(s->p, path, (int64_t)a->size)) < 0)
        r = e;
    if ((a->flags & ATTR_PERMISSIONS) && link)
        r = -EOPNOTSUPP;
    else if ((a->flags & ATTR_PERMISSIONS) && (e = vm_chmod(s->p, path, a->perm & 07777)) < 0)
        r = e;
    if ((a->flags & ATTR_ACMODTIME) && (e = vm_utimens(s->p, path, times, follow)) < 0)
        r = e;
    if ((a->flags & ATTR_UIDGID) && (e = vm_chown(s->p, path, a->uid, a->gid, follow)) < 0)
        r = e;
    return sftp_reply_err(s, r);
}

int sftp_set_of_path(struct sftp *s, bool follow)
{
    struct attrs a = {0};
    char *path;
    int r = sftp_get_text(s, &path);

    if (r == 0)
        r = sftp_get_attrs(s, &a);
    return r < 0 ? r : set_attrs(s, path, &a, follow, 0);
}

static int do_setstat(struct sftp *s)
{
    return sftp_set_of_path(s, true);
}

static int do_fsetstat(struct sftp *s)
{
    struct attrs a = {0};
    struct handle *h;
    char path[VFS_PATH_MAX];
    int r = sftp_get_handle(s, &h), size = 0;

    if (r == 0)
        r = sftp_get_attrs(s, &a);
    if (r < 0)
        return r;
    if (!h || h->dir)
        return sftp_reply_status(s, FX_FAILURE);
    r = vm_fd_path(s->p, h->fd, path, sizeof path);
    if (r >= 0 && (a.flags & ATTR_SIZE)) {
        size = vm_ftruncate(s->p, h->fd, (int64_t)a.size);
        a.flags &= ~(uint32_t)ATTR_SIZE;
    }
    return r < 0 ? sftp_reply_err(s, r) : set_attrs(s, path, &a, true, size);
}
/* --- directories --------------------------------------------------------------------- */

static int do_opendir(struct sftp *s)
{
    struct handle *h;
    struct vm_dirent *list;
    char *path;
    int n, r = sftp_get_text(s, &path);

    if (r < 0)
        return r;
    n = vm_readdir(s->p, path, &list);
    if (n < 0)
        return sftp_reply_err(s, n);
    h = sftp_free_handle(s);
    if (!h)
        return sftp_reply_status(s, FX_FAILURE);
    h->dir = true;
    h->path = vm_strdup(s->p, path);
    h->entries = list;
    h->n = (size_t)n;
    return sftp_reply_handle(s, h);
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
    int r = sftp_get_handle(s, &h);

    if (r < 0)
        return r;
    if (!h || !h->dir)
        return sftp_reply_status(s, FX_FAILURE);
    if (h->next >= h->n + 2)
        return sftp_reply_status(s, FX_EOF);
    r = sftp_begin(s, FXP_NAME);
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
            r = sftp_put_attrs(&s->out, &st);
        n++;
    }
    if (r < 0)
        return r;
    count = buf_mut(&s->out) + count_at;
    count[2] = (uint8_t)(n >> 8);
    count[3] = (uint8_t)n;
    return sftp_send_packet(s);
}

static int path_call(struct sftp *s, int (*call)(struct proc *, const char *))
{
    char *path;
    int r = sftp_get_text(s, &path);

    return r < 0 ? r : sftp_reply_err(s, call(s->p, path));
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
    int r = sftp_get_text(s, &path);

    if (r == 0)
        r = sftp_get_attrs(s, &a);
    if (r < 0)
        return r;
    return sftp_reply_err(s,
                          vm_mkdir(s->p, path, a.flags & ATTR_PERMISSIONS ? a.perm & 07777 : 0777));
}

/* The path without its last component; "/" stays. */
static void cut_last(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash)
        slash[slash == path] = '\0';
}

/* One symbolic link at `at`: what it points to goes before what is left. */
static int follow_link(struct sftp *s, char *at, char *left)
{
    char target[VFS_PATH_MAX], rest[VFS_PATH_MAX];
    ssize_t n = vm_readlink(s->p, at, target, sizeof target - 1);

    if (n < 0)
        return (int)n;
    target[n] = '\0';
    cut_last(at);
    if (target[0] == '/')
        str_copy(at, VFS_PATH_MAX, "/");
    str_copy(rest, sizeof rest, left);
    return str_fmt(left, VFS_PATH_MAX, "%s%s%s", target, *rest ? "/" : "", rest) ? 0
                                                                                 : -ENAMETOOLONG;
}

/* As sftp-server resolves a path itself: components one by one; only the very
 * last may be missing. left is used up. */
static int resolve(struct sftp *s, char *left, char out[VFS_PATH_MAX])
{
    unsigned links = 0;
    int r = left[0] == '/' ? 0 : vm_getcwd(s->p, out, VFS_PATH_MAX);

    if (r < 0)
        return r;
    if (left[0] == '/')
        str_copy(out, VFS_PATH_MAX, "/");
    while (*left) {
        size_t n = strcspn(left, "/"), at = strlen(out);
        bool last = left[n] == '\0';
        char part[VFS_PATH_MAX];
        struct vfs_stat st;
        str_fmt(part, sizeof part, "%.*s", (int)n, left);
        memmove(left, left + n + !last, strlen(left + n + !last) + 1);
        if (n == 0 || str_eq(part, "."))
            continue;
        if (str_eq(part, "..")) {
            cut_last(out);
            continue;
        }
        if (!str_fmt(out + at, VFS_PATH_MAX - at, "%s%s", at > 1 ? "/" : "", part))
            return -ENAMETOOLONG;
        r = vm_lstat(s->p, out, &st);
        if (r < 0)
            return r == -ENOENT && last ? 0 : r;
        if (S_ISLNK(st.mode) && (r = ++links > VFS_LINKS_MAX ? -ELOOP : follow_link(s, out, left)))
            return r;
    }
    return 0;
}

int sftp_reply_realpath(struct sftp *s, const char *path)
{
    char left[VFS_PATH_MAX], out[VFS_PATH_MAX];
    int r = str_copy(left, sizeof left, *path ? path : ".") ? resolve(s, left, out) : -ENAMETOOLONG;

    return r < 0 ? sftp_reply_err(s, r) : sftp_reply_name(s, out);
}

static int do_realpath(struct sftp *s)
{
    char *path;
    int r = sftp_get_text(s, &path);

    return r < 0 ? r : sftp_reply_realpath(s, path);
}

/* Version 3 rename does not replace: a hard link, then the old name goes. */
static int do_rename(struct sftp *s)
{
    struct vfs_stat st;
    char *from, *to;
    int r = sftp_get_text(s, &from);

    if (r == 0)
        r = sftp_get_text(s, &to);
    if (r < 0)
        return r;
    r = vm_lstat(s->p, from, &st);
    if (r == 0 && vm_lstat(s->p, to, &st) == 0)
        r = -EEXIST;
    return sftp_reply_err(s, r < 0 ? r : vm_rename(s->p, from, to));
}

static int do_readlink(struct sftp *s)
{
    char *path, target[VFS_PATH_MAX];
    ssize_t n;
    int r = sftp_get_text(s, &path);

    if (r < 0)
        return r;
    n = vm_readlink(s->p, path, target, sizeof target - 1);
    if (n < 0)
        return sftp_reply_err(s, (int)n);
    target[n] = '\0';
    return sftp_reply_name(s, target);
}

int sftp_two_paths(struct sftp *s, int (*call)(struct proc *, const char *, const char *))
{
    char *a, *b;
    int r = sftp_get_text(s, &a);

    if (r == 0)
        r = sftp_get_text(s, &b);
    return r < 0 ? r : sftp_reply_err(s, call(s->p, a, b));
}

static int do_symlink(struct sftp *s)
{
    return sftp_two_paths(s, vm_symlink);
}
/* --- the loop ---------------------------------------------------------------------------- */

static int (*const requests[])(struct sftp *s) = {
    [FXP_OPEN] = do_open,           [FXP_CLOSE] = do_close,       [FXP_READ] = do_read,
    [FXP_WRITE] = do_write,         [FXP_LSTAT] = do_lstat,       [FXP_FSTAT] = do_fstat,
    [FXP_SETSTAT] = do_setstat,     [FXP_FSETSTAT] = do_fsetstat, [FXP_OPENDIR] = do_opendir,
    [FXP_READDIR] = do_readdir,     [FXP_REMOVE] = do_remove,     [FXP_MKDIR] = do_mkdir,
    [FXP_RMDIR] = do_rmdir,         [FXP_REALPATH] = do_realpath, [FXP_STAT] = do_stat,
    [FXP_RENAME] = do_rename,       [FXP_READLINK] = do_readlink, [FXP_SYMLINK] = do_symlink,
    [FXP_EXTENDED] = sftp_extended,
};

static int handle_request(struct sftp *s)
{
    uint8_t type;
    int r = buf_get_u8(&s->in, &type);

    if (r < 0)
        return r;
    if (type == FXP_INIT)
        return sftp_init(s);
    if (s->version == 0) /* nothing before INIT */
        return ERR_PROTOCOL;
    r = buf_get_u32(&s->in, &s->id);
    if (r < 0)
        return r;
    if (type >= sizeof requests / sizeof *requests || !requests[type])
        return 0; /* as the real one: no answer */
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
    return r < 0 ? 255 : 0;
}

static const char *const sftp_paths[] = {"/usr/lib/openssh/sftp-server", "/usr/lib/sftp-server",
                                         NULL};
const struct vm_program sftp_programs[] = {{"sftp-server", sftp_paths, sftp_main}, {0}};
