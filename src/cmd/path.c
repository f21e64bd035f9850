/* path.c -- programs about path names: basename, dirname, readlink, realpath,
 * pwd, pathchk.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"

static void put_base(struct cmd_run *r, const char *path, const char *suffix)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    const char *base = path + n;
    while (base > path && base[-1] != '/')
        base--;
    if (n == 1 && *path == '/')
        base = path;
    size_t len = (size_t)(path + n - base), cut = suffix ? strlen(suffix) : 0;
    if (cut && len > cut && !memcmp(base + len - cut, suffix, cut))
        len -= cut;
    vf_write(r->out, base, len);
    vf_putc(r->out, cmd_has(r, 'z') ? '\0' : '\n');
}

static int basename_run(struct cmd_run *r)
{
    if (!r->argc)
        return cmd_missing(r);
    const char *suffix = cmd_arg(r, 's');
    if (suffix || cmd_has(r, 'a')) {
        for (char **a = r->argv; *a; a++)
            put_base(r, *a, suffix);
        return 0;
    }
    if (r->argc > 2)
        return cmd_extra(r, r->argv[2]);
    put_base(r, r->argv[0], r->argv[1]);
    return 0;
}

static const char *const basename_longs[] = {"multiple=a", "suffix:=s", "zero=z", NULL};

const struct cmd cmd_basename = {
    .name = "basename", .opts = "+as:z", .longs = basename_longs, .run = basename_run};

static int dirname_run(struct cmd_run *r)
{
    if (!r->argc)
        return cmd_missing(r);
    for (char **a = r->argv; *a; a++) {
        size_t n = strlen(*a);
        while (n > 1 && (*a)[n - 1] == '/')
            n--;
        while (n && (*a)[n - 1] != '/')
            n--;
        while (n > 1 && (*a)[n - 1] == '/')
            n--;
        if (n)
            vf_write(r->out, *a, n);
        else
            vf_putc(r->out, '.');
        vf_putc(r->out, cmd_has(r, 'z') ? '\0' : '\n');
    }
    return 0;
}

static const char *const dirname_longs[] = {"zero=z", NULL};

const struct cmd cmd_dirname = {
    .name = "dirname", .opts = "+z", .longs = dirname_longs, .run = dirname_run};

/* The real path of name. how: 'e' all parts must exist, 'f' all but the last,
 * 'm' none. NULL and *err. */
static const char *canonical(struct cmd_run *r, const char *name, int how, bool links, int *err)
{
    char buf[VFS_PATH_MAX];
    struct str out;
    unsigned followed = 0;
    str_init(&out, r->arena);
    *err = -ENOENT;
    if (!*name)
        return NULL;
    const char *rest = name;
    if (*name != '/') {
        int n = vm_getcwd(r->p, buf, sizeof(buf));
        if (n < 0)
            return *err = n, NULL;
        str_puts(&out, strcmp(buf, "/") ? buf : "");
    }
    while (*rest) {
        rest += strspn(rest, "/");
        size_t n = strcspn(rest, "/");
        if (!n)
            break;
        const char *part = rest;
        rest += n;
        const char *after = rest + strspn(rest, "/");
        if (n == 1 && *part == '.')
            continue;
        if (n == 2 && part[0] == '.' && part[1] == '.') {
            const char *slash = out.n ? strrchr(str_text(&out), '/') : NULL;
            str_trunc(&out, slash ? (size_t)(slash - out.s) : 0);
            continue;
        }
        size_t before = out.n;
        str_putc(&out, '/');
        str_add(&out, part, n);
        struct vfs_stat st;
        *err = vm_lstat(r->p, str_text(&out), &st);
        if (*err < 0) {
            if (how == 'm' || (how == 'f' && *err == -ENOENT && !*after))
                continue;
            return NULL;
        }
        if (S_ISLNK(st.mode) && links) {
            if (++followed > VFS_LINKS_MAX)
                return *err = -ELOOP, NULL;
            ssize_t len = vm_readlink(r->p, str_text(&out), buf, sizeof(buf) - 1);
            if (len < 0)
                return *err = (int)len, NULL;
            buf[len] = '\0';
            rest = vm_asprintf(r->p, "%s%s%s", buf, *rest ? "/" : "", rest);
            str_trunc(&out, *buf == '/' ? 0 : before);
            continue;
        }
        if (!S_ISDIR(st.mode) && *rest && how != 'm')
            return *err = -ENOTDIR, NULL;
    }
    return out.n ? str_text(&out) : "/";
}

static int readlink_run(struct cmd_run *r)
{
    int how = cmd_latest(r, "efm"), status = 0;
    bool no_newline = cmd_has(r, 'n') && r->argc == 1, loud = cmd_latest(r, "qsv") == 'v';
    if (!r->argc)
        return cmd_missing(r);
    if (cmd_has(r, 'n') && r->argc > 1)
        cmd_warn(r, "ignoring --no-newline with multiple arguments");
    for (char **a = r->argv; *a; a++) {
        char buf[VFS_PATH_MAX];
        const char *to = NULL;
        int err = 0;
        if (how) {
            to = canonical(r, *a, how, true, &err);
        } else {
            ssize_t n = vm_readlink(r->p, *a, buf, sizeof(buf) - 1);
            err = (int)n;
            if (n >= 0) {
                buf[n] = '\0';
                to = buf;
            }
        }
        if (!to) {
            status = 1;
            if (loud)
                cmd_warn_err(r, err, "%s", cmd_quotef(r, *a));
            continue;
        }
        vf_puts(r->out, to);
        if (!no_newline)
            vf_putc(r->out, cmd_has(r, 'z') ? '\0' : '\n');
    }
    return status;
}

static const char *const readlink_longs[] = {"canonicalize=f",
                                             "canonicalize-existing=e",
                                             "canonicalize-missing=m",
                                             "no-newline=n",
                                             "quiet=q",
                                             "silent=s",
                                             "verbose=v",
                                             "zero=z",
                                             NULL};

const struct cmd cmd_readlink = {
    .name = "readlink", .opts = "efmnqsvz", .longs = readlink_longs, .run = readlink_run};

/* to, as seen from the directory from (both canonical). */
static const char *relative(struct cmd_run *r, const char *from, const char *to)
{
    size_t i = 0, slash = 0;
    if (!strcmp(from, "/"))
        from = "";
    for (; from[i] && from[i] == to[i]; i++)
        if (to[i] == '/')
            slash = i;
    if (!from[i] && (to[i] == '/' || !to[i]))
        slash = i;
    struct str b;
    str_init(&b, r->arena);
    for (const char *s = from + slash; *s; s++)
        if (*s == '/')
            str_puts(&b, b.n ? "/.." : "..");
    if (to[slash]) {
        const char *rest = to + slash + (to[slash] == '/');
        if (*rest)
            str_printf(&b, "%s%s", b.n ? "/" : "", rest);
    }
    return b.n ? str_text(&b) : ".";
}

static int realpath_run(struct cmd_run *r)
{
    int how = cmd_latest(r, "em"), status = 0, err;
    bool links = cmd_latest(r, "sLP") != 's';
    if (!r->argc)
        return cmd_missing(r);
    const char *to = cmd_arg(r, '\1'), *base = cmd_arg(r, '\2');
    if (base && !to)
        to = base;
    if (to && !(to = canonical(r, to, how ? how : 'f', links, &err))) {
        cmd_warn_err(r, err, "%s", cmd_quotef(r, cmd_arg(r, '\1') ? cmd_arg(r, '\1') : base));
        return 1;
    }
    if (base)
        base = canonical(r, base, how ? how : 'f', links, &err);
    for (char **a = r->argv; *a; a++) {
        const char *path = canonical(r, *a, how ? how : 'f', links, &err);
        if (!path) {
            status = 1;
            if (!cmd_has(r, 'q'))
                cmd_warn_err(r, err, "%s", cmd_quotef(r, *a));
            continue;
        }
        bool inside =
            !base || (str_starts(path, base) && (!path[strlen(base)] || path[strlen(base)] == '/'));
        vf_puts(r->out, to && inside ? relative(r, to, path) : path);
        vf_putc(r->out, cmd_has(r, 'z') ? '\0' : '\n');
    }
    return status;
}

static const char *const realpath_longs[] = {"canonicalize-existing=e",
                                             "canonicalize-missing=m",
                                             "relative-to:=\1",
                                             "relative-base:=\2",
                                             "quiet=q",
                                             "strip=s",
                                             "no-symlinks=s",
                                             "zero=z",
                                             "logical=L",
                                             "physical=P",
                                             NULL};

const struct cmd cmd_realpath = {
    .name = "realpath", .opts = "eLmPqsz", .longs = realpath_longs, .run = realpath_run};

static int pwd_run(struct cmd_run *r)
{
    char cwd[VFS_PATH_MAX];
    const char *env = vm_getenv(r->p, "PWD");
    if (r->argc)
        cmd_warn(r, "ignoring non-option arguments");
    int n = vm_getcwd(r->p, cwd, sizeof(cwd));
    if (n < 0) {
        cmd_warn_err(r, n, "failed to get current directory");
        return 1;
    }
    bool logical =
        cmd_latest(r, "LP") == 'L' || (!cmd_latest(r, "LP") && vm_getenv(r->p, "POSIXLY_CORRECT"));
    struct vfs_stat a, b;
    if (logical && env && *env == '/' && !strstr(env, "/./") && !strstr(env, "/../") &&
        !vm_stat(r->p, env, &a) && !vm_stat(r->p, ".", &b) && a.ino == b.ino && a.dev == b.dev)
        vf_printf(r->out, "%s\n", env);
    else
        vf_printf(r->out, "%s\n", cwd);
    return 0;
}

static const char *const pwd_longs[] = {"logical=L", "physical=P", NULL};

const struct cmd cmd_pwd = {.name = "pwd", .opts = "LP", .longs = pwd_longs, .run = pwd_run};
