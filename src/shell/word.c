/* word.c -- words: quoting and substitutions, segment by segment.
 *
 * One reader serves every place a word can stand in (command words, inside
 * double quotes, here-documents, the operands of ${...}, subscripts, arithmetic);
 * a mode says where it ends and which characters are special.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/word_priv.h"

#include <string.h>

#include "shell/text.h"

struct reader {
    struct parser *p;
    enum mode mode;
    int stop; /* M_ARITH */
    struct seg *first, **tail;
    struct str lit;
    bool lit_quoted, any;
    unsigned flags;
};

static void read_segs(struct reader *r);

static void reader_init(struct reader *r, struct parser *p, enum mode mode)
{
    *r = (struct reader){.p = p, .mode = mode};
    r->tail = &r->first;
    str_init(&r->lit, p->a);
}

static struct seg *add_seg(struct reader *r, enum seg_kind kind, bool quoted)
{
    struct seg *s = parse_alloc(r->p, sizeof *s);
    s->kind = kind;
    s->quoted = quoted;
    *r->tail = s;
    r->tail = &s->next;
    return s;
}

static void flush(struct reader *r)
{
    if (!r->any)
        return;
    struct seg *s = add_seg(r, SEG_LIT, r->lit_quoted);
    char *t = parse_alloc(r->p, r->lit.n + 1);
    memcpy(t, str_text(&r->lit), r->lit.n);
    s->text = t;
    s->n = r->lit.n;
    r->any = false;
    str_trunc(&r->lit, 0);
}

static void put(struct reader *r, int c, bool quoted)
{
    if (r->any && r->lit_quoted != quoted)
        flush(r);
    r->any = true;
    r->lit_quoted = quoted;
    str_putc(&r->lit, c);
    if (quoted)
        r->flags |= WORD_QUOTED;
    else if (c == '{')
        r->flags |= WORD_BRACE;
}

/* An empty quoted string still makes a word. */
static void put_empty(struct reader *r)
{
    if (!r->any || !r->lit_quoted) {
        flush(r);
        r->any = true;
        r->lit_quoted = true;
    }
    r->flags |= WORD_QUOTED;
}

static struct word *finish(struct reader *r, size_t from)
{
    flush(r);
    str_release(&r->lit);
    struct word *w = parse_alloc(r->p, sizeof *w);
    w->segs = r->first;
    w->flags = r->flags;
    w->line = r->p->line;
    size_t n = r->p->pos - from;
    char *t = parse_alloc(r->p, n + 1);
    if (n)
        memcpy(t, r->p->src.s + from, n);
    w->text = t;
    return w;
}

struct word *word_read_mode(struct parser *p, enum mode mode, int stop)
{
    if (++p->depth > 2000 || (p->host.deep && p->host.deep(p->host.ctx)))
        parse_fail(p, "memory exhausted");
    struct reader r;
    reader_init(&r, p, mode);
    r.stop = stop;
    size_t from = p->pos;
    read_segs(&r);
    p->depth--;
    return finish(&r, from);
}

/* --- substitutions -------------------------------------------------------------- */

/* p is behind "$(" or "<(": the list and its ')'. */
static struct node *read_command(struct parser *p)
{
    struct parser saved = *p;
    p->have = false;
    p->want_assign = p->want_alias = p->in_cond = p->regex = p->in_case_pat = false;
    p->heres = NULL;
    p->alias_more_at = 0;
    p->nested++;
    int line = p->line;
    p->tok_line = line;
    struct node *n = parse_list_until(p, TOK_RPAREN);
    p->nested = saved.nested;
    p->have = saved.have;
    p->want_assign = saved.want_assign;
    p->want_alias = saved.want_alias;
    p->in_cond = saved.in_cond;
    p->regex = saved.regex;
    p->in_case_pat = saved.in_case_pat;
    p->alias_more_at = saved.alias_more_at;
    p->tok = saved.tok;
    p->word = saved.word;
    p->tok_at = saved.tok_at;
    p->tok_line = saved.tok_line;
    p->redir_fd = saved.redir_fd;
    p->redir_var = saved.redir_var;
    p->redir_op = saved.redir_op;
    p->depth = saved.depth;
    if (saved.heres) { /* ours first, then those of the inner list */
        struct redir *h = saved.heres;
        while (h->here_next)
            h = h->here_next;
        h->here_next = p->heres;
        p->heres = saved.heres;
    }
    return n;
}

struct word *word_arith(struct parser *p, int stop)
{
    return word_read_mode(p, M_ARITH, stop);
}

/* $(( ... )) with p behind "$((": false (position restored) if no "))" ends it. */
static bool try_arith(struct reader *r, bool dq)
{
    struct parser *p = r->p;
    size_t pos = p->pos, line_start = p->line_start;
    int line = p->line;
    struct word *w = word_arith(p, ')');
    if (lex_peek(p) == ')' && lex_at(p, 1) == ')') {
        lex_get(p), lex_get(p);
        flush(r);
        struct seg *s = add_seg(r, SEG_ARITH, dq);
        s->arith = w;
        return true;
    }
    if (p->host.dash) /* no second reading as a subshell */
        parse_fail(p, "Missing '))'");
    if (lex_peek(p) < 0)
        parse_fail_eof(p, ')', line);
    p->pos = pos;
    p->line = line;
    p->line_start = line_start;
    return false;
}

static void read_backquote(struct reader *r, bool dq)
{
    struct parser *p = r->p;
    struct str s;
    str_init(&s, p->a);
    int line = p->line, c;
    while ((c = lex_get(p)) != '`') {
        if (c < 0)
            parse_fail_eof(p, '`', line);
        if (c == '\\') {
            int d = lex_peek(p);
            if (d == '$' || d == '`' || d == '\\' || (dq && d == '"')) {
                c = lex_get(p);
            } else if (d == '\n' && dq) {
                lex_get(p);
                continue;
            }
        }
        str_putc(&s, c);
    }
    flush(r);
    struct seg *g = add_seg(r, SEG_BACKQ, dq);
    g->text = str_text(&s);
    g->n = s.n;
    g->line = line;
}

static void read_braced(struct reader *r, bool dq)
{
    struct parser *p = r->p;
    int line = p->line;
    size_t from = p->pos - 2;
    flush(r);
    struct seg *s = add_seg(r, SEG_PARAM, dq);
    struct param *m = s->param = parse_alloc(p, sizeof *m);
    m->braced = true;
    word_read_braced(p, m, dq, line);
    lex_get(p); /* } */
    m->text = word_slice(p, from, p->pos);
}

static void read_ansi(struct reader *r)
{
    struct parser *p = r->p;
    struct str raw;
    str_init(&raw, p->a);
    int line = p->line, c;
    while ((c = lex_get(p)) != '\'') {
        if (c < 0)
            parse_fail_eof(p, '\'', line);
        str_putc(&raw, c);
        if (c == '\\') {
            if ((c = lex_get(p)) < 0)
                parse_fail_eof(p, '\'', line);
            str_putc(&raw, c);
        }
    }
    struct str out;
    str_init(&out, p->a);
    text_unescape(&out, str_text(&raw), raw.n, TEXT_ANSI);
    put_empty(r);
    for (size_t i = 0; i < out.n && out.s[i]; i++)
        put(r, (unsigned char)out.s[i], true);
    str_release(&raw);
}

static void read_double(struct reader *r)
{
    struct parser *p = r->p;
    int line = p->line;
    enum mode saved = r->mode;
    put_empty(r);
    if (lex_peek(p) != '"') {
        /* "$@" alone must be able to vanish: drop the empty literal again */
        if (r->any && r->lit.n == 0)
            r->any = false;
        r->mode = M_DQ;
        if (++p->depth > 2000 || (p->host.deep && p->host.deep(p->host.ctx)))
            parse_fail(p, "memory exhausted");
        read_segs(r);
        p->depth--;
        r->mode = saved;
    }
    if (lex_peek(p) != '"')
        parse_fail_eof(p, '"', line);
    lex_get(p);
}

static void read_dollar(struct reader *r, bool dq)
{
    struct parser *p = r->p;
    int c = lex_peek(p), line = p->line;
    while (c == '\\' && lex_at(p, 1) == '\n') {
        lex_get(p), lex_get(p);
        c = lex_peek(p);
    }
    if (c == '(') {
        lex_get(p);
        if (lex_peek(p) == '(') {
            lex_get(p);
            if (try_arith(r, dq))
                return;
            p->pos--;
        }
        flush(r);
        struct seg *s = add_seg(r, SEG_COMMAND, dq);
        s->line = line;
        s->tree = read_command(p);
        struct node *t = s->tree;
        s->file = t && t->kind == NODE_SIMPLE && !t->words && !t->assigns && t->redirs &&
                  !t->redirs->next && t->redirs->op == REDIR_IN && t->redirs->fd < 1;
    } else if (c == '{') {
        lex_get(p);
        read_braced(r, dq);
    } else if (c == '[' && !p->host.dash) {
        lex_get(p);
        flush(r);
        struct word *w = word_arith(p, ']');
        if (lex_get(p) != ']')
            parse_fail_eof(p, ']', line);
        add_seg(r, SEG_ARITH, dq)->arith = w;
    } else if (c == '\'' && !dq && !p->host.dash) {
        lex_get(p);
        read_ansi(r);
    } else if (c == '"' && !dq && !p->host.dash) {
        lex_get(p);
        read_double(r);
    } else if (word_name_start(c) || (c >= '0' && c <= '9') || (c > 0 && strchr("@*#?-$!", c))) {
        size_t from = p->pos;
        lex_get(p);
        if (word_name_start(c))
            while (word_name_char(lex_peek(p)))
                lex_get(p);
        flush(r);
        struct seg *s = add_seg(r, SEG_PARAM, dq);
        s->param = parse_alloc(p, sizeof *s->param);
        s->param->name = word_slice(p, from, p->pos);
        s->param->text = word_slice(p, from - 1, p->pos);
    } else {
        put(r, '$', dq);
    }
}

/* --- the reader --------------------------------------------------------------------- */

static void read_single(struct reader *r)
{
    struct parser *p = r->p;
    int line = p->line, c;
    put_empty(r);
    while ((c = lex_get(p)) != '\'') {
        if (c < 0)
            parse_fail_eof(p, '\'', line);
        put(r, c, true);
    }
}

static void read_backslash(struct reader *r, bool dq)
{
    struct parser *p = r->p;
    int c = lex_peek(p);
    if (c == '\n') {
        lex_get(p);
        return;
    }
    if (c < 0) {
        put(r, '\\', dq);
        return;
    }
    if (!dq) {
        lex_get(p);
        put(r, c, true);
        return;
    }
    const char *special = r->mode == M_HERE         ? "$`\\"
                          : r->mode == M_OPERAND_DQ ? "$`\"\\}"
                                                    : "$`\"\\";
    if (strchr(special, c))
        lex_get(p);
    else
        c = '\\';
    put(r, c, true);
}

/* Behind "?(" and its like: the alternatives and their ')'. */
static void read_extglob(struct reader *r)
{
    struct parser *p = r->p;
    int line = p->line;
    enum mode saved = r->mode;
    put(r, lex_get(p), false);
    put(r, lex_get(p), false);
    r->mode = M_GLOB;
    if (++p->depth > 500 || (p->host.deep && p->host.deep(p->host.ctx)))
        parse_fail(p, "memory exhausted");
    read_segs(r);
    p->depth--;
    r->mode = saved;
    if (lex_peek(p) != ')')
        parse_fail_eof(p, ')', line);
    put(r, lex_get(p), false);
}

struct ends {
    int parens, brackets, ternary;
};

/* Does c end the word here? Counts nesting on the way. */
static bool ends_here(struct reader *r, int c, struct ends *e)
{
    switch (r->mode) {
    case M_WORD:
        return strchr(" \t\n;&|()<>", c) != NULL;
    case M_DQ:
        return c == '"';
    case M_HERE:
        return false;
    case M_OPERAND:
    case M_OPERAND_DQ:
        return c == '}';
    case M_PATTERN:
        return c == '}' || (c == '/' && (r->first || r->any));
    case M_SUB:
        if (c == ']' && e->brackets-- == 0)
            return true;
        e->brackets += c == '[';
        return false;
    case M_GLOB:
        if (c == ')' && e->parens-- == 0)
            return true;
        e->parens += c == '(';
        return false;
    case M_REGEX:
        if (e->parens == 0 && strchr(" \t\n;&<>)", c))
            return true;
        e->parens += c == '(';
        e->parens -= c == ')';
        return false;
    case M_ARITH:
        if (e->parens == 0 && e->brackets == 0 && (c == r->stop || (r->stop == ':' && c == '}')) &&
            !(c == ':' && e->ternary))
            return true;
        if (c == '?')
            e->ternary++;
        else if (c == ':' && e->ternary)
            e->ternary--;
        e->parens += (c == '(') - (c == ')');
        e->brackets += (c == '[') - (c == ']');
        if (e->brackets < 0)
            e->brackets = 0;
        return r->stop == ')' ? e->parens < 0 : e->parens < 0;
    }
    return true;
}

static void read_segs(struct reader *r)
{
    struct parser *p = r->p;
    bool dq = r->mode == M_DQ || r->mode == M_HERE || r->mode == M_OPERAND_DQ || r->mode == M_ARITH;
    struct ends e = {0};
    for (int c; (c = lex_peek(p)) >= 0;) {
        if (c == '\\') {
            lex_get(p);
            read_backslash(r, dq);
            continue;
        }
        if (!p->host.dash && (c == '<' || c == '>') && !dq && !p->host.posix &&
            (r->mode == M_WORD || r->mode == M_OPERAND) && lex_at(p, 1) == '(') {
            int line = p->line;
            lex_get(p), lex_get(p);
            flush(r);
            struct seg *s = add_seg(r, c == '<' ? SEG_PROC_IN : SEG_PROC_OUT, false);
            s->line = line;
            s->tree = read_command(p);
            continue;
        }
        bool glob = (r->mode == M_WORD || r->mode == M_GLOB || r->mode == M_OPERAND ||
                     r->mode == M_PATTERN) &&
                    (c == '?' || c == '*' || c == '+' || c == '@' || c == '!') &&
                    lex_at(p, 1) == '(' && !p->host.dash &&
                    (p->in_cond || (p->host.extglob && *p->host.extglob));
        if (glob) {
            read_extglob(r);
            continue;
        }
        if (ends_here(r, c, &e))
            return;
        if (p->host.tick && (r->lit.n & 1023) == 1023)
            p->host.tick(p->host.ctx, 16);
        lex_get(p);
        if (c == '$')
            read_dollar(r, dq);
        else if (c == '`')
            read_backquote(r, dq);
        else if (c == '\'' && !dq)
            read_single(r);
        else if (c == '"' && r->mode == M_ARITH)
            continue;
        else if (c == '"' && r->mode != M_HERE) /* ends M_DQ above; else begins one */
            read_double(r);
        else
            put(r, c, dq);
    }
}

/* --- words and assignments -------------------------------------------------------------- */

static struct word *read_array(struct parser *p)
{
    struct parser saved = *p;
    struct word *first = NULL, **tail = &first;
    int line = p->line;
    p->want_assign = true;
    p->want_alias = false;
    p->in_cond = p->regex = false;
    for (;;) {
        p->have = false;
        p->want_assign = true;
        /* [sub]=value has no name: word_read sees the bracket */
        p->in_case_pat = false;
        lex_next(p);
        if (p->tok == TOK_NEWLINE)
            continue;
        if (p->tok == TOK_EOF)
            parse_fail_eof(p, ')', line);
        if (p->tok != TOK_WORD)
            break;
        *tail = p->word;
        tail = &p->word->next;
    }
    if (p->tok != TOK_RPAREN)
        return first; /* the caller complains about this token */
    p->have = saved.have;
    p->want_assign = saved.want_assign;
    p->want_alias = saved.want_alias;
    p->in_cond = saved.in_cond;
    p->in_case_pat = saved.in_case_pat;
    p->tok_at = saved.tok_at;
    p->tok_line = saved.tok_line;
    p->tok = TOK_WORD;
    return first;
}

/* name= name+= name[sub]= at pos: reads it all. NULL (nothing consumed) otherwise. */
static struct word *read_assign(struct parser *p)
{
    size_t from = p->pos, n = 0, line_start = p->line_start;
    int line = p->line;
    while (word_name_char(lex_at(p, n)) && (n || !(lex_at(p, 0) >= '0' && lex_at(p, 0) <= '9')))
        n++;
    int c = lex_at(p, n);
    bool element = n == 0 && c == '[';
    if ((n == 0 && !element) || !(c == '=' || c == '+' || c == '['))
        return NULL;
    if (c == '+' && lex_at(p, n + 1) != '=')
        return NULL;
    if (c == '[' && p->host.dash)
        return NULL;
    struct word *sub = NULL;
    p->pos += n;
    if (c == '[') {
        lex_get(p);
        sub = word_read_mode(p, M_SUB, 0);
        if (lex_peek(p) == ']')
            lex_get(p);
        c = lex_peek(p);
        if (c != '=' && !(c == '+' && lex_at(p, 1) == '=')) {
            p->pos = from;
            p->line = line;
            p->line_start = line_start;
            return NULL;
        }
    }
    struct assign *a = parse_alloc(p, sizeof *a);
    a->name = word_slice(p, from, from + n);
    a->sub = sub;
    if (c == '+') {
        a->append = true;
        lex_get(p);
    }
    lex_get(p); /* = */
    struct reader r;
    reader_init(&r, p, M_WORD);
    for (size_t i = from; i < p->pos; i++)
        put(&r, p->src.s[i], false);
    r.flags = 0;
    flush(&r);
    struct seg **value = r.tail;
    size_t value_at = p->pos;
    if (lex_peek(p) == '(' && !p->host.dash && !element) {
        lex_get(p);
        a->is_array = true;
        a->elements = read_array(p);
        if (p->tok != TOK_WORD)
            parse_unexpected(p);
        r.flags |= WORD_ARRAYLIT;
    } else {
        read_segs(&r);
        flush(&r);
        a->value = parse_alloc(p, sizeof *a->value);
        a->value->segs = *value;
        a->value->flags = r.flags;
        a->value->text = word_slice(p, value_at, p->pos);
        a->value->line = line;
    }
    struct word *w = finish(&r, from);
    w->assign = a;
    w->flags |= WORD_EQUALS;
    a->whole = w;
    w->line = line;
    return w;
}

static void mark_plain(struct word *w)
{
    struct seg *s = w->segs;
    if (!s || s->kind != SEG_LIT || s->quoted)
        return;
    size_t name = 0;
    while (name < s->n && word_name_char((unsigned char)s->text[name]))
        name++;
    if (name && name < s->n && lex_is_name(s->text, name) &&
        (s->text[name] == '=' || (s->text[name] == '+' && s->text[name + 1] == '=')))
        w->flags |= WORD_EQUALS;
    if (!s->next && !strpbrk(s->text, "*?[]{}~(\\") && !(w->flags & WORD_EQUALS))
        w->flags |= WORD_PLAIN;
}

struct word *word_read(struct parser *p)
{
    int line = p->line;
    if (p->want_assign) {
        struct word *w = read_assign(p);
        if (w)
            return w;
    }
    struct word *w = word_read_mode(p, p->regex ? M_REGEX : M_WORD, 0);
    w->line = line;
    mark_plain(w);
    return w;
}

struct word *parse_dquoted(struct parser *p, struct arena *a, const char *text, size_t n)
{
    p->a = a;
    if (text)
        str_add(&p->src, text, n);
    jmp_buf here, *saved = p->on_error;
    if (!saved) {
        p->on_error = &here;
        if (setjmp(here)) {
            p->on_error = NULL;
            return NULL;
        }
    }
    struct word *w = word_read_mode(p, M_HERE, 0);
    p->on_error = saved;
    return w;
}
