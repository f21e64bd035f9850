/* seq.c -- numbers in a row.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"

struct operand {
    long double v;
    size_t width; /* as written, without a plus */
    int decimals; /* -1: cannot be told (exponents, hex) */
};

static bool read_operand(struct cmd_run *r, const char *s, struct operand *o)
{
    char *end;
    o->v = strtold(s, &end);
    if (end == s || *end || isnan(o->v)) {
        cmd_warn(r, isnan(o->v) && end != s ? "invalid %s argument: %s" : "invalid %s argument: %s",
                 isnan(o->v) && end != s ? "'not-a-number'" : "floating point", cmd_quotel(r, s));
        return false;
    }
    s += strspn(s, " \t\n");
    s += *s == '+';
    const char *dot = strchr(s, '.');
    o->width = strlen(s);
    o->decimals = dot ? (int)strlen(dot + 1) : 0;
    if (dot && !dot[1])
        o->width--;
    if (dot && (dot == s || dot[-1] == '-' || dot[-1] == '+'))
        o->width++;
    if (strpbrk(s, "eExXpPiInN"))
        o->decimals = strpbrk(s, "iInN") ? 0 : -1;
    return true;
}

/* Integers: as text, incremented in place, whole blocks at a time. */
static void count_up(struct cmd_run *r, uint64_t from, uint64_t to, const char *sep)
{
    char digits[24];
    int n = snprintf(digits, sizeof(digits), "%lu", (unsigned long)from);
    size_t nsep = strlen(sep);
    for (uint64_t i = from;; i++) {
        vf_write(r->out, digits, (size_t)n);
        if (i >= to)
            break;
        if (nsep == 1)
            vf_putc(r->out, *sep);
        else
            vf_write(r->out, sep, nsep);
        int k = n - 1;
        while (k >= 0 && digits[k] == '9')
            digits[k--] = '0';
        if (k >= 0) {
            digits[k]++;
        } else {
            memmove(digits + 1, digits, (size_t)n);
            digits[0] = '1';
            n++;
        }
        if (i % 1024 == 0)
            vm_tick(r->p, 64);
    }
    vf_putc(r->out, '\n');
}

/* Is fmt one floating-point conversion with text around it? Makes it long. */
static const char *check_format(struct cmd_run *r, const char *fmt)
{
    struct str b;
    str_init(&b, r->arena);
    const char *f = fmt;
    for (; *f && !(f[0] == '%' && f[1] != '%'); f++) {
        str_putc(&b, *f);
        if (*f == '%')
            str_putc(&b, *++f);
    }
    if (!*f) {
        cmd_warn(r, "format %s has no %% directive", cmd_quotel(r, fmt));
        return NULL;
    }
    size_t n = 1 + strspn(f + 1, "-+#0 '");
    n += strspn(f + n, "0123456789");
    if (f[n] == '.')
        n += 1 + strspn(f + n + 1, "0123456789");
    str_add(&b, f, n);
    f += n;
    f += *f == 'L';
    if (!*f || !strchr("aefgAEFG", *f)) {
        cmd_warn(r, *f ? "format %s has unknown %%%c directive" : "format %s ends in %%",
                 cmd_quotel(r, fmt), *f);
        return NULL;
    }
    str_printf(&b, "L%c", *f++);
    for (; *f; f++) {
        str_putc(&b, *f);
        if (f[0] == '%' && f[1] == '%')
            str_putc(&b, *++f);
        else if (*f == '%') {
            cmd_warn(r, "format %s has too many %% directives", cmd_quotel(r, fmt));
            return NULL;
        }
    }
    return str_text(&b);
}

static void print_numbers(struct cmd_run *r, const struct operand v[3], const char *fmt,
                          const char *sep)
{
    char text[512];
    long double first = v[0].v, step = v[1].v, last = v[2].v;
    bool any = false;
    for (long double i = 0;; i++) {
        long double x = first + i * step;
        if (step < 0 ? x < last : x > last) {
            /* Rounding may have carried the last one too far: compare texts. */
            char at_last[512];
            snprintf(text, sizeof(text), fmt, x);
            snprintf(at_last, sizeof(at_last), fmt, last);
            if (!any || strcmp(text, at_last) || fabsl(x - last) > fabsl(step) / 2)
                break;
            snprintf(at_last, sizeof(at_last), fmt, x - step);
            if (!strcmp(text, at_last))
                break;
            vf_puts(r->out, sep);
            vf_puts(r->out, text);
            break;
        }
        if (any)
            vf_puts(r->out, sep);
        snprintf(text, sizeof(text), fmt, x);
        vf_puts(r->out, text);
        any = true;
        vm_tick(r->p, 2);
    }
    if (any)
        vf_putc(r->out, '\n');
}

static int seq_run(struct cmd_run *r)
{
    /* Negative numbers are operands: options end at the first number. */
    int argc = r->argc + 1, first = 1;
    char **argv = r->argv - 1;
    while (first < argc && argv[first][0] == '-' && argv[first][1] &&
           !strchr(".0123456789", argv[first][1])) {
        bool takes = (argv[first][1] == 's' || argv[first][1] == 'f') && !argv[first][2];
        bool ends = !strcmp(argv[first], "--");
        takes |= !strcmp(argv[first], "--separator") || !strcmp(argv[first], "--format");
        first += 1 + takes;
        if (ends)
            break;
    }
    if (first > argc)
        first = argc;
    int status = cmd_getopt(r, first, argv);
    if (status >= 0)
        return status;
    char **num = argv + first;
    int n = argc - first;
    if (!n)
        return cmd_missing(r);
    if (n > 3)
        return cmd_extra(r, num[3]);
    struct operand v[3] = {{1, 1, 0}, {1, 1, 0}, {0, 0, 0}};
    if (!read_operand(r, num[n - 1], &v[2]) || (n > 1 && !read_operand(r, num[0], &v[0])) ||
        (n > 2 && !read_operand(r, num[1], &v[1])))
        return cmd_usage(r);
    if (n > 2 && v[1].v == 0) {
        cmd_warn(r, "invalid Zero increment value: %s", cmd_quotel(r, num[1]));
        return cmd_usage(r);
    }
    const char *sep = cmd_arg(r, 's') ? cmd_arg(r, 's') : "\n", *fmt = cmd_arg(r, 'f');
    if (fmt && cmd_has(r, 'w')) {
        cmd_warn(r, "format string may not be specified when printing equal width strings");
        return cmd_usage(r);
    }
    if (fmt) {
        if (!(fmt = check_format(r, fmt)))
            return 1;
    } else {
        int decimals = v[0].decimals > v[1].decimals ? v[0].decimals : v[1].decimals;
        bool plain = v[0].decimals >= 0 && v[1].decimals >= 0 && v[2].decimals >= 0;
        bool integers = !decimals && !v[2].decimals && v[1].v == 1 && v[0].v >= 0 &&
                        v[0].v <= v[2].v && v[2].v < 1e19L && !cmd_has(r, 'w');
        if (plain && integers) {
            count_up(r, (uint64_t)v[0].v, (uint64_t)v[2].v, sep);
            return 0;
        }
        if (!plain) {
            fmt = "%Lg";
        } else if (cmd_has(r, 'w')) {
            size_t w = 0;
            for (int i = 0; i < 3; i += 2) {
                size_t k = v[i].width - (v[i].decimals ? (size_t)v[i].decimals + 1 : 0);
                w = k > w ? k : w;
            }
            w += decimals ? (size_t)decimals + 1 : 0;
            fmt = vm_asprintf(r->p, "%%0%zu.%dLf", w, decimals);
        } else {
            fmt = vm_asprintf(r->p, "%%.%dLf", decimals);
        }
    }
    print_numbers(r, v, fmt, sep);
    return 0;
}

static const char *const seq_longs[] = {"equal-width=w", "format:=f", "separator:=s", NULL};

const struct cmd cmd_seq = {
    .name = "seq", .opts = "+f:s:w", .longs = seq_longs, .run = seq_run, .flags = CMD_RAW};
