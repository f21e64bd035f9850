/* install.c -- install: copies with a mode and an owner.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cp_priv.h"
#include "cmd/mode.h"

static int install_pair(struct cp *c, const char *from, const char *to)
{
    struct cmd_run *r = c->r;
    uint32_t mode = 0755, uid, gid = 0, ignored;
    int64_t own = -1, grp = -1;
    const char *m = cmd_arg(r, 'm'), *o = cmd_arg(r, 'o'), *g = cmd_arg(r, 'g');
    if (cmd_has(r, 'D')) {
        char *path = vm_strdup(r->p, to);
        for (char *s = path + 1; (s = strchr(s, '/')); s++) {
            *s = '\0';
            vm_mkdir(r->p, path, 0755);
            *s = '/';
        }
    }
    if (m && !mode_change(m, 0, 0, &mode)) {
        cmd_warn(r, "invalid mode %s", cmd_quotel(r, m));
        return 1;
    }
    if (o && cmd_user_id(r, o, &uid, &ignored))
        own = uid;
    if (g && cmd_group_id(r, g, &gid))
        grp = gid;
    c->remove_dest = true;
    if (cp_path(c, from, to, true))
        return 1;
    vm_chmod(r->p, to, mode);
    if (own >= 0 || grp >= 0)
        vm_chown(r->p, to, own, grp, true);
    return 0;
}

static int install_run(struct cmd_run *r)
{
    struct cp c = {.r = r, .verbose = cmd_has(r, 'v'), .follow = true};
    c.preserve_time = cmd_has(r, 'p');
    c.no_target_dir = cmd_has(r, 'T');
    cp_set_backup(&c);
    if (!cmd_has(r, 'd'))
        return cp_pairs(&c, install_pair);
    uint32_t mode = 0755;
    const char *m = cmd_arg(r, 'm');
    int status = 0;
    if (!r->argc)
        return cmd_missing(r);
    if (m && !mode_change(m, S_IFDIR, 0, &mode)) {
        cmd_warn(r, "invalid mode %s", cmd_quotel(r, m));
        return 1;
    }
    for (char **a = r->argv; *a; a++) {
        char *path = cp_unslashed(r, *a);
        for (char *s = path + 1; (s = strchr(s, '/')); s++) {
            *s = '\0';
            vm_mkdir(r->p, path, 0755);
            *s = '/';
        }
        int err = vm_mkdir(r->p, path, mode);
        if (err < 0 && !(err == -EEXIST && cp_is_dir(r, path))) {
            cmd_warn_err(r, err, "cannot create directory %s", cmd_quote(r, *a));
            status = 1;
            continue;
        }
        if (!err && c.verbose)
            vf_printf(r->out, "%s: creating directory %s\n", r->name, cmd_quote(r, *a));
        vm_chmod(r->p, path, mode);
    }
    return status;
}

static const char *const install_longs[] = {"backup?=b",
                                            "compare=C",
                                            "directory=d",
                                            "group:=g",
                                            "mode:=m",
                                            "no-target-directory=T",
                                            "owner:=o",
                                            "preserve-timestamps=p",
                                            "strip=s",
                                            "suffix:=S",
                                            "target-directory:=t",
                                            "verbose=v",
                                            NULL};

const struct cmd cmd_install = {
    .name = "install", .opts = "bcsDdg:m:o:pt:TvS:C", .longs = install_longs, .run = install_run};
