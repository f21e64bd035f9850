/* awk_parse.c -- from the text of an awk program to a tree.
 *
 * One token of look-ahead; whether "/" begins a regular expression is decided
 * by the parser, which asks for one where an operand may stand.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/awk.h"

enum token {
    T_EOF = 256,
    T_NL,
    T_NUM,
    T_STR,
    T_NAME,
    T_FUNC_NAME /* name right before "(" */,
    T_BUILTIN,
    T_BEGIN,
    T_END,
    T_FUNCTION,
    T_IF,
    T_ELSE,
    T_WHILE,
    T_FOR,
    T_DO,
    T_BREAK,
    T_CONTINUE,
    T_NEXT,
    T_NEXTFILE,
    T_EXIT,
    T_RETURN,
    T_DELETE,
    T_IN,
    T_GETLINE,
    T_PRINT,
    T_PRINTF,
    T_AND,
    T_OR,
    T_EQ,
    T_LE,
    T_GE,
    T_NE,
    T_INC,
    T_DEC,
    T_APPEND,
    T_ADD_EQ,
    T_SUB_EQ,
    T_MUL_EQ,
    T_DIV_EQ,
    T_MOD_EQ,
    T_POW_EQ,
};

struct parser {
    struct cmd_run *r;
    const char *s, *start; /* start: of the current token */
    int line;
    int tok;
    double num;
    struct str text; /* of names and strings */
    int builtin;
    struct awk_program *out;
    int cap_rules, cap_funcs, cap_vars;
    const char **param; /* of the function being read */
    int nparams;
    bool in_function, no_gt, no_in, no_next;
    int depth, loops, parens;
    jmp_buf fail;
};

static const struct {
    const char *name;
    int tok, builtin;
} words[] = {
    {"BEGIN", T_BEGIN, 0},
    {"END", T_END, 0},
    {"function", T_FUNCTION, 0},
    {"if", T_IF, 0},
    {"else", T_ELSE, 0},
    {"while", T_WHILE, 0},
    {"for", T_FOR, 0},
    {"do", T_DO, 0},
    {"break", T_BREAK, 0},
    {"continue", T_CONTINUE, 0},
    {"next", T_NEXT, 0},
    {"nextfile", T_NEXTFILE, 0},
    {"exit", T_EXIT, 0},
    {"return", T_RETURN, 0},
    {"delete", T_DELETE, 0},
    {"in", T_IN, 0},
    {"getline", T_GETLINE, 0},
    {"print", T_PRINT, 0},
    {"printf", T_PRINTF, 0},
    {"length", T_BUILTIN, B_LENGTH},
    {"substr", T_BUILTIN, B_SUBSTR},
    {"index", T_BUILTIN, B_INDEX},
    {"split", T_BUILTIN, B_SPLIT},
    {"sub", T_BUILTIN, B_SUB},
    {"gsub", T_BUILTIN, B_GSUB},
    {"match", T_BUILTIN, B_MATCH},
    {"sprintf", T_BUILTIN, B_SPRINTF},
    {"sin", T_BUILTIN, B_SIN},
    {"cos", T_BUILTIN, B_COS},
    {"atan2", T_BUILTIN, B_ATAN2},
    {"exp", T_BUILTIN, B_EXP},
    {"log", T_BUILTIN, B_LOG},
    {"sqrt", T_BUILTIN, B_SQRT},
    {"int", T_BUILTIN, B_INT},
    {"rand", T_BUILTIN, B_RAND},
    {"srand", T_BUILTIN, B_SRAND},
    {"tolower", T_BUILTIN, B_TOLOWER},
    {"toupper", T_BUILTIN, B_TOUPPER},
    {"system", T_BUILTIN, B_SYSTEM},
    {"close", T_BUILTIN, B_CLOSE},
    {"fflush", T_BUILTIN, B_FFLUSH},
    {"strftime", T_BUILTIN, B_STRFTIME},
    {"systime", T_BUILTIN, B_SYSTIME},
    {"mktime", T_BUILTIN, B_MKTIME},
};

static const char *const special_names[] = {
    "NF",     "NR",      "FNR",  "FS",     "OFS",     "RS",   "ORS",  "FILENAME",
    "SUBSEP", "CONVFMT", "OFMT", "RSTART", "RLENGTH", "ARGC", "ARGV", "ENVIRON"};

static void __attribute__((noreturn)) give_up(struct parser *p)
{
    longjmp(p->fail, 1);
}

/* "near TOKEN", as awk words it. */
static void __attribute__((noreturn)) syntax_error(struct parser *p)
{
    if (p->tok == T_EOF)
        cmd_warn(p->r, "line %d: %s", p->line,
                 p->depth ? "missing } near end of file" : "syntax error at or near end of file");
    else if (p->tok == ')' && !p->parens)
        cmd_warn(p->r, "line %d: extra ')'", p->line);
    else if (p->tok == T_NL)
        cmd_warn(p->r, "line %d: syntax error at or near end of line", p->line - 1);
    else
        cmd_warn(p->r, "line %d: syntax error at or near %.*s", p->line, (int)(p->s - p->start),
                 p->start);
    give_up(p);
}

/* --- tokens -------------------------------------------------------------------------- */

static bool name_char(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

/* Adds the escape behind a backslash; in a regular expression it stays. */
static const char *take_escape(struct parser *p, const char *s)
{
    static const char from[] = "\"\\/abfnrtv", to[] = "\"\\/\a\b\f\n\r\t\v";
    const char *e = *s ? strchr(from, *s) : NULL;
    if (e && *s != '/') {
        str_putc(&p->text, to[e - from]);
        return s + 1;
    }
    if (*s >= '0' && *s <= '7') {
        int v = 0;
        for (int i = 0; i < 3 && *s >= '0' && *s <= '7'; i++)
            v = v * 8 + (*s++ - '0');
        str_putc(&p->text, v & 255);
        return s;
    }
    if (*s == 'x' && strspn(s + 1, "0123456789abcdefABCDEF")) {
        char hex[3] = {s[1], strspn(s + 2, "0123456789abcdefABCDEF") ? s[2] : '\0', '\0'};
        str_putc(&p->text, (int)strtol(hex, NULL, 16));
        return s + 1 + strlen(hex);
    }
    str_putc(&p->text, '\\');
    if (*s)
        str_putc(&p->text, *s++);
    return s;
}

static void lex_string(struct parser *p)
{
    str_trunc(&p->text, 0);
    while (*p->s != '"') {
        if (!*p->s || *p->s == '\n') {
            cmd_warn(p->r, "line %d: runaway string constant \"%.*s ...", p->line,
                     (int)strcspn(p->start + 1, "\n") > 10 ? 10 : (int)strcspn(p->start + 1, "\n"),
                     p->start + 1);
            give_up(p);
        }
        if (*p->s == '\\' && p->s[1] == '\n') {
            p->s += 2;
            p->line++;
        } else if (*p->s == '\\') {
            p->s = take_escape(p, p->s + 1);
        } else {
            str_putc(&p->text, *p->s++);
        }
    }
    p->s++;
    p->tok = T_STR;
}

static void lex_word(struct parser *p)
{
    while (name_char(*p->s, false))
        p->s++;
    size_t n = (size_t)(p->s - p->start);
    str_trunc(&p->text, 0);
    str_add(&p->text, p->start, n);
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strlen(words[i].name) == n && !memcmp(words[i].name, p->start, n)) {
            p->tok = words[i].tok;
            p->builtin = words[i].builtin;
            return;
        }
    p->tok = *p->s == '(' ? T_FUNC_NAME : T_NAME;
}

static void lex_number(struct parser *p)
{
    /* decimal only: "0x10" is 0 followed by a name */
    const char *s = p->s;
    s += strspn(s, "0123456789");
    if (*s == '.')
        s += 1 + strspn(s + 1, "0123456789");
    if ((*s == 'e' || *s == 'E')) {
        const char *e = s + 1 + (s[1] == '+' || s[1] == '-');
        size_t n = strspn(e, "0123456789");
        s = n ? e + n : s + 1;
    }
    char *copy = vm_asprintf(p->r->p, "%.*s", (int)(s - p->s), p->s);
    p->num = strtod(copy, NULL);
    p->s = s;
    p->tok = T_NUM;
}

static void next(struct parser *p)
{
    static const struct {
        const char *text;
        int tok;
    } ops[] = {{"&&", T_AND},    {"||", T_OR},     {"==", T_EQ},     {"<=", T_LE},
               {">=", T_GE},     {"!=", T_NE},     {"++", T_INC},    {"--", T_DEC},
               {">>", T_APPEND}, {"+=", T_ADD_EQ}, {"-=", T_SUB_EQ}, {"*=", T_MUL_EQ},
               {"/=", T_DIV_EQ}, {"%=", T_MOD_EQ}, {"^=", T_POW_EQ}};
    for (;;) {
        p->s += strspn(p->s, " \t\r");
        if (*p->s == '#')
            p->s += strcspn(p->s, "\n");
        if (p->s[0] == '\\' && (p->s[1] == '\n' || (p->s[1] == '\r' && p->s[2] == '\n'))) {
            p->s += p->s[1] == '\n' ? 2 : 3;
            p->line++;
            continue;
        }
        break;
    }
    p->start = p->s;
    char c = *p->s;
    if (!c) {
        p->tok = T_EOF;
        return;
    }
    if (c == '\n') {
        p->s++;
        p->line++;
        p->tok = T_NL;
        return;
    }
    if (c == '"') {
        p->s++;
        lex_string(p);
        return;
    }
    if (name_char(c, true)) {
        lex_word(p);
        return;
    }
    if ((c >= '0' && c <= '9') || (c == '.' && p->s[1] >= '0' && p->s[1] <= '9')) {
        lex_number(p);
        return;
    }
    for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
        if (!strncmp(p->s, ops[i].text, 2)) {
            p->s += 2;
            p->tok = ops[i].tok;
            return;
        }
    if (!strchr("{}()[];,+-*/%^!<>|?:~$=", c)) {
        if ((unsigned char)c < 32 || (unsigned char)c > 126)
            cmd_warn(p->r, "%d: unexpected character 0x%02x", p->line, (unsigned char)c);
        else
            cmd_warn(p->r, "%d: unexpected character '%c'", p->line, c);
        give_up(p);
    }
    p->s++;
    p->tok = c;
}

static void skip_newlines(struct parser *p)
{
    while (p->tok == T_NL)
        next(p);
}

static void expect(struct parser *p, int tok)
{
    if (p->tok != tok)
        syntax_error(p);
    next(p);
}

static struct awk_node *node(struct parser *p, enum awk_op op, struct awk_node *a,
                             struct awk_node *b)
{
    struct awk_node *n = vm_alloc(p->r->p, sizeof(*n));
    n->op = op;
    n->a = a;
    n->b = b;
    return n;
}

/* --- names -------------------------------------------------------------------------------- */

static int find_var(struct parser *p, const char *name)
{
    struct awk_program *o = p->out;
    for (int i = 0; i < o->nvars; i++)
        if (!strcmp(o->var[i], name))
            return i;
    if (o->nvars == p->cap_vars) {
        int cap = p->cap_vars ? p->cap_vars * 2 : 32;
        const char **v = vm_alloc(p->r->p, (size_t)cap * sizeof(*v));
        if (o->nvars)
            memcpy(v, o->var, (size_t)o->nvars * sizeof(*v));
        o->var = v;
        p->cap_vars = cap;
    }
    o->var[o->nvars] = vm_strdup(p->r->p, name);
    return o->nvars++;
}

static int find_func(struct parser *p, const char *name)
{
    struct awk_program *o = p->out;
    for (int i = 0; i < o->nfuncs; i++)
        if (!strcmp(o->func[i].name, name))
            return i;
    if (o->nfuncs == p->cap_funcs) {
        int cap = p->cap_funcs ? p->cap_funcs * 2 : 8;
        struct awk_func *f = vm_alloc(p->r->p, (size_t)cap * sizeof(*f));
        if (o->nfuncs)
            memcpy(f, o->func, (size_t)o->nfuncs * sizeof(*f));
        o->func = f;
        p->cap_funcs = cap;
    }
    o->func[o->nfuncs] = (struct awk_func){.name = vm_strdup(p->r->p, name)};
    return o->nfuncs++;
}

static struct awk_node *variable(struct parser *p)
{
    const char *name = str_text(&p->text);
    for (int i = 0; p->in_function && i < p->nparams; i++)
        if (!strcmp(p->param[i], name)) {
            struct awk_node *n = node(p, A_LOCAL, NULL, NULL);
            n->v = i;
            return n;
        }
    struct awk_node *n = node(p, A_VAR, NULL, NULL);
    n->v = find_var(p, name);
    return n;
}

/* --- expressions ---------------------------------------------------------------------------- */

static struct awk_node *expr(struct parser *p);
static struct awk_node *ternary(struct parser *p);
static struct awk_node *unary(struct parser *p);

static void deeper(struct parser *p)
{
    if (vm_deep(p->r->p)) {
        cmd_warn(p->r, "line %d: program is nested too deeply", p->line);
        give_up(p);
    }
}

static struct regex *compile(struct parser *p, const char *s, size_t n)
{
    const char *why;
    struct regex *re = regex_new(p->r->arena, s, n, REGEX_ERE | REGEX_AWK, &why);
    if (!re) {
        cmd_warn(p->r, "line %d: regular expression compile failed (%s)\n%.*s", p->line,
                 str_starts(why, "Unmatched (")   ? "missing ')'"
                 : str_starts(why, "Unmatched )") ? "missing operand"
                 : str_starts(why, "Unmatched [") ? "bad class -- [], [^] or ["
                                                  : "missing operand",
                 (int)n, s);
        give_up(p);
    }
    return re;
}

/* The current token is "/": the rest of a regular expression follows. */
static struct awk_node *regex_literal(struct parser *p, bool with_equals)
{
    str_trunc(&p->text, 0);
    if (with_equals)
        str_putc(&p->text, '=');
    for (bool in_set = false; *p->s != '/' || in_set; p->s++) {
        if (!*p->s || *p->s == '\n') {
            cmd_warn(p->r, "%d: regular expression compile failed (missing '/')", p->line);
            give_up(p);
        }
        if (*p->s == '\\' && p->s[1]) {
            if (p->s[1] != '/')
                str_putc(&p->text, '\\');
            str_putc(&p->text, *++p->s);
            continue;
        }
        if (*p->s == '[' && !in_set) {
            /* a slash within brackets belongs to the set, if it is closed */
            const char *end = p->s + 1 + (p->s[1] == '^');
            end += *end == ']';
            while (*end && *end != ']' && *end != '\n' && *end != '/')
                end++;
            in_set = *end == ']';
            str_putc(&p->text, '[');
            if (in_set && p->s[1] == '^')
                str_putc(&p->text, *++p->s);
            if (in_set && p->s[1] == ']')
                str_putc(&p->text, *++p->s);
            continue;
        }
        if (*p->s == ']')
            in_set = false;
        str_putc(&p->text, *p->s);
    }
    p->s++;
    struct awk_node *n = node(p, A_REGEX, NULL, NULL);
    n->re = compile(p, str_text(&p->text), p->text.n);
    next(p);
    return n;
}

/* Expressions separated by commas up to the closing ")". */
static struct awk_node *arguments(struct parser *p, int *count)
{
    struct awk_node *first = NULL, **at = &first;
    bool gt = p->no_gt, in = p->no_in;
    p->no_gt = p->no_in = false;
    *count = 0;
    p->parens++;
    skip_newlines(p);
    while (p->tok != ')') {
        *at = expr(p);
        at = &(*at)->next;
        ++*count;
        skip_newlines(p);
        if (p->tok != ',')
            break;
        next(p);
        skip_newlines(p);
    }
    p->parens--;
    p->no_gt = gt;
    p->no_in = in;
    expect(p, ')');
    return first;
}

static bool lvalue(const struct awk_node *n)
{
    return n && (n->op == A_VAR || n->op == A_LOCAL || n->op == A_FIELD || n->op == A_INDEX);
}

static struct awk_node *builtin_call(struct parser *p)
{
    static const struct {
        int min, max;
    } args[B_COUNT] = {
        [B_LENGTH] = {0, 1}, [B_SUBSTR] = {2, 3},  [B_INDEX] = {2, 2},    [B_SPLIT] = {2, 3},
        [B_SUB] = {2, 3},    [B_GSUB] = {2, 3},    [B_MATCH] = {2, 2},    [B_SPRINTF] = {1, 99},
        [B_SIN] = {1, 1},    [B_COS] = {1, 1},     [B_ATAN2] = {2, 2},    [B_EXP] = {1, 1},
        [B_LOG] = {1, 1},    [B_SQRT] = {1, 1},    [B_INT] = {1, 1},      [B_RAND] = {0, 0},
        [B_SRAND] = {0, 1},  [B_TOLOWER] = {1, 1}, [B_TOUPPER] = {1, 1},  [B_SYSTEM] = {1, 1},
        [B_CLOSE] = {1, 1},  [B_FFLUSH] = {0, 1},  [B_STRFTIME] = {0, 3}, [B_SYSTIME] = {0, 0},
        [B_MKTIME] = {1, 1}};
    struct awk_node *n = node(p, A_BUILTIN, NULL, NULL);
    int count = 0;
    n->v = p->builtin;
    next(p);
    if (p->tok == '(') {
        next(p);
        n->a = arguments(p, &count);
    } else if (n->v != B_LENGTH) {
        syntax_error(p);
    }
    if (count < args[n->v].min || count > args[n->v].max) {
        cmd_warn(p->r, "line %d: wrong number of arguments in call to %s", p->line,
                 words[19 + n->v].name);
        give_up(p);
    }
    return n;
}

/* "getline", perhaps a variable, perhaps "< file". */
static struct awk_node *getline_call(struct parser *p)
{
    struct awk_node *n = node(p, A_GETLINE, NULL, NULL);
    next(p);
    if (p->tok == T_NAME || p->tok == '$') {
        bool gt = p->no_gt;
        p->no_gt = true;
        n->a = unary(p);
        p->no_gt = gt;
    }
    return n;
}

static struct awk_node *primary(struct parser *p)
{
    struct awk_node *n;
    int count;
    deeper(p);
    switch (p->tok) {
    case T_NUM:
        n = node(p, A_NUM, NULL, NULL);
        n->str = (struct awk_val){.type = AV_NUM, .n = p->num};
        next(p);
        return n;
    case T_STR:
        n = node(p, A_STR, NULL, NULL);
        n->str = awk_text(p->r, str_text(&p->text), p->text.n);
        next(p);
        return n;
    case '/':
        return regex_literal(p, false);
    case T_DIV_EQ:
        return regex_literal(p, true);
    case T_BUILTIN:
        return builtin_call(p);
    case T_GETLINE:
        n = getline_call(p);
        if (p->tok == '<') {
            next(p);
            n->v = '<';
            bool gt = p->no_gt;
            p->no_gt = true;
            n->b = primary(p);
            p->no_gt = gt;
        }
        return n;
    case '$':
        next(p);
        if (p->tok == T_INC || p->tok == T_DEC) {
            enum awk_op op = p->tok == T_INC ? A_PREINC : A_PREDEC;
            next(p);
            return node(p, A_FIELD, node(p, op, primary(p), NULL), NULL);
        }
        if (p->tok == '-' || p->tok == '+') {
            enum awk_op op = p->tok == '-' ? A_NEG : A_PLUS;
            next(p);
            return node(p, A_FIELD, node(p, op, primary(p), NULL), NULL);
        }
        return node(p, A_FIELD, primary(p), NULL);
    case T_FUNC_NAME:
        n = node(p, A_CALL, NULL, NULL);
        n->v = find_func(p, str_text(&p->text));
        next(p);
        next(p);
        n->a = arguments(p, &count);
        return n;
    case T_NAME:
        n = variable(p);
        next(p);
        if (p->tok == '[') {
            bool gt = p->no_gt, in = p->no_in;
            p->no_gt = p->no_in = false;
            struct awk_node *i = node(p, A_INDEX, n, NULL), **at = &i->b;
            do {
                next(p);
                *at = expr(p);
                at = &(*at)->next;
            } while (p->tok == ',');
            p->no_gt = gt;
            p->no_in = in;
            expect(p, ']');
            return i;
        }
        return n;
    case '(':
        next(p);
        n = node(p, A_LIST, NULL, NULL);
        n->a = arguments(p, &count);
        if (!count)
            syntax_error(p);
        if (count == 1) {
            n->a->next = NULL;
            return node(p, A_GROUP, n->a, NULL);
        }
        /* (a, b) in array; or print's list: see print_statement */
        n->v = count;
        return n;
    default:
        syntax_error(p);
    }
}

static struct awk_node *postfix(struct parser *p)
{
    struct awk_node *n = primary(p);
    if (lvalue(n) && (p->tok == T_INC || p->tok == T_DEC)) {
        n = node(p, p->tok == T_INC ? A_POSTINC : A_POSTDEC, n, NULL);
        next(p);
    }
    return n;
}

static struct awk_node *power(struct parser *p)
{
    if (p->tok == T_INC || p->tok == T_DEC) {
        enum awk_op op = p->tok == T_INC ? A_PREINC : A_PREDEC;
        next(p);
        struct awk_node *n = primary(p);
        if (!lvalue(n))
            syntax_error(p);
        return node(p, op, n, NULL);
    }
    struct awk_node *n = postfix(p);
    if (p->tok == '^') {
        next(p);
        n = node(p, A_POW, n,
                 p->tok == '-' || p->tok == '!' || p->tok == '+' ? unary(p) : power(p));
    }
    return n;
}

static struct awk_node *unary(struct parser *p)
{
    enum awk_op op = p->tok == '!' ? A_NOT : p->tok == '-' ? A_NEG : A_PLUS;
    if (p->tok != '!' && p->tok != '-' && p->tok != '+')
        return power(p);
    deeper(p);
    next(p);
    return node(p, op, unary(p), NULL);
}

static struct awk_node *product(struct parser *p)
{
    struct awk_node *n = unary(p);
    while (p->tok == '*' || p->tok == '/' || p->tok == '%') {
        enum awk_op op = p->tok == '*' ? A_MUL : p->tok == '/' ? A_DIV : A_MOD;
        next(p);
        n = node(p, op, n, unary(p));
    }
    return n;
}

static struct awk_node *sum(struct parser *p)
{
    struct awk_node *n = product(p);
    while (p->tok == '+' || p->tok == '-') {
        enum awk_op op = p->tok == '+' ? A_ADD : A_SUB;
        next(p);
        n = node(p, op, n, product(p));
    }
    return n;
}

static bool starts_operand(const struct parser *p)
{
    switch (p->tok) {
    case T_NUM:
    case T_STR:
    case T_NAME:
    case T_FUNC_NAME:
    case T_BUILTIN:
    case '$':
    case '!':
    case '(':
    case '-':
    case '+':
    case T_INC:
    case T_DEC:
        return true;
    default:
        return false;
    }
}

static struct awk_node *concat(struct parser *p)
{
    struct awk_node *n = sum(p);
    /* "!" cannot follow: "a !b" is read as a comparison by others */
    while (starts_operand(p) && p->tok != '!')
        n = node(p, A_CAT, n, sum(p));
    while (p->tok == '|') {
        /* only "| getline" belongs to an expression */
        const char *s = p->s + strspn(p->s, " \t");
        if (strncmp(s, "getline", 7) || name_char(s[7], false))
            break;
        next(p);
        struct awk_node *g = getline_call(p);
        g->v = '|';
        g->b = n;
        n = g;
    }
    return n;
}

static struct awk_node *comparison(struct parser *p)
{
    struct awk_node *n = concat(p);
    for (;;) {
        enum awk_op op;
        switch (p->tok) {
        case '<':
            op = A_LT;
            break;
        case T_LE:
            op = A_LE;
            break;
        case T_EQ:
            op = A_EQ;
            break;
        case T_NE:
            op = A_NE;
            break;
        case T_GE:
            op = A_GE;
            break;
        case '>':
            if (p->no_gt)
                return n;
            op = A_GT;
            break;
        default:
            return n;
        }
        next(p);
        n = node(p, op, n, concat(p));
    }
}

static struct awk_node *match(struct parser *p)
{
    struct awk_node *n = comparison(p);
    while (p->tok == '~' || (p->tok == '!' && *p->s == '~')) {
        bool no = p->tok == '!';
        if (no)
            next(p);
        next(p);
        n = node(p, no ? A_NOMATCH : A_MATCH, n, comparison(p));
    }
    return n;
}

static struct awk_node *membership(struct parser *p)
{
    struct awk_node *n = match(p);
    while (p->tok == T_IN && !p->no_in) {
        next(p);
        if (p->tok != T_NAME)
            syntax_error(p);
        n = node(p, A_IN, n, variable(p));
        next(p);
    }
    return n;
}

static struct awk_node *and_expr(struct parser *p)
{
    struct awk_node *n = membership(p);
    while (p->tok == T_AND) {
        next(p);
        skip_newlines(p);
        n = node(p, A_AND, n, membership(p));
    }
    return n;
}

static struct awk_node *or_expr(struct parser *p)
{
    struct awk_node *n = and_expr(p);
    while (p->tok == T_OR) {
        next(p);
        skip_newlines(p);
        n = node(p, A_OR, n, and_expr(p));
    }
    return n;
}

static struct awk_node *ternary(struct parser *p)
{
    struct awk_node *n = or_expr(p);
    if (p->tok != '?')
        return n;
    next(p);
    skip_newlines(p);
    n = node(p, A_COND, n, expr(p));
    skip_newlines(p);
    expect(p, ':');
    skip_newlines(p);
    n->c = expr(p);
    return n;
}

/* The left side of "=" may be buried as the last operand of what was read:
 * "1 + x = 3" assigns to x. Finds it. */
static struct awk_node **assignable(struct awk_node **at)
{
    while (*at && !lvalue(*at)) {
        switch ((*at)->op) {
        case A_CAT:
        case A_ADD:
        case A_SUB:
        case A_MUL:
        case A_DIV:
        case A_MOD:
        case A_POW:
        case A_LT:
        case A_LE:
        case A_EQ:
        case A_NE:
        case A_GT:
        case A_GE:
        case A_AND:
        case A_OR:
        case A_MATCH:
        case A_NOMATCH:
            at = &(*at)->b;
            break;
        case A_NOT:
        case A_NEG:
        case A_PLUS:
            at = &(*at)->a;
            break;
        case A_COND:
            at = &(*at)->c;
            break;
        default:
            return NULL;
        }
    }
    return *at ? at : NULL;
}

static struct awk_node *expr(struct parser *p)
{
    deeper(p);
    struct awk_node *n = ternary(p);
    int op = p->tok == '='        ? '='
             : p->tok == T_ADD_EQ ? '+'
             : p->tok == T_SUB_EQ ? '-'
             : p->tok == T_MUL_EQ ? '*'
             : p->tok == T_DIV_EQ ? '/'
             : p->tok == T_MOD_EQ ? '%'
             : p->tok == T_POW_EQ ? '^'
                                  : 0;
    if (!op)
        return n;
    struct awk_node **to = assignable(&n);
    if (!to)
        syntax_error(p);
    next(p);
    skip_newlines(p);
    struct awk_node *a = node(p, A_ASSIGN, *to, expr(p));
    a->v = op;
    *to = a;
    return n;
}

/* --- statements ---------------------------------------------------------------------------------
 */

static struct awk_node *statement(struct parser *p);

static struct awk_node *block(struct parser *p)
{
    struct awk_node *b = node(p, S_BLOCK, NULL, NULL), **at = &b->a;
    p->depth++;
    expect(p, '{');
    for (;;) {
        while (p->tok == T_NL || p->tok == ';')
            next(p);
        if (p->tok == '}')
            break;
        *at = statement(p);
        at = &(*at)->next;
    }
    p->depth--;
    next(p);
    return b;
}

/* A statement as the body of another: newlines before it are fine. */
static struct awk_node *body(struct parser *p)
{
    skip_newlines(p);
    if (p->tok == ';') {
        next(p);
        return node(p, S_BLOCK, NULL, NULL);
    }
    return statement(p);
}

static void end_simple(struct parser *p)
{
    if (p->tok == ';' || p->tok == T_NL)
        next(p);
    else if (p->tok != '}' && p->tok != T_EOF)
        syntax_error(p);
    else if (p->tok == T_EOF && p->depth)
        syntax_error(p);
}

static struct awk_node *print_statement(struct parser *p)
{
    struct awk_node *n = node(p, p->tok == T_PRINT ? S_PRINT : S_PRINTF, NULL, NULL), **at = &n->a;
    next(p);
    p->no_gt = true;
    while (p->tok != ';' && p->tok != T_NL && p->tok != '}' && p->tok != '>' && p->tok != '|' &&
           p->tok != T_APPEND && p->tok != T_EOF) {
        *at = expr(p);
        /* print (a, b): the list is the arguments, unless "in" follows */
        if ((*at)->op == A_LIST && at == &n->a && p->tok != ',') {
            *at = (*at)->a;
            break;
        }
        at = &(*at)->next;
        if (p->tok != ',')
            break;
        next(p);
        skip_newlines(p);
    }
    if (n->op == S_PRINTF && !n->a)
        syntax_error(p);
    if (p->tok == '>' || p->tok == T_APPEND || p->tok == '|') {
        n->v = p->tok == T_APPEND ? 'a' : p->tok;
        next(p);
        n->b = concat(p);
    }
    p->no_gt = false;
    return n;
}

static struct awk_node *if_statement(struct parser *p)
{
    next(p);
    expect(p, '(');
    struct awk_node *n = node(p, S_IF, expr(p), NULL);
    expect(p, ')');
    n->b = body(p);
    /* "; else" and newlines before else */
    const char *s = p->s, *start = p->start;
    int line = p->line, tok = p->tok;
    while (p->tok == T_NL || p->tok == ';')
        next(p);
    if (p->tok == T_ELSE) {
        next(p);
        n->c = body(p);
    } else {
        p->s = s;
        p->start = start;
        p->line = line;
        p->tok = tok;
    }
    return n;
}

static struct awk_node *for_statement(struct parser *p)
{
    next(p);
    expect(p, '(');
    struct awk_node *n = node(p, S_FOR, NULL, NULL);
    if (p->tok != ';') {
        p->no_in = true;
        struct awk_node *e = expr(p);
        p->no_in = false;
        if (p->tok == T_IN && lvalue(e)) {
            next(p);
            if (p->tok != T_NAME)
                syntax_error(p);
            n->op = S_FORIN;
            n->a = e;
            n->b = variable(p);
            next(p);
            expect(p, ')');
            p->loops++;
            n->d = body(p);
            p->loops--;
            return n;
        }
        n->a = node(p, S_EXPR, e, NULL);
    }
    expect(p, ';');
    skip_newlines(p);
    if (p->tok != ';')
        n->b = expr(p);
    expect(p, ';');
    skip_newlines(p);
    if (p->tok != ')')
        n->c = node(p, S_EXPR, expr(p), NULL);
    expect(p, ')');
    p->loops++;
    n->d = body(p);
    p->loops--;
    return n;
}

static struct awk_node *do_statement(struct parser *p)
{
    next(p);
    p->loops++;
    struct awk_node *n = node(p, S_DO, NULL, body(p));
    p->loops--;
    while (p->tok == T_NL || p->tok == ';')
        next(p);
    expect(p, T_WHILE);
    expect(p, '(');
    n->a = expr(p);
    expect(p, ')');
    end_simple(p);
    return n;
}

static struct awk_node *jump_statement(struct parser *p, enum awk_op op, bool value)
{
    struct awk_node *n = node(p, op, NULL, NULL);
    if ((op == S_BREAK || op == S_CONTINUE) && !p->loops) {
        cmd_warn(p->r, "line %d: %s statement outside of loop", p->line,
                 op == S_BREAK ? "break" : "continue");
        give_up(p);
    }
    next(p);
    if (value && p->tok != ';' && p->tok != T_NL && p->tok != '}' && p->tok != T_EOF)
        n->a = expr(p);
    end_simple(p);
    return n;
}

static struct awk_node *statement(struct parser *p)
{
    struct awk_node *n;
    deeper(p);
    switch (p->tok) {
    case '{':
        return block(p);
    case T_IF:
        return if_statement(p);
    case T_FOR:
        return for_statement(p);
    case T_DO:
        return do_statement(p);
    case T_WHILE:
        next(p);
        expect(p, '(');
        n = node(p, S_WHILE, expr(p), NULL);
        expect(p, ')');
        p->loops++;
        n->b = body(p);
        p->loops--;
        return n;
    case T_NEXT:
    case T_NEXTFILE:
        if (p->no_next) {
            cmd_warn(p->r, "line %d: improper use of next", p->line);
            give_up(p);
        }
        return jump_statement(p, p->tok == T_NEXT ? S_NEXT : S_NEXTFILE, false);
    case T_EXIT:
        return jump_statement(p, S_EXIT, true);
    case T_RETURN:
        if (!p->in_function) {
            cmd_warn(p->r, "line %d: return outside function body", p->line);
            give_up(p);
        }
        return jump_statement(p, S_RETURN, true);
    case T_BREAK:
        return jump_statement(p, S_BREAK, false);
    case T_CONTINUE:
        return jump_statement(p, S_CONTINUE, false);
    case T_DELETE:
        next(p);
        n = node(p, S_DELETE, primary(p), NULL);
        end_simple(p);
        return n;
    case T_PRINT:
    case T_PRINTF:
        n = print_statement(p);
        end_simple(p);
        return n;
    case ';':
        next(p);
        return node(p, S_BLOCK, NULL, NULL);
    default:
        n = node(p, S_EXPR, expr(p), NULL);
        end_simple(p);
        return n;
    }
}

/* --- the program
 * ------------------------------------------------------------------------------------ */

static struct awk_rule *add_rule(struct parser *p)
{
    struct awk_program *o = p->out;
    if (o->nrules == p->cap_rules) {
        int cap = p->cap_rules ? p->cap_rules * 2 : 8;
        struct awk_rule *v = vm_alloc(p->r->p, (size_t)cap * sizeof(*v));
        if (o->nrules)
            memcpy(v, o->rule, (size_t)o->nrules * sizeof(*v));
        o->rule = v;
        p->cap_rules = cap;
    }
    return &o->rule[o->nrules++];
}

static void function(struct parser *p)
{
    const char *params[64];
    next(p);
    if (p->tok != T_NAME && p->tok != T_FUNC_NAME)
        syntax_error(p);
    int f = find_func(p, str_text(&p->text));
    next(p);
    expect(p, '(');
    p->nparams = 0;
    while (p->tok == T_NAME) {
        if (p->nparams == 64)
            syntax_error(p);
        params[p->nparams++] = vm_strdup(p->r->p, str_text(&p->text));
        next(p);
        if (p->tok != ',')
            break;
        next(p);
        skip_newlines(p);
    }
    expect(p, ')');
    skip_newlines(p);
    p->param = params;
    p->in_function = true;
    struct awk_node *b = block(p);
    p->in_function = false;
    p->out->func[f].params = p->nparams;
    p->out->func[f].body = b;
}

static void rule(struct parser *p)
{
    struct awk_rule new = {.kind = RULE_PATTERN};
    if (p->tok == T_BEGIN || p->tok == T_END) {
        new.kind = p->tok == T_BEGIN ? RULE_BEGIN : RULE_END;
        next(p);
        if (p->tok != '{')
            syntax_error(p);
    } else if (p->tok != '{') {
        new.pattern = expr(p);
        if (p->tok == ',') {
            next(p);
            skip_newlines(p);
            new.last = expr(p);
        }
    }
    p->no_next = new.kind != RULE_PATTERN;
    if (p->tok == '{')
        new.action = block(p);
    p->no_next = false;
    *add_rule(p) = new;
}

bool awk_parse(struct cmd_run *r, const char *text, struct awk_program *out)
{
    struct parser *p = vm_alloc(r->p, sizeof(*p));
    p->r = r;
    p->s = text;
    p->line = 1;
    p->out = out;
    str_init(&p->text, r->arena);
    for (int i = 0; i < V_SPECIAL; i++)
        find_var(p, special_names[i]);
    if (setjmp(p->fail))
        return false;
    next(p);
    for (;;) {
        while (p->tok == T_NL || p->tok == ';')
            next(p);
        if (p->tok == T_EOF)
            break;
        if (p->tok == '}') {
            cmd_warn(r, "line %d: extra '}'", p->line);
            next(p);
            syntax_error(p);
        }
        if (p->tok == T_FUNCTION)
            function(p);
        else
            rule(p);
    }
    for (int i = 0; i < out->nfuncs; i++)
        if (!out->func[i].body) {
            cmd_warn(r, "line %d: function %s never defined", p->line, out->func[i].name);
            return false;
        }
    return true;
}
