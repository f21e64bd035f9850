/* awk_run.c -- the machine that runs awk's trees.
 *
 * Every evaluation returns a value that its caller owns and drops. break, next,
 * exit and return unwind by a flag that statements look at.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/awk_run.h"

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

struct awk_str *awk_to_string(struct awk *w, const struct awk_val *v)
{
    return awk_string(w->r, v, convfmt(w));
}

/* --- statements
 * ------------------------------------------------------------------------------------------------------
 */

static struct vfile *output(struct awk *w, struct awk_node *n)
{
    if (!n->v)
        return w->r->out;
    struct awk_str *name = awk_eval_str(w, n->b);
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
        awk_format_list(w, n->a, &b, "printf");
    } else {
        struct awk_str *ofs = awk_to_string(w, &w->global[V_OFS].v);
        struct awk_str *ors = awk_to_string(w, &w->global[V_ORS].v);
        const struct awk_val *ofmt = &w->global[V_OFMT].v;
        if (!n->a) {
            awk_join_record(w);
            str_add(&b, w->record.s->s, w->record.s->n);
        }
        for (struct awk_node *a = n->a; a; a = a->next) {
            struct awk_val v = awk_eval(w, a);
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
    struct awk_array *a = awk_array_of(w, n->b);
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
            awk_assign(w, n->a, awk_input(w->r, key[i].key->s, key[i].key->n));
            awk_exec(w, n->d);
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
        awk_array_clear(w->r, awk_array_of(w, n));
        return;
    }
    struct awk_str *key = awk_subscript(w, n->b);
    awk_array_del(w->r, awk_array_of(w, n->a), key);
    awk_str_drop(w->r, key);
}

void awk_exec(struct awk *w, struct awk_node *n)
{
    struct awk_val v;
    vm_tick(w->r->p, 1);
    switch (n->op) {
    case S_BLOCK:
        for (struct awk_node *s = n->a; s && w->flow == GO; s = s->next)
            awk_exec(w, s);
        break;
    case S_EXPR:
        v = awk_eval(w, n->a);
        awk_drop(w->r, &v);
        break;
    case S_PRINT:
    case S_PRINTF:
        print(w, n);
        break;
    case S_IF:
        if (awk_eval_true(w, n->a))
            awk_exec(w, n->b);
        else if (n->c)
            awk_exec(w, n->c);
        break;
    case S_WHILE:
        while (w->flow == GO && awk_eval_true(w, n->a)) {
            awk_exec(w, n->b);
            if (!loop_goes_on(w))
                break;
        }
        break;
    case S_DO:
        do
            awk_exec(w, n->b);
        while (loop_goes_on(w) && awk_eval_true(w, n->a));
        break;
    case S_FOR:
        if (n->a)
            awk_exec(w, n->a);
        while (w->flow == GO && (!n->b || awk_eval_true(w, n->b))) {
            awk_exec(w, n->d);
            if (!loop_goes_on(w))
                break;
            if (n->c)
                awk_exec(w, n->c);
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
            w->status = (int)awk_eval_num(w, n->a);
        w->flow = EXIT;
        break;
    case S_RETURN:
        v = n->a ? awk_eval(w, n->a) : (struct awk_val){0};
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
            awk_exec(w, w->prog->rule[i].action);
}

static bool applies(struct awk *w, struct awk_rule *rule)
{
    if (!rule->pattern)
        return true;
    if (!rule->last)
        return awk_eval_true(w, rule->pattern);
    if (!rule->in_range && !awk_eval_true(w, rule->pattern))
        return false;
    rule->in_range = !awk_eval_true(w, rule->last);
    return true;
}

static void run_record(struct awk *w)
{
    static struct awk_node print_all = {.op = S_PRINT};
    for (int i = 0; i < w->prog->nrules && w->flow == GO; i++) {
        struct awk_rule *rule = &w->prog->rule[i];
        if (rule->kind == RULE_PATTERN && applies(w, rule) && w->flow == GO)
            awk_exec(w, rule->action ? rule->action : &print_all);
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
void awk_assign_arg(struct awk *w, const char *arg)
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
            awk_assign(w, &to, awk_input(w->r, str_text(&b), b.n));
        }
}

static void set_array(struct awk *w, int which, const char *key, const char *value)
{
    struct awk_node n = {.op = A_VAR, .v = which};
    struct awk_str *k = awk_str_new(w->r, key, strlen(key));
    *awk_array_at(w->r, awk_array_of(w, &n), k) = awk_input(w->r, value, strlen(value));
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
        w->global[i].v = awk_number(0);
    w->global[V_RSTART].v = awk_number(0);
    w->global[V_RLENGTH].v = awk_number(-1);
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
    w->global[V_ARGC].v = awk_number(nargs + 1);
    if (fs)
        awk_assign_arg(w, vm_asprintf(r->p, "FS=%s", fs));
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
        awk_assign_arg(w, assigns[i]);
    for (int i = 0; i < prog->nrules; i++)
        input |= prog->rule[i].kind != RULE_BEGIN;
    run_rules(w, RULE_BEGIN);
    struct awk_val v;
    while (input && w->flow == GO && awk_main_record(w, &v)) {
        awk_set_record(w, v);
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
