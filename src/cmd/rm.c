/* rm.c -- removes files, and trees with -r.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"

enum ask { ASK_NEVER, ASK_PROTECTED, ASK_ALWAYS };

struct rm {
    struct cmd_run *r;
    bool recursive, force, verbose, dirs;
    enum ask ask;
};

static const char *kind(const struct vfs_stat *st)
{
    switch (st->mode & S_IFMT) {
    case S_IFREG:
        return st->size ? "regular file" : "regular empty file";
    case S_IFDIR:
        return "directory";
    case S_IFLNK:
        return "symbolic link";
    case S_IFIFO:
        return "fifo";
    case S_IFSOCK:
        return "socket";
    case S_IFBLK:
        return "block special file";
    case S_IFCHR:
        return "character special file";
    default:
        return "weird file";
    }
}

/* May path go? verb: "remove", or "descend into" for a directory with content. */
static bool may(struct rm *m, const char *path, const struct vfs_stat *st, const char *verb)
{
    struct cmd_run *r = m->r;
    bool guarded = false;
    if (m->ask == ASK_NEVER)
        return true;
    if (!S_ISLNK(st->mode))
        guarded = vm_access(r->p, path, 2) == -EACCES;
    if (m->ask == ASK_PROTECTED && (!guarded || !vm_isatty(r->p, 0)))
        return true;
    (void)vf_flush(r->out);
    vf_printf(r->err, "%s: %s %s%s %s? ", r->name, verb, guarded ? "write-protected " : "",
              kind(st), cmd_quote(r, path));
    return cmd_confirm(r);
}

static int failed(struct rm *m, int err, const char *path)
{
    if (err == -ENOENT && m->force)
        return 0;
    cmd_warn_err(m->r, err, "cannot remove %s", cmd_quote(m->r, path));
    return 1;
}

static int remove_path(struct rm *m, const char *path);

static int remove_dir(struct rm *m, const char *path, const struct vfs_stat *st)
{
    struct cmd_run *r = m->r;
    struct vm_dirent *e;
    int status = 0;
    if (m->recursive) {
        int n = vm_readdir(r->p, path, &e);
        if (n < 0 && n != -EACCES)
            return failed(m, n, path);
        if (n > 0 && !may(m, path, st, "descend into"))
            return 0;
        for (int i = 0; i < n; i++) {
            char *child = cmd_path_join(r, path, e[i].name);
            status |= remove_path(m, child);
            vm_release(r->p, child, strlen(child) + 1);
        }
        if (n >= 0)
            vm_readdir_free(r->p, e, n);
    }
    if (status || !may(m, path, st, "remove"))
        return status;
    int err = vm_rmdir(r->p, path);
    if (err < 0)
        return failed(m, err, path);
    if (m->verbose)
        vf_printf(r->out, "removed directory %s\n", cmd_quote(r, path));
    return 0;
}

static int remove_path(struct rm *m, const char *path)
{
    struct cmd_run *r = m->r;
    struct vfs_stat st;
    int err = vm_lstat(r->p, path, &st);
    if (err < 0)
        return failed(m, err, path);
    if (S_ISDIR(st.mode)) {
        if (!m->recursive && !m->dirs)
            return failed(m, -EISDIR, path);
        if (vm_deep(r->p))
            return failed(m, -ENAMETOOLONG, path);
        return remove_dir(m, path, &st);
    }
    if (!may(m, path, &st, "remove"))
        return 0;
    err = vm_unlink(r->p, path);
    if (err < 0)
        return failed(m, err, path);
    if (m->verbose)
        vf_printf(r->out, "removed %s\n", cmd_quote(r, path));
    return 0;
}

/* What rm never touches: . and .. , and / unless told twice. */
static bool refused(struct rm *m, const char *path, bool preserve)
{
    struct cmd_run *r = m->r;
    if (!m->recursive)
        return false;
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    const char *base = path + n;
    while (base > path && base[-1] != '/')
        base--;
    size_t len = (size_t)(path + n - base);
    if ((len == 1 && base[0] == '.') || (len == 2 && base[0] == '.' && base[1] == '.')) {
        cmd_warn(r, "refusing to remove '.' or '..' directory: skipping %s", cmd_quote(r, path));
        return true;
    }
    char real[VFS_PATH_MAX];
    struct vfs_stat st;
    if (preserve && !vm_lstat(r->p, path, &st) && S_ISDIR(st.mode) &&
        vm_realpath(r->p, path, real, sizeof(real)) >= 0 && !strcmp(real, "/")) {
        if (strcmp(path, "/"))
            cmd_warn(r, "it is dangerous to operate recursively on %s (same as '/')",
                     cmd_quote(r, path));
        else
            cmd_warn(r, "it is dangerous to operate recursively on '/'");
        cmd_warn(r, "use --no-preserve-root to override this failsafe");
        return true;
    }
    return false;
}

static int rm_run(struct cmd_run *r)
{
    struct rm m = {.r = r, .ask = ASK_PROTECTED};
    m.recursive = cmd_has(r, 'r') || cmd_has(r, 'R');
    m.verbose = cmd_has(r, 'v');
    m.dirs = cmd_has(r, 'd');
    bool once = false;
    for (const char *o = r->opt; *o; o++) {
        const char *when = r->optarg[o - r->opt];
        if (*o == 'f')
            m.ask = ASK_NEVER, m.force = true, once = false;
        if (*o == 'i' || (*o == '\1' && (!when || !strcmp(when, "always"))))
            m.ask = ASK_ALWAYS, m.force = false, once = false;
        if (*o == 'I' || (*o == '\1' && when && !strcmp(when, "once")))
            m.ask = ASK_NEVER, m.force = false, once = true;
        if (*o == '\1' && when && !strcmp(when, "never"))
            m.ask = ASK_NEVER;
    }
    if (!r->argc)
        return m.force ? 0 : cmd_missing(r);
    if (once && (m.recursive || r->argc > 3)) {
        vf_printf(r->err, "%s: remove %d argument%s%s? ", r->name, r->argc, r->argc == 1 ? "" : "s",
                  m.recursive ? " recursively" : "");
        if (!cmd_confirm(r))
            return 0;
    }
    int status = 0;
    for (char **a = r->argv; *a; a++) {
        if (refused(&m, *a, cmd_latest(r, "\2\3") != '\2'))
            status = 1;
        else
            status |= remove_path(&m, *a);
    }
    return status;
}

static const char *const rm_longs[] = {"force=f",
                                       "interactive?=\1",
                                       "one-file-system=\4",
                                       "no-preserve-root=\2",
                                       "preserve-root?=\3",
                                       "recursive=r",
                                       "dir=d",
                                       "verbose=v",
                                       NULL};

const struct cmd cmd_rm = {.name = "rm", .opts = "dfirvIR", .longs = rm_longs, .run = rm_run};

static int unlink_run(struct cmd_run *r)
{
    if (r->argc != 1)
        return r->argc ? cmd_extra(r, r->argv[1]) : cmd_missing(r);
    int err = vm_unlink(r->p, r->argv[0]);
    if (err < 0)
        cmd_warn_err(r, err, "cannot unlink %s", cmd_quote(r, r->argv[0]));
    return err < 0;
}

const struct cmd cmd_unlink = {.name = "unlink", .opts = "", .run = unlink_run};
