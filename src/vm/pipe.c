/* pipe.c -- pipes, FIFOs and socket pairs: 64 KiB between two ends.
 *
 * An end may belong to the host (a port): it counts as one reader or writer.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>

#include "vm/priv.h"

struct pipe *pipe_new(struct vm *vm)
{
    struct pipe *pi = k_alloc(vm, sizeof(*pi));
    if (pi)
        pi->ino = vm->next_ino++;
    return pi;
}

void pipe_hold(struct pipe *pi, bool write_end)
{
    pi->refs++;
    if (write_end)
        pi->writers++;
    else
        pi->readers++;
}

void pipe_drop(struct vm *vm, struct pipe *pi, bool write_end)
{
    if (write_end && --pi->writers == 0) {
        waitq_wake(&pi->can_read);
        if (pi->reader_port)
            port_mark(pi->reader_port, true, false);
    }
    if (!write_end && --pi->readers == 0) {
        waitq_wake(&pi->can_write);
        if (pi->writer_port)
            port_mark(pi->writer_port, false, true);
    }
    if (--pi->refs)
        return;
    ring_done(vm, &pi->ring);
    k_free(vm, pi, sizeof(*pi));
}

static ssize_t pipe_take(struct proc *p, struct pipe *pi, int flags, void *buf, size_t n)
{
    if (!n)
        return 0;
    while (!pi->ring.len) {
        if (!pi->writers)
            return 0;
        if (flags & O_NONBLOCK)
            return -EAGAIN;
        proc_wait_on(p, &pi->can_read, NULL);
        int err = proc_sleep(p, INT64_MAX, true);
        if (err < 0)
            return err;
    }
    bool was_full = pi->ring.len == PIPE_SIZE;
    size_t got = ring_get(p->vm, &pi->ring, buf, n);
    /* Writers wake when half is free, to spare switches; the host at once. */
    if (pi->ring.len <= PIPE_SIZE / 2 || was_full)
        waitq_wake(&pi->can_write);
    if (pi->writer_port)
        port_mark(pi->writer_port, false, true);
    return (ssize_t)got;
}

static ssize_t pipe_give(struct proc *p, struct pipe *pi, int flags, const void *buf, size_t n)
{
    size_t done = 0;
    while (done < n) {
        if (!pi->readers) {
            signal_send(p, SIGPIPE);
            if (signal_waiting(p))
                (void)signal_deliver(p);
            return -EPIPE;
        }
        size_t room = PIPE_SIZE - pi->ring.len, left = n - done;
        /* Up to PIPE_BUF bytes go in whole or not at all. */
        if (left > 4096 ? room > 0 : room >= left) {
            size_t k = ring_put(p->vm, &pi->ring, (const uint8_t *)buf + done, left, PIPE_SIZE);
            if (!k)
                return done ? (ssize_t)done : -ENOMEM;
            done += k;
            waitq_wake(&pi->can_read);
            if (pi->reader_port)
                port_mark(pi->reader_port, true, false);
            continue;
        }
        if (flags & O_NONBLOCK)
            return done ? (ssize_t)done : -EAGAIN;
        proc_wait_on(p, &pi->can_write, NULL);
        int err = proc_sleep(p, INT64_MAX, true);
        if (err < 0)
            return done ? (ssize_t)done : err;
    }
    return (ssize_t)done;
}

static unsigned can_take(struct proc *p, struct pipe *pi, struct waiter *wt)
{
    if (wt)
        proc_wait_on(p, &pi->can_read, wt);
    return (pi->ring.len ? POLLIN : 0u) | (pi->writers ? 0u : POLLHUP);
}

static unsigned can_give(struct proc *p, struct pipe *pi, struct waiter *wt)
{
    if (wt)
        proc_wait_on(p, &pi->can_write, wt);
    return (PIPE_SIZE - pi->ring.len >= 4096 ? POLLOUT : 0u) | (pi->readers ? 0u : POLLERR);
}

/* --- ends as open files ----------------------------------------------------- */
static ssize_t end_read(struct proc *p, struct ofile *f, void *buf, size_t n)
{
    return pipe_take(p, f->obj, f->flags, buf, n);
}

static ssize_t end_write(struct proc *p, struct ofile *f, const void *buf, size_t n)
{
    return pipe_give(p, f->obj, f->flags, buf, n);
}

static unsigned end_poll(struct proc *p, struct ofile *f, struct waiter wt[2])
{
    unsigned ev = 0;
    if ((f->flags & O_ACCMODE) != O_WRONLY)
        ev |= can_take(p, f->obj, wt ? &wt[0] : NULL);
    if ((f->flags & O_ACCMODE) != O_RDONLY)
        ev |= can_give(p, f->obj, wt ? &wt[1] : NULL);
    return ev;
}

static void end_close(struct vm *vm, struct ofile *f)
{
    struct pipe *pi = f->obj;
    int acc = f->flags & O_ACCMODE;
    pi->refs++; /* both ends of an O_RDWR FIFO */
    if (acc != O_WRONLY)
        pipe_drop(vm, pi, false);
    if (acc != O_RDONLY)
        pipe_drop(vm, pi, true);
    if (--pi->refs == 0) {
        ring_done(vm, &pi->ring);
        k_free(vm, pi, sizeof(*pi));
    }
}

static void pipe_name(const struct ofile *f, char *out, size_t n)
{
    const struct pipe *pi = f->obj;
    str_fmt(out, n, "pipe:[%llu]", (unsigned long long)pi->ino);
}

static const struct ofile_ops pipe_ops = {
    .read = end_read,
    .write = end_write,
    .poll = end_poll,
    .close = end_close,
    .name = pipe_name,
};

struct ofile *pipe_end(struct vm *vm, struct pipe *pi, bool write_end, int flags)
{
    struct ofile *f = ofile_new(vm, &pipe_ops, (write_end ? O_WRONLY : O_RDONLY) | flags);
    if (!f)
        return NULL;
    f->obj = pi;
    pipe_hold(pi, write_end);
    return f;
}

int vm_pipe(struct proc *p, int fds[2])
{
    BURN(p, 4);
    struct vm *vm = p->vm;
    struct pipe *pi = pipe_new(vm);
    if (!pi)
        return -ENFILE;
    pi->refs++;
    struct ofile *r = pipe_end(vm, pi, false, 0), *w = pipe_end(vm, pi, true, 0);
    if (!r || !w) {
        ofile_unref(vm, r);
        ofile_unref(vm, w);
        k_free(vm, pi, sizeof(*pi));
        return -ENFILE;
    }
    pi->refs--;
    int a = fd_install(p, r, 0);
    if (a < 0) {
        ofile_unref(vm, w);
        return a;
    }
    int b = fd_install(p, w, 0);
    if (b < 0) {
        (void)vm_close(p, a);
        return b;
    }
    fds[0] = a;
    fds[1] = b;
    return 0;
}

/* --- FIFOs: named pipes live while somebody has them open --------------------- */
struct fifo {
    struct list in_vm;
    struct vnode v;
    struct pipe *pipe;
    unsigned refs;
    unsigned reads, writes; /* opens so far */
};

static struct fifo *fifo_get(struct vm *vm, struct vnode v)
{
    LIST_EACH(l, &vm->fifos)
    {
        struct fifo *ff = LIST_ENTRY(l, struct fifo, in_vm);
        if (ff->v.fs == v.fs && ff->v.ino == v.ino) {
            ff->refs++;
            return ff;
        }
    }
    struct fifo *ff = k_alloc(vm, sizeof(*ff));
    if (!ff)
        return NULL;
    ff->pipe = pipe_new(vm);
    if (!ff->pipe) {
        k_free(vm, ff, sizeof(*ff));
        return NULL;
    }
    ff->pipe->refs = 1;
    ff->v = v;
    ff->refs = 1;
    list_push(&vm->fifos, &ff->in_vm);
    return ff;
}

static void fifo_put(struct vm *vm, struct fifo *ff)
{
    if (--ff->refs)
        return;
    list_del(&ff->in_vm);
    if (--ff->pipe->refs == 0) {
        ring_done(vm, &ff->pipe->ring);
        k_free(vm, ff->pipe, sizeof(*ff->pipe));
    }
    k_free(vm, ff, sizeof(*ff));
}

static ssize_t fifo_read(struct proc *p, struct ofile *f, void *buf, size_t n)
{
    return pipe_take(p, ((struct fifo *)f->obj)->pipe, f->flags, buf, n);
}

static ssize_t fifo_write(struct proc *p, struct ofile *f, const void *buf, size_t n)
{
    return pipe_give(p, ((struct fifo *)f->obj)->pipe, f->flags, buf, n);
}

static unsigned fifo_poll(struct proc *p, struct ofile *f, struct waiter wt[2])
{
    struct fifo *ff = f->obj;
    unsigned ev = 0;
    if ((f->flags & O_ACCMODE) != O_WRONLY)
        ev |= can_take(p, ff->pipe, wt ? &wt[0] : NULL);
    if ((f->flags & O_ACCMODE) != O_RDONLY)
        ev |= can_give(p, ff->pipe, wt ? &wt[1] : NULL);
    return ev;
}

static void fifo_close(struct vm *vm, struct ofile *f)
{
    struct fifo *ff = f->obj;
    int acc = f->flags & O_ACCMODE;
    if (acc != O_WRONLY)
        pipe_drop(vm, ff->pipe, false);
    if (acc != O_RDONLY)
        pipe_drop(vm, ff->pipe, true);
    fifo_put(vm, ff);
}

static const struct ofile_ops fifo_ops = {
    .read = fifo_read,
    .write = fifo_write,
    .poll = fifo_poll,
    .close = fifo_close,
};

/* Waits for the other side, as open(2) of a FIFO does. The file exists already
 * (and holds its side open) so that a kill meanwhile cleans up with it: it is
 * put into the table first. */
static int fifo_meet(struct proc *p, struct fifo *ff, int flags)
{
    int acc = flags & O_ACCMODE;
    if (acc == O_RDWR)
        return 0;
    if (flags & O_NONBLOCK)
        return acc == O_WRONLY && !ff->pipe->readers ? -ENXIO : 0;
    unsigned seen = acc == O_RDONLY ? ff->writes : ff->reads;
    while (acc == O_RDONLY ? !ff->pipe->writers && ff->writes == seen
                           : !ff->pipe->readers && ff->reads == seen) {
        proc_wait_on(p, acc == O_RDONLY ? &ff->pipe->can_read : &ff->pipe->can_write, NULL);
        int err = proc_sleep(p, INT64_MAX, true);
        if (err < 0)
            return err;
    }
    return 0;
}

int fifo_open(struct proc *p, struct vnode v, int flags, struct ofile **out)
{
    struct vm *vm = p->vm;
    struct fifo *ff = fifo_get(vm, v);
    if (!ff)
        return -ENFILE;
    struct ofile *f = ofile_new(vm, &fifo_ops, flags & ~(O_CREAT | O_EXCL | O_TRUNC));
    if (!f) {
        fifo_put(vm, ff);
        return -ENFILE;
    }
    f->obj = ff;
    f->v = v;
    vfs_hold(v);
    int acc = flags & O_ACCMODE;
    if (acc != O_WRONLY) {
        pipe_hold(ff->pipe, false);
        ff->reads++;
        waitq_wake(&ff->pipe->can_write);
    }
    if (acc != O_RDONLY) {
        pipe_hold(ff->pipe, true);
        ff->writes++;
        waitq_wake(&ff->pipe->can_read);
    }
    int fd = fd_install(p, f, 0);
    if (fd < 0)
        return fd;
    int err = fifo_meet(p, ff, flags);
    p->fds[fd].f = NULL;
    if (err < 0) {
        ofile_unref(vm, f);
        return err;
    }
    *out = f;
    return 0;
}

/* --- socket pairs --------------------------------------------------------------- */
struct sock {
    struct pipe *in, *out;
    struct ofile *far; /* the other end, if it is the kernel's */
};

void pipe_hold_peer(struct ofile *near, struct ofile *far)
{
    ((struct sock *)near->obj)->far = far;
}

static ssize_t sock_read(struct proc *p, struct ofile *f, void *buf, size_t n)
{
    return pipe_take(p, ((struct sock *)f->obj)->in, f->flags, buf, n);
}

static ssize_t sock_write(struct proc *p, struct ofile *f, const void *buf, size_t n)
{
    return pipe_give(p, ((struct sock *)f->obj)->out, f->flags, buf, n);
}

static unsigned sock_poll(struct proc *p, struct ofile *f, struct waiter wt[2])
{
    struct sock *s = f->obj;
    return can_take(p, s->in, wt ? &wt[0] : NULL) | can_give(p, s->out, wt ? &wt[1] : NULL);
}

static void sock_close(struct vm *vm, struct ofile *f)
{
    struct sock *s = f->obj;
    pipe_drop(vm, s->in, false);
    pipe_drop(vm, s->out, true);
    ofile_unref(vm, s->far);
    k_free(vm, s, sizeof(*s));
}

static void sock_name(const struct ofile *f, char *out, size_t n)
{
    const struct sock *s = f->obj;
    str_fmt(out, n, "socket:[%llu]", (unsigned long long)s->in->ino);
}

static const struct ofile_ops sock_ops = {
    .read = sock_read,
    .write = sock_write,
    .poll = sock_poll,
    .close = sock_close,
    .name = sock_name,
};

static struct ofile *sock_new(struct vm *vm, struct pipe *in, struct pipe *out, int flags)
{
    struct sock *s = k_alloc(vm, sizeof(*s));
    struct ofile *f = s ? ofile_new(vm, &sock_ops, O_RDWR | flags) : NULL;
    if (!f) {
        k_free(vm, s, sizeof(*s));
        return NULL;
    }
    s->in = in;
    s->out = out;
    pipe_hold(in, false);
    pipe_hold(out, true);
    f->obj = s;
    return f;
}

int pipe_pair(struct vm *vm, struct ofile **a, struct ofile **b, int flags)
{
    struct pipe *one = pipe_new(vm), *two = pipe_new(vm);
    if (one && two) {
        *a = sock_new(vm, one, two, flags);
        *b = *a ? sock_new(vm, two, one, flags) : NULL;
        if (*b)
            return 0;
        if (*a) {
            ofile_unref(vm, *a); /* takes both pipes along */
            return -ENFILE;
        }
    }
    k_free(vm, one, sizeof(*one));
    k_free(vm, two, sizeof(*two));
    return -ENFILE;
}

int vm_socketpair(struct proc *p, int fds[2])
{
    struct ofile *a, *b;
    BURN(p, 4);
    int err = pipe_pair(p->vm, &a, &b, 0);
    if (err < 0)
        return err;
    int x = fd_install(p, a, 0);
    if (x < 0) {
        ofile_unref(p->vm, b);
        return x;
    }
    int y = fd_install(p, b, 0);
    if (y < 0) {
        (void)vm_close(p, x);
        return y;
    }
    fds[0] = x;
    fds[1] = y;
    return 0;
}
