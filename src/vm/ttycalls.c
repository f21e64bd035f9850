/* ttycalls.c -- the system calls on terminals.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/priv.h"

/* --- calls --------------------------------------------------------------------------------------
 */
static struct vm_tty *fd_tty(struct proc *p, int fd)
{
    return ofile_tty(fd_file(p, fd));
}

static int no_tty(struct proc *p, int fd)
{
    return fd_file(p, fd) ? -ENOTTY : -EBADF;
}

bool vm_isatty(struct proc *p, int fd)
{
    return fd_tty(p, fd) != NULL;
}

int vm_ttyname(struct proc *p, int fd, char *out, size_t n)
{
    struct vm_tty *t = fd_tty(p, fd);
    if (!t)
        return no_tty(p, fd);
    return str_fmt(out, n, "/dev/pts/%u", t->index) ? 0 : -ERANGE;
}

int vm_tcgetattr(struct proc *p, int fd, struct termios *out)
{
    struct vm_tty *t = fd_tty(p, fd);
    BURN(p, 1);
    if (!t)
        return no_tty(p, fd);
    *out = t->t;
    return 0;
}

int vm_tcsetattr(struct proc *p, int fd, int when, const struct termios *new)
{
    struct vm_tty *t = fd_tty(p, fd);
    BURN(p, 1);
    if (!t)
        return no_tty(p, fd);
    int err = tty_job_check(p, t, SIGTTOU);
    if (err < 0)
        return err;
    if (when == TCSAFLUSH)
        tty_input_flush(t);
    bool was = t->t.c_lflag & ICANON, is = new->c_lflag &ICANON;
    t->t = *new;
    if (was != is) {
        /* What was typed so far becomes readable; it counts as one line. */
        t->in_done = is ? t->in_len : t->in_done;
        t->lines = is && t->in_len ? t->lines + (t->lines == 0) : t->lines;
        if (!is)
            t->in_done = t->in_len;
        if (t->in_len)
            waitq_wake(&t->can_read);
        if (t->port)
            port_mark(t->port, false, true);
    }
    if (!(t->t.c_iflag & IXON) && t->stopped)
        tty_start_output(t);
    return 0;
}

int vm_getwinsize(struct proc *p, int fd, struct winsize *w)
{
    struct vm_tty *t = fd_tty(p, fd);
    if (!t)
        return no_tty(p, fd);
    *w = t->size;
    return 0;
}

int vm_setwinsize(struct proc *p, int fd, const struct winsize *w)
{
    struct vm_tty *t = fd_tty(p, fd);
    if (!t)
        return no_tty(p, fd);
    tty_resize(t, w);
    return 0;
}

int vm_tcgetpgrp(struct proc *p, int fd)
{
    struct vm_tty *t = fd_tty(p, fd);
    if (!t || p->tty != t)
        return t ? -ENOTTY : no_tty(p, fd);
    return t->pgrp;
}

int vm_tcsetpgrp(struct proc *p, int fd, int pgrp)
{
    struct vm_tty *t = fd_tty(p, fd);
    BURN(p, 1);
    if (!t || p->tty != t || t->sid != p->sid)
        return t ? -ENOTTY : no_tty(p, fd);
    int err = tty_job_check(p, t, SIGTTOU);
    if (err < 0)
        return err;
    bool found = false;
    LIST_EACH(l, &p->vm->procs)
    {
        struct proc *q = LIST_ENTRY(l, struct proc, table);
        if (q->pgid != pgrp)
            continue;
        if (q->sid != p->sid)
            return -EPERM;
        found = true;
    }
    if (!found)
        return pgrp < 0 ? -EINVAL : -ESRCH;
    t->pgrp = pgrp;
    return 0;
}
