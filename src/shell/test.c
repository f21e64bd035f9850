/* test.c -- test and [: POSIX's rules by number of arguments, then a grammar.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "shell/builtin.h"
#include "shell/cond.h"

struct test {
    struct shell *sh;
    char **v;
    int n, at;
    bool failed;
};

static bool parse_or(struct test *t);

static bool fail(struct test *t, const char *fmt, const char *arg)
{
    if (!t->failed) {
        if (arg)
            sh_berror(t->sh, fmt, arg);
        else
            sh_berror(t->sh, "%s", fmt);
    }
    t->failed = true;
    return false;
}

static bool is_unary(struct shell *sh, const char *s)
{
    const char *ops = sh->dash ? "bcdefghknprstuwxzLOGS" : "abcdefghknoprstuvwxzGLNORS";
    return s[0] == '-' && s[1] && !s[2] && strchr(ops, s[1]);
}

static bool is_binary(struct shell *sh, const char *s)
{
    static const char *const ops[] = {"=",   "!=",  "<",   ">",   "-eq", "-ne", "-lt", "-le",
                                      "-gt", "-ge", "-nt", "-ot", "-ef", "==",  NULL};
    for (int i = 0; ops[i]; i++)
        if (strcmp(s, ops[i]) == 0)
            return !(sh->dash && i == 13);
    return false;
}

static bool number(struct test *t, const char *s, int64_t *n)
{
    if (legal_number(s, n))
        return true;
    if (t->sh->dash)
        return fail(t, "Illegal number: %s", s);
    return fail(t, "%s: integer expression expected", s);
}

static bool binary(struct test *t, const char *a, const char *op, const char *b)
{
    int64_t x, y;
    if (strcmp(op, "=") == 0 || strcmp(op, "==") == 0)
        return strcmp(a, b) == 0;
    if (strcmp(op, "!=") == 0)
        return strcmp(a, b) != 0;
    if (op[0] == '<')
        return strcmp(a, b) < 0;
    if (op[0] == '>')
        return strcmp(a, b) > 0;
    if (strcmp(op, "-nt") == 0 || strcmp(op, "-ot") == 0 || strcmp(op, "-ef") == 0)
        return test_files(t->sh, op, a, b);
    if (!number(t, a, &x) || !number(t, b, &y))
        return false;
    switch (op[1] << 8 | op[2]) {
    case 'e' << 8 | 'q':
        return x == y;
    case 'n' << 8 | 'e':
        return x != y;
    case 'l' << 8 | 't':
        return x < y;
    case 'l' << 8 | 'e':
        return x <= y;
    case 'g' << 8 | 't':
        return x > y;
    default:
        return x >= y;
    }
}

static bool unary(struct test *t, const char *op, const char *arg)
{
    int64_t n;
    if (op[1] == 't' && !legal_number(arg, &n))
        return t->sh->dash ? fail(t, "Illegal number: %s", arg)
                           : fail(t, "%s: integer expression expected", arg);
    return test_unary(t->sh, op[1], arg);
}

static bool parse_term(struct test *t)
{
    if (t->at >= t->n)
        return fail(t, "argument expected", NULL);
    const char *s = t->v[t->at];
    if (strcmp(s, "!") == 0) {
        t->at++;
        return !parse_term(t);
    }
    if (strcmp(s, "(") == 0 && t->n - t->at > 1) {
        t->at++;
        bool r = parse_or(t);
        if (t->failed)
            return false;
        if (t->at >= t->n)
            return fail(t, t->sh->dash ? "closing paren expected" : "`)' expected", NULL);
        if (strcmp(t->v[t->at], ")") != 0)
            return fail(t, "`)' expected, found %s", t->v[t->at]);
        t->at++;
        return r;
    }
    if (t->n - t->at >= 3 && is_binary(t->sh, t->v[t->at + 1])) {
        bool r = binary(t, s, t->v[t->at + 1], t->v[t->at + 2]);
        t->at += 3;
        return r;
    }
    if (t->sh->dash && t->n - t->at == 2 && is_binary(t->sh, t->v[t->at + 1]))
        return fail(t, "%s: argument expected", t->v[t->at + 1]);
    if (is_unary(t->sh, s)) {
        if (t->n - t->at >= 2) {
            t->at += 2;
            return unary(t, s, t->v[t->at - 1]);
        }
        t->at++;
        return true;
    }
    t->at++;
    return *s != 0;
}

static bool parse_and(struct test *t)
{
    bool r = parse_term(t);
    while (!t->failed && t->at < t->n && strcmp(t->v[t->at], "-a") == 0) {
        t->at++;
        bool right = parse_term(t);
        r = r && right;
    }
    return r;
}

static bool parse_or(struct test *t)
{
    if (vm_deep(t->sh->p))
        return fail(t, "too many arguments", NULL);
    bool r = parse_and(t);
    while (!t->failed && t->at < t->n && strcmp(t->v[t->at], "-o") == 0) {
        t->at++;
        bool right = parse_and(t);
        r = r || right;
    }
    return r;
}

/* dash: what is left behind an expression is reported by the word before it. */
static bool parse_all(struct test *t)
{
    bool r = parse_or(t);
    if (!t->failed && t->at < t->n)
        return fail(t, "%s: unexpected operator", t->v[t->at - 1]);
    return r;
}

static bool two(struct test *t, char **v)
{
    if (strcmp(v[0], "!") == 0)
        return !*v[1];
    if (is_unary(t->sh, v[0]))
        return unary(t, v[0], v[1]);
    return t->sh->dash ? parse_all(t) : fail(t, "%s: unary operator expected", v[0]);
}

static bool three(struct test *t, char **v)
{
    if (is_binary(t->sh, v[1]))
        return binary(t, v[0], v[1], v[2]);
    if (strcmp(v[1], "-a") == 0)
        return *v[0] && *v[2];
    if (strcmp(v[1], "-o") == 0)
        return *v[0] || *v[2];
    if (strcmp(v[0], "!") == 0)
        return !two(t, v + 1);
    if (strcmp(v[0], "(") == 0 && strcmp(v[2], ")") == 0)
        return *v[1] != 0;
    return t->sh->dash ? parse_all(t) : fail(t, "%s: binary operator expected", v[1]);
}

int bi_test(struct shell *sh, int argc, char **argv)
{
    struct test t = {.sh = sh, .v = argv + 1, .n = argc - 1};
    bool r;
    if (strcmp(argv[0], "[") == 0) {
        if (t.n == 0 || strcmp(t.v[t.n - 1], "]") != 0) {
            sh_berror(sh, sh->dash ? "missing ]" : "missing `]'");
            return 2;
        }
        t.n--;
    }
    char **v = t.v;
    switch (t.n) {
    case 0:
        return 1;
    case 1:
        r = *v[0] != 0;
        break;
    case 2:
        r = two(&t, v);
        break;
    case 3:
        r = three(&t, v);
        break;
    case 4:
        if (strcmp(v[0], "!") == 0) {
            r = !three(&t, v + 1);
            break;
        }
        if (strcmp(v[0], "(") == 0 && strcmp(v[3], ")") == 0) {
            r = two(&t, v + 1);
            break;
        }
        /* fall through */
    default:
        r = parse_or(&t);
        if (!t.failed && t.at < t.n) {
            if (sh->dash)
                fail(&t, "%s: unexpected operator", t.v[t.at - 1]);
            else
                fail(&t,
                     t.v[t.at][0] == '-' && !is_binary(sh, t.v[t.at])
                         ? "syntax error: `%s' unexpected"
                         : "too many arguments",
                     t.v[t.at][0] == '-' && !is_binary(sh, t.v[t.at]) ? t.v[t.at] : NULL);
        }
    }
    return t.failed ? 2 : !r;
}
