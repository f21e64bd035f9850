/* builtin.c -- the table of builtins, their options, their output.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/builtin.h"

#include <string.h>

static const struct builtin table[] = {{".", bi_source, BI_SPECIAL | BI_DASH},
                                       {":", bi_colon, BI_SPECIAL | BI_DASH},
                                       {"[", bi_test, BI_DASH},
                                       {"alias", bi_alias, BI_ASSIGN | BI_DASH},
                                       {"bg", bi_bg, BI_DASH},
                                       {"bind", bi_bind, 0},
                                       {"break", bi_break, BI_SPECIAL | BI_DASH},
                                       {"builtin", bi_builtin, BI_NO_GATE},
                                       {"caller", bi_caller, 0},
                                       {"cd", bi_cd, BI_DASH},
                                       {"command", bi_command, BI_DASH | BI_NO_GATE},
                                       {"compgen", bi_compgen, 0},
                                       {"complete", bi_complete, 0},
                                       {"compopt", bi_compopt, 0},
                                       {"continue", bi_continue, BI_SPECIAL | BI_DASH},
                                       {"declare", bi_declare, BI_ASSIGN},
                                       {"dirs", bi_dirs, 0},
                                       {"disown", bi_disown, 0},
                                       {"echo", bi_echo, BI_DASH},
                                       {"enable", bi_enable, 0},
                                       {"eval", bi_eval, BI_SPECIAL | BI_DASH},
                                       {"exec", bi_exec, BI_SPECIAL | BI_DASH},
                                       {"exit", bi_exit, BI_SPECIAL | BI_DASH},
                                       {"export", bi_export, BI_SPECIAL | BI_ASSIGN | BI_DASH},
                                       {"false", bi_false, BI_DASH},
                                       {"fc", bi_fc, 0},
                                       {"fg", bi_fg, BI_DASH},
                                       {"getopts", bi_getopts, BI_DASH},
                                       {"hash", bi_hash, BI_DASH},
                                       {"help", bi_help, 0},
                                       {"history", bi_history, 0},
                                       {"jobs", bi_jobs, BI_DASH},
                                       {"kill", bi_kill, BI_DASH},
                                       {"let", bi_let, 0},
                                       {"local", bi_local, BI_ASSIGN | BI_DASH},
                                       {"logout", bi_logout, 0},
                                       {"mapfile", bi_mapfile, 0},
                                       {"popd", bi_popd, 0},
                                       {"printf", bi_printf, BI_DASH},
                                       {"pushd", bi_pushd, 0},
                                       {"pwd", bi_pwd, BI_DASH},
                                       {"read", bi_read, BI_DASH},
                                       {"readarray", bi_mapfile, 0},
                                       {"readonly", bi_readonly, BI_SPECIAL | BI_ASSIGN | BI_DASH},
                                       {"return", bi_return, BI_SPECIAL | BI_DASH},
                                       {"set", bi_set, BI_SPECIAL | BI_DASH},
                                       {"shift", bi_shift, BI_SPECIAL | BI_DASH},
                                       {"shopt", bi_shopt, 0},
                                       {"source", bi_source, 0},
                                       {"suspend", bi_suspend, 0},
                                       {"test", bi_test, BI_DASH},
                                       {"times", bi_times, BI_SPECIAL | BI_DASH},
                                       {"trap", bi_trap, BI_SPECIAL | BI_DASH},
                                       {"true", bi_true, BI_DASH},
                                       {"type", bi_type, BI_DASH},
                                       {"typeset", bi_declare, BI_ASSIGN},
                                       {"ulimit", bi_ulimit, BI_DASH},
                                       {"umask", bi_umask, BI_DASH},
                                       {"unalias", bi_unalias, BI_DASH},
                                       {"unset", bi_unset, BI_SPECIAL | BI_DASH},
                                       {"wait", bi_wait, BI_DASH},
                                       {0}};

enum { COUNT = sizeof table / sizeof *table - 1 };

const struct builtin *builtin_table(void)
{
    return table;
}

static int lookup(const char *name)
{
    int lo = 0, hi = COUNT;
    while (lo < hi) {
        int mid = (lo + hi) / 2, c = strcmp(name, table[mid].name);
        if (c == 0)
            return mid;
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return -1;
}

const struct builtin *builtin_find(struct shell *sh, const char *name)
{
    int i = lookup(name);
    if (i < 0 || (sh->dash && !(table[i].flags & BI_DASH)) || (sh->disabled && sh->disabled[i]))
        return NULL;
    return &table[i];
}

bool builtin_enable(struct shell *sh, const char *name, bool on)
{
    int i = lookup(name);
    if (i < 0)
        return false;
    if (!sh->disabled)
        sh->disabled = arena_zalloc(sh->heap, COUNT);
    sh->disabled[i] = !on;
    return true;
}

bool builtin_disabled(struct shell *sh, const char *name)
{
    int i = lookup(name);
    return i >= 0 && sh->disabled && sh->disabled[i];
}

/* --- output ------------------------------------------------------------------------ */

void out_add(struct shell *sh, const char *s, size_t n)
{
    if (sh->out.n + n > 65536)
        out_flush(sh);
    str_add(&sh->out, s, n);
}

void out_puts(struct shell *sh, const char *s)
{
    out_add(sh, s, strlen(s));
}

void out_printf(struct shell *sh, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str_vprintf(&sh->out, fmt, ap);
    va_end(ap);
}

int out_flush(struct shell *sh)
{
    if (!sh->out.n)
        return 0;
    size_t n = sh->out.n;
    ssize_t r = vm_write_all(sh->p, 1, sh->out.s, n);
    if (sh->out.cap > 8192)
        str_release(&sh->out);
    else
        str_trunc(&sh->out, 0);
    return r < 0 ? (int)r : 0;
}

/* --- options -------------------------------------------------------------------------- */

int usage(struct shell *sh)
{
    size_t n;
    const char *name = sh->builtin;
    const char *t = vm_text(sh->p, sh_tmp_printf(sh, "help %s", name), &n);
    if (t && !sh->dash) {
        /* "name: synopsis" is the help text's first line */
        const char *end = memchr(t, '\n', n), *colon = strstr(t, ": ");
        size_t k = end ? (size_t)(end - t) : n;
        if (colon && colon < t + k)
            t = colon + 2, k -= (size_t)(colon + 2 - t) + 0, k = end ? (size_t)(end - t) : 0;
        struct str s;
        str_init(&s, sh->tmp);
        str_printf(&s, "%s: usage: %.*s\n", name, (int)k, t);
        out_flush(sh);
        (void)vm_write_all(sh->p, 2, s.s, s.n);
    }
    return 2;
}

int opts_next(struct shell *sh, struct opts *o, int argc, char **argv, const char *opts)
{
    bool plus = *opts == '+';
    if (plus)
        opts++;
    if (!o->i)
        o->i = 1;
    if (!o->at || !*o->at) {
        if (o->i >= argc)
            return -1;
        const char *a = argv[o->i];
        if ((a[0] != '-' && !(plus && a[0] == '+')) || !a[1])
            return -1;
        if (strcmp(a, "--") == 0) {
            o->i++;
            return -1;
        }
        o->plus = a[0] == '+';
        o->at = a + 1;
        o->i++;
    }
    int c = (unsigned char)*o->at++;
    const char *f = c == ':' ? NULL : strchr(opts, c);
    if (!f) {
        o->bad = c;
        if (sh->dash) {
            sh_berror(sh, "Illegal option -%c", c);
            const struct builtin *b = builtin_find(sh, sh->builtin);
            if (b && (b->flags & BI_SPECIAL))
                sh_exit(sh, 2);
            return '?';
        }
        if (c == '-' && strcmp(argv[o->i - 1], "--help") == 0) {
            char *v[] = {"help", (char *)sh->builtin, NULL};
            bi_help(sh, 2, v);
            return '?';
        }
        sh_berror(sh, "%c%c: invalid option", o->plus ? '+' : '-', c);
        usage(sh);
        return '?';
    }
    if (f[1] == ':') {
        if (*o->at) {
            o->arg = o->at;
        } else if (o->i < argc) {
            o->arg = argv[o->i++];
        } else {
            sh_berror(sh, "-%c: option requires an argument", c);
            usage(sh);
            return '?';
        }
        o->at = NULL;
    }
    return c;
}

void dash_complain(struct shell *sh, const char *fmt, ...)
{
    struct str s;
    va_list ap;
    str_init(&s, sh->tmp);
    str_printf(&s, "%s: ", sh->builtin);
    va_start(ap, fmt);
    str_vprintf(&s, fmt, ap);
    va_end(ap);
    str_putc(&s, '\n');
    out_flush(sh);
    (void)vm_write_all(sh->p, 2, s.s, s.n);
}

bool legal_number(const char *s, int64_t *n)
{
    while (*s == ' ' || *s == '\t')
        s++;
    if (*s == '+')
        s++;
    size_t len = strlen(s);
    while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
        len--;
    char text[32];
    if (!len || len >= sizeof text)
        return false;
    memcpy(text, s, len);
    text[len] = 0;
    return str_int(text, INT64_MIN, INT64_MAX, n) == 0;
}
