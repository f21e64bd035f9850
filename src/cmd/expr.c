/* expr.c -- the value of an expression.
 *
 * One function a level of precedence. The side of | and & that does not count
 * is parsed but not evaluated, as the real one does.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/regex.h"
#include "cmd/cmd.h"

struct expr {
    struct cmd_run *r;
    char **arg;
    const char *last; /* the argument before *arg */
};

static const char *level_or(struct expr *x, bool live);

static void __attribute__((noreturn)) fail(struct expr *x, int status)
{
    vm_exit(x->r->p, status);
}

static bool take(struct expr *x, const char *word)
{
    if (!*x->arg || strcmp(*x->arg, word))
        return false;
    x->last = *x->arg++;
    return true;
}

static void need(struct expr *x)
{
    if (*x->arg)
        return;
    cmd_warn(x->r, "syntax error: missing argument after %s", cmd_quotel(x->r, x->last));
    fail(x, 2);
}

static bool to_int(const char *s, int64_t *v)
{
    return !str_int(s, INT64_MIN, INT64_MAX, v) && *s != '+' && *s != ' ';
}

static int64_t integer(struct expr *x, const char *s)
{
    int64_t v;
    if (!to_int(s, &v)) {
        cmd_warn(x->r, "non-integer argument");
        fail(x, 2);
    }
    return v;
}

static const char *text(struct expr *x, int64_t v)
{
    return vm_asprintf(x->r->p, "%lld", (long long)v);
}

/* Empty, "0", "-0", "00" and the like. */
static bool null(const char *s)
{
    if (!*s)
        return true;
    s += *s == '-';
    return *s && !s[strspn(s, "0")];
}

static size_t chars(struct expr *x, const char *s, size_t n)
{
    if (!cmd_utf8(x->r->p))
        return n;
    size_t k = 0;
    for (size_t i = 0; i < n; k++) {
        uint32_t rune;
        size_t w = utf8_decode(s + i, n - i, &rune);
        i += w ? w : 1;
    }
    return k;
}

static void tick(void *ctx, unsigned steps)
{
    vm_tick(ctx, steps);
}

static const char *match(struct expr *x, const char *s, const char *pattern)
{
    const char *why;
    struct regex *re =
        regex_new(x->r->arena, pattern, strlen(pattern), cmd_utf8(x->r->p) ? REGEX_UTF8 : 0, &why);
    if (!re) {
        cmd_warn(x->r, "%s", why);
        fail(x, 2);
    }
    regex_tick(re, tick, x->r->p);
    struct regex_match m[2] = {{0, 0}, {(size_t)-1, 0}};
    bool groups = regex_groups(re) > 0;
    bool found = regex_exec(re, s, strlen(s), 0, m, groups ? 2 : 1) == 1 && m[0].so == 0;
    if (groups)
        return found && m[1].so != (size_t)-1
                   ? vm_asprintf(x->r->p, "%.*s", (int)(m[1].eo - m[1].so), s + m[1].so)
                   : "";
    return text(x, found ? (int64_t)chars(x, s, m[0].eo) : 0);
}

static const char *substr(struct expr *x, const char *s, const char *at, const char *count)
{
    int64_t from, n;
    if (!to_int(at, &from) || !to_int(count, &n) || from < 1 || n < 1)
        return "";
    struct str b;
    str_init(&b, x->r->arena);
    bool utf8 = cmd_utf8(x->r->p);
    size_t len = strlen(s);
    int64_t k = 1;
    for (size_t i = 0; i < len; k++) {
        uint32_t rune;
        size_t w = utf8 ? utf8_decode(s + i, len - i, &rune) : 1;
        w = w ? w : 1;
        if (k >= from && k - from < n)
            str_add(&b, s + i, w);
        i += w;
    }
    return str_text(&b);
}

static const char *level_term(struct expr *x, bool live)
{
    need(x);
    if (vm_deep(x->r->p))
        fail(x, 2);
    if (take(x, "(")) {
        const char *v = level_or(x, live);
        if (!*x->arg) {
            cmd_warn(x->r, "syntax error: expecting ')' after %s", cmd_quotel(x->r, x->last));
            fail(x, 2);
        }
        if (!take(x, ")")) {
            cmd_warn(x->r, "syntax error: expecting ')' instead of %s", cmd_quotel(x->r, *x->arg));
            fail(x, 2);
        }
        return v;
    }
    if (!strcmp(*x->arg, ")")) {
        cmd_warn(x->r, "syntax error: unexpected ')'");
        fail(x, 2);
    }
    return x->last = *x->arg++;
}

static const char *level_word(struct expr *x, bool live)
{
    if (take(x, "+")) {
        need(x);
        return x->last = *x->arg++;
    }
    if (take(x, "length")) {
        const char *s = level_word(x, live);
        return text(x, (int64_t)chars(x, s, strlen(s)));
    }
    if (take(x, "match")) {
        const char *s = level_word(x, live), *pattern = level_word(x, live);
        return live ? match(x, s, pattern) : "";
    }
    if (take(x, "index")) {
        const char *s = level_word(x, live), *set = level_word(x, live);
        size_t n = strcspn(s, set);
        return text(x, s[n] ? (int64_t)chars(x, s, n) + 1 : 0);
    }
    if (take(x, "substr")) {
        const char *s = level_word(x, live), *at = level_word(x, live), *n = level_word(x, live);
        return substr(x, s, at, n);
    }
    return level_term(x, live);
}

static const char *level_match(struct expr *x, bool live)
{
    const char *v = level_word(x, live);
    while (take(x, ":")) {
        const char *pattern = level_word(x, live);
        if (live)
            v = match(x, v, pattern);
    }
    return v;
}

static int64_t arithmetic(struct expr *x, char op, int64_t a, int64_t b)
{
    int64_t v = 0;
    bool over = false;
    if (op == '+')
        over = __builtin_add_overflow(a, b, &v);
    else if (op == '-')
        over = __builtin_sub_overflow(a, b, &v);
    else if (op == '*')
        over = __builtin_mul_overflow(a, b, &v);
    else if (!b) {
        cmd_warn(x->r, "division by zero");
        fail(x, 2);
    } else if (b == -1) {
        over = op == '/' && __builtin_sub_overflow(0, a, &v);
    } else {
        v = op == '/' ? a / b : a % b;
    }
    if (over) {
        cmd_warn_err(x->r, ERANGE, "%c", op);
        fail(x, 3);
    }
    return v;
}

static const char *level_product(struct expr *x, bool live)
{
    const char *v = level_match(x, live);
    for (char op; (op = take(x, "*") ? '*' : take(x, "/") ? '/' : take(x, "%") ? '%' : 0);) {
        const char *b = level_match(x, live);
        if (live) {
            int64_t left = integer(x, v);
            v = text(x, arithmetic(x, op, left, integer(x, b)));
        }
    }
    return v;
}

static const char *level_sum(struct expr *x, bool live)
{
    const char *v = level_product(x, live);
    for (char op; (op = take(x, "+") ? '+' : take(x, "-") ? '-' : 0);) {
        const char *b = level_product(x, live);
        if (live) {
            int64_t left = integer(x, v);
            v = text(x, arithmetic(x, op, left, integer(x, b)));
        }
    }
    return v;
}

static const char *level_compare(struct expr *x, bool live)
{
    static const char *const ops[] = {"<", "<=", "=", "==", "!=", ">=", ">", NULL};
    const char *v = level_sum(x, live);
    for (;;) {
        int op = 0;
        while (ops[op] && !take(x, ops[op]))
            op++;
        if (!ops[op])
            return v;
        const char *b = level_sum(x, live);
        int64_t m, n;
        int c = to_int(v, &m) && to_int(b, &n) ? (m > n) - (m < n) : strcmp(v, b);
        bool yes = op == 0   ? c < 0
                   : op == 1 ? c <= 0
                   : op <= 3 ? c == 0
                   : op == 4 ? c != 0
                   : op == 5 ? c >= 0
                             : c > 0;
        v = yes ? "1" : "0";
    }
}

static const char *level_and(struct expr *x, bool live)
{
    const char *v = level_compare(x, live);
    while (take(x, "&")) {
        const char *b = level_compare(x, live && !null(v));
        if (null(v) || null(b))
            v = "0";
    }
    return v;
}

static const char *level_or(struct expr *x, bool live)
{
    const char *v = level_and(x, live);
    while (take(x, "|")) {
        const char *b = level_and(x, live && null(v));
        if (null(v))
            v = null(b) ? "0" : b;
    }
    return v;
}

static int expr_run(struct cmd_run *r)
{
    if (r->argc == 1 && cmd_text_option(r, r->argv[0]))
        return 0;
    struct expr x = {.r = r, .arg = r->argv};
    if (*x.arg && !strcmp(*x.arg, "--"))
        x.arg++;
    if (!*x.arg)
        return cmd_missing(r);
    const char *v = level_or(&x, true);
    if (*x.arg) {
        cmd_warn(r, "syntax error: unexpected argument %s", cmd_quotel(r, *x.arg));
        return 2;
    }
    vf_printf(r->out, "%s\n", v);
    return null(v);
}

const struct cmd cmd_expr = {.name = "expr", .run = expr_run, .flags = CMD_RAW, .usage_status = 2};
