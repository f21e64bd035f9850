/* cat.c -- files one after another; with -n, -b, -s, -v, -E, -T also changed.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"

enum { BLOCK = 65536 };

struct cat {
    struct cmd_run *r;
    bool number, nonblank, squeeze, ends, tabs, marks;
    bool at_start; /* the next byte starts a line */
    int newlines;  /* empty lines in a row */
    uint64_t line;
};

static void put_marked(struct cat *c, unsigned char b)
{
    struct vfile *o = c->r->out;
    if (b >= 128) {
        vf_puts(o, "M-");
        b -= 128;
        if (b == '\n' || b == '\t') {
            vf_printf(o, "^%c", b + 64);
            return;
        }
    }
    if (b == 127)
        vf_puts(o, "^?");
    else if (b < 32)
        vf_printf(o, "^%c", b + 64);
    else
        vf_putc(o, b);
}

static void put_changed(struct cat *c, const unsigned char *s, size_t n)
{
    struct vfile *o = c->r->out;
    for (size_t i = 0; i < n; i++) {
        unsigned char b = s[i];
        if (b == '\n' && c->at_start) {
            if (++c->newlines > 1 && c->squeeze)
                continue;
        } else if (b != '\n') {
            c->newlines = 0;
        }
        if (c->at_start && c->number && !(c->nonblank && b == '\n'))
            vf_printf(o, "%6lu\t", ++c->line);
        c->at_start = b == '\n';
        if (b == '\n')
            vf_puts(o, c->ends ? "$\n" : "\n");
        else if (b == '\t')
            vf_puts(o, c->tabs ? "^I" : "\t");
        else if (c->marks)
            put_marked(c, b);
        else
            vf_putc(o, b);
    }
}

static int cat_changed(struct cat *c, int fd, const char *name)
{
    unsigned char *block = vm_alloc(c->r->p, BLOCK);
    ssize_t n;
    while ((n = vm_read(c->r->p, fd, block, BLOCK)) > 0) {
        vm_tick(c->r->p, 64);
        put_changed(c, block, (size_t)n);
        if (n < BLOCK)
            (void)vf_flush(c->r->out);
    }
    if (n < 0)
        cmd_warn_err(c->r, (int)n, "%s", cmd_quotef(c->r, name));
    vm_release(c->r->p, block, BLOCK);
    return n < 0;
}

/* Does output go to the very file that is read? It would never end. */
static bool same_file(struct cmd_run *r, int fd)
{
    struct vfs_stat in, out;
    if (vm_fstat(r->p, fd, &in) || vm_fstat(r->p, 1, &out) || !S_ISREG(in.mode))
        return false;
    if (in.dev != out.dev || in.ino != out.ino)
        return false;
    return vm_lseek(r->p, fd, 0, SEEK_CUR) < in.size;
}

static int cat_run(struct cmd_run *r)
{
    struct cat c = {.r = r, .at_start = true};
    c.nonblank = cmd_has(r, 'b');
    c.number = c.nonblank || cmd_has(r, 'n');
    c.squeeze = cmd_has(r, 's');
    c.ends = cmd_latest(r, "AeE");
    c.tabs = cmd_latest(r, "AtT");
    c.marks = cmd_latest(r, "Aetv");
    bool plain = !(c.number || c.squeeze || c.ends || c.tabs || c.marks);
    char *standard[] = {"-", NULL};
    int status = 0;
    for (char **f = r->argc ? r->argv : standard; *f; f++) {
        int fd = cmd_open(r, *f), err = 0;
        if (fd < 0) {
            cmd_warn_err(r, fd, "%s", cmd_quotef(r, *f));
            status = 1;
            continue;
        }
        if (same_file(r, fd)) {
            cmd_warn(r, "%s: input file is output file", cmd_quotef(r, *f));
            status = 1;
        } else if (!plain) {
            status |= cat_changed(&c, fd, *f);
        } else {
            int what = cmd_copy(r->p, fd, 1, &err);
            if (what == 2) {
                cmd_warn_err(r, err, "write error");
                return 1;
            }
            if (what)
                cmd_warn_err(r, err, "%s", cmd_quotef(r, *f));
            status |= what;
        }
        if (fd)
            vm_close(r->p, fd);
    }
    return status;
}

static const char *const cat_longs[] = {
    "number-nonblank=b", "number=n",    "squeeze-blank=s", "show-nonprinting=v",
    "show-ends=E",       "show-tabs=T", "show-all=A",      NULL,
};

const struct cmd cmd_cat = {
    .name = "cat", .opts = "benstuvAET", .longs = cat_longs, .run = cat_run};
