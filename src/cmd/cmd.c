/* cmd.c -- starting a program: its options parsed as getopt_long does, its
 * recorded texts, its messages, its last flush.
 *
 * Options and operands may be mixed (unless opts begins with "+" or
 * POSIXLY_CORRECT is set); long options may be cut short where that is
 * unambiguous. Codes of --help and --version are beyond those of the table.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

enum { HELP = 0xfe, VERSION = 0xff };

static const char *const text_longs[] = {"help=\xfe", "version=\xff", NULL};

/* --- the parser ------------------------------------------------------------ */

struct parse {
    struct cmd_run *r;
    char **argv;
    int argc, at;
    char *opt; /* room for all that may come */
    size_t n;
};

/* One long option of a table. */
struct longopt {
    const char *name;
    size_t n;
    int arg; /* 0 none, 1 needed, 2 optional */
    int code;
};

static struct longopt longopt_read(const char *s)
{
    struct longopt l = {.name = s};
    l.n = strcspn(s, ":?=");
    s += l.n;
    if (*s == ':' || *s == '?')
        l.arg = *s++ == ':' ? 1 : 2;
    l.code = (unsigned char)s[1];
    return l;
}

/* The i-th long option of the program, its own first: false at the end. */
static bool longopt_at(const struct cmd_run *r, int i, struct longopt *out)
{
    const char *const *own = r->cmd->longs;
    int n = 0;
    for (; own && own[n]; n++)
        if (n == i)
            return *out = longopt_read(own[i]), true;
    if ((r->cmd->flags & CMD_NO_TEXT) || i - n >= 2)
        return false;
    *out = longopt_read(text_longs[i - n]);
    return true;
}

static void add_option(struct parse *ps, int code, const char *arg)
{
    ps->opt[ps->n] = (char)code;
    ps->r->optarg[ps->n++] = arg;
}

static void ambiguous(struct parse *ps, const char *word, const char *name, size_t n)
{
    struct cmd_run *r = ps->r;
    struct str b;
    str_init(&b, r->arena);
    struct longopt l;
    for (int i = 0; longopt_at(r, i, &l); i++)
        if (!strncmp(l.name, name, n))
            str_printf(&b, " '--%.*s'", (int)l.n, l.name);
    cmd_warn(r, "option '%s' is ambiguous; possibilities:%s", word, str_text(&b));
}

/* argv[at] is "--something": 0 or -1 after a message. */
static int parse_long(struct parse *ps)
{
    struct cmd_run *r = ps->r;
    const char *word = ps->argv[ps->at++], *name = word + 2;
    size_t n = strcspn(name, "=");
    struct longopt l, found = {0};
    bool exact = false, several = false;
    for (int i = 0; longopt_at(r, i, &l); i++) {
        if (strncmp(l.name, name, n) || l.n < n)
            continue;
        if (l.n == n) {
            found = l;
            exact = true;
            break;
        }
        if (found.name && (found.code != l.code || found.arg != l.arg))
            several = true;
        if (!found.name)
            found = l;
    }
    if (several && !exact)
        return ambiguous(ps, word, name, n), -1;
    if (!found.name)
        return cmd_warn(r, "unrecognized option '%s'", word), -1;
    const char *arg = name[n] == '=' ? name + n + 1 : NULL;
    if (arg && !found.arg)
        return cmd_warn(r, "option '--%.*s' doesn't allow an argument", (int)found.n, found.name),
               -1;
    if (!arg && found.arg == 1) {
        if (ps->at >= ps->argc)
            return cmd_warn(r, "option '--%.*s' requires an argument", (int)found.n, found.name),
                   -1;
        arg = ps->argv[ps->at++];
    }
    add_option(ps, found.code, arg);
    return 0;
}

/* argv[at] is "-abc": 0 or -1 after a message. */
static int parse_short(struct parse *ps)
{
    struct cmd_run *r = ps->r;
    const char *opts = r->cmd->opts ? r->cmd->opts : "";
    for (const char *c = ps->argv[ps->at++] + 1; *c; c++) {
        const char *o = *c == ':' || *c == '+' ? NULL : strchr(opts, *c);
        if (!o)
            return cmd_warn(r, "invalid option -- '%c'", *c), -1;
        if (o[1] != ':') {
            add_option(ps, (unsigned char)*c, NULL);
            continue;
        }
        const char *arg = c[1] ? c + 1 : NULL;
        if (!arg && o[2] != ':') {
            if (ps->at >= ps->argc)
                return cmd_warn(r, "option requires an argument -- '%c'", *c), -1;
            arg = ps->argv[ps->at++];
        }
        add_option(ps, (unsigned char)*c, arg);
        break;
    }
    return 0;
}

static bool show_text(struct cmd_run *r, const char *which)
{
    size_t n;
    const char *key = vm_asprintf(r->p, "%s --%s", r->cmd->name, which);
    const char *t = vm_text(r->p, key, &n);
    if (!t)
        return false;
    /* Recorded under the plain name; the real one shows how it was called. */
    size_t len = strlen(r->cmd->name);
    if (!strncmp(t, "Usage: ", 7) && strcmp(r->name, r->cmd->name) &&
        !strncmp(t + 7, r->cmd->name, len)) {
        vf_printf(r->out, "Usage: %s", r->name);
        t += 7 + len;
        n -= 7 + len;
    }
    vf_write(r->out, t, n);
    return true;
}

bool cmd_text_option(struct cmd_run *r, const char *arg)
{
    if (strcmp(arg, "--help") && strcmp(arg, "--version"))
        return false;
    show_text(r, arg + 2);
    return true;
}

int cmd_getopt(struct cmd_run *r, int argc, char **argv)
{
    size_t room = 1;
    for (int i = 1; i < argc; i++)
        room += strlen(argv[i]);
    struct parse ps = {.r = r, .argv = argv, .argc = argc, .at = 1};
    ps.opt = vm_alloc(r->p, room);
    r->opt = ps.opt;
    r->optarg = vm_alloc(r->p, room * sizeof(char *));
    r->argv = vm_alloc(r->p, ((size_t)argc + 1) * sizeof(char *));
    r->argc = 0;
    bool stop = (r->cmd->opts && *r->cmd->opts == '+') || vm_getenv(r->p, "POSIXLY_CORRECT");
    while (ps.at < argc) {
        char *a = argv[ps.at];
        if (a[0] != '-' || !a[1]) {
            if (stop)
                break;
            r->argv[r->argc++] = a;
            ps.at++;
            continue;
        }
        if (!strcmp(a, "--")) {
            ps.at++;
            break;
        }
        size_t before = ps.n;
        if ((a[1] == '-' ? parse_long(&ps) : parse_short(&ps)) < 0)
            return cmd_usage(r);
        for (; before < ps.n; before++) {
            int c = (unsigned char)ps.opt[before];
            if (a[1] == '-' && c >= HELP && !(r->cmd->flags & CMD_NO_TEXT)) {
                show_text(r, c == HELP ? "help" : "version");
                return 0;
            }
        }
    }
    while (ps.at < argc)
        r->argv[r->argc++] = argv[ps.at++];
    return -1;
}

bool cmd_has(const struct cmd_run *r, int c)
{
    return c && r->opt && strchr(r->opt, c);
}

const char *cmd_arg(const struct cmd_run *r, int c)
{
    const char *o = r->opt ? strrchr(r->opt, c) : NULL;
    return o ? r->optarg[o - r->opt] : NULL;
}

int cmd_count(const struct cmd_run *r, int c)
{
    int n = 0;
    for (const char *o = r->opt; o && *o; o++)
        n += (unsigned char)*o == (unsigned char)c;
    return n;
}

int cmd_latest(const struct cmd_run *r, const char *set)
{
    int last = 0;
    for (const char *o = r->opt; o && *o; o++)
        if (strchr(set, *o))
            last = (unsigned char)*o;
    return last;
}

/* --- messages --------------------------------------------------------------- */

static void complain(struct cmd_run *r, int err, const char *fmt, va_list ap)
{
    (void)vf_flush(r->out);
    struct str b;
    str_init(&b, r->arena);
    str_printf(&b, "%s: ", r->name);
    str_vprintf(&b, fmt, ap);
    if (err)
        str_printf(&b, ": %s", vm_strerror(err < 0 ? -err : err));
    str_putc(&b, '\n');
    vf_write(r->err, str_text(&b), b.n);
}

void cmd_warn(struct cmd_run *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    complain(r, 0, fmt, ap);
    va_end(ap);
}

void cmd_warn_err(struct cmd_run *r, int err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    complain(r, err, fmt, ap);
    va_end(ap);
}

int cmd_usage(struct cmd_run *r)
{
    if (r->cmd->flags & CMD_HELP_ERR) {
        size_t n;
        const char *t = vm_text(r->p, vm_asprintf(r->p, "%s --help", r->cmd->name), &n);
        if (t)
            vf_write(r->err, t, n);
    } else {
        const char *t = r->cmd->try ? r->cmd->
        try:
            "Try '%s --help' for more information.\n";
        for (const char *s; (s = strstr(t, "%s")); t = s + 2) {
            vf_write(r->err, t, (size_t)(s - t));
            vf_puts(r->err, r->name);
        }
        vf_puts(r->err, t);
    }
    return r->cmd->usage_status ? r->cmd->usage_status : 1;
}

int cmd_missing(struct cmd_run *r)
{
    cmd_warn(r, "missing operand");
    return cmd_usage(r);
}

int cmd_extra(struct cmd_run *r, const char *operand)
{
    cmd_warn(r, "extra operand %s", cmd_quotel(r, operand));
    return cmd_usage(r);
}

/* --- running ---------------------------------------------------------------- */

static int run_main(struct proc *p, const struct cmd *c, int argc, char **argv, bool busybox)
{
    struct cmd_run r = {.p = p, .cmd = c, .busybox = busybox, .arena = vm_arena(p)};
    r.name = argc > 0 ? argv[0] : c->name;
    if (c->flags & CMD_BASENAME)
        r.name = cmd_base(r.name);
    r.in = vf_stdin(p);
    r.out = vf_stdout(p);
    r.err = vf_stderr(p);
    r.opt = "";
    int status = -1;
    if (c->flags & CMD_RAW) {
        r.argc = argc > 0 ? argc - 1 : 0;
        r.argv = argc > 0 ? argv + 1 : argv;
    } else {
        status = cmd_getopt(&r, argc, argv);
    }
    if (status < 0)
        status = c->run(&r);
    int err = vf_flush(r.out);
    if (!err)
        err = vf_error(r.out);
    if (err && err != -EPIPE) {
        cmd_warn_err(&r, err, "write error");
        status = c->usage_status ? c->usage_status : 1;
    }
    return status;
}

int cmd_main(struct proc *p, const struct cmd *c, int argc, char **argv)
{
    return run_main(p, c, argc, argv, false);
}

int cmd_main_busybox(struct proc *p, const struct cmd *c, int argc, char **argv)
{
    return run_main(p, c, argc, argv, true);
}
