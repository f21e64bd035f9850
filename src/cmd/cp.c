/* cp.c -- cp, mv, ln, install, link: files under other names.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/mode.h"

enum backup { BACKUP_NONE, BACKUP_SIMPLE };

struct cp {
    struct cmd_run *r;
    bool recursive, force, interactive, no_clobber, verbose, update, links, symbolic;
    bool preserve_mode, preserve_owner, preserve_time, follow, follow_args, move, remove_dest,
        attributes_only, parents, no_target_dir, strip, debug;
    enum backup backup;
    const char *suffix;
};

/* Where the source goes: 0, or 1 after a message. */
static int copy_path(struct cp *c, const char *from, const char *to, bool operand);

static void preserve(struct cp *c, const char *to, const struct vfs_stat *st)
{
    struct proc *p = c->r->p;
    bool link = S_ISLNK(st->mode);
    if (c->preserve_owner && vm_chown(p, to, st->uid, st->gid, !link) < 0)
        vm_chown(p, to, -1, st->gid, !link);
    if (c->preserve_mode && !link)
        vm_chmod(p, to, st->mode & 07777);
    if (c->preserve_time) {
        struct timespec t[2] = {st->atime, st->mtime};
        vm_utimens(p, to, t, !link);
    }
}

static void tell(struct cp *c, const char *from, const char *to)
{
    if (c->verbose)
        vf_printf(c->r->out, "%s%s -> %s\n", c->move ? "renamed " : "", cmd_quote(c->r, from),
                  cmd_quote(c->r, to));
}

/* May to be overwritten? Makes the backup. */
static bool may_replace(struct cp *c, const char *to)
{
    struct cmd_run *r = c->r;
    if (c->no_clobber)
        return false;
    bool ask = c->interactive;
    if (c->move && !c->force && !ask && vm_isatty(r->p, 0) && vm_access(r->p, to, 2) == -EACCES) {
        struct vfs_stat st;
        char mode[11];
        if (!vm_stat(r->p, to, &st)) {
            cmd_mode_text(st.mode, mode);
            vf_printf(r->err, "%s: replace %s, overriding mode %04o (%s)? ", r->name,
                      cmd_quote(r, to), st.mode & 07777, mode + 1);
            if (!cmd_confirm(r))
                return false;
        }
    } else if (ask) {
        (void)vf_flush(r->out);
        vf_printf(r->err, "%s: overwrite %s? ", r->name, cmd_quote(r, to));
        if (!cmd_confirm(r))
            return false;
    }
    if (c->backup)
        vm_rename(r->p, to, vm_asprintf(r->p, "%s%s", to, c->suffix));
    return true;
}

static int copy_data(struct cp *c, const char *from, const char *to, const struct vfs_stat *st,
                     bool exists)
{
    struct cmd_run *r = c->r;
    int in = vm_open(r->p, from, O_RDONLY | O_CLOEXEC, 0), err = 0;
    if (in < 0) {
        cmd_warn_err(r, in, "cannot open %s for reading", cmd_quote(r, from));
        return 1;
    }
    int out = vm_open(r->p, to, O_WRONLY | O_TRUNC | O_CLOEXEC | (exists ? 0 : O_CREAT | O_EXCL),
                      st->mode & 0777);
    if (out < 0 && exists && c->force) {
        vm_unlink(r->p, to);
        out = vm_open(r->p, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st->mode & 0777);
    }
    if (out < 0) {
        cmd_warn_err(r, out, "cannot create regular file %s", cmd_quote(r, to));
        vm_close(r->p, in);
        return 1;
    }
    int what = c->attributes_only ? 0 : cmd_copy(r->p, in, out, &err);
    if (what)
        cmd_warn_err(r, err, what == 1 ? "error reading %s" : "error writing %s",
                     cmd_quote(r, what == 1 ? from : to));
    vm_close(r->p, in);
    vm_close(r->p, out);
    preserve(c, to, st);
    return what != 0;
}

static int copy_dir(struct cp *c, const char *from, const char *to, const struct vfs_stat *st,
                    bool exists)
{
    struct cmd_run *r = c->r;
    struct vm_dirent *e;
    int n = vm_readdir(r->p, from, &e), status = 0;
    if (n < 0) {
        cmd_warn_err(r, n, "cannot access %s", cmd_quote(r, from));
        return 1;
    }
    if (vm_deep(r->p))
        return 1;
    if (!exists) {
        int err = vm_mkdir(r->p, to, (st->mode & 0777) | 0700);
        if (err < 0) {
            cmd_warn_err(r, err, "cannot create directory %s", cmd_quote(r, to));
            return 1;
        }
        tell(c, from, to);
    }
    for (int i = 0; i < n; i++) {
        char *source = cmd_path_join(r, from, e[i].name), *target = cmd_path_join(r, to, e[i].name);
        status |= copy_path(c, source, target, false);
        vm_release(r->p, source, strlen(source) + 1);
        vm_release(r->p, target, strlen(target) + 1);
    }
    vm_readdir_free(r->p, e, n);
    if (!exists && !c->preserve_mode) {
        uint32_t mask = vm_umask(r->p, 0);
        vm_umask(r->p, mask);
        vm_chmod(r->p, to, st->mode & 07777 & ~mask);
    }
    preserve(c, to, st);
    return status;
}

static int copy_link(struct cp *c, const char *from, const char *to)
{
    struct cmd_run *r = c->r;
    char target[VFS_PATH_MAX];
    ssize_t n = vm_readlink(r->p, from, target, sizeof(target) - 1);
    if (n < 0) {
        cmd_warn_err(r, (int)n, "cannot read symbolic link %s", cmd_quote(r, from));
        return 1;
    }
    target[n] = '\0';
    int err = vm_symlink(r->p, target, to);
    if (err < 0)
        cmd_warn_err(r, err, "cannot create symbolic link %s", cmd_quote(r, to));
    return err < 0;
}

/* Is directory to inside (or the same as) directory from? */
static bool inside(struct cp *c, const char *from, const char *to)
{
    char a[VFS_PATH_MAX], b[VFS_PATH_MAX];
    struct proc *p = c->r->p;
    char *dir = vm_strdup(p, to), *slash;
    if (vm_realpath(p, from, a, sizeof(a)) < 0)
        return false;
    while (vm_realpath(p, dir, b, sizeof(b)) < 0) {
        slash = strrchr(dir, '/');
        if (!slash)
            dir = vm_strdup(p, ".");
        else if (slash == dir)
            dir[1] = '\0';
        else
            *slash = '\0';
    }
    size_t n = strlen(a);
    return !strncmp(a, b, n) && (!b[n] || b[n] == '/');
}

static bool newer(const struct vfs_stat *a, const struct vfs_stat *b)
{
    return a->mtime.tv_sec != b->mtime.tv_sec ? a->mtime.tv_sec > b->mtime.tv_sec
                                              : a->mtime.tv_nsec > b->mtime.tv_nsec;
}

static int make_link(struct cp *c, const char *from, const char *to, bool exists)
{
    struct cmd_run *r = c->r;
    if (exists)
        vm_unlink(r->p, to);
    int err = c->symbolic ? vm_symlink(r->p, from, to) : vm_link(r->p, from, to);
    if (err < 0)
        cmd_warn_err(r, err, "cannot create %s link %s to %s", c->symbolic ? "symbolic" : "hard",
                     cmd_quote(r, to), cmd_quote(r, from));
    else
        tell(c, from, to);
    return err < 0;
}

static int copy_node(struct cp *c, const char *to, const struct vfs_stat *st)
{
    int err = vm_mknod(c->r->p, to, st->mode, st->rdev);
    if (err < 0)
        cmd_warn_err(c->r, err,
                     S_ISFIFO(st->mode) ? "cannot create fifo %s" : "cannot create special file %s",
                     cmd_quote(c->r, to));
    else
        preserve(c, to, st);
    return err < 0;
}

static int copy_path(struct cp *c, const char *from, const char *to, bool operand)
{
    struct cmd_run *r = c->r;
    struct vfs_stat st, dst;
    bool follow = c->follow || (operand && c->follow_args);
    int err = follow ? vm_stat(r->p, from, &st) : vm_lstat(r->p, from, &st);
    if (err < 0) {
        cmd_warn_err(r, err, "cannot stat %s", cmd_quote(r, from));
        return 1;
    }
    if (S_ISDIR(st.mode) && !c->recursive) {
        cmd_warn(r, "-r not specified; omitting directory %s", cmd_quote(r, from));
        return 1;
    }
    err = vm_lstat(r->p, to, &dst);
    bool exists = !err;
    if (err < 0 && err != -ENOENT) {
        cmd_warn_err(r, err, "failed to access %s", cmd_quote(r, to));
        return 1;
    }
    if (exists && S_ISLNK(dst.mode) && !S_ISLNK(st.mode)) {
        struct vfs_stat t;
        if (vm_stat(r->p, to, &t) < 0) {
            if (!S_ISDIR(st.mode) && !c->force && !c->remove_dest) {
                cmd_warn(r, "not writing through dangling symlink %s", cmd_quote(r, to));
                return 1;
            }
        } else {
            dst = t;
        }
    }
    if (S_ISDIR(st.mode) && inside(c, from, to)) {
        cmd_warn(r, "cannot copy a directory, %s, into itself, %s", cmd_quote(r, from),
                 cmd_quote(r, to));
        return 1;
    }
    if (exists && dst.ino == st.ino && dst.dev == st.dev && !c->links) {
        cmd_warn(r, "%s and %s are the same file", cmd_quote(r, from), cmd_quote(r, to));
        return 1;
    }
    if (exists && !S_ISDIR(st.mode) && S_ISDIR(dst.mode)) {
        cmd_warn(r, "cannot overwrite directory %s with non-directory", cmd_quote(r, to));
        return 1;
    }
    if (exists && S_ISDIR(st.mode) && !S_ISDIR(dst.mode)) {
        cmd_warn(r, "cannot overwrite non-directory %s with directory %s", cmd_quote(r, to),
                 cmd_quote(r, from));
        return 1;
    }
    if (S_ISDIR(st.mode))
        return copy_dir(c, from, to, &st, exists);
    if (exists && c->update && !newer(&st, &dst))
        return 0;
    if (exists && !may_replace(c, to))
        return 0;
    if (exists && (c->backup || c->remove_dest)) {
        vm_unlink(r->p, to);
        exists = false;
    }
    if (c->links || c->symbolic)
        return make_link(c, from, to, exists);
    if (exists && !S_ISREG(st.mode) && (c->recursive || S_ISLNK(st.mode))) {
        vm_unlink(r->p, to);
        exists = false;
    }
    int status;
    if (c->recursive && !S_ISREG(st.mode) && !S_ISLNK(st.mode))
        status = copy_node(c, to, &st);
    else if (S_ISLNK(st.mode)) {
        status = copy_link(c, from, to);
        if (!status)
            preserve(c, to, &st);
    } else {
        if (c->verbose)
            tell(c, from, to);
        return copy_data(c, from, to, &st, exists);
    }
    if (!status)
        tell(c, from, to);
    return status;
}

/* --- from operands to pairs ------------------------------------------------------------- */

typedef int pair_fn(struct cp *c, const char *from, const char *to);

static bool is_dir(struct cmd_run *r, const char *path)
{
    struct vfs_stat st;
    return !vm_stat(r->p, path, &st) && S_ISDIR(st.mode);
}

/* A path without trailing slashes. */
static char *unslashed(struct cmd_run *r, const char *path)
{
    char *s = vm_strdup(r->p, path);
    for (size_t n = strlen(s); n > 1 && s[n - 1] == '/';)
        s[--n] = '\0';
    return s;
}

static int each_into(struct cp *c, char **files, int n, const char *dir, pair_fn *fn)
{
    int status = 0;
    for (int i = 0; i < n; i++) {
        const char *bare = unslashed(c->r, files[i]), *base = cmd_base(bare);
        const char *to = cmd_path_join(c->r, dir,
                                       c->parents            ? bare
                                       : !strcmp(base, "..") ? "."
                                                             : base);
        /* cp -r .. d and cp -r . d copy the content */
        if (!strcmp(base, "."))
            to = dir;
        if (c->parents) {
            char *path = vm_strdup(c->r->p, to);
            for (char *s = path + strlen(dir) + 1; (s = strchr(s, '/')); s++) {
                *s = '\0';
                vm_mkdir(c->r->p, path, 0777);
                *s = '/';
            }
        }
        status |= fn(c, files[i], to);
    }
    return status;
}

static int pairs(struct cp *c, pair_fn *fn)
{
    struct cmd_run *r = c->r;
    const char *dir = cmd_arg(r, 't');
    int n = r->argc;
    if (!n) {
        cmd_warn(r, "missing file operand");
        return cmd_usage(r);
    }
    if (dir) {
        if (!is_dir(r, dir)) {
            struct vfs_stat st;
            int err = vm_stat(r->p, dir, &st);
            cmd_warn_err(r, err ? err : ENOTDIR, "target directory %s", cmd_quote(r, dir));
            return 1;
        }
        return each_into(c, r->argv, n, dir, fn);
    }
    if (n == 1) {
        cmd_warn(r, "missing destination file operand after %s", cmd_quote(r, r->argv[0]));
        return cmd_usage(r);
    }
    const char *last = r->argv[n - 1];
    if (c->no_target_dir) {
        if (n > 2)
            return cmd_extra(r, r->argv[2]);
        return fn(c, r->argv[0], last);
    }
    if (is_dir(r, last))
        return each_into(c, r->argv, n - 1, last, fn);
    if (n > 2) {
        struct vfs_stat st;
        int err = vm_stat(r->p, last, &st);
        cmd_warn_err(r, err ? err : ENOTDIR, "target %s", cmd_quote(r, last));
        return 1;
    }
    return fn(c, r->argv[0], last);
}

static int cp_pair(struct cp *c, const char *from, const char *to)
{
    size_t n = strlen(to);
    struct vfs_stat st;
    if (n && to[n - 1] == '/' && !is_dir(c->r, to) && !vm_stat(c->r->p, from, &st) &&
        !S_ISDIR(st.mode)) {
        cmd_warn(c->r, "cannot create regular file %s: Not a directory", cmd_quote(c->r, to));
        return 1;
    }
    return copy_path(c, from, to, true);
}

static void set_backup(struct cp *c)
{
    const char *env = vm_getenv(c->r->p, "SIMPLE_BACKUP_SUFFIX"), *arg = cmd_arg(c->r, 'S');
    c->suffix = arg ? arg : env ? env : "~";
    if (cmd_has(c->r, 'b') || arg)
        c->backup = BACKUP_SIMPLE;
}

static void set_preserve(struct cp *c, const char *list)
{
    bool all = strstr(list, "all");
    c->preserve_mode |= all || strstr(list, "mode");
    c->preserve_owner |= all || strstr(list, "ownership");
    c->preserve_time |= all || strstr(list, "timestamps");
}

static int cp_run(struct cmd_run *r)
{
    struct cp c = {.r = r};
    char links = 0;
    for (const char *o = r->opt; *o; o++) {
        const char *arg = r->optarg[o - r->opt];
        switch (*o) {
        case 'a':
            set_preserve(&c, "all");
            c.recursive = true;
            links = 'P';
            break;
        case 'd':
            links = 'P';
            break;
        case 'f':
            c.force = true;
            break;
        case 'i':
            c.interactive = true;
            c.no_clobber = false;
            break;
        case 'n':
            c.no_clobber = true;
            c.interactive = false;
            break;
        case 'l':
            c.links = true;
            break;
        case 's':
            c.symbolic = true;
            break;
        case 'H':
        case 'L':
        case 'P':
            links = *o;
            break;
        case 'p':
            set_preserve(&c, "mode,ownership,timestamps");
            break;
        case '\1':
            set_preserve(&c, arg ? arg : "mode,ownership,timestamps");
            break;
        case 'R':
        case 'r':
            c.recursive = true;
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
        case '\2':
            c.parents = true;
            break;
        case '\3':
            c.remove_dest = true;
            break;
        case '\4':
            c.attributes_only = true;
            break;
        default:
            break;
        }
    }
    c.follow = links ? links == 'L' : !c.recursive;
    c.follow_args = links == 'H';
    set_backup(&c);
    return pairs(&c, cp_pair);
}

static const char *const cp_longs[] = {"archive=a",
                                       "attributes-only=\4",
                                       "backup?=b",
                                       "copy-contents=\5",
                                       "dereference=L",
                                       "force=f",
                                       "interactive=i",
                                       "link=l",
                                       "no-clobber=n",
                                       "no-dereference=P",
                                       "no-preserve:=\6",
                                       "no-target-directory=T",
                                       "one-file-system=x",
                                       "parents=\2",
                                       "path=\2",
                                       "preserve?=\1",
                                       "recursive=R",
                                       "remove-destination=\3",
                                       "sparse:=\7",
                                       "reflink?=\10",
                                       "strip-trailing-slashes=\11",
                                       "suffix:=S",
                                       "symbolic-link=s",
                                       "target-directory:=t",
                                       "update=u",
                                       "verbose=v",
                                       "context?=Z",
                                       NULL};

const struct cmd cmd_cp = {
    .name = "cp", .opts = "abdfHilLnprst:uvxPRS:TZ", .longs = cp_longs, .run = cp_run};

/* --- mv ---------------------------------------------------------------------------------- */

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
    char *src = unslashed(r, from);
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
        if (c->update && !newer(&st, &dst))
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
        if (!may_replace(c, to))
            return 0;
    }
    if (S_ISDIR(st.mode) && inside(c, src, to)) {
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
        if (copy_path(&copy, src, to, true))
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
    tell(c, from, to);
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
    set_backup(&c);
    return pairs(&c, mv_pair);
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

/* --- ln, link ------------------------------------------------------------------------------ */

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
    set_backup(&c);
    if (!r->argc) {
        cmd_warn(r, "missing file operand");
        return cmd_usage(r);
    }
    if (r->argc == 1 && !cmd_has(r, 't') && !c.no_target_dir)
        return each_into(&c, r->argv, 1, ".", ln_pair);
    struct vfs_stat st;
    if (no_deref && r->argc == 2 && !vm_lstat(r->p, r->argv[1], &st) && S_ISLNK(st.mode))
        c.no_target_dir = true;
    return pairs(&c, ln_pair);
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

/* --- install -------------------------------------------------------------------------------- */

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
    if (copy_path(c, from, to, true))
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
    set_backup(&c);
    if (!cmd_has(r, 'd'))
        return pairs(&c, install_pair);
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
        char *path = unslashed(r, *a);
        for (char *s = path + 1; (s = strchr(s, '/')); s++) {
            *s = '\0';
            vm_mkdir(r->p, path, 0755);
            *s = '/';
        }
        int err = vm_mkdir(r->p, path, mode);
        if (err < 0 && !(err == -EEXIST && is_dir(r, path))) {
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
