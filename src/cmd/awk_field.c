/* awk_field.c -- awk's record, its fields, and the expressions that cut them.
 *
 * Fields are split only when one of them is asked for; assigning to one joins
 * the record again when $0 is asked for.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <math.h>
#include <string.h>

#include "cmd/awk_run.h"

/* --- regular expressions --------------------------------------------------------------- */

static void tick(void *ctx, unsigned steps)
{
    vm_tick(ctx, steps);
}

struct regex *awk_dynamic_regex(struct awk *w, struct awk_str *text)
{
    const char *why;
    for (int i = 0; i < REGEX_CACHE; i++) {
        struct awk_cached *c = &w->cache[i];
        if (c->text && c->text->n == text->n && !memcmp(c->text->s, text->s, text->n))
            return c->re;
    }
    struct awk_cached *c = &w->cache[w->cache_at++ % REGEX_CACHE];
    if (c->text) {
        awk_str_drop(w->r, c->text);
        vm_arena_drop(w->r->p, c->arena);
    }
    c->arena = vm_arena_new(w->r->p);
    c->re = regex_new(c->arena, text->s, text->n, REGEX_ERE | REGEX_AWK, &why);
    if (!c->re)
        awk_die(w, "regular expression compile failed (%s)\n%s",
                str_starts(why, "Unmatched (") ? "missing ')'" : "bad class -- [], [^] or [",
                text->s);
    regex_tick(c->re, tick, w->r->p);
    text->refs++;
    c->text = text;
    return c->re;
}

/* The expression as a regular expression. */
struct regex *awk_eval_regex(struct awk *w, struct awk_node *n)
{
    if (n->op == A_REGEX)
        return n->re;
    struct awk_str *s = awk_eval_str(w, n);
    struct regex *re = awk_dynamic_regex(w, s);
    awk_str_drop(w->r, s);
    return re;
}

/* --- the record and its fields ---------------------------------------------------------- */

void awk_set_special(struct awk *w, int which, double v)
{
    awk_drop(w->r, &w->global[which].v);
    w->global[which].v = awk_number(v);
}

static void need_fields(struct awk *w, int n)
{
    if (n > MAX_FIELD)
        awk_die(w, "program limit exceeded: maximum number of fields size=%d", MAX_FIELD);
    if (n < w->cap)
        return;
    int cap = w->cap ? w->cap * 2 : 32;
    while (cap <= n)
        cap *= 2;
    struct awk_val *v = vm_alloc(w->r->p, (size_t)cap * sizeof(*v));
    if (w->cap)
        memcpy(v, w->field, (size_t)w->cap * sizeof(*v));
    vm_release(w->r->p, w->field, (size_t)w->cap * sizeof(*v));
    w->field = v;
    w->cap = cap;
}

static void add_field(struct awk *w, const char *s, size_t n)
{
    need_fields(w, ++w->nf);
    awk_drop(w->r, &w->field[w->nf]);
    w->field[w->nf] = awk_input(w->r, s, n);
}

/* Cuts text by fs (NULL: the variable FS) and hands out the pieces. */
void awk_cut(struct awk *w, const char *s, size_t n, struct regex *by, const struct awk_str *fs,
             bool paragraphs, awk_piece_fn *fn, void *ctx)
{
    const char *end = s + n;
    if (!n)
        return;
    if (!by && fs->n == 1 && fs->s[0] == ' ') {
        for (;;) {
            while (s < end && (*s == ' ' || *s == '\t' || *s == '\n'))
                s++;
            if (s == end)
                return;
            const char *from = s;
            while (s < end && *s != ' ' && *s != '\t' && *s != '\n')
                s++;
            fn(ctx, from, (size_t)(s - from));
        }
    }
    if (!by && !fs->n) {
        for (; s < end; s++)
            fn(ctx, s, 1);
        return;
    }
    if (!by && fs->n == 1 && fs->s[0] != '\\') {
        for (;;) {
            const char *p = s;
            while (p < end && *p != fs->s[0] && !(paragraphs && *p == '\n'))
                p++;
            fn(ctx, s, (size_t)(p - s));
            if (p == end)
                return;
            s = p + 1;
        }
    }
    struct regex *re = by;
    if (!re) {
        struct awk_str *t = awk_str_new(w->r, fs->s, fs->n);
        re = awk_dynamic_regex(w, t);
        awk_str_drop(w->r, t);
    }
    size_t at = 0, from = 0;
    struct regex_match m;
    while (at <= n && awk_matches(re, s, n, at, &m)) {
        if (m.eo == m.so) {
            at = m.eo + 1;
            continue;
        }
        fn(ctx, s + from, m.so - from);
        at = from = m.eo;
    }
    fn(ctx, s + from, n - from);
}

static void field_piece(void *ctx, const char *s, size_t n)
{
    add_field(ctx, s, n);
}

void awk_split_record(struct awk *w)
{
    if (w->split)
        return;
    w->split = true;
    w->nf = 0;
    struct awk_str *fs = awk_to_string(w, &w->global[V_FS].v),
                   *rs = awk_to_string(w, &w->global[V_RS].v);
    awk_cut(w, w->record.s->s, w->record.s->n, NULL, fs, rs->n == 0, field_piece, w);
    awk_str_drop(w->r, fs);
    awk_str_drop(w->r, rs);
    awk_set_special(w, V_NF, w->nf);
}

void awk_set_record(struct awk *w, struct awk_val v)
{
    awk_drop(w->r, &w->record);
    w->record = v;
    w->split = false;
    w->joined = true;
}

void awk_join_record(struct awk *w)
{
    if (w->joined)
        return;
    struct str b;
    struct awk_str *ofs = awk_to_string(w, &w->global[V_OFS].v);
    str_init(&b, w->r->arena);
    for (int i = 1; i <= w->nf; i++) {
        if (i > 1)
            str_add(&b, ofs->s, ofs->n);
        struct awk_str *s = awk_to_string(w, &w->field[i]);
        str_add(&b, s->s, s->n);
        awk_str_drop(w->r, s);
    }
    awk_str_drop(w->r, ofs);
    awk_drop(w->r, &w->record);
    w->record = awk_input(w->r, str_text(&b), b.n);
    str_release(&b);
    w->joined = true;
}

struct awk_val awk_get_field(struct awk *w, double index)
{
    if (index < 0 || isnan(index))
        awk_die(w, "attempt to access field %d", (int)index);
    if (index < 1) {
        awk_join_record(w);
        return awk_keep(w->record);
    }
    awk_split_record(w);
    if (index > w->nf)
        return (struct awk_val){0};
    return awk_keep(w->field[(int)index]);
}

void awk_set_nf(struct awk *w, int n)
{
    awk_split_record(w);
    if (n < 0)
        awk_die(w, "negative value assigned to NF");
    need_fields(w, n);
    for (int i = w->nf + 1; i <= n; i++) {
        awk_drop(w->r, &w->field[i]);
        w->field[i] = awk_text(w->r, "", 0);
    }
    w->nf = n;
    w->joined = false;
    awk_set_special(w, V_NF, n);
}

void awk_set_field(struct awk *w, double index, struct awk_val v)
{
    if (index < 0 || isnan(index))
        awk_die(w, "attempt to access field %d", (int)index);
    if (index < 1) {
        struct awk_str *s = awk_to_string(w, &v);
        awk_set_record(w, awk_input(w->r, s->s, s->n));
        awk_str_drop(w->r, s);
        awk_drop(w->r, &v);
        return;
    }
    awk_split_record(w);
    if (index > MAX_FIELD)
        awk_die(w, "program limit exceeded: maximum number of fields size=%d", MAX_FIELD);
    if ((int)index > w->nf)
        awk_set_nf(w, (int)index);
    awk_drop(w->r, &w->field[(int)index]);
    w->field[(int)index] = v;
    w->joined = false;
}
