/* cp.c -- cp, and the copying that mv and install share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cp_priv.h"

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

void cp_tell(struct cp *c, const char *from, const char *to)
{
    if (c->verbose)
        vf_printf(c->r->out, "%s%s -> %s\n", c->move ? "renamed " : "", cmd_quote(c->r, from),
                  cmd_quote(c->r, to));
}

bool cp_may_replace(struct cp *c, const char *to)
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
        cp_tell(c, from, to);
    }
    for (int i = 0; i < n; i++) {
        char *source = cmd_path_join(r, from, e[i].name), *target = cmd_path_join(r, to, e[i].name);
        status |= cp_path(c, source, target, false);
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

bool cp_inside(struct cp *c, const char *from, const char *to)
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

bool cp_newer(const struct vfs_stat *a, const struct vfs_stat *b)
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
        cp_tell(c, from, to);
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

int cp_path(struct cp *c, const char *from, const char *to, bool operand)
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
    if (S_ISDIR(st.mode) && cp_inside(c, from, to)) {
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
    if (exists && c->update && !cp_newer(&st, &dst))
        return 0;
    if (exists && !cp_may_replace(c, to))
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
            cp_tell(c, from, to);
        return copy_data(c, from, to, &st, exists);
    }
    if (!status)
        cp_tell(c, from, to);
    return status;
}

/* --- from operands to pairs ------------------------------------------------------------- */

bool cp_is_dir(struct cmd_run *r, const char *path)
{
    struct vfs_stat st;
    return !vm_stat(r->p, path, &st) && S_ISDIR(st.mode);
}

char *cp_unslashed(struct cmd_run *r, const char *path)
{
    char *s = vm_strdup(r->p, path);
    for (size_t n = strlen(s); n > 1 && s[n - 1] == '/';)
        s[--n] = '\0';
    return s;
}

int cp_each_into(struct cp *c, char **files, int n, const char *dir, cp_pair_fn *fn)
{
    int status = 0;
    for (int i = 0; i < n; i++) {
        const char *bare = cp_unslashed(c->r, files[i]), *base = cmd_base(bare);
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

int cp_pairs(struct cp *c, cp_pair_fn *fn)
{
    struct cmd_run *r = c->r;
    const char *dir = cmd_arg(r, 't');
    int n = r->argc;
    if (!n) {
        cmd_warn(r, "missing file operand");
        return cmd_usage(r);
    }
    if (dir) {
        if (!cp_is_dir(r, dir)) {
            struct vfs_stat st;
            int err = vm_stat(r->p, dir, &st);
            cmd_warn_err(r, err ? err : ENOTDIR, "target directory %s", cmd_quote(r, dir));
            return 1;
        }
        return cp_each_into(c, r->argv, n, dir, fn);
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
    if (cp_is_dir(r, last))
        return cp_each_into(c, r->argv, n - 1, last, fn);
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
    if (n && to[n - 1] == '/' && !cp_is_dir(c->r, to) && !vm_stat(c->r->p, from, &st) &&
        !S_ISDIR(st.mode)) {
        cmd_warn(c->r, "cannot create regular file %s: Not a directory", cmd_quote(c->r, to));
        return 1;
    }
    return cp_path(c, from, to, true);
}

void cp_set_backup(struct cp *c)
{
    const char *env = vm_getenv(c->r->p, "SIMPLE_BACKUP_SUFFIX"), *arg = cmd_arg(c->r, 'S');
    c->suffix = arg ? arg : env ? env : "~";
    if (cmd_has(c->r, 'b') || arg)
        c->backup = CP_BACKUP_SIMPLE;
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
    cp_set_backup(&c);
    return cp_pairs(&c, cp_pair);
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
