/* parse.c -- the grammar: recursive descent over the tokens of lex.c.
 *
 * Each function starts with its first token unread or held and leaves the
 * token behind its construct unread or held. Errors leave by longjmp to
 * parse_command, so no function here checks its callees.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/parse_priv.h"

#include <stdio.h>
#include <string.h>

/* --- tokens ------------------------------------------------------------------- */

void parse_peek(struct parser *p)
{
    p->want_alias = p->want_assign = false;
    lex_next(p);
}

/* In command position: aliases and assignments are possible. */
void parse_peek_command(struct parser *p)
{
    p->want_alias = p->want_assign = true;
    lex_next(p);
    p->want_alias = p->want_assign = false;
}

void parse_use(struct parser *p)
{
    p->have = false;
}

void parse_skip_newlines(struct parser *p)
{
    p->want_alias = p->want_assign = true;
    lex_skip_newlines(p);
    p->want_alias = p->want_assign = false;
}

bool parse_is_word(const struct parser *p, const char *s)
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
void parse_keep_line(struct parser *p)
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
    parse_keep_line(p);
    longjmp(*p->on_error, 1);
}

void parse_expect(struct parser *p, const char *s)
{
    snprintf(p->expecting, sizeof p->expecting, "%s", s);
    if (!parse_is_word(p, s))
        parse_unexpected(p);
    p->expecting[0] = 0;
    parse_use(p);
}

struct node *parse_node(struct parser *p, enum node_kind kind)
{
    struct node *n = parse_alloc(p, sizeof *n);
    n->kind = kind;
    n->line = p->tok_line;
    return n;
}

void parse_enter(struct parser *p)
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
    parse_use(p);
    parse_peek(p);
    if (p->tok != TOK_WORD)
        parse_unexpected(p);
    r->target = p->word;
    parse_use(p);
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

void parse_redirs(struct parser *p, struct node *n)
{
    struct redir **tail = &n->redirs;
    while (*tail)
        tail = &(*tail)->next;
    for (;;) {
        parse_peek(p);
        if (p->tok != TOK_REDIR)
            return;
        *tail = parse_redir(p);
        tail = &(*tail)->next;
    }
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
    struct node *n = parse_node(p, NODE_SIMPLE);
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
            parse_use(p);
        } else if (p->tok == TOK_LPAREN && n->words && !n->words->next && !n->assigns &&
                   !n->redirs) {
            if (p->host.dash && !parse_literal_name(n->words))
                parse_unexpected(p);
            parse_use(p);
            parse_peek(p);
            if (p->tok != TOK_RPAREN) {
                snprintf(p->expecting, sizeof p->expecting, ")");
                parse_unexpected(p);
            }
            parse_use(p);
            if (p->host.dash && !lex_is_name(n->words->text, strlen(n->words->text)))
                parse_fail(p, "Bad function name");
            n->kind = NODE_FUNC;
            n->name = n->words->text;
            n->words = NULL;
            return parse_function_body(p, n);
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
    parse_peek_command(p);
    if (p->tok == TOK_WORD && (ends_list(p) || (parse_is_word(p, "in") && p->host.dash && false)))
        parse_unexpected(p);
    struct node *n = parse_compound(p);
    return n ? n : parse_simple(p);
}

static struct node *parse_pipeline(struct parser *p)
{
    bool bang = false, timed = false, posix = false, prefix = false;
    for (;;) {
        parse_peek_command(p);
        if (parse_is_word(p, "!")) {
            bang = !bang;
        } else if (parse_is_word(p, "time") && !p->host.dash) {
            timed = true;
            parse_use(p);
            parse_peek_command(p);
            if (parse_is_word(p, "-p")) {
                posix = true;
                parse_use(p);
                parse_peek_command(p);
            }
            if (parse_is_word(p, "--"))
                parse_use(p);
            prefix = true;
            continue;
        } else {
            break;
        }
        prefix = true;
        parse_use(p);
    }
    struct node *pipe = parse_node(p, NODE_PIPE);
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
        parse_peek(p);
        if (p->tok != TOK_PIPE && p->tok != TOK_PIPEAMP)
            break;
        i->op = p->tok == TOK_PIPEAMP ? '&' : 0;
        parse_use(p);
        parse_skip_newlines(p);
    }
    if (!prefix && !pipe->items->next)
        return pipe->items->node;
    return pipe;
}

struct node *parse_andor(struct parser *p)
{
    parse_enter(p);
    struct node *first = parse_pipeline(p), *list = NULL;
    struct item **tail = NULL;
    for (;;) {
        parse_peek(p);
        if (p->tok != TOK_ANDAND && p->tok != TOK_OROR)
            break;
        if (!list) {
            list = parse_node(p, NODE_ANDOR);
            list->line = first->line;
            list->items = parse_alloc(p, sizeof *list->items);
            list->items->node = first;
            tail = &list->items->next;
        }
        struct item *i = parse_alloc(p, sizeof *i);
        i->op = p->tok == TOK_ANDAND ? '&' : '|';
        parse_use(p);
        parse_skip_newlines(p);
        i->node = parse_pipeline(p);
        *tail = i;
        tail = &i->next;
    }
    p->depth--;
    return list ? list : first;
}

/* NULL for an empty list, which only dash leaves at the end of its input: the
 * caller then finds the closing word missing. */
static struct node *finish_list(struct parser *p, struct item *items)
{
    if (!items)
        return NULL;
    if (!items->next && items->op != '&')
        return items->node;
    struct node *n = parse_node(p, NODE_LIST);
    n->line = items->node->line;
    n->items = items;
    return n;
}

/* One or more commands up to a closing word or token, which stays held. */
struct node *parse_compound_list(struct parser *p)
{
    struct item *items = NULL, **tail = &items;
    parse_enter(p);
    parse_skip_newlines(p);
    for (;;) {
        if ((items || (p->host.dash && p->tok == TOK_EOF)) && ends_list(p))
            break; /* dash: what should follow an empty list complains */
        struct item *i = parse_alloc(p, sizeof *i);
        i->node = parse_andor(p);
        *tail = i;
        tail = &i->next;
        parse_peek(p);
        if (p->tok == TOK_SEMI || p->tok == TOK_AMP || p->tok == TOK_NEWLINE) {
            i->op = p->tok == TOK_SEMI ? ';' : p->tok == TOK_AMP ? '&' : '\n';
            parse_use(p);
            parse_skip_newlines(p);
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
    parse_skip_newlines(p);
    struct node *n = NULL;
    if (p->tok != close)
        n = parse_compound_list(p);
    if (p->tok != close) {
        snprintf(p->expecting, sizeof p->expecting, ")");
        parse_unexpected(p);
    }
    parse_use(p);
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
        parse_peek(p);
        if (p->tok == TOK_SEMI || p->tok == TOK_AMP) {
            i->op = p->tok == TOK_AMP ? '&' : ';';
            parse_use(p);
            parse_peek_command(p);
        }
        if (p->tok == TOK_NEWLINE || p->tok == TOK_EOF)
            break;
        if (!i->op)
            parse_unexpected(p);
    }
    if (p->tok == TOK_NEWLINE)
        parse_use(p);
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
    parse_peek_command(p);
    if (p->tok == TOK_EOF) {
        result = PARSE_EOF;
    } else if (p->tok == TOK_NEWLINE) {
        parse_use(p);
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
