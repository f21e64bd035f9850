/* bi_declare.c -- declare, local, export, readonly, unset: the builtins that set
 * and show attributes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "shell/arith.h"
#include "shell/builtin.h"
#include "shell/simple.h"
#include "shell/text.h"

struct decl {
    unsigned on, off;
    bool print, functions, names, global, inherit, plus_array;
    int level; /* binding level, 0 global */
    bool local_;
    bool plain; /* messages do not name the builtin */
};

static unsigned flag_of(int c)
{
    switch (c) {
    case 'a':
        return VAR_ARRAY;
    case 'A':
        return VAR_ASSOC;
    case 'i':
        return VAR_INTEGER;
    case 'n':
        return VAR_NAMEREF;
    case 'r':
        return VAR_READONLY;
    case 't':
        return VAR_TRACE;
    case 'x':
        return VAR_EXPORT;
    case 'l':
        return VAR_LOWER;
    case 'u':
        return VAR_UPPER;
    case 'c':
        return VAR_CAPITAL;
    default:
        return 0;
    }
}

static void print_functions(struct shell *sh, const struct decl *d, struct sh_func *f)
{
    struct str s;
    str_init(&s, sh->tmp);
    if (d->names) {
        str_printf(&s, "declare -f%s %s\n", f->exported ? "x" : "", f->name);
        if (sh->shopt[SHOPT_EXTDEBUG])
            str_trunc(&s, 0), str_printf(&s, "%s %d %s\n", f->name, f->node->line,
                                         *f->source ? f->source : "environment");
    } else {
        print_function(&s, f->node);
        if (f->exported || f->readonly_)
            str_printf(&s, "declare -f%s%s %s\n", f->readonly_ ? "r" : "", f->exported ? "x" : "",
                       f->name);
    }
    out_add(sh, s.s, s.n);
}

static int declare_functions(struct shell *sh, const struct decl *d, int argc, char **argv)
{
    int status = 0;
    if (argc == 0) {
        int n;
        struct sh_func **f = func_sorted(sh, &n);
        for (int i = 0; i < n; i++)
            print_functions(sh, d, f[i]);
        return 0;
    }
    for (int i = 0; i < argc; i++) {
        struct sh_func *f = func_find(sh, argv[i]);
        if (strchr(argv[i], '=')) {
            sh_berror(sh, "cannot use `-f' to make functions");
            return 1;
        }
        if (!f) {
            status = 1;
            continue;
        }
        if (d->on & VAR_EXPORT)
            f->exported = true;
        else if (d->off & VAR_EXPORT)
            f->exported = false;
        if (d->on & VAR_READONLY)
            f->readonly_ = true;
        if (d->on & VAR_TRACE)
            f->trace = true;
        if (!(d->on | d->off)) {
            struct decl e = *d;
            if (d->names) {
                out_printf(sh, sh->shopt[SHOPT_EXTDEBUG] ? "%s %d %s\n" : "%s\n", argv[i],
                           f->node->line, *f->source ? f->source : "environment");
                continue;
            }
            print_functions(sh, &e, f);
        }
    }
    return status;
}

static bool shown(struct shell *sh, const struct decl *d, struct var *v)
{
    if ((v->flags & d->on) != d->on && d->on)
        return false;
    if (d->local_ && (v->level != sh->level || !sh->level))
        return false;
    return true;
}

static int print_all(struct shell *sh, const struct decl *d, bool statements)
{
    size_t n;
    struct var **v = var_sorted(sh, "", &n);
    for (size_t i = 0; i < n; i++) {
        struct str s;
        str_init(&s, sh->tmp);
        if (!shown(sh, d, v[i]) || (!v[i]->val && !statements && !var_is_set(sh, v[i])))
            continue;
        if (statements) {
            decl_print(sh, &s, v[i]);
        } else {
            str_printf(&s, "%s=", v[i]->name);
            if (v[i]->flags & (VAR_ARRAY | VAR_ASSOC))
                decl_array_value(sh, &s, v[i]);
            else
                text_quote_value(&s, var_value(sh, v[i]));
            str_putc(&s, '\n');
        }
        out_add(sh, s.s, s.n);
    }
    return 0;
}

static int print_named(struct shell *sh, const struct decl *d, int argc, char **argv)
{
    int status = 0;
    for (int i = 0; i < argc; i++) {
        struct var *v = var_find(sh, argv[i]);
        struct sh_func *f = d->functions ? func_find(sh, argv[i]) : NULL;
        if (f) {
            print_functions(sh, d, f);
            continue;
        }
        if (!v || d->functions || (d->local_ && v->level != sh->level)) {
            sh_berror(sh, "%s: not found", argv[i]);
            status = 1;
            continue;
        }
        struct str s;
        str_init(&s, sh->tmp);
        decl_print(sh, &s, v);
        out_add(sh, s.s, s.n);
    }
    return status;
}

/* A compound value in a string argument: declare "a=(1 2)". */
static bool compound_text(struct shell *sh, struct var *v, const char *value, bool append)
{
    size_t n = strlen(value);
    struct parser p;
    struct parse_host host;
    sh_parse_host(sh, &host);
    host.more = NULL;
    parse_init(&p, sh->tmp, &host);
    struct assign a = {.name = v->name, .append = append, .is_array = true};
    a.elements = parse_elements(&p, sh->tmp, sh_tmp_strndup(sh, value + 1, n - 2));
    return decl_compound(sh, v, &a);
}

static bool valid_ref(const char *value)
{
    size_t n = strcspn(value, "[");
    return lex_is_name(value, n);
}

static int set_flags(struct shell *sh, struct var *v, const struct decl *d)
{
    if ((d->off & VAR_READONLY) && (v->flags & VAR_READONLY)) {
        sh_error(sh, "%s: %s: readonly variable", sh->builtin, v->name);
        return 1;
    }
    if ((d->on & VAR_ASSOC) && (v->flags & VAR_ARRAY)) {
        sh_berror(sh, "%s: cannot convert indexed to associative array", v->name);
        return 1;
    }
    if ((d->on & VAR_ARRAY) && (v->flags & VAR_ASSOC)) {
        sh_berror(sh, "%s: cannot convert associative to indexed array", v->name);
        return 1;
    }
    if ((d->off & (VAR_ARRAY | VAR_ASSOC)) & v->flags) {
        sh_berror(sh, "%s: cannot destroy array variables in this way", v->name);
        return 1;
    }
    unsigned on = d->on & ~(unsigned)(VAR_ARRAY | VAR_ASSOC | VAR_READONLY);
    if (on & (VAR_LOWER | VAR_UPPER | VAR_CAPITAL))
        v->flags &= ~(unsigned)(VAR_LOWER | VAR_UPPER | VAR_CAPITAL);
    v->flags = (v->flags | on) & ~d->off;
    if (d->on & VAR_ASSOC)
        var_make_array(sh, v, true);
    else if (d->on & VAR_ARRAY)
        var_make_array(sh, v, false);
    return 0;
}

/* The variable of that name in the function of d->level, made if need be; valued: it
 * is given a value. NULL after a message. */
static struct var *decl_local(struct shell *sh, const struct decl *d, const char *name, bool valued)
{
    struct var *v = var_find(sh, name), *outer = v;
    bool temp = v && (v->flags & VAR_TEMP);
    if (v && (v->flags & VAR_READONLY) && v->level < d->level && v->level == 0 && !d->inherit) {
        sh_berror(sh, "%s: readonly variable", name);
        return NULL;
    }
    if (v && (v->flags & VAR_TEMP) && v->level == d->level && !valued) {
        v->flags &= ~(unsigned)VAR_TEMP;
    } else {
        bool fresh = !v || v->level < d->level;
        v = var_local(sh, name, d->level);
        if (fresh && temp) {
            v->flags |= VAR_EXPORT;
            if (outer->val && !valued)
                var_assign(sh, v, outer->val, false);
        }
        v->flags &= ~(unsigned)VAR_TEMP;
        if (fresh && (d->inherit || sh->shopt[SHOPT_LOCALVAR_INHERIT]) && outer && outer->val) {
            v->flags |= outer->flags & ~(unsigned)(VAR_LOCAL | VAR_TEMP | VAR_NAMEREF);
            var_assign(sh, v, outer->val, false);
        }
    }
    return v;
}

static int declare_one(struct shell *sh, const struct decl *d, char *arg, struct assign *tree)
{
    char *eq = NULL, *name = arg, *sub = NULL;
    bool append = false;
    size_t k = 0;
    while (arg[k] && arg[k] != '=' && arg[k] != '[' && !(arg[k] == '+' && arg[k + 1] == '='))
        k++;
    if (!lex_is_name(arg, k)) {
        sh_berror(sh, "`%s': not a valid identifier", arg);
        return 1;
    }
    name = sh_tmp_strndup(sh, arg, k);
    if (arg[k] == '[') {
        char *close = arg + k + 1;
        int depth = 1;
        for (; *close; close++) {
            depth += (*close == '[') - (*close == ']');
            if (!depth)
                break;
        }
        if (!*close || (close[1] && close[1] != '=' && !(close[1] == '+' && close[2] == '='))) {
            sh_berror(sh, "`%s': not a valid identifier", arg);
            return 1;
        }
        sub = sh_tmp_strndup(sh, arg + k + 1, (size_t)(close - arg) - k - 1);
        k = (size_t)(close + 1 - arg);
    }
    if (arg[k]) {
        append = arg[k] == '+';
        eq = arg + k + (append ? 2 : 1);
    }
    if (tree)
        append = tree->append;
    struct var *v;
    if ((d->on & VAR_NAMEREF) && eq && !valid_ref(eq) && *eq) {
        sh_berror(sh, "`%s': invalid variable name for name reference", eq);
        return 1;
    }
    if ((d->on & VAR_NAMEREF) && eq && strcmp(eq, name) == 0 && !d->level) {
        sh_berror(sh, "%s: nameref variable self references not allowed", name);
        return 1;
    }
    if ((d->on & VAR_NAMEREF) && (sub || ((v = var_find(sh, name)) && v->arr && !d->level))) {
        sh_berror(sh, "%s: reference variable cannot be an array", sub ? arg : name);
        return 1;
    }
    if (d->level) {
        v = decl_local(sh, d, name, eq || tree);
        if (!v)
            return 1;
    } else if (d->global) {
        v = var_make(sh, name);
        while (v->level > 0 && v->shadow)
            v = v->shadow;
        if (v->level > 0)
            v = var_global(sh, name);
    } else {
        const char *final = name, *inner = NULL;
        if ((d->on | d->off) & VAR_NAMEREF)
            v = var_find(sh, name);
        else
            v = var_deref(sh, &final, &inner);
        if (!v)
            v = var_make(sh, final);
        if (inner)
            sub = (char *)inner;
    }
    if ((eq || tree) && (v->flags & VAR_READONLY)) {
        if (d->plain)
            sh_error(sh, "%s: readonly variable", name);
        else
            sh_berror(sh, "%s: readonly variable", name);
        return 1;
    }
    if (set_flags(sh, v, d))
        return 1;
    int status = 0;
    if (tree) {
        if (!decl_compound(sh, v, tree))
            status = 1;
    } else if (eq) {
        size_t n = strlen(eq);
        bool list = eq[0] == '(' && n > 1 && eq[n - 1] == ')';
        if (list && !sub && (v->flags & (VAR_ARRAY | VAR_ASSOC)))
            status = !compound_text(sh, v, eq, append);
        else if (sub)
            status = !var_assign_elem(sh, v, sub, eq, append);
        else
            status = !var_assign(sh, v, eq, append);
    } else if (sub && !(v->flags & (VAR_ARRAY | VAR_ASSOC))) {
        var_make_array(sh, v, false);
    }
    if (d->on & VAR_READONLY)
        v->flags |= VAR_READONLY;
    return status;
}

static int declare(struct shell *sh, struct decl *d, int argc, char **argv, const char *options)
{
    struct opts o = {0};
    int c, status = 0;
    struct assign **trees = sh->cmd_assigns;
    int trees_n = sh->cmd_assigns_n;
    while ((c = opts_next(sh, &o, argc, argv, options)) != -1) {
        if (c == '?')
            return 2;
        unsigned flag = flag_of(c);
        if (c == 'p')
            d->print = true;
        else if (c == 'f')
            d->functions = true;
        else if (c == 'F')
            d->functions = d->names = true;
        else if (c == 'g')
            d->global = true;
        else if (c == 'I')
            d->inherit = true;
        else if (o.plus)
            d->off |= flag;
        else
            d->on |= flag;
    }
    if (d->global)
        d->level = 0;
    if (d->functions)
        return d->print && o.i < argc ? print_named(sh, d, argc - o.i, argv + o.i)
                                      : declare_functions(sh, d, argc - o.i, argv + o.i);
    if (o.i == argc)
        return print_all(sh, d, d->print || d->on || d->local_);
    if (d->print)
        return print_named(sh, d, argc - o.i, argv + o.i);
    for (int i = o.i; i < argc; i++)
        status |= declare_one(sh, d, argv[i], i < trees_n && trees ? trees[i] : NULL);
    return status;
}

int bi_declare(struct shell *sh, int argc, char **argv)
{
    struct decl d = {.level = sh->level};
    return declare(sh, &d, argc, argv, "+aAcfFgilnprtuxI");
}

int bi_local(struct shell *sh, int argc, char **argv)
{
    struct decl d = {.level = sh->level, .local_ = true};
    if (!sh->level) {
        if (sh->dash) {
            sh_berror(sh, "not in a function");
            sh_exit(sh, 2);
        }
        sh_berror(sh, "can only be used in a function");
        return 1;
    }
    if ((argc == 2 && strcmp(argv[1], "-") == 0) || (argc == 1 && sh->dash))
        return 0;
    return declare(sh, &d, argc, argv, "+aAcfFgilnprtuxI");
}

static int print_posix(struct shell *sh, unsigned flag, const char *word)
{
    size_t n;
    struct var **v = var_sorted(sh, "", &n);
    for (size_t i = 0; i < n; i++) {
        if (!(v[i]->flags & flag))
            continue;
        const char *val = var_value(sh, v[i]);
        struct str s;
        str_init(&s, sh->tmp);
        str_printf(&s, "%s %s", word, v[i]->name);
        if (val) {
            str_putc(&s, '=');
            text_quote_single(&s, val);
        }
        str_putc(&s, '\n');
        out_add(sh, s.s, s.n);
    }
    return 0;
}

static int mark(struct shell *sh, int argc, char **argv, unsigned flag)
{
    struct decl d = {.on = flag, .plain = true};
    struct opts o = {0};
    int c, status = 0;
    bool remove = false;
    const char *options = flag == VAR_EXPORT ? "fnp" : "aAfp";
    while ((c = opts_next(sh, &o, argc, argv, options)) != -1) {
        if (c == '?')
            return 2;
        if (c == 'p')
            d.print = true;
        else if (c == 'f')
            d.functions = true;
        else if (c == 'n')
            remove = true;
        else
            d.on |= flag_of(c);
    }
    struct assign **trees = sh->cmd_assigns;
    int trees_n = sh->cmd_assigns_n;
    if (o.i == argc && d.functions) {
        int n;
        struct sh_func **f = func_sorted(sh, &n);
        for (int i = 0; i < n; i++)
            if (flag == VAR_EXPORT ? f[i]->exported : f[i]->readonly_)
                print_functions(sh, &d, f[i]);
        return 0;
    }
    if (o.i == argc)
        return sh->dash ? print_posix(sh, flag, argv[0]) : print_all(sh, &d, true);
    if (d.print && sh->dash)
        return print_posix(sh, flag, argv[0]);
    if (remove) {
        d.on = 0;
        d.off = flag;
    }
    for (int i = o.i; i < argc; i++) {
        if (d.functions) {
            struct sh_func *f = func_find(sh, argv[i]);
            if (!f) {
                sh_berror(sh, "%s: not a function", argv[i]);
                status = 1;
            } else if (flag == VAR_EXPORT) {
                f->exported = !remove;
            } else {
                f->readonly_ = true;
            }
            continue;
        }
        if (sh->dash && !lex_is_name(argv[i], strcspn(argv[i], "="))) {
            sh_berror(sh, "%.*s: bad variable name", (int)strcspn(argv[i], "="), argv[i]);
            sh_exit(sh, 2);
        }
        /* export x in a function marks the visible x; a new one is global */
        d.level = 0;
        status |= declare_one(sh, &d, argv[i], i < trees_n && trees ? trees[i] : NULL);
    }
    return status;
}

int bi_export(struct shell *sh, int argc, char **argv)
{
    return mark(sh, argc, argv, VAR_EXPORT);
}

int bi_readonly(struct shell *sh, int argc, char **argv)
{
    return mark(sh, argc, argv, VAR_READONLY);
}

int bi_unset(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c, status = 0;
    bool func = false, var = false, ref = false;
    while ((c = opts_next(sh, &o, argc, argv, "fnv")) != -1) {
        if (c == '?')
            return 2;
        func |= c == 'f';
        var |= c == 'v';
        ref |= c == 'n';
    }
    if (func && var) {
        sh_berror(sh, "cannot simultaneously unset a function and a variable");
        return 1;
    }
    for (int i = o.i; i < argc; i++) {
        const char *name = argv[i], *open = strchr(name, '['), *sub = NULL;
        size_t n = strlen(name);
        if (func) {
            struct sh_func *f = func_find(sh, name);
            if (f && f->readonly_) {
                sh_berror(sh, "%s: cannot unset: readonly function", name);
                status = 1;
            } else {
                func_unset(sh, name);
            }
            continue;
        }
        if (open && name[n - 1] == ']' && lex_is_name(name, (size_t)(open - name)) && !sh->dash) {
            const char *base = sh_tmp_strndup(sh, name, (size_t)(open - name));
            sub = sh_tmp_strndup(sh, open + 1, n - (size_t)(open - name) - 2);
            struct var *v = var_deref(sh, &base, NULL);
            if (v && *sub)
                status |= var_unset_elem(sh, v, expand_subscript(sh, base, sub));
            continue;
        }
        if (!lex_is_name(name, n)) {
            if (!var && !sh->dash) {
                func_unset(sh, name);
                continue;
            }
            if (sh->dash) {
                sh_berror(sh, "%s: bad variable name", name);
                sh_exit(sh, 2);
            }
            sh_berror(sh, "`%s': not a valid identifier", name);
            status = 1;
            continue;
        }
        struct var *v = var_find(sh, name);
        if (v && (v->flags & VAR_NAMEREF) && !ref && v->val) {
            const char *final = name, *inner = NULL;
            struct var *t = var_deref(sh, &final, &inner);
            if (t && inner)
                status |= var_unset_elem(sh, t, inner);
            else if (t)
                status |= var_unset(sh, final);
            continue;
        }
        if (v)
            status |= var_unset(sh, name);
        else if (!var)
            func_unset(sh, name);
    }
    if (status && sh->dash)
        sh_exit(sh, 2);
    return status;
}
