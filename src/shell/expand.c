/* expand.c -- fields: segments become text that remembers what was quoted.
 *
 * Text is built with a mask beside it (one byte a byte: quoted or not), so that
 * splitting, globbing and pattern building decide at the end. Splitting
 * happens while unquoted results are added.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/expand.h"

#include <string.h>

#include "shell/arith.h"
#include "shell/brace.h"
#include "shell/pattern.h"
#include "shell/shell.h"
#include "shell/users.h"

enum { FRESH, AFTER_SPACE, AFTER_DELIM };

struct expansion {
    struct shell *sh;
    struct str text, mask;
    bool started; /* the current field exists, even if empty */
    bool split;
    bool star_joins; /* $* without splitting joins by IFS */
    int state;
    const char *ifs;
    struct fields *out; /* NULL: one string */
    bool no_glob;
    bool assign; /* tilde after ':' */
    int depth;
};

struct shell *expansion_shell(struct expansion *e)
{
    return e->sh;
}

bool expansion_splits(struct expansion *e)
{
    return e->split;
}

void fields_add(struct shell *sh, struct fields *f, char *s)
{
    if (f->n + 1 >= f->cap) {
        int cap = f->cap ? f->cap * 2 : 8;
        char **v = sh_tmp(sh, (size_t)cap * sizeof *v);
        if (f->n)
            memcpy(v, f->v, (size_t)f->n * sizeof *v);
        f->v = v;
        f->cap = cap;
    }
    f->v[f->n++] = s;
    f->v[f->n] = NULL;
}

const char *expand_ifs(struct shell *sh)
{
    const char *ifs = var_get(sh, "IFS");
    return ifs ? ifs : " \t\n";
}

bool sh_utf8(struct shell *sh)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (int i = 0; i < 3; i++) {
        const char *v = var_get(sh, names[i]);
        if (v && *v)
            return strstr(v, "UTF-8") || strstr(v, "utf8") || strstr(v, "utf-8");
    }
    return false;
}

unsigned sh_pattern_flags(struct shell *sh, bool match)
{
    return (sh->shopt[SHOPT_EXTGLOB] && !sh->dash ? PAT_EXTGLOB : 0u) |
           (sh->shopt[match ? SHOPT_NOCASEMATCH : SHOPT_NOCASEGLOB] ? PAT_NOCASE : 0u) |
           (sh_utf8(sh) ? PAT_UTF8 : 0u) | (sh->dash ? PAT_NO_CARET : 0u);
}

static void tick(void *ctx, unsigned n)
{
    vm_tick(ctx, n);
}

bool sh_match(struct shell *sh, const char *pattern, const char *s)
{
    struct pattern *p = pattern_compile(sh->tmp, pattern, sh_pattern_flags(sh, true));
    if (!p)
        return false;
    pattern_set_tick(p, tick, sh->p);
    return pattern_match(p, s, strlen(s));
}

/* --- building fields ------------------------------------------------------------------ */

static void expansion_init(struct expansion *e, struct shell *sh, struct fields *out)
{
    *e = (struct expansion){.sh = sh, .out = out, .split = out != NULL};
    str_init(&e->text, sh->tmp);
    str_init(&e->mask, sh->tmp);
    e->ifs = expand_ifs(sh);
}

static void put(struct expansion *e, const char *s, size_t n, bool quoted)
{
    str_add(&e->text, s, n);
    str_fill(&e->mask, quoted, n);
    e->started = true;
    e->state = FRESH;
}

/* The text with quoted characters (all that special names) behind backslashes. */
static char *escaped(struct expansion *e, const char *special)
{
    struct str s;
    str_init(&s, e->sh->tmp);
    for (size_t i = 0; i < e->text.n; i++) {
        char c = e->text.s[i];
        if (e->mask.s[i] && c && strchr(special, c))
            str_putc(&s, '\\');
        else if (!e->mask.s[i] && c == '\\' && *special == '*')
            str_putc(&s, '\\'), str_putc(&s, '\\'), c = 0;
        if (c)
            str_putc(&s, c);
    }
    return s.s ? s.s : sh_tmp_strdup(e->sh, "");
}

static bool has_magic(struct expansion *e)
{
    bool ext = e->sh->shopt[SHOPT_EXTGLOB], open = false, bracket = false;
    for (size_t i = 0; i < e->text.n; i++) {
        if (e->mask.s[i])
            continue;
        char c = e->text.s[i];
        if (c == '*' || c == '?')
            return true;
        open |= c == '[';
        bracket |= c == ']' && open;
        if (ext && c == '(' && i && strchr("+@!", e->text.s[i - 1]))
            return true;
    }
    return bracket;
}

static void end_field(struct expansion *e)
{
    struct shell *sh = e->sh;
    char *text = sh_tmp_strndup(sh, str_text(&e->text), e->text.n);
    if (!e->no_glob && !sh->opt[OPT_NOGLOB] && e->text.n && has_magic(e)) {
        char *pattern = escaped(e, "*?[]\\+@!()|^-");
        int n = glob_expand(sh, pattern, e->out);
        if (n == 0 && sh->shopt[SHOPT_FAILGLOB]) {
            sh_error(sh, "no match: %s", text);
            sh->status = 1;
            sh_throw(sh, JUMP_DISCARD);
        }
        if (n == 0 && !sh->shopt[SHOPT_NULLGLOB])
            fields_add(sh, e->out, text);
    } else {
        fields_add(sh, e->out, text);
    }
    str_trunc(&e->text, 0);
    str_trunc(&e->mask, 0);
    e->started = false;
}

static void add_split(struct expansion *e, const char *s, size_t n)
{
    const char *ifs = e->ifs;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (!c || !strchr(ifs, c)) {
            size_t k = i + 1;
            while (k < n && s[k] && !strchr(ifs, s[k]))
                k++;
            put(e, s + i, k - i, false);
            i = k - 1;
        } else if (c == ' ' || c == '\t' || c == '\n') {
            if (e->started) {
                end_field(e);
                e->state = AFTER_SPACE;
            }
        } else if (e->state == AFTER_SPACE) {
            e->state = AFTER_DELIM;
        } else {
            end_field(e);
            e->state = AFTER_DELIM;
        }
    }
}

void expansion_text(struct expansion *e, const char *s, size_t n, bool quoted)
{
    vm_tick(e->sh->p, 1 + (unsigned)(n >> 6));
    if (quoted || !e->split)
        put(e, s, n, quoted);
    else
        add_split(e, s, n);
}

void expansion_list(struct expansion *e, char **v, int n, bool quoted, bool star)
{
    if (!e->out || (!e->split && !quoted) || (quoted && star)) {
        /* one string */
        const char *sep = " ";
        size_t sep_n = 1;
        if (star) {
            sep = e->ifs;
            sep_n = *e->ifs ? 1 : 0;
        }
        if (quoted && star && n == 0 && e->out)
            put(e, "", 0, true);
        for (int i = 0; i < n; i++) {
            if (i)
                put(e, sep, sep_n, quoted || !e->split);
            expansion_text(e, v[i], strlen(v[i]), quoted);
        }
        return;
    }
    for (int i = 0; i < n; i++) {
        if (i && (quoted || e->started)) {
            end_field(e);
            e->state = FRESH;
        }
        if (quoted)
            put(e, v[i], strlen(v[i]), true);
        else
            expansion_text(e, v[i], strlen(v[i]), false);
    }
}

/* --- tilde ---------------------------------------------------------------------------------- */

const char *expand_tilde(struct shell *sh, const char *user)
{
    if (!*user) {
        const char *home = var_get(sh, "HOME");
        return home ? home : users_home(sh, NULL);
    }
    if (strcmp(user, "+") == 0)
        return var_get(sh, "PWD");
    if (strcmp(user, "-") == 0)
        return var_get(sh, "OLDPWD");
    if (strspn(user + (*user == '+' || *user == '-'), "0123456789") ==
        strlen(user + (*user == '+' || *user == '-')))
        return NULL;
    return users_home(sh, user);
}

/* A tilde prefix at s[0..n): bytes it takes, 0 for none. last: the segment is the
 * word's last (else the prefix must end inside it). */
static size_t try_tilde(struct expansion *e, const char *s, size_t n, bool last)
{
    size_t k = 1;
    while (k < n && s[k] != '/' && s[k] != ':')
        k++;
    if (k == n && !last)
        return 0;
    const char *home = expand_tilde(e->sh, sh_tmp_strndup(e->sh, s + 1, k - 1));
    if (!home)
        return 0;
    put(e, home, strlen(home), true);
    return k;
}

static void add_literal(struct expansion *e, const struct seg *s, bool first, bool equals)
{
    const char *t = s->text;
    size_t n = s->n, from = 0;
    bool tilde = first && n && t[0] == '~';
    if (!tilde && !memchr(t, '~', n)) {
        put(e, t, n, false);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        bool here =
            t[i] == '~' && ((i == 0 && first) ||
                            (i && ((e->assign && t[i - 1] == ':') || (equals && t[i - 1] == '='))));
        if (!here)
            continue;
        put(e, t + from, i - from, false);
        size_t k = try_tilde(e, t + i, n - i, s->next == NULL);
        from = i + k;
        if (k)
            i += k - 1;
    }
    if (n > from || (n == 0 && !e->split))
        put(e, t + from, n - from, false);
}

/* --- segments -----------------------------------------------------------------------------------
 */

static void add_seg(struct expansion *e, const struct seg *s, bool first, bool equals)
{
    struct shell *sh = e->sh;
    switch (s->kind) {
    case SEG_LIT:
        if (s->quoted)
            put(e, s->text, s->n, true);
        else
            add_literal(e, s, first, equals);
        break;
    case SEG_PARAM:
        param_expand(e, s);
        break;
    case SEG_COMMAND:
    case SEG_BACKQ: {
        char *out = exec_substitute(sh, s);
        expansion_text(e, out, strlen(out), s->quoted);
        break;
    }
    case SEG_ARITH: {
        int64_t n = arith_eval(sh, expand_arith(sh, s->arith), NULL);
        char *t = sh_tmp_printf(sh, "%lld", (long long)n);
        expansion_text(e, t, strlen(t), s->quoted);
        break;
    }
    case SEG_PROC_IN:
    case SEG_PROC_OUT: {
        char *path = exec_process(sh, s);
        put(e, path, strlen(path), true);
        break;
    }
    }
}

/* The operand of ${x:-...}: its unquoted text is split like a result. */
void expansion_segs(struct expansion *e, const struct seg *s)
{
    bool first = true;
    for (; s; s = s->next, first = false) {
        if (s->kind == SEG_LIT && !s->quoted) {
            if (first && s->n && s->text[0] == '~') {
                size_t k = try_tilde(e, s->text, s->n, s->next == NULL);
                expansion_text(e, s->text + k, s->n - k, false);
            } else {
                expansion_text(e, s->text, s->n, false);
            }
        } else {
            add_seg(e, s, first, false);
        }
    }
}

static void run(struct expansion *e, const struct word *w, bool equals)
{
    struct shell *sh = e->sh;
    if (vm_deep(sh->p)) {
        sh_error(sh, "expansion: recursion level exceeded");
        sh->status = 1;
        sh_throw(sh, JUMP_DISCARD);
    }
    for (const struct seg *s = w->segs; s; s = s->next)
        add_seg(e, s, s == w->segs, equals);
}

static char *result(struct expansion *e)
{
    str_putc(&e->text, 0);
    return e->text.s;
}

void expand_word_fields(struct shell *sh, struct word *w, struct fields *out)
{
    if (w->flags & WORD_PLAIN) {
        fields_add(sh, out, (char *)w->segs->text);
        return;
    }
    if ((w->flags & WORD_BRACE) && sh->opt[OPT_BRACEEXPAND] && !sh->dash) {
        struct word *list = brace_expand(sh->tmp, w, tick, sh->p);
        if (list != w) {
            for (; list; list = list->next)
                expand_word_fields(sh, list, out);
            return;
        }
    }
    struct expansion e;
    expansion_init(&e, sh, out);
    run(&e, w, (w->flags & WORD_EQUALS) && !sh->opt[OPT_POSIX]);
    if (e.started)
        end_field(&e);
}

void expand_words(struct shell *sh, struct word *w, struct fields *out)
{
    for (; w; w = w->next)
        expand_word_fields(sh, w, out);
}

char *expand_string(struct shell *sh, const struct word *w)
{
    struct expansion e;
    if (w->flags & WORD_PLAIN)
        return (char *)w->segs->text;
    expansion_init(&e, sh, NULL);
    run(&e, w, false);
    return result(&e);
}

char *expand_assign(struct shell *sh, const struct word *w)
{
    struct expansion e;
    expansion_init(&e, sh, NULL);
    e.assign = true;
    run(&e, w, false);
    return result(&e);
}

/* The word with a backslash before each quoted character of special. */
static char *expand_escaped(struct shell *sh, const struct word *w, const char *special)
{
    struct expansion e;
    expansion_init(&e, sh, NULL);
    run(&e, w, false);
    struct str s;
    str_init(&s, sh->tmp);
    for (size_t i = 0; i < e.text.n; i++) {
        char c = e.text.s[i];
        if (e.mask.s[i] && strchr(special, c))
            str_putc(&s, '\\');
        str_putc(&s, c);
    }
    return s.s ? s.s : sh_tmp_strdup(sh, "");
}

char *expand_pattern(struct shell *sh, const struct word *w)
{
    return expand_escaped(sh, w, "*?[]\\+@!()|^-");
}

char *expand_replacement(struct shell *sh, const struct word *w)
{
    return expand_escaped(sh, w, "&\\");
}

char *expand_regex(struct shell *sh, const struct word *w)
{
    return expand_escaped(sh, w, "*?[]\\+(){}|^$.");
}

char *expand_arith(struct shell *sh, const struct word *w)
{
    struct expansion e;
    if (w->segs && !w->segs->next && w->segs->kind == SEG_LIT)
        return (char *)w->segs->text;
    expansion_init(&e, sh, NULL);
    run(&e, w, false);
    return result(&e);
}

char *expand_heredoc(struct shell *sh, const struct word *w)
{
    return expand_arith(sh, w);
}

char *expand_text(struct shell *sh, const char *text)
{
    if (!strpbrk(text, "$`\\"))
        return (char *)text;
    struct parser p;
    struct parse_host host;
    sh_parse_host(sh, &host);
    host.more = NULL;
    parse_init(&p, sh->tmp, &host);
    p.line = sh->line;
    struct word *w = parse_dquoted(&p, sh->tmp, text, strlen(text));
    if (!w) {
        sh_error(sh, "%s", p.error);
        return (char *)text;
    }
    return expand_heredoc(sh, w);
}

/* --- subscripts as text
 * ------------------------------------------------------------------------------ */

const char *expand_subscript(struct shell *sh, const char *name, const char *sub)
{
    struct var *v = var_deref(sh, &name, NULL);
    if (!strpbrk(sub, "$`\\\"'"))
        return sub;
    (void)v;
    struct parser p;
    struct parse_host host;
    sh_parse_host(sh, &host);
    host.more = NULL;
    parse_init(&p, sh->tmp, &host);
    struct word *w = parse_elements(&p, sh->tmp, sub);
    return w && !w->next ? expand_string(sh, w) : sub;
}

const char *expand_element(struct shell *sh, const char *name, const char *sub)
{
    const char *inner;
    struct var *v = var_deref(sh, &name, &inner);
    if (!v)
        return NULL;
    sub = expand_subscript(sh, name, sub);
    struct array *a = var_array(sh, v);
    if (v->flags & VAR_ASSOC)
        return a ? assoc_get(a, sub) : NULL;
    if (strcmp(sub, "@") == 0 || strcmp(sub, "*") == 0)
        return a && a->n ? a->e[0].val : v->val;
    int64_t i = arith_index(sh, sub);
    if (!a)
        return i == 0 ? var_value(sh, v) : NULL;
    if (i < 0)
        i += array_next_index(a);
    if (i < 0) {
        sh_error(sh, "%s: bad array subscript", name);
        return NULL;
    }
    return array_get(a, i);
}
