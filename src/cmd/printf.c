/* printf.c -- formats its arguments, again and again until none is left.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/escape.h"

struct printf_state {
    struct cmd_run *r;
    char **arg; /* what is left */
    int status;
    bool stop;
};

static const char *next_arg(struct printf_state *st)
{
    return *st->arg ? *st->arg++ : NULL;
}

static void check_end(struct printf_state *st, const char *s, const char *end)
{
    if (end == s)
        cmd_warn(st->r, "%s: expected a numeric value", cmd_quotel(st->r, s));
    else if (errno)
        cmd_warn_err(st->r, errno, "%s", cmd_quotel(st->r, s));
    else if (*end)
        cmd_warn(st->r, "%s: value not completely converted", cmd_quotel(st->r, s));
    else
        return;
    st->status = 1;
}

/* "'x" stands for the code of x. */
static bool char_value(const char *s, uint32_t *v)
{
    if ((*s != '"' && *s != '\'') || !s[1])
        return false;
    if (!utf8_decode(s + 1, strlen(s + 1), v))
        *v = (unsigned char)s[1];
    return true;
}

static intmax_t int_arg(struct printf_state *st, bool is_signed)
{
    const char *s = next_arg(st);
    uint32_t c;
    char *end;
    if (!s || !*s) {
        if (s)
            check_end(st, s, s);
        return 0;
    }
    if (char_value(s, &c))
        return c;
    errno = 0;
    intmax_t v = is_signed ? strtoimax(s, &end, 0) : (intmax_t)strtoumax(s, &end, 0);
    check_end(st, s, end);
    return v;
}

static long double float_arg(struct printf_state *st)
{
    const char *s = next_arg(st);
    uint32_t c;
    char *end;
    if (!s || !*s) {
        if (s)
            check_end(st, s, s);
        return 0;
    }
    if (char_value(s, &c))
        return c;
    errno = 0;
    long double v = strtold(s, &end);
    check_end(st, s, end);
    return v;
}

/* %q: as the shell would need it. */
static void put_quoted(struct printf_state *st, const char *s)
{
    struct str b;
    str_init(&b, st->r->arena);
    cmd_quote_add(&b, s, strlen(s), false);
    vf_write(st->r->out, str_text(&b), b.n);
}

struct spec {
    char flags[8];
    int width, precision; /* -1: none */
    char conv;
};

static void put_text(struct printf_state *st, const struct spec *sp, const char *s, size_t n)
{
    struct vfile *o = st->r->out;
    if (sp->precision >= 0 && n > (size_t)sp->precision)
        n = (size_t)sp->precision;
    size_t pad = sp->width > 0 && (size_t)sp->width > n ? (size_t)sp->width - n : 0;
    bool left = strchr(sp->flags, '-');
    for (size_t i = 0; i < pad && !left; i++)
        vf_putc(o, ' ');
    vf_write(o, s, n);
    for (size_t i = 0; i < pad && left; i++)
        vf_putc(o, ' ');
}

static void put_number(struct printf_state *st, const struct spec *sp)
{
    char fmt[32], *out = NULL;
    bool real = strchr("aAeEfFgG", sp->conv);
    snprintf(fmt, sizeof(fmt), "%%%s*.*%s%c", sp->flags, real ? "L" : "j", sp->conv);
    size_t n = 400 + (size_t)(sp->width > 0 ? sp->width : 0) +
               (size_t)(sp->precision > 0 ? sp->precision : 0);
    if (real) {
        long double v = float_arg(st);
        n += 5000;
        out = vm_alloc(st->r->p, n);
        snprintf(out, n, fmt, sp->width < 0 ? 0 : sp->width, sp->precision, v);
    } else {
        intmax_t v = int_arg(st, strchr("di", sp->conv));
        out = vm_alloc(st->r->p, n);
        snprintf(out, n, fmt, sp->width < 0 ? 0 : sp->width, sp->precision, v);
    }
    vf_puts(st->r->out, out);
    vm_release(st->r->p, out, n);
}

/* A width or precision: digits or "*"; *f is advanced. */
static int size_of(struct printf_state *st, const char **f)
{
    intmax_t v = 0;
    if (**f == '*') {
        ++*f;
        v = int_arg(st, true);
    } else {
        for (; **f >= '0' && **f <= '9'; ++*f)
            v = v < 100000 ? v * 10 + (**f - '0') : v;
    }
    return v > 100000 ? 100000 : v < -100000 ? -100000 : (int)v;
}

/* f is behind the %: what follows the conversion, NULL on a wrong one. */
static const char *convert(struct printf_state *st, const char *f)
{
    struct spec sp = {.width = 0, .precision = -1};
    const char *start = f;
    size_t nflags = 0;
    for (; *f && strchr("-+ #0'I", *f); f++)
        if (nflags < sizeof(sp.flags) - 1 && *f != 'I' && *f != '\'')
            sp.flags[nflags++] = *f;
    sp.width = size_of(st, &f);
    if (sp.width < 0) {
        sp.width = -sp.width;
        if (nflags < sizeof(sp.flags) - 1)
            sp.flags[nflags++] = '-';
    }
    if (*f == '.') {
        f++;
        sp.precision = size_of(st, &f);
    }
    while (*f && strchr("hlLjzt", *f))
        f++;
    sp.conv = *f;
    if (!*f || !strchr("diouxXaAeEfFgGcsbq", *f)) {
        cmd_warn(st->r, "%%%.*s: invalid conversion specification", (int)(f - start + (*f != 0)),
                 start);
        return NULL;
    }
    const char *s;
    switch (sp.conv) {
    case 'c':
        s = next_arg(st);
        put_text(st, &sp, s ? s : "", s && *s ? 1 : 0);
        break;
    case 's':
        s = next_arg(st);
        put_text(st, &sp, s ? s : "", s ? strlen(s) : 0);
        break;
    case 'q':
        s = next_arg(st);
        put_quoted(st, s ? s : "");
        break;
    case 'b': {
        struct str b;
        str_init(&b, st->r->arena);
        s = next_arg(st);
        st->stop = escape_echo(&b, s ? s : "");
        put_text(st, &sp, str_text(&b), b.n);
        break;
    }
    default:
        put_number(st, &sp);
    }
    return f + 1;
}

/* The whole format once; false: stop. */
static bool format_once(struct printf_state *st, const char *f)
{
    struct str b;
    while (*f) {
        size_t plain = strcspn(f, "%\\");
        vf_write(st->r->out, f, plain);
        f += plain;
        if (*f == '\\') {
            str_init(&b, st->r->arena);
            f += 1 + escape_printf(&b, f + 1, &st->stop);
            vf_write(st->r->out, str_text(&b), b.n);
            str_release(&b);
        } else if (f[0] == '%' && f[1] == '%') {
            vf_putc(st->r->out, '%');
            f += 2;
        } else if (*f == '%') {
            f = convert(st, f + 1);
            if (!f) {
                st->status = 1;
                return false;
            }
        }
        if (st->stop)
            return false;
    }
    return true;
}

static int printf_run(struct cmd_run *r)
{
    char **a = r->argv;
    if (r->argc == 1 && cmd_text_option(r, a[0]))
        return 0;
    if (*a && !strcmp(*a, "--"))
        a++;
    if (!*a) {
        cmd_warn(r, "missing operand");
        return cmd_usage(r);
    }
    struct printf_state st = {.r = r, .arg = a + 1};
    char **before;
    do {
        before = st.arg;
        if (!format_once(&st, *a))
            return st.status;
        vm_tick(r->p, 16);
    } while (*st.arg && st.arg != before);
    if (*st.arg) {
        cmd_warn(r, "warning: ignoring excess arguments, starting with %s", cmd_quotel(r, *st.arg));
    }
    return st.status;
}

const struct cmd cmd_printf = {.name = "printf", .run = printf_run, .flags = CMD_RAW};
