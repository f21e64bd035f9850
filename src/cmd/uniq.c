/* uniq.c -- neighbouring lines that are equal, once; comm: lines of two files.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "cmd/cmd.h"

struct uniq {
    struct cmd_run *r;
    struct vfile *out;
    bool count, repeated, unique, all, fold, first_group;
    uint64_t fields, chars, width;
    char eol;
    int group; /* --group / -D METHOD: 0, 's'eparate, 'p'repend, 'b'oth, 'a'ppend */
};

/* The part of a line that is compared. */
static void part(const struct uniq *u, const char *s, size_t n, const char **p, size_t *len)
{
    size_t i = 0;
    for (uint64_t f = u->fields; f && i < n; f--) {
        while (i < n && (s[i] == ' ' || s[i] == '\t'))
            i++;
        while (i < n && s[i] != ' ' && s[i] != '\t')
            i++;
    }
    i = n - i < u->chars ? n : i + u->chars;
    *p = s + i;
    *len = n - i < u->width ? n - i : u->width;
}

static bool same(const struct uniq *u, const char *a, size_t an, const char *b, size_t bn)
{
    const char *x, *y;
    size_t xn, yn;
    part(u, a, an, &x, &xn);
    part(u, b, bn, &y, &yn);
    if (xn != yn)
        return false;
    return u->fold ? !strncasecmp(x, y, xn) : !memcmp(x, y, xn);
}

static void put(struct uniq *u, const struct str *line, uint64_t n)
{
    if (n > 1 ? u->unique : u->repeated)
        return;
    if (u->count)
        vf_printf(u->out, "%7lu ", (unsigned long)n);
    vf_write(u->out, str_text(line), line->n);
    vf_putc(u->out, u->eol);
}

/* -D and --group: every line is shown, groups set apart. */
static void put_all(struct uniq *u, struct vfile *in)
{
    struct str prev;
    str_init(&prev, u->r->arena);
    size_t n;
    bool have = false, in_group = false, any = false;
    for (char *line; (line = vf_getdelim(in, u->eol, &n));) {
        n -= line[n - 1] == u->eol;
        bool eq = have && same(u, str_text(&prev), prev.n, line, n);
        if (u->all) {
            if (eq && !in_group) {
                if (u->group == 'p' || (u->group == 's' && any))
                    vf_putc(u->out, u->eol);
                vf_write(u->out, str_text(&prev), prev.n);
                vf_putc(u->out, u->eol);
                any = true;
            }
            in_group = eq;
        } else if (!eq && (u->group == 'p' || u->group == 'b' || have)) {
            vf_putc(u->out, u->eol);
        }
        if (!u->all || eq) {
            vf_write(u->out, line, n);
            vf_putc(u->out, u->eol);
        }
        str_trunc(&prev, 0);
        str_add(&prev, line, n);
        have = true;
    }
    if (have && !u->all && (u->group == 'a' || u->group == 'b'))
        vf_putc(u->out, u->eol);
}

static bool amount(struct cmd_run *r, const char *arg, const char *what, uint64_t *v)
{
    if (cmd_number(arg, "", v) == -EINVAL) {
        cmd_warn(r, "%s: invalid number of %s", arg, what);
        return false;
    }
    return true;
}

static int uniq_run(struct cmd_run *r)
{
    struct uniq u = {.r = r, .out = r->out, .width = UINT64_MAX, .eol = '\n'};
    bool group = false;
    for (const char *o = r->opt; *o; o++) {
        const char *arg = r->optarg[o - r->opt];
        switch (*o) {
        case 'c':
            u.count = true;
            break;
        case 'd':
            u.repeated = true;
            break;
        case 'u':
            u.unique = true;
            break;
        case 'D':
            u.all = true;
            u.group = arg ? *arg : 'n';
            break;
        case '\1':
            group = true;
            u.group = arg ? *arg : 's';
            break;
        case 'i':
            u.fold = true;
            break;
        case 'z':
            u.eol = '\0';
            break;
        case 'f':
            if (!amount(r, arg, "fields to skip", &u.fields))
                return 1;
            break;
        case 's':
            if (!amount(r, arg, "bytes to skip", &u.chars))
                return 1;
            break;
        case 'w':
            if (!amount(r, arg, "bytes to compare", &u.width))
                return 1;
            break;
        default:
            break;
        }
    }
    if (r->argc > 2)
        return cmd_extra(r, r->argv[2]);
    if (group && (u.count || u.repeated || u.unique || u.all)) {
        cmd_warn(r, "--group is mutually exclusive with -c/-d/-D/-u");
        return cmd_usage(r);
    }
    if (u.count && u.all) {
        cmd_warn(r, "printing all duplicated lines and repeat counts is meaningless");
        return cmd_usage(r);
    }
    struct vfile *in = cmd_stream(r, r->argc ? r->argv[0] : "-");
    int err = 0;
    if (!in)
        return 1;
    if (r->argc > 1 && strcmp(r->argv[1], "-") &&
        !(u.out = vf_open(r->p, r->argv[1], "we", &err))) {
        cmd_warn_err(r, err, "%s", cmd_quotef(r, r->argv[1]));
        return 1;
    }
    if (u.all || group) {
        put_all(&u, in);
    } else {
        struct str prev;
        str_init(&prev, r->arena);
        uint64_t count = 0;
        size_t n;
        for (char *line; (line = vf_getdelim(in, u.eol, &n));) {
            n -= line[n - 1] == u.eol;
            if (count && same(&u, str_text(&prev), prev.n, line, n)) {
                count++;
                continue;
            }
            if (count)
                put(&u, &prev, count);
            str_trunc(&prev, 0);
            str_add(&prev, line, n);
            count = 1;
        }
        if (count)
            put(&u, &prev, count);
    }
    if (vf_error(in)) {
        cmd_warn_err(r, vf_error(in), "error reading %s", cmd_quote(r, r->argc ? r->argv[0] : "-"));
        return 1;
    }
    if (u.out != r->out)
        (void)vf_close(u.out);
    return 0;
}

static const char *const uniq_longs[] = {
    "count=c",  "repeated=d",     "all-repeated?=D", "group?=\1",      "ignore-case=i",
    "unique=u", "skip-fields:=f", "skip-chars:=s",   "check-chars:=w", "zero-terminated=z",
    NULL};

const struct cmd cmd_uniq = {
    .name = "uniq", .opts = "cdDf:is:uw:z", .longs = uniq_longs, .run = uniq_run};

/* --- comm -------------------------------------------------------------------------------- */

static int comm_run(struct cmd_run *r)
{
    if (r->argc < 2) {
        if (!r->argc)
            return cmd_missing(r);
        cmd_warn(r, "missing operand after %s", cmd_quotel(r, r->argv[0]));
        return cmd_usage(r);
    }
    if (r->argc > 2)
        return cmd_extra(r, r->argv[2]);
    struct vfile *f[2];
    struct str line[2];
    bool have[2];
    int disorder = 0;
    const char *sep = cmd_arg(r, '\1') ? cmd_arg(r, '\1') : "\t";
    uint64_t total[3] = {0};
    char eol = cmd_has(r, 'z') ? '\0' : '\n';
    bool show[3] = {!cmd_has(r, '1'), !cmd_has(r, '2'), !cmd_has(r, '3')};
    struct str last[2];
    for (int i = 0; i < 2; i++) {
        if (!(f[i] = cmd_stream(r, r->argv[i])))
            return 1;
        str_init(&line[i], r->arena);
        str_init(&last[i], r->arena);
        have[i] = true;
    }
    bool need[2] = {true, true};
    for (;;) {
        for (int i = 0; i < 2; i++) {
            size_t n;
            if (!need[i] || !have[i])
                continue;
            char *s = vf_getdelim(f[i], eol, &n);
            if (!s) {
                have[i] = false;
                continue;
            }
            n -= s[n - 1] == eol;
            size_t k = last[i].n < n ? last[i].n : n;
            int d = last[i].s ? memcmp(last[i].s, s, k) : 0;
            if (((d > 0) || (!d && last[i].n > n)) && !(disorder & (1 << i)) && !cmd_has(r, '\2')) {
                disorder |= 1 << i;
                cmd_warn(r, "file %d is not in sorted order", i + 1);
            }
            str_trunc(&line[i], 0);
            str_add(&line[i], s, n);
            str_trunc(&last[i], 0);
            str_add(&last[i], s, n);
        }
        if (!have[0] && !have[1])
            break;
        int d = !have[0] ? 1 : !have[1] ? -1 : 0;
        if (!d) {
            size_t k = line[0].n < line[1].n ? line[0].n : line[1].n;
            d = memcmp(str_text(&line[0]), str_text(&line[1]), k);
            if (!d)
                d = line[0].n < line[1].n ? -1 : line[0].n > line[1].n;
        }
        int col = d < 0 ? 0 : d > 0 ? 1 : 2;
        total[col]++;
        if (show[col]) {
            for (int i = 0; i < col; i++)
                if (show[i])
                    vf_puts(r->out, sep);
            const struct str *l = &line[d > 0];
            vf_write(r->out, str_text(l), l->n);
            vf_putc(r->out, eol);
        }
        need[0] = d <= 0;
        need[1] = d >= 0;
    }
    if (cmd_has(r, '\3'))
        vf_printf(r->out, "%lu%s%lu%s%lu%stotal%c", (unsigned long)total[0], sep,
                  (unsigned long)total[1], sep, (unsigned long)total[2], sep, eol);
    if (disorder)
        cmd_warn(r, "input is not in sorted order");
    return disorder != 0;
}

static const char *const comm_longs[] = {"check-order=\4",       "nocheck-order=\2",
                                         "output-delimiter:=\1", "total=\3",
                                         "zero-terminated=z",    NULL};

const struct cmd cmd_comm = {.name = "comm", .opts = "123z", .longs = comm_longs, .run = comm_run};
