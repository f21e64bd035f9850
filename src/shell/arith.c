/* arith.c -- arithmetic: precedence climbing straight over the text.
 *
 * Variables hold expressions themselves, evaluated recursively with a depth
 * limit. Parts that must not be evaluated (the right of && with a false left,
 * the branch not taken) are parsed with noeval set.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/arith.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "shell/expand.h"
#include "shell/shell.h"

enum op {
    A_END,
    A_NUM,
    A_ID,
    A_LPAR,
    A_RPAR,
    A_NOT,
    A_BNOT,
    A_INC,
    A_DEC,
    A_POW,
    A_MUL,
    A_DIV,
    A_MOD,
    A_ADD,
    A_SUB,
    A_SHL,
    A_SHR,
    A_LT,
    A_LE,
    A_GT,
    A_GE,
    A_EQ,
    A_NE,
    A_AND,
    A_XOR,
    A_OR,
    A_LAND,
    A_LOR,
    A_QUEST,
    A_COLON,
    A_ASSIGN,
    A_COMMA,
    A_BAD
};

struct lvalue {
    const char *name; /* NULL: not an lvalue */
    const char *sub;  /* subscript text, or NULL */
};

struct eval {
    struct shell *sh;
    const char *expr, *s, *tok_at, *last_at;
    enum op tok, assign_op; /* assign_op: of A_ASSIGN, A_END for plain = */
    int64_t num;
    struct lvalue id;
    int noeval, depth;
    jmp_buf *fail;
    const char *error;
};

static int64_t eval_text(struct shell *sh, const char *expr, int depth, jmp_buf *fail,
                         struct eval *outer);
static int64_t parse_comma(struct eval *e);

static void fail(struct eval *e, const char *what, const char *token) __attribute__((noreturn));
static void fail(struct eval *e, const char *what, const char *token)
{
    struct shell *sh = e->sh;
    const char *x = e->expr;
    while (*x == ' ' || *x == '\t')
        x++;
    if (sh->dash) {
        if (strncmp(what, "division", 8) == 0)
            what = "division by zero";
        else if (strstr(what, "operand"))
            what = "expecting primary";
        else if (strstr(what, "missing `)'"))
            what = "expecting ')'";
        else
            what = "expecting EOF";
        sh_error(sh, "arithmetic expression: %s: \"%s\"", what, e->expr);
    } else if (token) {
        sh_error(sh, "%s%s%s: %s (error token is \"%s\")", sh->builtin ? sh->builtin : "",
                 sh->builtin ? ": " : "", x, what, token);
    } else {
        sh_error(sh, "%s%s%s: %s", sh->builtin ? sh->builtin : "", sh->builtin ? ": " : "", x,
                 what);
    }
    longjmp(*e->fail, 1);
}

static int digit_value(int c, int base)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z')
        return base <= 36 ? c - 'A' + 10 : c - 'A' + 36;
    if (c == '@')
        return 62;
    if (c == '_')
        return 63;
    return 99;
}

static void read_number(struct eval *e)
{
    const char *s = e->s, *from = s;
    while (isalnum((unsigned char)*s) || *s == '#' || *s == '@' || *s == '_')
        s++;
    const char *end = s;
    uint64_t n = 0;
    bool over = false;
    int base = 10;
    s = from;
    if (*s == '0' && (s[1] == 'x' || s[1] == 'X')) {
        base = 16;
        s += 2;
    } else if (*s == '0') {
        base = 8;
    }
    const char *hash = memchr(from, '#', (size_t)(end - from));
    if (hash && !e->sh->dash) {
        int64_t b = 0;
        for (s = from; s < hash; s++) {
            if (!isdigit((unsigned char)*s) || (b = b * 10 + (*s - '0')) > 1000)
                fail(e, "invalid arithmetic base", e->s);
        }
        if (b < 2 || b > 64)
            fail(e, "invalid arithmetic base", e->s);
        base = (int)b;
        s = hash + 1;
        if (s == end)
            fail(e, "invalid integer constant", e->s);
    }
    for (; s < end; s++) {
        int d = digit_value((unsigned char)*s, base);
        if (d >= base) {
            if (base == 10 && !hash && d > 9 && *s != '#' && e->sh->dash) {
                end = s;
                break;
            }
            fail(e, *s == '#' ? "invalid number" : "value too great for base", e->s);
        }
        if (e->sh->dash && n > (INT64_MAX - (uint64_t)d) / (uint64_t)base)
            over = true;
        n = n * (uint64_t)base + (uint64_t)d;
    }
    if (over) /* dash reads with strtoimax */
        n = INT64_MAX;
    e->num = (int64_t)n;
    e->s = end;
    e->tok = A_NUM;
}

static void read_name(struct eval *e)
{
    const char *from = e->s;
    while (isalnum((unsigned char)*e->s) || *e->s == '_')
        e->s++;
    e->id = (struct lvalue){.name = sh_tmp_strndup(e->sh, from, (size_t)(e->s - from))};
    e->tok = A_ID;
    if (*e->s != '[' || e->sh->dash)
        return;
    int depth = 0;
    const char *s = e->s;
    for (; *s; s++) {
        if (*s == '[')
            depth++;
        else if (*s == ']' && --depth == 0)
            break;
    }
    if (!*s)
        fail(e, "bad array subscript", e->tok_at);
    e->id.sub = sh_tmp_strndup(e->sh, e->s + 1, (size_t)(s - e->s - 1));
    e->s = s + 1;
}

/* Reads the next token. */
static void next(struct eval *e)
{
    e->last_at = e->tok_at;
    while (isspace((unsigned char)*e->s))
        e->s++;
    e->tok_at = e->s;
    vm_tick(e->sh->p, 1);
    int c = (unsigned char)*e->s;
    if (!c) {
        e->tok = A_END;
        return;
    }
    if (isdigit(c)) {
        read_number(e);
        return;
    }
    if (isalpha(c) || c == '_') {
        read_name(e);
        return;
    }
    static const struct {
        const char *text;
        enum op op, assign;
    } ops[] = {{"<<=", A_ASSIGN, A_SHL}, {">>=", A_ASSIGN, A_SHR}, {"**", A_POW, 0},
               {"++", A_INC, 0},         {"--", A_DEC, 0},         {"<<", A_SHL, 0},
               {">>", A_SHR, 0},         {"<=", A_LE, 0},          {">=", A_GE, 0},
               {"==", A_EQ, 0},          {"!=", A_NE, 0},          {"&&", A_LAND, 0},
               {"||", A_LOR, 0},         {"*=", A_ASSIGN, A_MUL},  {"/=", A_ASSIGN, A_DIV},
               {"%=", A_ASSIGN, A_MOD},  {"+=", A_ASSIGN, A_ADD},  {"-=", A_ASSIGN, A_SUB},
               {"&=", A_ASSIGN, A_AND},  {"^=", A_ASSIGN, A_XOR},  {"|=", A_ASSIGN, A_OR},
               {"(", A_LPAR, 0},         {")", A_RPAR, 0},         {"!", A_NOT, 0},
               {"~", A_BNOT, 0},         {"*", A_MUL, 0},          {"/", A_DIV, 0},
               {"%", A_MOD, 0},          {"+", A_ADD, 0},          {"-", A_SUB, 0},
               {"<", A_LT, 0},           {">", A_GT, 0},           {"&", A_AND, 0},
               {"^", A_XOR, 0},          {"|", A_OR, 0},           {"?", A_QUEST, 0},
               {":", A_COLON, 0},        {"=", A_ASSIGN, A_END},   {",", A_COMMA, 0}};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        size_t n = strlen(ops[i].text);
        if (e->sh->dash && n == 2 && ops[i].text[0] == ops[i].text[1] && strchr("*+-", *e->s))
            continue; /* dash has no ** ++ -- */
        if (strncmp(e->s, ops[i].text, n) == 0) {
            e->s += n;
            e->tok = ops[i].op;
            e->assign_op = ops[i].assign;
            return;
        }
    }
    e->tok = A_BAD;
}

/* --- variables ------------------------------------------------------------------------- */

/* dash: a variable holds a number, not an expression. */
static int64_t dash_value(struct shell *sh, const char *val)
{
    char *end;
    int64_t v = strtoll(val, &end, 0);
    end += strspn(end, " \t\n");
    if (*end) {
        sh_error(sh, "Illegal number: %s", val);
        sh_fatal(sh, 2);
    }
    return v;
}

static int64_t read_value(struct eval *e, const struct lvalue *l)
{
    struct shell *sh = e->sh;
    if (e->noeval)
        return 0;
    const char *val = NULL;
    if (l->sub) {
        val = expand_element(sh, l->name, l->sub);
    } else {
        val = var_get(sh, l->name);
    }
    if (!val) {
        if (sh->opt[OPT_NOUNSET] && !(l->sub && l->sub[0] == '@')) {
            sh_error(sh, "%s: unbound variable", l->name);
            sh_fatal(sh, 1);
        }
        return 0;
    }
    while (isspace((unsigned char)*val))
        val++;
    const char *t = val + (*val == '-');
    size_t n = strspn(t, "0123456789");
    if (n && n < 18 && !t[n] && (*t != '0' || n == 1)) { /* a plain number */
        int64_t v = 0;
        for (size_t i = 0; i < n; i++)
            v = v * 10 + (t[i] - '0');
        return *val == '-' ? -v : v;
    }
    if (!*val)
        return 0;
    if (sh->dash)
        return dash_value(sh, val);
    return eval_text(sh, sh_tmp_strdup(sh, val), e->depth + 1, e->fail, e);
}

static void write_value(struct eval *e, const struct lvalue *l, int64_t n)
{
    if (e->noeval)
        return;
    char text[24];
    (void)str_fmt(text, sizeof text, "%lld", (long long)n);
    bool ok;
    if (l->sub) {
        const char *sub = expand_subscript(e->sh, l->name, l->sub);
        ok = var_set_elem(e->sh, l->name, sub, text, false);
    } else {
        ok = var_set(e->sh, l->name, text);
    }
    if (!ok)
        longjmp(*e->fail, 1);
}

/* --- expressions -------------------------------------------------------------------------- */

static int64_t parse_unary(struct eval *e);
static int64_t parse_assign(struct eval *e);

static void deeper(struct eval *e)
{
    if (++e->depth > 1024 || vm_deep(e->sh->p))
        fail(e, "expression recursion level exceeded", e->tok_at);
}

static int64_t parse_primary(struct eval *e)
{
    if (e->tok == A_NUM) {
        int64_t n = e->num;
        next(e);
        return n;
    }
    if (e->tok == A_LPAR) {
        deeper(e);
        next(e);
        int64_t n = parse_comma(e);
        if (e->tok != A_RPAR)
            fail(e, "missing `)'", e->tok == A_END ? e->last_at : e->tok_at);
        next(e);
        e->depth--;
        return n;
    }
    if (e->tok == A_ID) {
        struct lvalue l = e->id;
        next(e);
        int64_t n = read_value(e, &l);
        if (e->tok == A_ID && !e->sh->dash) /* bash reads it before it complains */
            (void)read_value(e, &e->id);
        if (e->tok == A_INC || e->tok == A_DEC) {
            /* a++ +b and a--b: only a post-operator if it is one */
            write_value(e, &l, (int64_t)((uint64_t)n + (e->tok == A_INC ? 1u : -1ull)));
            next(e);
        }
        return n;
    }
    fail(e, "syntax error: operand expected", e->tok == A_END ? e->last_at : e->tok_at);
}

static int64_t parse_unary(struct eval *e)
{
    enum op op = e->tok;
    if (op == A_NOT || op == A_BNOT || op == A_ADD || op == A_SUB) {
        deeper(e);
        next(e);
        int64_t n = parse_unary(e);
        e->depth--;
        return op == A_NOT ? !n : op == A_BNOT ? ~n : op == A_SUB ? (int64_t)(0 - (uint64_t)n) : n;
    }
    if (op == A_INC || op == A_DEC) {
        const char *after = e->s;
        next(e);
        if (e->tok == A_ID) {
            struct lvalue l = e->id;
            next(e);
            int64_t n = read_value(e, &l);
            n = (int64_t)((uint64_t)n + (op == A_INC ? 1u : -1ull));
            write_value(e, &l, n);
            return n;
        }
        if (e->tok == A_END)
            fail(e, "syntax error: operand expected", after - 1);
        deeper(e); /* - - 3 */
        int64_t n = parse_unary(e);
        e->depth--;
        return n;
    }
    return parse_primary(e);
}

static int64_t power(struct eval *e, int64_t base, int64_t exp)
{
    if (exp < 0)
        fail(e, "exponent less than 0", e->last_at);
    uint64_t r = 1, b = (uint64_t)base;
    for (; exp; exp >>= 1, b *= b)
        if (exp & 1)
            r *= b;
    return (int64_t)r;
}

static int64_t parse_power(struct eval *e)
{
    int64_t left = parse_unary(e);
    if (e->tok != A_POW || e->sh->dash)
        return left;
    deeper(e);
    next(e);
    int64_t right = parse_power(e);
    e->depth--;
    return e->noeval ? 0 : power(e, left, right);
}

static int precedence(enum op op)
{
    switch (op) {
    case A_MUL:
    case A_DIV:
    case A_MOD:
        return 10;
    case A_ADD:
    case A_SUB:
        return 9;
    case A_SHL:
    case A_SHR:
        return 8;
    case A_LT:
    case A_LE:
    case A_GT:
    case A_GE:
        return 7;
    case A_EQ:
    case A_NE:
        return 6;
    case A_AND:
        return 5;
    case A_XOR:
        return 4;
    case A_OR:
        return 3;
    case A_LAND:
        return 2;
    case A_LOR:
        return 1;
    default:
        return 0;
    }
}

static int64_t apply(struct eval *e, enum op op, int64_t a, int64_t b, const char *right_at)
{
    uint64_t x = (uint64_t)a, y = (uint64_t)b;
    switch (op) {
    case A_MUL:
        return (int64_t)(x * y);
    case A_DIV:
    case A_MOD:
        if (b == 0) {
            if (e->noeval)
                return 0;
            fail(e, "division by 0", right_at);
        }
        if (b == -1)
            return op == A_DIV ? (int64_t)(0 - x) : 0;
        return op == A_DIV ? a / b : a % b;
    case A_ADD:
        return (int64_t)(x + y);
    case A_SUB:
        return (int64_t)(x - y);
    case A_SHL:
        return (int64_t)(x << (y & 63));
    case A_SHR:
        return a >> (y & 63);
    case A_LT:
        return a < b;
    case A_LE:
        return a <= b;
    case A_GT:
        return a > b;
    case A_GE:
        return a >= b;
    case A_EQ:
        return a == b;
    case A_NE:
        return a != b;
    case A_AND:
        return a & b;
    case A_XOR:
        return a ^ b;
    case A_OR:
        return a | b;
    default:
        return 0;
    }
}

static int64_t parse_binary(struct eval *e, int min)
{
    int64_t left = parse_power(e);
    for (;;) {
        enum op op = e->tok;
        int prec = precedence(op);
        if (!prec || prec < min)
            return left;
        deeper(e);
        next(e);
        const char *right_at = e->tok_at;
        if (op == A_LAND || op == A_LOR) {
            bool skip = op == A_LAND ? !left : left != 0;
            e->noeval += skip;
            int64_t right = parse_binary(e, prec + 1);
            e->noeval -= skip;
            left = op == A_LAND ? left && right : left || right;
        } else {
            int64_t right = parse_binary(e, prec + 1);
            left = apply(e, op, left, right, right_at);
        }
        e->depth--;
    }
}

static int64_t parse_ternary(struct eval *e)
{
    int64_t c = parse_binary(e, 1);
    if (e->tok != A_QUEST)
        return c;
    deeper(e);
    next(e);
    if (e->tok == A_COLON || e->tok == A_END)
        fail(e, "expression expected", e->tok_at);
    e->noeval += !c;
    int64_t a = parse_assign(e);
    e->noeval -= !c;
    if (e->tok != A_COLON)
        fail(e, "`:' expected for conditional expression",
             e->tok == A_END ? e->last_at : e->tok_at);
    next(e);
    if (e->tok == A_END)
        fail(e, "expression expected", e->tok_at);
    e->noeval += c != 0;
    int64_t b = parse_ternary(e);
    e->noeval -= c != 0;
    e->depth--;
    return c ? a : b;
}

static int64_t parse_assign(struct eval *e)
{
    if (e->tok == A_ID) {
        struct eval saved = *e;
        struct lvalue l = e->id;
        next(e);
        if (e->tok == A_ASSIGN) {
            enum op op = e->assign_op;
            deeper(e);
            next(e);
            const char *right_at = e->tok_at;
            int64_t v = parse_assign(e);
            if (op != A_END)
                v = apply(e, op, read_value(e, &l), v, right_at);
            write_value(e, &l, v);
            e->depth--;
            return v;
        }
        *e = saved;
    }
    int64_t n = parse_ternary(e);
    if (e->tok == A_ASSIGN)
        fail(e, "attempted assignment to non-variable", e->tok_at);
    return n;
}

static int64_t parse_comma(struct eval *e)
{
    int64_t n = parse_assign(e);
    while (e->tok == A_COMMA && !e->sh->dash) {
        next(e);
        n = parse_assign(e);
    }
    return n;
}

static int64_t eval_text(struct shell *sh, const char *expr, int depth, jmp_buf *out,
                         struct eval *outer)
{
    struct eval e = {.sh = sh, .expr = expr, .s = expr, .depth = depth, .fail = out};
    (void)outer;
    if (depth > 1024 || vm_deep(sh->p))
        fail(&e, "expression recursion level exceeded", expr);
    e.tok_at = expr;
    next(&e);
    if (e.tok == A_END && !sh->dash)
        return 0;
    int64_t n = parse_comma(&e);
    if (e.tok != A_END)
        fail(&e,
             e.tok == A_BAD || e.tok == A_COLON || e.tok == A_RPAR || e.tok == A_NUM ||
                     e.tok == A_ID || e.tok == A_LPAR
                 ? (e.tok == A_BAD ? "syntax error: invalid arithmetic operator"
                                   : "syntax error in expression")
                 : "syntax error in expression",
             e.tok_at);
    return n;
}

int64_t arith_index(struct shell *sh, const char *expr)
{
    bool ok = true;
    int64_t n = arith_eval(sh, expr, &ok);
    if (!ok) {
        sh->status = 1;
        sh_throw(sh, JUMP_ABORT);
    }
    return n;
}

int64_t arith_eval(struct shell *sh, const char *expr, bool *ok)
{
    jmp_buf out;
    const char *s = expr;
    while (*s == ' ')
        s++;
    size_t n = strspn(s, "0123456789");
    if (n && n < 18 && !s[n] && (*s != '0' || n == 1)) {
        int64_t v = 0;
        for (size_t i = 0; i < n; i++)
            v = v * 10 + (s[i] - '0');
        return v;
    }
    if (setjmp(out)) {
        if (!ok) {
            sh->status = 1;
            if (sh->dash)
                sh_fatal(sh, 2);
            sh_throw(sh, JUMP_DISCARD);
        }
        *ok = false;
        return 0;
    }
    return eval_text(sh, expr, 0, &out, NULL);
}
