/* stdio.c -- buffered streams on virtual descriptors.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/stdio.h"

#include <stdio.h>

#include "vm/priv.h"

struct vfile {
    struct proc *p;
    struct vfile *next; /* all of the process, for the flush at exit */
    int fd, error;
    bool eof, line_buffered, unbuffered, reading;
    int pushed; /* vf_ungetc's byte + 1 */
    char *buf;
    size_t n, off; /* writing: n bytes wait; reading: buf[off..n) */
    char *line;
    size_t line_cap;
};

static struct vfile *stream_new(struct proc *p, int fd)
{
    struct vfile *f = vm_alloc(p, sizeof(*f));
    f->p = p;
    f->fd = fd;
    f->next = p->streams;
    p->streams = f;
    f->line_buffered = vm_isatty(p, fd);
    return f;
}

static struct vfile *std_stream(struct proc *p, int fd)
{
    if (!p->std[fd]) {
        p->std[fd] = stream_new(p, fd);
        p->std[fd]->unbuffered = fd == 2;
        p->std[fd]->reading = fd == 0;
    }
    return p->std[fd];
}

struct vfile *vf_stdin(struct proc *p)
{
    return std_stream(p, 0);
}

struct vfile *vf_stdout(struct proc *p)
{
    return std_stream(p, 1);
}

struct vfile *vf_stderr(struct proc *p)
{
    return std_stream(p, 2);
}

struct vfile *vf_open(struct proc *p, const char *path, const char *mode, int *err)
{
    bool plus = strchr(mode, '+') != NULL;
    int flags = mode[0] == 'r' ? 0 : O_CREAT | (mode[0] == 'a' ? O_APPEND : O_TRUNC);
    flags |= plus ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;
    if (strchr(mode, 'e'))
        flags |= O_CLOEXEC;
    int fd = vm_open(p, path, flags, 0666);
    if (fd < 0) {
        if (err)
            *err = fd;
        return NULL;
    }
    return vf_fdopen(p, fd, mode);
}

struct vfile *vf_fdopen(struct proc *p, int fd, const char *mode)
{
    struct vfile *f = stream_new(p, fd);
    f->reading = mode[0] == 'r';
    return f;
}

int vf_close(struct vfile *f)
{
    struct proc *p = f->p;
    int err = vf_flush(f);
    (void)vm_close(p, f->fd);
    for (struct vfile **at = &p->streams; *at; at = &(*at)->next)
        if (*at == f) {
            *at = f->next;
            break;
        }
    for (int i = 0; i < 3; i++)
        if (p->std[i] == f)
            p->std[i] = NULL;
    vm_release(p, f->buf, f->buf ? STREAM_BUF : 0);
    vm_release(p, f->line, f->line_cap);
    vm_release(p, f, sizeof(*f));
    return err;
}

int vf_fd(const struct vfile *f)
{
    return f->fd;
}

bool vf_eof(const struct vfile *f)
{
    return f->eof;
}

int vf_error(const struct vfile *f)
{
    return f->error;
}

/* --- reading ------------------------------------------------------------------ */
static bool fill(struct vfile *f)
{
    if (f->n && !f->reading)
        (void)vf_flush(f);
    f->reading = true;
    if (!f->buf)
        f->buf = vm_alloc(f->p, STREAM_BUF);
    if (f->fd == 0 && f->p->std[1] && f->p->std[1]->line_buffered)
        (void)vf_flush(f->p->std[1]); /* prompts show before one waits */
    ssize_t got = vm_read(f->p, f->fd, f->buf, STREAM_BUF);
    f->off = f->n = 0;
    if (got < 0 && !f->error)
        f->error = (int)got;
    if (got <= 0) {
        f->eof |= got == 0;
        return false;
    }
    f->n = (size_t)got;
    return true;
}

int vf_getc(struct vfile *f)
{
    if (f->pushed) {
        int c = f->pushed - 1;
        f->pushed = 0;
        return c;
    }
    if (!f->reading || f->off == f->n)
        if (!fill(f))
            return VF_EOF;
    return (unsigned char)f->buf[f->off++];
}

void vf_ungetc(struct vfile *f, int c)
{
    if (c == VF_EOF)
        return;
    f->eof = false;
    if (f->reading && f->off > 0 && !f->pushed && (unsigned char)f->buf[f->off - 1] == c)
        f->off--;
    else
        f->pushed = (unsigned char)c + 1;
}

size_t vf_read(struct vfile *f, void *buf, size_t n)
{
    char *to = buf;
    size_t done = 0;
    if (n && f->pushed) {
        to[done++] = (char)(f->pushed - 1);
        f->pushed = 0;
    }
    while (done < n) {
        if (!f->reading || f->off == f->n)
            if (!fill(f))
                break;
        size_t k = f->n - f->off < n - done ? f->n - f->off : n - done;
        memcpy(to + done, f->buf + f->off, k);
        f->off += k;
        done += k;
    }
    return done;
}

static void line_room(struct vfile *f, size_t want)
{
    if (want <= f->line_cap)
        return;
    size_t cap = f->line_cap ? f->line_cap : 128;
    while (cap < want)
        cap *= 2;
    char *line = vm_alloc(f->p, cap);
    if (f->line) {
        memcpy(line, f->line, f->line_cap);
        vm_release(f->p, f->line, f->line_cap);
    }
    f->line = line;
    f->line_cap = cap;
}

char *vf_getdelim(struct vfile *f, int delim, size_t *n)
{
    size_t len = 0;
    if (f->pushed) {
        line_room(f, 2);
        f->line[len++] = (char)(f->pushed - 1);
        f->pushed = 0;
    }
    while (!len || (unsigned char)f->line[len - 1] != (unsigned char)delim) {
        if (!f->reading || f->off == f->n)
            if (!fill(f))
                break;
        const char *from = f->buf + f->off, *end = memchr(from, delim, f->n - f->off);
        size_t k = end ? (size_t)(end - from) + 1 : f->n - f->off;
        line_room(f, len + k + 1);
        memcpy(f->line + len, from, k);
        len += k;
        f->off += k;
    }
    if (!len)
        return NULL;
    f->line[len] = 0;
    if (n)
        *n = len;
    return f->line;
}

/* --- writing ---------------------------------------------------------------------- */
int vf_flush(struct vfile *f)
{
    if (f->reading) { /* what was read ahead goes back, where that is possible */
        if (f->off < f->n && f->fd >= 0)
            (void)vm_lseek(f->p, f->fd, -(int64_t)(f->n - f->off), SEEK_CUR);
        if (f->fd != 0)
            return f->error;
        if (vm_lseek(f->p, f->fd, 0, SEEK_CUR) >= 0)
            f->off = f->n = 0;
        return f->error;
    }
    if (f->n) {
        size_t n = f->n;
        f->n = 0;
        ssize_t put = vm_write_all(f->p, f->fd, f->buf, n);
        if (put < 0 && !f->error)
            f->error = (int)put;
    }
    return f->error;
}

static void begin_writing(struct vfile *f)
{
    if (f->reading) {
        (void)vf_flush(f);
        f->reading = false;
        f->n = f->off = 0;
    }
}

void vf_write(struct vfile *f, const void *buf, size_t n)
{
    const char *from = buf;
    begin_writing(f);
    if (f->unbuffered || (n >= STREAM_BUF && !f->line_buffered)) {
        (void)vf_flush(f);
        ssize_t put = vm_write_all(f->p, f->fd, from, n);
        if (put < 0 && !f->error)
            f->error = (int)put;
        return;
    }
    if (!f->buf)
        f->buf = vm_alloc(f->p, STREAM_BUF);
    bool newline = f->line_buffered && n && memchr(from, '\n', n);
    while (n) {
        if (f->n == STREAM_BUF)
            (void)vf_flush(f);
        size_t k = STREAM_BUF - f->n < n ? STREAM_BUF - f->n : n;
        memcpy(f->buf + f->n, from, k);
        f->n += k;
        from += k;
        n -= k;
    }
    if (newline)
        (void)vf_flush(f);
}

void vf_putc(struct vfile *f, int c)
{
    char b = (char)c;
    if (!f->unbuffered && !f->reading && f->buf && f->n < STREAM_BUF &&
        !(f->line_buffered && c == '\n')) {
        f->buf[f->n++] = b;
        return;
    }
    vf_write(f, &b, 1);
}

void vf_puts(struct vfile *f, const char *s)
{
    vf_write(f, s, strlen(s));
}

void vf_vprintf(struct vfile *f, const char *fmt, va_list ap)
{
    char small[512];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof(small), fmt, ap);
    if (n >= 0 && (size_t)n < sizeof(small)) {
        vf_write(f, small, (size_t)n);
    } else if (n > 0) {
        char *big = vm_alloc(f->p, (size_t)n + 1);
        (void)vsnprintf(big, (size_t)n + 1, fmt, again);
        vf_write(f, big, (size_t)n);
        vm_release(f->p, big, (size_t)n + 1);
    }
    va_end(again);
}

void vf_printf(struct vfile *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vf_vprintf(f, fmt, ap);
    va_end(ap);
}

void streams_flush(struct proc *p)
{
    if (p->state == P_ZOMBIE)
        return;
    for (struct vfile *f = p->streams; f; f = f->next)
        (void)vf_flush(f);
}

const char *vm_strerror(int e)
{
    const char *text = strerrordesc_np(e < 0 ? -e : e);
    return text ? text : "Unknown error";
}
