/* fd.c -- descriptors: tables of references to open files, and the calls that
 * work on any kind of them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <sys/resource.h>

#include "vm/priv.h"

enum { FDS_FIRST = 8 };

struct ofile *ofile_new(struct vm *vm, const struct ofile_ops *ops, int flags)
{
    struct ofile *f = k_alloc(vm, sizeof(*f));
    if (!f)
        return NULL;
    f->ops = ops;
    f->refs = 1;
    f->flags = flags;
    return f;
}

void ofile_unref(struct vm *vm, struct ofile *f)
{
    if (!f || --f->refs)
        return;
    if (f->ops->close)
        f->ops->close(vm, f);
    if (f->login)
        login_unref(f->login);
    if (f->v.ino)
        vfs_drop(f->v);
    k_strfree(vm, f->path);
    k_free(vm, f, sizeof(*f));
}

struct ofile *fd_file(struct proc *p, int fd)
{
    return fd >= 0 && (unsigned)fd < p->nfds ? p->fds[fd].f : NULL;
}

static int table_grow(struct proc *p, unsigned want)
{
    unsigned n = p->nfds ? p->nfds : FDS_FIRST;
    while (n < want)
        n *= 2;
    if (n == p->nfds)
        return 0;
    struct fdent *fds = k_alloc(p->vm, n * sizeof(*fds));
    if (!fds)
        return -ENOMEM;
    if (p->fds) {
        memcpy(fds, p->fds, p->nfds * sizeof(*fds));
        k_free(p->vm, p->fds, p->nfds * sizeof(*fds));
    }
    p->fds = fds;
    p->nfds = n;
    return 0;
}

int fd_put_at(struct proc *p, struct ofile *f, int fd)
{
    uint64_t most = proc_rlimit(p, RLIMIT_NOFILE);
    if (fd < 0 || (uint64_t)fd >= most || table_grow(p, (unsigned)fd + 1) < 0) {
        if (fd >= 0 && (uint64_t)fd >= most)
            limit_hit(p->vm, p, LIMIT_FILES);
        ofile_unref(p->vm, f);
        return -EMFILE;
    }
    struct ofile *old = p->fds[fd].f;
    p->fds[fd] = (struct fdent){f, false};
    ofile_unref(p->vm, old);
    return fd;
}

int fd_install(struct proc *p, struct ofile *f, int min)
{
    unsigned fd = min < 0 ? 0 : (unsigned)min;
    while (fd < p->nfds && p->fds[fd].f)
        fd++;
    int got = fd_put_at(p, f, (int)fd);
    if (got >= 0)
        p->fds[got].cloexec = (f->flags & O_CLOEXEC) != 0;
    return got;
}

int fd_copy_all(struct proc *from, struct proc *to)
{
    unsigned n = from->nfds;
    while (n && !from->fds[n - 1].f)
        n--;
    if (n && table_grow(to, n) < 0)
        return -ENOMEM;
    for (unsigned i = 0; i < n; i++) {
        to->fds[i] = from->fds[i];
        if (to->fds[i].f)
            to->fds[i].f->refs++;
    }
    return 0;
}

void fd_close_all(struct proc *p, bool only_cloexec)
{
    for (unsigned i = 0; i < p->nfds; i++) {
        struct ofile *f = p->fds[i].f;
        if (!f || (only_cloexec && !p->fds[i].cloexec))
            continue;
        p->fds[i].f = NULL;
        ofile_unref(p->vm, f);
    }
    if (!only_cloexec && p->fds) {
        k_free(p->vm, p->fds, p->nfds * sizeof(*p->fds));
        p->fds = NULL;
        p->nfds = 0;
    }
}

/* --- calls ------------------------------------------------------------------- */
int vm_close(struct proc *p, int fd)
{
    BURN(p, 1);
    struct ofile *f = fd_file(p, fd);
    if (!f)
        return -EBADF;
    p->fds[fd].f = NULL;
    ofile_unref(p->vm, f);
    return 0;
}

ssize_t vm_read(struct proc *p, int fd, void *buf, size_t n)
{
    BURN(p, 1 + n / 1024);
    struct ofile *f = fd_file(p, fd);
    if (!f || (f->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (!f->ops->read)
        return -EINVAL;
    f->refs++; /* a handler may close it meanwhile */
    ssize_t got = f->ops->read(p, f, buf, n);
    ofile_unref(p->vm, f);
    return got;
}

ssize_t vm_write(struct proc *p, int fd, const void *buf, size_t n)
{
    BURN(p, 1 + n / 1024);
    struct ofile *f = fd_file(p, fd);
    if (!f || (f->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (!f->ops->write)
        return -EINVAL;
    f->refs++;
    ssize_t put = f->ops->write(p, f, buf, n);
    ofile_unref(p->vm, f);
    return put;
}

ssize_t vm_write_all(struct proc *p, int fd, const void *buf, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t k = vm_write(p, fd, (const char *)buf + done, n - done);
        if (k == -EINTR)
            continue;
        if (k < 0)
            return k;
        done += (size_t)k;
    }
    return (ssize_t)n;
}

int vm_dup(struct proc *p, int fd, int min)
{
    BURN(p, 1);
    struct ofile *f = fd_file(p, fd);
    if (!f)
        return -EBADF;
    f->refs++;
    int got = fd_install(p, f, min);
    if (got >= 0)
        p->fds[got].cloexec = false;
    return got;
}

int vm_dup2(struct proc *p, int fd, int to)
{
    BURN(p, 1);
    struct ofile *f = fd_file(p, fd);
    if (!f || to < 0)
        return -EBADF;
    if (fd == to)
        return to;
    f->refs++;
    int got = fd_put_at(p, f, to);
    return got == -EMFILE ? -EBADF : got;
}

int vm_cloexec(struct proc *p, int fd, bool on)
{
    if (!fd_file(p, fd))
        return -EBADF;
    p->fds[fd].cloexec = on;
    return 0;
}

int vm_nonblock(struct proc *p, int fd, bool on)
{
    struct ofile *f = fd_file(p, fd);
    if (!f)
        return -EBADF;
    f->flags = on ? f->flags | O_NONBLOCK : f->flags & ~O_NONBLOCK;
    return 0;
}

int vm_fd_flags(struct proc *p, int fd)
{
    struct ofile *f = fd_file(p, fd);
    return f ? f->flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC) : -EBADF;
}

int vm_fd_path(struct proc *p, int fd, char *out, size_t n)
{
    struct ofile *f = fd_file(p, fd);
    if (!f)
        return -EBADF;
    if (f->ops->name)
        f->ops->name(f, out, n);
    else
        str_copy(out, n, f->path ? f->path : "");
    return (int)strlen(out);
}

/* --- poll ------------------------------------------------------------------------ */
static int poll_once(struct proc *p, struct pollfd *fds, size_t n, struct waiter (*wts)[2])
{
    int ready = 0;
    for (size_t i = 0; i < n; i++) {
        fds[i].revents = 0;
        if (fds[i].fd < 0)
            continue;
        struct ofile *f = fd_file(p, fds[i].fd);
        unsigned ev = POLLIN | POLLOUT;
        if (!f)
            ev = POLLNVAL;
        else if (f->ops->poll)
            ev = f->ops->poll(p, f, wts ? wts[i] : NULL);
        fds[i].revents = (short)(ev & ((unsigned)fds[i].events | POLLERR | POLLHUP | POLLNVAL));
        ready += fds[i].revents != 0;
    }
    return ready;
}

int vm_poll(struct proc *p, struct pollfd *fds, size_t n, int timeout_ms)
{
    BURN(p, 1 + n);
    if (n > p->vm->world->conf.limits.files)
        return -EINVAL;
    int64_t until = timeout_ms < 0
                        ? INT64_MAX
                        : clock_mono_us(p->vm->world->clock) + timeout_ms * INT64_C(1000);
    size_t bytes = (n ? n : 1) * sizeof(struct waiter[2]);
    struct waiter(*wts)[2] = vm_alloc(p, bytes);
    int got;
    for (;;) {
        got = poll_once(p, fds, n, NULL);
        if (got || timeout_ms == 0)
            break;
        (void)poll_once(p, fds, n, wts);
        int err = proc_sleep(p, until, false);
        if (err == -ETIMEDOUT) {
            got = poll_once(p, fds, n, NULL);
            break;
        }
        if (err < 0) {
            got = err;
            break;
        }
    }
    vm_release(p, wts, bytes);
    return got;
}
