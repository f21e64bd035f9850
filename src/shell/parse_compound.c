/* parse_compound.c -- compound commands: if, for, case, groups, functions, coproc.
 *
 * Each function starts with its first word held and leaves the token behind its
 * construct unread or held, as in parse.c.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/parse_priv.h"

#include <stdio.h>
#include <string.h>

static struct node *parse_do_group(struct parser *p)
{
    parse_skip_newlines(p);
    if (parse_is_word(p, "{") && !p->host.dash) {
        parse_use(p);
        struct node *body = parse_compound_list(p);
        parse_expect(p, "}");
        return body;
    }
    parse_expect(p, "do");
    struct node *body = parse_compound_list(p);
    parse_expect(p, "done");
    return body;
}

static struct node *parse_if(struct parser *p)
{
    struct node *n = parse_node(p, NODE_IF);
    struct item **tail = &n->items;
    parse_use(p);
    for (;;) {
        struct item *i = parse_alloc(p, sizeof *i);
        *tail = i;
        tail = &i->next;
        i->cond = parse_compound_list(p);
        parse_expect(p, "then");
        i->node = parse_compound_list(p);
        if (parse_is_word(p, "elif")) {
            parse_use(p);
            continue;
        }
        if (parse_is_word(p, "else")) {
            parse_use(p);
            i = parse_alloc(p, sizeof *i);
            *tail = i;
            i->node = parse_compound_list(p);
        }
        parse_expect(p, "fi");
        return n;
    }
}

static struct node *parse_while(struct parser *p, enum node_kind kind)
{
    struct node *n = parse_node(p, kind);
    parse_use(p);
    n->cond = parse_compound_list(p);
    parse_expect(p, "do");
    n->body = parse_compound_list(p);
    parse_expect(p, "done");
    return n;
}

/* (( text )) with p at the second '(': NULL if it is not arithmetic. */
static struct word *try_arith(struct parser *p, const char **text)
{
    size_t pos = p->pos, line_start = p->line_start;
    int line = p->line;
    lex_get(p);
    size_t from = p->pos;
    struct word *w = word_arith(p, ')');
    if (lex_peek(p) == ')' && lex_at(p, 1) == ')') {
        size_t n = p->pos - from;
        char *t = parse_alloc(p, n + 1);
        memcpy(t, p->src.s + from, n);
        *text = t;
        lex_get(p), lex_get(p);
        parse_use(p);
        return w;
    }
    if (lex_peek(p) < 0)
        parse_fail_eof(p, ')', line);
    p->pos = pos;
    p->line = line;
    p->line_start = line_start;
    return NULL;
}

static struct node *parse_cfor(struct parser *p, struct node *n)
{
    n->kind = NODE_CFOR;
    lex_get(p);
    struct word **parts[3] = {&n->init, &n->test, &n->step};
    for (int i = 0; i < 3; i++) {
        *parts[i] = word_arith(p, i < 2 ? ';' : ')');
        if (lex_get(p) != (i < 2 ? ';' : ')'))
            parse_fail(p, "syntax error: arithmetic expression required");
    }
    if (lex_get(p) != ')')
        parse_fail_eof(p, ')', n->line);
    parse_use(p);
    parse_peek_command(p);
    if (p->tok == TOK_SEMI)
        parse_use(p);
    n->body = parse_do_group(p);
    return n;
}

static struct node *parse_for(struct parser *p, enum node_kind kind)
{
    struct node *n = parse_node(p, kind);
    parse_use(p);
    parse_peek(p);
    if (p->tok == TOK_LPAREN && lex_peek(p) == '(' && kind == NODE_FOR && !p->host.dash)
        return parse_cfor(p, n);
    if (p->tok != TOK_WORD)
        parse_unexpected(p);
    if (p->host.dash && !lex_is_name(p->word->text, strlen(p->word->text)))
        parse_fail(p, "Bad for loop variable");
    n->name = p->word->text;
    parse_use(p);
    parse_skip_newlines(p);
    if (parse_is_word(p, "in")) {
        parse_use(p);
        n->has_in = true;
        struct word **tail = &n->words;
        for (;;) {
            parse_peek(p);
            if (p->tok != TOK_WORD)
                break;
            *tail = p->word;
            tail = &p->word->next;
            parse_use(p);
        }
        if (p->tok != TOK_SEMI && p->tok != TOK_NEWLINE)
            parse_unexpected(p);
        parse_use(p);
    } else if (p->tok == TOK_SEMI) {
        parse_use(p);
    }
    n->body = parse_do_group(p);
    return n;
}

static struct clause *parse_clause(struct parser *p)
{
    struct clause *c = parse_alloc(p, sizeof *c);
    struct word **tail = &c->patterns;
    if (p->tok == TOK_LPAREN) {
        parse_use(p);
        parse_peek(p);
    }
    for (;;) {
        if (p->tok != TOK_WORD) {
            if (p->tok == TOK_EOF)
                snprintf(p->expecting, sizeof p->expecting, ")");
            parse_unexpected(p);
        }
        *tail = p->word;
        tail = &p->word->next;
        parse_use(p);
        parse_peek(p);
        if (p->tok != TOK_PIPE)
            break;
        parse_use(p);
        parse_peek(p);
    }
    if (p->tok != TOK_RPAREN) {
        snprintf(p->expecting, sizeof p->expecting, ")");
        parse_unexpected(p);
    }
    parse_use(p);
    parse_skip_newlines(p);
    if (p->tok != TOK_DSEMI && p->tok != TOK_SEMIAMP && p->tok != TOK_DSEMIAMP &&
        !parse_is_word(p, "esac"))
        c->body = parse_compound_list(p);
    c->end = p->tok == TOK_SEMIAMP ? '&' : p->tok == TOK_DSEMIAMP ? 't' : ';';
    return c;
}

static struct node *parse_case(struct parser *p)
{
    struct node *n = parse_node(p, NODE_CASE);
    struct clause **tail = &n->clauses;
    parse_use(p);
    parse_peek(p);
    if (p->tok != TOK_WORD)
        parse_unexpected(p);
    n->words = p->word;
    parse_use(p);
    for (;;) {
        parse_peek(p);
        if (p->tok != TOK_NEWLINE)
            break;
        parse_use(p);
    }
    parse_expect(p, "in");
    for (;;) {
        for (;;) {
            parse_peek(p);
            if (p->tok != TOK_NEWLINE)
                break;
            parse_use(p);
        }
        if (parse_is_word(p, "esac"))
            break;
        *tail = parse_clause(p);
        tail = &(*tail)->next;
        if (p->tok != TOK_DSEMI && p->tok != TOK_SEMIAMP && p->tok != TOK_DSEMIAMP)
            break;
        parse_use(p);
    }
    parse_expect(p, "esac");
    return n;
}

static struct node *parse_group(struct parser *p)
{
    struct node *n = parse_node(p, NODE_GROUP);
    parse_use(p);
    n->body = parse_compound_list(p);
    parse_expect(p, "}");
    return n;
}

static struct node *parse_subshell(struct parser *p)
{
    struct node *n = parse_node(p, NODE_SUBSHELL);
    if (!p->host.dash && lex_peek(p) == '(') {
        const char *text = NULL;
        struct word *w = try_arith(p, &text);
        if (w) {
            n->kind = NODE_ARITH;
            n->test = w;
            n->text = text;
            return n;
        }
    }
    parse_use(p);
    n->body = parse_compound_list(p);
    if (p->tok != TOK_RPAREN) {
        snprintf(p->expecting, sizeof p->expecting, ")");
        parse_unexpected(p);
    }
    parse_use(p);
    return n;
}

struct node *parse_function_body(struct parser *p, struct node *n)
{
    parse_skip_newlines(p);
    struct node *body = parse_compound(p);
    if (!body) {
        if (!p->host.dash)
            parse_unexpected(p);
        body = parse_andor(p); /* dash takes any command */
    }
    n->body = body;
    return n;
}

static struct node *parse_function(struct parser *p)
{
    struct node *n = parse_node(p, NODE_FUNC);
    n->keyword = true;
    parse_use(p);
    parse_peek(p);
    if (p->tok != TOK_WORD)
        parse_unexpected(p);
    n->name = p->word->text;
    parse_use(p);
    parse_peek_command(p);
    if (p->tok == TOK_LPAREN) {
        size_t at = p->pos;
        if (lex_peek(p) == ')') {
            lex_get(p);
            parse_use(p);
        } else {
            (void)at;
            /* function f (list): the parenthesis begins the body */
        }
    }
    return parse_function_body(p, n);
}

bool parse_literal_name(const struct word *w)
{
    for (const struct seg *s = w->segs; s; s = s->next)
        if (s->kind != SEG_LIT || s->quoted)
            return false;
    return w->segs != NULL;
}

static struct node *parse_coproc(struct parser *p)
{
    struct node *n = parse_node(p, NODE_COPROC);
    n->name = "COPROC";
    parse_use(p);
    parse_peek_command(p);
    n->body = parse_compound(p);
    if (n->body)
        return n;
    /* NAME compound-command, or a simple command */
    if (p->tok == TOK_WORD && lex_is_name(p->word->text, strlen(p->word->text))) {
        struct parser saved = *p;
        const char *name = p->word->text;
        parse_use(p);
        parse_peek_command(p);
        static const char *const starts[] = {"{",  "while", "until", "for",
                                             "if", "case",  "[[",    NULL};
        bool compound = p->tok == TOK_LPAREN;
        for (int i = 0; starts[i]; i++)
            compound |= parse_is_word(p, starts[i]);
        if (compound) {
            n->name = name;
            n->body = parse_compound(p);
            return n;
        }
        size_t pos = saved.pos;
        struct str src = p->src;
        *p = saved;
        p->src = src;
        p->pos = pos;
    }
    n->body = parse_andor(p);
    return n;
}

/* The compound command at the current token (held); NULL if there is none. */
struct node *parse_compound(struct parser *p)
{
    struct node *n = NULL;
    bool bash = !p->host.dash;
    parse_enter(p);
    if (p->tok == TOK_LPAREN)
        n = parse_subshell(p);
    else if (p->tok != TOK_WORD)
        n = NULL;
    else if (parse_is_word(p, "{"))
        n = parse_group(p);
    else if (parse_is_word(p, "if"))
        n = parse_if(p);
    else if (parse_is_word(p, "while"))
        n = parse_while(p, NODE_WHILE);
    else if (parse_is_word(p, "until"))
        n = parse_while(p, NODE_UNTIL);
    else if (parse_is_word(p, "for"))
        n = parse_for(p, NODE_FOR);
    else if (parse_is_word(p, "case"))
        n = parse_case(p);
    else if (bash && parse_is_word(p, "select"))
        n = parse_for(p, NODE_SELECT);
    else if (bash && parse_is_word(p, "[["))
        n = parse_cond(p);
    else if (bash && parse_is_word(p, "function"))
        n = parse_function(p);
    else if (bash && parse_is_word(p, "coproc"))
        n = parse_coproc(p);
    p->depth--;
    if (n && n->kind != NODE_FUNC && n->kind != NODE_COPROC) {
        n->end_line = p->line;
        parse_redirs(p, n);
    }
    return n;
}
