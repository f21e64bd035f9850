/* cmp.c -- two files, byte by byte.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

struct cmp {
    struct cmd_run *r;
    const char *name[2];
    uint64_t skip[2], limit;
    bool list, silent, show;
};

/* A byte as cmp -b shows it: ^A, M-x. */
static const char *visible(unsigned c, char out[8])
{
    char *o = out;
    if (c >= 128) {
        *o++ = 'M';
        *o++ = '-';
        c -= 128;
    }
    if (c < 32 || c == 127) {
        *o++ = '^';
        c ^= 64;
    }
    *o++ = (char)c;
    *o = '\0';
    return out;
}

/* One differing pair: true to go on. */
static bool differs(struct cmp *c, uint64_t at, uint64_t line, const int v[2])
{
    char a[8], b[8];
    struct vfile *out = c->r->out;
    if (c->silent)
        return false;
    visible((unsigned)v[0], a);
    visible((unsigned)v[1], b);
    if (c->list) {
        if (c->show)
            vf_printf(out, "%llu %3o %-4s %3o %s\n", (unsigned long long)at, (unsigned)v[0], a,
                      (unsigned)v[1], b);
        else
            vf_printf(out, "%llu %3o %3o\n", (unsigned long long)at, (unsigned)v[0],
                      (unsigned)v[1]);
        return true;
    }
    vf_printf(out,
              c->show ? "%s %s differ: byte %llu, line %llu is"
                      : "%s %s differ: byte %llu, line %llu\n",
              c->name[0], c->name[1], (unsigned long long)at, (unsigned long long)line);
    if (c->show)
        vf_printf(out, " %3o %s %3o %s\n", (unsigned)v[0], a, (unsigned)v[1], b);
    return false;
}

static void at_end(struct cmp *c, int which, uint64_t at, uint64_t line, bool whole_lines)
{
    if (c->silent)
        return;
    if (!at)
        cmd_warn(c->r, "EOF on %s which is empty", c->name[which]);
    else if (c->list)
        cmd_warn(c->r, "EOF on %s after byte %llu", c->name[which], (unsigned long long)at);
    else
        cmd_warn(c->r,
                 whole_lines ? "EOF on %s after byte %llu, line %llu"
                             : "EOF on %s after byte %llu, in line %llu",
                 c->name[which], (unsigned long long)at,
                 (unsigned long long)(whole_lines ? line - 1 : line));
}

static int compare(struct cmp *c, struct vfile *f[2])
{
    int status = 0, last = '\n';
    uint64_t at = 0, line = 1;
    for (int i = 0; i < 2; i++)
        for (uint64_t n = c->skip[i]; n && vf_getc(f[i]) != VF_EOF; n--)
            vm_tick(c->r->p, 1);
    for (; at < c->limit; at++) {
        int v[2] = {vf_getc(f[0]), vf_getc(f[1])};
        if (at % 1024 == 0)
            vm_tick(c->r->p, 64);
        if (v[0] == VF_EOF && v[1] == VF_EOF)
            return status;
        if (v[0] == VF_EOF || v[1] == VF_EOF) {
            at_end(c, v[0] != VF_EOF, at, line, last == '\n');
            return 1;
        }
        if (v[0] != v[1]) {
            status = 1;
            if (!differs(c, at + 1, line, v))
                return status;
        }
        last = v[0];
        line += last == '\n';
    }
    return status;
}

static bool set_skip(struct cmp *c, const char *arg)
{
    char *copy = vm_strdup(c->r->p, arg), *second = strchr(copy, ':');
    if (second)
        *second++ = '\0';
    for (int i = 0; i < 2; i++) {
        const char *s = i && second ? second : copy;
        if (cmd_number(s, "kKMGTPEZY", &c->skip[i]) == -EINVAL) {
            cmd_warn(c->r, "invalid --ignore-initial value '%s'", arg);
            return false;
        }
    }
    return true;
}

static int cmp_run(struct cmd_run *r)
{
    struct cmp c = {.r = r,
                    .limit = UINT64_MAX,
                    .list = cmd_has(r, 'l'),
                    .silent = cmd_has(r, 's'),
                    .show = cmd_has(r, 'b')};
    if (!r->argc) {
        cmd_warn(r, "missing operand after '%s'", r->name);
        return cmd_usage(r);
    }
    if (r->argc > 4) {
        cmd_warn(r, "extra operand '%s'", r->argv[4]);
        return cmd_usage(r);
    }
    if (cmd_arg(r, 'i') && !set_skip(&c, cmd_arg(r, 'i')))
        return cmd_usage(r);
    if (cmd_arg(r, 'n') && cmd_number(cmd_arg(r, 'n'), "kKMGTPEZY", &c.limit) == -EINVAL) {
        cmd_warn(r, "invalid --bytes value '%s'", cmd_arg(r, 'n'));
        return cmd_usage(r);
    }
    for (int i = 2; i < r->argc; i++)
        if (cmd_number(r->argv[i], "kKMGTPEZY", &c.skip[i - 2]) == -EINVAL) {
            cmd_warn(r, "invalid --ignore-initial value '%s'", r->argv[i]);
            return cmd_usage(r);
        }
    struct vfile *f[2];
    for (int i = 0; i < 2; i++) {
        c.name[i] = i < r->argc ? r->argv[i] : "-";
        int fd = cmd_open(r, c.name[i]);
        struct vfs_stat st;
        int err = fd < 0 ? fd : 0;
        if (!err && !vm_fstat(r->p, fd, &st) && (st.mode & 0170000) == 0040000)
            err = -EISDIR;
        if (err) {
            cmd_warn_err(r, err, "%s", c.name[i]);
            return 2;
        }
        f[i] = fd ? vf_fdopen(r->p, fd, "r") : r->in;
    }
    return compare(&c, f);
}

static const char *const cmp_longs[] = {
    "print-bytes=b", "ignore-initial:=i", "verbose=l", "bytes:=n", "quiet=s", "silent=s", NULL};

const struct cmd cmd_cmp = {.name = "cmp",
                            .opts = "bi:ln:sv",
                            .longs = cmp_longs,
                            .run = cmp_run,
                            .usage_status = 2,
                            .try = "%s: Try '%s --help' for more information.\n"};
