/* bi_dir.c -- cd, pwd, the directory stack, umask.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>

#include "shell/builtin.h"
#include "shell/expand.h"

/* path made absolute with . and .. resolved by text; NULL if a component is missing. */
static char *logical(struct shell *sh, const char *path)
{
    struct str s;
    str_init(&s, sh->tmp);
    if (*path != '/') {
        const char *pwd = var_get(sh, "PWD");
        char cwd[4096];
        if (!pwd || *pwd != '/') {
            if (vm_getcwd(sh->p, cwd, sizeof cwd) <= 0)
                return NULL;
            pwd = cwd;
        }
        if (strcmp(pwd, "/") != 0)
            str_puts(&s, pwd);
    }
    while (*path) {
        size_t n = strcspn(path, "/");
        if (n == 2 && path[0] == '.' && path[1] == '.') {
            struct vfs_stat st;
            str_add(&s, "", 1);
            str_trunc(&s, s.n - 1);
            if (s.n && vm_stat(sh->p, s.s, &st) != 0)
                return NULL;
            while (s.n && s.s[s.n - 1] != '/')
                str_trunc(&s, s.n - 1);
            if (s.n)
                str_trunc(&s, s.n - 1);
        } else if (n && !(n == 1 && path[0] == '.')) {
            str_putc(&s, '/');
            str_add(&s, path, n);
        }
        path += n;
        path += strspn(path, "/");
    }
    if (!s.n)
        str_putc(&s, '/');
    return s.s;
}

/* Changes to path and sets PWD and OLDPWD. 0 or -errno. */
static int change(struct shell *sh, const char *path, bool physical)
{
    char cwd[4096], *to = physical ? NULL : logical(sh, path);
    const char *old = var_get(sh, "PWD");
    old = old ? sh_tmp_strdup(sh, old) : NULL;
    int err = vm_chdir(sh->p, to ? to : path);
    if (err < 0 && to && !physical) {
        int second = vm_chdir(sh->p, path);
        if (second < 0)
            return err == -ENAMETOOLONG ? second : err;
        to = NULL;
    } else if (err < 0) {
        return err;
    }
    if (!to) {
        if (vm_getcwd(sh->p, cwd, sizeof cwd) <= 0)
            return 0;
        to = cwd;
    }
    if (old)
        var_set(sh, "OLDPWD", old);
    var_set(sh, "PWD", to);
    var_export(sh, "PWD");
    if (old)
        var_export(sh, "OLDPWD");
    return 0;
}

static bool try_cdpath(struct shell *sh, const char *dir, bool physical)
{
    const char *p = var_get(sh, "CDPATH");
    struct vfs_stat st;
    if (!p || !*p || *dir == '/' || strcmp(dir, ".") == 0 || strcmp(dir, "..") == 0 ||
        str_starts(dir, "./") || str_starts(dir, "../"))
        return false;
    p = sh_tmp_strdup(sh, p);
    for (;;) {
        const char *colon = strchr(p, ':');
        size_t n = colon ? (size_t)(colon - p) : strlen(p);
        char *full = n ? sh_tmp_printf(sh, "%.*s%s%s", (int)n, p, p[n - 1] == '/' ? "" : "/", dir)
                       : sh_tmp_strdup(sh, dir);
        if (vm_stat(sh->p, full, &st) == 0 && (st.mode & S_IFMT) == S_IFDIR &&
            change(sh, full, physical) == 0) {
            if (n)
                out_printf(sh, "%s\n", var_get(sh, "PWD"));
            return true;
        }
        if (!colon)
            return false;
        p = colon + 1;
    }
}

int bi_cd(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c;
    bool physical = sh->opt[OPT_PHYSICAL], print = false;
    while ((c = opts_next(sh, &o, argc, argv, sh->dash ? "LP" : "LPe@")) != -1) {
        if (c == '?')
            return 2;
        if (c == 'P')
            physical = true;
        if (c == 'L')
            physical = false;
    }
    if (sh->restricted) {
        sh_berror(sh, "restricted");
        return 1;
    }
    if (argc - o.i > 1 && !sh->dash) {
        sh_berror(sh, "too many arguments");
        return 1;
    }
    const char *dir = o.i < argc ? argv[o.i] : var_get(sh, "HOME");
    if (!dir) {
        if (sh->dash)
            return 0;
        sh_berror(sh, "HOME not set");
        return 1;
    }
    if (strcmp(dir, "-") == 0 && o.i < argc) {
        dir = var_get(sh, "OLDPWD");
        if (!dir) {
            if (sh->dash)
                dir = var_get(sh, "PWD");
            else {
                sh_berror(sh, "OLDPWD not set");
                return 1;
            }
        }
        print = true;
    }
    dir = sh_tmp_strdup(sh, dir);
    if (!*dir)
        return 0;
    if (try_cdpath(sh, dir, physical))
        return 0;
    int err = change(sh, dir, physical);
    if (err < 0 && sh->shopt[SHOPT_CDABLE_VARS]) {
        const char *v = lex_is_name(dir, strlen(dir)) ? var_get(sh, dir) : NULL;
        if (v && change(sh, v, physical) == 0) {
            out_printf(sh, "%s\n", v);
            return 0;
        }
    }
    if (err < 0) {
        if (sh->dash)
            sh_berror(sh, "can't cd to %s", dir);
        else
            sh_berror(sh, "%s: %s", dir, vm_strerror(-err));
        return sh->dash ? 2 : 1;
    }
    if (print)
        out_printf(sh, "%s\n", var_get(sh, "PWD"));
    return 0;
}

int bi_pwd(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c;
    char cwd[4096];
    struct vfs_stat a, b;
    bool physical = sh->opt[OPT_PHYSICAL];
    while ((c = opts_next(sh, &o, argc, argv, "LP")) != -1) {
        if (c == '?')
            return 2;
        physical = c == 'P';
    }
    const char *pwd = var_get(sh, "PWD");
    if (!physical && pwd && *pwd == '/' && vm_stat(sh->p, pwd, &a) == 0 &&
        vm_stat(sh->p, ".", &b) == 0 && a.ino == b.ino) {
        out_printf(sh, "%s\n", pwd);
        return 0;
    }
    int n = vm_getcwd(sh->p, cwd, sizeof cwd);
    if (n <= 0) {
        if (pwd && !physical) {
            out_printf(sh, "%s\n", pwd);
            return 0;
        }
        sh_berror(
            sh, "error retrieving current directory: getcwd: cannot access parent directories: %s",
            vm_strerror(ENOENT));
        return 1;
    }
    out_printf(sh, "%s\n", cwd);
    return 0;
}

/* --- the stack -------------------------------------------------------------------------------- */

static const char *tilde_path(struct shell *sh, const char *path)
{
    const char *home = var_get(sh, "HOME");
    size_t n = home ? strlen(home) : 0;
    if (n > 1 && strncmp(path, home, n) == 0 && (!path[n] || path[n] == '/'))
        return sh_tmp_printf(sh, "~%s", path + n);
    return path;
}

static const char *entry(struct shell *sh, int i)
{
    const char *pwd = var_get(sh, "PWD");
    return i == 0 ? (pwd ? pwd : "") : sh->dirstack[i - 1];
}

static void show(struct shell *sh, bool l, bool p, bool v)
{
    for (int i = 0; i <= sh->dirs; i++) {
        const char *e = l ? entry(sh, i) : tilde_path(sh, entry(sh, i));
        if (v)
            out_printf(sh, "%2d  %s\n", i, e);
        else
            out_printf(sh, "%s%s", e, i == sh->dirs || p ? "\n" : " ");
    }
}

static void insert(struct shell *sh, const char *dir)
{
    char **v = arena_alloc(sh->heap, ((size_t)sh->dirs + 1) * sizeof *v);
    v[0] = sh_heap_strdup(sh, dir);
    if (sh->dirs)
        memcpy(v + 1, sh->dirstack, (size_t)sh->dirs * sizeof *v);
    sh->dirstack = v;
    sh->dirs++;
}

/* +N or -N: the index, or -1 after a message; -2: it is none. */
static int index_arg(struct shell *sh, const char *s)
{
    int64_t n;
    if ((*s != '+' && *s != '-') || !s[1])
        return -2;
    if (str_int(s + 1, 0, 1 << 20, &n) != 0) {
        if (*s == '-') {
            sh_berror(sh, "%s: invalid number", s);
            usage(sh);
            return -1;
        }
        return -2;
    }
    int i = *s == '+' ? (int)n : sh->dirs - (int)n;
    if (i < 0 || i > sh->dirs) {
        if (!sh->dirs)
            sh_berror(sh, "directory stack empty");
        else
            sh_berror(sh, "%s: directory stack index out of range", s);
        return -1;
    }
    return i;
}

int bi_dirs(struct shell *sh, int argc, char **argv)
{
    bool l = false, p = false, v = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-c") == 0) {
            sh->dirs = 0;
            return 0;
        }
        if (strcmp(argv[i], "-l") == 0) {
            l = true;
        } else if (strcmp(argv[i], "-p") == 0) {
            p = true;
        } else if (strcmp(argv[i], "-v") == 0) {
            v = true;
        } else {
            int k = index_arg(sh, argv[i]);
            if (k == -2) {
                sh_berror(sh, "%s: invalid option", argv[i]);
                return usage(sh);
            }
            if (k < 0)
                return 1;
            out_printf(sh, "%s\n", l ? entry(sh, k) : tilde_path(sh, entry(sh, k)));
            return 0;
        }
    }
    show(sh, l, p, v);
    return 0;
}

static int go(struct shell *sh, const char *dir)
{
    int err = change(sh, dir, sh->opt[OPT_PHYSICAL]);
    if (err < 0)
        sh_berror(sh, "%s: %s", dir, vm_strerror(-err));
    return err < 0;
}

int bi_pushd(struct shell *sh, int argc, char **argv)
{
    bool stay = false;
    int i = 1;
    if (i < argc && strcmp(argv[i], "-n") == 0)
        stay = true, i++;
    if (i < argc && strcmp(argv[i], "--") == 0)
        i++;
    char *old = sh_tmp_strdup(sh, entry(sh, 0));
    if (i >= argc) {
        if (!sh->dirs) {
            sh_berror(sh, "no other directory");
            return 1;
        }
        char *top = sh->dirstack[0];
        if (go(sh, top))
            return 1;
        sh->dirstack[0] = sh_heap_strdup(sh, old);
        show(sh, false, false, false);
        return 0;
    }
    int k = index_arg(sh, argv[i]);
    if (k == -1)
        return 1;
    if (k >= 0) { /* rotate */
        int n = sh->dirs + 1;
        const char **all = sh_tmp(sh, (size_t)n * sizeof *all);
        for (int j = 0; j < n; j++)
            all[j] = sh_tmp_strdup(sh, entry(sh, (j + k) % n));
        if (go(sh, all[0]))
            return 1;
        for (int j = 1; j < n; j++)
            sh->dirstack[j - 1] = sh_heap_strdup(sh, all[j]);
        show(sh, false, false, false);
        return 0;
    }
    if (argc - i > 1) {
        sh_berror(sh, "too many arguments");
        return 1;
    }
    if (stay) {
        insert(sh, argv[i]);
    } else {
        const char *dir = argv[i];
        if (strcmp(dir, "-") == 0) {
            dir = var_get(sh, "OLDPWD");
            if (!dir) {
                sh_berror(sh, "OLDPWD not set");
                return 1;
            }
            dir = sh_tmp_strdup(sh, dir);
        }
        if (go(sh, dir))
            return 1;
        insert(sh, old);
    }
    show(sh, false, false, false);
    return 0;
}

int bi_popd(struct shell *sh, int argc, char **argv)
{
    bool stay = false;
    int i = 1, k = 0;
    if (i < argc && strcmp(argv[i], "-n") == 0)
        stay = true, i++;
    if (i < argc) {
        k = index_arg(sh, argv[i]);
        if (k == -2) {
            sh_berror(sh, "%s: invalid argument", argv[i]);
            usage(sh);
            return 2;
        }
        if (k < 0)
            return 1;
    }
    if (!sh->dirs) {
        sh_berror(sh, "directory stack empty");
        return 1;
    }
    if (k == 0 && !stay) {
        if (go(sh, sh->dirstack[0]))
            return 1;
        k = 1;
    } else if (k == 0) {
        k = 1;
    }
    memmove(sh->dirstack + k - 1, sh->dirstack + k, (size_t)(sh->dirs - k) * sizeof *sh->dirstack);
    sh->dirs--;
    show(sh, false, false, false);
    return 0;
}

/* --- umask
 * ----------------------------------------------------------------------------------------- */

static void symbolic(uint32_t mask, char out[24])
{
    uint32_t m = ~mask & 0777;
    (void)str_fmt(out, 24, "u=%s%s%s,g=%s%s%s,o=%s%s%s", m & 0400 ? "r" : "", m & 0200 ? "w" : "",
                  m & 0100 ? "x" : "", m & 040 ? "r" : "", m & 020 ? "w" : "", m & 010 ? "x" : "",
                  m & 4 ? "r" : "", m & 2 ? "w" : "", m & 1 ? "x" : "");
}

/* u=rwx,g-w,... applied to a mask; false if malformed. */
static bool apply_symbolic(const char *s, uint32_t *mask)
{
    uint32_t m = ~*mask & 0777;
    for (;;) {
        uint32_t who = 0, perm = 0;
        for (; *s && strchr("ugoa", *s); s++)
            who |= *s == 'u' ? 0700u : *s == 'g' ? 070u : *s == 'o' ? 07u : 0777u;
        if (!who)
            who = 0777;
        char op = *s++;
        if (!op || !strchr("+-=", op))
            return false;
        for (; *s && strchr("rwxXst", *s); s++)
            perm |= *s == 'r' ? 0444u : *s == 'w' ? 0222u : *s == 'x' || *s == 'X' ? 0111u : 0u;
        perm &= who;
        if (op == '+')
            m |= perm;
        else if (op == '-')
            m &= ~perm;
        else
            m = (m & ~who) | perm;
        if (!*s)
            break;
        if (*s++ != ',')
            return false;
    }
    *mask = ~m & 0777;
    return true;
}

int bi_umask(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c;
    bool sym = false, print = false;
    while ((c = opts_next(sh, &o, argc, argv, sh->dash ? "S" : "Sp")) != -1) {
        if (c == '?')
            return 2;
        sym |= c == 'S';
        print |= c == 'p';
    }
    uint32_t mask = vm_umask(sh->p, 0);
    (void)vm_umask(sh->p, mask);
    if (o.i >= argc) {
        char text[24];
        symbolic(mask, text);
        if (sym)
            out_printf(sh, "%s%s\n", print ? "umask -S " : "", text);
        else
            out_printf(sh, "%s%04o\n", print ? "umask " : "", mask);
        return 0;
    }
    const char *arg = argv[o.i];
    if (*arg >= '0' && *arg <= '9') {
        uint32_t v = 0;
        for (const char *s = arg; *s; s++) {
            if (*s < '0' || *s > '7' || v > 0777) {
                if (sh->dash)
                    sh_berror(sh, "Illegal number: %s", arg);
                else
                    sh_berror(sh, "%s: octal number out of range", arg);
                return sh->dash ? 2 : 1;
            }
            v = v * 8 + (uint32_t)(*s - '0');
        }
        mask = v & 0777;
    } else if (!apply_symbolic(arg, &mask)) {
        const char *bad = arg + strspn(arg, "ugoa");
        if (sh->dash) {
            sh_berror(sh, "Illegal mode: %s", arg);
            return 2;
        }
        sh_berror(sh, "`%c': invalid symbolic mode operator", *bad ? *bad : ' ');
        return 1;
    }
    (void)vm_umask(sh->p, mask);
    if (sym) {
        char text[24];
        symbolic(mask, text);
        out_printf(sh, "%s\n", text);
    }
    return 0;
}
