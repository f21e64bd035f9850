/* cond.c -- [[ ]] and the tests on files and variables.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/cond.h"

#include <fcntl.h>
#include <string.h>

#include "shell/arith.h"
#include "shell/expand.h"
#include "shell/simple.h"

static bool stat_is(struct shell *sh, const char *path, uint32_t type)
{
    struct vfs_stat st;
    return vm_stat(sh->p, path, &st) == 0 && (st.mode & S_IFMT) == type;
}

static bool var_set_test(struct shell *sh, const char *arg)
{
    const char *open = strchr(arg, '[');
    size_t n = strlen(arg);
    if (open && arg[n - 1] == ']') {
        const char *name = sh_tmp_strndup(sh, arg, (size_t)(open - arg));
        char *sub = sh_tmp_strndup(sh, open + 1, n - (size_t)(open - arg) - 2);
        struct var *v = var_deref(sh, &name, NULL);
        if (!v)
            return false;
        if ((strcmp(sub, "@") == 0 || strcmp(sub, "*") == 0) && !(v->flags & VAR_ASSOC)) {
            struct array *a = var_array(sh, v);
            return a ? a->n > 0 : v->val != NULL;
        }
        return expand_element(sh, name, sub) != NULL;
    }
    if (!lex_is_name(arg, n))
        return param_by_text(sh, arg) != NULL && strspn(arg, "0123456789") == n;
    return var_get(sh, arg) != NULL;
}

static bool later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

bool test_unary(struct shell *sh, int letter, const char *arg)
{
    struct vfs_stat st;
    int64_t n;
    switch (letter) {
    case 'n':
        return *arg != 0;
    case 'z':
        return *arg == 0;
    case 'v':
        return var_set_test(sh, arg);
    case 'R': {
        struct var *v = var_find(sh, arg);
        return v && (v->flags & VAR_NAMEREF) && v->val;
    }
    case 'o': {
        int o = sh_opt_named(arg);
        return o >= 0 && sh->opt[o];
    }
    case 't':
        return str_int(arg, 0, 1 << 20, &n) == 0 && vm_isatty(sh->p, (int)n);
    case 'a':
    case 'e':
        return vm_stat(sh->p, arg, &st) == 0;
    case 'f':
        return stat_is(sh, arg, S_IFREG);
    case 'd':
        return stat_is(sh, arg, S_IFDIR);
    case 'b':
        return stat_is(sh, arg, S_IFBLK);
    case 'c':
        return stat_is(sh, arg, S_IFCHR);
    case 'p':
        return stat_is(sh, arg, S_IFIFO);
    case 'S':
        return stat_is(sh, arg, S_IFSOCK);
    case 'h':
    case 'L':
        return vm_lstat(sh->p, arg, &st) == 0 && (st.mode & S_IFMT) == S_IFLNK;
    case 's':
        return vm_stat(sh->p, arg, &st) == 0 && st.size > 0;
    case 'r':
        return vm_access(sh->p, arg, 4) == 0;
    case 'w':
        return vm_access(sh->p, arg, 2) == 0;
    case 'x':
        return vm_access(sh->p, arg, 1) == 0;
    case 'g':
        return vm_stat(sh->p, arg, &st) == 0 && (st.mode & S_ISGID);
    case 'u':
        return vm_stat(sh->p, arg, &st) == 0 && (st.mode & S_ISUID);
    case 'k':
        return vm_stat(sh->p, arg, &st) == 0 && (st.mode & S_ISVTX);
    case 'O':
        return vm_stat(sh->p, arg, &st) == 0 && st.uid == vm_geteuid(sh->p);
    case 'G':
        return vm_stat(sh->p, arg, &st) == 0 && st.gid == vm_getegid(sh->p);
    case 'N':
        return vm_stat(sh->p, arg, &st) == 0 && later(&st.mtime, &st.atime);
    default:
        return false;
    }
}

bool test_files(struct shell *sh, const char *op, const char *a, const char *b)
{
    struct vfs_stat x, y;
    bool has_a = vm_stat(sh->p, a, &x) == 0, has_b = vm_stat(sh->p, b, &y) == 0;
    if (strcmp(op, "-nt") == 0)
        return has_a && (!has_b || later(&x.mtime, &y.mtime));
    if (strcmp(op, "-ot") == 0)
        return has_b && (!has_a || later(&y.mtime, &x.mtime));
    return has_a && has_b && x.ino == y.ino;
}

static bool compare(const char *op, int64_t a, int64_t b)
{
    switch (op[1] << 8 | op[2]) {
    case 'e' << 8 | 'q':
        return a == b;
    case 'n' << 8 | 'e':
        return a != b;
    case 'l' << 8 | 't':
        return a < b;
    case 'l' << 8 | 'e':
        return a <= b;
    case 'g' << 8 | 't':
        return a > b;
    default:
        return a >= b;
    }
}

static int binary(struct shell *sh, const struct cond *c)
{
    const char *op = c->name, *a = sh_tmp_strdup(sh, expand_string(sh, c->a));
    bool trace = sh->opt[OPT_XTRACE];
    if (strcmp(op, "=~") == 0) {
        const char *re = expand_regex(sh, c->b);
        if (trace)
            trace_text(sh, sh_tmp_printf(sh, "[[ %s =~ %s ]]", *a ? a : "''", re));
        return regex_match(sh, a, re);
    }
    if (strcmp(op, "=") == 0 || strcmp(op, "==") == 0 || strcmp(op, "!=") == 0) {
        const char *pat = expand_pattern(sh, c->b);
        if (trace)
            trace_text(sh,
                       sh_tmp_printf(sh, "[[ %s %s %s ]]", *a ? a : "''", op, *pat ? pat : "''"));
        bool ext = sh->shopt[SHOPT_EXTGLOB];
        sh->shopt[SHOPT_EXTGLOB] = true;
        bool hit = sh_match(sh, pat, a);
        sh->shopt[SHOPT_EXTGLOB] = ext;
        return hit == (op[0] != '!') ? 0 : 1;
    }
    const char *b = expand_string(sh, c->b);
    if (trace)
        trace_text(sh, sh_tmp_printf(sh, "[[ %s %s %s ]]", *a ? a : "''", op, *b ? b : "''"));
    if (op[0] == '<')
        return strcmp(a, b) < 0 ? 0 : 1;
    if (op[0] == '>')
        return strcmp(a, b) > 0 ? 0 : 1;
    if (strcmp(op, "-nt") == 0 || strcmp(op, "-ot") == 0 || strcmp(op, "-ef") == 0)
        return test_files(sh, op, a, b) ? 0 : 1;
    bool ok = true;
    sh->builtin = "[[";
    int64_t x = arith_eval(sh, a, &ok), y = ok ? arith_eval(sh, b, &ok) : 0;
    sh->builtin = NULL;
    return ok ? (compare(op, x, y) ? 0 : 1) : 1;
}

int cond_eval(struct shell *sh, const struct cond *c)
{
    int r;
    if (vm_deep(sh->p))
        return 2;
    switch (c->op) {
    case COND_AND:
        r = cond_eval(sh, c->left);
        return r ? r : cond_eval(sh, c->right);
    case COND_OR:
        r = cond_eval(sh, c->left);
        return r == 1 ? cond_eval(sh, c->right) : r;
    case COND_NOT:
        r = cond_eval(sh, c->left);
        return r == 2 ? 2 : !r;
    case COND_GROUP:
        return cond_eval(sh, c->left);
    case COND_WORD: {
        const char *s = expand_string(sh, c->a);
        if (sh->opt[OPT_XTRACE])
            trace_text(sh, sh_tmp_printf(sh, "[[ -n %s ]]", *s ? s : "''"));
        return *s ? 0 : 1;
    }
    case COND_UNARY: {
        const char *s = expand_string(sh, c->a);
        if (sh->opt[OPT_XTRACE])
            trace_text(sh, sh_tmp_printf(sh, "[[ %s %s ]]", c->name, *s ? s : "''"));
        return test_unary(sh, c->name[1], s) ? 0 : 1;
    }
    case COND_BINARY:
        return binary(sh, c);
    }
    return 2;
}
