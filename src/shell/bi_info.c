/* bi_info.c -- type, command, builtin, hash, alias, enable, help, completion's tables.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>
#include <string.h>

#include "shell/builtin.h"
#include "shell/exec.h"
#include "shell/text.h"
#include "shell/users.h"

static const char *const keywords[] = {"if",   "then", "else",     "elif",   "fi",    "case",
                                       "esac", "for",  "select",   "while",  "until", "do",
                                       "done", "in",   "function", "time",   "{",     "}",
                                       "!",    "[[",   "]]",       "coproc", NULL};

static bool is_keyword(struct shell *sh, const char *name)
{
    for (int i = 0; keywords[i]; i++)
        if (strcmp(keywords[i], name) == 0)
            return !sh->dash || !strstr("select function time [[ ]] coproc", name);
    return false;
}

/* --- type and command -v -------------------------------------------------------------- */

enum { T_SHORT = 1, T_PATH = 2, T_ALL = 4, T_FORCE = 8, T_NOFUNC = 16, T_V = 32, T_REUSE = 64 };

static bool type_inside(struct shell *sh, const char *name, unsigned m)
{
    bool found = false;
    const char *alias = sh->shopt[SHOPT_EXPAND_ALIASES] || sh->dash ? alias_find(sh, name) : NULL;
    struct sh_func *f = m & T_NOFUNC ? NULL : func_find(sh, name);
    const struct builtin *b = builtin_find(sh, name);
    if (alias) {
        if (m & T_SHORT)
            out_puts(sh, "alias\n");
        else if (m & T_REUSE) {
            struct str s;
            str_init(&s, sh->tmp);
            text_quote_single(&s, alias);
            out_printf(sh, "alias %s=%s\n", name, s.s);
        } else if (sh->dash)
            out_printf(sh, "%s is an alias for %s\n", name, alias);
        else
            out_printf(sh, "%s is aliased to `%s'\n", name, alias);
        found = true;
        if (!(m & T_ALL))
            return true;
    }
    if (is_keyword(sh, name)) {
        if (m & T_SHORT)
            out_puts(sh, "keyword\n");
        else if (m & T_REUSE)
            out_printf(sh, "%s\n", name);
        else
            out_printf(sh, "%s is a shell keyword\n", name);
        found = true;
        if (!(m & T_ALL))
            return true;
    }
    if (f) {
        if (m & T_SHORT) {
            out_puts(sh, "function\n");
        } else if (m & T_REUSE) {
            out_printf(sh, "%s\n", name);
        } else if (sh->dash) {
            out_printf(sh, "%s is a shell function\n", name);
        } else {
            struct str s;
            str_init(&s, sh->tmp);
            print_function(&s, f->node);
            out_printf(sh, "%s is a function\n", name);
            out_add(sh, s.s, s.n);
        }
        found = true;
        if (!(m & T_ALL))
            return true;
    }
    if (b) {
        if (m & T_SHORT)
            out_puts(sh, "builtin\n");
        else if (m & T_REUSE)
            out_printf(sh, "%s\n", name);
        else if (sh->dash && (b->flags & BI_SPECIAL))
            out_printf(sh, "%s is a special shell builtin\n", name);
        else
            out_printf(sh, "%s is a shell builtin\n", name);
        found = true;
    }
    return found;
}

static struct sh_hashed *hashed(struct shell *sh, const char *name)
{
    for (struct sh_hashed *h = sh->hashed; h; h = h->next)
        if (strcmp(h->name, name) == 0)
            return h;
    return NULL;
}

static bool print_path(struct shell *sh, const char *name, const char *path, unsigned m)
{
    if (m & T_SHORT)
        out_puts(sh, "file\n");
    else if (m & (T_PATH | T_FORCE | T_REUSE))
        out_printf(sh, "%s\n", path);
    else
        out_printf(sh, "%s is %s\n", name, path);
    return true;
}

/* All matches in PATH, or the first. */
static bool type_files(struct shell *sh, const char *name, unsigned m, const char *path_var)
{
    char *path;
    bool found = false;
    if (strchr(name, '/') || !(m & T_ALL)) {
        struct vfs_stat st;
        struct sh_hashed *h = hashed(sh, name);
        if (h && !(m & (T_PATH | T_FORCE | T_REUSE | T_SHORT)) && !sh->dash) {
            out_printf(sh, "%s is hashed (%s)\n", name, h->path);
            return true;
        }
        if (exec_find(sh, name, path_var, &path) != 0 || vm_stat(sh->p, path, &st) != 0 ||
            vm_access(sh->p, path, 1) != 0 || (st.mode & S_IFMT) == S_IFDIR)
            return false;
        return print_path(sh, name, path, m);
    }
    const char *p = path_var ? path_var : var_get(sh, "PATH");
    while (p) {
        const char *colon = strchr(p, ':');
        char *dir = sh_tmp_strndup(sh, p, colon ? (size_t)(colon - p) : strlen(p));
        if (exec_find(sh, name, dir, &path) == 0)
            found = print_path(sh, name, path, m);
        p = colon ? colon + 1 : NULL;
    }
    return found;
}

int bi_type(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c, status = 0;
    unsigned m = 0;
    while ((c = opts_next(sh, &o, argc, argv, sh->dash ? "" : "afptP")) != -1) {
        if (c == '?')
            return 2;
        m |= c == 'a'   ? T_ALL
             : c == 'f' ? T_NOFUNC
             : c == 'p' ? T_PATH
             : c == 't' ? T_SHORT
                        : T_FORCE;
    }
    for (int i = o.i; i < argc; i++) {
        bool found = false;
        if (m & T_PATH) {
            bool inside = is_keyword(sh, argv[i]) || func_find(sh, argv[i]) ||
                          builtin_find(sh, argv[i]) ||
                          (sh->shopt[SHOPT_EXPAND_ALIASES] && alias_find(sh, argv[i]));
            if (inside && !(m & T_ALL))
                continue;
        } else if (!(m & T_FORCE)) {
            found = type_inside(sh, argv[i], m);
        }
        if (!found || (m & T_ALL))
            found |= type_files(sh, argv[i], m, NULL);
        if (found)
            continue;
        status = sh->dash ? 127 : 1;
        if (sh->dash)
            out_printf(sh, "%s: not found\n", argv[i]);
        else if (!(m & (T_SHORT | T_PATH | T_FORCE)))
            sh_berror(sh, "%s: not found", argv[i]);
    }
    return status;
}

int bi_command(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c, status = 0;
    bool v = false, V = false;
    const char *path = NULL;
    while ((c = opts_next(sh, &o, argc, argv, "pvV")) != -1) {
        if (c == '?')
            return 2;
        v |= c == 'v';
        V |= c == 'V';
        if (c == 'p')
            path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    }
    if (o.i >= argc)
        return 0;
    if (v || V) {
        bool any = false;
        for (int i = o.i; i < (sh->dash ? o.i + 1 : argc); i++) { /* dash: the first only */
            unsigned m = v ? T_REUSE : 0;
            if (type_inside(sh, argv[i], m) || type_files(sh, argv[i], m, path)) {
                any = true;
                continue;
            }
            status = sh->dash ? 127 : 1;
            if (V && sh->dash)
                out_printf(sh, "%s: not found\n", argv[i]);
            else if (V)
                sh_berror(sh, "%s: not found", argv[i]);
        }
        return any && !sh->dash ? 0 : status;
    }
    /* keep arrays of assignment words beside their arguments */
    if (sh->cmd_assigns && sh->cmd_assigns_n > o.i) {
        sh->cmd_assigns += o.i;
        sh->cmd_assigns_n -= o.i;
    }
    return exec_words(sh, argc - o.i, argv + o.i, true, path);
}

int bi_builtin(struct shell *sh, int argc, char **argv)
{
    int i = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
    if (i >= argc)
        return 0;
    const struct builtin *b = builtin_find(sh, argv[i]);
    if (!b) {
        sh_berror(sh, "%s: not a shell builtin", argv[i]);
        return 1;
    }
    if (sh->cmd_assigns && sh->cmd_assigns_n > i) {
        sh->cmd_assigns += i;
        sh->cmd_assigns_n -= i;
    }
    const char *outer = sh->builtin;
    sh->builtin = argv[i];
    int status = b->fn(sh, argc - i, argv + i);
    sh->builtin = outer;
    return status;
}

/* --- hash --------------------------------------------------------------------------------------
 */

int bi_hash(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c, status = 0;
    bool clear = false, list = false, del = false, show = false;
    const char *path = NULL;
    while ((c = opts_next(sh, &o, argc, argv, sh->dash ? "rv" : "dlp:rt")) != -1) {
        if (c == '?')
            return 2;
        clear |= c == 'r';
        list |= c == 'l';
        del |= c == 'd';
        show |= c == 't';
        if (c == 'p')
            path = o.arg;
    }
    if (clear)
        sh->hashed = NULL;
    if (o.i >= argc) {
        if (clear)
            return 0;
        if (!sh->hashed) {
            if (!sh->dash)
                out_printf(sh, "%s: hash table empty\n", "hash");
            return 0;
        }
        if (!list && !sh->dash)
            out_puts(sh, "hits\tcommand\n");
        for (struct sh_hashed *h = sh->hashed; h; h = h->next) {
            if (sh->dash)
                out_printf(sh, "%s\n", h->path);
            else if (list)
                out_printf(sh, "builtin hash -p %s %s\n", h->path, h->name);
            else
                out_printf(sh, "%4d\t%s\n", h->hits, h->path);
        }
        return 0;
    }
    for (int i = o.i; i < argc; i++) {
        struct sh_hashed *h = hashed(sh, argv[i]);
        char *found = (char *)path;
        if (show || del) {
            if (!h) {
                sh_berror(sh, "%s: not found", argv[i]);
                status = 1;
            } else if (show && argc - o.i > 1) {
                out_printf(sh, "%s\t%s\n", h->name, h->path);
            } else if (show) {
                out_printf(sh, "%s\n", h->path);
            } else {
                struct sh_hashed **at = &sh->hashed;
                while (*at != h)
                    at = &(*at)->next;
                *at = h->next;
            }
            continue;
        }
        if (strchr(argv[i], '/') || func_find(sh, argv[i]) || builtin_find(sh, argv[i]))
            continue;
        if (!found && exec_find(sh, argv[i], NULL, &found) != 0) {
            sh_berror(sh, "%s: not found", argv[i]);
            status = 1;
            continue;
        }
        if (!h) {
            h = arena_zalloc(sh->heap, sizeof *h);
            h->name = sh_heap_strdup(sh, argv[i]);
            h->next = sh->hashed;
            sh->hashed = h;
        }
        h->path = sh_heap_strdup(sh, found);
        h->hits = 0;
    }
    return status;
}

/* --- alias
 * ---------------------------------------------------------------------------------------- */

static void print_alias(struct shell *sh, const struct sh_alias *a)
{
    struct str s;
    str_init(&s, sh->tmp);
    text_quote_single(&s, a->value);
    out_printf(sh, sh->dash ? "%s=%s\n" : "alias %s=%s\n", a->name, s.s);
}

int bi_alias(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int status = 0, c;
    while ((c = opts_next(sh, &o, argc, argv, sh->dash ? "" : "p")) != -1)
        if (c == '?')
            return 2;
    if (o.i >= argc) {
        for (struct sh_alias *a = sh->aliases; a; a = a->next)
            print_alias(sh, a);
        return 0;
    }
    for (int i = o.i; i < argc; i++) {
        char *eq = strchr(argv[i] + (argv[i][0] == '='), '=');
        if (eq) {
            char *name = sh_tmp_strndup(sh, argv[i], (size_t)(eq - argv[i]));
            if (strpbrk(name, "/$`\\\"' \t\n|&;()<>") && !sh->dash) {
                sh_berror(sh, "`%s': invalid alias name", name);
                status = 1;
                continue;
            }
            struct sh_alias **at = &sh->aliases;
            while (*at && strcmp((*at)->name, name) < 0)
                at = &(*at)->next;
            if (!*at || strcmp((*at)->name, name) != 0) {
                struct sh_alias *n = arena_zalloc(sh->heap, sizeof *n);
                n->name = sh_heap_strdup(sh, name);
                n->next = *at;
                *at = n;
            } else {
                sh_heap_free(sh, (*at)->value);
            }
            (*at)->value = sh_heap_strdup(sh, eq + 1);
            continue;
        }
        struct sh_alias *a = sh->aliases;
        while (a && strcmp(a->name, argv[i]) != 0)
            a = a->next;
        if (a) {
            print_alias(sh, a);
        } else {
            if (sh->dash)
                dash_complain(sh, "%s not found", argv[i]);
            else
                sh_berror(sh, "%s: not found", argv[i]);
            status = 1;
        }
    }
    return status;
}

int bi_unalias(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int status = 0, c;
    while ((c = opts_next(sh, &o, argc, argv, "a")) != -1) {
        if (c == '?')
            return 2;
        sh->aliases = NULL;
        return 0;
    }
    if (o.i >= argc)
        return sh->dash ? 0 : usage(sh);
    for (int i = o.i; i < argc; i++) {
        struct sh_alias **at = &sh->aliases;
        while (*at && strcmp((*at)->name, argv[i]) != 0)
            at = &(*at)->next;
        if (*at) {
            *at = (*at)->next;
        } else {
            if (sh->dash)
                dash_complain(sh, "%s not found", argv[i]);
            else
                sh_berror(sh, "%s: not found", argv[i]);
            status = 1;
        }
    }
    return status;
}

/* --- enable, help
 * ------------------------------------------------------------------------------------ */

int bi_enable(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c, status = 0;
    bool off = false, all = false, special = false;
    while ((c = opts_next(sh, &o, argc, argv, "adf:nps")) != -1) {
        if (c == '?')
            return 2;
        off |= c == 'n';
        all |= c == 'a';
        special |= c == 's';
    }
    if (o.i >= argc) {
        for (const struct builtin *b = builtin_table(); b->name; b++) {
            bool dis = builtin_disabled(sh, b->name);
            if ((special && !(b->flags & BI_SPECIAL)) || (!all && dis != off))
                continue;
            out_printf(sh, "enable %s%s\n", dis ? "-n " : "", b->name);
        }
        return 0;
    }
    for (int i = o.i; i < argc; i++)
        if (!builtin_enable(sh, argv[i], !off)) {
            sh_berror(sh, "%s: not a shell builtin", argv[i]);
            status = 1;
        }
    return status;
}

int bi_help(struct shell *sh, int argc, char **argv)
{
    size_t n;
    int i = 1, status = 0;
    bool brief = false, describe = false;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        brief |= strchr(argv[i], 's') != NULL;
        describe |= strchr(argv[i], 'd') != NULL;
    }
    if (i >= argc) {
        const char *t = vm_text(sh->p, "help", &n);
        if (t)
            out_add(sh, t, n);
        return 0;
    }
    for (; i < argc; i++) {
        const char *t = vm_text(sh->p, sh_tmp_printf(sh, "help %s", argv[i]), &n);
        if (!t) {
            sh_berror(sh,
                      "no help topics match `%s'.  Try `help help' or `man -k %s' or `info %s'.",
                      argv[i], argv[i], argv[i]);
            status = 1;
            continue;
        }
        if (brief || describe) {
            const char *nl = memchr(t, '\n', n);
            out_add(sh, t, nl ? (size_t)(nl - t) + 1 : n);
        } else {
            out_add(sh, t, n);
        }
    }
    return status;
}

/* --- completion tables: what scripts use of them
 * ------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void gen(struct shell *sh, struct fields *f, int what, const char *prefix)
{
    size_t n;
    if (what == 'v') {
        struct var **v = var_sorted(sh, prefix, &n);
        for (size_t i = 0; i < n; i++)
            if (var_is_set(sh, v[i]))
                fields_add(sh, f, v[i]->name);
    } else if (what == 'a') {
        for (struct sh_alias *a = sh->aliases; a; a = a->next)
            if (str_starts(a->name, prefix))
                fields_add(sh, f, a->name);
    } else if (what == 'b') {
        for (const struct builtin *b = builtin_table(); b->name; b++)
            if (str_starts(b->name, prefix))
                fields_add(sh, f, (char *)b->name);
    } else if (what == 'k') {
        for (int i = 0; keywords[i]; i++)
            if (str_starts(keywords[i], prefix))
                fields_add(sh, f, (char *)keywords[i]);
    } else if (what == 'F') {
        int k;
        struct sh_func **fn = func_sorted(sh, &k);
        for (int i = 0; i < k; i++)
            if (str_starts(fn[i]->name, prefix))
                fields_add(sh, f, fn[i]->name);
    } else if (what == 'u') {
        char **u = users_list(sh, prefix);
        for (; u && *u; u++)
            fields_add(sh, f, *u);
    } else if (what == 'f' || what == 'd') {
        struct fields g = {0};
        glob_expand(sh, sh_tmp_printf(sh, "%s*", prefix), &g);
        struct vfs_stat st;
        for (int i = 0; i < g.n; i++)
            if (what == 'f' || (vm_stat(sh->p, g.v[i], &st) == 0 && (st.mode & S_IFMT) == S_IFDIR))
                fields_add(sh, f, g.v[i]);
    } else if (what == 'c') {
        const char *p = var_get(sh, "PATH");
        gen(sh, f, 'a', prefix);
        gen(sh, f, 'k', prefix);
        gen(sh, f, 'F', prefix);
        gen(sh, f, 'b', prefix);
        while (p) {
            const char *colon = strchr(p, ':');
            struct vm_dirent *e;
            int k = vm_readdir(sh->p,
                               sh_tmp_strndup(sh, p, colon ? (size_t)(colon - p) : strlen(p)), &e);
            for (int i = 0; i < k; i++)
                if (str_starts(e[i].name, prefix))
                    fields_add(sh, f, sh_tmp_strdup(sh, e[i].name));
            p = colon ? colon + 1 : NULL;
        }
    }
}

int bi_compgen(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    struct fields f = {0};
    int c;
    const char *words = NULL, *pre = "", *suf = "";
    char kinds[16];
    size_t nk = 0;
    while ((c = opts_next(sh, &o, argc, argv, "abcdefgjksuvo:A:G:W:F:C:X:P:S:")) != -1) {
        if (c == '?')
            return 2;
        if (c == 'A' && nk < 15)
            kinds[nk++] = strcmp(o.arg, "function") == 0    ? 'F'
                          : strcmp(o.arg, "variable") == 0  ? 'v'
                          : strcmp(o.arg, "builtin") == 0   ? 'b'
                          : strcmp(o.arg, "command") == 0   ? 'c'
                          : strcmp(o.arg, "alias") == 0     ? 'a'
                          : strcmp(o.arg, "keyword") == 0   ? 'k'
                          : strcmp(o.arg, "file") == 0      ? 'f'
                          : strcmp(o.arg, "directory") == 0 ? 'd'
                                                            : 'u';
        else if (c == 'W')
            words = o.arg;
        else if (c == 'P')
            pre = o.arg;
        else if (c == 'S')
            suf = o.arg;
        else if (strchr("abcdfkuv", c) && nk < 15)
            kinds[nk++] = (char)c;
    }
    const char *prefix = o.i < argc ? argv[o.i] : "";
    for (size_t i = 0; i < nk; i++)
        gen(sh, &f, kinds[i], prefix);
    if (nk && kinds[0] == 'c')
        qsort(f.v, (size_t)f.n, sizeof *f.v, by_text);
    if (words) {
        const char *ifs = expand_ifs(sh);
        char *t = sh_tmp_strdup(sh, expand_text(sh, words));
        while (*t) {
            t += strspn(t, ifs);
            size_t k = strcspn(t, ifs);
            if (k && strncmp(t, prefix, strlen(prefix)) == 0 && k >= strlen(prefix))
                fields_add(sh, &f, sh_tmp_strndup(sh, t, k));
            t += k;
        }
    }
    for (int i = 0; i < f.n; i++)
        out_printf(sh, "%s%s%s\n", pre, f.v[i], suf);
    return f.n ? 0 : 1;
}

int bi_complete(struct shell *sh, int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "-p") == 0) {
        sh_berror(sh, "%s: no completion specification", argv[2]);
        return 1;
    }
    return 0;
}

int bi_compopt(struct shell *sh, int argc, char **argv)
{
    (void)argc, (void)argv;
    sh_berror(sh, "not currently executing completion function");
    return 1;
}

int bi_bind(struct shell *sh, int argc, char **argv)
{
    (void)argc, (void)argv;
    if (!sh->interactive)
        sh_berror(sh, "warning: line editing not enabled");
    return 0;
}
