/* test.c -- test and [: conditions as programs.
 *
 * With up to four arguments their number decides what they mean, as POSIX
 * wants; beyond that they are an expression of -o, -a, ! and parentheses.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"

struct test {
    struct cmd_run *r;
    char **argv;
    int argc, pos;
};

static bool expression(struct test *t);
static bool counted(struct test *t, int n);

static void __attribute__((noreturn)) fail(struct test *t)
{
    vm_exit(t->r->p, 2);
}

static void __attribute__((noreturn)) beyond(struct test *t)
{
    cmd_warn(t->r, "missing argument after %s", cmd_quotel(t->r, t->argv[t->argc - 1]));
    fail(t);
}

static void advance(struct test *t, bool more)
{
    if (++t->pos >= t->argc && more)
        beyond(t);
}

static bool is_binary(const char *s)
{
    static const char *const ops[] = {"=",   "!=",  "==",  "-nt", "-ot", "-ef", "-eq", "-ne",
                                      "-lt", "-le", "-gt", "-ge", "<",   ">",   NULL};
    for (int i = 0; ops[i]; i++)
        if (!strcmp(ops[i], s))
            return true;
    return false;
}

/* A whole number with blanks around it, its digits and sign apart, so that any
 * size can be compared. */
struct number {
    bool negative;
    const char *digits;
    size_t n;
};

static struct number number(struct test *t, const char *s)
{
    const char *p = s + strspn(s, " \t\n");
    struct number v = {.negative = *p == '-'};
    p += *p == '-' || *p == '+';
    size_t n = strspn(p, "0123456789");
    if (!n || p[n + strspn(p + n, " \t\n")]) {
        cmd_warn(t->r, "invalid integer %s", cmd_quotel(t->r, s));
        fail(t);
    }
    while (n > 1 && *p == '0') {
        p++;
        n--;
    }
    v.digits = p;
    v.n = n;
    v.negative &= *p != '0';
    return v;
}

static int compare(struct test *t, const char *left, const char *right)
{
    struct number a = number(t, left), b = number(t, right);
    if (a.negative != b.negative)
        return a.negative ? -1 : 1;
    int c = a.n != b.n ? (a.n < b.n ? -1 : 1) : memcmp(a.digits, b.digits, a.n);
    return a.negative ? -c : c;
}

static bool compare_files(struct test *t, const char *op, const char *left, const char *right)
{
    struct vfs_stat a, b;
    bool has_a = !vm_stat(t->r->p, left, &a), has_b = !vm_stat(t->r->p, right, &b);
    if (op[1] == 'e')
        return has_a && has_b && a.dev == b.dev && a.ino == b.ino;
    if (!has_a || !has_b)
        return op[1] == 'n' ? has_a && !has_b : has_b && !has_a;
    int64_t d = a.mtime.tv_sec - b.mtime.tv_sec;
    if (!d)
        d = a.mtime.tv_nsec - b.mtime.tv_nsec;
    return op[1] == 'n' ? d > 0 : d < 0;
}

static bool binary(struct test *t)
{
    char *left = t->argv[t->pos], *op = t->argv[t->pos + 1], *right;
    if (t->pos + 2 >= t->argc)
        beyond(t);
    right = t->argv[t->pos + 2];
    t->pos += 3;
    if (*op == '=')
        return !strcmp(left, right);
    if (*op == '!')
        return strcmp(left, right) != 0;
    if (*op != '-')
        return *op == '<' ? strcmp(left, right) < 0 : strcmp(left, right) > 0;
    if (!strcmp(op, "-nt") || !strcmp(op, "-ot") || !strcmp(op, "-ef"))
        return compare_files(t, op, left, right);
    int c = compare(t, left, right);
    switch (op[1]) {
    case 'e':
        return c == 0;
    case 'n':
        return c != 0;
    case 'l':
        return op[2] == 't' ? c < 0 : c <= 0;
    default:
        return op[2] == 't' ? c > 0 : c >= 0;
    }
}

static bool test_mode(const struct vfs_stat *st, int op)
{
    static const struct {
        char op;
        uint32_t type;
    } types[] = {{'b', S_IFBLK}, {'c', S_IFCHR},  {'d', S_IFDIR}, {'f', S_IFREG}, {'h', S_IFLNK},
                 {'L', S_IFLNK}, {'S', S_IFSOCK}, {'p', S_IFIFO}, {0, 0}};
    for (int i = 0; types[i].op; i++)
        if (types[i].op == op)
            return (st->mode & S_IFMT) == types[i].type;
    return st->mode & (op == 'u' ? S_ISUID : op == 'g' ? S_ISGID : S_ISVTX);
}

static bool unary(struct test *t)
{
    const char *op = t->argv[t->pos];
    if (!strchr("bcdefghknoprstuwxzGLNOS", op[1])) {
        cmd_warn(t->r, "%s: unary operator expected", cmd_quotel(t->r, op));
        fail(t);
    }
    advance(t, true);
    const char *s = t->argv[t->pos++];
    struct proc *p = t->r->p;
    struct vfs_stat st;
    switch (op[1]) {
    case 'n':
        return *s;
    case 'z':
        return !*s;
    case 't': {
        struct number v = number(t, s);
        return !v.negative && v.n < 6 && vm_isatty(p, (int)strtol(v.digits, NULL, 10));
    }
    case 'r':
        return !vm_access(p, s, 4);
    case 'w':
        return !vm_access(p, s, 2);
    case 'x':
        return !vm_access(p, s, 1);
    case 'h':
    case 'L':
        return !vm_lstat(p, s, &st) && S_ISLNK(st.mode);
    default:
        break;
    }
    if (vm_stat(p, s, &st) < 0)
        return false;
    switch (op[1]) {
    case 'e':
        return true;
    case 's':
        return st.size > 0;
    case 'O':
        return st.uid == vm_geteuid(p);
    case 'G':
        return st.gid == vm_getegid(p);
    case 'N':
        return st.mtime.tv_sec > st.atime.tv_sec ||
               (st.mtime.tv_sec == st.atime.tv_sec && st.mtime.tv_nsec > st.atime.tv_nsec);
    default:
        return test_mode(&st, op[1]);
    }
}

static bool is_unary(const char *s)
{
    return s[0] == '-' && s[1] && !s[2];
}

static bool term(struct test *t)
{
    bool negated = false, value;
    while (t->pos < t->argc && !strcmp(t->argv[t->pos], "!")) {
        advance(t, true);
        negated = !negated;
    }
    if (t->pos >= t->argc || vm_deep(t->r->p))
        beyond(t);
    char **a = t->argv + t->pos;
    int left = t->argc - t->pos;
    if (!strcmp(a[0], "(")) {
        advance(t, true);
        int n = 1;
        for (; t->pos + n < t->argc && strcmp(t->argv[t->pos + n], ")"); n++)
            if (n == 4) {
                n = t->argc - t->pos;
                break;
            }
        value = counted(t, n);
        const char *close = t->pos < t->argc ? t->argv[t->pos] : NULL;
        if (!close || strcmp(close, ")")) {
            if (close)
                cmd_warn(t->r, "%s expected, found %s", cmd_quotel(t->r, ")"),
                         cmd_quotel(t->r, close));
            else
                cmd_warn(t->r, "%s expected", cmd_quotel(t->r, ")"));
            fail(t);
        }
        advance(t, false);
    } else if (left >= 3 && is_binary(a[1])) {
        value = binary(t);
    } else if (is_unary(a[0])) {
        value = unary(t);
    } else {
        value = *a[0];
        advance(t, false);
    }
    return negated != value;
}

static bool conjunction(struct test *t)
{
    bool value = term(t);
    while (t->pos < t->argc && !strcmp(t->argv[t->pos], "-a")) {
        advance(t, false);
        value &= term(t);
    }
    return value;
}

static bool expression(struct test *t)
{
    bool value = conjunction(t);
    while (t->pos < t->argc && !strcmp(t->argv[t->pos], "-o")) {
        advance(t, false);
        value |= conjunction(t);
    }
    return value;
}

static bool one(struct test *t)
{
    return *t->argv[t->pos++];
}

static bool two(struct test *t)
{
    if (!strcmp(t->argv[t->pos], "!")) {
        advance(t, false);
        return !one(t);
    }
    if (is_unary(t->argv[t->pos]))
        return unary(t);
    beyond(t);
}

static bool three(struct test *t)
{
    char **a = t->argv + t->pos;
    if (is_binary(a[1]))
        return binary(t);
    if (!strcmp(a[0], "!")) {
        advance(t, true);
        return !two(t);
    }
    if (!strcmp(a[0], "(") && !strcmp(a[2], ")")) {
        advance(t, false);
        bool value = one(t);
        advance(t, false);
        return value;
    }
    if (!strcmp(a[1], "-a") || !strcmp(a[1], "-o"))
        return expression(t);
    cmd_warn(t->r, "%s: binary operator expected", cmd_quotel(t->r, a[1]));
    fail(t);
}

static bool counted(struct test *t, int n)
{
    char **a = t->argv + t->pos;
    switch (n) {
    case 1:
        return one(t);
    case 2:
        return two(t);
    case 3:
        return three(t);
    case 4:
        if (!strcmp(a[0], "!")) {
            advance(t, true);
            return !three(t);
        }
        if (!strcmp(a[0], "(") && !strcmp(a[3], ")")) {
            advance(t, false);
            bool value = two(t);
            advance(t, false);
            return value;
        }
        return expression(t);
    default:
        return expression(t);
    }
}

static int run(struct cmd_run *r, int argc)
{
    struct test t = {.r = r, .argv = r->argv, .argc = argc};
    if (!argc)
        return 1;
    bool value = counted(&t, argc);
    if (t.pos != argc) {
        cmd_warn(r, "extra argument %s", cmd_quotel(r, r->argv[t.pos]));
        return 2;
    }
    return !value;
}

static int test_run(struct cmd_run *r)
{
    return run(r, r->argc);
}

static int bracket_run(struct cmd_run *r)
{
    if (r->argc == 1 && cmd_text_option(r, r->argv[0]))
        return 0;
    if (!r->argc || strcmp(r->argv[r->argc - 1], "]")) {
        cmd_warn(r, "missing %s", cmd_quotel(r, "]"));
        return 2;
    }
    return run(r, r->argc - 1);
}

const struct cmd cmd_test = {.name = "test", .run = test_run, .flags = CMD_RAW, .usage_status = 2};
const struct cmd cmd_bracket = {
    .name = "[", .run = bracket_run, .flags = CMD_RAW, .usage_status = 2};
