/* tail.c -- the last lines or bytes of files; with -f, what is added later.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"

enum { BLOCK = 65536 };

struct tailed {
    const char *name;
    int fd; /* -1: not open */
    int64_t size;
    uint64_t ino;
};

struct tail {
    struct cmd_run *r;
    uint64_t count;
    bool bytes, from_start, follow, by_name, retry;
    int delim;
    int64_t pause_us;
    int64_t pid;
    bool headers;
    const struct tailed *last; /* whose header was shown last */
};

static int copy_rest(struct tail *t, int fd)
{
    int err = 0;
    (void)vf_flush(t->r->out);
    if (cmd_copy(t->r->p, fd, 1, &err) == 1)
        return -err;
    return 0;
}

/* Skips count - 1 units, then copies the rest. */
static int tail_from(struct tail *t, int fd)
{
    struct cmd_run *r = t->r;
    uint64_t skip = t->count ? t->count - 1 : 0;
    char *block = vm_alloc(r->p, BLOCK);
    ssize_t n = 0;
    while (skip && (n = vm_read(r->p, fd, block, BLOCK)) > 0) {
        const char *at = block, *end = block + n, *p;
        if (t->bytes) {
            uint64_t k = skip < (uint64_t)n ? skip : (uint64_t)n;
            at += k;
            skip -= k;
        } else {
            while (skip && (p = memchr(at, t->delim, (size_t)(end - at)))) {
                at = p + 1;
                skip--;
            }
            if (skip)
                at = end;
        }
        vf_write(r->out, at, (size_t)(end - at));
    }
    vm_release(r->p, block, BLOCK);
    return n < 0 ? (int)n : copy_rest(t, fd);
}

/* Where the last count lines of s[0..n) begin. */
static size_t last_lines(const struct tail *t, const char *s, size_t n)
{
    uint64_t lines = 0;
    size_t end = n;
    if (!t->count)
        return n;
    if (end && s[end - 1] == t->delim)
        end--;
    for (const char *p; end && (p = memrchr(s, t->delim, end)); end = (size_t)(p - s))
        if (++lines == t->count)
            return (size_t)(p - s) + 1;
    return 0;
}

/* A pipe: only what may be among the last is kept. */
static int tail_stream(struct tail *t, int fd)
{
    struct cmd_run *r = t->r;
    struct str b;
    str_init(&b, r->arena);
    char *block = vm_alloc(r->p, BLOCK);
    ssize_t n;
    size_t checked = 0;
    while ((n = vm_read(r->p, fd, block, BLOCK)) > 0) {
        str_add(&b, block, (size_t)n);
        if (b.n < checked * 2 + 4 * BLOCK)
            continue;
        size_t from = t->bytes ? (b.n > t->count ? b.n - t->count : 0) : last_lines(t, b.s, b.n);
        memmove(b.s, b.s + from, b.n - from);
        str_trunc(&b, b.n - from);
        checked = b.n;
    }
    if (b.n) {
        size_t from = t->bytes ? (b.n > t->count ? b.n - t->count : 0) : last_lines(t, b.s, b.n);
        vf_write(r->out, b.s + from, b.n - from);
    }
    vm_release(r->p, block, BLOCK);
    str_release(&b);
    return n < 0 ? (int)n : 0;
}

/* A regular file is searched from its end, block by block. */
static int tail_file(struct tail *t, int fd, int64_t start, int64_t size)
{
    struct cmd_run *r = t->r;
    int64_t at = size;
    if (t->bytes) {
        at = (uint64_t)(size - start) > t->count ? size - (int64_t)t->count : start;
    } else if (t->count) {
        char *block = vm_alloc(r->p, BLOCK);
        uint64_t lines = 0;
        bool done = false, last = true;
        while (at > start && !done) {
            int64_t from = at - BLOCK > start ? at - BLOCK : start;
            ssize_t n = vm_pread(r->p, fd, block, (size_t)(at - from), from);
            if (n <= 0)
                return (int)n;
            size_t end = (size_t)n;
            if (last && block[end - 1] == t->delim)
                end--;
            last = false;
            const char *p;
            while (end && (p = memrchr(block, t->delim, end))) {
                end = (size_t)(p - block);
                if (++lines == t->count) {
                    from += (int64_t)end + 1;
                    done = true;
                    break;
                }
            }
            at = from;
        }
        vm_release(r->p, block, BLOCK);
    }
    vm_lseek(r->p, fd, at, SEEK_SET);
    return copy_rest(t, fd);
}

static int tail_one(struct tail *t, int fd)
{
    struct vfs_stat st;
    if (t->from_start)
        return tail_from(t, fd);
    int64_t at = -1;
    if (!vm_fstat(t->r->p, fd, &st) && S_ISREG(st.mode) && st.size > 0)
        at = vm_lseek(t->r->p, fd, 0, SEEK_CUR);
    if (at >= 0 && at < st.size)
        return tail_file(t, fd, at, st.size);
    return tail_stream(t, fd);
}

static void header(struct tail *t, const struct tailed *f)
{
    if (!t->headers || t->last == f)
        return;
    vf_printf(t->r->out, "%s==> %s <==\n", t->last ? "\n" : "",
              strcmp(f->name, "-") ? f->name : "standard input");
    t->last = f;
}

/* Has the file of that name been replaced? Opens the new one. */
static void follow_name(struct tail *t, struct tailed *f)
{
    struct cmd_run *r = t->r;
    struct vfs_stat st;
    if (vm_stat(r->p, f->name, &st) < 0) {
        if (f->fd >= 0) {
            cmd_warn_err(r, ENOENT, "%s has become inaccessible", cmd_quote(r, f->name));
            vm_close(r->p, f->fd);
            f->fd = -1;
        }
        return;
    }
    if (f->fd >= 0 && st.ino == f->ino)
        return;
    bool was = f->fd >= 0;
    if (was)
        vm_close(r->p, f->fd);
    f->fd = vm_open(r->p, f->name, 0, 0);
    if (f->fd < 0)
        return;
    cmd_warn(r,
             was ? "%s has been replaced;  following new file"
                 : "%s has appeared;  following new file",
             cmd_quote(r, f->name));
    f->ino = st.ino;
    f->size = 0;
}

static void follow(struct tail *t, struct tailed *f, size_t n)
{
    struct cmd_run *r = t->r;
    for (;;) {
        (void)vf_flush(r->out);
        if (vf_error(r->out))
            return;
        if (t->pid && vm_kill(r->p, (int)t->pid, 0) == -ESRCH)
            return;
        bool any = false;
        for (size_t i = 0; i < n; i++) {
            struct vfs_stat st;
            if (t->by_name)
                follow_name(t, &f[i]);
            if (f[i].fd < 0)
                continue;
            any = true;
            if (vm_fstat(r->p, f[i].fd, &st) < 0)
                continue;
            if (S_ISREG(st.mode) && st.size < f[i].size) {
                cmd_warn(r, "%s: file truncated", cmd_quotef(r, f[i].name));
                vm_lseek(r->p, f[i].fd, 0, SEEK_SET);
            } else if (S_ISREG(st.mode) && st.size == f[i].size) {
                continue;
            }
            header(t, &f[i]);
            copy_rest(t, f[i].fd);
            f[i].size = st.size;
        }
        if (!any && !t->retry && !t->by_name) {
            cmd_warn(r, "no files remaining");
            return;
        }
        vm_sleep_us(r->p, t->pause_us);
    }
}

static bool set_count(struct tail *t, const char *arg, bool bytes)
{
    struct cmd_run *r = t->r;
    t->bytes = bytes;
    t->from_start = *arg == '+';
    const char *digits = arg + (*arg == '+' || *arg == '-');
    int err =
        *digits < '0' || *digits > '9' ? -EINVAL : cmd_number(digits, "bkKmMGTPEZY0", &t->count);
    if (err == -EINVAL) {
        cmd_warn(r, "invalid number of %s: %s", bytes ? "bytes" : "lines", cmd_quotel(r, arg));
        return false;
    }
    return true;
}

/* "-5", "+5c", "-f", "-20lf": the old way, as the only option. */
static void old_style(struct cmd_run *r, int *argc, char **argv)
{
    const char *s = *argc > 1 ? argv[1] : "";
    bool plus = *s == '+';
    if (!plus && *s != '-')
        return;
    size_t digits = strspn(s + 1, "0123456789");
    if (!digits || *argc > (plus ? 3 : 4096))
        return;
    const char *flags = s + 1 + digits;
    char unit = 'n';
    const char *mult = "";
    if (*flags == 'b' || *flags == 'c' || *flags == 'l') {
        unit = *flags == 'l' ? 'n' : 'c';
        mult = *flags == 'b' ? "b" : "";
        flags++;
    }
    bool follows = *flags == 'f';
    if (flags[follows])
        return;
    argv[1] = vm_asprintf(r->p, "-%s%c%s%.*s%s", follows ? "f" : "", unit, plus ? "+" : "",
                          (int)digits, s + 1, mult);
}

static int open_failed(struct cmd_run *r, const char *name, int err)
{
    cmd_warn_err(r, err, "cannot open %s for reading", cmd_quote(r, name));
    return 1;
}

static int tail_run(struct cmd_run *r)
{
    int argc = r->argc + 1;
    char **argv = r->argv - 1;
    old_style(r, &argc, argv);
    int status = cmd_getopt(r, argc, argv);
    if (status >= 0)
        return status;
    struct tail t = {.r = r, .count = 10, .pause_us = 1000000};
    t.delim = cmd_has(r, 'z') ? 0 : '\n';
    for (const char *o = r->opt; *o; o++) {
        const char *arg = r->optarg[o - r->opt];
        double seconds;
        if ((*o == 'n' || *o == 'c') && !set_count(&t, arg, *o == 'c'))
            return 1;
        if (*o == 'f')
            t.follow = true, t.by_name = arg && *arg == 'n';
        if (*o == 'F')
            t.follow = t.by_name = t.retry = true;
        if (*o == '\1')
            t.retry = true;
        if (*o == 's') {
            if (str_double(arg, 0, 1e6, &seconds)) {
                cmd_warn(r, "invalid number of seconds: %s", cmd_quotel(r, arg));
                return 1;
            }
            t.pause_us = (int64_t)(seconds * 1e6) + 1000;
        }
        if (*o == '\2' && str_int(arg, 1, INT32_MAX, &t.pid)) {
            cmd_warn(r, "invalid PID: %s", cmd_quotel(r, arg));
            return 1;
        }
    }
    int headers = cmd_latest(r, "qv");
    t.headers = headers == 'v' || (!headers && r->argc > 1);
    char *standard[] = {"-", NULL};
    char **names = r->argc ? r->argv : standard;
    size_t n = r->argc ? (size_t)r->argc : 1, open = 0;
    struct tailed *files = vm_alloc(r->p, n * sizeof(*files));
    status = 0;
    for (size_t i = 0; i < n; i++) {
        struct tailed *f = &files[i];
        struct vfs_stat st;
        f->name = names[i];
        f->fd = cmd_open(r, f->name);
        if (f->fd < 0) {
            status = open_failed(r, f->name, f->fd);
            continue;
        }
        header(&t, f);
        int err = tail_one(&t, f->fd);
        if (err) {
            cmd_warn_err(r, err, "error reading %s",
                         cmd_quote(r, strcmp(f->name, "-") ? f->name : "standard input"));
            status = 1;
        }
        if (err && t.follow)
            cmd_warn(r, "%s: cannot follow end of this type of file; giving up on this name",
                     cmd_quotef(r, f->name));
        if (err || vm_fstat(r->p, f->fd, &st) < 0 || (f->fd == 0 && S_ISFIFO(st.mode)) ||
            !t.follow) {
            if (f->fd)
                vm_close(r->p, f->fd);
            f->fd = -1;
        } else {
            f->size = st.size;
            f->ino = st.ino;
            open++;
        }
    }
    if (t.follow && (open || t.retry))
        follow(&t, files, n);
    else if (t.follow && status)
        cmd_warn(r, "no files remaining");
    return status;
}

static const char *const tail_longs[] = {
    "bytes:=c", "follow?=f", "lines:=n",          "max-unchanged-stats:=\3",
    "pid:=\2",  "quiet=q",   "retry=\1",          "sleep-interval:=s",
    "silent=q", "verbose=v", "zero-terminated=z", NULL};

const struct cmd cmd_tail = {.name = "tail",
                             .opts = "c:n:fFqs:vz0123456789",
                             .longs = tail_longs,
                             .run = tail_run,
                             .flags = CMD_RAW};
