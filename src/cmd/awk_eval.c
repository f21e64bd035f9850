/* awk_eval.c -- the values of awk's variables and expressions.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <math.h>
#include <string.h>

#include "cmd/awk_run.h"

double awk_eval_num(struct awk *w, struct awk_node *n)
{
    struct awk_val v = awk_eval(w, n);
    double d = awk_num(&v);
    awk_drop(w->r, &v);
    return d;
}

struct awk_str *awk_eval_str(struct awk *w, struct awk_node *n)
{
    struct awk_val v = awk_eval(w, n);
    struct awk_str *s = awk_to_string(w, &v);
    awk_drop(w->r, &v);
    return s;
}

bool awk_eval_true(struct awk *w, struct awk_node *n)
{
    struct awk_val v = awk_eval(w, n);
    bool b = awk_true(&v);
    awk_drop(w->r, &v);
    return b;
}

/* --- variables ------------------------------------------------------------------------------ */

/* The variable a name stands for, through parameters that were passed on. */
struct awk_var *awk_var_of(struct awk *w, const struct awk_node *n)
{
    struct awk_var *v = n->op == A_LOCAL ? &w->frame.var[n->v] : &w->global[n->v];
    for (int i = 0; v->ref && i < 1000; i++)
        v = v->ref;
    return v;
}

struct awk_array *awk_array_of(struct awk *w, const struct awk_node *n)
{
    struct awk_var *v = awk_var_of(w, n);
    if (!v->array) {
        v->array = vm_alloc(w->r->p, sizeof(*v->array));
        v->is_array = true;
    }
    return v->array;
}

struct awk_str *awk_subscript(struct awk *w, struct awk_node *n)
{
    if (!n->next)
        return awk_eval_str(w, n);
    struct str b;
    struct awk_str *sep = awk_to_string(w, &w->global[V_SUBSEP].v);
    str_init(&b, w->r->arena);
    for (bool first = true; n; n = n->next, first = false) {
        if (!first)
            str_add(&b, sep->s, sep->n);
        struct awk_str *s = awk_eval_str(w, n);
        str_add(&b, s->s, s->n);
        awk_str_drop(w->r, s);
    }
    awk_str_drop(w->r, sep);
    struct awk_str *s = awk_str_new(w->r, str_text(&b), b.n);
    str_release(&b);
    return s;
}

/* Stores v, whose reference goes along. */
void awk_assign(struct awk *w, struct awk_node *to, struct awk_val v)
{
    if (to->op == A_FIELD) {
        awk_set_field(w, awk_eval_num(w, to->a), v);
        return;
    }
    if (to->op == A_INDEX) {
        struct awk_str *key = awk_subscript(w, to->b);
        struct awk_val *at = awk_array_at(w->r, awk_array_of(w, to->a), key);
        awk_str_drop(w->r, key);
        awk_drop(w->r, at);
        *at = v;
        return;
    }
    struct awk_var *var = awk_var_of(w, to);
    if (to->op == A_VAR && to->v == V_NF) {
        awk_set_nf(w, (int)awk_num(&v));
        awk_drop(w->r, &v);
        return;
    }
    awk_drop(w->r, &var->v);
    var->v = v;
}

static struct awk_val value_of(struct awk *w, struct awk_node *n)
{
    if (n->op == A_VAR && n->v == V_NF)
        awk_split_record(w);
    return awk_keep(awk_var_of(w, n)->v);
}

/* --- expressions
 * -----------------------------------------------------------------------------------------------
 */

static double arithmetic(struct awk *w, int op, double a, double b)
{
    (void)w;
    switch (op) {
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '*':
        return a * b;
    case '/':
        return a / b;
    case '%':
        return fmod(a, b);
    default:
        return pow(a, b);
    }
}

static struct awk_val compare(struct awk *w, struct awk_node *n)
{
    struct awk_val a = awk_eval(w, n->a), b = awk_eval(w, n->b);
    int d;
    bool nan = false;
    if (a.type != AV_STR && b.type != AV_STR) {
        nan = isnan(a.n) || isnan(b.n);
        d = a.n < b.n ? -1 : a.n > b.n;
    } else {
        struct awk_str *s = awk_to_string(w, &a), *t = awk_to_string(w, &b);
        size_t k = s->n < t->n ? s->n : t->n;
        d = memcmp(s->s, t->s, k);
        if (!d)
            d = s->n < t->n ? -1 : s->n > t->n;
        awk_str_drop(w->r, s);
        awk_str_drop(w->r, t);
    }
    awk_drop(w->r, &a);
    awk_drop(w->r, &b);
    if (nan)
        return awk_number(n->op == A_NE);
    switch (n->op) {
    case A_LT:
        return awk_number(d < 0);
    case A_LE:
        return awk_number(d <= 0);
    case A_EQ:
        return awk_number(d == 0);
    case A_NE:
        return awk_number(d != 0);
    case A_GT:
        return awk_number(d > 0);
    default:
        return awk_number(d >= 0);
    }
}

static struct awk_val step(struct awk *w, struct awk_node *n)
{
    double by = n->op == A_PREINC || n->op == A_POSTINC ? 1 : -1, old = awk_eval_num(w, n->a);
    awk_assign(w, n->a, awk_number(old + by));
    return awk_number(n->op == A_PREINC || n->op == A_PREDEC ? old + by : old);
}

static struct awk_val concatenate(struct awk *w, struct awk_node *n)
{
    struct awk_str *a = awk_eval_str(w, n->a), *b = awk_eval_str(w, n->b);
    struct awk_val v = {.type = AV_STR, .s = awk_str_new(w->r, NULL, (size_t)a->n + b->n)};
    memcpy(v.s->s, a->s, a->n);
    memcpy(v.s->s + a->n, b->s, b->n);
    awk_str_drop(w->r, a);
    awk_str_drop(w->r, b);
    return v;
}

static bool match_record(struct awk *w, struct regex *re)
{
    awk_join_record(w);
    return awk_matches(re, w->record.s->s, w->record.s->n, 0, NULL);
}

static struct awk_val assignment(struct awk *w, struct awk_node *n)
{
    struct awk_val v;
    if (n->v == '=') {
        v = awk_eval(w, n->b);
    } else {
        double b = awk_eval_num(w, n->b);
        v = awk_number(arithmetic(w, n->v, awk_eval_num(w, n->a), b));
    }
    awk_assign(w, n->a, awk_keep(v));
    return v;
}

static bool is_in(struct awk *w, struct awk_node *n)
{
    struct awk_node *k = n->a->op == A_LIST || n->a->op == A_GROUP ? n->a->a : n->a;
    struct awk_str *key = awk_subscript(w, k);
    bool in = awk_array_find(awk_array_of(w, n->b), key) != NULL;
    awk_str_drop(w->r, key);
    return in;
}

/* long: one case an operator */
struct awk_val awk_eval(struct awk *w, struct awk_node *n)
{
    struct awk_val v;
    struct awk_str *s;
    double d;
    vm_tick(w->r->p, 1);
    switch (n->op) {
    case A_NUM:
        return awk_number(n->str.n);
    case A_STR:
        return awk_keep(n->str);
    case A_REGEX:
        return awk_number(match_record(w, n->re));
    case A_VAR:
    case A_LOCAL:
        return value_of(w, n);
    case A_FIELD:
        return awk_get_field(w, n->a->op == A_NUM ? n->a->str.n : awk_eval_num(w, n->a));
    case A_INDEX:
        s = awk_subscript(w, n->b);
        v = awk_keep(*awk_array_at(w->r, awk_array_of(w, n->a), s));
        awk_str_drop(w->r, s);
        return v;
    case A_GROUP:
        return awk_eval(w, n->a);
    case A_LIST:
        return awk_eval(w, n->a);
    case A_ASSIGN:
        return assignment(w, n);
    case A_COND:
        return awk_eval(w, awk_eval_true(w, n->a) ? n->b : n->c);
    case A_OR:
        return awk_number(awk_eval_true(w, n->a) || awk_eval_true(w, n->b));
    case A_AND:
        return awk_number(awk_eval_true(w, n->a) && awk_eval_true(w, n->b));
    case A_IN:
        return awk_number(is_in(w, n));
    case A_MATCH:
    case A_NOMATCH:
        s = awk_eval_str(w, n->a);
        d = awk_matches(awk_eval_regex(w, n->b), s->s, s->n, 0, NULL);
        awk_str_drop(w->r, s);
        return awk_number(n->op == A_MATCH ? d : !d);
    case A_LT:
    case A_LE:
    case A_EQ:
    case A_NE:
    case A_GT:
    case A_GE:
        return compare(w, n);
    case A_CAT:
        return concatenate(w, n);
    case A_ADD:
        d = awk_eval_num(w, n->a);
        return awk_number(d + awk_eval_num(w, n->b));
    case A_SUB:
        d = awk_eval_num(w, n->a);
        return awk_number(d - awk_eval_num(w, n->b));
    case A_MUL:
        d = awk_eval_num(w, n->a);
        return awk_number(d * awk_eval_num(w, n->b));
    case A_DIV:
        d = awk_eval_num(w, n->a);
        return awk_number(d / awk_eval_num(w, n->b));
    case A_MOD:
        d = awk_eval_num(w, n->a);
        return awk_number(fmod(d, awk_eval_num(w, n->b)));
    case A_POW:
        d = awk_eval_num(w, n->a);
        return awk_number(pow(d, awk_eval_num(w, n->b)));
    case A_NOT:
        return awk_number(!awk_eval_true(w, n->a));
    case A_NEG:
        d = -awk_eval_num(w, n->a);
        return awk_number(d == 0 ? 0 : d);
    case A_PLUS:
        return awk_number(awk_eval_num(w, n->a));
    case A_PREINC:
    case A_PREDEC:
    case A_POSTINC:
    case A_POSTDEC:
        return step(w, n);
    case A_CALL:
        return awk_call(w, n);
    case A_BUILTIN:
        return awk_builtin(w, n);
    case A_GETLINE:
        return awk_getline(w, n);
    default:
        return awk_number(0);
    }
}
