/* awk_parse_expr.c -- awk's names and expressions become a tree.
 *
 * Whether "/" begins a regular expression is decided here, where an operand may stand.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/awk_parse.h"

struct awk_node *awk_node_new(struct awk_parser *p, enum awk_op op, struct awk_node *a,
                              struct awk_node *b)
{
    struct awk_node *n = vm_alloc(p->r->p, sizeof(*n));
    n->op = op;
    n->a = a;
    n->b = b;
    return n;
}

/* --- names -------------------------------------------------------------------------------- */

int awk_find_var(struct awk_parser *p, const char *name)
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

int awk_find_func(struct awk_parser *p, const char *name)
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

struct awk_node *awk_parse_variable(struct awk_parser *p)
{
    const char *name = str_text(&p->text);
    for (int i = 0; p->in_function && i < p->nparams; i++)
        if (!strcmp(p->param[i], name)) {
            struct awk_node *n = awk_node_new(p, A_LOCAL, NULL, NULL);
            n->v = i;
            return n;
        }
    struct awk_node *n = awk_node_new(p, A_VAR, NULL, NULL);
    n->v = awk_find_var(p, name);
    return n;
}

/* --- expressions ---------------------------------------------------------------------------- */

static struct awk_node *ternary(struct awk_parser *p);
static struct awk_node *unary(struct awk_parser *p);

void awk_parse_deeper(struct awk_parser *p)
{
    if (vm_deep(p->r->p)) {
        cmd_warn(p->r, "line %d: program is nested too deeply", p->line);
        awk_give_up(p);
    }
}

static struct regex *compile(struct awk_parser *p, const char *s, size_t n)
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
        awk_give_up(p);
    }
    return re;
}

/* The current token is "/": the rest of a regular expression follows. */
static struct awk_node *regex_literal(struct awk_parser *p, bool with_equals)
{
    str_trunc(&p->text, 0);
    if (with_equals)
        str_putc(&p->text, '=');
    for (bool in_set = false; *p->s != '/' || in_set; p->s++) {
        if (!*p->s || *p->s == '\n') {
            cmd_warn(p->r, "%d: regular expression compile failed (missing '/')", p->line);
            awk_give_up(p);
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
    struct awk_node *n = awk_node_new(p, A_REGEX, NULL, NULL);
    n->re = compile(p, str_text(&p->text), p->text.n);
    awk_lex(p);
    return n;
}

/* Expressions separated by commas up to the closing ")". */
static struct awk_node *arguments(struct awk_parser *p, int *count)
{
    struct awk_node *first = NULL, **at = &first;
    bool gt = p->no_gt, in = p->no_in;
    p->no_gt = p->no_in = false;
    *count = 0;
    p->parens++;
    awk_skip_newlines(p);
    while (p->tok != ')') {
        *at = awk_parse_expr(p);
        at = &(*at)->next;
        ++*count;
        awk_skip_newlines(p);
        if (p->tok != ',')
            break;
        awk_lex(p);
        awk_skip_newlines(p);
    }
    p->parens--;
    p->no_gt = gt;
    p->no_in = in;
    awk_expect(p, ')');
    return first;
}

bool awk_lvalue(const struct awk_node *n)
{
    return n && (n->op == A_VAR || n->op == A_LOCAL || n->op == A_FIELD || n->op == A_INDEX);
}

static struct awk_node *builtin_call(struct awk_parser *p)
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
    struct awk_node *n = awk_node_new(p, A_BUILTIN, NULL, NULL);
    int count = 0;
    n->v = p->builtin;
    awk_lex(p);
    if (p->tok == '(') {
        awk_lex(p);
        n->a = arguments(p, &count);
    } else if (n->v != B_LENGTH) {
        awk_syntax_error(p);
    }
    if (count < args[n->v].min || count > args[n->v].max) {
        cmd_warn(p->r, "line %d: wrong number of arguments in call to %s", p->line,
                 awk_builtin_name(n->v));
        awk_give_up(p);
    }
    return n;
}

/* "getline", perhaps a variable, perhaps "< file". */
static struct awk_node *getline_call(struct awk_parser *p)
{
    struct awk_node *n = awk_node_new(p, A_GETLINE, NULL, NULL);
    awk_lex(p);
    if (p->tok == T_NAME || p->tok == '$') {
        bool gt = p->no_gt;
        p->no_gt = true;
        n->a = unary(p);
        p->no_gt = gt;
    }
    return n;
}

struct awk_node *awk_parse_primary(struct awk_parser *p)
{
    struct awk_node *n;
    int count;
    awk_parse_deeper(p);
    switch (p->tok) {
    case T_NUM:
        n = awk_node_new(p, A_NUM, NULL, NULL);
        n->str = (struct awk_val){.type = AV_NUM, .n = p->num};
        awk_lex(p);
        return n;
    case T_STR:
        n = awk_node_new(p, A_STR, NULL, NULL);
        n->str = awk_text(p->r, str_text(&p->text), p->text.n);
        awk_lex(p);
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
            awk_lex(p);
            n->v = '<';
            bool gt = p->no_gt;
            p->no_gt = true;
            n->b = awk_parse_primary(p);
            p->no_gt = gt;
        }
        return n;
    case '$':
        awk_lex(p);
        if (p->tok == T_INC || p->tok == T_DEC) {
            enum awk_op op = p->tok == T_INC ? A_PREINC : A_PREDEC;
            awk_lex(p);
            return awk_node_new(p, A_FIELD, awk_node_new(p, op, awk_parse_primary(p), NULL), NULL);
        }
        if (p->tok == '-' || p->tok == '+') {
            enum awk_op op = p->tok == '-' ? A_NEG : A_PLUS;
            awk_lex(p);
            return awk_node_new(p, A_FIELD, awk_node_new(p, op, awk_parse_primary(p), NULL), NULL);
        }
        return awk_node_new(p, A_FIELD, awk_parse_primary(p), NULL);
    case T_FUNC_NAME:
        n = awk_node_new(p, A_CALL, NULL, NULL);
        n->v = awk_find_func(p, str_text(&p->text));
        awk_lex(p);
        awk_lex(p);
        n->a = arguments(p, &count);
        return n;
    case T_NAME:
        n = awk_parse_variable(p);
        awk_lex(p);
        if (p->tok == '[') {
            bool gt = p->no_gt, in = p->no_in;
            p->no_gt = p->no_in = false;
            struct awk_node *i = awk_node_new(p, A_INDEX, n, NULL), **at = &i->b;
            do {
                awk_lex(p);
                *at = awk_parse_expr(p);
                at = &(*at)->next;
            } while (p->tok == ',');
            p->no_gt = gt;
            p->no_in = in;
            awk_expect(p, ']');
            return i;
        }
        return n;
    case '(':
        awk_lex(p);
        n = awk_node_new(p, A_LIST, NULL, NULL);
        n->a = arguments(p, &count);
        if (!count)
            awk_syntax_error(p);
        if (count == 1) {
            n->a->next = NULL;
            return awk_node_new(p, A_GROUP, n->a, NULL);
        }
        /* (a, b) in array; or print's list: see print_statement */
        n->v = count;
        return n;
    default:
        awk_syntax_error(p);
    }
}

static struct awk_node *postfix(struct awk_parser *p)
{
    struct awk_node *n = awk_parse_primary(p);
    if (awk_lvalue(n) && (p->tok == T_INC || p->tok == T_DEC)) {
        n = awk_node_new(p, p->tok == T_INC ? A_POSTINC : A_POSTDEC, n, NULL);
        awk_lex(p);
    }
    return n;
}

static struct awk_node *power(struct awk_parser *p)
{
    if (p->tok == T_INC || p->tok == T_DEC) {
        enum awk_op op = p->tok == T_INC ? A_PREINC : A_PREDEC;
        awk_lex(p);
        struct awk_node *n = awk_parse_primary(p);
        if (!awk_lvalue(n))
            awk_syntax_error(p);
        return awk_node_new(p, op, n, NULL);
    }
    struct awk_node *n = postfix(p);
    if (p->tok == '^') {
        awk_lex(p);
        n = awk_node_new(p, A_POW, n,
                         p->tok == '-' || p->tok == '!' || p->tok == '+' ? unary(p) : power(p));
    }
    return n;
}

static struct awk_node *unary(struct awk_parser *p)
{
    enum awk_op op = p->tok == '!' ? A_NOT : p->tok == '-' ? A_NEG : A_PLUS;
    if (p->tok != '!' && p->tok != '-' && p->tok != '+')
        return power(p);
    awk_parse_deeper(p);
    awk_lex(p);
    return awk_node_new(p, op, unary(p), NULL);
}

static struct awk_node *product(struct awk_parser *p)
{
    struct awk_node *n = unary(p);
    while (p->tok == '*' || p->tok == '/' || p->tok == '%') {
        enum awk_op op = p->tok == '*' ? A_MUL : p->tok == '/' ? A_DIV : A_MOD;
        awk_lex(p);
        n = awk_node_new(p, op, n, unary(p));
    }
    return n;
}

static struct awk_node *sum(struct awk_parser *p)
{
    struct awk_node *n = product(p);
    while (p->tok == '+' || p->tok == '-') {
        enum awk_op op = p->tok == '+' ? A_ADD : A_SUB;
        awk_lex(p);
        n = awk_node_new(p, op, n, product(p));
    }
    return n;
}

static bool starts_operand(const struct awk_parser *p)
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

struct awk_node *awk_parse_concat(struct awk_parser *p)
{
    struct awk_node *n = sum(p);
    /* "!" cannot follow: "a !b" is read as a comparison by others */
    while (starts_operand(p) && p->tok != '!')
        n = awk_node_new(p, A_CAT, n, sum(p));
    while (p->tok == '|') {
        /* only "| getline" belongs to an expression */
        const char *s = p->s + strspn(p->s, " \t");
        if (strncmp(s, "getline", 7) || awk_name_char(s[7], false))
            break;
        awk_lex(p);
        struct awk_node *g = getline_call(p);
        g->v = '|';
        g->b = n;
        n = g;
    }
    return n;
}

static struct awk_node *comparison(struct awk_parser *p)
{
    struct awk_node *n = awk_parse_concat(p);
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
        awk_lex(p);
        n = awk_node_new(p, op, n, awk_parse_concat(p));
    }
}

static struct awk_node *match(struct awk_parser *p)
{
    struct awk_node *n = comparison(p);
    while (p->tok == '~' || (p->tok == '!' && *p->s == '~')) {
        bool no = p->tok == '!';
        if (no)
            awk_lex(p);
        awk_lex(p);
        n = awk_node_new(p, no ? A_NOMATCH : A_MATCH, n, comparison(p));
    }
    return n;
}

static struct awk_node *membership(struct awk_parser *p)
{
    struct awk_node *n = match(p);
    while (p->tok == T_IN && !p->no_in) {
        awk_lex(p);
        if (p->tok != T_NAME)
            awk_syntax_error(p);
        n = awk_node_new(p, A_IN, n, awk_parse_variable(p));
        awk_lex(p);
    }
    return n;
}

static struct awk_node *and_expr(struct awk_parser *p)
{
    struct awk_node *n = membership(p);
    while (p->tok == T_AND) {
        awk_lex(p);
        awk_skip_newlines(p);
        n = awk_node_new(p, A_AND, n, membership(p));
    }
    return n;
}

static struct awk_node *or_expr(struct awk_parser *p)
{
    struct awk_node *n = and_expr(p);
    while (p->tok == T_OR) {
        awk_lex(p);
        awk_skip_newlines(p);
        n = awk_node_new(p, A_OR, n, and_expr(p));
    }
    return n;
}

static struct awk_node *ternary(struct awk_parser *p)
{
    struct awk_node *n = or_expr(p);
    if (p->tok != '?')
        return n;
    awk_lex(p);
    awk_skip_newlines(p);
    n = awk_node_new(p, A_COND, n, awk_parse_expr(p));
    awk_skip_newlines(p);
    awk_expect(p, ':');
    awk_skip_newlines(p);
    n->c = awk_parse_expr(p);
    return n;
}

/* The left side of "=" may be buried as the last operand of what was read:
 * "1 + x = 3" assigns to x. Finds it. */
static struct awk_node **assignable(struct awk_node **at)
{
    while (*at && !awk_lvalue(*at)) {
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

struct awk_node *awk_parse_expr(struct awk_parser *p)
{
    awk_parse_deeper(p);
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
        awk_syntax_error(p);
    awk_lex(p);
    awk_skip_newlines(p);
    struct awk_node *a = awk_node_new(p, A_ASSIGN, *to, awk_parse_expr(p));
    a->v = op;
    *to = a;
    return n;
}
