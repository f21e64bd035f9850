/* mkdir.c -- mkdir and rmdir.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/mode.h"

static bool is_dir(struct cmd_run *r, const char *path)
{
    struct vfs_stat st;
    return !vm_stat(r->p, path, &st) && S_ISDIR(st.mode);
}

/* Makes the directories above path that are missing: 0 or 1 after a message. */
static int make_parents(struct cmd_run *r, const char *path)
{
    char *copy = vm_strdup(r->p, path);
    for (char *s = copy + strspn(copy, "/"); (s = strchr(s, '/'));) {
        char *rest = s + strspn(s, "/");
        if (!*rest)
            return 0;
        *s = '\0';
        int err = vm_mkdir(r->p, copy, 0777);
        if (!err) {
            /* Whoever asks for -p needs to get in, whatever the umask. */
            struct vfs_stat st;
            if (!vm_stat(r->p, copy, &st) && (st.mode & 0300) != 0300)
                vm_chmod(r->p, copy, st.mode | 0300);
            if (cmd_has(r, 'v'))
                vf_printf(r->out, "%s: created directory %s\n", r->name, cmd_quote(r, copy));
        } else if (!is_dir(r, copy)) {
            if (err == -EEXIST)
                err = -ENOTDIR;
            cmd_warn_err(r, err, "cannot create directory %s", cmd_quotel(r, copy));
            return 1;
        }
        *s = '/';
        s = rest;
    }
    return 0;
}

static int mkdir_run(struct cmd_run *r)
{
    uint32_t mask = vm_umask(r->p, 0), mode = 0777;
    vm_umask(r->p, mask);
    const char *text = cmd_arg(r, 'm');
    if (!r->argc)
        return cmd_missing(r);
    if (text && !mode_change(text, 0777 | S_IFDIR, mask, &mode)) {
        cmd_warn(r, "invalid mode %s", cmd_quotel(r, text));
        return 1;
    }
    int status = 0;
    for (char **a = r->argv; *a; a++) {
        if (cmd_has(r, 'p') && make_parents(r, *a)) {
            status = 1;
            continue;
        }
        int err = vm_mkdir(r->p, *a, 0777);
        if (!err) {
            if (text)
                vm_chmod(r->p, *a, mode);
            if (cmd_has(r, 'v'))
                vf_printf(r->out, "%s: created directory %s\n", r->name, cmd_quote(r, *a));
        } else if (!(cmd_has(r, 'p') && err == -EEXIST && is_dir(r, *a))) {
            cmd_warn_err(r, err, "cannot create directory %s", cmd_quotel(r, *a));
            status = 1;
        }
    }
    return status;
}

static const char *const mkdir_longs[] = {"mode:=m", "parents=p", "verbose=v", "context?=Z", NULL};

const struct cmd cmd_mkdir = {
    .name = "mkdir", .opts = "pm:vZ", .longs = mkdir_longs, .run = mkdir_run};

static int remove_one(struct cmd_run *r, const char *path, bool parent)
{
    if (cmd_has(r, 'v'))
        vf_printf(r->out, "%s: removing directory, %s\n", r->name, cmd_quote(r, path));
    int err = vm_rmdir(r->p, path);
    if (err < 0 && cmd_has(r, '\1') && (err == -ENOTEMPTY || err == -EEXIST))
        return 2;
    if (err < 0)
        cmd_warn_err(r, err, "failed to remove %s%s", parent ? "directory " : "",
                     cmd_quote(r, path));
    return err < 0;
}

static int rmdir_run(struct cmd_run *r)
{
    int status = 0;
    if (!r->argc)
        return cmd_missing(r);
    for (char **a = r->argv; *a; a++) {
        int bad = remove_one(r, *a, false);
        char *path = vm_strdup(r->p, *a), *slash;
        while (!bad && cmd_has(r, 'p')) {
            size_t n = strlen(path);
            while (n && path[n - 1] == '/')
                path[--n] = '\0';
            if (!(slash = strrchr(path, '/')))
                break;
            if (slash == path) { /* the root itself: busy, as anybody finds out */
                bad = remove_one(r, "/", true);
                break;
            }
            while (slash > path && slash[-1] == '/')
                slash--;
            *slash = '\0';
            bad = remove_one(r, path, true);
        }
        status |= bad == 1;
    }
    return status;
}

static const char *const rmdir_longs[] = {"ignore-fail-on-non-empty=\1", "parents=p", "verbose=v",
                                          NULL};

const struct cmd cmd_rmdir = {
    .name = "rmdir", .opts = "pv", .longs = rmdir_longs, .run = rmdir_run};
