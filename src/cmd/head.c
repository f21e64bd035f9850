/* head.c -- the first lines or bytes of files.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"

enum { BLOCK = 65536 };

struct head {
    struct cmd_run *r;
    uint64_t count;
    bool bytes, all_but;
    int delim;
};

/* Lines that may turn out to be among the last ones wait in a ring of text. */
static int head_all_but(struct head *h, int fd)
{
    struct cmd_run *r = h->r;
    struct str b;
    str_init(&b, r->arena);
    char *block = vm_alloc(r->p, BLOCK);
    ssize_t n;
    while ((n = vm_read(r->p, fd, block, BLOCK)) > 0) {
        str_add(&b, block, (size_t)n);
        /* How much of b is surely not among the last count units? */
        size_t keep = 0;
        if (h->bytes) {
            keep = b.n > h->count ? b.n - h->count : 0;
        } else {
            uint64_t lines = 0;
            size_t at = b.n;
            bool partial = at && b.s[at - 1] != h->delim;
            lines = partial ? 1 : 0;
            const char *p;
            size_t end = at;
            while (end && lines <= h->count && (p = memrchr(b.s, h->delim, end))) {
                end = (size_t)(p - b.s);
                if (lines++ == h->count) {
                    keep = end + 1;
                    break;
                }
            }
        }
        if (keep > BLOCK / 2 || keep == b.n) {
            vf_write(r->out, b.s, keep);
            memmove(b.s, b.s + keep, b.n - keep);
            str_trunc(&b, b.n - keep);
        }
    }
    if (h->bytes) {
        if (b.n > h->count)
            vf_write(r->out, b.s, b.n - h->count);
    } else if (b.n) {
        uint64_t lines = b.s[b.n - 1] != h->delim;
        size_t end = b.n;
        const char *p;
        if (!h->count)
            vf_write(r->out, b.s, b.n);
        else
            while (end && (p = memrchr(b.s, h->delim, end))) {
                end = (size_t)(p - b.s);
                if (lines++ == h->count) {
                    vf_write(r->out, b.s, end + 1);
                    break;
                }
            }
    }
    vm_release(r->p, block, BLOCK);
    str_release(&b);
    return n < 0 ? (int)n : 0;
}

static int head_first(struct head *h, int fd)
{
    struct cmd_run *r = h->r;
    char *block = vm_alloc(r->p, BLOCK);
    uint64_t left = h->count;
    ssize_t n = 0;
    while (left) {
        size_t want = h->bytes && left < BLOCK ? (size_t)left : BLOCK;
        n = vm_read(r->p, fd, block, want);
        if (n <= 0)
            break;
        size_t use = (size_t)n;
        if (h->bytes) {
            left -= use;
        } else {
            const char *at = block, *end = block + n, *p;
            while (left && (p = memchr(at, h->delim, (size_t)(end - at)))) {
                at = p + 1;
                left--;
            }
            if (!left)
                use = (size_t)(at - block);
        }
        vf_write(r->out, block, use);
        /* Give back what was read too far, where that is possible. */
        if (use < (size_t)n)
            vm_lseek(r->p, fd, (int64_t)use - n, SEEK_CUR);
        else if (n < BLOCK && (!h->bytes || left))
            (void)vf_flush(r->out);
    }
    vm_release(r->p, block, BLOCK);
    return n < 0 ? (int)n : 0;
}

static bool set_count(struct head *h, const char *arg, bool bytes)
{
    struct cmd_run *r = h->r;
    h->bytes = bytes;
    h->all_but = *arg == '-';
    const char *digits = arg + h->all_but;
    int err = cmd_number(digits, "bkKmMGTPEZY0", &h->count);
    if (err == -EINVAL || !strpbrk(digits, "0123456789")) {
        cmd_warn(r, "invalid number of %s: %s", bytes ? "bytes" : "lines", cmd_quotel(r, digits));
        return false;
    }
    return true;
}

/* "-5", "-5c", "-20v": the old way; argv is rewritten to today's. */
static void old_style(struct cmd_run *r, int *argc, char **argv)
{
    const char *s = *argc > 1 ? argv[1] : NULL;
    if (!s || s[0] != '-' || s[1] < '0' || s[1] > '9')
        return;
    size_t digits = strspn(s + 1, "0123456789");
    const char *flags = s + 1 + digits;
    struct str b;
    str_init(&b, r->arena);
    str_putc(&b, '-');
    char unit = 'n', mult = 0;
    for (; *flags; flags++) {
        switch (*flags) {
        case 'c':
            unit = 'c';
            break;
        case 'l':
            unit = 'n';
            break;
        case 'b':
        case 'k':
        case 'm':
            unit = 'c';
            mult = *flags;
            break;
        case 'q':
        case 'v':
        case 'z':
            str_putc(&b, *flags);
            break;
        default:
            cmd_warn(r, "invalid trailing option -- %c", *flags);
            *argc = 0;
            return;
        }
    }
    str_printf(&b, "%c%.*s", unit, (int)digits, s + 1);
    if (mult)
        str_putc(&b, mult);
    argv[1] = vm_strdup(r->p, str_text(&b));
}

static int head_run(struct cmd_run *r)
{
    int argc = r->argc + 1;
    char **argv = r->argv - 1;
    old_style(r, &argc, argv);
    if (!argc)
        return cmd_usage(r);
    int status = cmd_getopt(r, argc, argv);
    if (status >= 0)
        return status;
    struct head h = {.r = r, .count = 10, .delim = cmd_has(r, 'z') ? 0 : '\n'};
    for (const char *o = r->opt; *o; o++)
        if ((*o == 'n' || *o == 'c') && !set_count(&h, r->optarg[o - r->opt], *o == 'c'))
            return 1;
    int headers = cmd_latest(r, "qv");
    bool show = headers == 'v' || (!headers && r->argc > 1);
    char *standard[] = {"-", NULL};
    bool first = true;
    status = 0;
    for (char **f = r->argc ? r->argv : standard; *f; f++) {
        const char *name = strcmp(*f, "-") ? *f : "standard input";
        int fd = cmd_open(r, *f);
        if (fd < 0) {
            cmd_warn_err(r, fd, "cannot open %s for reading", cmd_quote(r, *f));
            status = 1;
            continue;
        }
        if (show)
            vf_printf(r->out, "%s==> %s <==\n", first ? "" : "\n", name);
        first = false;
        int err = h.all_but ? head_all_but(&h, fd) : head_first(&h, fd);
        if (err) {
            cmd_warn_err(r, err, "error reading %s", cmd_quote(r, name));
            status = 1;
        }
        if (fd)
            vm_close(r->p, fd);
    }
    return status;
}

static const char *const head_longs[] = {"bytes:=c",  "lines:=n",          "quiet=q", "silent=q",
                                         "verbose=v", "zero-terminated=z", NULL};

const struct cmd cmd_head = {.name = "head",
                             .opts = "c:n:qvz0123456789",
                             .longs = head_longs,
                             .run = head_run,
                             .flags = CMD_RAW};
