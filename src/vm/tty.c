/* tty.c -- pseudo-terminals and their line discipline, as n_tty's.
 *
 * Input waits in cells (a byte and what it means): those of finished lines
 * first, behind them the line being edited. Switching ICANON off turns all of
 * them into plain bytes. Output goes through OPOST into a ring that the host
 * reads. Job control: a background process that reads gets SIGTTIN, one that
 * changes modes (or writes, with TOSTOP) SIGTTOU.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <sys/sysmacros.h>

#include "vm/priv.h"

enum {
    CELL_DELIM = 0x100, /* ends a line, is read with it */
    CELL_EOF = 0x200,   /* ends a line, is not read */
    IN_MAX = 4096,
    IN_FIRST = 64,
    OUT_MAX = 32768,
    PTS_MAJOR = 136,
};

/* --- cells ------------------------------------------------------------------ */
static uint16_t *cell(const struct vm_tty *t, uint32_t i)
{
    return &t->in[(t->in_off + i) % t->in_cap];
}

static bool cells_grow(struct vm_tty *t)
{
    uint32_t cap = t->in_cap ? t->in_cap * 2 : IN_FIRST;
    if (cap > IN_MAX)
        return false;
    uint16_t *in = k_alloc(t->vm, cap * sizeof(*in));
    if (!in)
        return false;
    for (uint32_t i = 0; i < t->in_len; i++)
        in[i] = *cell(t, i);
    k_free(t->vm, t->in, t->in_cap * sizeof(*in));
    t->in = in;
    t->in_cap = cap;
    t->in_off = 0;
    return true;
}

static bool cell_put(struct vm_tty *t, uint16_t c)
{
    if (t->in_len == t->in_cap && !cells_grow(t))
        return false;
    t->in_len++;
    *cell(t, t->in_len - 1) = c;
    return true;
}

static void cell_drop(struct vm_tty *t)
{
    t->in_off = (t->in_off + 1) % t->in_cap;
    t->in_len--;
    if (t->in_done)
        t->in_done--;
}

void tty_input_flush(struct vm_tty *t)
{
    t->in_len = t->in_done = t->in_off = 0;
    t->lines = 0;
    if (t->port)
        port_mark(t->port, false, true);
}

/* --- output -------------------------------------------------------------------- */
static bool out_raw(struct vm_tty *t, const void *p, size_t n)
{
    if (t->out.len + n > OUT_MAX)
        return false;
    bool ok = ring_put(t->vm, &t->out, p, n, OUT_MAX) == n;
    if (t->port && n)
        port_mark(t->port, true, false);
    return ok;
}

/* One byte through OPOST; false when there is no room (nothing was put). */
static bool out_byte(struct vm_tty *t, uint8_t c)
{
    tcflag_t o = t->t.c_oflag;
    if (!(o & OPOST))
        return out_raw(t, &c, 1);
    switch (c) {
    case '\n':
        if (o & ONLRET)
            t->column = 0;
        if (o & ONLCR) {
            if (!out_raw(t, "\r\n", 2))
                return false;
            t->column = t->canon_column = 0;
            return true;
        }
        t->canon_column = t->column;
        break;
    case '\r':
        if ((o & ONOCR) && t->column == 0)
            return true;
        if (o & OCRNL) {
            c = '\n';
            if (o & ONLRET)
                t->column = 0;
            break;
        }
        t->column = t->canon_column = 0;
        break;
    case '\t': {
        unsigned spaces = 8 - (t->column & 7);
        if ((o & TABDLY) == XTABS) {
            if (!out_raw(t, "        ", spaces))
                return false;
            t->column += spaces;
            return true;
        }
        t->column += spaces;
        break;
    }
    case '\b':
        if (t->column)
            t->column--;
        break;
    default:
        if (c >= 32 && c != 127) {
            if (o & OLCUC && c >= 'a' && c <= 'z')
                c = (uint8_t)(c - 32);
            if ((c & 0xc0) != 0x80 || !(t->t.c_iflag & IUTF8))
                t->column++;
        }
    }
    return out_raw(t, &c, 1);
}

void tty_print(struct vm_tty *t, uint8_t c)
{
    (void)out_byte(t, c);
}

static bool is_ctl(uint8_t c)
{
    return c < 32 || c == 127;
}

/* Echo never waits: what finds no room is lost, as on Linux. */
static void echo(struct vm_tty *t, uint8_t c)
{
    if ((t->t.c_lflag & ECHOCTL) && is_ctl(c) && c != '\t' && c != '\n') {
        (void)(out_byte(t, '^') && out_byte(t, c ^ 0100));
        return;
    }
    (void)out_byte(t, c);
}

/* --- signals from the keyboard ----------------------------------------------------- */
static void tty_signal(struct vm_tty *t, int sig)
{
    if (!(t->t.c_lflag & NOFLSH)) {
        tty_input_flush(t);
        ring_drop(t->vm, &t->out, t->out.len);
        waitq_wake(&t->can_write);
    }
    if (t->pgrp)
        signal_group(t->vm, t->pgrp, sig);
}

/* --- editing ---------------------------------------------------------------------------- */
/* Columns that the unfinished line up to cell end takes on the screen. */
static unsigned columns_to(const struct vm_tty *t, uint32_t end)
{
    unsigned col = t->canon_column;
    for (uint32_t i = t->in_done; i < end; i++) {
        uint8_t c = (uint8_t)*cell(t, i);
        if (c == '\t')
            col = (col | 7) + 1;
        else if (is_ctl(c))
            col += t->t.c_lflag & ECHOCTL ? 2 : 0;
        else if (!(t->t.c_iflag & IUTF8) || (c & 0xc0) != 0x80)
            col++;
    }
    return col;
}

static void rub_out(struct vm_tty *t, unsigned n)
{
    while (n--)
        (void)(out_byte(t, '\b') && out_byte(t, ' ') && out_byte(t, '\b'));
}

static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c >= 128;
}

/* Takes the last character off the line; false at its beginning. */
static bool erase_one(struct vm_tty *t)
{
    if (t->in_len == t->in_done)
        return false;
    uint32_t n = t->in_len - 1;
    if (t->t.c_iflag & IUTF8)
        while (n > t->in_done && (*cell(t, n) & 0xc0) == 0x80)
            n--;
    unsigned wide = columns_to(t, t->in_len) - columns_to(t, n);
    bool tab = (uint8_t)*cell(t, n) == '\t';
    t->in_len = n;
    if (t->t.c_lflag & ECHO) {
        if ((t->t.c_lflag & ECHOE) && tab)
            while (wide--)
                (void)out_byte(t, '\b'); /* nothing was printed there to blank */
        else if (t->t.c_lflag & ECHOE)
            rub_out(t, wide);
        else
            echo(t, t->t.c_cc[VERASE]);
    }
    return true;
}

static void erase_word(struct vm_tty *t)
{
    bool seen = false;
    while (t->in_len > t->in_done) {
        bool word = is_word((uint8_t)*cell(t, t->in_len - 1));
        if (!word && seen)
            break;
        seen |= word;
        erase_one(t);
    }
}

static void erase_line(struct vm_tty *t)
{
    if ((t->t.c_lflag & (ECHO | ECHOKE)) == (ECHO | ECHOKE) && (t->t.c_lflag & ECHOE)) {
        while (erase_one(t))
            continue;
        return;
    }
    t->in_len = t->in_done;
    if (t->t.c_lflag & ECHO) {
        echo(t, t->t.c_cc[VKILL]);
        if (t->t.c_lflag & ECHOK)
            (void)out_byte(t, '\n');
    }
}

static void line_done(struct vm_tty *t, uint16_t c)
{
    if (!cell_put(t, c)) {
        if (t->in_len == t->in_done) /* full of finished lines: the host waits */
            return;
        *cell(t, t->in_len - 1) = c;
    }
    t->in_done = t->in_len;
    t->lines++;
    waitq_wake(&t->can_read);
}

static bool is_cc(const struct vm_tty *t, int which, uint8_t c)
{
    return t->t.c_cc[which] != 0 && t->t.c_cc[which] == c;
}

static void reprint(struct vm_tty *t)
{
    echo(t, t->t.c_cc[VREPRINT]);
    (void)out_byte(t, '\n');
    for (uint32_t i = t->in_done; i < t->in_len; i++)
        echo(t, (uint8_t)*cell(t, i));
}

/* Characters with a meaning in canonical mode; false: an ordinary one. */
static bool canonical_key(struct vm_tty *t, uint8_t c)
{
    bool ext = t->t.c_lflag & IEXTEN;
    if (is_cc(t, VERASE, c))
        (void)erase_one(t);
    else if (is_cc(t, VKILL, c))
        erase_line(t);
    else if (ext && is_cc(t, VWERASE, c))
        erase_word(t);
    else if (ext && is_cc(t, VLNEXT, c)) {
        t->lnext = true;
        if ((t->t.c_lflag & (ECHO | ECHOCTL)) == (ECHO | ECHOCTL))
            (void)(out_byte(t, '^') && out_byte(t, '\b'));
    } else if (ext && (t->t.c_lflag & ECHO) && is_cc(t, VREPRINT, c))
        reprint(t);
    else if (c == '\n') {
        if (t->t.c_lflag & (ECHO | ECHONL))
            (void)out_byte(t, '\n');
        line_done(t, '\n' | CELL_DELIM);
    } else if (is_cc(t, VEOF, c))
        line_done(t, CELL_EOF);
    else if (is_cc(t, VEOL, c) || (ext && is_cc(t, VEOL2, c))) {
        if (t->t.c_lflag & ECHO)
            echo(t, c);
        line_done(t, c | CELL_DELIM);
    } else
        return false;
    return true;
}

static void ordinary_key(struct vm_tty *t, uint8_t c)
{
    bool canon = t->t.c_lflag & ICANON;
    /* A line that is too long: ring the bell, keep room for its end. */
    if (canon && t->in_len - t->in_done >= IN_MAX - 1) {
        if (t->t.c_iflag & IMAXBEL)
            (void)out_raw(t, "\a", 1);
        return;
    }
    if (t->t.c_lflag & ECHO) {
        if (canon && t->in_len == t->in_done)
            t->canon_column = t->column;
        echo(t, c);
    } else if ((t->t.c_lflag & ECHONL) && c == '\n')
        (void)out_byte(t, '\n');
    if (!cell_put(t, c))
        return;
    if (!canon) {
        t->in_done = t->in_len;
        waitq_wake(&t->can_read);
    }
}

void tty_start_output(struct vm_tty *t)
{
    t->stopped = false;
    if (t->port)
        port_mark(t->port, true, false);
}

static void input_byte(struct vm_tty *t, uint8_t c)
{
    const struct termios *m = &t->t;
    if (m->c_iflag & ISTRIP)
        c &= 0x7f;
    if (t->lnext) {
        t->lnext = false;
        ordinary_key(t, c);
        return;
    }
    if (t->stopped && (m->c_iflag & IXANY))
        tty_start_output(t);
    if ((m->c_iflag & IXON) && is_cc(t, VSTART, c)) {
        tty_start_output(t);
        return;
    }
    if ((m->c_iflag & IXON) && is_cc(t, VSTOP, c)) {
        t->stopped = true;
        return;
    }
    if (m->c_lflag & ISIG) {
        int sig = is_cc(t, VINTR, c)   ? SIGINT
                  : is_cc(t, VQUIT, c) ? SIGQUIT
                  : is_cc(t, VSUSP, c) ? SIGTSTP
                                       : 0;
        if (sig) {
            if (m->c_iflag & IXON)
                t->stopped = false;
            tty_signal(t, sig);
            if (m->c_lflag & ECHO)
                echo(t, c);
            return;
        }
    }
    if (c == '\r') {
        if (m->c_iflag & IGNCR)
            return;
        if (m->c_iflag & ICRNL)
            c = '\n';
    } else if (c == '\n' && (m->c_iflag & INLCR))
        c = '\r';
    if ((m->c_lflag & ICANON) && canonical_key(t, c))
        return;
    ordinary_key(t, c);
}

size_t tty_room(const struct vm_tty *t)
{
    if (t->hung)
        return 0;
    /* A line being edited may always grow: what is too much is dropped there. */
    if ((t->t.c_lflag & ICANON) && !t->lines)
        return IN_MAX;
    return t->in_len < IN_MAX - 1 ? IN_MAX - 1 - t->in_len : 0;
}

size_t tty_input(struct vm_tty *t, const uint8_t *p, size_t n)
{
    size_t i = 0;
    t->atime_us = vm_real_us(t->vm);
    for (; i < n && !t->hung; i++) {
        /* Keys that make signals go in even when nobody reads. */
        if (!tty_room(t) &&
            !((t->t.c_lflag & ISIG) && (is_cc(t, VINTR, p[i]) || is_cc(t, VQUIT, p[i]))))
            break;
        input_byte(t, p[i]);
    }
    return i;
}

/* --- reading ------------------------------------------------------------------------------ */
static bool read_ready(const struct vm_tty *t)
{
    return t->t.c_lflag & ICANON ? t->lines > 0 : t->in_len > 0;
}

static ssize_t read_line(struct vm_tty *t, uint8_t *buf, size_t n)
{
    size_t got = 0;
    while (got < n && t->in_done) {
        uint16_t c = *cell(t, 0);
        cell_drop(t);
        if (c & CELL_EOF) {
            t->lines--;
            break;
        }
        buf[got++] = (uint8_t)c;
        if (c & CELL_DELIM) {
            t->lines--;
            break;
        }
    }
    /* A buffer that ends right before an EOF takes it along. */
    if (got == n && t->in_done && (*cell(t, 0) & CELL_EOF)) {
        cell_drop(t);
        t->lines--;
    }
    return (ssize_t)got;
}

static ssize_t read_bytes(struct vm_tty *t, uint8_t *buf, size_t n)
{
    size_t got = 0;
    while (got < n && t->in_len) {
        uint16_t c = *cell(t, 0);
        cell_drop(t);
        if (!(c & CELL_EOF))
            buf[got++] = (uint8_t)c;
        if (c & (CELL_DELIM | CELL_EOF))
            t->lines -= t->lines > 0;
    }
    return (ssize_t)got;
}

static bool is_background(const struct proc *p, const struct vm_tty *t)
{
    return p->tty == t && t->pgrp && p->pgid != t->pgrp;
}

/* Stops a background process that touches its terminal: 0 if it may go on. */
int tty_job_check(struct proc *p, struct vm_tty *t, int sig)
{
    while (is_background(p, t)) {
        bool blocked = p->sig_blocked >> (sig - 1) & 1;
        if (signal_is_ignored(p, sig) || blocked)
            return sig == SIGTTIN ? -EIO : 0;
        if (pgrp_orphaned(p->vm, p->pgid))
            return -EIO;
        signal_group(p->vm, p->pgid, sig);
        if (signal_deliver(p))
            return -EINTR;
    }
    return 0;
}

static ssize_t tty_read(struct proc *p, struct ofile *f, void *buf, size_t n)
{
    struct vm_tty *t = f->obj;
    int64_t until = INT64_MAX;
    bool timed = !(t->t.c_lflag & ICANON) && t->t.c_cc[VMIN] == 0;
    if (timed)
        until = clock_mono_us(p->vm->world->clock) + t->t.c_cc[VTIME] * INT64_C(100000);
    for (;;) {
        int err = tty_job_check(p, t, SIGTTIN);
        if (err < 0)
            return err;
        if (read_ready(t) || !n)
            break;
        if (t->hung)
            return 0;
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        proc_wait_on(p, &t->can_read, NULL);
        err = proc_sleep(p, until, true);
        if (err == -ETIMEDOUT)
            return 0;
        if (err < 0)
            return err;
    }
    ssize_t got = t->t.c_lflag & ICANON ? read_line(t, buf, n) : read_bytes(t, buf, n);
    if (!t->in_len && t->in_cap > IN_FIRST) {
        k_free(t->vm, t->in, t->in_cap * sizeof(*t->in));
        t->in = NULL;
        t->in_cap = t->in_off = 0;
    }
    if (t->port)
        port_mark(t->port, false, true);
    return got;
}

static ssize_t tty_write(struct proc *p, struct ofile *f, const void *buf, size_t n)
{
    struct vm_tty *t = f->obj;
    size_t done = 0;
    if (t->t.c_lflag & TOSTOP) {
        int err = tty_job_check(p, t, SIGTTOU);
        if (err < 0)
            return err;
    }
    t->mtime_us = vm_real_us(t->vm);
    while (done < n) {
        if (t->hung)
            return done ? (ssize_t)done : -EIO;
        if (out_byte(t, ((const uint8_t *)buf)[done])) {
            done++;
            continue;
        }
        if (f->flags & O_NONBLOCK)
            return done ? (ssize_t)done : -EAGAIN;
        proc_wait_on(p, &t->can_write, NULL);
        int err = proc_sleep(p, INT64_MAX, true);
        if (err < 0)
            return done ? (ssize_t)done : err;
    }
    return (ssize_t)done;
}

static unsigned tty_poll(struct proc *p, struct ofile *f, struct waiter wt[2])
{
    struct vm_tty *t = f->obj;
    if (wt) {
        proc_wait_on(p, &t->can_read, &wt[0]);
        proc_wait_on(p, &t->can_write, &wt[1]);
    }
    return (read_ready(t) ? POLLIN : 0u) | (t->out.len < OUT_MAX / 2 ? POLLOUT : 0u) |
           (t->hung ? POLLHUP | POLLIN : 0u);
}

static void tty_file_close(struct vm *vm, struct ofile *f)
{
    (void)vm;
    tty_unref(f->obj);
}

static void tty_file_name(const struct ofile *f, char *out, size_t n)
{
    const struct vm_tty *t = f->obj;
    str_fmt(out, n, "/dev/pts/%u", t->index);
}

static const struct ofile_ops tty_ops = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .close = tty_file_close,
    .name = tty_file_name,
};

struct vm_tty *ofile_tty(const struct ofile *f)
{
    return f && f->ops == &tty_ops ? f->obj : NULL;
}

struct ofile *tty_open_file(struct vm_tty *t, int flags)
{
    struct ofile *f = ofile_new(t->vm, &tty_ops, flags & ~(O_CREAT | O_TRUNC | O_EXCL));
    if (!f)
        return NULL;
    f->obj = t;
    t->refs++;
    return f;
}

/* --- life ------------------------------------------------------------------------------------- */
void tty_defaults(struct termios *t)
{
    static const cc_t cc[] = {
        [VINTR] = 3,     [VQUIT] = 28,   [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VTIME] = 0,
        [VMIN] = 1,      [VSTART] = 17,  [VSTOP] = 19,   [VSUSP] = 26, [VEOL] = 0, [VREPRINT] = 18,
        [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,  [VEOL2] = 0,
    };
    memset(t, 0, sizeof(*t));
    t->c_iflag = ICRNL | IXON;
    t->c_oflag = OPOST | ONLCR;
    t->c_cflag = CS8 | CREAD | B38400;
    t->c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    memcpy(t->c_cc, cc, sizeof(cc));
    t->c_ispeed = t->c_ospeed = B38400;
}

struct vm_tty *tty_by_index(struct vm *vm, unsigned index)
{
    LIST_EACH(l, &vm->ttys)
    {
        struct vm_tty *t = LIST_ENTRY(l, struct vm_tty, in_vm);
        if (t->index == index)
            return t;
    }
    return NULL;
}

struct vm_tty *tty_of_rdev(struct vm *vm, uint64_t rdev)
{
    return major(rdev) == PTS_MAJOR ? tty_by_index(vm, minor(rdev)) : NULL;
}

struct vm_tty *tty_controlling(struct proc *p)
{
    return p->tty;
}

int tty_new(struct vm *vm, uint32_t uid, struct vm_tty **out)
{
    struct vm_tty *t = k_alloc(vm, sizeof(*t));
    if (!t)
        return -ENOMEM;
    while (tty_by_index(vm, t->index))
        t->index++;
    t->vm = vm;
    t->refs = 1;
    t->uid = uid;
    t->gid = 5;
    t->atime_us = t->mtime_us = t->ctime_us = vm_real_us(vm);
    tty_defaults(&t->t);
    list_push(&vm->ttys, &t->in_vm);
    *out = t;
    return 0;
}

void tty_unref(struct vm_tty *t)
{
    struct vm *vm = t->vm;
    if (--t->refs)
        return;
    list_del(&t->in_vm);
    if (t->port) {
        port_mark(t->port, true, true);
        t->port->tty = NULL;
    }
    ring_done(vm, &t->out);
    k_free(vm, t->in, t->in_cap * sizeof(*t->in));
    k_free(vm, t, sizeof(*t));
}

void tty_hangup(struct vm_tty *t)
{
    if (t->hung)
        return;
    t->hung = true;
    t->refs++;
    struct proc *leader = t->sid ? proc_find(t->vm, t->sid) : NULL;
    int pgrp = t->pgrp;
    if (leader && leader->state != P_ZOMBIE) {
        signal_send(leader, SIGHUP);
        leader = proc_find(t->vm, t->sid);
        if (leader)
            signal_send(leader, SIGCONT);
    }
    if (pgrp) {
        signal_group(t->vm, pgrp, SIGHUP);
        signal_group(t->vm, pgrp, SIGCONT);
    }
    waitq_wake(&t->can_read);
    waitq_wake(&t->can_write);
    tty_unref(t);
}

void tty_leader_died(struct vm_tty *t)
{
    struct vm *vm = t->vm;
    if (!t->sid)
        return;
    int pgrp = t->pgrp, sid = t->sid;
    t->pgrp = t->sid = 0;
    t->refs++;
    if (pgrp) {
        signal_group(vm, pgrp, SIGHUP);
        signal_group(vm, pgrp, SIGCONT);
    }
    LIST_EACH(l, &vm->procs)
    {
        struct proc *p = LIST_ENTRY(l, struct proc, table);
        if (p->sid == sid && p->tty == t) {
            p->tty = NULL;
            t->refs--;
        }
    }
    tty_unref(t);
}

void tty_resize(struct vm_tty *t, const struct winsize *w)
{
    if (memcmp(&t->size, w, sizeof(*w)) == 0)
        return;
    t->size = *w;
    if (t->pgrp)
        signal_group(t->vm, t->pgrp, SIGWINCH);
}

void tty_output_drained(struct vm_tty *t)
{
    if (t->out.len <= OUT_MAX / 2)
        waitq_wake(&t->can_write);
    if (!t->out.len)
        ring_done(t->vm, &t->out);
}
