/* awk_func.c -- awk's built-in functions, and calls of the program's own.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/awk_run.h"
#include "cmd/tz.h"

static void replacement(struct str *out, const struct awk_str *by, const char *s, size_t n)
{
    for (size_t i = 0; i < by->n; i++) {
        if (by->s[i] == '\\' && i + 1 < by->n && (by->s[i + 1] == '&' || by->s[i + 1] == '\\'))
            str_putc(out, by->s[++i]);
        else if (by->s[i] == '&')
            str_add(out, s, n);
        else
            str_putc(out, by->s[i]);
    }
}

static struct awk_val substitute(struct awk *w, struct awk_node *args, bool all)
{
    static struct awk_node zero = {.op = A_NUM};
    struct awk_node record = {.op = A_FIELD, .a = &zero};
    struct regex *re = awk_eval_regex(w, args);
    struct awk_str *by = awk_eval_str(w, args->next);
    struct awk_node *target = args->next->next ? args->next->next : &record;
    struct awk_str *text = awk_eval_str(w, target);
    struct str out;
    str_init(&out, w->r->arena);
    size_t at = 0, copied = 0, last_end = (size_t)-1;
    struct regex_match m;
    int count = 0;
    while (at <= text->n && awk_matches(re, text->s, text->n, at, &m)) {
        str_add(&out, text->s + copied, m.so - copied);
        copied = m.so;
        /* an empty match right behind the last one does not count */
        if (m.eo > m.so || m.so != last_end) {
            replacement(&out, by, text->s + m.so, m.eo - m.so);
            count++;
        }
        copied = at = last_end = m.eo;
        if (!all)
            break;
        if (m.eo == m.so) {
            if (m.so >= text->n)
                break;
            str_putc(&out, text->s[m.so]);
            copied = at = m.so + 1;
        }
    }
    if (count) {
        if (copied < text->n)
            str_add(&out, text->s + copied, text->n - copied);
        awk_assign(w, target, awk_text(w->r, str_text(&out), out.n));
    }
    str_release(&out);
    awk_str_drop(w->r, text);
    awk_str_drop(w->r, by);
    return awk_number(count);
}

struct split_ctx {
    struct awk *w;
    struct awk_array *a;
    int n;
};

static void split_piece(void *ctx, const char *s, size_t n)
{
    struct split_ctx *c = ctx;
    char key[16];
    int k = snprintf(key, sizeof(key), "%d", ++c->n);
    struct awk_str *name = awk_str_new(c->w->r, key, (size_t)k);
    struct awk_val *at = awk_array_at(c->w->r, c->a, name);
    awk_str_drop(c->w->r, name);
    awk_drop(c->w->r, at);
    *at = awk_input(c->w->r, s, n);
}

static struct awk_val do_split(struct awk *w, struct awk_node *a)
{
    struct awk_str *text = awk_eval_str(w, a), *fs = NULL;
    struct awk_node *by = a->next->next;
    struct split_ctx c = {.w = w, .a = awk_array_of(w, a->next)};
    struct regex *re = by && by->op == A_REGEX ? by->re : NULL;
    if (!re)
        fs = by ? awk_eval_str(w, by) : awk_to_string(w, &w->global[V_FS].v);
    awk_array_clear(w->r, c.a);
    awk_cut(w, text->s, text->n, re, fs, false, split_piece, &c);
    awk_str_drop(w->r, fs);
    awk_str_drop(w->r, text);
    return awk_number(c.n);
}

/* mawk's own arithmetic: a start below 1 is moved to 1 and lengthens. */
static struct awk_val do_substr(struct awk *w, struct awk_node *a)
{
    struct awk_str *s = awk_eval_str(w, a);
    double b = trunc(awk_eval_num(w, a->next));
    double n = a->next->next ? trunc(awk_eval_num(w, a->next->next)) : 2147483647.0;
    if (b < 1) {
        n -= b;
        b = 1;
    }
    struct awk_val v;
    if (!(n > 0) || b > s->n) {
        v = awk_text(w->r, "", 0);
    } else {
        size_t from = (size_t)b - 1, len = s->n - from;
        v = awk_text(w->r, s->s + from, n < (double)len ? (size_t)n : len);
    }
    awk_str_drop(w->r, s);
    return v;
}

static struct awk_val change_case(struct awk *w, struct awk_node *a, bool upper)
{
    struct awk_str *s = awk_eval_str(w, a);
    struct awk_val v = awk_text(w->r, s->s, s->n);
    awk_str_drop(w->r, s);
    for (char *c = v.s->s; c < v.s->s + v.s->n; c++)
        if (upper ? *c >= 'a' && *c <= 'z' : *c >= 'A' && *c <= 'Z')
            *c ^= 0x20;
    return v;
}

static struct awk_val do_strftime(struct awk *w, struct awk_node *a)
{
    struct awk_str *f = a ? awk_eval_str(w, a) : awk_str_new(w->r, "%c", 2);
    double t = a && a->next ? awk_eval_num(w, a->next) : (double)vm_now(w->r->p).tv_sec;
    bool utc = a && a->next && a->next->next && awk_eval_true(w, a->next->next);
    struct tm tm;
    char text[512];
    tz_local(tz_of(w->r->p, utc ? "UTC0" : NULL), (int64_t)t, &tm);
    size_t n = strftime(text, sizeof(text), f->s, &tm);
    awk_str_drop(w->r, f);
    return awk_text(w->r, text, n);
}

static struct awk_val do_mktime(struct awk *w, struct awk_node *a)
{
    struct awk_str *s = awk_eval_str(w, a);
    int v[6] = {0};
    const char *at = s->s;
    int n = 0;
    for (char *end; n < 6; n++, at = end) {
        v[n] = (int)strtol(at, &end, 10);
        if (end == at)
            break;
    }
    awk_str_drop(w->r, s);
    if (n < 6)
        return awk_number(-1);
    struct tm tm = {.tm_year = v[0] - 1900,
                    .tm_mon = v[1] - 1,
                    .tm_mday = v[2],
                    .tm_hour = v[3],
                    .tm_min = v[4],
                    .tm_sec = v[5],
                    .tm_isdst = -1};
    return awk_number((double)tz_make(tz_of(w->r->p, NULL), &tm));
}

static struct awk_val length_of(struct awk *w, struct awk_node *a)
{
    struct awk_val v;
    if (a && (a->op == A_VAR || a->op == A_LOCAL) && awk_var_of(w, a)->is_array)
        return awk_number((double)awk_array_of(w, a)->count);
    v = a ? awk_eval(w, a) : awk_get_field(w, 0);
    struct awk_str *s = awk_to_string(w, &v);
    double n = s->n;
    awk_str_drop(w->r, s);
    awk_drop(w->r, &v);
    return awk_number(n);
}

static struct awk_val do_match(struct awk *w, struct awk_node *a)
{
    struct awk_str *s = awk_eval_str(w, a);
    struct regex_match m;
    bool hit = awk_matches(awk_eval_regex(w, a->next), s->s, s->n, 0, &m);
    awk_str_drop(w->r, s);
    awk_set_special(w, V_RSTART, hit ? (double)m.so + 1 : 0);
    awk_set_special(w, V_RLENGTH, hit ? (double)(m.eo - m.so) : -1);
    return awk_number(hit ? (double)m.so + 1 : 0);
}

static struct awk_val do_index(struct awk *w, struct awk_node *a)
{
    struct awk_str *s = awk_eval_str(w, a), *t = awk_eval_str(w, a->next);
    const char *p = memmem(s->s, s->n, t->s, t->n);
    double at = p ? (double)(p - s->s) + 1 : 0;
    awk_str_drop(w->r, s);
    awk_str_drop(w->r, t);
    return awk_number(at);
}

struct awk_val awk_builtin(struct awk *w, struct awk_node *n)
{
    struct awk_node *a = n->a;
    struct awk_str *s;
    struct str b;
    double d;
    switch (n->v) {
    case B_LENGTH:
        return length_of(w, a);
    case B_SUBSTR:
        return do_substr(w, a);
    case B_INDEX:
        return do_index(w, a);
    case B_SPLIT:
        return do_split(w, a);
    case B_SUB:
        return substitute(w, a, false);
    case B_GSUB:
        return substitute(w, a, true);
    case B_MATCH:
        return do_match(w, a);
    case B_SPRINTF: {
        str_init(&b, w->r->arena);
        awk_format_list(w, a, &b, "sprintf");
        struct awk_val v = awk_text(w->r, str_text(&b), b.n);
        str_release(&b);
        return v;
    }
    case B_SIN:
        return awk_number(sin(awk_eval_num(w, a)));
    case B_COS:
        return awk_number(cos(awk_eval_num(w, a)));
    case B_ATAN2:
        d = awk_eval_num(w, a);
        return awk_number(atan2(d, awk_eval_num(w, a->next)));
    case B_EXP:
        return awk_number(exp(awk_eval_num(w, a)));
    case B_LOG:
        return awk_number(log(awk_eval_num(w, a)));
    case B_SQRT:
        return awk_number(sqrt(awk_eval_num(w, a)));
    case B_INT:
        return awk_number(trunc(awk_eval_num(w, a)));
    case B_RAND:
        return awk_number(rng_unit(&w->rng));
    case B_SRAND:
        d = w->seed;
        w->seed = a ? awk_eval_num(w, a) : (double)vm_now(w->r->p).tv_sec;
        rng_seed(&w->rng, (uint64_t)(int64_t)w->seed);
        return awk_number(d);
    case B_TOLOWER:
        return change_case(w, a, false);
    case B_TOUPPER:
        return change_case(w, a, true);
    case B_SYSTEM:
        s = awk_eval_str(w, a);
        awk_file_flush(w->r, w->files);
        d = awk_system(w->r, s->s);
        awk_str_drop(w->r, s);
        return awk_number(d);
    case B_CLOSE:
        s = awk_eval_str(w, a);
        d = awk_file_close(w->r, &w->files, s->s);
        awk_str_drop(w->r, s);
        return awk_number(d);
    case B_FFLUSH:
        awk_file_flush(w->r, w->files);
        return awk_number(0);
    case B_STRFTIME:
        return do_strftime(w, a);
    case B_SYSTIME:
        return awk_number((double)vm_now(w->r->p).tv_sec);
    case B_MKTIME:
        return do_mktime(w, a);
    default:
        return awk_number(0);
    }
}

struct awk_val awk_call(struct awk *w, struct awk_node *n)
{
    struct awk_func *f = &w->prog->func[n->v];
    size_t size = ((size_t)f->params + 1) * sizeof(struct awk_var);
    if (vm_deep(w->r->p))
        awk_die(w, "function call nesting is too deep: stack overflow");
    struct awk_var *var = vm_alloc(w->r->p, size);
    int i = 0;
    for (struct awk_node *a = n->a; a; a = a->next, i++) {
        if (i >= f->params) {
            struct awk_val extra = awk_eval(w, a);
            awk_drop(w->r, &extra);
            continue;
        }
        if (a->op == A_VAR || a->op == A_LOCAL) {
            struct awk_var *v = awk_var_of(w, a);
            if (v->is_array) {
                var[i].array = v->array;
                var[i].is_array = true;
                continue;
            }
            if (v->v.type == AV_UNSET && !(a->op == A_VAR && a->v < V_SPECIAL)) {
                var[i].ref = v; /* it may become an array in there */
                continue;
            }
        }
        var[i].v = awk_eval(w, a);
    }
    struct awk_frame old = w->frame;
    w->frame = (struct awk_frame){var, f->params};
    awk_exec(w, f->body);
    w->frame = old;
    struct awk_val result = {0};
    if (w->flow == RETURN) {
        w->flow = GO;
        result = w->result;
        w->result = (struct awk_val){0};
    }
    for (i = 0; i < f->params; i++)
        awk_drop(w->r, &var[i].v);
    vm_release(w->r->p, var, size);
    return result;
}
