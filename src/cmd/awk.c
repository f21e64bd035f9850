/* awk.c -- awk as mawk 1.3.4 is: its options; the language is in awk_*.c.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/awk.h"

struct options {
    const char *fs;
    char **assign;
    int nassign;
    struct str program;
    bool has_program;
};

static bool read_program(struct cmd_run *r, struct options *o, const char *file)
{
    int err;
    struct vfile *f = strcmp(file, "-") ? vf_open(r->p, file, "re", &err) : r->in;
    if (!f) {
        cmd_warn(r, "cannot open %s (%s)", file, vm_strerror(-err));
        return false;
    }
    size_t n;
    for (char *line; (line = vf_getline(f, &n));)
        str_add(&o->program, line, n);
    str_putc(&o->program, '\n');
    o->has_program = true;
    return true;
}

static bool good_assignment(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    return n && s[n] == '=' && !(*s >= '0' && *s <= '9');
}

/* -W version, -W help: 0 or a status to leave with. */
static int w_option(struct cmd_run *r, const char *arg)
{
    size_t n;
    const char *t = NULL;
    if (str_starts("version", arg))
        t = vm_text(r->p, "mawk -W version", &n);
    else if (str_starts("help", arg) || str_starts("usage", arg))
        t = vm_text(r->p, "mawk -W help", &n);
    else
        return -1;
    if (t)
        vf_write(r->out, t, n);
    return *arg == 'v' ? 0 : 2;
}

/* One option at argv[*i]: -1 go on, else the status. */
static int option(struct cmd_run *r, struct options *o, int *i)
{
    char *a = r->argv[*i];
    if (!strchr("Ffvw", a[1]) && a[1] != 'W') {
        cmd_warn(r, "not an option: %s", a);
        return 2;
    }
    const char *arg = a[2] ? a + 2 : NULL;
    if (!arg) {
        if (*i + 1 >= r->argc) {
            cmd_warn(r, "option %s lacks argument", a);
            return 2;
        }
        arg = r->argv[++*i];
    }
    switch (a[1]) {
    case 'F':
        o->fs = arg;
        break;
    case 'f':
        return read_program(r, o, arg) ? -1 : 2;
    case 'v':
        if (!good_assignment(arg)) {
            cmd_warn(r, "improper assignment: -v %s", arg);
            return 2;
        }
        o->assign[o->nassign++] = vm_strdup(r->p, arg);
        break;
    default:
        return w_option(r, arg);
    }
    return -1;
}

static int awk_run(struct cmd_run *r)
{
    struct options o = {.assign = vm_alloc(r->p, ((size_t)r->argc + 1) * sizeof(char *))};
    str_init(&o.program, r->arena);
    int i = 0;
    for (; i < r->argc && r->argv[i][0] == '-' && r->argv[i][1]; i++) {
        if (!strcmp(r->argv[i], "--")) {
            i++;
            break;
        }
        int status = option(r, &o, &i);
        if (status >= 0)
            return status;
    }
    if (!o.has_program) {
        if (i >= r->argc) {
            size_t n;
            const char *t = vm_text(r->p, "mawk -W help", &n);
            if (t)
                vf_write(r->err, t, n);
            return 2;
        }
        /* The text ends in a newline, as in a file: errors count it. */
        str_printf(&o.program, "%s\n", r->argv[i++]);
    }
    struct awk_program prog = {0};
    if (!awk_parse(r, str_text(&o.program), &prog))
        return 2;
    return awk_execute(r, &prog, o.fs, o.assign, o.nassign, r->argv + i, r->argc - i);
}

const struct cmd cmd_awk = {.name = "awk", .run = awk_run, .flags = CMD_RAW, .usage_status = 2};
const struct cmd cmd_mawk = {.name = "mawk", .run = awk_run, .flags = CMD_RAW, .usage_status = 2};
