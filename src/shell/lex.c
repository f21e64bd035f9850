/* lex.c -- tokens: operators, words, here-document bodies, aliases.
 *
 * One token is held at a time. Source text arrives line by line through the
 * host's more(); positions are indexes, since the text may move when it grows.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/parse.h"

#include <stdio.h>
#include <string.h>

void *parse_alloc(struct parser *p, size_t n)
{
    void *m = arena_zalloc(p->a, n ? n : 1);
    if (!m)
        parse_fail(p, "memory exhausted");
    return m;
}

void parse_init(struct parser *p, struct arena *src_arena, const struct parse_host *host)
{
    *p = (struct parser){.host = *host, .line = 1};
    str_init(&p->src, src_arena);
    p->eof = host->more == NULL;
}

void parse_feed(struct parser *p, const char *text, size_t n)
{
    str_add(&p->src, text, n);
}

void parse_forget(struct parser *p)
{
    if (p->have || p->aliases || p->pos == 0)
        return;
    if (p->pos < 4096 && p->pos < p->src.n)
        return; /* moving the rest is not worth it yet */
    memmove(p->src.s, p->src.s + p->pos, p->src.n - p->pos);
    str_trunc(&p->src, p->src.n - p->pos);
    p->line_start = p->line_start > p->pos ? p->line_start - p->pos : 0;
    p->tok_at = p->tok_end = 0;
    p->pos = 0;
}

void parse_fail(struct parser *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->error, sizeof p->error, fmt, ap);
    va_end(ap);
    p->error_line = p->line;
    longjmp(*p->on_error, 1);
}

void parse_fail_eof(struct parser *p, int quote, int line)
{
    if (p->host.dash) {
        snprintf(p->error, sizeof p->error, "%s",
                 quote == '`'   ? "EOF in backquote substitution"
                 : quote == '}' ? "Missing '}'"
                                : "Unterminated quoted string");
    } else {
        snprintf(p->error, sizeof p->error, "unexpected EOF while looking for matching `%c'",
                 quote);
    }
    p->error_line = p->host.dash ? p->line : line;
    p->error_eof = true;
    longjmp(*p->on_error, 1);
}

static bool more(struct parser *p)
{
    if (p->eof)
        return false;
    if (!p->host.more(p->host.ctx, p)) {
        p->eof = true;
        return false;
    }
    return true;
}

int lex_at(struct parser *p, size_t ahead)
{
    while (p->pos + ahead >= p->src.n)
        if (!more(p))
            return -1;
    return (unsigned char)p->src.s[p->pos + ahead];
}

int lex_peek(struct parser *p)
{
    if (p->pos < p->src.n)
        return (unsigned char)p->src.s[p->pos];
    return lex_at(p, 0);
}

int lex_get(struct parser *p)
{
    int c = lex_peek(p);
    if (c < 0)
        return -1;
    p->pos++;
    if (c == '\n') {
        p->line++;
        p->line_start = p->pos;
    }
    return c;
}

bool lex_is_name(const char *s, size_t n)
{
    if (n == 0 || !(s[0] == '_' || (s[0] >= 'a' && s[0] <= 'z') || (s[0] >= 'A' && s[0] <= 'Z')))
        return false;
    for (size_t i = 1; i < n; i++) {
        char c = s[i];
        if (!(c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9')))
            return false;
    }
    return true;
}

/* --- here-documents -------------------------------------------------------- */

/* One line of a body at pos, without its newline; false at the end of input. */
static bool here_line(struct parser *p, struct str *line, bool joined)
{
    int c = lex_peek(p);
    if (c < 0)
        return false;
    while ((c = lex_get(p)) >= 0 && c != '\n') {
        if (joined && c == '\\' && lex_peek(p) == '\n') {
            lex_get(p);
            continue;
        }
        if (joined && c == '\\') {
            str_putc(line, c);
            if ((c = lex_get(p)) < 0)
                break;
        }
        str_putc(line, c);
    }
    return true;
}

static void here_body(struct parser *p, struct redir *r)
{
    struct str body, line;
    str_init(&body, p->a);
    str_init(&line, p->a);
    int first = p->line;
    bool found = false;
    for (;;) {
        str_trunc(&line, 0);
        if (!here_line(p, &line, !r->quoted))
            break;
        const char *s = str_text(&line);
        size_t n = line.n;
        if (r->op == REDIR_HERE_TABS)
            while (n && *s == '\t')
                s++, n--;
        if (n == strlen(r->delim) && memcmp(s, r->delim, n) == 0) {
            found = true;
            break;
        }
        str_add(&body, s, n);
        str_putc(&body, '\n');
    }
    if (!found && p->host.warn) {
        char text[300];
        snprintf(text, sizeof text,
                 "here-document at line %d delimited by end-of-file (wanted `%.200s')", r->line,
                 r->delim);
        p->host.warn(p->host.ctx, text, p->line);
    }
    r->body = parse_alloc(p, body.n + 1);
    memcpy((char *)r->body, str_text(&body), body.n);
    if (r->quoted) {
        struct word *w = parse_alloc(p, sizeof *w);
        w->segs = parse_alloc(p, sizeof *w->segs);
        w->segs->quoted = true;
        w->segs->text = r->body;
        w->segs->n = body.n;
        w->text = r->body;
        r->target = w;
        return;
    }
    /* A parser of its own on the body, with this one's lines. */
    struct parser sub = {.a = p->a, .host = p->host, .line = first, .eof = true};
    sub.on_error = p->on_error;
    str_init(&sub.src, p->a);
    str_add(&sub.src, r->body, body.n);
    sub.depth = p->depth;
    r->target = parse_dquoted(&sub, p->a, NULL, 0);
    if (!r->target)
        parse_fail(p, "%s", sub.error);
}

void parse_heredoc_bodies(struct parser *p)
{
    struct redir *r = p->heres;
    p->heres = NULL;
    for (; r; r = r->here_next)
        here_body(p, r);
}

/* --- operators ----------------------------------------------------------------- */

static bool skip_blanks(struct parser *p)
{
    for (;;) {
        int c = lex_peek(p);
        if (c == ' ' || c == '\t')
            lex_get(p);
        else if (c == '\\' && lex_at(p, 1) == '\n')
            lex_get(p), lex_get(p);
        else
            return c >= 0;
    }
}

static void skip_comment(struct parser *p)
{
    int c;
    while ((c = lex_peek(p)) >= 0 && c != '\n')
        lex_get(p);
}

static int next_is(struct parser *p, int c)
{
    while (lex_peek(p) == '\\' && lex_at(p, 1) == '\n')
        lex_get(p), lex_get(p);
    if (lex_peek(p) != c)
        return 0;
    lex_get(p);
    return 1;
}

static enum token read_redir(struct parser *p, int c)
{
    bool dash = p->host.dash;
    if (c == '<') {
        if (next_is(p, '<')) {
            if (!dash && next_is(p, '<'))
                p->redir_op = REDIR_STRING;
            else if (next_is(p, '-'))
                p->redir_op = REDIR_HERE_TABS;
            else
                p->redir_op = REDIR_HERE;
        } else if (next_is(p, '&')) {
            p->redir_op = REDIR_DUP_IN;
        } else if (next_is(p, '>')) {
            p->redir_op = REDIR_RDWR;
        } else {
            p->redir_op = REDIR_IN;
        }
    } else {
        if (next_is(p, '>'))
            p->redir_op = REDIR_APPEND;
        else if (next_is(p, '&'))
            p->redir_op = REDIR_DUP_OUT;
        else if (next_is(p, '|'))
            p->redir_op = REDIR_CLOBBER;
        else
            p->redir_op = REDIR_OUT;
    }
    return TOK_REDIR;
}

static enum token read_operator(struct parser *p)
{
    bool dash = p->host.dash;
    int c = lex_get(p);
    switch (c) {
    case ';':
        if (!next_is(p, ';'))
            return !dash && next_is(p, '&') ? TOK_SEMIAMP : TOK_SEMI;
        return !dash && next_is(p, '&') ? TOK_DSEMIAMP : TOK_DSEMI;
    case '&':
        if (next_is(p, '&'))
            return TOK_ANDAND;
        if (!dash && lex_peek(p) == '>') {
            lex_get(p);
            p->redir_op = next_is(p, '>') ? REDIR_BOTH_APPEND : REDIR_BOTH;
            return TOK_REDIR;
        }
        return TOK_AMP;
    case '|':
        if (next_is(p, '|'))
            return TOK_OROR;
        return !dash && next_is(p, '&') ? TOK_PIPEAMP : TOK_PIPE;
    case '(':
        return TOK_LPAREN;
    case ')':
        return TOK_RPAREN;
    default:
        return read_redir(p, c);
    }
}

/* {name} or digits directly before < or >: true, consumed. */
static bool read_redir_prefix(struct parser *p)
{
    size_t n = 0;
    int c = lex_peek(p);
    if (c >= '0' && c <= '9') {
        while ((c = lex_at(p, n)) >= '0' && c <= '9')
            n++;
        if ((c != '<' && c != '>') || n > 9)
            return false;
        int fd = 0;
        for (; n; n--)
            fd = fd * 10 + (lex_get(p) - '0');
        p->redir_fd = fd;
        return true;
    }
    if (c != '{' || p->host.dash)
        return false;
    for (n = 1; (c = lex_at(p, n)) >= 0 && c != '}'; n++)
        if (c == '\n' || c == ' ' || n > 255)
            return false;
    if (c < 0 || n < 2)
        return false;
    int after = lex_at(p, n + 1);
    if (after != '<' && after != '>')
        return false;
    const char *s = p->src.s + p->pos + 1;
    size_t len = n - 1, name = 0;
    while (name < len && s[name] != '[')
        name++;
    if (!lex_is_name(s, name) || (name < len && s[len - 1] != ']'))
        return false;
    char *var = parse_alloc(p, len + 1);
    memcpy(var, s, len);
    p->redir_var = var;
    for (n += 1; n; n--)
        lex_get(p);
    return true;
}

/* --- aliases ----------------------------------------------------------------------- */

static bool alias_expand(struct parser *p)
{
    struct word *w = p->word;
    if (!p->host.alias || !w->segs || w->segs->next || w->segs->kind != SEG_LIT ||
        (w->flags & WORD_QUOTED))
        return false;
    while (p->aliases && p->alias_end[p->aliases - 1] < p->tok_at)
        p->aliases--;
    for (int i = 0; i < p->aliases; i++)
        if (strcmp(p->alias_name[i], w->text) == 0)
            return false;
    if (p->aliases == 16)
        return false;
    const char *value = p->host.alias(p->host.ctx, w->text);
    if (!value)
        return false;
    size_t n = strlen(value), rest = p->src.n - p->pos;
    if (p->src.n > (4u << 20))
        parse_fail(p, "memory exhausted");
    str_fill(&p->src, ' ', n + 1);
    memmove(p->src.s + p->pos + n, p->src.s + p->pos, rest);
    str_trunc(&p->src, p->src.n - 1);
    memcpy(p->src.s + p->pos, value, n);
    for (int i = 0; i < p->aliases; i++)
        p->alias_end[i] += n;
    char *name = parse_alloc(p, strlen(w->text) + 1);
    memcpy(name, w->text, strlen(w->text));
    p->alias_name[p->aliases] = name;
    p->alias_end[p->aliases++] = p->pos + n;
    if (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
        p->alias_more_at = p->pos + n;
    return true;
}

void lex_next(struct parser *p)
{
    if (p->have)
        return;
again:
    p->redir_fd = -1;
    p->redir_var = NULL;
    p->word = NULL;
    if (p->host.tick)
        p->host.tick(p->host.ctx, 1);
    skip_blanks(p);
    if (lex_peek(p) == '#' && !p->regex)
        skip_comment(p);
    p->tok_at = p->pos;
    p->tok_line = p->line;
    p->have = true;
    int c = lex_peek(p);
    if (c < 0) {
        p->tok = TOK_EOF;
        p->tok_end = p->pos;
        return;
    }
    if (c == '\n') {
        lex_get(p);
        p->tok_end = p->pos;
        if (p->heres)
            parse_heredoc_bodies(p);
        p->tok = TOK_NEWLINE;
        p->aliases = 0;
        p->alias_more_at = 0;
        return;
    }
    bool proc = (c == '<' || c == '>') && !p->host.dash && !p->host.posix && lex_at(p, 1) == '(' &&
                !p->regex;
    if (p->regex ? strchr(";&<>)\n", c) != NULL : strchr(";&|()<>", c) && !proc) {
        p->tok = read_operator(p);
        p->tok_end = p->pos;
        return;
    }
    if (!p->regex && (c == '{' || (c >= '0' && c <= '9')) && read_redir_prefix(p)) {
        p->tok = read_operator(p);
        p->tok_end = p->pos;
        return;
    }
    p->word = word_read(p);
    p->tok = TOK_WORD;
    p->tok_end = p->pos;
    bool follow = p->alias_more_at && p->tok_at >= p->alias_more_at;
    if (follow)
        p->alias_more_at = 0;
    if ((p->want_alias || follow) && !p->in_cond && alias_expand(p)) {
        p->want_alias |= follow;
        p->have = false;
        goto again;
    }
}

void lex_skip_newlines(struct parser *p)
{
    for (;;) {
        lex_next(p);
        if (p->tok != TOK_NEWLINE)
            return;
        p->have = false;
    }
}
