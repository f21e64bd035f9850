/* ln.c -- ln and link: more names for files.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cp_priv.h"

static int ln_pair(struct cp *c, const char *from, const char *to)
{
    struct cmd_run *r = c->r;
    struct vfs_stat st, dst;
    int err;
    if (!c->symbolic) {
        err = c->follow ? vm_stat(r->p, from, &st) : vm_lstat(r->p, from, &st);
        if (err < 0) {
            cmd_warn_err(r, err, "failed to access %s", cmd_quote(r, from));
            return 1;
        }
        if (S_ISDIR(st.mode)) {
            cmd_warn(r, "%s: hard link not allowed for directory", cmd_quotef(r, from));
            return 1;
        }
    }
    if ((c->force || c->interactive || c->backup) && !vm_lstat(r->p, to, &dst)) {
        if (S_ISDIR(dst.mode)) {
            cmd_warn(r, "%s: cannot overwrite directory", cmd_quotef(r, to));
            return 1;
        }
        if (!c->symbolic && dst.ino == st.ino && dst.dev == st.dev && strcmp(from, to) == 0) {
            cmd_warn(r, "%s and %s are the same file", cmd_quote(r, from), cmd_quote(r, to));
            return 1;
        }
        if (c->interactive) {
            vf_printf(r->err, "%s: replace %s? ", r->name, cmd_quote(r, to));
            if (!cmd_confirm(r))
                return 0;
        }
        if (c->backup)
            vm_rename(r->p, to, vm_asprintf(r->p, "%s%s", to, c->suffix));
        else
            vm_unlink(r->p, to);
    }
    err = c->symbolic ? vm_symlink(r->p, from, to) : vm_link(r->p, from, to);
    if (err < 0) {
        const char *kind = c->symbolic ? "symbolic" : "hard";
        bool both = !c->symbolic && err != -EEXIST;
        if (both)
            cmd_warn_err(r, err, "failed to create %s link %s => %s", kind, cmd_quote(r, to),
                         cmd_quote(r, from));
        else
            cmd_warn_err(r, err, "failed to create %s link %s", kind, cmd_quote(r, to));
        return 1;
    }
    if (c->verbose)
        vf_printf(r->out, "%s %s %s\n", cmd_quote(r, to), c->symbolic ? "->" : "=>",
                  cmd_quote(r, from));
    return 0;
}

static int ln_run(struct cmd_run *r)
{
    struct cp c = {.r = r};
    bool no_deref = false;
    for (const char *o = r->opt; *o; o++)
        switch (*o) {
        case 'f':
            c.force = true;
            c.interactive = false;
            break;
        case 'i':
            c.interactive = true;
            c.force = false;
            break;
        case 's':
            c.symbolic = true;
            break;
        case 'v':
            c.verbose = true;
            break;
        case 'T':
            c.no_target_dir = true;
            break;
        case 'n':
            no_deref = true;
            break;
        case 'L':
            c.follow = true;
            break;
        case 'P':
            c.follow = false;
            break;
        default:
            break;
        }
    cp_set_backup(&c);
    if (!r->argc) {
        cmd_warn(r, "missing file operand");
        return cmd_usage(r);
    }
    if (r->argc == 1 && !cmd_has(r, 't') && !c.no_target_dir)
        return cp_each_into(&c, r->argv, 1, ".", ln_pair);
    struct vfs_stat st;
    if (no_deref && r->argc == 2 && !vm_lstat(r->p, r->argv[1], &st) && S_ISLNK(st.mode))
        c.no_target_dir = true;
    return cp_pairs(&c, ln_pair);
}

static const char *const ln_longs[] = {"backup?=b",        "directory=d",
                                       "no-dereference=n", "no-target-directory=T",
                                       "force=f",          "interactive=i",
                                       "suffix:=S",        "target-directory:=t",
                                       "logical=L",        "physical=P",
                                       "relative=r",       "symbolic=s",
                                       "verbose=v",        NULL};

const struct cmd cmd_ln = {
    .name = "ln", .opts = "bdfinrst:vFLPS:T", .longs = ln_longs, .run = ln_run};

static int link_run(struct cmd_run *r)
{
    if (r->argc < 2) {
        if (!r->argc)
            return cmd_missing(r);
        cmd_warn(r, "missing operand after %s", cmd_quotel(r, r->argv[0]));
        return cmd_usage(r);
    }
    if (r->argc > 2)
        return cmd_extra(r, r->argv[2]);
    int err = vm_link(r->p, r->argv[0], r->argv[1]);
    if (err < 0)
        cmd_warn_err(r, err, "cannot create link %s to %s", cmd_quote(r, r->argv[1]),
                     cmd_quote(r, r->argv[0]));
    return err < 0;
}

const struct cmd cmd_link = {.name = "link", .opts = "", .run = link_run};
