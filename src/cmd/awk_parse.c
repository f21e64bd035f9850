/* awk_parse.c -- from the text of an awk program to a tree.
 *
 * One token of look-ahead; whether "/" begins a regular expression is decided
 * by the parser, which asks for one where an operand may stand.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/awk_parse.h"

static const char *const special_names[] = {
    "NF",     "NR",      "FNR",  "FS",     "OFS",     "RS",   "ORS",  "FILENAME",
    "SUBSEP", "CONVFMT", "OFMT", "RSTART", "RLENGTH", "ARGC", "ARGV", "ENVIRON"};

/* --- statements ---------------------------------------------------------------------------------
 */

static struct awk_node *statement(struct awk_parser *p);

static struct awk_node *block(struct awk_parser *p)
{
    struct awk_node *b = awk_node_new(p, S_BLOCK, NULL, NULL), **at = &b->a;
    p->depth++;
    awk_expect(p, '{');
    for (;;) {
        while (p->tok == T_NL || p->tok == ';')
            awk_lex(p);
        if (p->tok == '}')
            break;
        *at = statement(p);
        at = &(*at)->next;
    }
    p->depth--;
    awk_lex(p);
    return b;
}

/* A statement as the body of another: newlines before it are fine. */
static struct awk_node *body(struct awk_parser *p)
{
    awk_skip_newlines(p);
    if (p->tok == ';') {
        awk_lex(p);
        return awk_node_new(p, S_BLOCK, NULL, NULL);
    }
    return statement(p);
}

static void end_simple(struct awk_parser *p)
{
    if (p->tok == ';' || p->tok == T_NL)
        awk_lex(p);
    else if (p->tok != '}' && p->tok != T_EOF)
        awk_syntax_error(p);
    else if (p->tok == T_EOF && p->depth)
        awk_syntax_error(p);
}

static struct awk_node *print_statement(struct awk_parser *p)
{
    struct awk_node *n = awk_node_new(p, p->tok == T_PRINT ? S_PRINT : S_PRINTF, NULL, NULL),
                    **at = &n->a;
    awk_lex(p);
    p->no_gt = true;
    while (p->tok != ';' && p->tok != T_NL && p->tok != '}' && p->tok != '>' && p->tok != '|' &&
           p->tok != T_APPEND && p->tok != T_EOF) {
        *at = awk_parse_expr(p);
        /* print (a, b): the list is the arguments, unless "in" follows */
        if ((*at)->op == A_LIST && at == &n->a && p->tok != ',') {
            *at = (*at)->a;
            break;
        }
        at = &(*at)->next;
        if (p->tok != ',')
            break;
        awk_lex(p);
        awk_skip_newlines(p);
    }
    if (n->op == S_PRINTF && !n->a)
        awk_syntax_error(p);
    if (p->tok == '>' || p->tok == T_APPEND || p->tok == '|') {
        n->v = p->tok == T_APPEND ? 'a' : p->tok;
        awk_lex(p);
        n->b = awk_parse_concat(p);
    }
    p->no_gt = false;
    return n;
}

static struct awk_node *if_statement(struct awk_parser *p)
{
    awk_lex(p);
    awk_expect(p, '(');
    struct awk_node *n = awk_node_new(p, S_IF, awk_parse_expr(p), NULL);
    awk_expect(p, ')');
    n->b = body(p);
    /* "; else" and newlines before else */
    const char *s = p->s, *start = p->start;
    int line = p->line, tok = p->tok;
    while (p->tok == T_NL || p->tok == ';')
        awk_lex(p);
    if (p->tok == T_ELSE) {
        awk_lex(p);
        n->c = body(p);
    } else {
        p->s = s;
        p->start = start;
        p->line = line;
        p->tok = tok;
    }
    return n;
}

static struct awk_node *for_statement(struct awk_parser *p)
{
    awk_lex(p);
    awk_expect(p, '(');
    struct awk_node *n = awk_node_new(p, S_FOR, NULL, NULL);
    if (p->tok != ';') {
        p->no_in = true;
        struct awk_node *e = awk_parse_expr(p);
        p->no_in = false;
        if (p->tok == T_IN && awk_lvalue(e)) {
            awk_lex(p);
            if (p->tok != T_NAME)
                awk_syntax_error(p);
            n->op = S_FORIN;
            n->a = e;
            n->b = awk_parse_variable(p);
            awk_lex(p);
            awk_expect(p, ')');
            p->loops++;
            n->d = body(p);
            p->loops--;
            return n;
        }
        n->a = awk_node_new(p, S_EXPR, e, NULL);
    }
    awk_expect(p, ';');
    awk_skip_newlines(p);
    if (p->tok != ';')
        n->b = awk_parse_expr(p);
    awk_expect(p, ';');
    awk_skip_newlines(p);
    if (p->tok != ')')
        n->c = awk_node_new(p, S_EXPR, awk_parse_expr(p), NULL);
    awk_expect(p, ')');
    p->loops++;
    n->d = body(p);
    p->loops--;
    return n;
}

static struct awk_node *do_statement(struct awk_parser *p)
{
    awk_lex(p);
    p->loops++;
    struct awk_node *n = awk_node_new(p, S_DO, NULL, body(p));
    p->loops--;
    while (p->tok == T_NL || p->tok == ';')
        awk_lex(p);
    awk_expect(p, T_WHILE);
    awk_expect(p, '(');
    n->a = awk_parse_expr(p);
    awk_expect(p, ')');
    end_simple(p);
    return n;
}

static struct awk_node *jump_statement(struct awk_parser *p, enum awk_op op, bool value)
{
    struct awk_node *n = awk_node_new(p, op, NULL, NULL);
    if ((op == S_BREAK || op == S_CONTINUE) && !p->loops) {
        cmd_warn(p->r, "line %d: %s statement outside of loop", p->line,
                 op == S_BREAK ? "break" : "continue");
        awk_give_up(p);
    }
    awk_lex(p);
    if (value && p->tok != ';' && p->tok != T_NL && p->tok != '}' && p->tok != T_EOF)
        n->a = awk_parse_expr(p);
    end_simple(p);
    return n;
}

static struct awk_node *statement(struct awk_parser *p)
{
    struct awk_node *n;
    awk_parse_deeper(p);
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
        awk_lex(p);
        awk_expect(p, '(');
        n = awk_node_new(p, S_WHILE, awk_parse_expr(p), NULL);
        awk_expect(p, ')');
        p->loops++;
        n->b = body(p);
        p->loops--;
        return n;
    case T_NEXT:
    case T_NEXTFILE:
        if (p->no_next) {
            cmd_warn(p->r, "line %d: improper use of next", p->line);
            awk_give_up(p);
        }
        return jump_statement(p, p->tok == T_NEXT ? S_NEXT : S_NEXTFILE, false);
    case T_EXIT:
        return jump_statement(p, S_EXIT, true);
    case T_RETURN:
        if (!p->in_function) {
            cmd_warn(p->r, "line %d: return outside function body", p->line);
            awk_give_up(p);
        }
        return jump_statement(p, S_RETURN, true);
    case T_BREAK:
        return jump_statement(p, S_BREAK, false);
    case T_CONTINUE:
        return jump_statement(p, S_CONTINUE, false);
    case T_DELETE:
        awk_lex(p);
        n = awk_node_new(p, S_DELETE, awk_parse_primary(p), NULL);
        end_simple(p);
        return n;
    case T_PRINT:
    case T_PRINTF:
        n = print_statement(p);
        end_simple(p);
        return n;
    case ';':
        awk_lex(p);
        return awk_node_new(p, S_BLOCK, NULL, NULL);
    default:
        n = awk_node_new(p, S_EXPR, awk_parse_expr(p), NULL);
        end_simple(p);
        return n;
    }
}

/* --- the program
 * ------------------------------------------------------------------------------------ */

static struct awk_rule *add_rule(struct awk_parser *p)
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

static void function(struct awk_parser *p)
{
    const char *params[64];
    awk_lex(p);
    if (p->tok != T_NAME && p->tok != T_FUNC_NAME)
        awk_syntax_error(p);
    int f = awk_find_func(p, str_text(&p->text));
    awk_lex(p);
    awk_expect(p, '(');
    p->nparams = 0;
    while (p->tok == T_NAME) {
        if (p->nparams == 64)
            awk_syntax_error(p);
        params[p->nparams++] = vm_strdup(p->r->p, str_text(&p->text));
        awk_lex(p);
        if (p->tok != ',')
            break;
        awk_lex(p);
        awk_skip_newlines(p);
    }
    awk_expect(p, ')');
    awk_skip_newlines(p);
    p->param = params;
    p->in_function = true;
    struct awk_node *b = block(p);
    p->in_function = false;
    p->out->func[f].params = p->nparams;
    p->out->func[f].body = b;
}

static void rule(struct awk_parser *p)
{
    struct awk_rule new = {.kind = RULE_PATTERN};
    if (p->tok == T_BEGIN || p->tok == T_END) {
        new.kind = p->tok == T_BEGIN ? RULE_BEGIN : RULE_END;
        awk_lex(p);
        if (p->tok != '{')
            awk_syntax_error(p);
    } else if (p->tok != '{') {
        new.pattern = awk_parse_expr(p);
        if (p->tok == ',') {
            awk_lex(p);
            awk_skip_newlines(p);
            new.last = awk_parse_expr(p);
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
    struct awk_parser *p = vm_alloc(r->p, sizeof(*p));
    p->r = r;
    p->s = text;
    p->line = 1;
    p->out = out;
    str_init(&p->text, r->arena);
    for (int i = 0; i < V_SPECIAL; i++)
        awk_find_var(p, special_names[i]);
    if (setjmp(p->fail))
        return false;
    awk_lex(p);
    for (;;) {
        while (p->tok == T_NL || p->tok == ';')
            awk_lex(p);
        if (p->tok == T_EOF)
            break;
        if (p->tok == '}') {
            cmd_warn(r, "line %d: extra '}'", p->line);
            awk_lex(p);
            awk_syntax_error(p);
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
