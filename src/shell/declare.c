/* declare.c -- assignment statements, and variables as the text that declares them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "shell/arith.h"
#include "shell/builtin.h"
#include "shell/simple.h"
#include "shell/text.h"

/* --- assignment statements ----------------------------------------------------------- */

static bool elements_indexed(struct shell *sh, struct var *v, const struct assign *a)
{
    int64_t next = a->append ? array_next_index(v->arr) : 0;
    for (struct word *w = a->elements; w; w = w->next) {
        vm_tick(sh->p, 1);
        if (w->assign && !w->assign->name[0] && w->assign->sub && w->assign->value) {
            const char *sub = expand_string(sh, w->assign->sub);
            const char *val = expand_assign(sh, w->assign->value);
            char *copy = sh_tmp_strdup(sh, sub);
            int64_t i = arith_index(sh, copy);
            if (i < 0)
                i += array_next_index(v->arr);
            if (!*sub || i < 0) {
                sh_error(sh, "[%s]=%s: bad array subscript", sub, val);
                continue;
            }
            var_assign_elem(sh, v, sh_tmp_printf(sh, "%lld", (long long)i), val, w->assign->append);
            next = i + 1;
            continue;
        }
        struct fields f = {0};
        expand_word_fields(sh, w, &f);
        for (int i = 0; i < f.n; i++)
            var_assign_elem(sh, v, sh_tmp_printf(sh, "%lld", (long long)next++), f.v[i], false);
    }
    return true;
}

static bool elements_assoc(struct shell *sh, struct var *v, const struct assign *a)
{
    for (struct word *w = a->elements; w; w = w->next) {
        vm_tick(sh->p, 1);
        if (w->assign && !w->assign->name[0] && w->assign->sub && w->assign->value) {
            const char *key = sh_tmp_strdup(sh, expand_string(sh, w->assign->sub));
            const char *val = expand_assign(sh, w->assign->value);
            if (!*key) {
                sh_error(sh, "%s: bad array subscript", w->text);
                continue;
            }
            var_assign_elem(sh, v, key, val, w->assign->append);
            continue;
        }
        /* words alone: key and value take turns */
        const char *key = sh_tmp_strdup(sh, expand_string(sh, w));
        const char *val = "";
        if (w == a->elements || true) {
            w = w->next;
            val = w ? expand_string(sh, w) : "";
        }
        if (!*key) {
            sh_error(sh, "%s: bad array subscript", v->name);
            return false;
        }
        var_assign_elem(sh, v, key, val, false);
        if (!w)
            break;
    }
    return true;
}

/* The new elements are expanded before the old ones go: a=("${a[@]}" x). */
bool decl_compound(struct shell *sh, struct var *v, const struct assign *a)
{
    if (var_readonly(sh, v))
        return false;
    bool assoc = v->flags & VAR_ASSOC;
    if (!assoc)
        var_make_array(sh, v, false);
    if (v->flags & VAR_DYNAMIC)
        return true;
    struct var fresh = {.name = v->name, .flags = v->flags & ~(unsigned)VAR_READONLY};
    if (a->append) {
        fresh.arr = v->arr;
        return assoc ? elements_assoc(sh, v, a) : elements_indexed(sh, v, a);
    }
    fresh.arr = array_new(sh);
    bool ok = assoc ? elements_assoc(sh, &fresh, a) : elements_indexed(sh, &fresh, a);
    if (v->arr)
        array_free(sh, v->arr, assoc);
    v->arr = fresh.arr;
    return ok;
}

static struct var *target(struct shell *sh, const char **name, int level, const char **sub)
{
    if (level >= 1)
        return var_local(sh, *name, level);
    struct var *v = var_deref(sh, name, sub);
    return v ? v : var_make(sh, *name);
}

static void trace_assign(struct shell *sh, const struct assign *a, const char *value)
{
    struct str s;
    str_init(&s, sh->tmp);
    str_printf(&s, "%s%s=", a->name, a->append ? "+" : "");
    if (*value)
        text_quote_value(&s, value);
    trace_text(sh, str_text(&s));
}

bool assign_one(struct shell *sh, const struct assign *a, int level, bool export_)
{
    const char *name = a->name, *sub = NULL;
    if (a->is_array && a->sub) {
        sh_error(sh, "%s[%s]: cannot assign list to array member", a->name, a->sub->text);
        sh->cmdsub_status = 1;
        return true;
    }
    if (a->is_array) {
        struct var *v = target(sh, &name, level, &sub);
        if (sh->opt[OPT_XTRACE])
            trace_text(sh, a->whole->text);
        return decl_compound(sh, v, a);
    }
    if (a->sub) {
        const char *key = sh_tmp_strdup(sh, expand_string(sh, a->sub));
        const char *val = expand_assign(sh, a->value);
        if (sh->opt[OPT_XTRACE])
            trace_text(sh,
                       sh_tmp_printf(sh, "%s[%s]%s=%s", a->name, key, a->append ? "+" : "", val));
        struct var *v = target(sh, &name, level > 0 ? level : -1, &sub);
        if (!*key && !(v->flags & VAR_ASSOC)) {
            sh_error(sh, "%s[%s]: bad array subscript", name, key);
            sh->cmdsub_status = 1;
            return true;
        }
        return var_assign_elem(sh, v, key, val, a->append);
    }
    const char *value = expand_assign(sh, a->value);
    if (sh->opt[OPT_XTRACE])
        trace_assign(sh, a, value);
    if (level == -1)
        return a->append ? var_append(sh, a->name, value) : var_set(sh, a->name, value);
    struct var *old = var_find(sh, a->name), *v;
    if (var_readonly(sh, old))
        return false;
    const char *before = old && a->append ? var_value(sh, old) : NULL;
    if (before)
        value = sh_tmp_printf(sh, "%s%s", before, value);
    if (level == -3) {
        if (old && (old->flags & VAR_DYNAMIC)) /* RANDOM=1 cmd and its like */
            return var_assign(sh, old, value, false);
        v = var_temp_push(sh, a->name);
    } else if (level == -2) {
        v = var_make(sh, a->name);
    } else {
        v = var_local(sh, a->name, level);
        v->flags |= VAR_TEMP;
    }
    if (!var_assign(sh, v, value, false))
        return false;
    if (export_)
        v->flags |= VAR_EXPORT;
    return true;
}

/* --- showing --------------------------------------------------------------------------------- */

void decl_letters(const struct var *v, struct str *out)
{
    static const struct {
        unsigned flag;
        char letter;
    } map[] = {{VAR_ARRAY, 'a'},    {VAR_ASSOC, 'A'}, {VAR_INTEGER, 'i'}, {VAR_NAMEREF, 'n'},
               {VAR_READONLY, 'r'}, {VAR_TRACE, 't'}, {VAR_EXPORT, 'x'},  {VAR_CAPITAL, 'c'},
               {VAR_LOWER, 'l'},    {VAR_UPPER, 'u'}};
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (v->flags & map[i].flag)
            str_putc(out, map[i].letter);
}

static void put_key(struct str *out, const char *key)
{
    if (!*key || strpbrk(key, " \t\n\"'`$\\&;|()<>[]{}*?!~#^") || text_has_control(key) ||
        strcmp(key, "@") == 0)
        text_quote_double(out, key);
    else
        str_puts(out, key);
}

void decl_array_value(struct shell *sh, struct str *out, struct var *v)
{
    struct array *a = var_array(sh, v);
    str_putc(out, '(');
    size_t *order = v->flags & VAR_ASSOC && a ? assoc_order(sh, a) : NULL;
    for (size_t i = 0; a && i < a->n; i++) {
        const struct elem *e = &a->e[order ? order[i] : i];
        str_puts(out, i && !order ? " [" : "[");
        if (order)
            put_key(out, e->key);
        else
            str_printf(out, "%lld", (long long)e->index);
        str_puts(out, "]=");
        text_quote_double(out, e->val);
        if (order)
            str_putc(out, ' ');
    }
    str_putc(out, ')');
}

void decl_print(struct shell *sh, struct str *out, struct var *v)
{
    struct str l;
    str_init(&l, sh->tmp);
    decl_letters(v, &l);
    str_printf(out, "declare -%s %s", l.n ? l.s : "-", v->name);
    if (v->flags & (VAR_ARRAY | VAR_ASSOC)) {
        struct array *a = var_array(sh, v);
        if ((a && a->n) || (v->flags & VAR_TRACE) || v->len == 1) {
            str_putc(out, '=');
            decl_array_value(sh, out, v);
        } else if (a && v->dyn == 0 && v->cap == 0) {
            str_puts(out, "=()");
        } else if (v->dyn) {
            str_puts(out, "=()");
        }
    } else {
        const char *val = var_value(sh, v);
        if (val) {
            str_putc(out, '=');
            text_quote_double(out, val);
        }
    }
    str_putc(out, '\n');
}

void decl_assign(struct shell *sh, struct str *out, struct var *v, const char *sub,
                 const char *value)
{
    struct str l;
    (void)sub;
    str_init(&l, sh->tmp);
    decl_letters(v, &l);
    if (l.n)
        str_printf(out, "declare -%s ", l.s);
    str_puts(out, v->name);
    if (value) {
        str_putc(out, '=');
        text_quote_at(out, value);
    }
}

void decl_list(struct shell *sh, struct fields *out, struct var *v, char letter)
{
    struct array *a = v->flags & (VAR_ARRAY | VAR_ASSOC) ? var_array(sh, v) : NULL;
    struct str s;
    str_init(&s, sh->tmp);
    if (letter == 'A') {
        if (a) {
            struct str l;
            str_init(&l, sh->tmp);
            decl_letters(v, &l);
            str_printf(&s, "declare -%s %s=", l.n ? l.s : "-", v->name);
            decl_array_value(sh, &s, v);
        } else {
            decl_assign(sh, &s, v, NULL, var_value(sh, v));
        }
        fields_add(sh, out, s.s);
        return;
    }
    size_t *order = v->flags & VAR_ASSOC && a ? assoc_order(sh, a) : NULL;
    for (size_t i = 0; a && i < a->n; i++) {
        const struct elem *e = &a->e[order ? order[i] : i];
        char *key = order ? e->key : sh_tmp_printf(sh, "%lld", (long long)e->index);
        if (letter == 'k') {
            fields_add(sh, out, sh_tmp_strdup(sh, key));
            fields_add(sh, out, sh_tmp_strdup(sh, e->val));
            continue;
        }
        if (i)
            str_putc(&s, ' ');
        if (order)
            put_key(&s, key);
        else
            str_puts(&s, key);
        str_putc(&s, ' ');
        text_quote_double(&s, e->val);
    }
    if (letter != 'k' && s.n)
        fields_add(sh, out, s.s);
}
