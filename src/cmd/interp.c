/* interp.c -- perl and python3, as far as one-liners of attackers go: printing
 * expressions and starting programs.
 *
 * Neither language is here. A one-liner that needs more, and every script,
 * fails as on a machine whose modules were damaged: that is how a broken
 * installation speaks, and it ends with the status it would have.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>

#include "cmd/sys.h"

/* A value: a number or a text. */
struct value {
    double n;
    const char *s; /* NULL: a number */
};

struct interp {
    struct cmd_run *r;
    const char *at;
    bool perl, failed;
    int depth;
};

static struct value expression(struct interp *t);

static void blanks(struct interp *t)
{
    t->at += strspn(t->at, " \t\n");
}

static const char *text_of(struct interp *t, struct value v)
{
    if (v.s)
        return v.s;
    long long i = v.n > -9e15 && v.n < 9e15 ? (long long)v.n : 0;
    return (double)i == v.n ? vm_asprintf(t->r->p, "%lld", i) : vm_asprintf(t->r->p, "%.15g", v.n);
}

static double number_of(struct value v)
{
    double d;
    return !v.s ? v.n : str_double(v.s, -1e300, 1e300, &d) ? 0 : d;
}

static struct value string(struct interp *t)
{
    char quote = *t->at++;
    struct str b;
    bool raw = t->perl && quote == '\'';
    str_init(&b, t->r->arena);
    while (*t->at && *t->at != quote) {
        if (*t->at == '\\' && t->at[1] && !raw) {
            t->at++;
            str_putc(&b, *t->at == 'n'   ? '\n'
                         : *t->at == 't' ? '\t'
                         : *t->at == 'r' ? '\r'
                                         : *t->at);
            t->at++;
            continue;
        }
        if (t->perl && !raw && (*t->at == '$' || *t->at == '@'))
            t->failed = true; /* a variable */
        str_putc(&b, *t->at++);
    }
    t->failed |= *t->at != quote;
    t->at += *t->at == quote;
    return (struct value){.s = str_text(&b)};
}

static struct value primary(struct interp *t)
{
    blanks(t);
    if (vm_deep(t->r->p) || ++t->depth > 100) {
        t->failed = true;
        return (struct value){0};
    }
    struct value v = {0};
    if (*t->at == '(') {
        t->at++;
        v = expression(t);
        blanks(t);
        t->failed |= *t->at != ')';
        t->at += *t->at == ')';
    } else if (*t->at == '-') {
        t->at++;
        v.n = -number_of(primary(t));
    } else if (*t->at == '"' || *t->at == '\'') {
        v = string(t);
    } else if (*t->at >= '0' && *t->at <= '9') {
        size_t n = strspn(t->at, "0123456789.");
        if (str_double(vm_asprintf(t->r->p, "%.*s", (int)n, t->at), 0, 1e300, &v.n))
            t->failed = true;
        t->at += n;
    } else {
        t->failed = true;
    }
    t->depth--;
    return v;
}

static struct value repeat(struct interp *t, const char *s, double times)
{
    struct str b;
    str_init(&b, t->r->arena);
    size_t n = strlen(s);
    for (int i = 0; i < times && b.n + n < 1 << 20; i++)
        str_add(&b, s, n);
    return (struct value){.s = str_text(&b)};
}

static struct value power(struct interp *t)
{
    struct value v = primary(t);
    blanks(t);
    if (t->at[0] == '*' && t->at[1] == '*') {
        t->at += 2;
        double e = number_of(power(t)), base = number_of(v), out = 1;
        for (int i = 0; i < e && i < 4096; i++)
            out *= base;
        return (struct value){.n = out};
    }
    return v;
}

static struct value product(struct interp *t)
{
    struct value v = power(t);
    for (;;) {
        blanks(t);
        char op = *t->at;
        if (op == 'x' && t->perl) {
            t->at++;
            v = repeat(t, text_of(t, v), number_of(power(t)));
            continue;
        }
        if (op != '*' && op != '/' && op != '%')
            return v;
        bool whole = op == '/' && t->at[1] == '/' && !t->perl;
        t->at += whole ? 2 : 1;
        struct value w = power(t);
        if (op == '*' && !t->perl && (v.s || w.s)) {
            v = v.s ? repeat(t, v.s, number_of(w)) : repeat(t, w.s, number_of(v));
            continue;
        }
        double a = number_of(v), b = number_of(w);
        if (op != '*' && b == 0) {
            t->failed = true;
            return v;
        }
        double q = op == '*' ? a * b : a / b, floor_q = (double)(long long)q;
        floor_q -= floor_q > q;
        v = (struct value){.n = op == '%' ? a - b * floor_q : whole ? floor_q : q};
    }
}

static struct value expression(struct interp *t)
{
    struct value v = product(t);
    for (;;) {
        blanks(t);
        char op = *t->at;
        if (op == '.' && t->perl) {
            t->at++;
            const char *a = text_of(t, v), *b = text_of(t, product(t));
            v = (struct value){.s = vm_asprintf(t->r->p, "%s%s", a, b)};
        } else if (op == '+' || op == '-') {
            t->at++;
            struct value w = product(t);
            if (op == '+' && !t->perl && v.s && w.s)
                v = (struct value){.s = vm_asprintf(t->r->p, "%s%s", v.s, w.s)};
            else
                v = (struct value){.n = number_of(v) + (op == '+' ? 1 : -1) * number_of(w)};
        } else {
            return v;
        }
    }
}

static bool word(struct interp *t, const char *name)
{
    size_t n = strlen(name);
    blanks(t);
    if (strncmp(t->at, name, n) != 0 || strspn(t->at + n, "abcdefghijklmnopqrstuvwxyz_0123456789."))
        return false;
    t->at += n;
    return true;
}

/* Arguments up to the end of the statement or the closing bracket. */
static int arguments(struct interp *t, struct value *v, int max)
{
    int n = 0;
    blanks(t);
    bool bracket = *t->at == '(';
    t->at += bracket;
    blanks(t);
    while (*t->at && *t->at != ')' && *t->at != ';' && n < max && !t->failed) {
        v[n++] = expression(t);
        blanks(t);
        if (*t->at == ',')
            t->at++;
        blanks(t);
    }
    t->failed |= bracket && *t->at != ')';
    t->at += bracket && *t->at == ')';
    return n;
}

static void shell(struct interp *t, const char *command)
{
    char *argv[] = {vm_strdup(t->r->p, "sh"), vm_strdup(t->r->p, "-c"), vm_strdup(t->r->p, command),
                    NULL};
    (void)sys_spawn_wait(t->r, argv);
}

static void statement(struct interp *t)
{
    static const char *const shells[] = {"os.system",     "system",   "exec",
                                         "pty.spawn",     "os.popen", "subprocess.call",
                                         "subprocess.run"};
    struct value v[16];
    if (t->perl ? word(t, "say") || word(t, "print") : word(t, "print")) {
        bool line = !t->perl || t->at[-1] == 'y';
        int n = arguments(t, v, 16);
        for (int i = 0; i < n && !t->failed; i++)
            vf_printf(t->r->out, "%s%s", i && !t->perl ? " " : "", text_of(t, v[i]));
        if (line && !t->failed)
            vf_putc(t->r->out, '\n');
        return;
    }
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
        if (word(t, shells[i])) {
            int n = arguments(t, v, 16);
            struct str b;
            str_init(&b, t->r->arena);
            for (int k = 0; k < n; k++)
                str_printf(&b, "%s%s", k ? " " : "", text_of(t, v[k]));
            if (!t->failed)
                shell(t, str_text(&b));
            return;
        }
    if (word(t, "import") || word(t, "use") || word(t, "exit")) {
        static const char *const known[] = {"os",   "sys",    "pty",     "subprocess",
                                            "time", "strict", "warnings"};
        size_t n = (blanks(t), strcspn(t->at, ";\n"));
        char *list = vm_asprintf(t->r->p, "%.*s", (int)n, t->at), *name;
        t->at += n;
        while ((name = strsep(&list, ", ()0"))) {
            bool fine = !*name;
            for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                fine |= !strcmp(known[i], name);
            t->failed |= !fine;
        }
        return;
    }
    blanks(t);
    t->failed |= *t->at != ';' && *t->at != '\0';
}

static bool run_code(struct cmd_run *r, const char *code, bool perl)
{
    struct interp t = {.r = r, .at = code, .perl = perl};
    while (*t.at && !t.failed) {
        statement(&t);
        blanks(&t);
        if (*t.at == ';')
            t.at++;
        else if (*t.at && t.at[-1] != '\n')
            t.failed = true;
        vm_tick(r->p, 20);
    }
    return !t.failed;
}

static int perl_broken(struct cmd_run *r, const char *where)
{
    vf_printf(
        r->err,
        "Can't locate XSLoader.pm in @INC (you may need to install the XSLoader module) (@INC "
        "contains: /etc/perl /usr/local/lib/x86_64-linux-gnu/perl/5.36.0 "
        "/usr/local/share/perl/5.36.0 /usr/lib/x86_64-linux-gnu/perl5/5.36 /usr/share/perl5 "
        "/usr/lib/x86_64-linux-gnu/perl-base /usr/lib/x86_64-linux-gnu/perl/5.36 "
        "/usr/share/perl/5.36 /usr/local/lib/site_perl) at %s line 1.\nBEGIN failed--compilation "
        "aborted at %s line 1.\n",
        where, where);
    return 2;
}

static int perl_run(struct cmd_run *r)
{
    if (cmd_has(r, 'v'))
        return sys_text(r, "perl -v") < 0;
    const char *code = cmd_arg(r, 'e') ? cmd_arg(r, 'e') : cmd_arg(r, 'E');
    if (code)
        return run_code(r, code, true) ? 0 : perl_broken(r, "-e");
    const char *file = r->argc ? r->argv[0] : "-";
    int err = 0;
    if (!sys_slurp(r, file, NULL, &err)) {
        vf_printf(r->err, "Can't open perl script \"%s\": %s\n", file, vm_strerror(-err));
        return 2;
    }
    return perl_broken(r, file);
}

const struct cmd cmd_perl = {
    .name = "perl", .opts = "+0::aACcdD:e:E:fF:i::I:l::m:M:nNpPsStTuUvVwWxX", .run = perl_run};

static int python_run(struct cmd_run *r)
{
    if (cmd_has(r, 'V'))
        return sys_text(r, "python3 --version") < 0;
    const char *code = cmd_arg(r, 'c'), *file = r->argc ? r->argv[0] : NULL;
    int err = 0;
    if (code && run_code(r, code, false))
        return 0;
    char cwd[VFS_PATH_MAX] = "/";
    if (!code && file && !sys_slurp(r, file, NULL, &err)) {
        (void)vm_getcwd(r->p, cwd, sizeof(cwd));
        vf_printf(r->err, "%s: can't open file '%s': [Errno %d] %s\n", r->name,
                  *file == '/' ? file : cmd_path_join(r, cwd, file), -err, vm_strerror(-err));
        return 2;
    }
    vf_puts(
        r->err,
        "Fatal Python error: init_import_site: Failed to import the site module\nPython runtime "
        "state: initialized\nModuleNotFoundError: No module named '_collections_abc'\n\nCurrent "
        "thread 0x00007f2b5c1e1040 (most recent call first):\n  <no Python frame>\n");
    return 1;
}

const struct cmd cmd_python3 = {
    .name = "python3", .opts = "+bBc:dEhiIm:OPqsSuvVW:xX:?", .run = python_run};
