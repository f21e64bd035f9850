/* xargs.c -- builds command lines from its input and runs them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "cmd/cmd.h"

enum { MAX_CHARS = 131072, MAX_ARGS = 32768 };

struct xargs {
    struct cmd_run *r;
    struct vfile *in;
    char **argv; /* the command and what was gathered */
    size_t fixed, n, chars, base_chars;
    uint64_t max_args, max_lines, max_chars;
    const char *replace, *eof;
    int delim; /* -1: blanks and quotes */
    bool no_empty, trace, ask, ran, at_end;
    uint64_t lines;
    int status;
    uint64_t jobs, running;
};

/* What a finished child means: 0 go on, else stop with that status. */
static int judge(struct xargs *x, int st, const char *name)
{
    if (WIFSIGNALED(st)) {
        cmd_warn(x->r, "%s: terminated by signal %d", name, WTERMSIG(st));
        return 125;
    }
    if (WEXITSTATUS(st) == 255) {
        cmd_warn(x->r, "%s: exited with status 255; aborting", name);
        return 124;
    }
    if (WEXITSTATUS(st))
        x->status = 123;
    return 0;
}

static int reap(struct xargs *x, uint64_t leave)
{
    int st, stop = 0;
    while (x->running > leave && !stop) {
        if (vm_wait(x->r->p, -1, &st, 0) < 0)
            break;
        x->running--;
        stop = judge(x, st, x->argv[0]);
    }
    return stop;
}

static void no_input(struct proc *child, void *arg)
{
    (void)arg;
    int fd = vm_open(child, "/dev/null", O_RDONLY, 0);
    if (fd > 0) {
        vm_dup2(child, fd, 0);
        vm_close(child, fd);
    }
}

static bool confirmed(struct xargs *x)
{
    struct cmd_run *r = x->r;
    int err;
    size_t n;
    struct vfile *tty = vf_open(r->p, "/dev/tty", "re", &err);
    char *line = tty ? vf_getline(tty, &n) : NULL;
    bool yes = line && (*line == 'y' || *line == 'Y');
    if (tty)
        (void)vf_close(tty);
    return yes;
}

/* Runs argv with what was gathered; 0 or the status to stop with. */
static int run(struct xargs *x, char **argv)
{
    struct cmd_run *r = x->r;
    char path[VFS_PATH_MAX];
    x->ran = true;
    (void)vf_flush(r->out);
    if (x->trace) {
        for (char **a = argv; *a; a++)
            vf_printf(r->err, "%s%s", a == argv ? "" : " ", cmd_quotef(r, *a));
        vf_puts(r->err, x->ask ? "?..." : "\n");
        if (x->ask && !confirmed(x))
            return 0;
    }
    int err = vm_find_program(r->p, argv[0], path, sizeof(path));
    int pid =
        err ? err
            : vm_spawn(r->p, path, argv, vm_environ(r->p), x->in == r->in ? no_input : NULL, NULL);
    if (pid < 0) {
        cmd_warn_err(r, pid, "%s", argv[0]);
        return pid == -ENOENT ? 127 : 126;
    }
    x->running++;
    return reap(x, x->jobs ? x->jobs - 1 : UINT64_MAX);
}

static int flush(struct xargs *x)
{
    x->argv[x->n] = NULL;
    int stop = run(x, x->argv);
    x->n = x->fixed;
    x->chars = x->base_chars;
    x->lines = 0;
    return stop;
}

static int run_replaced(struct xargs *x, const char *item)
{
    char **argv = vm_alloc(x->r->p, (x->fixed + 1) * sizeof(*argv));
    size_t len = strlen(x->replace);
    for (size_t i = 0; i < x->fixed; i++) {
        struct str b;
        const char *s = x->argv[i];
        str_init(&b, x->r->arena);
        for (const char *p; i && (p = strstr(s, x->replace)); s = p + len) {
            str_add(&b, s, (size_t)(p - s));
            str_puts(&b, item);
        }
        str_puts(&b, s);
        argv[i] = vm_strdup(x->r->p, str_text(&b));
    }
    return run(x, argv);
}

/* The next item; false at the end. *line_end: it was the last of its line. */
static bool next_item(struct xargs *x, struct str *b, bool *line_end)
{
    int c, quote = 0;
    bool any = false;
    *line_end = false;
    str_trunc(b, 0);
    if (x->delim >= 0) {
        while ((c = vf_getc(x->in)) != VF_EOF && c != x->delim)
            str_putc(b, c), any = true;
        *line_end = true;
        return any || c != VF_EOF;
    }
    while ((c = vf_getc(x->in)) != VF_EOF) {
        if (quote) {
            if (c == '\n') {
                cmd_warn(x->r,
                         "unmatched %s quote; by default quotes are special to xargs unless you "
                         "use the -0 option",
                         quote == '"' ? "double" : "single");
                x->status = 1;
                x->at_end = true;
                return false;
            }
            if (c == quote)
                quote = 0;
            else
                str_putc(b, c);
            continue;
        }
        bool blank = c == ' ' || c == '\t';
        if (c == '\n' || (blank && !x->replace)) {
            if (!any)
                continue;
            *line_end = c == '\n';
            return true;
        }
        if (blank && !any)
            continue;
        any = true;
        if (c == '"' || c == '\'')
            quote = c;
        else if (c == '\\' && (c = vf_getc(x->in)) != VF_EOF)
            str_putc(b, c);
        else if (c != VF_EOF)
            str_putc(b, c);
    }
    if (quote) {
        cmd_warn(x->r,
                 "unmatched %s quote; by default quotes are special to xargs unless you use the -0 "
                 "option",
                 quote == '"' ? "double" : "single");
        x->status = 1;
        x->at_end = true;
        return false;
    }
    *line_end = true;
    return any;
}

static int gather(struct xargs *x)
{
    struct str b;
    bool line_end;
    int stop = 0;
    str_init(&b, x->r->arena);
    while (!stop && next_item(x, &b, &line_end)) {
        const char *item = vm_strdup(x->r->p, str_text(&b));
        if (x->eof && !strcmp(item, x->eof))
            break;
        if (x->replace) {
            stop = run_replaced(x, item);
            continue;
        }
        size_t need = strlen(item) + 1;
        bool full =
            x->n - x->fixed >= x->max_args || x->chars + need > x->max_chars || x->n >= MAX_ARGS;
        if (full && x->n > x->fixed)
            stop = flush(x);
        if (stop)
            break;
        if (x->chars + need > x->max_chars) {
            cmd_warn(x->r, "argument line too long");
            return 1;
        }
        x->argv[x->n++] = (char *)(uintptr_t)item;
        x->chars += need;
        if (line_end && ++x->lines >= x->max_lines)
            stop = flush(x);
    }
    if (!stop && !x->replace && !x->at_end && (x->n > x->fixed || (!x->ran && !x->no_empty)))
        stop = flush(x);
    int last = reap(x, 0);
    return stop ? stop : last;
}

static bool count(struct cmd_run *r, int o, const char *arg, uint64_t *out, uint64_t least)
{
    if (cmd_number(arg, "", out)) {
        cmd_warn(r, "invalid number \"%s\" for -%c option", arg, o);
        return false;
    }
    if (*out < least) {
        cmd_warn(r, "value %s for -%c option should be >= %lu", arg, o, (unsigned long)least);
        return false;
    }
    return true;
}

static int delimiter(const char *s)
{
    static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
    if (*s != '\\' || !s[1])
        return (unsigned char)*s;
    if (s[1] == 'x' || (s[1] >= '0' && s[1] <= '7')) {
        int64_t v = 0;
        for (const char *p = s + 1 + (s[1] == 'x'); *p; p++)
            v = v * (s[1] == 'x' ? 16 : 8) + (*p <= '9' ? *p - '0' : (*p | 32) - 'a' + 10);
        return (int)(v & 255);
    }
    const char *e = strchr(from, s[1]);
    return e ? to[e - from] : (unsigned char)s[1];
}

static int xargs_run(struct cmd_run *r)
{
    struct xargs x = {.r = r,
                      .in = r->in,
                      .delim = -1,
                      .max_args = UINT64_MAX,
                      .max_lines = UINT64_MAX,
                      .max_chars = MAX_CHARS,
                      .jobs = 1};
    for (const char *o = r->opt; *o; o++) {
        const char *arg = r->optarg[o - r->opt];
        int err = 0;
        switch (*o) {
        case '0':
            x.delim = 0;
            break;
        case 'd':
            x.delim = delimiter(arg);
            break;
        case 'a':
            if (!(x.in = vf_open(r->p, arg, "re", &err))) {
                cmd_warn_err(r, err, "Cannot open input file %s", cmd_quotel(r, arg));
                return 1;
            }
            break;
        case 'E':
        case 'e':
            x.eof = arg;
            break;
        case 'I':
        case 'i':
            x.replace = arg ? arg : "{}";
            break;
        case 'L':
        case 'l':
            x.max_lines = 1;
            if (arg && !count(r, *o, arg, &x.max_lines, 1))
                return cmd_usage(r);
            break;
        case 'n':
            if (!count(r, 'n', arg, &x.max_args, 1))
                return cmd_usage(r);
            x.replace = NULL;
            break;
        case 's':
            if (!count(r, 's', arg, &x.max_chars, 1))
                return cmd_usage(r);
            break;
        case 'P':
            if (!count(r, 'P', arg, &x.jobs, 0))
                return cmd_usage(r);
            break;
        case 'r':
            x.no_empty = true;
            break;
        case 't':
            x.trace = true;
            break;
        case 'p':
            x.trace = x.ask = true;
            break;
        default:
            break;
        }
    }
    static char *echo[] = {"echo", NULL};
    char **cmd = r->argc ? r->argv : echo;
    x.argv = vm_alloc(r->p, (MAX_ARGS + (size_t)r->argc + 4) * sizeof(*x.argv));
    for (; cmd[x.n]; x.n++) {
        x.argv[x.n] = cmd[x.n];
        x.base_chars += strlen(cmd[x.n]) + 1;
    }
    x.fixed = x.n;
    x.chars = x.base_chars;
    int stop = gather(&x);
    return stop ? stop : x.status;
}

static const char *const xargs_longs[] = {
    "null=0",         "arg-file:=a", "delimiter:=d", "eof?=e",        "replace?=i",
    "max-lines?=l",   "max-args:=n", "open-tty=o",   "interactive=p", "no-run-if-empty=r",
    "max-chars:=s",   "verbose=t",   "exit=x",       "max-procs:=P",  "process-slot-var:=\1",
    "show-limits=\2", NULL};

const struct cmd cmd_xargs = {.name = "xargs",
                              .opts = "+0a:d:E:e::i::I:l::L:n:oprs:txP:",
                              .longs = xargs_longs,
                              .run = xargs_run};
