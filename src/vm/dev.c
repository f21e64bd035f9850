/* dev.c -- devices by number: what open(2) of a device node does.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <sys/sysmacros.h>

#include "vm/priv.h"

enum { MEM = 1, TTY = 4, TTYAUX = 5, PTS = 136 };
enum { DEV_NULL = 3, DEV_ZERO = 5, DEV_FULL = 7, DEV_RANDOM = 8, DEV_URANDOM = 9, DEV_KMSG = 11 };

static ssize_t null_read(struct proc *p, struct ofile *f, void *buf, size_t n)
{
    (void)p;
    (void)f;
    (void)buf;
    (void)n;
    return 0;
}

static ssize_t null_write(struct proc *p, struct ofile *f, const void *buf, size_t n)
{
    (void)p;
    (void)f;
    (void)buf;
    return (ssize_t)n;
}

static ssize_t zero_read(struct proc *p, struct ofile *f, void *buf, size_t n)
{
    (void)f;
    BURN(p, n / 64);
    memset(buf, 0, n);
    return (ssize_t)n;
}

static ssize_t full_write(struct proc *p, struct ofile *f, const void *buf, size_t n)
{
    (void)p;
    (void)f;
    (void)buf;
    (void)n;
    return -ENOSPC;
}

static ssize_t random_read(struct proc *p, struct ofile *f, void *buf, size_t n)
{
    (void)f;
    BURN(p, n / 64);
    if (n > 33554431) /* what one call gives at most */
        n = 33554431;
    rng_fill(&p->vm->rng, buf, n);
    return (ssize_t)n;
}

static const struct ofile_ops null_ops = {.read = null_read, .write = null_write};
static const struct ofile_ops zero_ops = {.read = zero_read, .write = null_write};
static const struct ofile_ops full_ops = {.read = zero_read, .write = full_write};
static const struct ofile_ops random_ops = {.read = random_read, .write = null_write};

static const struct ofile_ops *mem_device(unsigned which)
{
    switch (which) {
    case DEV_NULL:
    case DEV_KMSG:
        return &null_ops;
    case DEV_ZERO:
        return &zero_ops;
    case DEV_FULL:
        return &full_ops;
    case DEV_RANDOM:
    case DEV_URANDOM:
        return &random_ops;
    default:
        return NULL;
    }
}

int dev_open(struct proc *p, uint64_t rdev, int flags, struct ofile **out)
{
    bool block = rdev >> 63;
    rdev &= ~(UINT64_C(1) << 63);
    unsigned maj = major(rdev), min = minor(rdev);
    const struct ofile_ops *ops = NULL;
    struct vm_tty *t = NULL;
    if (block)
        ops = &zero_ops; /* a disk's raw bytes: nothing to see, nothing to break */
    else if (maj == MEM)
        ops = mem_device(min);
    else if (maj == PTS)
        t = tty_of_rdev(p->vm, rdev);
    else if (maj == TTYAUX && min == 0)
        t = p->tty;
    else if (maj == TTY || maj == TTYAUX)
        ops = &null_ops; /* consoles nobody looks at */
    if (t) {
        *out = tty_open_file(t, flags);
        return *out ? 0 : -ENOMEM;
    }
    if (!ops)
        return maj == PTS ? -EIO : maj == MEM ? -EPERM : -ENXIO;
    *out = ofile_new(p->vm, ops, flags & ~(O_CREAT | O_EXCL | O_TRUNC));
    return *out ? 0 : -ENFILE;
}
