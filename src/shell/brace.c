/* brace.c -- {a,b} and {1..9} over words whose quoting is known.
 *
 * A word becomes a row of cells: an unquoted character, or a segment that is
 * opaque here. Alternatives are expanded recursively and joined with what
 * follows.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/brace.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct cell {
    struct seg *seg; /* NULL: the character c */
    char c;
};

struct row {
    struct row *next;
    struct cell *cells;
    size_t n;
};

struct braces {
    struct arena *a;
    void (*tick)(void *, unsigned);
    void *ctx;
    int depth;
};

static struct row *expand(struct braces *b, const struct cell *c, size_t n);

static struct row *row_new(struct braces *b, const struct cell *c, size_t n, size_t extra)
{
    struct row *r = arena_alloc(b->a, sizeof *r);
    r->next = NULL;
    r->cells = arena_alloc(b->a, (n + extra + 1) * sizeof *c);
    if (n)
        memcpy(r->cells, c, n * sizeof *c);
    r->n = n;
    if (b->tick)
        b->tick(b->ctx, 1 + (unsigned)(n / 16));
    return r;
}

static void row_add(struct row *r, const struct cell *c, size_t n)
{
    memcpy(r->cells + r->n, c, n * sizeof *c);
    r->n += n;
}

/* All of heads x tails. */
static struct row *product(struct braces *b, const struct row *heads, const struct row *tails)
{
    struct row *first = NULL, **end = &first;
    for (const struct row *h = heads; h; h = h->next)
        for (const struct row *t = tails; t; t = t->next) {
            struct row *r = row_new(b, h->cells, h->n, t->n);
            row_add(r, t->cells, t->n);
            *end = r;
            end = &r->next;
        }
    return first;
}

static bool is(const struct cell *c, char ch)
{
    return !c->seg && c->c == ch;
}

/* The index of the '}' that closes c[0] == '{'; counts commas at its level. */
static size_t closing(const struct cell *c, size_t n, int *commas)
{
    int depth = 0;
    *commas = 0;
    for (size_t i = 0; i < n; i++) {
        if (is(&c[i], '{')) {
            depth++;
        } else if (is(&c[i], '}')) {
            if (--depth == 0)
                return i;
        } else if (is(&c[i], ',') && depth == 1) {
            (*commas)++;
        }
    }
    return 0;
}

static void append_text(struct braces *b, struct row ***end, const char *s)
{
    size_t n = strlen(s);
    struct row *r = row_new(b, NULL, 0, n);
    for (size_t i = 0; i < n; i++)
        r->cells[r->n++] = (struct cell){.c = s[i]};
    **end = r;
    *end = &r->next;
}

static bool parse_int(const char *s, int64_t *v)
{
    const char *t = s + (*s == '-' || *s == '+');
    if (!*t || strspn(t, "0123456789") != strlen(t) || strlen(t) > 18)
        return false;
    *v = strtoll(s, NULL, 10);
    return true;
}

static bool zero_padded(const char *s)
{
    s += *s == '-' || *s == '+';
    return s[0] == '0' && s[1];
}

/* x..y[..step] in c[0..n): its rows, or NULL. */
static struct row *sequence(struct braces *b, const struct cell *c, size_t n)
{
    char text[64], out[64];
    if (n < 4 || n >= sizeof text)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (c[i].seg)
            return NULL;
        text[i] = c[i].c;
    }
    text[n] = 0;
    char *second = strstr(text, "..");
    if (!second || second == text)
        return NULL;
    *second = 0;
    second += 2;
    int64_t step = 0, from, to;
    char *third = strstr(second, "..");
    if (third) {
        *third = 0;
        if (!parse_int(third + 2, &step))
            return NULL;
    }
    bool letters = false;
    if (!parse_int(text, &from) || !parse_int(second, &to)) {
        if (strlen(text) != 1 || strlen(second) != 1 ||
            !(((text[0] | 32) >= 'a' && (text[0] | 32) <= 'z')) ||
            !(((second[0] | 32) >= 'a' && (second[0] | 32) <= 'z')))
            return NULL;
        letters = true;
        from = text[0];
        to = second[0];
    }
    int width = 0;
    if (!letters && (zero_padded(text) || zero_padded(second)))
        width = (int)(strlen(text) > strlen(second) ? strlen(text) : strlen(second));
    if (step == 0)
        step = 1;
    if (step < 0)
        step = -step;
    struct row *first = NULL, **end = &first;
    int64_t v = from;
    for (;;) {
        if (letters)
            snprintf(out, sizeof out, "%c", (char)v);
        else
            snprintf(out, sizeof out, "%0*lld", width, (long long)v);
        append_text(b, &end, out);
        if (from <= to ? to - v < step : v - to < step)
            return first;
        v += from <= to ? step : -step;
    }
}

static struct row *lists(struct braces *b, const struct cell *c, size_t n)
{
    struct row *first = NULL, **end = &first;
    size_t from = 0;
    int depth = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i < n && is(&c[i], '{'))
            depth++;
        else if (i < n && is(&c[i], '}'))
            depth--;
        if (i < n && !(is(&c[i], ',') && depth == 0))
            continue;
        *end = expand(b, c + from, i - from);
        while (*end)
            end = &(*end)->next;
        from = i + 1;
    }
    return first;
}

static struct row *expand(struct braces *b, const struct cell *c, size_t n)
{
    if (b->depth > 100)
        return row_new(b, c, n, 0);
    for (size_t i = 0; i < n; i++) {
        if (!is(&c[i], '{'))
            continue;
        int commas;
        size_t close = closing(c + i, n - i, &commas);
        if (!close)
            continue;
        b->depth++;
        struct row *mid =
            commas ? lists(b, c + i + 1, close - 1) : sequence(b, c + i + 1, close - 1);
        if (mid) {
            struct row *head = row_new(b, c, i, 0);
            struct row *tail = expand(b, c + i + close + 1, n - i - close - 1);
            struct row *all = product(b, head, mid);
            if (tail->n || tail->next)
                all = product(b, all, tail);
            b->depth--;
            return all;
        }
        b->depth--;
    }
    return row_new(b, c, n, 0);
}

/* In bash the text is read again: $a followed by letters is a longer name. */
static size_t join_name(struct braces *b, struct seg *s, const struct row *r, size_t i)
{
    if (s->kind != SEG_PARAM || s->quoted || s->param->braced ||
        !(s->param->name[0] == '_' || isalpha((unsigned char)s->param->name[0])))
        return 0;
    size_t k = 0, n = strlen(s->param->name);
    while (i + k < r->n && !r->cells[i + k].seg &&
           (isalnum((unsigned char)r->cells[i + k].c) || r->cells[i + k].c == '_'))
        k++;
    if (!k)
        return 0;
    struct param *p = arena_zalloc(b->a, sizeof *p);
    char *name = arena_zalloc(b->a, n + k + 1);
    *p = *s->param;
    memcpy(name, p->name, n);
    for (size_t j = 0; j < k; j++)
        name[n + j] = r->cells[i + j].c;
    p->name = name;
    s->param = p;
    return k;
}

static struct word *to_word(struct braces *b, const struct word *from, const struct row *r)
{
    struct word *w = arena_zalloc(b->a, sizeof *w);
    *w = *from;
    w->next = NULL;
    w->assign = NULL;
    w->flags &= ~(unsigned)(WORD_BRACE | WORD_PLAIN);
    w->segs = NULL;
    struct seg **end = &w->segs;
    for (size_t i = 0; i < r->n;) {
        struct seg *s = arena_zalloc(b->a, sizeof *s);
        if (r->cells[i].seg) {
            *s = *r->cells[i++].seg;
            s->next = NULL;
            i += join_name(b, s, r, i);
        } else {
            size_t k = i;
            while (k < r->n && !r->cells[k].seg)
                k++;
            char *t = arena_alloc(b->a, k - i + 1);
            s->n = k - i;
            for (size_t j = 0; i < k; i++)
                t[j++] = r->cells[i].c;
            t[s->n] = 0;
            s->kind = SEG_LIT;
            s->text = t;
        }
        *end = s;
        end = &s->next;
    }
    return w;
}

struct word *brace_expand(struct arena *a, struct word *w, void (*tick)(void *, unsigned),
                          void *ctx)
{
    struct braces b = {.a = a, .tick = tick, .ctx = ctx};
    size_t n = 0;
    for (const struct seg *s = w->segs; s; s = s->next)
        n += s->kind == SEG_LIT && !s->quoted ? s->n : 1;
    struct cell *c = arena_alloc(a, (n + 1) * sizeof *c);
    size_t k = 0;
    for (struct seg *s = w->segs; s; s = s->next) {
        if (s->kind != SEG_LIT || s->quoted)
            c[k++] = (struct cell){.seg = s};
        else
            for (size_t i = 0; i < s->n; i++)
                c[k++] = (struct cell){.c = s->text[i]};
    }
    struct row *r = expand(&b, c, k);
    struct word *first = NULL, **end = &first;
    if (!r->next && r->n == k)
        return w;
    for (; r; r = r->next) {
        *end = to_word(&b, w, r);
        end = &(*end)->next;
    }
    return first;
}
