/* parse_cond.c -- the grammar of [[ ]]: its own operators and its own errors.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/parse_priv.h"

#include <stdio.h>
#include <string.h>

static struct cond *cond_or(struct parser *p);

/* The token as bash's messages name it; NULL for a word. */
static const char *cond_token(struct parser *p, char *text, size_t n)
{
    if (p->tok == TOK_NEWLINE || p->tok == TOK_EOF)
        return "newline";
    if (p->tok == TOK_WORD && !parse_is_word(p, "]]"))
        return NULL;
    snprintf(text, n, "%.*s", (int)(p->tok_end - p->tok_at), p->src.s + p->tok_at);
    return text;
}

/* Leaves with one message, its "%s" the token ("" message: bash says nothing).
 * These errors leave $? alone and end the input: see run_parser. */
static void cond_fail(struct parser *p, const char *before, const char *after)
{
    char text[160];
    const char *token = cond_token(p, text, sizeof text);
    if (!token)
        token = p->word->text;
    snprintf(p->error, sizeof p->error, after ? "%s `%.160s'%s" : "%s", before, token,
             after ? after : "");
    p->error_line = p->tok == TOK_NEWLINE ? p->tok_line : p->line;
    if (strncmp(before, "syntax", 6) == 0) /* about the whole of it */
        p->error_line = p->cond_line;
    p->error_cond = p->tok != TOK_EOF && !(p->tok == TOK_NEWLINE && p->eof);
    longjmp(*p->on_error, 1);
}

static void cond_newlines(struct parser *p)
{
    for (;;) {
        lex_next(p);
        if (p->tok != TOK_NEWLINE)
            return;
        parse_use(p);
    }
}

static bool cond_binary(const struct parser *p)
{
    static const char *const ops[] = {"=",   "==",  "!=",  "=~",  "-eq", "-ne", "-lt",
                                      "-le", "-gt", "-ge", "-nt", "-ot", "-ef", NULL};
    if (p->tok != TOK_WORD)
        return false;
    for (int i = 0; ops[i]; i++)
        if (strcmp(p->word->text, ops[i]) == 0)
            return true;
    return false;
}

static bool cond_unary(const char *s)
{
    return s[0] == '-' && s[1] && !s[2] && strchr("abcdefghknoprstuvwxzGLNORS", s[1]);
}

static struct cond *new_cond(struct parser *p, enum cond_op op)
{
    struct cond *c = parse_alloc(p, sizeof *c);
    c->op = op;
    return c;
}

static struct cond *cond_operand(struct parser *p)
{
    struct word *first = p->word;
    parse_use(p);
    struct cond *c = new_cond(p, COND_WORD);
    c->a = first;
    lex_next(p);
    if (cond_unary(first->text) && !cond_binary(p) && p->tok == TOK_WORD &&
        !parse_is_word(p, "]]")) {
        c->op = COND_UNARY;
        c->name = first->text;
        c->a = p->word;
        parse_use(p);
        return c;
    }
    if (p->tok == TOK_REDIR && (p->redir_op == REDIR_IN || p->redir_op == REDIR_OUT)) {
        c->op = COND_BINARY;
        c->name = p->redir_op == REDIR_IN ? "<" : ">";
    } else if (cond_binary(p)) {
        c->op = COND_BINARY;
        c->name = p->word->text;
    } else if (p->tok == TOK_WORD && !parse_is_word(p, "]]")) {
        if (cond_unary(first->text))
            return c;
        cond_fail(p, "conditional binary operator expected", NULL);
    } else if (cond_unary(first->text)) {
        cond_fail(p, "unexpected argument", " to conditional unary operator");
    } else if (p->tok == TOK_WORD || p->tok == TOK_ANDAND || p->tok == TOK_OROR ||
               p->tok == TOK_RPAREN) {
        return c;
    } else {
        cond_fail(p, "unexpected token", ", conditional binary operator expected");
    }
    parse_use(p);
    p->regex = strcmp(c->name, "=~") == 0;
    lex_next(p);
    p->regex = false;
    if (p->tok != TOK_WORD && strcmp(c->name, "=~") == 0 && p->tok != TOK_NEWLINE &&
        p->tok != TOK_EOF) /* the regex reader stops there with an empty word */
        cond_fail(p, "syntax error in conditional expression: unexpected token", "");
    if (p->tok != TOK_WORD || parse_is_word(p, "]]"))
        cond_fail(p, "unexpected argument", " to conditional binary operator");
    c->b = p->word;
    parse_use(p);
    return c;
}

static struct cond *cond_term(struct parser *p)
{
    parse_enter(p);
    cond_newlines(p);
    struct cond *c;
    if (p->tok == TOK_LPAREN) {
        parse_use(p);
        c = new_cond(p, COND_GROUP);
        c->left = cond_or(p);
        cond_newlines(p);
        if (p->tok != TOK_RPAREN)
            cond_fail(p, "unexpected token", ", expected `)'");
        parse_use(p);
    } else if (parse_is_word(p, "!")) {
        parse_use(p);
        c = new_cond(p, COND_NOT);
        c->left = cond_term(p);
    } else if (p->tok == TOK_WORD && !parse_is_word(p, "]]")) {
        c = cond_operand(p);
    } else {
        if (parse_is_word(p, "]]"))
            cond_fail(p, "", NULL);
        else
            cond_fail(p, "unexpected token", " in conditional command");
        c = NULL;
    }
    p->depth--;
    return c;
}

static struct cond *cond_and(struct parser *p)
{
    struct cond *left = cond_term(p);
    for (;;) {
        cond_newlines(p);
        if (p->tok != TOK_ANDAND)
            return left;
        parse_use(p);
        struct cond *c = new_cond(p, COND_AND);
        c->left = left;
        c->right = cond_term(p);
        left = c;
    }
}

static struct cond *cond_or(struct parser *p)
{
    struct cond *left = cond_and(p);
    for (;;) {
        cond_newlines(p);
        if (p->tok != TOK_OROR)
            return left;
        parse_use(p);
        struct cond *c = new_cond(p, COND_OR);
        c->left = left;
        c->right = cond_and(p);
        left = c;
    }
}

struct node *parse_cond(struct parser *p)
{
    struct node *n = parse_node(p, NODE_COND);
    parse_use(p);
    p->in_cond = true;
    p->cond_line = n->line;
    n->expr = cond_or(p);
    if (!parse_is_word(p, "]]")) {
        if (p->tok == TOK_WORD)
            cond_fail(p, "syntax error in conditional expression", NULL);
        cond_fail(p, "syntax error in conditional expression: unexpected token", "");
    }
    p->in_cond = false;
    parse_use(p);
    return n;
}
