/* awk_run.c -- the machine that runs awk's trees.
 *
 * Every evaluation returns a value that its caller owns and drops. Fields are
 * split only when one of them is asked for; assigning to one joins the record
 * again when $0 is asked for. break, next, exit and return unwind by a flag
 * that statements look at.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "cmd/awk.h"
#include "cmd/awk_io.h"
#include "cmd/tz.h"

enum flow { GO, BREAK, CONTINUE, NEXT, NEXTFILE, EXIT, RETURN };
enum { REGEX_CACHE = 16, MAX_FIELD = 32767, MAX_ARGS = 64 };

struct frame {
    struct awk_var *var;
    int n;
};

struct awk {
    struct cmd_run *r;
    struct awk_program *prog;
    struct awk_var *global;
    struct frame frame;
    enum flow flow;
    struct awk_val result; /* of return */
    int status;
    /* the record */
    struct awk_val record, *field; /* field[1..nf] */
    int nf, cap;
    bool split, joined; /* fields are valid; the record is valid */
    struct awk_file *files;
    /* main input */
    char **args;
    int nargs, at_arg;
    struct vfile *in;
    bool used_args, in_end;
    struct str rs_buf; /* text read for a regular-expression RS */
    bool rs_eof;
    struct rng rng;
    double seed;
    struct cached {
        struct awk_str *text;
        struct regex *re;
        struct arena *arena;
    } cache[REGEX_CACHE];
    unsigned cache_at;
};

static struct awk_val eval(struct awk *w, struct awk_node *n);
static void exec(struct awk *w, struct awk_node *n);

static struct awk_val number(double v)
{
    return (struct awk_val){.type = AV_NUM, .n = v};
}

void awk_die(struct awk *w, const char *fmt, ...)
{
    struct cmd_run *r = w->r;
    struct str b;
    va_list ap;
    str_init(&b, r->arena);
    va_start(ap, fmt);
    str_vprintf(&b, fmt, ap);
    va_end(ap);
    awk_file_flush(r, w->files);
    struct awk_val *v = NULL;
    vf_printf(r->err, "%s: run time error: %s\n\tFILENAME=\"", r->name, str_text(&b));
    v = &w->global[V_FILENAME].v;
    vf_printf(r->err, "%s\" FNR=%.6g NR=%.6g\n", v->s ? v->s->s : "", awk_num(&w->global[V_FNR].v),
              awk_num(&w->global[V_NR].v));
    vm_exit(r->p, 2);
}

static const char *convfmt(struct awk *w)
{
    const struct awk_val *v = &w->global[V_CONVFMT].v;
    return v->s ? v->s->s : "%.6g";
}

static struct awk_str *to_string(struct awk *w, const struct awk_val *v)
{
    return awk_string(w->r, v, convfmt(w));
}

static double eval_num(struct awk *w, struct awk_node *n)
{
    struct awk_val v = eval(w, n);
    double d = awk_num(&v);
    awk_drop(w->r, &v);
    return d;
}

static struct awk_str *eval_str(struct awk *w, struct awk_node *n)
{
    struct awk_val v = eval(w, n);
    struct awk_str *s = to_string(w, &v);
    awk_drop(w->r, &v);
    return s;
}

static bool eval_true(struct awk *w, struct awk_node *n)
{
    struct awk_val v = eval(w, n);
    bool b = awk_true(&v);
    awk_drop(w->r, &v);
    return b;
}

/* --- regular expressions --------------------------------------------------------------- */

static void tick(void *ctx, unsigned steps)
{
    vm_tick(ctx, steps);
}

static struct regex *dynamic_regex(struct awk *w, struct awk_str *text)
{
    const char *why;
    for (int i = 0; i < REGEX_CACHE; i++) {
        struct cached *c = &w->cache[i];
        if (c->text && c->text->n == text->n && !memcmp(c->text->s, text->s, text->n))
            return c->re;
    }
    struct cached *c = &w->cache[w->cache_at++ % REGEX_CACHE];
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
static struct regex *eval_regex(struct awk *w, struct awk_node *n)
{
    if (n->op == A_REGEX)
        return n->re;
    struct awk_str *s = eval_str(w, n);
    struct regex *re = dynamic_regex(w, s);
    awk_str_drop(w->r, s);
    return re;
}

static bool matches(struct regex *re, const char *s, size_t n, size_t from, struct regex_match *m)
{
    return regex_exec(re, s, n, from, m, m != NULL) == 1;
}

/* --- the record and its fields ---------------------------------------------------------- */

static void set_special(struct awk *w, int which, double v)
{
    awk_drop(w->r, &w->global[which].v);
    w->global[which].v = number(v);
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

typedef void piece_fn(void *ctx, const char *s, size_t n);

/* Cuts text by fs (NULL: the variable FS) and hands out the pieces. */
static void cut(struct awk *w, const char *s, size_t n, struct regex *by, const struct awk_str *fs,
                bool paragraphs, piece_fn *fn, void *ctx)
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
        re = dynamic_regex(w, t);
        awk_str_drop(w->r, t);
    }
    size_t at = 0, from = 0;
    struct regex_match m;
    while (at <= n && matches(re, s, n, at, &m)) {
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

static void split_record(struct awk *w)
{
    if (w->split)
        return;
    w->split = true;
    w->nf = 0;
    struct awk_str *fs = to_string(w, &w->global[V_FS].v), *rs = to_string(w, &w->global[V_RS].v);
    cut(w, w->record.s->s, w->record.s->n, NULL, fs, rs->n == 0, field_piece, w);
    awk_str_drop(w->r, fs);
    awk_str_drop(w->r, rs);
    set_special(w, V_NF, w->nf);
}

static void set_record(struct awk *w, struct awk_val v)
{
    awk_drop(w->r, &w->record);
    w->record = v;
    w->split = false;
    w->joined = true;
}

static void join_record(struct awk *w)
{
    if (w->joined)
        return;
    struct str b;
    struct awk_str *ofs = to_string(w, &w->global[V_OFS].v);
    str_init(&b, w->r->arena);
    for (int i = 1; i <= w->nf; i++) {
        if (i > 1)
            str_add(&b, ofs->s, ofs->n);
        struct awk_str *s = to_string(w, &w->field[i]);
        str_add(&b, s->s, s->n);
        awk_str_drop(w->r, s);
    }
    awk_str_drop(w->r, ofs);
    awk_drop(w->r, &w->record);
    w->record = awk_input(w->r, str_text(&b), b.n);
    str_release(&b);
    w->joined = true;
}

static struct awk_val get_field(struct awk *w, double index)
{
    if (index < 0 || isnan(index))
        awk_die(w, "attempt to access field %d", (int)index);
    if (index < 1) {
        join_record(w);
        return awk_keep(w->record);
    }
    split_record(w);
    if (index > w->nf)
        return (struct awk_val){0};
    return awk_keep(w->field[(int)index]);
}

static void set_nf(struct awk *w, int n)
{
    split_record(w);
    if (n < 0)
        awk_die(w, "negative value assigned to NF");
    need_fields(w, n);
    for (int i = w->nf + 1; i <= n; i++) {
        awk_drop(w->r, &w->field[i]);
        w->field[i] = awk_text(w->r, "", 0);
    }
    w->nf = n;
    w->joined = false;
    set_special(w, V_NF, n);
}

static void set_field(struct awk *w, double index, struct awk_val v)
{
    if (index < 0 || isnan(index))
        awk_die(w, "attempt to access field %d", (int)index);
    if (index < 1) {
        struct awk_str *s = to_string(w, &v);
        set_record(w, awk_input(w->r, s->s, s->n));
        awk_str_drop(w->r, s);
        awk_drop(w->r, &v);
        return;
    }
    split_record(w);
    if (index > MAX_FIELD)
        awk_die(w, "program limit exceeded: maximum number of fields size=%d", MAX_FIELD);
    if ((int)index > w->nf)
        set_nf(w, (int)index);
    awk_drop(w->r, &w->field[(int)index]);
    w->field[(int)index] = v;
    w->joined = false;
}

/* --- variables ------------------------------------------------------------------------------ */

/* The variable a name stands for, through parameters that were passed on. */
static struct awk_var *var_of(struct awk *w, const struct awk_node *n)
{
    struct awk_var *v = n->op == A_LOCAL ? &w->frame.var[n->v] : &w->global[n->v];
    for (int i = 0; v->ref && i < 1000; i++)
        v = v->ref;
    return v;
}

static struct awk_array *array_of(struct awk *w, const struct awk_node *n)
{
    struct awk_var *v = var_of(w, n);
    if (!v->array) {
        v->array = vm_alloc(w->r->p, sizeof(*v->array));
        v->is_array = true;
    }
    return v->array;
}

static struct awk_str *subscript(struct awk *w, struct awk_node *n)
{
    if (!n->next)
        return eval_str(w, n);
    struct str b;
    struct awk_str *sep = to_string(w, &w->global[V_SUBSEP].v);
    str_init(&b, w->r->arena);
    for (bool first = true; n; n = n->next, first = false) {
        if (!first)
            str_add(&b, sep->s, sep->n);
        struct awk_str *s = eval_str(w, n);
        str_add(&b, s->s, s->n);
        awk_str_drop(w->r, s);
    }
    awk_str_drop(w->r, sep);
    struct awk_str *s = awk_str_new(w->r, str_text(&b), b.n);
    str_release(&b);
    return s;
}

/* Stores v, whose reference goes along. */
static void assign(struct awk *w, struct awk_node *to, struct awk_val v)
{
    if (to->op == A_FIELD) {
        set_field(w, eval_num(w, to->a), v);
        return;
    }
    if (to->op == A_INDEX) {
        struct awk_str *key = subscript(w, to->b);
        struct awk_val *at = awk_array_at(w->r, array_of(w, to->a), key);
        awk_str_drop(w->r, key);
        awk_drop(w->r, at);
        *at = v;
        return;
    }
    struct awk_var *var = var_of(w, to);
    if (to->op == A_VAR && to->v == V_NF) {
        set_nf(w, (int)awk_num(&v));
        awk_drop(w->r, &v);
        return;
    }
    awk_drop(w->r, &var->v);
    var->v = v;
}

static struct awk_val value_of(struct awk *w, struct awk_node *n)
{
    if (n->op == A_VAR && n->v == V_NF)
        split_record(w);
    return awk_keep(var_of(w, n)->v);
}

/* --- input
 * ---------------------------------------------------------------------------------------- */

/* One record of f by RS; false at the end. */
static bool read_record(struct awk *w, struct vfile *f, struct awk_val *out)
{
    struct awk_str *rs = to_string(w, &w->global[V_RS].v);
    size_t n;
    char *s;
    bool ok = true;
    if (rs->n == 1) {
        s = vf_getdelim(f, (unsigned char)rs->s[0], &n);
        ok = s != NULL;
        if (ok)
            *out = awk_input(w->r, s, n - (s[n - 1] == rs->s[0]));
    } else {
        /* Paragraphs and expressions: gather until one is surely complete. */
        struct str *b = &w->rs_buf;
        struct regex *re = rs->n ? dynamic_regex(w, rs) : NULL;
        struct regex_match m = {0};
        for (;;) {
            size_t skip = 0;
            while (!rs->n && skip < b->n && b->s[skip] == '\n')
                skip++;
            if (skip) {
                memmove(b->s, b->s + skip, b->n - skip);
                str_trunc(b, b->n - skip);
            }
            bool hit = false;
            if (re) {
                hit = b->n && matches(re, b->s, b->n, 0, &m) && m.eo > m.so;
            } else {
                char *p = b->n ? memmem(b->s, b->n, "\n\n", 2) : NULL;
                if (p) {
                    m.so = (size_t)(p - b->s);
                    m.eo = m.so + 2;
                    hit = true;
                }
            }
            if ((hit && m.eo < b->n) || w->rs_eof) {
                if (!b->n) {
                    ok = false;
                    break;
                }
                size_t end = hit ? m.so : b->n, next = hit ? m.eo : b->n;
                if (!hit && b->s[end - 1] == '\n' && end)
                    end--;
                *out = awk_input(w->r, b->s, end);
                memmove(b->s, b->s + next, b->n - next);
                str_trunc(b, b->n - next);
                break;
            }
            s = vf_getdelim(f, '\n', &n);
            if (!s)
                w->rs_eof = true;
            else
                str_add(b, s, n);
        }
    }
    awk_str_drop(w->r, rs);
    return ok;
}

static void do_assign_arg(struct awk *w, const char *arg);

static bool is_assignment(const char *s)
{
    size_t n = 0;
    while ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z') || s[n] == '_' ||
           (n && s[n] >= '0' && s[n] <= '9'))
        n++;
    return n && s[n] == '=';
}

/* Opens the next input file of ARGV; false when there is none. */
static bool next_file(struct awk *w)
{
    struct cmd_run *r = w->r;
    char key[16];
    for (;;) {
        int argc = (int)awk_num(&w->global[V_ARGC].v);
        if (++w->at_arg >= argc) {
            if (w->used_args)
                return false;
            w->used_args = true;
            w->in = r->in;
            return true;
        }
        int n = snprintf(key, sizeof(key), "%d", w->at_arg);
        struct awk_str *k = awk_str_new(r, key, (size_t)n);
        struct awk_array *argv = w->global[V_ARGV].array;
        struct awk_entry *e = argv ? awk_array_find(argv, k) : NULL;
        awk_str_drop(r, k);
        if (!e)
            continue;
        struct awk_str *name = to_string(w, &e->v);
        if (!name->n)
            continue;
        if (is_assignment(name->s)) {
            do_assign_arg(w, name->s);
            continue;
        }
        w->used_args = true;
        awk_drop(r, &w->global[V_FILENAME].v);
        w->global[V_FILENAME].v = awk_text(r, name->s, name->n);
        set_special(w, V_FNR, 0);
        if (!strcmp(name->s, "-") || !strcmp(name->s, "/dev/stdin")) {
            w->in = r->in;
            return true;
        }
        int err = 0;
        w->in = vf_open(r->p, name->s, "re", &err);
        if (w->in)
            return true;
        awk_file_flush(r, w->files);
        cmd_warn(r, "cannot open %s (%s)", name->s, vm_strerror(-err));
        vm_exit(r->p, 2);
    }
}

static void bump(struct awk *w, int which)
{
    set_special(w, which, awk_num(&w->global[which].v) + 1);
}

/* The next record of the main input; false at its end. */
static bool main_record(struct awk *w, struct awk_val *out)
{
    while (!w->in_end) {
        if (!w->in && !next_file(w)) {
            w->in_end = true;
            break;
        }
        if (read_record(w, w->in, out)) {
            bump(w, V_NR);
            bump(w, V_FNR);
            return true;
        }
        int err = vf_error(w->in);
        if (err) {
            struct awk_val *f = &w->global[V_FILENAME].v;
            cmd_warn(w->r, "read error (%s)", vm_strerror(-err));
            (void)f;
            vm_exit(w->r->p, 2);
        }
        if (w->in != w->r->in)
            (void)vf_close(w->in);
        w->in = NULL;
        w->rs_eof = false;
        if (w->at_arg >= (int)awk_num(&w->global[V_ARGC].v))
            w->in_end = true;
    }
    return false;
}

static struct awk_val do_getline(struct awk *w, struct awk_node *n)
{
    struct awk_val v;
    if (!n->v) {
        if (!main_record(w, &v))
            return number(0);
    } else {
        struct awk_str *name = eval_str(w, n->b);
        int err = 0;
        struct awk_file *f = awk_file_get(w->r, &w->files, name->s, n->v == '|' ? 'i' : '<', &err);
        awk_str_drop(w->r, name);
        if (!f)
            return number(-1);
        if (!read_record(w, f->f, &v))
            return number(vf_error(f->f) ? -1 : 0);
        if (n->v == '|')
            bump(w, V_NR);
    }
    if (n->a)
        assign(w, n->a, v);
    else
        set_record(w, v);
    return number(1);
}

/* --- printf
 * --------------------------------------------------------------------------------------------- */

static long long integer(double v)
{
    if (isnan(v))
        return INT64_MIN;
    return v >= 9.2e18 ? INT64_MAX : v <= -9.2e18 ? INT64_MIN : (long long)v;
}

static void format(struct awk *w, struct str *out, const struct awk_str *f, struct awk_val *arg,
                   int nargs, const char *who)
{
    int at = 0;
    char spec[64], text[1024];
    const char *s = f->s, *end = f->s + f->n;
    while (s < end) {
        const char *p = memchr(s, '%', (size_t)(end - s));
        str_add(out, s, (size_t)((p ? p : end) - s));
        if (!p)
            break;
        s = p + 1;
        if (*s == '%') {
            str_putc(out, '%');
            s++;
            continue;
        }
        size_t n = 0;
        int stars[2] = {0}, nstars = 0;
        spec[n++] = '%';
        for (; s < end && strchr("-+ #0123456789.*hlLq'", *s) && n < 40; s++) {
            if (*s == '*') {
                if (at >= nargs)
                    awk_die(w, "not enough arguments passed to %s(\"%s\")", who, f->s);
                double v = awk_num(&arg[at++]);
                if (nstars < 2)
                    stars[nstars++] = v > 10000 ? 10000 : v < -10000 ? -10000 : (int)v;
                n += (size_t)snprintf(spec + n, sizeof(spec) - n, "%d", stars[nstars - 1]);
            } else if (!strchr("hlLq'", *s)) {
                spec[n++] = *s;
            }
        }
        char c = s < end ? *s++ : 0;
        if (!c || !strchr("cdiouxXeEfFgGsaA", c))
            awk_die(w, "bad conversion in %s(\"%s\")", who, f->s);
        if (at >= nargs)
            awk_die(w, "not enough arguments passed to %s(\"%s\")", who, f->s);
        struct awk_val *v = &arg[at++];
        int width = 0, k;
        spec[n] = '\0';
        const char *digits = spec + 1 + strspn(spec + 1, "-+ #0");
        width = strtol(digits, NULL, 10) > 100000 ? 100000 : (int)strtol(digits, NULL, 10);
        if (c == 's' || (c == 'c' && v->s && v->type != AV_STRNUM)) {
            struct awk_str *t = to_string(w, v);
            const char *dot = strchr(spec, '.');
            size_t len = t->n;
            if (c == 'c')
                len = len ? 1 : 0;
            else if (dot && len > (size_t)strtol(dot + 1, NULL, 10))
                len = (size_t)strtol(dot + 1, NULL, 10);
            bool left = memchr(spec, '-', (size_t)(digits - spec)) != NULL;
            size_t pad = (size_t)width > len ? (size_t)width - len : 0;
            if (!left)
                str_fill(out, ' ', pad);
            str_add(out, t->s, len);
            if (left)
                str_fill(out, ' ', pad);
            awk_str_drop(w->r, t);
            continue;
        }
        double d = awk_num(v);
        if (c == 'c') {
            spec[n++] = 'c';
            spec[n] = '\0';
            k = snprintf(text, sizeof(text), spec, (int)(unsigned char)integer(d));
            str_add(out, text, (size_t)k < sizeof(text) ? (size_t)k : sizeof(text) - 1);
            continue;
        }
        bool whole = strchr("diouxX", c);
        if (whole) {
            spec[n++] = 'l';
            spec[n++] = 'l';
        }
        spec[n++] = c;
        spec[n] = '\0';
        if (whole && strchr("di", c)) {
            long long i = integer(d);
            k = snprintf(text, sizeof(text), spec, i);
        } else if (whole) {
            k = snprintf(text, sizeof(text), spec,
                         d < 0 ? (unsigned long long)integer(d)
                               : (unsigned long long)(d > 1.8e19 ? 1.8e19 : d));
        } else {
            k = snprintf(text, sizeof(text), spec, d);
        }
        str_add(out, text, k > 0 && (size_t)k < sizeof(text) ? (size_t)k : sizeof(text) - 1);
    }
}

/* printf's and sprintf's arguments are evaluated into v. */
static int eval_list(struct awk *w, struct awk_node *n, struct awk_val *v, int max)
{
    int count = 0;
    for (; n && count < max; n = n->next)
        v[count++] = eval(w, n);
    return count;
}

static void format_list(struct awk *w, struct awk_node *list, struct str *out, const char *who)
{
    struct awk_val v[MAX_ARGS];
    int n = eval_list(w, list, v, MAX_ARGS);
    struct awk_str *f = to_string(w, &v[0]);
    format(w, out, f, v + 1, n - 1, who);
    awk_str_drop(w->r, f);
    while (n)
        awk_drop(w->r, &v[--n]);
}

/* --- built-in functions
 * ------------------------------------------------------------------------------------ */

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
    struct regex *re = eval_regex(w, args);
    struct awk_str *by = eval_str(w, args->next);
    struct awk_node *target = args->next->next ? args->next->next : &record;
    struct awk_str *text = eval_str(w, target);
    struct str out;
    str_init(&out, w->r->arena);
    size_t at = 0, copied = 0, last_end = (size_t)-1;
    struct regex_match m;
    int count = 0;
    while (at <= text->n && matches(re, text->s, text->n, at, &m)) {
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
        assign(w, target, awk_text(w->r, str_text(&out), out.n));
    }
    str_release(&out);
    awk_str_drop(w->r, text);
    awk_str_drop(w->r, by);
    return number(count);
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
    struct awk_str *text = eval_str(w, a), *fs = NULL;
    struct awk_node *by = a->next->next;
    struct split_ctx c = {.w = w, .a = array_of(w, a->next)};
    struct regex *re = by && by->op == A_REGEX ? by->re : NULL;
    if (!re)
        fs = by ? eval_str(w, by) : to_string(w, &w->global[V_FS].v);
    awk_array_clear(w->r, c.a);
    cut(w, text->s, text->n, re, fs, false, split_piece, &c);
    awk_str_drop(w->r, fs);
    awk_str_drop(w->r, text);
    return number(c.n);
}

/* mawk's own arithmetic: a start below 1 is moved to 1 and lengthens. */
static struct awk_val do_substr(struct awk *w, struct awk_node *a)
{
    struct awk_str *s = eval_str(w, a);
    double b = trunc(eval_num(w, a->next));
    double n = a->next->next ? trunc(eval_num(w, a->next->next)) : 2147483647.0;
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
    struct awk_str *s = eval_str(w, a);
    struct awk_val v = awk_text(w->r, s->s, s->n);
    awk_str_drop(w->r, s);
    for (char *c = v.s->s; c < v.s->s + v.s->n; c++)
        if (upper ? *c >= 'a' && *c <= 'z' : *c >= 'A' && *c <= 'Z')
            *c ^= 0x20;
    return v;
}

static struct awk_val do_strftime(struct awk *w, struct awk_node *a)
{
    struct awk_str *f = a ? eval_str(w, a) : awk_str_new(w->r, "%c", 2);
    double t = a && a->next ? eval_num(w, a->next) : (double)vm_now(w->r->p).tv_sec;
    bool utc = a && a->next && a->next->next && eval_true(w, a->next->next);
    struct tm tm;
    char text[512];
    tz_local(tz_of(w->r->p, utc ? "UTC0" : NULL), (int64_t)t, &tm);
    size_t n = strftime(text, sizeof(text), f->s, &tm);
    awk_str_drop(w->r, f);
    return awk_text(w->r, text, n);
}

static struct awk_val do_mktime(struct awk *w, struct awk_node *a)
{
    struct awk_str *s = eval_str(w, a);
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
        return number(-1);
    struct tm tm = {.tm_year = v[0] - 1900,
                    .tm_mon = v[1] - 1,
                    .tm_mday = v[2],
                    .tm_hour = v[3],
                    .tm_min = v[4],
                    .tm_sec = v[5],
                    .tm_isdst = -1};
    return number((double)tz_make(tz_of(w->r->p, NULL), &tm));
}

static struct awk_val length_of(struct awk *w, struct awk_node *a)
{
    struct awk_val v;
    if (a && (a->op == A_VAR || a->op == A_LOCAL) && var_of(w, a)->is_array)
        return number((double)array_of(w, a)->count);
    v = a ? eval(w, a) : get_field(w, 0);
    struct awk_str *s = to_string(w, &v);
    double n = s->n;
    awk_str_drop(w->r, s);
    awk_drop(w->r, &v);
    return number(n);
}

static struct awk_val do_match(struct awk *w, struct awk_node *a)
{
    struct awk_str *s = eval_str(w, a);
    struct regex_match m;
    bool hit = matches(eval_regex(w, a->next), s->s, s->n, 0, &m);
    awk_str_drop(w->r, s);
    set_special(w, V_RSTART, hit ? (double)m.so + 1 : 0);
    set_special(w, V_RLENGTH, hit ? (double)(m.eo - m.so) : -1);
    return number(hit ? (double)m.so + 1 : 0);
}

static struct awk_val do_index(struct awk *w, struct awk_node *a)
{
    struct awk_str *s = eval_str(w, a), *t = eval_str(w, a->next);
    const char *p = memmem(s->s, s->n, t->s, t->n);
    double at = p ? (double)(p - s->s) + 1 : 0;
    awk_str_drop(w->r, s);
    awk_str_drop(w->r, t);
    return number(at);
}

static struct awk_val builtin(struct awk *w, struct awk_node *n)
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
        format_list(w, a, &b, "sprintf");
        struct awk_val v = awk_text(w->r, str_text(&b), b.n);
        str_release(&b);
        return v;
    }
    case B_SIN:
        return number(sin(eval_num(w, a)));
    case B_COS:
        return number(cos(eval_num(w, a)));
    case B_ATAN2:
        d = eval_num(w, a);
        return number(atan2(d, eval_num(w, a->next)));
    case B_EXP:
        return number(exp(eval_num(w, a)));
    case B_LOG:
        return number(log(eval_num(w, a)));
    case B_SQRT:
        return number(sqrt(eval_num(w, a)));
    case B_INT:
        return number(trunc(eval_num(w, a)));
    case B_RAND:
        return number(rng_unit(&w->rng));
    case B_SRAND:
        d = w->seed;
        w->seed = a ? eval_num(w, a) : (double)vm_now(w->r->p).tv_sec;
        rng_seed(&w->rng, (uint64_t)(int64_t)w->seed);
        return number(d);
    case B_TOLOWER:
        return change_case(w, a, false);
    case B_TOUPPER:
        return change_case(w, a, true);
    case B_SYSTEM:
        s = eval_str(w, a);
        awk_file_flush(w->r, w->files);
        d = awk_system(w->r, s->s);
        awk_str_drop(w->r, s);
        return number(d);
    case B_CLOSE:
        s = eval_str(w, a);
        d = awk_file_close(w->r, &w->files, s->s);
        awk_str_drop(w->r, s);
        return number(d);
    case B_FFLUSH:
        awk_file_flush(w->r, w->files);
        return number(0);
    case B_STRFTIME:
        return do_strftime(w, a);
    case B_SYSTIME:
        return number((double)vm_now(w->r->p).tv_sec);
    case B_MKTIME:
        return do_mktime(w, a);
    default:
        return number(0);
    }
}

static struct awk_val call(struct awk *w, struct awk_node *n)
{
    struct awk_func *f = &w->prog->func[n->v];
    size_t size = ((size_t)f->params + 1) * sizeof(struct awk_var);
    if (vm_deep(w->r->p))
        awk_die(w, "function call nesting is too deep: stack overflow");
    struct awk_var *var = vm_alloc(w->r->p, size);
    int i = 0;
    for (struct awk_node *a = n->a; a; a = a->next, i++) {
        if (i >= f->params) {
            struct awk_val extra = eval(w, a);
            awk_drop(w->r, &extra);
            continue;
        }
        if (a->op == A_VAR || a->op == A_LOCAL) {
            struct awk_var *v = var_of(w, a);
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
        var[i].v = eval(w, a);
    }
    struct frame old = w->frame;
    w->frame = (struct frame){var, f->params};
    exec(w, f->body);
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
    struct awk_val a = eval(w, n->a), b = eval(w, n->b);
    int d;
    bool nan = false;
    if (a.type != AV_STR && b.type != AV_STR) {
        nan = isnan(a.n) || isnan(b.n);
        d = a.n < b.n ? -1 : a.n > b.n;
    } else {
        struct awk_str *s = to_string(w, &a), *t = to_string(w, &b);
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
        return number(n->op == A_NE);
    switch (n->op) {
    case A_LT:
        return number(d < 0);
    case A_LE:
        return number(d <= 0);
    case A_EQ:
        return number(d == 0);
    case A_NE:
        return number(d != 0);
    case A_GT:
        return number(d > 0);
    default:
        return number(d >= 0);
    }
}

static struct awk_val step(struct awk *w, struct awk_node *n)
{
    double by = n->op == A_PREINC || n->op == A_POSTINC ? 1 : -1, old = eval_num(w, n->a);
    assign(w, n->a, number(old + by));
    return number(n->op == A_PREINC || n->op == A_PREDEC ? old + by : old);
}

static struct awk_val concatenate(struct awk *w, struct awk_node *n)
{
    struct awk_str *a = eval_str(w, n->a), *b = eval_str(w, n->b);
    struct awk_val v = {.type = AV_STR, .s = awk_str_new(w->r, NULL, (size_t)a->n + b->n)};
    memcpy(v.s->s, a->s, a->n);
    memcpy(v.s->s + a->n, b->s, b->n);
    awk_str_drop(w->r, a);
    awk_str_drop(w->r, b);
    return v;
}

static bool match_record(struct awk *w, struct regex *re)
{
    join_record(w);
    return matches(re, w->record.s->s, w->record.s->n, 0, NULL);
}

static struct awk_val assignment(struct awk *w, struct awk_node *n)
{
    struct awk_val v;
    if (n->v == '=') {
        v = eval(w, n->b);
    } else {
        double b = eval_num(w, n->b);
        v = number(arithmetic(w, n->v, eval_num(w, n->a), b));
    }
    assign(w, n->a, awk_keep(v));
    return v;
}

static bool is_in(struct awk *w, struct awk_node *n)
{
    struct awk_node *k = n->a->op == A_LIST || n->a->op == A_GROUP ? n->a->a : n->a;
    struct awk_str *key = subscript(w, k);
    bool in = awk_array_find(array_of(w, n->b), key) != NULL;
    awk_str_drop(w->r, key);
    return in;
}

/* long: one case an operator */
static struct awk_val eval(struct awk *w, struct awk_node *n)
{
    struct awk_val v;
    struct awk_str *s;
    double d;
    vm_tick(w->r->p, 1);
    switch (n->op) {
    case A_NUM:
        return number(n->str.n);
    case A_STR:
        return awk_keep(n->str);
    case A_REGEX:
        return number(match_record(w, n->re));
    case A_VAR:
    case A_LOCAL:
        return value_of(w, n);
    case A_FIELD:
        return get_field(w, n->a->op == A_NUM ? n->a->str.n : eval_num(w, n->a));
    case A_INDEX:
        s = subscript(w, n->b);
        v = awk_keep(*awk_array_at(w->r, array_of(w, n->a), s));
        awk_str_drop(w->r, s);
        return v;
    case A_GROUP:
        return eval(w, n->a);
    case A_LIST:
        return eval(w, n->a);
    case A_ASSIGN:
        return assignment(w, n);
    case A_COND:
        return eval(w, eval_true(w, n->a) ? n->b : n->c);
    case A_OR:
        return number(eval_true(w, n->a) || eval_true(w, n->b));
    case A_AND:
        return number(eval_true(w, n->a) && eval_true(w, n->b));
    case A_IN:
        return number(is_in(w, n));
    case A_MATCH:
    case A_NOMATCH:
        s = eval_str(w, n->a);
        d = matches(eval_regex(w, n->b), s->s, s->n, 0, NULL);
        awk_str_drop(w->r, s);
        return number(n->op == A_MATCH ? d : !d);
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
        d = eval_num(w, n->a);
        return number(d + eval_num(w, n->b));
    case A_SUB:
        d = eval_num(w, n->a);
        return number(d - eval_num(w, n->b));
    case A_MUL:
        d = eval_num(w, n->a);
        return number(d * eval_num(w, n->b));
    case A_DIV:
        d = eval_num(w, n->a);
        return number(d / eval_num(w, n->b));
    case A_MOD:
        d = eval_num(w, n->a);
        return number(fmod(d, eval_num(w, n->b)));
    case A_POW:
        d = eval_num(w, n->a);
        return number(pow(d, eval_num(w, n->b)));
    case A_NOT:
        return number(!eval_true(w, n->a));
    case A_NEG:
        d = -eval_num(w, n->a);
        return number(d == 0 ? 0 : d);
    case A_PLUS:
        return number(eval_num(w, n->a));
    case A_PREINC:
    case A_PREDEC:
    case A_POSTINC:
    case A_POSTDEC:
        return step(w, n);
    case A_CALL:
        return call(w, n);
    case A_BUILTIN:
        return builtin(w, n);
    case A_GETLINE:
        return do_getline(w, n);
    default:
        return number(0);
    }
}

/* --- statements
 * ------------------------------------------------------------------------------------------------------
 */

static struct vfile *output(struct awk *w, struct awk_node *n)
{
    if (!n->v)
        return w->r->out;
    struct awk_str *name = eval_str(w, n->b);
    int err = 0;
    struct awk_file *f = awk_file_get(w->r, &w->files, name->s, n->v == '|' ? 'o' : n->v, &err);
    if (!f) {
        awk_file_flush(w->r, w->files);
        cmd_warn(w->r, "cannot open \"%s\" for output (%s)", name->s, vm_strerror(-err));
        vm_exit(w->r->p, 2);
    }
    awk_str_drop(w->r, name);
    return f->f;
}

static void print(struct awk *w, struct awk_node *n)
{
    struct str b;
    str_init(&b, w->r->arena);
    if (n->op == S_PRINTF) {
        format_list(w, n->a, &b, "printf");
    } else {
        struct awk_str *ofs = to_string(w, &w->global[V_OFS].v);
        struct awk_str *ors = to_string(w, &w->global[V_ORS].v);
        const struct awk_val *ofmt = &w->global[V_OFMT].v;
        if (!n->a) {
            join_record(w);
            str_add(&b, w->record.s->s, w->record.s->n);
        }
        for (struct awk_node *a = n->a; a; a = a->next) {
            struct awk_val v = eval(w, a);
            struct awk_str *s = awk_string(w->r, &v, ofmt->s ? ofmt->s->s : "%.6g");
            str_add(&b, s->s, s->n);
            awk_str_drop(w->r, s);
            awk_drop(w->r, &v);
            if (a->next)
                str_add(&b, ofs->s, ofs->n);
        }
        str_add(&b, ors->s, ors->n);
        awk_str_drop(w->r, ofs);
        awk_str_drop(w->r, ors);
    }
    struct vfile *f = output(w, n);
    vf_write(f, str_text(&b), b.n);
    str_release(&b);
}

/* May the loop go on? break and continue end here. */
static bool loop_goes_on(struct awk *w)
{
    if (w->flow == CONTINUE)
        w->flow = GO;
    if (w->flow == BREAK) {
        w->flow = GO;
        return false;
    }
    return w->flow == GO;
}

struct loop_key {
    struct awk_str *key;
    uint32_t list;
    size_t age;
};

static int key_order(const void *a, const void *b)
{
    const struct loop_key *x = a, *y = b;
    if (x->list != y->list)
        return x->list < y->list ? -1 : 1;
    return x->age > y->age ? -1 : x->age < y->age;
}

/* mawk's hash (FNV-1a) and the number of its lists decide the order of loops. */
static uint32_t mawk_hash(const struct awk_str *s)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < s->n; i++)
        h = (h ^ (unsigned char)s->s[i]) * 16777619u;
    return h;
}

/* The keys are taken before the loop. */
static void for_in(struct awk *w, struct awk_node *n)
{
    struct awk_array *a = array_of(w, n->b);
    size_t count = a->count, k = 0, size = (count + 1) * sizeof(struct loop_key);
    struct loop_key *key = vm_alloc(w->r->p, size);
    uint32_t lists = 64;
    while (count > lists * 12)
        lists *= 2;
    for (size_t i = 0; i < a->nslots; i++)
        for (struct awk_entry *e = a->slot[i]; e; e = e->next) {
            key[k] = (struct loop_key){e->key, mawk_hash(e->key) & (lists - 1), e->age};
            key[k++].key->refs++;
        }
    qsort(key, count, sizeof(*key), key_order);
    for (size_t i = 0; i < count; i++) {
        if (w->flow == GO) {
            assign(w, n->a, awk_input(w->r, key[i].key->s, key[i].key->n));
            exec(w, n->d);
            if (!loop_goes_on(w) && w->flow == GO)
                w->flow = BREAK; /* only to drop the other keys */
        }
        awk_str_drop(w->r, key[i].key);
    }
    if (w->flow == BREAK)
        w->flow = GO;
    vm_release(w->r->p, key, size);
}

static void delete (struct awk *w, struct awk_node *n)
{
    if (n->op != A_INDEX) {
        awk_array_clear(w->r, array_of(w, n));
        return;
    }
    struct awk_str *key = subscript(w, n->b);
    awk_array_del(w->r, array_of(w, n->a), key);
    awk_str_drop(w->r, key);
}

static void exec(struct awk *w, struct awk_node *n)
{
    struct awk_val v;
    vm_tick(w->r->p, 1);
    switch (n->op) {
    case S_BLOCK:
        for (struct awk_node *s = n->a; s && w->flow == GO; s = s->next)
            exec(w, s);
        break;
    case S_EXPR:
        v = eval(w, n->a);
        awk_drop(w->r, &v);
        break;
    case S_PRINT:
    case S_PRINTF:
        print(w, n);
        break;
    case S_IF:
        if (eval_true(w, n->a))
            exec(w, n->b);
        else if (n->c)
            exec(w, n->c);
        break;
    case S_WHILE:
        while (w->flow == GO && eval_true(w, n->a)) {
            exec(w, n->b);
            if (!loop_goes_on(w))
                break;
        }
        break;
    case S_DO:
        do
            exec(w, n->b);
        while (loop_goes_on(w) && eval_true(w, n->a));
        break;
    case S_FOR:
        if (n->a)
            exec(w, n->a);
        while (w->flow == GO && (!n->b || eval_true(w, n->b))) {
            exec(w, n->d);
            if (!loop_goes_on(w))
                break;
            if (n->c)
                exec(w, n->c);
        }
        break;
    case S_FORIN:
        for_in(w, n);
        break;
    case S_NEXT:
        w->flow = NEXT;
        break;
    case S_NEXTFILE:
        w->flow = NEXTFILE;
        break;
    case S_BREAK:
        w->flow = BREAK;
        break;
    case S_CONTINUE:
        w->flow = CONTINUE;
        break;
    case S_DELETE:
        delete (w, n->a);
        break;
    case S_EXIT:
        if (n->a)
            w->status = (int)eval_num(w, n->a);
        w->flow = EXIT;
        break;
    case S_RETURN:
        v = n->a ? eval(w, n->a) : (struct awk_val){0};
        awk_drop(w->r, &w->result);
        w->result = v;
        w->flow = RETURN;
        break;
    default:
        break;
    }
}

/* --- running
 * --------------------------------------------------------------------------------------------------------------
 */

static void run_rules(struct awk *w, int kind)
{
    for (int i = 0; i < w->prog->nrules && w->flow == GO; i++)
        if (w->prog->rule[i].kind == (unsigned)kind)
            exec(w, w->prog->rule[i].action);
}

static bool applies(struct awk *w, struct awk_rule *rule)
{
    if (!rule->pattern)
        return true;
    if (!rule->last)
        return eval_true(w, rule->pattern);
    if (!rule->in_range && !eval_true(w, rule->pattern))
        return false;
    rule->in_range = !eval_true(w, rule->last);
    return true;
}

static void run_record(struct awk *w)
{
    static struct awk_node print_all = {.op = S_PRINT};
    for (int i = 0; i < w->prog->nrules && w->flow == GO; i++) {
        struct awk_rule *rule = &w->prog->rule[i];
        if (rule->kind == RULE_PATTERN && applies(w, rule) && w->flow == GO)
            exec(w, rule->action ? rule->action : &print_all);
    }
    if (w->flow == NEXTFILE) {
        if (w->in && w->in != w->r->in)
            (void)vf_close(w->in);
        w->in = NULL;
    }
    if (w->flow == NEXT || w->flow == NEXTFILE)
        w->flow = GO;
}

/* "name=value" of -v and among the files, with escapes in the value. */
static void do_assign_arg(struct awk *w, const char *arg)
{
    size_t n = strcspn(arg, "=");
    struct str b;
    str_init(&b, w->r->arena);
    for (const char *s = arg + n + 1; *s; s++) {
        static const char from[] = "\"\\/abfnrtv", to[] = "\"\\/\a\b\f\n\r\t\v";
        const char *e = *s == '\\' && s[1] ? strchr(from, s[1]) : NULL;
        if (e) {
            str_putc(&b, to[e - from]);
            s++;
        } else if (*s == '\\' && s[1] >= '0' && s[1] <= '7') {
            int v = 0;
            for (int i = 0; i < 3 && s[1] >= '0' && s[1] <= '7'; i++)
                v = v * 8 + (*++s - '0');
            str_putc(&b, v & 255);
        } else {
            str_putc(&b, *s);
        }
    }
    for (int i = 0; i < w->prog->nvars; i++)
        if (strlen(w->prog->var[i]) == n && !memcmp(w->prog->var[i], arg, n)) {
            struct awk_node to = {.op = A_VAR, .v = i};
            assign(w, &to, awk_input(w->r, str_text(&b), b.n));
        }
}

static void set_array(struct awk *w, int which, const char *key, const char *value)
{
    struct awk_node n = {.op = A_VAR, .v = which};
    struct awk_str *k = awk_str_new(w->r, key, strlen(key));
    *awk_array_at(w->r, array_of(w, &n), k) = awk_input(w->r, value, strlen(value));
    awk_str_drop(w->r, k);
}

static void set_up(struct awk *w, const char *fs, char **args, int nargs)
{
    static const struct {
        int v;
        const char *text;
    } texts[] = {{V_FS, " "},      {V_OFS, " "},       {V_RS, "\n"},        {V_ORS, "\n"},
                 {V_FILENAME, ""}, {V_SUBSEP, "\034"}, {V_CONVFMT, "%.6g"}, {V_OFMT, "%.6g"}};
    struct cmd_run *r = w->r;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        w->global[texts[i].v].v = awk_text(r, texts[i].text, strlen(texts[i].text));
    for (int i = V_NF; i <= V_FNR; i++)
        w->global[i].v = number(0);
    w->global[V_RSTART].v = number(0);
    w->global[V_RLENGTH].v = number(-1);
    w->record = awk_text(r, "", 0);
    w->joined = true;
    str_init(&w->rs_buf, r->arena);
    w->seed = (double)(vm_random(r->p) & 0x7fffffff);
    rng_seed(&w->rng, (uint64_t)w->seed);
    for (char **e = vm_environ(r->p); *e; e++) {
        size_t n = strcspn(*e, "=");
        if ((*e)[n])
            set_array(w, V_ENVIRON, vm_asprintf(r->p, "%.*s", (int)n, *e), *e + n + 1);
    }
    set_array(w, V_ARGV, "0", r->name);
    for (int i = 0; i < nargs; i++)
        set_array(w, V_ARGV, vm_asprintf(r->p, "%d", i + 1), args[i]);
    w->global[V_ARGC].v = number(nargs + 1);
    if (fs)
        do_assign_arg(w, vm_asprintf(r->p, "FS=%s", fs));
}

int awk_execute(struct cmd_run *r, struct awk_program *prog, const char *fs, char **assigns,
                int nassigns, char **args, int nargs)
{
    struct awk *w = vm_alloc(r->p, sizeof(*w));
    bool input = false;
    w->r = r;
    w->prog = prog;
    w->global = vm_alloc(r->p, (size_t)prog->nvars * sizeof(*w->global));
    set_up(w, fs, args, nargs);
    for (int i = 0; i < nassigns; i++)
        do_assign_arg(w, assigns[i]);
    for (int i = 0; i < prog->nrules; i++)
        input |= prog->rule[i].kind != RULE_BEGIN;
    run_rules(w, RULE_BEGIN);
    struct awk_val v;
    while (input && w->flow == GO && main_record(w, &v)) {
        set_record(w, v);
        run_record(w);
    }
    if (w->flow == EXIT || w->flow == GO) {
        /* exit in a rule still runs END; exit in END does not again */
        w->flow = GO;
        run_rules(w, RULE_END);
    }
    awk_file_flush(r, w->files);
    while (w->files)
        awk_file_close(r, &w->files, w->files->name);
    return w->status & 255;
}
