/* bi_io.c -- echo, printf.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shell/builtin.h"
#include "shell/text.h"

int bi_echo(struct shell *sh, int argc, char **argv)
{
    bool newline = true, escapes = sh->dash || sh->shopt[SHOPT_XPG_ECHO];
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        if (sh->dash) {
            if (strcmp(argv[i], "-n") != 0)
                break;
            newline = false;
            i++;
            break;
        }
        if (strspn(argv[i] + 1, "neE") != strlen(argv[i] + 1))
            break;
        for (const char *s = argv[i] + 1; *s; s++) {
            if (*s == 'n')
                newline = false;
            else
                escapes = *s == 'e';
        }
    }
    for (int first = i; i < argc; i++) {
        if (i > first)
            str_putc(&sh->out, ' ');
        if (!escapes) {
            out_puts(sh, argv[i]);
        } else if (!text_unescape(&sh->out, argv[i], strlen(argv[i]),
                                  sh->dash ? TEXT_DASH : TEXT_ECHO)) {
            return 0;
        }
    }
    if (newline)
        out_add(sh, "\n", 1);
    return 0;
}

/* --- printf ------------------------------------------------------------------------------- */

struct fmt {
    struct shell *sh;
    struct str *out;
    char **arg;
    int n, at;
    int status;
    bool stop; /* \c */
    /* of the directive */
    char flags[8];
    int width, precision; /* -1: none */
};

static const char *next_arg(struct fmt *f)
{
    return f->at < f->n ? f->arg[f->at++] : NULL;
}

static void bad_number(struct fmt *f, const char *s, bool range)
{
    if (range)
        sh_berror(f->sh, "warning: %s: %s", s, "Numerical result out of range");
    else if (f->sh->dash)
        sh_berror(f->sh, "%s: %s", s,
                  strspn(s, " +-0123456789") ? "not completely converted"
                                             : "expected numeric value");
    else
        sh_berror(f->sh, "%s: invalid number", s);
    if (!range || f->sh->dash)
        f->status = 1;
}

static int64_t int_arg(struct fmt *f, bool is_unsigned)
{
    const char *s = next_arg(f);
    if (!s || !*s) {
        if (s && !f->sh->dash)
            f->status = f->status;
        return 0;
    }
    if (*s == '\'' || *s == '"') {
        uint32_t rune = (unsigned char)s[1];
        if (rune >= 0x80 && sh_utf8(f->sh))
            utf8_decode(s + 1, strlen(s + 1), &rune);
        return rune;
    }
    char *end;
    errno = 0;
    int64_t v = is_unsigned ? (int64_t)strtoull(s, &end, 0) : strtoll(s, &end, 0);
    if (errno == ERANGE)
        bad_number(f, s, true);
    else if (*end)
        bad_number(f, s, false);
    return v;
}

static long double float_arg(struct fmt *f)
{
    const char *s = next_arg(f);
    char *end;
    if (!s || !*s)
        return 0;
    if (*s == '\'' || *s == '"')
        return (unsigned char)s[1];
    long double v = strtold(s, &end);
    if (*end)
        bad_number(f, s, false);
    return v;
}

enum { MAX_WIDTH = 1 << 20 };

static void spec(const struct fmt *f, char *out, size_t n, const char *conv)
{
    char w[16] = "", p[16] = "";
    if (f->width >= 0)
        (void)str_fmt(w, sizeof w, "%d", f->width);
    if (f->precision >= 0)
        (void)str_fmt(p, sizeof p, ".%d", f->precision);
    (void)str_fmt(out, n, "%%%s%s%s%s", f->flags, w, p, conv);
}

static void put_padded(struct fmt *f, const char *s, size_t n)
{
    if (f->precision >= 0 && (size_t)f->precision < n)
        n = (size_t)f->precision;
    size_t width = f->width > 0 ? (size_t)f->width : 0, pad = width > n ? width - n : 0;
    bool left = strchr(f->flags, '-') != NULL;
    if (!left)
        str_fill(f->out, ' ', pad);
    str_add(f->out, s, n);
    if (left)
        str_fill(f->out, ' ', pad);
}

/* printf of the C library with a format made here, never from the attacker. */
static void put_int(struct fmt *f, int conv)
{
    char form[64], c[4] = {'l', 'l', (char)conv, 0};
    bool is_unsigned = strchr("ouxX", conv) != NULL;
    int64_t v = int_arg(f, is_unsigned);
    spec(f, form, sizeof form, c);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    str_printf(f->out, form, (long long)v);
#pragma GCC diagnostic pop
}

static void put_float(struct fmt *f, int conv)
{
    char form[64], c[3] = {'L', (char)conv, 0};
    long double v = float_arg(f);
    spec(f, form, sizeof form, c);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    str_printf(f->out, form, v);
#pragma GCC diagnostic pop
}

static void put_date(struct fmt *f, const char *form, size_t n)
{
    char text[512], *t = sh_tmp_strndup(f->sh, form, n);
    const char *s = f->at < f->n ? f->arg[f->at] : NULL;
    int64_t v = -1;
    if (s)
        v = int_arg(f, false);
    time_t when = v == -1   ? vm_now(f->sh->p).tv_sec
                  : v == -2 ? (time_t)(f->sh->start_us / 1000000)
                            : (time_t)v;
    struct tm tm;
    gmtime_r(&when, &tm);
    if (!*t)
        t = "%X";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t k = strftime(text, sizeof text, t, &tm);
#pragma GCC diagnostic pop
    put_padded(f, text, k);
}

static int star(struct fmt *f)
{
    int64_t v = int_arg(f, false);
    return v > MAX_WIDTH ? MAX_WIDTH : v < -MAX_WIDTH ? -MAX_WIDTH : (int)v;
}

static int digits(const char **s)
{
    int v = 0;
    while (isdigit((unsigned char)**s)) {
        v = v < MAX_WIDTH ? v * 10 + (**s - '0') : v;
        (*s)++;
    }
    return v;
}

/* bash says so where \x, \u or \U has no digit behind it. */
static void warn_no_digit(struct fmt *f, const char *s)
{
    if (!f->sh->dash && *s && strchr("xuU", *s) && !isxdigit((unsigned char)s[1]))
        sh_berror(f->sh, "missing %s digit for \\%c", *s == 'x' ? "hex" : "unicode", *s);
}

static void convert(struct fmt *f, int c)
{
    struct str s;
    str_init(&s, f->sh->tmp);
    const char *a;
    switch (c) {
    case 's':
        a = next_arg(f);
        put_padded(f, a ? a : "", a ? strlen(a) : 0);
        break;
    case 'b':
        a = next_arg(f);
        for (const char *e = a; e && (e = strchr(e, '\\')) && e[1]; e += 2)
            warn_no_digit(f, e + 1);
        if (a && !text_unescape(&s, a, strlen(a), f->sh->dash ? TEXT_DASH : TEXT_PRINTF_B))
            f->stop = true;
        put_padded(f, str_text(&s), s.n);
        break;
    case 'q':
        a = next_arg(f);
        text_quote_backslash(&s, a ? a : "");
        put_padded(f, str_text(&s), s.n);
        break;
    case 'c':
        a = next_arg(f);
        f->precision = -1;
        put_padded(f, a ? a : "", a && *a ? 1 : 0);
        break;
    case 'd':
    case 'i':
    case 'o':
    case 'u':
    case 'x':
    case 'X':
        put_int(f, c);
        break;
    default:
        put_float(f, c);
    }
}

/* One directive behind '%'. NULL after an error. */
static const char *directive(struct fmt *f, const char *s)
{
    const char *from = s - 1;
    size_t k = 0;
    f->width = f->precision = -1;
    while (*s && strchr("-+ #0'", *s)) {
        if (k + 2 < sizeof f->flags)
            f->flags[k++] = *s;
        s++;
    }
    f->flags[k] = 0;
    if (*s == '*') {
        s++;
        f->width = star(f);
        if (f->width < 0) {
            f->width = -f->width;
            f->flags[k++] = '-';
            f->flags[k] = 0;
        }
    } else if (isdigit((unsigned char)*s)) {
        f->width = digits(&s);
    }
    if (*s == '.') {
        s++;
        f->precision = *s == '*' ? (s++, star(f)) : digits(&s);
    }
    if (*s == '(' && !f->sh->dash) {
        const char *end = strchr(s, ')');
        if (end && end[1] == 'T') {
            put_date(f, s + 1, (size_t)(end - s - 1));
            return end + 2;
        }
        sh_berror(f->sh, "warning: `%.*s': invalid time format specification", 1,
                  s + strlen(s) - 1);
    }
    while (*s && strchr("hlLjzt", *s))
        s++;
    if (!*s) {
        if (f->sh->dash) {
            sh_berror(f->sh, "%s: invalid directive", from);
            f->status = 2;
        } else
            sh_berror(f->sh, "`%s': missing format character", from);
        return NULL;
    }
    if (!strchr(f->sh->dash ? "sbcdiouxXeEfFgGaA" : "sbqcdiouxXeEfFgGaAQn", *s)) {
        if (f->sh->dash) {
            sh_berror(f->sh, "%.*s: invalid directive", (int)(s + 1 - from), from);
            f->status = 2;
        } else
            sh_berror(f->sh, "`%c': invalid format character", *s);
        return NULL;
    }
    convert(f, *s == 'Q' ? 'q' : *s);
    return s + 1;
}

static bool format_once(struct fmt *f, const char *s)
{
    while (*s && !f->stop) {
        if (*s == '\\') {
            s++;
            if (*s == 'c' && !f->sh->dash) { /* not special in a format */
                str_puts(f->out, "\\c");
                s++;
                continue;
            }
            warn_no_digit(f, s);
            (void)text_escape_one(f->out, &s, s + strlen(s),
                                  f->sh->dash ? TEXT_DASH_FORMAT : TEXT_FORMAT);
        } else if (*s == '%' && s[1] == '%') {
            str_putc(f->out, '%');
            s += 2;
        } else if (*s == '%') {
            s = directive(f, s + 1);
            if (!s) {
                f->status = f->status == 2 ? 2 : 1;
                return false;
            }
        } else {
            str_putc(f->out, *s++);
        }
    }
    return !f->stop;
}

int bi_printf(struct shell *sh, int argc, char **argv)
{
    const char *var = NULL;
    int i = 1;
    if (i < argc && strncmp(argv[i], "-v", 2) == 0 && !sh->dash) {
        var = argv[i][2] ? argv[i] + 2 : i + 1 < argc ? argv[++i] : NULL;
        i++;
        if (!var) {
            sh_berror(sh, "-v: option requires an argument");
            return usage(sh);
        }
        size_t n = strcspn(var, "[");
        if (!lex_is_name(var, n) || (var[n] && var[strlen(var) - 1] != ']')) {
            sh_berror(sh, "`%s': not a valid identifier", var);
            return 2;
        }
    } else if (i < argc && argv[i][0] == '-' && argv[i][1] && strcmp(argv[i], "--") != 0 &&
               !sh->dash) {
        sh_berror(sh, "-%c: invalid option", argv[i][1]);
        return usage(sh);
    }
    if (i < argc && strcmp(argv[i], "--") == 0)
        i++;
    if (i >= argc) {
        if (sh->dash) {
            sh_berror(sh, "usage: printf format [arg ...]");
            return 2;
        }
        return usage(sh);
    }
    struct str out;
    str_init(&out, sh->tmp);
    struct fmt f = {.sh = sh, .out = &out, .arg = argv + i + 1, .n = argc - i - 1};
    const char *form = argv[i];
    do {
        int before = f.at;
        if (!format_once(&f, form) || f.at == before)
            break;
        vm_tick(sh->p, 1);
    } while (f.at < f.n);
    if (!var) {
        if (out.n)
            out_add(sh, out.s, out.n);
        return f.status;
    }
    const char *open = strchr(var, '[');
    bool ok;
    if (open) {
        char *name = sh_tmp_strndup(sh, var, (size_t)(open - var));
        char *sub = sh_tmp_strndup(sh, open + 1, strlen(open) - 2);
        ok = var_set_elem(sh, name, expand_subscript(sh, name, sub), str_text(&out), false);
    } else {
        ok = var_set(sh, var, str_text(&out));
    }
    return ok ? f.status : 1;
}
