/* mv.c -- mv: files under other names, copied where a rename cannot reach.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cp_priv.h"

static int remove_tree(struct cmd_run *r, const char *path)
{
    struct vfs_stat st;
    struct vm_dirent *e;
    if (vm_lstat(r->p, path, &st) < 0)
        return 1;
    if (!S_ISDIR(st.mode))
        return vm_unlink(r->p, path) < 0;
    int n = vm_deep(r->p) ? 0 : vm_readdir(r->p, path, &e);
    for (int i = 0; i < n; i++)
        remove_tree(r, cmd_path_join(r, path, e[i].name));
    return vm_rmdir(r->p, path) < 0;
}

static int mv_pair(struct cp *c, const char *from, const char *to)
{
    struct cmd_run *r = c->r;
    struct vfs_stat st, dst;
    char *src = cp_unslashed(r, from);
    int err = vm_lstat(r->p, from, &st);
    if (err < 0) {
        cmd_warn_err(r, err, "cannot stat %s", cmd_quote(r, from));
        return 1;
    }
    bool exists = !vm_lstat(r->p, to, &dst);
    if (exists) {
        if (dst.ino == st.ino && dst.dev == st.dev && !strcmp(cmd_base(src), cmd_base(to))) {
            cmd_warn(r, "%s and %s are the same file", cmd_quote(r, from), cmd_quote(r, to));
            return 1;
        }
        if (c->update && !cp_newer(&st, &dst))
            return 0;
        if (S_ISDIR(dst.mode) && !S_ISDIR(st.mode)) {
            cmd_warn(r, "cannot overwrite directory %s with non-directory", cmd_quote(r, to));
            return 1;
        }
        if (!S_ISDIR(dst.mode) && S_ISDIR(st.mode)) {
            cmd_warn(r, "cannot overwrite non-directory %s with directory %s", cmd_quote(r, to),
                     cmd_quote(r, from));
            return 1;
        }
        if (!cp_may_replace(c, to))
            return 0;
    }
    if (S_ISDIR(st.mode) && cp_inside(c, src, to)) {
        cmd_warn(r, "cannot move %s to a subdirectory of itself, %s", cmd_quote(r, from),
                 cmd_quote(r, to));
        return 1;
    }
    err = vm_rename(r->p, src, to);
    if (err == -EXDEV) {
        struct cp copy = *c;
        copy.recursive = copy.preserve_mode = copy.preserve_owner = copy.preserve_time = true;
        copy.force = true;
        copy.move = copy.interactive = copy.verbose = false;
        if (exists)
            remove_tree(r, to);
        if (cp_path(&copy, src, to, true))
            return 1;
        if (c->verbose)
            vf_printf(r->out, "copied %s -> %s\n", cmd_quote(r, from), cmd_quote(r, to));
        if (remove_tree(r, src)) {
            cmd_warn(r, "cannot remove %s", cmd_quote(r, from));
            return 1;
        }
        if (c->verbose)
            vf_printf(r->out, "removed %s\n", cmd_quote(r, from));
        return 0;
    }
    if (err < 0) {
        if (exists && (err == -ENOTEMPTY || err == -EEXIST))
            cmd_warn_err(r, ENOTEMPTY, "cannot move %s to %s", cmd_quote(r, from),
                         cmd_quote(r, to));
        else
            cmd_warn_err(r, err, "cannot move %s to %s", cmd_quote(r, from), cmd_quote(r, to));
        return 1;
    }
    cp_tell(c, from, to);
    return 0;
}

static int mv_run(struct cmd_run *r)
{
    struct cp c = {.r = r, .move = true};
    for (const char *o = r->opt; *o; o++)
        switch (*o) {
        case 'f':
            c.force = true;
            c.interactive = c.no_clobber = false;
            break;
        case 'i':
            c.interactive = true;
            c.force = c.no_clobber = false;
            break;
        case 'n':
            c.no_clobber = true;
            c.force = c.interactive = false;
            break;
        case 'T':
            c.no_target_dir = true;
            break;
        case 'u':
            c.update = true;
            break;
        case 'v':
            c.verbose = true;
            break;
        default:
            break;
        }
    cp_set_backup(&c);
    return cp_pairs(&c, mv_pair);
}

static const char *const mv_longs[] = {"backup?=b",
                                       "context=Z",
                                       "force=f",
                                       "interactive=i",
                                       "no-clobber=n",
                                       "no-target-directory=T",
                                       "strip-trailing-slashes=\1",
                                       "suffix:=S",
                                       "target-directory:=t",
                                       "update=u",
                                       "verbose=v",
                                       NULL};

const struct cmd cmd_mv = {.name = "mv", .opts = "bfint:uvS:TZ", .longs = mv_longs, .run = mv_run};
