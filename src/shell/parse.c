/* parse.c -- the grammar: recursive descent over the tokens of lex.c.
 *
 * Each function starts with its first token unread or held and leaves the
 * token behind its construct unread or held. Errors leave by longjmp to
 * parse_command, so no function here checks its callees.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/parse.h"

#include <stdio.h>
#include <string.h>

static struct node *parse_andor(struct parser *p);
static struct node *parse_compound_list(struct parser *p);

/* --- tokens ------------------------------------------------------------------- */

static void peek(struct parser *p)
{
    p->want_alias = p->want_assign = false;
    lex_next(p);
}

/* In command position: aliases and assignments are possible. */
static void peek_command(struct parser *p)
{
    p->want_alias = p->want_assign = true;
    lex_next(p);
    p->want_alias = p->want_assign = false;
}

static void use(struct parser *p)
{
    p->have = false;
}

static void skip_newlines(struct parser *p)
{
    p->want_alias = p->want_assign = true;
    lex_skip_newlines(p);
    p->want_alias = p->want_assign = false;
}

static bool is_word(const struct parser *p, const char *s)
{
    return p->tok == TOK_WORD && strcmp(p->word->text, s) == 0;
}

static const char *const reserved[] = {"!",        "{",      "}",     "case",   "do",  "done",
                                       "elif",     "else",   "esac",  "fi",     "for", "if",
                                       "in",       "then",   "until", "while",  "[[",  "]]",
                                       "function", "select", "time",  "coproc", NULL};

static bool is_reserved(const struct parser *p, const char *s)
{
    for (int i = 0; reserved[i]; i++)
        if (strcmp(reserved[i], s) == 0)
            return !(p->host.dash && i >= 16);
    return false;
}

static void dash_unexpected(struct parser *p)
{
    char what[200];
    if (p->tok == TOK_EOF)
        snprintf(what, sizeof what, "end of file");
    else if (p->tok == TOK_NEWLINE)
        snprintf(what, sizeof what, "newline");
    else if (p->tok == TOK_REDIR)
        snprintf(what, sizeof what, "redirection");
    else if (p->tok == TOK_WORD && !is_reserved(p, p->word->text))
        snprintf(what, sizeof what, "word");
    else
        snprintf(what, sizeof what, "\"%.*s\"", (int)(p->tok_end - p->tok_at),
                 p->src.s + p->tok_at);
    if (p->expecting[0])
        snprintf(p->error, sizeof p->error, "%s unexpected (expecting \"%s\")", what, p->expecting);
    else
        snprintf(p->error, sizeof p->error, "%s unexpected", what);
    p->error_line = p->tok == TOK_NEWLINE ? p->tok_line + 1 : p->line;
}

/* The line the error is on, for bash's second line. */
static void keep_line(struct parser *p)
{
    size_t at = p->tok_at < p->src.n ? p->tok_at : p->src.n, from = at, to = at;
    if (p->tok == TOK_NEWLINE && p->line_start > 0 && p->host.more == NULL)
        from = to = p->tok_at;
    while (from > 0 && p->src.s[from - 1] != '\n')
        from--;
    while (to < p->src.n && p->src.s[to] != '\n')
        to++;
    char *t = arena_zalloc(p->a, to - from + 1);
    if (t)
        memcpy(t, p->src.s + from, to - from);
    p->error_text = t;
}

void parse_unexpected(struct parser *p)
{
    p->error_eof = p->tok == TOK_EOF;
    p->error_line = p->line;
    if (p->host.dash) {
        dash_unexpected(p);
        longjmp(*p->on_error, 1);
    }
    if (p->tok == TOK_EOF) {
        if (p->nested) {
            int line = p->line;
            parse_fail_eof(p, ')', line);
        }
        snprintf(p->error, sizeof p->error, "syntax error: unexpected end of file");
        longjmp(*p->on_error, 1);
    }
    if (p->tok == TOK_NEWLINE) {
        snprintf(p->error, sizeof p->error, "syntax error near unexpected token `newline'");
        p->error_line = p->tok_line;
    } else {
        size_t at = p->tok_at, n = p->tok_end - p->tok_at;
        if (p->tok == TOK_REDIR) /* the operator without its number */
            while (n && p->src.s[at] >= '0' && p->src.s[at] <= '9')
                at++, n--;
        snprintf(p->error, sizeof p->error, "syntax error near unexpected token `%.*s'", (int)n,
                 p->src.s + at);
    }
    p->error_show = true;
    keep_line(p);
    longjmp(*p->on_error, 1);
}

static void expect_word(struct parser *p, const char *s)
{
    snprintf(p->expecting, sizeof p->expecting, "%s", s);
    if (!is_word(p, s))
        parse_unexpected(p);
    p->expecting[0] = 0;
    use(p);
}

static struct node *new_node(struct parser *p, enum node_kind kind)
{
    struct node *n = parse_alloc(p, sizeof *n);
    n->kind = kind;
    n->line = p->tok_line;
    return n;
}

static void enter(struct parser *p)
{
    if (++p->depth > 2000 || (p->host.deep && p->host.deep(p->host.ctx)))
        parse_fail(p, "memory exhausted");
}

/* --- redirections ---------------------------------------------------------------- */

/* The word as a here-document's delimiter: quotes removed, nothing expanded. */
static const char *delimiter(struct parser *p, const struct word *w)
{
    struct str s;
    str_init(&s, p->a);
    for (const struct seg *g = w->segs; g; g = g->next) {
        if (g->kind == SEG_LIT)
            str_add(&s, g->text, g->n);
        else if (g->kind == SEG_PARAM)
            str_puts(&s, g->param->text);
        else
            return w->text;
    }
    str_add(&s, "", 1);
    return str_text(&s);
}

static struct redir *parse_redir(struct parser *p)
{
    struct redir *r = parse_alloc(p, sizeof *r);
    r->op = p->redir_op;
    r->fd = p->redir_fd;
    r->var = p->redir_var;
    r->line = p->tok_line;
    use(p);
    peek(p);
    if (p->tok != TOK_WORD)
        parse_unexpected(p);
    r->target = p->word;
    use(p);
    if (r->op == REDIR_HERE || r->op == REDIR_HERE_TABS) {
        r->quoted = r->target->flags & WORD_QUOTED;
        r->delim = delimiter(p, r->target);
        struct redir **tail = &p->heres;
        while (*tail)
            tail = &(*tail)->here_next;
        *tail = r;
    }
    return r;
}

static void parse_redirs(struct parser *p, struct node *n)
{
    struct redir **tail = &n->redirs;
    while (*tail)
        tail = &(*tail)->next;
    for (;;) {
        peek(p);
        if (p->tok != TOK_REDIR)
            return;
        *tail = parse_redir(p);
        tail = &(*tail)->next;
    }
}

/* --- [[ ]] ------------------------------------------------------------------------- */

static struct cond *cond_or(struct parser *p);

static void cond_fail(struct parser *p, const char *what)
{
    if (p->tok == TOK_EOF)
        parse_unexpected(p);
    char text[160];
    if (p->tok == TOK_NEWLINE)
        snprintf(text, sizeof text, "newline");
    else
        snprintf(text, sizeof text, "%.*s", (int)(p->tok_end - p->tok_at), p->src.s + p->tok_at);
    if (what)
        snprintf(p->error, sizeof p->error, "%s\nsyntax error near `%s'", what, text);
    else
        snprintf(
            p->error, sizeof p->error,
            "syntax error in conditional expression: unexpected token `%s'\nsyntax error near `%s'",
            text, text);
    p->error_line = p->line;
    p->error_show = p->error_cond = true;
    keep_line(p);
    longjmp(*p->on_error, 1);
}

static void cond_newlines(struct parser *p)
{
    for (;;) {
        lex_next(p);
        if (p->tok != TOK_NEWLINE)
            return;
        use(p);
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
    use(p);
    struct cond *c = new_cond(p, COND_WORD);
    c->a = first;
    lex_next(p);
    if (cond_unary(first->text) && !cond_binary(p) && p->tok == TOK_WORD && !is_word(p, "]]")) {
        c->op = COND_UNARY;
        c->name = first->text;
        c->a = p->word;
        use(p);
        return c;
    }
    if (p->tok == TOK_REDIR && (p->redir_op == REDIR_IN || p->redir_op == REDIR_OUT)) {
        c->op = COND_BINARY;
        c->name = p->redir_op == REDIR_IN ? "<" : ">";
    } else if (cond_binary(p)) {
        c->op = COND_BINARY;
        c->name = p->word->text;
    } else if (p->tok == TOK_WORD && !is_word(p, "]]")) {
        if (cond_unary(first->text))
            return c;
        cond_fail(p, "conditional binary operator expected");
    } else {
        return c;
    }
    use(p);
    p->regex = strcmp(c->name, "=~") == 0;
    lex_next(p);
    p->regex = false;
    if (p->tok != TOK_WORD || is_word(p, "]]")) {
        if (p->tok == TOK_EOF)
            parse_unexpected(p);
        char what[100];
        snprintf(what, sizeof what, "unexpected argument `%.*s' to conditional binary operator",
                 (int)(p->tok == TOK_NEWLINE ? 7 : p->tok_end - p->tok_at),
                 p->tok == TOK_NEWLINE ? "newline" : p->src.s + p->tok_at);
        cond_fail(p, what);
    }
    c->b = p->word;
    use(p);
    return c;
}

static struct cond *cond_term(struct parser *p)
{
    enter(p);
    cond_newlines(p);
    struct cond *c;
    if (p->tok == TOK_LPAREN) {
        use(p);
        c = new_cond(p, COND_GROUP);
        c->left = cond_or(p);
        cond_newlines(p);
        if (p->tok != TOK_RPAREN)
            cond_fail(p, "expected `)'");
        use(p);
    } else if (is_word(p, "!")) {
        use(p);
        c = new_cond(p, COND_NOT);
        c->left = cond_term(p);
    } else if (p->tok == TOK_WORD && !is_word(p, "]]")) {
        c = cond_operand(p);
    } else {
        cond_fail(p, NULL);
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
        use(p);
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
        use(p);
        struct cond *c = new_cond(p, COND_OR);
        c->left = left;
        c->right = cond_and(p);
        left = c;
    }
}

static struct node *parse_cond(struct parser *p)
{
    struct node *n = new_node(p, NODE_COND);
    use(p);
    p->in_cond = true;
    n->expr = cond_or(p);
    if (!is_word(p, "]]"))
        cond_fail(p, NULL);
    p->in_cond = false;
    use(p);
    return n;
}

/* --- compound commands ----------------------------------------------------------------- */

static struct node *parse_do_group(struct parser *p)
{
    skip_newlines(p);
    if (is_word(p, "{") && !p->host.dash) {
        use(p);
        struct node *body = parse_compound_list(p);
        expect_word(p, "}");
        return body;
    }
    expect_word(p, "do");
    struct node *body = parse_compound_list(p);
    expect_word(p, "done");
    return body;
}

static struct node *parse_if(struct parser *p)
{
    struct node *n = new_node(p, NODE_IF);
    struct item **tail = &n->items;
    use(p);
    for (;;) {
        struct item *i = parse_alloc(p, sizeof *i);
        *tail = i;
        tail = &i->next;
        i->cond = parse_compound_list(p);
        expect_word(p, "then");
        i->node = parse_compound_list(p);
        if (is_word(p, "elif")) {
            use(p);
            continue;
        }
        if (is_word(p, "else")) {
            use(p);
            i = parse_alloc(p, sizeof *i);
            *tail = i;
            i->node = parse_compound_list(p);
        }
        expect_word(p, "fi");
        return n;
    }
}

static struct node *parse_while(struct parser *p, enum node_kind kind)
{
    struct node *n = new_node(p, kind);
    use(p);
    n->cond = parse_compound_list(p);
    expect_word(p, "do");
    n->body = parse_compound_list(p);
    expect_word(p, "done");
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
        use(p);
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
    use(p);
    peek_command(p);
    if (p->tok == TOK_SEMI)
        use(p);
    n->body = parse_do_group(p);
    return n;
}

static struct node *parse_for(struct parser *p, enum node_kind kind)
{
    struct node *n = new_node(p, kind);
    use(p);
    peek(p);
    if (p->tok == TOK_LPAREN && lex_peek(p) == '(' && kind == NODE_FOR && !p->host.dash)
        return parse_cfor(p, n);
    if (p->tok != TOK_WORD)
        parse_unexpected(p);
    if (p->host.dash && !lex_is_name(p->word->text, strlen(p->word->text)))
        parse_fail(p, "Bad for loop variable");
    n->name = p->word->text;
    use(p);
    skip_newlines(p);
    if (is_word(p, "in")) {
        use(p);
        n->has_in = true;
        struct word **tail = &n->words;
        for (;;) {
            peek(p);
            if (p->tok != TOK_WORD)
                break;
            *tail = p->word;
            tail = &p->word->next;
            use(p);
        }
        if (p->tok != TOK_SEMI && p->tok != TOK_NEWLINE)
            parse_unexpected(p);
        use(p);
    } else if (p->tok == TOK_SEMI) {
        use(p);
    }
    n->body = parse_do_group(p);
    return n;
}

static struct clause *parse_clause(struct parser *p)
{
    struct clause *c = parse_alloc(p, sizeof *c);
    struct word **tail = &c->patterns;
    if (p->tok == TOK_LPAREN) {
        use(p);
        peek(p);
    }
    for (;;) {
        if (p->tok != TOK_WORD)
            parse_unexpected(p);
        *tail = p->word;
        tail = &p->word->next;
        use(p);
        peek(p);
        if (p->tok != TOK_PIPE)
            break;
        use(p);
        peek(p);
    }
    if (p->tok != TOK_RPAREN) {
        snprintf(p->expecting, sizeof p->expecting, ")");
        parse_unexpected(p);
    }
    use(p);
    skip_newlines(p);
    if (p->tok != TOK_DSEMI && p->tok != TOK_SEMIAMP && p->tok != TOK_DSEMIAMP &&
        !is_word(p, "esac"))
        c->body = parse_compound_list(p);
    c->end = p->tok == TOK_SEMIAMP ? '&' : p->tok == TOK_DSEMIAMP ? 't' : ';';
    return c;
}

static struct node *parse_case(struct parser *p)
{
    struct node *n = new_node(p, NODE_CASE);
    struct clause **tail = &n->clauses;
    use(p);
    peek(p);
    if (p->tok != TOK_WORD)
        parse_unexpected(p);
    n->words = p->word;
    use(p);
    for (;;) {
        peek(p);
        if (p->tok != TOK_NEWLINE)
            break;
        use(p);
    }
    expect_word(p, "in");
    for (;;) {
        for (;;) {
            peek(p);
            if (p->tok != TOK_NEWLINE)
                break;
            use(p);
        }
        if (is_word(p, "esac"))
            break;
        *tail = parse_clause(p);
        tail = &(*tail)->next;
        if (p->tok != TOK_DSEMI && p->tok != TOK_SEMIAMP && p->tok != TOK_DSEMIAMP)
            break;
        use(p);
    }
    expect_word(p, "esac");
    return n;
}

static struct node *parse_group(struct parser *p)
{
    struct node *n = new_node(p, NODE_GROUP);
    use(p);
    n->body = parse_compound_list(p);
    expect_word(p, "}");
    return n;
}

static struct node *parse_subshell(struct parser *p)
{
    struct node *n = new_node(p, NODE_SUBSHELL);
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
    use(p);
    n->body = parse_compound_list(p);
    if (p->tok != TOK_RPAREN) {
        snprintf(p->expecting, sizeof p->expecting, ")");
        parse_unexpected(p);
    }
    use(p);
    return n;
}

static struct node *parse_compound(struct parser *p);

static struct node *function_body(struct parser *p, struct node *n)
{
    skip_newlines(p);
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
    struct node *n = new_node(p, NODE_FUNC);
    n->keyword = true;
    use(p);
    peek(p);
    if (p->tok != TOK_WORD)
        parse_unexpected(p);
    n->name = p->word->text;
    use(p);
    peek_command(p);
    if (p->tok == TOK_LPAREN) {
        size_t at = p->pos;
        if (lex_peek(p) == ')') {
            lex_get(p);
            use(p);
        } else {
            (void)at;
            /* function f (list): the parenthesis begins the body */
        }
    }
    return function_body(p, n);
}

static bool literal_name(const struct word *w)
{
    for (const struct seg *s = w->segs; s; s = s->next)
        if (s->kind != SEG_LIT || s->quoted)
            return false;
    return w->segs != NULL;
}

static struct node *parse_coproc(struct parser *p)
{
    struct node *n = new_node(p, NODE_COPROC);
    n->name = "COPROC";
    use(p);
    peek_command(p);
    n->body = parse_compound(p);
    if (n->body)
        return n;
    /* NAME compound-command, or a simple command */
    if (p->tok == TOK_WORD && lex_is_name(p->word->text, strlen(p->word->text))) {
        struct parser saved = *p;
        const char *name = p->word->text;
        use(p);
        peek_command(p);
        static const char *const starts[] = {"{",  "while", "until", "for",
                                             "if", "case",  "[[",    NULL};
        bool compound = p->tok == TOK_LPAREN;
        for (int i = 0; starts[i]; i++)
            compound |= is_word(p, starts[i]);
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
static struct node *parse_compound(struct parser *p)
{
    struct node *n = NULL;
    bool bash = !p->host.dash;
    enter(p);
    if (p->tok == TOK_LPAREN)
        n = parse_subshell(p);
    else if (p->tok != TOK_WORD)
        n = NULL;
    else if (is_word(p, "{"))
        n = parse_group(p);
    else if (is_word(p, "if"))
        n = parse_if(p);
    else if (is_word(p, "while"))
        n = parse_while(p, NODE_WHILE);
    else if (is_word(p, "until"))
        n = parse_while(p, NODE_UNTIL);
    else if (is_word(p, "for"))
        n = parse_for(p, NODE_FOR);
    else if (is_word(p, "case"))
        n = parse_case(p);
    else if (bash && is_word(p, "select"))
        n = parse_for(p, NODE_SELECT);
    else if (bash && is_word(p, "[["))
        n = parse_cond(p);
    else if (bash && is_word(p, "function"))
        n = parse_function(p);
    else if (bash && is_word(p, "coproc"))
        n = parse_coproc(p);
    p->depth--;
    if (n && n->kind != NODE_FUNC && n->kind != NODE_COPROC) {
        n->end_line = p->line;
        parse_redirs(p, n);
    }
    return n;
}

/* --- simple commands, pipelines, lists ------------------------------------------------------ */

static bool assignment_builtin(const char *s)
{
    static const char *const names[] = {"declare", "typeset", "local", "export", "readonly",
                                        "alias",   "let",     "eval",  NULL};
    for (int i = 0; names[i]; i++)
        if (strcmp(s, names[i]) == 0)
            return true;
    return false;
}

static struct node *parse_simple(struct parser *p)
{
    struct node *n = new_node(p, NODE_SIMPLE);
    struct redir **redir = &n->redirs;
    struct assign **assign = &n->assigns;
    struct word **word = &n->words;
    bool declares = false;
    for (;;) {
        p->want_alias = !n->words;
        p->want_assign = !n->words || (declares && !p->host.dash);
        lex_next(p);
        p->want_alias = p->want_assign = false;
        if (p->tok == TOK_REDIR) {
            *redir = parse_redir(p);
            redir = &(*redir)->next;
        } else if (p->tok == TOK_WORD) {
            if (!n->words && p->word->assign && p->word->assign->name[0]) {
                *assign = p->word->assign;
                assign = &(*assign)->next;
            } else {
                if (!n->words || (!declares && (strcmp(n->words->text, "command") == 0 ||
                                                strcmp(n->words->text, "builtin") == 0)))
                    declares = assignment_builtin(p->word->text);
                *word = p->word;
                word = &p->word->next;
            }
            use(p);
        } else if (p->tok == TOK_LPAREN && n->words && !n->words->next && !n->assigns &&
                   !n->redirs) {
            if (p->host.dash && !literal_name(n->words))
                parse_unexpected(p);
            use(p);
            peek(p);
            if (p->tok != TOK_RPAREN) {
                snprintf(p->expecting, sizeof p->expecting, ")");
                parse_unexpected(p);
            }
            use(p);
            if (p->host.dash && !lex_is_name(n->words->text, strlen(n->words->text)))
                parse_fail(p, "Bad function name");
            n->kind = NODE_FUNC;
            n->name = n->words->text;
            n->words = NULL;
            return function_body(p, n);
        } else {
            break;
        }
    }
    if (!n->words && !n->assigns && !n->redirs)
        parse_unexpected(p);
    return n;
}

static bool ends_list(const struct parser *p)
{
    static const char *const closers[] = {"then", "do",   "done", "fi", "elif",
                                          "else", "esac", "}",    NULL};
    if (p->tok == TOK_EOF || p->tok == TOK_RPAREN || p->tok == TOK_DSEMI || p->tok == TOK_SEMIAMP ||
        p->tok == TOK_DSEMIAMP)
        return true;
    if (p->tok != TOK_WORD)
        return false;
    for (int i = 0; closers[i]; i++)
        if (strcmp(p->word->text, closers[i]) == 0)
            return true;
    return false;
}

static struct node *parse_one(struct parser *p)
{
    peek_command(p);
    if (p->tok == TOK_WORD && (ends_list(p) || (is_word(p, "in") && p->host.dash && false)))
        parse_unexpected(p);
    struct node *n = parse_compound(p);
    return n ? n : parse_simple(p);
}

static struct node *parse_pipeline(struct parser *p)
{
    bool bang = false, timed = false, posix = false, prefix = false;
    for (;;) {
        peek_command(p);
        if (is_word(p, "!")) {
            bang = !bang;
        } else if (is_word(p, "time") && !p->host.dash) {
            timed = true;
            use(p);
            peek_command(p);
            if (is_word(p, "-p")) {
                posix = true;
                use(p);
                peek_command(p);
            }
            if (is_word(p, "--"))
                use(p);
            prefix = true;
            continue;
        } else {
            break;
        }
        prefix = true;
        use(p);
    }
    struct node *pipe = new_node(p, NODE_PIPE);
    pipe->bang = bang;
    pipe->timed = timed;
    pipe->time_posix = posix;
    if (prefix && (p->tok == TOK_NEWLINE || p->tok == TOK_SEMI || p->tok == TOK_EOF) &&
        !p->host.dash)
        return pipe;
    struct item **tail = &pipe->items;
    for (;;) {
        struct item *i = parse_alloc(p, sizeof *i);
        i->node = parse_one(p);
        *tail = i;
        tail = &i->next;
        peek(p);
        if (p->tok != TOK_PIPE && p->tok != TOK_PIPEAMP)
            break;
        i->op = p->tok == TOK_PIPEAMP ? '&' : 0;
        use(p);
        skip_newlines(p);
    }
    if (!prefix && !pipe->items->next)
        return pipe->items->node;
    return pipe;
}

static struct node *parse_andor(struct parser *p)
{
    enter(p);
    struct node *first = parse_pipeline(p), *list = NULL;
    struct item **tail = NULL;
    for (;;) {
        peek(p);
        if (p->tok != TOK_ANDAND && p->tok != TOK_OROR)
            break;
        if (!list) {
            list = new_node(p, NODE_ANDOR);
            list->line = first->line;
            list->items = parse_alloc(p, sizeof *list->items);
            list->items->node = first;
            tail = &list->items->next;
        }
        struct item *i = parse_alloc(p, sizeof *i);
        i->op = p->tok == TOK_ANDAND ? '&' : '|';
        use(p);
        skip_newlines(p);
        i->node = parse_pipeline(p);
        *tail = i;
        tail = &i->next;
    }
    p->depth--;
    return list ? list : first;
}

static struct node *finish_list(struct parser *p, struct item *items)
{
    if (!items->next && items->op != '&')
        return items->node;
    struct node *n = new_node(p, NODE_LIST);
    n->line = items->node->line;
    n->items = items;
    return n;
}

/* One or more commands up to a closing word or token, which stays held. */
static struct node *parse_compound_list(struct parser *p)
{
    struct item *items = NULL, **tail = &items;
    enter(p);
    skip_newlines(p);
    for (;;) {
        if (items && ends_list(p))
            break;
        struct item *i = parse_alloc(p, sizeof *i);
        i->node = parse_andor(p);
        *tail = i;
        tail = &i->next;
        peek(p);
        if (p->tok == TOK_SEMI || p->tok == TOK_AMP || p->tok == TOK_NEWLINE) {
            i->op = p->tok == TOK_SEMI ? ';' : p->tok == TOK_AMP ? '&' : '\n';
            use(p);
            skip_newlines(p);
        } else if (ends_list(p)) {
            break;
        } else {
            parse_unexpected(p);
        }
    }
    p->depth--;
    return finish_list(p, items);
}

struct node *parse_list_until(struct parser *p, enum token close)
{
    skip_newlines(p);
    struct node *n = NULL;
    if (p->tok != close)
        n = parse_compound_list(p);
    if (p->tok != close)
        parse_unexpected(p);
    use(p);
    return n;
}

/* --- entry ------------------------------------------------------------------------------------ */

static struct node *parse_line(struct parser *p)
{
    struct item *items = NULL, **tail = &items;
    for (;;) {
        struct item *i = parse_alloc(p, sizeof *i);
        i->node = parse_andor(p);
        *tail = i;
        tail = &i->next;
        peek(p);
        if (p->tok == TOK_SEMI || p->tok == TOK_AMP) {
            i->op = p->tok == TOK_AMP ? '&' : ';';
            use(p);
            peek_command(p);
        }
        if (p->tok == TOK_NEWLINE || p->tok == TOK_EOF)
            break;
        if (!i->op)
            parse_unexpected(p);
    }
    if (p->tok == TOK_NEWLINE)
        use(p);
    else if (p->heres)
        parse_heredoc_bodies(p);
    return finish_list(p, items);
}

enum parse_result parse_command(struct parser *p, struct arena *a, struct node **out)
{
    jmp_buf here;
    p->a = a;
    p->on_error = &here;
    p->have = p->in_cond = p->regex = p->error_eof = p->error_show = p->error_cond = false;
    p->heres = NULL;
    p->depth = p->nested = 0;
    p->expecting[0] = 0;
    p->command_at = p->pos;
    *out = NULL;
    if (setjmp(here)) {
        p->have = false;
        p->aliases = 0;
        p->on_error = NULL;
        return PARSE_ERROR;
    }
    enum parse_result result = PARSE_OK;
    peek_command(p);
    if (p->tok == TOK_EOF) {
        result = PARSE_EOF;
    } else if (p->tok == TOK_NEWLINE) {
        use(p);
        result = PARSE_EMPTY;
    } else {
        *out = parse_line(p);
    }
    p->on_error = NULL;
    return result;
}

struct word *parse_elements(struct parser *p, struct arena *a, const char *text)
{
    jmp_buf here;
    struct word *first = NULL, **volatile tail = &first; /* setjmp is below */
    p->a = a;
    parse_feed(p, text, strlen(text));
    p->on_error = &here;
    if (setjmp(here)) {
        p->on_error = NULL;
        return NULL;
    }
    for (;;) {
        p->want_assign = true;
        lex_next(p);
        p->have = false;
        if (p->tok == TOK_NEWLINE)
            continue;
        if (p->tok != TOK_WORD)
            break;
        *tail = p->word;
        tail = &p->word->next;
    }
    p->on_error = NULL;
    return first;
}
